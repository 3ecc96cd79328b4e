//! Calls as ClickHouse holds them: the only module that asks it.
//!
//! Owns: the statements on table `calls` ([`search`], [`traffic`], of an import, by hour, by client, one charge) and the connection.
//! Does not own: the table (`deploy/clickhouse`), who may see which account's calls.
//! Always: values are bound, never pasted into a statement; a charge is shown once, as its revisions leave it.

mod by_client;
mod callers;
mod imports;
mod reconciliation;
mod search;
mod traffic;

pub(crate) use search::TOTAL_EXACT_MAX;
pub use search::{CallRow, CallsFilter, Numbers, Position};
pub use traffic::TrafficRow;

use billing::charges::{self, ChargeRow};
use clickhouse::{Client, Compression, Row};
use serde::Deserialize;

use crate::problem::{Code, Problem};

/// A charge, in the shape that both programs read.
#[derive(Row, Deserialize)]
struct Fetched {
    row: ChargeRow,
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

    /// Every revision of the charge of a leg; none for an unknown identity.
    pub(crate) async fn charge(&self, identity: &str) -> Result<Vec<ChargeRow>, clickhouse::error::Error> {
        let statement = format!("SELECT {} FROM calls WHERE identity = toFixedString(unhex(?), 16)", charges::COLUMNS);
        let rows: Vec<Fetched> = self.client.query(&statement).bind(identity).fetch_all().await?;
        Ok(rows.into_iter().map(|fetched| fetched.row).collect())
    }
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
}
