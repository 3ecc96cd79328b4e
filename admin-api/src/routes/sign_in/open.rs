//! `POST /v1/session`: sign in by login and password.
//!
//! Owns: what the request says, and in which order things are looked at.
//! Does not own: hashing (`crate::sign_in`), what a session is (`billing::sign_in`).
//! Always: who guesses too often waits; somebody unknown, blocked or without a password is told what a wrong password is told, in the same time.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in::{self, Guesser, Known, Proof, Way};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Entry, OpenedSession, enter, some_password};
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::{Code, Problem};
use crate::sign_in::{Stranger, check, cost, factor, let_guess, wrong};
use crate::state::AppState;

/// Who somebody says he is. No `Debug`: it holds a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// Login, in any case.
    login: String,
    /// Password.
    password: String,
    /// Code of the second factor, six digits.
    #[serde(default)]
    code: Option<String>,
    /// A recovery code instead of it; each is good once.
    #[serde(default)]
    recovery_code: Option<String>,
}

/// Sign in
///
/// `code_needed`: the password fits, ask for the code of the second factor and send both. `wrong_code`: it does not fit or was used before.
/// `too_many_attempts`: wait as long as `Retry-After` says.
#[utoipa::path(
    post, path = "/v1/session", operation_id = "session_open", tag = "sign_in",
    request_body(content = Credentials, example = json!({"login": "petrova", "password": "correct horse battery", "code": "287082"})),
    responses((status = 201, description = "Signed in", body = OpenedSession, example = json!({
        "id": 7, "token": "tollgate_..", "login": "petrova", "expires_at": "2026-07-01T22:00:00Z", "enrolment_needed": false
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    stranger: Stranger,
    body: JsonBody<Credentials>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let login = inputs::word("/login", asked.login.trim())?;
    let password = some_password("/password", &asked.password)?;
    let guesser = Guesser::of(login, &stranger.address);
    let_guess(&state, &guesser).await?;
    let turn = state.passwords.turn().await?;
    // Guesses that were before this one in the queue may have been too many.
    let_guess(&state, &guesser).await?;
    let settings = state.settings()?;
    let known = sign_in::by_login(&state.store, login).await?;
    let hash = known.as_ref().and_then(|known| known.hash.as_deref());
    let checked = check(turn, password, hash, cost(&settings)?).await?;
    let user = known.as_ref().filter(|known| checked.fits && !known.is_blocked);
    let Some(user) = user else {
        let why = refusal(known.as_ref(), checked.fits);
        wrong(&state, &stranger, &guesser, (known.as_ref(), login), why).await?;
        return Err(Problem::new(Code::WrongCredentials));
    };
    // Who has come so far knows the password: the guesses at the code are counted by the user, from wherever they come.
    let code_guesser = Guesser::of_code(user.user_id, &stranger.address);
    let_guess(&state, &code_guesser).await?;
    let entered = match factor(&state, user, given(asked.code.as_deref()), given(asked.recovery_code.as_deref())) {
        Ok(factor) => {
            let proof = Proof { hash, rehashed: checked.rehashed.as_deref(), factor };
            let entry = Entry { way: Way::Password, proof, guesser: &guesser };
            match enter(&state, &settings, &stranger, user, &entry).await {
                // The code was used before, or the password changed while it was compared.
                Err(problem) if problem.code() == Code::WrongCredentials && entry.proof.factor.is_some() => {
                    Err(Problem::new(Code::WrongCode))
                }
                entered => entered,
            }
        }
        Err(problem) => Err(problem),
    };
    let refused = entered.as_ref().err().map(Problem::code);
    match refused {
        // A right password is no guess.
        Some(code @ Code::CodeNeeded) => stranger.refused(&state, Some(user), login, code.as_str()).await,
        Some(code @ Code::WrongCode) => {
            wrong(&state, &stranger, &code_guesser, (Some(user), login), code.as_str()).await?;
        }
        Some(code @ Code::WrongCredentials) => {
            wrong(&state, &stranger, &guesser, (Some(user), login), code.as_str()).await?;
        }
        _ => {}
    }
    entered
}

/// Why somebody is refused, for the audit alone.
fn refusal(known: Option<&Known>, fits: bool) -> &'static str {
    match known {
        None => "unknown_login",
        Some(known) if known.hash.is_none() => "no_password",
        Some(known) if known.is_blocked && fits => "blocked",
        Some(_) => "wrong_password",
    }
}
