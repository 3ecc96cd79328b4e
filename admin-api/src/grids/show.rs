//! Rows of a list, as JSON and as cells of a file.
//!
//! Owns: how each kind of value is written.
//! Does not own: which columns there are, the file itself (`file`).
//! Always: JSON has decimals as texts and moments in UTC; a file has moments in the billing zone, as people who open it read them.

use billing::grid::{Grid, Kind, Row, Value};
use chrono_tz::Tz;
use serde_json::{Map, Value as Json, json};

use crate::language::Language;

/// A row as an object.
pub(crate) fn object(grid: &Grid, row: &Row) -> Json {
    let fields = grid.columns.iter().zip(&row.cells);
    Json::Object(fields.map(|(column, cell)| (column.name.to_owned(), json_of(cell.as_ref()))).collect::<Map<_, _>>())
}

fn json_of(value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Text(text)) => json!(text),
        Some(Value::Words(words)) => json!(words),
        Some(Value::Number(number)) => json!(number),
        Some(Value::Amount(amount)) => json!(amount),
        Some(Value::Flag(flag)) => json!(flag),
        Some(Value::Moment(moment)) => json!(moment),
        Some(Value::Day(day)) => json!(day),
    }
}

/// Titles of the columns.
pub(super) fn titles(grid: &Grid, zone: Tz, language: Language) -> Vec<String> {
    grid.columns.iter().map(|column| title((column.ru, column.en), column.kind, zone, language)).collect()
}

/// The title of a column; that of moments names the zone.
pub(super) fn title((ru, en): (&str, &str), kind: Kind, zone: Tz, language: Language) -> String {
    let title = if language == Language::Russian { ru } else { en };
    if kind == Kind::Moment { format!("{title} ({zone})") } else { title.to_owned() }
}

/// A row as cells.
pub(super) fn cells(row: &Row, zone: Tz, language: Language) -> Vec<String> {
    row.cells.iter().map(|cell| cell_of(cell.as_ref(), zone, language)).collect()
}

/// A value as a cell; what is not there is empty.
pub(super) fn cell_of(value: Option<&Value>, zone: Tz, language: Language) -> String {
    let Some(value) = value else { return String::new() };
    match value {
        Value::Text(text) => text.clone(),
        Value::Words(words) => words.join(", "),
        Value::Number(number) => number.to_string(),
        Value::Amount(amount) => amount.to_string(),
        Value::Flag(flag) => match (flag, language) {
            (true, Language::Russian) => "да",
            (false, Language::Russian) => "нет",
            (true, Language::English) => "yes",
            (false, Language::English) => "no",
        }
        .to_owned(),
        Value::Moment(moment) => moment.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        Value::Day(day) => day.to_string(),
    }
}

/// Whether people calculate with a column.
pub(super) const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Number | Kind::Amount)
}

/// A cell of CSV that no office program takes for a formula: one that begins like a formula, and is neither a number nor a phone, gets an apostrophe.
pub(super) fn harmless(cell: String) -> String {
    let is_formula = match cell.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some('+' | '-') => !cell.chars().all(|letter| letter.is_ascii_digit() || " +-.,()".contains(letter)),
        _ => false,
    };
    if is_formula { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
            ("-12.50", "-12.50"),
            ("+7 (495) 200-02-00", "+7 (495) 200-02-00"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell.to_owned()), expected, "{cell}");
        }
    }
}
