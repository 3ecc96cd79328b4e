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

use billing::grid::Grid;
use billing::settings::Settings;
use billing::staff::Permission;

use crate::problem::Problem;
use crate::router::{self, Access};

/// Whether the list would answer this query.
pub(crate) fn check(grid: &'static Grid, query: &read::Query, settings: &Settings) -> Result<(), Problem> {
    read::limit(query.get("limit").map(String::as_str), false, settings)?;
    asked(grid, query, settings).map(|_| ())
}

/// The list with a name, and what its reader needs.
pub(crate) fn by_name(name: &str) -> Option<(&'static Grid, Permission)> {
    router::table().into_iter().find_map(|route| {
        let grid = route.grid.filter(|grid| grid.name == name)?;
        let Access::Needs(permission) = route.access else { return None };
        Some((grid, permission))
    })
}
