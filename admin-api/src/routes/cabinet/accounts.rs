//! `GET /v1/cabinet/accounts`: the client's accounts.
//!
//! Owns: how he sees them.
//! Does not own: accounts (`billing::accounts`).
//! Always: his own, by code.

use axum::Json;
use axum::extract::State;
use billing::cabinet::{self, OwnAccount};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// An account as its client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnAccountView {
    /// Code.
    code: String,
    /// Code of the issuer.
    issuer: String,
    /// Currency, ISO 4217.
    currency: String,
    /// Balance, a decimal; negative is debt.
    balance: String,
    /// Code of the plan of now.
    plan: Option<String>,
    /// Whether it is active.
    active: bool,
}

impl From<OwnAccount> for OwnAccountView {
    fn from(account: OwnAccount) -> Self {
        let OwnAccount { code, issuer, currency, balance, plan, active } = account;
        Self { code, issuer, currency, balance: balance.to_string(), plan, active }
    }
}

/// Your accounts
#[utoipa::path(
    get, path = "/v1/cabinet/accounts", operation_id = "cabinet_accounts", tag = "cabinet",
    responses((status = 200, description = "All of them", body = List<OwnAccountView>, example = json!({"items": [
        {"code": "A-000001", "issuer": "T", "currency": "RUB", "balance": "99.4", "plan": "basic", "active": true}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
) -> Result<Json<List<OwnAccountView>>, Problem> {
    let accounts = cabinet::accounts(&state.store, context.visitor.client_id, state.clock.now()).await?;
    let most = accounts.len();
    Ok(Json(List::page(accounts, most, |account| account.code.clone()).map(OwnAccountView::from)))
}
