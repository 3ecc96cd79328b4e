//! `GET /v1/client-groups`: groups of clients.
//!
//! Owns: how a group is shown.
//! Does not own: who belongs to it (`member_list`), what it says (`group_get`).
//! Always: the newest first.

use axum::Json;
use axum::extract::State;
use billing::terms::{GroupCard, groups};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::word;
use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which groups.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupsQuery {
    /// To which this client belongs now.
    client: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Groups on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A group of clients.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupView {
    /// Code.
    code: String,
    /// Title.
    title: String,
    /// Members of now.
    members: i64,
    /// Since when it is closed.
    closed_at: Option<DateTime<Utc>>,
}

impl From<GroupCard> for GroupView {
    fn from(card: GroupCard) -> Self {
        Self { code: card.code, title: card.title, members: card.members, closed_at: card.closed_at }
    }
}

/// Groups of clients
#[utoipa::path(
    get, path = "/v1/client-groups", operation_id = "group_list", tag = "terms",
    params(GroupsQuery),
    responses((status = 200, description = "Groups, the newest first", body = List<GroupView>, example = json!({
        "items": [{"code": "partners", "title": "Партнёры", "members": 12, "closed_at": null}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<GroupsQuery>,
) -> Result<Json<List<GroupView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let client = word("/client", asked.client.as_deref())?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let rows = groups(&state.store, client.as_deref(), state.clock.now(), before, limit as i64 + 1).await?;
    Ok(Json(List::page(rows, limit, |row| paging::cursor_of_id(i64::from(row.id))).map(GroupView::from)))
}
