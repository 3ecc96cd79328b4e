//! Locks: barred prefixes and numbers, of one account or of all.
//!
//! Owns: which locks match a number, which one decides, what a breach does to a charge (M25-M27, A4, A5).
//! Does not own: who may create or delete a lock.
//! Always: every mask that begins the number locks; a longer mask never lifts a shorter one; there are no "allow" records; local before global.

use numbering::Digits;
use serde::Serialize;

use crate::code::words;
use crate::list::Validity;
use crate::rows::ProviderId;

words! {
    /// Who asked for a lock.
    LockOrigin {
        /// The client barred himself.
        Client = "client",
        /// The operator bars.
        Operator = "operator",
        /// Fraud control bars.
        Fraud = "fraud",
    }
}

words! {
    /// Whom a lock concerns.
    LockScope {
        /// One account.
        Local = "local",
        /// Every account.
        Global = "global",
    }
}

words! {
    /// What becomes of the charge of a call that took place in spite of a lock (A4).
    LockAction {
        /// Charged as if there were no lock.
        Charge = "charge",
        /// Retail 0; wholesale is booked.
        Zero = "zero",
        /// The whole leg waits in suspense.
        Suspend = "suspend",
    }
}

/// What a breach does, by origin (`lock.breach.ORIGIN`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct BreachRules {
    /// A client's own lock.
    pub client: LockAction,
    /// The operator's.
    pub operator: LockAction,
    /// Fraud control's.
    pub fraud: LockAction,
}

impl Default for BreachRules {
    fn default() -> Self {
        Self { client: LockAction::Zero, operator: LockAction::Charge, fraud: LockAction::Suspend }
    }
}

impl BreachRules {
    /// The action for one origin.
    pub const fn of(self, origin: LockOrigin) -> LockAction {
        match origin {
            LockOrigin::Client => self.client,
            LockOrigin::Operator => self.operator,
            LockOrigin::Fraud => self.fraud,
        }
    }
}

/// One barred prefix or number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lock {
    /// Identifier.
    pub id: u64,
    /// The barred prefix, or a whole number.
    pub mask: Digits,
    /// Only through this provider; `None` = whatever the provider.
    pub provider: Option<ProviderId>,
    /// Who asked for it.
    pub origin: LockOrigin,
    /// When it is in force.
    pub validity: Validity,
}

impl Lock {
    /// Whether this lock bars `number` at the moment `at_ms`. A lock tied to a provider bars only through it; with no provider known (`None`) it is
    /// returned too, so that a check without a route shows it (A5).
    #[inline]
    pub fn bars(&self, number: Digits, provider: ProviderQuery, at_ms: i64) -> bool {
        number.starts_with(self.mask)
            && self.validity.contains(at_ms)
            && match (self.provider, provider) {
                (None, _) | (_, ProviderQuery::Any) => true,
                (Some(own), ProviderQuery::Through(through)) => Some(own) == through,
            }
    }
}

/// Through which provider a lock is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProviderQuery {
    /// No route named: every provider lock counts (a check, an authorisation without a provider list).
    Any,
    /// The call went through this provider, or through none that is known.
    Through(Option<ProviderId>),
}

/// A lock that matches, with its scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Match<'a> {
    /// Local or global.
    pub scope: LockScope,
    /// The lock.
    pub lock: &'a Lock,
}

/// The one that decides among all matches: local before global, the shortest mask first, then the older one.
pub fn effective<'a>(matches: impl IntoIterator<Item = Match<'a>>) -> Option<Match<'a>> {
    matches.into_iter().min_by_key(|found| (found.scope, found.lock.mask.len(), found.lock.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(id: u64, mask: &str) -> Lock {
        Lock {
            id,
            mask: Digits::parse(mask.as_bytes()).unwrap(),
            provider: None,
            origin: LockOrigin::Client,
            validity: Validity::ALWAYS,
        }
    }

    fn matching(locks: &[Lock], number: &str) -> Vec<u64> {
        let number = Digits::parse(number.as_bytes()).unwrap();
        locks.iter().filter(|lock| lock.bars(number, ProviderQuery::Any, 0)).map(|lock| lock.id).collect()
    }

    /// M25, M27: the figures of the manual.
    #[test]
    fn every_prefix_locks() {
        let locks = [lock(1, "38"), lock(2, "37"), lock(3, "3820"), lock(4, "381115")];
        assert_eq!(matching(&locks, "381114112060"), [1]);
        assert_eq!(matching(&[lock(1, "3"), lock(2, "3811")], "381114112060"), [1, 2]);
        let whole = [lock(1, "381114112060")];
        assert_eq!(matching(&whole, "381114112060"), [1]);
        assert_eq!(matching(&whole, "381114112061"), [] as [u64; 0]);
    }

    #[test]
    fn a_provider_lock_bars_one_route() {
        let megafon = Lock { provider: Some(ProviderId(7)), ..lock(1, "38") };
        let number = Digits::parse(b"381114112060").unwrap();
        for (query, bars) in [
            (ProviderQuery::Any, true),
            (ProviderQuery::Through(Some(ProviderId(7))), true),
            (ProviderQuery::Through(Some(ProviderId(8))), false),
            (ProviderQuery::Through(None), false),
        ] {
            assert_eq!(megafon.bars(number, query, 0), bars, "{query:?}");
        }
    }

    #[test]
    fn local_before_global_then_the_shortest() {
        let (a, b, c) = (lock(1, "3"), lock(2, "3811"), lock(3, "38"));
        let decide = |matches: &[(LockScope, &Lock)]| {
            effective(matches.iter().map(|(scope, lock)| Match { scope: *scope, lock })).map(|found| found.lock.id)
        };
        assert_eq!(decide(&[(LockScope::Global, &a), (LockScope::Local, &b)]), Some(2));
        assert_eq!(decide(&[(LockScope::Local, &b), (LockScope::Local, &c)]), Some(3));
        assert_eq!(decide(&[]), None);
    }
}
