//! `GET /v1/contract-templates/{code}`: a template of contracts with its newest text.
//!
//! Owns: nothing.
//! Does not own: templates (`billing::contracts`).
//! Always: the header ETag carries its revision; a closed one can be read.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::contracts;

use super::TemplateView;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A template of contracts
#[utoipa::path(
    get, path = "/v1/contract-templates/{code}", operation_id = "contract_template_get", tag = "contracts",
    params(("code" = String, Path, description = "Code of the template", example = "services")),
    responses((status = 200, description = "The card; the header ETag carries its revision", body = TemplateView, example = json!({
        "code": "services", "title": "Договор об оказании услуг связи", "legal_entity": "T", "language": "ru", "version": 2,
        "body": "Договор № {{contract.number}}", "groups": ["partners"], "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": null, "revision": 3
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let template = contracts::template(&state.store, &code).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(super::with_etag(template.revision, TemplateView::from(template)))
}
