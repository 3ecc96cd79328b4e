//! Loading locks.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

use super::Operator;
use super::copy::Copy;
use super::load::{LoadError, from_text, to_text};

/// Locks, and the time in which those that are active are in force.
pub(super) async fn load_locks(
    connection: &mut PgConnection,
    operator: &Operator,
    now: DateTime<Utc>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<(), LoadError> {
    let at = now.to_rfc3339();
    let columns =
        "lock (id, account_id, mask, provider_id, origin, active, valid_from, valid_to, author, reason, created_at)";
    let mut copy = Copy::begin(connection, columns, progress).await?;
    for lock in &operator.locks {
        copy.line(&[
            Some(&lock.row.id.to_string()),
            lock.row.account.map(|id| id.0.to_string()).as_deref(),
            Some(&format!("{:?}", lock.row.mask)),
            lock.row.provider.map(|id| id.0.to_string()).as_deref(),
            Some(lock.row.origin.as_str()),
            Some(if lock.active { "t" } else { "f" }),
            from_text(lock.row.validity).as_deref(),
            to_text(lock.row.validity).as_deref(),
            Some(&lock.author),
            Some(&lock.reason),
            Some(&at),
        ])
        .await?;
    }
    copy.end().await?;
    let mut copy = Copy::begin(connection, "lock_period (lock_id, valid_from, valid_to)", progress).await?;
    for lock in operator.locks.iter().filter(|lock| lock.active) {
        let (from, to) = (from_text(lock.row.validity), to_text(lock.row.validity));
        copy.line(&[Some(&lock.row.id.to_string()), from.as_deref(), to.as_deref()]).await?;
    }
    Ok(copy.end().await?)
}
