//! The charges that a job is about.
//!
//! Owns: which of them, the cut into portions, reading a portion; the row of a revision.
//! Does not own: what becomes of them.
//! Always: what chooses a charge is the same in all its revisions, so a charge is read with all of them or not at all.

use std::collections::{BTreeMap, HashSet};

use billing::Store;
use billing::charges::{self as stored, ChargeRow};
use billing::rework::{ChargeScope, Portion, PortionOf, revisions_given};
use chrono::{NaiveDate, TimeDelta};
use clickhouse::{Client, Row};
use numbering::Digits;
use rating::replay::{Figures, StoredCharge};
use serde::Deserialize;

use super::Trouble;
use super::rerun::{self, CHARGES_MAX};
use crate::charge::Identity;
use crate::clickhouse::ClickHouse;
use crate::clickhouse::revision::Revised;
use crate::stream::late::{hex, unhex};
use crate::stream::service::Shared;

/// Charges of a portion.
const CHARGES: usize = 10_000;
/// Identities asked for in one query.
const IDENTITIES: usize = 2_000;

/// Which charges.
#[derive(Clone, Debug)]
pub enum ChargesOf<'a> {
    /// Those that are to be priced again.
    Scope {
        /// Identifier of the account.
        account: Option<u64>,
        /// The rest of the scope.
        scope: &'a ChargeScope,
    },
    /// Those that came between two offsets of a partition.
    Place {
        /// Stream.
        stream: i32,
        /// Partition.
        partition: i32,
        /// First offset.
        from: i64,
        /// Offset after the last.
        to: i64,
    },
    /// Those of an import.
    Import(u64),
}

/// The charges of a scope, its account found.
pub(super) async fn of_scope<'a>(shared: &Shared, scope: &'a ChargeScope) -> Result<ChargesOf<'a>, Trouble> {
    let account = match &scope.account {
        None => None,
        Some(code) => {
            let found = billing::accounts::codes(&shared.store).await?.into_iter().find(|(_, own)| own == code);
            Some(found.ok_or_else(|| Trouble::Hopeless(format!("account {code} is gone")))?.0)
        }
    };
    Ok(ChargesOf::Scope { account, scope })
}

/// A value of a condition.
enum Bound {
    Number(i64),
    Text(String),
}

impl ChargesOf<'_> {
    /// Whether they are all that an account was charged for: they are looked at together.
    fn is_whole(&self) -> bool {
        matches!(self, Self::Scope { scope, .. } if rerun::is_whole(scope))
    }

    /// The conditions with their values, in order.
    fn conditions(&self) -> (String, Vec<Bound>) {
        let mut text = String::from("true");
        let mut values = Vec::new();
        let mut add = |condition: &str, value: Option<Bound>| {
            if let Some(value) = value {
                text.push_str(" AND ");
                text.push_str(condition);
                values.push(value);
            }
        };
        match self {
            Self::Scope { account, scope } => {
                let day = |day: Option<NaiveDate>| day.map(|day| Bound::Text(day.to_string()));
                add("account_id = ?", account.map(|id| Bound::Number(id as i64)));
                add("NOT dst_short AND startsWith(dst, ?)", scope.prefix.clone().map(Bound::Text));
                add("usage_day >= toDate(?)", day(scope.from));
                add("usage_day <= toDate(?)", day(scope.to));
                // A usage day is a day of the issuer's zone: a call starts a day and a half around it at most, and rows are filed by their start.
                let around = |day: Option<NaiveDate>, days| {
                    day.and_then(|day| day.checked_add_signed(TimeDelta::days(days)))
                        .map(|day| Bound::Text(day.to_string()))
                };
                add("started_at >= toDate(?)", around(scope.from, -3));
                add("started_at < toDate(?)", around(scope.to, 3));
                add("source = ?", scope.source.clone().map(Bound::Text));
            }
            Self::Place { stream, partition, from, to } => {
                add("stream_id = ?", Some(Bound::Number(i64::from(*stream))));
                add("partition = ?", Some(Bound::Number(i64::from(*partition))));
                add("record_offset >= ?", Some(Bound::Number(*from)));
                add("record_offset < ?", Some(Bound::Number(*to)));
            }
            Self::Import(id) => add("import_id = ?", Some(Bound::Number(*id as i64))),
        }
        (text, values)
    }
}

