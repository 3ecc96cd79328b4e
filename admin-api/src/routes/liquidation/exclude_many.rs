//! `POST /v1/liquidation-exclusions`: the cells of the grid that somebody filled in (M59).
//!
//! Owns: what the request says, and what is answered of each row.
//! Does not own: the flag (`billing::liquidation`).
//! Always: each row by itself: what is refused leaves its former value and the other rows.

use axum::extract::State;
use axum::response::Response;
use billing::liquidation::{self, ExclusionError, Outcome, WantedExclusion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{COMMENT_CHARS_MAX, ExclusionView, neither};
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Spoken};
use crate::inputs;
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Most rows of a request.
const ROWS_MAX: usize = 1_000;

/// A row of the grid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExclusionRow {
    /// Code of the client.
    client: String,
    /// «Да» or «Нет».
    value: String,
    /// Words on it; the former ones stay when absent.
    #[serde(default)]
    comment: Option<String>,
}

/// Rows of the grid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExclusionRows {
    /// 1 to 1000 of them.
    rows: Vec<ExclusionRow>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// What became of a row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowResult {
    /// Code of the client.
    client: String,
    /// `applied`, `unchanged` or `refused`.
    outcome: &'static str,
    /// How it is now; `null`: there is no such client.
    now: Option<ExclusionView>,
    /// The code of a problem, where it was refused.
    code: Option<&'static str>,
    /// Why it was refused.
    detail: Option<String>,
}

/// What became of the rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowResults {
    /// In the order of the request.
    results: Vec<RowResult>,
}

/// Leave clients out of the letters about their liquidation, or not any more
#[utoipa::path(
    post, path = "/v1/liquidation-exclusions", operation_id = "liquidation_exclude_many", tag = "liquidation",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ExclusionRows, example = json!({
        "rows": [{"client": "C-000001", "value": "Да", "comment": "переоформляется"}, {"client": "C-000002", "value": "ликвидирован немножко"}], "reason": "сверка"
    })),
    responses((status = 200, description = "What became of each row", body = RowResults, example = json!({"results": [
        {"client": "C-000001", "outcome": "applied", "now": {"client": "C-000001", "value": "Да", "comment": "переоформляется", "revision": 5}, "code": null, "detail": null},
        {"client": "C-000002", "outcome": "refused", "now": {"client": "C-000002", "value": "Нет", "comment": "", "revision": 1}, "code": "validation",
         "detail": "Ожидается «Да» или «Нет»; осталось «Нет»"}
    ]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Spoken(language): Spoken,
    body: JsonBody<ExclusionRows>,
) -> Result<Response, Problem> {
    let asked = &body.value.rows;
    if asked.is_empty() || asked.len() > ROWS_MAX {
        let expected = Text::fixed("Ожидается от 1 до 1000 строк", "1 to 1000 rows are expected");
        return Err(Problem::field("/rows", expected));
    }
    let mut wanted = Vec::with_capacity(asked.len());
    for (at, row) in asked.iter().enumerate() {
        let client = inputs::word(&format!("/rows/{at}/client"), &row.client)?.to_owned();
        let pointer = format!("/rows/{at}/comment");
        let comment = row.comment.as_deref();
        let comment = comment.map(|text| inputs::party::text(&pointer, text, COMMENT_CHARS_MAX)).transpose()?;
        wanted.push(WantedExclusion { client, value: row.value.clone(), comment });
    }
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("liquidation_exclude_many", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let outcomes = liquidation::exclude_many(&mut change, &wanted, reason).await?;
    let results = wanted.into_iter().zip(outcomes).map(|(row, outcome)| shown(row.client, outcome, language)).collect();
    writes::commit(change, &RowResults { results }).await
}

fn shown(client: String, outcome: Outcome, language: Language) -> RowResult {
    let (outcome, now, refusal) = match outcome {
        Outcome::Applied(exclusion) => ("applied", Some(exclusion), None),
        Outcome::Unchanged(exclusion) => ("unchanged", Some(exclusion), None),
        Outcome::Refused(ExclusionError::Value(stands)) => {
            let why = neither(stands.excluded).spoken(language).to_owned();
            ("refused", Some(stands), Some((Code::Validation, why)))
        }
        Outcome::Refused(error) => {
            let code = Problem::from(error).code();
            ("refused", None, Some((code, code.title().spoken(language).to_owned())))
        }
    };
    let (code, detail) = refusal.map(|(code, why)| (code.as_str(), why)).unzip();
    let now = now.map(|exclusion| ExclusionView::of(&client, exclusion));
    RowResult { client, outcome, now, code, detail }
}
