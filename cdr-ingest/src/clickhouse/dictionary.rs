//! The data dictionary: tables, views and columns with their comments, as Markdown.
//!
//! Owns: which tables are in it, its form.
//! Does not own: the comments (they stand in `deploy/clickhouse`).
//! Always: what the server says, in an order that does not depend on it.

use std::fmt::Write;

use ::clickhouse::Row;
use serde::Deserialize;

use super::ClickHouse;

/// Tables of the machinery: they say nothing about calls.
const LEFT_OUT: &str = "('schema_version', 'deduplication_probe')";

#[derive(Row, Deserialize)]
struct Table {
    name: String,
    engine: String,
    comment: String,
    partition_key: String,
    sorting_key: String,
}

#[derive(Row, Deserialize)]
struct Column {
    table: String,
    name: String,
    kind: String,
    comment: String,
}

/// The dictionary of a database.
///
/// # Errors
/// The server, or the way to it.
pub async fn markdown(clickhouse: &ClickHouse) -> Result<String, ::clickhouse::error::Error> {
    let tables = format!(
        "SELECT name, engine, comment, partition_key, sorting_key FROM system.tables
         WHERE database = ? AND name NOT IN {LEFT_OUT} ORDER BY engine = 'View', name"
    );
    let columns =
        "SELECT table, name, type AS kind, comment FROM system.columns WHERE database = ? ORDER BY table, position";
    let tables: Vec<Table> = clickhouse.client().query(&tables).bind(clickhouse.database()).fetch_all().await?;
    let columns: Vec<Column> = clickhouse.client().query(columns).bind(clickhouse.database()).fetch_all().await?;
    Ok(render(&tables, &columns))
}

fn render(tables: &[Table], columns: &[Column]) -> String {
    let mut text = String::from(
        "# Data dictionary of ClickHouse\n\nWritten by `cdr-ingest dictionary` from the comments in the database; they stand in the numbered files beside this page.\n",
    );
    for table in tables {
        let kind = if table.engine == "View" { "view" } else { "table" };
        // Writing into a String does not fail.
        let _ = write!(text, "\n## {} ({kind})\n\n{}.\n", table.name, cell(&table.comment));
        if kind == "table" {
            let partitions = if table.partition_key.is_empty() { "none" } else { &table.partition_key };
            let _ = write!(text, "\nOrder: `{}`; partitions: `{partitions}`.\n", table.sorting_key);
        }
        let mut own = columns.iter().filter(|column| column.table == table.name).peekable();
        if own.peek().is_some() {
            text.push_str("\n| column | type | meaning |\n| --- | --- | --- |\n");
        }
        for column in own {
            let _ = writeln!(text, "| `{}` | `{}` | {} |", column.name, cell(&column.kind), cell(&column.comment));
        }
    }
    text
}

/// A text inside a table of Markdown: a bar would end the cell, an asterisk alone would begin emphasis.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_or_an_asterisk_in_a_comment_stays_in_its_cell() {
        let text = |text: &str| text.to_owned();
        let table = Table {
            name: text("t"),
            engine: text("View"),
            comment: text("What | is"),
            partition_key: String::new(),
            sorting_key: String::new(),
        };
        let column = |table: &str, comment: &str| Column {
            table: text(table),
            name: text("c"),
            kind: text("UInt8"),
            comment: text(comment),
        };
        let page = render(&[table], &[column("t", "a * b"), column("other", "no")]);
        assert!(page.ends_with("## t (view)\n\nWhat \\| is.\n\n| column | type | meaning |\n| --- | --- | --- |\n| `c` | `UInt8` | a \\* b |\n"), "{page}");
    }
}
