//! What is wrong with the rows of a file of numbers.
//!
//! Owns: faults with row and column, their sentences in both languages, how many of them are kept.
//! Does not own: when there is one (`sheet`).
//! Always: every fault is counted; the first thousand are kept, in order of rows.

use numbering::{E164, NotANumber};
use rating::wording::Language;

use super::NUMBERS_MAX;
use super::sheet::Column;

/// Faults that are told one by one.
pub const FAULTS_MAX: usize = 1_000;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The text is no number.
    Number(String, NotANumber),
    /// Neither a number nor a range.
    NoNumber,
    /// A number and a range as well.
    Both,
    /// The range has one end only.
    OneEnd,
    /// The ends of the range are of different length.
    Lengths,
    /// The range ends before it begins.
    Backwards,
    /// With this row there are more numbers than an import may have.
    TooMany,
    /// A number of the row stands in an earlier row.
    Twice(E164, u32),
    /// There is no such provider.
    NoProvider(String),
    /// There is no such region, or it is closed.
    NoRegion(String),
    /// The text is no kind.
    Kind(String),
    /// The text is neither yes nor no.
    Sale(String),
    /// A number is forced by approval.
    Forced,
    /// The text is no price.
    Price(String),
    /// The text is no place of service.
    Place,
    /// The row has more cells than the row of titles.
    Shifted,
}

impl Problem {
    fn text(&self, language: Language) -> String {
        let (russian, english) = self.texts();
        match language {
            Language::Russian => russian,
            Language::English => english,
        }
    }

    fn texts(&self) -> (String, String) {
        let fixed = |russian: &str, english: &str| (russian.to_owned(), english.to_owned());
        match self {
            Self::Number(text, fault) => (
                format!("`{text}` — не номер: нужен международный номер, например 74951234567"),
                format!("`{text}` is no number ({fault}); an international one is expected, such as 74951234567"),
            ),
            Self::NoNumber => {
                fixed("нет ни номера, ни начала и конца диапазона", "there is neither a number nor a range")
            }
            Self::Both => fixed(
                "указаны и номер, и диапазон; оставьте одно",
                "there are a number and a range; leave one of the two",
            ),
            Self::OneEnd => fixed("у диапазона указан только один конец", "the range has one end only"),
            Self::Lengths => fixed(
                "начало и конец диапазона разной длины",
                "the first and the last number of the range are of different length",
            ),
            Self::Backwards => {
                fixed("конец диапазона меньше начала", "the last number of the range is below the first")
            }
            Self::TooMany => (
                format!("с этой строкой номеров больше {NUMBERS_MAX}; разделите файл"),
                format!("with this row there are more than {NUMBERS_MAX} numbers; split the file"),
            ),
            Self::Twice(number, row) => (
                format!("номер {number} уже есть в строке {row}; оставьте его в одной из двух"),
                format!("the number {number} stands in row {row} too; leave it in one of the two"),
            ),
            Self::NoProvider(code) => (
                format!("провайдера `{code}` нет; нужен код из списка провайдеров, «-» — собственная ёмкость"),
                format!(
                    "there is no provider `{code}`; a code of the list of providers is expected, or `-` for our own capacity"
                ),
            ),
            Self::NoRegion(code) => (
                format!("действующего региона `{code}` нет; заведите его или исправьте код или название"),
                format!("there is no open region `{code}`; add it, or correct its code or name"),
            ),
            Self::Kind(text) => (
                format!("`{text}` — не вид номера; нужно ordinary (обычный) или fmtn"),
                format!("`{text}` is no kind; ordinary or fmtn is expected"),
            ),
            Self::Sale(text) => (
                format!("`{text}` не подходит; нужно yes (да) или no (нет)"),
                format!("`{text}` does not fit; yes or no is expected"),
            ),
            Self::Forced => fixed(
                "принудительно номер выводят в продажу только по согласованию, файлом нельзя",
                "a number is forced into sale by approval, never by a file",
            ),
            Self::Price(text) => (
                format!("`{text}` — не цена: нужно число от 0 меньше 1000000000, не больше двух знаков после запятой"),
                format!(
                    "`{text}` is no price: a number of 0 to below 1000000000 is expected, with at most two decimals"
                ),
            ),
            Self::Place => fixed(
                "место оказания услуг: от 1 до 100 символов без управляющих",
                "a place of service has 1 to 100 characters, no control characters",
            ),
            Self::Shifted => fixed(
                "в строке больше ячеек, чем заголовков; проверьте лишний разделитель или незакрытую кавычку",
                "the row has more cells than there are titles; look for a delimiter too many or a quotation mark that is not closed",
            ),
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
    /// How the file calls the column: letter and title.
    pub title: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

impl RowFault {
    /// Row, column, what is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let (row, problem) = (self.row, self.problem.text(language));
        let named = |word: &str| match (&self.title, self.column) {
            (Some(title), Some(column)) => format!(", {word} {title} ({})", column.as_str()),
            (None, Some(column)) => format!(", {word} {}", column.as_str()),
            _ => String::new(),
        };
        match language {
            Language::Russian => format!("Строка {row}{}: {problem}", named("столбец")),
            Language::English => format!("Row {row}{}: {problem}", named("column")),
        }
    }
}

/// The faults of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, by row.
    pub first: Vec<RowFault>,
    /// How many there are.
    pub count: usize,
}

impl Faults {
    /// Counts a fault, and keeps it while there is room.
    pub(super) fn add(&mut self, fault: RowFault) {
        self.count += 1;
        if self.first.len() < FAULTS_MAX {
            self.first.push(fault);
        }
    }

    /// The faults, by row; `Ok` when there are none.
    pub(super) fn into_result(mut self) -> Result<(), Self> {
        if self.count == 0 {
            return Ok(());
        }
        self.first.sort_by_key(|fault| fault.row);
        Err(self)
    }
}
