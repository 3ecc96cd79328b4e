//! Roll-back of an import: its charges taken back, its suspense closed, its identities forgotten.
//!
//! Owns: what a portion of charges and a portion of suspense undo.
//! Does not own: the reversal of one charge (`rerate::take_back`), sending the records again.
//! Always: after it the books are as if the import had never come; the records can be sent again and are charged then. A charge that was taken back
//! before is left alone.

use std::sync::Arc;

use billing::rework::Job;
use billing::suspense::{Settled, Settlement, Waiting};
use numbering::E164;

use super::charges::{Charge, ChargesOf, standing_elsewhere};
use super::recycle::trace;
use super::rerate::{Differences, of_charges, take_back};
use super::{Prepared, Trouble};
use crate::assemble::Assembly;
use crate::charge::Identity;
use crate::stream::commit::ids_of;
use crate::stream::service::Shared;

/// Takes the charges of a portion back.
pub(super) async fn charges(shared: &Arc<Shared>, job: &Job, charges: Vec<Charge>) -> Result<Prepared, Trouble> {
    let mut prepared = Prepared::default();
    let mut differences = Differences::default();
    let periods = shared.live.periods();
    let long_calls = of_charges(shared, &charges).await?;
    let mut ids = ids_of(shared.reserve_ids_for(charges.len()).await?);
    let mut assembly = Assembly::new(&mut ids);
    for charge in charges.iter().filter(|charge| charge.calls > 0) {
        prepared.count("charges");
        differences.take_back(charge);
        if job.dry_run {
            continue;
        }
        prepared.revisions.push(take_back(&mut assembly, charge, &periods));
        match long_calls.get(&charge.kept.identity) {
            // All its parts, by whatever import they came: none of them is charged any more.
            Some(call) => {
                prepared.removed.extend(call.parts.chunks_exact(16).filter_map(|part| Identity::try_from(part).ok()));
                prepared.moves.long_calls.push(call.taken_back());
            }
            None => prepared.removed.push(charge.kept.identity),
        }
        for draw in &charge.stored.draws {
            *prepared.given_back.entry(draw.key).or_default() += draw.used;
        }
        if charge.stored.is_non_target
            && let Some(did) = E164::new(charge.stored.number)
        {
            assembly.non_target(did, charge.usage_day(), E164::new(charge.stored.origin), -1);
        }
    }
    prepared.assembled = assembly.finish();
    prepared.differences = differences.rows();
    Ok(prepared)
}

/// Closes the entries of a portion: open ones wait no longer, settled ones hold no repeat back.
pub(super) async fn entries(
    shared: &Arc<Shared>,
    job: &Job,
    of: &ChargesOf<'_>,
    entries: &[(Waiting, bool)],
) -> Result<Prepared, Trouble> {
    let mut prepared = Prepared::default();
    let settled: Vec<_> = entries.iter().filter(|(_, is_open)| !is_open).map(|(entry, _)| entry.identity).collect();
    let charged = standing_elsewhere(&shared.clickhouse, of, &settled).await?;
    let mut ids = ids_of(shared.reserve_ids_for(entries.len()).await?);
    let mut assembly = Assembly::new(&mut ids);
    for (entry, is_open) in entries {
        // Its charge stands elsewhere, and must still be known.
        if !is_open && charged.contains(&entry.identity) {
            continue;
        }
        prepared.count(if *is_open { "suspended" } else { "settled" });
        if job.dry_run {
            continue;
        }
        prepared.settled.push(Settlement { id: entry.id, was_open: *is_open, settled: Settled::RolledBack });
        prepared.removed.push(entry.identity);
        if *is_open {
            trace(&mut assembly, entry, (&entry.code, &entry.stage), -1);
        }
    }
    prepared.assembled = assembly.finish();
    Ok(prepared)
}
