//! `GET /v1/staff/{login}/tokens`: tokens of a user.
//!
//! Owns: how they are shown.
//! Does not own: tokens (`billing::staff`).
//! Always: the newest first; never the token itself, which nobody knows but its owner.

use axum::Json;
use axum::extract::{Path, State};
use billing::staff::{self, Token};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::paging::List;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// Identifier.
    id: i64,
    /// What it is for.
    name: String,
    /// What it is narrowed to; `null`: all that its owner may.
    scopes: Option<Vec<String>>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// The moment from which it is no longer valid.
    expires_at: DateTime<Utc>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        let Token { id, name, scopes, created_at, created_by, expires_at, revoked_at } = token;
        Self { id, name, scopes, created_at, created_by, expires_at, revoked_at }
    }
}

/// Tokens of a user
#[utoipa::path(
    get, path = "/v1/staff/{login}/tokens", operation_id = "staff_token_list", tag = "staff",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova")),
    responses((status = 200, description = "All of them, the newest first", body = List<TokenView>, example = json!({
        "items": [{"id": 7, "name": "мониторинг", "scopes": ["import.view"], "created_at": "2026-07-01T10:00:00Z", "created_by": "petrova",
        "expires_at": "2026-09-29T10:00:00Z", "revoked_at": null}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(login): Path<String>,
) -> Result<Json<List<TokenView>>, Problem> {
    let tokens = staff::tokens(&state.store, &context.staff, &login, state.clock.now()).await?;
    let tokens = tokens.ok_or(Problem::new(Code::NotFound))?;
    let most = tokens.len();
    Ok(Json(List::page(tokens, most, |token| token.id.to_string()).map(TokenView::from)))
}
