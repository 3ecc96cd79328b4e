//! `GET /v1/client-groups/{code}/members`: who belongs, belonged and will belong to a group.
//!
//! Owns: how a membership is shown.
//! Does not own: what the group has.
//! Always: the newest first; ended memberships are among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::terms::{MemberCard, members};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MembersQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Memberships on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A client in a group for a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    /// Code of the client.
    client: String,
    /// First moment; `null` = open.
    from: Option<DateTime<Utc>>,
    /// Moment after the last, as agreed; `null` = open.
    to: Option<DateTime<Utc>>,
    /// When somebody ended it.
    ended_at: Option<DateTime<Utc>>,
    /// Login of who entered it.
    author: String,
}

impl From<MemberCard> for MemberView {
    fn from(card: MemberCard) -> Self {
        Self { client: card.client, from: card.from, to: card.to, ended_at: card.ended_at, author: card.author }
    }
}

/// Members of a group
#[utoipa::path(
    get, path = "/v1/client-groups/{code}/members", operation_id = "member_list", tag = "terms",
    params(("code" = String, Path, description = "Code of the group", example = "partners"), MembersQuery),
    responses((status = 200, description = "Memberships, the newest first", body = List<MemberView>, example = json!({
        "items": [{"client": "C-000001", "from": "2026-07-01T10:00:00Z", "to": null, "ended_at": null, "author": "petrov"}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<MembersQuery>,
) -> Result<Json<List<MemberView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let code = inputs::word("/code", &code)?;
    let rows = members(&state.store, code, before, limit as i64 + 1).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(Json(List::page(rows, limit, |row| paging::cursor_of_id(row.id)).map(MemberView::from)))
}
