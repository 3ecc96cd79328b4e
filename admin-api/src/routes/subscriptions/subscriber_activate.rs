//! `POST /v1/subscribers/{id}/activate`: put a subscriber in work with its number (M12).
//!
//! Owns: nothing.
//! Does not own: subscribers (`billing::subscriptions`).
//! Always: a product that rests or is closed gets no number in work; nor does an account that is blocked (M55).

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

/// Put a subscriber in work
///
/// Its number is in work at once, and calls from then on are those of the account; a product that is still new is put in work with it.
#[utoipa::path(
    post, path = "/v1/subscribers/{id}/activate", operation_id = "subscriber_activate", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the subscriber", example = 12), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "оплата поступила"})),
    responses((status = 200, description = "In work", body = SubscriberView, example = json!({
        "id": 12, "product_of_account": 7, "account": "A-000001", "product": "telephony", "number": "74951201031", "status": "in_work",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "reserved_from": "2026-07-01", "reserved_through": "2026-07-13",
        "activated_at": "2026-07-01T10:05:00Z", "closed_at": null, "closed_by": null, "closed_for": null, "close_reason": null, "replaces": null,
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
    let key = context.idempotency("subscriber_activate", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    subscriptions::activate(&mut change, number, context.revision, reason).await?;
    let card = subscriptions::changed_subscriber(&mut change, number).await?;
    writes::commit(change, &SubscriberView::from(card)).await
}
