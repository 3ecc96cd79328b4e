//! Tax rates of clients' own (B22, A12).

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::parties::{Ending, Holder, TermsError, end, first_moment, ids_of};
use crate::change::Change;
use crate::hot_path::Touched;

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
