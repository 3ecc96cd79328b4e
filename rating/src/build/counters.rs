//! Counters: bundles of plans, volumes of lists.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Builder, Table};
use crate::counter::{Bundle, Volume};
use crate::list::PriceList;
use crate::rows::{BundleRow, ListId, PlanId};
use crate::snapshot::Plan;

impl Builder<'_> {
    /// Volumes belong to retail lists: they count what an account was charged for.
    pub(super) fn volumes(&mut self, list_index: &FxHashMap<ListId, u32>) -> Vec<Volume> {
        let rows = &self.rows.volumes;
        for (index, row) in rows.iter().enumerate() {
            let problem = match list_index.get(&row.list) {
                None => "this list does not exist; add it to the lists",
                Some(list) if self.rows.lists[*list as usize].provider.is_some() => {
                    "a volume counts per account; a wholesale list has no accounts"
                }
                Some(_) => continue,
            };
            self.bad(Table::Volumes, index, "list", problem);
        }
        rows.iter().map(|row| Volume { id: row.id, code: row.code.as_str().into(), period: row.period }).collect()
    }

    /// Hangs the bundles on their plans, in the order in which they are used.
    pub(super) fn bundles(&mut self, plans: &mut [Plan], plan_index: &FxHashMap<PlanId, u32>) {
        let groups: Vec<Arc<FxHashSet<_>>> = self
            .rows
            .destination_groups
            .iter()
            .map(|group| Arc::new(group.prefixes.iter().copied().collect()))
            .collect();
        let mut bundles: Vec<_> = self.rows.bundles.iter().enumerate().collect();
        bundles.sort_by_key(|(_, bundle)| (bundle.plan, bundle.priority, bundle.validity.from_ms));
        for pair in bundles.windows(2) {
            let ((_, earlier), (row, later)) = (&pair[0], &pair[1]);
            if (earlier.plan, earlier.priority) == (later.plan, later.priority)
                && earlier.validity.overlaps(later.validity)
            {
                let problem =
                    "another bundle of this plan has this priority at the same time; give one of them another";
                self.bad(Table::Bundles, *row, "priority", problem);
            }
        }
        let mut by_code: Vec<_> = bundles.iter().collect();
        by_code.sort_by_key(|(_, bundle)| (bundle.plan, bundle.code.as_str(), bundle.validity.from_ms));
        let same = |pair: &&[&(usize, &BundleRow)]| {
            let (earlier, later) = (&pair[0].1, &pair[1].1);
            (earlier.plan, &earlier.code) == (later.plan, &later.code) && earlier.validity.overlaps(later.validity)
        };
        let twice: Vec<usize> = by_code.windows(2).filter(same).map(|pair| pair[1].0).collect();
        for row in twice {
            self.bad(
                Table::Bundles,
                row,
                "bundle",
                "this bundle of the plan stands twice at one time; end the earlier one first",
            );
        }
        for (row, bundle) in bundles {
            let Some(plan) = plan_index.get(&bundle.plan) else {
                self.bad(Table::Bundles, row, "plan", "this plan does not exist; add it to the plans");
                continue;
            };
            let kinds: BTreeSet<bool> = bundle.services.iter().map(|service| service.is_call()).collect();
            if kinds.len() > 1 {
                let problem = "one bundle cannot hold seconds of calls and pieces of events; make two of it";
                self.bad(Table::Bundles, row, "services", problem);
            }
            plans[*plan as usize].bundles.push(Bundle {
                id: bundle.id,
                code: bundle.code.as_str().into(),
                units: bundle.units,
                period: bundle.period,
                keeps: bundle.keeps,
                waives_connect_fee: bundle.waives_connect_fee,
                services: bundle.services.clone(),
                destinations: bundle.destinations.map(|group| Arc::clone(&groups[group as usize])),
                validity: bundle.validity,
            });
        }
    }

    /// Plans whose accounts have counters.
    pub(super) fn mark_counting(&self, plans: &mut [Plan], lists: &[Arc<PriceList>]) {
        let counting: Vec<bool> = lists
            .iter()
            .map(|list| list.alternatives.iter().any(|row| self.rows.rates[row.rate as usize].parts().volume.is_some()))
            .collect();
        for plan in plans {
            plan.counts = !plan.bundles.is_empty() || plan.layers.iter().any(|(list, _)| counting[*list as usize]);
        }
    }
}
