//! `POST /v1/clients/{code}/clean`: make a client anonymous (B9).
//!
//! Owns: what the request says.
//! Does not own: what stands against it (`billing::cleaning`).
//! Always: it cannot be undone; sums and documents stay.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cleaning;
use serde::Serialize;
use utoipa::ToSchema;

use super::Irrevocable;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A client who is anonymous.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CleanedView {
    /// His code.
    code: String,
    /// `cleaned`.
    gdpr_state: &'static str,
    /// Contacts that are anonymous now.
    contacts: u64,
    /// Notes that are empty now.
    notes: u64,
    /// Whether the party of the registry, a person, is anonymous now.
    party: bool,
}

/// Clean the personal data of a client
///
/// Name, e-mail, phone, contacts, texts of notes and the party of a person become anonymous, the client and his accounts are switched off, and what the history
/// keeps of the values is shown to nobody. Refused with `retention` while the last usage or payment is younger than `gdpr.retention_days` or numbers are in
/// work, and with `legal_hold` while an account is under one. The values in the history are destroyed by a second step, after the terms of the law.
#[utoipa::path(
    post, path = "/v1/clients/{code}/clean", operation_id = "client_clean", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Irrevocable, example = json!({"confirm": "C-000001", "reason": "заявление клиента от 1 июля"})),
    responses((status = 200, description = "Anonymous", body = CleanedView, example = json!({"code": "C-000001", "gdpr_state": "cleaned", "contacts": 2, "notes": 5, "party": false})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Irrevocable>,
) -> Result<Response, Problem> {
    let (terms, zone) = super::terms(&*state.settings()?)?;
    super::confirmed(&body.value, &code)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("client_clean", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let cleaned = cleaning::clean(&mut change, &code, terms, zone, reason).await?;
    let view = CleanedView {
        code,
        gdpr_state: "cleaned",
        contacts: cleaned.contacts,
        notes: cleaned.notes,
        party: cleaned.party,
    };
    writes::commit(change, &view).await
}
