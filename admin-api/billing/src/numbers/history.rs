//! Who had a number, back to the first one.
//!
//! Owns: how its periods are read.
//! Does not own: the periods (`moves`, `edit`, `import`), subscribers and products (`subscriptions`), what else was done to a number (`audit`).
//! Always: the newest first; a state that lasts has no end.

use chrono::{DateTime, Utc};
use numbering::E164;
use sqlx::Row;

use crate::store::{Store, StoreError};

/// A time in which a number was in one state at one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// From when; `None`: it was loaded so.
    pub from: Option<DateTime<Utc>>,
    /// Until when; `None`: still.
    pub to: Option<DateTime<Utc>>,
    /// Name of the state.
    pub status: String,
    /// Place of service.
    pub place: Option<String>,
    /// Code of the account.
    pub account: Option<String>,
    /// Code of the client.
    pub client: Option<String>,
    /// His name.
    pub client_name: Option<String>,
    /// Code of the product that it was attached to.
    pub product: Option<String>,
    /// Identifier of the subscriber.
    pub subscriber: Option<i64>,
    /// Login of who brought it about.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// The periods of a number that begin before a moment, where one is given; `None`: the number is not ours, and never was.
pub async fn history(
    store: &Store,
    number: E164,
    before: Option<DateTime<Utc>>,
    limit: i64,
) -> Result<Option<Vec<Holding>>, StoreError> {
    let did: Option<i64> = sqlx::query_scalar("SELECT id FROM did WHERE number = $1")
        .bind(number.to_string())
        .fetch_optional(store.pool())
        .await?;
    let Some(did) = did else { return Ok(None) };
    let rows = sqlx::query(
        "SELECT p.valid_from, p.valid_to, p.status, p.place, a.code AS account, c.code AS client, c.name AS client_name, t.code AS product, p.subscriber_id, p.author,
                p.reason
         FROM did_period p LEFT JOIN account a ON a.id = p.account_id LEFT JOIN client c ON c.id = a.client_id
         LEFT JOIN subscriber s ON s.id = p.subscriber_id LEFT JOIN product_instance i ON i.id = s.instance_id LEFT JOIN product t ON t.id = i.product_id
         WHERE p.did_id = $1 AND ($2::timestamptz IS NULL OR p.valid_from IS NULL OR p.valid_from < $2) ORDER BY p.valid_from DESC NULLS LAST LIMIT $3",
    )
    .bind(did)
    .bind(before)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let holding = |row: &sqlx::postgres::PgRow| Holding {
        from: row.get("valid_from"),
        to: row.get("valid_to"),
        status: row.get("status"),
        place: row.get("place"),
        account: row.get("account"),
        client: row.get("client"),
        client_name: row.get("client_name"),
        product: row.get("product"),
        subscriber: row.get("subscriber_id"),
        author: row.get("author"),
        reason: row.get("reason"),
    };
    Ok(Some(rows.iter().map(holding).collect()))
}

/// Whether a number is of our capacity, or was.
pub async fn is_known(store: &Store, number: E164) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM did WHERE number = $1)")
        .bind(number.to_string())
        .fetch_one(store.pool())
        .await?)
}
