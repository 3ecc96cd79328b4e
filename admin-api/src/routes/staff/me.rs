//! `GET /v1/me`: who one is, and what one may by the token of the request.
//!
//! Owns: nothing.
//! Does not own: rights (`billing::staff`).
//! Always: any valid token is enough.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::names;
use crate::call_context::CallContext;

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// Login.
    login: String,
    /// Codes of roles.
    roles: Vec<String>,
    /// What he may by this token.
    permissions: Vec<&'static str>,
}

/// Yourself, and what you may
#[utoipa::path(
    get, path = "/v1/me", operation_id = "me", tag = "staff",
    responses((status = 200, description = "The caller", body = Me, example = json!({
        "login": "petrova", "roles": ["support"], "permissions": ["account.view", "calls.view"]
    })))
)]
pub(crate) async fn handler(context: CallContext) -> Json<Me> {
    let staff = context.staff;
    Json(Me { permissions: names(&staff.permissions), login: staff.login, roles: staff.roles })
}
