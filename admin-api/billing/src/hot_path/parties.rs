//! Accounts with their terms, numbers and locks.

use chrono::{DateTime, Utc};
use numbering::{Digits, E164, parse_mask};
use rating::list::Validity;
use rating::rows::{
    AccountPlanRow, AccountRow, AccountTrunkRow, ClientTaxRow, DidRow, DiscountRow, ExchangeRow, GroupId,
    GroupMemberRow, Holder, LockRow, Rows,
};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::{Of, Symbols, account_id, client_id, currency, inconsistent, money, parse, plan_id, provider_id, validity};
use crate::store::StoreError;

pub(super) async fn read_accounts(connection: &mut PgConnection, rows: &mut Rows, of: &Of) -> Result<(), StoreError> {
    let accounts = sqlx::query(
        "SELECT id, code, client_id, currency FROM account WHERE $1::bigint[] IS NULL OR id = ANY($1) ORDER BY id",
    )
    .bind(of.accounts())
    .fetch_all(&mut *connection)
    .await?;
    for row in &accounts {
        rows.accounts.push(AccountRow {
            id: account_id(row.get("id")),
            code: row.get("code"),
            client: client_id(row.get("client_id")),
            currency: currency(row.get("currency"), "account")?,
        });
    }
    let plans = sqlx::query(
        "SELECT account_id, plan_id, valid_from, valid_to FROM account_plan
         WHERE ($1::bigint[] IS NULL OR account_id = ANY($1)) AND published_in <= $2 AND (withdrawn_in IS NULL OR withdrawn_in > $2)",
    )
    .bind(of.accounts())
    .bind(rows.version as i64)
    .fetch_all(&mut *connection)
    .await?;
    rows.account_plans = plans
        .iter()
        .map(|row| AccountPlanRow {
            account: account_id(row.get("account_id")),
            plan: plan_id(row.get("plan_id")),
            validity: validity(row),
        })
        .collect();
    Ok(())
}

/// The trunks by which accounts are recognised.
pub(super) async fn read_account_trunks(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let trunks = sqlx::query("SELECT account_id, trunk FROM account_trunk ORDER BY account_id")
        .fetch_all(&mut *connection)
        .await?;
    rows.account_trunks = trunks
        .iter()
        .map(|row| AccountTrunkRow { account: account_id(row.get("account_id")), trunk: row.get("trunk") })
        .collect();
    Ok(())
}

