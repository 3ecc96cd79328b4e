//! `GET /v1/settings`: the settings.
//!
//! Owns: nothing.
//! Does not own: settings (`billing::settings`).
//! Always: as they stand in the database; a running program may have those of up to `snapshot.poll_seconds` ago.

use axum::Json;
use axum::extract::State;
use billing::settings;

use super::SettingView;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Settings
#[utoipa::path(
    get, path = "/v1/settings", operation_id = "setting_list", tag = "settings",
    responses((status = 200, description = "All of them, by key", body = List<SettingView>, example = json!({
        "items": [{"key": "did.quarantine_days", "value": "30", "description": "Days without calls before a number leaves quarantine"}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<SettingView>>, Problem> {
    let settings = settings::list(&state.store).await?;
    let most = settings.len();
    Ok(Json(List::page(settings, most, |setting| setting.key.clone()).map(SettingView::from)))
}
