//! What does not fit its type, in words.
//!
//! Owns: the sentences about bodies and queries that cannot be read, and the pointer (RFC 6901) of the field to blame.
//! Does not own: reading (`extract`).
//! Always: the usual cases are said in both languages; a parser's own words stand only where nothing better is known; no text of the caller is said back.

use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::language::Text;
use crate::problem::Problem;

/// The problem of a JSON body: `path` is where the reader stood.
pub(super) fn body(path: &Path, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let whole = error.to_string();
    let said = whole.strip_suffix(&*format!(" at line {line} column {column}")).unwrap_or(&whole);
    match error.classify() {
        Category::Data => misfit(place(path), said),
        Category::Io | Category::Syntax | Category::Eof => no_json(said, line, column),
    }
}

/// The problem of a query. Its values are texts, so that only a name can be wrong; where the reader stood may be said before the sentence.
pub(super) fn query(said: &str) -> Problem {
    let sentences = ["unknown field `", "missing field `", "duplicate field `"];
    let begins = sentences.iter().find_map(|sentence| said.find(*sentence)).unwrap_or_default();
    misfit(Vec::new(), &said[begins..])
}

/// The problem of a part of a body that is read by itself, where the reader says what it says and not where it stood.
pub(crate) fn of_part(part: &str, said: &str) -> Problem {
    misfit(vec![part.to_owned()], said)
}

/// Where the reader stood, as far as names and numbers say it.
fn place(path: &Path) -> Vec<String> {
    let part = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } | Segment::Enum { variant: key } => Some(key.clone()),
        Segment::Unknown => None,
    };
    path.iter().filter_map(part).collect()
}

