//! Credit by the month: checked in the night to the last day, closed to debtors, renewed at the turn of the month.
//!
//! Owns: the verdict on an account (M51), what a closing takes back (A15), renewal (M52), the second look after a payment, the voiding of a closing, what coming
//! under and leaving credit by the month posts (M54).
//! Does not own: how debt is counted (`debt`), what the block stops (`blocks`), reading the facts and posting what is decided.
//! Always: pure; credit is virtual top-ups in the balance, so what is outstanding is a sum of postings and never an attribute; it is never brought above the
//! limit that is in force; no decision posts what another one has posted already.
//!
//! A month of an account, in the order of calls:
//!
//! | when | call | posts |
//! | --- | --- | --- |
//! | it comes under credit by the month | [`join`] | `topup_credit` |
//! | night to the last day, again while it waits | [`decide`] | `credit_closing`, below zero |
//! | 00:00 of the 1st | [`turn`] | `topup_credit` |
//! | after a verdict that closes nothing | [`renewal`]: zero but where the verdict came after the turn | `topup_credit` |
//! | a payment or a lowering document; after each closing | [`recheck`] | `topup_credit` |
//! | money with a value date in time, loaded late | [`void`] | `credit_closing`, above zero, and `topup_credit` |
//! | it leaves credit by the month | [`leave`] | `topup_credit`, below zero |

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::blocks::Cause;
use super::calendar::CheckNight;
use super::debt::{Document, RealPayment, due};
use crate::accounts::{CreditPolicy, PaymentMode};

/// The description of a closing unless the setting `credit.closing_description` says otherwise (M51).
pub const CLOSING_DESCRIPTION: &str = "Закрытие кредита должнику";

/// How much a closing takes back (A15): the setting `credit.closing_formula`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClosingFormula {
    /// All that is outstanding, so that the balance becomes minus the actual debt.
    OutstandingCredit,
    /// As much as is unpaid of the months that had to be paid.
    UnpaidPrevious,
}

impl ClosingFormula {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::OutstandingCredit, Self::UnpaidPrevious];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutstandingCredit => "outstanding_credit",
            Self::UnpaidPrevious => "unpaid_previous",
        }
    }
}

impl FromStr for ClosingFormula {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|formula| formula.as_str() == text).ok_or(())
    }
}

/// The settings of the check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClosingRules {
    /// How much a closing takes back.
    pub formula: ClosingFormula,
    /// What it is called.
    pub description: String,
    /// Whether the check waits for the statement of the last bank day.
    pub wait_for_statement: bool,
    /// How long after the cut-off a check that waits is an alarm.
    pub alarm_after: TimeDelta,
}

/// The defaults that the settings have.
impl Default for ClosingRules {
    fn default() -> Self {
        Self {
            formula: ClosingFormula::OutstandingCredit,
            description: CLOSING_DESCRIPTION.to_owned(),
            wait_for_statement: true,
            alarm_after: TimeDelta::hours(12),
        }
    }
}

/// How an account stands with its credit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It passed the last check, or there was none yet (M54).
    Good,
    /// The last check has no verdict yet.
    Waiting,
    /// A closing stands: neither paid since nor voided.
    Closed,
}

/// The virtual credit of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Credit {
    /// Sum of its postings `topup_credit` and `credit_closing`.
    pub outstanding: Decimal,
    /// The limit in force: what the last [`Grant`] said. A limit that was changed since counts from the turn of the month.
    pub in_force: Decimal,
    /// How the account stands.
    pub standing: Standing,
}

/// What the check of a night has to know of an account.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// When it pays.
    pub mode: PaymentMode,
    /// Its credit.
    pub policy: CreditPolicy,
    /// Since when it is postpaid with credit by the month; `None`: always.
    pub since: Option<DateTime<Utc>>,
    /// The limit on it: that of the last day once it is over, else that of now. Zero is none.
    pub limit: Decimal,
    /// Its virtual credit.
    pub credit: Credit,
    /// Documents issued.
    pub documents: &'a [Document],
    /// Real money, as far as it is loaded.
    pub payments: &'a [RealPayment],
    /// Whether the statement of the last bank day is loaded.
    pub is_statement_loaded: bool,
    /// Whether this night has closed its credit already, also where that was paid or voided since.
    pub is_closed_this_month: bool,
}

