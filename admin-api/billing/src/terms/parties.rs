//! Whose terms they are, and why some are refused.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::change::Change;
use crate::hot_path::Touched;
use crate::store::StoreError;

/// Whose terms, by code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Everybody's.
    General,
    /// Of a group of clients.
    Group(String),
    /// Of a client.
    Client(String),
    /// Of one account.
    Account(String),
}

/// Identifiers of a holder, as the tables have them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HolderIds {
    pub(super) account: Option<i64>,
    pub(super) client: Option<i64>,
    pub(super) group: Option<i32>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum TermsError {
    /// No such row, or group.
    #[error("there is no such record")]
    NotFound,
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// No such client.
    #[error("there is no client {0}")]
    NoClient(String),
    /// No such group.
    #[error("there is no group {0}")]
    NoGroup(String),
    /// The currency may not be chosen (B35).
    #[error("currency {0} is not active in the directory of currencies")]
    Currency(String),
    /// The first day lies in a closed period, or before one (A9).
    #[error("the period {0} is closed")]
    PeriodClosed(NaiveDate),
    /// The same is there already.
    #[error("record {0} says so already")]
    Exists(String),
    /// It would never be in force.
    #[error("the validity ends before it begins")]
    NoTime,
    /// It was ended before.
    #[error("it is ended already")]
    Ended,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TermsError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The identifiers of a holder. A client or account that is named is held until the transaction ends: what may stand once only is counted safely.
pub(super) async fn ids_of(connection: &mut PgConnection, holder: &Holder) -> Result<HolderIds, TermsError> {
    let mut ids = HolderIds::default();
    match holder {
        Holder::General => {}
        Holder::Group(code) => {
            // A closed group gets nothing any more.
            let sql = "SELECT id FROM client_group WHERE code = $1 AND closed_at IS NULL FOR NO KEY UPDATE";
            let group = sqlx::query_scalar(sql).bind(code);
            let group = group.fetch_optional(&mut *connection).await?;
            ids.group = Some(group.ok_or_else(|| TermsError::NoGroup(code.clone()))?);
        }
        Holder::Client(code) => {
            let client = sqlx::query_scalar("SELECT id FROM client WHERE code = $1 FOR NO KEY UPDATE").bind(code);
            let client = client.fetch_optional(&mut *connection).await?;
            ids.client = Some(client.ok_or_else(|| TermsError::NoClient(code.clone()))?);
        }
        Holder::Account(code) => {
            let account = sqlx::query_scalar("SELECT id FROM account WHERE code = $1").bind(code);
            let account = account.fetch_optional(&mut *connection).await?;
            ids.account = Some(account.ok_or_else(|| TermsError::NoAccount(code.clone()))?);
        }
    }
    Ok(ids)
}

/// The first moment of something entered now: as wanted, else now. A day in or before a closed period is refused: its usage is accounted for.
pub(super) async fn first_moment(
    change: &mut Change,
    wanted: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, TermsError> {
    let now = change.now();
    let from = wanted.unwrap_or(now);
    if to.is_some_and(|to| to <= from) {
        return Err(TermsError::NoTime);
    }
    if from < now {
        let day: NaiveDate =
            sqlx::query_scalar("SELECT ($1 AT TIME ZONE zone)::date FROM legal_entity ORDER BY id LIMIT 1")
                .bind(from)
                .fetch_one(change.connection())
                .await?;
        refuse_closed(change.connection(), day).await?;
    }
    Ok(from)
}

/// Refuses a first day that changes what a closed period came to.
pub(super) async fn refuse_closed(connection: &mut PgConnection, day: NaiveDate) -> Result<(), TermsError> {
    let closed: Option<NaiveDate> = sqlx::query_scalar(
        "SELECT max(month) FROM billing_period WHERE closed_at IS NOT NULL AND $1 < month + interval '1 month'",
    )
    .bind(day)
    .fetch_one(&mut *connection)
    .await?;
    closed.map_or(Ok(()), |month| Err(TermsError::PeriodClosed(month)))
}

/// A table whose rows end, with its name in the audit.
pub(super) struct Ending {
    pub(super) table: &'static str,
    pub(super) action: &'static str,
    pub(super) entity: &'static str,
    /// Its `account_id` and `client_id`, as SQL.
    pub(super) holder: &'static str,
}

/// Ends a row now: what lies before stays.
pub(super) async fn end(change: &mut Change, what: &Ending, id: i64, reason: &str) -> Result<(), TermsError> {
    let now = change.now();
    let find = format!("SELECT ended_at, {} FROM {} WHERE id = $1 FOR NO KEY UPDATE", what.holder, what.table);
    let (ended, account, client): (Option<DateTime<Utc>>, Option<i64>, Option<i64>) =
        sqlx::query_as(AssertSqlSafe(find))
            .bind(id)
            .fetch_optional(change.connection())
            .await?
            .ok_or(TermsError::NotFound)?;
    if ended.is_some() {
        return Err(TermsError::Ended);
    }
    let mark = format!("UPDATE {} SET ended_at = $2 WHERE id = $1", what.table);
    sqlx::query(AssertSqlSafe(mark)).bind(id).bind(now).execute(change.connection()).await?;
    change.record(what.action, what.entity, id, &json!({"ended_at": null}), &json!({"ended_at": now}), reason);
    change.touch(Touched::holder(account, client));
    Ok(())
}
