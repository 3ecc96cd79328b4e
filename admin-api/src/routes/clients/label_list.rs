//! `GET /v1/labels`: labels of clients (B5).
//!
//! Owns: nothing.
//! Does not own: labels (`billing::clients`).
//! Always: by name.

use axum::Json;
use axum::extract::State;
use billing::clients;
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A label.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LabelView {
    /// Name.
    pub(crate) name: String,
}

/// Labels of clients
#[utoipa::path(
    get, path = "/v1/labels", operation_id = "label_list", tag = "clients",
    responses((status = 200, description = "All of them, by name", body = List<LabelView>, example = json!({"items": [{"name": "VIP"}, {"name": "Реферал"}], "next_cursor": null})))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<LabelView>>, Problem> {
    let labels = clients::labels(&state.store).await?;
    let most = labels.len();
    Ok(Json(List::page(labels, most, Clone::clone).map(|name| LabelView { name })))
}
