//! `POST /v1/products-of-accounts/{id}/close`: close a product with its subscribers (6.4, M13).
//!
//! Owns: nothing.
//! Does not own: products of accounts (`billing::subscriptions`).
//! Always: it stays readable, and never works again.

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

/// Close a product
///
/// Its subscribers are closed with it: numbers in work go to quarantine, reserved ones are free.
#[utoipa::path(
    post, path = "/v1/products-of-accounts/{id}/close", operation_id = "product_of_account_close", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the product of the account", example = 7), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "договор расторгнут"})),
    responses((status = 200, description = "Closed", body = ProductOfAccountView, example = json!({
        "id": 7, "account": "A-000001", "client": "C-000001", "product": "telephony", "product_name": "Услуги связи", "quantity": 1, "status": "closed",
        "planned_activation": null, "offer_accepted_at": null, "activated_at": "2026-07-01T10:05:00Z", "next_payment_date": null, "ends_at": "2026-08-01T09:00:00Z",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": "2026-08-01T09:00:00Z", "close_reason": "договор расторгнут", "numbers": 0,
        "subscribers": [], "revision": 5
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
    let key = context.idempotency("product_of_account_close", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    subscriptions::close_instance(&mut change, number, context.revision, reason).await?;
    let card = subscriptions::changed_instance(&mut change, number).await?;
    writes::commit(change, &ProductOfAccountView::from(card)).await
}
