//! Why a leg costs what it costs, line by line.
//!
//! Owns: the lines of an explanation.
//! Does not own: the decisions, which are taken where the lines are written; their words (`wording`).
//! Always: explaining never changes a price: the hot path runs the same code with a trace of `()`, which compiles to nothing.

use chrono::NaiveDate;
use serde::Serialize;

use crate::code::words;
use crate::lock::{LockAction, LockOrigin, LockScope};
use crate::money::{Currency, Money, RoundingMode};
use crate::price::Measure;
use crate::stored::Term;
use crate::terms::{DiscountLevel, ExchangeLevel};

words! {
    /// Why a leg costs nothing of itself.
    FreeReason {
        /// The plan does not price incoming calls.
        IncomingNotPriced = "incoming_not_priced",
        /// The number that was called is ours, and nobody has it (M14).
        NonTarget = "non_target",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(units: &u64) -> bool {
    *units == 0
}

/// One step of an explanation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Line {
    /// An emergency code: free, whatever else holds (A1).
    Emergency {
        /// The code.
        code: String,
    },
    /// A lock that matches the number; the effective one decides.
    Lock {
        /// Identifier.
        id: u64,
        /// Local or global.
        scope: LockScope,
        /// The barred prefix or number.
        mask: String,
        /// Who asked for it.
        origin: LockOrigin,
        /// Whether this one decides.
        effective: bool,
        /// What the effective one does to the charge.
        action: LockAction,
    },
    /// The catalogue now gives other terms than those that the charge was made by; the charge's count.
    Stored {
        /// Which term.
        term: Term,
        /// What the catalogue gives now.
        found: Option<String>,
        /// What the charge keeps.
        stored: Option<String>,
    },
    /// A price list was searched.
    List {
        /// `retail` or `wholesale`.
        side: &'static str,
        /// Code of the list.
        list: String,
        /// The longest prefix with a valid row, if any.
        prefix: Option<String>,
        /// Identifier of the row, if any.
        row: Option<u64>,
        /// Whether this list's row was taken.
        chosen: bool,
    },
    /// The leg is not priced for this service.
    Free {
        /// Why.
        reason: FreeReason,
    },
    /// Fee for an unanswered attempt.
    AttemptFee {
        /// Amount.
        amount: Money,
    },
    /// The call was shorter than the free seconds.
    FreeSeconds {
        /// The limit.
        free_s: u32,
    },
    /// Fee for the answer.
    ConnectFee {
        /// Amount.
        amount: Money,
    },
    /// Increments of one tier.
    Tier {
        /// The time band, if one is in force where they start.
        #[serde(skip_serializing_if = "Option::is_none")]
        band: Option<String>,
        /// The step of the volume counter, if it has reached one.
        #[serde(skip_serializing_if = "Option::is_none")]
        from_volume: Option<u64>,
        /// Second of the call where they start.
        from_s: u64,
        /// Seconds billed.
        seconds: u64,
        /// Of these, covered by bundles and not charged.
        #[serde(skip_serializing_if = "is_zero")]
        covered_s: u64,
        /// Length of one increment.
        increment_s: u32,
        /// Price per unit.
        price: Money,
        /// Seconds of the unit.
        unit_s: u32,
        /// Whether they are seconds at all, or pieces.
        measure: Measure,
        /// Exact amount.
        amount: String,
    },
    /// A bundle covers the usage from its first unit on.
    Bundle {
        /// Code of the bundle.
        bundle: String,
        /// First day of the period whose units are used.
        period: NaiveDate,
        /// Units included in the period.
        included: u64,
        /// Units used before.
        before: u64,
        /// Units used by this usage.
        used: u64,
    },
    /// A counter of volume stands where the price depends on it.
    Volume {
        /// Code of the counter.
        counter: String,
        /// First day of the period.
        period: NaiveDate,
        /// Units counted before.
        before: u64,
        /// Units that this usage adds.
        added: u64,
    },
    /// A discount was granted.
    Discount {
        /// Identifier.
        id: u64,
        /// Where it comes from.
        level: DiscountLevel,
        /// Percent.
        percent: String,
        /// What is left, exactly.
        amount: String,
    },
    /// The amount was raised to the minimum.
    Minimum {
        /// The minimum.
        amount: Money,
    },
    /// The amount was cut to the maximum.
    Maximum {
        /// The maximum.
        amount: Money,
    },
    /// The list is in another currency than the account.
    Conversion {
        /// Identifier of the rate.
        id: u64,
        /// Where it comes from.
        level: ExchangeLevel,
        /// Currency of the list.
        from: Currency,
        /// Currency of the account.
        to: Currency,
        /// What `quantity` units cost.
        rate: Money,
        /// Units.
        quantity: u32,
        /// First day of the rate.
        day: NaiveDate,
        /// The amount, exactly.
        amount: String,
    },
    /// Tax was added to a price without it.
    TaxAdded {
        /// Percent.
        percent: String,
        /// The amount with it, exactly.
        amount: String,
    },
    /// The one rounding.
    Rounding {
        /// Direction.
        mode: RoundingMode,
        /// Decimals kept.
        decimals: u8,
        /// Before.
        exact: String,
        /// After.
        amount: Money,
    },
    /// The tax inside the amount.
    TaxIncluded {
        /// Percent.
        percent: String,
        /// Amount without tax.
        net: Money,
        /// Currency.
        currency: Currency,
    },
}

/// Where lines go: a vector keeps them, `()` drops them at no cost.
pub trait Trace {
    /// Adds the line that `make` builds; not called when nobody listens.
    fn line(&mut self, make: impl FnOnce() -> Line);
}

impl Trace for () {
    #[inline]
    fn line(&mut self, _make: impl FnOnce() -> Line) {}
}

impl Trace for Vec<Line> {
    fn line(&mut self, make: impl FnOnce() -> Line) {
        self.push(make());
    }
}
