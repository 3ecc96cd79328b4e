//! Tags that rules give and take.
//!
//! Owns: the application of the rules to all clients.
//! Does not own: the rules (`rules`), the counts that they look at: the caller brings them.
//! Always: run again with the same counts it changes nothing; the history names the rule as author.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::rules::{Facts, Limits, RULES, Rule};
use crate::store::{Store, StoreError};

/// What the rules have changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Applied {
    /// Tags given.
    pub added: u64,
    /// Tags taken.
    pub removed: u64,
}

/// Applies every rule whose tag is open. `calls` has the calls of the last full month by identifier of the client, none for who is not in it; the month
/// began at `month`. Judged are clients who had a number in work all the time since: who came later has no full month, and who left is at no risk.
pub async fn apply_automatic(
    store: &Store,
    calls: &BTreeMap<i64, u64>,
    month: DateTime<Utc>,
    limits: Limits,
    now: DateTime<Utc>,
) -> Result<Applied, StoreError> {
    let mut tx = store.begin().await?;
    // Two at once would give the same tag twice.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('automatic tags', 0))").execute(&mut *tx).await?;
    let judged: Vec<i64> = sqlx::query_scalar(
        "SELECT c.id FROM client c WHERE c.gdpr_state = 'none' AND EXISTS (
             SELECT FROM account a JOIN did_period p ON p.account_id = a.id WHERE a.client_id = c.id AND p.status = 'in_work'
                AND coalesce(p.valid_from, '-infinity') <= $1 AND coalesce(p.valid_to, 'infinity') > $2)",
    )
    .bind(month)
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    let mut applied = Applied::default();
    for rule in RULES {
        let row = sqlx::query("SELECT id, name FROM tag WHERE rule = $1 AND closed_at IS NULL FOR SHARE")
            .bind(rule.name)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { continue };
        let (tag, name): (i64, String) = (row.get("id"), row.get("name"));
        let facts = |id: i64| Facts { calls: calls.get(&id).copied().unwrap_or_default() };
        let wanted: BTreeSet<i64> = judged.iter().filter(|id| (rule.applies)(facts(**id), limits)).copied().collect();
        let present: Vec<i64> =
            sqlx::query_scalar("SELECT client_id FROM tag_assignment WHERE tag_id = $1 AND removed_at IS NULL")
                .bind(tag)
                .fetch_all(&mut *tx)
                .await?;
        let present: BTreeSet<i64> = present.into_iter().collect();
        let given: Vec<i64> = wanted.difference(&present).copied().collect();
        let taken: Vec<i64> = present.difference(&wanted).copied().collect();
        let notes: Vec<String> = given.iter().map(|id| (rule.note)(facts(*id), limits)).collect();
        applied.added += give(&mut tx, (tag, &name), (&given, &notes), rule, now).await?;
        applied.removed += take(&mut tx, tag, &taken, rule, now).await?;
    }
    tx.commit().await?;
    Ok(applied)
}

/// Who changed it, as the history shows it.
fn author(rule: &Rule) -> String {
    format!("rule {}", rule.name)
}

async fn give(
    connection: &mut PgConnection,
    (tag, name): (i64, &str),
    (clients, notes): (&[i64], &[String]),
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let given = sqlx::query(
        "INSERT INTO tag_assignment (client_id, tag_id, name, note, added_at, added_by, add_reason)
         SELECT client_id, $1, $2, note, $5, $6, '' FROM unnest($3::bigint[], $4::text[]) AS n (client_id, note)",
    )
    .bind(tag)
    .bind(name)
    .bind(clients)
    .bind(notes)
    .bind(now)
    .bind(author(rule))
    .execute(connection)
    .await?;
    Ok(given.rows_affected())
}

async fn take(
    connection: &mut PgConnection,
    tag: i64,
    clients: &[i64],
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let taken = sqlx::query(
        "UPDATE tag_assignment SET removed_at = $3, removed_by = $4, remove_reason = ''
         WHERE tag_id = $1 AND client_id = ANY($2) AND removed_at IS NULL",
    )
    .bind(tag)
    .bind(clients)
    .bind(now)
    .bind(author(rule))
    .execute(connection)
    .await?;
    Ok(taken.rows_affected())
}
