//! Payments become statements: one for each account that a file is about, checked against the balances that it tells.
//!
//! Owns: which account a payment belongs to and which way it goes, the parts of a statement, what is held against what.
//! Does not own: how a payment is written (`document`, `table`).
//! Always: pure; the direction follows from the accounts and from nothing else; a payment between two accounts of ours is a line of both.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::document::{self, Document};
use super::encoding::{Charset, decoded};
use super::exchange::{Exchange, Section, sections};
use super::faults::{FaultKind, Faults, Problem, Total};
use super::model::{Direction, Format, Line, Statement, StatementFile};
use super::{identity, table as tables, values};

/// Most accounts of a file.
const ACCOUNTS_MAX: usize = 100;
/// Versions of the exchange format that are read.
const VERSIONS: [&str; 3] = ["1.01", "1.02", "1.03"];

/// The statements of an exchange file.
pub(super) fn exchange(bytes: &[u8], wanted: Option<&str>, faults: &mut Faults) -> Option<StatementFile> {
    let (text, charset) = decoded(bytes, faults)?;
    let file = sections(&text, faults);
    let version = file.header.value("ВерсияФормата", faults);
    if !VERSIONS.contains(&version) {
        let kind = FaultKind::Version(values::shortened(version));
        faults.add(Some(file.header.row_of("ВерсияФормата")), "ВерсияФормата", kind);
    }
    let said = file.header.value("Кодировка", faults);
    let differs = Charset::named(said).is_some_and(|named| named != charset);
    let lie = differs.then(|| Problem::Encoding { said: values::shortened(said), found: charset.as_str() });
    let documents: Vec<Document> =
        file.documents.iter().filter_map(|section| document::read(section, faults)).collect();
    let (accounts, parts) = accounts_and_parts(&file, faults);
    if let Some(wanted) = wanted
        && !accounts.is_empty()
        && !accounts.iter().any(|account| account == wanted)
    {
        faults.add(None, "РасчСчет", FaultKind::AnotherAccount(wanted.to_owned(), accounts.clone()));
    }
    refuse_strays(&documents, &accounts, ("ПлательщикСчет", "ПолучательСчет"), faults);
    if faults.count > 0 {
        return None;
    }
    let statements = accounts
        .iter()
        .map(|account| {
            let lines = lines_of(account, &documents);
            let parts: Vec<&Part> = parts.iter().filter(|part| part.account == *account).collect();
            let mut statement = of_parts(account, lines, &parts, &file.header, faults)?;
            if let Some(lie) = &lie {
                statement.problems.insert(0, lie.clone());
            }
            Some(statement)
        })
        .collect::<Option<Vec<Statement>>>()?;
    Some(StatementFile { format: Format::Exchange(charset), statements })
}

/// The statement of a table about the account `own`.
pub(super) fn table(bytes: &[u8], own: &str, faults: &mut Faults) -> Option<StatementFile> {
    let documents = tables::read(bytes, own, faults)?;
    let accounts = [own.to_owned()];
    refuse_strays(&documents, &accounts, ("payer_account", "payee_account"), faults);
    if faults.count > 0 {
        return None;
    }
    let lines = lines_of(own, &documents);
    let days = || lines.iter().map(Line::day);
    let (Some(from), Some(to)) = (days().min(), days().max()) else {
        faults.add(None, "", FaultKind::Sheet(crate::price_lists::SheetError::Empty));
        return None;
    };
    let mut statement = assembled(own, lines, (from, to));
    statement.problems.push(Problem::NoBalances);
    Some(StatementFile { format: Format::Table, statements: vec![statement] })
}

/// A section «СекцияРасчСчет»: a stretch of days of an account.
struct Part {
    account: String,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    opening: Option<Decimal>,
    closing: Option<Decimal>,
    credited: Option<Decimal>,
    debited: Option<Decimal>,
}

