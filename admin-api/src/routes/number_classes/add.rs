//! `POST /v1/number-classes`: make a class of beautiful numbers.
//!
//! Owns: what the request says.
//! Does not own: classes (`billing::numbers`).
//! Always: a code stands once; all numbers are looked at anew, in the background.

use axum::extract::State;
use axum::response::Response;
use billing::numbers::{self, NewClass};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::jobs::number_classes;
use crate::problem::Problem;
use crate::routes::products;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted class.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedNumberClass {
    /// Code, unique: a small Latin letter, then letters, digits, `_`, `.`, `-`; 50 at most.
    code: String,
    /// Name.
    name: String,
    /// Which one it is, from 1; absent: the last. A number is of the first class that fits.
    #[serde(default)]
    place: Option<i32>,
    /// Masks (`AABB`, `%555%`) and features of the last seven digits (`repeat:4`, `ladder:4`, `mirror:6`, `digits:2`): one of them is enough.
    rules: Vec<String>,
    /// What a number of it costs once, with tax: a decimal as a string; absent: nothing.
    #[serde(default)]
    price: Option<String>,
    /// Currency of the price; RUB when absent.
    #[serde(default)]
    currency: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a class of beautiful numbers
///
/// All numbers are looked at anew in the background; a number whose class somebody chose keeps it.
#[utoipa::path(
    post, path = "/v1/number-classes", operation_id = "number_class_add", tag = "numbers",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedNumberClass, example = json!({
        "code": "diamond", "name": "Бриллиантовый", "place": 1, "rules": ["repeat:7", "AAABBBB"], "price": "500000", "reason": "новый тариф на номера"
    })),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "diamond"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedNumberClass>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewClass {
        code: products::code(&asked.code)?,
        name: inputs::party::name("/name", &asked.name)?,
        place: asked.place,
        rules: super::rules(&asked.rules)?,
        price: asked.price.as_deref().map(|price| inputs::price("/price", price)).transpose()?,
        currency: inputs::currency("/currency", asked.currency.as_deref().unwrap_or("RUB"))?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("number_class_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    numbers::add_class(&mut change, &new, reason).await?;
    let answer = writes::created(change, &Named { code: new.code }).await?;
    number_classes::follow(state);
    Ok(answer)
}
