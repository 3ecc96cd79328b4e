//! Why bytes are no record, in both languages.
//!
//! Owns: the sentences of the JSON parser in Russian.
//! Does not own: what a field may hold (the decoders).
//! Always: nothing of the record but the few characters that the parser quotes; what is not translated stands as the parser says it.

use super::Undecodable;
use crate::text::{Said, clean};

impl Undecodable {
    /// A sentence that is always the same.
    pub(super) const fn fixed(russian: &'static str, english: &'static str) -> Self {
        Self(Said::fixed(russian, english))
    }

    /// A sentence that names something.
    pub(super) const fn new(russian: String, english: String) -> Self {
        Self(Said::new(russian, english))
    }

    /// A field that is not what it should be; `wanted` in both languages.
    pub(super) fn field(format: &str, field: &str, found: &str, wanted: (&str, &str)) -> Self {
        let found = clean(found);
        let (russian, english) = wanted;
        Self::new(
            format!("{format}: {field} `{found}` — не {russian}"),
            format!("{format}: {field} `{found}` is not {english}"),
        )
    }

    /// A field that may not be empty, and is.
    pub(super) fn empty(format: &str, field: &str) -> Self {
        Self::new(format!("{format}: поле {field} пустое"), format!("{format}: {field} is empty"))
    }

    /// What the parser says of a record of a format.
    pub(super) fn json(format: &str, error: &serde_json::Error) -> Self {
        let english = error.to_string();
        let said = english.rsplit_once(" at line ").map_or(&*english, |(said, _)| said);
        let russian = format!("{format}: {} (строка {}, столбец {})", in_russian(said), error.line(), error.column());
        Self::new(russian, format!("{format}: {english}"))
    }
}

/// What a number should be, in both languages.
pub(super) const NUMBER: (&str, &str) = ("число", "a number");
/// What a time should be, in both languages.
pub(super) const TIME: (&str, &str) = ("время", "a time");

/// What stands after the word or words, if the text begins with them.
type Rule = (&'static str, fn(&str) -> String);

const RULES: &[Rule] = &[
    ("missing field ", |field| format!("нет поля {field}")),
    ("duplicate field ", |field| format!("поле {field} стоит дважды")),
    ("unknown variant ", |rest| unknown(rest)),
    ("invalid type: ", |rest| instead(rest)),
    ("invalid value: ", |rest| instead(rest)),
    ("a time that is not RFC 3339", |_| "время записано не по RFC 3339".into()),
    ("a time beyond all calendars", |_| "такого времени нет ни в одном календаре".into()),
    ("EOF while parsing", |_| "запись обрывается".into()),
    ("trailing characters", |_| "после записи стоит что-то ещё".into()),
    ("control character", |_| "внутри строки стоит управляющий символ".into()),
    ("invalid number", |_| "число записано неверно".into()),
    ("number out of range", |_| "число слишком велико".into()),
    ("invalid escape", |_| "неверная последовательность после обратной косой черты".into()),
    ("key must be a string", |_| "имя поля должно быть строкой в кавычках".into()),
    ("expected ", |_| "запись не соответствует правилам JSON".into()),
];

fn in_russian(said: &str) -> String {
    let rule = RULES.iter().find_map(|(begins, say)| said.strip_prefix(begins).map(say));
    rule.unwrap_or_else(|| format!("разбор не удался: {said}"))
}

/// `` `smoke`, expected one of `a`, `b` ``.
fn unknown(rest: &str) -> String {
    match rest.split_once(", expected ") {
        Some((found, known)) => {
            let known = known.strip_prefix("one of ").unwrap_or(known).replace(" or ", ", ");
            format!("{found} не подходит; бывает: {known}")
        }
        None => format!("{rest} не подходит"),
    }
}

/// ``integer `-3`, expected u64``.
fn instead(rest: &str) -> String {
    let (found, wanted) = rest.split_once(", expected ").unwrap_or((rest, ""));
    let found = FOUND.iter().fold(found.to_owned(), |text, (english, russian)| text.replacen(english, russian, 1));
    let wanted = WANTED.iter().find(|(english, _)| *english == wanted).map_or(wanted, |(_, russian)| russian);
    format!("стоит {found}, а нужно: {wanted}")
}

const FOUND: &[(&str, &str)] = &[
    ("floating point", "дробное число"),
    ("integer", "целое число"),
    ("boolean", "логическое значение"),
    ("string", "строка"),
    ("sequence", "список"),
    ("map", "объект"),
];

const WANTED: &[(&str, &str)] = &[
    ("u8", "целое число от 0 до 255"),
    ("u32", "целое число от 0 до 4294967295"),
    ("u64", "целое число от 0"),
    ("i64", "целое число"),
    ("a boolean", "true или false"),
    ("a string", "строка"),
    ("an object", "объект"),
    ("an RFC 3339 time or milliseconds of the epoch", "время по RFC 3339 или миллисекунды эпохи"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_says_is_said_in_russian() {
        for (said, expected) in [
            ("missing field `dst`", "нет поля `dst`"),
            ("unknown variant `smoke`, expected one of `a`, `b`", "`smoke` не подходит; бывает: `a`, `b`"),
            ("unknown variant `up`, expected `out` or `in`", "`up` не подходит; бывает: `out`, `in`"),
            ("invalid value: integer `-3`, expected u64", "стоит целое число `-3`, а нужно: целое число от 0"),
            ("invalid type: sequence, expected an object", "стоит список, а нужно: объект"),
            ("EOF while parsing a string", "запись обрывается"),
            ("expected `,` or `}`", "запись не соответствует правилам JSON"),
            ("recursion limit exceeded", "разбор не удался: recursion limit exceeded"),
        ] {
            assert_eq!(in_russian(said), expected);
        }
    }
}
