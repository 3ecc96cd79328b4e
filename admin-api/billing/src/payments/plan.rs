//! What a file of a bank would do: what is new in it, and whose it is.
//!
//! Owns: which company's account a statement is about, which lines were there before, what becomes of each of the others; the report on it.
//! Does not own: the form of the file (`statement`), the rules (`matching`), what is written (`import`).
//! Always: reads only; a line that is known is known by its identity alone; money that moved between accounts of ours is no payment of a client.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use rating::wording::Language::{English, Russian};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::decide::{Decision, decide};
use super::error::PaymentError;
use super::matching::Incoming;
use super::statement::{self, Direction, Line, Statement, StatementFile};
use super::words::Item;
use crate::store::{Store, StoreError};

/// Lines of a statement that a report shows.
const LINES_SHOWN: usize = 500;

/// What becomes of a line that is new.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// Money went: it is kept and changes nothing.
    Outgoing,
    /// It came from another account of ours.
    Own,
    /// Somebody entered it before the bank told it: this payment.
    Entered(i64),
    /// It is a payment.
    Payment(Decision),
}

/// A statement, and what it would do.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) statement: Statement,
    pub(super) entity: i32,
    pub(super) entity_code: String,
    pub(super) currency: String,
    /// Places of the lines that are new, and what becomes of them.
    pub(super) new: Vec<(usize, Fate)>,
}

impl Planned {
    /// The lines that are new, with what becomes of them.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&Line, &Fate)> {
        self.new.iter().map(|(at, fate)| (&self.statement.lines[*at], fate))
    }
}

/// What a statement does, or would do.
#[derive(Clone, Debug)]
pub struct StatementReport {
    /// Its identifier, once it was imported.
    pub id: Option<i64>,
    /// Account of ours.
    pub account: String,
    /// Code of the legal entity.
    pub legal_entity: String,
    /// Currency of the account.
    pub currency: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Balance before the first day.
    pub opening: Option<Decimal>,
    /// Balance after the last day.
    pub closing: Option<Decimal>,
    /// What came.
    pub credited: Decimal,
    /// What went.
    pub debited: Decimal,
    /// Its lines.
    pub lines: usize,
    /// Those that no statement had before.
    pub new: usize,
    /// Those that one had.
    pub known: usize,
    /// New lines by what becomes of them.
    pub counts: Counts,
    /// What does not add up: Russian, English.
    pub problems: Vec<[String; 2]>,
    /// The first of the new lines.
    pub first: Vec<LineReport>,
}

/// New lines by what becomes of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Payments that go to an account.
    pub booked: usize,
    /// Payments that wait for somebody to look.
    pub waiting: usize,
    /// Payments that were entered before.
    pub entered: usize,
    /// Money from accounts of ours.
    pub own: usize,
    /// Money that went.
    pub outgoing: usize,
}

/// What becomes of a line.
#[derive(Clone, Debug)]
pub struct LineReport {
    /// Row of the file.
    pub row: u32,
    /// Number of the document.
    pub number: String,
    /// The day on which the money moved.
    pub day: NaiveDate,
    /// How much.
    pub amount: Decimal,
    /// Name of the other side.
    pub name: String,
    /// Its INN.
    pub inn: String,
    /// What for.
    pub purpose: String,
    /// `booked`, `waiting`, `entered`, `own` or `outgoing`.
    pub outcome: &'static str,
    /// Code of the account to which it goes.
    pub account: Option<String>,
    /// What it pays first.
    pub items: Vec<Item>,
    /// The rule that decided, or the doubt.
    pub because: String,
    /// In words: Russian, English.
    pub why: [String; 2],
    /// Codes of the accounts that may be meant.
    pub candidates: Vec<String>,
}

/// Reads a file, off the threads that answer.
pub(super) async fn read(content: Arc<Vec<u8>>, own: Option<String>) -> Result<StatementFile, PaymentError> {
    let work = move || statement::read(&content, own.as_deref());
    let read = tokio::task::spawn_blocking(work).await.map_err(|_| PaymentError::BrokeOff)?;
    read.map_err(PaymentError::Faults)
}

/// What a file would do; nothing is written.
///
/// # Errors
/// A file with faults, an account that is none of ours.
pub async fn preview(
    store: &Store,
    content: Vec<u8>,
    account: Option<&str>,
) -> Result<Vec<StatementReport>, PaymentError> {
    let file = read(Arc::new(content), account.map(str::to_owned)).await?;
    let mut connection = store.pool().acquire().await?;
    let planned = plan(&mut connection, file).await?;
    Ok(planned.iter().map(|planned| report(planned, None)).collect())
}

