//! Products of accounts and subscribers as they are read.
//!
//! Owns: what a card shows.
//! Does not own: lists of all of them (`lists`).
//! Always: closed ones stay readable; a number that was replaced stands beside the one that came for it, with who did it (M22).

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::SubscriptionError;
use super::rules::{InstanceStatus, SubscriberStatus};
use super::store::{instance_status, subscriber_status};
use crate::change::Change;
use crate::store::{Store, StoreError};

/// Subscribers that the card of a product shows; the list has the rest.
pub const SUBSCRIBERS_MAX: i64 = 100;

/// A product of an account.
#[derive(Clone, Debug)]
pub struct InstanceCard {
    /// Identifier.
    pub id: i64,
    /// Code of the account.
    pub account: String,
    /// Code of its client.
    pub client: String,
    /// Code of the product.
    pub product: String,
    /// Its name.
    pub product_name: String,
    /// How many.
    pub quantity: i32,
    /// State.
    pub status: InstanceStatus,
    /// The day from which it is to work.
    pub planned_activation: Option<NaiveDate>,
    /// When the client accepted the offer.
    pub offer_accepted_at: Option<DateTime<Utc>>,
    /// Since when it works.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it is paid for next.
    pub next_payment_date: Option<NaiveDate>,
    /// When it ends or ended.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why.
    pub close_reason: String,
    /// Subscribers that are not closed.
    pub numbers: i64,
    /// Raised with every change; the ETag.
    pub revision: i64,
    /// Its subscribers, the newest first; only on its own card, and the first of them.
    pub subscribers: Vec<SubscriberCard>,
}

/// A subscriber. No `Debug`: numbers do not belong into logs.
#[derive(Clone)]
pub struct SubscriberCard {
    /// Identifier.
    pub id: i64,
    /// Identifier of the product that it belongs to.
    pub instance_id: i64,
    /// Code of the account.
    pub account: String,
    /// Code of the product.
    pub product: String,
    /// The number.
    pub number: String,
    /// State.
    pub status: SubscriberStatus,
    /// When the number was attached.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// The day from which the term of the reservation counts.
    pub reserved_from: NaiveDate,
    /// Its last day.
    pub reserved_through: Option<NaiveDate>,
    /// When it was put in work.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub closed_by: Option<String>,
    /// What for.
    pub closed_for: Option<String>,
    /// Why, in his words.
    pub close_reason: String,
    /// The number that it came for.
    pub replaces: Option<String>,
    /// The number that came for it.
    pub replaced_by: Option<String>,
    /// Raised with every change; the ETag.
    pub revision: i64,
}

impl std::fmt::Debug for SubscriberCard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SubscriberCard")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// A product of an account, with its subscribers.
pub async fn instance(store: &Store, id: i64) -> Result<Option<InstanceCard>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    instance_in(&mut connection, id).await
}

/// The same inside the change that has just written it.
pub async fn changed_instance(change: &mut Change, id: i64) -> Result<InstanceCard, SubscriptionError> {
    instance_in(change.connection(), id).await?.ok_or(SubscriptionError::NoInstance)
}

/// Products of the account with a code, the newest first; `None`: there is no such account.
pub async fn of_account(store: &Store, code: &str) -> Result<Option<Vec<InstanceCard>>, StoreError> {
    let account: Option<i64> =
        sqlx::query_scalar("SELECT id FROM account WHERE code = $1").bind(code).fetch_optional(store.pool()).await?;
    let Some(account) = account else { return Ok(None) };
    let sql = format!("{INSTANCE} WHERE i.account_id = $1 ORDER BY i.id DESC");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(account).fetch_all(store.pool()).await?;
    Ok(Some(rows.iter().map(instance_of).collect::<Result<_, _>>()?))
}

/// A subscriber.
pub async fn subscriber(store: &Store, id: i64) -> Result<Option<SubscriberCard>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    subscriber_in(&mut connection, id).await
}

/// The same inside the change that has just written it.
pub async fn changed_subscriber(change: &mut Change, id: i64) -> Result<SubscriberCard, SubscriptionError> {
    subscriber_in(change.connection(), id).await?.ok_or(SubscriptionError::NoSubscriber)
}

const INSTANCE: &str = "SELECT i.*, a.code AS account, c.code AS client, p.code AS product, p.name AS product_name,
        (SELECT count(*) FROM subscriber s WHERE s.instance_id = i.id AND s.status <> 'closed') AS numbers
    FROM product_instance i JOIN account a ON a.id = i.account_id JOIN client c ON c.id = a.client_id JOIN product p ON p.id = i.product_id";

const SUBSCRIBER: &str = "SELECT s.*, a.code AS account, p.code AS product, d.number, f.number AS former, n.number AS next
    FROM subscriber s JOIN product_instance i ON i.id = s.instance_id JOIN account a ON a.id = i.account_id JOIN product p ON p.id = i.product_id
    JOIN did d ON d.id = s.did_id
    LEFT JOIN subscriber r ON r.id = s.replaces LEFT JOIN did f ON f.id = r.did_id
    LEFT JOIN subscriber x ON x.replaces = s.id LEFT JOIN did n ON n.id = x.did_id";

async fn instance_in(connection: &mut PgConnection, id: i64) -> Result<Option<InstanceCard>, StoreError> {
    let sql = format!("{INSTANCE} WHERE i.id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let mut card = instance_of(&row)?;
    let sql = format!("{SUBSCRIBER} WHERE s.instance_id = $1 ORDER BY s.id DESC LIMIT $2");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(SUBSCRIBERS_MAX).fetch_all(connection).await?;
    card.subscribers = rows.iter().map(subscriber_of).collect::<Result<_, _>>()?;
    Ok(Some(card))
}

async fn subscriber_in(connection: &mut PgConnection, id: i64) -> Result<Option<SubscriberCard>, StoreError> {
    let sql = format!("{SUBSCRIBER} WHERE s.id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(subscriber_of).transpose()
}

fn instance_of(row: &PgRow) -> Result<InstanceCard, StoreError> {
    Ok(InstanceCard {
        id: row.get("id"),
        account: row.get("account"),
        client: row.get("client"),
        product: row.get("product"),
        product_name: row.get("product_name"),
        quantity: row.get("quantity"),
        status: instance_status(row.get("status"))?,
        planned_activation: row.get("planned_activation"),
        offer_accepted_at: row.get("offer_accepted_at"),
        activated_at: row.get("activated_at"),
        next_payment_date: row.get("next_payment_date"),
        ends_at: row.get("ends_at"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        close_reason: row.get("close_reason"),
        numbers: row.get("numbers"),
        revision: row.get("revision"),
        subscribers: Vec::new(),
    })
}

fn subscriber_of(row: &PgRow) -> Result<SubscriberCard, StoreError> {
    Ok(SubscriberCard {
        id: row.get("id"),
        instance_id: row.get("instance_id"),
        account: row.get("account"),
        product: row.get("product"),
        number: row.get("number"),
        status: subscriber_status(row.get("status"))?,
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        reserved_from: row.get("reserved_from"),
        reserved_through: row.get("reserved_through"),
        activated_at: row.get("activated_at"),
        closed_at: row.get("closed_at"),
        closed_by: row.get("closed_by"),
        closed_for: row.get("closed_for"),
        close_reason: row.get("close_reason"),
        replaces: row.get("former"),
        replaced_by: row.get("next"),
        revision: row.get("revision"),
    })
}
