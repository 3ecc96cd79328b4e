//! Whose card is charged now, and what is in doubt.
//!
//! Owns: rows of table `gateway_attempt` as they begin, which accounts are looked at.
//! Does not own: the rules (`credit::autopay`), what an answer leads to (`answers`).
//! Always: an attempt is on record before the gateway hears of it; while one is in doubt nothing else is tried; of several processes one makes the attempt, for
//! the row of automatic payment is held.
//!
//! | what | statements |
//! | --- | --- |
//! | [`due`] | one, over the accounts with automatic payment on, behind the last one of before |
//! | [`try_now`] | three, and one that writes |
//! | [`in_doubt`] | one, by the index of what is in doubt |

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;

use super::rules::ASK_AFTER_MINUTES;
use super::terms::hold;
use super::{AutopayError, strange};
use crate::change::Change;
use crate::credit::autopay::{Answer, Attempt, Facts, Limits, Rest, Step, step};
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// What the settings say.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How often a card is tried (A18).
    pub limits: Limits,
    /// Most that one payment is.
    pub amount_max: Option<Decimal>,
}

impl Terms {
    /// Reads them.
    ///
    /// # Errors
    /// A setting is not what it may be.
    pub fn read(settings: &Settings) -> Result<Self, StoreError> {
        let limits = Limits {
            wait: TimeDelta::hours(settings.number("autopay.wait_hours")?),
            // At least one, as the rules ask.
            failed_max: usize::try_from(settings.number("autopay.failed_max")?).unwrap_or(1).max(1),
            window: TimeDelta::days(settings.number("autopay.window_days")?),
        };
        Ok(Self { limits, amount_max: settings.optional_amount("autopay.amount_max")? })
    }
}

/// A charge that is on record, and that the gateway is to be asked for. No `Debug`: the token is a secret.
pub struct Charge {
    /// Identifier of the attempt.
    pub attempt: i64,
    /// The key by which the gateway makes it once.
    pub key: String,
    /// Code of the account.
    pub account: String,
    /// The gateway's name of the card.
    pub token: String,
    /// How much.
    pub amount: Decimal,
    /// Currency.
    pub currency: String,
}

/// What a try came to.
pub enum Try {
    /// Nothing is tried; until then, if the limits say so.
    Rest(Option<DateTime<Utc>>),
    /// The gateway is to be asked, once this is committed.
    Charge(Charge),
}

/// An attempt that is in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Identifier.
    pub attempt: i64,
    /// The key by which the gateway knows it.
    pub key: String,
}

/// Up to `most` accounts behind the account `after` whose balance has come down to the threshold, and of which nothing is in doubt.
pub async fn due(store: &Store, now: DateTime<Utc>, after: i64, most: i64) -> Result<Vec<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT p.account_id FROM autopay p JOIN account_balance b ON b.account_id = p.account_id JOIN account a ON a.id = p.account_id
             JOIN legal_entity e ON e.id = a.legal_entity_id JOIN client c ON c.id = a.client_id
         WHERE p.enabled AND p.account_id > $2 AND b.balance <= p.threshold AND coalesce(p.rests_until, '-infinity') <= $1
               AND a.active AND a.currency = e.currency AND c.gdpr_state = 'none'
               AND NOT EXISTS (SELECT FROM gateway_attempt g WHERE g.account_id = p.account_id AND (g.answer IS NULL OR g.answer IN ('timeout', 'unknown')))
         ORDER BY p.account_id LIMIT $3",
    )
    .bind(now)
    .bind(after)
    .bind(most)
    .fetch_all(store.pool())
    .await?)
}

