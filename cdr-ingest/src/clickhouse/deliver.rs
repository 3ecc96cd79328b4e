//! Delivery of outbox rows.
//!
//! Owns: one INSERT a row with its token, the count before a second try, the probe at start-up.
//! Does not own: the deletion of the outbox row (`billing::streams`).
//! Always: a row's effect is in ClickHouse once: a first try carries a token that the server remembers, a later one is counted first.

use std::io::{Cursor, Read};
use std::time::Duration;

use billing::streams::OutboxRow;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use lz4_flex::frame::FrameDecoder;

use super::ClickHouse;
use super::row::{columns, time_column};
use crate::meters;

/// Why something was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The server, or the way to it.
    #[error("clickhouse: {0}")]
    Server(#[from] ::clickhouse::error::Error),
    /// The outbox names a table that does not exist: written by a newer program.
    #[error("the outbox names the table `{0}`, which this program does not know")]
    UnknownTable(String),
    /// The bytes cannot be unpacked.
    #[error("outbox row {id} cannot be unpacked: {problem}")]
    Corrupt {
        /// Identifier.
        id: i64,
        /// What is wrong.
        problem: String,
    },
    /// Some rows of an INSERT are there and some are not.
    #[error("outbox row {id} is there in part: {there} of {rows} rows; one INSERT must be one block")]
    Partial {
        /// Identifier.
        id: i64,
        /// Rows found.
        there: u64,
        /// Rows sent.
        rows: u32,
    },
    /// The server does not deduplicate.
    #[error("clickhouse at this address does not deduplicate inserts by token: a probe sent twice gave {0} rows")]
    NoDeduplication(u64),
}

/// The rows of one INSERT, compressed as the outbox holds them.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Identifier and token.
    pub id: i64,
    /// Table.
    pub target: String,
    /// Number of rows.
    pub rows: u32,
    /// Earliest time.
    pub first_at: DateTime<Utc>,
    /// Latest time.
    pub last_at: DateTime<Utc>,
    /// Compressed rows.
    pub body: Bytes,
}

impl From<OutboxRow> for Parcel {
    fn from(row: OutboxRow) -> Self {
        Self {
            id: row.id,
            target: row.target,
            rows: row.rows,
            first_at: row.first_at,
            last_at: row.last_at,
            body: row.body.into(),
        }
    }
}

