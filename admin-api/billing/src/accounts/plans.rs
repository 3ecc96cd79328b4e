//! The tariff plans of an account over time.
//!
//! Owns: table `account_plan`.
//! Does not own: what a plan is made of (`plans`), which of them prices a call (`rating`).
//! Always: rows are withdrawn and published, never changed, so that a charge can be priced again by the version that it names; periods never overlap; a plan
//! whose lists cannot be converted into the account's currency is refused, for no snapshot could be made of it.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::rules::{PlanPeriod, Replacement};
use super::{AccountError, store};
use crate::availability;
use crate::change::Change;
use crate::credit::calendar::month_start;
use crate::credit::{self, Action};
use crate::store::{Store, StoreError};

/// Where a period of a plan stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanState {
    /// It has ended.
    Past,
    /// It counts now.
    Current,
    /// It begins later.
    Future,
    /// Another took its place before it had ended.
    Replaced,
}

impl PlanState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Past => "past",
            Self::Current => "current",
            Self::Future => "future",
            Self::Replaced => "replaced",
        }
    }
}

/// A period of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanLine {
    /// Code of the plan.
    pub plan: String,
    /// Its name.
    pub name: String,
    /// First moment; `None` = always before.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// Where it stands.
    pub state: PlanState,
    /// Login of who set it.
    pub author: String,
    /// When.
    pub set_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Login of who put another in its place.
    pub replaced_by: Option<String>,
}

/// The plans of an account, the latest first, with those that others took the place of.
pub async fn plans(store: &Store, account: i64, now: DateTime<Utc>) -> Result<Vec<PlanLine>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.code, t.name, p.valid_from, p.valid_to, p.author, p.created_at, p.reason, p.replaced_by
         FROM account_plan p JOIN tariff_plan t ON t.id = p.plan_id
         WHERE p.account_id = $1 AND (p.withdrawn_in IS NULL OR p.replaced_by IS NOT NULL)
         ORDER BY p.valid_from DESC NULLS LAST, p.id DESC",
    )
    .bind(account)
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| line(row, now)).collect())
}

fn line(row: &sqlx::postgres::PgRow, now: DateTime<Utc>) -> PlanLine {
    let (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (row.get("valid_from"), row.get("valid_to"));
    let replaced_by: Option<String> = row.get("replaced_by");
    let state = match (&replaced_by, from, to) {
        (Some(_), ..) => PlanState::Replaced,
        (None, _, Some(to)) if to <= now => PlanState::Past,
        (None, Some(from), _) if from > now => PlanState::Future,
        _ => PlanState::Current,
    };
    PlanLine {
        plan: row.get("code"),
        name: row.get("name"),
        from,
        to,
        state,
        author: row.get("author"),
        set_at: row.get("created_at"),
        reason: row.get("reason"),
        replaced_by,
    }
}

/// A plan that an account is to have.
#[derive(Clone, Debug)]
pub struct WantedPlan {
    /// Code of the plan.
    pub plan: String,
    /// From when it counts; `None` = from now.
    pub from: Option<DateTime<Utc>>,
}

/// Gives an account a plan from some moment on: the one of before ends there, those that were to begin later are replaced. `may_past`: it may begin before this
/// month.
pub async fn set_plan(
    change: &mut Change,
    code: &str,
    wanted: &WantedPlan,
    may_past: bool,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), AccountError> {
    let held = store::held(change, code, revision).await?;
    if !held.active {
        return Err(AccountError::Closed);
    }
    credit::may(change, held.id, Action::ChangeTariff).await?;
    let now = change.now();
    let from = wanted.from.unwrap_or(now);
    may_begin(change.connection(), (from, now), (held.entity_id, &held.zone), may_past).await?;
    let plan = checked(change.connection(), &wanted.plan, (held.client_id, &held.currency), now).await?;
    let former = plan_at(change.connection(), held.id, from).await?;
    write(change, held.id, Some(plan), from, reason).await?;
    store::raise_revision(change, held.id).await?;
    let (before, after) = (json!({"plan": former}), json!({"plan": wanted.plan, "plan_from": from}));
    change.record("account.plan", "account", code, &before, &after, reason);
    Ok(())
}

/// Refuses a moment in a month that is over by the account's zone, unless the caller may, and one whose day the issuer has closed: its usage is accounted
/// for (A9).
pub(super) async fn may_begin(
    connection: &mut PgConnection,
    (from, now): (DateTime<Utc>, DateTime<Utc>),
    (entity_id, zone): (i32, &str),
    may_past: bool,
) -> Result<(), AccountError> {
    let zone: Tz = zone.parse().map_err(|_| StoreError::Inconsistent {
        table: "account",
        problem: format!("`{zone}`, which is not a time zone"),
    })?;
    if !may_past && from < month_start(now, zone) {
        return Err(AccountError::PlanPast);
    }
    if from >= now {
        return Ok(());
    }
    let closed: Option<NaiveDate> = sqlx::query_scalar(
        "SELECT max(p.month) FROM billing_period p JOIN legal_entity e ON e.id = p.legal_entity_id
         WHERE p.legal_entity_id = $1 AND p.closed_at IS NOT NULL AND ($2 AT TIME ZONE e.zone)::date < p.month + interval '1 month'",
    )
    .bind(entity_id)
    .bind(from)
    .fetch_one(connection)
    .await?;
    closed.map_or(Ok(()), |month| Err(AccountError::PeriodClosed(month)))
}

/// The plan with a code, if an account of a client in a currency can have it: it is not kept for others (B10), every list of it is in that currency, or an
/// exchange rate turns it into it that the client has or had: a membership that has not begun may still be taken back.
pub(super) async fn checked(
    connection: &mut PgConnection,
    code: &str,
    (client_id, currency): (i64, &str),
    now: DateTime<Utc>,
) -> Result<i32, AccountError> {
    let plan: Option<i32> = sqlx::query_scalar("SELECT id FROM tariff_plan WHERE code = $1")
        .bind(code)
        .fetch_optional(&mut *connection)
        .await?;
    let plan = plan.ok_or_else(|| AccountError::NoPlan(code.to_owned()))?;
    if !availability::plan(&mut *connection, client_id, plan, now).await? {
        return Err(AccountError::PlanNotAvailable(code.to_owned()));
    }
    let foreign = sqlx::query(
        "SELECT l.code, l.currency::text AS currency FROM tariff_layer y JOIN price_list l ON l.id = y.list_id
         WHERE y.plan_id = $1 AND y.withdrawn_in IS NULL AND l.currency::text <> $2 AND NOT EXISTS (
             SELECT FROM exchange_rate x WHERE x.currency_from = l.currency AND x.currency_to::text = $2
                 AND (x.client_id = $3 OR x.client_id IS NULL AND (x.group_id IS NULL OR x.group_id IN (
                     SELECT m.group_id FROM client_group_member m
                     WHERE m.client_id = $3 AND coalesce(m.valid_from, '-infinity') < $4
                           AND (m.ended_at IS NULL OR m.valid_from IS NULL OR m.valid_from < m.ended_at)))))
         ORDER BY y.layer LIMIT 1",
    )
    .bind(plan)
    .bind(currency)
    .bind(client_id)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    match foreign {
        Some(row) => Err(AccountError::NoExchange { list: row.get("code"), currency: row.get("currency") }),
        None => Ok(plan),
    }
}

/// Code of the plan of an account at a moment.
pub(super) async fn plan_at(
    connection: &mut PgConnection,
    account: i64,
    at: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT t.code FROM account_plan p JOIN tariff_plan t ON t.id = p.plan_id WHERE p.account_id = $1 AND p.withdrawn_in IS NULL
             AND coalesce(p.valid_from, '-infinity') <= $2 AND $2 < coalesce(p.valid_to, 'infinity') LIMIT 1",
    )
    .bind(account)
    .bind(at)
    .fetch_optional(connection)
    .await?)
}