/// Tries an account: a charge is written down where the rules let it be.
///
/// # Errors
/// The database.
pub async fn try_now(change: &mut Change, account_id: i64, terms: &Terms) -> Result<Try, AutopayError> {
    let now = change.now();
    let Some(held) = hold(change.connection(), account_id).await? else { return Ok(Try::Rest(None)) };
    let row = sqlx::query(
        "SELECT b.balance, a.currency::text AS currency, k.token, k.unlinked_at IS NULL AS linked,
                a.active AND a.currency = e.currency AND c.gdpr_state = 'none' AS available
         FROM account a JOIN account_balance b ON b.account_id = a.id JOIN legal_entity e ON e.id = a.legal_entity_id JOIN client c ON c.id = a.client_id
         JOIN card k ON k.id = $2 WHERE a.id = $1",
    )
    .bind(account_id)
    .bind(held.card_id)
    .fetch_one(change.connection())
    .await?;
    if !row.get::<bool, _>("available") {
        return Ok(Try::Rest(None));
    }
    let attempts = attempts(change, account_id, now - terms.limits.window).await?;
    let balance: Decimal = row.get("balance");
    let facts = Facts {
        switch: held.switch,
        is_card_linked: row.get("linked"),
        threshold: held.threshold,
        balance,
        attempts: &attempts,
    };
    match step(&terms.limits, &facts, now) {
        Step::Rest(Rest::Waits { until } | Rest::TooMany { until }) => return Ok(Try::Rest(Some(until))),
        Step::Rest(Rest::Off(_) | Rest::NoCard | Rest::Above) | Step::Ask(_) => return Ok(Try::Rest(None)),
        Step::Charge => {}
    }
    let amount = held.rule.sum(balance, terms.amount_max);
    if amount <= Decimal::ZERO {
        return Ok(Try::Rest(None));
    }
    let currency: String = row.get("currency");
    let made = sqlx::query(
        "INSERT INTO gateway_attempt (account_id, card_id, amount, currency, balance, threshold, at, ask_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id, key",
    )
    .bind(account_id)
    .bind(held.card_id)
    .bind(amount)
    .bind(&currency)
    .bind(balance)
    .bind(held.threshold)
    .bind(now)
    .bind(now + TimeDelta::minutes(ASK_AFTER_MINUTES[0]))
    .fetch_one(change.connection())
    .await?;
    let attempt: i64 = made.get("id");
    let after = json!({
        "attempt": attempt, "amount": amount.normalize(), "currency": currency, "card": held.card_id, "balance": balance.normalize(),
        "threshold": held.threshold.normalize(),
    });
    change.record("autopay.attempt", "account", &held.account, &json!({}), &after, "");
    Ok(Try::Charge(Charge {
        attempt,
        key: made.get("key"),
        account: held.account,
        token: row.get("token"),
        amount,
        currency,
    }))
}

/// Attempts of an account since a moment, and all that are in doubt.
async fn attempts(change: &mut Change, account_id: i64, since: DateTime<Utc>) -> Result<Vec<Attempt>, AutopayError> {
    let rows = sqlx::query(
        "SELECT id, at, answer FROM gateway_attempt WHERE account_id = $1 AND (at > $2 OR answer IS NULL OR answer IN ('timeout', 'unknown'))",
    )
    .bind(account_id)
    .bind(since)
    .fetch_all(change.connection())
    .await?;
    let mut attempts = Vec::with_capacity(rows.len());
    for row in rows {
        let answer = answer(row.get("answer"))?;
        attempts.push(Attempt { id: row.get("id"), at: row.get("at"), answer });
    }
    Ok(attempts)
}

/// An answer as a row has it.
pub(super) fn answer(text: Option<&str>) -> Result<Option<Answer>, StoreError> {
    text.map(|text| text.parse().map_err(|()| strange("gateway_attempt", text))).transpose()
}

/// Leaves an account alone until a moment: nothing would be tried before.
pub async fn rest(store: &Store, account_id: i64, until: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE autopay SET rests_until = $2 WHERE account_id = $1")
        .bind(account_id)
        .bind(until)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Takes up to `most` attempts in doubt about which the gateway is to be asked now; whoever else asks meanwhile gets others.
pub async fn in_doubt(store: &Store, now: DateTime<Utc>, most: i64) -> Result<Vec<Doubt>, StoreError> {
    let rows = sqlx::query(
        "UPDATE gateway_attempt SET asks = asks + 1, asked_at = $1, ask_at = $1 + ($2::bigint[])[least(asks + 2, cardinality($2::bigint[]))] * interval '1 minute'
         WHERE id IN (SELECT id FROM gateway_attempt WHERE (answer IS NULL OR answer IN ('timeout', 'unknown')) AND ask_at <= $1
                      ORDER BY ask_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING id, key",
    )
    .bind(now)
    .bind(ASK_AFTER_MINUTES.to_vec())
    .bind(most)
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| Doubt { attempt: row.get("id"), key: row.get("key") }).collect())
}