/// What each statement of a file would do.
pub(super) async fn plan(connection: &mut PgConnection, file: StatementFile) -> Result<Vec<Planned>, PaymentError> {
    let mut planned = Vec::with_capacity(file.statements.len());
    for statement in file.statements {
        planned.push(plan_one(connection, statement).await?);
    }
    Ok(planned)
}

async fn plan_one(connection: &mut PgConnection, statement: Statement) -> Result<Planned, PaymentError> {
    let (entity, entity_code) = entity_of(connection, &statement.account).await?;
    let currency = currency_of(connection, &statement.account).await?;
    let known = known(connection, &statement).await?;
    let is_new = |line: &Line| !known.contains(line.identity.as_bytes().as_slice());
    let places: Vec<usize> = (0..statement.lines.len()).filter(|at| is_new(&statement.lines[*at])).collect();
    let own = own_accounts(connection).await?;
    let mut entered = entered(connection, &statement).await?;
    let mut new: Vec<(usize, Fate)> = Vec::with_capacity(places.len());
    let mut asked = Vec::new();
    for at in places {
        let line = &statement.lines[at];
        if line.direction == Direction::Out {
            new.push((at, Fate::Outgoing));
        } else if own.contains(&line.payer.account) {
            new.push((at, Fate::Own));
        } else if let Some(place) = entered.iter().position(|entered| entered.is(line)) {
            new.push((at, Fate::Entered(entered.remove(place).id)));
        } else {
            asked.push(at);
        }
    }
    let payments: Vec<Incoming> = asked.iter().map(|at| Incoming::from(&statement.lines[*at])).collect();
    let decisions = decide(connection, (entity, currency.as_str()), &payments).await?;
    new.extend(asked.into_iter().zip(decisions.into_iter().map(Fate::Payment)));
    new.sort_by_key(|(at, _)| *at);
    Ok(Planned { statement, entity, entity_code, currency, new })
}

/// The one company of ours that has an account.
pub(super) async fn entity_of(connection: &mut PgConnection, account: &str) -> Result<(i32, String), PaymentError> {
    let rows = sqlx::query(
        "SELECT DISTINCT e.id, e.code FROM legal_entity_bank b JOIN legal_entity e ON e.id = b.legal_entity_id WHERE b.account = $1",
    )
    .bind(account)
    .fetch_all(connection)
    .await?;
    match &rows[..] {
        [row] => Ok((row.get("id"), row.get("code"))),
        _ => Err(PaymentError::NoBankAccount(account.to_owned())),
    }
}

/// The currency of an account at a bank: its sixth to eighth digits. Roubles have a code of their own there, older than the one of ISO 4217.
pub(super) async fn currency_of(connection: &mut PgConnection, account: &str) -> Result<String, PaymentError> {
    let digits = match account.get(5..8).unwrap_or_default() {
        "810" => "643",
        digits => digits,
    };
    let code: Option<String> = sqlx::query_scalar("SELECT code::text FROM currency WHERE numeric_code::text = $1")
        .bind(digits)
        .fetch_optional(connection)
        .await?;
    code.ok_or_else(|| PaymentError::Currency(account.to_owned()))
}

/// Identities of lines that were there before.
async fn known(connection: &mut PgConnection, statement: &Statement) -> Result<HashSet<Vec<u8>>, StoreError> {
    let identities: Vec<Vec<u8>> = statement.lines.iter().map(|line| line.identity.as_bytes().to_vec()).collect();
    let known: Vec<Vec<u8>> = sqlx::query_scalar("SELECT identity FROM bank_statement_line WHERE identity = ANY($1)")
        .bind(&identities)
        .fetch_all(connection)
        .await?;
    Ok(known.into_iter().collect())
}

async fn own_accounts(connection: &mut PgConnection) -> Result<BTreeSet<String>, StoreError> {
    let accounts: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT account FROM legal_entity_bank").fetch_all(connection).await?;
    Ok(accounts.into_iter().collect())
}

/// A payment that somebody entered and no bank has told yet.
struct Entered {
    id: i64,
    number: String,
    value_date: NaiveDate,
    amount: Decimal,
    inn: String,
}

