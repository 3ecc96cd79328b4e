//! Discounts as people give and end them (B18, B30).

use chrono::{DateTime, Utc};
use numbering::Digits;
use rating::Service;
use rating::terms::DiscountLevel;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::parties::{Ending, Holder, TermsError, end, first_moment, ids_of};
use crate::change::Change;
use crate::hot_path::Touched;

/// A discount to be given.
#[derive(Clone, Debug)]
pub struct NewDiscount {
    /// Level; it must fit the holder.
    pub level: DiscountLevel,
    /// An account, a client or a group.
    pub holder: Holder,
    /// 0 to 100 with at most two decimals.
    pub percent: Decimal,
    /// Only for this service.
    pub service: Option<Service>,
    /// Only for numbers with this prefix.
    pub prefix: Option<Digits>,
    /// First moment; `None` = now.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// Name, which explanations of a price show.
    pub name: String,
}

/// Gives a discount; its identifier.
pub async fn give_discount(change: &mut Change, new: &NewDiscount, reason: &str) -> Result<i64, TermsError> {
    let from = first_moment(change, new.from, new.to).await?;
    let holder = ids_of(change.connection(), &new.holder).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let prefix = new.prefix.map(|prefix| format!("{prefix:?}"));
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO discount (level, account_id, client_id, group_id, percent, service, prefix, valid_from, valid_to, name, author, reason, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
    )
    .bind(new.level.as_str())
    .bind(holder.account)
    .bind(holder.client)
    .bind(holder.group)
    .bind(new.percent)
    .bind(new.service.map(Service::as_str))
    .bind(&prefix)
    .bind(from)
    .bind(new.to)
    .bind(&new.name)
    .bind(author)
    .bind(reason)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    let (kind, code) = named(&new.holder);
    let given = json!({
        "level": new.level.as_str(), kind: code, "percent": new.percent, "service": new.service.map(Service::as_str), "prefix": prefix,
        "from": from, "to": new.to, "name": new.name
    });
    change.record("discount.edit", "discount", id, &Value::Null, &given, reason);
    change.touch(Touched::holder(holder.account, holder.client));
    Ok(id)
}

/// Ends a discount now.
pub async fn end_discount(change: &mut Change, id: i64, reason: &str) -> Result<(), TermsError> {
    let what =
        Ending { table: "discount", action: "discount.edit", entity: "discount", holder: "account_id, client_id" };
    end(change, &what, id, reason).await
}

/// A holder for the audit.
pub(super) fn named(holder: &Holder) -> (&'static str, Option<&str>) {
    match holder {
        Holder::General => ("holder", None),
        Holder::Group(code) => ("group", Some(code)),
        Holder::Client(code) => ("client", Some(code)),
        Holder::Account(code) => ("account", Some(code)),
    }
}
