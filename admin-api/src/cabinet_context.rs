//! Who is in the cabinet of a client, and whether he may: the door before every route of the cabinet.
//!
//! Owns: authentication by the token of a session, the check of the right that a route asks for, the [`CabinetContext`] of a handler.
//! Does not own: which right a route asks for (`router`), what an employee may as a client (`billing::cabinet`), the door of staff (`call_context`).
//! Always: a token of staff opens nothing here, nor one of the cabinet anything there; a handler knows whose cabinet it is from the session alone; whoever
//! works as a client is named beside him, and never pays (B11, B26).

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use billing::Actor;
use billing::cabinet::{self, Right, Visitor, Who};
use billing::change::{Author, IdempotencyKey};
use billing::staff::Permission;

use crate::call_context::{self, Door};
use crate::edge::RequestId;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::limits::Standing;
use crate::origin;
use crate::problem::{Code, Problem};
use crate::router::Access;
use crate::state::AppState;
use crate::writes::Caller;

/// What a handler of the cabinet knows about its caller.
#[derive(Clone, Debug)]
pub(crate) struct CabinetContext {
    /// Author of the change.
    pub(crate) actor: Actor,
    /// Whose cabinet it is, and who is in it.
    pub(crate) visitor: Visitor,
    /// The revision that the caller has seen, if it insists (`If-Match`).
    pub(crate) revision: Option<i64>,
    key: Option<String>,
}

impl CabinetContext {
    /// The caller's `Idempotency-Key`, bound to the client and to what it asks: `operation` on `subject` with `body`.
    pub(crate) fn idempotency(&self, operation: &str, subject: &str, body: &[u8]) -> Option<IdempotencyKey> {
        let key = self.key.as_ref()?;
        Some(IdempotencyKey::new(
            key,
            &[operation.as_bytes(), self.visitor.client.as_bytes(), subject.as_bytes(), body],
        ))
    }

    /// Refuses an employee who lacks a permission of his own: as a client he does no more than he may for him.
    pub(crate) fn by_own_right(&self, permission: Permission) -> Result<(), Problem> {
        match self.visitor.employee() {
            Some(employee) if !employee.may(permission) => Err(call_context::forbidden(permission)),
            _ => Ok(()),
        }
    }

    /// The reason of a change: an employee names one, a client need not.
    pub(crate) fn reason<'a>(&self, text: Option<&'a str>) -> Result<&'a str, Problem> {
        match given(text) {
            None if self.visitor.employee().is_none() => Ok(""),
            _ => inputs::reason(text),
        }
    }
}

impl Caller for CabinetContext {
    fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CabinetContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // Absent only when a route of another kind asks for it: a mistake of ours.
        parts.extensions.get::<Self>().cloned().ok_or(Problem::new(Code::Internal))
    }
}

/// Lets a request through to its handler, or refuses it.
pub(crate) async fn guard(
    State(door): State<Door>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let subject = parameters.map(|parameters| call_context::subject(&parameters)).unwrap_or_default();
    let token = call_context::bearer(request.headers());
    let revision = call_context::revision(request.method(), request.headers());
    let key = call_context::idempotency_key(request.headers());
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let address = origin::address(request.extensions(), request.headers(), &door.state.proxies);
    let limits = &door.state.limits;
    if let Some(refusal) = limits.refusal_of_address(&address) {
        return refusal;
    }
    let visitor = match visitor(&door.state, token).await {
        Ok(visitor) => visitor,
        Err(problem) => {
            if problem.code() == Code::Unauthorized {
                limits.failed(&address);
            }
            return problem.into_response();
        }
    };
    let standing = match &visitor.who {
        Who::User { id, .. } => limits.asked(Author::Client(*id)),
        Who::Employee(staff) => limits.asked(Author::Staff(staff.id)),
    };
    if let Some(standing) = standing.filter(Standing::is_refused) {
        return standing.refusal();
    }
    let actor = Actor { address, ..actor(&visitor, &request_id) };
    // What is about no single record of a kind is about the client.
    let subject = if door.entity == "client" { visitor.client.clone() } else { subject };
    if let Access::Cabinet(Some(right)) = door.access
        && !visitor.may(right)
    {
        let problem = lacking(&visitor, right);
        door.refused(&actor, &subject, problem.code()).await;
        return problem.into_response();
    }
    let (key, revision) = match (key, revision) {
        (Ok(key), Ok(revision)) => (key, revision),
        (Err(problem), _) | (_, Err(problem)) => return problem.into_response(),
    };
    request.extensions_mut().insert(CabinetContext { actor: actor.clone(), visitor, revision, key });
    let mut response = door.answer(request, next, &actor, &subject).await;
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    response
}

/// Who is behind the token.
async fn visitor(state: &AppState, token: Option<String>) -> Result<Visitor, Problem> {
    let token = token.ok_or(Problem::new(Code::Unauthorized))?;
    let visitor = cabinet::authenticate(&state.store, &token, state.clock.now()).await?;
    visitor.ok_or(Problem::new(Code::Unauthorized))
}

/// Whose deed it is: the client's user's, or the employee's as the client.
fn actor(visitor: &Visitor, request_id: &str) -> Actor {
    match &visitor.who {
        Who::User { id, .. } => Actor::of_client(*id, request_id),
        Who::Employee(staff) => {
            Actor { on_behalf: Some(visitor.client.clone()), ..Actor::named(staff.id, &staff.login, request_id) }
        }
    }
}

/// The refusal of somebody without a right; its name is told (M66).
fn lacking(visitor: &Visitor, right: Right) -> Problem {
    if right == Right::Pay && visitor.employee().is_some() {
        return Problem::new(Code::OnlyClientPays);
    }
    if visitor.needs_own_password {
        return Problem::new(Code::OwnPasswordNeeded);
    }
    if let (Right::Pay, Some(until)) = (right, visitor.pay_withheld_until) {
        let until = until.format("%Y-%m-%d %H:%M UTC");
        return Problem::new(Code::Forbidden).because(Text::new(
            format!("Оплата недоступна до {until}: сотрудник менял ваш пароль или почту"),
            format!("No payments before {until}: staff have changed your password or e-mail"),
        ));
    }
    let name = right.as_str();
    Problem::new(Code::Forbidden).because(Text::new(
        format!("Нужно право {name} в кабинете"),
        format!("The right {name} of the cabinet is needed"),
    ))
}
