//! The door of switches: a permission as everywhere, without a question to the database before each call.
//!
//! Owns: what is remembered of tokens that have opened it.
//! Does not own: tokens and what they may (`billing::staff`), the other doors (`call_context`, `cabinet_context`).
//! Always: a token that was revoked opens nothing after [`KNOWN_FOR`]; while the database cannot be reached, one that opened this door lately still does, for
//! calls do not wait for it; nobody is held to the rate of people here: lanes that are full say so themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use billing::Actor;
use billing::staff::{self, Staff};
use dashmap::DashMap;

use crate::call_context::{Door, bearer, forbidden};
use crate::edge::RequestId;
use crate::origin;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// How long a token is taken at its word.
const KNOWN_FOR: Duration = Duration::from_secs(5);
/// The same while the database cannot be reached.
const KNOWN_IN_OUTAGE_FOR: Duration = Duration::from_mins(15);
/// How long the database may take to say whose a token is.
const SAID_WITHIN: Duration = Duration::from_secs(1);

/// Tokens that have opened the door.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    known: DashMap<Vec<u8>, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    user: Arc<Staff>,
    since: Instant,
}

impl Switches {
    /// The user behind a token.
    async fn user(&self, state: &AppState, token: &str) -> Result<Arc<Staff>, Problem> {
        let digest = staff::token_digest(token);
        let known = self.known.get(&digest).map(|known| known.value().clone());
        let within = |time: Duration| known.as_ref().filter(|known| known.since.elapsed() < time);
        if let Some(known) = within(KNOWN_FOR) {
            return Ok(Arc::clone(&known.user));
        }
        let is_away = state.authorizer.is_without_the_books();
        if let Some(known) = within(KNOWN_IN_OUTAGE_FOR).filter(|_| is_away) {
            return Ok(Arc::clone(&known.user));
        }
        let said = staff::authenticate(&state.store, token, state.clock.now());
        match tokio::time::timeout(SAID_WITHIN, said).await {
            Ok(Ok(Some(user))) => {
                let user = Arc::new(user);
                // A session ends when it is idle: it is looked at each time.
                if user.session.is_none() {
                    let known = Known { user: Arc::clone(&user), since: Instant::now() };
                    self.known.insert(digest, known);
                }
                Ok(user)
            }
            Ok(Ok(None)) => {
                self.known.remove(&digest);
                Err(Problem::new(Code::Unauthorized))
            }
            Ok(Err(error)) if !error.is_unavailable() => Err(error.into()),
            Ok(Err(_)) | Err(_) => {
                within(KNOWN_IN_OUTAGE_FOR).map(|known| Arc::clone(&known.user)).ok_or(Problem::new(Code::Unavailable))
            }
        }
    }
}

/// Lets the request of a switch through to its handler, or refuses it.
pub(crate) async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    let address = origin::address(request.extensions(), request.headers(), &door.state.proxies);
    let limits = &door.state.limits;
    let user = match bearer(request.headers()) {
        Some(token) => door.state.switches.user(&door.state, &token).await,
        None => Err(Problem::new(Code::Unauthorized)),
    };
    let user = match user {
        Ok(user) => user,
        Err(problem) => {
            if problem.code() == Code::Unauthorized {
                // Who guesses is slowed down; a switch with its token never is.
                if let Some(refusal) = limits.refusal_of_address(&address) {
                    return refusal;
                }
                limits.failed(&address);
            }
            return problem.into_response();
        }
    };
    let lacking = door.access.permission().filter(|permission| !user.may(*permission) || user.only_enrols);
    if let Some(permission) = lacking {
        if let Some(refusal) = limits.refusal_of_address(&address) {
            return refusal;
        }
        limits.failed(&address);
        let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let actor = Actor { address, ..Actor::named(user.id, &user.login, &request_id) };
        door.refused(&actor, "", Code::Forbidden).await;
        return forbidden(permission).into_response();
    }
    next.run(request).await
}
