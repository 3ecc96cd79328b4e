//! What is counted of requests over HTTP.
//!
//! Owns: the count and the time by route, method and status.
//! Does not own: the names (`meters`), the log (`edge`).
//! Always: a route counts by its template, never by the path that was asked, which has numbers in it; whatever is no route is one figure; a handle is made once.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use dashmap::DashMap;
use metrics::{Counter, Histogram};

use crate::meters;

/// The figures of what no route has.
const NONE: [&str; 2] = ["-", "-"];

/// The handles.
pub(crate) struct HttpFigures {
    /// Places of routes, by template and method.
    places: HashMap<[&'static str; 2], usize>,
    routes: Vec<([&'static str; 2], OnceLock<Histogram>)>,
    answers: DashMap<(usize, u16), Counter>,
}

impl HttpFigures {
    /// Of these templates with their methods.
    pub(crate) fn of(routes: impl Iterator<Item = [&'static str; 2]>) -> Arc<Self> {
        let routes: Vec<_> = [NONE].into_iter().chain(routes).map(|route| (route, OnceLock::new())).collect();
        let places = routes.iter().enumerate().map(|(place, (route, _))| (*route, place)).collect();
        Arc::new(Self { places, routes, answers: DashMap::new() })
    }

    /// Where a request is counted.
    fn place(&self, template: Option<&str>, method: &str) -> usize {
        template.and_then(|template| self.places.get(&[template, method])).copied().unwrap_or(0)
    }

    fn answered(&self, place: usize, status: StatusCode, after: Duration) {
        let ([route, method], seconds) = &self.routes[place];
        let seconds =
            seconds.get_or_init(|| metrics::histogram!(meters::HTTP_SECONDS, "route" => *route, "method" => *method));
        seconds.record(after.as_secs_f64());
        let key = (place, status.as_u16());
        if let Some(counter) = self.answers.get(&key) {
            counter.increment(1);
            return;
        }
        let counter = || {
            let status = status.as_u16().to_string();
            metrics::counter!(meters::HTTP_REQUESTS, "route" => *route, "method" => *method, "status" => status)
        };
        self.answers.entry(key).or_insert_with(counter).increment(1);
    }
}

/// Counts a request, once it is answered.
pub(crate) async fn count(State(figures): State<Arc<HttpFigures>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let template = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let place = figures.place(template, request.method().as_str());
    let response = next.run(request).await;
    figures.answered(place, response.status(), begun.elapsed());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Template and method | counted as.
    #[test]
    fn what_is_no_route_is_one_figure() {
        let figures = HttpFigures::of([["/v1/dids/{number}", "GET"], ["/v1/dids", "POST"]].into_iter());
        for (template, method, route) in [
            (Some("/v1/dids/{number}"), "GET", ["/v1/dids/{number}", "GET"]),
            (Some("/v1/dids"), "POST", ["/v1/dids", "POST"]),
            (Some("/v1/dids"), "GET", NONE),
            // Any word may be a method.
            (Some("/v1/dids"), "74951201031", NONE),
            (Some("/v1/dids/74951201031"), "GET", NONE),
            (None, "GET", NONE),
        ] {
            assert_eq!(figures.routes[figures.place(template, method)].0, route, "{template:?} {method}");
        }
    }

    #[test]
    fn a_status_has_one_counter() {
        let figures = HttpFigures::of(std::iter::empty());
        for status in [StatusCode::OK, StatusCode::OK, StatusCode::NOT_FOUND] {
            figures.answered(0, status, Duration::from_millis(1));
        }
        assert_eq!(figures.answers.len(), 2);
    }
}
