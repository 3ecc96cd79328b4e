//! The snapshot, read anew as far as the catalogue has changed.
//!
//! Owns: which rows are read for it, and in which portions.
//! Does not own: the queries (`tariffs`, `counters`, `parties`), the packing (`rating::build`).
//! Always: never more than one list or one portion of accounts or numbers is in memory as rows; what did not change is shared with the snapshot before.

use std::sync::Arc;

use numbering::{E164, NumberingPlan};
use rating::Snapshot;
use rating::build::{BadRow, ListContext, Lists};
use rating::rows::Rows;
use sqlx::postgres::PgConnection;
use tokio::task::block_in_place;

use super::parties::{self, History, Owners};
use super::touched::Difference;
use super::{Symbols, counters, inconsistent, read_providers_and_sources, read_settings, tariffs, terms};
use crate::store::{BEGIN_A_LOOK, Store, StoreError};

/// Accounts or numbers of one portion.
const PORTION: usize = 20_000;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its rows contradict each other.
    #[error("the catalogue contradicts itself in {} rows, first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Contradictions(Vec<BadRow>),
}

impl From<sqlx::Error> for SnapshotError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Vec<BadRow>> for SnapshotError {
    fn from(rows: Vec<BadRow>) -> Self {
        Self::Contradictions(rows)
    }
}

/// Reads the catalogue and builds its snapshot. With a former one only what changed since is read and packed: a list of the same revision, an account or
/// a number that nobody touched is shared with it. Needs a runtime with several threads: packing is work for one of them.
///
/// # Errors
/// The database, or rows that contradict each other.
pub async fn read_snapshot(
    store: &Store,
    numbering: Arc<NumberingPlan>,
    former: Option<&Snapshot>,
) -> Result<Snapshot, SnapshotError> {
    let mut tx = store.begin_with(BEGIN_A_LOOK).await?;
    let version: i64 = sqlx::query_scalar("SELECT version FROM catalogue").fetch_one(&mut *tx).await?;
    let mut reading = Reading { tx: &mut tx, version: version as u64, symbols: Symbols::default() };
    for word in former.map_or(&[][..], Snapshot::words) {
        reading.symbols.of(word);
    }
    if let Some(former) = former {
        let difference = Difference::between(reading.tx, former.version as i64, version).await?;
        if difference.everything {
            // Its lists may be those of another base under the same numbers: nothing of it is kept.
            reading.symbols = Symbols::default();
            return reading.everything(None, numbering).await;
        }
        match reading.amended(former, &difference).await {
            // What was said to have changed may not be all that did: the whole of it decides.
            Err(SnapshotError::Contradictions(_)) => {}
            done => return done,
        }
    }
    reading.everything(former, numbering).await
}

/// A snapshot under way, in one transaction.
struct Reading<'a> {
    tx: &'a mut PgConnection,
    version: u64,
    symbols: Symbols,
}

impl Reading<'_> {
    fn rows(&self) -> Rows {
        Rows { version: self.version, ..Rows::empty() }
    }

    /// Everything, lists of the same revision apart.
    async fn everything(
        &mut self,
        former: Option<&Snapshot>,
        numbering: Arc<NumberingPlan>,
    ) -> Result<Snapshot, SnapshotError> {
        let (rows, lists) = self.tariffs(former).await?;
        let mut snapshot = block_in_place(|| Snapshot::assemble(&rows, lists, numbering))?;
        drop(rows);
        let mut last = i64::MIN;
        loop {
            let portion = Owners::next(self.tx, last, PORTION).await?;
            let Some((_, to)) = portion.bounds() else { break };
            snapshot = self.accounts(snapshot, &portion).await?;
            last = to;
        }
        last = i64::MIN;
        loop {
            let mut rows = self.rows();
            let Some(to) = parties::read_next_numbers(self.tx, &mut rows, &mut self.symbols, last, PORTION).await?
            else {
                return Ok(snapshot);
            };
            snapshot = self.put(snapshot, rows, &[])?;
            last = to;
        }
    }

    /// The former snapshot with what differs from it.
    async fn amended(&mut self, former: &Snapshot, difference: &Difference) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = if difference.tariffs {
            let (rows, lists) = self.tariffs(Some(former)).await?;
            block_in_place(|| former.retariffed(&rows, lists))?
        } else {
            former.clone()
        };
        snapshot.version = self.version;
        let accounts: Vec<i64> = difference.accounts.iter().copied().collect();
        for portion in accounts.chunks(PORTION) {
            snapshot = self.accounts(snapshot, &Owners::these(portion.to_vec())).await?;
        }
        let numbers: Vec<&String> = difference.numbers.iter().collect();
        for portion in numbers.chunks(PORTION) {
            let mut rows = self.rows();
            parties::read_numbers(self.tx, &mut rows, &mut self.symbols, portion).await?;
            let touched = portion.iter().map(|number| {
                E164::parse(number).ok_or_else(|| inconsistent("catalogue_change", format!("number `{number}`")))
            });
            let touched = touched.collect::<Result<Vec<_>, _>>()?;
            snapshot = self.put(snapshot, rows, &touched)?;
        }
        Ok(snapshot)
    }

    /// Everything but accounts and numbers, lists packed; those of the former snapshot are kept where their revision is the same.
    async fn tariffs(&mut self, former: Option<&Snapshot>) -> Result<(Rows, Lists), SnapshotError> {
        let mut rows = self.rows();
        read_settings(self.tx, &mut rows).await?;
        read_providers_and_sources(self.tx, &mut rows).await?;
        let bands = tariffs::read_lists(self.tx, &mut rows).await?;
        let volumes = counters::read_volumes(self.tx, &mut rows).await?;
        let rate_terms = tariffs::read_rate_terms(self.tx, &mut rows, (&bands, &volumes), None).await?;
        let mut lists = former.map_or_else(Lists::new, Lists::after);
        for head in &rows.lists {
            if former.is_some_and(|former| lists.keep(former, head)) {
                continue;
            }
            let rates = tariffs::read_rate_rows(self.tx, &rate_terms, &mut self.symbols, Some(head.id)).await?;
            let context = ListContext { rates: &rows.rates, bands: &rows.bands, volumes: &rows.volumes };
            block_in_place(|| lists.add(head, rates.into_iter().zip(0..).collect(), context));
        }
        tariffs::read_plans(self.tx, &mut rows).await?;
        if let Some(former) = former {
            let place = |id| former.plan_places().position(|known| known == id).unwrap_or(usize::MAX);
            rows.plans.sort_by_cached_key(|plan| place(plan.id));
        }
        counters::read_bundles(self.tx, &mut rows).await?;
        terms::read_common_terms(self.tx, &mut rows).await?;
        parties::read_global_locks(self.tx, &mut rows, None).await?;
        rows.symbols.clone_from(&self.symbols.words);
        Ok((rows, lists))
    }

    async fn accounts(&mut self, snapshot: Snapshot, of: &Owners) -> Result<Snapshot, SnapshotError> {
        let mut rows = self.rows();
        parties::read_accounts(self.tx, &mut rows, of).await?;
        parties::read_account_trunks(self.tx, &mut rows, of).await?;
        terms::read_own_terms(self.tx, &mut rows, of).await?;
        parties::read_local_locks(self.tx, &mut rows, of, History::Kept).await?;
        self.put(snapshot, rows, &[])
    }

    fn put(&self, snapshot: Snapshot, mut rows: Rows, touched: &[E164]) -> Result<Snapshot, SnapshotError> {
        rows.symbols.clone_from(&self.symbols.words);
        Ok(block_in_place(|| snapshot.amended(&rows, touched))?)
    }
}
