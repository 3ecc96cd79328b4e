//! `POST /v1/price-lists/{code}/imports/{id}/roll-back`: take an import back.
//!
//! Owns: what the request says and what is answered.
//! Does not own: what may be taken back (`billing::price_lists`).
//! Always: no roll-back without a reason; the list is again exactly what it was before the import.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::price_lists;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::activate::RATED_CALLS_STAY;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Spoken};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RollBackWhy)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    pub(super) reason: Option<String>,
}

/// A list as it was before an import.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RolledBackView {
    /// Number of the import.
    id: i64,
    /// `rolled_back`.
    state: &'static str,
    /// Rows that are in force again.
    restored_rows: i64,
    /// Rows of the import that were withdrawn.
    withdrawn_rows: i64,
    /// Version of the catalogue.
    version: i64,
    /// What to know, if anything.
    notice: Option<String>,
}

/// Take an import back
///
/// Refused while a later import of the list is in force: that one is taken back first.
#[utoipa::path(
    post, path = "/v1/price-lists/{code}/imports/{id}/roll-back", operation_id = "price_import_roll_back", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ("id" = String, Path, description = "Number of the import", example = "12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Why, example = json!({"reason": "the provider sent a wrong file"})),
    responses((status = 200, description = "As before", body = RolledBackView, example = json!({
        "id": 12, "state": "rolled_back", "restored_rows": 0, "withdrawn_rows": 2, "version": 9,
        "notice": "Calls that were rated by the former prices keep theirs; to change that they are rated again"
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<Why>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let id = super::import_number(&id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("price_import_roll_back", &format!("{code} {id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = price_lists::roll_back(&mut change, code, id, reason).await?;
    let answer = RolledBackView {
        id,
        state: "rolled_back",
        restored_rows: done.restored,
        withdrawn_rows: done.withdrawn,
        version: done.version,
        notice: done.was_in_force.then(|| RATED_CALLS_STAY.spoken(language).to_owned()),
    };
    writes::commit(change, &answer).await
}
