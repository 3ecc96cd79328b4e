//! Credit by the month, by hand: what the night to the last day, the turn, money and a switch do to the naive books (M49-M54, A15).
//!
//! Owns: these rules, written once more from the requirements; no check here waits for a statement.
//! Does not own: when they are asked (`play`).
//! Always: credit is virtual money in the balance; it is never above the limit that is in force.

use billing::accounts::{CreditPolicy, PaymentMode};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::books::{Account, ZERO, days_before, month_of};

/// A document: the month that it bills, the day of its issue, its sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document {
    pub(super) month: NaiveDate,
    pub(super) issued: NaiveDate,
    pub(super) amount: Decimal,
}

/// What became of a closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stands,
    Paid,
    Void,
}

/// A closing of the night to a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    pub(super) last_day: NaiveDate,
    pub(super) taken: Decimal,
    pub(super) fate: Fate,
}

impl Account {
    fn outstanding(&self) -> Decimal {
        self.sum(|movement| ["topup_credit", "credit_closing"].contains(&movement.kind))
    }

    pub(super) fn is_debtor(&self) -> bool {
        self.closings.iter().any(|closing| closing.fate == Fate::Stands)
    }

    /// What is missing to the limit in force; a debtor gets nothing.
    fn missing(&self) -> Decimal {
        let missing = self.in_force - self.outstanding();
        if self.is_debtor() { missing.min(ZERO) } else { missing }
    }

    fn renew(&mut self, today: NaiveDate) {
        self.post("topup_credit", self.missing(), today);
    }

    /// What had to be paid by the night to a last day, as far as it is known on a day: documents of earlier months, less real money.
    fn due(&self, last_day: NaiveDate, known: NaiveDate) -> Decimal {
        let counts = |document: &&Document| {
            let until = if document.amount < ZERO { known } else { days_before(last_day, 1) };
            document.month < month_of(last_day) && document.issued <= until
        };
        let billed: Decimal = self.documents.iter().filter(counts).map(|document| document.amount).sum();
        billed - self.sum(|movement| movement.is_real && movement.value_date <= known)
    }

    /// The night to the last day of a month: who has not paid loses his credit (M51), who has gets it again where it is missing.
    pub(super) fn night(&mut self, last_day: NaiveDate, midnight: DateTime<Utc>) {
        if self.mode == PaymentMode::Prepaid || self.policy != CreditPolicy::Monthly {
            return;
        }
        if self.since.is_some_and(|since| since >= midnight) {
            return;
        }
        let is_without = self.limit <= ZERO && self.outstanding() <= ZERO;
        if is_without || self.due(last_day, days_before(last_day, 1)) <= ZERO {
            self.renew(last_day);
            return;
        }
        let taken = self.outstanding().max(ZERO);
        self.post("credit_closing", ZERO - taken, last_day);
        self.closings.push(Closing { last_day, taken, fate: Fate::Stands });
        self.look_again(last_day);
    }

    /// 00:00 of the first: the limit of the last day comes into force (M52).
    pub(super) fn turn(&mut self, first: NaiveDate, midnight: DateTime<Utc>) {
        let is_his = self.policy == CreditPolicy::Monthly && self.since.is_none_or(|since| since < midnight);
        if is_his && self.turned.is_none_or(|turned| turned < first) {
            self.in_force = self.limit;
            self.turned = Some(first);
            self.renew(first);
        }
    }

    /// Real money came or went, or a document was lowered: a closing that was wrong is void, and who owes nothing any more has his credit again.
    pub(super) fn after_money(&mut self, today: NaiveDate) {
        for at in 0..self.closings.len() {
            let Closing { last_day, taken, fate } = self.closings[at];
            if fate == Fate::Void || self.due(last_day, days_before(last_day, 1)) > ZERO {
                continue;
            }
            self.closings[at].fate = Fate::Void;
            let missing = self.in_force - self.outstanding();
            let back = if self.is_debtor() { ZERO } else { missing.min(taken).max(ZERO) };
            self.post("credit_closing", back, today);
            self.renew(today);
        }
        self.look_again(today);
    }

    fn look_again(&mut self, today: NaiveDate) {
        if !self.is_debtor() {
            return;
        }
        let tomorrow = today.succ_opt().unwrap();
        // The latest night: that to today, where today is a last day, else that to the last day of the month before.
        let last_day = if month_of(tomorrow) == tomorrow { today } else { days_before(month_of(today), 1) };
        if self.due(last_day, today) > ZERO {
            return;
        }
        for closing in self.closings.iter_mut().filter(|closing| closing.fate == Fate::Stands) {
            closing.fate = Fate::Paid;
        }
        self.renew(today);
    }

    /// To credit by the month with a limit, or away from it to payment in advance (M54).
    pub(super) fn switch(&mut self, limit: Decimal, at_once: bool, now: DateTime<Utc>, today: NaiveDate) {
        if self.policy == CreditPolicy::Monthly {
            (self.mode, self.policy) = (PaymentMode::Prepaid, CreditPolicy::None);
            (self.limit, self.since, self.in_force) = (ZERO, None, ZERO);
        } else {
            (self.mode, self.policy) = (PaymentMode::Postpaid, CreditPolicy::Monthly);
            (self.limit, self.since) = (limit, Some(now));
            self.in_force = if at_once { limit } else { ZERO };
        }
        self.renew(today);
    }
}
