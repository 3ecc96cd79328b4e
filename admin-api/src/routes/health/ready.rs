//! `GET /ready`: the program can do its work.
//!
//! Owns: what has to be there.
//! Does not own: bringing it back.
//! Always: answers within three seconds, and names everything that is missing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Longest time that an engine may take to say that it is there.
const ENGINE_WITHIN: Duration = Duration::from_secs(2);

/// Everything is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ok`.
    status: &'static str,
    /// Version of the catalogue in force.
    catalogue_version: u64,
}

/// Whether the program can do its work
///
/// 503 with the code `unavailable` names in `errors` what is missing: `postgres`, `clickhouse`, `snapshot`.
#[utoipa::path(
    get, path = "/ready", operation_id = "ready", tag = "health",
    responses((status = 200, description = "It can", body = Ready, example = json!({"status": "ok", "catalogue_version": 7})))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<Ready>, Problem> {
    let (postgres, clickhouse) =
        tokio::join!(timeout(ENGINE_WITHIN, state.store.ping()), timeout(ENGINE_WITHIN, state.calls.ping()));
    let snapshot = state.catalogue.snapshot();
    let mut problem = Problem::new(Code::Unavailable);
    for (name, is_there) in [
        ("postgres", matches!(postgres, Ok(Ok(())))),
        ("clickhouse", matches!(clickhouse, Ok(Ok(())))),
        ("snapshot", snapshot.is_some()),
    ] {
        if !is_there {
            problem = problem.at(name, Text::fixed("Недоступно", "Not available"));
        }
    }
    match snapshot {
        Some(snapshot) if !problem.has_fields() => {
            Ok(Json(Ready { status: "ok", catalogue_version: snapshot.version }))
        }
        _ => Err(problem),
    }
}
