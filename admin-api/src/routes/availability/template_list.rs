//! `GET /v1/clients/{code}/contract-templates`: templates of which a client may have a contract (B31, B42).
//!
//! Owns: how a template is shown.
//! Does not own: what is open to whom (`billing::availability`).
//! Always: by code; templates that are kept for others, or closed, are not among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::availability::{self, TemplateOffer};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// A template of which a client may have a contract.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateOfferView {
    /// Code.
    code: String,
    /// Title.
    title: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Language, `ru` or `en`.
    language: String,
    /// Newest version of the text.
    version: i32,
}

impl From<TemplateOffer> for TemplateOfferView {
    fn from(offer: TemplateOffer) -> Self {
        let TemplateOffer { code, title, issuer: legal_entity, language, version } = offer;
        Self { code, title, legal_entity, language, version }
    }
}

/// Templates of which a client may have a contract
#[utoipa::path(
    get, path = "/v1/clients/{code}/contract-templates", operation_id = "client_contract_template_list", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them, by code", body = List<TemplateOfferView>, example = json!({
        "items": [{"code": "services", "title": "Договор об оказании услуг связи", "legal_entity": "T", "language": "ru", "version": 2}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<TemplateOfferView>>, Problem> {
    let offers = availability::templates_for(&state.store, &code, state.clock.now()).await?;
    let offers = offers.ok_or_else(|| no_client(&code))?;
    let most = offers.len();
    Ok(Json(List::page(offers, most, |offer| offer.code.clone()).map(TemplateOfferView::from)))
}
