//! A file with the days of a year.
//!
//! Owns: which column is which, and what its cells say.
//! Does not own: encodings and delimiters (`price_lists::read_sheet`), what becomes of the days (`store`).
//! Always: the first row has the titles, in any order; every fault is told with row and column, and nothing is guessed.

use chrono::NaiveDate;
use rating::wording::Language;

use super::rules::NewDay;
use crate::price_lists::{Sheet, SheetError, SheetOptions, read_sheet};

/// A column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// The day.
    Day,
    /// Whether it is worked.
    Working,
    /// What it is; a file may lack it.
    Name,
}

impl Column {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Day, Self::Working, Self::Name];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Working => "working",
            Self::Name => "name",
        }
    }

    const fn titles(self) -> &'static [&'static str] {
        match self {
            Self::Day => &["день", "дата", "date"],
            Self::Working => &["рабочий", "is_working"],
            Self::Name => &["название", "наименование", "праздник"],
        }
    }
}

/// What is wrong with a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RowFault {
    /// Number of the row as people see it.
    pub row: u32,
    /// The column.
    pub column: Column,
}

impl RowFault {
    /// What is expected there.
    pub fn text(self, language: Language) -> String {
        let (row, column) = (self.row, self.column.as_str());
        let (ru, en) = match self.column {
            Column::Day => ("нужна дата ГГГГ-ММ-ДД или ДД.ММ.ГГГГ", "a date YYYY-MM-DD or DD.MM.YYYY is expected"),
            Column::Working => ("нужно да или нет", "yes or no is expected"),
            Column::Name => {
                ("не больше 200 символов без управляющих", "200 characters at most are expected, no control characters")
            }
        };
        match language {
            Language::Russian => format!("Строка {row}, столбец {column}: {ru}"),
            Language::English => format!("Row {row}, column {column}: {en}"),
        }
    }
}

/// Why a file was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImportFault {
    /// It is no sheet.
    Sheet(SheetError),
    /// No title for a column that is needed.
    Missing(Column),
    /// Two titles for one column.
    Twice(Column),
    /// Cells cannot be read.
    Rows(Vec<RowFault>),
}

/// Longest name of a day.
const NAME_CHARS_MAX: usize = 200;

/// The days of a file, CSV or XLSX.
pub fn read_days(bytes: &[u8], options: &SheetOptions) -> Result<Vec<NewDay>, ImportFault> {
    let sheet = read_sheet(bytes, options).map_err(ImportFault::Sheet)?;
    let place = |column: Column| place(&sheet, column);
    let needed = |column: Column| place(column)?.ok_or(ImportFault::Missing(column));
    let (day_at, working_at, name_at) = (needed(Column::Day)?, needed(Column::Working)?, place(Column::Name)?);
    let (mut days, mut faults) = (Vec::new(), Vec::new());
    for row in sheet.rows.iter().skip(1) {
        let cell = |at: usize| row.cells.get(at).unwrap_or_default().trim();
        let name = name_at.map(cell).unwrap_or_default();
        let is_name = name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
        let (day, is_working) = (read_day(cell(day_at)), read_flag(cell(working_at)));
        let wrong = [(Column::Day, day.is_none()), (Column::Working, is_working.is_none()), (Column::Name, !is_name)];
        let wrong = wrong.into_iter().filter(|(_, is_wrong)| *is_wrong);
        faults.extend(wrong.map(|(column, _)| RowFault { row: row.number, column }));
        if let (Some(day), Some(is_working)) = (day, is_working) {
            days.push(NewDay { at: row.number, day, is_working, name: name.to_owned() });
        }
    }
    if faults.is_empty() { Ok(days) } else { Err(ImportFault::Rows(faults)) }
}

/// Where a column stands in the row of titles.
fn place(sheet: &Sheet, column: Column) -> Result<Option<usize>, ImportFault> {
    let titles = sheet.rows.first().map(|row| &row.cells);
    let is_it = |title: &str| {
        let title = title.trim().to_lowercase();
        title == column.as_str() || column.titles().contains(&title.as_str())
    };
    let mut places = titles.into_iter().flatten().enumerate().filter(|(_, title)| is_it(title)).map(|(at, _)| at);
    let first = places.next();
    if places.next().is_some() { Err(ImportFault::Twice(column)) } else { Ok(first) }
}

fn read_day(text: &str) -> Option<NaiveDate> {
    let forms = ["%Y-%m-%d", "%d.%m.%Y"];
    forms.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok()).filter(|_| text.len() == 10)
}

fn read_flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "да" | "yes" | "true" | "1" | "рабочий" => Some(true),
        "нет" | "no" | "false" | "0" | "выходной" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> Result<Vec<NewDay>, ImportFault> {
        read_days(text.as_bytes(), &SheetOptions::default())
    }

    #[test]
    fn files_as_people_keep_them() {
        for text in [
            "day;working;name\n2028-01-03;no;Каникулы\n2028-04-29;yes;\n",
            "Название;Рабочий;Дата\nКаникулы;нет;03.01.2028\n;да;29.04.2028\n",
            "date,working,name\n2028-01-03,0,Каникулы\n2028-04-29,1,\n",
        ] {
            let found = days(text).unwrap();
            let shown: Vec<_> =
                found.iter().map(|new| (new.at, new.day.to_string(), new.is_working, new.name.as_str())).collect();
            assert_eq!(
                shown,
                [(2, "2028-01-03".to_owned(), false, "Каникулы"), (3, "2028-04-29".to_owned(), true, "")],
                "{text}"
            );
        }
        assert_eq!(days("day;working\n2028-01-03;no\n").unwrap()[0].name, "");
    }

    #[test]
    fn every_fault_has_row_and_column() {
        assert_eq!(days("day;name\n2028-01-03;x\n"), Err(ImportFault::Missing(Column::Working)));
        assert_eq!(days("day;дата;working\n2028-01-03;x;no\n"), Err(ImportFault::Twice(Column::Day)));
        assert_eq!(days(""), Err(ImportFault::Sheet(SheetError::Empty)));
        let faults = days("day;working\n3 января;нет\n2028-01-04;может быть\n2028-02-30;\n").unwrap_err();
        let fault = |row, column| RowFault { row, column };
        let expected =
            [fault(2, Column::Day), fault(3, Column::Working), fault(4, Column::Day), fault(4, Column::Working)];
        assert_eq!(faults, ImportFault::Rows(expected.to_vec()));
        assert!(expected[0].text(Language::Russian).starts_with("Строка 2, столбец day"));
    }
}
