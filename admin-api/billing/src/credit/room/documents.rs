//! Documents that were issued: what bills services, and what asks for payment.
//!
//! Owns: table `issued_document`.
//! Does not own: how a document is made, what it looks like, how it goes out (`invoicing`); what money is meant for (payments).
//! Always: a number is one document's of its kind at an account; what bills services makes debt, a payment invoice makes none (A14); a document that lowers what
//! was billed is looked at at once (M52).

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;

use super::CreditError;
use super::money::after_money;
use super::settings::{Rules, rules};
use crate::change::Change;
use crate::credit::calendar::{day_start, month_of};
use crate::ledger;
use crate::store::broken_constraint;
use crate::sums::is_sum;

/// Defines the closed list of kinds with their names.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal;)+) => {
        /// What a document is.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum DocumentKind { $($(#[$doc])+ $variant),+ }

        impl DocumentKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

kinds! {
    /// Счёт на оплату: asks for money.
    PaymentInvoice = "payment_invoice";
    /// Счёт-фактура.
    TaxInvoice = "tax_invoice";
    /// УПД: both in one.
    Upd = "upd";
    /// Act of services rendered.
    Act = "act";
    /// УКД: corrects another; may be below zero.
    Ukd = "ukd";
}

impl DocumentKind {
    /// Whether it bills services, and so makes debt (A17).
    pub const fn bills(self) -> bool {
        !matches!(self, Self::PaymentInvoice)
    }
}

impl std::str::FromStr for DocumentKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A document that was issued.
#[derive(Clone, Debug)]
pub struct NewDocument<'a> {
    /// Code of the account.
    pub account: &'a str,
    /// What it is.
    pub kind: DocumentKind,
    /// Its number.
    pub number: &'a str,
    /// First day of the month whose services it bills; of a correction, of the month that it corrects.
    pub month: NaiveDate,
    /// Day of its issue in the billing zone; today when absent.
    pub issued_on: Option<NaiveDate>,
    /// With tax.
    pub amount: Decimal,
}

/// Enters a document that was issued; its identifier.
///
/// # Errors
/// No such account; a number that is taken; a sum, a month or a day that a document cannot have.
pub async fn issue(change: &mut Change, new: &NewDocument<'_>, reason: &str) -> Result<i64, CreditError> {
    let lowers = new.amount < Decimal::ZERO;
    let fits = is_sum(new.amount) && !new.amount.is_zero() && (!lowers || new.kind == DocumentKind::Ukd);
    if !fits {
        return Err(CreditError::BadAmount);
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let rules = rules(change.connection(), now).await?;
    let issued_on = new.issued_on.unwrap_or(rules.today);
    if issued_on > rules.today {
        return Err(CreditError::DayAhead(issued_on));
    }
    let month = month_of(new.month);
    if new.kind.bills() && month > issued_on {
        return Err(CreditError::MonthAhead);
    }
    let account: Option<i64> = sqlx::query_scalar("SELECT id FROM account WHERE code = $1")
        .bind(new.account)
        .fetch_optional(change.connection())
        .await?;
    let account = account.ok_or(CreditError::NoAccount)?;
    ledger::hold_accounts(change, &[account]).await?;
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO issued_document (account_id, kind, number, month, issued_on, issued_at, amount, author, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
    )
    .bind(account)
    .bind(new.kind.as_str())
    .bind(new.number)
    .bind(month)
    .bind(issued_on)
    .bind(issued_at(issued_on, &rules))
    .bind(new.amount)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("issued_document_once") => CreditError::DocumentExists(new.number.to_owned()),
        _ => error.into(),
    })?;
    let after = json!({
        "account": new.account, "kind": new.kind.as_str(), "number": new.number, "month": month, "issued_on": issued_on, "amount": new.amount.normalize(),
    });
    change.record("document.enter", "document", id, &json!({}), &after, reason);
    if lowers {
        after_money(change, account, &rules).await?;
    }
    Ok(id)
}

/// The moment of an issue: now, or the beginning of a day that is over.
fn issued_at(day: NaiveDate, rules: &Rules) -> DateTime<Utc> {
    if day == rules.today { rules.now } else { day_start(day, rules.zone) }
}

/// What of a payment invoice is credited in all, as the room of payments has distributed money (A14); blocks that it was about end (B14).
///
/// # Errors
/// No such payment invoice; more than it asks for.
pub async fn set_paid(change: &mut Change, document: i64, paid: Decimal) -> Result<(), CreditError> {
    let now = change.now();
    let rules = rules(change.connection(), now).await?;
    let row =
        sqlx::query("SELECT account_id, amount, paid FROM issued_document WHERE id = $1 AND kind = 'payment_invoice'")
            .bind(document)
            .fetch_optional(change.connection())
            .await?
            .ok_or(CreditError::NoDocument)?;
    let account: i64 = row.get("account_id");
    if paid < Decimal::ZERO || paid > row.get::<Decimal, _>("amount") {
        return Err(CreditError::BadAmount);
    }
    ledger::hold_accounts(change, &[account]).await?;
    sqlx::query("UPDATE issued_document SET paid = $2 WHERE id = $1")
        .bind(document)
        .bind(paid)
        .execute(change.connection())
        .await?;
    let shown = |paid: Decimal| json!({"paid": paid.normalize()});
    change.record("document.paid", "document", document, &shown(row.get("paid")), &shown(paid), "");
    after_money(change, account, &rules).await?;
    Ok(())
}
