//! `PUT /v1/me/password`: change one's own password.
//!
//! Owns: what the request says.
//! Does not own: which password is too weak (`billing::sign_in`), hashing (`crate::sign_in`).
//! Always: the former one is asked for, and guesses at it are counted; one's other sessions end.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{guesser_of, myself, new_password, some_password};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::problem::{Code, Problem};
use crate::sign_in::{check, cost, count, let_guess};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Both passwords. No `Debug`: they are secrets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The one until now.
    old_password: String,
    /// The one from now on.
    new_password: String,
}

/// What a new password ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasswordChanged {
    /// Other sessions that were ended.
    sessions_ended: u64,
}

/// Change your password
///
/// There is no need to change it from time to time. Who has no password yet gets a setup token from somebody who manages people. There is no
/// `Idempotency-Key` here.
#[utoipa::path(
    put, path = "/v1/me/password", operation_id = "my_password_change", tag = "sign_in",
    request_body(content = PasswordChange, example = json!({"old_password": "correct horse battery", "new_password": "four boats on a lake"})),
    responses((status = 200, description = "Changed", body = PasswordChanged, example = json!({"sessions_ended": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<PasswordChange>,
) -> Result<Response, Problem> {
    writes::refuse_key(&context)?;
    let old = some_password("/old_password", &body.value.old_password)?;
    let settings = state.settings()?;
    let me = myself(&state, &context).await?;
    let new = new_password("/new_password", &body.value.new_password, &me, &settings)?;
    let guesser = guesser_of(&context);
    let turn = state.passwords.turn().await?;
    let_guess(&state, &guesser).await?;
    let checked = check(turn, old, me.hash.as_deref(), cost(&settings)?).await?;
    let Some(former) = me.hash.as_deref().filter(|_| checked.fits) else {
        count(&state, &guesser, &context.actor, &me.login).await?;
        return Err(Problem::new(Code::WrongCredentials));
    };
    let hash = state.passwords.hash(new, cost(&settings)?).await?;
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let sessions_ended = sign_in::change_password(&mut change, &context.staff, former, &hash).await?;
    writes::commit(change, &PasswordChanged { sessions_ended }).await
}
