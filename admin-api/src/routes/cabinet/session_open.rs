//! `POST /v1/cabinet/session`: a user of a client signs in (B2, B4).
//!
//! Owns: what the request says, the token's bits.
//! Does not own: how often one may try, how passwords are compared (`crate::sign_in`).
//! Always: open to everybody; an unknown login, a blocked user and a wrong password are one answer and take one time.

use axum::extract::State;
use axum::response::Response;
use billing::Actor;
use billing::cabinet::{self, CabinetError, NewSession};
use billing::sign_in::Guesser;
use serde::Deserialize;
use utoipa::ToSchema;

use super::SessionMade;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::sign_in::{BYTES_MAX, Stranger, check, cost, let_guess, wrong};
use crate::state::AppState;
use crate::tokens;
use crate::writes::{self, Write};

/// Who signs in. No `Debug`: the password is a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// Login, in any case: the e-mail, unless the user has another.
    login: String,
    /// Password.
    password: String,
}

/// Sign in
///
/// The token of the answer opens the cabinet and nothing else. By a password that staff have set one chooses another (`POST /v1/cabinet/password`) and does
/// nothing else before that. After five tries with one login from one address that failed within 15 minutes the answer is
/// `too_many_attempts`, whatever the password.
#[utoipa::path(
    post, path = "/v1/cabinet/session", operation_id = "cabinet_sign_in", tag = "cabinet",
    request_body(content = SignIn, example = json!({"login": "orlova@example.ru", "password": "correct horse"})),
    responses((status = 201, description = "Signed in", body = SessionMade, example = json!({"token": "tollgate_client_..", "client": "C-000001", "expires_at": "2026-07-01T22:00:00Z"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    stranger: Stranger,
    body: JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let login = inputs::party::text("/login", &body.value.login, 254)?;
    // A longer one is nobody's: it is compared as none, in the same time.
    let password = Some(body.value.password.as_str()).filter(|text| text.len() <= BYTES_MAX).unwrap_or_default();
    let guesser = Guesser::of_client(&login, &stranger.address);
    let_guess(&state, &guesser).await?;
    let turn = state.passwords.turn().await?;
    // Guesses that were before this one in the queue may have been too many.
    let_guess(&state, &guesser).await?;
    let settings = state.settings()?;
    let minutes = settings.number("cabinet.session_minutes")?;
    let candidate = cabinet::candidate(&state.store, &login).await?;
    let digest = candidate.as_ref().map(|candidate| candidate.password_digest.as_str());
    let checked = check(turn, password, digest, cost(&settings)?).await?;
    let Some(candidate) = candidate.filter(|_| checked.fits) else {
        wrong(&state, &stranger, &guesser, (None, &login), "wrong_credentials").await?;
        return Err(Problem::new(Code::WrongCredentials));
    };
    let Stranger { request_id, address, .. } = stranger;
    let actor = Actor { address, ..Actor::of_client(candidate.id, &request_id) };
    let token = tokens::beginning_with(tokens::OF_CLIENT)?;
    let mut change = match writes::begin(&state, &actor, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let (new, rehashed) = (NewSession { token: &token, minutes }, checked.rehashed.as_deref());
    let opened = cabinet::open_session(&mut change, &candidate, new, rehashed, &guesser).await;
    let expires_at = opened.map_err(|error| match error {
        // Blocked, or given another password, since it was looked up.
        CabinetError::NotFound => Problem::new(Code::WrongCredentials),
        error => error.into(),
    })?;
    writes::created(change, &SessionMade { token, client: candidate.client, expires_at }).await
}
