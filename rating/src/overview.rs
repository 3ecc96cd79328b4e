//! The snapshot looked at as a whole: which lists are in use, what currencies are worth to everybody.
//!
//! Owns: questions of reports and previews, which no call asks.
//! Does not own: the snapshot's contents.
//! Always: answers come from the same rows as prices do.

use rustc_hash::FxHashSet;

use crate::money::{Currency, Exact, Overflow};
use crate::rows::ListId;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// The price lists that are a layer of some plan at a moment.
    pub fn lists_in_plans(&self, at_ms: i64) -> FxHashSet<ListId> {
        self.tariffs.plans.iter().flat_map(|plan| self.layers(plan, at_ms)).map(|list| list.id).collect()
    }

    /// An amount in another currency by the general exchange rate of a moment (B19); `None` when there is no such rate.
    pub fn exchanged(&self, amount: Exact, pair: (Currency, Currency), at_ms: i64) -> Option<Result<Exact, Overflow>> {
        if pair.0 == pair.1 {
            return Some(Ok(amount));
        }
        self.terms().general_exchange(pair, self.usage_day(at_ms), at_ms).map(|exchange| exchange.apply(amount))
    }
}
