//! Two years of accounts with credit by the month, simulated day by day.
//!
//! Owns: a naive ledger that does what the rules decide, clients who pay in time, late, short, or whose money is found late, and what has to be true of them.
//! Does not own: the tables of single rules, which stand beside them.
//! Always: the same seed gives the same two years; a failure names its seed.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::{America, Asia, Europe, Tz};
use rust_decimal::{Decimal, RoundingStrategy};

use super::blocks::{self, Block, Cause};
use super::calendar::{CheckNight, day_of, day_start, month_of};
use super::debt::{Document, RealPayment, due};
use super::month_end::{
    Closing, ClosingFormula, ClosingRules, Credit, Facts, Grant, NotConcerned, Outcome, Recheck, Standing, decide,
    join, leave, recheck, renewal, turn, void,
};
use crate::accounts::{CreditPolicy, PaymentMode};

const SEEDS: u64 = 40;
const ZONES: [Tz; 3] = [Europe::Moscow, Asia::Vladivostok, America::New_York];
const ZERO: Decimal = Decimal::ZERO;

// ---- what happens, drawn from a seed

/// A stream of numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    const fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// How a client pays a document.
#[derive(Clone, Copy)]
enum Pays {
    InTime,
    /// So many days after the cut-off.
    Late(u64),
    /// In time but for that much, which follows late.
    Short(Decimal, u64),
    /// In time, and so many days pass before the payment is found.
    Found(u64),
}

#[derive(Clone, Copy)]
struct Switch {
    /// Minutes after the beginning of the day.
    minutes: i64,
    /// Whether a switch to credit by the month comes with a top-up.
    at_once: bool,
    /// Where a switch away from it leads.
    away: PaymentMode,
}

#[derive(Clone)]
struct Day {
    date: NaiveDate,
    charges: Vec<Decimal>,
    manual: Decimal,
    limit: Option<Decimal>,
    switch: Option<Switch>,
    /// Days until the statement of this day is loaded.
    statement: u64,
    /// Days by which the nightly job of this day is late.
    job: u64,
}

/// What becomes of the document of a month.
#[derive(Clone, Copy)]
struct Month {
    issued_on: u32,
    pays: Pays,
    /// Which of the days in time.
    day: u64,
    /// A lowering document so many days later, in thousandths.
    lowered: Option<(u64, i64)>,
}

#[derive(Clone)]
struct Plan {
    zone: Tz,
    is_postpaid: bool,
    days: Vec<Day>,
    months: Vec<Month>,
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap()
}

fn days_between(from: NaiveDate, to: NaiveDate) -> u64 {
    u64::try_from(to.signed_duration_since(from).num_days()).unwrap()
}

impl Plan {
    fn drawn(dice: &mut Dice, zone: Tz) -> Self {
        let dates = date("2027-01-01").iter_days().take_while(|day| *day <= date("2029-01-20"));
        let days = dates.map(|day| Self::day(dice, day)).collect();
        let months = (0..25).map(|index| Self::month(dice, index)).collect();
        Self { zone, is_postpaid: dice.happens(70), days, months }
    }

    fn day(dice: &mut Dice, date: NaiveDate) -> Day {
        let charges = (0..dice.below(3)).map(|_| Decimal::new(dice.below(700_000).cast_signed(), 4)).collect();
        let is_last = CheckNight::ending_on(date).is_some();
        let switches = dice.happens(if is_last { 12 } else { 1 });
        // The last days are on time, so that all is known at the end.
        let is_late = |dice: &mut Dice, percent: u64| dice.happens(percent) && date < self::date("2028-12-20");
        Day {
            date,
            charges,
            manual: if dice.happens(2) { Decimal::from(dice.below(1_000)) } else { ZERO },
            limit: dice.happens(2).then(|| Decimal::from(500 * dice.below(8))),
            switch: switches.then(|| Switch {
                minutes: if dice.happens(30) { 0 } else { dice.below(23 * 60).cast_signed() },
                at_once: dice.happens(50),
                away: if dice.happens(50) { PaymentMode::Prepaid } else { PaymentMode::Postpaid },
            }),
            statement: if is_late(dice, 20) { 2 + dice.below(5) } else { 1 },
            job: if is_late(dice, 15) { 1 + dice.below(3) } else { 0 },
        }
    }

