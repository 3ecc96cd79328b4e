//! Payments: money that came, whose it is, what it pays.
//!
//! ```text
//! file -> statement (lines, each with an identity) -> plan (purpose -> matching) -> import ─┐
//! entered by hand (enter), told by a gateway (gateway) ──────────────────────────────────────┼─► booking -> distribute (allocation) -> settled
//! work list -> assign; a request to find one (searches) ─────────────────────────────────────┘
//!                                        refund, relocate, take_back undo what was booked
//! ```
//!
//! Owns: tables `payment`, `payment_file`, `bank_statement`, `bank_statement_line`, `payment_allocation`, `payment_refund`, `payment_search`;
//! the two forms of a statement's file, the rules by which a line finds its account, the distribution over what is open.
//! Does not own: balances (`ledger`), documents (`documents`, which is told what is paid of them), gateways, credit.
//! Always: `statement`, `purpose`, `writing`, `matching` and `allocation` are pure: a file is taken as a whole or refused with all its faults, and
//! nothing that speaks against a match is passed over in silence. Money that came is on an account or in the work list, once; a kopeck is on one open item, given
//! back, or stays as advance; a payment is held before the ledger is asked, and distributed behind it; everything leaves an audit line.
//! Start reading at [`statement::read`], [`matching::decide`] and [`import()`].

pub mod statement;

pub mod purpose;
pub mod writing;

pub mod matching;

pub mod allocation;

mod words;

mod error;

mod held;
mod open;

mod distribute;
mod settled;

mod booking;
mod facts;

mod decide;

mod files;
mod plan;

mod import;

mod assign;
mod enter;
mod gateway;

mod refund;
mod relocate;
mod take_back;

mod searches;

mod cards;
mod coverage;
mod lists;

pub use assign::assign;
pub use cards::{Candidate, CardPart, CardRefund, OwnPayment, PaymentCard, card, of_client};
pub use distribute::{Part, redistribute};
pub use enter::{Entered, NewPayment, enter};
pub use error::PaymentError;
pub use files::{KeptFile, NewFile, search_file, statement_file};
pub use gateway::{GatewayPayment, receive};
pub use import::{NewStatement, import};
pub use lists::{ALLOCATIONS, LINES, PAYMENTS, REFUNDS, SEARCHES, STATEMENTS};
pub use open::Open;
pub(crate) use open::{asks_no_more, charge_taken_back, document_asks};
pub use plan::{Counts, LineReport, StatementReport, preview};
pub use refund::{NewRefund, Refunded, refund};
pub use relocate::{NewPlace, Relocated, relocate};
pub use searches::{NewSearch, SearchCard, found, not_found, search, search_card};
pub use take_back::take_back;
pub use words::{CHARGE, Choice, Item, Source, State};
