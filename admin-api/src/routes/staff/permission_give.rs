//! `PUT /v1/staff/{login}/permissions/{permission}`: a right beside the roles, for good or for a time.
//!
//! Owns: what the request says.
//! Does not own: who may give which (`billing::staff`).
//! Always: nobody gives what he lacks, nor to himself (S41).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// How a right is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedGrant {
    /// The moment from which it counts no more (RFC 3339), or the last day; absent: until it is taken.
    #[serde(default)]
    until: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Give a user a right beside his roles
#[utoipa::path(
    put, path = "/v1/staff/{login}/permissions/{permission}", operation_id = "staff_permission_give", tag = "staff",
    params(
        ("login" = String, Path, description = "Login, in any case", example = "petrova"),
        ("permission" = String, Path, description = "Name of the permission", example = "lock.edit"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = WantedGrant, example = json!({"until": "2026-12-31", "reason": "замещает руководителя"})),
    responses((status = 200, description = "Given", body = Named, example = json!({"code": "lock.edit"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((login, name)): Path<(String, String)>,
    body: JsonBody<WantedGrant>,
) -> Result<Response, Problem> {
    let permission = super::permission("/permission", &name)?;
    let zone = state.settings()?.zone("billing.zone")?;
    let until =
        given(body.value.until.as_deref()).map(|text| inputs::moment("/until", text, zone, true)).transpose()?;
    if until.is_some_and(|until| until <= state.clock.now()) {
        return Err(Problem::field("/until", Text::fixed("Это время уже прошло", "That time is over")));
    }
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("staff_permission_give", &format!("{login}\n{name}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::give_permission(&mut change, &context.staff, &login, permission, until, reason).await?;
    writes::commit(change, &Named { code: name }).await
}