    fn month(dice: &mut Dice, index: u64) -> Month {
        let short = [Decimal::new(1, 2), Decimal::new(200, 2), Decimal::new(10_000, 2)][(dice.below(3)) as usize];
        let days = dice.below(41);
        let pays = match dice.below(10) {
            0..=3 => Pays::InTime,
            4 | 5 => Pays::Late(days),
            6 | 7 => Pays::Short(short, days),
            _ => Pays::Found(dice.below(45)),
        };
        Month {
            issued_on: 1 + dice.below(5) as u32,
            // From October 2028 on all is paid in time.
            pays: if index < 21 { pays } else { Pays::InTime },
            day: dice.below(1_000),
            lowered: dice.happens(15).then(|| (dice.below(40), 1 + dice.below(300).cast_signed())),
        }
    }

    /// The same, had he paid everything in time, and had no statement and no job been late.
    fn of_a_good_payer(&self) -> Self {
        let mut plan = self.clone();
        plan.days.iter_mut().for_each(|day| (day.statement, day.job) = (1, 0));
        plan.months.iter_mut().for_each(|month| month.pays = Pays::InTime);
        plan
    }

    fn on(&self, date: NaiveDate) -> Option<&Day> {
        self.days.get(days_between(self.days[0].date, date) as usize)
    }

    fn statement_loaded_on(&self, value_date: NaiveDate) -> NaiveDate {
        later(value_date, self.on(value_date).map_or(1, |day| day.statement))
    }

    fn job_runs_on(&self, night: CheckNight) -> NaiveDate {
        later(night.last_day(), self.on(night.last_day()).map_or(0, |day| day.job))
    }
}

// ---- the books

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Payment,
    TopupCredit,
    TopupManual,
    CreditClosing,
    Charge,
    Correction,
    Rounding,
}

#[derive(Default)]
struct Books {
    postings: Vec<(Kind, Decimal)>,
    balance: Decimal,
    credit: Decimal,
}

impl Books {
    fn post(&mut self, kind: Kind, amount: Decimal) {
        if amount.is_zero() {
            return;
        }
        self.postings.push((kind, amount));
        self.balance += amount;
        if matches!(kind, Kind::TopupCredit | Kind::CreditClosing) {
            self.credit += amount;
        }
    }

    fn sum(&self, kinds: &[Kind]) -> Decimal {
        self.postings.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, amount)| *amount).sum()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Stands,
    Paid,
    Void,
}

/// How often things happened, so that nothing is proved of what never does.
#[derive(Default, Debug)]
struct Events {
    closed: u32,
    passed: u32,
    waited: u32,
    released: u32,
    voided: u32,
    voided_after_payment: u32,
    lowered: u32,
    since_cut_off: u32,
    left_while_closed: u32,
}

/// An account as a day leaves it.
struct Evening {
    balance: Decimal,
    credit: Decimal,
    paid: Decimal,
    is_settled: bool,
}

