//! Endpoints of files of ranges and numbers: brought in as drafts, looked at, applied, discarded.
//!
//! Owns: how an import is shown, which problem each refusal is.
//! Does not own: imports (`billing::numbers::import`, whose `IMPORTS`, `IMPORT_ROWS` and `IMPORT_CHANGES` are the lists).
//! Always: a file with faults is refused with all of them and leaves nothing behind; a draft changes no number.

pub(crate) mod apply;
pub(crate) mod create;
pub(crate) mod discard;
pub(crate) mod get;

use billing::numbers::import::{ImportError, LayoutError, NumbersImport};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumbersImportView {
    /// Its number.
    id: i64,
    /// `draft`, `applied` or `discarded`.
    state: String,
    /// Name of the file.
    file_name: String,
    /// Its length in bytes.
    file_bytes: i64,
    /// What it does, or did, in figures.
    summary: Value,
    /// When it was brought in.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// When it was applied or discarded.
    closed_at: Option<DateTime<Utc>>,
    /// By whom.
    closed_by: Option<String>,
    /// Why.
    close_reason: String,
    /// Raised with every change; also the ETag.
    revision: i64,
}

impl From<NumbersImport> for NumbersImportView {
    fn from(import: NumbersImport) -> Self {
        Self {
            id: import.id,
            state: import.state,
            file_name: import.file_name,
            file_bytes: import.file_bytes,
            summary: import.summary,
            created_at: import.created_at,
            created_by: import.created_by,
            closed_at: import.closed_at,
            closed_by: import.closed_by,
            close_reason: import.close_reason,
            revision: import.revision,
        }
    }
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumbersImported {
    /// Its number.
    pub(crate) id: i64,
    /// `draft`, `applying`, `applied` or `discarded`.
    pub(crate) state: &'static str,
    /// What it does, or did, in figures; `null` while it is being applied.
    pub(crate) summary: Option<Value>,
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let both = |text: &dyn Fn(crate::language::Language) -> String| {
            use crate::language::Language::{English, Russian};
            Text::new(text(Russian), text(English))
        };
        match error {
            ImportError::Sheet(error) => {
                Self::new(Code::ImportFaults).at("/file", both(&|language| error.text(language)))
            }
            ImportError::Layout(error) => of_layout(&error),
            ImportError::Faults(faults) => {
                let (count, told) = (faults.count, faults.first.len());
                let detail = Text::new(
                    format!("Ошибок: {count}, показаны первые {told}; ничего не загружено"),
                    format!("{count} errors, the first {told} are shown; nothing was imported"),
                );
                let problem = Self::new(Code::ImportFaults).because(detail).of_total(count);
                faults.first.iter().fold(problem, |problem, fault| {
                    let column = fault.column.map_or_else(String::new, |column| format!("/{}", column.as_str()));
                    problem.at(&format!("/rows/{}{column}", fault.row), both(&|language| fault.text(language)))
                })
            }
            ImportError::TooManyReturned(count) => Self::new(Code::ImportFaults).at(
                "/file",
                Text::new(
                    format!("Возвращается {count} выведенных номеров, за одну загрузку можно не больше 10000; разделите файл"),
                    format!("{count} withdrawn numbers come back, 10000 at most do so by one import; split the file"),
                ),
            ),
            ImportError::Already(import) => Self::new(Code::AlreadyImported).because(import.map_or(
                Text::fixed(
                    "Все номера файла уже в ёмкости и такие, как в нём сказано",
                    "All numbers of the file are in the capacity, as it says",
                ),
                |import| {
                    Text::new(
                        format!("Этот файл уже применён загрузкой {import}, и с тех пор ничего не изменилось"),
                        format!("Import {import} has applied this file, and nothing has changed since"),
                    )
                },
            )),
            ImportError::NotFound => Self::new(Code::NotFound),
            ImportError::State(state) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Загрузка в состоянии {state}; этот шаг делают с черновиком"),
                format!("The import is {state}; this step begins with a draft"),
            )),
            ImportError::Busy => Self::new(Code::Unavailable).because(Text::fixed(
                "Сейчас применяется загрузка номеров; повторите через минуту",
                "An import of numbers is being applied; try again in a minute",
            )),
            ImportError::StalePreview => Self::new(Code::StalePreview).because(Text::fixed(
                "Номера файла, регионы или правила классов изменились после сравнения; загрузите файл ещё раз и посмотрите новое сравнение",
                "Numbers of the file, regions or rules of classes were changed since the comparison; import the file again and look at the new comparison",
            )),
            ImportError::Stale => Self::new(Code::Stale),
            ImportError::BrokeOff => Self::new(Code::Internal),
            ImportError::Store(error) => error.into(),
        }
    }
}

/// The columns do not fit.
fn of_layout(error: &LayoutError) -> Problem {
    let detail = match error {
        LayoutError::NoNumbers(titles) => {
            let titles = titles.join(", ");
            Text::new(
                format!("В файле нет столбца «номер» и нет пары «от», «до»; заголовки файла: {titles}"),
                format!("The file has neither a column `number` nor `from` and `to`; its titles: {titles}"),
            )
        }
        LayoutError::Ambiguous(column, titles) => {
            let (column, titles) = (column.as_str(), titles.join(", "));
            Text::new(
                format!("Столбцом {column} может быть любой из: {titles}; назовите нужный {column}"),
                format!("Column {column} could be any of {titles}; call the right one {column}"),
            )
        }
    };
    Problem::new(Code::ImportFaults).at("/columns", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::numbers::import::{Column, Faults};

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (ImportError::Layout(LayoutError::NoNumbers(Vec::new())), Code::ImportFaults),
            (ImportError::Layout(LayoutError::Ambiguous(Column::Price, Vec::new())), Code::ImportFaults),
            (ImportError::Faults(Faults::default()), Code::ImportFaults),
            (ImportError::TooManyReturned(10_001), Code::ImportFaults),
            (ImportError::Already(None), Code::AlreadyImported),
            (ImportError::Already(Some(3)), Code::AlreadyImported),
            (ImportError::NotFound, Code::NotFound),
            (ImportError::State("applied".into()), Code::InvalidTransition),
            (ImportError::Busy, Code::Unavailable),
            (ImportError::StalePreview, Code::StalePreview),
            (ImportError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
