//! `POST /v1/number-regions`: make a region of numbers.
//!
//! Owns: what the request says.
//! Does not own: regions (`billing::numbers`).
//! Always: a code stands once.

use axum::extract::State;
use axum::response::Response;
use billing::numbers;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::routes::products;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted region.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedNumberRegion {
    /// Code, unique: a small Latin letter, then letters, digits, `_`, `.`, `-`; 50 at most.
    code: String,
    /// Name.
    name: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a region of numbers
#[utoipa::path(
    post, path = "/v1/number-regions", operation_id = "number_region_add", tag = "numbers",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedNumberRegion, example = json!({"code": "moscow", "name": "Москва", "reason": "новая ёмкость"})),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "moscow"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedNumberRegion>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let code = products::code(&asked.code)?;
    let name = inputs::party::name("/name", &asked.name)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("number_region_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    numbers::add_region(&mut change, &code, &name, reason).await?;
    writes::created(change, &Named { code }).await
}
