//! `GET /v1/me/sessions`: where one is signed in.
//!
//! Owns: how a session is shown.
//! Does not own: sessions (`billing::sign_in`).
//! Always: the newest first; never a token.

use axum::Json;
use axum::extract::State;
use billing::sign_in::{self, Session};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Identifier.
    id: i64,
    /// Whether it is the one of this request.
    this_one: bool,
    /// `password`, or `provider` of identities.
    way: String,
    /// Whether a second factor was shown; a provider answers for its own.
    second_factor: bool,
    /// Network address that it began from.
    address: String,
    /// What the program called itself.
    agent: String,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    last_seen_at: DateTime<Utc>,
    /// The moment at which it ends in any case.
    expires_at: DateTime<Utc>,
}

impl SessionView {
    fn of(session: Session, current: Option<i64>) -> Self {
        let Session { id, way, second_factor, address, agent, created_at, last_seen_at, expires_at } = session;
        let this_one = current == Some(id);
        Self { id, this_one, way, second_factor, address, agent, created_at, last_seen_at, expires_at }
    }
}

/// Where you are signed in
#[utoipa::path(
    get, path = "/v1/me/sessions", operation_id = "my_session_list", tag = "sign_in",
    responses((status = 200, description = "All that are valid, the newest first", body = List<SessionView>, example = json!({"items": [{
        "id": 7, "this_one": true, "way": "password", "second_factor": true, "address": "192.0.2.7", "agent": "Mozilla/5.0",
        "created_at": "2026-07-01T10:00:00Z", "last_seen_at": "2026-07-01T10:20:00Z", "expires_at": "2026-07-01T22:00:00Z"
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
) -> Result<Json<List<SessionView>>, Problem> {
    let sessions = sign_in::sessions(&state.store, &context.staff, state.clock.now()).await?;
    let (most, current) = (sessions.len(), context.staff.session);
    let list = List::page(sessions, most, |session| session.id.to_string());
    Ok(Json(list.map(|session| SessionView::of(session, current))))
}
