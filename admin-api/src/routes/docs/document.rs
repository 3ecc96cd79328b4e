//! `GET /openapi.json`: the API, described for programs.
//!
//! Owns: sending the document.
//! Does not own: its contents.
//! Always: what `admin-api openapi` prints.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::openapi;

/// The document; it never changes while the program runs.
static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::openapi_json);

/// This document
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "health",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value, example = json!({"openapi": "3.1.0"})))
)]
pub(crate) async fn handler() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}
