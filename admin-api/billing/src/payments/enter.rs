//! A payment is entered by hand: by the document of a bank, or of the cash desk.
//!
//! Owns: what it has to say, by what it is known when it is entered again, or told by the bank before or later.
//! Does not own: whose it is where nobody says it (`decide`), postings (`booking`).
//! Always: a payment that was entered, or that a statement has told, is not entered again; where an account is named, it takes the money or nothing is written.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::booking::{Booking, Matched, book};
use super::decide::{Decision, Wait, decide};
use super::error::PaymentError;
use super::held::{self, Payee};
use super::import::alone;
use super::matching::Incoming;
use super::plan;
use super::statement::Party;
use super::words::{Choice, Source};
use crate::change::Change;
use crate::ledger::LedgerError;
use crate::store::StoreError;
use crate::sums::{is_in_bounds, is_in_kopecks};

/// A payment to be entered.
#[derive(Clone, Debug)]
pub struct NewPayment<'a> {
    /// How it came: [`Source::BY_HAND`].
    pub source: Source,
    /// Code of the account that gets it; where none is named, the rules look for one.
    pub account: Option<&'a str>,
    /// Account of ours at a bank.
    pub bank_account: Option<&'a str>,
    /// Code of the legal entity, where neither of these says it.
    pub legal_entity: Option<&'a str>,
    /// Number of the document.
    pub number: &'a str,
    /// Date of the document.
    pub date: Option<NaiveDate>,
    /// The day on which the money moved.
    pub value_date: NaiveDate,
    /// The day that it counts for in the books; the value date while its month is open, else today.
    pub day: Option<NaiveDate>,
    /// How much.
    pub amount: Decimal,
    /// Currency, if it was said.
    pub currency: Option<&'a str>,
    /// Who pays.
    pub payer: Party,
    /// What for.
    pub purpose: &'a str,
    /// What it pays, where an account is named.
    pub choice: Choice,
}

/// A payment that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Its number.
    pub id: i64,
    /// Its posting; `None`: it waits.
    pub posting: Option<i64>,
}

/// Where the money came.
struct Place {
    entity: i32,
    currency: String,
}

/// Enters a payment.
///
/// # Errors
/// No such account or legal entity; a payment that is there already; an account that does not take it; a sum that is none.
pub async fn enter(change: &mut Change, new: &NewPayment<'_>, reason: &str) -> Result<Entered, PaymentError> {
    is_money(new.amount)?;
    let payee = match new.account {
        Some(code) => Some(Payee::find(change.connection(), code).await?),
        None => None,
    };
    let place = place(change.connection(), new, payee.as_ref()).await?;
    if let Some(meant) = new.currency
        && meant != place.currency
    {
        return Err(LedgerError::ForeignCurrency(place.currency).into());
    }
    if let Some(payee) = &payee {
        payee.takes_at(place.entity, &place.currency)?;
    }
    refuse_ahead(change, new.value_date, place.entity).await?;
    if let Some(account) = new.bank_account {
        alone(change.connection(), account).await?;
    }
    if let Some(known) = told_by_bank(change.connection(), new).await? {
        return Err(PaymentError::Known(known));
    }
    let decision = match &payee {
        Some(payee) => Decision::Book {
            account: (payee.id, payee.code.clone()),
            items: Vec::new(),
            matched: Matched::by_hand("entered", reason),
        },
        None => found(change, new, &place).await?,
    };
    let (id, wait) = match &decision {
        Decision::Book { .. } => (write(change, new, &place, &Wait::default()).await?, None),
        Decision::Wait(wait) => (write(change, new, &place, wait).await?, Some(wait)),
    };
    let mut posting = None;
    let mut code = None;
    if let Decision::Book { account, items, matched } = &decision {
        let choice = if payee.is_some() { new.choice.clone() } else { Choice::of_named(items.clone()) };
        let booking = Booking {
            payment: id,
            account: account.0,
            amount: new.amount,
            value_date: new.value_date,
            day: new.day,
            description: held::description(new.number, new.value_date),
            matched: matched.clone(),
            choice,
        };
        posting = book(change, &[booking]).await?.first().copied();
        code = Some(account.1.as_str());
    }
    let after = json!({
        "source": new.source.as_str(), "amount": new.amount.normalize(), "currency": place.currency, "number": new.number, "value_date": new.value_date,
        "bank_account": new.bank_account, "account": code, "posting": posting, "doubt": wait.map(|wait| wait.doubt.as_str()),
    });
    change.record("payment.enter", "payment", id, &json!({}), &after, reason);
    Ok(Entered { id, posting })
}

/// Refuses what no payment can be.
pub(super) fn is_money(amount: Decimal) -> Result<(), PaymentError> {
    if !is_in_kopecks(amount) {
        return Err(LedgerError::Decimals(amount).into());
    }
    if !is_in_bounds(amount) {
        return Err(LedgerError::TooLarge.into());
    }
    Ok(())
}

/// Refuses money that has not moved yet, in the zone of the company that it came to.
async fn refuse_ahead(change: &mut Change, value_date: NaiveDate, entity: i32) -> Result<(), PaymentError> {
    let now = change.now();
    let is_ahead: bool = sqlx::query_scalar(
        "SELECT $1::date > ($2::timestamptz AT TIME ZONE zone)::date FROM legal_entity WHERE id = $3",
    )
    .bind(value_date)
    .bind(now)
    .bind(entity)
    .fetch_one(change.connection())
    .await?;
    if is_ahead { Err(PaymentError::Ahead) } else { Ok(()) }
}

