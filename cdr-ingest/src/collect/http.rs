//! The listener for switches that post.
//!
//! Owns: paths, the order of checks, the answer that records are safe.
//! Does not own: credentials (`door`), bodies (`body`), where records go (`gate`).
//! Always: 200 only when every record of the request is safe; who may not post learns nothing about the body. TLS is a proxy's: listen on the loopback or a
//! network of your own.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use billing::{Clock, Store, SystemClock};

use super::body;
use super::counters;
use super::door::Door;
use super::gate::Gate;
use super::problem::Problem;
use super::record::Record;
use crate::meters;
use crate::text::Said;

/// A body that takes longer is given up.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What stands behind the listener.
pub struct Posts {
    /// Who may post.
    pub door: Door,
    /// Where records go.
    pub gate: Arc<Gate>,
    /// Sources that post, by name.
    pub sources: HashMap<String, Arc<str>>,
    /// Longest body.
    pub body_bytes_max: usize,
    /// Longest record.
    pub record_bytes_max: usize,
    /// Whether `X-Forwarded-For` names the switch: behind a proxy of ours.
    pub trust_forwarded: bool,
    /// Postgres, for counters.
    pub store: Store,
}

/// The routes.
pub fn router(posts: Arc<Posts>) -> Router {
    Router::new()
        .route("/v1/cdr/{source}", post(records))
        .route("/v1/counters/{source}", post(counts))
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(posts)
}

async fn records(
    State(posts): State<Arc<Posts>>,
    Path(source): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let outcome = posts.take(&source, peer.ip(), &parts.headers, body).await;
    answered(&source, &posts, &parts.headers, outcome)
}

async fn counts(
    State(posts): State<Arc<Posts>>,
    Path(source): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let outcome = async {
        let bytes = posts.admitted(&source, peer.ip(), &parts.headers, body).await?;
        counters::record(&posts.store, &source, &bytes, SystemClock.now()).await
    };
    answered(&source, &posts, &parts.headers, outcome.await)
}

fn answered(source: &str, posts: &Posts, headers: &HeaderMap, outcome: Result<String, Problem>) -> Response {
    match outcome {
        Ok(body) => (StatusCode::OK, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(problem) => {
            // A path is the caller's text; only names of ours become labels.
            let source = posts.sources.get(source).map_or_else(|| "other".to_owned(), ToString::to_string);
            metrics::counter!(meters::COLLECT_REFUSED, "source" => source, "code" => problem.code()).increment(1);
            problem.in_language_of(headers).into_response()
        }
    }
}

impl Posts {
    async fn take(&self, source: &str, peer: IpAddr, headers: &HeaderMap, body: Body) -> Result<String, Problem> {
        let bytes = self.admitted(source, peer, headers, body).await?;
        let name = self.sources.get(source).ok_or_else(Problem::unknown_source)?;
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let now = SystemClock.now().timestamp_millis();
        let found = body::records(source, kind, &bytes, self.record_bytes_max)?;
        let records: Vec<Record> = found.into_iter().map(|payload| Record::new(name, 0, now, payload)).collect();
        let count = records.len();
        let way = self.gate.accept(records).await?.as_str();
        metrics::counter!(meters::COLLECT_RECORDS, "source" => name.to_string(), "way" => way).increment(count as u64);
        Ok(format!("{{\"accepted\":{count},\"way\":\"{way}\"}}"))
    }

    /// The body of a request whose sender may post for the source.
    async fn admitted(
        &self,
        source: &str,
        peer: IpAddr,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<axum::body::Bytes, Problem> {
        self.door.check(headers, source, self.address(peer, headers)).await?;
        let read = tokio::time::timeout(BODY_TIME, to_bytes(body, self.body_bytes_max)).await.map_err(|_| {
            let slow = Said::fixed("Тело запроса не дошло за 30 с", "The body did not arrive within 30 s");
            Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", slow)
        })?;
        read.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            if cause.contains("length limit") {
                return Problem::too_large(self.body_bytes_max);
            }
            let broken = Said::fixed("Тело запроса не дошло целиком", "The body did not arrive whole");
            Problem::not_a_record(broken)
        })
    }

    /// The address of the switch: behind a proxy that is trusted, the one that it was the last to add.
    fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trust_forwarded {
            return peer;
        }
        let mut values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let last = values.next_back().and_then(|value| value.rsplit(',').next()?.trim().parse().ok());
        last.unwrap_or(peer)
    }
}
