//! Endpoints of production calendars: which days are worked (A30).
//!
//! Owns: the list of them, how a year is shown, which problem each refusal is.
//! Does not own: calendars (`billing::production_calendar`), the terms that are counted by them (`billing::subscriptions`).
//! Always: a year is entered as a whole, with a reason; the terms that run are counted anew in the same change.

pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod set;

use axum::response::Response;
use billing::Change;
use billing::production_calendar::{self, CalendarError, DayFault, ImportFault, KnownYear, NewYear};
use billing::subscriptions;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};
use crate::writes;

/// Years that a calendar may have.
const YEARS: std::ops::RangeInclusive<i64> = 1992..=2199;
/// Faults that are told one by one.
const FAULTS_MAX: usize = 1_000;
/// Longest words on where the days of a year are said.
const SOURCE_CHARS_MAX: usize = 500;

/// A day that differs from its week.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarDayView)]
pub(crate) struct DayView {
    /// The day.
    day: NaiveDate,
    /// Whether it is worked.
    working: bool,
    /// What it is.
    name: String,
}

/// A year that a calendar knows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct YearView {
    /// The year.
    year: i32,
    /// Where its days are said.
    source: String,
    /// Whether they are final; else the decree has still to be compared.
    settled: bool,
    /// How many of its days are worked.
    working_days: usize,
    /// When it was entered last.
    changed_at: DateTime<Utc>,
    /// By whom.
    changed_by: String,
    /// Worked Saturdays and Sundays, and days off from Monday to Friday.
    days: Vec<DayView>,
}

impl From<KnownYear> for YearView {
    fn from(known: KnownYear) -> Self {
        Self {
            year: known.year,
            working_days: working_days(&known),
            source: known.source,
            settled: known.settled,
            changed_at: known.changed_at,
            changed_by: known.changed_by,
            days: known
                .days
                .into_iter()
                .map(|known| DayView { day: known.day, working: known.is_working, name: known.name })
                .collect(),
        }
    }
}

fn working_days(known: &KnownYear) -> usize {
    let first = NaiveDate::from_ymd_opt(known.year, 1, 1).unwrap_or_default();
    let of_year = first.iter_days().take_while(|day| day.year() == known.year);
    let by_week = of_year.filter(|day| production_calendar::rules::is_working_by_week(*day)).count();
    let worked = known.days.iter().filter(|day| day.is_working).count();
    by_week + worked - (known.days.len() - worked)
}

/// What entering a year did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct YearSetView {
    /// The calendar.
    calendar: String,
    /// The year.
    year: i32,
    /// Days that differ from their week; others need no row and were left out.
    days: usize,
    /// Reservations whose last day is another one now.
    reservations_moved: usize,
}

/// Enters a year, counts terms anew, and answers. `place`: how a fault names the place of a day.
async fn enter(
    mut change: Change,
    calendar: &str,
    new: &NewYear,
    place: impl Fn(u32) -> String,
    reason: &str,
) -> Result<Response, Problem> {
    let days = match production_calendar::set_year(&mut change, calendar, new, reason).await {
        Ok(days) => days,
        Err(CalendarError::Faults(faults)) => return Err(faulty(&faults, place)),
        Err(CalendarError::Store(error)) => return Err(error.into()),
    };
    let reservations_moved = subscriptions::recount(&mut change, calendar, reason).await?;
    let answer = YearSetView { calendar: calendar.to_owned(), year: new.year, days, reservations_moved };
    writes::commit(change, &answer).await
}

fn faulty(faults: &[(u32, DayFault)], place: impl Fn(u32) -> String) -> Problem {
    let problem = Problem::new(Code::ImportFaults).of_total(faults.len());
    faults.iter().take(FAULTS_MAX).fold(problem, |problem, (at, fault)| {
        let detail = match fault {
            DayFault::OtherYear => Text::fixed("День другого года", "The day is of another year"),
            DayFault::Twice(first) => {
                let first = place(*first);
                Text::new(format!("Этот день уже стоит в {first}"), format!("The day stands in {first} already"))
            }
        };
        problem.at(&place(*at), detail)
    })
}

