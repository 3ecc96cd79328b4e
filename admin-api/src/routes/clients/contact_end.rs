//! `DELETE /v1/clients/{code}/contacts/{id}`: a contact of a client is none any more (L3, L27).
//!
//! Owns: what the request says.
//! Does not own: contacts (`billing::clients`).
//! Always: nothing is erased: what he was is kept as an important note.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients;
use serde::Deserialize;
use utoipa::ToSchema;

use super::WantedOrigin;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Why a contact ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactEnd {
    /// Where the wish came from; staff themselves when absent.
    #[serde(default)]
    origin: Option<WantedOrigin>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Take a contact away
#[utoipa::path(
    delete, path = "/v1/clients/{code}/contacts/{id}", operation_id = "contact_end", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the contact", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ContactEnd, example = json!({"origin": {"channel": "mail", "sender": "office@example.ru"}, "reason": "уволилась"})),
    responses((status = 200, description = "Ended", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<ContactEnd>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let origin = super::origin(body.value.origin.as_ref())?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("contact_end", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    clients::end_contact(&mut change, (&code, number), &origin, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
