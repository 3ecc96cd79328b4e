//! `DELETE /v1/me/sessions/{id}`: end another session of one's own.
//!
//! Owns: nothing.
//! Does not own: sessions (`billing::sign_in`).
//! Always: one's own alone; a session of somebody else is as good as none.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::sign_in;

use crate::call_context::CallContext;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// End a session of yours
#[utoipa::path(
    delete, path = "/v1/me/sessions/{id}", operation_id = "my_session_end", tag = "sign_in",
    params(("id" = i64, Path, description = "Identifier of the session", example = 7), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    responses((status = 200, description = "Ended", body = Numbered, example = json!({"id": 7})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let key = context.idempotency("my_session_end", &id, &[]);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    sign_in::end_session(&mut change, &context.staff, number).await?;
    writes::commit(change, &Numbered { id: number }).await
}
