//! Re-rating: charges priced again by the catalogue of the job.
//!
//! Owns: which charges of a portion change, their reversals and new rows, the differences by account and destination.
//! Does not own: the price (`rating::replay::reprice`).
//! Always: a charge whose price does not change is left alone, so the same job twice gives nothing; one that cannot be priced stays as it is and is
//! counted. The difference is booked into the charge's own month while that is open, else into the oldest open one (A9).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use billing::charges::{CatalogueError, catalogue};
use billing::counters;
use billing::long_calls::{self, LongCall};
use billing::rework::{self, ChargeScope, Difference, Job, Revision, Side};
use numbering::Digits;
use rating::Currency;
use rating::replay::{Figures, Retail, StoredCharge, Wholesale, reprice};
use rust_decimal::Decimal;

use super::charges::Charge;
use super::rerun::{self, rerun};
use super::{Prepared, Trouble};
use crate::assemble::{Assembly, Owed};
use crate::charge::{Identity, Periods};
use crate::clickhouse::revision::{Revised, revisions};
use crate::long_calls::revised;
use crate::stream::commit::ids_of;
use crate::stream::service::Shared;

/// Prices the charges of a portion again.
pub(super) async fn rerate(
    shared: &Arc<Shared>,
    job: &Job,
    scope: &ChargeScope,
    charges: Vec<Charge>,
) -> Result<Prepared, Trouble> {
    let version = job.catalogue_version as u64;
    let charges: Vec<Charge> = charges.into_iter().filter(|charge| is_asked(charge, scope, version)).collect();
    let stored: Vec<StoredCharge> = charges.iter().map(|charge| charge.stored.clone()).collect();
    let numbering = shared.live.snapshot().share_numbering();
    let catalogue = catalogue(&shared.store, version, &stored, numbering).await;
    let catalogue = catalogue.map_err(|error| match error {
        CatalogueError::Store(error) => error.into(),
        other => Trouble::Hopeless(other.to_string()),
    })?;
    let mut long_calls = of_charges(shared, &charges).await?;
    let standings = match charges.first().and_then(|charge| charge.stored.account) {
        // One portion holds all of them.
        Some(account) if rerun::is_whole(scope) && rework::portion(&shared.store, job.id, 1).await?.is_none() => {
            Some(counters::of_account(&shared.store, account).await?.into_iter().collect::<BTreeMap<_, _>>())
        }
        _ => None,
    };
    let ids = shared.reserve_ids_for(charges.len() * 2).await?;
    let periods = shared.live.periods();
    let dry_run = job.dry_run;
    let side = scope.side;
    let rating = tokio::task::spawn_blocking(move || {
        let mut prepared = Prepared::default();
        let mut differences = Differences::default();
        let mut ids = ids_of(ids);
        let mut assembly = Assembly::new(&mut ids);
        let rerun = standings.and_then(|standings| rerun(&catalogue, &charges, &standings));
        let (mut again, moves) =
            rerun.map_or((None, Vec::new()), |rerun| (Some(rerun.priced.into_iter()), rerun.moves));
        if !dry_run {
            prepared.moves.counters = moves;
        }
        for charge in &charges {
            let found = again.as_mut().and_then(Iterator::next);
            let priced = found.unwrap_or_else(|| reprice(&catalogue, &charge.stored));
            let priced = priced.map(|(figures, prefix)| (of_side(side, &charge.stored.figures, figures), prefix));
            let changed = priced.as_ref().is_ok_and(|(figures, _)| differs(&charge.stored.figures, figures));
            differences.add(charge, priced.as_ref().ok().map(|(figures, _)| figures), changed);
            prepared.count(match (&priced, changed) {
                (Err(_), _) => "unpriced",
                (Ok(_), true) => "changed",
                (Ok(_), false) => "unchanged",
            });
            if let (Ok((figures, prefix)), true, false) = (&priced, changed, dry_run) {
                let (written, row) = revise(&mut assembly, charge, (figures, *prefix), version, &periods);
                prepared.revisions.extend(written);
                if let Some(known) = long_calls.remove(&charge.kept.identity) {
                    prepared.moves.long_calls.push(revised(&known, &row));
                }
            }
        }
        prepared.assembled = assembly.finish();
        prepared.differences = differences.rows();
        prepared
    });
    rating.await.map_err(|error| Trouble::Hopeless(error.to_string()))
}

/// Charges of a version later than the job's were priced by prices that it does not know.
fn is_asked(charge: &Charge, scope: &ChargeScope, version: u64) -> bool {
    let stored = &charge.stored;
    charge.calls > 0
        && !stored.is_non_target
        && stored.version <= version
        && scope.from_version.is_none_or(|from| stored.version >= from)
        && scope.to_version.is_none_or(|to| stored.version <= to)
}

fn of_side(side: Side, former: &Figures, found: Figures) -> Figures {
    match side {
        Side::Both => found,
        Side::Retail => Figures { wholesale: former.wholesale, ..found },
        Side::Wholesale => Figures { wholesale: found.wholesale, ..former.clone() },
    }
}

