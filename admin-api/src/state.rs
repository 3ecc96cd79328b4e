//! The program's state: what every handler may use.
//!
//! Owns: the handles of both engines, the clock, the held catalogue.
//! Does not own: what is done with them.
//! Always: cheap to clone; nothing here is changed by a request.

use std::sync::Arc;

use billing::settings::Settings;
use billing::{Clock, Store};
use ipnet::IpNet;
use rating::Snapshot;

use crate::calls::CallsReader;
use crate::problem::{Code, Problem};
use crate::snapshot::{Catalogue, RefreshError};

/// Everything behind the routes.
#[derive(Clone)]
pub struct AppState {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) calls: CallsReader,
    pub(crate) catalogue: Arc<Catalogue>,
    /// Networks whose word about the caller's address is taken.
    pub(crate) proxies: Arc<[IpNet]>,
}

impl AppState {
    /// State over these engines; the catalogue is empty until [`AppState::refresh`].
    pub fn new(store: Store, clock: Arc<dyn Clock>, calls: CallsReader) -> Self {
        Self { store, clock, calls, catalogue: Arc::new(Catalogue::default()), proxies: Arc::new([]) }
    }

    /// The same behind proxies in these networks, which say whom they speak for.
    #[must_use]
    pub fn behind(mut self, proxies: Vec<IpNet>) -> Self {
        self.proxies = proxies.into();
        self
    }

    /// Reads settings and, when its version changed, the catalogue. `true` when a new snapshot is in force.
    pub async fn refresh(&self) -> Result<bool, RefreshError> {
        self.catalogue.refresh(&self.store).await
    }

    /// The snapshot in force.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, Problem> {
        self.catalogue.snapshot().ok_or(Problem::new(Code::Unavailable))
    }

    /// The settings in force.
    pub(crate) fn settings(&self) -> Result<Arc<Settings>, Problem> {
        self.catalogue.settings().ok_or(Problem::new(Code::Unavailable))
    }
}
