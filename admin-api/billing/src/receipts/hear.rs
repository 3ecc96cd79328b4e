//! What the register says of a receipt, and what follows; receipts that are missing.
//!
//! Owns: table `fiscal_attempt`, what an issued receipt is known by, the alarm.
//! Does not own: what an answer leads to (`rules`), alarms themselves (`ingest_alarms`).
//! Always: an answer counts for the external id that was asked for; what a person has settled meanwhile stays settled, and the answer is on record all the same.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::Row;

use super::claim::Slip;
use super::words::{Contact, Fiscal, Heard, State};
use super::{ReceiptError, rules};
use crate::change::Change;
use crate::ingest_alarms::{self, Raised};
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// Most characters of the words of a register that are kept.
const WORDS_MAX: usize = 500;
/// The source of the alarm.
const SOURCE: &str = "cash_register";

/// Hears what the register says of a receipt that it was asked to issue, or asked about.
///
/// # Errors
/// No such receipt.
pub async fn hear(change: &mut Change, slip: &Slip, heard: &Heard) -> Result<(), ReceiptError> {
    let now = change.now();
    let row = sqlx::query("SELECT state, external_id FROM fiscal_receipt WHERE id = $1 FOR NO KEY UPDATE")
        .bind(slip.id)
        .fetch_optional(change.connection())
        .await?
        .ok_or(ReceiptError::NotFound)?;
    let word: &str = row.get("state");
    let state: State = word.parse::<State>().map_err(|()| StoreError::Inconsistent {
        table: "fiscal_receipt",
        problem: format!("{} is {word}", slip.id),
    })?;
    let words: String = heard.words().chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect();
    sqlx::query("INSERT INTO fiscal_attempt (receipt_id, external_id, at, outcome, words) VALUES ($1, $2, $3, $4, $5)")
        .bind(slip.id)
        .bind(&slip.external_id)
        .bind(now)
        .bind(heard.as_str())
        .bind(&words)
        .execute(change.connection())
        .await?;
    let is_asked = row.get::<&str, _>("external_id") == slip.external_id;
    let next = rules::hear(state, heard, slip.attempts, slip.asks).filter(|_| is_asked);
    let Some(next) = next else {
        if let Heard::Done(_) = heard {
            tracing::error!(receipt = slip.id, "a receipt is issued that is {state} by the word of a person");
        }
        let after = json!({"outcome": heard.as_str(), "state": state.as_str()});
        change.record("receipt.late_answer", "fiscal_receipt", slip.id, &json!({}), &after, "");
        return Ok(());
    };
    let uuid = if let Heard::Taken(uuid) = heard { Some(uuid.as_str()) } else { None };
    // Only who is asked to issue it is told where it goes.
    let sent_to = slip.contact.as_ref().filter(|_| slip.uuid.is_none()).map(Contact::masked).unwrap_or_default();
    sqlx::query(
        "UPDATE fiscal_receipt SET state = $2, problem = $3, words = $4, external_id = CASE WHEN $5 THEN gen_random_uuid()::text ELSE external_id END,
                uuid = CASE WHEN $5 OR $2 = 'failed' THEN NULL ELSE coalesce($6, uuid) END, contact = CASE WHEN $7 <> '' THEN $7 ELSE contact END,
                sent_at = CASE WHEN $2 = 'sent' THEN coalesce(sent_at, $8) ELSE sent_at END, due_at = $9, revision = revision + 1
         WHERE id = $1 AND $2 <> 'done'",
    )
    .bind(slip.id)
    .bind(next.state.as_str())
    .bind(next.problem)
    .bind(&words)
    .bind(next.renews)
    .bind(uuid)
    .bind(sent_to)
    .bind(now)
    .bind(now + next.after)
    .execute(change.connection())
    .await?;
    if let Heard::Done(fiscal) = heard {
        issued(change, slip.id, fiscal).await?;
    }
    let after = json!({"state": next.state.as_str(), "problem": next.problem, "outcome": heard.as_str()});
    change.record("receipt.answer", "fiscal_receipt", slip.id, &json!({"state": state.as_str()}), &after, "");
    Ok(())
}

async fn issued(change: &mut Change, id: i64, fiscal: &Fiscal) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE fiscal_receipt r SET state = 'done', problem = '', words = '', fn = $2, fd = $3, fpd = $4, register = $5, issued_at = $6::timestamp AT TIME ZONE e.zone, url = $7,
                revision = r.revision + 1
         FROM legal_entity e WHERE r.id = $1 AND e.id = r.legal_entity_id",
    )
    .bind(id)
    .bind(&fiscal.fiscal_drive)
    .bind(&fiscal.document)
    .bind(&fiscal.sign)
    .bind(&fiscal.register)
    .bind(fiscal.issued_at)
    .bind(&fiscal.url)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// The register has the receipt and needs time: it is asked again later, and nothing is written down.
///
/// # Errors
/// The database.
pub async fn still_waits(store: &Store, slip: &Slip, now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(next) = rules::hear(State::Sent, &Heard::Waits, slip.attempts, slip.asks) else { return Ok(()) };
    sqlx::query("UPDATE fiscal_receipt SET due_at = $2, problem = '', words = '' WHERE id = $1 AND state = 'sent'")
        .bind(slip.id)
        .bind(now + next.after)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Receipts that are not there although they should be by now, in all. Each company that lacks some has an alarm, until none is missing.
///
/// # Errors
/// The database; a setting that is none.
pub async fn missing(store: &Store, settings: &Settings, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let minutes = settings.number("receipts.alarm_minutes")?;
    let rows = sqlx::query(
        "SELECT e.code, count(r.id) AS missing FROM legal_entity e
             LEFT JOIN fiscal_receipt r ON r.legal_entity_id = e.id AND r.state NOT IN ('done', 'resolved') AND r.created_at <= $1
         GROUP BY e.code ORDER BY e.code",
    )
    .bind(now - TimeDelta::minutes(minutes))
    .fetch_all(store.pool())
    .await?;
    let mut all = 0;
    for row in rows {
        let (code, missing): (&str, i64) = (row.get("code"), row.get("missing"));
        all += missing;
        if missing == 0 {
            ingest_alarms::clear(store, SOURCE, ingest_alarms::Kind::Receipt, code, now).await?;
            continue;
        }
        let what = format!(
            "fiscal receipts of legal entity {code} have been missing for {minutes} minutes or more: {missing}. /v1/fiscal-receipts?missing=true says which and why"
        );
        let what_ru = format!(
            "Кассовых чеков организации {code} нет дольше {minutes} мин: {missing}. Какие и почему: /v1/fiscal-receipts?missing=true"
        );
        let kind = ingest_alarms::Kind::Receipt;
        let raised = Raised { source: SOURCE, kind, subject: code, what: &what, what_ru: &what_ru };
        ingest_alarms::raise(store, &raised, now).await?;
    }
    Ok(all)
}
