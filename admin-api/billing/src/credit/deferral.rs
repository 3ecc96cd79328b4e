//! Credit by days: how long a payment invoice may wait, and how far an expense may go.
//!
//! Owns: when receivables are overdue and when they stop work with services (B14, A14, T23), whether an expense fits.
//! Does not own: the floor and what a block stops (`blocks`), payment invoices and what is allocated to them.
//! Always: pure; the oldest payment invoice that is not paid whole decides; a day is 24 hours from its issue, weekends included.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::blocks::{Action, Scope};
use crate::accounts::CreditPolicy;

/// How long payment invoices may wait (B13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deferral {
    /// For ever.
    Unlimited,
    /// From the issue of the invoice.
    FromIssue {
        /// Days until it is overdue.
        days: u32,
        /// Days until it stops work with services; `None`: never.
        block_after_days: Option<u32>,
    },
}

/// Work with services would stop before anything is overdue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockBeforeOverdue;

impl Deferral {
    /// Whether the terms make sense.
    ///
    /// # Errors
    /// A block does not come before the invoice is overdue.
    pub fn check(self) -> Result<(), BlockBeforeOverdue> {
        match self {
            Self::FromIssue { days, block_after_days: Some(block) } if block < days => Err(BlockBeforeOverdue),
            _ => Ok(()),
        }
    }
}

/// A payment invoice: the document that a BILLmanager payment is (A14).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PaymentInvoice {
    /// Moment of its issue.
    pub issued_at: DateTime<Utc>,
    /// What it asks for.
    pub amount: Decimal,
    /// What is allocated to it.
    pub paid: Decimal,
}

/// When the oldest payment invoice was issued that is not paid whole.
pub fn oldest_unpaid(invoices: &[PaymentInvoice]) -> Option<DateTime<Utc>> {
    invoices.iter().filter(|invoice| invoice.paid < invoice.amount).map(|invoice| invoice.issued_at).min()
}

/// How receivables stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Receivable {
    /// Nothing is overdue.
    InTime,
    /// Overdue since that moment.
    Overdue(DateTime<Utc>),
    /// Overdue for so long that work with services stops, since that moment.
    Blocked(DateTime<Utc>),
}

/// How receivables stand at `now` (B14, A14).
pub fn receivable(deferral: Deferral, oldest_unpaid: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Receivable {
    let (Deferral::FromIssue { days, block_after_days }, Some(issued_at)) = (deferral, oldest_unpaid) else {
        return Receivable::InTime;
    };
    // An end behind the end of the calendar never comes.
    let after = |days: u32| issued_at.checked_add_signed(TimeDelta::days(i64::from(days))).filter(|end| *end <= now);
    if let Some(since) = block_after_days.and_then(after) {
        Receivable::Blocked(since)
    } else if let Some(since) = after(days) {
        Receivable::Overdue(since)
    } else {
        Receivable::InTime
    }
}

/// Why an operation is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// A payment invoice is overdue for too long.
    BlockedOverdue,
    /// It goes beyond the credit limit.
    CreditLimit,
    /// There is no credit, and too little money.
    InsufficientFunds,
}

impl Refusal {
    /// Its code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BlockedOverdue => "blocked_overdue",
            Self::CreditLimit => "credit_limit",
            Self::InsufficientFunds => "insufficient_funds",
        }
    }
}

/// Whether receivables refuse something: order, renewal, change of tariff and editing (B14). Services at work go on.
pub fn refuses(receivable: Receivable, action: Action) -> Option<Refusal> {
    // Activation is left to the block itself, which follows within the hour.
    let refused =
        matches!(receivable, Receivable::Blocked(_)) && action != Action::Activate && Scope::Operations.stops(action);
    refused.then_some(Refusal::BlockedOverdue)
}

/// Whether an expense is refused: down to the floor exactly it passes, a kopeck more does not (B14). `floor` is that of `blocks::floor`; what costs nothing is
/// never refused.
pub fn refuses_expense(
    policy: CreditPolicy,
    balance: Decimal,
    held: Decimal,
    floor: Option<Decimal>,
    expense: Decimal,
) -> Option<Refusal> {
    let fits = |floor: Decimal| balance - held - expense >= floor;
    if expense <= Decimal::ZERO || floor.is_none_or(fits) {
        return None;
    }
    Some(if policy == CreditPolicy::None { Refusal::InsufficientFunds } else { Refusal::CreditLimit })
}

/// Whether so many unpaid months block (T23). `most`: the setting, from which number on they do; `None`: never.
pub fn unpaid_months_block(unpaid: u32, most: Option<u32>) -> bool {
    most.is_some_and(|most| unpaid > 0 && unpaid >= most)
}

