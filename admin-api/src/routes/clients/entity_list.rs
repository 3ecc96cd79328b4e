//! `GET /v1/clients/{code}/legal-entities`: to which of our companies a client is connected (B12).
//!
//! Owns: how a connection is shown.
//! Does not own: connections (`billing::entities`).
//! Always: by code; closed companies only where he was connected once.

use axum::Json;
use axum::extract::{Path, State};
use billing::entities::{self, Connection};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A client and a legal entity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    /// Code of the legal entity.
    legal_entity: String,
    /// Its name.
    name: String,
    /// Whether the client is connected.
    enabled: bool,
    /// His active accounts there.
    accounts: i64,
    /// When it was switched; `null`: never.
    changed_at: Option<DateTime<Utc>>,
    /// By whom.
    changed_by: Option<String>,
}

impl From<Connection> for ConnectionView {
    fn from(connection: Connection) -> Self {
        let Connection { entity: legal_entity, name, enabled, accounts, changed_at, changed_by } = connection;
        Self { legal_entity, name, enabled, accounts, changed_at, changed_by }
    }
}

/// Legal entities of a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/legal-entities", operation_id = "client_entity_list", tag = "legal-entities",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them, by code", body = List<ConnectionView>, example = json!({
        "items": [{"legal_entity": "T", "name": "ООО «Телеком»", "enabled": true, "accounts": 1, "changed_at": "2026-07-01T10:00:00Z", "changed_by": "ivanova"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<ConnectionView>>, Problem> {
    let connections = entities::connections(&state.store, &code).await?.ok_or_else(|| super::no_client(&code))?;
    let items = connections.into_iter().map(ConnectionView::from).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