struct World<'a> {
    plan: &'a Plan,
    rules: &'a ClosingRules,
    events: &'a mut Events,
    books: Books,
    today: NaiveDate,
    mode: PaymentMode,
    policy: CreditPolicy,
    since: Option<DateTime<Utc>>,
    limit: Decimal,
    limit_on_last_day: Decimal,
    in_force: Decimal,
    closings: Vec<(Closing, Fate)>,
    block: Option<Block>,
    waiting: Option<CheckNight>,
    unbilled: Decimal,
    documents: Vec<Document>,
    payments: Vec<RealPayment>,
    on_the_way: Vec<(NaiveDate, RealPayment)>,
    lowering: Vec<(NaiveDate, Document)>,
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, rules: &'a ClosingRules, events: &'a mut Events) -> Self {
        let (mode, policy) = if plan.is_postpaid {
            (PaymentMode::Postpaid, CreditPolicy::Monthly)
        } else {
            (PaymentMode::Prepaid, CreditPolicy::None)
        };
        Self {
            plan,
            rules,
            events,
            books: Books::default(),
            today: plan.days[0].date,
            mode,
            policy,
            since: None,
            limit: Decimal::from(2_000),
            limit_on_last_day: Decimal::from(2_000),
            in_force: ZERO,
            closings: Vec::new(),
            block: None,
            waiting: None,
            unbilled: ZERO,
            documents: Vec::new(),
            payments: Vec::new(),
            on_the_way: Vec::new(),
            lowering: Vec::new(),
        }
    }

    fn run(mut self) -> (Vec<Evening>, Self) {
        let mut evenings = Vec::new();
        let plan = self.plan;
        for day in &plan.days {
            self.live(day);
            self.check_invariants();
            evenings.push(Evening {
                balance: self.books.balance,
                credit: self.books.credit,
                paid: self.payments.iter().map(|payment| payment.amount).sum(),
                is_settled: self.standing() == Standing::Good,
            });
        }
        (evenings, self)
    }

    fn live(&mut self, day: &Day) {
        self.today = day.date;
        if day.date.day() == 1 {
            self.limit_on_last_day = self.limit;
            self.turn_the_month();
        }
        if let Some(night) = CheckNight::ending_on(day.date) {
            assert_eq!(self.waiting.replace(night), None, "a check waits from one month to the next");
            self.check(false);
        }
        self.load_statements();
        self.check(true);
        self.issue();
        self.lower();
        if let Some(limit) = day.limit {
            self.limit = limit;
        }
        self.books.post(Kind::TopupManual, day.manual);
        for charge in &day.charges {
            self.books.post(Kind::Charge, ZERO - *charge);
            self.unbilled += *charge;
        }
        if let Some(switch) = day.switch {
            self.switch(switch);
        }
    }

    fn has_monthly_credit(&self) -> bool {
        self.policy == CreditPolicy::Monthly
    }

    fn standing(&self) -> Standing {
        if self.closings.iter().any(|(_, fate)| *fate == Fate::Stands) {
            Standing::Closed
        } else if self.waiting.is_some() {
            Standing::Waiting
        } else {
            Standing::Good
        }
    }

    fn limit_at(&self, night: CheckNight) -> Decimal {
        if self.today > night.last_day() { self.limit_on_last_day } else { self.limit }
    }

    fn credit(&self) -> Credit {
        Credit { outstanding: self.books.credit, in_force: self.in_force, standing: self.standing() }
    }

    fn grant(&mut self, grant: Grant) {
        self.in_force = grant.in_force;
        self.books.post(Kind::TopupCredit, grant.topup);
    }

    fn turn_the_month(&mut self) {
        if !self.has_monthly_credit() {
            return;
        }
        self.grant(turn(&self.credit(), self.limit_on_last_day));
        let again = turn(&self.credit(), self.limit_on_last_day);
        assert_eq!(again, Grant { in_force: self.in_force, topup: ZERO }, "the turn, run twice");
    }

    fn facts(&self, night: CheckNight, after_loading: bool) -> Facts<'_> {
        let loaded_on = self.plan.statement_loaded_on(night.last_value_date());
        Facts {
            mode: self.mode,
            policy: self.policy,
            since: self.since,
            limit: self.limit_at(night),
            credit: self.credit(),
            documents: &self.documents,
            payments: &self.payments,
            is_statement_loaded: loaded_on < self.today || (after_loading && loaded_on == self.today),
            is_closed_this_month: self.closings.iter().any(|(closing, _)| closing.night == night),
        }
    }

    /// The check of the night that waits for one.
    fn check(&mut self, after_loading: bool) {
        let Some(night) = self.waiting.filter(|night| self.plan.job_runs_on(*night) <= self.today) else { return };
        let zone = self.plan.zone;
        let outcome = decide(self.rules, night, zone, &self.facts(night, after_loading));
        self.judge(night, &outcome);
        match &outcome {
            Outcome::Wait { alarm_at } => {
                assert_eq!(*alarm_at, night.cut_off(zone) + self.rules.alarm_after);
                self.events.waited += 1;
                return;
            }
            Outcome::NotConcerned(why) => self.events.since_cut_off += u32::from(*why == NotConcerned::SinceCutOff),
            Outcome::Passed => self.events.passed += 1,
            Outcome::Close { amount, cause, debt, .. } => self.close(night, *amount, *cause, *debt),
        }
        self.waiting = None;
        if let Outcome::Close { .. } = outcome {
            let again = decide(self.rules, night, zone, &self.facts(night, after_loading));
            assert_eq!(again, Outcome::NotConcerned(NotConcerned::AlreadyClosed), "the check, run twice");
            // A verdict that comes late may find the debt paid since.
            self.look_again();
        } else {
            if self.has_monthly_credit() {
                self.books.post(Kind::TopupCredit, renewal(&self.credit()));
            }
            let again = decide(self.rules, night, zone, &self.facts(night, after_loading));
            assert_eq!(again, outcome, "the check, run twice");
            assert_eq!(renewal(&self.credit()), ZERO, "the renewal, run twice");
        }
    }

    fn close(&mut self, night: CheckNight, amount: Decimal, cause: Cause, debt: Decimal) {
        self.events.closed += 1;
        self.books.post(Kind::CreditClosing, amount);
        self.closings.push((Closing { night, amount }, Fate::Stands));
        let now = day_start(self.today, self.plan.zone);
        let block = Block::new(cause, None, Some(1), now).unwrap();
        self.block = self.block.or(Some(block));
        if self.rules.formula == ClosingFormula::OutstandingCredit {
            assert_eq!(self.books.credit, ZERO, "the balance is what he has really");
        }
        let standing = blocks::Standing { due: debt, available: None, is_overdue_blocked: false };
        assert!(!cause.is_over(&standing));
    }

    /// What the verdict has to be.
    fn judge(&self, night: CheckNight, outcome: &Outcome) {
        let last = night.last_day();
        let debt = self.debt_before(last);
        let is_closed = self.closings.iter().any(|(closing, _)| closing.night.last_day() == last);
        let in_credit = self.mode == PaymentMode::Postpaid
            && self.policy == CreditPolicy::Monthly
            && self.since.is_none_or(|since| day_of(since, self.plan.zone) < last)
            && (self.limit_at(night) > ZERO || self.books.credit > ZERO)
            && !is_closed;
        match outcome {
            Outcome::Wait { .. } => assert!(in_credit && self.rules.wait_for_statement),
            Outcome::NotConcerned(_) => assert!(!in_credit, "a debtor slipped through: {debt}"),
            Outcome::Passed => assert!(in_credit && debt < Decimal::new(1, 2), "a debtor passed: {debt}"),
            Outcome::Close { debt: told, .. } => {
                assert!(in_credit && debt >= Decimal::new(1, 2), "a payer was closed: {debt}");
                assert_eq!(*told, debt);
            }
        }
    }

    /// Documents issued before the day `last` for months before its own, less payments valued before it.
    fn debt_before(&self, last: NaiveDate) -> Decimal {
        let month = |day: NaiveDate| day.year() * 12 + day.month().cast_signed();
        let mut debt = ZERO;
        for document in &self.documents {
            if document.issued < last && month(document.month) < month(last) {
                debt += document.amount;
            }
        }
        for payment in &self.payments {
            if payment.value_date < last {
                debt -= payment.amount;
            }
        }
        debt
    }

    fn load_statements(&mut self) {
        let today = self.today;
        let (loaded, rest): (Vec<_>, Vec<_>) = self.on_the_way.drain(..).partition(|(day, _)| *day <= today);
        self.on_the_way = rest;
        for (_, payment) in loaded {
            self.payments.push(payment);
            self.books.post(Kind::Payment, payment.amount);
            self.void_what_was_wrong();
            self.look_again();
        }
    }

    fn void_what_was_wrong(&mut self) {
        for index in 0..self.closings.len() {
            let (closing, fate) = self.closings[index];
            if fate == Fate::Void {
                continue;
            }
            self.closings[index].1 = Fate::Void;
            let Some(done) = void(&closing, &self.documents, &self.payments, &self.credit()) else {
                self.closings[index].1 = fate;
                continue;
            };
            self.events.voided += 1;
            self.events.voided_after_payment += u32::from(fate == Fate::Paid);
            self.books.post(Kind::CreditClosing, done.amount);
            self.books.post(Kind::TopupCredit, done.topup);
            if self.standing() != Standing::Closed {
                self.block = None;
            }
        }
    }

    fn look_again(&mut self) {
        if self.standing() != Standing::Closed {
            return;
        }
        let found = recheck(&self.documents, &self.payments, &self.credit(), self.today);
        let night = CheckNight::latest_on(self.today);
        let due = due(&self.documents, &self.payments, night, self.today);
        let standing = blocks::Standing { due, available: None, is_overdue_blocked: false };
        let is_over = self.block.is_some_and(|block| block.cause.is_over(&standing));
        match found {
            Recheck::Stays { debt } => assert!(debt == due && !is_over),
            Recheck::Released { topup } => {
                assert!(is_over, "the block outlives the debt");
                self.events.released += 1;
                self.books.post(Kind::TopupCredit, topup);
                self.block = None;
                for (_, fate) in self.closings.iter_mut().filter(|(_, fate)| *fate == Fate::Stands) {
                    *fate = Fate::Paid;
                }
            }
        }
    }

    /// The document of the month before, and when it will be paid.
    fn issue(&mut self) {
        if self.today.day() == 1 {
            // What the month came to, rounded once.
            let billed = self.unbilled.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
            self.books.post(Kind::Rounding, self.unbilled - billed);
            self.unbilled = ZERO;
            let before = month_of(self.today.pred_opt().unwrap());
            if before < self.plan.days[0].date || billed.is_zero() {
                return;
            }
            let month = self.plan.months[(before.year() - 2027) as usize * 12 + before.month0() as usize];
            let issued = later(self.today, u64::from(month.issued_on) - 1);
            self.lowering.push((issued, Document { month: before, issued, amount: billed }));
            if let Some((days, thousandths)) = month.lowered {
                let part = (billed * Decimal::new(thousandths, 3)).round_dp_with_strategy(2, RoundingStrategy::ToZero);
                let issued = later(issued, days + 1);
                self.lowering.push((issued, Document { month: before, issued, amount: ZERO - part }));
            }
            self.will_pay(month, issued, billed);
        }
    }

    fn will_pay(&mut self, month: Month, issued: NaiveDate, billed: Decimal) {
        let night = CheckNight::of_month(issued);
        let in_time = later(issued, month.day % (days_between(issued, night.last_value_date()) + 1));
        let parts = match month.pays {
            Pays::InTime => vec![(in_time, billed, 0)],
            Pays::Found(days) => vec![(in_time, billed, days)],
            Pays::Late(days) => vec![(later(night.last_day(), days), billed, 0)],
            Pays::Short(short, days) => {
                let short = short.min(billed);
                vec![(in_time, billed - short, 0), (later(night.last_day(), days), short, 0)]
            }
        };
        for (value_date, amount, days) in parts.into_iter().filter(|(_, amount, _)| !amount.is_zero()) {
            let found = later(self.plan.statement_loaded_on(value_date), days);
            self.on_the_way.push((found, RealPayment { value_date, amount }));
        }
    }

    /// Documents whose day of issue has come: bills, whose charges are posted already, and those that lower them.
    fn lower(&mut self) {
        let today = self.today;
        let (issued, rest): (Vec<_>, Vec<_>) = self.lowering.drain(..).partition(|(day, _)| *day <= today);
        self.lowering = rest;
        for (_, document) in issued {
            self.documents.push(document);
            if document.amount < ZERO {
                self.events.lowered += 1;
                self.books.post(Kind::Correction, ZERO - document.amount);
                self.look_again();
            }
        }
    }

    fn switch(&mut self, switch: Switch) {
        let moment = day_start(self.today, self.plan.zone) + TimeDelta::minutes(switch.minutes);
        assert_eq!(day_of(moment, self.plan.zone), self.today);
        if self.has_monthly_credit() {
            self.events.left_while_closed += u32::from(self.standing() == Standing::Closed);
            self.grant(leave(&self.credit()));
            assert_eq!(self.books.credit, ZERO, "who left owes no credit");
            (self.mode, self.policy, self.since) = (switch.away, CreditPolicy::None, None);
        } else {
            (self.mode, self.policy) = (PaymentMode::Postpaid, CreditPolicy::Monthly);
            self.since = Some(moment);
            self.grant(join(&self.credit(), self.limit, switch.at_once));
        }
    }

    fn check_invariants(&self) {
        let credit = self.books.credit;
        assert!(ZERO <= credit && credit <= self.in_force, "outstanding {credit}, limit {}", self.in_force);
        let stands = self.standing() == Standing::Closed;
        assert_eq!(self.block.is_some(), stands, "blocked while a closing stands, and no longer");
        for (closing, fate) in &self.closings {
            let debt = self.debt_before(closing.night.last_day());
            assert!(*fate != Fate::Stands || debt > ZERO, "who paid in time is blocked: {:?}", closing.night);
        }
        if self.today.day() == 1 {
            self.check_books();
        }
    }

    fn check_books(&self) {
        let sum: Decimal = self.books.postings.iter().map(|(_, amount)| *amount).sum();
        assert_eq!(self.books.balance, sum, "the balance is the sum of the postings");
        assert_eq!(self.books.credit, self.books.sum(&[Kind::TopupCredit, Kind::CreditClosing]));
        let pending: Decimal = self.lowering.iter().map(|(_, bill)| bill.amount).filter(|sum| *sum > ZERO).sum();
        let billed: Decimal = self.documents.iter().map(|document| document.amount).sum();
        let own = self.books.sum(&[Kind::Payment]) - billed - pending - self.unbilled;
        let virtual_money = self.books.credit + self.books.sum(&[Kind::TopupManual]);
        assert_eq!(self.books.balance, own + virtual_money, "real money and virtual money");
    }
}

