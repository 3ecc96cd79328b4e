//! Serving until somebody says stop.
//!
//! Owns: the life of the program between listening and the last answer, what its connections are held to.
//! Does not own: the routes (`router`), connections (`listener`), packets of RADIUS (`radius_door`), the command line (`cli`).
//! Always: what was accepted is answered before the end, within its time; background work ends with the server.

use std::time::Duration;

use futures_util::FutureExt as _;
use listener::Limits;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::grids::exporter;
use crate::jobs::runner;
use crate::radius_door::RadiusPorts;
use crate::router::app;
use crate::state::AppState;
use crate::{audit_anchor, balance_watch, mailer, receipt_rounds, shelf, snapshot};

/// What a connection is held to. Proxies keep an idle one for a minute: whoever closes first should be them, or a request meets a closed door.
const CONNECTIONS: Limits =
    Limits { connections: 1_000, head_time: Duration::from_secs(75), end_time: Duration::from_secs(30) };

/// Where the program is asked: by HTTP, and by RADIUS where it has ports for that.
#[derive(Debug)]
pub struct Doors {
    http: TcpListener,
    radius: Option<RadiusPorts>,
}

impl From<TcpListener> for Doors {
    fn from(http: TcpListener) -> Self {
        Self { http, radius: None }
    }
}

impl Doors {
    /// The same with ports for switches that speak RADIUS.
    #[must_use]
    pub fn with_radius(self, ports: RadiusPorts) -> Self {
        Self { radius: Some(ports), ..self }
    }
}

/// Serves the API on a listener until SIGTERM or SIGINT. Reads the catalogue first if that was not done yet; without one, what needs it is `unavailable`.
pub async fn serve_on(doors: impl Into<Doors>, state: AppState) {
    serve_until(doors, state, stop_asked()).await;
}

/// The same until `stop` resolves: then nobody is let in any more, and requests under way have 30 s to be answered.
pub async fn serve_until(doors: impl Into<Doors>, state: AppState, stop: impl Future<Output = ()>) {
    let Doors { http, radius } = doors.into();
    if let Err(error) = state.refresh().await {
        tracing::error!("no catalogue yet: {error}");
    }
    // Dropping the set ends the task, also when this future is dropped.
    let mut background = JoinSet::new();
    background.spawn(snapshot::keep_fresh(state.clone()));
    background.spawn(shelf::keep_fresh(state.clone()));
    background.spawn(audit_anchor::tell(state.store.clone()));
    background.spawn(exporter::work(state.clone()));
    background.spawn(state.authorizer.clone().work());
    if state.runs_jobs {
        background.spawn(runner::keep_running(state.clone()));
        background.spawn(balance_watch::keep_watching(state.clone()));
        background.spawn(receipt_rounds::keep_issuing(state.clone()));
    }
    if let Some(mailer) = &state.mailer {
        background.spawn(mailer::keep_sending(state.store.clone(), state.clock.clone(), mailer.clone()));
    }
    // Both hear of the end at once; what answers switches works until neither has anything under way.
    let stop = stop.shared();
    let by_radius = async {
        if let Some(ports) = radius {
            ports.serve(&state, stop.clone()).await;
        }
    };
    tokio::join!(listener::serve(http, app(state.clone()), CONNECTIONS, stop.clone()), by_radius);
}

/// Returns when the program is asked to stop.
async fn stop_asked() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!("SIGTERM cannot be waited for: {error}");
            if interrupted.await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
    tracing::info!("stopping: no new connections, open requests are answered");
}
