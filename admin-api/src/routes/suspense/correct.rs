//! `PUT /v1/suspense/{id}/correction`: say what a record should read.
//!
//! Owns: what the request says.
//! Does not own: what is charged for it (recycling does that).
//! Always: the record stays as it came; only an open entry is corrected; no correction without a reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::suspense::{self, Correction, DISPOSITIONS};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Longest duration and largest record that make sense.
const BILLABLE_MS_MAX: i64 = 400 * 86_400_000;

/// Fields that replace those of the record; those that are not named stay. All empty: the correction is taken back. No `Debug`: numbers do not belong
/// into logs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedCorrection {
    /// Instead of the whole record, where it cannot be read: text in the format of its source.
    record: Option<String>,
    /// Source, where neither the record nor its message names one that is configured.
    source: Option<String>,
    /// Code of the account.
    account: Option<String>,
    /// Calling number.
    src: Option<String>,
    /// Dialled number.
    dst: Option<String>,
    /// The forwarding number.
    forwarded_from: Option<String>,
    /// Service.
    service: Option<String>,
    /// Set-up.
    #[schema(format = DateTime)]
    setup_at: Option<String>,
    /// Answer.
    #[schema(format = DateTime)]
    answer_at: Option<String>,
    /// End.
    #[schema(format = DateTime)]
    end_at: Option<String>,
    /// Duration that is billed, milliseconds.
    billable_ms: Option<i64>,
    /// Pieces of an event.
    quantity: Option<u64>,
    /// `answered`, `no_answer`, `busy`, `failed`, `cancelled`.
    disposition: Option<String>,
    /// Trunk that the call came in by.
    trunk_in: Option<String>,
    /// Trunk that the call went out by.
    trunk_out: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// An entry that was corrected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CorrectedView {
    /// The entry.
    id: i64,
    /// Whether it has a correction now.
    corrected: bool,
}

/// Correct a record in suspense
///
/// The correction is used when the record is tried again. The record itself is kept as it came, and its identity with it: a repeat is still a repeat.
#[utoipa::path(
    put, path = "/v1/suspense/{id}/correction", operation_id = "suspense_correct", tag = "suspense",
    params(
        ("id" = String, Path, description = "Number of the entry", example = "42"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = WantedCorrection, example = json!({"dst": "78201112233", "reason": "коммутатор прислал 8 вместо 7"})),
    responses((status = 200, description = "Corrected", body = CorrectedView, example = json!({"id": 42, "corrected": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<WantedCorrection>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let correction = wanted(&body.value)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("suspense_correct", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let corrected = correction != Correction::default();
    let done = suspense::correct(&mut change, number, corrected.then_some(&correction), reason).await?;
    if !done {
        return Err(not_open(suspense::one(&state.store, number).await?.map(|entry| entry.status)));
    }
    writes::commit(change, &CorrectedView { id: number, corrected }).await
}

fn not_open(status: Option<String>) -> Problem {
    let Some(status) = status else { return Problem::new(Code::NotFound) };
    let detail = Text::new(
        format!("Запись уже закрыта (`{status}`), исправлять поздно"),
        format!("The entry is settled (`{status}`); it is too late to correct it"),
    );
    Problem::new(Code::InvalidTransition).because(detail)
}

fn wanted(asked: &WantedCorrection) -> Result<Correction, Problem> {
    let word = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let instant = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::instant(pointer, text)).transpose()
    };
    if let Some(text) = given(asked.service.as_deref()) {
        inputs::service("/service", text)?;
    }
    if let Some(text) = given(asked.disposition.as_deref())
        && !DISPOSITIONS.contains(&text)
    {
        let words = DISPOSITIONS.join(", ");
        let known = Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}"));
        return Err(Problem::field("/disposition", known));
    }
    if asked.billable_ms.is_some_and(|ms| !(0..=BILLABLE_MS_MAX).contains(&ms)) {
        let range = Text::fixed("Ожидается длительность от 0 до 400 суток", "A duration of 0 to 400 days is expected");
        return Err(Problem::field("/billable_ms", range));
    }
    Ok(Correction {
        record: asked.record.clone().filter(|record| !record.trim().is_empty()),
        source: word("/source", &asked.source)?,
        account: word("/account", &asked.account)?,
        src: word("/src", &asked.src)?,
        dst: word("/dst", &asked.dst)?,
        forwarded_from: word("/forwarded_from", &asked.forwarded_from)?,
        service: word("/service", &asked.service)?,
        setup_at: instant("/setup_at", &asked.setup_at)?,
        answer_at: instant("/answer_at", &asked.answer_at)?,
        end_at: instant("/end_at", &asked.end_at)?,
        billable_ms: asked.billable_ms,
        quantity: asked.quantity,
        disposition: word("/disposition", &asked.disposition)?,
        trunk_in: word("/trunk_in", &asked.trunk_in)?,
        trunk_out: word("/trunk_out", &asked.trunk_out)?,
    })
}
