//! What may happen to accounts, drawn from a seed.
//!
//! Owns: the steps and how often each is drawn.
//! Does not own: what a step does (`play`), what it has to come to (`books`).
//! Always: a step says what it is about by its place in order (the third payment, the second call), so that steps before it may be left out; one that then is
//! about nothing does nothing. The same seed gives the same steps.

use crate::credit_year::Dice;

/// Accounts of a sequence; `play` says on which terms each is.
pub(super) const ACCOUNTS: usize = 5;

/// How the transaction of a step fares before it is tried again with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crash {
    /// Nothing happens to it.
    None,
    /// All is done but the commit.
    Dropped,
    /// It is given up after so many answers of the database: before, in or behind the commit.
    Cut(u32),
    /// The database ends the session before the commit.
    Killed,
    /// It is committed and nobody hears of it.
    Unheard,
}

/// What happens. Amounts in kopecks, those of calls in thousandths of a kopeck; `payment`, `posting` and `call` are places in the order of their making, counted
/// from the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A payment is entered; `again`: and entered once more by somebody who does not know it.
    Pay { account: usize, kopecks: i64, days_ago: u64, again: bool },
    /// A statement of the bank tells of a payment; `again`: the same file comes once more.
    Statement { account: usize, kopecks: i64, again: bool },
    /// A payment is distributed anew, or `as_advance` pays nothing any more.
    Allocate { payment: usize, as_advance: bool },
    /// A part of a payment is given back.
    Refund { payment: usize, percent: i64 },
    /// A payment goes to another account.
    Move { payment: usize, account: usize },
    /// The bank takes a payment back.
    Return { payment: usize },
    /// Virtual money, by hand.
    TopUp { account: usize, kopecks: i64 },
    /// A charge by hand; below zero it gives something back.
    Charge { account: usize, kopecks: i64, days_ago: u64 },
    /// Money goes out.
    Withdraw { account: usize, kopecks: i64 },
    /// A posting by hand is taken back, as the director and the settlement department agree.
    Reverse { posting: usize },
    /// A document for the month before; below zero a correction.
    Bill { account: usize, kopecks: i64 },
    /// Another credit limit.
    Limit { account: usize, roubles: i64 },
    /// A temporary limit.
    Temporary { account: usize, roubles: i64, days: i64 },
    /// To credit by the month, or back to payment in advance.
    Switch { account: usize, at_once: bool },
    /// A call wants to begin.
    Begin { account: usize, seconds: u64 },
    /// The switch says that a call is over after a part of its seconds.
    Release { call: usize, percent: u64 },
    /// The record of a call that was let go comes.
    Record { call: usize, percent: u64 },
    /// Records of calls come that nobody was asked about, from so many days ago.
    Stray { account: usize, thousandths: i64, days_ago: u64 },
    /// The oldest month that is over is closed.
    Close,
    /// Days pass, with the jobs of their nights.
    Pass { days: u64 },
}

impl Deed {
    /// All of their names.
    pub(super) const NAMES: [&'static str; 20] = [
        "Pay",
        "Statement",
        "Allocate",
        "Refund",
        "Move",
        "Return",
        "TopUp",
        "Charge",
        "Withdraw",
        "Reverse",
        "Bill",
        "Limit",
        "Temporary",
        "Switch",
        "Begin",
        "Release",
        "Record",
        "Stray",
        "Close",
        "Pass",
    ];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        let place = match self {
            Self::Pay { .. } => 0,
            Self::Statement { .. } => 1,
            Self::Allocate { .. } => 2,
            Self::Refund { .. } => 3,
            Self::Move { .. } => 4,
            Self::Return { .. } => 5,
            Self::TopUp { .. } => 6,
            Self::Charge { .. } => 7,
            Self::Withdraw { .. } => 8,
            Self::Reverse { .. } => 9,
            Self::Bill { .. } => 10,
            Self::Limit { .. } => 11,
            Self::Temporary { .. } => 12,
            Self::Switch { .. } => 13,
            Self::Begin { .. } => 14,
            Self::Release { .. } => 15,
            Self::Record { .. } => 16,
            Self::Stray { .. } => 17,
            Self::Close => 18,
            Self::Pass { .. } => 19,
        };
        Self::NAMES[place]
    }
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What happens.
    pub(super) deed: Deed,
    /// How its transaction fares at first.
    pub(super) crash: Crash,
}

