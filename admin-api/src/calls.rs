//! Calls as ClickHouse holds them: the only module that asks it.
//!
//! Owns: the statements on table `calls` and the connection.
//! Does not own: the table (`deploy/clickhouse`), who may see which account's calls.
//! Always: values are bound, never pasted into a statement; a page ends where the next begins, whatever arrives in between.

use billing::charges::{self, ChargeRow};
use chrono::{DateTime, Utc};
use clickhouse::query::Query;
use clickhouse::{Client, Compression, Row};
use rating::Service;
use serde::Deserialize;

use crate::problem::{Code, Problem};

/// Counts are exact up to here, "at least" beyond.
pub(crate) const TOTAL_EXACT_MAX: u64 = 10_000;

/// A leg. No `Debug`: numbers do not belong into logs.
#[derive(Row, Deserialize)]
pub(crate) struct CallRow {
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
    pub(crate) billed_seconds: u64,
    pub(crate) gross: String,
    pub(crate) net: String,
    pub(crate) tax_rate: String,
    pub(crate) currency: String,
    pub(crate) lock_breach: u8,
    pub(crate) emergency: u8,
}

/// The columns of [`CallRow`], in its order. No alias has a column's name, else conditions would mean the alias.
const COLUMNS: &str = "hex(identity), revision, toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(answered_at),
    toUnixTimestamp64Milli(ended_at), toString(source), cdr_id, call_id, leg, src, dst, toString(service), toString(direction), toString(outcome),
    toString(disposition), toString(release_cause), provider_id, toString(destination), retail_prefix, retail_rate, billed_seconds,
    toString(gross), toString(net), toString(tax_rate), toString(currency), toUInt8(lock_breach), toUInt8(emergency)";

/// Which calls. No `Debug`: numbers do not belong into logs.
#[derive(Clone)]
pub(crate) struct CallsFilter {
    /// Account that pays.
    pub(crate) account_id: u64,
    /// Started at this moment or later.
    pub(crate) from: DateTime<Utc>,
    /// Started before this moment.
    pub(crate) to: DateTime<Utc>,
    /// Digits that the dialled number begins with.
    pub(crate) dst: Option<String>,
    /// Rated service.
    pub(crate) service: Option<Service>,
}

/// A charge, in the shape that both programs read.
#[derive(Row, Deserialize)]
struct Fetched {
    row: ChargeRow,
}

/// The last call of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    /// Its start.
    pub(crate) started_ms: i64,
    /// Its identity in hexadecimal.
    pub(crate) identity: String,
    /// Its revision: a re-rated call has several rows.
    pub(crate) revision: u16,
}

/// The door to ClickHouse.
#[derive(Clone)]
pub struct CallsReader {
    client: Client,
}

impl CallsReader {
    /// A reader of `database` at `url` (`http://user:password@host:port`, credentials optional); connects on first use.
    pub fn open(url: &str, database: &str) -> Self {
        let (address, credentials) = split_credentials(url);
        let mut client = Client::default()
            .with_url(address)
            .with_database(database)
            .with_compression(Compression::None)
            .with_validation(false);
        if let Some((user, password)) = credentials {
            client = client.with_user(user).with_password(password);
        }
        Self { client }
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), clickhouse::error::Error> {
        let client = self.client.clone().with_database("default");
        client.query("SELECT 1").fetch_one::<u8>().await.map(|_| ())
    }

    /// Calls of an account, the newest first: at most `limit` after `position`.
    pub(crate) async fn list(
        &self,
        filter: &CallsFilter,
        after: Option<&Position>,
        limit: u64,
    ) -> Result<Vec<CallRow>, clickhouse::error::Error> {
        let mut statement = format!("SELECT {COLUMNS} FROM calls WHERE {}", conditions(filter));
        if after.is_some() {
            statement.push_str(
                " AND started_at <= fromUnixTimestamp64Milli(toInt64(?), 'UTC')
                 AND (started_at, identity, revision)
                     < (fromUnixTimestamp64Milli(toInt64(?), 'UTC'), toFixedString(unhex(?), 16), toUInt16(?))",
            );
        }
        statement.push_str(" ORDER BY started_at DESC, identity DESC, revision DESC LIMIT ?");
        let mut query = bound(self.client.query(&statement), filter);
        if let Some(position) = after {
            query = query
                .bind(position.started_ms)
                .bind(position.started_ms)
                .bind(position.identity.as_str())
                .bind(position.revision);
        }
        query.bind(limit).fetch_all::<CallRow>().await
    }

