//! What comes with a request, as types: query parameters and JSON bodies.
//!
//! Owns: reading them, and the problem that names the field when they cannot be read.
//! Does not own: what a field may hold (`inputs`).
//! Always: a field that nobody knows is refused, so that a misspelt filter is an error and not a longer list; no text has the character NUL, which
//! Postgres stores nowhere.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::language::{self, Language, Text};
use crate::problem::{Code, Problem};

/// Query parameters. `T` denies unknown fields and has texts only; `inputs` makes values of them.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        if let Some(name) = parts.uri.query().and_then(parameter_with_nul) {
            return Err(Problem::field(&format!("/{name}"), NO_NUL));
        }
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(value)| Self(value)).map_err(|rejection| unreadable("", &rejection.body_text()))
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
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| unreadable(&error.path().to_string(), &error.inner().to_string()))?;
    json.end().map_err(|error| unreadable("", &error.to_string()))?;
    if says_nul(bytes) {
        return Err(Problem::field("", NO_NUL));
    }
    Ok(value)
}

/// The problem of something that does not fit its type: `path` is where the reader stood, `message` what it said.
fn unreadable(path: &str, message: &str) -> Problem {
    let named = |before: &str| {
        let (_, rest) = message.split_once(before)?;
        rest.split_once('`').map(|(name, _)| name.to_owned())
    };
    if let Some(name) = named("unknown field `") {
        return Problem::field(&format!("/{name}"), Text::fixed("Неизвестное поле", "There is no such field"));
    }
    if let Some(name) = named("missing field `") {
        return Problem::field(&format!("/{name}"), Text::fixed("Поле обязательно", "The field is required"));
    }
    if let Some(name) = named("duplicate field `") {
        return Problem::field(&format!("/{name}"), Text::fixed("Поле указано дважды", "The field stands twice"));
    }
    let pointer = match path {
        // `?` is where a key was expected and there was none.
        "" | "." | "?" => String::new(),
        path => format!("/{}", path.replace('.', "/")),
    };
    Problem::field(&pointer, Text::new(format!("Не читается: {message}"), format!("This cannot be read: {message}")))
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

    fn blamed(problem: &Problem) -> String {
        let body = serde_json::to_value(problem.body(Language::English, "r")).unwrap();
        body["errors"][0]["pointer"].as_str().unwrap().to_owned()
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
            assert_eq!(blamed(&unreadable("", &rejection.body_text())), pointer, "{query}");
        }
    }
}
