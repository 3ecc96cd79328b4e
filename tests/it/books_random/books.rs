//! The naive books: lists of what happened, added up anew whenever somebody asks.
//!
//! Owns: what accounts, payments and calls come to by the rules; nothing of it is the product's code.
//! Does not own: credit by the month (`month`), the order in which things happen (`play`).
//! Always: amounts are decimals; what was written down stays written down.

use std::collections::{BTreeMap, BTreeSet};

use billing::accounts::{CreditPolicy, PaymentMode};
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::month::{Closing, Document};

pub(super) const ZERO: Decimal = Decimal::ZERO;
/// How long calls whose record did not come stay in their list: the setting `hold.report_days`.
const REPORT_DAYS: i64 = 30;
/// Kinds of virtual money that nobody takes out (B17).
const VIRTUAL: [&str; 5] = ["topup_credit", "topup_manual", "credit_closing", "conservation_credit", "gift"];

/// A line of the books.
#[derive(Clone, Debug)]
pub(super) struct Movement {
    pub(super) kind: &'static str,
    pub(super) is_real: bool,
    pub(super) amount: Decimal,
    pub(super) day: NaiveDate,
    /// When real money moved.
    pub(super) value_date: NaiveDate,
    /// Its number in the product, where somebody may name it.
    pub(super) id: i64,
    /// The kind of what it takes back.
    pub(super) of: &'static str,
    pub(super) is_reversed: bool,
}

/// A payment that is, or was, on an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    pub(super) id: i64,
    pub(super) account: usize,
    pub(super) amount: Decimal,
    pub(super) value_date: NaiveDate,
    pub(super) refunded: Decimal,
    pub(super) is_booked: bool,
}

/// What a payment pays of a charge.
#[derive(Clone, Debug)]
struct Part {
    payment: i64,
    charge: i64,
    amount: Decimal,
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallState {
    /// It goes on.
    Open,
    /// Its switch has said how long it was.
    Released(u64),
    /// Its record came, or none is waited for.
    Over,
}

/// A call that was let go.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) account: usize,
    pub(super) seconds: u64,
    pub(super) held: Decimal,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) state: CallState,
    /// Its record did not come while its money was reserved: it has to stand in the report.
    pub(super) is_overdue: bool,
    /// It has stood there for as long as the report is kept.
    pub(super) is_forgotten: bool,
}

/// An account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) code: String,
    pub(super) id: i64,
    pub(super) mode: PaymentMode,
    pub(super) policy: CreditPolicy,
    pub(super) limit: Decimal,
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) movements: Vec<Movement>,
    /// By usage day and month of booking.
    pub(super) usage: BTreeMap<(NaiveDate, NaiveDate), Decimal>,
    /// Amount, first moment, moment after the last.
    pub(super) temporary: Vec<(Decimal, DateTime<Utc>, DateTime<Utc>)>,
    pub(super) documents: Vec<Document>,
    pub(super) in_force: Decimal,
    pub(super) turned: Option<NaiveDate>,
    pub(super) closings: Vec<Closing>,
}

impl Account {
    pub(super) fn balance(&self) -> Decimal {
        self.sum(|_| true) - self.usage.values().sum::<Decimal>()
    }

    pub(super) fn sum(&self, counts: impl Fn(&Movement) -> bool) -> Decimal {
        self.movements.iter().filter(|movement| counts(movement)).map(|movement| movement.amount).sum()
    }

    /// What it has of virtual money.
    fn virtual_money(&self) -> Decimal {
        self.sum(|movement| VIRTUAL.contains(&movement.kind) || VIRTUAL.contains(&movement.of))
    }

    /// How deep it may go; `None`: it pays by fact.
    pub(super) fn floor(&self, now: DateTime<Utc>) -> Option<Decimal> {
        let temporary: Decimal = self
            .temporary
            .iter()
            .filter(|(_, from, until)| *from <= now && now < *until)
            .map(|(amount, ..)| *amount)
            .sum();
        match (self.mode, self.policy) {
            (PaymentMode::Postpaid, CreditPolicy::None) => None,
            (_, CreditPolicy::Days) => Some(ZERO - self.limit - temporary),
            (_, CreditPolicy::None | CreditPolicy::Monthly) => Some(ZERO - temporary),
        }
    }

    /// Writes a line of today, unless it is one of nothing.
    pub(super) fn post(&mut self, kind: &'static str, amount: Decimal, today: NaiveDate) {
        self.post_as(kind, amount, today, today, 0);
    }

    pub(super) fn post_as(
        &mut self,
        kind: &'static str,
        amount: Decimal,
        day: NaiveDate,
        value_date: NaiveDate,
        id: i64,
    ) {
        if amount.is_zero() {
            return;
        }
        let is_real = ["payment", "refund", "withdrawal"].contains(&kind);
        self.movements.push(Movement { kind, is_real, amount, day, value_date, id, of: "", is_reversed: false });
    }

    /// Takes a line back; `false` where it was real money.
    pub(super) fn take_back(&mut self, at: usize, today: NaiveDate) -> bool {
        let former = &mut self.movements[at];
        former.is_reversed = true;
        let (is_real, amount, of) = (former.is_real, ZERO - former.amount, former.kind);
        let back = Movement {
            kind: "reversal",
            is_real,
            amount,
            day: today,
            value_date: today,
            id: 0,
            of,
            is_reversed: false,
        };
        self.movements.push(back);
        !is_real
    }
}

