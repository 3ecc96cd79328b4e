//! A number that strangers keep calling is replaced on its product (M22, A32).
//!
//! Owns: what a replacement needs, the exchange itself, what is known of the number as evidence.
//! Does not own: who approves it (`approvals`), the calls that were taken (the statistics of calls), what is for sale (`numbers::sale`).
//! Always: product, its day and its terms stay; the old number goes to quarantine, the new one is for sale under its lock; the operator himself has told the client
//! long before.

use chrono::{DateTime, NaiveDate, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use sqlx::{PgConnection, Row};

use super::SubscriptionError;
use super::rules::{ClosedFor, Initiator, SubscriberStatus, may_replace};
use super::store::{hold_subscriber, subscriber_status};
use super::subscribers::{begin, end, for_sale, reserve};
use crate::change::Change;
use crate::credit::calendar::day_of;
use crate::numbers::DidError;
use crate::numbers::moves::{self, HeldDid};
use crate::numbers::sale::NotForSale;
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// What a number is to be replaced by, and why now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replacement {
    /// The number to come.
    pub(crate) number: E164,
    /// Who wants it.
    pub(crate) initiator: Initiator,
    /// The day on which the client was told.
    pub(crate) told_on: Option<NaiveDate>,
}

/// Revision of a subscriber whose number may be replaced as things are at a moment, or what stands against it. `hold`: it stays so until the end of the
/// transaction.
pub(crate) async fn planned_replacement(
    connection: &mut PgConnection,
    id: i64,
    wanted: &Replacement,
    now: DateTime<Utc>,
    hold: bool,
) -> Result<i64, SubscriptionError> {
    if hold {
        hold_subscriber(&mut *connection, id, None).await?;
    }
    let row = sqlx::query(
        "SELECT s.status, s.revision, d.number, (SELECT n.status FROM did n WHERE n.number = $2) AS other
         FROM subscriber s JOIN did d ON d.id = s.did_id WHERE s.id = $1",
    )
    .bind(id)
    .bind(wanted.number.to_string())
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(SubscriptionError::NoSubscriber)?;
    in_work(subscriber_status(row.get("status"))?)?;
    if row.get::<&str, _>("number") == wanted.number.to_string() {
        return Err(SubscriptionError::SameNumber);
    }
    let other = row.get::<Option<&str>, _>("other").ok_or(DidError::NotOurs)?;
    if other != DidStatus::Free.as_str() {
        let status: DidStatus = other
            .parse()
            .map_err(|()| StoreError::Inconsistent { table: "did", problem: format!("`{other}`, which is unknown") })?;
        return Err(SubscriptionError::NotForSale(NotForSale::NotFree(status)));
    }
    may_be_replaced(connection, wanted, now).await?;
    Ok(row.get("revision"))
}

/// Replaces the number of a subscriber in work.
pub(crate) async fn replace(
    change: &mut Change,
    id: i64,
    wanted: &Replacement,
    reason: &str,
) -> Result<(), SubscriptionError> {
    let (instance, subscriber) = hold_subscriber(change.connection(), id, None).await?;
    in_work(subscriber.status)?;
    let now = change.now();
    let today = may_be_replaced(change.connection(), wanted, now).await?;
    let (old, new) = hold_both(change, subscriber.did_id, wanted.number).await?;
    for_sale(change, &new, instance.account.client_id).await?;
    end(change, &subscriber, &old, ClosedFor::Replaced, None, reason).await?;
    // It works at once, so that no term of a reservation begins.
    let successor = reserve(change, &instance, &new, (today, None), Some(id), reason).await?;
    let new = moves::held_by_id(change, new.id).await?;
    begin(change, &instance, &successor, &new, reason).await
}

fn in_work(status: SubscriberStatus) -> Result<(), SubscriptionError> {
    if status == SubscriberStatus::InWork {
        return Ok(());
    }
    Err(SubscriptionError::NotClosedFor(status, ClosedFor::Replaced))
}

/// Whether the client was told early enough (A32); the day of the moment.
async fn may_be_replaced(
    connection: &mut PgConnection,
    wanted: &Replacement,
    now: DateTime<Utc>,
) -> Result<NaiveDate, SubscriptionError> {
    let settings = Settings::read_in(connection).await?;
    let today = day_of(now, settings.zone("billing.zone")?);
    let days = settings.number("did.replacement_notice_days")?;
    let days = u32::try_from(days).map_err(|_| StoreError::Inconsistent {
        table: "setting",
        problem: format!("did.replacement_notice_days = {days}"),
    })?;
    may_replace(wanted.initiator, wanted.told_on, days, today).map_err(SubscriptionError::NotReplaced)?;
    Ok(today)
}

/// Holds the number of a subscriber and another one, by their identifiers.
async fn hold_both(change: &mut Change, did_id: i64, number: E164) -> Result<(HeldDid, HeldDid), SubscriptionError> {
    let other: Option<i64> = sqlx::query_scalar("SELECT id FROM did WHERE number = $1")
        .bind(number.to_string())
        .fetch_optional(change.connection())
        .await?;
    let other = other.ok_or(DidError::NotOurs)?;
    if other == did_id {
        return Err(SubscriptionError::SameNumber);
    }
    let first = moves::held_by_id(change, did_id.min(other)).await?;
    let second = moves::held_by_id(change, did_id.max(other)).await?;
    Ok(if did_id < other { (first, second) } else { (second, first) })
}

/// Since when a number has worked for a subscriber. No `Debug`: numbers do not belong into logs.
#[derive(Clone)]
pub struct Attached {
    /// The number.
    pub number: String,
    /// Identifier of the account.
    pub account_id: i64,
    /// When it was put in work; `None`: it is reserved still, or never was.
    pub since: Option<DateTime<Utc>>,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
}

/// The number of a subscriber; `None`: there is no such subscriber.
pub async fn attached(store: &Store, id: i64) -> Result<Option<Attached>, StoreError> {
    let row = sqlx::query(
        "SELECT d.number, i.account_id, s.activated_at, s.closed_at FROM subscriber s JOIN product_instance i ON i.id = s.instance_id
         JOIN did d ON d.id = s.did_id WHERE s.id = $1",
    )
    .bind(id)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| Attached {
        number: row.get("number"),
        account_id: row.get("account_id"),
        since: row.get("activated_at"),
        until: row.get("closed_at"),
    }))
}

/// How many of these callers had called a number while nobody had it: they mean somebody else.
pub async fn called_before(store: &Store, number: &str, callers: &[String]) -> Result<i64, StoreError> {
    let known = sqlx::query_scalar(
        "SELECT count(DISTINCT caller) FROM non_target_call WHERE did_number = $1 AND caller = ANY($2) AND caller <> ''",
    );
    Ok(known.bind(number).bind(callers).fetch_one(store.pool()).await?)
}
