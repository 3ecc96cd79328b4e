//! Somebody before he has signed in.
//!
//! Owns: what is known of a caller of an open route, and the audit of what he tried.
//! Does not own: whether he is let in.
//! Always: a password is in no line; the login of somebody unknown stands apart, where it can be destroyed, for people write passwords into that field.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use billing::Actor;
use billing::audit::{self, AuditLine};
use billing::sign_in::Known;
use serde_json::json;

use crate::edge::RequestId;
use crate::origin;
use crate::state::AppState;

/// Longest name of a program that is kept.
const AGENT_CHARS_MAX: usize = 200;
/// Longest login of somebody unknown that is kept.
const CLAIMED_CHARS_MAX: usize = 100;
/// Stands in the audit for a login that is nobody's.
pub(super) const UNKNOWN: &str = "unknown";

/// A caller of an open route.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    /// Network address.
    pub(crate) address: String,
    /// What his program calls itself.
    pub(crate) agent: String,
    /// Identifier of the request.
    pub(crate) request_id: String,
}

impl FromRequestParts<AppState> for Stranger {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self {
            address: origin::address(&parts.extensions, &parts.headers, &state.proxies),
            agent: agent.chars().take(AGENT_CHARS_MAX).collect(),
            request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
        })
    }
}

impl Stranger {
    /// The author of what he does: the user, or the program where he is none.
    pub(crate) fn actor(&self, user: Option<&Known>) -> Actor {
        let actor = match user {
            Some(user) => Actor::named(user.user_id, &user.login, &self.request_id),
            None => Actor::system(&self.request_id),
        };
        Actor { address: self.address.clone(), ..actor }
    }

    /// Writes down that he was not let in. When that fails, the refusal stands all the same.
    pub(crate) async fn refused(&self, state: &AppState, user: Option<&Known>, claimed: &str, why: &str) {
        let claimed: String = claimed.chars().filter(|letter| !letter.is_control()).take(CLAIMED_CHARS_MAX).collect();
        let is_apart = user.is_none() && !claimed.is_empty();
        let line = AuditLine {
            action: "session.open",
            entity: if user.is_some() { "staff" } else { "session" },
            entity_id: user.map_or_else(|| UNKNOWN.to_owned(), |user| user.login.clone()),
            before: None,
            after: is_apart.then(|| json!({"login": "***"})),
            personal: is_apart.then(|| json!({"before": {}, "after": {"login": claimed}})),
            reason: why.to_owned(),
        };
        let actor = self.actor(user);
        if let Err(error) = audit::refused(&state.store, &actor, state.clock.now(), line).await {
            tracing::error!("a refused sign-in is not in the audit: {error}");
        }
    }
}
