//! SQL of the locks as people change them.

use chrono::{DateTime, Utc};
use numbering::{Digits, ShortCode};
use rating::lock::LockOrigin;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::rules::{Period, lifts, may_lift, periods_after};
use crate::change::Change;
use crate::hot_path::Touched;
use crate::staff::Staff;
use crate::store::StoreError;

/// Most locks of a client's wish that stand on an account.
const CLIENT_LOCKS_MAX: i64 = 1_000;

/// A lock to be made.
#[derive(Clone, Debug)]
pub struct NewLock {
    /// Code of the account; `None` = for all.
    pub account: Option<String>,
    /// Prefix, number or short code.
    pub mask: Digits,
    /// Code of the provider.
    pub provider: Option<String>,
    /// Who asked for it.
    pub origin: LockOrigin,
    /// Validity; what of it is past counts from now.
    pub validity: Period,
    /// Why.
    pub comment: String,
}

/// How a lock is to stand.
#[derive(Clone, Debug)]
pub struct LockUpdate {
    /// Why it stands.
    pub comment: String,
    /// Whether it bars.
    pub active: bool,
    /// First moment; `None` = as it was.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// No such lock.
    #[error("there is no such lock")]
    NotFound,
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// No such provider.
    #[error("there is no provider {0}")]
    NoProvider(String),
    /// An emergency code (A1).
    #[error("{0} is an emergency code and cannot be locked")]
    Emergency(String),
    /// The same bar stands already.
    #[error("lock {0} bars the same already")]
    Exists(i64),
    /// It would never bar anything.
    #[error("the validity ends before it begins, or is over")]
    NoTime,
    /// More than an account may have of the client's wish.
    #[error("at most {0} locks of the client's wish on an account")]
    TooMany(i64),
    /// A deleted lock stays as it is.
    #[error("the lock is deleted")]
    Deleted,
    /// The caller may not lift it (M28, A25).
    #[error("a lock is lifted by its author or by the right lock.delete")]
    MayNotLift,
    /// Somebody changed it since it was read.
    #[error("the lock was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for LockError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes a lock (M25, M26); its identifier.
pub async fn create(change: &mut Change, new: &NewLock) -> Result<i64, LockError> {
    let now = change.now();
    let mask = format!("{:?}", new.mask);
    refuse_emergency(change.connection(), &mask).await?;
    let account = match &new.account {
        Some(code) => Some(
            sqlx::query_scalar::<_, i64>("SELECT id FROM account WHERE code = $1")
                .bind(code)
                .fetch_optional(change.connection())
                .await?
                .ok_or_else(|| LockError::NoAccount(code.clone()))?,
        ),
        None => None,
    };
    let provider = match &new.provider {
        Some(code) => Some(
            sqlx::query_scalar::<_, i32>("SELECT id FROM provider WHERE code = $1")
                .bind(code)
                .fetch_optional(change.connection())
                .await?
                .ok_or_else(|| LockError::NoProvider(code.clone()))?,
        ),
        None => None,
    };
    let validity = Period { from: Some(new.validity.from.map_or(now, |from| from.max(now))), to: new.validity.to };
    if !validity.is_some_time() {
        return Err(LockError::NoTime);
    }
    let bar = Bar { account, mask: &mask, provider, origin: new.origin.as_str() };
    refuse_second(change.connection(), &bar, validity, 0).await?;
    if let (LockOrigin::Client, Some(account)) = (new.origin, account) {
        room_for_one(change.connection(), account, now, 0).await?;
    }
    let author = change.actor().login.clone();
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO lock (account_id, mask, provider_id, origin, valid_from, valid_to, author, reason, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
    )
    .bind(account)
    .bind(&mask)
    .bind(provider)
    .bind(new.origin.as_str())
    .bind(validity.from)
    .bind(validity.to)
    .bind(author)
    .bind(&new.comment)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    write_periods(change.connection(), id, &periods_after(&[], now, Some(validity))).await?;
    let made = json!({
        "account": new.account, "mask": mask, "provider": new.provider, "origin": new.origin.as_str(), "active": true,
        "from": validity.from, "to": validity.to, "comment": new.comment
    });
    change.record("lock.create", "lock", id, &Value::Null, &made, &new.comment);
    change.touch(Touched::holder(account, None));
    Ok(id)
}

/// Refuses one lock of the client's wish more than an account may have beside lock `id`: each is read with every call. Whoever adds one to the same account
/// waits for the end of this change.
async fn room_for_one(
    connection: &mut PgConnection,
    account: i64,
    now: DateTime<Utc>,
    id: i64,
) -> Result<(), LockError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('client locks ' || $1::bigint, 0))")
        .bind(account)
        .execute(&mut *connection)
        .await?;
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM lock WHERE account_id = $1 AND id <> $3 AND origin = 'client' AND active AND deleted_at IS NULL AND (valid_to IS NULL OR valid_to > $2)",
    )
    .bind(account)
    .bind(now)
    .bind(id)
    .fetch_one(connection)
    .await?;
    if count < CLIENT_LOCKS_MAX { Ok(()) } else { Err(LockError::TooMany(CLIENT_LOCKS_MAX)) }
}

