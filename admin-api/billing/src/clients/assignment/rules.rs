//! Who may take a client (S4).
//!
//! Owns: the rule, over one client or many at once.
//! Does not own: who is like whom (`card`), the rights of a caller (`billing::staff` knows them, the caller says them).
//! Always: pure; clients who may be the same go to one manager together or stay.

use std::collections::HashMap;

/// What a caller may do beside taking free clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssignmentRights {
    /// Take clients from another manager.
    pub reassign: bool,
    /// Take a client although another manager holds one who may be the same: he may, and says that he wants to.
    pub override_related: bool,
}

/// What became of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// He has the manager now.
    Assigned,
    /// The same, although another manager holds one who may be the same.
    Overridden,
    /// He had the manager before.
    Same,
    /// There is no such client.
    NotFound,
    /// Another manager holds him.
    Held,
    /// Another manager holds one who may be the same.
    HeldByRelated,
    /// His data were cleaned: he does not change any more.
    Cleaned,
}

impl Outcome {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assigned | Self::Overridden => "assigned",
            Self::Same => "same",
            Self::NotFound => "not_found",
            Self::Held => "held",
            Self::HeldByRelated => "held_by_related",
            Self::Cleaned => "cleaned",
        }
    }

    /// Whether he has a new manager.
    pub const fn is_assigned(self) -> bool {
        matches!(self, Self::Assigned | Self::Overridden)
    }
}

/// A client to be taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Number.
    pub(super) id: i64,
    /// His manager.
    pub(super) holder: Option<i64>,
    /// Whether his data were cleaned.
    pub(super) cleaned: bool,
}

/// Somebody who may be the same as a candidate, and has a manager.
#[derive(Clone, Copy, Debug)]
pub(super) struct Related {
    /// The candidate.
    pub(super) client: i64,
    /// Who may be the same.
    pub(super) twin: i64,
    /// The manager of that one.
    pub(super) holder: i64,
}

/// Whether the caller may take a client from his manager: from himself always, from others by right.
pub(in crate::clients) fn may_free(holder: Option<i64>, caller: Option<i64>, rights: AssignmentRights) -> bool {
    holder.is_none_or(|holder| Some(holder) == caller) || rights.reassign
}

/// What becomes of each candidate when the caller gives all of them to `target`.
pub(super) fn decide(
    candidates: &[Candidate],
    related: &[Related],
    target: i64,
    caller: Option<i64>,
    rights: AssignmentRights,
) -> Vec<Outcome> {
    let alone = |candidate: &Candidate| match candidate.holder {
        _ if candidate.cleaned => Outcome::Cleaned,
        Some(holder) if holder == target => Outcome::Same,
        holder if !may_free(holder, caller, rights) => Outcome::Held,
        _ => Outcome::Assigned,
    };
    let mut outcomes: Vec<Outcome> = candidates.iter().map(alone).collect();
    let places: HashMap<i64, usize> = candidates.iter().enumerate().map(|(at, one)| (one.id, at)).collect();
    // One who stays where he is may hold back others; each round settles at least one.
    loop {
        let mut is_settled = true;
        for one in related.iter().filter(|one| one.holder != target) {
            let Some(at) = places.get(&one.client).copied() else { continue };
            let goes_along = places.get(&one.twin).is_some_and(|twin| outcomes[*twin].is_assigned());
            if outcomes[at] == Outcome::Assigned && !goes_along {
                outcomes[at] = if rights.override_related { Outcome::Overridden } else { Outcome::HeldByRelated };
                is_settled = false;
            }
        }
        if is_settled {
            return outcomes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IVANOVA: i64 = 1;
    const PETROV: i64 = 2;
    const HEAD: i64 = 3;

    fn decided(
        candidates: &[(i64, Option<i64>)],
        related: &[(i64, i64, i64)],
        rights: AssignmentRights,
    ) -> Vec<Outcome> {
        let candidates: Vec<Candidate> =
            candidates.iter().map(|(id, holder)| Candidate { id: *id, holder: *holder, cleaned: false }).collect();
        let related: Vec<Related> = related
            .iter()
            .map(|(client, twin, holder)| Related { client: *client, twin: *twin, holder: *holder })
            .collect();
        decide(&candidates, &related, IVANOVA, Some(IVANOVA), rights)
    }

    /// clients and their managers | who may be the same, held by whom | rights | what becomes of them
    #[test]
    fn free_clients_are_taken_and_others_by_right() {
        use Outcome::{Assigned, Held, HeldByRelated, Overridden, Same};
        let plain = AssignmentRights::default();
        let reassign = AssignmentRights { reassign: true, ..plain };
        let all = AssignmentRights { reassign: true, override_related: true };
        for (candidates, related, rights, expected) in [
            (&[(10, None), (11, None), (12, None)][..], &[][..], plain, &[Assigned, Assigned, Assigned][..]),
            (&[(10, Some(IVANOVA)), (11, Some(PETROV))], &[], plain, &[Same, Held]),
            (&[(11, Some(PETROV))], &[], reassign, &[Assigned]),
            // Another manager holds one who may be the same.
            (&[(10, None), (11, None)], &[(10, 20, PETROV)], plain, &[HeldByRelated, Assigned]),
            (&[(10, None)], &[(10, 20, PETROV)], all, &[Overridden]),
            // He himself does.
            (&[(10, None)], &[(10, 20, IVANOVA)], plain, &[Assigned]),
            // Both go together, by right; and stay together, without.
            (
                &[(10, Some(PETROV)), (11, Some(PETROV))],
                &[(10, 11, PETROV), (11, 10, PETROV)],
                reassign,
                &[Assigned, Assigned],
            ),
            (&[(10, None), (11, Some(PETROV))], &[(10, 11, PETROV)], plain, &[HeldByRelated, Held]),
            // One who stays holds back the next.
            (
                &[(10, Some(PETROV)), (11, Some(PETROV))],
                &[(10, 11, PETROV), (11, 10, PETROV), (11, 20, HEAD)],
                reassign,
                &[HeldByRelated, HeldByRelated],
            ),
        ] {
            assert_eq!(decided(candidates, related, rights), expected, "{candidates:?} {related:?} {rights:?}");
        }
    }

    #[test]
    fn one_gives_away_what_is_his() {
        let plain = AssignmentRights::default();
        let own = Candidate { id: 10, holder: Some(PETROV), cleaned: false };
        let cleaned = Candidate { cleaned: true, ..own };
        assert_eq!(decide(&[own, cleaned], &[], IVANOVA, Some(PETROV), plain), [Outcome::Assigned, Outcome::Cleaned]);
        assert!(may_free(None, Some(PETROV), plain) && !may_free(Some(HEAD), Some(PETROV), plain));
    }
}
