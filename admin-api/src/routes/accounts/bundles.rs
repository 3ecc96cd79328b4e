//! `GET /v1/accounts/{code}/bundles`: what is left of an account's bundles.
//!
//! Owns: how a bundle is shown.
//! Does not own: what it covers (`rating::counter`), what was used of it (`billing::counters`).
//! Always: in the order in which units are taken; a plan without bundles is an empty list, not an error.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use billing::counters::of_account;
use chrono::NaiveDate;
use rating::counter::{BundleState, bundles_of};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Units of a bundle that can be used now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BundleView {
    /// Code of the bundle.
    bundle: String,
    /// First day of the period whose units these are.
    period: NaiveDate,
    /// Last day on which they can be used.
    until: NaiveDate,
    /// Units included: seconds of calls, pieces of events.
    included: u64,
    /// Units used.
    used: u64,
    /// Units left.
    left: u64,
}

impl From<BundleState> for BundleView {
    fn from(state: BundleState) -> Self {
        Self {
            left: state.included - state.used,
            bundle: state.bundle,
            period: state.period,
            until: state.until,
            included: state.included,
            used: state.used,
        }
    }
}

/// Bundles of an account
#[utoipa::path(
    get, path = "/v1/accounts/{code}/bundles", operation_id = "account_bundles", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "Bundles of the plan in force, in the order in which units are taken", body = List<BundleView>, example = json!({
        "items": [{"bundle": "serbia-100", "period": "2026-11-01", "until": "2026-11-30", "included": 6000, "used": 1260, "left": 4740}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<BundleView>>, Problem> {
    let account = super::existing(&state, &code).await?;
    let snapshot = state.snapshot()?;
    // An account that was opened since the snapshot was read has used nothing that it could show.
    let items = match snapshot.account_by_code(&account.code) {
        None => Vec::new(),
        Some(index) => {
            let standings: BTreeMap<_, _> =
                of_account(&state.store, snapshot.account(index).id).await?.into_iter().collect();
            let states = bundles_of(&snapshot, index, state.clock.now().timestamp_millis(), &standings);
            states.into_iter().map(BundleView::from).collect()
        }
    };
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
