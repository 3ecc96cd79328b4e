//! Lists in pages.
//!
//! Owns: limits, cursors, the envelope of a list.
//! Does not own: the order of a list (the query that fills it).
//! Always: a cursor is opaque to callers and checked when it comes back; a page has at most as many rows as the settings allow.

use billing::settings::Settings;
use serde::Serialize;
use utoipa::ToSchema;

use crate::calls::Position;
use crate::language::Text;
use crate::problem::{Code, Problem};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The rows.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; `null` on the last one.
    pub(crate) next_cursor: Option<String>,
    /// Rows of the whole list, where counting them is cheap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// Whether `total` is exact; else there are at least that many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_exact: Option<bool>,
}

impl<T> List<T> {
    /// The page of `rows`, which are one more than `limit` where another page follows.
    pub(crate) fn page(mut rows: Vec<T>, limit: usize, cursor_after: impl Fn(&T) -> String) -> Self {
        let next_cursor = (rows.len() > limit).then(|| {
            rows.truncate(limit);
            rows.last().map(cursor_after)
        });
        Self { items: rows, next_cursor: next_cursor.flatten(), total: None, total_exact: None }
    }

    /// The same list shown otherwise.
    pub(crate) fn map<U>(self, show: impl FnMut(T) -> U) -> List<U> {
        List {
            items: self.items.into_iter().map(show).collect(),
            next_cursor: self.next_cursor,
            total: self.total,
            total_exact: self.total_exact,
        }
    }
}

/// How many rows are asked for.
pub(crate) fn limit(text: Option<&str>, settings: &Settings) -> Result<usize, Problem> {
    let default = settings.number("grid.default_rows")?;
    let most = settings.number("grid.max_rows")?;
    limit_within(text, default, most)
}

/// The same between limits of its own.
pub(crate) fn limit_within(text: Option<&str>, default: i64, most: i64) -> Result<usize, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(usize::try_from(default).unwrap_or(100)) };
    let asked = text.parse::<u64>().ok().filter(|rows| *rows > 0);
    let asked = asked.ok_or_else(|| {
        Problem::field("/limit", Text::fixed("Ожидается целое число от 1", "A whole number from 1 is expected"))
    })?;
    if i64::try_from(asked).is_ok_and(|asked| asked <= most) {
        return Ok(asked as usize);
    }
    let detail = Text::new(format!("Не больше {most} строк"), format!("At most {most} rows"));
    Err(Problem::new(Code::LimitTooLarge).at("/limit", detail))
}

/// The cursor behind the row with this identifier.
pub(crate) fn cursor_of_id(id: i64) -> String {
    hex(&format!("i:{id}"))
}

/// The identifier in a cursor.
pub(crate) fn id_of_cursor(cursor: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(cursor) = cursor.filter(|text| !text.is_empty()) else { return Ok(None) };
    let id = unhex(cursor).and_then(|text| text.strip_prefix("i:")?.parse().ok());
    id.map(Some).ok_or_else(strange_cursor)
}

/// The cursor behind a row that is ordered by a text, then by its identifier.
pub(crate) fn cursor_of_keyed(key: &str, id: i64) -> String {
    hex(&format!("k:{id}:{key}"))
}

/// The text and identifier in a cursor.
pub(crate) fn keyed_of_cursor(cursor: Option<&str>) -> Result<Option<(String, i64)>, Problem> {
    let Some(cursor) = cursor.filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = |text: String| {
        let (id, key) = text.strip_prefix("k:")?.split_once(':')?;
        Some((key.to_owned(), id.parse().ok()?))
    };
    unhex(cursor).and_then(read).map(Some).ok_or_else(strange_cursor)
}

/// The cursor behind a call.
pub(crate) fn cursor_of_call(position: &Position) -> String {
    hex(&format!("c:{}:{}", position.started_ms, position.identity))
}

/// The call in a cursor.
pub(crate) fn call_of_cursor(cursor: Option<&str>) -> Result<Option<Position>, Problem> {
    let Some(cursor) = cursor.filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = |text: String| {
        let mut parts = text.strip_prefix("c:")?.split(':');
        let started_ms = parts.next()?.parse().ok()?;
        let identity = parts.next()?.to_owned();
        let whole = identity.len() == 32 && identity.bytes().all(|byte| byte.is_ascii_hexdigit());
        (whole && parts.next().is_none()).then_some(Position { started_ms, identity })
    };
    unhex(cursor).and_then(read).map(Some).ok_or_else(strange_cursor)
}

pub(crate) fn strange_cursor() -> Problem {
    let detail = Text::fixed(
        "Курсор не из этого списка; возьмите next_cursor предыдущей страницы",
        "The cursor is not of this list; take next_cursor of the page before",
    );
    Problem::field("/cursor", detail)
}

pub(crate) fn hex(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.bytes()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]])
        .map(char::from)
        .collect()
}

pub(crate) fn unhex(text: &str) -> Option<String> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        text.as_bytes().chunks(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        for (text, expected) in [
            (None, Ok(100)),
            (Some(""), Ok(100)),
            (Some("1"), Ok(1)),
            (Some("5000"), Ok(5000)),
            (Some("5001"), Err(Code::LimitTooLarge)),
            (Some("99999999999999999999"), Err(Code::Validation)),
            (Some("9999999999999999999"), Err(Code::LimitTooLarge)),
            (Some("0"), Err(Code::Validation)),
            (Some("-1"), Err(Code::Validation)),
            (Some("ten"), Err(Code::Validation)),
        ] {
            assert_eq!(limit_within(text, 100, 5000).map_err(|problem| problem.code()), expected, "{text:?}");
        }
    }

    #[test]
    fn cursors_survive_the_way_there_and_back() {
        assert_eq!(id_of_cursor(Some(&cursor_of_id(42))).unwrap(), Some(42));
        assert_eq!(id_of_cursor(None).unwrap(), None);
        let keyed = ("short:112".to_owned(), 7);
        assert_eq!(keyed_of_cursor(Some(&cursor_of_keyed(&keyed.0, keyed.1))).unwrap(), Some(keyed));
        let position = Position { started_ms: 1_751_364_000_123, identity: "0123456789ABCDEF".repeat(2) };
        assert_eq!(call_of_cursor(Some(&cursor_of_call(&position))).unwrap(), Some(position));
    }

    #[test]
    fn strange_cursors_are_refused() {
        for text in ["x", "zz", "abc", "00", "ёё", &cursor_of_id(1), &hex("c:1:short"), &hex("c:1:")] {
            assert!(call_of_cursor(Some(text)).is_err(), "{text}");
        }
        for text in ["zz", &hex("i:x"), &hex("c:1:2:3"), &hex("i:")] {
            assert!(id_of_cursor(Some(text)).is_err() && keyed_of_cursor(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_page_ends_where_the_next_begins() {
        let cursor = |row: &i64| cursor_of_id(*row);
        let full = List::page(vec![9, 8, 7], 2, cursor);
        assert_eq!((full.items, full.next_cursor), (vec![9, 8], Some(cursor_of_id(8))));
        let last = List::page(vec![9, 8], 2, cursor);
        assert_eq!((last.items, last.next_cursor), (vec![9, 8], None));
    }
}