/// Why a check does not concern an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotConcerned {
    /// This night has closed its credit already.
    AlreadyClosed,
    /// It pays in advance.
    Prepaid,
    /// It pays afterwards, without credit by the month.
    NoMonthlyCredit,
    /// It has come under credit by the month on the last day or later (M54).
    SinceCutOff,
    /// It has no limit, and none outstanding.
    NoLimit,
}

impl NotConcerned {
    /// Its name, for the log of the check.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyClosed => "already_closed",
            Self::Prepaid => "prepaid",
            Self::NoMonthlyCredit => "no_monthly_credit",
            Self::SinceCutOff => "since_cut_off",
            Self::NoLimit => "no_limit",
        }
    }
}

/// The verdict of a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// There is nothing to check.
    NotConcerned(NotConcerned),
    /// The statement of the last bank day is missing: ask again; an alarm from that moment on.
    Wait {
        /// When waiting becomes an alarm.
        alarm_at: DateTime<Utc>,
    },
    /// All is paid that had to be.
    Passed,
    /// A debtor: his credit is closed and he is blocked, whatever his balance becomes.
    Close {
        /// What is posted as `credit_closing`: zero or below. Zero is not posted, and the closing stands all the same.
        amount: Decimal,
        /// Description of the posting.
        description: String,
        /// Why he is blocked, as soon as a notice of intention is on record (A16); the posting does not wait for it.
        cause: Cause,
        /// What he has to pay.
        debt: Decimal,
    },
}

/// The verdict on an account in the night to the last day of a month, or later where the night was missed (M51, A15).
pub fn decide(rules: &ClosingRules, night: CheckNight, zone: Tz, facts: &Facts<'_>) -> Outcome {
    if let Some(why) = not_concerned(night, zone, facts) {
        return Outcome::NotConcerned(why);
    }
    if rules.wait_for_statement && !facts.is_statement_loaded {
        return Outcome::Wait { alarm_at: night.cut_off(zone) + rules.alarm_after };
    }
    let debt = due(facts.documents, facts.payments, night, night.last_value_date());
    if debt <= Decimal::ZERO {
        return Outcome::Passed;
    }
    Outcome::Close {
        amount: Decimal::ZERO - taken_back(rules.formula, &facts.credit, debt),
        description: rules.description.clone(),
        cause: Cause::CreditClosed,
        debt,
    }
}

fn not_concerned(night: CheckNight, zone: Tz, facts: &Facts<'_>) -> Option<NotConcerned> {
    if facts.is_closed_this_month {
        Some(NotConcerned::AlreadyClosed)
    } else if facts.mode == PaymentMode::Prepaid {
        Some(NotConcerned::Prepaid)
    } else if facts.policy != CreditPolicy::Monthly {
        Some(NotConcerned::NoMonthlyCredit)
    } else if facts.since.is_some_and(|since| since >= night.cut_off(zone)) {
        Some(NotConcerned::SinceCutOff)
    } else if facts.limit <= Decimal::ZERO && facts.credit.outstanding <= Decimal::ZERO {
        Some(NotConcerned::NoLimit)
    } else {
        None
    }
}

/// How much a closing takes back: never more than is outstanding, else the debt would count twice.
fn taken_back(formula: ClosingFormula, credit: &Credit, debt: Decimal) -> Decimal {
    let outstanding = credit.outstanding.max(Decimal::ZERO);
    match formula {
        ClosingFormula::OutstandingCredit => outstanding,
        ClosingFormula::UnpaidPrevious => {
            // What a closing that stands has taken already was taken for the same debt.
            let taken = match credit.standing {
                Standing::Closed => (credit.in_force - outstanding).max(Decimal::ZERO),
                Standing::Good | Standing::Waiting => Decimal::ZERO,
            };
            (debt - taken).max(Decimal::ZERO).min(outstanding)
        }
    }
}

