//! `GET /v1/session/oidc`: begin to sign in through the provider of identities (S43).
//!
//! Owns: how long there is time for it.
//! Does not own: the provider (`crate::sign_in`).
//! Always: the browser gets the state alone; nonce and verifier stay on the server, for ten minutes; each call keeps a row, so an address makes as few as it
//! may make requests without a token.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use billing::sign_in::{self, Guesser};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::sign_in::{Stranger, let_guess};
use crate::state::AppState;

/// Minutes for coming back from the provider.
const MINUTES: i64 = 10;

/// Where to go. No `Debug`: the state is a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct Departure {
    /// Where to send the browser.
    authorize_url: String,
    /// What the provider sends back with the code. Keep it in the browser, and go on only if it comes back the same.
    state: String,
    /// Until when he has to be back.
    expires_at: DateTime<Utc>,
}

/// Begin to sign in by OpenID Connect
#[utoipa::path(
    get, path = "/v1/session/oidc", operation_id = "session_oidc_begin", tag = "sign_in",
    responses((status = 200, description = "Where to send the browser", body = Departure, example = json!({
        "authorize_url": "https://id.example.ru/realms/office/protocol/openid-connect/auth?response_type=code&client_id=tollgate&..",
        "state": "tollgate_..", "expires_at": "2026-07-01T10:10:00Z"
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, stranger: Stranger) -> Result<Response, Problem> {
    let provider = state.provider()?;
    if let Some(refusal) = state.limits.refusal_of_address(&stranger.address) {
        return Ok(refusal);
    }
    state.limits.failed(&stranger.address);
    let_guess(&state, &Guesser::at(&stranger.address)).await?;
    let now = state.clock.now();
    let begun = provider.begin(now).await?;
    let expires_at = now + TimeDelta::minutes(MINUTES);
    sign_in::keep_state(&state.store, &begun.state, &begun.nonce, &begun.verifier, now, expires_at).await?;
    Ok(Json(Departure { authorize_url: begun.authorize_url, state: begun.state, expires_at }).into_response())
}
