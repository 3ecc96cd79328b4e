//! `GET /v1/subscribers/{id}`: a subscriber (M12).
//!
//! Owns: nothing.
//! Does not own: subscribers (`billing::subscriptions`).
//! Always: the header ETag carries its revision.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::subscriptions;

use super::SubscriberView;
use crate::etag;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A subscriber
#[utoipa::path(
    get, path = "/v1/subscribers/{id}", operation_id = "subscriber_get", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the subscriber", example = 12)),
    responses((status = 200, description = "The subscriber; the header ETag carries its revision", body = SubscriberView, example = json!({
        "id": 12, "product_of_account": 7, "account": "A-000001", "product": "telephony", "number": "74951201031", "status": "in_work",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "reserved_from": "2026-07-01", "reserved_through": "2026-07-13",
        "activated_at": "2026-07-01T10:05:00Z", "closed_at": null, "closed_by": null, "closed_for": null, "close_reason": null, "replaces": null,
        "replaced_by": null, "revision": 2
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let card = subscriptions::subscriber(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(etag::shown(card.revision, &SubscriberView::from(card)))
}
