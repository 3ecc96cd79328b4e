//! `GET /v1/providers/{code}`: the card of a provider.
//!
//! Owns: nothing.
//! Does not own: the card (`billing::providers`).
//! Always: the header ETag carries its revision.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::providers;

use super::ProviderView;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A provider
#[utoipa::path(
    get, path = "/v1/providers/{code}", operation_id = "provider_get", tag = "prices",
    params(("code" = String, Path, description = "Code of the provider", example = "mts")),
    responses((status = 200, description = "The card; the header ETag carries its revision", body = ProviderView, example = json!({
        "code": "mts", "name": "МТС", "trunks": ["mts-1", "mts-2"], "price_lists": ["wholesale"], "is_own": false, "revision": 1
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let provider = providers::by_code(&state.store, &code).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(([(ETAG, format!("\"{}\"", provider.revision))], Json(ProviderView::from(provider))).into_response())
}
