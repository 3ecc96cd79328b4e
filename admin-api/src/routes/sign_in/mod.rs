//! Endpoints of signing in: sessions, passwords, second factors, the provider of identities.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: hashing and codes (`crate::sign_in`), what is kept (`billing::sign_in`).
//! Always: what is a secret is shown once and kept nowhere, so no request here takes an `Idempotency-Key` that holds or answers one; the caller's own doings
//! need no reason.

pub(crate) mod close;
pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod open;
pub(crate) mod password_change;
pub(crate) mod password_reset;
pub(crate) mod password_set;
pub(crate) mod provider_begin;
pub(crate) mod provider_finish;
pub(crate) mod totp_begin;
pub(crate) mod totp_confirm;
pub(crate) mod totp_end;

use billing::settings::Settings;
use billing::sign_in::{
    self, Guesser, Known, NewSession, PASSWORD_BYTES_MAX, Proof, SignInError, Way, Weakness, weakness,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::sign_in::Stranger;
use crate::state::AppState;
use crate::{tokens, writes};

/// A session that was opened. No `Debug`: it holds a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenedSession {
    /// Identifier.
    id: i64,
    /// Its token for `Authorization: Bearer ..`, shown this once.
    token: String,
    /// Login of its owner, as it is written here.
    login: String,
    /// The moment at which it ends in any case; without requests it ends earlier.
    expires_at: DateTime<Utc>,
    /// Whether it may do nothing but enrol a second factor.
    enrolment_needed: bool,
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::NotFound => Self::new(Code::NotFound),
            SignInError::Already => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Это уже так", "It is so already"))
            }
            SignInError::Spent => Self::new(Code::WrongCredentials),
            SignInError::Store(error) => error.into(),
        }
    }
}

/// What somebody shows and how he came, from which a session is made.
struct Entry<'a> {
    way: Way,
    proof: Proof<'a>,
    guesser: &'a Guesser,
}

/// Opens a session of a user.
async fn enter(
    state: &AppState,
    settings: &Settings,
    stranger: &Stranger,
    user: &Known,
    entry: &Entry<'_>,
) -> Result<axum::response::Response, Problem> {
    let token = tokens::random()?;
    let enrolment_needed =
        entry.way == Way::Password && entry.proof.factor.is_none() && settings.text("signin.totp")? == "required";
    let new = NewSession {
        token: &token,
        way: entry.way,
        agent: &stranger.agent,
        hours: settings.number("session.max_hours")?,
    };
    let mut change = writes::begin_as(state, stranger.actor(Some(user))).await?;
    let opened = sign_in::open(&mut change, user, &new, &entry.proof, entry.guesser).await?;
    let (id, expires_at, login) = (opened.id, opened.expires_at, user.login.clone());
    writes::created(change, &OpenedSession { id, token, login, expires_at, enrolment_needed }).await
}

/// A password as somebody writes it, whatever it is.
fn some_password<'a>(pointer: &str, text: &'a str) -> Result<&'a str, Problem> {
    let fits = (1..=PASSWORD_BYTES_MAX).contains(&text.len());
    let expected = Text::fixed("Ожидаются от 1 до 1000 байт", "1 to 1000 bytes are expected");
    fits.then_some(text).ok_or_else(|| Problem::field(pointer, expected))
}

/// A password that a user may have.
fn new_password<'a>(pointer: &str, text: &'a str, user: &Known, settings: &Settings) -> Result<&'a str, Problem> {
    let own = [user.login.as_str(), user.name.as_str(), user.email.as_deref().unwrap_or_default()];
    let detail = match weakness(text, settings.number("password.min_length")?, &own) {
        None => return Ok(text),
        Some(Weakness::Short(least)) => Text::new(
            format!("Не меньше {least} символов (настройка password.min_length); подойдёт фраза из нескольких слов"),
            format!("At least {least} characters (setting password.min_length); a phrase of some words will do"),
        ),
        Some(Weakness::Long) => Text::fixed("Не больше 1000 байт", "At most 1000 bytes"),
        Some(Weakness::Own) => Text::fixed(
            "Пароль не должен быть логином, именем или почтой",
            "A password is not the login, the name or the e-mail",
        ),
        Some(Weakness::Common) => Text::fixed(
            "Это один из самых распространённых паролей, его подбирают первым",
            "This is one of the most common passwords, which are tried first",
        ),
    };
    Err(Problem::field(pointer, detail))
}

/// What is known of the caller, who is here by a session.
async fn myself(state: &AppState, context: &CallContext) -> Result<Known, Problem> {
    let user = sign_in::by_id(&state.store, context.staff.id).await?;
    user.ok_or(Problem::new(Code::NotFound))
}

/// The caller as somebody who guesses his own secrets: a session left open is not the person.
fn guesser_of(context: &CallContext) -> Guesser {
    Guesser::of(&context.staff.login, &context.actor.address)
}

/// The caller as somebody who guesses at a code of his second factor.
fn code_guesser_of(context: &CallContext) -> Guesser {
    Guesser::of_code(context.staff.id, &context.actor.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_told_apart_at_their_field() {
        let user = Known {
            user_id: 1,
            login: "ivanova".into(),
            name: "Анна Иванова".into(),
            email: None,
            is_blocked: false,
            hash: None,
            totp: None,
        };
        let settings = Settings::of([("password.min_length", "12")]);
        for (password, fits) in
            [("correct horse battery", true), ("short", false), ("ivanova123456", false), ("password1234", false)]
        {
            assert_eq!(new_password("/password", password, &user, &settings).is_ok(), fits, "{password}");
        }
        assert!(some_password("/password", "").is_err() && some_password("/password", "x").is_ok());
    }
}
