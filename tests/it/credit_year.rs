//! A year of accounts with credit by the month on real books, against a naive ledger that does by hand what the rules decide.
//!
//! The year is 2028, with its 29 February, in two zones. Clients pay in time, late, short, or are found late; documents are lowered, limits change, accounts
//! switch on any day, statements come late, and for three days about a turn of the month nothing runs.

use std::collections::BTreeSet;

use admin_api::run_job;
use billing::accounts::{self, AccountUpdate, CreditPolicy, PaymentMode};
use billing::credit;
use billing::credit::calendar::{CheckNight, day_start, last_day_of, month_of};
use billing::credit::debt::{Document, RealPayment};
use billing::credit::month_end::{
    Closing, ClosingFormula, ClosingRules, Credit, Facts, Grant, NotConcerned, Outcome, Recheck, Standing, decide,
    join, leave, recheck, renewal, turn, void,
};
use billing::documents::{self, DocumentKind, NewDocument};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::json;

use crate::credit::{Desk, day};

const ZERO: Decimal = Decimal::ZERO;
const ACCOUNTS: [&str; 4] = ["y0", "y1", "y2", "y3"];

/// A stream of numbers from a seed (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    pub(crate) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What happens to an account.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Money comes with a value date.
    Pays(NaiveDate, Decimal),
    /// A document for a month: a bill, or below zero a correction.
    Billed(NaiveDate, Decimal),
    /// It costs something.
    Charged(Decimal),
    /// Another limit.
    Limited(Decimal),
    /// To credit by the month or away from it; whether it comes at once.
    Switches(bool),
}

impl Event {
    /// The hour of the day.
    const fn hour(self) -> i64 {
        match self {
            Self::Pays(..) => 9,
            Self::Billed(..) => 12,
            Self::Charged(_) => 13,
            Self::Limited(_) => 15,
            Self::Switches(_) => 18,
        }
    }
}

/// When statements come.
const STATEMENT_HOUR: i64 = 10;

fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap()
}

/// (day, account, event) of a year, by day, hour and account.
fn drawn(dice: &mut Dice) -> Vec<(NaiveDate, usize, Event)> {
    let mut events = Vec::new();
    for account in 0..ACCOUNTS.len() {
        for month in 0..12 {
            let first = day("2028-01-01").checked_add_months(Months::new(month)).unwrap();
            let sum = Decimal::new(10_000 + dice.below(250_000).cast_signed(), 2);
            events.push((later(first, dice.below(28)), account, Event::Charged(sum)));
            if dice.happens(20) {
                let limit = Event::Limited(Decimal::from(500 * dice.below(8)));
                events.push((later(first, dice.below(28)), account, limit));
            }
            if dice.happens(10) {
                events.push((later(first, dice.below(28)), account, Event::Switches(dice.happens(50))));
            }
            if dice.happens(15) {
                events.push((last_day_of(first), account, Event::Switches(dice.happens(50))));
            }
            let issued = later(last_day_of(first), 1 + dice.below(5));
            billed(dice, account, (first, issued), sum, &mut events);
        }
    }
    events.retain(|(day, ..)| *day <= self::day("2028-12-31"));
    events.sort_by_key(|(day, account, event)| (*day, event.hour(), *account));
    events
}

/// A bill and how it is paid.
fn billed(
    dice: &mut Dice,
    account: usize,
    (month, issued): (NaiveDate, NaiveDate),
    sum: Decimal,
    events: &mut Vec<(NaiveDate, usize, Event)>,
) {
    let night = CheckNight::of_month(issued);
    let in_time_days = (night.last_value_date() - issued).num_days().unsigned_abs();
    let in_time = later(issued, dice.below(in_time_days + 1));
    let late = later(night.last_day(), dice.below(20));
    let two = Decimal::from(2);
    let parts = match dice.below(10) {
        0..=3 => vec![(in_time, sum, 1)],
        4 | 5 => vec![(late, sum, 1)],
        6 => vec![(in_time, sum - two, 1), (late, two, 1)],
        _ => vec![(in_time, sum, 2 + dice.below(30))],
    };
    events.push((issued, account, Event::Billed(month, sum)));
    events
        .extend(parts.into_iter().map(|(value, part, found)| (later(value, found), account, Event::Pays(value, part))));
    if dice.happens(15) {
        let part = Decimal::new(100 + dice.below(3_000).cast_signed(), 2);
        events.push((later(issued, 1 + dice.below(40)), account, Event::Billed(month, ZERO - part)));
    }
}

// ---- the naive ledger

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stands,
    Paid,
    Void,
}

/// How often things happened, so that nothing is proved of what never does.
#[derive(Default, Debug)]
struct Counts {
    closed: u32,
    passed: u32,
    waited: u32,
    released: u32,
    voided: u32,
}

