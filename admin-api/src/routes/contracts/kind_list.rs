//! `GET /v1/contract-kinds`: kinds of contracts.
//!
//! Owns: how a kind is shown.
//! Does not own: kinds (`billing::contracts`).
//! Always: by code.

use axum::Json;
use axum::extract::State;
use billing::contracts::{self, ContractKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A kind of contracts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContractKindView {
    /// Code.
    code: String,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
}

impl From<ContractKind> for ContractKindView {
    fn from(kind: ContractKind) -> Self {
        let ContractKind { code, name_ru, name_en } = kind;
        Self { code, name_ru, name_en }
    }
}

/// Kinds of contracts
#[utoipa::path(
    get, path = "/v1/contract-kinds", operation_id = "contract_kind_list", tag = "contracts",
    responses((status = 200, description = "All of them, by code", body = List<ContractKindView>, example = json!({
        "items": [{"code": "service", "name_ru": "Договор об оказании услуг", "name_en": "Service contract"}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<ContractKindView>>, Problem> {
    let kinds = contracts::kinds(&state.store).await?;
    let most = kinds.len();
    Ok(Json(List::page(kinds, most, |kind| kind.code.clone()).map(ContractKindView::from)))
}
