//! The exact look-up of records older than the duplicate window, or whose identity may have been forgotten (A8).
//!
//! Owns: the questions to ClickHouse.
//! Does not own: what waits in suspense, and what becomes of the answer (`commit`).
//! Always: an identity that was charged is found, whatever its age. What is still in the outbox was committed lately and is in `seen`.

use std::collections::HashSet;

use crate::charge::{ChargedLeg, Identity, REPORTS_APART_MS};
use crate::clickhouse::ClickHouse;

/// Identities asked for in one query.
const CHUNK: usize = 2_000;

/// Which of these legs have a row in `calls`.
pub async fn charged_among(
    clickhouse: &ClickHouse,
    legs: &[&ChargedLeg],
) -> Result<HashSet<Identity>, ::clickhouse::error::Error> {
    let mut found = HashSet::new();
    for chunk in legs.chunks(CHUNK) {
        let (first, last) = chunk
            .iter()
            .fold((i64::MAX, i64::MIN), |(first, last), leg| (first.min(leg.setup_ms), last.max(leg.setup_ms)));
        let (first, last) = (first - REPORTS_APART_MS, last + REPORTS_APART_MS);
        let keys: Vec<String> = chunk.iter().map(|leg| format!("unhex('{}')", hex(&leg.identity))).collect();
        let sql = format!(
            "SELECT hex(identity) FROM calls WHERE started_at BETWEEN fromUnixTimestamp64Milli({first}) AND fromUnixTimestamp64Milli({last})
             AND identity IN ({}) GROUP BY identity HAVING sum(calls) > 0",
            keys.join(", ")
        );
        let rows: Vec<String> = clickhouse.client().query(&sql).fetch_all().await?;
        found.extend(rows.iter().filter_map(|text| unhex(text)));
    }
    Ok(found)
}

/// Identity as ClickHouse writes it.
pub fn hex(identity: &Identity) -> String {
    format!("{:032X}", u128::from_be_bytes(*identity))
}

/// Reads what [`hex`] writes.
pub fn unhex(text: &str) -> Option<Identity> {
    let mut identity = [0; 16];
    for (index, byte) in identity.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_survive_the_way_through_text() {
        let identity = *b"\x00\x01\xfe\xffabcdefghijkl";
        assert_eq!(unhex(&hex(&identity)), Some(identity));
        assert_eq!(unhex("00"), None);
    }
}
