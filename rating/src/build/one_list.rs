//! The contradictions of one list, before it becomes part of a catalogue.
//!
//! Owns: asking the build's own rules about rows that are not in force yet.
//! Does not own: those rules (`lists`).
//! Always: what is refused here is what a build of the catalogue would refuse.

use super::{BadRow, Lists};
use crate::rows::RateRow;

/// What a build would refuse in the rows of one list. Each row stands with a number of the caller's; of two rows that contradict each other the
/// higher one is blamed.
pub fn contradictions(mut rows: Vec<(RateRow, usize)>) -> Vec<BadRow> {
    let mut lists = Lists::new();
    lists.settle(&mut rows);
    lists.errors
}
