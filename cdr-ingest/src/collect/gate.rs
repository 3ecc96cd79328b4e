//! Where a posted record goes: to Kafka, or into the spool.
//!
//! Owns: the choice between the two, draining the spool.
//! Does not own: either of them.
//! Always: while anything waits in the spool, new records go behind it, so that they reach Kafka in the order in which they came: bundles and steps by
//! volume count in order. Only the drain asks whether Kafka is back; a switch never waits for a broker that is known to be away.

use std::sync::Arc;
use std::time::Duration;

use super::problem::Problem;
use super::record::Record;
use super::sender::{SendError, Sender};
use super::spool::{Position, Spool, SpoolError};
use crate::meters;
use crate::text::Said;

/// Records that go from the spool at once.
const DRAIN_RECORDS: usize = 5_000;
/// Between tries while Kafka is away.
const AWAY_PAUSE: Duration = Duration::from_secs(1);
/// Between looks whether something waits.
const IDLE_PAUSE: Duration = Duration::from_millis(100);
/// When a switch should try again.
const RETRY_SECONDS: u64 = 5;

/// Which way a record went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The broker has it.
    Kafka,
    /// The disk has it.
    Spool,
}

impl Way {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Spool => "spool",
        }
    }
}

/// The gate.
pub struct Gate {
    sender: Arc<Sender>,
    spool: Arc<Spool>,
}

impl Gate {
    /// A gate over these.
    pub const fn new(sender: Arc<Sender>, spool: Arc<Spool>) -> Self {
        Self { sender, spool }
    }

    /// Takes records of one request; they are safe when this returns well.
    ///
    /// # Errors
    /// The answer to the caller; he sends all of them again.
    pub async fn accept(&self, records: Vec<Record>) -> Result<Way, Problem> {
        let left = if self.spool.waiting_bytes() > 0 { records } else { self.direct(records).await? };
        if left.is_empty() {
            return Ok(Way::Kafka);
        }
        match self.spool.append(&left).await {
            Ok(()) => Ok(Way::Spool),
            Err(error) => {
                tracing::error!(%error, "records are refused: Kafka is away, and they cannot be kept");
                Err(unavailable(&error))
            }
        }
    }

    /// Sends records; gives back those that Kafka does not take now.
    async fn direct(&self, records: Vec<Record>) -> Result<Vec<Record>, Problem> {
        let results = self.sender.send(&records).await;
        let mut left = Vec::new();
        for (record, result) in records.into_iter().zip(results) {
            match result {
                Ok(_) => {}
                Err(SendError::Refused(reason)) => {
                    tracing::warn!(source = %record.source, reason, "the broker refuses a record");
                    return Err(Problem::too_large(record.payload.len().saturating_sub(1)));
                }
                Err(SendError::Away(reason)) => {
                    if left.is_empty() {
                        tracing::warn!(reason, "Kafka does not take records: they go into the spool");
                    }
                    left.push(record);
                }
            }
        }
        Ok(left)
    }

    /// Sends what waits in the spool, for ever.
    pub async fn drain(&self) {
        loop {
            let pause = match self.drain_once().await {
                Ok(true) => continue,
                Ok(false) => IDLE_PAUSE,
                Err(reason) => {
                    tracing::debug!(reason, "the spool waits");
                    AWAY_PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends the next records of the spool. `false` when nothing waits.
    async fn drain_once(&self) -> Result<bool, String> {
        if self.spool.waiting_bytes() == 0 {
            return Ok(false);
        }
        let spool = Arc::clone(&self.spool);
        let (records, position) = blocking(move || spool.read(DRAIN_RECORDS)).await?;
        let (count, newest_ms) = (records.len(), records.last().map_or(0, |record| record.received_ms));
        let mut refused = Vec::new();
        let mut left = records;
        // What was taken does not go again: only the rest does, for as long as it takes.
        loop {
            let results = self.sender.send(&left).await;
            let mut again = Vec::new();
            for (record, result) in left.into_iter().zip(results) {
                match result {
                    Ok(_) => {}
                    Err(SendError::Refused(reason)) => {
                        tracing::error!(source = %record.source, reason, "a record of the spool is set aside: see refused.frames");
                        refused.push(record);
                    }
                    Err(SendError::Away(reason)) => {
                        if again.is_empty() {
                            tracing::debug!(reason, "the spool waits");
                        }
                        again.push(record);
                    }
                }
            }
            left = again;
            if left.is_empty() {
                break;
            }
            tokio::time::sleep(AWAY_PAUSE).await;
        }
        self.went_on(refused, position, newest_ms).await?;
        metrics::counter!(meters::COLLECT_DRAINED).increment(count as u64);
        Ok(true)
    }

    async fn went_on(&self, refused: Vec<Record>, to: Position, newest_ms: i64) -> Result<(), String> {
        let spool = Arc::clone(&self.spool);
        blocking(move || {
            refused.iter().try_for_each(|record| spool.set_aside(record))?;
            spool.commit(to, newest_ms);
            Ok(())
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?;
    done.map_err(|error| {
        tracing::error!(%error, "the spool cannot be read or written");
        error.to_string()
    })
}

fn unavailable(error: &SpoolError) -> Problem {
    let said = match error {
        SpoolError::Full => Said::fixed(
            "Kafka недоступна, и спул заполнен; повторите позже, запись не принята",
            "Kafka is away and the spool is full; try again later, nothing was taken",
        ),
        SpoolError::Disk(_) => Said::fixed(
            "Kafka недоступна, и диск не принимает запись; повторите позже, запись не принята",
            "Kafka is away and the disk refuses; try again later, nothing was taken",
        ),
    };
    Problem::unavailable(said, RETRY_SECONDS)
}
