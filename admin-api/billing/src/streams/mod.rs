//! Streams: where a partition stands, and what a batch of its records does, exactly once.
//!
//! Owns: tables `stream`, `partition_state`, `identity_blob`, `outbox`; the order of statements of a batch.
//! Does not own: Kafka, ClickHouse, the rating of records; balances (`ledger`), holds, suspense, non-target rows and calls in parts are written by their
//! rooms in the transaction opened here.
//! Always: the position advances in the transaction of the effects; a batch of an older epoch changes nothing; batches commit one after another
//! (a transaction-scoped advisory lock, taken first), so an owner that has read all blobs under the lock knows every identity committed before.
//! Start reading at [`BatchTx`].
//!
//! Round trips of a batch: begin and lock 2, foreign blobs 1, position 1, periods 1, accounts 2, totals 1, identities 1, suspense 0-1, non-target 0-4,
//! calls in parts 0-2, holds 1-2, outbox 1 a part, delivered outbox rows 0-1, version of the catalogue 1-2, commit 1.

mod batch;
mod outbox;
mod partition;

pub(crate) use batch::hold_commits;
pub use batch::{BatchTx, BatchWrite, Committed, IdentityBlob, Resolved, WriteError};
pub use outbox::{OutboxPart, OutboxRow, delete_delivered, outbox_bytes, pending, pending_by_id, reserve_ids};
pub use partition::{
    Claim, PartitionProgress, StreamId, claim, forget_identities, identities_after, identity_horizon, move_position,
    oldest_read, oldest_waiting, open_stream, position, progress, record_progress,
};
