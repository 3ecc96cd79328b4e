//! What the gateway says of an attempt, and what follows.
//!
//! Owns: the answers of table `gateway_attempt`, the payment of an attempt.
//! Does not own: what an answer means (`credit::autopay`), what the payment says (`booking`), payments (`payments`).
//! Always: whatever is said again, late, or in another order leads to the same end; money that was taken is a payment once, or stays on record with what stands in
//! its way; a refusal switches off only what charges the card that was refused.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::attempts::answer;
use super::booking::{Taken, book};
use super::terms::{hold, switch};
use super::{AutopayError, Told};
use crate::change::Change;
use crate::credit::autopay::{self, Answer, Effect, Event, Switch};
use crate::payments::PaymentError;
use crate::store::{Store, StoreError};

/// What the gateway says of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The answer.
    pub answer: Answer,
    /// The sum that it names, with its currency.
    pub sum: Option<(Decimal, String)>,
}

impl Heard {
    /// An answer that names no sum.
    pub const fn of(answer: Answer) -> Self {
        Self { answer, sum: None }
    }
}

/// An attempt, held.
struct Held {
    id: i64,
    amount: Decimal,
    currency: String,
    /// Its day by the clock of the account.
    day: NaiveDate,
    answer: Option<Answer>,
    card_id: i64,
    mask: String,
    is_booked: bool,
}

impl Held {
    /// The money of it, where the gateway has taken it.
    fn taken<'a>(&'a self, key: &'a str, account: &'a str) -> Taken<'a> {
        Taken {
            attempt: self.id,
            key,
            account,
            amount: self.amount,
            currency: &self.currency,
            day: self.day,
            mask: &self.mask,
        }
    }
}

/// The account of an attempt.
async fn account_of(connection: &mut PgConnection, key: &str) -> Result<i64, AutopayError> {
    let id = sqlx::query_scalar("SELECT account_id FROM gateway_attempt WHERE key = $1")
        .bind(key)
        .fetch_optional(connection)
        .await?;
    id.ok_or(AutopayError::NotFound)
}

async fn hold_attempt(connection: &mut PgConnection, key: &str) -> Result<Held, AutopayError> {
    let row = sqlx::query(
        "SELECT g.id, g.amount, g.currency::text AS currency, g.answer, g.card_id, k.mask, g.payment_id IS NOT NULL AS booked,
                (g.at AT TIME ZONE a.zone)::date AS day
         FROM gateway_attempt g JOIN card k ON k.id = g.card_id JOIN account a ON a.id = g.account_id WHERE g.key = $1 FOR NO KEY UPDATE OF g",
    )
    .bind(key)
    .fetch_optional(connection)
    .await?
    .ok_or(AutopayError::NotFound)?;
    Ok(Held {
        id: row.get("id"),
        amount: row.get("amount"),
        currency: row.get("currency"),
        day: row.get("day"),
        answer: answer(row.get("answer"))?,
        card_id: row.get("card_id"),
        mask: row.get("mask"),
        is_booked: row.get("booked"),
    })
}

/// Hears what the gateway says of the attempt with this key, by itself or because it was asked. What is known already leaves nothing to commit.
///
/// # Errors
/// No such attempt.
pub async fn hear(change: &mut Change, key: &str, heard: &Heard) -> Result<Told, AutopayError> {
    let account_id = account_of(change.connection(), key).await?;
    let held = hold(change.connection(), account_id).await?.ok_or(AutopayError::NotFound)?;
    let attempt = hold_attempt(change.connection(), key).await?;
    let (kept, effect) = autopay::hear(attempt.answer, believed(&attempt, heard));
    if effect == Effect::Nothing {
        return Ok(Told::Known);
    }
    let now = change.now();
    sqlx::query("UPDATE gateway_attempt SET answer = $2, answered_at = $3 WHERE id = $1")
        .bind(attempt.id)
        .bind(kept.as_str())
        .bind(now)
        .execute(change.connection())
        .await?;
    let before = json!({"answer": attempt.answer.map(Answer::as_str)});
    let after = json!({"attempt": attempt.id, "answer": kept.as_str()});
    change.record("autopay.answer", "account", &held.account, &before, &after, "");
    match effect {
        Effect::PostPayment => {
            if let Some(refusal) = settle(change, &attempt.taken(key, &held.account)).await? {
                tracing::error!(attempt = attempt.id, "money was taken from a card and is not booked: {refusal}");
                let after = json!({"attempt": attempt.id, "unbooked": refusal});
                change.record("autopay.unbooked", "account", &held.account, &json!({}), &after, "");
            }
        }
        // Another card may have been chosen since.
        Effect::SwitchOff(_) if held.switch == Switch::On && held.card_id == attempt.card_id => {
            switch(change, &held, Event::Heard(effect), "").await?;
        }
        Effect::SwitchOff(_) | Effect::BackOff | Effect::Ask | Effect::Nothing => {}
    }
    Ok(Told::New)
}

/// The answer, if it may be believed: money that is not the money of the attempt settles nothing, and is a matter for people.
fn believed(attempt: &Held, heard: &Heard) -> Answer {
    let is_its_sum = heard.sum.as_ref() == Some(&(attempt.amount, attempt.currency.clone()));
    if heard.answer == Answer::Paid && !is_its_sum {
        tracing::error!(attempt = attempt.id, "the gateway says that another sum was paid than was asked for");
        return Answer::Unknown;
    }
    heard.answer
}

/// Books what was taken; what stands in the way, if something does.
async fn settle(change: &mut Change, taken: &Taken<'_>) -> Result<Option<String>, AutopayError> {
    let point = change.savepoint().await?;
    let (payment, refusal) = match book(change, taken).await {
        Ok(payment) => (Some(payment), None),
        Err(PaymentError::Store(error)) => return Err(error.into()),
        Err(refusal) => {
            change.back_to(point).await?;
            (None, Some(refusal.to_string()))
        }
    };
    sqlx::query("UPDATE gateway_attempt SET payment_id = $2, unbooked = $3 WHERE id = $1")
        .bind(taken.attempt)
        .bind(payment)
        .bind(refusal.as_deref().unwrap_or_default())
        .execute(change.connection())
        .await?;
    Ok(refusal)
}

/// Keys of up to `most` attempts whose money is not booked yet.
pub async fn not_booked(store: &Store, most: i64) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT key FROM gateway_attempt WHERE answer = 'paid' AND payment_id IS NULL ORDER BY id LIMIT $1",
    )
    .bind(most)
    .fetch_all(store.pool())
    .await?)
}

/// Tries again to book the money of an attempt. Where the same still stands in the way there is nothing to commit.
///
/// # Errors
/// No such attempt.
pub async fn book_again(change: &mut Change, key: &str) -> Result<Told, AutopayError> {
    let account_id = account_of(change.connection(), key).await?;
    let held = hold(change.connection(), account_id).await?.ok_or(AutopayError::NotFound)?;
    let attempt = hold_attempt(change.connection(), key).await?;
    if attempt.answer != Some(Answer::Paid) || attempt.is_booked {
        return Ok(Told::Known);
    }
    let refusal = settle(change, &attempt.taken(key, &held.account)).await?;
    Ok(if refusal.is_none() { Told::New } else { Told::Known })
}
