//! Balances that have come down: it is looked for them by day, and nobody waits for the night.
//!
//! ```text
//! every `balance.look_seconds` -> cards are charged (`card_charges`) -> accounts with a critical balance -> notices
//! ```
//!
//! Owns: how often it is looked, the portions in which clients are told.
//! Does not own: who is told (`billing::critical_notices`), what is charged (`card_charges`), the jobs that do the same by night (`jobs`).
//! Always: in processes that run jobs; several of them do not get into each other's way; a balance that moved is seen by the next look.

use std::sync::Arc;
use std::time::Duration;

use billing::autopayments::AutopayError;
use billing::critical_notices::{self, Notified, Terms};
use billing::jobs;
use billing::mail::MailError;
use billing::settings::Settings;
use serde_json::json;

use crate::card_charges::{Charged, charge_cards};
use crate::jobs::registry::Context;
use crate::state::AppState;

/// Notices of one transaction.
const PORTION: i64 = 100;
/// How long until the next look where the setting cannot be read.
const UNLESS_SAID: Duration = Duration::from_mins(1);

/// What a look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Clients who were told of a critical balance.
    pub notices: u32,
    /// Notices that were held back.
    pub suppressed: u32,
    /// Cards that were charged.
    pub charged: Charged,
}

/// Why a look broke off.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Nothing was charged, or not all.
    #[error(transparent)]
    Autopay(#[from] AutopayError),
    /// A notice was not written.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The database.
    #[error(transparent)]
    Store(#[from] billing::StoreError),
}

/// Looks once at the balances that have come down.
///
/// # Errors
/// The database; what was done until then stays.
pub async fn watch_balances(state: &AppState) -> Result<Watched, WatchError> {
    let context = context(state).await?;
    // Cards first: whose balance they lift needs no notice. What stands in their way keeps nobody from being told.
    let charged = charge_cards(&context).await;
    let told = tell(&context).await?;
    Ok(Watched { notices: told.sent, suppressed: told.suppressed, charged: charged? })
}

/// What a look works with.
async fn context(state: &AppState) -> Result<Context, billing::StoreError> {
    let settings = Arc::new(Settings::read(&state.store).await?);
    let actor = jobs::actor(&state.store, "balance_watch").await?;
    Ok(Context { state: state.clone(), settings, actor })
}

/// Tells every client whose account is at or below its critical balance, as far as it is time (M31).
pub(crate) async fn tell(context: &Context) -> Result<Notified, MailError> {
    let days = context.settings.number("notice.critical.interval_days")?;
    let interval_days = u32::try_from(days).unwrap_or(billing::credit::critical_notice::INTERVAL_DAYS);
    let terms = Terms { interval_days, zone: context.settings.zone("billing.zone")? };
    let mut told = Notified::default();
    let mut after = 0;
    loop {
        let mut change = context.begin().await?;
        let done = critical_notices::notify(&mut change, terms, after, PORTION).await?;
        // Nobody left: the change that has nothing to say is dropped.
        let Some(last) = done.after else { return Ok(told) };
        change.commit(200, &json!(null)).await?;
        told.sent += done.sent;
        told.suppressed += done.suppressed;
        after = last;
    }
}

/// Looks again and again.
pub(crate) async fn keep_watching(state: AppState) {
    loop {
        if let Err(error) = watch_balances(&state).await {
            tracing::warn!("balances are not looked after: {error}");
        }
        let seconds = state.settings().ok().and_then(|settings| settings.number("balance.look_seconds").ok());
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        tokio::time::sleep(seconds.map_or(UNLESS_SAID, Duration::from_secs)).await;
    }
}
