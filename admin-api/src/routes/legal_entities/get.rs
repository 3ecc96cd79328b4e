//! `GET /v1/legal-entities/{code}`: the card of one of our companies.
//!
//! Owns: nothing.
//! Does not own: the card (`billing::entities`).
//! Always: the header ETag carries its revision.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::entities;

use super::EntityView;
use crate::problem::Problem;
use crate::state::AppState;

/// A legal entity
#[utoipa::path(
    get, path = "/v1/legal-entities/{code}", operation_id = "legal_entity_get", tag = "legal-entities",
    params(("code" = String, Path, description = "Code of the legal entity", example = "T")),
    responses((status = 200, description = "The card; the header ETag carries its revision", body = EntityView, example = json!({
        "code": "T", "name": "ООО «Телеком»", "kind": "legal", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195",
        "address": "Москва, ул. Ленина, 1", "email": "office@example.ru", "phone": "+7 495 200-02-00",
        "banks": [{"bank": "ПАО «Банк»", "bic": "044525225", "account": "40702810438000060473", "correspondent": "30101810400000000225"}],
        "currency": "RUB", "zone": "Europe/Moscow", "tax_regime": "general", "external_code": "T-001", "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "closed_at": null, "revision": 1
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let entity = entities::by_code(&state.store, &code).await?.ok_or_else(|| super::no_entity(&code))?;
    Ok(([(ETAG, format!("\"{}\"", entity.revision))], Json(EntityView::from(entity))).into_response())
}
