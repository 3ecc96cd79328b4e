//! Invoicing: what an account's month comes to.
//!
//! Owns: the lines of a month's invoice and their rounding (A11, A12).
//! Does not own: issued documents, their numbers and their sending, which follow.
//! Always: each (product, service, tax rate) total is rounded once to kopecks; the tax is that of the service date.

pub mod rules;
mod store;

pub(crate) use rules::tax_inside;
pub use rules::{Invoice, InvoiceLine, UsageLine, assemble};
pub use store::{InvoiceError, month};
