//! `GET /v1/lock-check`: which locks bar a number (M27, A5).
//!
//! Owns: what is asked, and how the answer is shown.
//! Does not own: which locks match (`rating::check`).
//! Always: every match of both scopes is shown, local first, and the one that decides is marked.

use axum::Json;
use axum::extract::State;
use billing::locks::LockCard;
use chrono::{DateTime, Utc};
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

/// A lock that matches, and whom to ask about it (M28).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockCheckLine {
    #[serde(flatten)]
    line: LockLine,
    /// Login of its author.
    author: Option<String>,
    /// Why it stands.
    comment: Option<String>,
    /// Since when it has barred without a break; `null` = since ever.
    since: Option<DateTime<Utc>>,
}

impl LockCheckLine {
    /// The line with what the books say about the lock.
    fn of(line: LockLine, cards: &[LockCard]) -> Self {
        let card = cards.iter().find(|card| u64::try_from(card.id) == Ok(line.id));
        Self {
            author: card.map(|card| card.author.clone()),
            comment: card.map(|card| card.comment.clone()),
            since: card.and_then(|card| card.since),
            line,
        }
    }
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockCheck {
    /// Whether a call would be refused.
    locked: bool,
    /// `LOCKED_LOCAL` or `LOCKED_GLOBAL`.
    code: Option<&'static str>,
    /// Every lock that matches.
    locks: Vec<LockCheckLine>,
    /// Version of the catalogue that answered.
    version: u64,
}

/// Lock check
#[utoipa::path(
    get, path = "/v1/lock-check", operation_id = "lock_check", tag = "tariffs",
    params(LockQuery),
    responses((status = 200, description = "The answer", body = LockCheck, example = json!({
        "locked": true, "code": "LOCKED_LOCAL",
        "locks": [{"id": 5, "scope": "local", "mask": "38", "provider": null, "origin": "client", "effective": true,
                   "author": "ivanova", "comment": "письмо клиента от 1 июля", "since": "2026-07-01T10:00:00Z"},
                  {"id": 9, "scope": "global", "mask": "3811", "provider": null, "origin": "operator", "effective": false,
                   "author": "load", "comment": "запрещённые регионы", "since": null}],
        "version": 7
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<LockQuery>,
) -> Result<Json<LockCheck>, Problem> {
    let snapshot = state.snapshot()?;
    let now = state.clock.now();
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
        at_ms: now.timestamp_millis(),
    };
    let locks = check::locks(&snapshot, &query);
    let code = locks.iter().find(|lock| lock.effective).map(|lock| refusal(lock.scope));
    let ids: Vec<i64> = locks.iter().filter_map(|lock| i64::try_from(lock.id).ok()).collect();
    let cards = if ids.is_empty() { Vec::new() } else { billing::locks::by_ids(&state.store, &ids, now).await? };
    let locks = locks.into_iter().map(|lock| LockCheckLine::of(lock.into(), &cards)).collect();
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
