//! The gate before every guess.
//!
//! Owns: who has to wait, what a wrong guess leaves behind, whether a second factor was shown.
//! Does not own: the count (`billing::sign_in`).
//! Always: looked at before anything is compared; a wrong guess, and a wait that it begins, are in the audit.

use billing::Actor;
use billing::audit::{self, AuditLine};
use billing::sign_in::{self, Factor, Guesser, Known, Limits, Totp};
use serde_json::json;

use super::stranger::{Stranger, UNKNOWN};
use super::totp;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Refuses somebody who has to wait.
pub(crate) async fn let_guess(state: &AppState, guesser: &Guesser) -> Result<(), Problem> {
    let now = state.clock.now();
    let Some(until) = sign_in::waits(&state.store, guesser, now).await? else { return Ok(()) };
    let milliseconds = (until - now).num_milliseconds().max(1) as u64;
    Err(Problem::new(Code::TooManyAttempts).retry_after(milliseconds.div_ceil(1_000)))
}

/// Counts a wrong guess at what belongs to the login `subject`.
pub(crate) async fn count(state: &AppState, guesser: &Guesser, actor: &Actor, subject: &str) -> Result<(), Problem> {
    let now = state.clock.now();
    let limits = Limits::of(&*state.settings()?)?;
    for wait in sign_in::failed(&state.store, guesser, &limits, now).await? {
        let who = if wait.scope == "pair" { subject } else { actor.address.as_str() };
        let line = AuditLine {
            action: "session.wait",
            entity: "session",
            entity_id: who.to_owned(),
            before: None,
            after: Some(json!({"scope": wait.scope, "failures": wait.failures, "waits_until": wait.until})),
            personal: None,
            reason: Code::TooManyAttempts.as_str().to_owned(),
        };
        if let Err(error) = audit::refused(&state.store, actor, now, line).await {
            tracing::error!("a wait is not in the audit: {error}");
        }
    }
    Ok(())
}

/// Counts a wrong sign-in of a stranger and writes it down; `user`: who he says he is, as far as there is one.
pub(crate) async fn wrong(
    state: &AppState,
    stranger: &Stranger,
    guesser: &Guesser,
    (user, claimed): (Option<&Known>, &str),
    why: &str,
) -> Result<(), Problem> {
    stranger.refused(state, user, claimed, why).await;
    let subject = user.map_or(UNKNOWN, |user| user.login.as_str());
    count(state, guesser, &stranger.actor(user), subject).await
}

/// The second factor that was shown; `None`: the user has none. Whether it was used before, the one who spends it finds out.
pub(crate) fn factor(
    state: &AppState,
    user: &Known,
    code: Option<&str>,
    recovery_code: Option<&str>,
) -> Result<Option<Factor>, Problem> {
    let Some(kept) = user.totp.as_ref().filter(|totp| totp.is_confirmed) else { return Ok(None) };
    if let Some(text) = recovery_code {
        let digest = totp::recovery_digest(text).ok_or(Problem::new(Code::WrongCode))?;
        return Ok(Some(Factor::Recovery(digest)));
    }
    let code = code.ok_or(Problem::new(Code::CodeNeeded))?;
    Ok(Some(Factor::Step(step(state, user.user_id, kept, code)?)))
}

/// The step of a code that fits a secret.
pub(crate) fn step(state: &AppState, user_id: i64, kept: &Totp, code: &str) -> Result<i64, Problem> {
    let secret = state.secret_key()?.open(user_id, &kept.secret).ok_or_else(|| {
        tracing::error!("the second factor of user {user_id} was encrypted with another TOLLGATE_SECRET_KEY");
        Problem::new(Code::NotConfigured)
    })?;
    totp::step_of(&secret, code, state.clock.now(), kept.last_step).ok_or(Problem::new(Code::WrongCode))
}
