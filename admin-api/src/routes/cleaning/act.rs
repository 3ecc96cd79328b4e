//! `GET /v1/clients/{code}/destruction-act`: the act of destruction of a client's data (A40).
//!
//! Owns: how an act is shown.
//! Does not own: acts (`billing::cleaning`).
//! Always: it has no personal value in it.

use axum::Json;
use axum::extract::{Path, State};
use billing::cleaning::{self, Act};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::{Code, Problem};
use crate::state::AppState;

/// An act of destruction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActView {
    /// Number.
    id: i64,
    /// When.
    made_at: DateTime<Utc>,
    /// Login of who destroyed.
    author: String,
    /// Why.
    reason: String,
    /// Terms in years, and the days of the last usage, of the last line of the ledger and of the end of the last contract.
    terms: Value,
    /// Lines of the history whose personal values are gone.
    lines: i64,
    /// Those lines: number, moment, author, verb, digest of what is gone.
    extract: Value,
}

impl From<Act> for ActView {
    fn from(act: Act) -> Self {
        let Act { id, made_at, author, reason, terms, lines, extract } = act;
        Self { id, made_at, author, reason, terms, lines, extract }
    }
}

/// The act of destruction of a client's data
#[utoipa::path(
    get, path = "/v1/clients/{code}/destruction-act", operation_id = "client_destruction_act", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "The act", body = ActView, example = json!({
        "id": 1, "made_at": "2031-07-02T10:00:00Z", "author": "admin", "reason": "сроки истекли", "lines": 1,
        "terms": {"calls_years": 3, "documents_years": 5, "last_usage": "2026-06-30", "last_posting": "2026-07-01", "last_contract": null},
        "extract": [{"id": 17, "at": "2026-07-01T10:00:00Z", "login": "ivanova", "action": "client.create", "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Json<ActView>, Problem> {
    let act = cleaning::act(&state.store, &code).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(Json(ActView::from(act)))
}
