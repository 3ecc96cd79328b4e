//! A query becomes a request for a list.
//!
//! Owns: the parameters that every list has, values of filters, the cursor.
//! Does not own: which filters a list has.
//! Always: a parameter that the list does not have is refused, so that a misspelt filter is an error and not a longer list.

use std::collections::BTreeMap;

use billing::grid::{AS_FOUND, Asked, Column, Filter, Grid, Kind, Position, Read, Value, pattern};
use billing::settings::Settings;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::paging::{self, hex, strange_cursor, unhex};
use crate::problem::Problem;
use crate::sheets::SheetFormat;

/// Parameters that every list has.
pub(crate) const COMMON: [&str; 5] = ["cursor", "format", "limit", "saved", "sort"];
/// Longest search for anything.
const ANYTHING_CHARS_MAX: usize = 100;

/// The parameters of a request by name, none of them empty.
pub(crate) type Query = BTreeMap<String, String>;

/// The parameters of a list; a name that stands twice or is not known is a problem.
pub(crate) fn query_of(grid: &Grid, pairs: Vec<(String, String)>) -> Result<Query, Problem> {
    written(grid, pairs).map(without_empty)
}

/// The same as they are written, empty ones too.
pub(super) fn written(grid: &Grid, pairs: Vec<(String, String)>) -> Result<Query, Problem> {
    let mut query = Query::new();
    for (name, value) in pairs {
        let pointer = format!("/{name}");
        if !COMMON.contains(&name.as_str()) && grid.filter(&name).is_none() {
            return Err(Problem::field(&pointer, Text::fixed("Неизвестное поле", "There is no such field")));
        }
        if query.contains_key(&name) {
            return Err(Problem::field(&pointer, Text::fixed("Поле указано дважды", "The field stands twice")));
        }
        query.insert(name, value);
    }
    Ok(query)
}

/// Those that say something.
pub(super) fn without_empty(mut query: Query) -> Query {
    query.retain(|_, value| !value.trim().is_empty());
    query
}

/// What is asked of a list: filters, order, beginning.
pub(crate) fn asked(grid: &'static Grid, query: &Query, settings: &Settings) -> Result<Asked, Problem> {
    let is_nothing = !grid.required.is_empty() && !grid.required.iter().any(|name| query.contains_key(*name));
    let excuses = |filter: &Filter| filter.excuses && query.get(filter.name).is_some_and(|value| value == "true");
    if is_nothing && !grid.filters.iter().any(excuses) {
        let names = grid.required.join(", ");
        let detail = Text::new(
            format!("Нужно указать хотя бы одно из: {names}"),
            format!("At least one of these is needed: {names}"),
        );
        return Err(Problem::field(&format!("/{}", grid.required[0]), detail));
    }
    let mut filters = Vec::new();
    for filter in grid.filters {
        if let Some(text) = query.get(filter.name).map(String::as_str).or(filter.default) {
            filters.push((filter, value(filter, text.trim(), settings)?));
        }
    }
    let sort = given(query.get("sort").map(String::as_str));
    let is_found = filters.iter().any(|(filter, value)| filter.found.is_some_and(|found| (found.finds)(value)));
    let (column, descending) = if is_found && sort.is_none() { (&AS_FOUND, false) } else { order(grid, sort)? };
    let after =
        given(query.get("cursor").map(String::as_str)).map(|text| position(column, descending, text)).transpose()?;
    Ok(Asked { filters, column, descending, is_nothing, after })
}

/// CSV or XLSX, where one of them is asked for; JSON is no file.
pub(super) fn format(text: Option<&str>) -> Result<Option<SheetFormat>, Problem> {
    let Some(text) = given(text).filter(|text| *text != "json") else { return Ok(None) };
    text.parse().map(Some).map_err(|()| {
        Problem::field("/format", Text::fixed("Ожидается json, csv или xlsx", "json, csv or xlsx is expected"))
    })
}

/// The column that rows are ordered by, and whether the greatest comes first.
fn order(grid: &'static Grid, text: Option<&str>) -> Result<(&'static Column, bool), Problem> {
    let text = text.unwrap_or(grid.order);
    let name = text.strip_prefix('-').unwrap_or(text);
    let column = grid.column(name).filter(|column| column.sort.is_some());
    let column = column.ok_or_else(|| {
        let sortable = grid.columns.iter().filter(|column| column.sort.is_some()).map(|column| column.name);
        let names = sortable.collect::<Vec<_>>().join(", ");
        let detail = Text::new(
            format!("Сортировка возможна по: {names}; с минусом впереди по убыванию"),
            format!("Rows can be ordered by: {names}; with a minus before it the greatest comes first"),
        );
        Problem::field("/sort", detail)
    })?;
    Ok((column, text.starts_with('-')))
}

