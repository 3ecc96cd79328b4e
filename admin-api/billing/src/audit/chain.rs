//! The chain of digests: whether every line is as it was written.
//!
//! Owns: what a digest covers, the walk over all lines.
//! Does not own: the writing of digests (a trigger of the table), where an anchor is kept (outside, or it proves nothing).
//! Always: the digests are reckoned here from the texts of the columns; the function of the database that made them is not its own judge.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::store::{Store, StoreError};

/// Lines that are read at once.
const STEP: i64 = 10_000;

/// A line and its digest, to be kept somewhere else: who holds an anchor finds also a tail that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Identifier of the line.
    pub id: i64,
    /// Its digest, SHA-256.
    pub digest: Vec<u8>,
}

impl fmt::Display for Anchor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.id)?;
        self.digest.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || format!("`{text}` is no anchor; one reads ID:HEX, the digest with 64 digits");
        let (id, hex) = text.split_once(':').ok_or_else(problem)?;
        let id = id.parse().map_err(|_| problem())?;
        if hex.len() != 64 || !hex.is_ascii() {
            return Err(problem());
        }
        let pairs = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16));
        Ok(Self { id, digest: pairs.collect::<Result<_, _>>().map_err(|_| problem())? })
    }
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Its digest does not follow from the line and the one before it: one of the two was changed, or a line between them taken out or put in.
    Digest,
    /// Personal data of the line are not those that were written.
    Personal,
    /// The record of the last line names another one: lines at the end were taken out, or written past the triggers.
    Head,
    /// The line of the anchor is not there, or is another one.
    Anchor,
}

/// The first line that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Identifier.
    pub id: i64,
    /// What.
    pub what: What,
}

/// What a walk over the lines has found.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Lines that were looked at.
    pub lines: u64,
    /// The last of them.
    pub head: Option<Anchor>,
    /// What is wrong.
    pub fault: Option<Fault>,
}

/// The last line, by the record of it; `None` before the first.
pub async fn head(store: &Store) -> Result<Option<Anchor>, StoreError> {
    let row = sqlx::query("SELECT record_id, digest FROM audit_head WHERE record_id > 0")
        .fetch_optional(store.pool())
        .await?;
    Ok(row.map(|row| Anchor { id: row.get("record_id"), digest: row.get("digest") }))
}

/// Walks over all lines, or over those after `from`, whose digest is taken as it stands; expects the line of `anchor` among them. `progress` is told how
/// many lines were looked at.
pub async fn verify(
    store: &Store,
    from: Option<i64>,
    anchor: Option<&Anchor>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Verdict, StoreError> {
    // One moment for all of it: lines that are written meanwhile are for the next time.
    let mut tx = store.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let recorded = sqlx::query("SELECT record_id, digest FROM audit_head").fetch_one(&mut *tx).await?;
    let mut verdict = Verdict { lines: 0, head: None, fault: None };
    let mut is_anchored = anchor.is_none();
    if let Some(id) = from {
        let digest = sqlx::query_scalar("SELECT digest FROM audit_record WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(digest) = digest else {
            verdict.fault = Some(Fault { id, what: What::Anchor });
            return Ok(verdict);
        };
        verdict.head = Some(Anchor { id, digest });
        is_anchored |= verdict.head.as_ref() == anchor;
    }
    loop {
        let after = verdict.head.as_ref().map_or(i64::MIN, |head| head.id);
        let rows = sqlx::query(LINES).bind(after).bind(STEP).fetch_all(&mut *tx).await?;
        for row in &rows {
            let id: i64 = row.get("id");
            let former = verdict.head.as_ref().map_or(&[][..], |head| &head.digest);
            if let Some(what) = fault_of(row, former) {
                verdict.fault = Some(Fault { id, what });
                return Ok(verdict);
            }
            verdict.head = Some(Anchor { id, digest: row.get("digest") });
            verdict.lines += 1;
            is_anchored |= verdict.head.as_ref() == anchor;
        }
        progress(verdict.lines);
        if rows.len() < STEP as usize {
            break;
        }
    }
    let recorded = Anchor { id: recorded.get("record_id"), digest: recorded.get("digest") };
    let last = verdict.head.clone().unwrap_or(Anchor { id: 0, digest: Vec::new() });
    if recorded != last {
        verdict.fault = Some(Fault { id: recorded.id, what: What::Head });
    } else if !is_anchored {
        verdict.fault = anchor.map(|anchor| Fault { id: anchor.id, what: What::Anchor });
    }
    Ok(verdict)
}

/// The columns as texts, as the digest covers them.
const LINES: &str = "SELECT id, extract(epoch from at)::text AS epoch, user_id, login, on_behalf, address, action, entity, entity_id, outcome, before::text AS before,
           after::text AS after, reason, request_id, encode(personal_digest, 'hex') AS personal_digest, digest,
           personal IS NULL OR sha256(convert_to(personal::text, 'UTF8')) = personal_digest AS personal_holds
    FROM audit_record WHERE id > $1 ORDER BY id LIMIT $2";

fn fault_of(row: &PgRow, former: &[u8]) -> Option<What> {
    if digest(former, &covered(row)) != row.get::<Vec<u8>, _>("digest") {
        return Some(What::Digest);
    }
    (!row.get::<Option<bool>, _>("personal_holds").unwrap_or(false)).then_some(What::Personal)
}

/// What the digest of a line covers, as Postgres prints the array of its columns.
fn covered(row: &PgRow) -> String {
    let text = |name: &str| row.get::<Option<String>, _>(name).map_or_else(|| "null".into(), |text| quoted(&text));
    let json = |name: &str| row.get::<Option<String>, _>(name).unwrap_or_else(|| "null".into());
    let number =
        |name: &str| row.get::<Option<i64>, _>(name).map_or_else(|| "null".into(), |number| number.to_string());
    let columns = [
        number("id"),
        text("epoch"),
        number("user_id"),
        text("login"),
        text("on_behalf"),
        text("address"),
        text("action"),
        text("entity"),
        text("entity_id"),
        text("outcome"),
        json("before"),
        json("after"),
        text("reason"),
        text("request_id"),
        text("personal_digest"),
    ];
    format!("[{}]", columns.join(", "))
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn digest(former: &[u8], line: &str) -> Vec<u8> {
    Sha256::new().chain_update(former).chain_update(line).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_as_it_is_shown() {
        let anchor = Anchor { id: 17, digest: (0..32).collect() };
        let shown = anchor.to_string();
        assert!(shown.starts_with("17:000102") && shown.ends_with("1e1f"), "{shown}");
        assert_eq!(shown.parse(), Ok(anchor));
        for wrong in ["", "17", "17:", "x:00", "17:00", &shown.replace("1f", "1g"), &format!("{shown}0")] {
            assert!(wrong.parse::<Anchor>().is_err(), "{wrong}");
        }
    }
}
