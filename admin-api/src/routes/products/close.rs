//! `DELETE /v1/products/{code}`: close a product.
//!
//! Owns: what the request says.
//! Does not own: products (`billing::products`).
//! Always: nothing is erased; what was charged stays.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::products;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Close a product
///
/// It takes no new charge.
#[utoipa::path(
    delete, path = "/v1/products/{code}", operation_id = "product_close", tag = "ledger",
    params(("code" = String, Path, description = "Code of the product", example = "visit"), ("If-Match" = Option<String>, Header, description = "Revision in quotes, as the list shows it"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = Reason, example = json!({"reason": "больше не продаётся"})),
    responses((status = 200, description = "Closed", body = Named, example = json!({"code": "visit"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("product_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    products::close(&mut change, &code, context.revision, reason).await?;
    writes::commit(change, &Named { code }).await
}
