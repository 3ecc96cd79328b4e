//! A page of a list that is no grid, as a file: rows of ClickHouse, sums by month.
//!
//! Owns: what such a list shows in a file ([`Table`]), the parameter `format` of it.
//! Does not own: the rows, their JSON (the routes), how a value is written (`show`), the form of a file (`crate::sheets`).
//! Always: a file has the rows that JSON has under the same query; one that would leave rows out without being asked to is refused.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use billing::grid::{Kind, Value};
use billing::settings::Settings;
use chrono_tz::Tz;
use serde::Serialize;

use super::answer::{file_headers, unwritten};
use super::{read, show};
use crate::language::{Language, Text};
use crate::paging::List;
use crate::problem::{Code, Problem};
use crate::sheets::{SheetError, SheetFormat, SheetWriter};

/// A value of a row; `None` = there is none.
type Cell = Option<Value>;

/// A column of a file.
pub(crate) struct Column<T> {
    ru: &'static str,
    en: &'static str,
    kind: Kind,
    cell: fn(&T) -> Cell,
}

impl<T> Column<T> {
    /// A column by its titles in Russian and English; `kind` says what it holds, whatever the type that holds it.
    pub(crate) const fn new(ru: &'static str, en: &'static str, kind: Kind, cell: fn(&T) -> Cell) -> Self {
        Self { ru, en, kind, cell }
    }
}

/// A list as a file.
pub(crate) struct Table<T: 'static> {
    /// Name of the file.
    pub(crate) name: &'static str,
    /// Title in Russian, 31 characters at most.
    pub(crate) ru: &'static str,
    /// Title in English, 31 characters at most.
    pub(crate) en: &'static str,
    /// Its columns.
    pub(crate) columns: &'static [Column<T>],
}

/// A file that a request asks for instead of JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantedFile {
    format: SheetFormat,
    /// Whether the request says how many rows.
    is_limited: bool,
}

impl WantedFile {
    /// The file that `format` asks for; `None`: JSON.
    pub(crate) fn of(format: Option<&str>, limit: Option<&str>) -> Result<Option<Self>, Problem> {
        let is_limited = crate::inputs::given(limit).is_some();
        Ok(read::format(format)?.map(|format| Self { format, is_limited }))
    }

    /// How many rows are asked for; of a file without a wish as many as a list may have.
    pub(crate) fn rows(wanted: Option<Self>, limit: Option<&str>, settings: &Settings) -> Result<usize, Problem> {
        Ok(read::limit(limit, wanted.is_some(), settings)? as usize)
    }
}

/// A page as JSON, or as the file that is wanted of it.
pub(crate) async fn page_answer<T: Serialize + Send + 'static>(
    wanted: Option<WantedFile>,
    table: &'static Table<T>,
    page: List<T>,
    settings: &Settings,
    language: Language,
) -> Result<Response, Problem> {
    match wanted {
        None => Ok(Json(page).into_response()),
        Some(wanted) => {
            let is_more = page.next_cursor.is_some();
            table.file(wanted, page.items, is_more, settings, language).await
        }
    }
}

impl<T: Send + 'static> Table<T> {
    /// The file of these rows; `is_more`: they are not all.
    pub(crate) async fn file(
        &'static self,
        wanted: WantedFile,
        rows: Vec<T>,
        is_more: bool,
        settings: &Settings,
        language: Language,
    ) -> Result<Response, Problem> {
        if is_more && !wanted.is_limited {
            let rows = rows.len();
            let detail = Text::new(
                format!("В списке больше {rows} строк: сузьте фильтр или укажите limit"),
                format!("The list has more than {rows} rows: narrow it, or give a limit"),
            );
            return Err(Problem::new(Code::LimitTooLarge).at("/limit", detail));
        }
        let zone = settings.zone("billing.zone")?;
        let work = move || self.write(wanted.format, &rows, zone, language);
        let written = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::new(Code::Internal))?;
        let bytes = written.map_err(unwritten)?;
        Ok((file_headers(self.name, wanted.format), Body::from(bytes)).into_response())
    }

    fn write(&self, format: SheetFormat, rows: &[T], zone: Tz, language: Language) -> Result<Vec<u8>, SheetError> {
        let title = if language == Language::Russian { self.ru } else { self.en };
        let titles: Vec<String> = self
            .columns
            .iter()
            .map(|column| show::title((column.ru, column.en), column.kind, zone, language))
            .collect();
        let numbers = self.columns.iter().map(|column| show::is_number(column.kind)).collect();
        let mut file = SheetWriter::begin(format, title, &titles, numbers)?;
        for row in rows {
            let cells = self.columns.iter().map(|column| show::cell_of((column.cell)(row).as_ref(), zone, language));
            let cells: Vec<String> = match format {
                SheetFormat::Csv => cells.map(show::harmless).collect(),
                SheetFormat::Xlsx => cells.collect(),
            };
            file.row(&cells)?;
        }
        file.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: Table<(i64, &'static str)> = Table {
        name: "things",
        ru: "Вещи",
        en: "Things",
        columns: &[
            Column::new("Когда", "When", Kind::Moment, |(seconds, _): &(i64, &'static str)| {
                chrono::DateTime::from_timestamp(*seconds, 0).map(Value::Moment)
            }),
            Column::new("Сумма", "Amount", Kind::Amount, |(_, text): &(i64, &'static str)| {
                Some(Value::Text((*text).to_owned()))
            }),
        ],
    };

    #[test]
    fn moments_are_in_the_zone_and_no_cell_is_a_formula() {
        let rows = [(0, "-1.5"), (i64::MAX, "=1")];
        let bytes = TABLE.write(SheetFormat::Csv, &rows, chrono_tz::Europe::Moscow, Language::English).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "\u{feff}When (Europe/Moscow),Amount\r\n1970-01-01 03:00:00,-1.5\r\n,'=1\r\n");
    }

    #[test]
    fn json_is_no_file() {
        assert!(WantedFile::of(None, None).unwrap().is_none() && WantedFile::of(Some("json"), None).unwrap().is_none());
        assert!(WantedFile::of(Some("csv"), Some("7")).unwrap().unwrap().is_limited);
        assert!(!WantedFile::of(Some("xlsx"), Some("")).unwrap().unwrap().is_limited);
        assert!(WantedFile::of(Some("pdf"), None).is_err());
    }
}
