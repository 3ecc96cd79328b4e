//! `POST /v1/clients/{code}/destroy`: destroy what the history keeps of a cleaned client (A40).
//!
//! Owns: what the request says.
//! Does not own: the terms of the law (`billing::cleaning`).
//! Always: it cannot be undone; an act is left.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cleaning;

use super::Irrevocable;
use super::act::ActView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Destroy what the history keeps of a cleaned client
///
/// Possible after cleaning, `retention.calls_years` after the last usage and `retention.documents_years` after the last document, and not under a legal hold.
/// The lines of the history stay and still prove each other.
#[utoipa::path(
    post, path = "/v1/clients/{code}/destroy", operation_id = "client_destroy", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Irrevocable, example = json!({"confirm": "C-000001", "reason": "сроки истекли"})),
    responses((status = 200, description = "Destroyed; the act", body = ActView, example = json!({
        "id": 1, "made_at": "2031-07-02T10:00:00Z", "author": "admin", "reason": "сроки истекли", "lines": 1,
        "terms": {"calls_years": 3, "documents_years": 5, "last_usage": "2026-06-30", "last_posting": "2026-07-01"},
        "extract": [{"id": 17, "at": "2026-07-01T10:00:00Z", "login": "ivanova", "action": "client.create", "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Irrevocable>,
) -> Result<Response, Problem> {
    let (terms, zone) = super::terms(&*state.settings()?)?;
    super::confirmed(&body.value, &code)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("client_destroy", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let act = cleaning::destroy(&mut change, &code, terms, zone, reason).await?;
    writes::commit(change, &ActView::from(act)).await
}
