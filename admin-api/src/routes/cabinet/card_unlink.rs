//! `DELETE /v1/cabinet/cards/{id}`: unlink a card (A18).
//!
//! Owns: what the request says.
//! Does not own: cards (`billing::autopayments`).
//! Always: from this moment on nothing is charged to it; automatic payment by it is off, with a letter; the gateway is told to forget it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::autopayments;

use super::PerhapsReason;
use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Unlink a card of yours
///
/// Automatic payment by it is switched off at once.
#[utoipa::path(
    delete, path = "/v1/cabinet/cards/{id}", operation_id = "cabinet_card_unlink", tag = "cabinet",
    params(("id" = i64, Path, description = "Identifier of the card", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = PerhapsReason, example = json!({"reason": "карта закрыта"})),
    responses((status = 200, description = "Unlinked", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Path(id): Path<String>,
    body: JsonBody<PerhapsReason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = context.reason(body.value.reason.as_deref())?;
    let key = context.idempotency("cabinet_card_unlink", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    autopayments::unlink(&mut change, context.visitor.client_id, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
