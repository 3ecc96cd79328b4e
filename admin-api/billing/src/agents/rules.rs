//! What an agent is.
//!
//! Owns: the words of it.
//! Does not own: what each kind of agent earns.
//! Always: pure.

use std::str::FromStr;

/// What an agent is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AgentType {
    /// Brings clients for a commission.
    Partner,
    /// Works under our licence; many lists leave his clients out (M3).
    Licensee,
    /// Ourselves.
    Own,
}

impl AgentType {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Partner, Self::Licensee, Self::Own];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Licensee => "licensee",
            Self::Own => "own",
        }
    }
}

impl FromStr for AgentType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for one in AgentType::ALL {
            assert_eq!(one.as_str().parse(), Ok(*one));
        }
        assert!("Licensee".parse::<AgentType>().is_err());
    }
}
