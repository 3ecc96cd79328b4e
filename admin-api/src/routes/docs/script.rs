//! `GET /docs.js`: the search box of the page for people.
//!
//! Owns: sending the file.
//! Does not own: the page (`page`), which can be read without it.
//! Always: the same as long as the program runs.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// The search box of /docs
#[utoipa::path(
    get, path = "/docs.js", operation_id = "docs_script", tag = "health",
    responses((status = 200, description = "A script", content_type = "text/javascript", body = String, example = json!("\"use strict\";")))
)]
pub(crate) async fn handler() -> Response {
    let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, super::page::CACHED)];
    (headers, include_str!("assets/docs.js")).into_response()
}
