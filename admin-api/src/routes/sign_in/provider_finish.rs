//! `POST /v1/session/oidc`: sign in with the code of the provider of identities (S43).
//!
//! Owns: what the request says, and who of those known there is let in.
//! Does not own: the provider (`crate::sign_in`), what a session is (`billing::sign_in`).
//! Always: a state is good once; known there and no user here, or a blocked one, is `not_employed`.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in::{self, Guesser, Known, Proof, Way};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Entry, OpenedSession, enter};
use crate::extract::JsonBody;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sign_in::{Identity, Stranger, let_guess, wrong};
use crate::state::AppState;

/// Longest code that is passed on to the provider.
const CODE_BYTES_MAX: usize = 4_096;

/// What the provider sent back with the browser. No `Debug`: it holds secrets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrival {
    /// `state` of its address.
    state: String,
    /// `code` of its address.
    code: String,
}

/// Sign in by OpenID Connect
///
/// The second factor is the provider's matter: none is asked for here.
#[utoipa::path(
    post, path = "/v1/session/oidc", operation_id = "session_oidc_finish", tag = "sign_in",
    request_body(content = Arrival, example = json!({"state": "tollgate_..", "code": "SplxlOBeZQQYbYS6WxSbIA"})),
    responses((status = 201, description = "Signed in", body = OpenedSession, example = json!({
        "id": 8, "token": "tollgate_..", "login": "petrova", "expires_at": "2026-07-01T22:00:00Z", "enrolment_needed": false
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    stranger: Stranger,
    body: JsonBody<Arrival>,
) -> Result<Response, Problem> {
    let provider = state.provider()?;
    let asked = &body.value;
    let guesser = Guesser::at(&stranger.address);
    let_guess(&state, &guesser).await?;
    if asked.code.is_empty() || asked.code.len() > CODE_BYTES_MAX {
        let expected = Text::fixed("Ожидается code из адреса возврата", "The code of the address is expected");
        return Err(Problem::field("/code", expected));
    }
    let now = state.clock.now();
    let Some((nonce, verifier)) = sign_in::take_state(&state.store, &asked.state, now).await? else {
        wrong(&state, &stranger, &guesser, (None, ""), "wrong_state").await?;
        return Err(Problem::new(Code::WrongCredentials).because(Text::fixed(
            "Вход устарел или уже завершён: начните заново",
            "The sign-in is out of date or done already: begin again",
        )));
    };
    let identity = match provider.finish(&asked.code, nonce, verifier, now).await {
        Ok(identity) => identity,
        Err(problem) => {
            if problem.code() == Code::WrongCredentials {
                wrong(&state, &stranger, &guesser, (None, ""), "refused_by_provider").await?;
            }
            return Err(problem);
        }
    };
    let (known, claimed) = found(&state, identity).await?;
    let Some(user) = known.as_ref().filter(|user| !user.is_blocked) else {
        let why = Code::NotEmployed.as_str();
        wrong(&state, &stranger, &guesser, (known.as_ref(), claimed.as_str()), why).await?;
        return Err(Problem::new(Code::NotEmployed));
    };
    let entry = Entry { way: Way::Provider, proof: Proof::default(), guesser: &guesser };
    enter(&state, &*state.settings()?, &stranger, user, &entry).await
}

/// The user whom the provider names, and the name.
async fn found(state: &AppState, identity: Identity) -> Result<(Option<Known>, String), Problem> {
    let (known, claimed) = match identity {
        Identity::Email(email) if is_text(&email) => (sign_in::by_email(&state.store, &email).await?, email),
        Identity::Login(login) if is_text(&login) => (sign_in::by_login(&state.store, &login).await?, login),
        Identity::Email(_) | Identity::Login(_) | Identity::Nobody => (None, String::new()),
    };
    Ok((known, claimed))
}

/// Whether a claim can name somebody here at all.
fn is_text(claim: &str) -> bool {
    !claim.is_empty() && !claim.chars().any(char::is_control)
}
