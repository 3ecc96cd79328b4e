//! The schema of ClickHouse: numbered files, applied once each.
//!
//! Owns: which files there are, and table `schema_version`; a first key for the masks of numbers.
//! Does not own: their contents (`deploy/clickhouse`).
//! Always: a file that was applied is never changed; a new one is added.

use super::ClickHouse;

/// (number, name, statements).
const FILES: &[(u32, &str, &str)] = &[
    (1, "calls", include_str!("../../../deploy/clickhouse/0001_calls.sql")),
    (2, "wholesale_cost", include_str!("../../../deploy/clickhouse/0002_wholesale_cost.sql")),
    (3, "counters_and_events", include_str!("../../../deploy/clickhouse/0003_counters_and_events.sql")),
    (4, "replay", include_str!("../../../deploy/clickhouse/0004_replay.sql")),
    (10, "masking", include_str!("../../../deploy/clickhouse/0010_masking.sql")),
    (11, "traffic", include_str!("../../../deploy/clickhouse/0011_traffic.sql")),
    (12, "money", include_str!("../../../deploy/clickhouse/0012_money.sql")),
    (13, "watch", include_str!("../../../deploy/clickhouse/0013_watch.sql")),
];

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A statement failed.
    #[error("clickhouse, file {file:04}_{name}.sql: {error}")]
    Statement {
        /// Number of the file.
        file: u32,
        /// Its name.
        name: &'static str,
        /// What the server says.
        error: ::clickhouse::error::Error,
    },
    /// The database could not be prepared.
    #[error("clickhouse: {0}")]
    Server(#[from] ::clickhouse::error::Error),
    /// A database may be dropped only if its name says that it was made for that.
    #[error("database `{0}` is not one that may be dropped; only tollgate_demo* and tollgate_test* are")]
    NotOurs(String),
}

/// Creates the database, with `fresh` after dropping it, applies the files that are missing, and sees to it that numbers can be masked.
pub async fn migrate(clickhouse: &ClickHouse, fresh: bool) -> Result<u32, SchemaError> {
    let name = clickhouse.database();
    let server = clickhouse.client().clone().with_database("default");
    if fresh {
        drop_database(clickhouse).await?;
    }
    server.query(&format!("CREATE DATABASE IF NOT EXISTS {}", quoted(name))).execute().await?;
    let client = clickhouse.client();
    client
        .query("CREATE TABLE IF NOT EXISTS schema_version (number UInt32, name String, applied_at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY number")
        .execute()
        .await?;
    let applied: Vec<u32> = client.query("SELECT number FROM schema_version ORDER BY number").fetch_all().await?;
    let mut count = 0;
    for (file, name, text) in FILES.iter().filter(|(number, ..)| !applied.contains(number)) {
        let failed = |error| SchemaError::Statement { file: *file, name, error };
        for statement in statements(text) {
            client.query(&statement.replace('?', "??")).execute().await.map_err(failed)?;
        }
        let record = format!("INSERT INTO schema_version (number, name) VALUES ({file}, '{name}')");
        client.query(&record).execute().await.map_err(failed)?;
        count += 1;
    }
    super::mask::ensure_key(clickhouse).await?;
    Ok(count)
}

/// Drops the database, if its name allows it.
pub async fn drop_database(clickhouse: &ClickHouse) -> Result<(), SchemaError> {
    let name = clickhouse.database();
    if !name.starts_with("tollgate_demo") && !name.starts_with("tollgate_test") {
        return Err(SchemaError::NotOurs(name.to_owned()));
    }
    let server = clickhouse.client().clone().with_database("default");
    Ok(server.query(&format!("DROP DATABASE IF EXISTS {} SYNC", quoted(name))).execute().await?)
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', ""))
}

/// The statements of a file: a semicolon at the end of a line ends one; comment lines are dropped.
fn statements(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    code.join("\n")
        .split(";\n")
        .map(|statement| statement.trim().trim_end_matches(';').to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables whose rows do not come out of the outbox.
    const NOT_DELIVERED: &[&str] = &["mask_keys"];

    /// The columns that are encoded are those of the file, in the same order.
    #[test]
    fn rows_have_the_columns_of_the_tables() {
        let mut tables: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
        for statement in FILES.iter().flat_map(|(_, _, text)| statements(text)) {
            let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
            if let Some(rest) = statement.strip_prefix("CREATE TABLE ") {
                let body = rest.split_once('(').unwrap().1.split("\n)").next().unwrap();
                tables.insert(first(rest), body.lines().map(first).filter(|name| !name.is_empty()).collect());
            } else if let Some(rest) = statement.strip_prefix("ALTER TABLE ") {
                let columns = tables.get_mut(&first(rest)).unwrap();
                let dropped = rest.lines().filter_map(|line| line.trim().strip_prefix("DROP COLUMN "));
                for column in dropped.map(|line| line.trim_end_matches(',')) {
                    columns.retain(|other| other != column);
                }
                for line in rest.lines().filter_map(|line| line.trim().strip_prefix("ADD COLUMN ")) {
                    let after = line.trim_end_matches(',').rsplit_once(" AFTER ").unwrap().1;
                    let place = columns.iter().position(|column| column == after).unwrap();
                    columns.insert(place + 1, first(line));
                }
            }
        }
        for (table, columns) in tables.into_iter().filter(|(table, _)| !NOT_DELIVERED.contains(&table.as_str())) {
            assert_eq!(super::super::row::columns(&table).unwrap(), columns, "{table}");
        }
    }
}
