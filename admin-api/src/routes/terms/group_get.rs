//! `GET /v1/client-groups/{code}`: a group of clients with all that it says (B10).
//!
//! Owns: nothing.
//! Does not own: who belongs to it (`member_list`).
//! Always: the header ETag carries its revision; a closed group can be read.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::terms;

use super::GroupCardView;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A group of clients
#[utoipa::path(
    get, path = "/v1/client-groups/{code}", operation_id = "group_get", tag = "terms",
    params(("code" = String, Path, description = "Code of the group", example = "partners")),
    responses((status = 200, description = "The card; the header ETag carries its revision", body = GroupCardView, example = json!({
        "code": "partners", "title": "Партнёры", "comment": "", "permits": ["may_stop_services", "may_resume_services"], "promo": "unsaid", "referral": "allow",
        "mailing_segment": "partners", "outage_calls": "unsaid", "members": 12, "created_at": "2026-07-01T10:00:00Z", "created_by": "petrov", "closed_at": null, "revision": 1
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let group = terms::group(&state.store, &code, state.clock.now()).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(([(ETAG, format!("\"{}\"", group.revision))], Json(GroupCardView::from(group))).into_response())
}
