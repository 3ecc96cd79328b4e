//! May this call go, for how long, and by which way?
//!
//! Owns: the checks of a call that wants to begin, their order and what each finds (M24); the routes that are left, in order of what they cost us;
//! what the call costs so far and how far money reaches ([`CallPrice`]).
//! Does not own: who pays (`payer`), locks (`lock`), the choice of a row and its price (`leg`): they are those of the record that follows the call. What
//! changes from call to call (blocks, balances, holds, counters) and its checks, which come after these.
//! Always: pure; the first check that refuses answers, and all that were run are named; an emergency code passes whatever else holds. An admitted call is
//! priced by [`crate::leg::price_leg`] and by nothing else.
//!
//! An authorisation goes: [`admit`]; then, where the books are, status, limits, funds and the standings of [`Admitted::counters`], what open holds have drawn from
//! bundles included; then [`Admitted::price`] and [`CallPrice::grant`]; then the hold. An answer can wait for the books: it borrows nothing.
//!
//! Cost: the payer takes two or three map look-ups, the locks one walk over the digits, and each route that is named one pricing of both sides; where none
//! is named, every provider is priced.

mod admit;
mod afford;
mod said;

use std::cell::RefCell;

use numbering::{Digits, NotANumber};
use serde::Serialize;

use crate::code::{Service, words};
use crate::counter::{CounterKey, Counters};
use crate::leg::{Leg, Side};
use crate::lock::{LockOrigin, LockScope};
use crate::payer::Nobody;
use crate::price::Usage;
use crate::rows::{ListId, ProviderId, SourceRow, Symbol};
use crate::snapshot::{AccountIx, Snapshot};

pub use crate::code::Check;
pub use admit::admit;
pub use afford::{CallPrice, Grant, reauthorize_at};

/// A call that wants to begin, as its switch writes it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The source whose records will report the call: its rules read the numbers and name the payer.
    pub source: &'a SourceRow,
    /// What will be priced: a call (`Service::is_call`).
    pub service: Service,
    /// Code of the account.
    pub account: Option<&'a str>,
    /// Trunk that the call comes in by.
    pub trunk: Option<&'a str>,
    /// Calling number; empty = withheld.
    pub src: &'a str,
    /// Dialled number.
    pub dst: &'a str,
    /// The forwarding number.
    pub forwarded_from: Option<&'a str>,
    /// Incoming service.
    pub incoming_service: Option<&'a str>,
    /// Place of service.
    pub place: Option<&'a str>,
    /// The routes that the switch could take: providers by the names of their trunks or by their codes; empty = none is named.
    pub providers: &'a [&'a str],
    /// The answer, in milliseconds of the epoch; the set-up while nobody has answered. All of the call is priced as of this moment, so a switch that asks
    /// once more during the call still gives the answer.
    pub at_ms: i64,
}

words! {
    /// By which numbers of ours a payer may call. Numbers of others are not ours to judge.
    OriginRule {
        /// By any.
        Any = "any",
        /// By none that is another client's, or nobody's.
        NotAnothers = "not_anothers",
        /// By his own alone; by no number of others either, and by none that is withheld.
        Own = "own",
    }
}

/// Settings of the checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// By which numbers a payer may call.
    pub origin: OriginRule,
    /// Length of the call by whose price routes are put in order, seconds.
    pub compared_s: u32,
}

impl Default for Rules {
    /// By no number of another client; routes by the price of a minute.
    fn default() -> Self {
        Self { origin: OriginRule::NotAnothers, compared_s: 60 }
    }
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admission {
    /// What the next checks go on with, or why there are none.
    pub outcome: Result<Admitted, Refusal>,
    /// The checks that were run, in order.
    pub checks: Vec<Checked>,
}

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// Whether it decides.
    pub decides: bool,
    /// The locks of its scope that match, also where they bar nothing but some of the routes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<u64>,
    /// Routes that it leaves out, as the request names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// A call that nothing in the catalogue stands against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admitted {
    /// An emergency call: free, and no other check may refuse it.
    pub emergency: bool,
    /// Who pays; `None` only for an emergency call of an unknown caller.
    pub account: Option<AccountIx>,
    /// Service by which it is priced.
    pub service: Service,
    /// The routes that are left, the cheapest first. Empty where none was named and none is needed.
    pub routes: Vec<Route>,
    /// The counters that have a say in its price, whose standings [`Self::price`] wants to know.
    pub counters: Vec<CounterKey>,
    call: Call,
    /// A provider for each retail row that may price the call.
    through: Vec<Option<ProviderId>>,
}

