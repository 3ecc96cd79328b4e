//! `POST /v1/cabinet/session`: a user of a client signs in (B2, B4).
//!
//! Owns: what the request says, the token's bits.
//! Does not own: how often one may try (`billing::cabinet`), how passwords are compared (`crate::passwords`).
//! Always: open to everybody; an unknown login, a blocked user and a wrong password are one answer and take one time.

use axum::extract::State;
use axum::response::Response;
use billing::Actor;
use billing::cabinet::{self, CabinetError, NewSession, TryError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::SessionMade;
use crate::cabinet_context::Stranger;
use crate::extract::JsonBody;
use crate::inputs;
use crate::passwords;
use crate::problem::{Code, Problem};
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
/// The token of the answer opens the cabinet and nothing else. After five tries with one login from one address that failed within 15 minutes the answer is
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
    let minutes = state.settings()?.number("cabinet.session_minutes")?;
    let candidate = cabinet::try_to_sign_in(&state.store, &login, &stranger.address, state.clock.now()).await?;
    let digest = candidate.as_ref().map(|candidate| candidate.password_digest.as_str());
    let fits = passwords::fits(digest, &body.value.password).await?;
    let Some(candidate) = candidate.filter(|_| fits) else { return Err(Problem::new(Code::WrongCredentials)) };
    let Stranger { request_id, address } = stranger;
    let actor = Actor { address, ..Actor::of_client(candidate.id, &candidate.login, &request_id) };
    let token = tokens::beginning_with(tokens::OF_CLIENT)?;
    let mut change = match writes::begin(&state, &actor, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let opened = cabinet::open_session(&mut change, &candidate, NewSession { token: &token, minutes }).await;
    let expires_at = opened.map_err(|error| match error {
        // Blocked, or given another password, since it was looked up.
        CabinetError::NotFound => Problem::new(Code::WrongCredentials),
        error => error.into(),
    })?;
    writes::created(change, &SessionMade { token, client: candidate.client, expires_at }).await
}

impl From<TryError> for Problem {
    fn from(error: TryError) -> Self {
        match error {
            TryError::TooMany => Self::new(Code::TooManyAttempts),
            TryError::Store(error) => error.into(),
        }
    }
}
