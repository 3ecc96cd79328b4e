//! `POST /v1/products`: make a product.
//!
//! Owns: what the request says.
//! Does not own: products (`billing::products`).
//! Always: a code stands once.

use axum::extract::State;
use axum::response::Response;
use billing::products::{self, NewProduct};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedProduct {
    /// Code, unique: a small Latin letter, then letters, digits, `_`, `.`, `-`.
    code: String,
    /// Name, as documents have it.
    name: String,
    /// `standard`, `reduced`, `zero`, `exempt_149` or `out_of_scope`.
    tax_category: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a product
#[utoipa::path(
    post, path = "/v1/products", operation_id = "product_add", tag = "ledger",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedProduct, example = json!({
        "code": "visit", "name": "Выезд мастера", "tax_category": "standard", "reason": "новая услуга"
    })),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "visit"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedProduct>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewProduct {
        code: super::code(&asked.code)?,
        name: inputs::party::name("/name", &asked.name)?,
        tax_category: super::tax_category(&asked.tax_category)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("product_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    products::add(&mut change, &new, reason).await?;
    writes::created(change, &Named { code: new.code }).await
}
