//! `POST /v1/clients/{code}/users`: another user of a client (B2, B27).
//!
//! Owns: what the request says.
//! Does not own: which login he gets (`billing::cabinet`).
//! Always: he gets a password at once, which is named twice or made up, and is good for choosing another.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cabinet::{self, NewClientUser};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::routes::staff;
use crate::sign_in::Wanted;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted user. No `Debug`: the password is a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedClientUser {
    /// Login, unique without regard to case; only where the setting `client.login_at_registration` is `yes`. The e-mail when absent.
    #[serde(default)]
    login: Option<String>,
    /// E-mail, unique without regard to case.
    email: String,
    /// Name.
    name: String,
    /// What he may in the cabinet: of `view`, `pay`, `manage_services`, `manage_contacts`, `manage_users`.
    #[serde(default)]
    rights: Vec<String>,
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

/// The user. No `Debug`: the password is a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClientUserMade {
    /// Identifier.
    id: i64,
    /// Login with which he signs in.
    login: String,
    /// The password, where it was made up; shown this once.
    password: Option<String>,
}

/// Add a user to a client
///
/// With the password he chooses one himself before he does anything else; he does not pay for 72 hours, and a letter goes to the e-mail of the profile. There is
/// no `Idempotency-Key` here: a request with a password is kept nowhere.
#[utoipa::path(
    post, path = "/v1/clients/{code}/users", operation_id = "client_user_add", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    request_body(content = WantedClientUser, example = json!({
        "email": "orlova@example.ru", "name": "Мария Орлова", "rights": ["view", "pay"], "generate": true, "reason": "заявка клиента"
    })),
    responses((status = 201, description = "Added", body = ClientUserMade, example = json!({"id": 3, "login": "orlova@example.ru", "password": "k3v.."})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedClientUser>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    super::without_key(&context)?;
    let login = given(asked.login.as_deref()).map(|login| staff::login(login).map(str::to_owned)).transpose()?;
    let email = inputs::party::email("/email", &asked.email)?;
    let name = inputs::party::name("/name", &asked.name)?;
    let rights = super::rights(&asked.rights)?;
    let wanted = Wanted::read(asked.password.as_deref(), asked.confirmation.as_deref(), asked.generate)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let new = NewClientUser { login, email, name, rights, password_digest: wanted.digest(&state).await? };
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let (id, login) = cabinet::add_user(&mut change, &code, &new, reason).await?;
    writes::created(change, &ClientUserMade { id, login, password: wanted.shown() }).await
}