fn query(client: &Client, sql: &str, values: Vec<Bound>) -> clickhouse::query::Query {
    values.into_iter().fold(client.query(sql), |query, value| match value {
        Bound::Number(number) => query.bind(number),
        Bound::Text(text) => query.bind(text),
    })
}

/// Cuts charges into portions.
pub async fn portions(clickhouse: &ClickHouse, of: &ChargesOf<'_>) -> Result<Vec<Portion>, ::clickhouse::error::Error> {
    let (conditions, values) = of.conditions();
    let sql = format!(
        "SELECT account_id, toUnixTimestamp64Milli(started_at) FROM calls WHERE {conditions} ORDER BY account_id, started_at"
    );
    let mut rows = query(clickhouse.client(), &sql, values).fetch::<(u64, i64)>()?;
    let most = if of.is_whole() { CHARGES_MAX } else { CHARGES };
    let mut portions: Vec<Portion> = Vec::new();
    let (mut count, mut last) = (0, None);
    while let Some((account, started_ms)) = rows.next().await? {
        let key = (account as i64, started_ms);
        if last.is_none() || (count >= most && last != Some(key)) {
            if let Some(portion) = portions.last_mut() {
                portion.end = key;
            }
            portions.push(Portion { of: PortionOf::Charges, first: key, end: key });
            count = 0;
        }
        count += 1;
        last = Some(key);
    }
    if let (Some(portion), Some((account, started_ms))) = (portions.last_mut(), last) {
        portion.end = (account, started_ms + 1);
    }
    Ok(portions)
}

/// Which of these identities have a charge that stands elsewhere, whenever it was. What a portion of this job took back may still be on its way to
/// ClickHouse: charges of the job's own are not asked about at all, and a dry run says what the execution does.
pub(super) async fn standing_elsewhere(
    clickhouse: &ClickHouse,
    of: &ChargesOf<'_>,
    identities: &[Identity],
) -> Result<HashSet<Identity>, ::clickhouse::error::Error> {
    let mut found = HashSet::new();
    for chunk in identities.chunks(IDENTITIES) {
        let keys: Vec<String> = chunk.iter().map(|identity| format!("unhex('{}')", hex(identity))).collect();
        let (conditions, values) = of.conditions();
        let sql = format!(
            "SELECT hex(identity) FROM calls WHERE identity IN ({}) AND NOT ({conditions}) GROUP BY identity HAVING sum(calls) > 0",
            keys.join(", ")
        );
        let rows: Vec<String> = query(clickhouse.client(), &sql, values).fetch_all().await?;
        found.extend(rows.iter().filter_map(|text| unhex(text)));
    }
    Ok(found)
}

/// What a row keeps beside what it costs. No `Debug`: numbers do not belong into logs.
#[derive(Clone, Deserialize)]
pub struct Kept {
    /// Identity.
    pub identity: Identity,
    /// Stream.
    pub stream_id: u32,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub record_offset: i64,
    /// Source.
    pub source: String,
    /// Import.
    pub import_id: u64,
    /// Identity at the source.
    pub cdr_id: String,
    /// Identity of the call at the source.
    pub call_id: String,
    /// Leg.
    pub leg: u8,
    /// Part of a long call.
    pub sequence: u32,
    /// Account.
    pub account_id: u64,
    /// Client.
    pub client_id: u64,
    /// Usage day, days since 1970-01-01.
    pub usage_day: u16,
    /// Set-up.
    pub started_ms: i64,
    /// Answer.
    pub answered_ms: Option<i64>,
    /// End.
    pub ended_ms: i64,
    /// Calling number.
    pub src: String,
    /// Dialled number.
    pub dst: String,
    /// Short code.
    pub dst_short: u8,
    /// Service.
    pub service: i8,
    /// Direction.
    pub direction: i8,
    /// Outcome.
    pub outcome: i8,
    /// How it ended.
    pub disposition: i8,
    /// Cause of the release.
    pub release_cause: String,
    /// Whose account pays.
    pub charged_party: i8,
    /// Provider.
    pub provider_id: u32,
    /// Incoming service.
    pub incoming_service: String,
    /// Place of service.
    pub place: String,
    /// Destination.
    pub destination: String,
    /// Country.
    pub country: String,
    /// Prefix matched in the retail list.
    pub retail_prefix: String,
    /// Duration.
    pub duration_ms: u64,
    /// What was priced.
    pub used: u64,
    /// Late when it arrived.
    pub late: u8,
    /// 1, or -1 in a reversal.
    pub calls: i8,
}

