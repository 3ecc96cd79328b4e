//! Accounts and numbers from their rows, all of them or some.
//!
//! Owns: what an account, a number and a local lock must be beside the tariffs.
//! Does not own: their packed form (`crate::parties`), the tariffs.
//! Always: accounts and numbers that no row names stay as they were.

use numbering::E164;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{BadRow, EMERGENCY_LOCK, Table, packed};
use crate::list::Validity;
use crate::lock::Lock;
use crate::money::Currency;
use crate::parties::{Account, AccountIx, DidState, Plans};
use crate::rows::{AccountId, AccountPlanRow, AccountRow, DidStatus, LockRow, Rows};
use crate::snapshot::Snapshot;
use crate::terms::{OwnTerms, TermsOfParties};

/// Puts rows into a snapshot.
pub(super) struct Putting<'a> {
    pub(super) snapshot: &'a mut Snapshot,
    pub(super) errors: Vec<BadRow>,
}

/// Rows of one table with their indices, in an order of their own.
type Sorted<'a, T> = Vec<(usize, &'a T)>;

/// The rows of an account in a table that is sorted by account.
fn of_account<'s, 'r, T>(
    sorted: &'s Sorted<'r, T>,
    account: AccountId,
    owner: impl Fn(&T) -> AccountId,
) -> &'s [(usize, &'r T)] {
    let start = sorted.partition_point(|(_, row)| owner(row) < account);
    let len = sorted[start..].partition_point(|(_, row)| owner(row) == account);
    &sorted[start..start + len]
}

