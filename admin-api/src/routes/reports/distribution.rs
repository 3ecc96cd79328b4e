//! `GET /v1/reports/distribution`: what came of talking to clients, by manager or agent (S5).
//!
//! Owns: how the report is shown.
//! Does not own: the figures (`billing::clients`).
//! Always: totals are sums.

use axum::Json;
use axum::extract::State;
use billing::clients::{self, DistributionRow, Share};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;

/// By whom.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DistributionQuery {
    /// `manager`, also when absent, or `agent`.
    #[param(example = "agent")]
    by: Option<String>,
}

/// The clients of one manager or agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DistributionRowView {
    /// Login of the manager or code of the agent; `null`: clients without one.
    code: Option<String>,
    /// His name.
    name: Option<String>,
    /// Invited.
    invited: i64,
    /// Joined.
    connected: i64,
    /// Said no.
    refused: i64,
    /// All of them.
    total: i64,
}

impl From<DistributionRow> for DistributionRowView {
    fn from(row: DistributionRow) -> Self {
        let total = row.total();
        let DistributionRow { code, name, invited, connected, refused } = row;
        Self { code, name, invited, connected, refused, total }
    }
}

/// The report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DistributionView {
    /// Clients without a manager or agent first, then by code.
    items: Vec<DistributionRowView>,
    /// The sums.
    totals: DistributionRowView,
}

/// What came of talking to clients
#[utoipa::path(
    get, path = "/v1/reports/distribution", operation_id = "report_distribution", tag = "reports",
    params(DistributionQuery),
    responses((status = 200, description = "By manager or agent, with totals", body = DistributionView, example = json!({
        "items": [
            {"code": null, "name": null, "invited": 704, "connected": 8, "refused": 0, "total": 712},
            {"code": "A-1", "name": "ООО «Партнёр»", "invited": 95, "connected": 19, "refused": 0, "total": 114}
        ],
        "totals": {"code": null, "name": null, "invited": 799, "connected": 27, "refused": 0, "total": 826}
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<DistributionQuery>,
) -> Result<Json<DistributionView>, Problem> {
    let words = || Share::ALL.iter().map(|one| one.as_str());
    let share = given(asked.by.as_deref()).map(|text| inputs::one_of("/by", text, words())).transpose()?;
    let report = clients::distribution(&state.store, share.unwrap_or(Share::Manager)).await?;
    let items = report.rows.into_iter().map(DistributionRowView::from).collect();
    Ok(Json(DistributionView { items, totals: DistributionRowView::from(report.totals) }))
}