/// To which company the money came, and in which currency: the account at a bank says it, else the legal entity, else the account that gets it.
async fn place(
    connection: &mut PgConnection,
    new: &NewPayment<'_>,
    payee: Option<&Payee>,
) -> Result<Place, PaymentError> {
    if let Some(account) = new.bank_account {
        let (entity, _) = plan::entity_of(connection, account).await?;
        return Ok(Place { entity, currency: plan::currency_of(connection, account).await? });
    }
    if let Some(code) = new.legal_entity {
        let row = sqlx::query("SELECT id, currency::text AS currency FROM legal_entity WHERE code = $1")
            .bind(code)
            .fetch_optional(connection)
            .await?;
        let row = row.ok_or_else(|| PaymentError::NoEntity(code.to_owned()))?;
        return Ok(Place { entity: row.get("id"), currency: row.get("currency") });
    }
    let payee = payee.ok_or(PaymentError::PlaceNeeded)?;
    Ok(Place { entity: payee.entity, currency: payee.currency.clone() })
}

/// The payment of a statement that is this one.
async fn told_by_bank(connection: &mut PgConnection, new: &NewPayment<'_>) -> Result<Option<i64>, StoreError> {
    let id = sqlx::query_scalar(
        "SELECT id FROM payment WHERE bank_account = $1 AND value_date = $2 AND amount = $3 AND source = 'bank' AND moved_from IS NULL
             AND ltrim(btrim(document_number), '0') = ltrim(btrim($4), '0') AND (payer_inn = $5 OR payer_inn = '' OR $5 = '') ORDER BY id LIMIT 1",
    )
    .bind(new.bank_account)
    .bind(new.value_date)
    .bind(new.amount)
    .bind(new.number)
    .bind(&new.payer.inn)
    .fetch_optional(connection)
    .await?;
    Ok(id)
}

/// Whose it is by the rules.
async fn found(change: &mut Change, new: &NewPayment<'_>, place: &Place) -> Result<Decision, StoreError> {
    let incoming = Incoming {
        amount: new.amount,
        payer_name: new.payer.name.clone(),
        payer_inn: new.payer.inn.clone(),
        payer_account: new.payer.account.clone(),
        purpose: new.purpose.to_owned(),
    };
    let place = (place.entity, place.currency.as_str());
    let decisions = decide(change.connection(), place, std::slice::from_ref(&incoming)).await?;
    Ok(decisions.into_iter().next().unwrap_or(Decision::Wait(Wait::default())))
}

/// By what a payment that is entered is known: entered again it is the same.
fn external_id(new: &NewPayment<'_>, entity: i32) -> String {
    format!(
        "{}:{entity}:{}:{}:{}:{}:{}",
        new.source.as_str(),
        new.bank_account.unwrap_or_default(),
        new.number.trim().trim_start_matches('0'),
        new.value_date,
        new.amount.normalize(),
        new.payer.inn
    )
}

/// Writes a payment that waits.
async fn write(change: &mut Change, new: &NewPayment<'_>, place: &Place, wait: &Wait) -> Result<i64, PaymentError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let external_id = external_id(new, place.entity);
    alone(change.connection(), &external_id).await?;
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM payment WHERE external_id = $1")
        .bind(&external_id)
        .fetch_optional(change.connection())
        .await?;
    if let Some(known) = known {
        return Err(PaymentError::Known(known));
    }
    let id = sqlx::query_scalar(
        "INSERT INTO payment (source, external_id, legal_entity_id, bank_account, document_number, document_date, amount, currency, value_date, payer_name,
                              payer_inn, payer_kpp, payer_account, payer_bic, payer_bank, purpose, doubt, why_ru, why_en, candidates, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) RETURNING id",
    )
    .bind(new.source.as_str())
    .bind(&external_id)
    .bind(place.entity)
    .bind(new.bank_account)
    .bind(new.number)
    .bind(new.date)
    .bind(new.amount)
    .bind(&place.currency)
    .bind(new.value_date)
    .bind(&new.payer.name)
    .bind(&new.payer.inn)
    .bind(&new.payer.kpp)
    .bind(&new.payer.account)
    .bind(&new.payer.bic)
    .bind(&new.payer.bank)
    .bind(new.purpose)
    .bind(&wait.doubt)
    .bind(&wait.ru)
    .bind(&wait.en)
    .bind(wait.ids())
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new<'a>(number: &'a str, amount: &str) -> NewPayment<'a> {
        NewPayment {
            source: Source::Manual,
            account: None,
            bank_account: Some("40702810400000000001"),
            legal_entity: None,
            number,
            date: None,
            value_date: NaiveDate::from_ymd_opt(2026, 7, 1).unwrap(),
            day: None,
            amount: amount.parse().unwrap(),
            currency: None,
            payer: Party::default(),
            purpose: "",
            choice: Choice::OldestFirst,
        }
    }

    #[test]
    fn what_is_entered_again_is_the_same() {
        assert_eq!(external_id(&new("17", "3270"), 1), external_id(&new(" 0017", "3270.00"), 1));
        for other in [
            external_id(&new("18", "3270"), 1),
            external_id(&new("17", "3270.01"), 1),
            external_id(&new("17", "3270"), 2),
        ] {
            assert_ne!(external_id(&new("17", "3270"), 1), other);
        }
    }

    #[test]
    fn sums_are_money() {
        for (amount, fits) in [("3270.00", true), ("3270.000", true), ("3270.005", false), ("1000000000", false)] {
            assert_eq!(is_money(amount.parse().unwrap()).is_ok(), fits, "{amount}");
        }
    }
}
