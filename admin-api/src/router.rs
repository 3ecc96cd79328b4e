//! Routes: what each asks for, and the layers around them.
//!
//! Owns: what a route may ask of its caller, and the layers around all of them; the table itself is [`table`].
//! Does not own: what a route does (`routes`), how a permission is checked (`call_context`).
//! Always: a route is either guarded or stands in the short list of open ones; what is about a record names its kind, for the audit.

mod table;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{MethodRouter, delete, get, post, put};
use billing::cabinet::Right;
use billing::grid::Grid;
use billing::staff::Permission;

use crate::cabinet_context;
use crate::call_context::{self, CallContext, Door};
use crate::cors;
use crate::edge;
use crate::grids;
use crate::http_figures::{self, HttpFigures};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::switch_door;

pub(crate) use table::table;

/// Largest body.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest file of prices.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A method that the API has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// Reads.
    Get,
    /// Replaces.
    Put,
    /// Does something.
    Post,
    /// Ends something; nothing is erased.
    Delete,
}

/// What a caller needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Nothing.
    Open,
    /// A valid token, or a session.
    SignedIn,
    /// A session: a person and not an API token.
    InSession,
    /// A session, also one that may do nothing but enrol a second factor.
    Enrolling,
    /// A permission.
    Needs(Permission),
    /// A permission, or to be the user whom the first parameter names; what writes takes a session then.
    NeedsOrSelf(Permission),
    /// A permission; a holder of the other one gets to the handler, which decides by the record whether he may.
    NeedsOrOwn(Permission, Permission),
    /// A session in the cabinet of a client, with this right if one is named.
    Cabinet(Option<Right>),
}

impl Verb {
    /// Its name on the wire.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl Access {
    /// The permission that a refusal names.
    pub(crate) const fn permission(self) -> Option<Permission> {
        match self {
            Self::Open | Self::SignedIn | Self::InSession | Self::Enrolling | Self::Cabinet(_) => None,
            Self::Needs(permission) | Self::NeedsOrSelf(permission) | Self::NeedsOrOwn(permission, _) => {
                Some(permission)
            }
        }
    }

    /// What the audit calls an attempt that was refused.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Cabinet(Some(right)) => right.action(),
            access => access.permission().map_or("signed_in", Permission::as_str),
        }
    }
}

/// A route.
pub(crate) struct Route {
    /// Method.
    pub(crate) verb: Verb,
    /// Path with its parameters; the first of them names the record.
    pub(crate) path: &'static str,
    /// What the caller needs.
    pub(crate) access: Access,
    /// Kind of record that it is about.
    pub(crate) entity: &'static str,
    /// The list that it shows, if it is one.
    pub(crate) grid: Option<&'static Grid>,
    /// Whether switches ask it, as often as calls begin.
    for_switches: bool,
    handler: MethodRouter<AppState>,
}

impl Route {
    /// The same with a largest body of its own.
    fn with_body(mut self, bytes: usize) -> Self {
        self.handler = self.handler.layer(DefaultBodyLimit::max(bytes));
        self
    }
}

fn open<H, T>(verb: Verb, path: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb, path, access: Access::Open, entity: "", grid: None, for_switches: false, handler: by(verb, handler) }
}

fn guarded<H, T>(verb: Verb, path: &'static str, permission: Permission, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route {
        verb,
        path,
        access: Access::Needs(permission),
        entity,
        grid: None,
        for_switches: false,
        handler: by(verb, handler),
    }
}

/// A route of switches.
fn switch<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    let route = guarded(Verb::Post, path, Permission::SwitchAuthorize, "call", handler);
    Route { for_switches: true, ..route }
}

/// A list.
fn grid(path: &'static str, permission: Permission, entity: &'static str, grid: &'static Grid) -> Route {
    let handler = move |State(state): State<AppState>, context: CallContext, request: Request| {
        grids::answer(state, grid, context, request)
    };
    grid_by(path, permission, entity, grid, handler)
}

/// A list whose requests are looked at first.
fn grid_by<H, T>(
    path: &'static str,
    permission: Permission,
    entity: &'static str,
    grid: &'static Grid,
    handler: H,
) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { grid: Some(grid), ..guarded(Verb::Get, path, permission, entity, handler) }
}

/// A route of the cabinet.
fn cabinet<H, T>(verb: Verb, path: &'static str, right: Option<Right>, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route {
        verb,
        path,
        access: Access::Cabinet(right),
        entity,
        grid: None,
        for_switches: false,
        handler: by(verb, handler),
    }
}

fn by<H, T>(verb: Verb, handler: H) -> MethodRouter<AppState>
where
    H: Handler<T, AppState>,
    T: 'static,
{
    match verb {
        Verb::Get => get(handler),
        Verb::Put => put(handler),
        Verb::Post => post(handler),
        Verb::Delete => delete(handler),
    }
}

/// A route that any valid token opens.
fn signed_in<H, T>(path: &'static str, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route {
        verb: Verb::Get,
        path,
        access: Access::SignedIn,
        entity,
        grid: None,
        for_switches: false,
        handler: get(handler),
    }
}

/// A route of somebody's own, for which he has to be here himself.
fn in_session<H, T>(verb: Verb, path: &'static str, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb, path, access: Access::InSession, entity, grid: None, for_switches: false, handler: by(verb, handler) }
}

impl Route {
    /// The same, open to holders of another permission as far as the record is their own.
    fn or_own(mut self, own: Permission) -> Self {
        if let Access::Needs(permission) = self.access {
            self.access = Access::NeedsOrOwn(permission, own);
        }
        self
    }

