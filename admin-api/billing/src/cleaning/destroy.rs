//! Destruction: what the audit keeps of a client goes.
//!
//! Owns: table `destruction_act`.
//! Does not own: the lines themselves, which stay and still prove each other: the chain covers the digest of what is gone.
//! Always: after cleaning, not before the terms of the law, and with an act that lists the lines (A40).

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::rules::{CALLS_YEARS_LEAST, DOCUMENTS_YEARS_LEAST, Terms, destroyed_from};
use super::{CleaningError, day_of, not_before, subject};
use crate::change::Change;
use crate::store::{Store, StoreError};

/// An act of destruction.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// Number.
    pub id: i64,
    /// When.
    pub made_at: DateTime<Utc>,
    /// By whom.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The terms, and what happened last.
    pub terms: Value,
    /// Lines of the audit whose personal values are gone.
    pub lines: i64,
    /// An extract of the log: those lines with number, moment, author, verb, and the digest of what is gone.
    pub extract: Value,
}

fn read(row: &PgRow) -> Act {
    Act {
        id: row.get("id"),
        made_at: row.get("made_at"),
        author: row.get("author"),
        reason: row.get("reason"),
        terms: row.get("terms"),
        lines: row.get("lines"),
        extract: row.get("extract"),
    }
}

/// The act on a client.
pub async fn act(store: &Store, code: &str) -> Result<Option<Act>, StoreError> {
    let row = sqlx::query(
        "SELECT d.id, d.made_at, d.author, d.reason, d.terms, d.lines, d.extract FROM destruction_act d JOIN client c ON c.id = d.client_id WHERE c.code = $1",
    )
    .bind(code)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| read(&row)))
}

/// Destroys the personal values that the audit keeps of a client who was cleaned, and leaves an act. `zone`: the billing zone.
pub async fn destroy(
    change: &mut Change,
    code: &str,
    terms: Terms,
    zone: Tz,
    reason: &str,
) -> Result<Act, CleaningError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let subject = subject(change, code, zone).await?;
    if subject.gdpr_state != "cleaned" {
        return Err(CleaningError::NotCleaned);
    }
    if subject.in_work {
        return Err(CleaningError::InWork);
    }
    not_before(destroyed_from(subject.last, terms), day_of(now, zone))?;
    for sql in [
        "UPDATE mail SET recipient = '', subject = '', body = '' WHERE client_id = $1",
        "UPDATE contract SET text = '' WHERE client_id = $1",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).bind(subject.id).execute(change.connection()).await?;
    }
    // Of a company the registry is no secret.
    let person: Option<String> =
        sqlx::query_scalar("SELECT id::text FROM party WHERE id = $1 AND kind = 'natural' AND name = ''")
            .bind(subject.party_id)
            .fetch_optional(change.connection())
            .await?;
    let rows = sqlx::query(
        "UPDATE audit_record SET personal = NULL WHERE personal IS NOT NULL
             AND (entity = 'client' AND entity_id = $1 OR entity IN ('account', 'account_contact') AND entity_id = ANY(array(SELECT code FROM account WHERE client_id = $2))
                  OR entity = 'party' AND entity_id = $3)
         RETURNING id, at, login, action, encode(personal_digest, 'hex') AS digest",
    )
    .bind(code)
    .bind(subject.id)
    .bind(person)
    .fetch_all(change.connection())
    .await?;
    let mut lines: Vec<(i64, Value)> = rows.iter().map(line).collect();
    lines.sort_unstable_by_key(|(id, _)| *id);
    let extract = Value::Array(lines.into_iter().map(|(_, line)| line).collect());
    let shown = json!({
        "calls_years": terms.calls_years.max(CALLS_YEARS_LEAST), "documents_years": terms.documents_years.max(DOCUMENTS_YEARS_LEAST),
        "last_usage": subject.last.usage, "last_posting": subject.last.posting, "last_contract": subject.last.contract,
    });
    let row = sqlx::query(
        "INSERT INTO destruction_act (client_id, made_at, author, reason, terms, lines, extract) VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING id, made_at, author, reason, terms, lines, extract",
    )
    .bind(subject.id)
    .bind(now)
    .bind(author)
    .bind(reason)
    .bind(shown)
    .bind(rows.len() as i64)
    .bind(extract)
    .fetch_one(change.connection())
    .await?;
    let act = read(&row);
    sqlx::query("UPDATE client SET gdpr_state = 'destroyed', destroyed_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(subject.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let after = json!({"gdpr_state": "destroyed", "act": act.id, "lines": act.lines});
    change.record("client.destroy", "client", code, &json!({"gdpr_state": "cleaned"}), &after, reason);
    Ok(act)
}

fn line(row: &PgRow) -> (i64, Value) {
    let (id, at): (i64, DateTime<Utc>) = (row.get("id"), row.get("at"));
    let (login, action, digest): (String, String, Option<String>) =
        (row.get("login"), row.get("action"), row.get("digest"));
    (id, json!({"id": id, "at": at, "login": login, "action": action, "digest": digest}))
}
