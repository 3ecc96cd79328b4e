//! A document is entered: the one way in which there is one.
//!
//! Owns: what it has to say.
//! Does not own: what it is paid with (`payments`), what follows for the credit of its account (`credit`).
//! Always: books nothing, for charges are postings of their own; advances of the account pay what is payable at once; what lowers the debt is looked at at once
//! (M52).

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::{DocumentError, DocumentKind};
use crate::change::Change;
use crate::credit;
use crate::credit::calendar::{day_of, day_start, month_of};
use crate::ledger;
use crate::payments::{self, Item};
use crate::settings::Settings;
use crate::store::broken_constraint;
use crate::sums::is_sum;

/// A document that was issued.
#[derive(Clone, Debug)]
pub struct NewDocument<'a> {
    /// Code of the account.
    pub account: &'a str,
    /// What it is.
    pub kind: DocumentKind,
    /// Its number.
    pub number: &'a str,
    /// A day of the month whose services it bills; of a correction, of the month that it corrects.
    pub month: NaiveDate,
    /// Day of its issue in the billing zone; today when absent.
    pub issued_on: Option<NaiveDate>,
    /// Number of the contract of the account that it is under, if it names one.
    pub contract: Option<&'a str>,
    /// With tax.
    pub amount: Decimal,
    /// Whether it asks for money; when absent, a payment invoice does and nothing else.
    pub payable: Option<bool>,
}

impl NewDocument<'_> {
    /// Whether it asks for money, if it can be a document at all.
    fn judged(&self) -> Result<bool, DocumentError> {
        let lowers = self.amount < Decimal::ZERO;
        if !is_sum(self.amount) || self.amount.is_zero() || (lowers && self.kind != DocumentKind::Ukd) {
            return Err(DocumentError::BadAmount);
        }
        let payable = self.payable.unwrap_or(!self.kind.bills());
        // An invoice does nothing but ask; a sum below zero nobody pays.
        let fits = if payable { !lowers } else { self.kind.bills() };
        if fits { Ok(payable) } else { Err(DocumentError::BadPayable) }
    }
}

/// Enters a document that was issued; its identifier.
///
/// # Errors
/// No such account or contract; a number that is taken; a sum, a month or a day that a document cannot have.
pub async fn enter(change: &mut Change, new: &NewDocument<'_>, reason: &str) -> Result<i64, DocumentError> {
    let payable = new.judged()?;
    let now = change.now();
    let zone = Settings::read_in(change.connection()).await?.zone("billing.zone")?;
    let today = day_of(now, zone);
    let issued_on = new.issued_on.unwrap_or(today);
    if issued_on > today {
        return Err(DocumentError::DayAhead(issued_on));
    }
    if new.kind.bills() && month_of(new.month) > issued_on {
        return Err(DocumentError::MonthAhead);
    }
    let account: Option<i64> = sqlx::query_scalar("SELECT id FROM account WHERE code = $1")
        .bind(new.account)
        .fetch_optional(change.connection())
        .await?;
    let account = account.ok_or(DocumentError::NoAccount)?;
    let contract = match new.contract {
        Some(number) => Some(contract(change.connection(), account, number).await?),
        None => None,
    };
    ledger::hold_accounts(change, &[account]).await?;
    let id = write(change, new, (account, contract, payable), (issued_on, issued_at(issued_on, now, zone))).await?;
    let after = json!({
        "account": new.account, "kind": new.kind.as_str(), "number": new.number, "month": month_of(new.month), "issued_on": issued_on,
        "contract": new.contract, "amount": new.amount.normalize(), "payable": payable,
    });
    change.record("document.enter", "document", id, &json!({}), &after, reason);
    if payable {
        let item = Item { kind: new.kind.as_str().to_owned(), number: new.number.to_owned() };
        payments::document_asks(change, account, &item).await?;
    } else if new.amount < Decimal::ZERO {
        credit::after_payment(change, account).await?;
    }
    Ok(id)
}

/// The contract of an account with this number.
async fn contract(connection: &mut PgConnection, account: i64, number: &str) -> Result<i64, DocumentError> {
    let id: Option<i64> = sqlx::query_scalar(
        "SELECT k.id FROM contract k JOIN contract_account x ON x.contract_id = k.id WHERE x.account_id = $1 AND k.number = $2 ORDER BY k.id DESC LIMIT 1",
    )
    .bind(account)
    .bind(number)
    .fetch_optional(connection)
    .await?;
    id.ok_or_else(|| DocumentError::NoContract(number.to_owned()))
}

/// The moment of an issue: now, or the beginning of a day that is over.
fn issued_at(day: NaiveDate, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    if day == day_of(now, zone) { now } else { day_start(day, zone) }
}

async fn write(
    change: &mut Change,
    new: &NewDocument<'_>,
    (account, contract, payable): (i64, Option<i64>, bool),
    (issued_on, issued_at): (NaiveDate, DateTime<Utc>),
) -> Result<i64, DocumentError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let row = sqlx::query(
        "INSERT INTO document (account_id, kind, number, month, issued_on, issued_at, contract_id, amount, payable, author, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
    )
    .bind(account)
    .bind(new.kind.as_str())
    .bind(new.number)
    .bind(month_of(new.month))
    .bind(issued_on)
    .bind(issued_at)
    .bind(contract)
    .bind(new.amount)
    .bind(payable)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("document_once") => DocumentError::Exists(new.number.to_owned()),
        _ => error.into(),
    })?;
    Ok(row.get("id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kind, sum, what is said of asking | whether it asks, or why it cannot be
    #[test]
    fn documents_ask_or_bill_or_both() {
        use DocumentKind::{Act, PaymentInvoice, Ukd, Upd};
        for (kind, amount, payable, expected) in [
            (PaymentInvoice, "100", None, "true"),
            (PaymentInvoice, "100", Some(true), "true"),
            (PaymentInvoice, "100", Some(false), "payable"),
            (Upd, "100.00", None, "false"),
            (Upd, "100", Some(true), "true"),
            (Act, "0", None, "amount"),
            (Act, "-1", None, "amount"),
            (Act, "1.005", None, "amount"),
            (Act, "1000000000", None, "amount"),
            (Ukd, "1", Some(true), "true"),
            (Ukd, "-1", None, "false"),
            (Ukd, "-1", Some(true), "payable"),
        ] {
            let new = NewDocument {
                account: "A-1",
                kind,
                number: "1",
                month: NaiveDate::MIN,
                issued_on: None,
                contract: None,
                amount: amount.parse().unwrap(),
                payable,
            };
            let found = match new.judged() {
                Ok(asks) => asks.to_string(),
                Err(DocumentError::BadAmount) => "amount".to_owned(),
                Err(DocumentError::BadPayable) => "payable".to_owned(),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(found, expected, "{kind:?} {amount} {payable:?}");
        }
    }
}