/// The top-up that brings what is outstanding to the limit in force (M52): below zero where the limit was lowered, zero where there is nothing to post. Who has
/// not passed gets nothing, and loses what is above the limit.
pub fn renewal(credit: &Credit) -> Decimal {
    let missing = credit.in_force - credit.outstanding;
    match credit.standing {
        Standing::Good => missing,
        Standing::Waiting | Standing::Closed => missing.min(Decimal::ZERO),
    }
}

/// Credit that is given, or taken, by a change of the limit in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The limit in force from now on, which is kept.
    pub in_force: Decimal,
    /// What is posted as `topup_credit`; zero is not.
    pub topup: Decimal,
}

impl Grant {
    fn of(in_force: Decimal, credit: &Credit) -> Self {
        Self { in_force, topup: renewal(&Credit { in_force, ..*credit }) }
    }
}

/// The turn of the month at 00:00 of the 1st, for every account with credit by the month: the limit that was on it at the end of the last day comes into force
/// (M52), a lower one like a higher one. Who came under credit on the last day has passed (M54).
pub fn turn(credit: &Credit, limit_on_last_day: Decimal) -> Grant {
    Grant::of(limit_on_last_day, credit)
}

/// An account comes under credit by the month, on any day (M54). `at_once`: the limit is topped up by hand with the switch; else the turn of the month does it.
/// A debtor whose closing stands gets nothing before he has paid.
pub fn join(credit: &Credit, limit: Decimal, at_once: bool) -> Grant {
    Grant::of(if at_once { limit } else { Decimal::ZERO }, credit)
}

/// An account leaves credit by the month, on any day: what is outstanding is taken back, so that its balance is its own money. A block for debt stays.
pub fn leave(credit: &Credit) -> Grant {
    Grant::of(Decimal::ZERO, credit)
}

/// The second look at an account whose closing stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recheck {
    /// He stays blocked.
    Stays {
        /// What he still has to pay.
        debt: Decimal,
    },
    /// Nothing is due: all his closings are paid, the block ends, the credit is renewed.
    Released {
        /// What is posted as `topup_credit`; zero is not.
        topup: Decimal,
    },
}

/// Looks again after a payment or a lowering document (M52), today or on the last day itself. Due is what had to be paid at the latest check that has begun,
/// not what was issued since: that has its own check.
pub fn recheck(documents: &[Document], payments: &[RealPayment], credit: &Credit, today: NaiveDate) -> Recheck {
    let debt = due(documents, payments, CheckNight::latest_on(today), today);
    if debt > Decimal::ZERO {
        return Recheck::Stays { debt };
    }
    Recheck::Released { topup: renewal(&Credit { standing: Standing::Good, ..*credit }) }
}

/// A closing as it was posted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closing {
    /// The night that closed.
    pub night: CheckNight,
    /// What was posted: zero or below.
    pub amount: Decimal,
}

/// What the voiding of a closing posts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Void {
    /// The opposite of the closing, as `credit_closing`: as much of it as nothing has given back yet.
    pub amount: Decimal,
    /// What the turn of the month would have done since, as `topup_credit`.
    pub topup: Decimal,
}

