//! Endpoints of bank statements: looked at, imported, sent back as they came (L17).
//!
//! Owns: the list of them, how a statement's effect is shown.
//! Does not own: statements (`billing::payments`).
//! Always: a file is taken as a whole or refused with all its faults; the same file, or one whose days overlap, books nothing twice.

pub(crate) mod file;
pub(crate) mod import;
pub(crate) mod preview;

use billing::payments::{Item, LineReport, StatementReport};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::payments::shown::spoken;
use super::payments::{said, sum};
use crate::inputs::{self, given};
use crate::language::Language;
use crate::problem::Problem;

/// How a file of a bank is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementQuery {
    /// Account of ours that the file is about, 20 digits. A table needs it; an exchange file says it itself, and is refused when it says another one.
    #[param(example = "40702810400000000001")]
    account: Option<String>,
    /// `true`: a table has all payments of its days, from the first to the last, so that nobody waits for more of them; `false` when absent. An exchange file says
    /// its days itself.
    #[param(example = "true")]
    whole: Option<String>,
    /// Name of the file.
    #[param(example = "kl_to_1c.txt")]
    file: Option<String>,
    /// Words for the audit.
    reason: Option<String>,
}

impl StatementQuery {
    /// Account of ours, name of the file, whether a table has its days whole, words.
    fn read(&self) -> Result<(Option<&str>, &str, bool, String), Problem> {
        let account = given(self.account.as_deref()).map(|text| inputs::word("/account", text)).transpose()?;
        let file = given(self.file.as_deref()).map(|text| inputs::word("/file", text)).transpose()?;
        let whole = given(self.whole.as_deref())
            .map(|text| inputs::one_of("/whole", text, ["true", "false"].into_iter()))
            .transpose()?;
        let reason = inputs::party::text("/reason", self.reason.as_deref().unwrap_or_default(), 1_000)?;
        Ok((account, file.unwrap_or("statement"), whole.unwrap_or_default(), reason))
    }
}

/// What a file does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementsView {
    /// One a bank account of ours that the file is about.
    pub(crate) statements: Vec<StatementView>,
}

impl StatementsView {
    fn new(reports: Vec<StatementReport>, language: Language) -> Self {
        Self { statements: reports.into_iter().map(|report| StatementView::new(report, language)).collect() }
    }
}

/// A statement, and what it does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementView {
    /// Its number; `null` in a preview.
    id: Option<i64>,
    /// Account of ours.
    account: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Currency.
    currency: String,
    /// First day.
    from: NaiveDate,
    /// Last day.
    to: NaiveDate,
    /// Balance before the first day.
    opening: Option<String>,
    /// Balance after the last day.
    closing: Option<String>,
    /// What came.
    credited: String,
    /// What went.
    debited: String,
    /// Its lines, both ways.
    lines: usize,
    /// Those that no statement had before.
    new: usize,
    /// Those that one had: nothing is booked for them.
    known: usize,
    /// Of the new ones: payments that go to an account.
    booked: usize,
    /// Payments that wait in the work list.
    waiting: usize,
    /// Payments that somebody entered before.
    entered: usize,
    /// Money from other accounts of ours.
    own: usize,
    /// Money that went.
    outgoing: usize,
    /// What does not add up, for a person to look at.
    problems: Vec<String>,
    /// The first 500 of the new lines.
    new_lines: Vec<StatementLineView>,
}

/// A line, and what becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementLineView {
    /// Row of the file.
    row: u32,
    /// Number of the document.
    number: String,
    /// The day on which the money moved.
    day: NaiveDate,
    /// How much.
    amount: String,
    /// Name of the other side.
    name: Option<String>,
    /// Its INN.
    inn: Option<String>,
    /// What for.
    purpose: Option<String>,
    /// `booked`, `waiting`, `entered`, `own` or `outgoing`.
    outcome: &'static str,
    /// Code of the account to which it goes.
    account: Option<String>,
    /// What it pays first.
    pays_first: Vec<StatementItem>,
    /// The rule that decided, or the doubt.
    because: Option<String>,
    /// The same in words.
    why: Option<String>,
    /// Codes of the accounts that may be meant.
    candidates: Vec<String>,
}

/// Something that is paid.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementItem {
    /// Kind of the document.
    kind: String,
    /// Its number.
    number: String,
}

impl From<Item> for StatementItem {
    fn from(item: Item) -> Self {
        Self { kind: item.kind, number: item.number }
    }
}

impl StatementView {
    fn new(report: StatementReport, language: Language) -> Self {
        let line = |line: LineReport| StatementLineView {
            row: line.row,
            number: line.number,
            day: line.day,
            amount: sum(line.amount),
            name: said(line.name),
            inn: said(line.inn),
            purpose: said(line.purpose),
            outcome: line.outcome,
            account: line.account,
            pays_first: line.items.into_iter().map(StatementItem::from).collect(),
            because: said(line.because),
            why: said(spoken(line.why, language)),
            candidates: line.candidates,
        };
        let counts = report.counts;
        Self {
            id: report.id,
            account: report.account,
            legal_entity: report.legal_entity,
            currency: report.currency,
            from: report.from,
            to: report.to,
            opening: report.opening.map(sum),
            closing: report.closing.map(sum),
            credited: sum(report.credited),
            debited: sum(report.debited),
            lines: report.lines,
            new: report.new,
            known: report.known,
            booked: counts.booked,
            waiting: counts.waiting,
            entered: counts.entered,
            own: counts.own,
            outgoing: counts.outgoing,
            problems: report.problems.into_iter().map(|both| spoken(both, language)).collect(),
            new_lines: report.first.into_iter().map(line).collect(),
        }
    }
}
