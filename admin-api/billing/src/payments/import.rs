//! A statement is imported: its lines are kept, what is new of them becomes payments, and those whose account is found are booked (L17); credit hears which days
//! are complete (A15).
//!
//! Owns: tables `bank_statement`, `bank_statement_line`; the payments that banks tell.
//! Does not own: what is new and whose it is (`plan`), postings (`booking`), which days a statement has whole (`coverage`).
//! Always: one change: a file is taken as a whole or nothing of it; the same file again, or one whose days overlap, books nothing twice; who imports statements of
//! one account at once waits for the other.
//! Cost: some statements a file and its portions of a hundred payments, then four a payment that is booked and some fifteen for each account that it settles.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

use super::booking::{Booking, book};
use super::coverage;
use super::decide::{Decision, Wait};
use super::error::PaymentError;
use super::files::{self, NewFile};
use super::held;
use super::plan::{self, Fate, Planned, StatementReport};
use super::statement::{Direction, Format, Line};
use super::words::Choice;
use crate::change::Change;
use crate::store::StoreError;

/// A file to be imported.
#[derive(Clone, Debug)]
pub struct NewStatement<'a> {
    /// Name of the file.
    pub name: &'a str,
    /// What it is.
    pub media_type: &'a str,
    /// Its bytes.
    pub content: Vec<u8>,
    /// The account of ours that it is about, where it does not say it itself.
    pub account: Option<&'a str>,
    /// Whether it has everything of its days, where it does not say itself which days it has: a table.
    pub whole: bool,
}

/// Imports a file; what each of its statements did.
///
/// # Errors
/// A file with faults, an account that is none of ours, a file of which nothing is new.
pub async fn import(
    change: &mut Change,
    new: NewStatement<'_>,
    reason: &str,
) -> Result<Vec<StatementReport>, PaymentError> {
    let content = Arc::new(new.content);
    let file = plan::read(Arc::clone(&content), new.account.map(str::to_owned)).await?;
    let accounts: BTreeSet<&str> = file.statements.iter().map(|statement| statement.account.as_str()).collect();
    for account in accounts {
        alone(change.connection(), account).await?;
    }
    let says_days = new.whole || file.format != Format::Table;
    let planned = plan::plan(change.connection(), file).await?;
    let mut wholes = Vec::with_capacity(planned.len());
    let mut is_news = false;
    for planned in &planned {
        let whole_to = if says_days { coverage::whole_to(change, planned).await? } else { None };
        let is_known =
            planned.new.is_empty() && coverage::is_covered(change.connection(), &planned.statement, whole_to).await?;
        is_news |= !is_known;
        wholes.push(whole_to);
    }
    if !is_news {
        let lines = planned.iter().map(|planned| planned.statement.lines.len()).sum();
        let same_file = files::came(change.connection(), &content).await?;
        return Err(PaymentError::AlreadyImported { lines, same_file });
    }
    let file = NewFile { name: new.name, media_type: new.media_type, content: &content };
    let file = files::keep(change, &file).await?;
    let mut bookings = Vec::new();
    let mut reports = Vec::with_capacity(planned.len());
    for (planned, whole_to) in planned.iter().zip(&wholes) {
        let id = write_statement(change, file, planned, *whole_to).await?;
        let lines = write_lines(change, id, planned).await?;
        link_entered(change, planned, &lines).await?;
        let payments = write_payments(change, planned, &lines).await?;
        bookings.extend(bookings_of(planned, &lines, &payments));
        let report = plan::report(planned, Some(id));
        let after = json!({
            "account": report.account, "from": report.from, "to": report.to, "lines": report.lines, "new": report.new, "booked": report.counts.booked,
            "waiting": report.counts.waiting, "whole_to": whole_to, "file": new.name,
        });
        change.record("bank_statement.import", "bank_statement", id, &json!({}), &after, reason);
        reports.push(report);
    }
    book(change, &bookings).await?;
    // In one order, for companies are waited for.
    let mut whole: Vec<(&Planned, NaiveDate)> =
        planned.iter().zip(wholes).filter_map(|(planned, whole_to)| Some((planned, whole_to?))).collect();
    whole.sort_by_key(|(planned, _)| planned.entity);
    for (planned, whole_to) in whole {
        coverage::complete(change, planned, whole_to, reason).await?;
    }
    Ok(reports)
}

