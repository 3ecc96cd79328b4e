//! `POST /v1/approvals/{id}/evidence`: what speaks for a request, such as the client's consent.
//!
//! Owns: what the request says.
//! Does not own: which evidence a request needs (`billing::approvals`).
//! Always: with author and day; the evidence is its own reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::approvals::{self, EvidenceKind, NewEvidence};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Evidence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedEvidence {
    /// `client_consent` or `other`.
    kind: String,
    /// The words.
    text: String,
    /// Their day, `YYYY-MM-DD`; not to come.
    date: String,
    /// The number that the client was shown, where he agrees to one.
    #[serde(default)]
    number_shown: Option<i64>,
}

/// Add evidence to a request
#[utoipa::path(
    post, path = "/v1/approvals/{id}/evidence", operation_id = "approval_evidence_add", tag = "approvals",
    params(("id" = i64, Path, description = "Number of the request", example = 5), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedEvidence, example = json!({"kind": "client_consent", "text": "Согласны, письмо от 1 июля", "date": "2026-07-01", "number_shown": 6})),
    responses((status = 201, description = "Added", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<WantedEvidence>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let kind: EvidenceKind = inputs::one_of("/kind", &asked.kind, EvidenceKind::ALL.iter().map(|kind| kind.as_str()))?;
    let text = inputs::party::some_text("/text", &asked.text, 10_000)?;
    let day = inputs::day("/date", &asked.date)?;
    let today = state.clock.now().with_timezone(&state.settings()?.zone("billing.zone")?).date_naive();
    if day > today {
        return Err(Problem::field("/date", Text::fixed("Эта дата ещё не наступила", "The day is still to come")));
    }
    if asked.number_shown.is_some_and(|number| number < 0) {
        let expected = Text::fixed("Ожидается целое число от 0", "A whole number from 0 is expected");
        return Err(Problem::field("/number_shown", expected));
    }
    let new = NewEvidence { kind, text, day, number_shown: asked.number_shown };
    let key = context.idempotency("approval_evidence_add", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = approvals::add_evidence(&mut change, number, &new).await?;
    writes::created(change, &Numbered { id }).await
}
