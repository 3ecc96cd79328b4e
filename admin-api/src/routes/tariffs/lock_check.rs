//! `GET /v1/lock-check`: which locks bar a number (M27, A5).
//!
//! Owns: what is asked, and how the answer is shown.
//! Does not own: which locks match (`rating::check`).
//! Always: every match of both scopes is shown, local first, and the one that decides is marked.

use axum::Json;
use axum::extract::State;
use numbering::Digits;
use rating::Service;
use rating::check::{self, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::given;
use super::shown::LockLine;
use crate::extract::Params;
use crate::problem::Problem;
use crate::state::AppState;

/// What is checked.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LockQuery {
    /// The number: digits, with or without `+`, or a short code.
    #[param(example = "381114112060")]
    number: String,
    /// Code of the account; without it only global locks are looked at.
    #[param(example = "A-000001")]
    account: Option<String>,
    /// Code of the provider; without it locks through any provider count.
    provider: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockCheck {
    /// Whether a call would be refused.
    locked: bool,
    /// `LOCKED_LOCAL` or `LOCKED_GLOBAL`.
    code: Option<&'static str>,
    /// Every lock that matches.
    locks: Vec<LockLine>,
    /// Version of the catalogue that answered.
    version: u64,
}

/// Lock check
#[utoipa::path(
    get, path = "/v1/lock-check", operation_id = "lock_check", tag = "tariffs",
    params(LockQuery),
    responses((status = 200, description = "The answer", body = LockCheck, example = json!({
        "locked": true, "code": "LOCKED_LOCAL",
        "locks": [{"id": 5, "scope": "local", "mask": "38", "provider": null, "origin": "client", "effective": true},
                  {"id": 9, "scope": "global", "mask": "3811", "provider": null, "origin": "operator", "effective": false}],
        "version": 7
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<LockQuery>,
) -> Result<Json<LockCheck>, Problem> {
    let snapshot = state.snapshot()?;
    let (number, _) = super::subject(Some(asked.number.as_str()), None, &*state.settings()?)?;
    let query = Query {
        number,
        is_prefix: false,
        account: given(asked.account.as_deref()).map(|code| super::account(&snapshot, code)).transpose()?,
        plan: None,
        service: Service::Outgoing,
        incoming_service: None,
        place: None,
        provider: given(asked.provider.as_deref()).map(|code| super::provider(&snapshot, code)).transpose()?,
        origin: Digits::EMPTY,
        at_ms: state.clock.now().timestamp_millis(),
    };
    let locks = check::locks(&snapshot, &query);
    let code = locks.iter().find(|lock| lock.effective).map(|lock| refusal(lock.scope));
    let locks = locks.into_iter().map(LockLine::from).collect();
    Ok(Json(LockCheck { locked: code.is_some(), code, locks, version: snapshot.version }))
}

/// The code that authorisation would refuse with.
const fn refusal(scope: rating::lock::LockScope) -> &'static str {
    match scope {
        rating::lock::LockScope::Local => "LOCKED_LOCAL",
        rating::lock::LockScope::Global => "LOCKED_GLOBAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rating::lock::LockScope;

    #[test]
    fn refusals_are_those_of_authorisation() {
        assert_eq!(
            LockScope::ALL.iter().map(|scope| refusal(*scope)).collect::<Vec<_>>(),
            ["LOCKED_LOCAL", "LOCKED_GLOBAL"]
        );
    }
}
