//! The collector: call records from switches that do not write to Kafka.
//!
//! Owns: the configuration ([`config`]), records that switches post ([`http`], [`door`], [`body`]), the spool for times without Kafka ([`spool`], [`gate`]), files that
//! switches leave in folders ([`watch`], [`file`], [`split`], [`unended`], [`later`]), what they count themselves ([`counters`]); [`service`] puts them together.
//! Does not own: what a record means (the stages), the register of files and the alarms (`billing`), connections (`listener`).
//! Always: what was acknowledged to a switch lies in Kafka or, forced to the disk, in the spool; a record may go out twice and is charged once, its identity
//! sorts that out; no file is ever deleted.
//!
//! ```text
//! POST /v1/cdr/SOURCE -> door -> body -> gate -> Kafka            folder -> watch -> file -> register -> Kafka -> done/
//!                                          `---> spool -> Kafka
//! ```

pub mod body;
pub mod config;
pub mod counters;
pub mod door;
pub mod file;
pub mod gate;
pub mod http;
pub mod later;
pub mod problem;
pub mod record;
pub mod secret;
pub mod sender;
pub mod service;
pub mod split;
pub mod spool;
pub mod unended;
pub mod watch;