/// Writes what an account has from some moment on: another plan, or none. The catalogue's version is raised: rows name it.
pub(crate) async fn write(
    change: &mut Change,
    account: i64,
    plan: Option<i32>,
    from: DateTime<Utc>,
    reason: &str,
) -> Result<(), AccountError> {
    let rows = sqlx::query(
        "SELECT id, plan_id, valid_from, valid_to FROM account_plan WHERE account_id = $1 AND withdrawn_in IS NULL ORDER BY valid_from NULLS FIRST",
    )
    .bind(account)
    .fetch_all(change.connection())
    .await?;
    let read = |row: &sqlx::postgres::PgRow| PlanPeriod {
        id: row.get("id"),
        plan: row.get("plan_id"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
    };
    let periods: Vec<PlanPeriod> = rows.iter().map(read).collect();
    let replacement = Replacement::at(&periods, from);
    if plan.is_some_and(|plan| replacement.is_same(plan)) {
        return Err(AccountError::SamePlan);
    }
    if plan.is_none() && replacement.is_empty() {
        return Ok(());
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    // Last of the locks: others who change the catalogue wait from here on.
    let version = change.account_version(account).await?;
    sqlx::query("UPDATE account_plan SET withdrawn_in = $2, replaced_by = $3 WHERE id = ANY($1)")
        .bind(&replacement.replaced)
        .bind(version)
        .bind(&author)
        .execute(change.connection())
        .await?;
    if let Some(shortened) = replacement.shortened {
        // Its copy ends where the other begins, and keeps who set it.
        sqlx::query(
            "INSERT INTO account_plan (account_id, plan_id, valid_from, valid_to, published_in, author, reason, created_at)
             SELECT account_id, plan_id, valid_from, $2, $3, author, reason, created_at FROM account_plan WHERE id = $1",
        )
        .bind(shortened.id)
        .bind(from)
        .bind(version)
        .execute(change.connection())
        .await?;
        sqlx::query("UPDATE account_plan SET withdrawn_in = $2 WHERE id = $1")
            .bind(shortened.id)
            .bind(version)
            .execute(change.connection())
            .await?;
    }
    if let Some(plan) = plan {
        sqlx::query(
            "INSERT INTO account_plan (account_id, plan_id, valid_from, published_in, author, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(account)
        .bind(plan)
        .bind(from)
        .bind(version)
        .bind(&author)
        .bind(reason)
        .bind(now)
        .execute(change.connection())
        .await?;
    }
    Ok(())
}
