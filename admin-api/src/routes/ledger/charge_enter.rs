//! `POST /v1/accounts/{code}/charges`: enter a charge (M42).
//!
//! Owns: what the request says.
//! Does not own: charges (`billing::ledger`).
//! Always: a charge names its product; what was entered wrong is taken back by a reversal and entered anew.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::ledger::{self, NewCharge};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Booked, Sum};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted charge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedCharge {
    /// Code of the product; `GET /v1/products` lists them.
    product: String,
    /// Service, in words.
    service: Option<String>,
    /// Number of the document that it belongs to.
    document: Option<String>,
    /// What the account owes, with tax: a decimal as a string, at most two decimals, not zero; negative gives something back.
    amount: String,
    /// Currency that it is meant in; when given it has to be that of the account.
    currency: Option<String>,
    /// The day that it counts for, `YYYY-MM-DD`, in no closed month and not after today; today when absent.
    day: Option<String>,
    /// In words, as the client may read them.
    description: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Enter a charge
///
/// `amount` is what the account owes, with tax; a negative one gives something back. The balance moves at once.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/charges", operation_id = "charge_enter", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedCharge, example = json!({
        "product": "telephony", "amount": "300.00", "day": "2026-07-01", "description": "Выезд мастера", "reason": "заявка 4711"
    })),
    responses((status = 201, description = "Entered", body = Booked, example = json!({"posting": 12})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedCharge>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let code = inputs::word("/code", &code)?;
    let new_text =
        |pointer, text: &Option<String>| inputs::party::text(pointer, text.as_deref().unwrap_or_default(), 100);
    let (service, document) = (new_text("/service", &asked.service)?, new_text("/document", &asked.document)?);
    let said = [asked.currency.as_deref(), asked.day.as_deref(), asked.description.as_deref(), asked.reason.as_deref()];
    let sum = Sum::read(&asked.amount, said)?;
    let new = NewCharge {
        amount: sum.amount,
        product: inputs::word("/product", &asked.product)?,
        service: &service,
        document: &document,
    };
    let key = context.idempotency("charge_enter", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let posting = ledger::charge(&mut change, &sum.of(code), &new).await?;
    writes::created(change, &Booked { posting }).await
}
