//! `POST /v1/accounts/{code}/withdrawals`: enter a withdrawal (B17).
//!
//! Owns: what the request says.
//! Does not own: withdrawals (`billing::ledger`).
//! Always: nothing goes out that the operator gave.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::ledger::{self, NewWithdrawal};

use super::{Booked, WantedSum};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Enter a withdrawal
///
/// Money of the account goes out: for referrals, or as a return. The transfer itself is done outside. Not beyond what is its own: credit is not paid out, nor
/// what calls under way have reserved (`money_reserved`) (B17).
#[utoipa::path(
    post, path = "/v1/accounts/{code}/withdrawals", operation_id = "withdrawal_enter", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedSum, example = json!({"amount": "100.00", "description": "Возврат остатка", "reason": "заявление от 1 июля"})),
    responses((status = 201, description = "Entered", body = Booked, example = json!({"posting": 12})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedSum>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let sum = body.value.read()?;
    let new = NewWithdrawal { amount: sum.positive()? };
    let key = context.idempotency("withdrawal_enter", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let posting = ledger::withdraw(&mut change, &sum.of(code), &new).await?;
    writes::created(change, &Booked { posting }).await
}
