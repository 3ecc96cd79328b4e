//! What became of the records of an import.
//!
//! Owns: the statement.
//! Does not own: the import (`billing::imports`), its suspense.
//! Always: a record counts once, by its first leg; what was rolled back does not count.

use clickhouse::Row;
use serde::Deserialize;

use super::CallsReader;

/// Records of an import that were charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct OfImport {
    /// Rated.
    pub(crate) rated: i64,
    /// Calls to numbers not in work.
    pub(crate) non_target: i64,
}

/// A record is known by its place; both legs of an on-net call share it.
const STATEMENT: &str = "SELECT toInt64(countIf(first_outcome = 'rated')), toInt64(countIf(first_outcome = 'non_target'))
    FROM (
        SELECT stream_id, partition, record_offset, argMin(leg_outcome, leg) AS first_outcome
        FROM (
            SELECT stream_id, partition, record_offset, leg, toString(any(outcome)) AS leg_outcome, sum(c.calls) AS standing
            FROM calls AS c WHERE import_id = ?
            GROUP BY stream_id, partition, record_offset, leg, identity HAVING standing > 0
        )
        GROUP BY stream_id, partition, record_offset
    )";

impl CallsReader {
    /// What of an import is charged now.
    pub(crate) async fn of_import(&self, id: i64) -> Result<OfImport, clickhouse::error::Error> {
        self.client.query(STATEMENT).bind(id).fetch_one::<OfImport>().await
    }
}