fn value(filter: &Filter, text: &str, settings: &Settings) -> Result<Value, Problem> {
    let pointer = format!("/{}", filter.name);
    Ok(match filter.read {
        Read::Word => Value::Text(inputs::word(&pointer, text)?.to_owned()),
        Read::Pattern => {
            let text = inputs::word(&pointer, text)?;
            let expected = Text::fixed("Нужна хотя бы одна буква или цифра", "At least one letter or digit is needed");
            Value::Text(pattern(text).ok_or_else(|| Problem::field(&pointer, expected))?)
        }
        Read::OneOf(words) => Value::Text(one_of(&pointer, text, words)?),
        Read::SomeOf(words) => {
            Value::Words(text.split(',').map(|word| one_of(&pointer, word.trim(), words)).collect::<Result<_, _>>()?)
        }
        Read::Number => {
            let number = text.parse().ok();
            let expected = Text::fixed("Ожидается целое число", "A whole number is expected");
            Value::Number(number.ok_or_else(|| Problem::field(&pointer, expected))?)
        }
        Read::Amount => Value::Amount(inputs::amount(&pointer, text)?),
        Read::Flag => Value::Flag(inputs::flag(&pointer, text)?),
        Read::From => Value::Moment(inputs::moment(&pointer, text, settings.zone("billing.zone")?, false)?),
        Read::To => Value::Moment(inputs::moment(&pointer, text, settings.zone("billing.zone")?, true)?),
        Read::Day => Value::Day(inputs::day(&pointer, text)?),
        Read::Phone => Value::Text(inputs::party::phone(&pointer, text, settings)?.1.to_string()),
        Read::Currency => Value::Text(inputs::currency(&pointer, text)?.as_str().to_owned()),
        Read::Masks => {
            let digits = inputs::dialled(&pointer, text, settings)?.digits();
            Value::Words(billing::locks::masks_of(digits))
        }
        Read::Anything => Value::Words(anything(&pointer, text, settings)?),
    })
}

fn one_of(pointer: &str, text: &str, words: &[&'static str]) -> Result<String, Problem> {
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    let words = words.join(", ");
    let detail = Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}"));
    Err(Problem::field(pointer, detail))
}

/// What may be meant: a pattern of a name, a code without punctuation, digits alone, an international number, an e-mail. What it cannot be is empty, which
/// nothing equals.
fn anything(pointer: &str, text: &str, settings: &Settings) -> Result<Vec<String>, Problem> {
    let text = inputs::party::some_text(pointer, text, ANYTHING_CHARS_MAX)?;
    let code: String = text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_uppercase();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = text.chars().all(|letter| letter.is_ascii_digit() || " +-.()".contains(letter));
    let phone = inputs::party::phone(pointer, &text, settings).ok().map(|(_, number)| number.to_string());
    let pattern = pattern(&text).filter(|_| !is_number || digits.len() < 5);
    let kept = |text: Option<String>| text.unwrap_or_default();
    let digits = Some(digits).filter(|_| is_number);
    let email = Some(text.to_lowercase()).filter(|text| text.contains('@'));
    Ok(vec![kept(pattern), code, kept(digits), kept(phone), kept(email)])
}

/// The cursor behind a row.
pub(super) fn cursor(asked: &Asked, position: &Position) -> String {
    let direction = if asked.descending { "-" } else { "" };
    hex(&format!("g:{direction}{}:{}:{}", asked.column.name, position.id, text_of(&position.value)))
}

/// The row behind which a page of this order begins.
fn position(column: &Column, descending: bool, cursor: &str) -> Result<Position, Problem> {
    let read = |text: String| {
        let (order, rest) = text.strip_prefix("g:")?.split_once(':')?;
        let (id, value) = rest.split_once(':')?;
        let same = order.strip_prefix('-').unwrap_or(order) == column.name && order.starts_with('-') == descending;
        let value = of_text(column.sort?.kind, value)?;
        same.then_some(Position { value, id: id.parse().ok()? })
    };
    unhex(cursor).and_then(read).ok_or_else(strange_cursor)
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Words(words) => words.join(","),
        Value::Number(number) => number.to_string(),
        Value::Amount(amount) => amount.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Moment(moment) => moment.to_rfc3339(),
        Value::Day(day) => day.to_string(),
    }
}

fn of_text(kind: Kind, text: &str) -> Option<Value> {
    Some(match kind {
        // Postgres takes neither this character nor days so far away, and no row has them.
        Kind::Text => Value::Text(Some(text).filter(|text| !text.contains('\0'))?.to_owned()),
        Kind::Number => Value::Number(text.parse().ok()?),
        Kind::Amount => Value::Amount(text.parse::<Decimal>().ok()?),
        Kind::Flag => Value::Flag(text.parse().ok()?),
        Kind::Moment => Value::Moment(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc)),
        Kind::Day => Value::Day(text.parse().ok().filter(|day: &NaiveDate| (1..=9_999).contains(&day.year()))?),
        Kind::Words => return None,
    })
}

/// How many rows are asked for; of a file without a wish as many as a list may have.
pub(super) fn limit(text: Option<&str>, is_file: bool, settings: &Settings) -> Result<i64, Problem> {
    if is_file && given(text).is_none() {
        return Ok(settings.number("grid.max_rows")?);
    }
    Ok(paging::limit(text, settings)? as i64)
}
