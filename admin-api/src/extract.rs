//! What comes with a request, as types: query parameters and JSON bodies.
//!
//! Owns: reading them.
//! Does not own: what a field may hold (`inputs`).
//! Always: a field that nobody knows is refused, so that a misspelt filter is an error and not a longer list; an object is written as one and not as an array
//! of its values; no text has the character NUL, which Postgres stores nowhere.

mod objects;
mod unfit;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Track;
use utoipa::ToSchema;

use crate::language::{self, Language, Text};
use crate::problem::{Code, Problem};

use objects::Objects;
pub(crate) use unfit::of_part;

/// Query parameters. `T` denies unknown fields and has texts only; `inputs` makes values of them.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        if let Some(name) = parts.uri.query().and_then(parameter_with_nul) {
            return Err(Problem::field(&format!("/{name}"), NO_NUL));
        }
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(value)| Self(value)).map_err(|rejection| unfit::query(&rejection.body_text()))
    }
}

/// What is said about the character that no text may have.
const NO_NUL: Text = Text::fixed("Символ NUL не допускается", "The character NUL is not allowed");

/// The name of the first parameter that has an encoded NUL.
fn parameter_with_nul(query: &str) -> Option<&str> {
    let strange = query.split('&').find(|pair| pair.contains("%00"))?;
    strange.split('=').next()
}

/// Whether JSON says the character NUL. As a byte of its own it is no JSON.
fn says_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = &rest[at + 1..];
        if rest.starts_with(b"u0000") {
            return true;
        }
        // What is escaped may be a backslash itself.
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

/// The language that the caller likes best.
pub(crate) struct Spoken(pub(crate) Language);

impl<S: Send + Sync> FromRequestParts<S> for Spoken {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(language::of(&parts.headers)))
    }
}

/// A JSON body, with its bytes for the idempotency key.
pub(crate) struct JsonBody<T> {
    /// What it says.
    pub(crate) value: T,
    /// How it says it.
    pub(crate) bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| Problem::of_status(rejection.status()))?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

