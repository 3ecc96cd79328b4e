//! Which rate prices a leg: the search over the layers.
//!
//! Owns: longest match over all layers, a tie to the upper one (M24, M29).
//! Does not own: the search within one list (`list`).
//! Always: retail and wholesale resolve by this one function.

use numbering::Chain;

use crate::explain::{Line, Trace};
use crate::list::{Found, PriceList, Wanted};
use crate::snapshot::Snapshot;

/// The list and row that price a leg.
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'a> {
    /// The list.
    pub list: &'a PriceList,
    /// The row.
    pub found: Found,
}

/// The row with the longest prefix over `layers` (the uppermost first); a tie goes to the upper layer.
#[inline]
pub fn resolve<'a, T: Trace>(
    snapshot: &'a Snapshot,
    layers: impl Iterator<Item = &'a PriceList> + Clone,
    chain: &Chain,
    wanted: &Wanted,
    side: &'static str,
    trace: &mut T,
) -> Option<Resolved<'a>> {
    let find = |list: &'a PriceList| list.find(chain, |prefix| snapshot.prefix_len(prefix), wanted);
    let mut best: Option<Resolved<'a>> = None;
    for list in layers.clone() {
        if let Some(found) = find(list)
            && best.is_none_or(|best| found.prefix_len > best.found.prefix_len)
        {
            best = Some(Resolved { list, found });
        }
    }
    for list in layers {
        trace.line(|| {
            let found = find(list);
            Line::List {
                side,
                list: list.code.to_string(),
                prefix: found.map(|found| format!("{:?}", snapshot.prefixes().prefix(found.prefix))),
                row: found.map(|found| found.row_id),
                chosen: found.is_some() && best.is_some_and(|best| best.list.id == list.id),
            }
        });
    }
    best
}
