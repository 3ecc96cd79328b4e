//! Who calls, whether he may, and how often: the door before every guarded route.
//!
//! Owns: authentication by bearer token (of a session or an API token), the check of what the route asks for, the audit of refused attempts, and the [`CallContext`] of a write.
//! Does not own: which permission a route asks for (`router`), the door of the cabinet (`cabinet_context`), what a permission means (`billing::staff`).
//! Always: no guarded handler runs without a user whom its route lets in; a refusal of his, and every write that was refused, leaves an audit line.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::header::{AUTHORIZATION, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use billing::Actor;
use billing::audit::{self, AuditLine};
use billing::change::{Author, IdempotencyKey};
use billing::staff::{self, Permission, Staff};

use crate::edge::RequestId;
use crate::etag;
use crate::language::Text;
use crate::limits::Standing;
use crate::origin;
use crate::problem::{Code, Problem};
use crate::router::Access;
use crate::state::AppState;
use crate::writes::Caller;

/// Longest token that is looked up.
const TOKEN_BYTES_MAX: usize = 512;
/// Longest key that is kept.
const KEY_BYTES_MAX: usize = 200;
/// Longest identifier of a record in the audit of a refusal.
const SUBJECT_CHARS_MAX: usize = 100;

/// What a write knows about its caller.
#[derive(Clone, Debug)]
pub(crate) struct CallContext {
    /// Author of the change.
    pub(crate) actor: Actor,
    /// The same with his permissions and roles, where the record decides too.
    pub(crate) staff: Staff,
    /// The revision that the caller has seen, if it insists (`If-Match`).
    pub(crate) revision: Option<i64>,
    key: Option<String>,
}

impl CallContext {
    /// The caller's `Idempotency-Key`, bound to what it asks: `operation` on `subject` with `body`.
    pub(crate) fn idempotency(&self, operation: &str, subject: &str, body: &[u8]) -> Option<IdempotencyKey> {
        let key = self.key.as_ref()?;
        Some(IdempotencyKey::new(key, &[operation.as_bytes(), subject.as_bytes(), body]))
    }
}

impl Caller for CallContext {
    fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CallContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // Absent only when a route that is not guarded asks for it: a mistake of ours.
        parts.extensions.get::<Self>().cloned().ok_or(Problem::new(Code::Internal))
    }
}

/// What stands before one route.
#[derive(Clone)]
pub(crate) struct Door {
    /// The program's state.
    pub(crate) state: AppState,
    /// What the route asks for.
    pub(crate) access: Access,
    /// Kind of record that the route is about.
    pub(crate) entity: &'static str,
}

impl Door {
    /// The user behind the token.
    async fn user(&self, token: Option<String>) -> Result<Staff, Problem> {
        let token = token.ok_or(Problem::new(Code::Unauthorized))?;
        let user = staff::authenticate(&self.state.store, &token, self.state.clock.now()).await?;
        user.ok_or(Problem::new(Code::Unauthorized))
    }

    /// Writes down that an attempt was refused. When that fails, the refusal stands all the same.
    pub(crate) async fn refused(&self, actor: &Actor, subject: &str, code: Code) {
        let line = AuditLine {
            action: self.access.action(),
            entity: self.entity,
            entity_id: subject.to_owned(),
            before: None,
            after: None,
            personal: None,
            reason: code.as_str().to_owned(),
        };
        if let Err(error) = audit::refused(&self.state.store, actor, self.state.clock.now(), line).await {
            tracing::error!("a refusal is not in the audit: {error}");
        }
    }

    /// The handler's answer to a caller who is let through. A write that it refuses, and what it forbids, is written down.
    pub(crate) async fn answer(&self, request: Request, next: Next, actor: &Actor, subject: &str) -> Response {
        let is_write = !request.method().is_safe();
        let response = next.run(request).await;
        let refusal = response.extensions().get::<Problem>().map(Problem::code);
        if let Some(code) = refusal
            && (is_write || code == Code::Forbidden)
            && code.status().is_client_error()
        {
            self.refused(actor, subject, code).await;
        }
        response
    }
}

