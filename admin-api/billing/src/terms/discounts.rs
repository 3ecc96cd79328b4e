//! Discounts as people give and end them (B18, B30).

use chrono::{DateTime, Utc};
use numbering::Digits;
use rating::Service;
use rating::terms::DiscountLevel;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};

use super::parties::{Ending, Holder, TermsError, end, first_moment, ids_of};
use crate::change::Change;
use crate::hot_path::Touched;
use crate::store::{Store, StoreError};

/// A discount with its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscountCard {
    /// Identifier, which a charge names.
    pub id: i64,
    /// `personal`, `group` or `promo`.
    pub level: String,
    /// Code of the account.
    pub account: Option<String>,
    /// Code of the client.
    pub client: Option<String>,
    /// Code of the group.
    pub group: Option<String>,
    /// Percent.
    pub percent: Decimal,
    /// Only for this service.
    pub service: Option<String>,
    /// Only for numbers with this prefix.
    pub prefix: Option<String>,
    /// First moment; `None` = open.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last, as agreed; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// When somebody ended it.
    pub ended_at: Option<DateTime<Utc>>,
    /// Name.
    pub name: String,
    /// Login of who gave it.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// Which discounts.
#[derive(Clone, Debug, Default)]
pub struct DiscountFilter {
    /// Of this account.
    pub account: Option<String>,
    /// Of this client.
    pub client: Option<String>,
    /// Of this group.
    pub group: Option<String>,
    /// Of this level.
    pub level: Option<DiscountLevel>,
    /// In force now, or not.
    pub in_force: Option<bool>,
    /// Older than this one.
    pub before_id: Option<i64>,
}

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

/// Discounts, the newest first: at most `limit`.
pub async fn discounts(
    store: &Store,
    filter: &DiscountFilter,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<DiscountCard>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT d.id, d.level, a.code AS account, c.code AS client, g.code AS group_code, d.percent, d.service, d.prefix, d.valid_from, d.valid_to,
                d.ended_at, d.name, d.author, d.reason
         FROM discount d LEFT JOIN account a ON a.id = d.account_id LEFT JOIN client c ON c.id = d.client_id
              LEFT JOIN client_group g ON g.id = d.group_id
         WHERE true",
    );
    for (condition, code) in [
        (" AND d.account_id = (SELECT id FROM account WHERE code = ", &filter.account),
        (" AND d.client_id = (SELECT id FROM client WHERE code = ", &filter.client),
        (" AND d.group_id = (SELECT id FROM client_group WHERE code = ", &filter.group),
    ] {
        if let Some(code) = code {
            query.push(condition).push_bind(code.clone()).push(")");
        }
    }
    if let Some(level) = filter.level {
        query.push(" AND d.level = ").push_bind(level.as_str());
    }
    if let Some(in_force) = filter.in_force {
        query.push(" AND ").push_bind(in_force).push(" = (coalesce(d.valid_from, '-infinity') <= ").push_bind(now);
        query.push(" AND ").push_bind(now).push(" < coalesce(least(d.valid_to, d.ended_at), 'infinity'))");
    }
    if let Some(before) = filter.before_id {
        query.push(" AND d.id < ").push_bind(before);
    }
    query.push(" ORDER BY d.id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(store.pool()).await?;
    Ok(rows.iter().map(card).collect())
}

fn card(row: &PgRow) -> DiscountCard {
    DiscountCard {
        id: row.get("id"),
        level: row.get("level"),
        account: row.get("account"),
        client: row.get("client"),
        group: row.get("group_code"),
        percent: row.get("percent"),
        service: row.get("service"),
        prefix: row.get("prefix"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
        ended_at: row.get("ended_at"),
        name: row.get("name"),
        author: row.get("author"),
        reason: row.get("reason"),
    }
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