    /// Every revision of the charge of a leg; none for an unknown identity.
    pub(crate) async fn charge(&self, identity: &str) -> Result<Vec<ChargeRow>, clickhouse::error::Error> {
        let statement = format!("SELECT {} FROM calls WHERE identity = toFixedString(unhex(?), 16)", charges::COLUMNS);
        let rows: Vec<Fetched> = self.client.query(&statement).bind(identity).fetch_all().await?;
        Ok(rows.into_iter().map(|fetched| fetched.row).collect())
    }

    /// The latest revision of a leg.
    pub(crate) async fn latest(&self, identity: &str) -> Result<Option<CallRow>, clickhouse::error::Error> {
        let statement = format!(
            "SELECT {COLUMNS} FROM calls WHERE identity = toFixedString(unhex(?), 16) ORDER BY revision DESC LIMIT 1"
        );
        self.client.query(&statement).bind(identity).fetch_optional::<CallRow>().await
    }

    /// How many calls there are, counted to [`TOTAL_EXACT_MAX`] and one more.
    pub(crate) async fn count(&self, filter: &CallsFilter) -> Result<u64, clickhouse::error::Error> {
        let statement = format!("SELECT count() FROM (SELECT leg FROM calls WHERE {} LIMIT ?)", conditions(filter));
        bound(self.client.query(&statement), filter).bind(TOTAL_EXACT_MAX + 1).fetch_one::<u64>().await
    }
}

/// The conditions of a filter; [`bound`] binds their values in the same order.
fn conditions(filter: &CallsFilter) -> String {
    let mut text = String::from(
        "account_id = ? AND started_at >= fromUnixTimestamp64Milli(toInt64(?), 'UTC')
         AND started_at < fromUnixTimestamp64Milli(toInt64(?), 'UTC')",
    );
    if filter.dst.is_some() {
        text.push_str(" AND startsWith(dst, ?)");
    }
    if filter.service.is_some() {
        text.push_str(" AND service = ?");
    }
    text
}

fn bound(query: Query, filter: &CallsFilter) -> Query {
    let mut query =
        query.bind(filter.account_id).bind(filter.from.timestamp_millis()).bind(filter.to.timestamp_millis());
    if let Some(dst) = &filter.dst {
        query = query.bind(dst.as_str());
    }
    if let Some(service) = filter.service {
        query = query.bind(service.as_str());
    }
    query
}

impl From<clickhouse::error::Error> for Problem {
    fn from(error: clickhouse::error::Error) -> Self {
        use clickhouse::error::Error;
        if matches!(error, Error::Network(_) | Error::TimedOut) {
            tracing::warn!("clickhouse: {error}");
            return Self::new(Code::Unavailable);
        }
        tracing::error!("clickhouse: {error}");
        Self::new(Code::Internal)
    }
}

/// Credentials leave the address: it ends up in messages, they go into headers.
fn split_credentials(url: &str) -> (String, Option<(String, String)>) {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    if let Some((scheme, rest)) = url.split_once("://")
        && let Some((credentials, host)) = rest.rsplit_once('@')
    {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        return (format!("{scheme}://{host}"), Some((decoded(user), decoded(password))));
    }
    (url.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_address() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (url, address, credentials) in [
            ("http://127.0.0.1:8123", "http://127.0.0.1:8123", None),
            ("http://reader:p%40ss@ch:8123", "http://ch:8123", pair("reader", "p@ss")),
            ("https://reader@ch", "https://ch", pair("reader", "")),
        ] {
            assert_eq!(split_credentials(url), (address.to_owned(), credentials), "{url}");
        }
    }

    #[test]
    fn every_condition_has_its_value() {
        let filter = CallsFilter {
            account_id: 7,
            from: DateTime::UNIX_EPOCH,
            to: DateTime::UNIX_EPOCH,
            dst: Some("7'4".into()),
            service: Some(Service::Outgoing),
        };
        assert_eq!(conditions(&filter).matches('?').count(), 5);
        let plain = CallsFilter { dst: None, service: None, ..filter };
        assert_eq!(conditions(&plain).matches('?').count(), 3);
    }

    #[test]
    fn columns_are_as_many_as_fields() {
        assert_eq!(COLUMNS.split(',').count(), CallRow::COLUMN_NAMES.len());
    }
}
