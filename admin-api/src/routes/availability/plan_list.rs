//! `GET /v1/clients/{code}/plans`: tariff plans that a client may have (B10).
//!
//! Owns: how a plan is shown.
//! Does not own: what is open to whom (`billing::availability`).
//! Always: by code; plans that are kept for others are not among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::availability::{self, PlanOffer};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// A tariff plan that a client may have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanOfferView {
    /// Code.
    code: String,
    /// Name.
    name: String,
}

impl From<PlanOffer> for PlanOfferView {
    fn from(offer: PlanOffer) -> Self {
        let PlanOffer { code, name } = offer;
        Self { code, name }
    }
}

/// Tariff plans that a client may have
#[utoipa::path(
    get, path = "/v1/clients/{code}/plans", operation_id = "client_plan_list", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them, by code", body = List<PlanOfferView>, example = json!({"items": [{"code": "basic", "name": "Базовый"}], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<PlanOfferView>>, Problem> {
    let offers = availability::plans_for(&state.store, &code, state.clock.now()).await?;
    let offers = offers.ok_or_else(|| no_client(&code))?;
    let most = offers.len();
    Ok(Json(List::page(offers, most, |offer| offer.code.clone()).map(PlanOfferView::from)))
}
