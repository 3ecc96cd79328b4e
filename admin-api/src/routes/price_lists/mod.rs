//! Endpoints of price lists: looked at, imported, compared, put in force, taken back, exported.
//!
//! Owns: the list of them, what they have in common, which problem each refusal is.
//! Does not own: price lists (`billing::price_lists`).
//! Always: a list is named by its code, an import by its list and number.

pub(crate) mod activate;
pub(crate) mod differences;
pub(crate) mod discard;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod import_warnings;
pub(crate) mod imports;
pub(crate) mod list;
pub(crate) mod one_import;
mod options;
pub(crate) mod rates;
pub(crate) mod roll_back;
pub(crate) mod shown;
pub(crate) mod warnings;

use billing::price_lists::{self, ActivateError, ImportError, ImportHead, ListHead};
use chrono_tz::Tz;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A parameter that is there and not empty.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The list with this code.
async fn existing(state: &AppState, code: &str) -> Result<ListHead, Problem> {
    let code = inputs::word("/code", code)?;
    price_lists::list_by_code(&state.store, code).await?.ok_or_else(|| no_list(code))
}

fn no_list(code: &str) -> Problem {
    let detail = Text::new(format!("Прайс-листа {code} нет"), format!("There is no price list {code}"));
    Problem::new(Code::NotFound).because(detail)
}

/// The number of an import.
fn import_number(text: &str) -> Result<i64, Problem> {
    let expected = Text::fixed("Ожидается номер импорта", "The number of an import is expected");
    text.parse::<i64>().ok().filter(|id| *id > 0).ok_or_else(|| Problem::field("/id", expected))
}

/// An import of a list.
async fn existing_import(state: &AppState, code: &str, id: &str) -> Result<(ListHead, ImportHead), Problem> {
    let list = existing(state, code).await?;
    let id = import_number(id)?;
    let import = price_lists::import_by_id(&state.store, list.id, id).await?.ok_or_else(|| no_import(code, id))?;
    Ok((list, import))
}

fn no_import(code: &str, id: i64) -> Problem {
    let ru = format!("У прайс-листа {code} нет импорта {id}");
    Problem::new(Code::NotFound).because(Text::new(ru, format!("The price list {code} has no import {id}")))
}

/// The zone of a list.
fn zone_of(list: &ListHead) -> Tz {
    list.zone.parse().unwrap_or(chrono_tz::UTC)
}

/// A prefix as a filter: digits that rows begin with, or a short code.
fn prefix_filter(text: Option<&str>) -> Result<Option<String>, Problem> {
    let prefix = given(text).map(|text| inputs::prefix("/prefix", text)).transpose()?;
    Ok(prefix.map(|prefix| format!("{prefix:?}")))
}

/// The number behind which a page of lines begins.
fn after(cursor: Option<&str>) -> Result<i64, Problem> {
    Ok(crate::paging::id_of_cursor(cursor)?.unwrap_or(0).clamp(0, i64::from(i32::MAX)))
}

const PAST: Text = Text::fixed(
    "Дата уже прошла; назовите будущую или подтвердите backdate. Уже оценённые звонки цену не изменят",
    "The date is past; name a later one or confirm with backdate. Calls that are rated keep their price",
);
const CLOSED: Text = Text::fixed(
    "Дата попадает в закрытый период или стоит перед ним; назовите дату после закрытых месяцев",
    "The date lies in a closed period or before one; name a date after the closed months",
);

impl From<ActivateError> for Problem {
    fn from(error: ActivateError) -> Self {
        match error {
            ActivateError::NotFound => Self::new(Code::NotFound),
            ActivateError::State(state) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Импорт в состоянии {state}; для этого шага нужно другое"),
                format!("The import is {state}; this step begins with another state"),
            )),
            ActivateError::StalePreview => Self::new(Code::StalePreview).because(Text::fixed(
                "Прайс-лист изменился с тех пор, как с ним сравнили файл; загрузите файл ещё раз и посмотрите новое сравнение",
                "The list was changed since the file was compared with it; import the file again and look at the new comparison",
            )),
            ActivateError::Past => Self::field("/backdate", PAST),
            ActivateError::ClosedPeriod => Self::new(Code::PeriodClosed).because(CLOSED),
            ActivateError::ApprovalNeeded => Self::new(Code::ApprovalNeeded).because(Text::fixed(
                "Свой импорт вводит в действие другой сотрудник или его согласуют: POST /v1/approvals с kind price_import.activate и номером импорта в entity_id",
                "Somebody else puts your own import in force, or approves it: POST /v1/approvals with kind price_import.activate and the number of the import as entity_id",
            )),
            ActivateError::LaterImport(id) => Self::new(Code::LaterImport).because(Text::new(
                format!("Позже введён импорт {id}; сначала откатите его"),
                format!("Import {id} was put in force later; roll that back first"),
            )),
            ActivateError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let both = |text: &dyn Fn(crate::language::Language) -> String| {
            use crate::language::Language::{English, Russian};
            Text::new(text(Russian), text(English))
        };
        match error {
            ImportError::NoList => Self::new(Code::NotFound),
            ImportError::Sheet(error) => {
                Self::new(Code::ImportFaults).at("/file", both(&|language| error.text(language)))
            }
            ImportError::Mapping(errors) => errors.iter().fold(Self::new(Code::ImportFaults), |problem, error| {
                let pointer = error.column().map_or_else(|| "/title_row".into(), |column| format!("/columns/{column}"));
                problem.at(&pointer, both(&|language| error.text(language)))
            }),
            ImportError::Faults(faults) => {
                let (count, told) = (faults.count, faults.first.len());
                let detail = Text::new(
                    format!("Ошибок: {count}, показаны первые {told}; ничего не загружено"),
                    format!("{count} errors, the first {told} are shown; nothing was imported"),
                );
                let problem = Self::new(Code::ImportFaults).because(detail).of_total(count);
                faults.first.iter().fold(problem, |problem, fault| {
                    let column = fault.column.map_or_else(String::new, |column| format!("/{column}"));
                    problem.at(&format!("/rows/{}{column}", fault.row), both(&|language| fault.text(language)))
                })
            }
            ImportError::Past => Self::field("/date", PAST),
            ImportError::ClosedPeriod => Self::new(Code::PeriodClosed).because(CLOSED),
            ImportError::BrokeOff => Self::new(Code::Internal),
            ImportError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (ActivateError::NotFound, Code::NotFound),
            (ActivateError::State("discarded".into()), Code::InvalidTransition),
            (ActivateError::StalePreview, Code::StalePreview),
            (ActivateError::Past, Code::Validation),
            (ActivateError::ClosedPeriod, Code::PeriodClosed),
            (ActivateError::ApprovalNeeded, Code::ApprovalNeeded),
            (ActivateError::LaterImport(7), Code::LaterImport),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
        assert_eq!(Problem::from(ImportError::Past).code(), Code::Validation);
        assert_eq!(Problem::from(ImportError::Mapping(Vec::new())).code(), Code::ImportFaults);
    }
}
