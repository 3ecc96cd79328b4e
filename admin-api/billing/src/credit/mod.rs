//! Credit: who may owe how much until when, what blocks an account, and what is tried before.
//!
//! Owns: the decisions on credit by the month ([`month_end`]) and by days ([`deferral`]), debt ([`debt`]), blocks and floors ([`blocks`]), the critical notice
//! ([`critical_notice`]) and automatic payment ([`autopay`]).
//! Does not own: the rows that they decide on, postings (`ledger`), documents (`invoicing`), the terms of an account (`accounts`).
//! Always: pure: what is decided on comes in, the decision goes out; the same facts give the same decision, so a job may run twice.
//! Start reading at [`month_end::decide`].

pub mod calendar;
pub mod debt;
pub mod month_end;

pub mod blocks;
pub mod deferral;

pub mod autopay;
pub mod critical_notice;

#[cfg(test)]
mod tests;
