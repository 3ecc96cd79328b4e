//! Endpoints of tariff plans, which are looked at here and made elsewhere.
//!
//! Owns: the list of them.
//! Does not own: plans (`billing::plans`), their price lists (`price_lists`).
//! Always: a plan is named by its code.

pub(crate) mod get;
