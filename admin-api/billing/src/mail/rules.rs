//! What a mail is, and when it is tried again.
//!
//! Owns: the classes of mails (A42), the waits between attempts.
//! Does not own: how many attempts there are (setting `mail.attempts`).
//! Always: pure.

use std::str::FromStr;

use chrono::TimeDelta;

/// What a mail is before the law (A42).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// About the service.
    Service,
    /// What the law or the contract asks for.
    Legal,
    /// Advertising: with recorded consent alone.
    Advertising,
}

impl Class {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Service, Self::Legal, Self::Advertising];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Legal => "legal",
            Self::Advertising => "advertising",
        }
    }
}

impl FromStr for Class {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|class| class.as_str() == text).ok_or(())
    }
}

/// How long to wait after so many attempts.
pub fn wait(attempts: i32) -> TimeDelta {
    TimeDelta::minutes(match attempts {
        ..=1 => 1,
        2 => 5,
        3 => 15,
        4 => 60,
        5 => 180,
        6 => 360,
        _ => 720,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<i64> = (0..10).map(|attempts| wait(attempts).num_minutes()).collect();
        assert!(waits.is_sorted() && waits[1] == 1 && waits[9] == 720, "{waits:?}");
        for class in Class::ALL {
            assert_eq!(class.as_str().parse(), Ok(*class));
        }
    }
}