/// Runs a plan as it is and as a good payer would, and compares them.
fn simulate(plan: &Plan, rules: &ClosingRules, events: &mut Events) {
    let good = plan.of_a_good_payer();
    let mut of_good = Events::default();
    let (in_time, good_end) = World::new(&good, rules, &mut of_good).run();
    // Who does not wait for the statement closes those whose money is in it, until it comes.
    let is_hasty = |fate: Fate| !rules.wait_for_statement && fate == Fate::Void;
    assert!(good_end.closings.iter().all(|(_, fate)| is_hasty(*fate)), "a good payer was closed");
    good_end.check_books();

    let (lived, end) = World::new(plan, rules, events).run();
    end.check_books();
    assert_eq!(end.standing(), Standing::Good, "all is paid at the end");
    let mut compared = 0;
    for (day, (one, other)) in plan.days.iter().zip(lived.iter().zip(&in_time)) {
        if one.is_settled && other.is_settled && one.paid == other.paid {
            assert_eq!((one.balance, one.credit), (other.balance, other.credit), "{}", day.date);
            compared += 1;
        }
    }
    let (one, other) = (lived.last().unwrap(), in_time.last().unwrap());
    assert_eq!((one.paid, one.balance, one.credit), (other.paid, other.balance, other.credit));
    assert!(compared > 10, "compared on {compared} days");
}

