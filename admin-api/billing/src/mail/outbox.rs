//! The queue, as the sender works it off.
//!
//! Owns: who takes which mail, what becomes of it then.
//! Does not own: sending.
//! Always: a mail is taken by one sender at a time; one whose sender died is taken again when its lease ends; a late word of an earlier attempt changes
//! nothing.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;

use super::rules;
use crate::store::{Store, StoreError};

/// How long an attempt may take.
const LEASE: TimeDelta = TimeDelta::minutes(10);
/// Longest failure that is kept.
const REASON_CHARS_MAX: usize = 500;

/// A mail on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Identifier.
    pub id: i64,
    /// Address.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Text.
    pub body: String,
    /// Which attempt this is.
    pub attempts: i32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Takes up to `most` mails that are due; whoever else asks meanwhile gets others.
pub async fn claim(store: &Store, now: DateTime<Utc>, most: i64) -> Result<Vec<Outgoing>, StoreError> {
    let rows = sqlx::query(
        "UPDATE mail SET attempts = attempts + 1, next_attempt_at = $2
         WHERE id IN (SELECT id FROM mail WHERE state = 'queued' AND next_attempt_at <= $1 ORDER BY next_attempt_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING id, recipient, subject, body, attempts, created_at",
    )
    .bind(now)
    .bind(now + LEASE)
    .bind(most)
    .fetch_all(store.pool())
    .await?;
    let outgoing = |row: &sqlx::postgres::PgRow| Outgoing {
        id: row.get("id"),
        to: row.get("recipient"),
        subject: row.get("subject"),
        body: row.get("body"),
        attempts: row.get("attempts"),
        created_at: row.get("created_at"),
    };
    Ok(rows.iter().map(outgoing).collect())
}

/// The server took it.
pub async fn sent(store: &Store, mail: &Outgoing, message_id: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    // Whoever suppressed it meanwhile was too late.
    sqlx::query(
        "UPDATE mail SET state = 'sent', reason = '', sent_at = $2, message_id = $3 WHERE id = $1 AND state <> 'sent'",
    )
    .bind(mail.id)
    .bind(now)
    .bind(message_id)
    .execute(store.pool())
    .await?;
    Ok(())
}

/// It was not taken: it is tried again later, or given up after `attempts_max` attempts or when the refusal is `permanent`. Whether it was given up.
pub async fn not_sent(
    store: &Store,
    mail: &Outgoing,
    why: &str,
    (permanent, attempts_max): (bool, i64),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let given_up = permanent || i64::from(mail.attempts) >= attempts_max;
    let why: String = why.chars().filter(|letter| !letter.is_control()).take(REASON_CHARS_MAX).collect();
    sqlx::query("UPDATE mail SET state = $3, reason = $4, next_attempt_at = $5 WHERE id = $1 AND state = 'queued' AND attempts = $2")
        .bind(mail.id)
        .bind(mail.attempts)
        .bind(if given_up { "failed" } else { "queued" })
        .bind(why)
        .bind(now + rules::wait(mail.attempts))
        .execute(store.pool())
        .await?;
    Ok(given_up)
}