/// All of it.
pub(super) struct Books {
    pub(super) accounts: Vec<Account>,
    pub(super) payments: Vec<Payment>,
    parts: Vec<Part>,
    pub(super) calls: Vec<Call>,
    pub(super) closed: BTreeSet<NaiveDate>,
}

impl Books {
    pub(super) const fn new(accounts: Vec<Account>) -> Self {
        Self { accounts, payments: Vec::new(), parts: Vec::new(), calls: Vec::new(), closed: BTreeSet::new() }
    }

    /// What calls of an account have reserved.
    pub(super) fn held(&self, account: usize, now: DateTime<Utc>) -> Decimal {
        let reserves = |call: &&Call| call.account == account && call.state != CallState::Over && call.expires_at > now;
        self.calls.iter().filter(reserves).map(|call| call.held).sum()
    }

    /// What an account may still use; `None`: its funds are not checked.
    pub(super) fn available(&self, account: usize, now: DateTime<Utc>) -> Option<Decimal> {
        let held = self.held(account, now);
        let account = &self.accounts[account];
        account.floor(now).map(|floor| account.balance() - floor - held)
    }

    /// Why an account may not take out so much (B17), if it may not.
    pub(super) fn not_to_take_out(&self, account: usize, sum: Decimal, now: DateTime<Utc>) -> Option<&'static str> {
        let held = self.held(account, now);
        let account = &self.accounts[account];
        let own = account.balance() - account.virtual_money().max(ZERO);
        if own < sum { Some("insufficient_funds") } else { (own - held < sum).then_some("money_reserved") }
    }

    // ---- months

    pub(super) fn is_closed(&self, day: NaiveDate) -> bool {
        self.closed.contains(&month_of(day))
    }

    /// The month that usage of a day is booked into: its own, or the first one after it that is open (A9).
    pub(super) fn booked_into(&self, day: NaiveDate) -> NaiveDate {
        let mut month = month_of(day);
        while self.closed.contains(&month) {
            month = month + Months::new(1);
        }
        month
    }

    // ---- what payments pay

    /// What of a payment is neither given back nor pays anything.
    pub(super) fn free(&self, payment: usize) -> Decimal {
        let payment = &self.payments[payment];
        let pays: Decimal = self.parts.iter().filter(|part| part.payment == payment.id).map(|part| part.amount).sum();
        payment.amount - payment.refunded - pays
    }

    /// Pays the charges of its account with what a payment has, the oldest first.
    pub(super) fn allocate(&mut self, payment: usize) {
        let mut free = self.free(payment);
        let Payment { id, account, .. } = self.payments[payment];
        let charges = self.accounts[account].movements.iter();
        let mut charges: Vec<(NaiveDate, i64, Decimal)> = charges
            .filter(|movement| movement.kind == "charge" && movement.amount < ZERO && !movement.is_reversed)
            .map(|movement| (movement.day, movement.id, ZERO - movement.amount))
            .collect();
        charges.sort_unstable();
        for (_, charge, asked) in charges {
            let paid: Decimal = self.parts.iter().filter(|part| part.charge == charge).map(|part| part.amount).sum();
            let amount = free.min(asked - paid);
            if amount > ZERO {
                self.parts.push(Part { payment: id, charge, amount });
                free -= amount;
            }
        }
    }

    /// A payment pays nothing any more.
    pub(super) fn free_payment(&mut self, payment: usize) {
        let id = self.payments[payment].id;
        self.parts.retain(|part| part.payment != id);
    }

    /// Nothing pays a charge any more.
    pub(super) fn free_charge(&mut self, charge: i64) {
        self.parts.retain(|part| part.charge != charge);
    }

    /// What payments of an account have left pays what is open, the oldest money first.
    pub(super) fn advances(&mut self, account: usize) {
        let mut payments: Vec<usize> = (0..self.payments.len())
            .filter(|at| self.payments[*at].account == account && self.payments[*at].is_booked)
            .collect();
        payments.sort_unstable_by_key(|at| (self.payments[*at].value_date, self.payments[*at].id));
        for payment in payments {
            if self.free(payment) > ZERO {
                self.allocate(payment);
            }
        }
    }

    /// What payments pay of the charges of an account: (payment, charge) and how much.
    pub(super) fn paid(&self, account: usize) -> BTreeMap<(i64, i64), Decimal> {
        let of_account: BTreeSet<i64> = self.accounts[account]
            .movements
            .iter()
            .filter(|movement| movement.kind == "charge")
            .map(|movement| movement.id)
            .collect();
        let mut paid = BTreeMap::new();
        for part in self.parts.iter().filter(|part| of_account.contains(&part.charge)) {
            *paid.entry((part.payment, part.charge)).or_insert(ZERO) += part.amount;
        }
        paid
    }

    // ---- time

    /// Calls whose money is free again and whose record has not come go to the report.
    pub(super) fn expire(&mut self, now: DateTime<Utc>) {
        for call in self.calls.iter_mut().filter(|call| call.state != CallState::Over && call.expires_at <= now) {
            call.is_overdue = true;
        }
    }

    /// The report is kept for some days; the nightly job has forgotten what is older.
    pub(super) fn forget(&mut self, now: DateTime<Utc>) {
        let before = now - TimeDelta::days(REPORT_DAYS);
        for call in self.calls.iter_mut().filter(|call| call.is_overdue && call.expires_at < before) {
            call.is_forgotten = true;
        }
    }
}

/// The first day of a month.
pub(super) fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap()
}

/// So many days before a day.
pub(super) fn days_before(day: NaiveDate, days: u64) -> NaiveDate {
    day - TimeDelta::days(days.cast_signed())
}
