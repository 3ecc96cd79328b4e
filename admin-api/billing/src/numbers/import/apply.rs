//! A draft of numbers is applied, or discarded.
//!
//! Owns: the steps by which numbers come into the capacity, come back, and become something else.
//! Does not own: what a draft does (`compare`), the state of a number that is here already (`moves`).
//! Always: one transaction, one import at a time; numbers are held in order of their identifiers; a new number is free from now on and begins without data (M23);
//! the class of a number that somebody chose stays.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use numbering::E164;
use rating::rows::DidStatus;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::compare::{compare, differs, known, present, sale_differs};
use super::{ImportError, Summary, digits};
use crate::change::Change;
use crate::hot_path::Touched;
use crate::numbers::classes::{InForce, held_version};
use crate::numbers::edit::{begin_places, go};
use crate::numbers::moves::{held, moment};
use crate::numbers::store::DidError;
use crate::operator::copy::Copy;
use crate::store::StoreError;

/// Numbers that the snapshot is told one by one; of more it reads everything anew.
const TOLD_MAX: usize = 10_000;

/// A draft that nobody else applies or discards.
struct Draft {
    summary: Summary,
    seen: String,
}

async fn hold(change: &mut Change, id: i64, revision: Option<i64>) -> Result<Draft, ImportError> {
    let sql = "SELECT state, summary, seen, revision FROM did_import WHERE id = $1 FOR UPDATE SKIP LOCKED";
    let row = sqlx::query(sql).bind(id).fetch_optional(change.connection()).await?;
    let Some(row) = row else {
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM did_import WHERE id = $1)")
            .bind(id)
            .fetch_one(change.connection())
            .await?;
        return Err(if exists { ImportError::Busy } else { ImportError::NotFound });
    };
    let state: String = row.get("state");
    if state != "draft" {
        return Err(ImportError::State(state));
    }
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(ImportError::Stale);
    }
    let summary = serde_json::from_value(row.get("summary"))
        .map_err(|error| StoreError::Inconsistent { table: "did_import", problem: error.to_string() })?;
    Ok(Draft { summary, seen: row.get("seen") })
}

async fn close(change: &mut Change, id: i64, state: &str, reason: &str) -> Result<(), StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE did_import SET state = $2, closed_at = $3, closed_by = $4, close_reason = $5, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(now)
    .bind(author)
    .bind(reason)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Discards a draft: it changes nothing and cannot be applied any more.
pub async fn discard(change: &mut Change, id: i64, revision: Option<i64>, reason: &str) -> Result<(), ImportError> {
    hold(change, id, revision).await?;
    close(change, id, "discarded", reason).await?;
    change.record(
        "did.import_discard",
        "did_import",
        id,
        &json!({"state": "draft"}),
        &json!({"state": "discarded"}),
        reason,
    );
    Ok(())
}

/// Applies a draft; what it did.
pub async fn apply(change: &mut Change, id: i64, revision: Option<i64>, reason: &str) -> Result<Summary, ImportError> {
    let Draft { summary, seen } = hold(change, id, revision).await?;
    let is_alone: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended('did_import', 82))")
        .fetch_one(change.connection())
        .await?;
    if !is_alone {
        return Err(ImportError::Busy);
    }
    let in_force = InForce::read(change.connection()).await?;
    if compare(change.connection(), id, in_force.version).await?.seen != seen {
        return Err(ImportError::StalePreview);
    }
    let known: HashSet<u64> = present(change.connection(), id).await?.into_iter().map(|number| number as u64).collect();
    let moved = change_known(change, id, summary.changed + summary.returned).await?;
    let added = add_new(change, id, &known, &in_force).await?;
    // Classes were those of the beginning; nobody changes them from here to the end.
    if added != summary.new || held_version(change.connection()).await? != in_force.version {
        return Err(ImportError::StalePreview);
    }
    tell_snapshot(change, id, moved, added).await?;
    close(change, id, "applied", reason).await?;
    let after = json!({
        "state": "applied", "new": summary.new, "returned": summary.returned, "changed": summary.changed, "same": summary.same,
    });
    change.record("did.import", "did_import", id, &json!({"state": "draft"}), &after, reason);
    Ok(summary)
}

/// What stands as the reason on each number; the import has the words of its author.
fn words(import: i64) -> String {
    format!("import {import}")
}

/// A number that is there and becomes something else.
struct Known {
    id: i64,
    number: E164,
    status: DidStatus,
    row: i32,
    is_moved: bool,
}

