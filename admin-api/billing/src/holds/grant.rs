//! Grants: asks that wait are settled together.
//!
//! Owns: the transaction, its tries, what becomes of each ask.
//! Does not own: the statements (`store`, `calls`), the checks (`rules`).
//! Always: asks of one account are settled in their order, each with what those before it have taken; nothing is written until all are settled; a try that
//! found the ground moved is given up whole.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rating::rows::AccountId;
use rust_decimal::Decimal;

use super::ask::{Admission, Ask, CallKey, Denied, Facts, Released, Settled, Terms, What};
use super::calls::{self, Hold};
use super::rules::{Denial, Standing};
use super::store;
use crate::store::{Store, StoreError};

/// Tries of a transaction that collides with others.
const TRIES_MAX: u32 = 5;

/// What became of a try.
enum Tried {
    /// It is committed.
    Done(Vec<Settled>),
    /// Some accounts have no row to lock yet.
    NoRows(Vec<i64>),
    /// A call was written by somebody else meanwhile.
    Collided,
}

/// Settles asks in one transaction; the answers, in their order.
///
/// # Errors
/// The database: nothing of it is written, or (a COMMIT whose answer was lost) all of it; who asks again is answered as then.
pub async fn grant(store: &Store, asks: &[Ask], terms: Terms, now: DateTime<Utc>) -> Result<Vec<Settled>, StoreError> {
    if asks.is_empty() {
        return Ok(Vec::new());
    }
    for _ in 1..TRIES_MAX {
        match attempt(store, asks, terms, now).await {
            Ok(Tried::Done(settled)) => return Ok(settled),
            Ok(Tried::NoRows(accounts)) => store::make_rows(store, &accounts).await?,
            Ok(Tried::Collided) => {}
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    match attempt(store, asks, terms, now).await? {
        Tried::Done(settled) => Ok(settled),
        Tried::NoRows(_) | Tried::Collided => Err(StoreError::Inconsistent {
            table: "hold",
            problem: "calls that others write again and again, or of accounts that do not exist".to_owned(),
        }),
    }
}

async fn attempt(store: &Store, asks: &[Ask], terms: Terms, now: DateTime<Utc>) -> Result<Tried, StoreError> {
    let mut accounts: Vec<i64> = asks.iter().map(|ask| ask.account.0 as i64).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut tx = store.begin_call().await?;
    if store::lock(&mut tx, &accounts).await? != accounts.len() {
        tx.rollback().await?;
        return Ok(Tried::NoRows(accounts));
    }
    let standings = store::standings(&mut tx, &accounts, asks, now).await?;
    let known = calls::known(&mut tx, asks).await?;
    let mut desk = Desk { standings, calls: known, repeats: Vec::new(), terms, now };
    let settled: Vec<Settled> = asks.iter().map(|ask| desk.settle(ask)).collect();
    let changed: Vec<&Hold> = desk.calls.values().filter(|call| call.is_changed).collect();
    if changed.is_empty() && desk.repeats.is_empty() {
        // Nothing is written, so nothing has to reach the disk.
        tx.rollback().await?;
        return Ok(Tried::Done(settled));
    }
    let (gone, changed): (Vec<&Hold>, Vec<&Hold>) = changed.into_iter().partition(|call| call.is_gone());
    let (made, changed): (Vec<&Hold>, Vec<&Hold>) = changed.into_iter().partition(|call| call.facts.is_some());
    let gone: Vec<&CallKey> = gone.iter().filter(|call| call.facts.is_none()).map(|call| &call.key).collect();
    calls::delete(&mut tx, &gone).await?;
    if !calls::insert(&mut tx, &made).await? || !calls::update(&mut tx, &changed).await? {
        tx.rollback().await?;
        return Ok(Tried::Collided);
    }
    calls::touch(&mut tx, &desk.repeats.iter().collect::<Vec<_>>(), now).await?;
    tx.commit().await?;
    Ok(Tried::Done(settled))
}

/// What asks are settled with.
struct Desk {
    standings: HashMap<AccountId, Standing>,
    calls: HashMap<CallKey, Hold>,
    /// Calls that were asked for again.
    repeats: Vec<CallKey>,
    terms: Terms,
    now: DateTime<Utc>,
}

const fn denied(denial: Denial, seconds: Option<u64>) -> Settled {
    Settled::Denied(Denied { denial, seconds })
}

impl Desk {
    fn settle(&mut self, ask: &Ask) -> Settled {
        match &ask.what {
            What::Begin { call, max_seconds, facts } => self.begin(ask, call, *max_seconds, facts),
            What::GoOn { call, max_seconds, answered_at } => self.go_on(ask, call, *max_seconds, *answered_at),
            What::End { call, seconds, answered_at } => self.end(ask, call.as_ref(), *seconds, *answered_at),
        }
    }

    fn begin(&mut self, ask: &Ask, call: &Admission, max_seconds: u64, facts: &Facts) -> Settled {
        // One whose money is not reserved any more is no call that goes on.
        let known = self.calls.get(&ask.key).filter(|call| call.expires_at > self.now);
        let mut carried = Decimal::ZERO;
        if let Some(known) = known {
            if known.account != ask.account {
                return denied(Denial::OtherAccount, None);
            }
            if known.is_end_asked {
                return denied(Denial::Ended, None);
            }
            if known.is_open {
                self.repeats.push(ask.key.clone());
                return Settled::Granted(known.granted(true));
            }
            // Its switch tries once more under the same name: what the try before costs is still to be charged.
            carried = known.total();
        }
        let Some(standing) = self.standings.get_mut(&ask.account) else { return denied(Denial::Unknown, None) };
        match standing.begin(call, max_seconds) {
            Err(denial) => denied(denial, None),
            Ok(taken) => {
                let hold = Hold::new(ask, (facts, &taken), carried, self.terms, self.now);
                let granted = hold.granted(false);
                self.calls.insert(ask.key.clone(), hold);
                Settled::Granted(granted)
            }
        }
    }

    fn go_on(&mut self, ask: &Ask, call: &Admission, max_seconds: u64, answered_at: Option<DateTime<Utc>>) -> Settled {
        let now = self.now;
        let known = self.calls.get_mut(&ask.key);
        let known = known.filter(|call| call.account == ask.account && call.is_open && call.expires_at > now);
        let (Some(hold), Some(standing)) = (known, self.standings.get_mut(&ask.account)) else {
            return denied(Denial::Unknown, None);
        };
        if hold.is_end_asked {
            return denied(Denial::Ended, None);
        }
        match standing.go_on(call, &hold.own(now), max_seconds) {
            Ok(None) => {
                // Who says for the first time when it was answered is heard, also where he asks for no more.
                if hold.answered_at.is_none() && answered_at.is_some() {
                    hold.answered(answered_at, self.terms);
                }
                Settled::Granted(hold.granted(true))
            }
            Ok(Some(taken)) => {
                hold.amount = taken.own.amount;
                hold.seconds = taken.own.seconds;
                hold.draws = taken.own.draws;
                hold.price = taken.price;
                hold.extended_at = Some(now);
                hold.answered(answered_at, self.terms);
                Settled::Granted(hold.granted(false))
            }
            // What it has reserved it may talk; who is blocked ends now.
            Err(denial @ Denial::Funds { .. }) => denied(denial, Some(hold.seconds)),
            Err(denial) => denied(denial, None),
        }
    }

    fn end(
        &mut self,
        ask: &Ask,
        call: Option<&Admission>,
        seconds: u64,
        answered_at: Option<DateTime<Utc>>,
    ) -> Settled {
        let now = self.now;
        let known = self.calls.get_mut(&ask.key);
        let known = known.filter(|call| call.account == ask.account && call.expires_at > now);
        let (Some(hold), Some(standing)) = (known, self.standings.get_mut(&ask.account)) else {
            return Settled::Released(Released { hold: None, currency: String::new() });
        };
        if hold.is_open {
            let left = standing.end(call, &hold.own(now), seconds);
            hold.amount = left.amount;
            hold.draws = left.draws;
            hold.is_open = false;
            hold.used = Some(seconds);
            hold.answered_at = answered_at.or(hold.answered_at);
            hold.released_at = Some(now);
            hold.expires_at = now + self.terms.keep;
            hold.is_changed = true;
        }
        Settled::Released(Released { hold: Some(hold.total()), currency: hold.currency.clone() })
    }
}
