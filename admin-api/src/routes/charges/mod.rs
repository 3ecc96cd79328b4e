//! Endpoints of charges.
//!
//! Owns: the list of them.
//! Does not own: charges (`calls` reads them, `billing::charges` makes them ready to be priced again), their price (`rating`).
//! Always: a charge is named by the identity of its leg, as the calls of an account show it.

pub(crate) mod why;
