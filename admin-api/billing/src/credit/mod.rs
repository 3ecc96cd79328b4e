//! Credit: who may owe how much until when, what blocks an account, and what is tried before.
//!
//! ```text
//! rules (pure): calendar, debt, month_end, deferral, blocks, termination, critical_notice, autopay
//!                    ▲ facts                                  │ decisions
//! room (SQL):   load ┘   case: one account                    └► write: postings, verdicts, blocks
//! ```
//!
//! Owns: the decisions on credit by the month ([`month_end`]) and by days ([`deferral`]), debt ([`debt`]), blocks and floors ([`blocks`]), the end of contracts
//! ([`termination`]), the critical notice ([`critical_notice`]) and automatic payment ([`autopay`]); the room that carries them out, whose tables its header names.
//! Does not own: postings (`ledger`), blocks by hand, notices and temporary limits (`crate::blocks`), the terms of an account (`accounts`), documents
//! (`crate::documents`).
//! Always: the rules are pure: what is decided on comes in, the decision goes out; the same facts give the same decision, so a job may run twice.
//! Start reading at [`month_end::decide`].

pub mod calendar;
pub mod debt;
pub mod month_end;

pub mod blocks;
pub mod deferral;
pub mod termination;

pub mod autopay;
pub mod critical_notice;

mod room;

pub use blocks::{Action, Block, Cause, Scope, floor};
pub use room::{
    AccountCredit, After, BANK_DAYS, CreditError, Figures, Portion, Refused, Step, VERDICTS, VerdictLine, Waiting,
    account_credit, after_payment, complete_statement, judge, may, may_spend, next_step, open_night, overdue,
    statement_complete, step_done, turn, waiting,
};
pub(crate) use room::{Noticed, after_notice, keep_terms, noticed, outstanding, switched};

#[cfg(test)]
mod tests;
