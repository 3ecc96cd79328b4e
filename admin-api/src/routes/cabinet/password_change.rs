//! `POST /v1/cabinet/password`: a user of a client chooses his password (B2, B11).
//!
//! Owns: what the request says.
//! Does not own: hashing (`crate::sign_in`), what a password that staff have set is good for (`billing::cabinet`).
//! Always: the former one is asked for, guesses at it are counted, and it is not chosen again; the user's other sessions end.

use axum::extract::State;
use axum::response::Response;
use billing::cabinet::{self, CabinetError, Who};
use billing::sign_in::Guesser;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sign_in::{BYTES_MAX, Wanted, check, cost, count, let_guess};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Both passwords. No `Debug`: they are secrets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPasswordChange {
    /// The one until now.
    old_password: String,
    /// The one from now on, at least 10 characters.
    new_password: String,
}

/// What a new password ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnPasswordChanged {
    /// Other sessions that were ended.
    sessions_ended: u64,
}

/// Choose your password
///
/// The session goes on, and may what the user may if staff had set the password before. There is no `Idempotency-Key` here.
#[utoipa::path(
    post, path = "/v1/cabinet/password", operation_id = "cabinet_password_change", tag = "cabinet",
    request_body(content = OwnPasswordChange, example = json!({"old_password": "correct horse", "new_password": "four boats on a lake"})),
    responses((status = 200, description = "Changed", body = OwnPasswordChanged, example = json!({"sessions_ended": 0})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    body: JsonBody<OwnPasswordChange>,
) -> Result<Response, Problem> {
    if context.idempotency("", "", &[]).is_some() {
        return Err(writes::key_refused());
    }
    let Who::User { id, login, .. } = &context.visitor.who else {
        let detail = Text::fixed(
            "Пароль выбирает сам пользователь клиента",
            "A user of the client chooses his password himself",
        );
        return Err(Problem::new(Code::Forbidden).because(detail));
    };
    let (old, new) = (body.value.old_password.as_str(), body.value.new_password.as_str());
    let wanted = Wanted::own("/new_password", new)?;
    if old == new {
        let detail =
            Text::fixed("Новый пароль должен отличаться от прежнего", "The new password has to be another one");
        return Err(Problem::field("/new_password", detail));
    }
    let guesser = Guesser::of_client(login, &context.actor.address);
    let turn = state.passwords.turn().await?;
    let_guess(&state, &guesser).await?;
    let settings = state.settings()?;
    let candidate = cabinet::candidate(&state.store, login).await?.filter(|candidate| candidate.id == *id);
    let digest = candidate.as_ref().map(|candidate| candidate.password_digest.as_str());
    let fits = old.len() <= BYTES_MAX && check(turn, old, digest, cost(&settings)?).await?.fits;
    let Some(candidate) = candidate.filter(|_| fits) else {
        count(&state, &guesser, &context.actor, &context.actor.login).await?;
        return Err(Problem::new(Code::WrongCredentials));
    };
    let digest = wanted.digest(&state).await?;
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let user = (context.visitor.client.as_str(), *id);
    let digests = (candidate.password_digest.as_str(), digest.as_str());
    let changed = cabinet::change_password(&mut change, user, context.visitor.session_id, digests).await;
    let sessions_ended = changed.map_err(|error| match error {
        // Given another one since it was looked up.
        CabinetError::NotFound => Problem::new(Code::WrongCredentials),
        error => error.into(),
    })?;
    writes::commit(change, &OwnPasswordChanged { sessions_ended }).await
}
