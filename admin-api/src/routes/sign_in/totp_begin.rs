//! `POST /v1/me/totp`: begin to enrol a second factor.
//!
//! Owns: the secret's bits.
//! Does not own: where it is kept (`billing::sign_in`), how it is encrypted (`crate::sign_in`).
//! Always: the secret is in this answer and nowhere else in clear; it counts once a code of it was shown.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::problem::Problem;
use crate::sign_in::totp;
use crate::state::AppState;
use crate::tokens;
use crate::writes::{self, Write};

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
/// Show the address as a QR code, or the secret; then confirm with a code of the application. There is no `Idempotency-Key` here: begin once more when the
/// answer was lost.
#[utoipa::path(
    post, path = "/v1/me/totp", operation_id = "my_totp_begin", tag = "sign_in",
    responses((status = 201, description = "Begun", body = BegunTotp, example = json!({
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "otpauth_url": "otpauth://totp/Tollgate:petrova?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tollgate&algorithm=SHA1&digits=6&period=30"
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, context: CallContext) -> Result<Response, Problem> {
    writes::refuse_key(&context)?;
    let key = state.secret_key()?;
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
