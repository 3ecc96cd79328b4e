//! `POST /v1/roles`: make a role.
//!
//! Owns: what the request says.
//! Does not own: which rights a caller may put into it (`billing::staff`).
//! Always: nobody puts in what he lacks (S41).

use axum::extract::State;
use axum::response::Response;
use billing::staff::{self, NewRole};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRole {
    /// Code, unique: small Latin letters, digits, `_` and `-`.
    code: String,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
    /// Names of permissions.
    permissions: Vec<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a role
#[utoipa::path(
    post, path = "/v1/roles", operation_id = "role_add", tag = "staff",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedRole, example = json!({
        "code": "night_shift", "name_ru": "Ночная смена", "name_en": "Night shift", "permissions": ["account.view", "lock.view"], "reason": "дежурства"
    })),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "night_shift"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedRole>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewRole {
        code: super::code("/code", &asked.code)?,
        name_ru: inputs::word("/name_ru", asked.name_ru.trim())?.to_owned(),
        name_en: inputs::word("/name_en", asked.name_en.trim())?.to_owned(),
        permissions: super::permissions("/permissions", &asked.permissions)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("role_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::add_role(&mut change, &context.staff, &new, reason).await?;
    writes::created(change, &Named { code: new.code }).await
}
