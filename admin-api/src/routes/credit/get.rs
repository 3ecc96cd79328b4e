//! `GET /v1/accounts/{code}/credit`: how an account stands with its credit and its debt (M50-M54, B14).
//!
//! Owns: how that is shown.
//! Does not own: what it consists of (`billing::credit`).
//! Always: one state of the books; nothing is judged by looking.

use axum::Json;
use axum::extract::{Path, State};
use billing::credit::blocks::Block;
use billing::credit::deferral::{Deferral, Receivable};
use billing::credit::month_end::Standing;
use billing::credit::{self, AccountCredit, VerdictLine, Waiting};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A check that waits for a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingView {
    /// The last day of the month to which it is made.
    night: NaiveDate,
    /// The bank day whose statement it waits for.
    bank_day: NaiveDate,
    /// From when on that is an alarm.
    alarm_at: DateTime<Utc>,
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        let Waiting { night, bank_day, alarm_at, .. } = waiting;
        Self { night: night.last_day(), bank_day, alarm_at }
    }
}

/// A block in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockInForce {
    /// `balance`, `credit_closed`, `postpaid_debt`, `overdue`, `manual`, `fraud` or `terminated`.
    cause: &'static str,
    /// `outgoing_paid`, `operations` or `all`.
    scope: &'static str,
    /// The notice of intention behind it.
    notice: Option<i64>,
    /// Since when.
    since: DateTime<Utc>,
}

impl From<Block> for BlockInForce {
    fn from(block: Block) -> Self {
        Self { cause: block.cause.as_str(), scope: block.scope.as_str(), notice: block.notice_id, since: block.since }
    }
}

/// A verdict of the check at the end of a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerdictView {
    /// The last day of the month.
    night: NaiveDate,
    /// `waiting`, `not_concerned`, `passed` or `closed`.
    outcome: String,
    /// Why it did not concern the account.
    why: String,
    /// What had to be paid and was not, a decimal.
    debt: Option<String>,
    /// What was posted, a decimal; zero or below.
    amount: String,
    /// That posting.
    posting: Option<i64>,
    /// When it was given.
    judged_at: Option<DateTime<Utc>>,
    /// Of a closing: `stands`, `paid` or `void`.
    fate: Option<String>,
    /// When it was paid or void.
    ended_at: Option<DateTime<Utc>>,
    /// The posting that gave a void one back.
    voided_by: Option<i64>,
}

impl From<VerdictLine> for VerdictView {
    fn from(line: VerdictLine) -> Self {
        Self {
            night: line.night,
            outcome: line.outcome,
            why: line.why,
            debt: line.debt.map(plain),
            amount: plain(line.amount),
            posting: line.posting,
            judged_at: line.judged_at,
            fate: line.fate,
            ended_at: line.ended_at,
            voided_by: line.voided_by,
        }
    }
}

/// The credit of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditView {
    /// Code of the account.
    code: String,
    /// Its currency, ISO 4217.
    currency: String,
    /// `prepaid` or `postpaid`.
    payment_mode: &'static str,
    /// `none`, `monthly` or `days`.
    credit_policy: &'static str,
    /// Since when it is on these two; `null`: always, or it pays in advance.
    since: Option<DateTime<Utc>>,
    /// The limit on it; that of monthly credit comes into force at the turn of the month.
    credit_limit: String,
    /// The limit in force, a decimal.
    in_force: String,
    /// Virtual credit that is outstanding, a decimal.
    outstanding: String,
    /// `good`, `waiting` or `closed`.
    standing: &'static str,
    /// Documents less real money, a decimal; below zero it is an overpayment.
    debt: String,
    /// What had to be paid by the latest check and is not: what has to be paid now, a decimal.
    due: String,
    /// Months that are not paid whole.
    unpaid_months: u32,
    /// Days from the issue of a payment invoice until it is overdue; `null`: for ever.
    deferral_days: Option<u32>,
    /// Days from the issue until it stops work with services; `null`: never.
    block_after_days: Option<u32>,
    /// How payment invoices stand: `in_time`, `overdue` or `blocked`.
    receivable: &'static str,
    /// Since when they do.
    receivable_since: Option<DateTime<Utc>>,
    /// The last day to which the next check is made; `null`: it pays in advance.
    next_check: Option<NaiveDate>,
    /// The last month that has to be paid by then, `YYYY-MM`.
    to_be_paid: Option<String>,
    /// The check that it waits for.
    waits: Option<WaitingView>,
    /// Blocks in force.
    blocks: Vec<BlockInForce>,
    /// Whether it is blocked as soon as a notice of intention is on record.
    notice_needed: bool,
    /// From when on its contract may be closed for debt.
    termination_from: Option<NaiveDate>,
    /// The last 24 verdicts, the newest first.
    verdicts: Vec<VerdictView>,
}

