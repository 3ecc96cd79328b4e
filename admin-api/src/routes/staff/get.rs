//! `GET /v1/staff/{login}`: a user.
//!
//! Owns: how a card is shown.
//! Does not own: whom a caller may see (`billing::staff`).
//! Always: rights of his own are shown with who gave them and until when.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;
use serde::Serialize;
use utoipa::ToSchema;

use super::{GrantView, StaffView};
use crate::call_context::CallContext;
use crate::etag;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A user with his own rights.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffCardView {
    #[serde(flatten)]
    user: StaffView,
    /// Rights beside the roles.
    own_permissions: Vec<GrantView>,
}

/// A user
#[utoipa::path(
    get, path = "/v1/staff/{login}", operation_id = "staff_get", tag = "staff",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova")),
    responses((status = 200, description = "The user; the header ETag carries his revision", body = StaffCardView, example = json!({
        "login": "petrova", "name": "Анна Петрова", "email": "petrova@example.ru", "department": "support", "heads_department": false,
        "roles": ["support"], "permissions": ["account.view", "calls.view", "lock.edit"], "blocked_at": null, "block_reason": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "admin", "revision": 2,
        "own_permissions": [{"permission": "lock.edit", "given_by": "admin", "given_at": "2026-07-01T10:00:00Z", "until": "2026-08-01T00:00:00Z", "reason": "замещает"}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(login): Path<String>,
) -> Result<Response, Problem> {
    let card = staff::card(&state.store, &context.staff, &login, state.clock.now()).await?;
    let card = card.ok_or(Problem::new(Code::NotFound))?;
    let user = StaffView::from(&card);
    let own_permissions = card.own.into_iter().map(GrantView::from).collect();
    Ok(etag::shown(card.revision, &StaffCardView { user, own_permissions }))
}
