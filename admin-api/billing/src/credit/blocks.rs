//! What a blocked account may not do, and how deep a balance may go.
//!
//! Owns: causes and scopes of blocks (M55, A16), what ends each, which of them counts for a call, the floor of an account.
//! Does not own: when debt is a reason to block (`month_end`, `deferral`) or to end a contract (`termination`), the rows of blocks, the authorisation of calls.
//! Always: pure; causes end one by one, each by what it is about, and an emergency call passes them all (A1).

use std::str::FromStr;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::accounts::{CreditPolicy, PaymentMode};

/// Why an account is blocked (M55). An account may have several at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// The balance is below its floor.
    Balance,
    /// The credit was closed at the end of a month (M51).
    CreditClosed,
    /// Documents are not paid, without any credit to close (M50).
    PostpaidDebt,
    /// A payment invoice is overdue for too long (B14, T23).
    Overdue,
    /// Staff did it.
    Manual,
    /// Fraud control did it.
    Fraud,
    /// The contract was ended for debt (M70).
    Terminated,
}

impl Cause {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Balance,
        Self::CreditClosed,
        Self::PostpaidDebt,
        Self::Overdue,
        Self::Manual,
        Self::Fraud,
        Self::Terminated,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::CreditClosed => "credit_closed",
            Self::PostpaidDebt => "postpaid_debt",
            Self::Overdue => "overdue",
            Self::Manual => "manual",
            Self::Fraud => "fraud",
            Self::Terminated => "terminated",
        }
    }

    /// What it stops unless somebody says otherwise: debts stop what costs more, and incoming calls stay (A16).
    pub const fn default_scope(self) -> Scope {
        match self {
            Self::Balance | Self::CreditClosed | Self::PostpaidDebt => Scope::OutgoingPaid,
            Self::Overdue => Scope::Operations,
            Self::Manual | Self::Fraud | Self::Terminated => Scope::All,
        }
    }

    /// Whether a notice of intention has to be on record first (A16): before who pays afterwards is blocked for what he owes.
    pub const fn needs_notice(self) -> bool {
        matches!(self, Self::CreditClosed | Self::PostpaidDebt | Self::Terminated)
    }

    /// Whether people begin it.
    pub const fn begins_by_hand(self) -> bool {
        matches!(self, Self::Manual | Self::Fraud)
    }

    /// Whether people end it. The others end when what they are about has ended, and by nothing else: else a word would do for a payment (M49). No payment
    /// brings a contract back that was ended: people agree on another one.
    pub const fn ends_by_hand(self) -> bool {
        matches!(self, Self::Manual | Self::Fraud | Self::Terminated)
    }

    /// Whether it has ended by itself. Also says whether it may begin: nobody is blocked for what would end at once.
    pub fn is_over(self, standing: &Standing) -> bool {
        match self {
            Self::Balance => standing.available.is_none_or(|available| available >= Decimal::ZERO),
            Self::CreditClosed | Self::PostpaidDebt => standing.due <= Decimal::ZERO,
            Self::Overdue => !standing.is_overdue_blocked,
            Self::Manual | Self::Fraud | Self::Terminated => false,
        }
    }
}

impl FromStr for Cause {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|cause| cause.as_str() == text).ok_or(())
    }
}

/// How an account stands, for the causes that end by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// What had to be paid by now and is not (`debt::due`).
    pub due: Decimal,
    /// Balance less holds less floor; `None`: funds are not checked.
    pub available: Option<Decimal>,
    /// Whether an unpaid payment invoice stops operations (`deferral::receivable`).
    pub is_overdue_blocked: bool,
}

/// What a block stops.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Outgoing calls that cost something.
    OutgoingPaid,
    /// Work with services: order, renewal, change of tariff, editing (B14).
    Operations,
    /// Everything but emergency calls, looking and paying.
    All,
}

