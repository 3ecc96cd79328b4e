//! Accounts end, and begin again.
//!
//! Owns: what stands against either.
//! Does not own: numbers, products, money.
//! Always: nothing is closed that holds or owes money, hidden by virtual credit or not, or has numbers, products, trunks or calls under way; a call that took place
//! before is charged all the same; what is closed stays readable (T25).

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::open::{OpeningRules, connected, held_entity, is_the_only_one};
use super::{AccountError, WantedPlan, plans, store};
use crate::change::Change;
use crate::credit::outstanding;
use crate::holds;

/// Closes an account: its plan ends now. Calls that go on, or have money reserved until their record comes, stand against it.
pub async fn close(change: &mut Change, code: &str, revision: Option<i64>, reason: &str) -> Result<(), AccountError> {
    let held = store::held(change, code, revision).await?;
    if !held.active {
        return Err(AccountError::Closed);
    }
    let now = change.now();
    // Whoever charges waits until it is closed, and charges then.
    let balance: Decimal =
        sqlx::query_scalar("SELECT balance FROM account_balance WHERE account_id = $1 FOR NO KEY UPDATE")
            .bind(held.id)
            .fetch_one(change.connection())
            .await?;
    if !balance.is_zero() {
        return Err(AccountError::BalanceNotZero(balance.normalize()));
    }
    let given = outstanding(change.connection(), held.id).await?;
    if !given.is_zero() {
        return Err(AccountError::BalanceNotZero((balance - given).normalize()));
    }
    let services: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM did WHERE account_id = $1 AND status IN ('in_work', 'reserved'))
                    + (SELECT count(*) FROM account_trunk WHERE account_id = $1)
                    + (SELECT count(*) FROM product_instance WHERE account_id = $1 AND status <> 'closed')",
    )
    .bind(held.id)
    .fetch_one(change.connection())
    .await?;
    if services > 0 {
        return Err(AccountError::HasActiveServices(services));
    }
    let plan = plans::plan_at(change.connection(), held.id, now).await?;
    set_active(change, held.id, false, Some(now)).await?;
    plans::write(change, held.id, None, now, reason).await?;
    // Last, for calls of the account wait from here on: the next one finds it closed.
    if let Some(calls) = holds::under_way(change, held.id).await? {
        return Err(AccountError::CallsUnderWay(calls));
    }
    let (before, after) = (json!({"active": true, "plan": plan}), json!({"active": false, "plan": null}));
    change.record("account.close", "account", code, &before, &after, reason);
    Ok(())
}

/// Opens a closed account again, with a plan where one is named. The same stands against it as against a new one. `may_past`: the plan may begin before this
/// month.
pub async fn reopen(
    change: &mut Change,
    code: &str,
    plan: Option<&WantedPlan>,
    rules: &OpeningRules,
    may_past: bool,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), AccountError> {
    // The client first, then the company, then the account: as whoever opens one holds them.
    let (client_id, client, entity): (i64, String, String) = sqlx::query_as(
        "SELECT c.id, c.code, e.code FROM account a JOIN client c ON c.id = a.client_id JOIN legal_entity e ON e.id = a.legal_entity_id
         WHERE a.code = $1 FOR NO KEY UPDATE OF c",
    )
    .bind(code)
    .fetch_optional(change.connection())
    .await?
    .ok_or(AccountError::NotFound)?;
    let held_entity = held_entity(change.connection(), &entity).await?;
    let held = store::held(change, code, revision).await?;
    if held.active {
        return Err(AccountError::Active);
    }
    is_the_only_one(change.connection(), (client_id, held_entity.id, &held.currency), rules).await?;
    connected(change, (client_id, &client), (held_entity.id, &entity), rules, reason).await?;
    let now = change.now();
    set_active(change, held.id, true, None).await?;
    let mut after = json!({"active": true});
    if let Some(wanted) = plan {
        let from = wanted.from.unwrap_or(now);
        plans::may_begin(change.connection(), (from, now), (held.entity_id, &held.zone), may_past).await?;
        let plan = plans::checked(change.connection(), &wanted.plan, (client_id, &held.currency), now).await?;
        plans::write(change, held.id, Some(plan), from, reason).await?;
        after["plan"] = Value::from(wanted.plan.as_str());
        after["plan_from"] = json!(from);
    }
    change.record("account.reopen", "account", code, &json!({"active": false}), &after, reason);
    Ok(())
}

async fn set_active(
    change: &mut Change,
    id: i64,
    active: bool,
    closed_at: Option<DateTime<Utc>>,
) -> Result<(), AccountError> {
    sqlx::query("UPDATE account SET active = $2, closed_at = $3, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(active)
        .bind(closed_at)
        .execute(change.connection())
        .await?;
    Ok(())
}
