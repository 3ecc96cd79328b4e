//! Endpoints of the payment gateway.
//!
//! Owns: the list of them.
//! Does not own: what is asked of the gateway (`crate::gateway`), what follows from what it says (`billing::autopayments`).
//! Always: open to everybody, and nothing is believed that is not signed.

pub(crate) mod callback;
