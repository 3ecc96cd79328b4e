//! Who called a number of an account.
//!
//! Owns: the statement.
//! Does not own: what many callers mean (`billing::subscriptions`).
//! Always: answered or not; what was rolled back does not count.

use chrono::{DateTime, Utc};

use super::CallsReader;

/// Withheld and malformed callers are one with an empty number.
const STATEMENT: &str = "SELECT src, toInt64(sum(c.calls)) AS standing FROM calls AS c
    WHERE account_id = ? AND dst = ? AND service IN ('incoming', 'tollfree')
      AND started_at >= fromUnixTimestamp64Milli(toInt64(?), 'UTC') AND started_at < fromUnixTimestamp64Milli(toInt64(?), 'UTC')
    GROUP BY src HAVING standing > 0";

impl CallsReader {
    /// Calls to a number that an account pays for, from `from` on and before `to`, by caller.
    pub(crate) async fn callers_of(
        &self,
        account_id: i64,
        number: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<(String, i64)>, clickhouse::error::Error> {
        let query = self.client.query(STATEMENT).bind(account_id).bind(number);
        query.bind(from.timestamp_millis()).bind(to.timestamp_millis()).fetch_all().await
    }
}
