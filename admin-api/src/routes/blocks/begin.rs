//! `POST /v1/accounts/{code}/blocks`: block an account (M55).
//!
//! Owns: what the request says.
//! Does not own: blocks (`billing::blocks`).
//! Always: in force for the next call; emergency calls pass.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::blocks::{self, NewBlock};
use billing::credit::blocks::{Cause, Scope};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted block.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedBlock {
    /// `manual` or `fraud`; the others begin by what they are about.
    cause: String,
    /// What it stops: `outgoing_paid`, `operations` (work with services) or `all`; `all` when absent.
    scope: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Block an account
///
/// Calls are refused from the next one on; those that go on end when they ask again.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/blocks", operation_id = "account_block", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedBlock, example = json!({"cause": "manual", "scope": "outgoing_paid", "reason": "письмо клиента от 1 июля"})),
    responses((status = 201, description = "Blocked", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedBlock>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let asked = &body.value;
    let cause = inputs::one_of("/cause", &asked.cause, Cause::ALL.iter().map(|cause| cause.as_str()))?;
    let scopes = || Scope::ALL.iter().map(|scope| scope.as_str());
    let scope = given(asked.scope.as_deref()).map(|text| inputs::one_of("/scope", text, scopes())).transpose()?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("account_block", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = blocks::begin(&mut change, code, NewBlock { cause, scope }, reason).await?;
    writes::created(change, &Numbered { id }).await
}
