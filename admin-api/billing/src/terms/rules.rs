//! What the groups of a client come to, taken together (B10).
//!
//! Owns: the words of what a group permits, allows and denies, and how several groups at once count.
//! Does not own: who belongs to which group (`groups`), who asks for a permission.
//! Always: pure; what one group permits, holds; one denial counts more than any number of allowances.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// Something that clients may not do unless a group of theirs permits it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Permit {
    /// Stop services themselves.
    StopServices,
    /// Resume services themselves.
    ResumeServices,
    /// Delete services themselves.
    DeleteServices,
    /// Have more services on an account than the limit says.
    NoServiceLimit,
}

impl Permit {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::StopServices, Self::ResumeServices, Self::DeleteServices, Self::NoServiceLimit];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StopServices => "may_stop_services",
            Self::ResumeServices => "may_resume_services",
            Self::DeleteServices => "may_delete_services",
            Self::NoServiceLimit => "no_service_limit",
        }
    }
}

impl FromStr for Permit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// What a group says of a programme that its members may take part in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stance {
    /// They may.
    Allow,
    /// They may not, whatever other groups say.
    Deny,
    /// It says nothing.
    #[default]
    Unsaid,
}

impl Stance {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Allow, Self::Deny, Self::Unsaid];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Unsaid => "unsaid",
        }
    }
}

impl FromStr for Stance {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// What one group says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRights {
    /// Code of the group.
    pub group: String,
    /// What its members may.
    pub permits: BTreeSet<Permit>,
    /// Of promo actions.
    pub promo: Stance,
    /// Of the referral programme.
    pub referral: Stance,
    /// Segment of mailings that its members belong to.
    pub mailing_segment: Option<String>,
}

/// What groups say of a programme, and which of them decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// What counts.
    pub stance: Stance,
    /// Codes of the groups that say so; none where nobody says anything.
    pub by: Vec<String>,
}

impl Decided {
    /// Whether the client may take part: unless a group forbids it.
    pub fn holds(&self) -> bool {
        self.stance != Stance::Deny
    }
}

/// What a client may by his groups, and by which of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientPermissions {
    /// Codes of his groups.
    pub groups: Vec<String>,
    /// What he may, each with the groups that permit it.
    pub permits: BTreeMap<Permit, Vec<String>>,
    /// Promo actions.
    pub promo: Decided,
    /// The referral programme.
    pub referral: Decided,
    /// Segments of mailings, each with the groups that put him into it.
    pub segments: BTreeMap<String, Vec<String>>,
}

impl ClientPermissions {
    /// Whether he may.
    pub fn may(&self, permit: Permit) -> bool {
        self.permits.contains_key(&permit)
    }
}

/// What these groups come to for a client who is in all of them.
pub fn permissions_of(groups: &[GroupRights]) -> ClientPermissions {
    let mut permits: BTreeMap<Permit, Vec<String>> = BTreeMap::new();
    let mut segments: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for group in groups {
        for permit in &group.permits {
            permits.entry(*permit).or_default().push(group.group.clone());
        }
        if let Some(segment) = &group.mailing_segment {
            segments.entry(segment.clone()).or_default().push(group.group.clone());
        }
    }
    ClientPermissions {
        groups: groups.iter().map(|group| group.group.clone()).collect(),
        permits,
        promo: decided(groups, |group| group.promo),
        referral: decided(groups, |group| group.referral),
        segments,
    }
}

fn decided(groups: &[GroupRights], said: impl Fn(&GroupRights) -> Stance) -> Decided {
    for stance in [Stance::Deny, Stance::Allow] {
        let by: Vec<String> =
            groups.iter().filter(|group| said(group) == stance).map(|group| group.group.clone()).collect();
        if !by.is_empty() {
            return Decided { stance, by };
        }
    }
    Decided::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, permits: &[Permit], referral: Stance) -> GroupRights {
        GroupRights {
            group: name.to_owned(),
            permits: permits.iter().copied().collect(),
            referral,
            ..GroupRights::default()
        }
    }

    /// groups | what he may | of the referral programme, by whom, whether he takes part
    #[test]
    fn one_permission_is_enough_and_one_denial_too() {
        use Permit::{DeleteServices, NoServiceLimit, StopServices};
        use Stance::{Allow, Deny, Unsaid};
        for (groups, permits, referral, by, takes_part) in [
            (vec![], vec![], Unsaid, vec![], true),
            (vec![group("a", &[], Unsaid)], vec![], Unsaid, vec![], true),
            (
                vec![group("a", &[StopServices], Unsaid), group("b", &[StopServices, DeleteServices], Allow)],
                vec![(StopServices, vec!["a", "b"]), (DeleteServices, vec!["b"])],
                Allow,
                vec!["b"],
                true,
            ),
            (
                vec![group("a", &[], Allow), group("b", &[NoServiceLimit], Deny), group("c", &[], Allow)],
                vec![(NoServiceLimit, vec!["b"])],
                Deny,
                vec!["b"],
                false,
            ),
            (vec![group("a", &[], Deny), group("b", &[], Deny)], vec![], Deny, vec!["a", "b"], false),
        ] {
            let found = permissions_of(&groups);
            let shown: Vec<(Permit, Vec<&str>)> =
                found.permits.iter().map(|(permit, by)| (*permit, by.iter().map(String::as_str).collect())).collect();
            assert_eq!(shown, permits, "{groups:?}");
            assert_eq!((found.referral.stance, &found.referral.by[..]), (referral, &owned(&by)[..]), "{groups:?}");
            assert_eq!(found.referral.holds(), takes_part, "{groups:?}");
            assert_eq!(found.groups.len(), groups.len());
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn segments_add_up_and_promo_is_decided_alike() {
        let one = |name: &str, promo: Stance, segment: Option<&str>| GroupRights {
            group: name.to_owned(),
            promo,
            mailing_segment: segment.map(str::to_owned),
            ..GroupRights::default()
        };
        let found = permissions_of(&[
            one("a", Stance::Allow, Some("news")),
            one("b", Stance::Deny, Some("news")),
            one("c", Stance::Unsaid, Some("vip")),
        ]);
        assert_eq!(found.segments["news"], owned(&["a", "b"]));
        assert_eq!(found.segments["vip"], owned(&["c"]));
        assert_eq!(found.promo, Decided { stance: Stance::Deny, by: owned(&["b"]) });
        assert!(!found.may(Permit::StopServices));
    }

    #[test]
    fn names_are_read_back() {
        for permit in Permit::ALL {
            assert_eq!(permit.as_str().parse(), Ok(*permit));
        }
        for stance in Stance::ALL {
            assert_eq!(stance.as_str().parse(), Ok(*stance));
        }
        assert!("may_pay".parse::<Permit>().is_err() && "".parse::<Stance>().is_err());
    }
}
