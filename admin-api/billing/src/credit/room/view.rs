//! The credit of an account as staff see it.
//!
//! Owns: reading it in one state of the books.
//! Does not own: what it means (the rules).
//! Always: reads only; nothing is judged by looking.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::load;
use super::nights::{Waiting, next_check, wait};
use super::noticed::noticed;
use super::settings::rules;
use crate::accounts::{CreditPolicy, PaymentMode};
use crate::credit::blocks::Block;
use crate::credit::calendar::CheckNight;
use crate::credit::deferral::{Deferral, Receivable};
use crate::credit::month_end::Standing;
use crate::ledger::PostingKind;
use crate::store::{BEGIN_A_LOOK, Store, StoreError};

/// Verdicts that are shown: two years of them.
const VERDICTS: i64 = 24;

/// A verdict of a night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictLine {
    /// The last day of the month.
    pub night: NaiveDate,
    /// `waiting`, `not_concerned`, `passed` or `closed`.
    pub outcome: String,
    /// Why it did not concern the account.
    pub why: String,
    /// What had to be paid and was not.
    pub debt: Option<Decimal>,
    /// What was posted as `credit_closing`.
    pub amount: Decimal,
    /// That posting.
    pub posting: Option<i64>,
    /// When it was given.
    pub judged_at: Option<DateTime<Utc>>,
    /// Of a closing: `stands`, `paid` or `void`.
    pub fate: Option<String>,
    /// When it was paid or void.
    pub ended_at: Option<DateTime<Utc>>,
    /// The posting that gave a void one back.
    pub voided_by: Option<i64>,
}

/// The credit of an account.
#[derive(Clone, Debug)]
pub struct AccountCredit {
    /// Code of the account.
    pub code: String,
    /// Its currency.
    pub currency: String,
    /// When it pays.
    pub mode: PaymentMode,
    /// Its credit.
    pub policy: CreditPolicy,
    /// Since when it is on these two; `None`: always, or it pays in advance.
    pub since: Option<DateTime<Utc>>,
    /// The limit on it, which comes into force at the turn of the month.
    pub limit: Decimal,
    /// How long payment invoices may wait.
    pub deferral: Deferral,
    /// The limit in force.
    pub in_force: Decimal,
    /// Virtual credit that is outstanding.
    pub outstanding: Decimal,
    /// How it stands.
    pub standing: Standing,
    /// Documents less real money.
    pub debt: Decimal,
    /// What had to be paid by the latest check and is not.
    pub due: Decimal,
    /// Months that are not paid whole.
    pub unpaid_months: u32,
    /// How its payment invoices stand.
    pub receivable: Receivable,
    /// The last day to which the next check is made, where there is one.
    pub next_check: Option<NaiveDate>,
    /// First day of the last month that has to be paid by then.
    pub to_be_paid: Option<NaiveDate>,
    /// The check that it waits for.
    pub waits: Option<Waiting>,
    /// Blocks in force.
    pub blocks: Vec<Block>,
    /// Whether it is blocked as soon as a notice of intention is on record (A16).
    pub notice_needed: bool,
    /// From when on its contract may be ended for the debt that a notice was about (M70).
    pub termination_from: Option<NaiveDate>,
    /// The last verdicts, the newest first.
    pub verdicts: Vec<VerdictLine>,
}

/// The credit of the account with this code.
pub async fn account_credit(
    store: &Store,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Option<AccountCredit>, StoreError> {
    let mut tx = store.begin_with(BEGIN_A_LOOK).await?;
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM account WHERE code = $1").bind(code).fetch_optional(&mut *tx).await?;
    let Some(id) = id else { return Ok(None) };
    let rules = rules(&mut tx, now).await?;
    let Some(case) = load::case(&mut tx, id, &rules).await? else { return Ok(None) };
    let verdicts = verdicts(&mut tx, id).await?;
    let unresolved = noticed(&mut tx, &[id], now).await?.pop().and_then(|noticed| noticed.unresolved);
    let waits = match case.waiting.first().copied().and_then(CheckNight::ending_on) {
        Some(night) => Some(wait(&mut tx, night, 1, &rules).await?),
        None => None,
    };
    tx.commit().await?;
    let standing = case.standing();
    let is_checked = case.is_active && case.mode == PaymentMode::Postpaid;
    let next_check = is_checked.then(|| next_check(rules.today));
    let is_blocked_for_debt = case.blocks.iter().any(|held| held.block.cause.needs_notice());
    let owes = standing == Standing::Closed || (case.owes_without_credit && case.due(rules.today) > Decimal::ZERO);
    Ok(Some(AccountCredit {
        since: case.since,
        limit: case.limit,
        deferral: case.deferral,
        in_force: case.in_force,
        outstanding: case.outstanding,
        standing,
        debt: case.debt(),
        due: case.due(rules.today),
        unpaid_months: case.unpaid_months(),
        receivable: case.receivable(now),
        next_check,
        to_be_paid: next_check.map(|last| CheckNight::of_month(last).month_to_be_paid()),
        waits,
        notice_needed: owes && !is_blocked_for_debt,
        blocks: case.blocks.iter().map(|held| held.block).collect(),
        termination_from: unresolved.map(|unresolved| unresolved.due),
        verdicts,
        mode: case.mode,
        policy: case.policy,
        currency: case.currency,
        code: case.code,
    }))
}

async fn verdicts(connection: &mut PgConnection, account: i64) -> Result<Vec<VerdictLine>, StoreError> {
    let rows = sqlx::query(
        "SELECT night, outcome, why, debt, amount, posting_id, judged_at, fate, ended_at, voided_by FROM credit_verdict WHERE account_id = $1
         ORDER BY night DESC LIMIT $2",
    )
    .bind(account)
    .bind(VERDICTS)
    .fetch_all(connection)
    .await?;
    let line = |row: &sqlx::postgres::PgRow| VerdictLine {
        night: row.get("night"),
        outcome: row.get("outcome"),
        why: row.get("why"),
        debt: row.get("debt"),
        amount: row.get("amount"),
        posting: row.get("posting_id"),
        judged_at: row.get("judged_at"),
        fate: row.get("fate"),
        ended_at: row.get("ended_at"),
        voided_by: row.get("voided_by"),
    };
    Ok(rows.iter().map(line).collect())
}

/// The virtual credit of an account that is outstanding.
pub(crate) async fn outstanding(connection: &mut PgConnection, account: i64) -> Result<Decimal, StoreError> {
    let kinds = vec![PostingKind::TopupCredit.as_str(), PostingKind::CreditClosing.as_str()];
    Ok(sqlx::query_scalar("SELECT coalesce(sum(amount), 0) FROM posting WHERE account_id = $1 AND kind = ANY($2)")
        .bind(account)
        .bind(kinds)
        .fetch_one(connection)
        .await?)
}
