//! `GET /docs`: the API, described for people, in Russian and English.
//!
//! Owns: which language is wanted, sending the page.
//! Does not own: what is on it (`render`).
//! Always: made once from the document of this very program; it loads its own style sheet and script and nothing else, and says so to the browser.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::render;
use crate::extract::{Params, Spoken};
use crate::inputs::given;
use crate::language::{Language, Text};
use crate::problem::Problem;

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
pub(crate) async fn handler(Spoken(spoken): Spoken, Params(asked): Params<PageQuery>) -> Result<Response, Problem> {
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
    Ok((headers, page).into_response())
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
            let answer = handler(Spoken(spoken), Params(asked)).await;
            assert_eq!(answer.is_ok(), expected.is_some());
            if let (Ok(response), Some(expected)) = (answer, expected) {
                assert!(response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("script-src 'self'"));
                let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
                assert!(String::from_utf8_lossy(&page).contains(expected));
            }
        }
    }
}
