//! The summary of an account: what an operator sees at a glance (M44).
//!
//! Owns: reading it in one state of the books.
//! Does not own: the rows: each is another room's.
//! Always: months are those of the usage and of the day of a posting, in the zone of the account; amounts are positive for what the account owes.

use chrono::{DateTime, Months, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::store::find;
use super::{Account, CreditPolicy, PaymentMode};
use crate::blocks::temporary_limits;
use crate::credit::blocks::floor;
use crate::store::{BEGIN_A_LOOK, Store, StoreError};

/// Months that are shown, the running one among them.
const MONTHS: u32 = 6;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastBlock {
    /// Why.
    pub cause: String,
    /// What it stops.
    pub scope: String,
    /// In words.
    pub reason: String,
    /// Since when.
    pub begun_at: DateTime<Utc>,
    /// Until when, if it has ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a month cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthSum {
    /// First day of the month.
    pub month: NaiveDate,
    /// Calls and messages.
    pub traffic: Decimal,
    /// Products, calls aside: charges less what was taken back of them.
    pub charges: Decimal,
}

/// An account at a glance.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its card.
    pub account: Account,
    /// At or below it the client is told.
    pub critical_balance: Option<Decimal>,
    /// What temporary limits add now.
    pub temporary_limit: Decimal,
    /// What it may use now: what calls have reserved is not in it; `None`: payment by fact, whose funds are not checked.
    pub available: Option<Decimal>,
    /// The last block, also one that has ended.
    pub last_block: Option<LastBlock>,
    /// Discounts of its own that are in force.
    pub discounts: i64,
    /// Numbers in work.
    pub numbers: i64,
    /// The last months that cost something, the newest first.
    pub months: Vec<MonthSum>,
}

/// The account with this code at a glance.
pub async fn summary(store: &Store, code: &str, now: DateTime<Utc>) -> Result<Option<Summary>, StoreError> {
    let mut tx = store.begin_with(BEGIN_A_LOOK).await?;
    let Some(account) = find(&mut tx, code, now).await? else { return Ok(None) };
    let row = sqlx::query(concat!(
        "SELECT a.critical_balance, ",
        temporary_limits!("$2"),
        " AS temporary,
                (SELECT coalesce(sum(h.amount), 0) FROM hold h WHERE h.account_id = a.id AND h.expires_at > $2) AS held,
                (SELECT count(*) FROM discount d WHERE d.account_id = a.id AND coalesce(d.valid_from, '-infinity') <= $2
                     AND $2 < coalesce(least(d.valid_to, d.ended_at), 'infinity')) AS discounts,
                (SELECT count(*) FROM did n WHERE n.account_id = a.id AND n.status = 'in_work') AS numbers
         FROM account a WHERE a.id = $1",
    ))
    .bind(account.id)
    .bind(now)
    .fetch_one(&mut *tx)
    .await?;
    let temporary_limit: Decimal = row.get("temporary");
    let last_block = last_block(&mut tx, account.id).await?;
    let months = months(&mut tx, &account, now).await?;
    tx.commit().await?;
    let terms = (account.payment_mode.parse::<PaymentMode>(), account.credit_policy.parse::<CreditPolicy>());
    let (Ok(mode), Ok(policy)) = terms else {
        return Err(StoreError::Inconsistent {
            table: "account",
            problem: format!("{code}, whose terms are not known"),
        });
    };
    let held: Decimal = row.get("held");
    let available = floor(mode, policy, account.credit_limit, temporary_limit)
        .map(|floor| (account.balance - held - floor).normalize());
    Ok(Some(Summary {
        critical_balance: row.get("critical_balance"),
        temporary_limit,
        available,
        last_block,
        discounts: row.get("discounts"),
        numbers: row.get("numbers"),
        months,
        account,
    }))
}

async fn last_block(connection: &mut PgConnection, account: i64) -> Result<Option<LastBlock>, StoreError> {
    let row = sqlx::query(
        "SELECT cause, scope, reason, begun_at, ended_at FROM account_block WHERE account_id = $1 ORDER BY ended_at IS NULL DESC, begun_at DESC, id DESC LIMIT 1",
    )
    .bind(account)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| LastBlock {
        cause: row.get("cause"),
        scope: row.get("scope"),
        reason: row.get("reason"),
        begun_at: row.get("begun_at"),
        ended_at: row.get("ended_at"),
    }))
}

async fn months(
    connection: &mut PgConnection,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<Vec<MonthSum>, StoreError> {
    let zone: Tz = account.zone.parse().unwrap_or(Tz::UTC);
    let first = now.with_timezone(&zone).date_naive() - Months::new(MONTHS - 1);
    let rows = sqlx::query(
        "SELECT month, sum(traffic) AS traffic, sum(charges) AS charges FROM (
             SELECT date_trunc('month', u.usage_day)::date AS month, u.gross AS traffic, 0 AS charges FROM usage_total u
             WHERE u.account_id = $1 AND u.usage_day >= date_trunc('month', $2::date)::date
             UNION ALL
             SELECT date_trunc('month', p.day)::date, 0, -p.amount FROM posting p LEFT JOIN posting o ON o.id = p.reverses
             WHERE p.account_id = $1 AND p.day >= date_trunc('month', $2::date)::date AND coalesce(o.kind, p.kind) = 'charge') AS costs
         GROUP BY month ORDER BY month DESC",
    )
    .bind(account.id)
    .bind(first)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .iter()
        .map(|row| MonthSum { month: row.get("month"), traffic: row.get("traffic"), charges: row.get("charges") })
        .collect())
}