/// Lets a request through to its handler, or refuses it.
pub(crate) async fn guard(
    State(door): State<Door>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    // No name has a NUL, and Postgres takes no text that has one.
    let names_nothing =
        parameters.as_ref().is_ok_and(|parameters| parameters.iter().any(|(_, value)| value.contains('\0')));
    let subject = parameters.map(|parameters| subject(&parameters)).unwrap_or_default();
    let token = bearer(request.headers());
    let revision = revision(request.method(), request.headers());
    let key = idempotency_key(request.headers());
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let address = origin::address(request.extensions(), request.headers(), &door.state.proxies);
    let limits = &door.state.limits;
    if let Some(refusal) = limits.refusal_of_address(&address) {
        return refusal;
    }
    let user = match door.user(token).await {
        Ok(user) => user,
        Err(problem) => {
            if problem.code() == Code::Unauthorized {
                limits.failed(&address);
            }
            return problem.into_response();
        }
    };
    let standing = limits.asked(Author::Staff(user.id));
    if let Some(standing) = standing.filter(Standing::is_refused) {
        return standing.refusal();
    }
    let actor = Actor { address, ..Actor::named(user.id, &user.login, &request_id) };
    if let Some(code) = unfit(door.access, &user) {
        door.refused(&actor, &subject, code).await;
        return Problem::new(code).into_response();
    }
    let only_reads = request.method().is_safe();
    if let Some(lacking) = lacking(door.access, &user, &subject, only_reads) {
        door.refused(&actor, &subject, Code::Forbidden).await;
        return forbidden(lacking).into_response();
    }
    if names_nothing {
        return Problem::new(Code::NotFound).into_response();
    }
    let (key, revision) = match (key, revision) {
        (Ok(key), Ok(revision)) => (key, revision),
        (Err(problem), _) | (_, Err(problem)) => return problem.into_response(),
    };
    request.extensions_mut().insert(CallContext { actor: actor.clone(), staff: user, revision, key });
    let mut response = door.answer(request, next, &actor, &subject).await;
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    response
}

/// Why the caller is not let through by what he shows, whatever he may: an API token where a person has to be there, or a session that may only enrol.
fn unfit(access: Access, user: &Staff) -> Option<Code> {
    let needs_session = matches!(access, Access::InSession | Access::Enrolling);
    if needs_session && user.session.is_none() {
        return Some(Code::SessionNeeded);
    }
    (user.only_enrols && access != Access::Enrolling).then_some(Code::EnrolmentNeeded)
}

/// The permission without which the caller is not let through. About himself he reads with any token, and writes in a session: a token makes and revokes none
/// by being his.
fn lacking(access: Access, user: &Staff, subject: &str, only_reads: bool) -> Option<Permission> {
    let (permission, is_let_through) = match access {
        Access::Open | Access::SignedIn | Access::InSession | Access::Enrolling | Access::Cabinet(_) => return None,
        Access::Needs(permission) => (permission, false),
        Access::NeedsOrSelf(permission) => {
            let is_himself = user.login.to_lowercase() == subject.to_lowercase();
            (permission, is_himself && (only_reads || user.session.is_some()))
        }
        Access::NeedsOrOwn(permission, own) => (permission, user.may(own)),
    };
    (!user.may(permission) && !is_let_through).then_some(permission)
}

/// The caller lacks a permission (M66).
pub(crate) fn forbidden(permission: Permission) -> Problem {
    let name = permission.as_str();
    Problem::new(Code::Forbidden)
        .because(Text::new(format!("Нужно право {name}"), format!("The permission {name} is needed")))
}

/// What a request is about: its first path parameter, as the audit names records.
pub(crate) fn subject(parameters: &RawPathParams) -> String {
    let first = parameters.iter().next().map(|(_, value)| value).unwrap_or_default();
    first.trim_start_matches('+').chars().filter(|letter| !letter.is_control()).take(SUBJECT_CHARS_MAX).collect()
}

/// The token of `Authorization: Bearer ..`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let sensible = !token.is_empty() && token.len() <= TOKEN_BYTES_MAX;
    (scheme.eq_ignore_ascii_case("bearer") && sensible).then(|| token.to_owned())
}

