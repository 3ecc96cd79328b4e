//! `POST /v1/subscribers/{id}/refused`: the client refused what is reserved for him (M18, A30).
//!
//! Owns: nothing.
//! Does not own: subscribers (`billing::subscriptions`).
//! Always: a term that runs already is left alone.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::subscriptions;

use super::SubscriberView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Record that the client refused
///
/// Where the term of a reservation does not run yet (setting `did.reservation_from`): it begins today, and in the night after its last business day the number is free.
#[utoipa::path(
    post, path = "/v1/subscribers/{id}/refused", operation_id = "subscriber_refused", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the subscriber", example = 12), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "клиент отказался по телефону"})),
    responses((status = 200, description = "The term runs", body = SubscriberView, example = json!({
        "id": 12, "product_of_account": 7, "account": "A-000001", "product": "telephony", "number": "74951201031", "status": "new",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "reserved_from": "2026-07-01", "reserved_through": "2026-07-13",
        "activated_at": null, "closed_at": null, "closed_by": null, "closed_for": null, "close_reason": null, "replaces": null,
        "replaced_by": null, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("subscriber_refused", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    subscriptions::record_refusal(&mut change, number, context.revision, reason).await?;
    let card = subscriptions::changed_subscriber(&mut change, number).await?;
    writes::commit(change, &SubscriberView::from(card)).await
}
