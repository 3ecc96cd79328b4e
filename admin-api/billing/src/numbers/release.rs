//! The night in which numbers leave quarantine (M13).
//!
//! Owns: which archived numbers nobody has called for the whole of their terms, looked through in portions.
//! Does not own: when that is so (`rules` says it of one number; the statement here says the same of thousands, and a test holds the two together), how numbers
//! move (`moves`), when the night is (the job).
//! Always: numbers that leave are held while that is decided; the day of their quarantine and their statistics stay; a second round changes nothing.

use chrono::NaiveDate;
use rating::rows::DidStatus;

use super::moves::move_many;
use super::quarantine;
use super::store::{AGENT_PLACE, DidError};
use crate::change::Change;
use crate::store::{Store, StoreError};

/// What the periods of such a number say.
const REASON: &str = "никто не звонил весь срок карантина";

/// A portion that was looked through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Released {
    /// The last number of it; `None`: there are no more.
    pub after: Option<i64>,
    /// Numbers that left. Where there are none the change says nothing.
    pub freed: u64,
}

/// Whether the statistics of a day are still to come: some days are collected, and this one is not.
pub async fn awaits_statistics(store: &Store, day: NaiveDate) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM non_target_run) AND NOT EXISTS (SELECT FROM non_target_run WHERE day = $1)",
    )
    .bind(day)
    .fetch_one(store.pool())
    .await?)
}

/// Frees those of the next `most` archived numbers after an identifier whose quarantine is over on `today`.
pub async fn release(change: &mut Change, today: NaiveDate, after: i64, most: i64) -> Result<Released, DidError> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT max(id) FROM (SELECT id FROM did WHERE status = 'archive' AND id > $1 ORDER BY id LIMIT $2) d",
    )
    .bind(after)
    .bind(most)
    .fetch_one(change.connection())
    .await?;
    let Some(last) = last else { return Ok(Released { after: None, freed: 0 }) };
    let rules = quarantine::rules(change.connection()).await?;
    // The last call is asked for number by number: in whatever order the planner joins, a portion costs no more than its numbers.
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT d.id
         FROM did d
              CROSS JOIN LATERAL (SELECT (greatest(d.archived_at, d.added_at) AT TIME ZONE $4)::date AS day) e
              CROSS JOIN LATERAL (SELECT (SELECT min(r.day) FROM non_target_run r WHERE r.day > e.day) AS first_collected,
                                         (SELECT l.day FROM non_target_last l WHERE l.did_number = d.number) AS last_call,
                                         coalesce((SELECT t.days FROM quarantine_term t WHERE t.kind = d.kind AND t.provider_id = d.provider_id),
                                                  (SELECT t.days FROM quarantine_term t WHERE t.kind = d.kind AND t.provider_id IS NULL), $5) AS term) s
         WHERE d.status = 'archive' AND d.id > $1 AND d.id <= $2
           AND (d.kind = 'fmtn' OR coalesce(d.place, '') = $7
                OR s.first_collected IS NOT NULL AND greatest(s.first_collected + s.term, s.last_call + s.term + 1) <= $3)
           AND (NOT d.is_mobile OR d.archived_at IS NULL OR (d.archived_at AT TIME ZONE $4)::date + $6 <= $3)
         ORDER BY d.id FOR UPDATE OF d",
    )
    .bind(after)
    .bind(last)
    .bind(today)
    .bind(rules.zone.name())
    .bind(rules.terms.general() as i32)
    .bind(rules.mobile_rest_days as i32)
    .bind(AGENT_PLACE)
    .fetch_all(change.connection())
    .await?;
    let freed = move_many(change, &ids, DidStatus::Free, REASON).await?;
    Ok(Released { after: Some(last), freed })
}