    /// The same, open to a session that may only enrol a second factor.
    fn enrolling(mut self) -> Self {
        if self.access == Access::InSession {
            self.access = Access::Enrolling;
        }
        self
    }

    /// The same, open to the user whom the first parameter names.
    fn or_self(mut self) -> Self {
        if let Access::Needs(permission) = self.access {
            self.access = Access::NeedsOrSelf(permission);
        }
        self
    }
}

/// The whole API over this state.
pub fn app(state: AppState) -> Router {
    let mut router: Router<AppState> = Router::new();
    let table = table();
    let figures = HttpFigures::of(table.iter().map(|route| [route.path, route.verb.as_str()]));
    for route in table {
        let handler = match route.access {
            Access::Open => route.handler,
            access @ Access::Cabinet(_) => {
                let door = Door { state: state.clone(), access, entity: route.entity };
                route.handler.route_layer(from_fn_with_state(door, cabinet_context::guard))
            }
            access => {
                let door = Door { state: state.clone(), access, entity: route.entity };
                if route.for_switches {
                    route.handler.route_layer(from_fn_with_state(door, switch_door::guard))
                } else {
                    route.handler.route_layer(from_fn_with_state(door, call_context::guard))
                }
            }
        };
        router = router.route(route.path, handler);
    }
    // Whoever knows the address alone is shown the way; an operation it is not, and no table has it.
    router = router.route("/", get(to_the_page));
    let router = router
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(state.clone(), edge::edge))
        .layer(from_fn_with_state(figures, http_figures::count));
    let router = match cors::layer(&state.origins) {
        Some(layer) => router.layer(layer),
        None => router,
    };
    router.with_state(state)
}

async fn to_the_page() -> Redirect {
    Redirect::temporary("/docs")
}

async fn no_such_route() -> Problem {
    Problem::new(Code::NotFound)
}

async fn no_such_method() -> Problem {
    Problem::new(Code::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use billing::{FixedClock, Store};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::calls::CallsReader;

    /// A state whose engines are nowhere: what asks none of them still answers.
    fn nowhere() -> AppState {
        let store = Store::open("postgres://nobody@127.0.0.1:1/tollgate_test", 1).unwrap();
        let clock = Arc::new(FixedClock("2026-07-01T10:00:00Z".parse().unwrap()));
        AppState::new(store, clock, CallsReader::open("http://127.0.0.1:1", "tollgate_test"))
    }

    async fn ask(method: &str, path: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept-language", "en")
            .header("x-request-id", "r-1")
            .body(Body::empty())
            .unwrap();
        let response = app(nowhere()).oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"], "r-1");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let status = response.status();
        let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn only_these_routes_are_open() {
        let open: Vec<(Verb, &str)> =
            table().iter().filter(|route| route.access == Access::Open).map(|route| (route.verb, route.path)).collect();
        let expected = [
            (Verb::Get, "/docs"),
            (Verb::Get, "/docs.css"),
            (Verb::Get, "/docs.js"),
            (Verb::Get, "/health"),
            (Verb::Get, "/openapi.json"),
            (Verb::Get, "/ready"),
            (Verb::Post, "/v1/cabinet/session"),
            (Verb::Post, "/v1/gateway/callback"),
            (Verb::Post, "/v1/session"),
            (Verb::Get, "/v1/session/oidc"),
            (Verb::Post, "/v1/session/oidc"),
            (Verb::Post, "/v1/session/password"),
        ];
        assert_eq!(open, expected);
        for route in table().iter().filter(|route| route.access != Access::Open) {
            let begins = if route.for_switches { "/switch/v1/" } else { "/v1/" };
            assert!(route.path.starts_with(begins) && !route.entity.is_empty(), "{}", route.path);
        }
    }

    #[test]
    fn the_table_is_sorted_and_says_nothing_twice() {
        let guarded: Vec<&str> =
            table().iter().filter(|route| route.access != Access::Open).map(|route| route.path).collect();
        assert!(guarded.is_sorted(), "{guarded:?}");
        let mut routes: Vec<String> = table().iter().map(|route| format!("{:?} {}", route.verb, route.path)).collect();
        routes.sort_unstable();
        routes.dedup();
        assert_eq!(routes.len(), table().len());
    }

    #[tokio::test]
    async fn every_guarded_route_asks_for_a_token() {
        for route in table().iter().filter(|route| route.access != Access::Open) {
            let method = format!("{:?}", route.verb).to_uppercase();
            let (status, body) = ask(&method, &route.path.replace(['{', '}'], "")).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", route.path);
            assert_eq!((&body["code"], &body["request_id"]), (&"unauthorized".into(), &"r-1".into()));
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_a_problem() {
        let (status, body) = ask("GET", "/v1/nothing").await;
        assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &"not_found".into()));
        let (status, body) = ask("DELETE", "/v1/dids/74951201031").await;
        assert_eq!((status, &body["code"]), (StatusCode::METHOD_NOT_ALLOWED, &"method_not_allowed".into()));
        let (status, body) = ask("GET", "/health").await;
        assert_eq!((status, &body["status"]), (StatusCode::OK, &"ok".into()));
    }

    #[tokio::test]
    async fn the_address_alone_leads_to_the_page_for_people() {
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        let response = app(nowhere()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(response.headers()["location"], "/docs");
        let (status, body) = ask("POST", "/").await;
        assert_eq!((status, &body["code"]), (StatusCode::METHOD_NOT_ALLOWED, &"method_not_allowed".into()));
    }

    #[tokio::test]
    async fn readiness_names_what_is_missing() {
        let (status, body) = ask("GET", "/ready").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let missing: Vec<&str> =
            body["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(missing, ["postgres", "clickhouse", "snapshot"]);
    }
}
