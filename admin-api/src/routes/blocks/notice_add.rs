//! `POST /v1/accounts/{code}/notices`: record a notice of the intention to block (A16).
//!
//! Owns: what the request says.
//! Does not own: notices (`billing::blocks`).
//! Always: a notice is recorded once it was sent.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::blocks::{self, Channel, NewNotice};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A notice that was sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentNotice {
    /// When it was sent, RFC 3339; now when absent.
    sent_at: Option<String>,
    /// `mail`, `post`, `edo` or `hand`.
    channel: String,
    /// Its text, or where it is kept.
    text: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Record a notice of the intention to block
///
/// Without one nobody who pays afterwards is blocked for what he owes.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/notices", operation_id = "account_notice_add", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = SentNotice, example = json!({"channel": "edo", "text": "исх. 17 от 1 июля", "reason": "долг за июнь"})),
    responses((status = 201, description = "Recorded", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<SentNotice>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let asked = &body.value;
    let zone = state.settings()?.zone("billing.zone")?;
    let sent_at =
        given(asked.sent_at.as_deref()).map(|text| inputs::moment("/sent_at", text, zone, false)).transpose()?;
    let channels = Channel::ALL.iter().map(|channel| channel.as_str());
    let channel = inputs::one_of("/channel", &asked.channel, channels)?;
    let text = inputs::party::text("/text", asked.text.as_deref().unwrap_or_default(), 2_000)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("account_notice_add", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = blocks::add_notice(&mut change, code, &NewNotice { sent_at, channel, text }, reason).await?;
    writes::created(change, &Numbered { id }).await
}
