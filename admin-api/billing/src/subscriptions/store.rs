//! SQL that the parts of the room share: what a change holds, and in which order.
//!
//! Owns: the rows of accounts, products, subscribers and numbers as they stay until the end of a transaction.
//! Does not own: what is done with them.
//! Always: the account first, then its product, then subscribers by identifier, then numbers by identifier: whoever holds two of them has taken them in this order.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::SubscriptionError;
use super::rules::{InstanceStatus, SubscriberStatus};
use crate::change::Change;
use crate::credit::calendar::day_of;
use crate::numbers::moves::{self, HeldDid};
use crate::settings::Settings;
use crate::store::StoreError;

/// Columns that [`subscriber_of`] reads.
macro_rules! held_columns {
    () => {
        "id, did_id, status, reserved_through, revision"
    };
}
pub(super) use held_columns;

/// An account that nobody else writes.
#[derive(Clone, Debug)]
pub(super) struct HeldAccount {
    pub(super) id: i64,
    pub(super) code: String,
    pub(super) client_id: i64,
    is_active: bool,
    is_cleaned: bool,
}

impl HeldAccount {
    /// Refuses an account on which nothing begins any more.
    pub(super) fn open(&self) -> Result<(), SubscriptionError> {
        if self.is_cleaned {
            return Err(SubscriptionError::Cleaned);
        }
        if self.is_active { Ok(()) } else { Err(SubscriptionError::AccountClosed(self.code.clone())) }
    }
}

/// A product of an account, held behind the account.
#[derive(Clone, Debug)]
pub(super) struct HeldInstance {
    pub(super) id: i64,
    pub(super) account: HeldAccount,
    pub(super) status: InstanceStatus,
    pub(super) quantity: i32,
    pub(super) planned_activation: Option<NaiveDate>,
    pub(super) offer_accepted_at: Option<DateTime<Utc>>,
}

/// A subscriber, held behind its product.
#[derive(Clone, Debug)]
pub(super) struct HeldSubscriber {
    pub(super) id: i64,
    pub(super) did_id: i64,
    pub(super) status: SubscriberStatus,
    pub(super) reserved_through: Option<NaiveDate>,
    pub(super) revision: i64,
}

/// Holds an account.
pub(super) async fn hold_account(connection: &mut PgConnection, id: i64) -> Result<HeldAccount, SubscriptionError> {
    let row = sqlx::query(
        "SELECT a.id, a.code, a.client_id, a.active, c.gdpr_state <> 'none' AS cleaned
         FROM account a JOIN client c ON c.id = a.client_id WHERE a.id = $1 FOR KEY SHARE OF c FOR NO KEY UPDATE OF a",
    )
    .bind(id)
    .fetch_one(&mut *connection)
    .await?;
    Ok(HeldAccount {
        id: row.get("id"),
        code: row.get("code"),
        client_id: row.get("client_id"),
        is_active: row.get("active"),
        is_cleaned: row.get("cleaned"),
    })
}

/// Holds a product of an account. `revision`: the one the caller has seen, if he insists.
pub(super) async fn hold_instance(
    connection: &mut PgConnection,
    id: i64,
    revision: Option<i64>,
) -> Result<HeldInstance, SubscriptionError> {
    // Whose it is never changes, so that it may be asked before the account is held.
    let account: Option<i64> = sqlx::query_scalar("SELECT account_id FROM product_instance WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    let account = hold_account(&mut *connection, account.ok_or(SubscriptionError::NoInstance)?).await?;
    let row = sqlx::query(
        "SELECT id, status, quantity, planned_activation, offer_accepted_at, revision FROM product_instance WHERE id = $1 FOR UPDATE",
    )
    .bind(id)
    .fetch_one(&mut *connection)
    .await?;
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(SubscriptionError::Stale);
    }
    Ok(HeldInstance {
        id,
        account,
        status: instance_status(row.get("status"))?,
        quantity: row.get("quantity"),
        planned_activation: row.get("planned_activation"),
        offer_accepted_at: row.get("offer_accepted_at"),
    })
}

