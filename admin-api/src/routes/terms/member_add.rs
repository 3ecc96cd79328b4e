//! `POST /v1/client-groups/{code}/members`: put a client into a group (B30).
//!
//! Owns: what the request says.
//! Does not own: what the group has.
//! Always: a client is in a group once at a time; no membership reaches back into a closed period.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::terms::{self, NewMember};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted membership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedMember {
    /// Code of the client.
    client: String,
    /// First moment (RFC 3339) or day of the billing zone; now when absent.
    from: Option<String>,
    /// Moment after the last (RFC 3339), or last day; open when absent.
    to: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Put a client into a group
#[utoipa::path(
    post, path = "/v1/client-groups/{code}/members", operation_id = "member_add", tag = "terms",
    params(
        ("code" = String, Path, description = "Code of the group", example = "partners"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = WantedMember, example = json!({"client": "C-000001", "to": "2026-12-31", "reason": "заявка 17"})),
    responses((status = 200, description = "Entered", body = Numbered, example = json!({"id": 31})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedMember>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let [from, to] = inputs::range(asked.from.as_deref(), asked.to.as_deref(), &*state.settings()?)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let new = NewMember {
        group: inputs::word("/code", &code)?.to_owned(),
        client: inputs::word("/client", &asked.client)?.to_owned(),
        from,
        to,
    };
    let key = context.idempotency("member_add", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = terms::add_member(&mut change, &new, reason).await?;
    writes::commit(change, &Numbered { id }).await
}
