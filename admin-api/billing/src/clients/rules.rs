//! Whose word on a client's contacts is taken, and where a client stands.
//!
//! Owns: the rule of the sender (L3), the words of a characteristic (B5), the steps between stages (L4), what came of talking to a client (S5).
//! Does not own: requests by mail (who reads them says what their sender was).
//! Always: pure.

use std::str::FromStr;

/// What staff think of a client (B5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Characteristic {
    /// As most are.
    Ordinary,
    /// A good one.
    Good,
    /// One with conflicts.
    Conflict,
}

impl Characteristic {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Ordinary, Self::Good, Self::Conflict];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Good => "good",
            Self::Conflict => "conflict",
        }
    }
}

impl FromStr for Characteristic {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// Where a client stands with us (L4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Known, and nobody sells to him yet.
    Lead,
    /// Somebody sells to him.
    Sales,
    /// He has paid and has a personal manager.
    Support,
}

impl Stage {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Lead, Self::Sales, Self::Support];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Sales => "sales",
            Self::Support => "support",
        }
    }

    /// Whether staff may say that a client stands at `next` now: between lead and sales in both directions. Support is reached by the hand-over of who has
    /// paid, and is not left.
    pub fn may_become(self, next: Self) -> bool {
        self == next || (self != Self::Support && next != Self::Support)
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// What came of talking to a client (S5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeadState {
    /// He was invited.
    Invited,
    /// He joined.
    Connected,
    /// He said no.
    Refused,
}

impl LeadState {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Invited, Self::Connected, Self::Refused];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Connected => "connected",
            Self::Refused => "refused",
        }
    }
}

impl FromStr for LeadState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// Where the wish to change contacts comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Staff found it out themselves.
    Staff,
    /// The client called.
    Call,
    /// A mail with this sender.
    Mail(String),
    /// The cabinet, where somebody with this e-mail is signed in; nobody's where an employee works as the client.
    Cabinet(String),
}

/// Why a change is not made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OriginFault;

impl Origin {
    /// Whether contacts may be changed on its word: a mail counts from the address of the profile only, whatever its case, and so does who is signed in;
    /// further contacts do not count (L3).
    pub fn check(&self, profile_email: Option<&str>) -> Result<(), OriginFault> {
        match self {
            Self::Staff | Self::Call => Ok(()),
            Self::Mail(sender) | Self::Cabinet(sender) => {
                let same = profile_email.is_some_and(|email| email.to_lowercase() == sender.trim().to_lowercase());
                if same { Ok(()) } else { Err(OriginFault) }
            }
        }
    }

    /// Its name, for the audit.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Call => "call",
            Self::Mail(_) => "mail",
            Self::Cabinet(_) => "cabinet",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_is_reached_by_hand_over_and_not_left() {
        use Stage::{Lead, Sales, Support};
        for (from, to, may) in [
            (Lead, Sales, true),
            (Sales, Lead, true),
            (Sales, Sales, true),
            (Sales, Support, false),
            (Lead, Support, false),
            (Support, Sales, false),
            (Support, Support, true),
        ] {
            assert_eq!(from.may_become(to), may, "{from:?} {to:?}");
        }
    }

    #[test]
    fn a_mail_counts_from_the_profile_only() {
        let mail = |sender: &str| Origin::Mail(sender.to_owned());
        for (origin, profile, accepted) in [
            (mail("office@example.ru"), Some("Office@Example.RU"), true),
            (mail(" office@example.ru "), Some("office@example.ru"), true),
            (mail("other@example.ru"), Some("office@example.ru"), false),
            (mail("office@example.ru"), None, false),
            (Origin::Cabinet("Office@example.ru".to_owned()), Some("office@example.ru"), true),
            (Origin::Cabinet("other@example.ru".to_owned()), Some("office@example.ru"), false),
            (Origin::Cabinet(String::new()), None, false),
            (Origin::Staff, None, true),
            (Origin::Call, Some("office@example.ru"), true),
        ] {
            assert_eq!(origin.check(profile).is_ok(), accepted, "{origin:?} {profile:?}");
        }
    }
}
