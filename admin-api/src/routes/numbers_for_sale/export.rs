//! `GET /v1/numbers-for-sale/export`: the same numbers as a file, for the client (M17).
//!
//! Owns: the answer as a file.
//! Does not own: what the search says (`query`), the form of files (`grids`).
//! Always: the rows of the search under the same words; one that would leave rows out without being asked to is refused.

use axum::extract::State;
use axum::response::Response;

use super::query::SaleQuery;
use super::shown::NUMBERS;
use crate::extract::{Params, Spoken};
use crate::grids;
use crate::problem::Problem;
use crate::state::AppState;

/// Numbers for sale as a file
///
/// As the search, up to 5000 rows: without `limit` it has all of them or is refused. More than that is ordered as a file of the list of numbers.
#[utoipa::path(
    get, path = "/v1/numbers-for-sale/export", operation_id = "numbers_for_sale_export", tag = "numbers",
    params(SaleQuery),
    responses((status = 200, description = "The file", content(
        (String = "text/csv", example = json!("Номер,Регион,..\n74955550001,Москва,..\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Params(asked): Params<SaleQuery>,
) -> Result<Response, Problem> {
    let wanted = asked.file()?;
    let page = super::page(&state, &asked, true).await?;
    grids::page_answer(Some(wanted), &NUMBERS, page, &*state.settings()?, language).await
}
