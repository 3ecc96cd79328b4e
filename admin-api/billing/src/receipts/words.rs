//! The words of the room: kinds and states of receipts, contacts, what a register says.
//!
//! Owns: their names.
//! Does not own: what follows from them (`rules`).
//! Always: pure.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;

/// What a receipt is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Money came (приход, аванс).
    Income,
    /// It was given back (возврат прихода).
    IncomeReturn,
    /// An advance paid what was rendered (приход, зачёт аванса).
    Offset,
}

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Income, Self::IncomeReturn, Self::Offset];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["income", "income_return", "offset"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Income => "income",
            Self::IncomeReturn => "income_return",
            Self::Offset => "offset",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Where a receipt stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It waits to be sent.
    Queued,
    /// The register has it.
    Sent,
    /// It is issued.
    Done,
    /// It is tried again by itself.
    Failed,
    /// A person is needed.
    Refused,
    /// A person has said why no more is needed.
    Resolved,
}

impl State {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Queued, Self::Sent, Self::Done, Self::Failed, Self::Refused, Self::Resolved];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["queued", "sent", "done", "failed", "refused", "resolved"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Resolved => "resolved",
        }
    }

    /// Whether nothing is to be done for it any more.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Resolved)
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

/// How money moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaidBy {
    /// In cash.
    Cash,
    /// In any other way.
    Electronic,
    /// It came before: an advance.
    Advance,
}

impl PaidBy {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Cash, Self::Electronic, Self::Advance];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Electronic => "electronic",
            Self::Advance => "advance",
        }
    }
}

impl FromStr for PaidBy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|paid| paid.as_str() == text).ok_or(())
    }
}

/// Where the register sends the receipt. No `Debug`: it is somebody's.
#[derive(Clone, PartialEq, Eq)]
pub enum Contact {
    /// An address of e-mail.
    Email(String),
    /// A telephone number with its `+`.
    Phone(String),
}

impl Contact {
    /// The same with most of it hidden.
    pub fn masked(&self) -> String {
        match self {
            Self::Email(address) => {
                let (name, domain) = address.split_once('@').unwrap_or((address, ""));
                let first: String = name.chars().take(1).collect();
                format!("{first}***@{domain}")
            }
            Self::Phone(number) => {
                let shown = |from: usize, to: usize| number.get(from..to).unwrap_or_default();
                format!("{}***{}", shown(0, 2), shown(number.len().saturating_sub(2), number.len()))
            }
        }
    }
}

/// What an issued receipt is known by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fiscal {
    /// Number of the fiscal drive (ФН).
    pub fiscal_drive: String,
    /// Number of the fiscal document (ФД).
    pub document: String,
    /// Fiscal sign of the document (ФПД).
    pub sign: String,
    /// Registration number of the cash register; may be empty.
    pub register: String,
    /// When, by the clock of the company.
    pub issued_at: NaiveDateTime,
    /// Where it is shown; may be empty.
    pub url: String,
}

/// What a register says, or what its silence means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// It has the receipt, and knows it by this.
    Taken(String),
    /// It has the receipt and needs time.
    Waits,
    /// The receipt is issued.
    Done(Fiscal),
    /// It did not take the receipt, and may take it later.
    NotTaken(String),
    /// It makes no receipt of this, and none was made. `again`: what stood in the way may pass.
    Rejected {
        /// In its words.
        words: String,
        /// Whether trying again may help.
        again: bool,
    },
    /// There was no answer, or none that is one: it may have the receipt.
    Silent(String),
    /// It knows of no such receipt.
    Unknown(String),
}

impl Heard {
    /// Its name in the record of attempts.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Taken(_) => "taken",
            Self::Waits => "waits",
            Self::Done(_) => "done",
            Self::NotTaken(_) => "not_taken",
            Self::Rejected { .. } => "rejected",
            Self::Silent(_) => "no_answer",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The words that came with it.
    pub fn words(&self) -> &str {
        match self {
            Self::NotTaken(words) | Self::Rejected { words, .. } | Self::Silent(words) | Self::Unknown(words) => words,
            Self::Taken(_) | Self::Waits | Self::Done(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!((kind.as_str().parse(), kind.as_str()), (Ok(*kind), Kind::NAMES[at]));
        }
        for (at, state) in State::ALL.iter().enumerate() {
            assert_eq!((state.as_str().parse(), state.as_str()), (Ok(*state), State::NAMES[at]));
        }
        for paid in PaidBy::ALL {
            assert_eq!(paid.as_str().parse(), Ok(*paid));
        }
        assert!("gift".parse::<Kind>().is_err() && "".parse::<State>().is_err() && "".parse::<PaidBy>().is_err());
    }

    #[test]
    fn contacts_are_hidden() {
        for (contact, expected) in [
            (Contact::Email("ivan@example.ru".into()), "i***@example.ru"),
            (Contact::Phone("+79161234567".into()), "+7***67"),
        ] {
            assert_eq!(contact.masked(), expected);
        }
    }
}
