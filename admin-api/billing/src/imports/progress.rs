//! How far imports are.
//!
//! Owns: the position of an import from its first byte to its last, what was rejected on the way, its end.
//! Does not own: whether a file is an import at all (`store`), how imports are shown (`read`).
//! Always: the position moves only over what the broker acknowledged; never backwards.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use crate::ingest_alarms::{self, Kind, Raised};
use crate::store::{Store, StoreError};

/// Rejected records that an alarm names.
const REJECTED_SHOWN: i64 = 20;

/// A record that no message can hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    /// Where it begins in the file.
    pub position_bytes: i64,
    /// Why.
    pub reason: String,
}

/// How far an import is.
#[derive(Clone, Debug)]
pub struct Advanced {
    /// Everything before this byte was acknowledged, or is named as rejected.
    pub position_bytes: i64,
    /// Records that were acknowledged, from the beginning of the file.
    pub records_sent: i64,
    /// Last offset of each partition, of those that were sent now.
    pub places: Vec<(i32, i64)>,
    /// Records that were not sent now and never will be.
    pub rejected: Vec<Rejected>,
}

/// Moves the position of an import, never back; what was rejected on the way is an alarm at once. `false`: the import is not to be sent any more.
pub async fn advance(store: &Store, id: i64, to: &Advanced, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let is_sending = advance_in(&mut tx, id, to.position_bytes, to.records_sent, &to.places, now).await?;
    if !to.rejected.is_empty() {
        note_rejected(&mut tx, id, &to.rejected, now).await?;
    }
    tx.commit().await?;
    Ok(is_sending)
}

/// Keeps records that were rejected; one alarm of the import names the first of them.
async fn note_rejected(
    connection: &mut PgConnection,
    id: i64,
    rejected: &[Rejected],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO import_rejected (import_id, position_bytes, reason) SELECT $1, * FROM unnest($2::bigint[], $3::text[]) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(rejected.iter().map(|one| one.position_bytes).collect::<Vec<_>>())
    .bind(rejected.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query(
        "UPDATE import SET records_rejected = (SELECT count(*) FROM import_rejected WHERE import_id = $1) WHERE id = $1 RETURNING source, records_rejected",
    )
    .bind(id)
    .fetch_one(&mut *connection)
    .await?;
    let (source, count): (String, i64) = (row.get("source"), row.get("records_rejected"));
    let first: Vec<String> = sqlx::query_scalar(
        "SELECT 'byte ' || position_bytes || ': ' || reason FROM import_rejected WHERE import_id = $1 ORDER BY position_bytes LIMIT $2",
    )
    .bind(id)
    .bind(REJECTED_SHOWN)
    .fetch_all(&mut *connection)
    .await?;
    let more = count - first.len() as i64;
    let list = first.join("; ") + &if more > 0 { format!("; +{more}") } else { String::new() };
    let raised = Raised {
        source: &source,
        kind: Kind::Rejected,
        subject: &id.to_string(),
        what: &format!("records of import {id} were not sent: {list}. They stand in the file, which is kept in done/"),
        what_ru: &format!("Записи импорта {id} не отправлены: {list}. Они остаются в файле, файл хранится в done/"),
    };
    ingest_alarms::raise_anew_in(connection, &raised, now).await
}

/// Says that an import is still being sent, however long the broker is away.
pub async fn beat(store: &Store, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE import SET progressed_at = $2 WHERE id = $1 AND state = 'sending'")
        .bind(id)
        .bind(now)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Ends an import that is to be rolled back before it was whole: nothing of it is sent any more.
pub(crate) async fn give_up(connection: &mut PgConnection, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    let source: Option<String> = sqlx::query_scalar(
        "UPDATE import SET state = 'refused', finished_at = $2, problem = 'it is rolled back before it was sent whole' WHERE id = $1 AND state = 'sending' RETURNING source",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    match source {
        Some(source) => ingest_alarms::clear_in(connection, &source, Kind::Vanished, &id.to_string(), now).await,
        None => Ok(()),
    }
}

async fn advance_in(
    connection: &mut PgConnection,
    id: i64,
    position_bytes: i64,
    records_sent: i64,
    places: &[(i32, i64)],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let moved = sqlx::query("UPDATE import SET position_bytes = $2, records_sent = $3, progressed_at = $4 WHERE id = $1 AND state = 'sending' AND position_bytes <= $2")
        .bind(id)
        .bind(position_bytes)
        .bind(records_sent)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO import_place (import_id, partition, last_offset) SELECT $1, * FROM unnest($2::integer[], $3::bigint[])
         ON CONFLICT (import_id, partition) DO UPDATE SET last_offset = greatest(import_place.last_offset, excluded.last_offset)",
    )
    .bind(id)
    .bind(places.iter().map(|(partition, _)| *partition).collect::<Vec<_>>())
    .bind(places.iter().map(|(_, offset)| *offset).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Ends an import: every record that can be sent was acknowledged.
pub async fn finish(
    store: &Store,
    id: i64,
    position_bytes: i64,
    records_sent: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    advance_in(&mut tx, id, position_bytes, records_sent, &[], now).await?;
    let source: Option<String> = sqlx::query_scalar(
        "UPDATE import SET state = 'sent', finished_at = $2 WHERE id = $1 AND state = 'sending' RETURNING source",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(source) = source {
        ingest_alarms::clear_in(&mut tx, &source, Kind::Vanished, &id.to_string(), now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Files of a source that are being sent: number, name, records that were acknowledged.
pub async fn under_way(store: &Store, source: &str) -> Result<Vec<(i64, String, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, file_name, records_sent FROM import WHERE source = $1 AND state = 'sending' ORDER BY id",
    )
    .bind(source)
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| (row.get("id"), row.get("file_name"), row.get("records_sent"))).collect())
}