/// Rows are unpacked and sent so many bytes at a time; to ClickHouse it is one body, and one block.
const CHUNK_BYTES: usize = 1 << 20;
/// Longest wait between tries.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Delivers a parcel, trying until the server takes it. `again`: it may have been sent before.
pub async fn deliver(clickhouse: &ClickHouse, parcel: &Parcel, again: bool) -> Result<(), DeliverError> {
    let mut again = again;
    let mut wait = Duration::from_millis(100);
    loop {
        match try_deliver(clickhouse, parcel, again).await {
            Ok(()) => {
                metrics::gauge!(meters::CLICKHOUSE_UP).set(1.0);
                return Ok(());
            }
            Err(DeliverError::Server(error)) => {
                tracing::warn!(outbox_id = parcel.id, table = %parcel.target, %error, wait_ms = wait.as_millis() as u64, "clickhouse did not take an insert; trying again");
                metrics::gauge!(meters::CLICKHOUSE_UP).set(0.0);
                metrics::counter!(meters::CLICKHOUSE_RETRIES).increment(1);
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
                again = true;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn try_deliver(clickhouse: &ClickHouse, parcel: &Parcel, again: bool) -> Result<(), DeliverError> {
    let columns = columns(&parcel.target).ok_or_else(|| DeliverError::UnknownTable(parcel.target.clone()))?;
    if again {
        let there = count(clickhouse, parcel).await?;
        if there == u64::from(parcel.rows) {
            return Ok(());
        }
        if there != 0 {
            return Err(DeliverError::Partial { id: parcel.id, there, rows: parcel.rows });
        }
    }
    let sql = format!("INSERT INTO {} ({}) FORMAT RowBinary", parcel.target, columns.join(", "));
    let mut insert = clickhouse
        .client()
        .insert_formatted_with(sql)
        .with_setting("insert_deduplication_token", parcel.id.to_string())
        .with_setting("async_insert", "0")
        .with_setting("max_partitions_per_insert_block", "1");
    let corrupt = |problem: String| DeliverError::Corrupt { id: parcel.id, problem };
    let mut rows = rows_of(&parcel.body).map_err(corrupt)?;
    loop {
        let chunk = unpack(&mut rows).map_err(|error| corrupt(error.to_string()))?;
        if chunk.is_empty() {
            break;
        }
        insert.send(chunk).await?;
    }
    insert.end().await?;
    Ok(())
}

/// First bytes of an LZ4 frame.
const FRAME_MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();

/// The rows of a body: an LZ4 frame, or one LZ4 block behind its length, as earlier programs left them.
fn rows_of(body: &[u8]) -> Result<Box<dyn Read + Send + '_>, String> {
    if body.starts_with(&FRAME_MAGIC) {
        return Ok(Box::new(FrameDecoder::new(body)));
    }
    let rows = lz4_flex::decompress_size_prepended(body).map_err(|error| error.to_string())?;
    Ok(Box::new(Cursor::new(rows)))
}

/// The next bytes of rows; none at the end.
fn unpack(rows: &mut impl Read) -> std::io::Result<Bytes> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    rows.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
    Ok(Bytes::from(chunk))
}

/// How many rows of a parcel are there.
async fn count(clickhouse: &ClickHouse, parcel: &Parcel) -> Result<u64, DeliverError> {
    let time = time_column(&parcel.target);
    let sql = format!(
        "SELECT count() FROM {} WHERE {time} BETWEEN fromUnixTimestamp64Milli({}) AND fromUnixTimestamp64Milli({}) AND batch_id = {}",
        parcel.target,
        parcel.first_at.timestamp_millis(),
        parcel.last_at.timestamp_millis(),
        parcel.id
    );
    Ok(clickhouse.client().query(&sql).fetch_one().await?)
}

/// Inserts a probe row twice with one token and expects one: a server without the window would double money at the first retry.
pub async fn probe(clickhouse: &ClickHouse) -> Result<(), DeliverError> {
    let client = clickhouse.client();
    client
        .query(
            "CREATE TABLE IF NOT EXISTS deduplication_probe (token String, n UInt8, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY token
             TTL at + INTERVAL 1 DAY SETTINGS non_replicated_deduplication_window = 1000",
        )
        .execute()
        .await?;
    // Several processes may start at once: each asks for its own token.
    let now: i64 = client.query("SELECT toUnixTimestamp64Micro(now64(6))").fetch_one().await?;
    let token = format!("probe-{}-{now}", std::process::id());
    for n in ["1", "2"] {
        let mut insert = client
            .insert_formatted_with("INSERT INTO deduplication_probe (token, n) FORMAT TabSeparated")
            .with_setting("insert_deduplication_token", token.as_str())
            .with_setting("async_insert", "0");
        insert.send(Bytes::from(format!("{token}\t{n}\n"))).await?;
        insert.end().await?;
    }
    let rows: u64 =
        client.query("SELECT count() FROM deduplication_probe WHERE token = ?").bind(&token).fetch_one().await?;
    if rows == 1 { Ok(()) } else { Err(DeliverError::NoDeduplication(rows)) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::FrameEncoder;

    use super::*;

    #[test]
    fn bodies_of_either_form_are_unpacked_and_others_are_refused() {
        let rows: Vec<u8> = (0..3_000_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let mut frame = FrameEncoder::new(Vec::new());
        frame.write_all(&rows).unwrap();
        for body in [frame.finish().unwrap(), lz4_flex::compress_prepend_size(&rows)] {
            let mut reader = rows_of(&body).unwrap();
            let mut unpacked = Vec::new();
            loop {
                let chunk = unpack(&mut reader).unwrap();
                if chunk.is_empty() {
                    break;
                }
                assert!(chunk.len() <= CHUNK_BYTES);
                unpacked.extend_from_slice(&chunk);
            }
            assert!(unpacked == rows);
        }
        assert!(rows_of(b"no rows").is_err() && rows_of(b"").is_err());
    }
}