/// The accounts that a file is about, in order, and the parts of their statements.
fn accounts_and_parts(file: &Exchange<'_>, faults: &mut Faults) -> (Vec<String>, Vec<Part>) {
    let mut named: Vec<String> = Vec::new();
    for (row, text) in file.header.values("РасчСчет") {
        match values::account(text) {
            Some(account) => named.push(account),
            None => faults.add(Some(row), "РасчСчет", FaultKind::Account(values::shortened(text))),
        }
    }
    let parts: Vec<Part> = file.balances.iter().filter_map(|section| part(section, faults)).collect();
    named.extend(parts.iter().map(|part| part.account.clone()));
    let mut known = BTreeSet::new();
    let accounts: Vec<String> = named.into_iter().filter(|account| known.insert(account.clone())).collect();
    if accounts.len() > ACCOUNTS_MAX {
        faults.add(None, "РасчСчет", FaultKind::TooManyAccounts(ACCOUNTS_MAX));
        return (Vec::new(), Vec::new());
    }
    if accounts.is_empty() && faults.count == 0 {
        faults.add(None, "РасчСчет", FaultKind::NoAccount);
    }
    (accounts, parts)
}

fn part(section: &Section<'_>, faults: &mut Faults) -> Option<Part> {
    let text = section.value("РасчСчет", faults);
    let account = values::account(text);
    if account.is_none() {
        let kind = if text.is_empty() { FaultKind::Empty } else { FaultKind::Account(values::shortened(text)) };
        faults.add(Some(section.row_of("РасчСчет")), "РасчСчет", kind);
    }
    let from = day(section, "ДатаНачала", faults);
    let to = day(section, "ДатаКонца", faults);
    let mut sum = |key: &str| {
        let text = section.value(key, faults);
        let sum = values::amount(text);
        if sum.is_none() && !text.is_empty() {
            faults.add(Some(section.row_of(key)), key, FaultKind::Balance(values::shortened(text)));
        }
        sum
    };
    Some(Part {
        opening: sum("НачальныйОстаток"),
        closing: sum(Total::Closing.key()),
        credited: sum(Total::Credited.key()),
        debited: sum(Total::Debited.key()),
        account: account?,
        from,
        to,
    })
}

fn day(section: &Section<'_>, key: &str, faults: &mut Faults) -> Option<NaiveDate> {
    let text = section.value(key, faults);
    let day = values::day(text);
    if day.is_none() && !text.is_empty() {
        faults.add(Some(section.row_of(key)), key, FaultKind::Date(values::shortened(text)));
    }
    day
}

/// Refuses payments of which nobody can say which way they go.
fn refuse_strays(documents: &[Document], accounts: &[String], fields: (&str, &str), faults: &mut Faults) {
    if accounts.is_empty() {
        return;
    }
    let known: BTreeSet<&str> = accounts.iter().map(String::as_str).collect();
    for document in documents {
        let ours = |wanted: fn(&Document, &str) -> bool| known.iter().find(|account| wanted(document, account));
        let (paying, paid) = (ours(Document::pays), ours(Document::is_paid));
        if paying.is_none() && paid.is_none() {
            let shown = |text: &str| values::shortened(text);
            let kind = FaultKind::NotOurs(shown(&document.payer.account), shown(&document.payee.account));
            faults.add(Some(document.row), &format!("{}, {}", fields.0, fields.1), kind);
        } else if let Some(account) = paying.filter(|account| document.is_paid(account)) {
            faults.add(Some(document.row), fields.1, FaultKind::OneSide((*account).to_owned()));
        }
    }
}

fn lines_of(account: &str, documents: &[Document]) -> Vec<Line> {
    let mut lines: Vec<Line> = documents.iter().filter_map(|document| document.line_of(account)).collect();
    identity::assign(account, &mut lines);
    lines
}