/// Waits for whoever writes down payments of this account of ours, or a payment with this name, and keeps others waiting.
pub(super) async fn alone(connection: &mut PgConnection, name: &str) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 66))").bind(name).execute(connection).await?;
    Ok(())
}

async fn write_statement(
    change: &mut Change,
    file: i64,
    planned: &Planned,
    whole_to: Option<NaiveDate>,
) -> Result<i64, StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let report = plan::report(planned, None);
    let problems =
        |language: usize| -> Vec<&str> { report.problems.iter().map(|both| both[language].as_str()).collect() };
    let id = sqlx::query_scalar(
        "INSERT INTO bank_statement (file_id, legal_entity_id, bank_account, currency, from_day, to_day, opening, closing, lines, lines_new, credited, debited,
                                     problems_ru, problems_en, whole_to, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id",
    )
    .bind(file)
    .bind(planned.entity)
    .bind(&report.account)
    .bind(&planned.currency)
    .bind(report.from)
    .bind(report.to)
    .bind(report.opening)
    .bind(report.closing)
    .bind(report.lines as i32)
    .bind(report.new as i32)
    .bind(report.credited)
    .bind(report.debited)
    .bind(problems(0))
    .bind(problems(1))
    .bind(whole_to)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    Ok(id)
}

/// A text as Postgres keeps it: without the character NUL, which some banks put into purposes.
fn plain(text: &str) -> String {
    text.replace('\0', "")
}

/// A row of `bank_statement_line`.
#[derive(Serialize)]
struct LineRow {
    identity: String,
    file_row: u32,
    direction: &'static str,
    document_kind: String,
    document_number: String,
    document_date: NaiveDate,
    value_date: NaiveDate,
    amount: Decimal,
    counterparty_name: String,
    counterparty_inn: String,
    counterparty_account: String,
    purpose: String,
    bank_reference: String,
}

impl LineRow {
    fn of(line: &Line) -> Self {
        let other = line.counterparty();
        Self {
            identity: line.identity.to_string(),
            file_row: line.row,
            direction: line.direction.as_str(),
            document_kind: plain(&line.kind),
            document_number: plain(&line.number),
            document_date: line.date,
            value_date: line.day(),
            amount: line.amount,
            counterparty_name: plain(&other.name),
            counterparty_inn: plain(&other.inn),
            counterparty_account: plain(&other.account),
            purpose: plain(&line.purpose),
            bank_reference: plain(&line.external_id),
        }
    }
}

/// Identifiers of lines by their identities.
type LineIds = HashMap<String, i64>;

/// Writes the lines that are new.
async fn write_lines(change: &mut Change, statement: i64, planned: &Planned) -> Result<LineIds, StoreError> {
    let rows: Vec<LineRow> = planned.lines().map(|(line, _)| LineRow::of(line)).collect();
    let written = sqlx::query(
        "INSERT INTO bank_statement_line (statement_id, identity, file_row, direction, document_kind, document_number, document_date, value_date, amount,
                                          counterparty_name, counterparty_inn, counterparty_account, purpose, bank_reference)
         SELECT $1, decode(x.identity, 'hex'), x.file_row, x.direction, x.document_kind, x.document_number, x.document_date, x.value_date, x.amount,
                x.counterparty_name, x.counterparty_inn, x.counterparty_account, x.purpose, x.bank_reference
         FROM jsonb_to_recordset($2) AS x (identity text, file_row integer, direction text, document_kind text, document_number text, document_date date,
             value_date date, amount numeric, counterparty_name text, counterparty_inn text, counterparty_account text, purpose text, bank_reference text)
         ORDER BY x.file_row RETURNING id, encode(identity, 'hex') AS identity",
    )
    .bind(statement)
    .bind(Json(rows))
    .fetch_all(change.connection())
    .await?;
    Ok(written.iter().map(|row| (row.get("identity"), row.get("id"))).collect())
}