/// Holds a subscriber, with its product and its account.
pub(super) async fn hold_subscriber(
    connection: &mut PgConnection,
    id: i64,
    revision: Option<i64>,
) -> Result<(HeldInstance, HeldSubscriber), SubscriptionError> {
    let instance: Option<i64> = sqlx::query_scalar("SELECT instance_id FROM subscriber WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    let instance = hold_instance(&mut *connection, instance.ok_or(SubscriptionError::NoSubscriber)?, None).await?;
    let sql = concat!("SELECT ", held_columns!(), " FROM subscriber WHERE id = $1 FOR UPDATE");
    let row = sqlx::query(sql).bind(id).fetch_one(&mut *connection).await?;
    let subscriber = subscriber_of(&row)?;
    if revision.is_some_and(|seen| seen != subscriber.revision) {
        return Err(SubscriptionError::Stale);
    }
    Ok((instance, subscriber))
}

/// Holds the subscribers of a product that is held: those in one of these states.
pub(super) async fn hold_subscribers_of(
    connection: &mut PgConnection,
    instance_id: i64,
    states: &[SubscriberStatus],
) -> Result<Vec<HeldSubscriber>, SubscriptionError> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let sql = concat!(
        "SELECT ",
        held_columns!(),
        " FROM subscriber WHERE instance_id = $1 AND status = ANY($2) ORDER BY id FOR UPDATE"
    );
    let rows = sqlx::query(sql).bind(instance_id).bind(states).fetch_all(&mut *connection).await?;
    Ok(rows.iter().map(subscriber_of).collect::<Result<_, _>>()?)
}

/// A subscriber that a statement with its columns has held.
pub(super) fn subscriber_of(row: &PgRow) -> Result<HeldSubscriber, StoreError> {
    Ok(HeldSubscriber {
        id: row.get("id"),
        did_id: row.get("did_id"),
        status: subscriber_status(row.get("status"))?,
        reserved_through: row.get("reserved_through"),
        revision: row.get("revision"),
    })
}

/// Holds the numbers of subscribers that are held; each beside its subscriber, in the order of the numbers' identifiers.
pub(super) async fn with_numbers(
    change: &mut Change,
    mut subscribers: Vec<HeldSubscriber>,
) -> Result<Vec<(HeldSubscriber, HeldDid)>, SubscriptionError> {
    subscribers.sort_unstable_by_key(|subscriber| subscriber.did_id);
    let mut held = Vec::with_capacity(subscribers.len());
    for subscriber in subscribers {
        let did = moves::held_by_id(change, subscriber.did_id).await?;
        held.push((subscriber, did));
    }
    Ok(held)
}

/// The subscriber that is not closed and has a number, if any.
pub(super) async fn open_subscriber_of(connection: &mut PgConnection, number: &str) -> Result<Option<i64>, StoreError> {
    let id = sqlx::query_scalar(
        "SELECT s.id FROM subscriber s JOIN did d ON d.id = s.did_id WHERE d.number = $1 AND s.status <> 'closed'",
    );
    Ok(id.bind(number).fetch_optional(connection).await?)
}

/// The day of a change in the billing zone.
pub(super) async fn today(change: &mut Change) -> Result<NaiveDate, StoreError> {
    let settings = Settings::read_in(change.connection()).await?;
    Ok(day_of(change.now(), settings.zone("billing.zone")?))
}

/// A state of a product as the database has it.
pub(super) fn instance_status(text: &str) -> Result<InstanceStatus, StoreError> {
    text.parse().map_err(|()| unknown("product_instance", text))
}

/// A state of a subscriber as the database has it.
pub(super) fn subscriber_status(text: &str) -> Result<SubscriberStatus, StoreError> {
    text.parse().map_err(|()| unknown("subscriber", text))
}

fn unknown(table: &'static str, text: &str) -> StoreError {
    StoreError::Inconsistent { table, problem: format!("state `{text}`, which is unknown") }
}
