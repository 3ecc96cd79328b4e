//! `POST /v1/accounts/{code}/contacts`: another contact on the card of an account (S7).
//!
//! Owns: what the request says.
//! Does not own: contacts (`billing::clients`).
//! Always: a contact has an e-mail or a phone; who registers him is recorded.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients::{self, NewContact};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted contact of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedAccountContact {
    /// Name.
    name: String,
    /// Position.
    #[serde(default)]
    position: Option<String>,
    /// E-mail.
    #[serde(default)]
    email: Option<String>,
    /// Phone, in any writing.
    #[serde(default)]
    phone: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Add a contact to an account
#[utoipa::path(
    post, path = "/v1/accounts/{code}/contacts", operation_id = "account_contact_add", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedAccountContact, example = json!({
        "name": "Мария Орлова", "position": "бухгалтер", "email": "orlova@example.ru", "reason": "просьба директора"
    })),
    responses((status = 201, description = "Added", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedAccountContact>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let new = NewContact {
        name: inputs::party::name("/name", &asked.name)?,
        position: inputs::party::text("/position", asked.position.as_deref().unwrap_or_default(), 300)?,
        email: given(asked.email.as_deref()).map(|email| inputs::party::email("/email", email)).transpose()?,
        phone: given(asked.phone.as_deref())
            .map(|phone| inputs::party::phone("/phone", phone, &settings))
            .transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("account_contact_add", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = clients::add_account_contact(&mut change, &code, &new, reason).await?;
    writes::created(change, &Numbered { id }).await
}
