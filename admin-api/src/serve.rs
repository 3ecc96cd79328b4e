//! Serving until somebody says stop.
//!
//! Owns: the life of the program between listening and the last answer.
//! Does not own: the routes (`router`), the command line (`cli`).
//! Always: what was accepted is answered before the end; background work ends with the server.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::audit_anchor;
use crate::grids::exporter;
use crate::router::app;
use crate::snapshot;
use crate::state::AppState;

/// Serves the API on a listener until SIGTERM or SIGINT. Reads the catalogue first if that was not done yet; without one, what needs it is `unavailable`.
pub async fn serve_on(listener: TcpListener, state: AppState) -> std::io::Result<()> {
    if let Err(error) = state.refresh().await {
        tracing::error!("no catalogue yet: {error}");
    }
    // Dropping the set ends the task, also when this future is dropped.
    let mut background = JoinSet::new();
    background.spawn(snapshot::keep_fresh(state.clone()));
    background.spawn(audit_anchor::tell(state.store.clone()));
    background.spawn(exporter::work(state.clone()));
    let service = app(state).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop_asked()).await
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
