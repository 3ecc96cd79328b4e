//! `GET /v1/parties/{id}`: a party.
//!
//! Owns: nothing.
//! Does not own: parties (`billing::parties`).
//! Always: the header ETag carries its revision.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::parties;

use super::PartyCardView;
use crate::call_context::CallContext;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A party
#[utoipa::path(
    get, path = "/v1/parties/{id}", operation_id = "party_get", tag = "parties",
    params(("id" = i64, Path, description = "Number of the party", example = 17)),
    responses((status = 200, description = "The party; the header ETag carries its revision", body = PartyCardView, example = json!({
        "id": 17, "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195", "region": "Москва",
        "city": "Москва", "legal_address": "Москва, ул. Ленина, 1", "status": "inactive", "status_at": "2026-07-01T10:00:00Z",
        "termination_date": "2020-05-01", "registered_at": "2002-07-22", "phone": null, "email": null, "passport": null, "updated_from": "registry",
        "updated_at": "2026-07-01T10:00:00Z", "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let party = parties::party(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    let etag = format!("\"{}\"", party.revision);
    Ok(([(ETAG, etag)], Json(PartyCardView::of(party, &context.staff))).into_response())
}
