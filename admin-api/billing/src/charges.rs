//! Charges as ClickHouse keeps them, made ready to be priced again.
//!
//! Owns: the shape of a stored row and what to select for it, the charge that the rows of a leg make together, the catalogue that it was priced by.
//! Does not own: asking ClickHouse (the programs do), the price (`rating::replay`).
//! Always: both programs read charges in this one shape; the amounts of a leg are the sums of its revisions, all else is the latest revision's.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use numbering::{Digits, NumberingPlan, ShortCode};
use rating::counter::{CounterKey, Draw};
use rating::replay::{Figures, Retail, StoredCharge, Wholesale};
use rating::rows::{AccountId, CounterId, ListId, ProviderId, Rows};
use rating::{Currency, Money, Service, Snapshot, Usage};
use serde::Deserialize;

use crate::hot_path::{Charged, read_rows_of};
use crate::store::{Store, StoreError};

/// What to select from table `calls`, in the order of the fields of [`ChargeRow`]. Decimals come as whole numbers of their last digit.
pub const COLUMNS: &str = "hex(identity), revision, tariff_version, account_id, toString(outcome), toUnixTimestamp64Milli(started_at),
    toUnixTimestamp64Milli(answered_at), src, dst, toUInt8(dst_short), toString(service), provider_id, toString(incoming_service), toString(place), used,
    counter_ids, counter_periods, counters_before, counters_added, retail_list, retail_rate, gross, net, tax_rate, toString(currency), list_amount,
    toString(list_currency), exchange_rate, discount_id, billed_seconds + quantity, seconds_covered, wholesale_list, wholesale_rate, wholesale_amount,
    toString(wholesale_currency), wholesale_cost, toString(wholesale_cost_currency), wholesale_exchange_rate, toUInt8(wholesale_missing), lock_id,
    toUInt8(emergency), batch_id";

/// A row of table `calls`. No `Debug`: numbers do not belong into logs.
#[derive(Clone, Deserialize)]
pub struct ChargeRow {
    /// Identity of the leg, 32 hexadecimal digits.
    pub identity: String,
    /// Revision.
    pub revision: u16,
    version: u64,
    account: u64,
    outcome: String,
    started_ms: i64,
    answered_ms: Option<i64>,
    src: String,
    dst: String,
    dst_short: u8,
    service: String,
    provider: u32,
    incoming_service: String,
    place: String,
    used: u64,
    counter_ids: Vec<u32>,
    /// Days since 1970-01-01.
    counter_periods: Vec<u16>,
    counters_before: Vec<u64>,
    counters_added: Vec<u64>,
    retail_list: u32,
    retail_rate: u64,
    gross: i64,
    net: i64,
    tax_rate: i32,
    currency: String,
    list_amount: i64,
    list_currency: String,
    exchange_rate: i64,
    discount: u64,
    billed: u64,
    covered: u64,
    wholesale_list: u32,
    wholesale_rate: u64,
    wholesale_amount: i64,
    wholesale_currency: String,
    wholesale_cost: i64,
    wholesale_cost_currency: String,
    wholesale_exchange_rate: i64,
    wholesale_missing: u8,
    lock: u64,
    emergency: u8,
    /// Identifier of the INSERT that brought the row: of two rows of a leg the later one has the higher.
    pub batch_id: u64,
}

fn strange(identity: &str, column: &str) -> StoreError {
    StoreError::Inconsistent { table: "calls", problem: format!("charge {identity}, whose {column} is not understood") }
}

impl ChargeRow {
    /// Adds the amounts of an earlier revision.
    fn add(&mut self, earlier: &Self) -> Option<()> {
        for (sum, amount) in [
            (&mut self.gross, earlier.gross),
            (&mut self.net, earlier.net),
            (&mut self.list_amount, earlier.list_amount),
            (&mut self.wholesale_amount, earlier.wholesale_amount),
            (&mut self.wholesale_cost, earlier.wholesale_cost),
        ] {
            *sum = sum.checked_add(amount)?;
        }
        Some(())
    }

