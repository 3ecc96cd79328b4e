//! Cards are charged where a balance has come down, and what is in doubt is settled (M33, A18).
//!
//! ```text
//! money taken and not booked -> cards to forget -> attempts in doubt -> accounts that are due
//! ```
//!
//! Owns: the order of a round, and when it is broken off because the gateway is away.
//! Does not own: whom a charge is due for and what an answer leads to (`billing::autopayments`), the gateway (`gateway`), when a round begins
//! (`balance_watch`, the job `autopay`).
//! Always: an attempt is committed before it is asked for, and what is heard is a change of its own; one account in which something breaks does not hold up the
//! next; several processes do not charge twice.

use billing::autopayments::{self, AutopayError, Charge, Heard, Terms, Told, Try};
use billing::credit::autopay::Answer;
use serde_json::json;

use crate::gateway::Gateway;
use crate::jobs::registry::Context;

/// Accounts of a statement.
const PORTION: i64 = 100;
/// Attempts in doubt that are taken at once: were the program to end among them, the rest would be asked about a little later.
const DOUBTS_AT_ONCE: i64 = 10;
/// Times in a row without an answer after which the gateway is left alone until the next round.
const AWAY_AFTER: u32 = 3;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charged {
    /// Cards that were tried.
    pub attempts: u32,
    /// Attempts in doubt that were asked about.
    pub asked: u32,
    /// Of both: paid.
    pub paid: u32,
    /// Of both: refused, or not made.
    pub refused: u32,
    /// Of both: in doubt still.
    pub in_doubt: u32,
    /// Payments of before that are booked now.
    pub booked: u32,
    /// Cards that the gateway has forgotten.
    pub forgotten: u32,
    /// Accounts in which something broke; the log says what.
    pub failed: u32,
}

impl Charged {
    fn count(&mut self, heard: &Heard) {
        match heard.answer {
            Answer::Paid => self.paid += 1,
            answer if answer.is_in_doubt() => self.in_doubt += 1,
            _ => self.refused += 1,
        }
    }
}

/// A round with a gateway.
struct Round<'a> {
    context: &'a Context,
    gateway: &'a dyn Gateway,
    url: &'a str,
    terms: Terms,
    /// Times in a row that it did not answer.
    silent: u32,
    done: Charged,
}

/// Goes once over all that is due. Without a gateway nothing is tried, and what was taken before is booked all the same.
pub(crate) async fn charge_cards(context: &Context) -> Result<Charged, AutopayError> {
    let mut done = Charged::default();
    book(context, &mut done).await?;
    let url = context.settings.text("gateway.url")?;
    let Some(gateway) = context.state.gateway.as_deref().filter(|_| !url.is_empty()) else { return Ok(done) };
    let terms = Terms::read(&context.settings)?;
    let mut round = Round { context, gateway, url, terms, silent: 0, done };
    round.forget().await?;
    round.ask().await?;
    round.charge().await?;
    Ok(round.done)
}

/// Books money that was taken and that something stood in the way of.
async fn book(context: &Context, done: &mut Charged) -> Result<(), AutopayError> {
    for key in autopayments::not_booked(&context.state.store, PORTION).await? {
        let mut change = context.begin().await?;
        if autopayments::book_again(&mut change, &key).await? == Told::New {
            change.commit(200, &json!(null)).await?;
            done.booked += 1;
        }
    }
    Ok(())
}

impl Round<'_> {
    /// Has the gateway forget the cards that were unlinked.
    async fn forget(&mut self) -> Result<(), AutopayError> {
        let store = &self.context.state.store;
        for (id, token) in autopayments::to_forget(store).await? {
            match self.gateway.forget(self.url, &token).await {
                Ok(()) => {
                    autopayments::forgotten(store, id, self.context.state.clock.now()).await?;
                    self.done.forgotten += 1;
                }
                Err(fault) => {
                    tracing::warn!(card = id, "a card is not forgotten yet: {fault}");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Asks what became of the attempts in doubt.
    async fn ask(&mut self) -> Result<(), AutopayError> {
        while !self.is_away() {
            let now = self.context.state.clock.now();
            let doubts = autopayments::in_doubt(&self.context.state.store, now, DOUBTS_AT_ONCE).await?;
            if doubts.is_empty() {
                break;
            }
            for doubt in doubts {
                if self.is_away() {
                    break;
                }
                let heard = self.gateway.state(self.url, &doubt.key).await;
                self.done.asked += 1;
                let told = self.hear(&doubt.key, &heard).await;
                self.unless_broken(told, doubt.attempt)?;
            }
        }
        Ok(())
    }

    /// Charges whose balance has come down.
    async fn charge(&mut self) -> Result<(), AutopayError> {
        let mut after = 0;
        while !self.is_away() {
            let now = self.context.state.clock.now();
            let accounts = autopayments::due(&self.context.state.store, now, after, PORTION).await?;
            let Some(last) = accounts.last() else { break };
            after = *last;
            for account in accounts {
                if self.is_away() {
                    break;
                }
                let tried = self.try_account(account).await;
                self.unless_broken(tried, account)?;
            }
        }
        Ok(())
    }

    async fn try_account(&mut self, account: i64) -> Result<(), AutopayError> {
        let mut change = self.context.begin().await?;
        let wanted: Charge = match autopayments::try_now(&mut change, account, &self.terms).await? {
            Try::Charge(wanted) => wanted,
            Try::Rest(until) => {
                // The change that has nothing to say is dropped.
                drop(change);
                if let Some(until) = until {
                    autopayments::rest(&self.context.state.store, account, until).await?;
                }
                return Ok(());
            }
        };
        change.commit(200, &json!(null)).await?;
        self.done.attempts += 1;
        let heard = self.gateway.charge(self.url, &wanted).await;
        self.hear(&wanted.key, &heard).await
    }

    async fn hear(&mut self, key: &str, heard: &Heard) -> Result<(), AutopayError> {
        self.silent = if heard.answer == Answer::Timeout { self.silent + 1 } else { 0 };
        self.done.count(heard);
        let mut change = self.context.begin().await?;
        if autopayments::hear(&mut change, key, heard).await? == Told::New {
            change.commit(200, &json!(null)).await?;
        }
        Ok(())
    }

    /// Whether the gateway is to be left alone.
    fn is_away(&self) -> bool {
        self.silent >= AWAY_AFTER
    }

    /// Goes on after what concerns one account or attempt alone; without the database there is no going on.
    fn unless_broken(&mut self, tried: Result<(), AutopayError>, number: i64) -> Result<(), AutopayError> {
        match tried {
            Ok(()) => Ok(()),
            Err(AutopayError::Store(error)) if error.is_unavailable() => Err(error.into()),
            Err(error) => {
                tracing::error!(number, "automatic payment of one account broke off: {error}");
                self.done.failed += 1;
                Ok(())
            }
        }
    }
}
