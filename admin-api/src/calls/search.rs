//! The search of an account's calls (M34).
//!
//! Owns: the filter and its conditions, a page of calls, their count.
//! Does not own: how a filter is written at the API (`routes`).
//! Always: the table is ordered by account and start and cut by months of the start, and every statement says both, so what is read is what an account has,
//! not what the table has. Rows of a charge have one account, start and identity: a charge is one group, shown where `sum(calls)` is above 0, its amounts
//! summed, all else from its newest row that is no reversal. A page ends where the next begins, whatever arrives in between.

use chrono::{DateTime, Utc};
use clickhouse::query::Query;
use clickhouse::{Client, Row};
use rating::Service;
use serde::Deserialize;

use super::CallsReader;

type Answer<T> = Result<T, clickhouse::error::Error>;

/// Counts are exact up to here, "at least" beyond.
pub(crate) const TOTAL_EXACT_MAX: u64 = 10_000;
/// Rows that a window looks at for each charge that is wanted: one that was rated again once has three.
const ROWS_PER_CHARGE: u64 = 4;
/// How much wider a window becomes that had too few charges.
const WIDENED: u64 = 4;

/// A charge as it stands. No `Debug`: numbers do not belong into logs.
#[derive(Row, Deserialize)]
pub struct CallRow {
    /// All that is not summed.
    pub(crate) leg: LegRow,
    /// With tax, over all revisions.
    pub(crate) gross: String,
    /// Without tax, over all revisions.
    pub(crate) net: String,
}

/// What the newest row of a charge says. No `Debug`: numbers do not belong into logs.
#[derive(Row, Deserialize)]
pub(crate) struct LegRow {
    pub(crate) identity: String,
    pub(crate) revision: u16,
    pub(crate) started_ms: i64,
    pub(crate) answered_ms: Option<i64>,
    pub(crate) ended_ms: i64,
    pub(crate) source: String,
    pub(crate) cdr_id: String,
    pub(crate) call_id: String,
    pub(crate) leg: u8,
    pub(crate) src: String,
    pub(crate) dst: String,
    pub(crate) service: String,
    pub(crate) direction: String,
    pub(crate) outcome: String,
    pub(crate) disposition: String,
    pub(crate) release_cause: String,
    pub(crate) provider_id: u32,
    pub(crate) destination: String,
    pub(crate) retail_prefix: String,
    pub(crate) retail_rate: u64,
    pub(crate) duration_ms: u64,
    pub(crate) billed_seconds: u64,
    pub(crate) quantity: u64,
    pub(crate) tax_rate: String,
    pub(crate) currency: String,
    pub(crate) lock_breach: u8,
    pub(crate) emergency: u8,
}

/// The columns of [`LegRow`], in its order. No alias has a column's name, else conditions would mean the alias.
const COLUMNS: &str = "hex(identity), revision, toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(answered_at),
    toUnixTimestamp64Milli(ended_at), toString(source), cdr_id, call_id, leg, src, dst, toString(service), toString(direction), toString(outcome),
    toString(disposition), toString(release_cause), provider_id, toString(destination), retail_prefix, retail_rate, duration_ms, billed_seconds,
    quantity, toString(tax_rate), toString(currency), toUInt8(lock_breach), toUInt8(emergency)";

/// Which numbers.
#[derive(Clone)]
pub enum Numbers {
    /// The dialled number begins with these digits.
    DialledFrom(String),
    /// One of the two numbers is this one.
    Party(String),
}

/// Which calls. No `Debug`: numbers do not belong into logs.
#[derive(Clone)]
pub struct CallsFilter {
    /// Account that pays.
    pub account_id: u64,
    /// Rated service.
    pub service: Service,
    /// Started at this moment or later, if said.
    pub from: Option<DateTime<Utc>>,
    /// Started before this moment, if said.
    pub to: Option<DateTime<Utc>>,
    /// Numbers, if said.
    pub numbers: Option<Numbers>,
}

/// The last call of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// Its start, milliseconds since 1970.
    pub started_ms: i64,
    /// Its identity in hexadecimal.
    pub identity: String,
}

impl CallRow {
    /// Where a page that ends with it goes on.
    pub fn position(&self) -> Position {
        Position { started_ms: self.leg.started_ms, identity: self.leg.identity.clone() }
    }
}

