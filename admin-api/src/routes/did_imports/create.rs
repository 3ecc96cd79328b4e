//! `POST /v1/dids/imports`: bring in a file of ranges and numbers as a draft.
//!
//! Owns: what the request carries and what is answered.
//! Does not own: reading and comparing the file (`billing::numbers::import`).
//! Always: the draft changes no number; a file with faults is refused with all of them.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use billing::numbers::import;
use billing::price_lists::{FileFacts, SheetOptions};
use serde::Deserialize;
use utoipa::IntoParams;

use super::NumbersImported;
use crate::call_context::CallContext;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a file of numbers is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NumbersImportQuery {
    /// Name of the file.
    #[param(example = "numbers.xlsx")]
    file: Option<String>,
    /// Name of the sheet of a workbook; the first one.
    sheet: Option<String>,
    /// Words for the audit.
    reason: Option<String>,
}

/// Import a file of numbers
///
/// The body is the file: CSV or XLSX with a row of titles, up to 64 MB and 1,000,000 numbers. A row is one number (`number`, «номер») or a range (`from` and `to`, «от» и «до»;
/// with `code`, «АВС/DEF», as the state's registry of ABC and DEF codes writes them), and what is said of its numbers: `provider` («провайдер», code), `region` («регион», code
/// or name), `place` («место оказания услуг»), `kind` («вид»: ordinary or fmtn), `sale` («доступен для продажи»: yes or no), `price` («цена»). An empty cell says nothing, `-`
/// empties; a new number without a word is ordinary, for sale and of our own capacity. All faults come at once, each with row and column (the first 1,000). The summary tells how many
/// numbers are new, come back, change, and are the same already, and how many of them are of which class. Nothing is changed until the draft is applied.
#[utoipa::path(
    post, path = "/v1/dids/imports", operation_id = "did_import_create", tag = "numbers",
    params(
        NumbersImportQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = String, content_type = "text/csv", description = "The file", example = json!("от;до;провайдер;регион\n74951000000;74951009999;mtt;moscow\n")),
    responses((status = 201, description = "A draft", body = NumbersImported, example = json!({
        "id": 3, "state": "draft",
        "summary": {"ranges": 1, "numbers": 10000, "new": 9990, "returned": 0, "changed": 4, "same": 6, "classes": {"bronze": 1874, "platinum": 11},
                    "read_as": "csv ; utf-8", "columns": {"from": "A «от»", "to": "B «до»", "provider": "C «провайдер»", "region": "D «регион»"}, "ignored": []}
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Params(asked): Params<NumbersImportQuery>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let name = given(asked.file.as_deref()).map(|name| inputs::word("/file", name)).transpose()?.unwrap_or("numbers");
    let sheet =
        given(asked.sheet.as_deref()).map(|name| inputs::word("/sheet", name).map(str::to_owned)).transpose()?;
    let reason = inputs::party::text("/reason", asked.reason.as_deref().unwrap_or_default(), 1_000)?;
    let file = FileFacts::of(name, &body);
    let key = context.idempotency("did_import_create", &query.unwrap_or_default(), &file.sha256);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let options = SheetOptions { sheet, ..SheetOptions::default() };
    let staged = import::stage(&mut change, &file, body, options, &reason).await?;
    let summary = serde_json::to_value(&staged.summary).map_err(|_| Problem::new(Code::Internal))?;
    writes::created(change, &NumbersImported { id: staged.id, state: "draft", summary: Some(summary) }).await
}