/// Groups, discounts, exchange rates and taxes of clients: of those whose accounts were read.
pub(super) async fn read_terms(connection: &mut PgConnection, rows: &mut Rows, of: &Of) -> Result<(), StoreError> {
    let clients: Option<Vec<i64>> =
        of.accounts().map(|_| rows.accounts.iter().map(|account| account.client.0 as i64).collect());
    let members = sqlx::query(
        "SELECT group_id, client_id, valid_from, least(valid_to, ended_at) AS valid_to FROM client_group_member
         WHERE (ended_at IS NULL OR valid_from IS NULL OR valid_from < ended_at) AND ($1::bigint[] IS NULL OR client_id = ANY($1))",
    )
    .bind(&clients)
    .fetch_all(&mut *connection)
    .await?;
    rows.members = members
        .iter()
        .map(|row| GroupMemberRow {
            group: group_id(row.get("group_id")),
            client: client_id(row.get("client_id")),
            validity: validity(row),
        })
        .collect();
    let groups: Vec<i32> = rows.members.iter().map(|member| member.group.0 as i32).collect();
    let discounts = sqlx::query(
        "SELECT id, level, account_id, client_id, group_id, (percent * 100)::int AS basis_points, service, prefix, valid_from,
                least(valid_to, ended_at) AS valid_to
         FROM discount WHERE (ended_at IS NULL OR valid_from IS NULL OR valid_from < ended_at)
               AND ($1::bigint[] IS NULL OR client_id = ANY($1) OR group_id = ANY($2) OR account_id = ANY($3)) ORDER BY id",
    )
    .bind(&clients)
    .bind(&groups)
    .bind(of.accounts())
    .fetch_all(&mut *connection)
    .await?;
    for row in &discounts {
        let service =
            row.get::<Option<&str>, _>("service").map(|word| parse(word, "discount", "a service")).transpose()?;
        let prefix = row.get::<Option<&str>, _>("prefix").map_or(Some(Digits::EMPTY), parse_mask);
        rows.discounts.push(DiscountRow {
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
        });
    }
    let exchanges = sqlx::query(
        "SELECT id, client_id, group_id, currency_from, currency_to, rate, quantity, valid_from, ended_at FROM exchange_rate
         WHERE $1::bigint[] IS NULL OR coalesce(client_id, group_id) IS NULL OR client_id = ANY($1) OR group_id = ANY($2) ORDER BY id",
    )
    .bind(&clients)
    .bind(&groups)
    .fetch_all(&mut *connection)
    .await?;
    for row in &exchanges {
        rows.exchanges.push(ExchangeRow {
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
        });
    }
    let taxes = sqlx::query(
        "SELECT client_id, (percent * 100)::int AS basis_points, valid_from, least(valid_to, ended_at) AS valid_to FROM client_tax
         WHERE (ended_at IS NULL OR valid_from IS NULL OR valid_from < ended_at) AND ($1::bigint[] IS NULL OR client_id = ANY($1))",
    )
    .bind(&clients)
    .fetch_all(&mut *connection)
    .await?;
    rows.client_taxes = taxes
        .iter()
        .map(|row| ClientTaxRow {
            client: client_id(row.get("client_id")),
            basis_points: row.get::<i32, _>("basis_points") as u32,
            validity: validity(row),
        })
        .collect();
    Ok(())
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

pub(super) async fn read_numbers(
    connection: &mut PgConnection,
    rows: &mut Rows,
    symbols: &mut Symbols,
) -> Result<(), StoreError> {
    let periods = sqlx::query(
        "SELECT d.number, p.status, p.account_id, p.place, p.valid_from, p.valid_to FROM did_period p JOIN did d ON d.id = p.did_id",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &periods {
        let number: &str = row.get("number");
        rows.dids.push(DidRow {
            number: E164::parse(number).ok_or_else(|| inconsistent("did", "a number that is not E.164"))?,
            status: parse(row.get("status"), "did_period", "a state of a number")?,
            account: row.get::<Option<i64>, _>("account_id").map(account_id),
            place: row.get::<Option<&str>, _>("place").map(|place| symbols.of(place)),
            validity: validity(row),
        });
    }
    Ok(())
}

/// The times in which locks were and will be in force: all that some accounts have had, or everybody's as far back as the snapshot knows former states. How far that is concerns memory and no
/// price, so the server's own clock will do. Of some accounts: theirs, and the global ones on some masks.
pub(super) async fn read_locks(connection: &mut PgConnection, rows: &mut Rows, of: &Of) -> Result<(), StoreError> {
    let days: &str = &sqlx::query_scalar::<_, String>("SELECT value FROM setting WHERE key = 'catalogue.history_days'")
        .fetch_one(&mut *connection)
        .await?;
    let days: i32 = parse(days, "setting", "a whole number of days")?;
    let locks = sqlx::query(
        "SELECT l.id, l.account_id, l.mask, l.provider_id, l.origin, p.valid_from, p.valid_to FROM lock_period p JOIN lock l ON l.id = p.lock_id
         WHERE ($2::bigint[] IS NOT NULL OR p.valid_to IS NULL OR p.valid_to > now() - make_interval(days => $1))
               AND ($2::bigint[] IS NULL OR l.account_id = ANY($2) OR l.account_id IS NULL AND l.mask = ANY($3)) ORDER BY l.id, p.valid_from NULLS FIRST",
    )
    .bind(days)
    .bind(of.accounts())
    .bind(of.prefixes())
    .fetch_all(&mut *connection)
    .await?;
    for row in &locks {
        rows.locks.push(LockRow {
            id: row.get::<i64, _>("id") as u64,
            account: row.get::<Option<i64>, _>("account_id").map(account_id),
            mask: parse_mask(row.get("mask")).ok_or_else(|| inconsistent("lock", "a mask that is not digits"))?,
            provider: row.get::<Option<i32>, _>("provider_id").map(provider_id),
            origin: parse(row.get("origin"), "lock", "an origin")?,
            validity: validity(row),
        });
    }
    Ok(())
}
