//! Calls that come in parts: what is known of each so far.
//!
//! Owns: table `long_call`.
//! Does not own: what a part is and what the whole costs (the ingest rates it), the charge itself.
//! Always: a call is changed only by somebody who saw its latest version, else nothing of his batch is written; a part that is charged is known here by its
//! identity until no record of its age is taken any more, so that a repeat is found exactly.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row};

use crate::store::{Store, StoreError};

/// For how long a further part is expected.
const WAITED_FOR: TimeDelta = TimeDelta::hours(24);
/// A day longer than the age at which records go to suspense.
const KEPT_FOR: TimeDelta = TimeDelta::days(401);

/// A leg that is reported in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongCall {
    /// What its source calls the leg, as a digest.
    pub call: [u8; 16],
    /// 0 = nobody wrote it yet.
    pub version: i64,
    /// Identity of its charge.
    pub charge: [u8; 16],
    /// Identities of its parts that are charged, 16 bytes each.
    pub parts: Vec<u8>,
    /// Whether its last part is among them.
    pub is_over: bool,
    /// What the parts come to.
    pub so_far: SoFar,
    /// The row that takes the charge back, in the encoding of the table of charges; empty = nothing is charged.
    pub reversal: Vec<u8>,
}

impl LongCall {
    /// A leg of which nothing is known.
    pub const fn unknown(call: [u8; 16]) -> Self {
        Self {
            call,
            version: 0,
            charge: [0; 16],
            parts: Vec::new(),
            is_over: false,
            so_far: SoFar { life: 0, charged: None },
            reversal: Vec::new(),
        }
    }

    /// Whether a part is charged.
    pub fn has(&self, part: &[u8; 16]) -> bool {
        self.parts.chunks_exact(16).any(|known| known == part)
    }

    /// Everything forgotten but that it was: its charge is taken back, its parts can come again and are another charge then.
    #[must_use]
    pub fn taken_back(&self) -> Self {
        Self {
            version: self.version,
            so_far: SoFar { life: self.so_far.life + 1, charged: None },
            ..Self::unknown(self.call)
        }
    }
}

/// What the parts of a call come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoFar {
    /// How many charges it had before this one that were taken back.
    pub life: u32,
    /// Its charge.
    pub charged: Option<Charged>,
}

/// The charge of the parts that came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    /// Earliest set-up, milliseconds of the epoch.
    pub setup_ms: i64,
    /// Earliest answer.
    pub answer_ms: Option<i64>,
    /// Latest end.
    pub end_ms: i64,
    /// Milliseconds of the call, or pieces of an event, of all parts together.
    pub used: u64,
    /// Revision of the charge.
    pub revision: u16,
    /// Stream of the part by which the charge began.
    pub stream: u32,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its import.
    pub import_id: u64,
    /// Its number.
    pub sequence: u32,
    /// Who pays, 0 = nobody.
    pub account: u64,
    /// Usage day.
    pub usage_day: NaiveDate,
    /// Dialled number.
    pub dst: String,
    /// What it did to the books.
    pub books: Books,
    /// What it added to counters: which, of which period, how much.
    pub draws: Vec<(u32, NaiveDate, u64)>,
}

/// What a charge did to the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Books {
    /// The account owes an amount, by service and tax rate.
    Usage {
        /// Service, by its name.
        service: String,
        /// Tax in hundredths of a percent.
        tax_basis_points: u32,
        /// With tax, in nano-units.
        gross: i64,
        /// Without tax, in nano-units.
        net: i64,
        /// Seconds charged.
        seconds: u64,
    },
    /// A call to a number that is not in work was counted.
    NonTarget {
        /// The number.
        did: String,
        /// Who called.
        caller: Option<String>,
    },
    /// Nothing.
    Nothing,
}

/// Reads these calls; those that nobody wrote yet are left out.
pub async fn read(store: &Store, calls: &[[u8; 16]]) -> Result<HashMap<[u8; 16], LongCall>, StoreError> {
    found(store, "SELECT l.* FROM unnest($1::bytea[]) AS asked (call) JOIN long_call l USING (call)", calls, |found| {
        found.call
    })
    .await
}

