//! Tests across crates, on the real engines: one binary, so that it links once.
//!
//! Rules: a test makes its own world (databases and topic named after the process) and drops it at the end; it states the money it expects with its
//! arithmetic; it never sleeps for a result but waits for the ingest to reach the end of the topic. A missing engine is a failure that names the command.

#![expect(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod api;
mod approvals;
mod audit;
mod authorize;
mod authorize_kill;
mod autopay;
mod bad_input;
mod books;
mod books_random;
mod cabinet;
mod care;
mod clients;
mod collect;
mod collect_files;
mod counting;
mod credit;
mod credit_year;
mod duplicates;
mod edge;
mod figures;
mod forcing;
mod formats;
mod groups_contracts;
mod guards;
mod holds;
mod in_force;
mod in_words;
mod ledger;
mod liquidation;
mod lists;
mod locks;
mod long_calls;
mod matrix;
mod numbers_agree;
mod numbers_for_sale;
mod numbers_inventory;
mod offline;
mod payments;
mod plan;
mod price_lists;
mod quarantine;
mod radius;
mod receipts;
mod restart;
mod rework;
mod search;
mod sign_in;
mod sign_in_provider;
mod staff;
mod subscriptions;
mod terminations;
mod terms;
mod transactions;
mod views;
mod why;