/// The revision in the `If-Match` of a write. `*` asks for no certain one. What is no tag of ours is refused: told that the record has changed, its caller would
/// read it again and send the same.
pub(crate) fn revision(method: &Method, headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(IF_MATCH).filter(|_| !method.is_safe()) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    etag::revision(text).map(Some).ok_or_else(|| {
        Problem::field(
            "If-Match",
            Text::fixed(
                "Ожидается один ETag записи, как он был получен, или её ревизия в кавычках: \"3\"; без W/",
                "One ETag of the record is expected as it was given, or its revision in quotes: \"3\"; without W/",
            ),
        )
    })
}

/// The `Idempotency-Key`.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: HeaderName = HeaderName::from_static("idempotency-key");
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=KEY_BYTES_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::field(
            "Idempotency-Key",
            Text::fixed("От 1 до 200 печатных символов ASCII", "1 to 200 printable ASCII characters"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn tokens_come_as_bearer() {
        for (text, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("Bearer ", None),
        ] {
            assert_eq!(bearer(&headers(AUTHORIZATION, text)).as_deref(), expected, "{text:?}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn a_strange_revision_is_refused_where_it_counts() {
        for (text, expected) in [
            ("\"7\"", Some(Some(7))),
            (" \"7-00ff\" ", Some(Some(7))),
            ("*", Some(None)),
            ("7", None),
            ("abc", None),
            ("", None),
            ("\"-1\"", None),
            ("W/\"7\"", None),
            ("\"1\", \"2\"", None),
        ] {
            let headers = headers(IF_MATCH, text);
            let found = revision(&Method::PUT, &headers);
            assert!(found.as_ref().err().is_none_or(|problem| problem.code() == Code::Validation), "{text:?}");
            assert_eq!(found.ok(), expected, "{text:?}");
            assert_eq!(revision(&Method::GET, &headers).ok(), Some(None), "{text:?}");
        }
        assert_eq!(revision(&Method::PUT, &HeaderMap::new()).ok(), Some(None));
    }

    #[test]
    fn a_session_is_more_than_a_token_and_may_be_less() {
        let user = |session: Option<i64>, only_enrols: bool| Staff {
            id: 1,
            login: "me".into(),
            permissions: std::collections::BTreeSet::new(),
            roles: Vec::new(),
            session,
            only_enrols,
            token_by: None,
        };
        for (access, user, expected) in [
            (Access::SignedIn, user(None, false), None),
            (Access::InSession, user(None, false), Some(Code::SessionNeeded)),
            (Access::Enrolling, user(None, false), Some(Code::SessionNeeded)),
            (Access::InSession, user(Some(1), false), None),
            (Access::Needs(Permission::StaffView), user(Some(1), true), Some(Code::EnrolmentNeeded)),
            (Access::InSession, user(Some(1), true), Some(Code::EnrolmentNeeded)),
            (Access::Enrolling, user(Some(1), true), None),
        ] {
            assert_eq!(unfit(access, &user), expected, "{access:?} {user:?}");
        }
    }

    #[test]
    fn one_writes_about_oneself_in_a_session() {
        let own = Access::NeedsOrSelf(Permission::StaffEdit);
        for (session, subject, only_reads, is_let_through) in [
            (None, "ME", true, true),
            (None, "me", false, false),
            (Some(1), "Me", false, true),
            (Some(1), "other", true, false),
        ] {
            let user = Staff {
                id: 1,
                login: "me".into(),
                permissions: std::collections::BTreeSet::new(),
                roles: Vec::new(),
                session,
                only_enrols: false,
                token_by: None,
            };
            let found = lacking(own, &user, subject, only_reads);
            assert_eq!(found.is_none(), is_let_through, "{session:?} {subject} {only_reads}");
        }
    }

    #[test]
    fn keys_have_a_length() {
        let name = || header::HeaderName::from_static("idempotency-key");
        assert_eq!(idempotency_key(&headers(name(), "k-1")).unwrap().as_deref(), Some("k-1"));
        assert!(idempotency_key(&headers(name(), "")).is_err());
        assert!(idempotency_key(&headers(name(), &"k".repeat(201))).is_err());
        assert!(idempotency_key(&HeaderMap::new()).unwrap().is_none());
    }
}