impl Admitted {
    /// The price of the call while `counters` stand so, by the snapshot that admitted it or one of its successors. Cost: see [`CallPrice`].
    pub fn price<'a>(&self, snapshot: &'a Snapshot, counters: &'a dyn Counters) -> CallPrice<'a> {
        CallPrice::new(snapshot, &self.call, &self.through, counters)
    }
}

/// A way that the call may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Route {
    /// The provider.
    pub provider: ProviderId,
    /// Its place among those that the request names; `None` = the request names none.
    pub named: Option<usize>,
    /// What a call of [`Rules::compared_s`] costs us; `None` where the service needs no wholesale price and there is none.
    pub wholesale: Option<Side>,
}

/// Why a call may not go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The check that decides: its spelling is the code of the answer.
    pub check: Check,
    /// What it found.
    pub reason: Reason,
    /// Who would pay, where that is known.
    pub account: Option<AccountIx>,
    /// Service by which the call would be priced.
    pub service: Service,
}

/// What a check that refuses found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The dialled text is no number.
    NotANumber(NotANumber),
    /// Nobody is known to pay.
    Nobody(Nobody),
    /// The called number is ours and not in work.
    NotInWork,
    /// The number that is given as the caller's or the forwarder's is not the payer's to call by.
    Origin,
    /// A lock.
    Lock {
        /// Identifier.
        id: u64,
        /// Local or global.
        scope: LockScope,
        /// The barred prefix or number.
        mask: Digits,
        /// Who asked for it.
        origin: LockOrigin,
        /// The provider that it is tied to: no other route was left, or none named.
        provider: Option<ProviderId>,
    },
    /// A price is missing.
    Missing(Missing),
}

words! {
    /// What is missing for a price (M30).
    Missing {
        /// A row for the account, or one whose price can be charged.
        Retail = "retail",
        /// A row of a provider.
        Wholesale = "wholesale",
        /// What turns the currency of the row into the account's.
        ExchangeRate = "exchange_rate",
    }
}

/// What is asked of the engine, whatever the length of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Call {
    account: Option<AccountIx>,
    service: Service,
    number: Digits,
    origin: Digits,
    incoming_service: Option<Symbol>,
    place: Option<Symbol>,
    at_ms: i64,
}

impl Call {
    /// The leg that a record of the call would be.
    fn leg<'a>(&self, provider: Option<ProviderId>, seconds: u64, counters: &'a dyn Counters) -> Leg<'a> {
        Leg {
            account: self.account,
            plan: None,
            service: self.service,
            number: self.number,
            origin: self.origin,
            provider,
            incoming_service: self.incoming_service,
            place: self.place,
            at_ms: self.at_ms,
            usage: of_length(seconds),
            counters,
            stored: None,
        }
    }
}

/// An answered call of so many seconds. Whole seconds stay what they are by the rule of any source (A7).
const fn of_length(seconds: u64) -> Usage {
    Usage::call(seconds.saturating_mul(1000))
}

/// The row that prices a side; of a side that needs none, the same for all.
const fn row_of(side: &Side) -> (ListId, u64) {
    (side.list, side.row)
}

/// Notes which counters a price asks for; says that they have counted nothing.
#[derive(Debug, Default)]
struct Asked(RefCell<Vec<CounterKey>>);

impl Counters for Asked {
    fn used(&self, key: &CounterKey) -> u64 {
        let mut keys = self.0.borrow_mut();
        if !keys.contains(key) {
            keys.push(*key);
        }
        0
    }
}
