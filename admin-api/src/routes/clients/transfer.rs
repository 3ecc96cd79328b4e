//! `POST /v1/clients/{code}/transfer-to-support`: hand a client who has paid over to support (L4).
//!
//! Owns: what the request says.
//! Does not own: whether he has paid (`billing::clients`).
//! Always: he gets a personal manager with it; it happens once.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients::{self, AssignmentRights};
use billing::staff::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ClientView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted hand-over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTransfer {
    /// Login of his personal manager.
    manager: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Hand a client over to support
///
/// Possible once a payment of real money is booked. His manager hands him over, others by the right `client.reassign`.
#[utoipa::path(
    post, path = "/v1/clients/{code}/transfer-to-support", operation_id = "client_transfer", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedTransfer, example = json!({"manager": "petrova", "reason": "оплатил первый счёт"})),
    responses((status = 200, description = "In support", body = ClientView, example = json!({
        "id": 1, "code": "C-000001", "name": "ООО «Строй Сервис»", "state": "active", "active": true, "revision": 5,
        "party": {"kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195", "city": "Москва", "legal_address": "Москва, ул. Ленина, 1"},
        "email": "office@example.ru", "phone": "8 (495) 200-0-200", "contact_person": "И. Петров", "country": "RU", "language": "ru",
        "label": "VIP", "characteristic": "ordinary", "manager": "petrova", "stage": "support",
        "lead_state": "connected", "lead_state_at": "2026-06-01T10:00:00Z", "agent": "A-1", "agent_type": "partner", "gdpr_state": "none", "comment": "",
        "registered": {"at": "2026-07-01T10:00:00Z", "by": "sidorov", "from": "192.0.2.7"},
        "liquidation": {"legal_status": "active", "termination_date": null, "liquidated": false, "warning": false, "excluded": "Нет", "comment": "", "first_notified_at": null, "history": "/v1/mails?client=C-000001"},
        "accounts": [{"code": "A-000001", "issuer": "T", "currency": "RUB", "balance": "99.4", "turnover_year": "1500", "plan": "basic", "active": true}],
        "services": [{"number": "74950000001", "account": "A-000001", "issuer": "T", "plan": "basic", "state": "in_work"}], "services_total": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedTransfer>,
) -> Result<Response, Problem> {
    let manager = inputs::word("/manager", body.value.manager.trim())?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let rights = AssignmentRights { reassign: context.staff.may(Permission::ClientReassign), override_related: false };
    let key = context.idempotency("client_transfer", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let card = clients::transfer_to_support(&mut change, &code, manager, rights, reason).await?;
    writes::commit(change, &ClientView::from(card)).await
}
