//! `POST /v1/staff`: add a user.
//!
//! Owns: what the request says.
//! Does not own: which roles a caller may give (`billing::staff`).
//! Always: no user without a reason; he enters with a token, which is made apart.

use axum::extract::State;
use axum::response::Response;
use billing::staff::{self, NewStaff};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedStaff {
    /// Login, unique without regard to case.
    login: String,
    /// Name.
    name: String,
    /// E-mail, unique without regard to case.
    #[serde(default)]
    email: Option<String>,
    /// Code of the department.
    #[serde(default)]
    department: Option<String>,
    /// Codes of roles: no more than the caller may himself (S41).
    #[serde(default)]
    roles: Vec<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Add a user
#[utoipa::path(
    post, path = "/v1/staff", operation_id = "staff_add", tag = "staff",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedStaff, example = json!({
        "login": "petrova", "name": "Анна Петрова", "email": "petrova@example.ru", "roles": ["support"], "reason": "приказ 17"
    })),
    responses((status = 201, description = "Added", body = Named, example = json!({"code": "petrova"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedStaff>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewStaff {
        login: super::login(&asked.login)?.to_owned(),
        name: inputs::word("/name", asked.name.trim())?.to_owned(),
        email: given(asked.email.as_deref()).map(|email| inputs::party::email("/email", email)).transpose()?,
        department: given(asked.department.as_deref())
            .map(|code| inputs::word("/department", code).map(str::to_owned))
            .transpose()?,
        roles: super::roles(&asked.roles)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("staff_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::add(&mut change, &context.staff, &new, reason).await?;
    writes::created(change, &Named { code: new.login }).await
}
