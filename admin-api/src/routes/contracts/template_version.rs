//! `GET /v1/contract-templates/{code}/versions/{version}`: a text that a template has or had.
//!
//! Owns: how a version is shown.
//! Does not own: templates (`billing::contracts`).
//! Always: what contracts were made of can be read as long as they can.

use axum::Json;
use axum::extract::{Path, State};
use billing::contracts::{self, TemplateVersion};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A version of a template.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateVersionView {
    /// Its number; the first is 1.
    version: i32,
    /// The text.
    body: String,
    /// Since when.
    created_at: DateTime<Utc>,
    /// Who wrote it.
    created_by: String,
}

impl From<TemplateVersion> for TemplateVersionView {
    fn from(found: TemplateVersion) -> Self {
        let TemplateVersion { version, body, created_at, created_by } = found;
        Self { version, body, created_at, created_by }
    }
}

/// A version of a template
#[utoipa::path(
    get, path = "/v1/contract-templates/{code}/versions/{version}", operation_id = "contract_template_version", tag = "contracts",
    params(("code" = String, Path, description = "Code of the template", example = "services"), ("version" = i32, Path, description = "Number of the version", example = 1)),
    responses((status = 200, description = "The version", body = TemplateVersionView, example = json!({
        "version": 1, "body": "Договор № {{contract.number}}", "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova"
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((code, version)): Path<(String, String)>,
) -> Result<Json<TemplateVersionView>, Problem> {
    let none = || Problem::new(Code::NotFound);
    let version = i32::try_from(inputs::id("/version", &version)?).map_err(|_| none())?;
    let found = contracts::template_version(&state.store, &code, version).await?.ok_or_else(none)?;
    Ok(Json(found.into()))
}
