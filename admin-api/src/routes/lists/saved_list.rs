//! `GET /v1/saved-filters`: filters that the caller keeps, and those that others share.
//!
//! Owns: the filters as callers write them.
//! Does not own: kept filters (`billing::grid`).
//! Always: one's own first; of lists that the caller may see only.

use axum::Json;
use axum::extract::State;
use billing::grid;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::SavedView;
use crate::call_context::CallContext;
use crate::extract::Params;
use crate::grids;
use crate::inputs::given;
use crate::problem::Problem;
use crate::state::AppState;

/// Which filters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SavedQuery {
    /// Of this list; of all when absent.
    #[param(example = "clients")]
    list: Option<String>,
}

/// Kept filters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedFilters {
    /// They.
    items: Vec<SavedView>,
}

/// Kept filters
#[utoipa::path(
    get, path = "/v1/saved-filters", operation_id = "saved_filters", tag = "lists",
    params(SavedQuery),
    responses((status = 200, description = "Filters, one's own first", body = SavedFilters, example = json!({"items": [
        {"id": 3, "list": "clients", "name": "Мои VIP", "query": {"mine": "true", "label": "VIP"}, "shared": false, "owner": "ivanova"}
    ]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Params(asked): Params<SavedQuery>,
) -> Result<Json<SavedFilters>, Problem> {
    let list = given(asked.list.as_deref());
    if let Some(name) = list {
        super::list_of(&context, name)?;
    }
    let mut saved = grid::saved_filters(&state.store, context.staff.id, list).await?;
    saved.retain(|saved| grids::by_name(&saved.list).is_some_and(|(_, needed)| context.staff.may(needed)));
    Ok(Json(SavedFilters { items: saved.into_iter().map(SavedView::from).collect() }))
}
