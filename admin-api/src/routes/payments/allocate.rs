//! `POST /v1/payments/{id}/allocate`: distribute a payment anew (B20).
//!
//! Owns: what the request says.
//! Does not own: the distribution (`billing::payments`).
//! Always: no balance moves; what it paid before stays on record.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shown::PaidItem;
use super::wanted::{self, WantedPays};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// What a payment is to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedAllocation {
    /// What it pays; the oldest first when absent.
    #[serde(default)]
    pays: Option<WantedPays>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// What a payment pays.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentAllocated {
    /// Number of the payment.
    id: i64,
    /// What it pays now; the rest of it is advance.
    pays: Vec<PaidItem>,
}

/// Distribute a payment anew
///
/// What it paid is freed first. Items that get amounts are the only ones; `{"items": []}` leaves all of it as advance, to be given back for instance.
#[utoipa::path(
    post, path = "/v1/payments/{id}/allocate", operation_id = "payment_allocate", tag = "payments",
    params(("id" = i64, Path, description = "Number of the payment", example = 17), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedAllocation, example = json!({
        "pays": {"items": [{"kind": "charge", "number": "12", "amount": "300.00"}, {"kind": "charge", "number": "15", "amount": "200.00"}]}, "reason": "просьба клиента"
    })),
    responses((status = 200, description = "Distributed", body = PaymentAllocated, example = json!({
        "id": 17, "pays": [{"kind": "charge", "number": "12", "amount": "300"}, {"kind": "charge", "number": "15", "amount": "200"}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<WantedAllocation>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let choice = wanted::choice(asked.pays.as_ref())?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_allocate", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let parts = payments::redistribute(&mut change, number, &choice, context.revision, reason).await?;
    let pays = parts.into_iter().map(PaidItem::from).collect();
    writes::commit(change, &PaymentAllocated { id: number, pays }).await
}