impl From<ImportFault> for Problem {
    fn from(fault: ImportFault) -> Self {
        let problem = Self::new(Code::ImportFaults);
        match fault {
            ImportFault::Sheet(error) => {
                problem.at("/file", Text::new(error.text(Language::Russian), error.text(Language::English)))
            }
            ImportFault::Missing(column) => {
                let missing = Text::fixed("Нет столбца с таким заголовком", "There is no column with this title");
                problem.at(&format!("/columns/{}", column.as_str()), missing)
            }
            ImportFault::Twice(column) => {
                let twice = Text::fixed("Два столбца с таким заголовком", "Two columns have this title");
                problem.at(&format!("/columns/{}", column.as_str()), twice)
            }
            ImportFault::Rows(faults) => {
                let problem = problem.of_total(faults.len());
                faults.iter().take(FAULTS_MAX).fold(problem, |problem, fault| {
                    let pointer = format!("/rows/{}/{}", fault.row, fault.column.as_str());
                    problem.at(&pointer, Text::new(fault.text(Language::Russian), fault.text(Language::English)))
                })
            }
        }
    }
}

/// The code of a calendar.
fn code(text: &str) -> Result<&str, Problem> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_.-".contains(letter);
    let fits =
        text.starts_with(|first: char| first.is_ascii_lowercase()) && text.len() <= 50 && text.chars().all(is_plain);
    let form = Text::fixed(
        "Код: строчная латинская буква, затем буквы, цифры, «_», «.», «-»; не больше 50",
        "A code is a small Latin letter, then letters, digits, `_`, `.`, `-`; 50 at most",
    );
    fits.then_some(text).ok_or_else(|| Problem::field("/code", form))
}

/// A year.
fn year(number: i64) -> Result<i32, Problem> {
    let (first, last) = (*YEARS.start(), *YEARS.end());
    let expected =
        Text::new(format!("Ожидается год от {first} до {last}"), format!("A year of {first} to {last} is expected"));
    i32::try_from(number).ok().filter(|_| YEARS.contains(&number)).ok_or_else(|| Problem::field("/year", expected))
}

/// Where the days of a year are said.
fn source(text: &str) -> Result<String, Problem> {
    inputs::party::some_text("/source", text, SOURCE_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use billing::production_calendar::{Column, KnownDay, RowFault};

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// 2027: 261 days from Monday to Friday, 15 of them off, and Saturday 20 February is worked: 247, as was published.
    #[test]
    fn working_days_of_a_year() {
        let off = [
            "01-01", "01-04", "01-05", "01-06", "01-07", "01-08", "02-22", "02-23", "03-08", "05-03", "05-10", "06-14",
            "11-04", "11-05", "12-31",
        ];
        let known = |text: &str, is_working| KnownDay { day: day(text), is_working, name: String::new() };
        let mut days: Vec<KnownDay> = off.iter().map(|text| known(&format!("2027-{text}"), false)).collect();
        days.push(known("2027-02-20", true));
        let year = KnownYear {
            year: 2027,
            source: String::new(),
            settled: true,
            changed_at: DateTime::UNIX_EPOCH,
            changed_by: String::new(),
            days,
        };
        assert_eq!(working_days(&year), 261 - 15 + 1);
    }

    #[test]
    fn faults_name_their_place() {
        let faults = [(2, DayFault::OtherYear), (3, DayFault::Twice(1))];
        let problem = faulty(&faults, |at| format!("/rows/{at}/day"));
        assert_eq!(problem.code(), Code::ImportFaults);
        let told = problem.in_words(Language::English);
        assert_eq!(told, "/rows/2/day: The day is of another year; /rows/3/day: The day stands in /rows/1/day already");
        let fault = ImportFault::Rows(vec![RowFault { row: 4, column: Column::Working }]);
        let told = Problem::from(fault).in_words(Language::Russian);
        assert_eq!(told, "/rows/4/working: Строка 4, столбец working: нужно да или нет");
    }

    #[test]
    fn codes_and_years() {
        for (text, fits) in [("ru", true), ("ru-2", true), ("", false), ("Ru", false), ("1ru", false), ("р", false)] {
            assert_eq!(code(text).is_ok(), fits, "{text}");
        }
        for (number, fits) in [(1992, true), (2199, true), (1991, false), (2200, false), (-1, false)] {
            assert_eq!(year(number).is_ok(), fits, "{number}");
        }
    }
}
