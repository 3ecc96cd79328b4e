//! `POST /v1/accounts/{code}/reopen`: open a closed account again (B15).
//!
//! Owns: what the request says.
//! Does not own: what stands against it (`billing::accounts`).
//! Always: as a new account it has no plan until one is named.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::accounts::{self, OpeningRules};
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

/// How a closed account goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountReopening {
    /// Code of the tariff plan.
    #[serde(default)]
    plan: Option<String>,
    /// From when it counts: a moment, or a day of the billing zone; now when absent.
    #[serde(default)]
    from: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Open a closed account again
#[utoipa::path(
    post, path = "/v1/accounts/{code}/reopen", operation_id = "account_reopen", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = AccountReopening, example = json!({"plan": "base", "reason": "клиент вернулся"})),
    responses((status = 200, description = "Open again", body = AccountView, example = json!({
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
    body: JsonBody<AccountReopening>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let plan = super::wanted_plan(asked.plan.as_deref(), asked.from.as_deref(), &settings)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let rules = OpeningRules::of(&settings)?;
    let key = context.idempotency("account_reopen", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let may_past = context.staff.may(Permission::AccountPlanPast);
    accounts::reopen(&mut change, &code, plan.as_ref(), &rules, may_past, context.revision, reason).await?;
    let account = accounts::changed(&mut change, &code).await?;
    writes::commit(change, &AccountView::from(account)).await
}
