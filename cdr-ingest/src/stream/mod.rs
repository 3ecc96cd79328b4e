//! The stream: batches of Kafka partitions into the books, exactly once in effect.
//!
//! Owns: consumption and rebalancing ([`consumer`], `poller`), the lane of a partition ([`lane`]), the commit of a batch ([`commit`]), what was seen and counted before
//! ([`seen`], [`keys`], [`late`], [`counting`]), delivery ([`delivery`]), and the live snapshot ([`live`]); [`service`] puts them together.
//! Does not own: what a record means (the stages), the statements (`billing::streams`).
//! Always: Postgres decides. A position is committed with its effects; ClickHouse follows from the outbox; Kafka's own offsets are for dashboards.
//!
//! ```text
//! consumer thread -> [lane: rate] -> [lane: commit] -> [lane: deliver]      a lane a partition; commits of all lanes one after another
//! ```

pub mod batch;
pub mod commit;
pub mod consumer;
pub mod counting;
mod counts;
pub mod delivery;
pub mod keys;
pub mod lane;
pub mod late;
pub mod live;
mod poller;
pub mod progress;
pub mod seen;
pub mod service;
