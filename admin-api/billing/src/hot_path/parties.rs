//! Accounts with their plans, trunks and locks; numbers; global locks.

use numbering::{E164, parse_mask};
use rating::rows::{AccountPlanRow, AccountRow, AccountTrunkRow, DidRow, LockRow, Rows};
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::{Symbols, account_id, client_id, currency, inconsistent, parse, plan_id, provider_id, validity};
use crate::store::StoreError;

/// Whose rows are read: the identifiers of some accounts. Queries join them and name their bounds besides, so that neighbours are read as a range of an
/// index, and a few strangers one by one.
pub(super) struct Owners(Vec<i64>);

impl Owners {
    /// These accounts.
    pub(super) const fn these(accounts: Vec<i64>) -> Self {
        Self(accounts)
    }

    /// The next accounts by identifier; none when there are no more.
    pub(super) async fn next(connection: &mut PgConnection, after: i64, count: usize) -> Result<Self, StoreError> {
        let accounts = sqlx::query_scalar("SELECT id FROM account WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(count as i64)
            .fetch_all(connection)
            .await?;
        Ok(Self(accounts))
    }

    pub(super) fn ids(&self) -> &[i64] {
        &self.0
    }

    /// The first and the last identifier.
    pub(super) fn bounds(&self) -> Option<(i64, i64)> {
        Some((*self.0.iter().min()?, *self.0.iter().max()?))
    }
}

/// Which locks that are in force no more are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    /// As far back as the snapshot knows former states. How far that is concerns memory and no price, so the server's own clock will do.
    Kept,
    /// All of them.
    Whole,
}

pub(super) async fn read_accounts(
    connection: &mut PgConnection,
    rows: &mut Rows,
    of: &Owners,
) -> Result<(), StoreError> {
    let Some((first, last)) = of.bounds() else { return Ok(()) };
    let accounts = sqlx::query(
        "SELECT id, code, client_id, currency FROM account JOIN unnest($1::bigint[]) AS o (id) USING (id)
         WHERE id BETWEEN $2 AND $3 ORDER BY id",
    )
    .bind(of.ids())
    .bind(first)
    .bind(last)
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
        "SELECT account_id, plan_id, valid_from, valid_to FROM account_plan JOIN unnest($1::bigint[]) AS o (account_id) USING (account_id)
         WHERE account_id BETWEEN $2 AND $3
               AND published_in <= $4 AND (withdrawn_in IS NULL OR withdrawn_in > $4)",
    )
    .bind(of.ids())
    .bind(first)
    .bind(last)
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
pub(super) async fn read_account_trunks(
    connection: &mut PgConnection,
    rows: &mut Rows,
    of: &Owners,
) -> Result<(), StoreError> {
    let Some((first, last)) = of.bounds() else { return Ok(()) };
    let trunks = sqlx::query(
        "SELECT account_id, trunk FROM account_trunk JOIN unnest($1::bigint[]) AS o (account_id) USING (account_id)
         WHERE account_id BETWEEN $2 AND $3 ORDER BY account_id",
    )
    .bind(of.ids())
    .bind(first)
    .bind(last)
    .fetch_all(&mut *connection)
    .await?;
    rows.account_trunks = trunks
        .iter()
        .map(|row| AccountTrunkRow { account: account_id(row.get("account_id")), trunk: row.get("trunk") })
        .collect();
    Ok(())
}

/// Reads the states of the next numbers; returns the identifier of the last, or `None` when there are no more.
pub(super) async fn read_next_numbers(
    connection: &mut PgConnection,
    rows: &mut Rows,
    symbols: &mut Symbols,
    after: i64,
    count: usize,
) -> Result<Option<i64>, StoreError> {
    let last: Option<i64> =
        sqlx::query_scalar("SELECT max(id) FROM (SELECT id FROM did WHERE id > $1 ORDER BY id LIMIT $2) AS d")
            .bind(after)
            .bind(count as i64)
            .fetch_one(&mut *connection)
            .await?;
    let Some(last) = last else { return Ok(None) };
    let periods = sqlx::query(
        "SELECT d.number, p.status, p.account_id, p.place, p.valid_from, p.valid_to FROM did d JOIN did_period p ON p.did_id = d.id
         WHERE d.id > $1 AND d.id <= $2",
    )
    .bind(after)
    .bind(last)
    .fetch_all(connection)
    .await?;
    rows.dids = periods.iter().map(|row| did(row, symbols)).collect::<Result<_, _>>()?;
    Ok(Some(last))
}

