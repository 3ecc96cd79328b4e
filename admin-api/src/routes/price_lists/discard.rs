//! `POST /v1/price-lists/{code}/imports/{id}/discard`: discard a draft.
//!
//! Owns: what the request says and what is answered.
//! Does not own: which imports are drafts (`billing::price_lists`).
//! Always: no step without a reason; the discarded import stays in the history, its lines do not.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::price_lists;
use serde::Serialize;
use utoipa::ToSchema;

use super::roll_back::Why;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A draft that is none any more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Discarded {
    /// Number of the import.
    id: i64,
    /// `discarded`.
    state: &'static str,
}

/// Discard a draft
#[utoipa::path(
    post, path = "/v1/price-lists/{code}/imports/{id}/discard", operation_id = "price_import_discard", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ("id" = String, Path, description = "Number of the import", example = "12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Why, example = json!({"reason": "a newer file came"})),
    responses((status = 200, description = "Discarded", body = Discarded, example = json!({"id": 12, "state": "discarded"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<Why>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let id = super::import_number(&id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("price_import_discard", &format!("{code} {id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    price_lists::discard(&mut change, code, id, reason).await?;
    writes::commit(change, &Discarded { id, state: "discarded" }).await
}
