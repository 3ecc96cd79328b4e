//! `GET /v1/clients/{code}`: the card of a client (B5-B7, M60).
//!
//! Owns: nothing.
//! Does not own: the card (`billing::clients`).
//! Always: the header ETag carries its revision.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients;

use super::ClientView;
use crate::etag;
use crate::problem::Problem;
use crate::state::AppState;

/// A client
#[utoipa::path(
    get, path = "/v1/clients/{code}", operation_id = "client_get", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "The card; the header ETag carries its revision", body = ClientView, example = json!({
        "id": 1, "code": "C-000001", "name": "ООО «Строй Сервис»", "state": "active", "active": true, "revision": 4,
        "party": {"kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195", "city": "Москва", "legal_address": "Москва, ул. Ленина, 1"},
        "liquidation": {"legal_status": "active", "termination_date": null, "liquidated": false, "warning": false, "excluded": "Нет", "comment": "", "first_notified_at": null, "history": "/v1/mails?client=C-000001"},
        "email": "office@example.ru", "phone": "8 (495) 200-0-200", "contact_person": "И. Петров", "country": "RU", "language": "ru",
        "label": "VIP", "characteristic": "ordinary", "manager": "ivanova", "stage": "support",
        "lead_state": "connected", "lead_state_at": "2026-06-01T10:00:00Z", "agent": "A-1", "agent_type": "partner", "gdpr_state": "none", "comment": "",
        "registered": {"at": "2026-07-01T10:00:00Z", "by": "sidorov", "from": "192.0.2.7"},
        "accounts": [{"code": "A-000001", "issuer": "T", "currency": "RUB", "balance": "99.4", "turnover_year": "1500", "plan": "basic", "active": true}],
        "services": [{"number": "74950000001", "account": "A-000001", "issuer": "T", "plan": "basic", "state": "in_work"}], "services_total": 1
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let card = clients::card(&state.store, &code, state.clock.now()).await?.ok_or_else(|| super::no_client(&code))?;
    Ok(etag::shown(card.revision, &ClientView::from(card)))
}
