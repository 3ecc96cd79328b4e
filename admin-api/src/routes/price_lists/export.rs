//! `GET /v1/price-lists/{code}/export`: a list as CSV or XLSX.
//!
//! Owns: what is asked for, names and types of the file.
//! Does not own: the rows (`billing::price_lists`), the writing of sheets (`crate::sheets`).
//! Always: the columns are those that an import reads; imported again in the place of the list, the file changes nothing.

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use billing::price_lists;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rating::rate_text::Column;
use serde::Deserialize;
use utoipa::IntoParams;

use super::given;
use crate::extract::Params;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sheets::{self, SheetFormat};
use crate::state::AppState;

/// What is exported.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `csv` (default) or `xlsx`.
    #[param(example = "xlsx")]
    format: Option<String>,
    /// As the list is from this moment (RFC 3339) or day on; now, if empty.
    #[param(example = "2026-07-01")]
    at: Option<String>,
}

/// Export a price list
///
/// Rows in force at the moment and those announced for later.
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/export", operation_id = "price_list_export", tag = "prices",
    params(("code" = String, Path, description = "Code of the list", example = "retail"), ExportQuery),
    responses((status = 200, description = "The file: `text/csv`, or an XLSX workbook", content(
        (String = "text/csv", example = json!("prefix,service,..,price,unit,billing,..\n7916,,..,1.5,60,60/60,..\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<ExportQuery>,
) -> Result<Response, Problem> {
    let format = match given(asked.format.as_deref()) {
        Some(text) => inputs::one_of("/format", text, SheetFormat::ALL.iter().map(|format| format.as_str()))?,
        None => SheetFormat::Csv,
    };
    let list = super::existing(&state, &code).await?;
    let zone = super::zone_of(&list);
    let at = given(asked.at.as_deref()).map(|text| inputs::moment("/at", text, zone, false)).transpose()?;
    let exported = price_lists::export(&state.store, &list.code, at.unwrap_or(state.clock.now())).await?;
    let exported = exported.ok_or_else(|| super::no_list(&code))?;
    if format == SheetFormat::Xlsx && exported.len() >= sheets::XLSX_ROWS_MAX {
        let detail = Text::fixed(
            "Строк больше, чем вмещает лист Excel; возьмите csv",
            "More rows than a sheet of Excel holds; take csv",
        );
        return Err(Problem::field("/format", detail));
    }
    let work = move || {
        let columns: Vec<&str> = exported.columns().iter().map(|column| column.as_str()).collect();
        let is_number = |index: usize| is_number(exported.columns()[index]);
        sheets::write(format, "prices", &columns, exported.rows(), is_number)
    };
    let written = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::new(Code::Internal))?;
    let bytes = written.map_err(|error| {
        tracing::error!("a sheet cannot be written: {error}");
        Problem::new(Code::Internal)
    })?;
    let name = utf8_percent_encode(&list.code, NON_ALPHANUMERIC);
    let disposition = format!("attachment; filename*=UTF-8''{name}.{format}");
    Ok(([(CONTENT_TYPE, format.content_type()), (CONTENT_DISPOSITION, disposition.as_str())], bytes).into_response())
}

/// Whether people calculate with a column.
const fn is_number(column: Column) -> bool {
    matches!(
        column,
        Column::Price
            | Column::Unit
            | Column::ConnectFee
            | Column::AttemptFee
            | Column::FreeSeconds
            | Column::Minimum
            | Column::Maximum
            | Column::Decimals
    )
}