fn pointer(place: &[String]) -> String {
    let mut pointer = String::new();
    for part in place {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// The problem of what is JSON, and not what is expected.
fn misfit(mut place: Vec<String>, said: &str) -> Problem {
    if let Some(name) = named(said, "unknown field `") {
        // The reader of a body has learnt the name when it stumbles over it; that of a query says it alone.
        if place.last() != Some(&name) {
            place.push(name);
        }
        return Problem::field(&pointer(&place), Text::fixed("Неизвестное поле", "There is no such field"));
    }
    for (begins, detail) in [
        ("missing field `", Text::fixed("Поле обязательно", "The field is required")),
        ("duplicate field `", Text::fixed("Поле указано дважды", "The field stands twice")),
    ] {
        if let Some(name) = named(said, begins) {
            place.push(name);
            return Problem::field(&pointer(&place), detail);
        }
    }
    Problem::field(&pointer(&place), value(said))
}

/// The name that a sentence quotes behind its first words; backticks inside it are part of it.
fn named(said: &str, begins: &str) -> Option<String> {
    let rest = said.strip_prefix(begins)?;
    let ends = ["`, expected ", "`, there are no fields", "`"];
    let end = ends.iter().find_map(|end| rest.rfind(*end))?;
    Some(rest[..end].to_owned())
}

/// What is wrong with a value.
fn value(said: &str) -> Text {
    let parts = said.rsplit_once(", expected ");
    if let Some((_, words)) = parts.filter(|(before, _)| before.starts_with("unknown variant `")) {
        let words = words.trim_start_matches("one of ").replace(" or ", ", ").replace('`', "");
        return Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}"));
    }
    let found = parts.and_then(|(before, expected)| {
        let found = before.strip_prefix("invalid type: ").or_else(|| before.strip_prefix("invalid value: "))?;
        Some((found, expected))
    });
    let Some((found, expected)) = found else {
        return Text::new(format!("Не подходит: {said}"), format!("This does not fit: {said}"));
    };
    let ((ru, en), (ru_found, en_found)) = (as_expected(expected), as_found(found));
    Text::new(format!("Ожидается {ru}, а не {ru_found}"), format!("{en} is expected, not {en_found}"))
}

/// What serde expects, in both languages.
fn as_expected(words: &str) -> (String, String) {
    let both = |ru: &str, en: &str| (ru.to_owned(), en.to_owned());
    let of_bits = |least: String, most: String| {
        (format!("целое число от {least} до {most}"), format!("A whole number of {least} to {most}"))
    };
    match words {
        "a string" | "a borrowed string" => both("строка", "A string"),
        "a boolean" => both("true или false", "true or false"),
        "a sequence" => both("массив", "An array"),
        words if words == "a map" || words.starts_with("struct ") => both("объект", "An object"),
        "u8" => of_bits(u8::MIN.to_string(), u8::MAX.to_string()),
        "u16" => of_bits(u16::MIN.to_string(), u16::MAX.to_string()),
        "u32" => of_bits(u32::MIN.to_string(), u32::MAX.to_string()),
        "u64" | "usize" => of_bits(u64::MIN.to_string(), u64::MAX.to_string()),
        "i8" => of_bits(i8::MIN.to_string(), i8::MAX.to_string()),
        "i16" => of_bits(i16::MIN.to_string(), i16::MAX.to_string()),
        "i32" => of_bits(i32::MIN.to_string(), i32::MAX.to_string()),
        "i64" | "isize" => of_bits(i64::MIN.to_string(), i64::MAX.to_string()),
        words => both(words, words),
    }
}

/// What serde found, in both languages; of a text no more than that it is one, as it may be a secret in the wrong place.
fn as_found(words: &str) -> (String, String) {
    let both = |ru: &str, en: &str| (ru.to_owned(), en.to_owned());
    let quoted = |kind: &str| words.strip_prefix(kind)?.strip_prefix(" `")?.strip_suffix('`').map(str::to_owned);
    if let Some(number) = quoted("integer").or_else(|| quoted("floating point")) {
        return (format!("число {number}"), format!("the number {number}"));
    }
    if let Some(flag) = quoted("boolean") {
        return both(&flag, &flag);
    }
    match words {
        "null" => both("null", "null"),
        "sequence" => both("массив", "an array"),
        "map" => both("объект", "an object"),
        words if words.starts_with("string ") => both("строка", "a string"),
        words => both(words, words),
    }
}

/// The problem of what is no JSON at all.
fn no_json(said: &str, line: usize, column: usize) -> Problem {
    let (ru, en) = match said {
        said if said.starts_with("EOF ") && (line, column) == (1, 0) => ("тело пусто", "the body is empty"),
        said if said.starts_with("EOF ") => ("тело обрывается", "the body breaks off"),
        "trailing characters" => ("после значения стоит лишнее", "something stands behind the value"),
        "trailing comma" => ("лишняя запятая перед скобкой", "there is a comma too many before the bracket"),
        "expected `:`" => ("после имени поля нужно двоеточие", "a colon is expected behind the name of a field"),
        "expected `,` or `}`" | "expected `,` or `]`" => {
            ("нужна запятая или закрывающая скобка", "a comma or the closing bracket is expected")
        }
        "key must be a string" | "expected `\"`" => {
            ("имя поля пишется в двойных кавычках", "the name of a field stands in double quotes")
        }
        "invalid number" => ("так числа не пишутся", "numbers are not written so"),
        "number out of range" => ("число слишком велико", "the number is too great"),
        "recursion limit exceeded" => {
            ("слишком много скобок друг в друге", "too many brackets stand inside each other")
        }
        said if said.starts_with("control character") => {
            ("управляющий символ внутри строки", "a string has a control character in it")
        }
        "invalid escape"
        | "invalid unicode code point"
        | "lone leading surrogate in hex escape"
        | "unexpected end of hex escape" => (
            "в строке недопустимый символ или знак после \\",
            "a string has a character or an escape that does not exist",
        ),
        _ => ("здесь ожидается значение JSON", "a JSON value is expected here"),
    };
    let detail = Text::new(
        format!("Это не JSON: строка {line}, столбец {column}: {ru}"),
        format!("This is no JSON: line {line}, column {column}: {en}"),
    );
    Problem::field("", detail)
}