/// Changes comment, activity and validity. `revision`: the one the caller has seen, if it insists.
pub async fn update(
    change: &mut Change,
    staff: &Staff,
    id: i64,
    wanted: &LockUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), LockError> {
    let now = change.now();
    let held = hold(change.connection(), id, revision).await?;
    let validity = Period { from: wanted.from.or(held.validity.from), to: wanted.to };
    if !validity.is_some_time() {
        return Err(LockError::NoTime);
    }
    let (before, after) = (held.active.then_some(held.validity), wanted.active.then_some(validity));
    if lifts(before, after, now) && !may_lift(staff, &held.author) {
        return Err(LockError::MayNotLift);
    }
    // Bars that it did not have before.
    if lifts(after, before, now) {
        refuse_emergency(change.connection(), &held.mask).await?;
        let Held { account, provider, .. } = held;
        let bar = Bar { account, mask: &held.mask, provider, origin: &held.origin };
        refuse_second(change.connection(), &bar, validity, id).await?;
        if let (true, Some(account)) = (held.origin == LockOrigin::Client.as_str(), account) {
            room_for_one(change.connection(), account, now, id).await?;
        }
    }
    sqlx::query(
        "UPDATE lock SET reason = $2, active = $3, valid_from = $4, valid_to = $5, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(&wanted.comment)
    .bind(wanted.active)
    .bind(validity.from)
    .bind(validity.to)
    .execute(change.connection())
    .await?;
    move_periods(change, id, after).await?;
    let shown = |comment: &str, active: bool, validity: Period| json!({"comment": comment, "active": active, "from": validity.from, "to": validity.to});
    let before = shown(&held.comment, held.active, held.validity);
    change.record("lock.edit", "lock", id, &before, &shown(&wanted.comment, wanted.active, validity), reason);
    change.touch(Touched::holder(held.account, None));
    Ok(())
}

/// Ends a lock for good (M28, A25). Calls answered before are still judged by it.
pub async fn delete(
    change: &mut Change,
    staff: &Staff,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), LockError> {
    let held = hold(change.connection(), id, revision).await?;
    if !may_lift(staff, &held.author) {
        return Err(LockError::MayNotLift);
    }
    end(change, id, &held, reason).await
}

/// Ends a lock that a client had made on an account of his: he lifts it himself, whoever wrote it down for him. `employee`: who works as the client; he lifts
/// by his own right alone (M28, A25, B11). Any other lock is none of the client's.
pub async fn delete_of_client(
    change: &mut Change,
    (client_id, id): (i64, i64),
    employee: Option<&Staff>,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), LockError> {
    let is_his: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM lock l JOIN account a ON a.id = l.account_id WHERE l.id = $1 AND a.client_id = $2 AND l.origin = 'client')",
    )
    .bind(id)
    .bind(client_id)
    .fetch_one(change.connection())
    .await?;
    if !is_his {
        return Err(LockError::NotFound);
    }
    let held = hold(change.connection(), id, revision).await?;
    if employee.is_some_and(|staff| !may_lift(staff, &held.author)) {
        return Err(LockError::MayNotLift);
    }
    end(change, id, &held, reason).await
}

