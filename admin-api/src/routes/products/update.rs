//! `PUT /v1/products/{code}`: change a product.
//!
//! Owns: what the request says.
//! Does not own: products (`billing::products`).
//! Always: what was charged before keeps its tax.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::products::{self, ProductUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// How a product is to be; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductChange {
    /// Name, as documents have it.
    name: Option<String>,
    /// `standard`, `reduced`, `zero`, `exempt_149` or `out_of_scope`.
    tax_category: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a product
#[utoipa::path(
    put, path = "/v1/products/{code}", operation_id = "product_update", tag = "ledger",
    params(("code" = String, Path, description = "Code of the product", example = "visit"), ("If-Match" = Option<String>, Header, description = "Revision in quotes, as the list shows it"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = ProductChange, example = json!({"name": "Выезд инженера", "reason": "переименована"})),
    responses((status = 200, description = "Changed", body = Named, example = json!({"code": "visit"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<ProductChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let wanted = ProductUpdate {
        name: asked.name.as_deref().map(|text| inputs::party::name("/name", text)).transpose()?,
        tax_category: asked.tax_category.as_deref().map(super::tax_category).transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("product_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    products::update(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &Named { code }).await
}
