//! `PUT /v1/clients/{code}/users/{id}`: change a user of a client (B4, B27).
//!
//! Owns: what the request says.
//! Does not own: users (`billing::cabinet`).
//! Always: a field that is absent stays; there is none for a verified phone.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cabinet::{self, ClientUserUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ClientUserView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a user is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientUserChange {
    /// E-mail; a login that is the e-mail goes with it.
    #[serde(default)]
    email: Option<String>,
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// What he may in the cabinet, from his next request on.
    #[serde(default)]
    rights: Option<Vec<String>>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a user of a client
///
/// After another e-mail he does not pay for 72 hours, and a letter goes to the e-mail of the profile.
#[utoipa::path(
    put, path = "/v1/clients/{code}/users/{id}", operation_id = "client_user_update", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the user", example = 3), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ClientUserChange, example = json!({"rights": ["view"], "reason": "больше не платит"})),
    responses((status = 200, description = "Changed", body = ClientUserView, example = json!(
        {"id": 3, "login": "orlova@example.ru", "name": "Мария Орлова", "email": "orlova@example.ru", "rights": ["view"], "verified_phone": null,
         "blocked_at": null, "block_reason": null, "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 2}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<ClientUserChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let wanted = ClientUserUpdate {
        email: asked.email.as_deref().map(|email| inputs::party::email("/email", email)).transpose()?,
        name: asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?,
        rights: asked.rights.as_deref().map(super::rights).transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("client_user_update", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let user = cabinet::update_user(&mut change, (&code, number), &wanted, context.revision, reason).await?;
    writes::commit(change, &ClientUserView::from(user)).await
}
