//! `POST /v1/clients/{code}/users/{id}/password`: give a user of a client another password (B2).
//!
//! Owns: what the request says.
//! Does not own: users (`billing::cabinet`).
//! Always: it is named twice or made up, and is good for choosing another; his sessions end.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cabinet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::sign_in::Wanted;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted password. No `Debug`: it is a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPassword {
    /// Password, at least 10 characters.
    #[serde(default)]
    password: Option<String>,
    /// The same again.
    #[serde(default)]
    confirmation: Option<String>,
    /// Makes a password up, which the answer shows.
    #[serde(default)]
    generate: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// What was set. No `Debug`: it is a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordSet {
    /// Identifier of the user.
    id: i64,
    /// The password, where it was made up; shown this once.
    password: Option<String>,
}

/// Give a user of a client another password
///
/// With the password he chooses one himself before he does anything else; he does not pay for 72 hours, and a letter goes to the e-mail of the profile. There is
/// no `Idempotency-Key` here: a request with a password is kept nowhere.
#[utoipa::path(
    post, path = "/v1/clients/{code}/users/{id}/password", operation_id = "client_user_password", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the user", example = 3)),
    request_body(content = WantedPassword, example = json!({"generate": true, "reason": "письмо с почты профиля"})),
    responses((status = 200, description = "Set", body = PasswordSet, example = json!({"id": 3, "password": "k3v.."})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<WantedPassword>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    super::without_key(&context)?;
    let id = inputs::id("/id", &id)?;
    let wanted = Wanted::read(asked.password.as_deref(), asked.confirmation.as_deref(), asked.generate)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let digest = wanted.digest(&state).await?;
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    cabinet::set_password(&mut change, (&code, id), &digest, reason).await?;
    writes::commit(change, &PasswordSet { id, password: wanted.shown() }).await
}