    fn charge(self) -> Result<StoredCharge, StoreError> {
        let service: Service = self.service.parse().map_err(|()| strange(&self.identity, "service"))?;
        let number = if self.dst_short == 0 {
            Digits::parse(self.dst.as_bytes())
        } else {
            ShortCode::parse(&self.dst).map(ShortCode::digits)
        };
        let usage = match self.answered_ms {
            None => Usage::ATTEMPT,
            Some(_) if service.is_call() => Usage::call(self.used),
            Some(_) => Usage::event(self.used),
        };
        let draws = self.draws();
        Ok(StoredCharge {
            figures: self.figures(&draws)?,
            revision: self.revision,
            version: self.version,
            account: (self.account != 0).then_some(AccountId(self.account)),
            is_non_target: self.outcome == "non_target",
            at_ms: self.answered_ms.unwrap_or(self.started_ms),
            service,
            number: number.ok_or_else(|| strange(&self.identity, "dst"))?,
            origin: Digits::parse(self.src.as_bytes()).ok_or_else(|| strange(&self.identity, "src"))?,
            provider: (self.provider != 0).then_some(ProviderId(self.provider)),
            usage,
            draws,
            identity: self.identity,
            incoming_service: self.incoming_service,
            place: self.place,
        })
    }

    fn draws(&self) -> Vec<Draw> {
        let counters = self.counter_ids.iter().zip(&self.counter_periods);
        let moves = self.counters_before.iter().zip(&self.counters_added);
        let day = |days: u16| NaiveDate::default().checked_add_days(Days::new(days.into())).unwrap_or_default();
        counters
            .zip(moves)
            .map(|((id, period), (before, used))| Draw {
                key: CounterKey { account: AccountId(self.account), counter: CounterId(*id), period: day(*period) },
                before: *before,
                used: *used,
            })
            .collect()
    }

    fn figures(&self, draws: &[Draw]) -> Result<Figures, StoreError> {
        let strange = |column: &'static str| strange(&self.identity, column);
        let money = |column, nanos| Money::from_nanos(nanos).map_err(|_| strange(column));
        let currency = |column, code: &str| {
            if code.is_empty() { Ok(None) } else { Currency::parse(code).map(Some).ok_or_else(|| strange(column)) }
        };
        Ok(Figures {
            retail: Retail {
                list: ListId(self.retail_list),
                row: self.retail_rate,
                gross: money("gross", self.gross)?,
                net: money("net", self.net)?,
                tax_basis_points: u32::try_from(self.tax_rate).map_err(|_| strange("tax_rate"))?,
                currency: currency("currency", &self.currency)?,
                list_amount: money("list_amount", self.list_amount)?,
                list_currency: currency("list_currency", &self.list_currency)?,
                exchange_rate: money("exchange_rate", self.exchange_rate)?,
                discount: self.discount,
                billed: self.billed,
                covered: self.covered,
            },
            wholesale: Wholesale {
                list: ListId(self.wholesale_list),
                row: self.wholesale_rate,
                amount: money("wholesale_amount", self.wholesale_amount)?,
                currency: currency("wholesale_currency", &self.wholesale_currency)?,
                cost: money("wholesale_cost", self.wholesale_cost)?,
                cost_currency: currency("wholesale_cost_currency", &self.wholesale_cost_currency)?,
                exchange_rate: money("wholesale_exchange_rate", self.wholesale_exchange_rate)?,
                missing: self.wholesale_missing != 0,
            },
            lock: self.lock,
            emergency: self.emergency != 0,
            counters: draws.iter().map(|draw| (draw.key.counter, draw.key.period, draw.before, draw.used)).collect(),
        })
    }
}

/// The charges that rows make together, in order of their identities: a re-rated leg has a row for each revision, later ones hold differences. A record that
/// was rolled back and came again begins anew with revision 0: which row is the latest the order of their INSERTs says.
///
/// # Errors
/// [`StoreError::Inconsistent`] for a row that no rating writes.
pub fn latest(rows: Vec<ChargeRow>) -> Result<Vec<StoredCharge>, StoreError> {
    let mut legs: BTreeMap<String, ChargeRow> = BTreeMap::new();
    for mut row in rows {
        let identity = row.identity.clone();
        if let Some(other) = legs.remove(&identity) {
            let is_later = (other.batch_id, other.revision) > (row.batch_id, row.revision);
            let (mut later, earlier) = if is_later { (other, row) } else { (row, other) };
            later.add(&earlier).ok_or_else(|| strange(&identity, "sum of revisions"))?;
            row = later;
        }
        legs.insert(identity, row);
    }
    legs.into_values().map(ChargeRow::charge).collect()
}

