//! What a watchman may ask of a running ingest: /health, /ready, /metrics.
//!
//! Owns: the three answers and the listener.
//! Does not own: the figures (each part counts its own), who may reach the address (it is meant for the network of the machines).
//! Always: /health says that the process runs, /ready that it follows its partitions and Postgres takes what it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use listener::figures::{self, PrometheusHandle};

/// How long a sign of life counts; the ingest gives one every ten seconds.
const FRESH_MS: i64 = 35_000;

/// When the ingest last recorded its progress.
#[derive(Debug, Default)]
pub struct Readiness {
    progress_ms: AtomicI64,
}

impl Readiness {
    /// Progress was recorded at `now_ms`.
    pub fn progressed(&self, now_ms: i64) {
        self.progress_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Why the ingest is not ready at `now_ms`; `Ok` when it is.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check(&self, now_ms: i64) -> Result<(), String> {
        match self.progress_ms.load(Ordering::Relaxed) {
            0 => Err("starting: nothing is consumed yet".into()),
            last if now_ms - last > FRESH_MS => {
                Err(format!("no progress could be recorded for {} s; the log says why", (now_ms - last) / 1000))
            }
            _ => Ok(()),
        }
    }
}

/// Listens at `address`; the returned server answers for ever.
///
/// # Errors
/// The address cannot be listened at.
pub async fn serve(
    address: SocketAddr,
    metrics: PrometheusHandle,
    readiness: Arc<Readiness>,
    now_ms: fn() -> i64,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    let router = Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route(
            "/ready",
            get(move || async move {
                match readiness.check(now_ms()) {
                    Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
                    Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem + "\n"),
                }
            }),
        )
        .merge(figures::router(metrics, || ()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_who_gave_a_sign_of_life_lately() {
        let readiness = Readiness::default();
        assert!(readiness.check(1_000).unwrap_err().contains("starting"));
        readiness.progressed(1_000);
        assert_eq!(readiness.check(36_000), Ok(()));
        assert!(readiness.check(36_001).unwrap_err().contains("for 35 s"));
    }
}
