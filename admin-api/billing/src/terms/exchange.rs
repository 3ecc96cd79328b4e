//! Exchange rates as people enter and end them (B19, B35).

use chrono::NaiveDate;
use rating::Currency;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::discounts::named;
use super::parties::{Ending, Holder, TermsError, end, ids_of, refuse_closed};
use crate::change::Change;
use crate::currencies;
use crate::hot_path::Touched;

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