/// Why there is no catalogue to price charges by.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its rows contradict each other.
    #[error("the catalogue of version {version} contradicts itself in {count} rows, first: {first}")]
    Contradiction {
        /// Its version.
        version: u64,
        /// How many rows.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// The thread that builds it ended early.
    #[error("building the catalogue broke off: {0}")]
    BrokeOff(#[from] tokio::task::JoinError),
}

/// The catalogue as of a version, as far as it prices these charges. A few rows for one charge, all that price them for many.
pub async fn catalogue(
    store: &Store,
    version: u64,
    charges: &[StoredCharge],
    numbering: Arc<NumberingPlan>,
) -> Result<Snapshot, CatalogueError> {
    let rows: Rows = read_rows_of(store, version, Charged::of(charges, &numbering)).await?;
    let built = tokio::task::spawn_blocking(move || Snapshot::build(rows, numbering)).await?;
    built.map_err(|rows| CatalogueError::Contradiction {
        version,
        count: rows.len(),
        first: rows.first().map(ToString::to_string).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(identity: &str, revision: u16, gross: i64) -> ChargeRow {
        ChargeRow {
            identity: identity.into(),
            revision,
            version: 7 + u64::from(revision),
            account: 1,
            outcome: "rated".into(),
            started_ms: 1_000,
            answered_ms: Some(2_000),
            src: String::new(),
            dst: "112".into(),
            dst_short: 1,
            service: "outgoing".into(),
            provider: 0,
            incoming_service: String::new(),
            place: String::new(),
            used: 60_000,
            counter_ids: vec![3],
            counter_periods: vec![365],
            counters_before: vec![10],
            counters_added: vec![60],
            retail_list: 1,
            retail_rate: 2,
            gross,
            net: gross,
            tax_rate: 2200,
            currency: "RUB".into(),
            list_amount: gross,
            list_currency: "RUB".into(),
            exchange_rate: 1_000_000_000,
            discount: 0,
            billed: 60,
            covered: 60,
            wholesale_list: 0,
            wholesale_rate: 0,
            wholesale_amount: 0,
            wholesale_currency: String::new(),
            wholesale_cost: 0,
            wholesale_cost_currency: String::new(),
            wholesale_exchange_rate: 1_000_000_000,
            wholesale_missing: 1,
            lock: 0,
            emergency: 0,
            batch_id: 0,
        }
    }

    #[test]
    fn columns_are_as_many_as_fields() {
        let depth_0 = |text: &str| {
            let mut depth = 0;
            text.chars()
                .filter(|letter| {
                    depth += i32::from(*letter == '(') - i32::from(*letter == ')');
                    depth == 0 && *letter == ','
                })
                .count()
        };
        assert_eq!(depth_0(COLUMNS) + 1, 42);
    }

    /// Amounts add up over revisions, all else is of the latest, whatever the order of the rows.
    #[test]
    fn revisions_make_one_charge() {
        let rows = vec![row("B", 0, 5), row("A", 2, -1), row("A", 0, 600), row("A", 1, -100)];
        let charges = latest(rows).unwrap();
        let shown: Vec<_> = charges
            .iter()
            .map(|charge| {
                (charge.identity.as_str(), charge.revision, charge.version, charge.figures.retail.gross.nanos())
            })
            .collect();
        assert_eq!(shown, [("A", 2, 9, 499), ("B", 0, 7, 5)]);
        let draw = &charges[0].draws[0];
        assert_eq!((draw.key.period.to_string().as_str(), draw.before, draw.used), ("1971-01-01", 10, 60));
        assert!(charges[0].number.is_short() && charges[0].origin.is_empty());
    }

    #[test]
    fn strange_rows_are_named() {
        for (column, strange) in [
            ("service", ChargeRow { service: "fax".into(), ..row("A", 0, 1) }),
            ("currency", ChargeRow { currency: "rub?".into(), ..row("A", 0, 1) }),
            ("gross", ChargeRow { gross: i64::MAX, ..row("A", 0, 1) }),
        ] {
            let error = latest(vec![strange]).unwrap_err().to_string();
            assert!(error.contains(column) && error.contains("charge A"), "{error}");
        }
    }
}
