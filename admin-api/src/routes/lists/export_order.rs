//! `POST /v1/exports`: a list as a file, made in the background (M65).
//!
//! Owns: what the request says.
//! Does not own: exports (`billing::grid`, `crate::grids`).
//! Always: the order is checked as a request for the list is, before it waits.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use billing::grid::{self, NewExport};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Spoken};
use crate::inputs::{self, given};
use crate::language::Language;
use crate::problem::Problem;
use crate::sheets::SheetFormat;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedExport {
    /// Name of the list: that of the operation without `_list`, with dashes.
    list: String,
    /// Parameters of a request for the list: filters and `sort`.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// `csv` (default) or `xlsx`.
    #[serde(default)]
    format: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Order a list as a file
///
/// Titles are in Russian, or in English by `Accept-Language`. `GET /v1/exports/{id}` tells how far it is.
#[utoipa::path(
    post, path = "/v1/exports", operation_id = "export_order", tag = "lists",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedExport, example = json!({"list": "clients", "query": {"label": "VIP", "sort": "-registered_at"}, "format": "xlsx", "reason": "отчёт за июль"})),
    responses((status = 201, description = "Ordered", body = Numbered, example = json!({"id": 12})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Spoken(language): Spoken,
    body: JsonBody<WantedExport>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let list = super::list_of(&context, &asked.list)?;
    let query = super::kept_query(list, &asked.query, &settings)?;
    let formats = || SheetFormat::ALL.iter().map(|format| format.as_str());
    let format = given(asked.format.as_deref()).map(|text| inputs::one_of::<SheetFormat>("/format", text, formats()));
    let format = format.transpose()?.unwrap_or(SheetFormat::Csv);
    let scopes: Vec<String> = context.staff.permissions.iter().map(|scope| scope.as_str().to_owned()).collect();
    let new = NewExport {
        list: list.name,
        query,
        format: format.as_str(),
        language: if language == Language::English { "en" } else { "ru" },
        scopes: &scopes,
        keep_hours: settings.number("export.keep_hours")?,
        per_user: settings.number("export.per_user")?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("export_order", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = grid::order(&mut change, &new, reason).await?;
    writes::created(change, &Numbered { id }).await
}
