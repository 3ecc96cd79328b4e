//! `POST /v1/client-assignments`: give clients to a manager (S4).
//!
//! Owns: what the request says.
//! Does not own: who may take whom (`billing::clients`).
//! Always: each client is answered for; those who may not be taken do not hold back the others.

use axum::extract::State;
use axum::response::Response;
use billing::clients::{self, Assigned, AssignmentRights};
use billing::staff::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::{CallContext, forbidden};
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Most clients of a request.
const MOST: usize = 5_000;

/// A wanted assignment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedAssignment {
    /// Login of the manager; `me`: the caller.
    manager: String,
    /// Codes of clients, 5000 at most.
    clients: Vec<String>,
    /// Whether to take also those whose like another manager holds; by right.
    #[serde(default, rename = "override")]
    override_related: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// What became of a client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssignedView {
    /// His code.
    code: String,
    /// `assigned`; `same`: he had the manager; `not_found`; `held`: another manager holds him, and the caller lacks `client.reassign`; `held_by_related`:
    /// another manager holds one with the same INN, phone or e-mail; `cleaned`: his data were cleaned.
    outcome: &'static str,
    /// Login of the manager who holds him, or one who may be the same.
    held_by: Option<String>,
}

impl From<Assigned> for AssignedView {
    fn from(one: Assigned) -> Self {
        let Assigned { code, outcome, held_by } = one;
        Self { code, outcome: outcome.as_str(), held_by }
    }
}

/// What became of all.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assignments {
    /// How many have the manager since now.
    assigned: usize,
    /// Each of them, in the order in which they were asked for.
    items: Vec<AssignedView>,
}

/// Give clients to a manager
///
/// Free clients are taken, also one's own given away; those of others by the right `client.reassign`. A client whose like (the same INN, phone or e-mail, contacts
/// counted in) another manager holds is taken with `override` alone, by the right `client.assign_override`; clients who are alike and asked for together go
/// together.
#[utoipa::path(
    post, path = "/v1/client-assignments", operation_id = "client_assign", tag = "clients",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedAssignment, example = json!({"manager": "me", "clients": ["C-000001", "C-000002", "C-000003"], "override": false, "reason": "обзвон июля"})),
    responses((status = 200, description = "What became of each", body = Assignments, example = json!({
        "assigned": 1,
        "items": [
            {"code": "C-000001", "outcome": "assigned", "held_by": null},
            {"code": "C-000002", "outcome": "held_by_related", "held_by": "petrov"},
            {"code": "C-000003", "outcome": "not_found", "held_by": null}
        ]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedAssignment>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let manager = match asked.manager.trim() {
        "me" => context.staff.login.as_str(),
        login => inputs::word("/manager", login)?,
    };
    if asked.clients.is_empty() {
        let detail = Text::fixed("Укажите хотя бы одного клиента", "Name one client at least");
        return Err(Problem::field("/clients", detail));
    }
    if asked.clients.len() > MOST {
        let detail = Text::new(format!("Не больше {MOST} клиентов"), format!("At most {MOST} clients"));
        return Err(Problem::new(Code::LimitTooLarge).at("/clients", detail));
    }
    for (place, code) in asked.clients.iter().enumerate() {
        inputs::word(&format!("/clients/{place}"), code)?;
    }
    if asked.override_related && !context.staff.may(Permission::ClientAssignOverride) {
        return Err(forbidden(Permission::ClientAssignOverride));
    }
    let reason = inputs::reason(asked.reason.as_deref())?;
    let rights = AssignmentRights {
        reassign: context.staff.may(Permission::ClientReassign),
        override_related: asked.override_related,
    };
    let key = context.idempotency("client_assign", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let all = clients::assign(&mut change, manager, &asked.clients, rights, reason).await?;
    let assigned = all.iter().filter(|one| one.outcome.is_assigned()).count();
    let items = all.into_iter().map(AssignedView::from).collect();
    writes::commit(change, &Assignments { assigned, items }).await
}
