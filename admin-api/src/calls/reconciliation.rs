//! Records by source and hour, to be held against what switches count (M77).
//!
//! Owns: asking ClickHouse.
//! Does not own: the statements and the comparison (`billing::reconciliation`).
//! Always: records, not legs.

use std::collections::BTreeMap;

use billing::reconciliation::{CHARGED_BY_HOUR, Key, Ours, REPEATED_BY_HOUR};
use chrono::{DateTime, Utc};

use super::CallsReader;

type Charged = (String, i64, i64, i64, i64, i64);

impl CallsReader {
    /// What is rated, non-target and duplicate, of one source or of all (empty), of calls set up from `from` on and before `to`.
    pub(crate) async fn records_by_hour(
        &self,
        source: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<BTreeMap<Key, Ours>, clickhouse::error::Error> {
        let ask = |statement| {
            let query = self.client.query(statement).bind(from.timestamp_millis()).bind(to.timestamp_millis());
            query.bind(source).bind(source)
        };
        let charged: Vec<Charged> = ask(CHARGED_BY_HOUR).fetch_all().await?;
        let repeated: Vec<(String, i64, i64)> = ask(REPEATED_BY_HOUR).fetch_all().await?;
        let mut hours: BTreeMap<Key, Ours> = BTreeMap::new();
        for (source, hour, rated, non_target, answered, seconds) in charged {
            hours.insert((source, hour), Ours { rated, non_target, answered, seconds, ..Ours::default() });
        }
        for (source, hour, records) in repeated {
            hours.entry((source, hour)).or_default().duplicate = records;
        }
        Ok(hours)
    }
}