async fn end(change: &mut Change, id: i64, held: &Held, reason: &str) -> Result<(), LockError> {
    let now = change.now();
    sqlx::query("UPDATE lock SET active = false, deleted_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    move_periods(change, id, None).await?;
    let before = json!({"active": held.active, "deleted_at": null});
    change.record("lock.delete", "lock", id, &before, &json!({"active": false, "deleted_at": now}), reason);
    change.touch(Touched::holder(held.account, None));
    Ok(())
}

/// A lock under change.
struct Held {
    account: Option<i64>,
    mask: String,
    provider: Option<i32>,
    origin: String,
    active: bool,
    validity: Period,
    author: String,
    comment: String,
}

/// Holds the row of a lock that is not deleted.
async fn hold(connection: &mut PgConnection, id: i64, revision: Option<i64>) -> Result<Held, LockError> {
    let row = sqlx::query("SELECT * FROM lock WHERE id = $1 FOR NO KEY UPDATE")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(LockError::NotFound)?;
    if row.get::<Option<DateTime<Utc>>, _>("deleted_at").is_some() {
        return Err(LockError::Deleted);
    }
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(LockError::Stale);
    }
    Ok(Held {
        account: row.get("account_id"),
        mask: row.get("mask"),
        provider: row.get("provider_id"),
        origin: row.get("origin"),
        active: row.get("active"),
        validity: Period { from: row.get("valid_from"), to: row.get("valid_to") },
        author: row.get("author"),
        comment: row.get("reason"),
    })
}

/// An emergency code of the settings cannot be locked (A1).
async fn refuse_emergency(connection: &mut PgConnection, mask: &str) -> Result<(), LockError> {
    let codes: String = sqlx::query_scalar("SELECT value FROM setting WHERE key = 'numbering.emergency'")
        .fetch_one(&mut *connection)
        .await?;
    let mut codes = codes.split_whitespace().filter_map(ShortCode::parse);
    match codes.find(|code| format!("{:?}", code.digits()) == mask) {
        Some(code) => Err(LockError::Emergency(code.digits().to_string())),
        None => Ok(()),
    }
}

/// What a lock bars, and for whom.
struct Bar<'a> {
    account: Option<i64>,
    mask: &'a str,
    provider: Option<i32>,
    origin: &'a str,
}

/// Refuses what another active lock bars in the same way at the same time. Two that are made at once wait for each other here.
async fn refuse_second(
    connection: &mut PgConnection,
    bar: &Bar<'_>,
    validity: Period,
    except: i64,
) -> Result<(), LockError> {
    let key = format!("lock {:?} {} {:?} {}", bar.account, bar.mask, bar.provider, bar.origin);
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(key).execute(&mut *connection).await?;
    let others = sqlx::query(
        "SELECT id, valid_from, valid_to FROM lock
         WHERE active AND id <> $5 AND mask = $2 AND origin = $4 AND account_id IS NOT DISTINCT FROM $1 AND provider_id IS NOT DISTINCT FROM $3
         ORDER BY id",
    )
    .bind(bar.account)
    .bind(bar.mask)
    .bind(bar.provider)
    .bind(bar.origin)
    .bind(except)
    .fetch_all(&mut *connection)
    .await?;
    let same = |row: &&PgRow| Period { from: row.get("valid_from"), to: row.get("valid_to") }.overlaps(validity);
    others.iter().find(same).map_or(Ok(()), |row| Err(LockError::Exists(row.get("id"))))
}

/// Brings the times in force to what is wanted from now on.
async fn move_periods(change: &mut Change, id: i64, wanted: Option<Period>) -> Result<(), LockError> {
    let now = change.now();
    let rows =
        sqlx::query("SELECT valid_from, valid_to FROM lock_period WHERE lock_id = $1 ORDER BY valid_from NULLS FIRST")
            .bind(id)
            .fetch_all(change.connection())
            .await?;
    let periods: Vec<Period> =
        rows.iter().map(|row| Period { from: row.get("valid_from"), to: row.get("valid_to") }).collect();
    sqlx::query("DELETE FROM lock_period WHERE lock_id = $1").bind(id).execute(change.connection()).await?;
    Ok(write_periods(change.connection(), id, &periods_after(&periods, now, wanted)).await?)
}

async fn write_periods(connection: &mut PgConnection, id: i64, periods: &[Period]) -> Result<(), StoreError> {
    let (from, to): (Vec<_>, Vec<_>) = periods.iter().map(|period| (period.from, period.to)).unzip();
    sqlx::query(
        "INSERT INTO lock_period (lock_id, valid_from, valid_to) SELECT $1, * FROM unnest($2::timestamptz[], $3::timestamptz[])",
    )
    .bind(id)
    .bind(&from)
    .bind(&to)
    .execute(&mut *connection)
    .await?;
    Ok(())
}
