//! What is wrong with the rows of a file of the registry.
//!
//! Owns: faults with row and column, their sentences in both languages, how many of them are kept.
//! Does not own: when there is one (`sheet`).
//! Always: every fault is counted; the first thousand are kept, in order of rows.

use rating::wording::Language;

use super::sheet::Column;

/// Faults that are told one by one.
pub const FAULTS_MAX: usize = 1_000;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An obligatory cell is empty.
    Empty,
    /// The text is too long or has control characters; at most so many characters.
    Long(usize),
    /// The INN has the wrong length, or its check digits do not fit.
    Inn,
    /// A legal entity has a KPP of nine signs, nobody else has one.
    Kpp,
    /// The OGRN or OGRNIP does not fit the kind, or its check digit does not fit.
    Ogrn,
    /// No kind of party is called so.
    Kind(String),
    /// No status is called so.
    Status(String),
    /// It is no date.
    Date(String),
    /// It is no e-mail.
    Email,
    /// The same INN and KPP stand in an earlier row.
    Twice(u32),
}

impl Fault {
    fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::Empty if russian => "ячейка обязательна".into(),
            Self::Empty => "the cell is required".into(),
            Self::Long(most) if russian => format!("больше {most} символов или управляющие символы"),
            Self::Long(most) => format!("more than {most} characters, or control characters"),
            Self::Inn if russian => "ИНН из 10 или 12 цифр с верными контрольными цифрами".into(),
            Self::Inn => "an INN of 10 or 12 digits with right check digits is expected".into(),
            Self::Kpp if russian => "КПП из 9 знаков обязателен для юридического лица, у остальных его нет".into(),
            Self::Kpp => "a legal entity has a KPP of 9 signs, nobody else has one".into(),
            Self::Ogrn if russian => {
                "ОГРН из 13 цифр или ОГРНИП из 15 с верной контрольной цифрой; у физического лица его нет".into()
            }
            Self::Ogrn => {
                "an OGRN of 13 digits or OGRNIP of 15 with a right check digit is expected; a person has none".into()
            }
            Self::Kind(text) if russian => format!("вида «{text}» нет; нужно ЮЛ, ИП или ФЛ"),
            Self::Kind(text) => format!("there is no kind `{text}`; legal, sole_proprietor or natural is expected"),
            Self::Status(text) if russian => {
                format!(
                    "статуса «{text}» нет; нужно Действующий, Недействующий, Реорганизация, Банкротство или Ликвидация"
                )
            }
            Self::Status(text) => {
                format!(
                    "there is no status `{text}`; active, inactive, reorganisation, bankruptcy or liquidation is expected"
                )
            }
            Self::Date(text) if russian => format!("«{text}» не дата; нужно ГГГГ-ММ-ДД или ДД.ММ.ГГГГ"),
            Self::Date(text) => format!("`{text}` is no date; YYYY-MM-DD or DD.MM.YYYY is expected"),
            Self::Email if russian => "это не адрес почты".into(),
            Self::Email => "this is no e-mail address".into(),
            Self::Twice(row) if russian => {
                format!("тот же ИНН с тем же КПП стоит в строке {row}; оставьте одну из двух")
            }
            Self::Twice(row) => format!("the same INN and KPP stand in row {row}; leave one of the two"),
        }
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// Number of the row as people see it.
    pub row: u32,
    /// The column.
    pub column: Column,
    /// How the file calls the column.
    pub title: String,
    /// What is wrong.
    pub fault: Fault,
}

impl RowFault {
    /// Row, column, what is wrong.
    pub fn text(&self, language: Language) -> String {
        let (row, column, fault) = (self.row, self.column.as_str(), self.fault.text(language));
        let title = if self.title.is_empty() { String::new() } else { format!(" «{}»", self.title) };
        match language {
            Language::Russian => format!("Строка {row}, столбец{title} ({column}): {fault}"),
            Language::English => format!("Row {row}, column{title} ({column}): {fault}"),
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
    pub(super) fn add(&mut self, row: u32, column: Column, title: &str, fault: Fault) {
        self.count += 1;
        if self.first.len() < FAULTS_MAX {
            self.first.push(RowFault { row, column, title: title.to_owned(), fault });
        }
    }
}
