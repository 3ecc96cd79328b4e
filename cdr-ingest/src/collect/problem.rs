//! What a switch is answered when its request is refused.
//!
//! Owns: the codes, their statuses, the body (RFC 9457, in Russian or English).
//! Does not own: when a request is refused.
//! Always: the answer says what is wrong and what to do; nothing of the machine, no secret and no other source's name is in it.

use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rating::wording::Language;
use serde_json::json;

use crate::text::Said;

/// A refusal.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    said: Said,
    retry_after: Option<u64>,
    language: Language,
}

impl Problem {
    /// A refusal with this status.
    pub const fn new(status: StatusCode, code: &'static str, said: Said) -> Self {
        Self { status, code, said, retry_after: None, language: Language::Russian }
    }

    /// Nobody who may post here.
    pub const fn unauthorised() -> Self {
        let said = Said::fixed(
            "Неверные имя или секрет; укажите Authorization: Basic или Bearer этого источника",
            "The name or the secret is wrong; send Authorization: Basic or Bearer of this source",
        );
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", said)
    }

    /// Too many wrong secrets from one address.
    pub fn throttled(seconds: u64) -> Self {
        let said = Said::new(
            format!("Слишком много неверных секретов с этого адреса; повторите через {seconds} с"),
            format!("Too many wrong secrets from this address; try again in {seconds} s"),
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", said).after(seconds)
    }

    /// The caller is known, the source of the path is not.
    pub const fn unknown_source() -> Self {
        let said = Said::fixed(
            "Такого источника нет; путь — /v1/cdr/ИСТОЧНИК, источники — в collect.toml",
            "There is no such source; the path is /v1/cdr/SOURCE, sources are in collect.toml",
        );
        Self::new(StatusCode::NOT_FOUND, "unknown_source", said)
    }

    /// The body is no record.
    pub const fn not_a_record(said: Said) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "not_a_record", said)
    }

    /// The body or a record of it is too large.
    pub fn too_large(bytes: usize) -> Self {
        let said = Said::new(
            format!("Слишком велико: не больше {bytes} байт; пришлите меньше записей за раз"),
            format!("Too large: {bytes} bytes at most; send fewer records at a time"),
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", said)
    }

    /// The records cannot be kept now.
    pub const fn unavailable(said: Said, seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", said).after(seconds)
    }

    const fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same in the language that the caller likes best; Russian when it does not say.
    #[must_use]
    pub fn in_language_of(mut self, headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let place = |tag: &str| wanted.to_ascii_lowercase().find(tag).unwrap_or(usize::MAX);
        if place("en") < place("ru") {
            self.language = Language::English;
        }
        self
    }

    /// Its word.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Its status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:tollgate:problem:{}", self.code), "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(), "code": self.code, "detail": self.said.spoken(self.language),
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"tollgate\", charset=\"UTF-8\""));
        }
        response
    }
}