impl Scope {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::OutgoingPaid, Self::Operations, Self::All];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutgoingPaid => "outgoing_paid",
            Self::Operations => "operations",
            Self::All => "all",
        }
    }

    /// Whether the authorisation of calls has to know of it.
    pub const fn counts_for_calls(self) -> bool {
        matches!(self, Self::OutgoingPaid | Self::All)
    }

    /// Whether it stops something. No blocked account is activated anything, whatever else its block leaves (M55).
    pub const fn stops(self, action: Action) -> bool {
        match action {
            Action::EmergencyCall | Action::Look | Action::Pay => false,
            Action::Activate => true,
            Action::PaidOutgoingCall => self.counts_for_calls(),
            Action::FreeOutgoingCall | Action::IncomingCall => matches!(self, Self::All),
            Action::Order | Action::Renew | Action::ChangeTariff | Action::Edit => {
                matches!(self, Self::Operations | Self::All)
            }
        }
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(())
    }
}

/// What an account is used for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// A call to an emergency code (A1).
    EmergencyCall,
    /// A call from outside, also one that the account pays for.
    IncomingCall,
    /// An outgoing call at no price.
    FreeOutgoingCall,
    /// An outgoing or forwarded call that costs something.
    PaidOutgoingCall,
    /// A service begins.
    Activate,
    /// A service is ordered.
    Order,
    /// A service is renewed.
    Renew,
    /// The tariff of a service is changed.
    ChangeTariff,
    /// A service is edited.
    Edit,
    /// Services are read.
    Look,
    /// An invoice is paid.
    Pay,
}

impl Action {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::EmergencyCall,
        Self::IncomingCall,
        Self::FreeOutgoingCall,
        Self::PaidOutgoingCall,
        Self::Activate,
        Self::Order,
        Self::Renew,
        Self::ChangeTariff,
        Self::Edit,
        Self::Look,
        Self::Pay,
    ];
}

/// A block that has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Why.
    pub cause: Cause,
    /// What it stops.
    pub scope: Scope,
    /// The notice of intention on record.
    pub notice_id: Option<i64>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The notice of intention is missing (A16).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoticeNeeded;

impl Block {
    /// A new one. `scope`: other than that of its cause.
    ///
    /// # Errors
    /// Without the notice that its cause needs nobody is blocked.
    pub fn new(
        cause: Cause,
        scope: Option<Scope>,
        notice_id: Option<i64>,
        since: DateTime<Utc>,
    ) -> Result<Self, NoticeNeeded> {
        if cause.needs_notice() && notice_id.is_none() {
            return Err(NoticeNeeded);
        }
        Ok(Self { cause, scope: scope.unwrap_or(cause.default_scope()), notice_id, since })
    }

    /// The code by which this block refuses something: work with services knows overdue invoices by a name of their own (B14).
    pub const fn code(&self, action: Action) -> &'static str {
        match (self.cause, action) {
            (Cause::Overdue, Action::Order | Action::Renew | Action::ChangeTariff | Action::Edit) => "blocked_overdue",
            _ => "ACCOUNT_BLOCKED",
        }
    }
}

/// The block that refuses something: the oldest that does.
pub fn refused_by(blocks: &[Block], action: Action) -> Option<&Block> {
    blocks.iter().filter(|block| block.scope.stops(action)).min_by_key(|block| (block.since, block.cause))
}

/// An amount on top of what an account may owe, for a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TemporaryLimit {
    /// How much.
    pub amount: Decimal,
    /// First moment.
    pub from: DateTime<Utc>,
    /// Moment after the last.
    pub until: DateTime<Utc>,
}

/// What temporary limits come to at a moment: those in force add up.
pub fn temporary_amount(limits: &[TemporaryLimit], now: DateTime<Utc>) -> Decimal {
    limits.iter().filter(|limit| limit.from <= now && now < limit.until).map(|limit| limit.amount).sum()
}

