//! `POST /v1/accounts/{code}/products`: connect a product to an account.
//!
//! Owns: what the request says.
//! Does not own: products of accounts (`billing::subscriptions`), what is sold (`billing::products`).
//! Always: an account has a product once (L7); a planned day is tomorrow or later (M61).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::subscriptions::{self, NewInstance};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ProductOfAccountView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedProductOfAccount {
    /// Code of the product.
    product: String,
    /// How many; 1 when absent.
    #[serde(default)]
    quantity: Option<i64>,
    /// The day from which it is to work, `YYYY-MM-DD`; as soon as it can when absent.
    #[serde(default)]
    planned_activation: Option<String>,
    /// Whether the client has accepted the offer.
    #[serde(default)]
    offer_accepted: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Connect a product to an account
///
/// It is new: numbers can be reserved for it, and nothing is charged. `duplicate_product` names the one that is there already.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/products", operation_id = "product_of_account_add", tag = "subscriptions",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedProductOfAccount, example = json!({"product": "telephony", "planned_activation": "2026-08-01", "reason": "заявка клиента"})),
    responses((status = 201, description = "Connected", body = ProductOfAccountView, example = json!({
        "id": 7, "account": "A-000001", "client": "C-000001", "product": "telephony", "product_name": "Услуги связи", "quantity": 1, "status": "new",
        "planned_activation": "2026-08-01", "offer_accepted_at": null, "activated_at": null, "next_payment_date": null, "ends_at": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": null, "close_reason": null, "numbers": 0,
        "subscribers": [], "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedProductOfAccount>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewInstance {
        product: inputs::word("/product", &asked.product)?.to_owned(),
        quantity: super::quantity(asked.quantity.unwrap_or(1))?,
        planned_activation: given(asked.planned_activation.as_deref()).map(super::planned).transpose()?,
        offer_accepted: asked.offer_accepted,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("product_of_account_add", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = subscriptions::add(&mut change, &code, &new, reason).await?;
    let card = subscriptions::changed_instance(&mut change, id).await?;
    writes::created(change, &ProductOfAccountView::from(card)).await
}
