//! `GET /v1/rework/{id}/differences`: what a job changes, or would change.
//!
//! Owns: how a difference is shown.
//! Does not own: the differences.
//! Always: the largest change of retail first; of the pass that the job is in, or was in last.

use axum::Json;
use axum::extract::{Path, State};
use billing::rework;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::inputs;
use crate::paging;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// How many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DifferencesQuery {
    /// Rows: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// What changes for an account and a destination.
#[derive(Serialize, ToSchema)]
pub(crate) struct DifferenceView {
    /// Code of the account; `null` where nobody pays.
    account: Option<String>,
    /// Destination.
    destination: String,
    /// Currency of the account.
    currency: String,
    /// Charges looked at.
    charges: i64,
    /// Of these, those that change.
    changed: i64,
    /// Of these, those that the catalogue gives no price; they stay as they are.
    unpriced: i64,
    /// Retail with tax, before.
    #[schema(value_type = String)]
    retail_before: Decimal,
    /// Retail with tax, after.
    #[schema(value_type = String)]
    retail_after: Decimal,
    /// Currency of the wholesale cost.
    cost_currency: String,
    /// Wholesale cost, before.
    #[schema(value_type = String)]
    wholesale_before: Decimal,
    /// Wholesale cost, after.
    #[schema(value_type = String)]
    wholesale_after: Decimal,
}

/// Differences of a job.
#[derive(Serialize, ToSchema)]
pub(crate) struct DifferencesView {
    /// Whether they are those of the dry run.
    dry_run: bool,
    /// The differences.
    items: Vec<DifferenceView>,
}

/// What a job changes
///
/// By account and destination. Of the dry run until the job is executed.
#[utoipa::path(
    get, path = "/v1/rework/{id}/differences", operation_id = "rework_differences", tag = "rework",
    params(("id" = String, Path, description = "Number of the job", example = "4"), DifferencesQuery),
    responses((status = 200, description = "The differences", body = DifferencesView, example = json!({"dry_run": true, "items": [
        {"account": "A-000001", "destination": "Serbia", "currency": "RUB", "charges": 150, "changed": 120, "unpriced": 0, "retail_before": "450.00",
         "retail_after": "300.00", "cost_currency": "RUB", "wholesale_before": "210.00", "wholesale_after": "210.00"}]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Params(asked): Params<DifferencesQuery>,
) -> Result<Json<DifferencesView>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let job = rework::job(&state.store, inputs::id("/id", &id)?).await?.ok_or(Problem::new(Code::NotFound))?;
    let rows = rework::differences(&state.store, job.id, job.dry_run, limit as i64).await?;
    let items = rows
        .into_iter()
        .map(|(account, row)| DifferenceView {
            account,
            destination: row.destination,
            currency: row.currency,
            charges: row.charges,
            changed: row.changed,
            unpriced: row.unpriced,
            retail_before: row.retail_before.normalize(),
            retail_after: row.retail_after.normalize(),
            cost_currency: row.cost_currency,
            wholesale_before: row.wholesale_before.normalize(),
            wholesale_after: row.wholesale_after.normalize(),
        })
        .collect();
    Ok(Json(DifferencesView { dry_run: job.dry_run, items }))
}
