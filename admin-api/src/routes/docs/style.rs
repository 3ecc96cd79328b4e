//! `GET /docs.css`: how the page for people looks.
//!
//! Owns: sending the file.
//! Does not own: the page (`page`).
//! Always: the same as long as the program runs.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// How /docs looks
#[utoipa::path(
    get, path = "/docs.css", operation_id = "docs_style", tag = "health",
    responses((status = 200, description = "A style sheet", content_type = "text/css", body = String, example = json!("body { margin: 0 }")))
)]
pub(crate) async fn handler() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, super::page::CACHED)];
    (headers, include_str!("assets/docs.css")).into_response()
}
