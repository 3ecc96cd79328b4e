//! Tax rates of clients' own (B22, A12).

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::parties::{Ending, Holder, TermsError, end, first_moment, ids_of};
use crate::change::Change;
use crate::hot_path::Touched;
use crate::store::{Store, StoreError};

/// A tax rate of a client's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxCard {
    /// Identifier.
    pub id: i64,
    /// Code of the client.
    pub client: String,
    /// Percent.
    pub percent: Decimal,
    /// First moment; `None` = open.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last, as agreed; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// When somebody ended it.
    pub ended_at: Option<DateTime<Utc>>,
    /// The paper that gives the right to it.
    pub document: String,
    /// Login of who entered it.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// A tax rate to be entered.
#[derive(Clone, Debug)]
pub struct NewTax {
    /// Code of the client.
    pub client: String,
    /// 0 to 100 with at most two decimals.
    pub percent: Decimal,
    /// First moment; `None` = now.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// The paper that gives the right to it.
    pub document: String,
}

/// Tax rates of clients, the newest first: at most `limit`, older than `before_id`, of one client when asked so.
pub async fn taxes(
    store: &Store,
    client: Option<&str>,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<TaxCard>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.id, c.code AS client, t.percent, t.valid_from, t.valid_to, t.ended_at, t.document, t.author, t.reason
         FROM client_tax t JOIN client c ON c.id = t.client_id
         WHERE ($1::text IS NULL OR c.code = $1) AND ($2::bigint IS NULL OR t.id < $2) ORDER BY t.id DESC LIMIT $3",
    )
    .bind(client)
    .bind(before_id)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let card = |row: &PgRow| TaxCard {
        id: row.get("id"),
        client: row.get("client"),
        percent: row.get("percent"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
        ended_at: row.get("ended_at"),
        document: row.get("document"),
        author: row.get("author"),
        reason: row.get("reason"),
    };
    Ok(rows.iter().map(card).collect())
}

/// Gives a client a tax rate of his own (A12); its identifier. Two never count at one time.
pub async fn give_tax(change: &mut Change, new: &NewTax, reason: &str) -> Result<i64, TermsError> {
    let from = first_moment(change, new.from, new.to).await?;
    let client = ids_of(change.connection(), &Holder::Client(new.client.clone())).await?.client;
    let other: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM client_tax
         WHERE client_id = $1 AND coalesce(valid_from, '-infinity') < coalesce($3, 'infinity'::timestamptz)
               AND $2 < coalesce(least(valid_to, ended_at), 'infinity')
         ORDER BY id LIMIT 1",
    )
    .bind(client)
    .bind(from)
    .bind(new.to)
    .fetch_optional(change.connection())
    .await?;
    if let Some(other) = other {
        return Err(TermsError::Exists(other.to_string()));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO client_tax (client_id, percent, valid_from, valid_to, reason, document, author, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
    )
    .bind(client)
    .bind(new.percent)
    .bind(from)
    .bind(new.to)
    .bind(reason)
    .bind(&new.document)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    let given = json!({
        "client": new.client, "percent": new.percent, "from": from, "to": new.to, "document": new.document
    });
    change.record("tax.override", "client_tax", id, &Value::Null, &given, reason);
    change.touch(Touched::holder(None, client));
    Ok(id)
}

/// Ends a client's own tax rate now.
pub async fn end_tax(change: &mut Change, id: i64, reason: &str) -> Result<(), TermsError> {
    let what =
        Ending { table: "client_tax", action: "tax.override", entity: "client_tax", holder: "NULL::bigint, client_id" };
    end(change, &what, id, reason).await
}