/// So many steps of a seed.
pub(super) fn drawn(seed: u64, steps: usize) -> Vec<Step> {
    let mut dice = Dice(seed);
    (0..steps).map(|_| Step { deed: deed(&mut dice), crash: crash(&mut dice) }).collect()
}

fn crash(dice: &mut Dice) -> Crash {
    match dice.below(20) {
        0 => Crash::Dropped,
        1..=3 => Crash::Cut(1 + dice.below(40) as u32),
        4 => Crash::Killed,
        5 => Crash::Unheard,
        _ => Crash::None,
    }
}

fn account(dice: &mut Dice) -> usize {
    dice.below(ACCOUNTS as u64) as usize
}

/// A place near the end of a list, or a little beyond its beginning.
fn place(dice: &mut Dice) -> usize {
    dice.below(4) as usize
}

/// From a kopeck to a few hundred roubles, now and then a thousand.
fn kopecks(dice: &mut Dice) -> i64 {
    let most = if dice.happens(15) { 200_000 } else { 40_000 };
    1 + dice.below(most).cast_signed()
}

fn signed(dice: &mut Dice, below_zero_percent: u64) -> i64 {
    let sum = kopecks(dice);
    if dice.happens(below_zero_percent) { -sum } else { sum }
}

fn deed(dice: &mut Dice) -> Deed {
    match dice.below(100) {
        0..=9 => Deed::Pay {
            account: account(dice),
            kopecks: kopecks(dice),
            days_ago: dice.below(4),
            again: dice.happens(20),
        },
        10..=14 => Deed::Statement { account: account(dice), kopecks: kopecks(dice), again: dice.happens(40) },
        15..=17 => Deed::Allocate { payment: place(dice), as_advance: dice.happens(50) },
        18..=22 => Deed::Refund { payment: place(dice), percent: 1 + dice.below(100).cast_signed() },
        23..=25 => Deed::Move { payment: place(dice), account: account(dice) },
        26..=28 => Deed::Return { payment: place(dice) },
        29..=32 => Deed::TopUp { account: account(dice), kopecks: signed(dice, 30) },
        33..=38 => Deed::Charge { account: account(dice), kopecks: signed(dice, 20), days_ago: dice.below(40) },
        39..=43 => Deed::Withdraw { account: account(dice), kopecks: kopecks(dice) },
        44..=47 => Deed::Reverse { posting: place(dice) },
        48..=50 => Deed::Bill { account: account(dice), kopecks: signed(dice, 25) },
        51..=52 => Deed::Limit { account: account(dice), roubles: dice.below(30).cast_signed() * 100 },
        53..=54 => Deed::Temporary {
            account: account(dice),
            roubles: 1 + dice.below(300).cast_signed(),
            days: 1 + dice.below(20).cast_signed(),
        },
        55..=56 => Deed::Switch { account: account(dice), at_once: dice.happens(50) },
        57..=66 => Deed::Begin { account: account(dice), seconds: 1 + dice.below(400) },
        67..=70 => Deed::Release { call: place(dice), percent: dice.below(101) },
        71..=78 => Deed::Record { call: place(dice), percent: dice.below(101) },
        79..=86 => Deed::Stray {
            account: account(dice),
            thousandths: 1 + dice.below(30_000_000).cast_signed(),
            days_ago: dice.below(45),
        },
        87..=88 => Deed::Close,
        _ => {
            let most = if dice.happens(40) { 24 } else { 4 };
            Deed::Pass { days: 1 + dice.below(most) }
        }
    }
}