/// Whether a closing was wrong: money in time that was loaded after it, with what was known, pays all that had to be paid (A15). Else it stands.
///
/// `credit.standing` is that without this closing: `Closed` where another one stands, for then nothing is given back.
pub fn void(closing: &Closing, documents: &[Document], payments: &[RealPayment], credit: &Credit) -> Option<Void> {
    let night = closing.night;
    if due(documents, payments, night, night.last_value_date()) > Decimal::ZERO {
        return None;
    }
    let taken = Decimal::ZERO - closing.amount;
    let missing = credit.in_force - credit.outstanding;
    let amount = match credit.standing {
        Standing::Closed => Decimal::ZERO,
        Standing::Good | Standing::Waiting => missing.min(taken).max(Decimal::ZERO),
    };
    let rest = Credit { outstanding: credit.outstanding + amount, ..*credit };
    Some(Void { amount, topup: renewal(&rest) })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Moscow;

    use super::*;

    const ZERO: Decimal = Decimal::ZERO;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn august() -> CheckNight {
        CheckNight::ending_on(day("2020-08-31")).unwrap()
    }

    fn july(sum: &str) -> Vec<Document> {
        vec![Document { month: day("2020-07-01"), issued: day("2020-08-03"), amount: amount(sum) }]
    }

    fn paid(rows: &[(&str, &str)]) -> Vec<RealPayment> {
        rows.iter().map(|(date, sum)| RealPayment { value_date: day(date), amount: amount(sum) }).collect()
    }

    fn good(outstanding: &str, in_force: &str) -> Credit {
        Credit { outstanding: amount(outstanding), in_force: amount(in_force), standing: Standing::Good }
    }

    fn rules(formula: ClosingFormula) -> ClosingRules {
        ClosingRules { formula, ..ClosingRules::default() }
    }

    /// A postpaid account with a limit of 2000, all of it given.
    fn facts<'a>(documents: &'a [Document], payments: &'a [RealPayment]) -> Facts<'a> {
        Facts {
            mode: PaymentMode::Postpaid,
            policy: CreditPolicy::Monthly,
            since: None,
            limit: amount("2000"),
            credit: good("2000", "2000"),
            documents,
            payments,
            is_statement_loaded: true,
            is_closed_this_month: false,
        }
    }

    fn verdict(facts: &Facts<'_>) -> Outcome {
        decide(&ClosingRules::default(), august(), Moscow, facts)
    }

    fn close(sum: &str, debt: &str) -> Outcome {
        Outcome::Close {
            amount: amount(sum),
            description: "Закрытие кредита должнику".to_owned(),
            cause: Cause::CreditClosed,
            debt: amount(debt),
        }
    }

    /// M49, M50, M51: limit 2000, July 2000.00: payments | verdict. A top-up is no payment: it is not among the facts.
    #[test]
    fn who_has_not_paid_the_month_before_is_closed() {
        let documents = july("2000.00");
        for (payments, expected) in [
            (&[][..], close("-2000.00", "2000.00")),
            (&[("2020-08-30", "2000.00")], Outcome::Passed),
            (&[("2020-08-30", "1998.00")], close("-2000.00", "2.00")),
            (&[("2020-08-30", "1999.99")], close("-2000.00", "0.01")),
            (&[("2020-08-31", "2000.00")], close("-2000.00", "2000.00")),
            (&[("2020-08-10", "500.00"), ("2020-08-30", "1500.00")], Outcome::Passed),
            (&[("2020-06-10", "2500.00")], Outcome::Passed),
            (&[("2020-08-10", "2000.00"), ("2020-08-20", "-2000.00")], close("-2000.00", "2000.00")),
        ] {
            let payments = paid(payments);
            assert_eq!(verdict(&facts(&documents, &payments)), expected, "{payments:?}");
        }
    }

    /// M50: July 3000, payments 2500, a top-up of 500 by hand: the debt is 500.
    #[test]
    fn top_ups_by_hand_do_not_count() {
        let (documents, payments) = (july("3000"), paid(&[("2020-08-20", "2500")]));
        let facts = Facts { limit: amount("3000"), credit: good("3000", "3000"), ..facts(&documents, &payments) };
        assert_eq!(verdict(&facts), close("-3000", "500"));
    }

    #[test]
    fn whom_the_check_concerns() {
        let (documents, none) = (july("2000.00"), Vec::new());
        let debtor = facts(&documents, &none);
        let not = Outcome::NotConcerned;
        let nothing = good("0", "0");
        let since = |text: &str| text.parse().ok();
        for (facts, expected) in [
            (Facts { mode: PaymentMode::Prepaid, policy: CreditPolicy::Days, ..debtor }, not(NotConcerned::Prepaid)),
            (Facts { mode: PaymentMode::Prepaid, policy: CreditPolicy::None, ..debtor }, not(NotConcerned::Prepaid)),
            (Facts { policy: CreditPolicy::None, ..debtor }, not(NotConcerned::NoMonthlyCredit)),
            (Facts { limit: ZERO, credit: nothing, ..debtor }, not(NotConcerned::NoLimit)),
            // The limit was taken from him, the credit was not: there is something to close.
            (Facts { limit: ZERO, ..debtor }, close("-2000", "2000")),
            // Nothing was given yet, so nothing is taken; he is closed all the same.
            (Facts { credit: nothing, ..debtor }, close("0", "2000")),
            (Facts { is_closed_this_month: true, ..debtor }, not(NotConcerned::AlreadyClosed)),
            // M54: 00:00 of 31 August in Moscow is the first moment that is too late for this night.
            (Facts { since: since("2020-08-30T20:59:59.999Z"), ..debtor }, close("-2000", "2000")),
            (Facts { since: since("2020-08-30T21:00:00Z"), ..debtor }, not(NotConcerned::SinceCutOff)),
            (Facts { since: since("2020-08-31T12:00:00Z"), ..debtor }, not(NotConcerned::SinceCutOff)),
        ] {
            assert_eq!(verdict(&facts), expected, "{facts:?}");
        }
    }

    /// A15: the check waits for the statement, payers and debtors alike; 12 hours after the cut-off it is an alarm.
    #[test]
    fn the_check_waits_for_the_statement() {
        let documents = july("2000.00");
        let wait = Outcome::Wait { alarm_at: "2020-08-31T09:00:00Z".parse().unwrap() };
        for payments in [paid(&[]), paid(&[("2020-08-20", "2000.00")])] {
            let facts = Facts { is_statement_loaded: false, ..facts(&documents, &payments) };
            assert_eq!(verdict(&facts), wait);
            let hasty = ClosingRules { wait_for_statement: false, ..ClosingRules::default() };
            let found = decide(&hasty, august(), Moscow, &facts);
            assert_eq!(found == Outcome::Passed, !payments.is_empty());
            // Whom it does not concern does not wait.
            let prepaid = Facts { mode: PaymentMode::Prepaid, ..facts };
            assert_eq!(verdict(&prepaid), Outcome::NotConcerned(NotConcerned::Prepaid));
        }
    }

    /// A15, limit, unpaid July, standing, outstanding before | what either formula takes
    #[test]
    fn how_much_a_closing_takes_back() {
        use Standing::{Closed, Good, Waiting};
        for (in_force, debt, standing, outstanding, all, unpaid) in [
            ("2000", "2000.00", Good, "2000", "2000.00", "2000.00"),
            ("5000", "2000.00", Good, "5000", "5000.00", "2000.00"),
            ("5000", "2000.00", Waiting, "5000", "5000.00", "2000.00"),
            // More than is outstanding is never taken.
            ("2000", "3000.00", Good, "2000", "2000.00", "2000.00"),
            ("2000", "3000.00", Good, "0", "0", "0"),
            ("2000", "2.00", Good, "2000", "2000.00", "2.00"),
            // Closed a month ago for the same 2000.00, which are 2500.00 by now.
            ("5000", "2500.00", Closed, "3000", "3000.00", "500.00"),
            ("5000", "1500.00", Closed, "3000", "3000.00", "0"),
            ("2000", "2000.00", Closed, "0", "0", "0"),
        ] {
            let credit = Credit { standing, ..good(outstanding, in_force) };
            for (formula, expected) in
                [(ClosingFormula::OutstandingCredit, all), (ClosingFormula::UnpaidPrevious, unpaid)]
            {
                let found = taken_back(formula, &credit, amount(debt));
                assert_eq!(found, amount(expected), "{formula:?} {credit:?} {debt}");
                assert_eq!(formula.as_str().parse(), Ok(formula));
            }
        }
    }

    /// M52: limit on the last day, outstanding | top-up for who passed, for who waits or is closed
    #[test]
    fn renewal_brings_the_credit_to_the_limit() {
        for (limit, outstanding, passed, others) in [
            ("2000", "2000", "0", "0"),
            ("2000", "0", "2000", "0"),
            ("3000", "2000", "1000", "0"),
            // A lower limit takes effect like a higher one, and an empty one takes all.
            ("1000", "2000", "-1000", "-1000"),
            ("0", "2000", "-2000", "-2000"),
            ("0", "0", "0", "0"),
            ("2000", "500", "1500", "0"),
        ] {
            for (standing, expected) in
                [(Standing::Good, passed), (Standing::Waiting, others), (Standing::Closed, others)]
            {
                let credit = Credit { standing, ..good(outstanding, "777") };
                let found = turn(&credit, amount(limit));
                let grant = Grant { in_force: amount(limit), topup: amount(expected) };
                assert_eq!(found, grant, "{limit} {credit:?}");
                // Twice changes nothing.
                let after =
                    Credit { outstanding: credit.outstanding + found.topup, in_force: found.in_force, standing };
                assert_eq!(turn(&after, amount(limit)).topup, ZERO, "{after:?}");
                assert!(after.outstanding <= after.in_force, "{after:?}");
            }
        }
    }

    /// The books of an account as a client would keep them: what was posted, and the balance after each.
    #[derive(Default)]
    struct Books {
        balances: Vec<Decimal>,
        credit: Decimal,
    }

    impl Books {
        fn post(&mut self, sum: Decimal) {
            let before = self.balances.last().copied().unwrap_or_default();
            self.balances.push(before + sum);
        }

        /// A top-up of credit, or a closing.
        fn credit(&mut self, sum: Decimal) {
            self.credit += sum;
            self.post(sum);
        }

        fn after(&self, in_force: &str, standing: Standing) -> Credit {
            Credit { outstanding: self.credit, in_force: amount(in_force), standing }
        }
    }

    fn closing_of(outcome: &Outcome) -> Decimal {
        match outcome {
            Outcome::Close { amount, .. } => *amount,
            other => panic!("{other:?}"),
        }
    }

    fn topup_of(recheck: Recheck) -> Decimal {
        match recheck {
            Recheck::Released { topup } => topup,
            Recheck::Stays { .. } => panic!("{recheck:?}"),
        }
    }

    /// M51, the ledger of case (a): credit, July, closing, payment on 2 September, renewal | the balance after each.
    #[test]
    fn the_ledger_of_a_debtor_adds_up() {
        let mut books = Books::default();
        books.credit(turn(&good("0", "0"), amount("2000.00")).topup);
        books.post(amount("-2000.00"));
        let (documents, none) = (july("2000.00"), Vec::new());
        let before = facts(&documents, &none);
        let outcome = verdict(&before);
        books.credit(closing_of(&outcome));
        let again = Facts { credit: books.after("2000", Standing::Closed), is_closed_this_month: true, ..before };
        assert_eq!(verdict(&again), Outcome::NotConcerned(NotConcerned::AlreadyClosed), "a second run the same night");
        // At the turn he is closed: nothing.
        assert_eq!(turn(&again.credit, amount("2000.00")).topup, ZERO);
        let payments = paid(&[("2020-09-02", "2000.00")]);
        books.post(amount("2000.00"));
        books.credit(topup_of(recheck(&documents, &payments, &again.credit, day("2020-09-02"))));
        let expected = ["2000.00", "0.00", "-2000.00", "0.00", "2000.00"];
        assert_eq!(books.balances, expected.map(amount));
    }

    /// A15: limit 5000, July 2000 unpaid, August 500 so far: formula | balance after the closing, after 2000.00 and renewal.
    #[test]
    fn both_formulas_lead_to_the_same_balance() {
        for (formula, posted, closed, renewed) in [
            (ClosingFormula::OutstandingCredit, "-5000.00", "-2500.00", "4500.00"),
            (ClosingFormula::UnpaidPrevious, "-2000.00", "500.00", "4500.00"),
        ] {
            let mut books = Books::default();
            books.credit(amount("5000"));
            books.post(amount("-2000.00"));
            books.post(amount("-500.00"));
            assert_eq!(books.balances.last(), Some(&amount("2500.00")));
            let (documents, none) = (july("2000.00"), Vec::new());
            let credit = books.after("5000", Standing::Good);
            let facts = Facts { limit: amount("5000"), credit, ..facts(&documents, &none) };
            let outcome = decide(&rules(formula), august(), Moscow, &facts);
            assert_eq!(outcome, close(posted, "2000.00"));
            books.credit(closing_of(&outcome));
            assert_eq!(books.balances.last(), Some(&amount(closed)), "{formula:?}");
            books.post(amount("2000.00"));
            let payments = paid(&[("2020-09-02", "2000.00")]);
            let credit = books.after("5000", Standing::Closed);
            books.credit(topup_of(recheck(&documents, &payments, &credit, day("2020-09-02"))));
            assert_eq!(books.balances.last(), Some(&amount(renewed)), "{formula:?}");
        }
    }

    /// M52: closed on 31 August for July 2000.00: payment | what the second look on its day finds
    #[test]
    fn late_payers_are_released_when_all_is_paid() {
        let closed = Credit { standing: Standing::Closed, ..good("0", "2000") };
        let mut documents = july("2000.00");
        documents.push(Document { month: day("2020-08-01"), issued: day("2020-09-03"), amount: amount("700.00") });
        let released = Recheck::Released { topup: amount("2000") };
        let stays = |debt| Recheck::Stays { debt: amount(debt) };
        for (date, sum, expected) in [
            // On the last day itself, after the check.
            ("2020-08-31", "2000.00", released),
            ("2020-09-02", "2000.00", released),
            ("2020-09-02", "1998.00", stays("2.00")),
            // The document of August has a check of its own.
            ("2020-09-10", "2000.00", released),
            ("2020-09-29", "2000.00", released),
            ("2020-09-30", "2000.00", stays("700.00")),
            ("2020-09-30", "2700.00", released),
        ] {
            let found = recheck(&documents, &paid(&[(date, sum)]), &closed, day(date));
            assert_eq!(found, expected, "{date} {sum}");
        }
        // A document lowered after the closing releases, and does not void.
        let mut lowered = july("2000.00");
        lowered.push(Document { month: day("2020-07-01"), issued: day("2020-09-05"), amount: amount("-2000.00") });
        assert_eq!(recheck(&lowered, &[], &closed, day("2020-09-05")), released);
        let closing = Closing { night: august(), amount: amount("-2000") };
        assert_eq!(void(&closing, &lowered, &[], &closed), None);
    }

    /// A15: closed on 31 August, money loaded since: value date, sum | whether the closing is voided
    #[test]
    fn money_in_time_that_was_loaded_late_voids_the_closing() {
        let documents = july("2000.00");
        let closing = Closing { night: august(), amount: amount("-2000") };
        let credit = good("0", "2000");
        for (date, sum, is_void) in [
            ("2020-08-30", "2000.00", true),
            ("2020-08-03", "2000.00", true),
            ("2020-08-30", "1999.99", false),
            ("2020-08-31", "2000.00", false),
        ] {
            let found = void(&closing, &documents, &paid(&[(date, sum)]), &credit);
            let expected = is_void.then_some(Void { amount: amount("2000"), topup: ZERO });
            assert_eq!(found, expected, "{date} {sum}");
        }
    }

    /// Credit as it is when a closing of 2000 is voided: outstanding, in force, standing without it | given back, top-up
    #[test]
    fn voiding_gives_back_what_nothing_else_has_given() {
        let documents = july("2000.00");
        let payments = paid(&[("2020-08-30", "2000.00")]);
        let closing = Closing { night: august(), amount: amount("-2000") };
        for (outstanding, in_force, standing, given_back, topup) in [
            ("0", "2000", Standing::Good, "2000", "0"),
            // The turn has raised or lowered the limit since.
            ("0", "3000", Standing::Good, "2000", "1000"),
            ("0", "3000", Standing::Waiting, "2000", "0"),
            ("0", "1500", Standing::Good, "1500", "0"),
            // He paid a second time before the first payment was found, and has his credit.
            ("2000", "2000", Standing::Good, "0", "0"),
            // He left credit by the month.
            ("0", "0", Standing::Good, "0", "0"),
            // Another closing stands.
            ("0", "2000", Standing::Closed, "0", "0"),
            ("3000", "5000", Standing::Good, "2000", "0"),
        ] {
            let credit = Credit { standing, ..good(outstanding, in_force) };
            let expected = Void { amount: amount(given_back), topup: amount(topup) };
            assert_eq!(void(&closing, &documents, &payments, &credit), Some(expected), "{credit:?}");
        }
    }

    /// M54 (doc): switched on 31 August with a debt: not that night, credit at the turn; first check in the night to 30 September.
    #[test]
    fn a_switch_on_the_last_day_is_not_blocked_that_night() {
        let (documents, none) = (july("1500.00"), Vec::new());
        let joined = join(&good("0", "0"), amount("2000"), false);
        assert_eq!(joined, Grant { in_force: ZERO, topup: ZERO });
        let since = "2020-08-31T09:00:00Z".parse().ok();
        let before = Facts { since, credit: good("0", "0"), ..facts(&documents, &none) };
        // The job of that night comes late and finds him postpaid.
        assert_eq!(verdict(&before), Outcome::NotConcerned(NotConcerned::SinceCutOff));
        let granted = turn(&before.credit, amount("2000"));
        assert_eq!(granted.topup, amount("2000"));
        let after = Facts { credit: good("2000", "2000"), ..before };
        let september = CheckNight::ending_on(day("2020-09-30")).unwrap();
        let outcome = decide(&ClosingRules::default(), september, Moscow, &after);
        assert_eq!(outcome, close("-2000", "1500.00"));
    }

    /// M54 (doc): switched on 14 August with a top-up of 2000: invoices of 1500 by the night to 31 August | verdict, then the turn
    #[test]
    fn a_switch_in_mid_month_asks_for_all_invoices() {
        let documents = july("1500.00");
        let joined = join(&good("0", "0"), amount("2000"), true);
        assert_eq!(joined, Grant { in_force: amount("2000"), topup: amount("2000") });
        let since = "2020-08-14T09:00:00Z".parse().ok();
        for (payments, expected) in
            [(paid(&[]), close("-2000", "1500.00")), (paid(&[("2020-08-25", "1500.00")]), Outcome::Passed)]
        {
            let facts = Facts { since, ..facts(&documents, &payments) };
            assert_eq!(verdict(&facts), expected);
        }
        assert_eq!(turn(&good("2000", "2000"), amount("2000")).topup, ZERO, "what was given is not given again");
    }

    /// What leaving and coming back post, whatever the standing: a debtor gets nothing before he has paid.
    #[test]
    fn credit_goes_with_the_switch() {
        assert_eq!(leave(&good("2000", "2000")), Grant { in_force: ZERO, topup: amount("-2000") });
        let closed = Credit { standing: Standing::Closed, ..good("0", "2000") };
        assert_eq!(leave(&closed), Grant { in_force: ZERO, topup: ZERO });
        let back = join(&Credit { in_force: ZERO, ..closed }, amount("1000"), true);
        assert_eq!(back, Grant { in_force: amount("1000"), topup: ZERO });
        let (documents, payments) = (july("2000.00"), paid(&[("2020-09-02", "2000.00")]));
        let credit = Credit { in_force: back.in_force, ..closed };
        let found = recheck(&documents, &payments, &credit, day("2020-09-02"));
        assert_eq!(found, Recheck::Released { topup: amount("1000") });
        // Released while prepaid: no credit to renew.
        let prepaid = Credit { in_force: ZERO, ..closed };
        let found = recheck(&documents, &payments, &prepaid, day("2020-09-02"));
        assert_eq!(found, Recheck::Released { topup: ZERO });
    }
}