impl Putting<'_> {
    fn bad(&mut self, table: Table, row: usize, column: &'static str, problem: impl Into<String>) {
        self.errors.push(BadRow { table, row, column, problem: problem.into() });
    }

    /// The accounts of `rows`, each with all that it has there: plans, trunks, terms, locks.
    pub(super) fn accounts(&mut self, rows: &Rows) {
        let terms = TermsOfParties::of_rows(rows);
        let plans = self.plan_periods(rows);
        let locks = self.local_locks(rows);
        let mut put = Vec::with_capacity(rows.accounts.len());
        for row in &rows.accounts {
            let own = terms.of(row.id, row.client);
            let periods = of_account(&plans, row.id, |period| period.account);
            let locks = of_account(&locks, row.id, |lock| lock.account.unwrap_or_default());
            let account = Account {
                id: row.id,
                client: row.client,
                currency: row.currency,
                plans: self.plans(row, periods, own.as_deref()),
                terms: own,
                locks: locks.iter().map(|(_, lock)| packed(lock)).collect::<Vec<Lock>>().into_boxed_slice(),
            };
            put.push(self.snapshot.parties.put_account(account, &row.code));
        }
        put.sort_unstable();
        let ids: FxHashSet<AccountId> = rows.accounts.iter().map(|row| row.id).collect();
        for (row, period) in plans.iter().filter(|(_, period)| !ids.contains(&period.account)) {
            self.bad(
                Table::AccountPlans,
                *row,
                "account",
                format!("account {} does not exist; add it to the accounts", period.account.0),
            );
        }
        for (row, _) in locks.iter().filter(|(_, lock)| lock.account.is_some_and(|account| !ids.contains(&account))) {
            self.bad(Table::Locks, *row, "account", "this account does not exist; leave it empty for a global lock");
        }
        let trunks = rows.account_trunks.iter();
        let trunks: Vec<(AccountIx, &str)> =
            trunks.filter_map(|row| Some((self.snapshot.parties.by_id(row.account)?, row.trunk.as_str()))).collect();
        self.snapshot.parties.put_trunks(&put, &trunks);
    }

    /// By account and time, none of them overlapping.
    fn plan_periods<'r>(&mut self, rows: &'r Rows) -> Sorted<'r, AccountPlanRow> {
        let mut periods: Sorted<'_, _> = rows.account_plans.iter().enumerate().collect();
        periods.sort_by_key(|(_, row)| (row.account, row.validity.from_ms));
        for pair in periods.windows(2) {
            let ((_, earlier), (row, later)) = (&pair[0], &pair[1]);
            if earlier.account == later.account && earlier.validity.overlaps(later.validity) {
                let problem = "two plan periods of this account overlap; end the earlier one first";
                self.bad(Table::AccountPlans, *row, "from", problem);
            }
        }
        periods
    }

    fn local_locks<'r>(&mut self, rows: &'r Rows) -> Sorted<'r, LockRow> {
        let mut locks: Sorted<'_, _> =
            rows.locks.iter().enumerate().filter(|(_, lock)| lock.account.is_some()).collect();
        locks.sort_by_key(|(_, lock)| (lock.account, lock.mask, lock.id));
        for (row, lock) in &locks {
            if self.snapshot.tariffs.emergency.contains(&lock.mask) {
                self.bad(Table::Locks, *row, "mask", EMERGENCY_LOCK);
            }
        }
        locks
    }

    fn plans(&mut self, account: &AccountRow, periods: &[(usize, &AccountPlanRow)], own: Option<&OwnTerms>) -> Plans {
        let mut known: Vec<(u32, Validity)> = Vec::with_capacity(periods.len());
        for (row, period) in periods {
            let Some(plan) = self.snapshot.tariffs.plan_index.get(&period.plan).copied() else {
                self.bad(Table::AccountPlans, *row, "plan", "this plan does not exist; add it to the plans");
                continue;
            };
            if let Some(problem) = self.snapshot.inconvertible(plan, account.currency, own) {
                self.bad(Table::AccountPlans, *row, "plan", format!("account {}: {problem}", account.code));
            }
            known.push((plan, period.validity));
        }
        Plans::of(known)
    }

    /// The numbers of `rows`, each with all its states; those of `gone` without any are ours no more.
    pub(super) fn numbers(&mut self, rows: &Rows, gone: &[E164]) {
        let mut sorted: Sorted<'_, _> = rows.dids.iter().enumerate().collect();
        sorted.sort_by_key(|(_, row)| (row.number, row.validity.from_ms));
        for number in gone {
            if sorted.binary_search_by_key(number, |(_, row)| row.number).is_err() {
                self.snapshot.parties.put_number(*number, std::iter::empty());
            }
        }
        for states in sorted.chunk_by(|(_, a), (_, b)| a.number == b.number) {
            for pair in states.windows(2) {
                let ((_, earlier), (row, later)) = (&pair[0], &pair[1]);
                if earlier.validity.overlaps(later.validity) {
                    let problem = "two periods of this number overlap; end the earlier one first";
                    self.bad(Table::Dids, *row, "from", problem);
                }
            }
            let mut packed = Vec::with_capacity(states.len());
            // A number that was withdrawn is a number like any other (A33).
            for (row, did) in states.iter().filter(|(_, did)| did.status != DidStatus::Withdrawn) {
                let account = did.account.map(|id| self.snapshot.parties.by_id(id));
                if account == Some(None) {
                    self.bad(Table::Dids, *row, "account", "this account does not exist; add it to the accounts");
                }
                let (account, validity) = (account.flatten(), did.validity);
                packed.push(DidState { status: did.status, account, place: did.place, validity });
            }
            self.snapshot.parties.put_number(states[0].1.number, packed.into_iter());
        }
    }

    /// Every account once more, beside tariffs that have changed.
    pub(super) fn check_currencies(&mut self) {
        let mut convertible: FxHashMap<(u32, Currency), bool> = FxHashMap::default();
        for (row, account) in self.snapshot.parties.accounts().iter().enumerate() {
            for plan in account.plans.all() {
                let key = (plan, account.currency);
                let by_anybody = *convertible
                    .entry(key)
                    .or_insert_with(|| self.snapshot.inconvertible(plan, account.currency, None).is_none());
                if by_anybody {
                    continue;
                }
                if let Some(problem) = self.snapshot.inconvertible(plan, account.currency, account.terms.as_deref()) {
                    let problem = format!("account {}: {problem}", self.snapshot.account_code(AccountIx(row as u32)));
                    self.errors.push(BadRow { table: Table::AccountPlans, row, column: "plan", problem });
                }
            }
        }
    }
}

impl Snapshot {
    /// Why a plan cannot be that of an account in this currency with these terms, if so.
    fn inconvertible(&self, plan: u32, currency: Currency, own: Option<&OwnTerms>) -> Option<String> {
        let plan = &self.tariffs.plans[plan as usize];
        let mut lists = plan.layers.iter().map(|(list, _)| &self.tariffs.lists[*list as usize]);
        let foreign =
            lists.find(|list| list.currency != currency && !self.terms().converts(own, (list.currency, currency)))?;
        Some(format!(
            "list `{}` of plan `{}` is in {}, the account in {currency}, and no exchange rate converts the one into the other; add one",
            foreign.code, plan.code, foreign.currency
        ))
    }
}
