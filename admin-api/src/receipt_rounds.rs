//! Fiscal receipts are sent, asked about, and missed (A26).
//!
//! ```text
//! every `receipts.look_seconds` -> receipts that are due: sent, or asked about -> what is heard -> companies that lack receipts have an alarm
//! ```
//!
//! Owns: the order of a round, how often there is one, when it is broken off because the service is away.
//! Does not own: which receipts are due and what an answer leads to (`billing::receipts`), the service (`cash_register`), the job that does the same (`jobs`).
//! Always: in processes that run jobs; several of them do not get into each other's way; one receipt in which something breaks does not hold up the next;
//! receipts are missed also where no service is named.

use std::sync::Arc;
use std::time::Duration;

use billing::jobs;
use billing::receipts::{self, Heard, ReceiptError, Slip};
use billing::settings::Settings;
use serde_json::json;

use crate::cash_register::CashRegister;
use crate::jobs::registry::Context;
use crate::state::AppState;

/// Receipts that are taken up at once: were the program to end among them, the rest would be taken up a little later.
const PORTION: i64 = 10;
/// Times in a row without an answer after which the service is left alone until the next round.
const AWAY_AFTER: u32 = 3;
/// How long until the next round where the setting cannot be read.
const UNLESS_SAID: Duration = Duration::from_mins(1);

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// Receipts that were sent.
    pub sent: u32,
    /// Receipts that were asked about.
    pub asked: u32,
    /// Of both: issued.
    pub done: u32,
    /// Of both: a person is needed, or there is another try.
    pub not_done: u32,
    /// Receipts in which something broke; the log says what.
    pub failed: u32,
    /// Receipts that are missing for longer than they may.
    pub missing: i64,
}

/// Goes once over all that is due.
///
/// # Errors
/// The database; what was done until then stays.
pub async fn issue_receipts(state: &AppState) -> Result<Issued, ReceiptError> {
    let settings = Arc::new(Settings::read(&state.store).await?);
    let actor = jobs::actor(&state.store, "receipts").await?;
    round(&Context { state: state.clone(), settings, actor }).await
}

/// The same with what a job works with.
pub(crate) async fn round(context: &Context) -> Result<Issued, ReceiptError> {
    let address = context.settings.text("cash_register.payment_address")?;
    let mut done = Issued::default();
    if let Some(register) = context.state.cash_register.as_deref().filter(|_| !address.is_empty()) {
        let mut round = Round { context, register, address, silent: 0, done };
        round.go().await?;
        done = round.done;
    }
    let now = context.state.clock.now();
    done.missing = receipts::missing(&context.state.store, &context.settings, now).await?;
    Ok(done)
}

/// A round with a service.
struct Round<'a> {
    context: &'a Context,
    register: &'a dyn CashRegister,
    address: &'a str,
    /// Times in a row that it did not answer.
    silent: u32,
    done: Issued,
}

impl Round<'_> {
    async fn go(&mut self) -> Result<(), ReceiptError> {
        while !self.is_away() {
            let now = self.context.state.clock.now();
            let slips = receipts::claim(&self.context.state.store, &self.context.settings, now, PORTION).await?;
            if slips.is_empty() {
                break;
            }
            for slip in slips {
                if self.is_away() {
                    break;
                }
                let tried = self.one(&slip).await;
                self.unless_broken(tried, slip.id)?;
            }
        }
        Ok(())
    }

    async fn one(&mut self, slip: &Slip) -> Result<(), ReceiptError> {
        let heard = if let Some(uuid) = &slip.uuid {
            self.done.asked += 1;
            self.register.report(slip, uuid).await
        } else if slip.contact.is_some() {
            self.done.sent += 1;
            self.register.issue(self.address, slip).await
        } else {
            return self.look_again(slip).await;
        };
        self.silent = if matches!(heard, Heard::Silent(_) | Heard::NotTaken(_)) { self.silent + 1 } else { 0 };
        match heard {
            Heard::Done(_) => self.done.done += 1,
            Heard::Taken(_) | Heard::Waits => {}
            _ => self.done.not_done += 1,
        }
        if slip.uuid.is_some() && heard == Heard::Waits {
            let now = self.context.state.clock.now();
            return Ok(receipts::still_waits(&self.context.state.store, slip, now).await?);
        }
        let mut change = self.context.begin().await?;
        receipts::hear(&mut change, slip, &heard).await?;
        change.commit(200, &json!(null)).await?;
        Ok(())
    }

    /// Whoever should get the receipt has lost his contact since it was queued.
    async fn look_again(&mut self, slip: &Slip) -> Result<(), ReceiptError> {
        let mut change = self.context.begin().await?;
        if receipts::look_again(&mut change, slip.id).await? {
            change.commit(200, &json!(null)).await?;
        }
        self.done.not_done += 1;
        Ok(())
    }

    /// Whether the service is to be left alone.
    fn is_away(&self) -> bool {
        self.silent >= AWAY_AFTER
    }

    /// Goes on after what concerns one receipt alone; without the database there is no going on.
    fn unless_broken(&mut self, tried: Result<(), ReceiptError>, number: i64) -> Result<(), ReceiptError> {
        match tried {
            Ok(()) => Ok(()),
            Err(ReceiptError::Store(error)) if error.is_unavailable() => Err(error.into()),
            Err(error) => {
                tracing::error!(number, "a fiscal receipt broke off: {error}");
                self.done.failed += 1;
                Ok(())
            }
        }
    }
}

/// Goes again and again.
pub(crate) async fn keep_issuing(state: AppState) {
    loop {
        if let Err(error) = issue_receipts(&state).await {
            tracing::warn!("fiscal receipts are not looked after: {error}");
        }
        let seconds = state.settings().ok().and_then(|settings| settings.number("receipts.look_seconds").ok());
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        tokio::time::sleep(seconds.map_or(UNLESS_SAID, Duration::from_secs)).await;
    }
}
