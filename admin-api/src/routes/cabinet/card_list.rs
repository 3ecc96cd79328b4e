//! `GET /v1/cabinet/cards`: the client's linked cards.
//!
//! Owns: nothing.
//! Does not own: cards (`billing::autopayments`).
//! Always: his own, the oldest first; those that were unlinked are not among them.

use axum::Json;
use axum::extract::State;
use billing::autopayments;

use crate::cabinet_context::CabinetContext;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::autopay::LinkedCard;
use crate::state::AppState;

/// Your cards
#[utoipa::path(
    get, path = "/v1/cabinet/cards", operation_id = "cabinet_cards", tag = "cabinet",
    responses((status = 200, description = "All of them", body = List<LinkedCard>, example = json!({"items": [
        {"id": 3, "mask": "427600******1234", "expires": "2028-05-31", "linked_at": "2027-01-10T09:00:00Z", "linked": true}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
) -> Result<Json<List<LinkedCard>>, Problem> {
    let cards = autopayments::cards(&state.store, context.visitor.client_id).await?;
    let most = cards.len();
    Ok(Json(List::page(cards, most, |card| card.id.to_string()).map(LinkedCard::from)))
}
