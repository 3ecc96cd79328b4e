//! `POST /v1/roll-backs`: take an import back.
//!
//! Owns: what the request says.
//! Does not own: what is taken back (the ingest executes the job).
//! Always: the dry run comes first; nothing changes before the job is executed.

use axum::extract::State;
use axum::response::Response;
use billing::rework::{Kind, Place, RollbackScope, Scope};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FiledView, filed};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;

/// Offsets of a partition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPlace {
    /// Name of the cluster, `main` unless the ingest runs with another.
    cluster: Option<String>,
    /// Topic.
    topic: String,
    /// Partition.
    partition: i32,
    /// First offset.
    from_offset: i64,
    /// Offset after the last.
    to_offset: i64,
}

/// Which import, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRollback {
    /// Number of the import that the records carry, as `GET /v1/imports` lists it.
    import: Option<u64>,
    /// Or where they stand.
    place: Option<WantedPlace>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Take an import back
///
/// Charges, balances, counters and statistics are as if it had never come, and its records can be sent again. First a dry run; then
/// `POST /v1/rework/{job}/execute`.
#[utoipa::path(
    post, path = "/v1/roll-backs", operation_id = "roll_back", tag = "rework",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedRollback, example = json!({
        "place": {"topic": "cdrs", "partition": 0, "from_offset": 1200, "to_offset": 4800}, "reason": "коммутатор прислал чужие записи"
    })),
    responses((status = 200, description = "Filed", body = FiledView, example = json!({"job": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedRollback>,
) -> Result<Response, Problem> {
    let scope = Scope::Import(wanted(&body.value)?);
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let job = (Kind::Rollback, &scope, reason);
    filed(&state, &context, ("roll_back", &body.bytes), job).await
}

fn wanted(asked: &WantedRollback) -> Result<RollbackScope, Problem> {
    match (asked.import, &asked.place) {
        (Some(import), None) if import > 0 => Ok(RollbackScope::Import(import)),
        (None, Some(place)) => {
            if place.from_offset < 0 || place.to_offset <= place.from_offset {
                let order = Text::fixed("Ожидается смещение больше первого", "An offset above the first is expected");
                return Err(Problem::field("/place/to_offset", order));
            }
            Ok(RollbackScope::Place(Place {
                cluster: place.cluster.clone().unwrap_or_else(|| "main".into()),
                topic: inputs::word("/place/topic", &place.topic)?.to_owned(),
                partition: place.partition,
                from_offset: place.from_offset,
                to_offset: place.to_offset,
            }))
        }
        _ => {
            let one = Text::fixed(
                "Укажите либо номер импорта (import, от 1), либо место (place)",
                "Either the number of the import (import, from 1) or its place is expected",
            );
            Err(Problem::field("/import", one))
        }
    }
}
