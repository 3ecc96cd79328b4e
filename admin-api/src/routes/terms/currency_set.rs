//! `PUT /v1/currencies/{code}`: say whether a currency may be chosen (B35).
//!
//! Owns: what the request says.
//! Does not own: the directory (`billing::currencies`).
//! Always: no change without a reason; what names the currency already stays as it is.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::currencies;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Whether a currency may be chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurrencyActivity {
    /// Whether it may be chosen.
    active: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The currency as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurrencySet {
    /// Its code.
    code: String,
    /// Whether it may be chosen.
    active: bool,
}

/// Switch a currency on or off
#[utoipa::path(
    put, path = "/v1/currencies/{code}", operation_id = "currency_set", tag = "terms",
    params(
        ("code" = String, Path, description = "ISO 4217 code", example = "KZT"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = CurrencyActivity, example = json!({"active": true, "reason": "договор с провайдером в тенге"})),
    responses((status = 200, description = "Changed", body = CurrencySet, example = json!({"code": "KZT", "active": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<CurrencyActivity>,
) -> Result<Response, Problem> {
    let currency = inputs::currency("/code", &code)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("currency_set", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let active = body.value.active;
    if !currencies::set_active(&mut change, currency, active, reason).await? {
        return Err(Problem::new(Code::NotFound));
    }
    writes::commit(change, &CurrencySet { code, active }).await
}