/// The statement of an account that the file tells in parts, or in none.
fn of_parts(
    account: &str,
    lines: Vec<Line>,
    parts: &[&Part],
    header: &Section<'_>,
    faults: &mut Faults,
) -> Option<Statement> {
    let from = parts.iter().filter_map(|part| part.from).min().or_else(|| day(header, "ДатаНачала", faults));
    let to = parts.iter().filter_map(|part| part.to).max().or_else(|| day(header, "ДатаКонца", faults));
    for (key, day) in [("ДатаНачала", from), ("ДатаКонца", to)] {
        if day.is_none() {
            faults.add(Some(header.row_of(key)), key, FaultKind::Empty);
        }
    }
    let (from, to) = (from?, to?);
    if from > to {
        faults.add(Some(header.row_of("ДатаКонца")), "ДатаКонца", FaultKind::Backwards);
        return None;
    }
    let mut statement = assembled(account, lines, (from, to));
    statement.made_on = header.values("ДатаСоздания").filter_map(|(_, text)| values::day(text)).min();
    let mut parts = parts.to_vec();
    parts.sort_by_key(|part| part.from);
    statement.opening = parts.first().and_then(|part| part.opening);
    statement.closing = parts.last().and_then(|part| part.closing);
    check_parts(&parts, &mut statement.problems);
    check_totals(&parts, &mut statement);
    Some(statement)
}

/// A statement without balances, its lines held against its days.
fn assembled(account: &str, lines: Vec<Line>, (from, to): (NaiveDate, NaiveDate)) -> Statement {
    let bic = lines.iter().find_map(|line| {
        let own = if line.direction == Direction::In { &line.payee } else { &line.payer };
        Some(&own.bic).filter(|bic| !bic.is_empty())
    });
    let mut problems = Vec::new();
    let outside = |line: &&Line| line.value_date.is_some_and(|day| day < from || day > to);
    if let Some(first) = lines.iter().find(outside) {
        problems.push(Problem::OutsidePeriod { count: lines.iter().filter(outside).count(), row: first.row });
    }
    let undated = |line: &&Line| line.value_date.is_none();
    if let Some(first) = lines.iter().find(undated) {
        problems.push(Problem::NoValueDate { count: lines.iter().filter(undated).count(), row: first.row });
    }
    Statement {
        account: account.to_owned(),
        bic: bic.cloned(),
        from,
        to,
        made_on: None,
        opening: None,
        closing: None,
        lines,
        problems,
    }
}

/// Holds each part against the one before.
fn check_parts(parts: &[&Part], problems: &mut Vec<Problem>) {
    for pair in parts.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        let Some(day) = after.from else { continue };
        if before.to.is_some_and(|to| day <= to) {
            problems.push(Problem::Overlap { day });
        } else if let (Some(closing), Some(opening)) = (before.closing, after.opening)
            && closing != opening
        {
            problems.push(Problem::Gap { day, closing, opening });
        }
    }
}

/// Holds what the file tells in sums against what its lines add up to.
fn check_totals(parts: &[&Part], statement: &mut Statement) {
    if parts.is_empty() {
        statement.problems.push(Problem::NoBalances);
        return;
    }
    let (credited, debited) = (statement.turnover(Direction::In), statement.turnover(Direction::Out));
    let told = |sum: fn(&Part) -> Option<Decimal>| parts.iter().map(|part| sum(part)).sum::<Option<Decimal>>();
    let closing = statement.opening.map(|opening| opening + credited - debited);
    let sums = [
        (Total::Credited, told(|part| part.credited), Some(credited)),
        (Total::Debited, told(|part| part.debited), Some(debited)),
        (Total::Closing, statement.closing, closing),
    ];
    for (total, told, counted) in sums {
        if let (Some(told), Some(counted)) = (told, counted)
            && told != counted
        {
            statement.problems.push(Problem::Total { total, told, counted });
        }
    }
    if statement.opening.is_none() && statement.closing.is_none() {
        statement.problems.push(Problem::NoBalances);
    }
}
