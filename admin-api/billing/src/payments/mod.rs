//! Payments that come in through a bank: what a statement says, whose money it is, what it pays.
//!
//! ```text
//! file -> statement (lines, each with an identity) -> purpose (what a line names) -> matching (whose it is) -> allocation (what it pays)
//! ```
//!
//! Owns: the two forms of a statement's file, the rules by which a line finds its account, the distribution over what is open.
//! Does not own: what becomes of a line that was matched (its postings), invoices, the work list that a person goes through.
//! Always: pure; a file is taken as a whole or refused with all its faults; nothing that speaks against a match is passed over in silence; a kopeck that
//! came in is either on one open item or stays as advance.
//! Start reading at [`statement::read`], then [`matching::decide`].

pub mod statement;

pub mod purpose;
pub mod writing;

pub mod matching;

pub mod allocation;
