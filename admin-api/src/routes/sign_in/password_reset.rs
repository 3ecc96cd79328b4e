//! `POST /v1/staff/{login}/password-reset`: make a token by which a user sets his password.
//!
//! Owns: what the request says, the token's bits.
//! Does not own: for whom a caller may make one (`billing::sign_in`).
//! Always: the token is in this answer and nowhere else; nobody sets a password for somebody else.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::sign_in;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::tokens;
use crate::writes::{self, Write};

/// A wanted setup token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedReset {
    /// Whether his second factor ends with it, because he has lost it and the recovery codes.
    #[serde(default)]
    drop_totp: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The setup token. No `Debug`: it is a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeReset {
    /// The token itself, shown this once: hand it over by a way of its own.
    setup_token: String,
    /// The moment from which it is no longer good.
    expires_at: DateTime<Utc>,
}

/// Let a user set a new password
///
/// He posts the token with a password of his choice to `/v1/session/password` within 24 hours; what was made before is void. Nobody makes a token for
/// somebody who may more than he, nor for himself. There is no `Idempotency-Key` here.
#[utoipa::path(
    post, path = "/v1/staff/{login}/password-reset", operation_id = "staff_password_reset", tag = "sign_in",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova")),
    request_body(content = WantedReset, example = json!({"drop_totp": false, "reason": "забыла пароль"})),
    responses((status = 201, description = "Made", body = MadeReset, example = json!({"setup_token": "tollgate_..", "expires_at": "2026-07-02T10:00:00Z"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(login): Path<String>,
    body: JsonBody<WantedReset>,
) -> Result<Response, Problem> {
    writes::refuse_key(&context)?;
    let asked = &body.value;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let setup_token = tokens::random()?;
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let made = sign_in::reset(&mut change, &context.staff, &login, &setup_token, asked.drop_totp, reason).await;
    let expires_at = made?;
    writes::created(change, &MadeReset { setup_token, expires_at }).await
}
