//! Every route, on one page.
//!
//! Owns: methods, paths, permissions, and the layers around them.
//! Does not own: what a route does (`routes`), how a permission is checked (`call_context`).
//! Always: a route is either guarded by a permission or stands in the short list of open ones; what is about a record names its kind, for the audit.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post, put};
use billing::staff::Permission;

use crate::call_context::{self, Door};
use crate::edge;
use crate::problem::{Code, Problem};
use crate::routes::{accounts, audit, charges, docs, health, numbers, suspense, tariffs};
use crate::state::AppState;

/// Largest body.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A method that the API has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// Reads.
    Get,
    /// Replaces.
    Put,
    /// Does something.
    Post,
}

/// A route.
pub(crate) struct Route {
    /// Method.
    pub(crate) verb: Verb,
    /// Path with its parameters; the first of them names the record.
    pub(crate) path: &'static str,
    /// What the caller needs; `None` = open to everybody.
    pub(crate) permission: Option<Permission>,
    /// Kind of record that it is about.
    entity: &'static str,
    handler: MethodRouter<AppState>,
}

/// The table. Open routes first, then by path.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    use Permission as P;
    use Verb::{Get, Post, Put};
    vec![
        open("/health", health::alive::handler),
        open("/openapi.json", docs::document::handler),
        open("/ready", health::ready::handler),

        guarded(Get,  "/v1/accounts/{code}",                  P::AccountView,   "account",  accounts::get::handler),
        guarded(Get,  "/v1/accounts/{code}/bundles",          P::AccountView,   "account",  accounts::bundles::handler),
        guarded(Get,  "/v1/accounts/{code}/calls",            P::CallsView,     "account",  accounts::calls::handler),
        guarded(Put,  "/v1/accounts/{code}/credit-limit",     P::AccountCredit, "account",  accounts::set_credit_limit::handler),
        guarded(Get,  "/v1/accounts/{code}/discounts",        P::AccountView,   "account",  accounts::discounts::handler),
        guarded(Get,  "/v1/accounts/{code}/history",          P::AccountView,   "account",  accounts::history::handler),
        guarded(Get,  "/v1/accounts/{code}/invoices/{month}", P::InvoiceView,   "account",  accounts::invoice::handler),
        guarded(Get,  "/v1/audit/{entity}/{id}",              P::AuditView,     "audit",    audit::history::handler),
        guarded(Get,  "/v1/charges/{identity}/why",           P::CallsView,     "charge",   charges::why::handler),
        guarded(Get,  "/v1/dids/{number}",                    P::DidView,       "did",      numbers::get::handler),
        guarded(Post, "/v1/dids/{number}/archive",            P::DidArchive,    "did",      numbers::archive::handler),
        guarded(Get,  "/v1/dids/{number}/non-target",         P::DidView,       "did",      numbers::non_target::handler),
        guarded(Get,  "/v1/lock-check",                       P::LockView,      "lock",     tariffs::lock_check::handler),
        guarded(Get,  "/v1/suspense",                         P::SuspenseView,  "suspense", suspense::list::handler),
        guarded(Get,  "/v1/tariff-check",                     P::TariffCheck,   "tariff",   tariffs::tariff_check::handler),
    ]
}

fn open<H, T>(path: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    Route { verb: Verb::Get, path, permission: None, entity: "", handler: get(handler) }
}

fn guarded<H, T>(verb: Verb, path: &'static str, permission: Permission, entity: &'static str, handler: H) -> Route
where
    H: Handler<T, AppState>,
    T: 'static,
{
    let handler: MethodRouter<AppState> = match verb {
        Verb::Get => get(handler),
        Verb::Put => put(handler),
        Verb::Post => post(handler),
    };
    Route { verb, path, permission: Some(permission), entity, handler }
}

/// The whole API over this state.
pub fn app(state: AppState) -> Router {
    let mut router: Router<AppState> = Router::new();
    for route in table() {
        let handler = match route.permission {
            None => route.handler,
            Some(permission) => {
                let door = Door { state: state.clone(), permission, entity: route.entity };
                route.handler.route_layer(from_fn_with_state(door, call_context::guard))
            }
        };
        router = router.route(route.path, handler);
    }
    router
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(edge::edge))
        .with_state(state)
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
    fn only_three_routes_are_open() {
        let open: Vec<&str> =
            table().iter().filter(|route| route.permission.is_none()).map(|route| route.path).collect();
        assert_eq!(open, ["/health", "/openapi.json", "/ready"]);
        for route in table().iter().filter(|route| route.permission.is_some()) {
            assert!(route.path.starts_with("/v1/") && !route.entity.is_empty(), "{}", route.path);
        }
    }

    #[test]
    fn the_table_is_sorted_and_says_nothing_twice() {
        let guarded: Vec<&str> =
            table().iter().filter(|route| route.permission.is_some()).map(|route| route.path).collect();
        assert!(guarded.is_sorted(), "{guarded:?}");
        let mut routes: Vec<String> = table().iter().map(|route| format!("{:?} {}", route.verb, route.path)).collect();
        routes.sort_unstable();
        routes.dedup();
        assert_eq!(routes.len(), table().len());
    }

    #[tokio::test]
    async fn every_guarded_route_asks_for_a_token() {
        for route in table().iter().filter(|route| route.permission.is_some()) {
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
    async fn readiness_names_what_is_missing() {
        let (status, body) = ask("GET", "/ready").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let missing: Vec<&str> =
            body["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(missing, ["postgres", "clickhouse", "snapshot"]);
    }
}
