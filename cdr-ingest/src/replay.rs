//! Stored charges, read back and priced again.
//!
//! Owns: which charges are read, and pricing many of them by one catalogue for each state that it was in.
//! Does not own: the shape of a stored charge (`billing::charges`), the price and the comparison (`rating::replay`).
//! Always: nothing is changed; a charge is priced by the catalogue of the version that it names, whatever was published since.

use std::collections::BTreeMap;
use std::sync::Arc;

use billing::Store;
use billing::charges::{self, CatalogueError, ChargeRow};
use billing::hot_path;
use chrono::NaiveDate;
use clickhouse::Row;
use numbering::NumberingPlan;
use rating::replay::{Replayed, StoredCharge, replay};
use serde::Deserialize;

use crate::clickhouse::ClickHouse;

/// Charges priced by one snapshot: what they look up is held in memory together.
const TOGETHER: usize = 20_000;

/// Which charges.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only those of this account.
    pub account: Option<u64>,
    /// First usage day.
    pub from: Option<NaiveDate>,
    /// Last usage day.
    pub to: Option<NaiveDate>,
    /// So many at most, taken all over the scope, the same ones each time.
    pub sample: Option<u64>,
}

/// Why charges could not be priced again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// ClickHouse does not answer.
    #[error("clickhouse: {0}")]
    ClickHouse(#[from] ::clickhouse::error::Error),
    /// Postgres does not answer, or a charge is not understood.
    #[error(transparent)]
    Store(#[from] billing::StoreError),
    /// The catalogue of a version cannot be built.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

#[derive(Row, Deserialize)]
struct Fetched {
    row: ChargeRow,
    calls: i8,
}

/// Reads the charges of a scope that stand, every revision of each: what was taken back costs nothing any more.
pub async fn read(clickhouse: &ClickHouse, scope: &Scope) -> Result<Vec<StoredCharge>, ReplayError> {
    let mut conditions = String::from("revision = 0");
    for (wanted, condition) in [
        (scope.account.is_some(), " AND account_id = ?"),
        (scope.from.is_some(), " AND usage_day >= toDate(?)"),
        (scope.to.is_some(), " AND usage_day <= toDate(?)"),
    ] {
        if wanted {
            conditions.push_str(condition);
        }
    }
    let sample = if scope.sample.is_some() { " ORDER BY cityHash64(identity) LIMIT ?" } else { "" };
    let statement = format!(
        "SELECT {}, calls FROM calls WHERE identity IN (SELECT identity FROM calls WHERE {conditions}{sample})",
        charges::COLUMNS
    );
    let mut query = clickhouse.client().query(&statement);
    if let Some(account) = scope.account {
        query = query.bind(account);
    }
    for day in [scope.from, scope.to].into_iter().flatten() {
        query = query.bind(day.to_string());
    }
    if let Some(sample) = scope.sample {
        query = query.bind(sample);
    }
    let rows: Vec<Fetched> = query.fetch_all().await?;
    let mut standing: BTreeMap<String, i64> = BTreeMap::new();
    for fetched in &rows {
        *standing.entry(fetched.row.identity.clone()).or_default() += i64::from(fetched.calls);
    }
    let rows = rows.into_iter().map(|fetched| fetched.row);
    let stand = rows.filter(|row| standing.get(&row.identity).is_some_and(|calls| *calls > 0));
    Ok(charges::latest(stand.collect())?)
}

/// What became of them.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Charges priced again.
    pub charges: usize,
    /// Catalogues that they were priced by.
    pub catalogues: usize,
    /// Those that differ.
    pub differing: Vec<(StoredCharge, Replayed)>,
}

/// Prices charges again, each by the catalogue of its time. `done` is told how many were priced since it was told last.
pub async fn replay_all(
    store: &Store,
    charges: Vec<StoredCharge>,
    numbering: &Arc<NumberingPlan>,
    done: impl Fn(u64),
) -> Result<Outcome, ReplayError> {
    let mut outcome = Outcome { charges: charges.len(), ..Outcome::default() };
    // Most versions change nothing that prices calls: charges of all versions between two changes have one catalogue.
    let states = hot_path::changes(store).await?;
    let mut of_state: BTreeMap<u64, Vec<StoredCharge>> = BTreeMap::new();
    for charge in charges {
        let state = states[..states.partition_point(|first| *first <= charge.version)].last();
        of_state.entry(state.copied().unwrap_or(charge.version)).or_default().push(charge);
    }
    for (version, charges) in of_state {
        for together in charges.chunks(TOGETHER) {
            let catalogue = charges::catalogue(store, version, together, Arc::clone(numbering)).await?;
            outcome.catalogues += 1;
            let priced = together.iter().map(|charge| (charge, replay(&catalogue, charge, &mut ())));
            let differing = priced.filter(|(_, replayed)| !replayed.agrees());
            outcome.differing.extend(differing.map(|(charge, replayed)| (charge.clone(), replayed)));
            done(together.len() as u64);
        }
    }
    Ok(outcome)
}
