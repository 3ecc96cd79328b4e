//! What a watchman may ask of a serving program: /metrics.
//!
//! Owns: the recorder of the process, the listener of its own, the figures that are looked up when somebody asks.
//! Does not own: what is counted (`meters`), /health and /ready (routes: proxies ask for them), who may reach the address (it is meant for the network of the
//! machines).
//! Always: nothing here stands on the port of the API.

use std::net::SocketAddr;
use std::time::Duration;

use billing::Store;
use listener::Limits;
use listener::figures::{self, BuildError, PrometheusHandle};
use tokio::net::TcpListener;

use crate::meters;

/// A watchman is few.
const CONNECTIONS: Limits =
    Limits { connections: 16, head_time: Duration::from_secs(75), end_time: Duration::from_secs(1) };

/// The figures of this process.
pub struct Monitor(PrometheusHandle);

impl Monitor {
    /// Makes the recorder: before anything that keeps a handle of it, as an [`crate::AppState`] does.
    ///
    /// # Errors
    /// There is one already.
    pub fn install() -> Result<Self, BuildError> {
        figures::install(meters::ALL).map(Self)
    }

    /// Answers at an address from now on; the address, with its port.
    ///
    /// # Errors
    /// It cannot be listened at.
    pub async fn serve(self, address: SocketAddr, store: Store) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let router = figures::router(self.0, move || look(&store));
        tokio::spawn(listener::serve(listener, router, CONNECTIONS, std::future::pending()));
        Ok(address)
    }
}

/// How full the pools are at this moment.
fn look(store: &Store) {
    for (pool, open, idle) in store.connections() {
        let idle = idle as f64;
        metrics::gauge!(meters::POOL_CONNECTIONS, "pool" => pool, "state" => "idle").set(idle);
        metrics::gauge!(meters::POOL_CONNECTIONS, "pool" => pool, "state" => "busy")
            .set((f64::from(open) - idle).max(0.0));
    }
}