fn plain(amount: Decimal) -> String {
    amount.normalize().to_string()
}

impl From<AccountCredit> for CreditView {
    fn from(credit: AccountCredit) -> Self {
        let (deferral_days, block_after_days) = match credit.deferral {
            Deferral::Unlimited => (None, None),
            Deferral::FromIssue { days, block_after_days } => (Some(days), block_after_days),
        };
        let (receivable, receivable_since) = match credit.receivable {
            Receivable::InTime => ("in_time", None),
            Receivable::Overdue(since) => ("overdue", Some(since)),
            Receivable::Blocked(since) => ("blocked", Some(since)),
        };
        Self {
            payment_mode: credit.mode.as_str(),
            credit_policy: credit.policy.as_str(),
            since: credit.since,
            credit_limit: plain(credit.limit),
            in_force: plain(credit.in_force),
            outstanding: plain(credit.outstanding),
            standing: match credit.standing {
                Standing::Good => "good",
                Standing::Waiting => "waiting",
                Standing::Closed => "closed",
            },
            debt: plain(credit.debt),
            due: plain(credit.due.max(Decimal::ZERO)),
            unpaid_months: credit.unpaid_months,
            deferral_days,
            block_after_days,
            receivable,
            receivable_since,
            next_check: credit.next_check,
            to_be_paid: credit.to_be_paid.map(|month| month.format("%Y-%m").to_string()),
            waits: credit.waits.map(WaitingView::from),
            blocks: credit.blocks.into_iter().map(BlockInForce::from).collect(),
            notice_needed: credit.notice_needed,
            termination_from: credit.termination_from,
            verdicts: credit.verdicts.into_iter().map(VerdictView::from).collect(),
            code: credit.code,
            currency: credit.currency,
        }
    }
}

/// The credit of an account
///
/// How it stands, what has to be paid, when it is checked next, and the verdicts of the checks so far.
#[utoipa::path(
    get, path = "/v1/accounts/{code}/credit", operation_id = "account_credit", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "One state of the books", body = CreditView, example = json!({
        "code": "A-000001", "currency": "RUB", "payment_mode": "postpaid", "credit_policy": "monthly", "since": null, "credit_limit": "2000",
        "in_force": "2000", "outstanding": "0", "standing": "closed", "debt": "2000", "due": "2000", "unpaid_months": 1, "deferral_days": null,
        "block_after_days": null, "receivable": "in_time", "receivable_since": null, "next_check": "2026-09-30", "to_be_paid": "2026-08", "waits": null,
        "blocks": [{"cause": "credit_closed", "scope": "outgoing_paid", "notice": 3, "since": "2026-08-30T21:00:00Z"}], "notice_needed": false,
        "termination_from": "2027-02-20",
        "verdicts": [{"night": "2026-08-31", "outcome": "closed", "why": "", "debt": "2000", "amount": "-2000", "posting": 12,
                      "judged_at": "2026-08-30T21:00:00Z", "fate": "stands", "ended_at": null, "voided_by": null}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<CreditView>, Problem> {
    let code = inputs::word("/code", &code)?;
    let credit = credit::account_credit(&state.store, code, state.clock.now()).await?;
    Ok(Json(credit.ok_or(Problem::new(Code::NotFound))?.into()))
}