/// The newest rows of a search, as many as were asked for.
#[derive(Row, Deserialize)]
struct Window {
    /// Rows in it; fewer than were asked for = the search has no more.
    rows: u64,
    /// Start of the oldest. Of what started then, rows may lie outside.
    oldest_ms: i64,
    /// Charges in it that stand.
    charges: u64,
    /// Start of the charge that was wanted; 0 where there are fewer.
    wanted_ms: i64,
}

/// A value of a condition.
#[derive(Clone)]
enum Bound {
    Number(i64),
    Text(String),
}

/// A statement with its values.
struct Statement {
    text: String,
    values: Vec<Bound>,
}

impl Statement {
    fn query(self, client: &Client) -> Query {
        self.values.into_iter().fold(client.query(&self.text), |query, value| match value {
            Bound::Number(number) => query.bind(number),
            Bound::Text(text) => query.bind(text),
        })
    }
}

impl CallsReader {
    /// Calls of an account, the newest first: at most `limit` after `position`.
    ///
    /// # Errors
    /// ClickHouse does not answer.
    pub async fn list(&self, filter: &CallsFilter, after: Option<&Position>, limit: u64) -> Answer<Vec<CallRow>> {
        let floor_ms = self.floor(filter, after, limit).await?;
        page(filter, after, floor_ms, limit).query(&self.client).fetch_all::<CallRow>().await
    }

    /// How many calls there are, counted to 10,000; one more stands for all beyond.
    ///
    /// # Errors
    /// ClickHouse does not answer.
    pub async fn count(&self, filter: &CallsFilter) -> Answer<u64> {
        let wanted = TOTAL_EXACT_MAX + 1;
        let (window, is_whole) = self.window(filter, None, wanted).await?;
        Ok(if is_whole { window.charges.min(wanted) } else { wanted })
    }

    /// A leg as it stands, or as it stood before it was taken back.
    pub(crate) async fn latest(&self, identity: &str) -> Answer<Option<CallRow>> {
        let statement =
            format!("SELECT {} FROM calls WHERE identity = toFixedString(unhex(?), 16) GROUP BY identity", standing());
        self.client.query(&statement).bind(identity).fetch_optional::<CallRow>().await
    }

    /// What ClickHouse would read for a page, in its own words (`EXPLAIN indexes = 1`): the window, then the page.
    ///
    /// # Errors
    /// ClickHouse does not answer.
    pub async fn explain(&self, filter: &CallsFilter, limit: u64) -> Answer<Vec<String>> {
        let mut lines = Vec::new();
        let floor_ms = self.floor(filter, None, limit).await?;
        for statement in [window(filter, None, limit, limit * ROWS_PER_CHARGE), page(filter, None, floor_ms, limit)] {
            let text = format!("SELECT explain FROM (EXPLAIN indexes = 1 {})", statement.text);
            lines.extend(Statement { text, ..statement }.query(&self.client).fetch_all::<String>().await?);
        }
        Ok(lines)
    }

    /// Start of the oldest call of a page; `None` where everything that is left belongs to it.
    async fn floor(&self, filter: &CallsFilter, after: Option<&Position>, limit: u64) -> Answer<Option<i64>> {
        let (window, is_whole) = self.window(filter, after, limit).await?;
        Ok((!is_whole).then_some(window.wanted_ms))
    }

    /// A window with at least the wanted charges, or with everything (`true`).
    async fn window(&self, filter: &CallsFilter, after: Option<&Position>, wanted: u64) -> Answer<(Window, bool)> {
        let mut rows = wanted * ROWS_PER_CHARGE;
        loop {
            let found: Window = window(filter, after, wanted, rows).query(&self.client).fetch_one().await?;
            if found.rows < rows {
                return Ok((found, true));
            }
            // Older ones may have further rows outside of the window.
            if found.wanted_ms > found.oldest_ms {
                return Ok((found, false));
            }
            rows *= WIDENED;
        }
    }
}

/// What to select for a [`CallRow`] of a group.
fn standing() -> String {
    format!("argMax(tuple({COLUMNS}), (calls > 0, batch_id, revision)), toString(sum(gross)), toString(sum(net))")
}

/// The newest rows, read in the order of the table: no more than `rows` of them, however many the account has.
fn window(filter: &CallsFilter, after: Option<&Position>, wanted: u64, rows: u64) -> Statement {
    let (conditions, conditions_values) = conditions(filter, after, None);
    let text = format!(
        "SELECT sum(rows), min(ms), countIf(legs > 0), arrayElement(arrayReverseSort(groupArrayIf(ms, legs > 0)), ?)
         FROM (SELECT toUnixTimestamp64Milli(started_at) AS ms, identity, count() AS rows, sum(calls) AS legs
               FROM (SELECT started_at, identity, calls FROM calls WHERE {conditions} ORDER BY started_at DESC LIMIT ?)
               GROUP BY ms, identity)"
    );
    let mut values = vec![Bound::Number(wanted as i64)];
    values.extend(conditions_values);
    values.push(Bound::Number(rows as i64));
    Statement { text, values }
}