/// Whether a price is another one: which row gave it does not matter where nothing that is paid or reported changes.
fn differs(former: &Figures, found: &Figures) -> bool {
    const fn retail(figures: &Figures) -> (&Retail, u64, bool) {
        (&figures.retail, figures.lock, figures.emergency)
    }
    let same_row = |former: &Retail, found: &Retail| Retail { list: former.list, row: former.row, ..*found } == *former;
    let same_wholesale =
        |former: &Wholesale, found: &Wholesale| Wholesale { list: former.list, row: former.row, ..*found } == *former;
    let (before, after) = (retail(former), retail(found));
    // What a charge found does not matter, what it drew does: the counters stand by it.
    let drawn =
        |figures: &Figures| figures.counters.iter().map(|(id, day, _, used)| (*id, *day, *used)).collect::<Vec<_>>();
    !same_row(before.0, after.0)
        || drawn(former) != drawn(found)
        || (before.1, before.2) != (after.1, after.2)
        || !same_wholesale(&former.wholesale, &found.wholesale)
}

/// The calls in parts that these charges are of, each as its charge is in ClickHouse.
pub(super) async fn of_charges(shared: &Shared, charges: &[Charge]) -> Result<HashMap<Identity, LongCall>, Trouble> {
    let identities: Vec<Identity> = charges.iter().map(|charge| charge.kept.identity).collect();
    // Asked after the charges were read: a part that was charged since then shows here, and the portion is read again.
    let calls = long_calls::of_charges(&shared.store, &identities).await?;
    for charge in charges {
        let Some(known) = calls.get(&charge.kept.identity).and_then(|call| call.so_far.charged.as_ref()) else {
            continue;
        };
        if charge.stored.revision != known.revision {
            return Err(Trouble::Later("a further part of a call is on its way to ClickHouse".into()));
        }
    }
    Ok(calls)
}

/// Takes a charge back and charges it anew: two revisions, of which the second one is the row.
fn revise<'a>(
    assembly: &mut Assembly<'_>,
    charge: &'a Charge,
    (figures, prefix): (&'a Figures, Digits),
    version: u64,
    periods: &Periods,
) -> ([Revision; 2], Revised<'a>) {
    let taken_back = take_back(assembly, charge, periods);
    let revision = taken_back.revision + 1;
    let period = periods.booking(charge.usage_day());
    let mut row = charge.revised(figures, 1, revision, version, period);
    row.retail_prefix = prefix;
    assembly.row(revisions::TABLE, charge.kept.started_ms, |bytes| revisions::encode(bytes, &row));
    owe(assembly, charge, &figures.retail, 1, periods);
    ([taken_back, Revision { revision, ..taken_back }], row)
}

/// Takes a charge back: one revision.
pub(super) fn take_back(assembly: &mut Assembly<'_>, charge: &Charge, periods: &Periods) -> Revision {
    let revision = charge.revision + 1;
    let period = periods.booking(charge.usage_day());
    let row = charge.revised(&charge.stored.figures, -1, revision, charge.stored.version, period);
    assembly.row(revisions::TABLE, charge.kept.started_ms, |bytes| revisions::encode(bytes, &row));
    owe(assembly, charge, &charge.stored.figures.retail, -1, periods);
    Revision { identity: charge.kept.identity, revision }
}

fn owe(assembly: &mut Assembly<'_>, charge: &Charge, retail: &Retail, sign: i64, periods: &Periods) {
    let Some(account) = charge.stored.account.filter(|_| !retail.gross.is_zero()) else { return };
    let (day, service) = (charge.usage_day(), charge.stored.service);
    let seconds = if service.is_call() { retail.billed as i64 } else { 0 };
    let owed = Owed {
        gross: i128::from(retail.gross.nanos()) * i128::from(sign),
        net: i128::from(retail.net.nanos()) * i128::from(sign),
        calls: sign,
        seconds: seconds * sign,
    };
    assembly.owe((account.0, day, periods.booking(day), service, retail.tax_basis_points), owed);
}

/// Differences by account, destination and currencies.
#[derive(Default)]
pub(super) struct Differences(BTreeMap<(u64, String, String, String), Difference>);

impl Differences {
    /// Adds a charge with what it becomes; `None` where it cannot be priced and stays.
    pub(super) fn add(&mut self, charge: &Charge, after: Option<&Figures>, changed: bool) {
        let before = &charge.stored.figures;
        let row = self.row(charge, before);
        row.charges += 1;
        row.changed += i64::from(changed);
        row.unpriced += i64::from(after.is_none());
        row.retail_before += billing::decimal(before.retail.gross);
        row.wholesale_before += billing::decimal(before.wholesale.cost);
        let after = after.unwrap_or(before);
        let row = self.row(charge, after);
        row.retail_after += billing::decimal(after.retail.gross);
        row.wholesale_after += billing::decimal(after.wholesale.cost);
    }

    /// Adds a charge that is taken back.
    pub(super) fn take_back(&mut self, charge: &Charge) {
        let before = &charge.stored.figures;
        let row = self.row(charge, before);
        row.charges += 1;
        row.changed += 1;
        row.retail_before += billing::decimal(before.retail.gross);
        row.wholesale_before += billing::decimal(before.wholesale.cost);
    }

    fn row(&mut self, charge: &Charge, figures: &Figures) -> &mut Difference {
        let text = |currency: Option<Currency>| currency.map_or_else(String::new, |currency| currency.to_string());
        let (currency, cost_currency) = (text(figures.retail.currency), text(figures.wholesale.cost_currency));
        let (account, destination) = (charge.kept.account_id, charge.kept.destination.clone());
        let key = (account, destination.clone(), currency.clone(), cost_currency.clone());
        self.0.entry(key).or_insert_with(|| Difference {
            account,
            destination,
            currency,
            cost_currency,
            retail_before: Decimal::ZERO,
            ..Difference::default()
        })
    }

    /// The rows.
    pub(super) fn rows(self) -> Vec<Difference> {
        self.0.into_values().collect()
    }
}
