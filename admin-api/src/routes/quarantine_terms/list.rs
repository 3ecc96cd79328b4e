//! `GET /v1/quarantine-terms`: how long numbers have to be silent (A31).
//!
//! Owns: nothing but the answer.
//! Does not own: the terms.
//! Always: all of them; there are some dozens at most.

use axum::Json;
use axum::extract::State;
use billing::numbers;

use super::QuarantineTermsView;
use crate::problem::Problem;
use crate::state::AppState;

/// Terms of quarantine
///
/// A number has the term of its kind at its provider, else that of its kind, else the general one.
#[utoipa::path(
    get, path = "/v1/quarantine-terms", operation_id = "quarantine_term_list", tag = "numbers",
    responses((status = 200, description = "All of them", body = QuarantineTermsView, example = json!({
        "general_days": 30, "mobile_rest_days": 60,
        "items": [{"kind": "ordinary", "provider": "mtt", "days": 45, "changed_at": "2026-07-01T10:00:00Z", "changed_by": "ivanova"}]
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<QuarantineTermsView>, Problem> {
    let terms = numbers::terms(&state.store).await?;
    Ok(Json(super::shown(&*state.settings()?, terms)?))
}
