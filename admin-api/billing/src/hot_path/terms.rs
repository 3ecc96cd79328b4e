//! Discounts, exchange rates, taxes and memberships: those of clients and accounts, and those that do not belong to one client.

use chrono::{DateTime, Utc};
use numbering::{Digits, parse_mask};
use rating::list::Validity;
use rating::rows::{ClientTaxRow, DiscountRow, ExchangeRow, GroupId, GroupMemberRow, Holder, Rows};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::parties::Owners;
use super::{account_id, client_id, currency, inconsistent, money, parse, validity};
use crate::store::StoreError;

/// Discounts and exchange rates of groups, and the exchange rates of everybody.
pub(super) async fn read_common_terms(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let discounts = sqlx::query(
        "SELECT id, level, account_id, client_id, group_id, (percent * 100)::int AS basis_points, service, prefix, valid_from,
                least(valid_to, ended_at) AS valid_to
         FROM discount WHERE (ended_at IS NULL OR valid_from IS NULL OR valid_from < ended_at) AND group_id IS NOT NULL ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    let exchanges = sqlx::query(
        "SELECT id, client_id, group_id, currency_from, currency_to, rate, quantity, valid_from, ended_at FROM exchange_rate
         WHERE client_id IS NULL ORDER BY id",
    )
    .fetch_all(connection)
    .await?;
    take(rows, &discounts, &exchanges)
}

/// Memberships, discounts, exchange rates and taxes of the clients whose accounts were read, and the discounts of these accounts.
pub(super) async fn read_own_terms(
    connection: &mut PgConnection,
    rows: &mut Rows,
    of: &Owners,
) -> Result<(), StoreError> {
    let mut clients: Vec<i64> = rows.accounts.iter().map(|account| account.client.0 as i64).collect();
    clients.sort_unstable();
    clients.dedup();
    let members = sqlx::query(
        "SELECT group_id, client_id, valid_from, least(valid_to, ended_at) AS valid_to FROM client_group_member
         WHERE (ended_at IS NULL OR valid_from IS NULL OR valid_from < ended_at) AND client_id IN (SELECT unnest($1::bigint[]))",
    )
    .bind(&clients)
    .fetch_all(&mut *connection)
    .await?;
    rows.members.extend(members.iter().map(|row| GroupMemberRow {
        group: group_id(row.get("group_id")),
        client: client_id(row.get("client_id")),
        validity: validity(row),
    }));
    let discounts = sqlx::query(
        "SELECT id, level, account_id, client_id, group_id, (percent * 100)::int AS basis_points, service, prefix, valid_from,
                least(valid_to, ended_at) AS valid_to
         FROM discount WHERE (ended_at IS NULL OR valid_from IS NULL OR valid_from < ended_at) AND id IN (
             SELECT id FROM discount JOIN unnest($1::bigint[]) AS c (client_id) USING (client_id)
             UNION ALL SELECT id FROM discount JOIN unnest($2::bigint[]) AS a (account_id) USING (account_id)) ORDER BY id",
    )
    .bind(&clients)
    .bind(of.ids())
    .fetch_all(&mut *connection)
    .await?;
    let exchanges = sqlx::query(
        "SELECT id, client_id, group_id, currency_from, currency_to, rate, quantity, valid_from, ended_at FROM exchange_rate
         WHERE client_id IN (SELECT unnest($1::bigint[])) ORDER BY id",
    )
    .bind(&clients)
    .fetch_all(&mut *connection)
    .await?;
    take(rows, &discounts, &exchanges)?;
    let taxes = sqlx::query(
        "SELECT client_id, (percent * 100)::int AS basis_points, valid_from, least(valid_to, ended_at) AS valid_to FROM client_tax
         WHERE (ended_at IS NULL OR valid_from IS NULL OR valid_from < ended_at) AND client_id IN (SELECT unnest($1::bigint[]))",
    )
    .bind(&clients)
    .fetch_all(connection)
    .await?;
    rows.client_taxes.extend(taxes.iter().map(|row| ClientTaxRow {
        client: client_id(row.get("client_id")),
        basis_points: row.get::<i32, _>("basis_points") as u32,
        validity: validity(row),
    }));
    Ok(())
}

fn take(rows: &mut Rows, discounts: &[PgRow], exchanges: &[PgRow]) -> Result<(), StoreError> {
    for row in discounts {
        rows.discounts.push(discount(row)?);
    }
    for row in exchanges {
        rows.exchanges.push(exchange(row)?);
    }
    Ok(())
}

fn discount(row: &PgRow) -> Result<DiscountRow, StoreError> {
    let service = row.get::<Option<&str>, _>("service").map(|word| parse(word, "discount", "a service")).transpose()?;
    let prefix = row.get::<Option<&str>, _>("prefix").map_or(Some(Digits::EMPTY), parse_mask);
    Ok(DiscountRow {
        id: row.get::<i64, _>("id") as u64,
        level: parse(row.get("level"), "discount", "a level of discounts")?,
        holder: match row.get::<Option<i64>, _>("account_id") {
            Some(account) => Holder::Account(account_id(account)),
            None => holder(row),
        },
        basis_points: row.get::<i32, _>("basis_points") as u32,
        service,
        prefix: prefix.ok_or_else(|| inconsistent("discount", "a prefix that is not digits"))?,
        validity: validity(row),
    })
}

fn exchange(row: &PgRow) -> Result<ExchangeRow, StoreError> {
    Ok(ExchangeRow {
        id: row.get::<i64, _>("id") as u64,
        holder: holder(row),
        from: currency(row.get("currency_from"), "exchange_rate")?,
        to: currency(row.get("currency_to"), "exchange_rate")?,
        rate: money(row.get("rate")).ok_or_else(|| inconsistent("exchange_rate", "a rate that is no amount"))?,
        quantity: row.get::<i32, _>("quantity") as u32,
        day: row.get("valid_from"),
        validity: Validity {
            from_ms: i64::MIN,
            to_ms: row.get::<Option<DateTime<Utc>>, _>("ended_at").map_or(i64::MAX, |at| at.timestamp_millis()),
        },
    })
}

/// Whose terms a row holds.
fn holder(row: &PgRow) -> Holder {
    match (row.get::<Option<i64>, _>("client_id"), row.get::<Option<i32>, _>("group_id")) {
        (Some(client), _) => Holder::Client(client_id(client)),
        (None, Some(group)) => Holder::Group(group_id(group)),
        (None, None) => Holder::Everybody,
    }
}

const fn group_id(id: i32) -> GroupId {
    GroupId(id as u32)
}
