//! `GET /v1/plans/{code}`: a tariff plan with its price lists and bundles.
//!
//! Owns: how a plan is shown.
//! Does not own: plans (`billing::plans`).
//! Always: price lists with the uppermost first, bundles in the order in which they are used.

use axum::Json;
use axum::extract::{Path, State};
use billing::plans::{self, Bundle, Layer, Plan};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A price list of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanLayerView {
    /// Its place: 1 is the uppermost, which wins at an equal prefix.
    layer: i16,
    /// Code of the price list.
    list: String,
    /// Its name.
    name: String,
    /// Its currency.
    currency: String,
    /// First moment; `null` = always before.
    from: Option<DateTime<Utc>>,
    /// Moment after the last; `null` = open.
    to: Option<DateTime<Utc>>,
}

impl From<Layer> for PlanLayerView {
    fn from(row: Layer) -> Self {
        let Layer { layer, list, name, currency, from, to } = row;
        Self { layer, list, name, currency, from, to }
    }
}

/// A bundle of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanBundleView {
    /// Code.
    code: String,
    /// Units that cost nothing: seconds of calls, pieces of events.
    units: i64,
    /// `day`, `week` or `month`.
    period: String,
    /// The lowest is used first.
    priority: i32,
    /// For how many further periods units can be used.
    keeps: i16,
    /// Services that it covers; empty = calls of every service.
    services: Vec<String>,
    /// Code of the destinations that it covers; `null` = all.
    destinations: Option<String>,
    /// First moment; `null` = always before.
    from: Option<DateTime<Utc>>,
    /// Moment after the last; `null` = open.
    to: Option<DateTime<Utc>>,
}

impl From<Bundle> for PlanBundleView {
    fn from(bundle: Bundle) -> Self {
        let Bundle { code, units, period, priority, keeps, services, destinations, from, to } = bundle;
        Self { code, units, period, priority, keeps, services, destinations, from, to }
    }
}

/// A tariff plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TariffPlanView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Whether it prices incoming calls.
    prices_incoming: bool,
    /// Price lists, the uppermost first.
    layers: Vec<PlanLayerView>,
    /// Bundles in the order in which they are used.
    bundles: Vec<PlanBundleView>,
    /// Active accounts that have it now.
    accounts: i64,
}

impl From<Plan> for TariffPlanView {
    fn from(plan: Plan) -> Self {
        Self {
            code: plan.code,
            name: plan.name,
            prices_incoming: plan.prices_incoming,
            layers: plan.layers.into_iter().map(PlanLayerView::from).collect(),
            bundles: plan.bundles.into_iter().map(PlanBundleView::from).collect(),
            accounts: plan.accounts,
        }
    }
}

/// A tariff plan
#[utoipa::path(
    get, path = "/v1/plans/{code}", operation_id = "plan_get", tag = "tariffs",
    params(("code" = String, Path, description = "Code of the plan", example = "base")),
    responses((status = 200, description = "The plan", body = TariffPlanView, example = json!({
        "code": "base", "name": "Базовый", "prices_incoming": false,
        "layers": [{"layer": 1, "list": "retail", "name": "Розница", "currency": "RUB", "from": null, "to": null}],
        "bundles": [{"code": "hundred", "units": 6000, "period": "month", "priority": 1, "keeps": 0, "services": ["outgoing"], "destinations": "russia",
                     "from": null, "to": null}],
        "accounts": 120
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<TariffPlanView>, Problem> {
    let code = inputs::word("/code", &code)?;
    let plan = plans::by_code(&state.store, code, state.clock.now()).await?.ok_or_else(|| {
        let detail = Text::new(format!("Тарифного плана {code} нет"), format!("There is no tariff plan {code}"));
        Problem::new(Code::NotFound).because(detail)
    })?;
    Ok(Json(TariffPlanView::from(plan)))
}
