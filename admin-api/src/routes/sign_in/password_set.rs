//! `POST /v1/session/password`: set a password by a setup token.
//!
//! Owns: what the request says.
//! Does not own: setup tokens (`billing::sign_in`), hashing (`crate::sign_in`).
//! Always: the token is good once; the user signs in with the password afterwards, and shows his second factor then.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in::{self, Guesser};
use serde::Deserialize;
use utoipa::ToSchema;

use super::new_password;
use crate::extract::JsonBody;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sign_in::{Stranger, cost, let_guess, wrong};
use crate::state::AppState;
use crate::writes::{self, Named};

/// A setup token and a password. No `Debug`: they are secrets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FirstPassword)]
pub(crate) struct WantedPassword {
    /// The token that was handed over.
    setup_token: String,
    /// The password from now on.
    password: String,
}

/// Set a password
///
/// By the token that somebody who manages people has made. All sessions of the user end.
#[utoipa::path(
    post, path = "/v1/session/password", operation_id = "password_set", tag = "sign_in",
    request_body(content = WantedPassword, example = json!({"setup_token": "tollgate_..", "password": "correct horse battery"})),
    responses((status = 200, description = "Set; the code is the login", body = Named, example = json!({"code": "petrova"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    stranger: Stranger,
    body: JsonBody<WantedPassword>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let guesser = Guesser::at(&stranger.address);
    let_guess(&state, &guesser).await?;
    let known = sign_in::by_setup(&state.store, &asked.setup_token, state.clock.now()).await?;
    let Some(user) = known.filter(|user| !user.is_blocked) else {
        wrong(&state, &stranger, &guesser, (None, ""), "wrong_setup_token").await?;
        return Err(Problem::new(Code::WrongCredentials).because(Text::fixed(
            "Ссылка для установки пароля недействительна или уже использована: попросите новую",
            "The setup token is not good or was used before: ask for another one",
        )));
    };
    let settings = state.settings()?;
    let password = new_password("/password", &asked.password, &user, &settings)?;
    let hash = state.passwords.hash(password, cost(&settings)?).await?;
    let mut change = writes::begin_as(&state, stranger.actor(Some(&user))).await?;
    sign_in::redeem(&mut change, &user, &asked.setup_token, &hash).await?;
    writes::commit(change, &Named { code: user.login }).await
}
