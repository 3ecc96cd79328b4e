//! `GET /health`: the program runs.
//!
//! Owns: the answer.
//! Does not own: whether the engines are there (`ready`).
//! Always: asks nobody, so that an engine that is away never gets the program killed.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The program runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// `ok`.
    status: &'static str,
}

/// Whether the program runs
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "health",
    responses((status = 200, description = "It runs", body = Alive, example = json!({"status": "ok"})))
)]
pub(crate) async fn handler() -> Json<Alive> {
    Json(Alive { status: "ok" })
}
