//! `POST /v1/price-lists/{code}/imports`: bring in a file of prices as a draft.
//!
//! Owns: what the request carries and what is answered.
//! Does not own: reading and comparing the file (`billing::price_lists`).
//! Always: the draft changes no price; a file with faults is refused with all of them and leaves nothing behind.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use billing::price_lists::{self, FileFacts};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::options::ImportQuery;
use crate::call_context::CallContext;
use crate::extract::Params;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// A draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Imported {
    /// Number of the import.
    id: i64,
    /// `draft`.
    state: &'static str,
    /// What it changes, in figures.
    summary: Value,
}

/// Import a file of prices
///
/// The body is the file: CSV or XLSX. Every row is validated; all faults come at once, each with row and column (the first 1,000 of them, and how many
/// there are). The draft can then be looked at by kind of difference and is put in force by its activation. Up to 64 MB.
#[utoipa::path(
    post, path = "/v1/price-lists/{code}/imports", operation_id = "price_import", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ImportQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = String, content_type = "text/csv", description = "The file", example = json!("Код;Цена\n7916;1,50\n")),
    responses((status = 200, description = "A draft", body = Imported, example = json!({
        "id": 12, "state": "draft",
        "summary": {"sheet_rows": 2, "prices": 2, "kinds": {"cheaper": 0, "changed": 0, "dearer": 1, "gone": 0, "new": 1, "unchanged": 0}, "untouched": 5,
                    "later": 0, "publishes": 2, "withdraws": 0, "bands_dropped": 0,
                    "rises": [{"prefix": "79", "before": "1.2", "after": "1.5", "percent": "25"}], "falls": [],
                    "read_as": "csv ; utf-8", "columns": {"prefix": "A «Код»", "price": "B «Цена»"}, "ignored": [], "losses": {"mts": 1},
                    "not_compared": []}
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    Params(asked): Params<ImportQuery>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let list = super::existing(&state, &code).await?;
    let order = asked.order(&list.code, super::zone_of(&list), content_type)?;
    let name = super::given(asked.file.as_deref()).map(|name| inputs::word("/file", name)).transpose()?;
    let file = FileFacts::of(name.unwrap_or_default(), &body);
    let subject = format!("{} {}", list.code, query.unwrap_or_default());
    let key = context.idempotency("price_import", &subject, &file.sha256);
    let snapshot = state.snapshot()?;
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let staged = price_lists::import(&mut change, order, file, body, Some(snapshot)).await?;
    let summary = serde_json::to_value(&staged.summary).map_err(|_| Problem::new(Code::Internal))?;
    writes::commit(change, &Imported { id: staged.id, state: "draft", summary }).await
}
