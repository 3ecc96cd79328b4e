//! What is wrong with the rows of a sheet.
//!
//! Owns: faults with row and column, their sentences in both languages, how many of them are kept.
//! Does not own: the faults of a single text (`rating::rate_text`), when there is one (`rows`).
//! Always: every fault is counted; the first thousand are kept, in order of rows.

use rating::rate_text::{self, Column};
use rating::wording::Language;

/// Faults that are told one by one.
pub const FAULTS_MAX: usize = 1_000;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// With a text.
    Text(rate_text::Problem),
    /// There is no provider with this code.
    NoProvider(String),
    /// The list has no band of this name.
    NoBand(String),
    /// The list has no counter of this name.
    NoVolume(String),
    /// The text is no list of bands with tiers.
    Bands(String),
    /// A part of a cell with several prefixes is neither a prefix nor a range.
    Range(String),
    /// The row ends before the list begins.
    EndsBefore,
    /// The same prefix, qualifiers and start stand in an earlier row.
    Twice(u32),
    /// Another row, of the sheet or of the list, could price the same call with equal right.
    Tie,
    /// The row has more cells than the row of titles.
    Shifted,
}

impl Problem {
    fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::Text(problem) => problem.text(language),
            Self::NoProvider(code) if russian => format!("провайдера `{code}` нет; заведите его или исправьте код"),
            Self::NoProvider(code) => format!("there is no provider `{code}`; add it or correct the code"),
            Self::NoBand(name) if russian => format!("у прайс-листа нет полосы времени `{name}`"),
            Self::NoBand(name) => format!("the list has no band `{name}`"),
            Self::NoVolume(name) if russian => format!("у прайс-листа нет счётчика объёма `{name}`"),
            Self::NoVolume(name) => format!("the list has no counter of volume `{name}`"),
            Self::Bands(text) if russian => {
                format!(
                    "`{text}` не подходит; нужно: night=0:1@1/60;day>600=0:60@2/60 60:1@1/60, каждая полоса и ступень один раз, ступень объёма от 1 до 9223372036854775807"
                )
            }
            Self::Bands(text) => {
                format!(
                    "`{text}` is not of the form night=0:1@1/60;day>600=0:60@2/60 60:1@1/60, each band and step once, a step by volume 1 to 9223372036854775807"
                )
            }
            Self::Range(text) if russian => {
                format!("`{text}` не префикс и не диапазон вида 7917-7919 (концы одной длины, по возрастанию)")
            }
            Self::Range(text) => {
                format!("`{text}` is neither a prefix nor a range such as 7917-7919 (ends of one length, in order)")
            }
            Self::EndsBefore if russian => {
                "строка перестаёт действовать не позже даты, с которой вводится прайс-лист; уберите её или исправьте дату".into()
            }
            Self::EndsBefore => {
                "the row ends no later than the date on which the list comes into force; remove it or correct the date".into()
            }
            Self::Twice(row) if russian => {
                format!("тот же префикс с теми же уточнениями и началом стоит в строке {row}; оставьте одну из двух")
            }
            Self::Twice(row) => {
                format!("the same prefix with the same qualifiers and start stands in row {row}; leave one of the two")
            }
            Self::Tie if russian => {
                "две строки этого префикса могут с равным правом оценить один звонок; задайте в одной из них ещё одно уточнение".into()
            }
            Self::Tie => {
                "two rows of this prefix could price the same call with equal right; set one more qualifier in one of them".into()
            }
            Self::Shifted if russian => {
                "в строке больше ячеек, чем заголовков; проверьте лишний разделитель или незакрытую кавычку".into()
            }
            Self::Shifted => {
                "the row has more cells than there are titles; look for a delimiter too many or a quotation mark that is not closed".into()
            }
        }
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// Number of the row as people see it.
    pub row: u32,
    /// The column of ours; `None` = the row as a whole.
    pub column: Option<Column>,
    /// How the sheet calls the column: letter and title.
    pub title: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

impl RowFault {
    /// Row, column, what is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let (row, problem) = (self.row, self.problem.text(language));
        let named = |word: &str| match (&self.title, self.column) {
            (Some(title), Some(column)) => format!(", {word} {title} ({column})"),
            (None, Some(column)) => format!(", {word} {column}"),
            _ => String::new(),
        };
        match language {
            Language::Russian => format!("Строка {row}{}: {problem}", named("столбец")),
            Language::English => format!("Row {row}{}: {problem}", named("column")),
        }
    }
}

/// The faults of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, by row.
    pub first: Vec<RowFault>,
    /// How many there are.
    pub count: usize,
}

impl Faults {
    /// Counts a fault, and keeps it while there is room.
    pub(crate) fn add(
        &mut self,
        row: u32,
        column: Option<Column>,
        title: impl FnOnce() -> Option<String>,
        problem: Problem,
    ) {
        self.count += 1;
        if self.first.len() < FAULTS_MAX {
            self.first.push(RowFault { row, column, title: title(), problem });
        }
    }

    /// The faults, by row; `Ok` when there are none.
    pub(crate) fn into_result(mut self) -> Result<(), Self> {
        if self.count == 0 {
            return Ok(());
        }
        self.first.sort_by_key(|fault| fault.row);
        Err(self)
    }
}