/// Changes the numbers that are there, `expected` of them; those that the stream has to read anew.
async fn change_known(change: &mut Change, import: i64, expected: u64) -> Result<Vec<E164>, ImportError> {
    let unknown =
        || StoreError::Inconsistent { table: "did", problem: "a number or a state that is unknown".to_owned() };
    let read = |row: &PgRow| -> Result<Known, StoreError> {
        Ok(Known {
            id: row.get("id"),
            number: E164::parse(row.get("number")).ok_or_else(unknown)?,
            status: row.get::<&str, _>("status").parse().map_err(|()| unknown())?,
            row: row.get("no"),
            is_moved: row.get("is_moved"),
        })
    };
    // One after the other: a million rows as they come from the database are ten times what is kept of them.
    let mut dids = Vec::new();
    let mut rows = sqlx::query(concat!(
        "SELECT d.id, d.number, d.status, r.no, 'place' = ANY(r.says) AND d.place IS DISTINCT FROM r.place AS is_moved ",
        known!(),
        " AND (d.status = 'withdrawn' OR ",
        differs!(),
        ") ORDER BY d.id FOR UPDATE OF d"
    ))
    .bind(import)
    .fetch(change.connection());
    while let Some(row) = rows.try_next().await? {
        dids.push(read(&row)?);
    }
    drop(rows);
    if dids.len() as u64 != expected {
        return Err(ImportError::StalePreview);
    }
    if dids.is_empty() {
        return Ok(Vec::new());
    }
    let words = words(import);
    keep_before(change.connection(), import, &dids).await?;
    write_known(change.connection(), import, &dids, &words).await?;
    let in_work: Vec<&Known> = dids.iter().filter(|did| did.is_moved && did.status == DidStatus::InWork).collect();
    if !in_work.is_empty() {
        let ids: Vec<i64> = in_work.iter().map(|did| did.id).collect();
        let (now, author) = (moment(change, &ids).await?, change.actor().login.clone());
        begin_places(change.connection(), &ids, &author, &words, now).await?;
    }
    for did in dids.iter().filter(|did| did.status == DidStatus::Withdrawn) {
        let held = held(change, did.number, None).await.map_err(failed)?;
        go(change, &held, DidStatus::Free, "did.restore", &words).await.map_err(failed)?;
    }
    Ok(in_work.iter().map(|did| did.number).collect())
}

/// A number that is held and was withdrawn can be brought back: another answer means that it was not so.
fn failed(error: DidError) -> ImportError {
    match error {
        DidError::Store(error) => error.into(),
        _ => ImportError::StalePreview,
    }
}

