//! `PUT /v1/clients/{code}/lead`: where a client stands, and what came of talking to him (S5).
//!
//! Owns: what the request says.
//! Does not own: which steps exist (`billing::clients`).
//! Always: a field that is absent stays; support is reached by the hand-over alone (L4).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::clients::{self, LeadState, LeadUpdate, Stage};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ClientView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Where a client stands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeadChange {
    /// `lead` or `sales`.
    #[serde(default)]
    stage: Option<String>,
    /// `invited`, `connected` or `refused`; `null`: nothing yet.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    state: Edit<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Say where a client stands
#[utoipa::path(
    put, path = "/v1/clients/{code}/lead", operation_id = "client_lead", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = LeadChange, example = json!({"state": "connected", "reason": "подписал договор"})),
    responses((status = 200, description = "Changed", body = ClientView, example = json!({
        "id": 1, "code": "C-000001", "name": "ООО «Строй Сервис»", "state": "active", "active": true, "revision": 5,
        "party": {"kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195", "city": "Москва", "legal_address": "Москва, ул. Ленина, 1"},
        "email": "office@example.ru", "phone": "8 (495) 200-0-200", "contact_person": "И. Петров", "country": "RU", "language": "ru",
        "label": "VIP", "characteristic": "ordinary", "manager": "petrova", "stage": "sales",
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
    body: JsonBody<LeadChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let all_stages = || Stage::ALL.iter().map(|one| one.as_str());
    let states = || LeadState::ALL.iter().map(|one| one.as_str());
    let wanted = LeadUpdate {
        stage: asked.stage.as_deref().map(|text| inputs::one_of("/stage", text, all_stages())).transpose()?,
        state: asked.state.try_map(|text| inputs::one_of("/state", &text, states()))?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("client_lead", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let card = clients::set_lead(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &ClientView::from(card)).await
}
