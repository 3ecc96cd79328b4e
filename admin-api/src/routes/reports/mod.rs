//! Endpoints of reports that are no plain lists.
//!
//! Owns: the list of them.
//! Does not own: the figures (the rooms of `billing`), reports that are lists (`router` has a line for each).
//! Always: they only read.

pub(crate) mod distribution;