impl Entered {
    /// Whether a line tells it.
    fn is(&self, line: &Line) -> bool {
        let same_inn = self.inn == line.payer.inn || self.inn.is_empty() || line.payer.inn.is_empty();
        same_inn
            && self.value_date == line.day()
            && self.amount == line.amount
            && is_same_number(&self.number, &line.number)
    }
}

/// Whether two writings of the number of a document are one: banks fill up with zeros.
fn is_same_number(one: &str, other: &str) -> bool {
    one.trim().trim_start_matches('0') == other.trim().trim_start_matches('0')
}

async fn entered(connection: &mut PgConnection, statement: &Statement) -> Result<Vec<Entered>, StoreError> {
    let days: BTreeSet<NaiveDate> = statement.lines.iter().map(Line::day).collect();
    let rows = sqlx::query(
        "SELECT id, document_number, value_date, amount, payer_inn FROM payment
         WHERE bank_account = $1 AND value_date = ANY($2) AND line_id IS NULL AND source = 'manual' AND moved_from IS NULL ORDER BY id",
    )
    .bind(&statement.account)
    .bind(days.into_iter().collect::<Vec<NaiveDate>>())
    .fetch_all(connection)
    .await?;
    let entered = |row: &sqlx::postgres::PgRow| Entered {
        id: row.get("id"),
        number: row.get("document_number"),
        value_date: row.get("value_date"),
        amount: row.get("amount"),
        inn: row.get("payer_inn"),
    };
    Ok(rows.iter().map(entered).collect())
}

/// What a statement does, for whoever asks.
pub(super) fn report(planned: &Planned, id: Option<i64>) -> StatementReport {
    let Planned { statement, entity_code, currency, new, .. } = planned;
    let mut counts = Counts::default();
    for (_, fate) in new {
        let count = match fate {
            Fate::Outgoing => &mut counts.outgoing,
            Fate::Own => &mut counts.own,
            Fate::Entered(_) => &mut counts.entered,
            Fate::Payment(Decision::Book { .. }) => &mut counts.booked,
            Fate::Payment(Decision::Wait(_)) => &mut counts.waiting,
        };
        *count += 1;
    }
    StatementReport {
        id,
        account: statement.account.clone(),
        legal_entity: entity_code.clone(),
        currency: currency.clone(),
        from: statement.from,
        to: statement.to,
        opening: statement.opening,
        closing: statement.closing,
        credited: statement.turnover(Direction::In),
        debited: statement.turnover(Direction::Out),
        lines: statement.lines.len(),
        new: new.len(),
        known: statement.lines.len() - new.len(),
        counts,
        problems: statement.problems.iter().map(|problem| [problem.text(Russian), problem.text(English)]).collect(),
        first: planned.lines().take(LINES_SHOWN).map(|(line, fate)| line_report(line, fate)).collect(),
    }
}

fn line_report(line: &Line, fate: &Fate) -> LineReport {
    let other = line.counterparty();
    let mut shown = LineReport {
        row: line.row,
        number: line.number.clone(),
        day: line.day(),
        amount: line.amount,
        name: other.name.clone(),
        inn: other.inn.clone(),
        purpose: line.purpose.clone(),
        outcome: "outgoing",
        account: None,
        items: Vec::new(),
        because: String::new(),
        why: [String::new(), String::new()],
        candidates: Vec::new(),
    };
    match fate {
        Fate::Outgoing => {}
        Fate::Own => shown.outcome = "own",
        Fate::Entered(id) => {
            shown.outcome = "entered";
            shown.why = [format!("Платёж уже введён вручную: № {id}"), format!("Entered by hand before: payment {id}")];
        }
        Fate::Payment(Decision::Book { account, items, matched }) => {
            shown.outcome = "booked";
            shown.account = Some(account.1.clone());
            shown.items.clone_from(items);
            matched.rule.clone_into(&mut shown.because);
            shown.why = [matched.ru.clone(), matched.en.clone()];
        }
        Fate::Payment(Decision::Wait(wait)) => {
            shown.outcome = "waiting";
            shown.because.clone_from(&wait.doubt);
            shown.why = [wait.ru.clone(), wait.en.clone()];
            shown.candidates = wait.candidates.iter().map(|(_, code)| code.clone()).collect();
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_before_a_number_do_not_matter() {
        for (one, other, expected) in
            [("17", "000017", true), (" 17", "17", true), ("17", "170", false), ("", "0", true), ("A-1", "A-01", false)]
        {
            assert_eq!(is_same_number(one, other), expected, "{one} {other}");
        }
    }
}