/// A body that only says why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    pub(crate) reason: Option<String>,
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = Track::new();
    let read = T::deserialize(Objects(serde_path_to_error::Deserializer::new(&mut json, &mut track)));
    let stood = track.path();
    let value = read.map_err(|error| unfit::body(&stood, &error))?;
    json.end().map_err(|error| unfit::body(&stood, &error))?;
    if says_nul(bytes) {
        return Err(Problem::field("", NO_NUL));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: String,
        #[serde(default)]
        reason: Option<String>,
    }

    /// A body with bodies inside.
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nested {
        #[serde(default)]
        inner: Option<Asked>,
        #[serde(default)]
        edited: billing::Edit<Asked>,
        #[serde(default)]
        many: Vec<Asked>,
        #[serde(default)]
        flag: bool,
        #[serde(default)]
        count: u32,
    }

    fn said(problem: &Problem, language: Language) -> (String, String) {
        let body = serde_json::to_value(problem.body(language, "r")).unwrap();
        let text = |name: &str| body["errors"][0][name].as_str().unwrap().to_owned();
        (text("pointer"), text("detail"))
    }

    fn blamed(problem: &Problem) -> String {
        said(problem, Language::English).0
    }

    #[test]
    fn bodies_name_the_field_to_blame() {
        for (body, pointer) in [
            (r#"{"limit": "1", "resaon": "x"}"#, "/resaon"),
            (r#"{"reason": "x"}"#, "/limit"),
            (r#"{"limit": 1}"#, "/limit"),
            (r#"{"limit": "1", "limit": "2"}"#, "/limit"),
            (r#"{"limit": "1""#, ""),
            (r#"{"limit": "1"} x"#, ""),
            ("", ""),
        ] {
            assert_eq!(blamed(&parse::<Asked>(body.as_bytes()).unwrap_err()), pointer, "{body}");
        }
        let asked: Asked = parse(br#"{"limit": "1000"}"#).unwrap();
        assert_eq!((asked.limit.as_str(), asked.reason), ("1000", None));
    }

    #[test]
    fn the_field_to_blame_is_named_where_it_stands() {
        for (body, pointer, russian) in [
            (r#"{"inner": {"reason": "x"}}"#, "/inner/limit", "Поле обязательно"),
            (r#"{"inner": {"limit": "1", "extra": 1}}"#, "/inner/extra", "Неизвестное поле"),
            (r#"{"inner": {"limit": "1", "limit": "2"}}"#, "/inner/limit", "Поле указано дважды"),
            (r#"{"edited": {"limit": 1}}"#, "/edited/limit", "Ожидается строка, а не число 1"),
            (r#"{"many": [{"limit": "1"}, {"limit": null}]}"#, "/many/1/limit", "Ожидается строка, а не null"),
            (r#"{"many": [{"limit": "1", "a/b~": "2"}]}"#, "/many/0/a~1b~0", "Неизвестное поле"),
            (r#"{"many": [{"limit": "1", "a`, b": "2"}]}"#, "/many/0/a`, b", "Неизвестное поле"),
            (r#"{"inner": "missing field `x`"}"#, "/inner", "Ожидается объект, а не строка"),
            (r#"{"many": {}}"#, "/many", "Ожидается массив, а не объект"),
            (r#"{"flag": "yes"}"#, "/flag", "Ожидается true или false, а не строка"),
            (r#"{"count": -1}"#, "/count", "Ожидается целое число от 0 до 4294967295, а не число -1"),
            (r#"{"count": 1.5}"#, "/count", "Ожидается целое число от 0 до 4294967295, а не число 1.5"),
            // An array of values is no object.
            ("[]", "", "Ожидается объект, а не массив"),
            (r#"{"inner": ["1", null]}"#, "/inner", "Ожидается объект, а не массив"),
            (r#"{"edited": ["1", null]}"#, "/edited", "Ожидается объект, а не массив"),
            (r#"{"many": [{"limit": "1"}, ["1", null]]}"#, "/many/1", "Ожидается объект, а не массив"),
        ] {
            let problem = parse::<Nested>(body.as_bytes()).unwrap_err();
            assert_eq!(said(&problem, Language::Russian), (pointer.to_owned(), russian.to_owned()), "{body}");
            let english = said(&problem, Language::English).1;
            assert!(english.is_ascii() && !english.contains("invalid") && !english.contains("column"), "{english}");
        }
    }

    #[test]
    fn bodies_inside_are_read() {
        let body = br#"{"inner": null, "edited": {"limit": "2"}, "many": [{"limit": "3"}], "flag": true, "count": 4}"#;
        let read: Nested = parse(body).unwrap();
        let edited = read.edited.applied(None).map(|asked| asked.limit);
        assert_eq!((read.inner.is_none(), edited.as_deref(), read.many[0].limit.as_str()), (true, Some("2"), "3"));
        assert_eq!((read.flag, read.count), (true, 4));
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (body, line, russian) in [
            ("", 1, "столбец 0: тело пусто"),
            ("{\n  \"inner\": nil}", 2, "здесь ожидается значение JSON"),
            (r#"{"flag": true"#, 1, "тело обрывается"),
            (r#"{"flag": true} x"#, 1, "после значения стоит лишнее"),
            (r#"{"flag": true,}"#, 1, "лишняя запятая перед скобкой"),
            (r#"{"flag" true}"#, 1, "после имени поля нужно двоеточие"),
        ] {
            let problem = parse::<Nested>(body.as_bytes()).unwrap_err();
            let (pointer, detail) = said(&problem, Language::Russian);
            let begins = format!("Это не JSON: строка {line}, столбец ");
            assert!(pointer.is_empty() && detail.starts_with(&begins) && detail.ends_with(russian), "{body}: {detail}");
            assert!(said(&problem, Language::English).1.is_ascii());
        }
    }

    #[test]
    fn no_text_has_a_nul() {
        for (body, refused) in [
            (r#"{"limit": "a\u0000b"}"#, true),
            (r#"{"limit": "\\\u0000"}"#, true),
            (r#"{"limit": "\\u0000"}"#, false),
            (r#"{"limit": "\u0001 \" \\"}"#, false),
        ] {
            assert_eq!(parse::<Asked>(body.as_bytes()).is_err(), refused, "{body}");
        }
        assert_eq!(parameter_with_nul("a=1&b=x%00&c=%00"), Some("b"));
        assert_eq!(parameter_with_nul("a=%2500"), None);
    }

    #[test]
    fn misspelt_parameters_are_refused() {
        for (query, pointer) in [("limit=1&curser=x", "/curser"), ("reason=x", "/limit"), ("limit=1&limit=2", "/limit")]
        {
            let uri = format!("http://host/path?{query}").parse().unwrap();
            let rejection = Query::<Asked>::try_from_uri(&uri).unwrap_err();
            assert_eq!(blamed(&unfit::query(&rejection.body_text())), pointer, "{query}");
        }
    }
}
