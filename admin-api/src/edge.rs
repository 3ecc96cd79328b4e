//! The outermost layer: what holds for every request, whatever it asks.
//!
//! Owns: the request id, the time limit, the shelter against panics, rendering of problems, security headers, the answer that nothing is new, the line
//! in the log.
//! Does not own: who asks and how often (`call_context`), web pages of others (`cors`), tags (`etag`), what is answered (`routes`).
//! Always: an error answer is a problem, also one that a library made; the log has the route's pattern, never a path or query with numbers in it.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::etag;
use crate::language::{self, Language};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Longest time that an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer says to a browser that shows it: load nothing for it, run nothing in it, let no other page take it.
const SECURITY: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
/// The same, where a page of ours may say something else.
const UNLESS_SAID: [(HeaderName, &str); 2] =
    [(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")];
/// Beginning of what switches ask.
const OF_SWITCHES: &str = "/switch/";
/// Two years, as lists of such hosts ask for.
const BY_TLS_ALONE: &str = "max-age=63072000";

/// Names a request in answers, logs and the audit.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The caller's own, if it is short and plain; else a new one.
    fn of(headers: &HeaderMap) -> Self {
        let plain = |text: &&str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        let own = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
        Self(own.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned))
    }
}

/// Answers every request, come what may.
pub(crate) async fn edge(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let language = language::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    // As many as calls begin: who wants to see each of them asks for it.
    let is_of_switch = route.starts_with(OF_SWITCHES);
    let span = tracing::info_span!("request", id = id.0, method = %request.method(), route);
    if let Some(value) = request.headers_mut().get_mut(AUTHORIZATION) {
        // Whoever prints the headers prints no token.
        value.set_sensitive(true);
    }
    request.extensions_mut().insert(id.clone());
    let known = etag::known(request.method(), request.headers());
    async move {
        let begun = Instant::now();
        let response = answer(request, next).await;
        let mut response = etag::unless_known(finish(response, language, &id), known.as_ref());
        if state.is_behind_tls {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(BY_TLS_ALONE));
        }
        let (status, elapsed_ms) = (response.status().as_u16(), begun.elapsed().as_millis() as u64);
        if is_of_switch && status < 500 {
            tracing::debug!(status, elapsed_ms, "answered");
        } else {
            tracing::info!(status, elapsed_ms, "answered");
        }
        response
    }
    .instrument(span)
    .await
}

/// What the routes answer, or the problem that they did not.
async fn answer(request: Request, next: Next) -> Response {
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(ANSWER_WITHIN, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a handler panicked; the message stands above");
            Problem::new(Code::Internal).into_response()
        }
        Err(_) => {
            tracing::warn!("no answer within {} s", ANSWER_WITHIN.as_secs());
            Problem::new(Code::Timeout).into_response()
        }
    }
}

/// Renders a problem, and puts on the headers that every answer has.
fn finish(mut response: Response, language: Language, id: &RequestId) -> Response {
    let status = response.status();
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = problem.or_else(|| {
        // Rejections of libraries are plain text; theirs is the status, ours the words.
        (status.is_client_error() || status.is_server_error()).then(|| Problem::of_status(status))
    });
    if let Some(problem) = problem {
        response = rendered(&problem, response, language, &id.0);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SAID {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The problem as an answer; headers of the bare one (`Allow`) stay.
fn rendered(problem: &Problem, bare: Response, language: Language, request_id: &str) -> Response {
    let (mut parts, _) = bare.into_parts();
    let (_, body) = Json(problem.body(language, request_id)).into_response().into_parts();
    parts.status = problem.code().status();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str()));
    match problem.code() {
        Code::Unauthorized | Code::WrongCredentials => {
            parts.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Code::TooManyAttempts => {
            // The last of the tries that count is a quarter of an hour old at the latest.
            parts.headers.insert(RETRY_AFTER, HeaderValue::from_static("900"));
        }
        Code::Unavailable => {
            parts.headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        _ => {}
    }
    if let Some(seconds) = problem.retry_seconds() {
        parts.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response::from_parts(parts, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_request_ids_are_taken_over() {
        for (given, kept) in [("abc-1.2_X", true), ("", false), ("a b", false), ("7495 1201031", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
            assert_eq!(RequestId::of(&headers).0 == given, kept, "{given:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(&"a".repeat(65)).unwrap());
        assert_eq!(RequestId::of(&headers).0.len(), 36);
    }

    #[test]
    fn a_plain_rejection_becomes_a_problem() {
        let bare = (axum::http::StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded").into_response();
        let response = finish(bare, Language::English, &RequestId("r-1".into()));
        assert_eq!(response.status().as_u16(), 413);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[CONTENT_LANGUAGE], "en");
        assert_eq!(response.headers()[REQUEST_ID], "r-1");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert!(response.headers().contains_key("cross-origin-resource-policy"));
    }

    #[test]
    fn a_page_may_say_what_it_loads() {
        let page = ([(CONTENT_SECURITY_POLICY, "default-src 'self'")], "page").into_response();
        let response = finish(page, Language::English, &RequestId("r-1".into()));
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
