//! What is asked of the room, and what it answers.
//!
//! Owns: the shapes of both.
//! Does not own: any decision.
//! Always: an ask holds all that its answer needs but the books.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rating::authorize::Admitted;
use rating::rows::AccountId;
use rating::{Currency, Service, Snapshot};
use rust_decimal::Decimal;
use serde_json::Value;

use super::rules::Denial;

/// A leg of a call, as its switch names it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CallKey {
    /// Code of the source whose records will report it.
    pub source: String,
    /// The call.
    pub call_id: String,
    /// Its leg.
    pub leg: u8,
}

/// A call that the catalogue lets go, with the catalogue that did.
#[derive(Clone)]
pub struct Admission {
    /// What it is priced by.
    pub admitted: Arc<Admitted>,
    /// The catalogue.
    pub snapshot: Arc<Snapshot>,
}

/// What support reads of a call, and what prices it again.
#[derive(Clone)]
pub struct Facts {
    /// Service.
    pub service: Service,
    /// Calling number, as it was given.
    pub src: String,
    /// Dialled number, as it was given.
    pub dst: String,
    /// Currency of the account.
    pub currency: Currency,
    /// What the switch asked.
    pub request: Value,
    /// The ways that are left, the cheapest first.
    pub routes: Value,
    /// The checks that were run.
    pub checks: Value,
}

/// What a switch wants. No `Debug`: numbers do not belong into logs.
pub enum What {
    /// A call begins.
    Begin {
        /// How it is priced.
        call: Admission,
        /// Most seconds that the switch wants.
        max_seconds: u64,
        /// What is kept of it.
        facts: Box<Facts>,
    },
    /// A call goes on.
    GoOn {
        /// How it is priced.
        call: Admission,
        /// Most seconds that the switch wants, from the answer on.
        max_seconds: u64,
        /// When it was answered, as the switch says.
        answered_at: Option<DateTime<Utc>>,
    },
    /// A call is over.
    End {
        /// How it is priced; `None`: the catalogue does not price it any more, and its hold stays as it is.
        call: Option<Admission>,
        /// Seconds talked; 0: nobody answered.
        seconds: u64,
        /// When it was answered, as the switch says.
        answered_at: Option<DateTime<Utc>>,
    },
}

impl What {
    /// How the call is priced.
    pub(super) const fn call(&self) -> Option<&Admission> {
        match self {
            Self::Begin { call, .. } | Self::GoOn { call, .. } => Some(call),
            Self::End { call, .. } => call.as_ref(),
        }
    }

    /// Whether the call has begun before.
    pub(super) const fn is_of_known(&self) -> bool {
        !matches!(self, Self::Begin { .. })
    }
}

/// An ask.
pub struct Ask {
    /// The call.
    pub key: CallKey,
    /// Who pays.
    pub account: AccountId,
    /// What is wanted.
    pub what: What,
}

/// How long things take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// How long a call may ring.
    pub ring: TimeDelta,
    /// How long money stays reserved for a record that does not come.
    pub keep: TimeDelta,
}

impl Terms {
    /// When a call is over at the latest.
    pub(super) fn ends_by(self, begun: DateTime<Utc>, answered: Option<DateTime<Utc>>, seconds: u64) -> DateTime<Utc> {
        // A week is more than any switch is granted.
        let talk = TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::MAX).min(7 * 86_400));
        answered.unwrap_or(begun + self.ring) + talk
    }
}

/// A call that may go, or go on.
#[derive(Clone, PartialEq, Debug)]
pub struct Granted {
    /// Seconds from the answer on.
    pub seconds: u64,
    /// Money reserved.
    pub hold: Decimal,
    /// What the seconds cost when all of them are talked.
    pub price: Decimal,
    /// Currency of both.
    pub currency: String,
    /// The ways that are left, the cheapest first.
    pub routes: Value,
    /// When the call was let go first.
    pub created_at: DateTime<Utc>,
    /// Whether the same was answered before.
    pub is_repeat: bool,
}

/// A call that may not go, or not go on.
#[derive(Clone, PartialEq, Debug)]
pub struct Denied {
    /// Why.
    pub denial: Denial,
    /// Seconds, from the answer on, that it may be talked all the same: those that it was granted before. `None`: it is to end now.
    pub seconds: Option<u64>,
}

/// A call that is over.
#[derive(Clone, PartialEq, Debug)]
pub struct Released {
    /// What stays reserved until its record comes; `None`: the call is not known, or its record has come.
    pub hold: Option<Decimal>,
    /// Currency of it.
    pub currency: String,
}

/// The answer to an ask.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// It may go.
    Granted(Granted),
    /// It may not.
    Denied(Denied),
    /// It is over.
    Released(Released),
}
