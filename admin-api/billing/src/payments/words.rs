//! The words of the room: where a payment came from, where it stands, what it can pay and in which order.
//!
//! Owns: their names.
//! Does not own: what follows from them.
//! Always: pure.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// How money came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A statement of a bank says it.
    Bank,
    /// By card, as a gateway says.
    Card,
    /// In cash.
    Cash,
    /// Somebody entered it by a document of a bank.
    Manual,
}

impl Source {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Bank, Self::Card, Self::Cash, Self::Manual];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["bank", "card", "cash", "manual"];
    /// Those that people enter.
    pub const BY_HAND: &'static [Self] = &[Self::Cash, Self::Manual];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Card => "card",
            Self::Cash => "cash",
            Self::Manual => "manual",
        }
    }
}

impl FromStr for Source {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|source| source.as_str() == text).ok_or(())
    }
}

/// Where a payment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Nobody knows whose it is: it is in the work list.
    Unmatched,
    /// It is on an account.
    Booked,
    /// It was booked in the wrong place; another payment stands for it.
    Moved,
    /// It was given back, all of it.
    Refunded,
    /// The bank took it back.
    Returned,
}

impl State {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Unmatched, Self::Booked, Self::Moved, Self::Refunded, Self::Returned];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["unmatched", "booked", "moved", "refunded", "returned"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unmatched => "unmatched",
            Self::Booked => "booked",
            Self::Moved => "moved",
            Self::Refunded => "refunded",
            Self::Returned => "returned",
        }
    }

    /// Whether its money is still with us.
    pub const fn is_here(self) -> bool {
        matches!(self, Self::Unmatched | Self::Booked)
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(())
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Kind of an item that is no document: a charge, which has the number of its posting.
pub const CHARGE: &str = "charge";

/// Something of an account that can be paid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Item {
    /// Kind of the document, or [`CHARGE`].
    pub kind: String,
    /// Its number.
    pub number: String,
}

impl Item {
    /// Whether a text can be the kind of an item: small letters and `_`.
    pub fn is_kind(text: &str) -> bool {
        let fits = |letter: u8| letter.is_ascii_lowercase() || letter == b'_';
        text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(fits)
    }
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, self.number)
    }
}

/// In which order a payment pays what is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The oldest first.
    OldestFirst,
    /// These first as far as they are open, then the oldest: what a purpose names.
    Named(Vec<Item>),
    /// These first, all of which have to be open, then the oldest.
    First(Vec<Item>),
    /// These and no others; none: all of it stays as advance.
    Only(Vec<Item>),
    /// So much of each, and no others.
    Amounts(Vec<(Item, Decimal)>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for (at, source) in Source::ALL.iter().enumerate() {
            assert_eq!((source.as_str().parse(), source.as_str()), (Ok(*source), Source::NAMES[at]));
        }
        for (at, state) in State::ALL.iter().enumerate() {
            assert_eq!((state.as_str().parse(), state.as_str()), (Ok(*state), State::NAMES[at]));
        }
        assert!("gift".parse::<Source>().is_err() && "paid".parse::<State>().is_err());
    }

    #[test]
    fn kinds_of_items() {
        for (text, fits) in [
            ("charge", true),
            ("payment_invoice", true),
            ("", false),
            ("_invoice", false),
            ("Invoice", false),
            ("счет", false),
            (&"a".repeat(41), false),
        ] {
            assert_eq!(Item::is_kind(text), fits, "{text}");
        }
    }
}