/// Ties payments that somebody entered to the lines that tell them.
async fn link_entered(change: &mut Change, planned: &Planned, lines: &LineIds) -> Result<(), StoreError> {
    let (mut payments, mut ids) = (Vec::new(), Vec::new());
    for (line, fate) in planned.lines() {
        if let Fate::Entered(payment) = fate {
            payments.push(*payment);
            ids.push(lines[&line.identity.to_string()]);
        }
    }
    sqlx::query(
        "UPDATE payment p SET line_id = x.line, revision = p.revision + 1 FROM unnest($1::bigint[], $2::bigint[]) AS x (payment, line) WHERE p.id = x.payment",
    )
    .bind(&payments)
    .bind(&ids)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// A row of `payment`.
#[derive(Serialize)]
struct PaymentRow {
    line_id: i64,
    external_id: String,
    document_number: String,
    document_date: NaiveDate,
    amount: Decimal,
    value_date: NaiveDate,
    payer_name: String,
    payer_inn: String,
    payer_kpp: String,
    payer_account: String,
    payer_bic: String,
    payer_bank: String,
    purpose: String,
    doubt: String,
    why_ru: String,
    why_en: String,
    candidates: Vec<i64>,
}

impl PaymentRow {
    fn of(line: &Line, line_id: i64, wait: &Wait) -> Self {
        let payer = &line.payer;
        Self {
            line_id,
            external_id: format!("bank:{}", line.identity),
            document_number: plain(&line.number),
            document_date: line.date,
            amount: line.amount,
            value_date: line.day(),
            payer_name: plain(&payer.name),
            payer_inn: plain(&payer.inn),
            payer_kpp: plain(&payer.kpp),
            payer_account: plain(&payer.account),
            payer_bic: plain(&payer.bic),
            payer_bank: plain(&payer.bank),
            purpose: plain(&line.purpose),
            doubt: wait.doubt.clone(),
            why_ru: wait.ru.clone(),
            why_en: wait.en.clone(),
            candidates: wait.ids(),
        }
    }
}

/// Writes the payments, all of which wait at first; their identifiers by those of their lines.
async fn write_payments(
    change: &mut Change,
    planned: &Planned,
    lines: &LineIds,
) -> Result<HashMap<i64, i64>, StoreError> {
    let nothing = Wait::default();
    let mut rows = Vec::new();
    for (line, fate) in planned.lines() {
        let wait = match fate {
            Fate::Payment(Decision::Wait(wait)) => wait,
            Fate::Payment(Decision::Book { .. }) => &nothing,
            Fate::Outgoing | Fate::Own | Fate::Entered(_) => continue,
        };
        debug_assert!(line.direction == Direction::In, "a payment is money that came");
        rows.push(PaymentRow::of(line, lines[&line.identity.to_string()], wait));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let written = sqlx::query(
        "INSERT INTO payment (source, legal_entity_id, bank_account, currency, created_at, created_by, external_id, line_id, document_number, document_date,
                              amount, value_date, payer_name, payer_inn, payer_kpp, payer_account, payer_bic, payer_bank, purpose, doubt, why_ru, why_en, candidates)
         SELECT 'bank', $1, $2, $3, $4, $5, x.external_id, x.line_id, x.document_number, x.document_date, x.amount, x.value_date, x.payer_name, x.payer_inn,
                x.payer_kpp, x.payer_account, x.payer_bic, x.payer_bank, x.purpose, x.doubt, x.why_ru, x.why_en, x.candidates
         FROM jsonb_to_recordset($6) AS x (external_id text, line_id bigint, document_number text, document_date date, amount numeric, value_date date,
             payer_name text, payer_inn text, payer_kpp text, payer_account text, payer_bic text, payer_bank text, purpose text, doubt text, why_ru text, why_en text,
             candidates bigint[])
         ORDER BY x.line_id RETURNING id, line_id",
    )
    .bind(planned.entity)
    .bind(&planned.statement.account)
    .bind(&planned.currency)
    .bind(now)
    .bind(author)
    .bind(Json(rows))
    .fetch_all(change.connection())
    .await?;
    Ok(written.iter().map(|row| (row.get("line_id"), row.get("id"))).collect())
}

/// The payments whose account is found.
fn bookings_of(planned: &Planned, lines: &LineIds, payments: &HashMap<i64, i64>) -> Vec<Booking> {
    let booking = |(line, fate): (&Line, &Fate)| {
        let Fate::Payment(Decision::Book { account, items, matched }) = fate else { return None };
        Some(Booking {
            payment: payments[&lines[&line.identity.to_string()]],
            account: account.0,
            amount: line.amount,
            value_date: line.day(),
            day: None,
            description: held::description(&plain(&line.number), line.day()),
            matched: matched.clone(),
            choice: Choice::of_named(items.clone()),
        })
    };
    planned.lines().filter_map(booking).collect()
}
