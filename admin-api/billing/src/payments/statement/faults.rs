//! What is wrong with a file of a bank, and what does not add up in one that can be read.
//!
//! Owns: faults with row and field, problems of a statement, their sentences in both languages, how many faults are kept.
//! Does not own: when there is one (the other files of this room).
//! Always: every fault is counted, the first hundred are kept, in order of rows; each says what to do.

use chrono::NaiveDate;
use rating::wording::Language;
use rust_decimal::Decimal;

use super::table::Column;
use super::{BYTES_MAX, LINES_MAX};
use crate::price_lists::SheetError;

/// Faults that are told one by one.
pub const FAULTS_MAX: usize = 100;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The file is too large.
    TooLarge,
    /// The file has too many payments.
    TooManyLines,
    /// The file is about too many accounts; at most so many.
    TooManyAccounts(usize),
    /// A value is longer than so many bytes.
    TooLong(usize),
    /// No encoding makes its keys readable.
    Unreadable,
    /// It begins as UTF-8 and does not go on so.
    NotUtf8,
    /// The table cannot be read.
    Sheet(SheetError),
    /// A version of the exchange format that is not known.
    Version(String),
    /// The file does not end where it should: it was cut.
    NoEnd,
    /// Something follows the end of the file.
    AfterEnd,
    /// A section does not end.
    NotClosed,
    /// An end of a section that did not begin.
    NotOpened,
    /// A text that is no key with a value.
    NotAPair(String),
    /// A table does not say whose account it is about.
    OwnAccountNeeded,
    /// The file names no account of ours.
    NoAccount,
    /// The file is about other accounts than the one it was given for.
    AnotherAccount(String, Vec<String>),
    /// It is no account: not 20 digits.
    Account(String),
    /// A field that is needed is empty.
    Empty,
    /// It is no amount above zero.
    Amount(String),
    /// It is no balance.
    Balance(String),
    /// It is no day.
    Date(String),
    /// A key stands twice with different values.
    Twice(String, String),
    /// The last day is before the first.
    Backwards,
    /// Neither side, of payer and payee, is an account that the file is about.
    NotOurs(String, String),
    /// Both sides are the same account.
    OneSide(String),
    /// The table has no such column; its titles.
    NoColumn(Column, Vec<String>),
    /// The table has this column twice.
    ColumnTwice(Column),
    /// The row has more cells than there are titles.
    Shifted,
}

impl FaultKind {
    fn text(&self, language: Language) -> String {
        match language {
            Language::Russian => self.russian(),
            Language::English => self.english(),
        }
    }

    fn russian(&self) -> String {
        match self {
            Self::TooLarge => format!("файл больше {} МБ; выгрузите меньший период", BYTES_MAX >> 20),
            Self::TooManyLines => format!("в файле больше {LINES_MAX} платежей; выгрузите меньший период"),
            Self::TooManyAccounts(most) => format!("в файле больше {most} расчётных счетов; выгрузите его по частям"),
            Self::TooLong(most) => format!("значение длиннее {most} байт; файл повреждён, выгрузите его заново"),
            Self::Unreadable => {
                "кодировка не распознана: ни в UTF-8, ни в Windows-1251, ни в CP866 нет ни одного поля выписки; выгрузите файл заново".into()
            }
            Self::NotUtf8 => "файл в UTF-8, но эта строка испорчена; выгрузите файл заново в Windows-1251".into(),
            Self::Sheet(error) => error.text(Language::Russian),
            Self::Version(text) if text.is_empty() => "версия формата не указана; нужна 1.01, 1.02 или 1.03".into(),
            Self::Version(text) => {
                format!("версия формата «{text}» не поддерживается; выгрузите файл в версии 1.01, 1.02 или 1.03")
            }
            Self::NoEnd => "файл обрывается: нет строки КонецФайла; выгрузите или скачайте его заново".into(),
            Self::AfterEnd => "после строки КонецФайла есть текст; загружайте выписки по одному файлу".into(),
            Self::NotClosed => "секция не закрыта; файл повреждён, выгрузите его заново".into(),
            Self::NotOpened => "конец секции, которая не начиналась; файл повреждён, выгрузите его заново".into(),
            Self::NotAPair(text) => format!("«{text}» не поле вида Ключ=Значение; файл повреждён, выгрузите его заново"),
            Self::OwnAccountNeeded => {
                "таблица не называет счёт, по которому она выгружена; выберите расчётный счёт при загрузке".into()
            }
            Self::NoAccount => "в файле нет расчётного счёта (РасчСчет), по которому он выгружен".into(),
            Self::AnotherAccount(wanted, known) => format!(
                "файл выгружен не по счёту {wanted}, а по {}; выберите другой счёт или другой файл",
                known.join(", ")
            ),
            Self::Account(text) => format!("«{text}» не расчётный счёт; нужно 20 цифр"),
            Self::Empty => "поле обязательно, но оно пустое".into(),
            Self::Amount(text) => {
                format!("«{text}» не сумма; нужно число больше нуля, не больше двух знаков после запятой: 3270.00")
            }
            Self::Balance(text) => {
                format!("«{text}» не остаток и не оборот; нужно число, не больше двух знаков после запятой: 3270.00")
            }
            Self::Date(text) => format!("«{text}» не дата; нужно ДД.ММ.ГГГГ"),
            Self::Twice(first, second) => {
                format!("поле указано дважды: «{first}» и «{second}»; файл повреждён, выгрузите его заново")
            }
            Self::Backwards => "период выписки кончается раньше, чем начинается".into(),
            Self::NotOurs(one, other) => format!(
                "ни счёт плательщика «{one}», ни счёт получателя «{other}» не из тех, по которым выгружен файл; направление платежа неизвестно"
            ),
            Self::OneSide(account) => format!("плательщик и получатель — один и тот же счёт {account}"),
            Self::NoColumn(column, titles) => format!(
                "нет столбца {}; подойдут заголовки: {}. Заголовки файла: {}",
                column.as_str(),
                column.titles().join(", "),
                titles.join(", ")
            ),
            Self::ColumnTwice(column) => format!("столбец {} стоит дважды; оставьте один", column.as_str()),
            Self::Shifted => {
                "в строке больше ячеек, чем заголовков; проверьте лишний разделитель или незакрытую кавычку".into()
            }
        }
    }