/// Reads the states of these numbers.
pub(super) async fn read_numbers(
    connection: &mut PgConnection,
    rows: &mut Rows,
    symbols: &mut Symbols,
    numbers: &[&String],
) -> Result<(), StoreError> {
    let periods = sqlx::query(
        "SELECT d.number, p.status, p.account_id, p.place, p.valid_from, p.valid_to FROM did d JOIN did_period p ON p.did_id = d.id
         WHERE d.number = ANY($1)",
    )
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    rows.dids = periods.iter().map(|row| did(row, symbols)).collect::<Result<_, _>>()?;
    Ok(())
}

fn did(row: &PgRow, symbols: &mut Symbols) -> Result<DidRow, StoreError> {
    Ok(DidRow {
        number: E164::parse(row.get("number")).ok_or_else(|| inconsistent("did", "a number that is not E.164"))?,
        status: parse(row.get("status"), "did_period", "a state of a number")?,
        account: row.get::<Option<i64>, _>("account_id").map(account_id),
        place: row.get::<Option<&str>, _>("place").map(|place| symbols.of(place)),
        validity: validity(row),
    })
}

/// The times in which the locks of accounts were and will be in force.
pub(super) async fn read_local_locks(
    connection: &mut PgConnection,
    rows: &mut Rows,
    of: &Owners,
    history: History,
) -> Result<(), StoreError> {
    let Some((first, last)) = of.bounds() else { return Ok(()) };
    let days = days_kept(connection).await?;
    let locks = sqlx::query(
        "SELECT l.id, l.account_id, l.mask, l.provider_id, l.origin, p.valid_from, p.valid_to FROM lock l JOIN lock_period p ON p.lock_id = l.id
         JOIN unnest($1::bigint[]) AS o (account_id) ON o.account_id = l.account_id
         WHERE l.account_id BETWEEN $2 AND $3
               AND ($4 OR p.valid_to IS NULL OR p.valid_to > now() - make_interval(days => $5)) ORDER BY l.id, p.valid_from NULLS FIRST",
    )
    .bind(of.ids())
    .bind(first)
    .bind(last)
    .bind(history == History::Whole)
    .bind(days)
    .fetch_all(connection)
    .await?;
    for row in &locks {
        rows.locks.push(lock(row)?);
    }
    Ok(())
}

/// The times in which global locks were and will be in force: as far as the snapshot knows former states, or always but on these masks only.
pub(super) async fn read_global_locks(
    connection: &mut PgConnection,
    rows: &mut Rows,
    masks: Option<&[String]>,
) -> Result<(), StoreError> {
    let days = days_kept(connection).await?;
    let locks = sqlx::query(
        "SELECT l.id, l.account_id, l.mask, l.provider_id, l.origin, p.valid_from, p.valid_to FROM lock l JOIN lock_period p ON p.lock_id = l.id
         WHERE l.account_id IS NULL
               AND CASE WHEN $1::text[] IS NULL THEN p.valid_to IS NULL OR p.valid_to > now() - make_interval(days => $2) ELSE l.mask = ANY($1) END
         ORDER BY l.id, p.valid_from NULLS FIRST",
    )
    .bind(masks)
    .bind(days)
    .fetch_all(connection)
    .await?;
    for row in &locks {
        rows.locks.push(lock(row)?);
    }
    Ok(())
}

async fn days_kept(connection: &mut PgConnection) -> Result<i32, StoreError> {
    let days: String = sqlx::query_scalar("SELECT value FROM setting WHERE key = 'catalogue.history_days'")
        .fetch_one(connection)
        .await?;
    parse(&days, "setting", "a whole number of days")
}

fn lock(row: &PgRow) -> Result<LockRow, StoreError> {
    Ok(LockRow {
        id: row.get::<i64, _>("id") as u64,
        account: row.get::<Option<i64>, _>("account_id").map(account_id),
        mask: parse_mask(row.get("mask")).ok_or_else(|| inconsistent("lock", "a mask that is not digits"))?,
        provider: row.get::<Option<i32>, _>("provider_id").map(provider_id),
        origin: parse(row.get("origin"), "lock", "an origin")?,
        validity: validity(row),
    })
}
