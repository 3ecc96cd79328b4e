//! SQL of invoicing.

use chrono::{Datelike, Months, NaiveDate};
use sqlx::Row;

use super::rules::{Invoice, UsageLine, assemble};
use crate::store::{Store, StoreError};

/// Why there is no invoice.
#[derive(Debug, thiserror::Error)]
pub enum InvoiceError {
    /// No such account.
    #[error("there is no such account")]
    NotFound,
    /// Not the first day of a month.
    #[error("a month is given by its first day")]
    NotAMonth,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for InvoiceError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The month of an account by service and tax rate, from what is booked into that month.
pub async fn month(store: &Store, account: &str, month: NaiveDate) -> Result<Invoice, InvoiceError> {
    if month.day() != 1 {
        return Err(InvoiceError::NotAMonth);
    }
    let head = sqlx::query(
        "SELECT a.id, a.currency::text AS currency, p.closed_at IS NULL AS open FROM account a
         LEFT JOIN billing_period p ON p.legal_entity_id = a.legal_entity_id AND p.month = $2 WHERE a.code = $1",
    )
    .bind(account)
    .bind(month)
    .fetch_optional(store.pool())
    .await?
    .ok_or(InvoiceError::NotFound)?;
    let rows = sqlx::query(
        "SELECT product, service, tax_percent, sum(gross) AS gross, sum(calls)::bigint AS calls, sum(seconds)::bigint AS seconds FROM usage_total
         WHERE account_id = $1 AND booking_period = $2 AND usage_day < $3
         GROUP BY product, service, tax_percent HAVING sum(gross) <> 0 ORDER BY product, service, tax_percent",
    )
    .bind(head.get::<i64, _>("id"))
    .bind(month)
    .bind(month + Months::new(1))
    .fetch_all(store.pool())
    .await?;
    let usage: Vec<UsageLine> = rows
        .iter()
        .map(|row| UsageLine {
            product: row.get("product"),
            service: row.get("service"),
            tax_percent: row.get("tax_percent"),
            gross: row.get("gross"),
            calls: row.get("calls"),
            seconds: row.get("seconds"),
        })
        .collect();
    Ok(assemble(account, head.get("currency"), month, &usage, head.get("open")))
}
