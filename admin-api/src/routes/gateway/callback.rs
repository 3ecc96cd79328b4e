//! `POST /v1/gateway/callback`: the payment gateway says something by itself.
//!
//! Owns: what it may say, and the check that it is it.
//! Does not own: what follows (`billing::autopayments`), how words are signed (`crate::gateway`).
//! Always: there is no token here, the signature is the proof; what is said again is answered alike and changes nothing; what nobody here knows is taken and
//! forgotten, so that the gateway does not repeat it for ever.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use billing::autopayments::{self, AutopayError, CardSaid, Told};
use billing::{Actor, jobs};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::gateway::{SIGNATURE, heard};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sign_in::Stranger;
use crate::state::AppState;
use crate::writes;

/// Longest name of a payment, a link or a card.
const NAME_BYTES_MAX: usize = 200;

/// What the gateway says. Further fields are passed over. No `Debug`: the token is a secret.
#[derive(Deserialize, ToSchema)]
pub(crate) struct GatewaySaid {
    /// `payment`, `card_linked` or `card_unlinked`.
    event: String,
    /// Of a payment: the key of the attempt; of a linked card: the key of the link.
    #[serde(default)]
    id: Option<String>,
    /// Of a payment: what became of it.
    #[serde(default)]
    state: Option<String>,
    /// Of a payment that was made: the sum, a decimal.
    #[serde(default)]
    amount: Option<String>,
    /// In this currency.
    #[serde(default)]
    currency: Option<String>,
    /// Of a card: the gateway's name of it.
    #[serde(default)]
    card: Option<String>,
    /// What of its number may be shown.
    #[serde(default)]
    mask: Option<String>,
    /// The month in which it is good, `YYYY-MM`.
    #[serde(default)]
    expires: Option<String>,
}

/// How it was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GatewayHeard {
    /// Whether it was new.
    new: bool,
}

/// What the payment gateway says
///
/// Signed with the header `X-Gateway-Signature`: the hexadecimal HMAC-SHA256 by the secret of both sides over `callback`, two line feeds and the body. Said again,
/// it is answered with `new` = false. Of a payment or link that nobody knows the answer is `not_found`.
#[utoipa::path(
    post, path = "/v1/gateway/callback", operation_id = "gateway_callback", tag = "gateway",
    params(("X-Gateway-Signature" = String, Header, description = "HMAC-SHA256, 64 hexadecimal digits")),
    request_body(content = GatewaySaid, example = json!({
        "event": "payment", "id": "2f6d1c0e-7a55-4d0c-9d0b-3a0a5d7f3f11", "state": "paid", "amount": "1000.00", "currency": "RUB"
    })),
    responses((status = 200, description = "Taken", body = GatewayHeard, example = json!({"new": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    stranger: Stranger,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if let Some(refusal) = state.limits.refusal_of_address(&stranger.address) {
        return Ok(refusal);
    }
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !state.gateway()?.is_its_word(&body, signature) {
        state.limits.failed(&stranger.address);
        tracing::warn!(address = stranger.address, "somebody speaks for the payment gateway without its signature");
        return Err(Problem::new(Code::Unauthorized).because(Text::fixed(
            "Подпись платёжного шлюза не подходит",
            "The signature is not that of the payment gateway",
        )));
    }
    let said: GatewaySaid = serde_json::from_slice(&body).map_err(|error| {
        // Where, and not what: the words of the fault have the value that does not fit, which may be the number of a card.
        tracing::warn!(line = error.line(), column = error.column(), "what the payment gateway says cannot be read");
        Problem::new(Code::BadRequest)
    })?;
    let by_gateway = jobs::actor(&state.store, "gateway").await?;
    let actor = Actor { request_id: stranger.request_id, address: stranger.address, ..by_gateway };
    let new = take(&state, actor, &said).await?;
    Ok(Json(GatewayHeard { new }).into_response())
}

/// Writes down what follows; whether it was new.
async fn take(state: &AppState, actor: Actor, said: &GatewaySaid) -> Result<bool, Problem> {
    let mut change = writes::begin_as(state, actor).await?;
    let told = match said.event.as_str() {
        "payment" => {
            let key = name("/id", said.id.as_deref())?;
            let words = said.state.as_deref().unwrap_or_default();
            let heard = heard(words, said.amount.as_deref(), said.currency.as_deref());
            autopayments::hear(&mut change, key, &heard).await?
        }
        "card_linked" => {
            let card = CardSaid {
                link: name("/id", said.id.as_deref())?,
                token: name("/card", said.card.as_deref())?,
                mask: name("/mask", said.mask.as_deref())?,
                expires: said.expires.as_deref(),
            };
            let linked = autopayments::linked(&mut change, card).await;
            if let Err(AutopayError::StrangeCard(what)) = &linked {
                tracing::error!("the payment gateway says a {what} of a card that cannot be kept");
            }
            linked?
        }
        "card_unlinked" => {
            let token = name("/card", said.card.as_deref())?;
            autopayments::unlinked_at_gateway(&mut change, token).await?
        }
        _ => {
            tracing::info!("the payment gateway speaks of something that nobody here knows");
            Told::Known
        }
    };
    // What is known leaves nothing to commit.
    if told == Told::New {
        change.commit(200, &json!(null)).await?;
    }
    Ok(told == Told::New)
}

/// A name of the gateway's, or of ours in its mouth.
fn name<'a>(pointer: &str, text: Option<&'a str>) -> Result<&'a str, Problem> {
    let fits = |text: &&str| (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    let expected = Text::fixed(
        "Ожидаются от 1 до 200 байт без управляющих символов",
        "1 to 200 bytes are expected, no control characters",
    );
    text.filter(fits).ok_or_else(|| Problem::field(pointer, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_length() {
        let long = "x".repeat(201);
        for (text, fits) in [
            (Some("k"), true),
            (Some("4276 00** **** 1234"), true),
            (Some(""), false),
            (None, false),
            (Some("a\0b"), false),
            (Some(long.as_str()), false),
        ] {
            assert_eq!(name("/id", text).is_ok(), fits, "{text:?}");
        }
    }
}