/// Keeps what the numbers were.
async fn keep_before(connection: &mut PgConnection, import: i64, dids: &[Known]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO did_import_change (import_id, did_id, before)
         SELECT $1, d.id, jsonb_build_object('status', d.status, 'provider', p.code, 'region', g.code, 'place', d.place, 'kind', d.kind, 'sale', d.sale, 'price', d.price)
         FROM did d LEFT JOIN provider p ON p.id = d.provider_id LEFT JOIN number_region g ON g.id = d.region_id WHERE d.id = ANY($2)",
    )
    .bind(import)
    .bind(dids.iter().map(|did| did.id).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_known(
    connection: &mut PgConnection,
    import: i64,
    dids: &[Known],
    words: &str,
) -> Result<(), StoreError> {
    sqlx::query(concat!(
        "UPDATE did d SET
             provider_id = CASE WHEN 'provider' = ANY(r.says) THEN r.provider_id ELSE d.provider_id END,
             region_id = CASE WHEN 'region' = ANY(r.says) THEN r.region_id ELSE d.region_id END,
             place = CASE WHEN 'place' = ANY(r.says) THEN r.place ELSE d.place END,
             kind = CASE WHEN 'kind' = ANY(r.says) THEN r.kind ELSE d.kind END,
             price = CASE WHEN 'price' = ANY(r.says) THEN r.price ELSE d.price END,
             sale = CASE WHEN ",
        sale_differs!(),
        " THEN r.sale ELSE d.sale END, sale_reason = CASE WHEN ",
        sale_differs!(),
        " THEN $4 ELSE d.sale_reason END,
             forced_at = CASE WHEN ",
        sale_differs!(),
        " THEN NULL ELSE d.forced_at END, forced_for = CASE WHEN ",
        sale_differs!(),
        " THEN NULL ELSE d.forced_for END, forced_until = CASE WHEN ",
        sale_differs!(),
        " THEN NULL ELSE d.forced_until END, forced_by = CASE WHEN ",
        sale_differs!(),
        " THEN NULL ELSE d.forced_by END, revision = d.revision + 1
         FROM unnest($2::bigint[], $3::int[]) AS u (id, no) JOIN did_import_row r ON r.import_id = $1 AND r.no = u.no WHERE d.id = u.id"
    ))
    .bind(import)
    .bind(dids.iter().map(|did| did.id).collect::<Vec<_>>())
    .bind(dids.iter().map(|did| did.row).collect::<Vec<_>>())
    .bind(words)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds the numbers that are not `known`, free from now on; how many.
async fn add_new(
    change: &mut Change,
    import: i64,
    known: &HashSet<u64>,
    in_force: &InForce,
) -> Result<u64, StoreError> {
    let rows = sqlx::query(
        "SELECT first::bigint AS first, last::bigint AS last, provider_id, region_id, place, kind, sale, price FROM did_import_row WHERE import_id = $1 ORDER BY first",
    )
    .bind(import)
    .fetch_all(change.connection())
    .await?;
    let before: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM did").fetch_one(change.connection()).await?;
    let (now, author, words) = (change.now(), change.actor().login.clone(), words(import));
    let (at, mut added) = (now.to_rfc3339(), 0);
    let columns =
        "did (number, status, provider_id, region_id, place, kind, class_id, price, sale, sale_reason, added_at)";
    let mut copy = Copy::begin(change.connection(), columns, &|_| ()).await?;
    for row in &rows {
        let id = |name: &str| row.get::<Option<i32>, _>(name).map(|id| id.to_string());
        let (provider, region) = (id("provider_id"), id("region_id"));
        let price = row.get::<Option<Decimal>, _>("price").map(|price| price.to_string());
        let sale: Option<&str> = row.get("sale");
        let (first, last): (i64, i64) = (row.get("first"), row.get("last"));
        for number in (first as u64..=last as u64).filter(|number| !known.contains(number)) {
            let class = in_force.class_of(digits(number)).map(|class| class.to_string());
            copy.line(&[
                Some(&number.to_string()),
                Some(DidStatus::Free.as_str()),
                provider.as_deref(),
                region.as_deref(),
                row.get("place"),
                Some(row.get::<Option<&str>, _>("kind").unwrap_or("ordinary")),
                class.as_deref(),
                price.as_deref(),
                Some(sale.unwrap_or("yes")),
                Some(if sale.is_some() { words.as_str() } else { "" }),
                Some(&at),
            ])
            .await?;
            added += 1;
        }
    }
    copy.end().await?;
    let periods = begin_periods(change.connection(), before, &author, &words, now).await?;
    assert_eq!(periods, added, "numbers that were added are not the numbers that have a period");
    Ok(added)
}

/// Begins the first period of the numbers behind an identifier; how many.
async fn begin_periods(
    connection: &mut PgConnection,
    before: i64,
    author: &str,
    words: &str,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "INSERT INTO did_period (did_id, status, place, valid_from, author, reason) SELECT id, status, place, $2, $3, $4 FROM did WHERE id > $1 AND added_at = $2",
    )
    .bind(before)
    .bind(now)
    .bind(author)
    .bind(words)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Says which numbers the snapshot has to read anew: new ones are ours from now on, those that moved have another place of service.
async fn tell_snapshot(change: &mut Change, import: i64, moved: Vec<E164>, added: u64) -> Result<(), StoreError> {
    if moved.len() as u64 + added > TOLD_MAX as u64 {
        change.touch(Touched::Everything);
        return Ok(());
    }
    if added > 0 {
        let numbers: Vec<String> = sqlx::query_scalar(concat!("SELECT d.number ", known!(), " AND d.added_at = $2"))
            .bind(import)
            .bind(change.now())
            .fetch_all(change.connection())
            .await?;
        for number in numbers.iter().filter_map(|number| E164::parse(number)) {
            change.touch(Touched::Number(number));
        }
    }
    for number in moved {
        change.touch(Touched::Number(number));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever waits for a number that is held tries again; what cannot be is a preview out of date.
    #[test]
    fn a_number_that_cannot_come_back_is_a_stale_preview() {
        let wrong = DidError::InvalidTransition { from: DidStatus::InWork, to: DidStatus::Free };
        assert!(matches!(failed(wrong), ImportError::StalePreview));
        let away = DidError::Store(StoreError::AuthorBlocked);
        assert!(matches!(failed(away), ImportError::Store(StoreError::AuthorBlocked)));
    }
}
