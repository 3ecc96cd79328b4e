//! `POST /v1/products-of-accounts/{id}/resume`: end the rest of a product (6.4).
//!
//! Owns: nothing.
//! Does not own: products of accounts (`billing::subscriptions`).
//! Always: an account that is blocked, or whose invoice is overdue for too long, gets no further (M55, B14).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::subscriptions;

use super::ProductOfAccountView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// End the rest of a product
///
/// It works again.
#[utoipa::path(
    post, path = "/v1/products-of-accounts/{id}/resume", operation_id = "product_of_account_resume", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the product of the account", example = 7), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "пауза закончилась"})),
    responses((status = 200, description = "In work again", body = ProductOfAccountView, example = json!({
        "id": 7, "account": "A-000001", "client": "C-000001", "product": "telephony", "product_name": "Услуги связи", "quantity": 1, "status": "in_work",
        "planned_activation": null, "offer_accepted_at": null, "activated_at": "2026-07-01T10:05:00Z", "next_payment_date": null, "ends_at": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": null, "close_reason": null, "numbers": 0,
        "subscribers": [], "revision": 4
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
    let key = context.idempotency("product_of_account_resume", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    subscriptions::resume(&mut change, number, context.revision, reason).await?;
    let card = subscriptions::changed_instance(&mut change, number).await?;
    writes::commit(change, &ProductOfAccountView::from(card)).await
}