struct Naive {
    mode: PaymentMode,
    policy: CreditPolicy,
    since: Option<DateTime<Utc>>,
    limit: Decimal,
    limit_on_last_day: Decimal,
    in_force: Decimal,
    balance: Decimal,
    credit: Decimal,
    waiting: Vec<CheckNight>,
    closings: Vec<(Closing, Fate)>,
    documents: Vec<Document>,
    payments: Vec<RealPayment>,
}

impl Naive {
    fn new() -> Self {
        Self {
            mode: PaymentMode::Postpaid,
            policy: CreditPolicy::Monthly,
            since: None,
            limit: Decimal::from(2_000),
            limit_on_last_day: Decimal::from(2_000),
            in_force: ZERO,
            balance: ZERO,
            credit: ZERO,
            waiting: Vec::new(),
            closings: Vec::new(),
            documents: Vec::new(),
            payments: Vec::new(),
        }
    }

    fn standing(&self) -> Standing {
        if self.closings.iter().any(|(_, fate)| *fate == Fate::Stands) {
            Standing::Closed
        } else if self.waiting.is_empty() {
            Standing::Good
        } else {
            Standing::Waiting
        }
    }

    fn credit(&self) -> Credit {
        Credit { outstanding: self.credit, in_force: self.in_force, standing: self.standing() }
    }

    fn given(&mut self, sum: Decimal) {
        self.credit += sum;
        self.balance += sum;
    }

    fn granted(&mut self, grant: Grant) {
        self.in_force = grant.in_force;
        self.given(grant.topup);
    }

    fn turn(&mut self, moment: DateTime<Utc>) {
        if self.policy == CreditPolicy::Monthly && self.since.is_none_or(|since| since < moment) {
            self.granted(turn(&self.credit(), self.limit_on_last_day));
        }
    }

    fn open(&mut self, night: CheckNight, zone: Tz) {
        if self.mode == PaymentMode::Postpaid && self.since.is_none_or(|since| since < night.cut_off(zone)) {
            self.waiting.push(night);
        }
    }

    fn judge(&mut self, year: &Year, counts: &mut Counts) {
        for night in self.waiting.clone() {
            let is_over = year.today > night.last_day();
            let is_statement_loaded = year.complete.contains(&bank_day(night));
            let facts = Facts {
                mode: self.mode,
                policy: self.policy,
                since: self.since,
                limit: if is_over { self.limit_on_last_day } else { self.limit },
                credit: self.credit(),
                documents: &self.documents,
                payments: &self.payments,
                is_statement_loaded,
                is_closed_this_month: self.closings.iter().any(|(closing, _)| closing.night == night),
            };
            let outcome = decide(&year.rules, night, year.zone, &facts);
            // Who has no credit to close owes by documents all the same, and waits for the statement, too.
            let owes_by_document = self.since.is_none_or(|since| since < night.cut_off(year.zone))
                && matches!(outcome, Outcome::NotConcerned(NotConcerned::NoLimit | NotConcerned::NoMonthlyCredit));
            if matches!(outcome, Outcome::Wait { .. }) || (owes_by_document && !is_statement_loaded) {
                counts.waited += 1;
                continue;
            }
            self.waiting.retain(|waiting| *waiting != night);
            if let Outcome::Close { amount, .. } = outcome {
                counts.closed += 1;
                self.given(amount);
                self.closings.push((Closing { night, amount }, Fate::Stands));
                self.look_again(year.today, counts);
            } else {
                counts.passed += u32::from(outcome == Outcome::Passed);
                if self.policy == CreditPolicy::Monthly {
                    self.given(renewal(&self.credit()));
                }
            }
        }
    }

    fn after_money(&mut self, today: NaiveDate, counts: &mut Counts) {
        for index in 0..self.closings.len() {
            let (closing, fate) = self.closings[index];
            if fate == Fate::Void {
                continue;
            }
            self.closings[index].1 = Fate::Void;
            if let Some(wrong) = void(&closing, &self.documents, &self.payments, &self.credit()) {
                counts.voided += 1;
                self.given(wrong.amount + wrong.topup);
            } else {
                self.closings[index].1 = fate;
            }
        }
        self.look_again(today, counts);
    }

    fn look_again(&mut self, today: NaiveDate, counts: &mut Counts) {
        if self.standing() != Standing::Closed {
            return;
        }
        if let Recheck::Released { topup } = recheck(&self.documents, &self.payments, &self.credit(), today) {
            counts.released += 1;
            for (_, fate) in self.closings.iter_mut().filter(|(_, fate)| *fate == Fate::Stands) {
                *fate = Fate::Paid;
            }
            self.given(topup);
        }
    }
}

