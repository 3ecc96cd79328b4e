//! `GET /v1/accounts/{code}/invoices/{month}`: what a month comes to.
//!
//! Owns: how an invoice is shown.
//! Does not own: its lines and their rounding (`billing::invoicing`).
//! Always: amounts are decimals with two places; `preliminary` says that the month may still change.

use axum::Json;
use axum::extract::{Path, State};
use billing::invoicing::{self, Invoice, InvoiceError, InvoiceLine};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A line by service and tax rate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvoiceLineView {
    /// Product.
    product: String,
    /// Service.
    service: String,
    /// Legs.
    calls: i64,
    /// Seconds charged.
    seconds: i64,
    /// Tax rate, percent.
    tax_percent: String,
    /// With tax.
    gross: String,
    /// The tax inside.
    tax: String,
    /// Without tax.
    net: String,
    /// What rounding to kopecks added or took.
    rounding: String,
}

/// A month of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvoiceView {
    /// Code of the account.
    account: String,
    /// The month, `YYYY-MM`.
    month: String,
    /// Currency.
    currency: String,
    /// Lines.
    lines: Vec<InvoiceLineView>,
    /// Sum with tax.
    gross: String,
    /// Sum of taxes.
    tax: String,
    /// Sum without tax.
    net: String,
    /// Whether the month may still change.
    preliminary: bool,
}

impl From<InvoiceLine> for InvoiceLineView {
    fn from(line: InvoiceLine) -> Self {
        Self {
            product: line.product,
            service: line.service,
            calls: line.calls,
            seconds: line.seconds,
            tax_percent: line.tax_percent.to_string(),
            gross: line.gross.to_string(),
            tax: line.tax.to_string(),
            net: line.net.to_string(),
            rounding: line.rounding.to_string(),
        }
    }
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        Self {
            account: invoice.account,
            month: invoice.month.format("%Y-%m").to_string(),
            currency: invoice.currency,
            lines: invoice.lines.into_iter().map(InvoiceLineView::from).collect(),
            gross: invoice.gross.to_string(),
            tax: invoice.tax.to_string(),
            net: invoice.net.to_string(),
            preliminary: invoice.preliminary,
        }
    }
}

/// An account's month by service and tax rate
#[utoipa::path(
    get, path = "/v1/accounts/{code}/invoices/{month}", operation_id = "account_invoice", tag = "accounts",
    params(
        ("code" = String, Path, description = "Code of the account", example = "A-000001"),
        ("month" = String, Path, description = "Month, YYYY-MM", example = "2026-07")
    ),
    responses((status = 200, description = "The month", body = InvoiceView, example = json!({
        "account": "A-000001", "month": "2026-07", "currency": "RUB",
        "lines": [{"product": "telephony", "service": "outgoing", "calls": 3, "seconds": 180, "tax_percent": "22", "gross": "1.00", "tax": "0.18",
                   "net": "0.82", "rounding": "0.0001"}],
        "gross": "1.00", "tax": "0.18", "net": "0.82", "preliminary": true
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((code, month)): Path<(String, String)>,
) -> Result<Json<InvoiceView>, Problem> {
    let code = inputs::word("/code", &code)?;
    let month = inputs::month("/month", &month)?;
    let invoice = invoicing::month(&state.store, code, month).await.map_err(|error| match error {
        InvoiceError::NotFound => Problem::no_account(code),
        InvoiceError::NotAMonth => Problem::new(Code::Internal),
        InvoiceError::Store(error) => error.into(),
    })?;
    Ok(Json(InvoiceView::from(invoice)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::invoicing::{UsageLine, assemble};

    /// A11: three calls of 0.3333 are a line of 1.00, with the difference beside it.
    #[test]
    fn a_month_is_shown_with_its_rounding() {
        let usage = UsageLine {
            product: "telephony".into(),
            service: "outgoing".into(),
            tax_percent: "22".parse().unwrap(),
            gross: "0.9999".parse().unwrap(),
            calls: 3,
            seconds: 180,
        };
        let invoice = assemble("A-1", "RUB", "2026-07-01".parse().unwrap(), &[usage], true);
        let shown = serde_json::to_value(InvoiceView::from(invoice)).unwrap();
        assert_eq!(shown["month"], "2026-07");
        assert_eq!(shown["gross"], "1.00");
        assert_eq!(shown["lines"][0]["rounding"], "0.0001");
    }
}
