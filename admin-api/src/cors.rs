//! Which web pages may ask from a browser.
//!
//! Owns: what an origin is, and what is allowed to those of the command line.
//! Does not own: who may ask what: a page needs a token like everybody else.
//! Always: without an origin no header of CORS at all; never `*`, and no cookies; a preflight needs no token.

use std::time::Duration;

use axum::http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::limits::{RATELIMIT, RATELIMIT_POLICY};

/// How long a browser remembers what it was allowed.
const REMEMBERED_FOR: Duration = Duration::from_mins(10);

/// The origin of a web page: scheme, host and port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin(HeaderValue);

/// What is no origin.
#[derive(Debug, thiserror::Error)]
#[error(
    "an origin is expected, as a browser sends it: https://billing.example.ru, without a path or a slash at the end"
)]
pub struct NoOrigin;

impl std::str::FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let uri: Uri = text.parse().map_err(|_| NoOrigin)?;
        let (scheme, authority) = (uri.scheme_str().ok_or(NoOrigin)?, uri.authority().ok_or(NoOrigin)?);
        let whole = format!("{scheme}://{authority}");
        let plain = matches!(scheme, "https" | "http") && !authority.as_str().contains(['@', '*']);
        // A path, a query, a slash at the end or a capital letter: a browser never sends it so.
        if !plain || whole != text || text.to_ascii_lowercase() != text {
            return Err(NoOrigin);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| NoOrigin)
    }
}

/// What pages of these origins may; `None`: there are none.
pub(crate) fn layer(origins: &[Origin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let request_id = HeaderName::from_static("x-request-id");
    let asked = [
        AUTHORIZATION,
        CONTENT_TYPE,
        IF_MATCH,
        IF_NONE_MATCH,
        HeaderName::from_static("idempotency-key"),
        ACCEPT_LANGUAGE,
        request_id.clone(),
    ];
    let told = [
        ETAG,
        HeaderName::from_static("idempotent-replayed"),
        request_id,
        RETRY_AFTER,
        RATELIMIT,
        RATELIMIT_POLICY,
        CONTENT_DISPOSITION,
    ];
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().map(|origin| origin.0.clone())))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(asked)
        .expose_headers(told)
        .max_age(REMEMBERED_FOR);
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, fits) in [
            ("https://billing.example.ru", true),
            ("http://127.0.0.1:3000", true),
            ("https://billing.example.ru/", false),
            ("https://billing.example.ru/app", false),
            ("https://Billing.example.ru", false),
            ("https://user@example.ru", false),
            ("https://*.example.ru", false),
            ("ftp://example.ru", false),
            ("billing.example.ru", false),
            ("null", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Origin>().is_ok(), fits, "{text:?}");
        }
        assert!(layer(&[]).is_none());
    }
}
