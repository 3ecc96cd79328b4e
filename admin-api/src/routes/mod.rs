//! The endpoints: one file each, in the folder of its room.
//!
//! Owns: the rooms' folders.
//! Does not own: paths and permissions (`router`).
//! Always: a handler reads its input, calls one room, and shows the answer; no rule of billing is written here.

pub(crate) mod accounts;
pub(crate) mod agents;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod autopay;
pub(crate) mod availability;
pub(crate) mod bank_statements;
pub(crate) mod blocks;
pub(crate) mod cabinet;
pub(crate) mod charges;
pub(crate) mod cleaning;
pub(crate) mod client_users;
pub(crate) mod clients;
pub(crate) mod contracts;
pub(crate) mod credit;
pub(crate) mod did_imports;
pub(crate) mod docs;
pub(crate) mod documents;
pub(crate) mod fiscal_receipts;
pub(crate) mod gateway;
pub(crate) mod health;
pub(crate) mod imports;
pub(crate) mod jobs;
pub(crate) mod ledger;
pub(crate) mod legal_entities;
pub(crate) mod liquidation;
pub(crate) mod lists;
pub(crate) mod locks;
pub(crate) mod mails;
pub(crate) mod number_classes;
pub(crate) mod number_regions;
pub(crate) mod numbers;
pub(crate) mod numbers_for_sale;
pub(crate) mod open_calls;
pub(crate) mod parties;
pub(crate) mod payers;
pub(crate) mod payment_methods;
pub(crate) mod payment_searches;
pub(crate) mod payments;
pub(crate) mod plans;
pub(crate) mod price_lists;
pub(crate) mod production_calendars;
pub(crate) mod products;
pub(crate) mod providers;
pub(crate) mod quarantine_terms;
pub(crate) mod reports;
pub(crate) mod rework;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod staff;
pub(crate) mod subscriptions;
pub(crate) mod suspense;
pub(crate) mod switches;
pub(crate) mod tags;
pub(crate) mod tariffs;
pub(crate) mod terms;
