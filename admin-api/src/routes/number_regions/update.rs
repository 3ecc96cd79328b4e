//! `PUT /v1/number-regions/{code}`: rename a region of numbers, close it, open it again.
//!
//! Owns: what the request says.
//! Does not own: regions (`billing::numbers`).
//! Always: a field that is absent stays; numbers of a closed region stay in it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers::{self, RegionUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::NumberRegionView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a region is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberRegionChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Whether it is closed: it takes no more numbers.
    #[serde(default)]
    closed: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change or close a region of numbers
#[utoipa::path(
    put, path = "/v1/number-regions/{code}", operation_id = "number_region_update", tag = "numbers",
    params(("code" = String, Path, description = "Code of the region", example = "moscow"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = NumberRegionChange, example = json!({"name": "Москва и область", "reason": "расширена зона"})),
    responses((status = 200, description = "Changed", body = NumberRegionView, example = json!({
        "code": "moscow", "name": "Москва и область", "created_at": "2026-07-01T10:00:00Z", "created_by": "petrova", "closed_at": null, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<NumberRegionChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let name = asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?;
    let wanted = RegionUpdate { name, closed: asked.closed };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("number_region_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let region = numbers::update_region(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &NumberRegionView::from(region)).await
}