/// The charges from `floor_ms` on.
fn page(filter: &CallsFilter, after: Option<&Position>, floor_ms: Option<i64>, limit: u64) -> Statement {
    let (conditions, mut values) = conditions(filter, after, floor_ms);
    let text = format!(
        "SELECT {} FROM calls WHERE {conditions} GROUP BY started_at, identity HAVING sum(calls) > 0
         ORDER BY started_at DESC, identity DESC LIMIT ?",
        standing()
    );
    values.push(Bound::Number(limit as i64));
    Statement { text, values }
}

/// The conditions with their values, in order.
fn conditions(filter: &CallsFilter, after: Option<&Position>, floor_ms: Option<i64>) -> (String, Vec<Bound>) {
    const MOMENT: &str = "fromUnixTimestamp64Milli(toInt64(?), 'UTC')";
    let mut text = String::from("account_id = ? AND service = ?");
    let mut values = vec![Bound::Number(filter.account_id as i64), Bound::Text(filter.service.as_str().to_owned())];
    let mut add = |condition: &str, new: &[Bound]| {
        text.push_str(" AND ");
        text.push_str(condition);
        values.extend_from_slice(new);
    };
    let from_ms = filter.from.map(|from| from.timestamp_millis()).max(floor_ms);
    if let Some(from_ms) = from_ms {
        add(&format!("started_at >= {MOMENT}"), &[Bound::Number(from_ms)]);
    }
    if let Some(to) = filter.to {
        add(&format!("started_at < {MOMENT}"), &[Bound::Number(to.timestamp_millis())]);
    }
    match &filter.numbers {
        Some(Numbers::DialledFrom(digits)) => add("startsWith(dst, ?)", &[Bound::Text(digits.clone())]),
        Some(Numbers::Party(number)) => {
            add("(dst = ? OR src = ?)", &[Bound::Text(number.clone()), Bound::Text(number.clone())]);
        }
        None => {}
    }
    if let Some(position) = after {
        let at = Bound::Number(position.started_ms);
        add(&format!("started_at <= {MOMENT}"), std::slice::from_ref(&at));
        add(
            &format!("(started_at, identity) < ({MOMENT}, toFixedString(unhex(?), 16))"),
            &[at, Bound::Text(position.identity.clone())],
        );
    }
    (text, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_has_its_value() {
        let plain = CallsFilter { account_id: 7, service: Service::Outgoing, from: None, to: None, numbers: None };
        let moment = Some(DateTime::UNIX_EPOCH);
        let position = Position { started_ms: 1, identity: "00".repeat(16) };
        for (filter, after, expected) in [
            (plain.clone(), None, 2),
            (CallsFilter { from: moment, to: moment, ..plain.clone() }, None, 4),
            (CallsFilter { numbers: Some(Numbers::DialledFrom("7'4".into())), ..plain.clone() }, None, 3),
            (CallsFilter { numbers: Some(Numbers::Party("7".into())), ..plain }, Some(&position), 7),
        ] {
            let (text, values) = conditions(&filter, after, None);
            assert_eq!((text.matches('?').count(), values.len()), (expected, expected), "{text}");
            for statement in [window(&filter, after, 1, 1), page(&filter, after, Some(5), 1)] {
                assert_eq!(statement.text.matches('?').count(), statement.values.len(), "{}", statement.text);
            }
        }
    }

    /// A floor narrows the period and never widens it.
    #[test]
    fn the_later_beginning_counts() {
        let filter = CallsFilter {
            account_id: 7,
            service: Service::Outgoing,
            from: DateTime::from_timestamp_millis(10),
            to: None,
            numbers: None,
        };
        for (floor_ms, expected) in [(None, 10), (Some(5), 10), (Some(20), 20)] {
            let (_, values) = conditions(&filter, None, floor_ms);
            assert!(matches!(values[2], Bound::Number(from) if from == expected), "{floor_ms:?}");
        }
    }

    #[test]
    fn columns_are_as_many_as_fields() {
        assert_eq!(COLUMNS.split(',').count(), LegRow::COLUMN_NAMES.len());
    }
}
