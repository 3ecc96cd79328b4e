//! `POST /v1/clients/{code}/work-as`: work in the cabinet as a client (B26).
//!
//! Owns: what the request says, the token's bits.
//! Does not own: what an employee may as a client (`billing::cabinet`).
//! Always: the token is in this answer and nowhere else; it opens the cabinet of this client alone, pays nothing (B11), and ends with its owner.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cabinet::{self, NewSession};

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::routes::cabinet::SessionMade;
use crate::state::AppState;
use crate::tokens;
use crate::writes::{self, Write};

/// Work as a client
///
/// The token opens the cabinet of this client for the minutes of the setting `work_as.minutes`. It may what the client may, without paying; what is done with
/// it is written down with both names. It ends with `DELETE /v1/cabinet/session`, with the block of its owner, and with his permission. There is no
/// `Idempotency-Key` here: the answer is kept nowhere.
#[utoipa::path(
    post, path = "/v1/clients/{code}/work-as", operation_id = "client_work_as", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    request_body(content = Reason, example = json!({"reason": "клиент не находит блокировку, звонок 1 июля"})),
    responses((status = 201, description = "Begun", body = SessionMade, example = json!({"token": "tollgate_work_as_..", "client": "C-000001", "expires_at": "2026-07-01T10:30:00Z"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    if context.idempotency("client_work_as", &code, &body.bytes).is_some() {
        let detail = Text::fixed(
            "Ответ с токеном нигде не хранится, повторить его нельзя: уберите заголовок",
            "The answer with the token is kept nowhere and cannot be repeated: leave the header out",
        );
        return Err(Problem::field("Idempotency-Key", detail));
    }
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let token = tokens::beginning_with(tokens::OF_WORK_AS)?;
    let new = NewSession { token: &token, minutes: state.settings()?.number("work_as.minutes")? };
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let expires_at = cabinet::work_as(&mut change, &context.staff, &code, new, reason).await?;
    writes::created(change, &SessionMade { token, client: code, expires_at }).await
}
