//! `POST /v1/accounts/{code}/top-ups`: enter a top-up (M49).
//!
//! Owns: what the request says.
//! Does not own: top-ups (`billing::ledger`).
//! Always: a top-up is virtual money.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::ledger::{self, NewTopUp};

use super::{Booked, WantedSum};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Enter a top-up
///
/// Virtual money: goodwill, a correction by hand; a negative one takes it away. It renews no credit and pays no debt (M49): money that came is a payment.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/top-ups", operation_id = "topup_enter", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedSum, example = json!({"amount": "500.00", "description": "Компенсация простоя", "reason": "обращение 4711"})),
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
    let new = NewTopUp { amount: sum.amount };
    let key = context.idempotency("topup_enter", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let posting = ledger::top_up(&mut change, &sum.of(code), &new).await?;
    writes::created(change, &Booked { posting }).await
}
