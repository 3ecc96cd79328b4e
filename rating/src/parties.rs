//! Accounts and numbers: who calls, by which plan, under which terms and locks.
//!
//! Owns: their packed form, found by code, identifier, trunk and number.
//! Does not own: plans and lists (`snapshot`), how rows become parties (`build`).
//! Always: an account keeps its index for as long as there are snapshots after this one; what one change does not touch is shared with the snapshot
//! before it.

use std::sync::Arc;

use hashbrown::HashTable;
use numbering::E164;
use rustc_hash::FxHashMap;

use crate::list::Validity;
use crate::lock::Lock;
use crate::money::Currency;
use crate::rows::{AccountId, ClientId, DidStatus, Symbol};
use crate::shared::{Chunks, Index, Parts, hash_of};
use crate::terms::OwnTerms;

/// Index of an account in its snapshot and in all that follow it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AccountIx(pub u32);

/// An account as the hot path needs it: one line of the cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Account {
    /// Identifier.
    pub id: AccountId,
    /// Client.
    pub client: ClientId,
    /// Currency.
    pub currency: Currency,
    /// Its terms and its client's; `None` = none of their own.
    pub(crate) terms: Option<Arc<OwnTerms>>,
    pub(crate) plans: Plans,
    pub(crate) locks: Box<[Lock]>,
}

const _: () = assert!(size_of::<Account>() == 64, "an account is one line of the cache");

/// The plans of an account, by their indices.
#[derive(Clone, Debug)]
pub(crate) enum Plans {
    /// One that it has had and will have for ever, as most accounts.
    Always(u32),
    /// Any number, each in its time.
    Periods(Box<[(u32, Validity)]>),
}

impl Plans {
    pub(crate) fn of(periods: Vec<(u32, Validity)>) -> Self {
        match periods[..] {
            [(plan, Validity::ALWAYS)] => Self::Always(plan),
            _ => Self::Periods(periods.into_boxed_slice()),
        }
    }

    #[inline]
    pub(crate) fn at(&self, at_ms: i64) -> Option<u32> {
        match self {
            Self::Always(plan) => Some(*plan),
            Self::Periods(periods) => {
                periods.iter().find(|(_, validity)| validity.contains(at_ms)).map(|(plan, _)| *plan)
            }
        }
    }

    /// Every plan that it has at some time.
    pub(crate) fn all(&self) -> impl Iterator<Item = u32> {
        let (always, periods) = match self {
            Self::Always(plan) => (Some(*plan), &[][..]),
            Self::Periods(periods) => (None, &periods[..]),
        };
        always.into_iter().chain(periods.iter().map(|(plan, _)| *plan))
    }
}

/// The state of a DID at a moment.
#[derive(Clone, Copy, Debug)]
pub struct DidState {
    /// State.
    pub status: DidStatus,
    /// Account, where it has one.
    pub account: Option<AccountIx>,
    /// Place of service.
    pub place: Option<Symbol>,
    pub(crate) validity: Validity,
}

/// Accounts and numbers of a snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parties {
    accounts: Chunks<Account>,
    codes: Chunks<Box<str>>,
    by_code: Index,
    by_id: Index,
    by_trunk: Arc<FxHashMap<Box<str>, Vec<AccountIx>>>,
    numbers: Parts<Numbers>,
}

impl Parties {
    #[inline]
    pub(crate) fn account(&self, index: AccountIx) -> &Account {
        self.accounts.get(index.0)
    }

    pub(crate) fn accounts(&self) -> &Chunks<Account> {
        &self.accounts
    }

    #[inline]
    pub(crate) fn by_code(&self, code: &str) -> Option<AccountIx> {
        self.by_code.find(hash_of(code), |index| &**self.codes.get(index) == code).map(AccountIx)
    }

    pub(crate) fn by_id(&self, id: AccountId) -> Option<AccountIx> {
        self.by_id.find(hash_of(id), |index| self.accounts.get(index).id == id).map(AccountIx)
    }

