//! `POST /v1/cabinet/cards`: a user of the client links a card (M33).
//!
//! Owns: the way to the gateway's page.
//! Does not own: the page, the card that comes of it (`billing::autopayments`; the gateway says it to `routes::gateway`).
//! Always: by a user of the client with the right `pay` (B11, B27); the number of the card is entered at the gateway and never comes here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use billing::autopayments;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::gateway::GatewayFault;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::tokens;
use crate::writes::{self, Write};

/// The way to link a card.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CardPage {
    /// The page of the payment gateway on which the card is entered.
    url: String,
    /// Until when the way is good.
    expires_at: DateTime<Utc>,
}

/// Link a card
///
/// Answers the page of the payment gateway to go to; once the card is entered there, it stands among your cards. There is no `Idempotency-Key` here: a way is good
/// once.
#[utoipa::path(
    post, path = "/v1/cabinet/cards", operation_id = "cabinet_card_link", tag = "cabinet",
    responses((status = 201, description = "The page to go to", body = CardPage, example = json!(
        {"url": "https://pay.example.ru/link/8f2a91", "expires_at": "2027-01-10T10:00:00Z"}
    )))
)]
pub(crate) async fn handler(State(state): State<AppState>, context: CabinetContext) -> Result<Response, Problem> {
    if context.idempotency("", "", &[]).is_some() {
        return Err(writes::key_refused());
    }
    let (gateway, address) = state.gateway_at()?;
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let link = tokens::beginning_with("card_link_")?;
    let client = (context.visitor.client_id, context.visitor.client.as_str());
    let expires_at = autopayments::begin_link(&mut change, client, &link).await?;
    // On record before the gateway hears of it: its word may come before its answer.
    change.commit(201, &json!(null)).await?;
    let url = gateway.link_page(&address, &link, client.1).await.map_err(|fault| away(&fault))?;
    Ok((StatusCode::CREATED, Json(CardPage { url, expires_at })).into_response())
}

fn away(fault: &GatewayFault) -> Problem {
    tracing::warn!("no page to link a card: {fault}");
    Problem::new(Code::Unavailable).because(Text::fixed(
        "Платёжный шлюз не отвечает, попробуйте позже",
        "The payment gateway does not answer, try again later",
    ))
}
