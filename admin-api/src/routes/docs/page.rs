//! `GET /docs`: the API, described for people, in Russian and English.
//!
//! Owns: which language is wanted, the address in its commands, sending the page.
//! Does not own: what is on it (`render`).
//! Always: made once from the document of this very program; of a request it says the address alone, by which it was asked for; it loads its own style sheet and
//! script and nothing else, and says so to the browser.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{render, tour};
use crate::extract::{Params, Spoken};
use crate::inputs::given;
use crate::language::{Language, Text};
use crate::problem::Problem;
use crate::state::AppState;

/// Pages and their parts are looked for again after a while: a new program has new ones.
pub(super) const CACHED: &str = "max-age=300";
/// What the page may load.
const OWN_FILES: &str = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static RUSSIAN: LazyLock<String> = LazyLock::new(|| render::page(Language::Russian));
static ENGLISH: LazyLock<String> = LazyLock::new(|| render::page(Language::English));

/// How the page is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `ru` or `en`; by `Accept-Language` when absent.
    #[param(example = "en")]
    language: Option<String>,
}

/// This API, described for people
#[utoipa::path(
    get, path = "/docs", operation_id = "docs", tag = "health",
    params(PageQuery),
    responses((status = 200, description = "A page", content_type = "text/html", body = String, example = json!("<!DOCTYPE html>")))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    headers: HeaderMap,
    Spoken(spoken): Spoken,
    Params(asked): Params<PageQuery>,
) -> Result<Response, Problem> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    answer(spoken, &asked, &address(host, state.is_behind_tls))
}

/// The address by which the page was asked for, if it is one that can be typed: what else a caller says of it does not get onto a page.
fn address(host: Option<&str>, is_behind_tls: bool) -> String {
    let is_plain = |host: &&str| {
        (1..=255).contains(&host.len())
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    let scheme = if is_behind_tls { "https" } else { "http" };
    host.filter(is_plain).map_or_else(|| tour::ADDRESS.to_owned(), |host| format!("{scheme}://{host}"))
}

fn answer(spoken: Language, asked: &PageQuery, address: &str) -> Result<Response, Problem> {
    let language = match given(asked.language.as_deref()) {
        None => spoken,
        Some("ru") => Language::Russian,
        Some("en") => Language::English,
        Some(_) => {
            let expected = Text::fixed("Ожидается одно из: ru, en", "One of these is expected: ru, en");
            return Err(Problem::field("/language", expected));
        }
    };
    let page = match language {
        Language::Russian => RUSSIAN.as_str(),
        Language::English => ENGLISH.as_str(),
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_LANGUAGE, language.as_str()),
        (CONTENT_SECURITY_POLICY, OWN_FILES),
        (CACHE_CONTROL, CACHED),
    ];
    Ok((headers, page.replace(tour::ADDRESS, address)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_speaks_the_language_that_is_asked_for() {
        for (spoken, asked, expected) in [
            (Language::English, None, Some("lang=\"en\"")),
            (Language::Russian, None, Some("lang=\"ru\"")),
            (Language::Russian, Some("en"), Some("lang=\"en\"")),
            (Language::Russian, Some("de"), None),
        ] {
            let asked = PageQuery { language: asked.map(str::to_owned) };
            let answer = answer(spoken, &asked, "https://billing.example.ru");
            assert_eq!(answer.is_ok(), expected.is_some());
            if let (Ok(response), Some(expected)) = (answer, expected) {
                assert!(response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("script-src 'self'"));
                let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
                let page = String::from_utf8_lossy(&page);
                assert!(page.contains(expected) && page.contains("API=https://billing.example.ru"));
            }
        }
    }

    #[test]
    fn commands_ask_the_server_that_the_page_came_from() {
        for (host, is_behind_tls, expected) in [
            (Some("billing.example.ru"), true, "https://billing.example.ru"),
            (Some("10.0.0.7:8080"), false, "http://10.0.0.7:8080"),
            (Some("[2001:db8::1]:8080"), false, "http://[2001:db8::1]:8080"),
            (Some("a\"><script>"), false, tour::ADDRESS),
            (Some("$(reboot)"), false, tour::ADDRESS),
            (Some(""), true, tour::ADDRESS),
            (None, true, tour::ADDRESS),
        ] {
            assert_eq!(address(host, is_behind_tls), expected, "{host:?}");
        }
    }
}
