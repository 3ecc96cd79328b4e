//! Exchange rates as people enter and end them (B19, B35).

use chrono::{DateTime, NaiveDate, Utc};
use rating::Currency;
use rating::terms::ExchangeLevel;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::discounts::named;
use super::parties::{Ending, Holder, TermsError, end, ids_of, refuse_closed};
use crate::change::Change;
use crate::currencies;
use crate::hot_path::Touched;
use crate::store::{Store, StoreError};

/// An exchange rate with its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeCard {
    /// Identifier.
    pub id: i64,
    /// Code of the client; `None` with no group = general.
    pub client: Option<String>,
    /// Code of the group.
    pub group: Option<String>,
    /// The currency that is converted.
    pub from: String,
    /// Into which.
    pub to: String,
    /// What `quantity` units cost.
    pub rate: Decimal,
    /// Units.
    pub quantity: i32,
    /// First day.
    pub day: NaiveDate,
    /// When somebody ended it; calls answered before are converted by it.
    pub ended_at: Option<DateTime<Utc>>,
    /// Login of who entered it.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// Which rates.
#[derive(Clone, Debug, Default)]
pub struct ExchangeFilter {
    /// From this currency.
    pub from: Option<Currency>,
    /// Into this currency.
    pub to: Option<Currency>,
    /// Of this level.
    pub level: Option<ExchangeLevel>,
    /// Of this client.
    pub client: Option<String>,
    /// Of this group.
    pub group: Option<String>,
    /// Only what counts on this day: of each holder and pair the latest.
    pub at: Option<NaiveDate>,
    /// Older than this one.
    pub before_id: Option<i64>,
}

/// A rate to be entered.
#[derive(Clone, Debug)]
pub struct NewExchange {
    /// Everybody's, of a group or of a client.
    pub holder: Holder,
    /// The currency that is converted.
    pub from: Currency,
    /// Into which.
    pub to: Currency,
    /// What `quantity` units cost; above 0.
    pub rate: Decimal,
    /// Units; above 0.
    pub quantity: i32,
    /// First day.
    pub day: NaiveDate,
}

/// Rates, the newest first: at most `limit`.
pub async fn exchanges(store: &Store, filter: &ExchangeFilter, limit: i64) -> Result<Vec<ExchangeCard>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id, c.code AS client, g.code AS group_code, r.currency_from::text AS currency_from, r.currency_to::text AS currency_to, r.rate,
                r.quantity, r.valid_from, r.ended_at, r.author, r.reason
         FROM exchange_rate r LEFT JOIN client c ON c.id = r.client_id LEFT JOIN client_group g ON g.id = r.group_id
         WHERE ($1::text IS NULL OR r.currency_from::text = $1) AND ($2::text IS NULL OR r.currency_to::text = $2)
               AND ($3::text IS NULL OR $3 = CASE WHEN r.client_id IS NOT NULL THEN 'personal' WHEN r.group_id IS NOT NULL THEN 'group' ELSE 'general' END)
               AND ($4::text IS NULL OR c.code = $4) AND ($5::text IS NULL OR g.code = $5) AND ($7::bigint IS NULL OR r.id < $7)
               AND ($6::date IS NULL OR r.id IN (
                   SELECT DISTINCT ON (client_id, group_id, currency_from, currency_to) id
                   FROM exchange_rate x, (SELECT zone FROM legal_entity ORDER BY id LIMIT 1) AS issuer
                   WHERE x.valid_from <= $6 AND (x.ended_at IS NULL OR (x.ended_at AT TIME ZONE issuer.zone)::date > $6)
                   ORDER BY client_id, group_id, currency_from, currency_to, valid_from DESC, id DESC))
         ORDER BY r.id DESC LIMIT $8",
    )
    .bind(filter.from.map(|currency| currency.as_str().to_owned()))
    .bind(filter.to.map(|currency| currency.as_str().to_owned()))
    .bind(filter.level.map(ExchangeLevel::as_str))
    .bind(&filter.client)
    .bind(&filter.group)
    .bind(filter.at)
    .bind(filter.before_id)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(card).collect())
}

fn card(row: &PgRow) -> ExchangeCard {
    ExchangeCard {
        id: row.get("id"),
        client: row.get("client"),
        group: row.get("group_code"),
        from: row.get("currency_from"),
        to: row.get("currency_to"),
        rate: row.get("rate"),
        quantity: row.get("quantity"),
        day: row.get("valid_from"),
        ended_at: row.get("ended_at"),
        author: row.get("author"),
        reason: row.get("reason"),
    }
}

/// Enters a rate (B19); its identifier.
pub async fn enter_exchange(change: &mut Change, new: &NewExchange, reason: &str) -> Result<i64, TermsError> {
    refuse_closed(change.connection(), new.day).await?;
    let refused = currencies::not_selectable(change.connection(), &[new.from, new.to]).await?;
    if let Some(currency) = refused.into_iter().next() {
        return Err(TermsError::Currency(currency));
    }
    let holder = ids_of(change.connection(), &new.holder).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let (from, to) = (new.from.as_str(), new.to.as_str());
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO exchange_rate (client_id, group_id, currency_from, currency_to, rate, quantity, valid_from, author, reason, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(holder.client)
    .bind(holder.group)
    .bind(from)
    .bind(to)
    .bind(new.rate)
    .bind(new.quantity)
    .bind(new.day)
    .bind(author)
    .bind(reason)
    .bind(now)
    .fetch_optional(change.connection())
    .await?;
    let Some(id) = id else {
        let other: i64 = sqlx::query_scalar(
            "SELECT id FROM exchange_rate WHERE client_id IS NOT DISTINCT FROM $1 AND group_id IS NOT DISTINCT FROM $2
                    AND currency_from = $3 AND currency_to = $4 AND valid_from = $5 AND ended_at IS NULL",
        )
        .bind(holder.client)
        .bind(holder.group)
        .bind(from)
        .bind(to)
        .bind(new.day)
        .fetch_one(change.connection())
        .await?;
        return Err(TermsError::Exists(other.to_string()));
    };
    let (kind, code) = named(&new.holder);
    let entered = json!({
        kind: code, "from": from, "to": to, "rate": new.rate, "quantity": new.quantity, "day": new.day
    });
    change.record("exchange.edit", "exchange_rate", id, &Value::Null, &entered, reason);
    change.touch(Touched::holder(None, holder.client));
    Ok(id)
}

/// Ends a rate now: calls answered from now on are converted by the next one that fits.
pub async fn end_exchange(change: &mut Change, id: i64, reason: &str) -> Result<(), TermsError> {
    let what = Ending {
        table: "exchange_rate",
        action: "exchange.edit",
        entity: "exchange_rate",
        holder: "NULL::bigint, client_id",
    };
    end(change, &what, id, reason).await
}
