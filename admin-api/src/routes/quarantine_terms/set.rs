//! `PUT /v1/quarantine-terms`: a term of quarantine of its own (A31).
//!
//! Owns: what the request says, and how long a term may be.
//! Does not own: the terms (`billing::numbers`).
//! Always: no change without a reason; it counts at once for every number that rests.

use std::ops::RangeInclusive;

use axum::extract::State;
use axum::response::Response;
use billing::numbers;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Days that a term may have.
const DAYS: RangeInclusive<u32> = 1..=3_650;

/// A wanted term.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedQuarantineTerm {
    /// `ordinary` or `fmtn`.
    kind: String,
    /// Code of the provider; without it the term is that of the kind everywhere else.
    provider: Option<String>,
    /// Days without calls, 1 to 3650; without it the wider term counts there again.
    days: Option<u32>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The term that was set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineTermSet {
    /// The kind.
    kind: &'static str,
    /// Code of the provider; `null` = everywhere else.
    provider: Option<String>,
    /// Days without calls; `null` = as the wider term says.
    days: Option<u32>,
}

/// Set a term of quarantine
///
/// Numbers that rest are judged by it from now on: a shorter one frees them in the next night. What is on the shelf already is judged by it, too.
#[utoipa::path(
    put, path = "/v1/quarantine-terms", operation_id = "quarantine_term_set", tag = "numbers",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedQuarantineTerm, example = json!({"kind": "ordinary", "provider": "mtt", "days": 45, "reason": "жалобы на звонки чужим"})),
    responses((status = 200, description = "Set", body = QuarantineTermSet, example = json!({"kind": "ordinary", "provider": "mtt", "days": 45})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedQuarantineTerm>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let kind = kind(&asked.kind)?;
    let provider = given(asked.provider.as_deref()).map(|code| inputs::word("/provider", code)).transpose()?;
    if asked.days.is_some_and(|days| !DAYS.contains(&days)) {
        let expected = Text::fixed("Ожидается число дней от 1 до 3650", "A number of days from 1 to 3650 is expected");
        return Err(Problem::field("/days", expected));
    }
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("quarantine_term_set", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    numbers::set_term(&mut change, kind, provider, asked.days.map(|days| days as i32), reason).await?;
    writes::commit(change, &QuarantineTermSet { kind, provider: provider.map(str::to_owned), days: asked.days }).await
}

fn kind(text: &str) -> Result<&'static str, Problem> {
    let known = numbers::KINDS.iter().copied().find(|kind| *kind == text);
    let kinds = numbers::KINDS.join(", ");
    known.ok_or_else(|| {
        let expected = Text::new(format!("Ожидается одно из: {kinds}"), format!("One of these is expected: {kinds}"));
        Problem::field("/kind", expected)
    })
}
