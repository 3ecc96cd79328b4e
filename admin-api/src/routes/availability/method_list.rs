//! `GET /v1/clients/{code}/payment-methods`: methods by which a client may pay (B32).
//!
//! Owns: how a method is shown.
//! Does not own: what is open to whom (`billing::availability`).
//! Always: by code; methods that are kept for others, switched off or closed are not among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::availability::{self, MethodOffer};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// A method by which a client may pay.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MethodOfferView {
    /// Code.
    code: String,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
    /// `cash`, `bank_transfer`, `card` or `other`.
    kind: String,
    /// Code of the legal entity that is paid.
    legal_entity: String,
}

impl From<MethodOffer> for MethodOfferView {
    fn from(offer: MethodOffer) -> Self {
        let MethodOffer { code, name_ru, name_en, kind, issuer: legal_entity } = offer;
        Self { code, name_ru, name_en, kind, legal_entity }
    }
}

/// Methods by which a client may pay
#[utoipa::path(
    get, path = "/v1/clients/{code}/payment-methods", operation_id = "client_payment_method_list", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them, by code", body = List<MethodOfferView>, example = json!({
        "items": [{"code": "cash_office", "name_ru": "Касса", "name_en": "Cash office", "kind": "cash", "legal_entity": "T"}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<MethodOfferView>>, Problem> {
    let offers = availability::methods_for(&state.store, &code, state.clock.now()).await?;
    let offers = offers.ok_or_else(|| no_client(&code))?;
    let most = offers.len();
    Ok(Json(List::page(offers, most, |offer| offer.code.clone()).map(MethodOfferView::from)))
}
