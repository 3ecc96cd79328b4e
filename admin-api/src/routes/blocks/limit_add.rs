//! `POST /v1/accounts/{code}/temporary-limits`: give a temporary limit.
//!
//! Owns: what the request says.
//! Does not own: limits (`billing::blocks`).
//! Always: it ends by itself.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::blocks::{self, NewLimit};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedLimit {
    /// How much the account may owe more: a decimal as a string, at most two decimals.
    amount: String,
    /// First moment (RFC 3339) or day of the billing zone; now when absent.
    from: Option<String>,
    /// Moment after the last (RFC 3339), or last day.
    until: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Give a temporary limit
///
/// On top of the permanent limit, until its moment; several add up. More than the setting `approval.credit_limit_above` in all is `approval_needed`.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/temporary-limits", operation_id = "temporary_limit_add", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedLimit, example = json!({"amount": "500.00", "until": "2026-07-08", "reason": "обещанный платёж"})),
    responses((status = 201, description = "Given", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedLimit>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let asked = &body.value;
    let amount = inputs::amount("/amount", &asked.amount)?;
    let zone = state.settings()?.zone("billing.zone")?;
    let from = given(asked.from.as_deref()).map(|text| inputs::moment("/from", text, zone, false)).transpose()?;
    let until = inputs::moment("/until", asked.until.trim(), zone, true)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("temporary_limit_add", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = blocks::add_limit(&mut change, code, &NewLimit { amount, from, until }, reason).await?;
    writes::created(change, &Numbered { id }).await
}