    fn english(&self) -> String {
        match self {
            Self::TooLarge => format!("the file is larger than {} MB; export a shorter period", BYTES_MAX >> 20),
            Self::TooManyLines => {
                format!("the file has more than {LINES_MAX} payments; export a shorter period")
            }
            Self::TooManyAccounts(most) => {
                format!("the file is about more than {most} accounts; export it in parts")
            }
            Self::TooLong(most) => {
                format!("the value is longer than {most} bytes; the file is damaged, export it anew")
            }
            Self::Unreadable => {
                "the encoding is not recognised: no field of a statement is found in UTF-8, Windows-1251 or CP866; export the file anew".into()
            }
            Self::NotUtf8 => "the file is UTF-8, but this row is broken; export the file anew in Windows-1251".into(),
            Self::Sheet(error) => error.text(Language::English),
            Self::Version(text) if text.is_empty() => {
                "the version of the format is missing; 1.01, 1.02 or 1.03 is expected".into()
            }
            Self::Version(text) => {
                format!("version `{text}` of the format is not supported; export the file in version 1.01, 1.02 or 1.03")
            }
            Self::NoEnd => "the file is cut: it has no line КонецФайла; export or download it anew".into(),
            Self::AfterEnd => "there is text after the line КонецФайла; load one statement a file".into(),
            Self::NotClosed => "the section does not end; the file is damaged, export it anew".into(),
            Self::NotOpened => "an end of a section that did not begin; the file is damaged, export it anew".into(),
            Self::NotAPair(text) => {
                format!("`{text}` is no field of the form Key=Value; the file is damaged, export it anew")
            }
            Self::OwnAccountNeeded => {
                "a table does not say which account it is about; choose the bank account when you load it".into()
            }
            Self::NoAccount => "the file does not name the account (РасчСчет) that it is about".into(),
            Self::AnotherAccount(wanted, known) => format!(
                "the file is not about account {wanted} but about {}; choose another account or another file",
                known.join(", ")
            ),
            Self::Account(text) => format!("`{text}` is no account of a bank; 20 digits are expected"),
            Self::Empty => "the field is required and empty".into(),
            Self::Amount(text) => {
                format!("`{text}` is no amount; a number above zero with at most two decimals is expected: 3270.00")
            }
            Self::Balance(text) => {
                format!("`{text}` is no balance or turnover; a number with at most two decimals is expected: 3270.00")
            }
            Self::Date(text) => format!("`{text}` is no date; DD.MM.YYYY is expected"),
            Self::Twice(first, second) => {
                format!("the field stands twice: `{first}` and `{second}`; the file is damaged, export it anew")
            }
            Self::Backwards => "the period of the statement ends before it begins".into(),
            Self::NotOurs(one, other) => format!(
                "neither the payer's account `{one}` nor the payee's `{other}` is one that the file is about; nothing says where the money went"
            ),
            Self::OneSide(account) => format!("payer and payee are one and the same account {account}"),
            Self::NoColumn(column, titles) => format!(
                "there is no column {}; these titles fit: {}. Titles of the file: {}",
                column.as_str(),
                column.titles().join(", "),
                titles.join(", ")
            ),
            Self::ColumnTwice(column) => format!("the column {} stands twice; leave one", column.as_str()),
            Self::Shifted => {
                "the row has more cells than there are titles; look for a delimiter too many or a quotation mark that is not closed".into()
            }
        }
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Row of the file, from 1; `None` = the file as a whole.
    pub row: Option<u32>,
    /// The field as the file calls it: a key or a title; empty = the row as a whole.
    pub field: String,
    /// What is wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// Row, field, what is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let kind = self.kind.text(language);
        let (file, row, field) = match language {
            Language::Russian => ("Файл", "Строка", "поле"),
            Language::English => ("The file", "Row", "field"),
        };
        let place = self.row.map_or_else(|| file.to_owned(), |number| format!("{row} {number}"));
        if self.field.is_empty() {
            format!("{place}: {kind}")
        } else {
            format!("{place}, {field} {}: {kind}", self.field)
        }
    }
}

