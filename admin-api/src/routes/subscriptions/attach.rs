//! `POST /v1/products-of-accounts/{id}/subscribers`: attach a number to a product (M21).
//!
//! Owns: what the request says.
//! Does not own: what is for sale, and to whom (`billing::numbers`); the term of the reservation (`billing::subscriptions`).
//! Always: the number is judged under its lock: of two who attach it at once one is answered `did_not_available`.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::subscriptions;
use serde::Deserialize;
use utoipa::ToSchema;

use super::SubscriberView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted subscriber. No `Debug`: numbers do not belong into logs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedSubscriber {
    /// The number, with or without `+`.
    number: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Attach a number to a product of an account
///
/// The subscriber is new and its number reserved, for as many business days as the setting `did.reservation_business_days` says. A number that is not for sale
/// is refused with `did_not_available`; one with so many callers that the client has to agree to them, with `client_consent_required`.
#[utoipa::path(
    post, path = "/v1/products-of-accounts/{id}/subscribers", operation_id = "subscriber_attach", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the product of the account", example = 7), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedSubscriber, example = json!({"number": "74951201031", "reason": "заявка клиента"})),
    responses((status = 201, description = "Reserved", body = SubscriberView, example = json!({
        "id": 12, "product_of_account": 7, "account": "A-000001", "product": "telephony", "number": "74951201031", "status": "new",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "reserved_from": "2026-07-01", "reserved_through": "2026-07-13",
        "activated_at": null, "closed_at": null, "closed_by": null, "closed_for": null, "close_reason": null, "replaces": null,
        "replaced_by": null, "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<WantedSubscriber>,
) -> Result<Response, Problem> {
    let product = inputs::id("/id", &id)?;
    let number = inputs::e164("/number", &body.value.number)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("subscriber_attach", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let made = subscriptions::attach(&mut change, product, number, reason).await?;
    let card = subscriptions::changed_subscriber(&mut change, made).await?;
    writes::created(change, &SubscriberView::from(card)).await
}