    #[inline]
    pub(crate) fn by_trunk(&self, trunk: &str) -> &[AccountIx] {
        self.by_trunk.get(trunk).map_or(&[], Vec::as_slice)
    }

    #[inline]
    pub(crate) fn did(&self, number: E164, at_ms: i64) -> Option<&DidState> {
        let hash = hash_of(number);
        self.numbers.of(hash).of(number, hash).find(|state| state.validity.contains(at_ms))
    }

    #[inline]
    pub(crate) fn code(&self, index: AccountIx) -> &str {
        self.codes.get(index.0)
    }

    /// Puts an account in its place, or behind all others.
    pub(crate) fn put_account(&mut self, account: Account, code: &str) -> AccountIx {
        let (by_id, by_code) = (hash_of(account.id), hash_of(code));
        let index = if let Some(known) = self.by_id(account.id) {
            let former = hash_of(self.code(known));
            self.by_code.remove(former, known.0);
            *self.accounts.get_mut(known.0) = account;
            *self.codes.get_mut(known.0) = code.into();
            known.0
        } else {
            let index = self.accounts.push(account);
            self.codes.push(code.into());
            let accounts = &self.accounts;
            self.by_id.insert(by_id, index, |index| hash_of(accounts.get(index).id));
            index
        };
        let codes = &self.codes;
        self.by_code.insert(by_code, index, |index| hash_of(&**codes.get(index)));
        AccountIx(index)
    }

    /// Makes accounts known by these trunks and by no others.
    pub(crate) fn put_trunks(&mut self, accounts: &[AccountIx], trunks: &[(AccountIx, &str)]) {
        let is_theirs = |index: &AccountIx| accounts.binary_search(index).is_ok();
        debug_assert!(accounts.is_sorted(), "searched by halves");
        if self.by_trunk.values().flatten().any(is_theirs) {
            let by_trunk = Arc::make_mut(&mut self.by_trunk);
            by_trunk.retain(|_, known| {
                known.retain(|index| !is_theirs(index));
                !known.is_empty()
            });
        }
        if !trunks.is_empty() {
            let by_trunk = Arc::make_mut(&mut self.by_trunk);
            for (index, trunk) in trunks {
                by_trunk.entry((*trunk).into()).or_default().push(*index);
            }
        }
    }

    /// Puts the states of a number in the place of those it had; none = it is ours no more.
    pub(crate) fn put_number(&mut self, number: E164, states: impl Iterator<Item = DidState>) {
        let hash = hash_of(number);
        self.numbers.of_mut(hash).put(number, hash, states);
    }
}

/// Some numbers with their states.
#[derive(Clone, Debug, Default)]
struct Numbers {
    /// Where the states of a number begin.
    first: HashTable<u32>,
    /// All states of a number one after another.
    states: Vec<(E164, DidState)>,
}

impl Numbers {
    #[inline]
    fn of(&self, number: E164, hash: u64) -> impl Iterator<Item = &DidState> {
        let first = self.first.find(hash, |at| self.states[*at as usize].0 == number);
        let states = first.map_or(&[][..], |first| &self.states[*first as usize..]);
        states.iter().take_while(move |(other, _)| *other == number).map(|(_, state)| state)
    }

    fn put(&mut self, number: E164, hash: u64, states: impl Iterator<Item = DidState>) {
        if self.of(number, hash).next().is_some() {
            let former = std::mem::take(self);
            for (other, state) in former.states.into_iter().filter(|(other, _)| *other != number) {
                self.push(other, state);
            }
        }
        for state in states {
            self.push(number, state);
        }
    }

    /// Adds a state; those of a number come one after another.
    fn push(&mut self, number: E164, state: DidState) {
        let at = self.states.len() as u32;
        let goes_on = self.states.last().is_some_and(|(last, _)| *last == number);
        self.states.push((number, state));
        if !goes_on {
            let states = &self.states;
            self.first.insert_unique(hash_of(number), at, |at| hash_of(states[*at as usize].0));
        }
    }
}