/// The faults of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, by row.
    pub first: Vec<Fault>,
    /// How many there are.
    pub count: usize,
}

impl Faults {
    /// One fault of the file as a whole.
    pub(super) fn one(kind: FaultKind) -> Self {
        Self { first: vec![Fault { row: None, field: String::new(), kind }], count: 1 }
    }

    /// Counts a fault, and keeps it while there is room.
    pub(super) fn add(&mut self, row: Option<u32>, field: &str, kind: FaultKind) {
        self.count += 1;
        if self.first.len() < FAULTS_MAX {
            self.first.push(Fault { row, field: field.to_owned(), kind });
        }
    }

    /// The same, by row; those of the file as a whole come first.
    pub(super) fn in_order(mut self) -> Self {
        self.first.sort_by_key(|fault| fault.row);
        self
    }
}

/// A sum that a statement tells and that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// What came.
    Credited,
    /// What went.
    Debited,
    /// The balance at the end.
    Closing,
}

impl Total {
    /// The key under which an exchange file tells it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Credited => "ВсегоПоступило",
            Self::Debited => "ВсегоСписано",
            Self::Closing => "КонечныйОстаток",
        }
    }
}

/// What does not add up in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The header names another encoding than the file has.
    Encoding {
        /// What it names.
        said: String,
        /// What it is.
        found: &'static str,
    },
    /// A sum is not what the lines add up to.
    Total {
        /// Which.
        total: Total,
        /// As the file tells it.
        told: Decimal,
        /// As the lines add up.
        counted: Decimal,
    },
    /// A part of the statement does not begin with the balance with which the one before ended.
    Gap {
        /// First day of the part.
        day: NaiveDate,
        /// Balance before.
        closing: Decimal,
        /// Balance then.
        opening: Decimal,
    },
    /// Two parts of the statement share days.
    Overlap {
        /// First day of the later part.
        day: NaiveDate,
    },
    /// There are no balances: nothing shows that lines are missing.
    NoBalances,
    /// Money moved on days outside of the statement.
    OutsidePeriod {
        /// How many lines.
        count: usize,
        /// Row of the first.
        row: u32,
    },
    /// Lines do not say when the money moved; it may not have.
    NoValueDate {
        /// How many lines.
        count: usize,
        /// Row of the first.
        row: u32,
    },
}

impl Problem {
    /// What does not add up, and what to do.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::Encoding { said, found } if russian => {
                format!("В заголовке указана кодировка «{said}», на деле файл в {found}; прочитан как {found}")
            }
            Self::Encoding { said, found } => {
                format!("The header names the encoding `{said}`, the file is in {found} and was read so")
            }
            Self::Total { total, told, counted } if russian => format!(
                "{}: в файле {told}, по строкам {counted}, разница {}; проверьте, что выписка выгружена целиком",
                total.key(),
                told - counted
            ),
            Self::Total { total, told, counted } => format!(
                "{}: the file says {told}, the lines add up to {counted}, the difference is {}; see that the whole statement was exported",
                total.key(),
                told - counted
            ),
            Self::Gap { day, closing, opening } if russian => format!(
                "Остаток на начало {day} ({opening}) не равен предыдущему остатку ({closing}); проверьте, что ни один день не пропущен"
            ),
            Self::Gap { day, closing, opening } => format!(
                "The balance at the beginning of {day} ({opening}) is not the one before ({closing}); see that no day is missing"
            ),
            Self::Overlap { day } if russian => {
                format!("Часть выписки с {day} пересекается с предыдущей; проверьте, что платежи не повторяются")
            }
            Self::Overlap { day } => {
                format!(
                    "The part of the statement from {day} overlaps the one before; see that no payment stands twice"
                )
            }
            Self::NoBalances if russian => "В файле нет остатков; полноту выписки проверить нельзя".into(),
            Self::NoBalances => "The file has no balances; nothing shows whether it is complete".into(),
            Self::OutsidePeriod { count, row } if russian => {
                format!("Строк с датой вне периода выписки: {count}, первая — строка {row} файла")
            }
            Self::OutsidePeriod { count, row } => {
                format!("Lines with a day outside of the period of the statement: {count}, the first is in row {row}")
            }
            Self::NoValueDate { count, row } if russian => format!(
                "Строк без ДатаПоступило или ДатаСписано: {count}, первая — строка {row} файла; проверьте, что эти платежи исполнены"
            ),
            Self::NoValueDate { count, row } => format!(
                "Lines without ДатаПоступило or ДатаСписано: {count}, the first is in row {row}; see that these payments were executed"
            ),
        }
    }
}