/// The calls whose charges are among these, by charge.
pub async fn of_charges(store: &Store, charges: &[[u8; 16]]) -> Result<HashMap<[u8; 16], LongCall>, StoreError> {
    found(
        store,
        "SELECT l.* FROM unnest($1::bytea[]) AS asked (charge) JOIN long_call l USING (charge)",
        charges,
        |found| found.charge,
    )
    .await
}

async fn found(
    store: &Store,
    sql: &'static str,
    keys: &[[u8; 16]],
    key: fn(&LongCall) -> [u8; 16],
) -> Result<HashMap<[u8; 16], LongCall>, StoreError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = keys.iter().map(|key| &key[..]).collect::<Vec<_>>();
    let rows = sqlx::query(sql).bind(keys).fetch_all(store.pool()).await?;
    let calls = rows.iter().map(|row| {
        let identity = |column: &'static str| {
            let bytes: Vec<u8> = row.get(column);
            bytes.try_into().map_err(|_| strange(column))
        };
        let so_far = serde_json::from_value(row.get("so_far")).map_err(|_| strange("so_far"))?;
        let call = LongCall {
            call: identity("call")?,
            version: row.get("version"),
            charge: identity("charge")?,
            parts: row.get("parts"),
            is_over: row.get("is_over"),
            so_far,
            reversal: row.get("reversal"),
        };
        Ok((key(&call), call))
    });
    calls.collect()
}

fn strange(column: &str) -> StoreError {
    StoreError::Inconsistent { table: "long_call", problem: format!("a call whose {column} is not understood") }
}

/// Writes calls, each of the version after the one that was read. `false` when one of them was changed meanwhile; the transaction is then to be given up.
pub(crate) async fn write(connection: &mut PgConnection, calls: &[LongCall]) -> Result<bool, StoreError> {
    if calls.is_empty() {
        return Ok(true);
    }
    let bytes = |value: fn(&LongCall) -> &[u8]| calls.iter().map(value).collect::<Vec<&[u8]>>();
    let so_far = calls.iter().map(|call| serde_json::to_value(&call.so_far)).collect::<Result<Vec<_>, _>>();
    let so_far = so_far.map_err(|_| strange("so_far"))?;
    let written = sqlx::query(
        "INSERT INTO long_call AS l (call, version, charge, parts, is_over, so_far, reversal)
         SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[], $5::boolean[], $6::jsonb[], $7::bytea[])
         ON CONFLICT (call) DO UPDATE SET version = excluded.version, charge = excluded.charge, parts = excluded.parts, is_over = excluded.is_over,
             so_far = excluded.so_far, reversal = excluded.reversal, touched_at = now()
         WHERE l.version = excluded.version - 1",
    )
    .bind(bytes(|call| &call.call))
    .bind(calls.iter().map(|call| call.version + 1).collect::<Vec<_>>())
    .bind(bytes(|call| &call.charge))
    .bind(bytes(|call| &call.parts))
    .bind(calls.iter().map(|call| call.is_over).collect::<Vec<_>>())
    .bind(so_far)
    .bind(bytes(|call| &call.reversal))
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == calls.len() as u64)
}

/// How many calls wait for their last part, and how many did in vain: those that became a day old without it within the last day.
pub async fn unfinished(store: &Store, now: DateTime<Utc>) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE touched_at >= $1) AS open, count(*) FILTER (WHERE touched_at < $1) AS silent
         FROM long_call WHERE NOT is_over AND touched_at >= $2 AND reversal <> ''",
    )
    .bind(now - WAITED_FOR)
    .bind(now - WAITED_FOR * 2)
    .fetch_one(store.pool())
    .await?;
    Ok((row.get("open"), row.get("silent")))
}

/// Forgets calls of which nothing was heard for so long that a record of them would be refused for its age.
pub async fn forget(store: &Store, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let before = now - KEPT_FOR;
    let gone = sqlx::query("DELETE FROM long_call WHERE touched_at < $1").bind(before).execute(store.pool()).await?;
    Ok(gone.rows_affected())
}
