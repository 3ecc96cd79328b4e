//! The contradictions of one list, before it becomes part of a catalogue.
//!
//! Owns: asking the build's own rules about rows that are not in force yet.
//! Does not own: those rules (`lists`).
//! Always: what is refused here is what a build of the catalogue would refuse.

use std::sync::Arc;

use numbering::NumberingPlan;

use super::{BadRow, Builder};
use crate::rows::{RateRow, Rows};
use crate::terms::Terms;

/// What a build would refuse in the rows of one list. Each row stands with a number of the caller's; of two rows that contradict each other the
/// higher one is blamed.
pub fn contradictions(mut rows: Vec<(RateRow, usize)>) -> Vec<BadRow> {
    let numbering = NumberingPlan::from_csv("prefix,country,kind,name_en,name_ru\n").expect("a plan without prefixes");
    let terms = Terms::build(&[], &[], &[], &[]);
    let mut builder = Builder { errors: Vec::new(), rows: Rows::empty(), terms, numbering: Arc::new(numbering) };
    builder.settle(&mut rows);
    builder.errors
}
