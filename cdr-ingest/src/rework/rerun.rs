//! An account's use of its counters, run again in the order of charging.
//!
//! Owns: when that is done, and what it comes to.
//! Does not own: the price (`rating::replay`), what is written for it (`rerate`).
//! Always: where the catalogue of the job leads the counters to where they stand, every charge keeps the standing that it found, and the same tariff
//! gives no difference; else (bundles or what they cover were changed) all charges are priced anew, one after another.

use std::collections::BTreeMap;

use billing::counters::CounterMove;
use billing::rework::{ChargeScope, Side};
use numbering::Digits;
use rating::counter::{AsDrawn, CounterKey};
use rating::replay::{Figures, reprice_from};
use rating::{Snapshot, SuspenseCode};

use super::charges::Charge;

/// Charges of an account that are run again at most: they are in memory together.
pub(super) const CHARGES_MAX: usize = 200_000;

/// Whether a scope holds all that an account was charged for in its period, and so all that it used.
pub(super) fn is_whole(scope: &ChargeScope) -> bool {
    let every = scope.prefix.is_none() && scope.source.is_none();
    let version = scope.from_version.is_none() && scope.to_version.is_none();
    scope.account.is_some() && every && version && scope.side != Side::Wholesale
}

/// What a re-run gives.
pub(super) struct Rerun {
    /// By charge, in the order given.
    pub(super) priced: Vec<Result<(Figures, Digits), SuspenseCode>>,
    /// Where counters go.
    pub(super) moves: Vec<CounterMove>,
}

/// Runs charges again from where the counters would stand without them. `None` when the counters were used as they would be now: it leads them to where they
/// stand, and every charge draws what it drew from where it found them.
pub(super) fn rerun(catalogue: &Snapshot, charges: &[Charge], standings: &BTreeMap<CounterKey, u64>) -> Option<Rerun> {
    let mut stands = standings.clone();
    for draw in charges.iter().flat_map(|charge| &charge.stored.draws) {
        let standing = stands.entry(draw.key).or_default();
        *standing = standing.saturating_sub(draw.used);
    }
    let mut order: Vec<usize> = (0..charges.len()).collect();
    order.sort_by_key(|index| {
        (charges[*index].charged_in, charges[*index].kept.record_offset, charges[*index].kept.leg)
    });
    let mut priced: Vec<Option<Result<(Figures, Digits), SuspenseCode>>> = charges.iter().map(|_| None).collect();
    for index in order {
        let stored = &charges[index].stored;
        let found = reprice_from(catalogue, stored, &stands);
        let draws = found.as_ref().map_or(&stored.figures.counters, |(figures, _)| &figures.counters);
        for (counter, period, _, used) in draws {
            let Some(account) = stored.account else { continue };
            *stands.entry(CounterKey { account, counter: *counter, period: *period }).or_default() += used;
        }
        priced[index] = Some(found);
    }
    // A counter that is met for the first time has a row from then on, whatever it counts.
    let moves: Vec<CounterMove> = stands
        .into_iter()
        .map(|(key, after)| CounterMove { key, before: standings.get(&key).copied().unwrap_or(0), after })
        .filter(|step| step.before != step.after || !standings.contains_key(&step.key))
        .collect();
    let is_led_elsewhere = moves.iter().any(|step| step.before != step.after);
    if !is_led_elsewhere && charges.iter().all(|charge| draws_as_before(catalogue, charge)) {
        return None;
    }
    let priced = priced.into_iter().map(|found| found.unwrap_or(Err(SuspenseCode::NoRetailPrice))).collect();
    Some(Rerun { priced, moves })
}

/// Whether a charge that finds the counters as it did draws the same from them. One that has no price any more stays as it is.
fn draws_as_before(catalogue: &Snapshot, charge: &Charge) -> bool {
    let stored = &charge.stored;
    let drawn = |figures: &Figures| -> Vec<_> {
        figures.counters.iter().map(|(counter, period, _, used)| (*counter, *period, *used)).collect()
    };
    let found = reprice_from(catalogue, stored, &AsDrawn { draws: &stored.draws, snapshot: catalogue });
    found.is_err() || found.is_ok_and(|(figures, _)| drawn(&figures) == drawn(&stored.figures))
}
