//! `GET /v1/accounts/{code}/summary`: an account at a glance (M44).
//!
//! Owns: how the summary is shown.
//! Does not own: what it consists of (`billing::accounts`).
//! Always: one state of the books, with the moment at which it was read.

use axum::Json;
use axum::extract::{Path, State};
use billing::accounts::{self, LastBlock, MonthSum, Summary};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A block of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LastBlockView {
    /// `balance`, `credit_closed`, `postpaid_debt`, `overdue`, `manual`, `fraud` or `terminated`.
    cause: String,
    /// `outgoing_paid`, `operations` or `all`.
    scope: String,
    /// In words.
    reason: String,
    /// Since when.
    begun_at: DateTime<Utc>,
    /// Until when, if it has ended.
    ended_at: Option<DateTime<Utc>>,
}

impl From<LastBlock> for LastBlockView {
    fn from(block: LastBlock) -> Self {
        let LastBlock { cause, scope, reason, begun_at, ended_at } = block;
        Self { cause, scope, reason, begun_at, ended_at }
    }
}

/// What a month cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthSumView {
    /// The month, `YYYY-MM`.
    month: String,
    /// Calls and messages, a decimal.
    traffic: String,
    /// Products, calls aside, a decimal.
    charges: String,
}

impl From<MonthSum> for MonthSumView {
    fn from(sum: MonthSum) -> Self {
        Self { month: sum.month.format("%Y-%m").to_string(), traffic: plain(sum.traffic), charges: plain(sum.charges) }
    }
}

/// An account at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SummaryView {
    /// Code.
    code: String,
    /// Currency, ISO 4217.
    currency: String,
    /// `active`, `blocked` or `closed`.
    status: &'static str,
    /// The last block, also one that has ended.
    last_block: Option<LastBlockView>,
    /// Balance, a decimal.
    balance: String,
    /// What it owes: the balance where it is negative.
    debt: String,
    /// What it has paid in advance: the balance where it is positive.
    advance: String,
    /// What it may use now; `null`: payment by fact, whose funds are not checked.
    available: Option<String>,
    /// `prepaid` or `postpaid`.
    payment_mode: String,
    /// `none`, `monthly` or `days`.
    credit_policy: String,
    /// Permanent limit.
    credit_limit: String,
    /// What temporary limits add now.
    temporary_limit: String,
    /// At or below it the client is told; `null`: he is not.
    critical_balance: Option<String>,
    /// Code of the tariff plan of now.
    plan: Option<String>,
    /// Numbers in work.
    numbers: i64,
    /// Discounts of its own that are in force; `GET /v1/accounts/{code}/discounts` has all that count.
    discounts: i64,
    /// Login of who answers for it.
    responsible: Option<String>,
    /// The last six months that cost something, the newest first.
    months: Vec<MonthSumView>,
    /// When this was read.
    refreshed_at: DateTime<Utc>,
}

fn plain(amount: Decimal) -> String {
    amount.normalize().to_string()
}

impl SummaryView {
    fn of(summary: Summary, refreshed_at: DateTime<Utc>) -> Self {
        let account = summary.account;
        let is_blocked = summary.last_block.as_ref().is_some_and(|block| block.ended_at.is_none());
        Self {
            status: super::get::status(account.active, is_blocked),
            last_block: summary.last_block.map(LastBlockView::from),
            debt: plain((Decimal::ZERO - account.balance).max(Decimal::ZERO)),
            advance: plain(account.balance.max(Decimal::ZERO)),
            balance: plain(account.balance),
            available: summary.available.map(plain),
            credit_limit: plain(account.credit_limit),
            temporary_limit: plain(summary.temporary_limit),
            critical_balance: summary.critical_balance.map(plain),
            code: account.code,
            currency: account.currency,
            payment_mode: account.payment_mode,
            credit_policy: account.credit_policy,
            plan: account.plan,
            numbers: summary.numbers,
            discounts: summary.discounts,
            responsible: account.responsible,
            months: summary.months.into_iter().map(MonthSumView::from).collect(),
            refreshed_at,
        }
    }
}

/// An account at a glance
#[utoipa::path(
    get, path = "/v1/accounts/{code}/summary", operation_id = "account_summary", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "One state of the books", body = SummaryView, example = json!({
        "code": "A-000001", "currency": "RUB", "status": "blocked",
        "last_block": {"cause": "manual", "scope": "all", "reason": "письмо клиента", "begun_at": "2026-07-01T10:00:00Z", "ended_at": null},
        "balance": "-12.5", "debt": "12.5", "advance": "0", "available": "987.5", "payment_mode": "prepaid", "credit_policy": "days", "credit_limit": "1000",
        "temporary_limit": "0", "critical_balance": "200", "plan": "base", "numbers": 2, "discounts": 1, "responsible": "ivanova",
        "months": [{"month": "2026-07", "traffic": "3", "charges": "150"}, {"month": "2026-06", "traffic": "15", "charges": "150"}],
        "refreshed_at": "2026-07-15T10:00:00Z"
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<SummaryView>, Problem> {
    let code = inputs::word("/code", &code)?;
    let now = state.clock.now();
    let summary = accounts::summary(&state.store, code, now).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(Json(SummaryView::of(summary, now)))
}
