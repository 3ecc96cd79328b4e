//! `POST /v1/me/totp`: begin to enrol a second factor.
//!
//! Owns: the secret's bits.
//! Does not own: where it is kept (`billing::sign_in`), how it is encrypted (`crate::sign_in`).
//! Always: the password is asked for, and guesses at it are counted: a session left open is not the person; the secret is in this answer and nowhere else in
//! clear; it counts once a code of it was shown.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{guesser_of, myself, some_password};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::problem::{Code, Problem};
use crate::sign_in::{check, cost, count, let_guess, totp};
use crate::state::AppState;
use crate::tokens;
use crate::writes::{self, Write};

/// The caller's password. No `Debug`: it is a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPassword {
    /// The one of now.
    password: String,
}

/// The secret of a second factor. No `Debug`: it is one.
#[derive(Serialize, ToSchema)]
pub(crate) struct BegunTotp {
    /// The secret in base 32, to be typed.
    secret: String,
    /// The same with its parameters, to be shown as a picture.
    otpauth_url: String,
}

/// Begin a second factor
///
/// Show the address as a QR code, or the secret; then confirm with a code of the application. Who signs in through a provider of identities alone has no
/// password, and his second factor there. There is no `Idempotency-Key` here: begin once more when the answer was lost.
#[utoipa::path(
    post, path = "/v1/me/totp", operation_id = "my_totp_begin", tag = "sign_in",
    request_body(content = OwnPassword, example = json!({"password": "correct horse battery"})),
    responses((status = 201, description = "Begun", body = BegunTotp, example = json!({
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "otpauth_url": "otpauth://totp/Tollgate:petrova?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tollgate&algorithm=SHA1&digits=6&period=30"
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<OwnPassword>,
) -> Result<Response, Problem> {
    writes::refuse_key(&context)?;
    let key = state.secret_key()?;
    let password = some_password("/password", &body.value.password)?;
    let settings = state.settings()?;
    let me = myself(&state, &context).await?;
    let guesser = guesser_of(&context);
    let turn = state.passwords.turn().await?;
    let_guess(&state, &guesser).await?;
    if !check(turn, password, me.hash.as_deref(), cost(&settings)?).await?.fits {
        count(&state, &guesser, &context.actor, &me.login).await?;
        return Err(Problem::new(Code::WrongCredentials));
    }
    let secret = tokens::bytes::<{ totp::SECRET_BYTES }>()?;
    let sealed = key.seal(context.staff.id, &secret)?;
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    sign_in::begin_totp(&mut change, &context.staff, &sealed).await?;
    let otpauth_url = totp::uri(&context.staff.login, &secret);
    writes::created(change, &BegunTotp { secret: totp::base32(&secret), otpauth_url }).await
}
