//! `PUT /v1/number-classes/{code}`: change a class of beautiful numbers, its place and price; close it, open it again.
//!
//! Owns: what the request says.
//! Does not own: classes (`billing::numbers`).
//! Always: a field that is absent stays; where the rules of a class change, all numbers are looked at anew, in the background.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::numbers::{self, ClassUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::NumberClassView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::jobs::number_classes;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a class is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberClassChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Which one it is, from 1.
    #[serde(default)]
    place: Option<i32>,
    /// All its rules.
    #[serde(default)]
    rules: Option<Vec<String>>,
    /// What a number of it costs once, with tax: a decimal as a string; `null`: nothing.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    price: Edit<String>,
    /// Currency of the price.
    #[serde(default)]
    currency: Option<String>,
    /// Whether it is closed: it takes no numbers, and those that it has by its rules go to the next class that fits.
    #[serde(default)]
    closed: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a class of beautiful numbers
#[utoipa::path(
    put, path = "/v1/number-classes/{code}", operation_id = "number_class_update", tag = "numbers",
    params(("code" = String, Path, description = "Code of the class", example = "gold"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = NumberClassChange, example = json!({"price": "15000", "reason": "прайс на красивые номера"})),
    responses((status = 200, description = "Changed", body = NumberClassView, example = json!({
        "code": "gold", "name": "Золотой", "place": 2, "rules": ["AAAAA", "digits:2"], "price": "15000", "currency": "RUB",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "petrova", "closed_at": null, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<NumberClassChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let wanted = ClassUpdate {
        name: asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?,
        place: asked.place,
        rules: asked.rules.as_deref().map(super::rules).transpose()?,
        price: asked.price.try_map(|price| inputs::price("/price", &price))?,
        currency: asked.currency.as_deref().map(|currency| inputs::currency("/currency", currency)).transpose()?,
        closed: asked.closed,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("number_class_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let class = numbers::update_class(&mut change, &code, wanted, context.revision, reason).await?;
    let answer = writes::commit(change, &NumberClassView::from(class)).await?;
    number_classes::follow(state);
    Ok(answer)
}
