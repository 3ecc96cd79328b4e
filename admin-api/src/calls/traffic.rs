//! What the calls of an account come to, month by month (M46).
//!
//! Owns: the statement.
//! Does not own: fees, which are no calls (`billing::ledger`).
//! Always: months are those that legs are booked into, as on the invoice; revisions add up by themselves, and what adds up to nothing is left out.

use chrono::NaiveDate;
use clickhouse::Row;
use serde::Deserialize;

use super::CallsReader;

/// A month of an account by service and currency.
#[derive(Clone, Debug, PartialEq, Eq, Row, Deserialize)]
pub struct TrafficRow {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// Rated service.
    pub service: String,
    /// Currency of the amounts.
    pub currency: String,
    /// Legs.
    pub calls: i64,
    /// Seconds charged.
    pub seconds: i64,
    /// Pieces charged of events.
    pub quantity: i64,
    /// Amount with tax, a decimal.
    pub gross: String,
    /// Amount without tax, a decimal.
    pub net: String,
}

/// Reads what the account has, by the order of the table. There is no bound by start: what came late or was rated again is booked months after it, and
/// the oldest open month, which takes it, is any.
const STATEMENT: &str =
    "SELECT formatDateTime(period, '%Y-%m'), toString(service), toString(currency), sum(c.calls), sum(c.seconds),
        sum(c.calls * toInt64(c.quantity)), toString(sum(c.gross)), toString(sum(c.net))
    FROM calls AS c
    WHERE account_id = ? AND outcome = 'rated' AND period >= toDate(?) AND period <= toDate(?)
    GROUP BY period, service, currency
    HAVING sum(c.calls) != 0 OR sum(c.gross) != 0 OR sum(c.net) != 0
    ORDER BY period DESC, service, currency";

impl CallsReader {
    /// The traffic of an account by month, the newest first, between the first days of two months, both included.
    ///
    /// # Errors
    /// ClickHouse does not answer.
    pub async fn traffic(
        &self,
        account_id: u64,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<TrafficRow>, clickhouse::error::Error> {
        let query = self.client.query(STATEMENT).bind(account_id).bind(first.to_string()).bind(last.to_string());
        query.fetch_all::<TrafficRow>().await
    }
}