/// How deep the balance may go; `None`: payment by fact, whose funds are not checked (A13). Credit by the month stands in the balance as top-ups, so its floor
/// is 0; credit by days does not, so its floor is the limit below 0. A temporary amount is on top of either.
pub fn floor(mode: PaymentMode, policy: CreditPolicy, limit: Decimal, temporary: Decimal) -> Option<Decimal> {
    match (mode, policy) {
        (PaymentMode::Postpaid, CreditPolicy::None) => None,
        (_, CreditPolicy::Days) => Some(Decimal::ZERO - limit - temporary),
        (_, CreditPolicy::None | CreditPolicy::Monthly) => Some(Decimal::ZERO - temporary),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_read_back() {
        for cause in Cause::ALL {
            assert_eq!(cause.as_str().parse(), Ok(*cause));
        }
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        assert!("blocked".parse::<Cause>().is_err() && "".parse::<Scope>().is_err());
    }

    /// M55, A16, B14: action | whether a block of outgoing paid calls, of operations, of all stops it
    #[test]
    fn what_a_scope_stops() {
        let expected = [
            (Action::EmergencyCall, [false, false, false]),
            (Action::IncomingCall, [false, false, true]),
            (Action::FreeOutgoingCall, [false, false, true]),
            (Action::PaidOutgoingCall, [true, false, true]),
            (Action::Activate, [true, true, true]),
            (Action::Order, [false, true, true]),
            (Action::Renew, [false, true, true]),
            (Action::ChangeTariff, [false, true, true]),
            (Action::Edit, [false, true, true]),
            (Action::Look, [false, false, false]),
            (Action::Pay, [false, false, false]),
        ];
        assert_eq!(expected.map(|(action, _)| action)[..], *Action::ALL);
        for (action, stopped) in expected {
            let found: Vec<bool> = Scope::ALL.iter().map(|scope| scope.stops(action)).collect();
            assert_eq!(found, stopped, "{action:?}");
        }
        for scope in Scope::ALL {
            let calls = [Action::IncomingCall, Action::FreeOutgoingCall, Action::PaidOutgoingCall];
            assert_eq!(scope.counts_for_calls(), calls.iter().any(|call| scope.stops(*call)), "{scope:?}");
        }
    }

    /// A16: cause | scope, whether it needs a notice, whether people begin it and end it
    #[test]
    fn what_a_cause_asks_for() {
        for (cause, scope, notice, by_hand) in [
            (Cause::Balance, Scope::OutgoingPaid, false, [false, false]),
            (Cause::CreditClosed, Scope::OutgoingPaid, true, [false, false]),
            (Cause::PostpaidDebt, Scope::OutgoingPaid, true, [false, false]),
            (Cause::Overdue, Scope::Operations, false, [false, false]),
            (Cause::Manual, Scope::All, false, [true, true]),
            (Cause::Fraud, Scope::All, false, [true, true]),
            (Cause::Terminated, Scope::All, true, [false, true]),
        ] {
            assert_eq!(cause.default_scope(), scope, "{cause:?}");
            assert_eq!([cause.begins_by_hand(), cause.ends_by_hand()], by_hand, "{cause:?}");
            let without = Block::new(cause, None, None, NOW);
            assert_eq!(without.is_err(), notice, "{cause:?}");
            let block = Block::new(cause, None, Some(7), NOW).unwrap();
            assert_eq!((block.scope, block.notice_id), (scope, Some(7)), "{cause:?}");
            assert_eq!(Block::new(cause, Some(Scope::All), Some(7), NOW).unwrap().scope, Scope::All);
        }
    }

    /// due, available, overdue invoices stop | causes that are over
    #[test]
    fn each_cause_ends_by_what_it_is_about() {
        use Cause::{Balance, CreditClosed, Overdue, PostpaidDebt};
        for (due, available, is_overdue_blocked, over) in [
            ("0.00", Some("0"), false, &[Balance, CreditClosed, PostpaidDebt, Overdue][..]),
            ("-5", None, false, &[Balance, CreditClosed, PostpaidDebt, Overdue]),
            // A payment that is 2 roubles short, or a kopeck, ends nothing; money back says nothing of documents.
            ("2.00", Some("500"), false, &[Balance, Overdue]),
            ("0.01", Some("0"), false, &[Balance, Overdue]),
            ("0", Some("-0.01"), false, &[CreditClosed, PostpaidDebt, Overdue]),
            ("0", Some("0"), true, &[Balance, CreditClosed, PostpaidDebt]),
            ("1", Some("-1"), true, &[]),
        ] {
            let standing = Standing { due: amount(due), available: available.map(amount), is_overdue_blocked };
            let found: Vec<Cause> = Cause::ALL.iter().copied().filter(|cause| cause.is_over(&standing)).collect();
            assert_eq!(found, over, "{standing:?}");
        }
    }

    /// M55: the oldest block that stops a thing refuses it; A1: none refuses an emergency call.
    #[test]
    fn refusals_name_their_block() {
        let block = |cause, minutes| Block::new(cause, None, Some(1), NOW + TimeDelta::minutes(minutes)).unwrap();
        let (overdue, closed, fraud) =
            (block(Cause::Overdue, 0), block(Cause::CreditClosed, 1), block(Cause::Fraud, 2));
        for (blocks, action, expected) in [
            (&[][..], Action::PaidOutgoingCall, None),
            (&[overdue], Action::PaidOutgoingCall, None),
            (&[overdue], Action::Order, Some((Cause::Overdue, "blocked_overdue"))),
            (&[closed], Action::PaidOutgoingCall, Some((Cause::CreditClosed, "ACCOUNT_BLOCKED"))),
            (&[closed], Action::IncomingCall, None),
            (&[closed], Action::Order, None),
            (&[closed], Action::Activate, Some((Cause::CreditClosed, "ACCOUNT_BLOCKED"))),
            (&[overdue], Action::Activate, Some((Cause::Overdue, "ACCOUNT_BLOCKED"))),
            (&[fraud, closed, overdue], Action::PaidOutgoingCall, Some((Cause::CreditClosed, "ACCOUNT_BLOCKED"))),
            (&[fraud, closed, overdue], Action::Order, Some((Cause::Overdue, "blocked_overdue"))),
            (&[fraud, closed, overdue], Action::IncomingCall, Some((Cause::Fraud, "ACCOUNT_BLOCKED"))),
            (&[fraud, closed, overdue], Action::EmergencyCall, None),
            (&[fraud, closed, overdue], Action::Pay, None),
        ] {
            let found = refused_by(blocks, action).map(|block| (block.cause, block.code(action)));
            assert_eq!(found, expected, "{action:?} {blocks:?}");
        }
    }

    /// A13: mode, policy, limit, temporary amount | floor
    #[test]
    fn floors() {
        use CreditPolicy::{Days, Monthly, None as Without};
        use PaymentMode::{Postpaid, Prepaid};
        for (mode, policy, limit, temporary, expected) in [
            (Prepaid, Without, "0", "0", Some("0")),
            (Prepaid, Without, "0", "300", Some("-300")),
            (Prepaid, Days, "1000", "0", Some("-1000")),
            (Prepaid, Days, "1000.50", "300", Some("-1300.50")),
            (Prepaid, Days, "0", "0", Some("0")),
            (Postpaid, Monthly, "2000", "0", Some("0")),
            (Postpaid, Monthly, "2000", "300", Some("-300")),
            (Postpaid, Without, "0", "0", None),
            (Postpaid, Without, "0", "300", None),
        ] {
            let found = floor(mode, policy, amount(limit), amount(temporary));
            assert_eq!(found, expected.map(amount), "{mode:?} {policy:?} {limit} {temporary}");
        }
    }

    #[test]
    fn temporary_limits_add_up_until_their_moment() {
        let hour = |hour: i64| NOW + TimeDelta::hours(hour);
        let limit = |sum, from, until| TemporaryLimit { amount: amount(sum), from: hour(from), until: hour(until) };
        let limits = [limit("100", 0, 2), limit("50.50", 1, 3)];
        for (now, expected) in [(-1, "0"), (0, "100"), (1, "150.50"), (2, "50.50"), (3, "0")] {
            assert_eq!(temporary_amount(&limits, hour(now)), amount(expected), "{now}");
        }
        let last = temporary_amount(&limits, hour(3) - TimeDelta::milliseconds(1));
        assert_eq!(last, amount("50.50"));
    }
}