#[cfg(test)]
mod tests {
    use super::super::blocks::floor;
    use super::*;
    use crate::accounts::PaymentMode;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// B14: limit 1000, balance 0: 1000 passes, 1000.01 does not.
    #[test]
    fn expenses_go_down_to_the_floor_exactly() {
        use CreditPolicy::{Days, Monthly, None as Without};
        use PaymentMode::{Postpaid, Prepaid};
        for (mode, policy, limit, temporary, balance, held, expense, expected) in [
            (Prepaid, Days, "1000", "0", "0", "0", "1000", None),
            (Prepaid, Days, "1000", "0", "0", "0", "1000.01", Some("credit_limit")),
            (Prepaid, Days, "1000", "0", "-600", "0", "400", None),
            (Prepaid, Days, "1000", "0", "-600", "0", "400.01", Some("credit_limit")),
            (Prepaid, Days, "1000", "0", "0", "0.01", "1000", Some("credit_limit")),
            (Prepaid, Days, "1000", "500", "0", "0", "1500", None),
            (Prepaid, Days, "1000", "500", "0", "0", "1500.01", Some("credit_limit")),
            // A limit that was lowered since: nothing passes but what is free.
            (Prepaid, Days, "500", "0", "-1000", "0", "0.01", Some("credit_limit")),
            (Prepaid, Days, "500", "0", "-1000", "0", "0", None),
            (Prepaid, Without, "0", "0", "100", "0", "100", None),
            (Prepaid, Without, "0", "0", "100", "0", "100.01", Some("insufficient_funds")),
            (Postpaid, Monthly, "2000", "0", "2000", "0", "2000", None),
            (Postpaid, Monthly, "2000", "0", "2000", "0", "2000.01", Some("credit_limit")),
            (Postpaid, Without, "0", "0", "-5000", "0", "5000", None),
        ] {
            let floor = floor(mode, policy, amount(limit), amount(temporary));
            let found = refuses_expense(policy, amount(balance), amount(held), floor, amount(expense));
            assert_eq!(found.map(Refusal::as_str), expected, "{mode:?} {policy:?} {limit} {balance} {expense}");
        }
    }

    /// B14, A14: 10 days, block after 14; issued on 1 March at 10:00.
    #[test]
    fn receivables_are_overdue_and_then_stop_work() {
        let terms = Deferral::FromIssue { days: 10, block_after_days: Some(14) };
        let no_block = Deferral::FromIssue { days: 10, block_after_days: None };
        let (overdue, blocked) = (at("2027-03-11T10:00:00Z"), at("2027-03-15T10:00:00Z"));
        for (deferral, now, expected) in [
            (terms, "2027-03-01T10:00:00Z", Receivable::InTime),
            (terms, "2027-03-11T09:59:59Z", Receivable::InTime),
            (terms, "2027-03-11T10:00:00Z", Receivable::Overdue(overdue)),
            (terms, "2027-03-15T09:59:59Z", Receivable::Overdue(overdue)),
            (terms, "2027-03-15T10:00:00Z", Receivable::Blocked(blocked)),
            (terms, "2027-04-15T10:00:00Z", Receivable::Blocked(blocked)),
            (no_block, "2027-04-15T10:00:00Z", Receivable::Overdue(overdue)),
            (Deferral::Unlimited, "2027-04-15T10:00:00Z", Receivable::InTime),
        ] {
            let found = receivable(deferral, Some(at("2027-03-01T10:00:00Z")), at(now));
            assert_eq!(found, expected, "{deferral:?} {now}");
            assert_eq!(receivable(deferral, None, at(now)), Receivable::InTime);
        }
        let at_once = Deferral::FromIssue { days: 0, block_after_days: Some(0) };
        let far = Deferral::FromIssue { days: u32::MAX, block_after_days: Some(u32::MAX) };
        let now = at("2027-03-01T10:00:00Z");
        assert_eq!(receivable(at_once, Some(now), now), Receivable::Blocked(now));
        assert_eq!(receivable(far, Some(now), now), Receivable::InTime);
        assert_eq!((terms.check(), no_block.check(), at_once.check()), (Ok(()), Ok(()), Ok(())));
        let wrong = Deferral::FromIssue { days: 10, block_after_days: Some(9) };
        assert_eq!(wrong.check(), Err(BlockBeforeOverdue));
    }

    /// B14: what the block refuses, and that a payment ends it, whole ones alone.
    #[test]
    fn a_payment_ends_what_was_stopped() {
        let terms = Deferral::FromIssue { days: 10, block_after_days: Some(14) };
        let now = at("2027-03-15T12:00:00Z");
        let march = |paid| PaymentInvoice {
            issued_at: at("2027-03-01T00:00:00Z"),
            amount: amount("500.00"),
            paid: amount(paid),
        };
        let later = PaymentInvoice { issued_at: at("2027-03-05T00:00:00Z"), amount: amount("1"), paid: amount("0") };
        for (invoices, refused) in [
            (&[march("0"), later][..], true),
            (&[later, march("499.99")], true),
            // The next one is overdue only.
            (&[march("500.00"), later], false),
            (&[march("500.00")], false),
            (&[], false),
        ] {
            let receivable = receivable(terms, oldest_unpaid(invoices), now);
            for action in Action::ALL.iter().copied() {
                let works = [Action::Order, Action::Renew, Action::ChangeTariff, Action::Edit].contains(&action);
                let expected = (refused && works).then_some("blocked_overdue");
                assert_eq!(refuses(receivable, action).map(Refusal::as_str), expected, "{action:?} {invoices:?}");
            }
        }
    }

    /// T23: setting 3: a company with 4 unpaid months is blocked, and is not once they are paid.
    #[test]
    fn unpaid_months() {
        for (unpaid, most, expected) in [
            (4, Some(3), true),
            (3, Some(3), true),
            (2, Some(3), false),
            (0, Some(3), false),
            (0, Some(0), false),
            (4, None, false),
        ] {
            assert_eq!(unpaid_months_block(unpaid, most), expected, "{unpaid} {most:?}");
        }
    }
}
