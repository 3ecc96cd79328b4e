//! Tags of records: what somebody has seen, and whether it is still so.
//!
//! Owns: how a tag is written and compared.
//! Does not own: revisions (the rooms of `billing`), what a stale write means (`call_context` reads it, the rooms refuse it).
//! Always: `If-Match` looks at the revision alone, which is what a change may overwrite; `If-None-Match` at all that is shown, as a balance moves without
//! a revision.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use crate::problem::{Code, Problem};

/// An answer that shows a record, with its tag.
pub(crate) fn shown<T: Serialize>(revision: i64, view: &T) -> Response {
    match serde_json::to_value(view) {
        Ok(body) => ([(ETAG, tag(revision, &body))], Json(body)).into_response(),
        Err(error) => {
            tracing::error!("an answer cannot be written: {error}");
            Problem::new(Code::Internal).into_response()
        }
    }
}

/// Puts the tag on the answer of a write, where its body says a revision.
pub(crate) fn put(headers: &mut HeaderMap, body: &Value) {
    let revision = body.get("revision").and_then(Value::as_i64);
    if let Some(value) = revision.and_then(|revision| HeaderValue::from_str(&tag(revision, body)).ok()) {
        headers.insert(ETAG, value);
    }
}

/// `"REVISION-DIGEST"`.
fn tag(revision: i64, body: &Value) -> String {
    let mut digest = DefaultHasher::new();
    body.to_string().hash(&mut digest);
    format!("\"{revision}-{:016x}\"", digest.finish())
}

/// The revision in a tag; without the digest it is one too.
pub(crate) fn revision(tag: &str) -> Option<i64> {
    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
    let number = match inside.split_once('-') {
        Some((number, digest)) => {
            let whole = !digest.is_empty() && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
            whole.then_some(number)?
        }
        None => inside,
    };
    number.parse().ok().filter(|number| *number >= 0)
}

/// What the caller of a reading request has already (`If-None-Match`).
pub(crate) fn known(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    if *method == Method::GET || *method == Method::HEAD { headers.get(IF_NONE_MATCH).cloned() } else { None }
}

/// The answer, or that nothing is new.
pub(crate) fn unless_known(response: Response, known: Option<&HeaderValue>) -> Response {
    let tag = response.headers().get(ETAG).and_then(|value| value.to_str().ok());
    let known = known.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = tag.is_some_and(|tag| {
        known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    });
    if !is_known || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tag_says_the_revision_and_all_that_is_shown() {
        let before = tag(3, &json!({"balance": "1"}));
        assert_eq!(revision(&before), Some(3));
        assert_ne!(before, tag(3, &json!({"balance": "2"})));
        assert_eq!(before, tag(3, &json!({"balance": "1"})));
        for (text, expected) in [
            ("\"7\"", Some(7)),
            ("\"7-00ff\"", Some(7)),
            ("7", None),
            ("\"-1\"", None),
            ("\"7-\"", None),
            ("\"7-xyz\"", None),
            ("W/\"7\"", None),
            ("\"1\", \"2\"", None),
            ("", None),
        ] {
            assert_eq!(revision(text), expected, "{text}");
        }
    }

    #[test]
    fn who_has_it_already_gets_no_body() {
        let response = || shown(3, &json!({"balance": "1"}));
        let tag = response().headers()[ETAG].to_str().unwrap().to_owned();
        for (known, status) in [
            (None, 200),
            (Some("\"3\"".to_owned()), 200),
            (Some(tag.clone()), 304),
            (Some(format!("W/{tag}")), 304),
            (Some(format!("\"1\", {tag}")), 304),
            (Some("*".to_owned()), 304),
        ] {
            let known = known.map(|text| HeaderValue::from_str(&text).unwrap());
            let answer = unless_known(response(), known.as_ref());
            assert_eq!(answer.status().as_u16(), status, "{known:?}");
            assert!(answer.headers().contains_key(ETAG));
            assert_eq!(answer.headers().contains_key(CONTENT_TYPE), status == 200);
        }
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        assert!(known(&Method::PUT, &headers).is_none() && known(&Method::GET, &headers).is_some());
    }

    #[test]
    fn writes_that_show_a_revision_have_a_tag_too() {
        let mut headers = HeaderMap::new();
        put(&mut headers, &json!({"code": "x"}));
        assert!(headers.is_empty());
        put(&mut headers, &json!({"code": "x", "revision": 4}));
        assert_eq!(revision(headers[ETAG].to_str().unwrap()), Some(4));
    }
}
