//! How many calls each client made in a stretch of time.
//!
//! Owns: the statement.
//! Does not own: what few calls mean (`billing::tags`).
//! Always: paid legs alone; what was rolled back does not count.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::CallsReader;

/// A client without calls has no row.
const STATEMENT: &str = "SELECT client_id, toInt64(sum(c.calls)) AS standing FROM calls AS c
    WHERE client_id > 0 AND outcome = 'rated' AND started_at >= fromUnixTimestamp64Milli(toInt64(?), 'UTC') AND started_at < fromUnixTimestamp64Milli(toInt64(?), 'UTC')
    GROUP BY client_id HAVING standing > 0";

impl CallsReader {
    /// Calls that began from `from` on and before `to`, by identifier of the client.
    pub(crate) async fn by_client(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<BTreeMap<i64, u64>, clickhouse::error::Error> {
        let query = self.client.query(STATEMENT).bind(from.timestamp_millis()).bind(to.timestamp_millis());
        let rows: Vec<(u64, i64)> = query.fetch_all().await?;
        Ok(rows.into_iter().map(|(client, calls)| (client as i64, calls as u64)).collect())
    }
}
