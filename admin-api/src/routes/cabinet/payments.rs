//! `GET /v1/cabinet/payments`: the client's payments (B20).
//!
//! Owns: how he sees them.
//! Does not own: payments (`billing::payments`).
//! Always: his own, the newest first; who has paid, and why it was found, is for staff.

use axum::Json;
use axum::extract::State;
use billing::payments::{self, OwnPayment};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::cabinet_context::CabinetContext;
use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::routes::payments::shown::PaidItem;
use crate::routes::payments::{said, sum};
use crate::state::AppState;

/// Which payments.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnPaymentsQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Payments on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A payment as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnPaymentView {
    /// Its number.
    id: i64,
    /// Code of the account.
    account: String,
    /// How much.
    amount: String,
    /// Currency.
    currency: String,
    /// The day on which the money moved.
    value_date: NaiveDate,
    /// `bank`, `card`, `cash` or `manual`.
    source: String,
    /// Number of the document.
    number: Option<String>,
    /// `booked`, `refunded` (whole) or `returned` (the bank took it back).
    state: String,
    /// What was given back.
    refunded: String,
    /// What it pays; the rest is advance.
    pays: Vec<PaidItem>,
}

impl From<OwnPayment> for OwnPaymentView {
    fn from(payment: OwnPayment) -> Self {
        let OwnPayment { id, account, amount, currency, value_date, source, number, state, refunded, parts } = payment;
        let pays = parts.into_iter().map(PaidItem::from).collect();
        Self {
            id,
            account,
            amount: sum(amount),
            currency,
            value_date,
            source,
            number: said(number),
            state,
            refunded: sum(refunded),
            pays,
        }
    }
}

/// Your payments
#[utoipa::path(
    get, path = "/v1/cabinet/payments", operation_id = "cabinet_payments", tag = "cabinet",
    params(OwnPaymentsQuery),
    responses((status = 200, description = "Payments, the newest first", body = List<OwnPaymentView>, example = json!({"items": [
        {"id": 17, "account": "A-000001", "amount": "3270", "currency": "RUB", "value_date": "2026-07-01", "source": "bank", "number": "17", "state": "booked",
         "refunded": "0", "pays": [{"kind": "payment_invoice", "number": "123", "amount": "3270"}]}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Params(asked): Params<OwnPaymentsQuery>,
) -> Result<Json<List<OwnPaymentView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let rows = payments::of_client(&state.store, context.visitor.client_id, before, limit as i64 + 1).await?;
    Ok(Json(List::page(rows, limit, |payment| paging::cursor_of_id(payment.id)).map(OwnPaymentView::from)))
}