const KEPT: &str = "identity, stream_id, partition, record_offset, toString(source), import_id, cdr_id, call_id, leg, sequence, account_id, client_id,
    toUInt16(usage_day), toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(answered_at), toUnixTimestamp64Milli(ended_at), src, dst,
    toUInt8(dst_short), toInt8(service), toInt8(direction), toInt8(outcome), toInt8(disposition), toString(release_cause), toInt8(charged_party),
    provider_id, toString(incoming_service), toString(place), toString(destination), toString(country), retail_prefix, duration_ms, used, toUInt8(late), calls";

#[derive(Row, Deserialize)]
struct Fetched {
    charge: ChargeRow,
    kept: Kept,
}

/// A charge as it stands: the sum of its revisions, all else of the latest.
#[derive(Clone)]
pub struct Charge {
    /// What it costs.
    pub stored: StoredCharge,
    /// What it keeps beside that.
    pub kept: Kept,
    /// Sum of `calls` over its revisions: 0 when it was taken back.
    pub calls: i64,
    /// The highest revision that it was ever given.
    pub revision: u16,
    /// Identifier of the INSERT by which it was first charged.
    pub charged_in: u64,
}

impl Charge {
    /// Usage day.
    pub fn usage_day(&self) -> NaiveDate {
        NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(self.kept.usage_day))).unwrap_or_default()
    }

    /// Its row with other figures, counted once (`sign` 1) or taken back (-1), as a further revision.
    pub fn revised<'a>(
        &'a self,
        figures: &'a Figures,
        sign: i8,
        revision: u16,
        version: u64,
        period: NaiveDate,
    ) -> Revised<'a> {
        let retail_prefix = Digits::parse(self.kept.retail_prefix.as_bytes()).unwrap_or(Digits::EMPTY);
        Revised {
            kept: &self.kept,
            figures,
            is_call: self.stored.service.is_call(),
            retail_prefix,
            sign,
            revision,
            version,
            period,
        }
    }
}

/// Reads the charges of a portion.
pub(super) async fn read(
    store: &Store,
    clickhouse: &ClickHouse,
    of: &ChargesOf<'_>,
    portion: Portion,
) -> Result<Vec<Charge>, Trouble> {
    let (conditions, mut values) = of.conditions();
    let sql = format!(
        "SELECT {}, {KEPT} FROM calls WHERE {conditions} AND account_id >= ? AND account_id <= ?
             AND (account_id, toUnixTimestamp64Milli(started_at)) >= (?, ?) AND (account_id, toUnixTimestamp64Milli(started_at)) < (?, ?)",
        stored::COLUMNS
    );
    let (first, end) = (portion.first, portion.end);
    values.extend([first.0, end.0, first.0, first.1, end.0, end.1].map(Bound::Number));
    let rows: Vec<Fetched> = query(clickhouse.client(), &sql, values).fetch_all().await?;
    // By charge: which row is the latest, what it keeps, the sum of `calls`, the first INSERT.
    let mut kept: BTreeMap<String, ((u64, u16), Kept, i64, u64)> = BTreeMap::new();
    let mut charges = Vec::with_capacity(rows.len());
    for Fetched { charge, kept: own } in rows {
        let (calls, order) = (i64::from(own.calls), (charge.batch_id, charge.revision));
        let of_charge = kept.entry(charge.identity.clone()).or_insert_with(|| (order, own.clone(), 0, charge.batch_id));
        of_charge.2 += calls;
        of_charge.3 = of_charge.3.min(charge.batch_id);
        if order > of_charge.0 {
            (of_charge.0, of_charge.1) = (order, own);
        }
        charges.push(charge);
    }
    let identities: Vec<Identity> = kept.values().map(|(_, kept, ..)| kept.identity).collect();
    let given = revisions_given(store, &identities).await?;
    let charges = stored::latest(charges).map_err(|error| Trouble::Hopeless(error.to_string()))?;
    let charges = charges.into_iter().filter_map(|stored| {
        let (_, kept, calls, charged_in) = kept.remove(&stored.identity)?;
        let given = given.get(&kept.identity).copied().unwrap_or_default();
        if given.by_part > stored.revision {
            return Some(Err(Trouble::Later("a further part of a call is on its way to ClickHouse".into())));
        }
        Some(Ok(Charge { revision: stored.revision.max(given.highest), stored, kept, calls, charged_in }))
    });
    charges.collect()
}
