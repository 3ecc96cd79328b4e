//! A payment as it stays until the end of a change, and an account that may get it.
//!
//! Owns: what both are asked before anything is done with them.
//! Does not own: what is done.
//! Always: the payment is held before the ledger holds periods, accounts and balances.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::error::PaymentError;
use super::words::State;
use crate::change::Change;
use crate::ledger::LedgerError;
use crate::store::StoreError;

/// A payment.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) entity: i32,
    pub(super) amount: Decimal,
    pub(super) currency: String,
    pub(super) value_date: NaiveDate,
    pub(super) state: State,
    /// The account that it is or was on: identifier and code.
    pub(super) account: Option<(i64, String)>,
    pub(super) posting: Option<i64>,
    /// What was given back of it.
    pub(super) refunded: Decimal,
    /// What the client reads.
    pub(super) description: String,
}

impl Held {
    /// What of it is still here.
    pub(super) fn left(&self) -> Decimal {
        self.amount - self.refunded
    }
}

/// The payment, which nobody else changes until the end of the change. Whoever holds its account may have it pay something meanwhile: its key is left free, or
/// the two would wait for each other. `revision`: as the caller has seen it.
pub(super) async fn hold(change: &mut Change, id: i64, revision: Option<i64>) -> Result<Held, PaymentError> {
    let row = sqlx::query(
        "SELECT p.legal_entity_id, p.amount, p.currency::text AS currency, p.value_date, p.state, p.account_id, a.code, p.posting_id, p.document_number,
                p.revision, coalesce((SELECT sum(r.amount) FROM payment_refund r WHERE r.payment_id = p.id), 0) AS refunded
         FROM payment p LEFT JOIN account a ON a.id = p.account_id WHERE p.id = $1 FOR NO KEY UPDATE OF p",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(PaymentError::NotFound)?;
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(PaymentError::Stale);
    }
    let word: &str = row.get("state");
    let state: State = word
        .parse::<State>()
        .map_err(|()| StoreError::Inconsistent { table: "payment", problem: format!("{id} is {word}") })?;
    let value_date: NaiveDate = row.get("value_date");
    let number: &str = row.get("document_number");
    let account: Option<i64> = row.get("account_id");
    Ok(Held {
        id,
        entity: row.get("legal_entity_id"),
        amount: row.get("amount"),
        currency: row.get("currency"),
        value_date,
        state,
        account: account.zip(row.get::<Option<String>, _>("code")),
        posting: row.get("posting_id"),
        refunded: row.get("refunded"),
        description: description(number, value_date),
    })
}

/// Raises the revision of a payment.
pub(super) async fn raise(change: &mut Change, id: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE payment SET revision = revision + 1 WHERE id = $1")
        .bind(id)
        .execute(change.connection())
        .await?;
    Ok(())
}

/// What the client reads of a payment on his account.
pub(super) fn description(number: &str, value_date: NaiveDate) -> String {
    let day = value_date.format("%d.%m.%Y");
    if number.is_empty() { format!("Платёж от {day}") } else { format!("Платёж № {number} от {day}") }
}

/// An account that may get money.
#[derive(Clone, Debug)]
pub(super) struct Payee {
    pub(super) id: i64,
    pub(super) code: String,
    pub(super) entity: i32,
    pub(super) currency: String,
    pub(super) is_active: bool,
}

impl Payee {
    /// The account with a code.
    pub(super) async fn find(connection: &mut PgConnection, code: &str) -> Result<Self, PaymentError> {
        let row = sqlx::query(
            "SELECT id, code, legal_entity_id, currency::text AS currency, active FROM account WHERE code = $1",
        )
        .bind(code)
        .fetch_optional(connection)
        .await?;
        let row = row.ok_or_else(|| PaymentError::NoAccount(code.to_owned()))?;
        Ok(Self {
            id: row.get("id"),
            code: row.get("code"),
            entity: row.get("legal_entity_id"),
            currency: row.get("currency"),
            is_active: row.get("active"),
        })
    }

    /// Refuses money that it does not take, whoever it is of.
    pub(super) fn takes(&self, currency: &str) -> Result<(), PaymentError> {
        if !self.is_active {
            return Err(LedgerError::AccountClosed(self.code.clone()).into());
        }
        if self.currency != currency {
            return Err(LedgerError::ForeignCurrency(self.currency.clone()).into());
        }
        Ok(())
    }

    /// The same of money that came to a legal entity.
    pub(super) fn takes_at(&self, entity: i32, currency: &str) -> Result<(), PaymentError> {
        if self.entity != entity {
            return Err(PaymentError::OtherEntity(self.code.clone()));
        }
        self.takes(currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_says_why_it_takes_nothing() {
        let payee = |is_active: bool| Payee { id: 1, code: "A-1".into(), entity: 1, currency: "RUB".into(), is_active };
        assert!(payee(true).takes_at(1, "RUB").is_ok());
        assert!(matches!(payee(true).takes_at(2, "RUB"), Err(PaymentError::OtherEntity(_))));
        assert!(matches!(payee(true).takes("USD"), Err(PaymentError::Ledger(LedgerError::ForeignCurrency(_)))));
        assert!(matches!(payee(false).takes("USD"), Err(PaymentError::Ledger(LedgerError::AccountClosed(_)))));
    }

    #[test]
    fn descriptions() {
        let day = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
        assert_eq!(description("17", day), "Платёж № 17 от 01.07.2026");
        assert_eq!(description("", day), "Платёж от 01.07.2026");
    }
}
