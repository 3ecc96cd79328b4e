//! `POST /v1/products-of-accounts/{id}/suspend`: let a product in work rest (6.4).
//!
//! Owns: nothing.
//! Does not own: products of accounts (`billing::subscriptions`).
//! Always: nothing of it is lost: it is resumed as it was.

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

/// Let a product rest
///
/// A product in work. Its numbers stay its own, and in work.
#[utoipa::path(
    post, path = "/v1/products-of-accounts/{id}/suspend", operation_id = "product_of_account_suspend", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the product of the account", example = 7), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "клиент попросил паузу"})),
    responses((status = 200, description = "Suspended", body = ProductOfAccountView, example = json!({
        "id": 7, "account": "A-000001", "client": "C-000001", "product": "telephony", "product_name": "Услуги связи", "quantity": 1, "status": "suspended",
        "planned_activation": null, "offer_accepted_at": null, "activated_at": "2026-07-01T10:05:00Z", "next_payment_date": null, "ends_at": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": null, "close_reason": null, "numbers": 0,
        "subscribers": [], "revision": 3
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
    let key = context.idempotency("product_of_account_suspend", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    subscriptions::suspend(&mut change, number, context.revision, reason).await?;
    let card = subscriptions::changed_instance(&mut change, number).await?;
    writes::commit(change, &ProductOfAccountView::from(card)).await
}