/// Whatever clients do and whenever statements come: debtors are closed and nobody else, the books add up, nothing is posted twice, and who has paid stands
/// where he would stand had he paid in time (M49-M54, A15, A17).
#[test]
fn two_years_of_credit() {
    let mut events = Events::default();
    for seed in 0..SEEDS {
        for (index, zone) in (0..).zip(ZONES) {
            let mut dice = Dice((seed << 8) + index);
            let plan = Plan::drawn(&mut dice, zone);
            for formula in ClosingFormula::ALL.iter().copied() {
                let wait_for_statement = formula == ClosingFormula::OutstandingCredit || seed % 4 > 0;
                let rules = ClosingRules { formula, wait_for_statement, ..ClosingRules::default() };
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    simulate(&plan, &rules, &mut events);
                }));
                assert!(result.is_ok(), "seed {seed}, {zone}, {formula:?}");
            }
        }
    }
    let Events { closed, passed, waited, released, voided, voided_after_payment, lowered, .. } = events;
    for (happened, what) in [
        (closed, "closed"),
        (passed, "passed"),
        (waited, "waited"),
        (released, "released"),
        (voided, "voided"),
        (voided_after_payment, "voided after payment"),
        (lowered, "lowered"),
        (events.since_cut_off, "switched on the last day"),
        (events.left_while_closed, "left while closed"),
    ] {
        assert!(happened > 5, "{what} happened {happened} times: {events:?}");
    }
}
