//! `PUT /v1/accounts/{code}/plan`: give an account a tariff plan from some moment on.
//!
//! Owns: what the request says.
//! Does not own: how it takes the place of others (`billing::accounts`).
//! Always: in force for the next call after that moment; calls that are charged already keep their price until they are rated again.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::accounts::{self, WantedPlan};
use billing::staff::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use super::get::AccountView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanChange {
    /// Code of the tariff plan.
    plan: String,
    /// From when it counts: a moment, or a day of the billing zone; now when absent.
    #[serde(default)]
    from: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change the tariff plan
///
/// The plan of before ends where this one begins; plans that were to begin later are replaced. A moment before the current month of the account's zone takes
/// `account.plan_past`.
#[utoipa::path(
    put, path = "/v1/accounts/{code}/plan", operation_id = "account_set_plan", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = PlanChange, example = json!({"plan": "base", "from": "2026-08-01", "reason": "доп. соглашение 3"})),
    responses((status = 200, description = "Changed; `plan` is the one of now", body = AccountView, example = json!({
        "code": "A-000001", "client": "C-000001", "legal_entity": "T", "currency": "RUB", "zone": "Europe/Moscow", "payment_mode": "postpaid",
        "credit_policy": "monthly", "credit_limit": "1000", "balance": "0", "active": true, "status": "active", "available": true, "plan": "base",
        "responsible": "ivanova", "card_code": "К-00017", "comment": "", "opened_at": "2026-07-01T10:00:00Z", "opened_by": "ivanova", "closed_at": null,
        "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<PlanChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let wanted = WantedPlan {
        plan: inputs::word("/plan", asked.plan.trim())?.to_owned(),
        from: super::moment("/from", asked.from.as_deref(), &settings)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("account_set_plan", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let may_past = context.staff.may(Permission::AccountPlanPast);
    accounts::set_plan(&mut change, &code, &wanted, may_past, context.revision, reason).await?;
    let account = accounts::changed(&mut change, &code).await?;
    writes::commit(change, &AccountView::from(account)).await
}
