//! `PUT /v1/products-of-accounts/{id}`: change a product of an account.
//!
//! Owns: what the request says.
//! Does not own: products of accounts (`billing::subscriptions`).
//! Always: a field that is absent stays; the planned day changes while the product is new, and is tomorrow or later (M61).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::subscriptions::{self, InstanceUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ProductOfAccountView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a product of an account is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductOfAccountChange {
    /// How many.
    #[serde(default)]
    quantity: Option<i64>,
    /// The day from which it is to work, `YYYY-MM-DD`; `null`: as soon as it can.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    planned_activation: Edit<String>,
    /// `true`: the client has accepted the offer now. What he has accepted stays accepted.
    #[serde(default)]
    offer_accepted: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a product of an account
#[utoipa::path(
    put, path = "/v1/products-of-accounts/{id}", operation_id = "product_of_account_update", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the product of the account", example = 7), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ProductOfAccountChange, example = json!({"planned_activation": "2026-08-10", "reason": "клиент переезжает позже"})),
    responses((status = 200, description = "Changed", body = ProductOfAccountView, example = json!({
        "id": 7, "account": "A-000001", "client": "C-000001", "product": "telephony", "product_name": "Услуги связи", "quantity": 1, "status": "new",
        "planned_activation": "2026-08-10", "offer_accepted_at": null, "activated_at": null, "next_payment_date": null, "ends_at": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": null, "close_reason": null, "numbers": 0,
        "subscribers": [], "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<ProductOfAccountChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let number = inputs::id("/id", &id)?;
    let wanted = InstanceUpdate {
        quantity: asked.quantity.map(super::quantity).transpose()?,
        planned_activation: asked.planned_activation.try_map(|text| super::planned(&text))?,
        offer_accepted: asked.offer_accepted,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("product_of_account_update", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    subscriptions::update(&mut change, number, wanted, context.revision, reason).await?;
    let card = subscriptions::changed_instance(&mut change, number).await?;
    writes::commit(change, &ProductOfAccountView::from(card)).await
}