/// The last day before a night that is no Saturday and no Sunday.
fn bank_day(night: CheckNight) -> NaiveDate {
    night.last_bank_day(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
}

// ---- the year

struct Year {
    zone: Tz,
    rules: ClosingRules,
    today: NaiveDate,
    /// The last day up to which boundaries of months are behind us.
    done: NaiveDate,
    complete: BTreeSet<NaiveDate>,
    accounts: Vec<Naive>,
    numbers: u32,
}

impl Year {
    /// What the jobs do when they run: who waits is judged, then each boundary in its order.
    fn run(&mut self, counts: &mut Counts) {
        self.judge(counts);
        while self.done < self.today {
            self.done = later(self.done, 1);
            if let Some(night) = CheckNight::ending_on(self.done) {
                let zone = self.zone;
                self.accounts.iter_mut().for_each(|account| account.open(night, zone));
                self.judge(counts);
            }
            if month_of(self.done) == self.done {
                let moment = day_start(self.done, self.zone);
                self.accounts.iter_mut().for_each(|account| account.turn(moment));
            }
        }
    }

    fn judge(&mut self, counts: &mut Counts) {
        let mut accounts = std::mem::take(&mut self.accounts);
        for account in &mut accounts {
            account.judge(self, counts);
        }
        self.accounts = accounts;
    }

    /// Runs a job as the program does; what was done before for the date is not done again.
    async fn jobs(&mut self, desk: &Desk, counts: &mut Counts) {
        let name = if month_of(self.today) == self.today { "credit_renew" } else { "credit_check" };
        run_job(&desk.state, name, self.today).await.unwrap();
        self.run(counts);
    }

    async fn live(&mut self, desk: &Desk, (account, event): (usize, Event), counts: &mut Counts) {
        let code = ACCOUNTS[account];
        let now = day_start(self.today, self.zone) + TimeDelta::hours(event.hour());
        desk.hands.set(now);
        let naive = &mut self.accounts[account];
        match event {
            Event::Pays(value_date, amount) => {
                desk.pay(code, &value_date.to_string(), &amount.to_string()).await;
                naive.balance += amount;
                naive.payments.push(RealPayment { value_date, amount });
                naive.after_money(self.today, counts);
            }
            Event::Billed(month, amount) => {
                self.numbers += 1;
                let kind = if amount < ZERO { DocumentKind::Ukd } else { DocumentKind::Upd };
                let number = self.numbers.to_string();
                let new = NewDocument {
                    account: code,
                    kind,
                    number: &number,
                    month,
                    issued_on: None,
                    contract: None,
                    amount,
                    payable: None,
                };
                let mut change = desk.change().await;
                documents::enter(&mut change, &new, "test").await.unwrap();
                change.commit(201, &json!(null)).await.unwrap();
                naive.documents.push(Document { month, issued: self.today, amount });
                if amount < ZERO {
                    naive.after_money(self.today, counts);
                }
            }
            Event::Charged(amount) => {
                let sql = format!(
                    "INSERT INTO posting (account_id, kind, is_real, amount, at, day, reference, author)
                         SELECT id, 'charge', false, -{amount}, '{now}', '{}', 'month', 'test' FROM account WHERE code = '{code}';
                     UPDATE account_balance SET balance = balance - {amount} WHERE account_id = (SELECT id FROM account WHERE code = '{code}')",
                    self.today
                );
                desk.world.store.run_past_the_rooms(&sql).await.unwrap();
                naive.balance -= amount;
            }
            Event::Limited(limit) if naive.policy == CreditPolicy::Monthly => {
                let mut change = desk.change().await;
                accounts::set_credit_limit(&mut change, code, limit, None, "test").await.unwrap();
                change.commit(200, &json!(null)).await.unwrap();
                naive.limit = limit;
            }
            Event::Limited(_) => {}
            Event::Switches(at_once) => {
                let leaves = naive.policy == CreditPolicy::Monthly;
                (naive.mode, naive.policy, naive.limit, naive.since) = if leaves {
                    (PaymentMode::Prepaid, CreditPolicy::None, ZERO, None)
                } else {
                    (PaymentMode::Postpaid, CreditPolicy::Monthly, Decimal::from(2_000), Some(now))
                };
                let update = AccountUpdate {
                    payment_mode: Some(naive.mode),
                    credit_policy: Some(naive.policy),
                    credit_limit: Some(naive.limit),
                    credit_at_once: at_once && !leaves,
                    ..AccountUpdate::default()
                };
                let mut change = desk.change().await;
                accounts::update(&mut change, code, &update, None, "test").await.unwrap();
                change.commit(200, &json!(null)).await.unwrap();
                let credit = naive.credit();
                naive.granted(if leaves { leave(&credit) } else { join(&credit, naive.limit, at_once) });
            }
        }
    }

    /// The books are those of the naive ledger.
    async fn compare(&self, desk: &Desk, now: DateTime<Utc>) {
        for (code, naive) in ACCOUNTS.iter().zip(&self.accounts) {
            let shown = credit::account_credit(&desk.world.store, code, now).await.unwrap().unwrap();
            assert_eq!(
                (shown.outstanding.normalize(), shown.in_force.normalize(), shown.standing),
                (naive.credit.normalize(), naive.in_force.normalize(), naive.standing()),
                "{code} on {}",
                self.today
            );
            let balance = desk.world.balance(code).await;
            assert_eq!(balance, naive.balance.normalize().to_string(), "{code} on {}", self.today);
        }
    }
}

async fn live_a_year(zone: Tz, formula: ClosingFormula, seed: u64, counts: &mut Counts) {
    let desk = Desk::open("2027-12-31T12:00:00Z").await;
    let settings = format!(
        "UPDATE setting SET value = '{}' WHERE key = 'billing.zone'; UPDATE setting SET value = '{}' WHERE key = 'credit.closing_formula'",
        zone.name(),
        formula.as_str()
    );
    desk.world.store.run_past_the_rooms(&settings).await.unwrap();
    for code in ACCOUNTS {
        desk.account(code, ("postpaid", "monthly", "2000")).await;
    }
    let mut dice = Dice(seed);
    let events = drawn(&mut dice);
    let mut year = Year {
        zone,
        rules: ClosingRules { formula, ..ClosingRules::default() },
        today: day("2027-12-31"),
        done: day("2027-12-31"),
        complete: BTreeSet::new(),
        accounts: ACCOUNTS.iter().map(|_| Naive::new()).collect(),
        numbers: 0,
    };
    // Statements of last bank days: before the night, or up to four days after it.
    let mut statements: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for month in 0..12 {
        let first = day("2028-01-01").checked_add_months(Months::new(month)).unwrap();
        let night = CheckNight::of_month(first);
        let comes = if dice.happens(50) { night.last_value_date() } else { later(night.last_day(), dice.below(5)) };
        statements.push((comes, bank_day(night)));
    }
    let is_away = |today: NaiveDate| day("2028-10-31") <= today && today <= day("2028-11-02");
    for today in day("2028-01-01").iter_days().take_while(|today| *today <= day("2028-12-31")) {
        year.today = today;
        let start = day_start(today, zone);
        desk.hands.set(start);
        let is_first = month_of(today) == today;
        if is_first {
            year.accounts.iter_mut().for_each(|account| account.limit_on_last_day = account.limit);
        }
        let is_boundary = is_first || CheckNight::ending_on(today).is_some();
        let is_back = today == day("2028-11-03");
        if (is_boundary && !is_away(today)) || is_back {
            year.jobs(&desk, counts).await;
        }
        let of_today: Vec<(usize, Event)> =
            events.iter().filter(|(day, ..)| *day == today).map(|(_, account, event)| (*account, *event)).collect();
        let (before, behind): (Vec<_>, Vec<_>) =
            of_today.iter().copied().partition(|(_, event)| event.hour() < STATEMENT_HOUR);
        for happens in before {
            year.live(&desk, happens, counts).await;
        }
        for (_, bank_day) in statements.iter().filter(|(comes, _)| *comes == today) {
            desk.hands.set(start + TimeDelta::hours(STATEMENT_HOUR));
            let sql = format!(
                "INSERT INTO bank_day (legal_entity_id, day, loaded_at, loaded_by) VALUES (1, '{bank_day}', '{start}', 'test')"
            );
            desk.world.store.run_past_the_rooms(&sql).await.unwrap();
            year.complete.insert(*bank_day);
            if !is_away(today) {
                run_job(&desk.state, "credit_check", today).await.unwrap();
                year.run(counts);
            }
        }
        for happens in behind {
            year.live(&desk, happens, counts).await;
        }
        let is_quiet = of_today.is_empty() && !is_boundary && !is_back;
        if !is_quiet {
            year.compare(&desk, start + TimeDelta::hours(20)).await;
        }
        if is_first {
            desk.world.assert_books_agree().await;
        }
    }
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// M49-M54, A15, A17: whatever clients do and whenever statements and jobs come, the books are what the rules make by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_credit() {
    let mut counts = Counts::default();
    live_a_year(chrono_tz::Europe::Moscow, ClosingFormula::OutstandingCredit, 1, &mut counts).await;
    live_a_year(chrono_tz::America::New_York, ClosingFormula::UnpaidPrevious, 2, &mut counts).await;
    let Counts { closed, passed, waited, released, voided } = counts;
    for (happened, what) in
        [(closed, "closed"), (passed, "passed"), (waited, "waited"), (released, "released"), (voided, "voided")]
    {
        assert!(happened > 0, "{what} never happened: {counts:?}");
    }
}
