//! Lists over HTTP: one way for all of them.
//!
//! ```text
//! query -> read (values, by the list's own filters) -> billing::grid -> show (JSON, CSV, XLSX)
//! ```
//!
//! Owns: the register of lists, the handler behind each, their description for programs, exports in the background; files of pages of other lists (`table`).
//! Does not own: what a list shows (the `GRID` of its room), paging of lists that are no grids (`paging`).
//! Always: a file has the rows and columns that JSON has under the same query; where it would have to leave rows out, it is refused.

mod answer;
mod describe;
pub(crate) mod exporter;
mod file;
mod read;
mod show;
mod table;

pub(crate) use answer::{answer, file_headers};
pub(crate) use describe::described;
pub(crate) use read::{asked, query_of};
pub(crate) use show::object;
pub(crate) use table::{Column, Table, WantedFile, page_answer};

use std::collections::BTreeMap;
use std::sync::LazyLock;

use billing::grid::Grid;
use billing::settings::Settings;
use billing::staff::Permission;

use crate::problem::Problem;
use crate::router::{self, Access};

/// Whether the list would answer this query.
pub(crate) fn check(grid: &'static Grid, query: &read::Query, settings: &Settings) -> Result<(), Problem> {
    asked(grid, query, settings).map(|_| ())
}

/// Every list by its name, and what its reader needs.
static LISTS: LazyLock<BTreeMap<&'static str, (&'static Grid, Permission)>> = LazyLock::new(|| {
    let lists = router::table().into_iter().filter_map(|route| match (route.grid, route.access) {
        (Some(grid), Access::Needs(permission)) => Some((grid.name, (grid, permission))),
        _ => None,
    });
    lists.collect()
});

/// The list with a name, and what its reader needs.
pub(crate) fn by_name(name: &str) -> Option<(&'static Grid, Permission)> {
    LISTS.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_has_a_name_of_its_own_with_dashes() {
        assert_eq!(LISTS.len(), router::table().iter().filter(|route| route.grid.is_some()).count());
        for name in LISTS.keys() {
            assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'), "{name}");
        }
    }
}
