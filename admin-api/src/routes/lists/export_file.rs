//! `GET /v1/exports/{id}/file`: an export that is done.
//!
//! Owns: the stream of its bytes.
//! Does not own: exports (`billing::grid`).
//! Always: one's own only, of a list that one may see; a part is in memory at a time.

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};
use billing::grid;
use futures_util::stream;

use crate::call_context::CallContext;
use crate::grids;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sheets::SheetFormat;
use crate::state::AppState;

/// The file of an export
#[utoipa::path(
    get, path = "/v1/exports/{id}/file", operation_id = "export_file", tag = "lists",
    params(("id" = i64, Path, description = "Identifier", example = 12)),
    responses((status = 200, description = "The file: `text/csv`, or an XLSX workbook", content(
        (String = "text/csv", example = json!("№,Код,Название\n17,C-000017,ООО «Строй Сервис»\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let export = super::own_export(&state, &context, &id).await?;
    let id = export.id;
    if export.state != "done" {
        let detail = Text::new(
            format!("Выгрузка ещё не готова: {}", export.state),
            format!("The export is not done: {}", export.state),
        );
        return Err(Problem::new(Code::InvalidTransition).because(detail));
    }
    let format: SheetFormat = export.format.parse().map_err(|()| Problem::new(Code::Internal))?;
    let size = grid::size(&state.store, id).await?;
    let store = state.store.clone();
    let parts = stream::try_unfold(0, move |number| {
        let store = store.clone();
        async move {
            let part = grid::chunk(&store, id, number).await?;
            Ok::<_, billing::StoreError>(part.map(|bytes| (Bytes::from(bytes), number + 1)))
        }
    });
    let length = [(CONTENT_LENGTH, size.to_string())];
    Ok((grids::file_headers(&export.list, format), length, Body::from_stream(parts)).into_response())
}
