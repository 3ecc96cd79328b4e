//! The anchor of the audit in the log.
//!
//! Owns: when it is told.
//! Does not own: the chain (`billing::audit`), where logs go: elsewhere, or an anchor proves nothing.
//! Always: once at the start and then every hour.

use std::time::Duration;

use billing::{Store, audit};

/// Time between two anchors.
const EVERY: Duration = Duration::from_hours(1);

/// Tells the last line of the audit and its digest, again and again.
pub(crate) async fn tell(store: Store) {
    loop {
        match audit::head(&store).await {
            Ok(Some(anchor)) => {
                tracing::info!(%anchor, "the audit ends here; `admin-api audit verify --expect` proves it later");
            }
            Ok(None) => {}
            Err(error) => tracing::warn!("the end of the audit cannot be read: {error}"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
