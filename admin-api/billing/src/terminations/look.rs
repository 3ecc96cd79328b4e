//! Whose term runs, whose is over.
//!
//! Owns: whom the nightly look concerns, rows in the states `waiting` and `resolved`.
//! Does not own: what is done about who is due (`terminate`, `approvals`).
//! Always: a portion is one transaction; twice changes nothing; what is found is asked again before anything is done.

use chrono::{DateTime, NaiveDate, Utc};

use super::store;
use crate::credit::termination::Unresolved;
use crate::credit::{Noticed, noticed};
use crate::store::{Store, StoreError};

/// An account whose contract is due to be ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its code.
    pub account: String,
    /// The notice of intention.
    pub notice: i64,
    /// The day of it, in the billing zone.
    pub noticed_on: NaiveDate,
}

impl Due {
    /// Why, in words.
    pub fn reason(&self) -> String {
        format!("долг не погашен в срок после уведомления от {}", self.noticed_on.format("%d.%m.%Y"))
    }
}

/// What a look at a portion has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Accounts whose term runs, or is over.
    pub waiting: usize,
    /// Accounts whose debt was resolved since the last look.
    pub resolved: u64,
    /// Accounts whose term is over, but those of which people have refused it.
    pub due: Vec<Due>,
    /// Where the next portion begins; `None` = there is none.
    pub after: Option<i64>,
}

/// Looks at the next `most` accounts behind the account `after` that a notice of intention was sent to: whose term is over by a date.
pub async fn look(
    store: &Store,
    date: NaiveDate,
    now: DateTime<Utc>,
    after: i64,
    most: i64,
) -> Result<Looked, StoreError> {
    let mut tx = store.begin().await?;
    let accounts = store::noticed_accounts(&mut tx, after, most).await?;
    let Some(last) = accounts.last().copied() else { return Ok(Looked::default()) };
    let found = noticed(&mut tx, &accounts, now).await?;
    let running: Vec<&Noticed> = found.iter().filter(|one| one.unresolved.is_some()).collect();
    let resolved = store::resolve(&mut tx, &accounts, &running, now).await?;
    store::keep_waiting(&mut tx, &running, now).await?;
    let declined = store::declined(&mut tx, &running).await?;
    tx.commit().await?;
    let due = |one: &&Noticed| {
        let is_due = |found: &Unresolved| found.due <= date && !declined.contains(&found.notice.id);
        let unresolved = one.unresolved.filter(is_due)?;
        Some(Due { account: one.code.clone(), notice: unresolved.notice.id, noticed_on: unresolved.notice.day })
    };
    Ok(Looked { waiting: running.len(), resolved, due: running.iter().filter_map(due).collect(), after: Some(last) })
}
