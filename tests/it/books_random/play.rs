//! A sequence is played: each step on the product and in the naive books.
//!
//! Owns: its accounts and their terms, its clock, which refusal a rule asks for, who may take a balance past its limit.
//! Does not own: deeds with money (`money`), terms and calls (`terms`), what is compared (`compare`).
//! Always: the naive books say first whether a step is refused; a refused one has booked nothing and its code is the API's; after each step the books are
//! compared, and no balance has passed its limit but by who may do that knowingly, or by records that came late and are reported.

use std::collections::BTreeMap;

use billing::accounts::{self, CreditPolicy, PaymentMode};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Moscow;
use rust_decimal::Decimal;
use serde_json::Value;

use super::books::{Account, Books, ZERO};
use super::calls::Calls;
use super::compare::{compare, reports};
use super::desk::Desk;
use super::step::{ACCOUNTS, Deed, Step};

/// On which terms the accounts begin: every policy, and payment in advance twice.
const TERMS: [(PaymentMode, CreditPolicy, i64); ACCOUNTS] = [
    (PaymentMode::Prepaid, CreditPolicy::None, 0),
    (PaymentMode::Prepaid, CreditPolicy::Days, 1_000),
    (PaymentMode::Postpaid, CreditPolicy::Monthly, 2_000),
    (PaymentMode::Postpaid, CreditPolicy::None, 0),
    (PaymentMode::Prepaid, CreditPolicy::None, 0),
];

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// It was done.
    Done,
    /// A rule refuses it, and it was refused.
    Refused,
    /// It was about nothing.
    Nothing,
}

/// How often what happened, so that nothing is proved of what never does.
#[derive(Default, Debug)]
pub(super) struct Tally {
    pub(super) done: BTreeMap<&'static str, u32>,
    pub(super) refused: BTreeMap<&'static str, u32>,
    /// Balances that late records took past their limit.
    pub(super) late: u32,
    /// Closings of credit.
    pub(super) closed: u32,
}

/// A sequence that is being played.
pub(super) struct Play<'a> {
    pub(super) desk: &'a Desk,
    pub(super) books: Books,
    pub(super) calls: Calls,
    /// The month in which it begins.
    pub(super) first: NaiveDate,
    number: u32,
}

/// The first moment of a day where the accounts are.
pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    Moscow.from_local_datetime(&day.and_time(NaiveTime::MIN)).single().unwrap().with_timezone(&Utc)
}

/// The place of what stands so many places before the latest.
pub(super) fn from_latest(len: usize, place: usize) -> Option<usize> {
    len.checked_sub(1 + place)
}

pub(super) fn kopecks(sum: i64) -> Decimal {
    Decimal::new(sum, 2)
}

pub(super) fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The number that an answer names.
pub(super) fn id_of(answer: &Value) -> Result<i64, String> {
    answer["id"].as_i64().ok_or_else(|| format!("an answer without a number: {answer}"))
}

/// A refusal: the product has refused as well.
pub(super) fn refused(answer: Result<Value, String>) -> Result<(), String> {
    match answer {
        Ok(answer) => Err(format!("the rules refuse it, and the product has done it: {answer}")),
        Err(_) => Ok(()),
    }
}

impl<'a> Play<'a> {
    /// Accounts of their own, in a year of their own: 20 January, 09:00.
    pub(super) async fn begin(desk: &'a Desk, number: u32) -> Result<Self, String> {
        let day = NaiveDate::from_ymd_opt(2027 + number.cast_signed(), 1, 20).unwrap();
        desk.hands.set(midnight(day) + TimeDelta::hours(9));
        let mut statements = format!("INSERT INTO credit_step (day, done_at, skipped) VALUES ('{day}', now(), true);");
        let codes: Vec<String> =
            (0..ACCOUNTS).map(|at| format!("A-{:06}", 100_001 + 10 * number as usize + at)).collect();
        for (code, (mode, policy, limit)) in codes.iter().zip(TERMS) {
            let opened = format!(
                "WITH c AS (INSERT INTO client (code, name) VALUES ('{code}', '{code}') RETURNING id),
                      a AS (INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy, credit_limit)
                            SELECT '{code}', c.id, 1, 'RUB', 'Europe/Moscow', '{}', '{}', {limit} FROM c RETURNING id)
                 INSERT INTO account_balance (account_id) SELECT id FROM a;",
                mode.as_str(),
                policy.as_str()
            );
            statements.push_str(&opened);
        }
        desk.sql(&statements).await?;
        let mut opened = Vec::new();
        for (code, (mode, policy, limit)) in codes.into_iter().zip(TERMS) {
            let account = accounts::by_code(&desk.world.store, &code, desk.now()).await.map_err(told)?;
            opened.push(Account {
                id: account.ok_or("an account that was not opened")?.id,
                code,
                mode,
                policy,
                limit: Decimal::from(limit),
                since: None,
                movements: Vec::new(),
                usage: BTreeMap::new(),
                temporary: Vec::new(),
                documents: Vec::new(),
                in_force: ZERO,
                turned: None,
                closings: Vec::new(),
            });
        }
        let ids: Vec<(String, i64)> = opened.iter().map(|account| (account.code.clone(), account.id)).collect();
        let calls = Calls::open(desk, &ids).await;
        let first = NaiveDate::from_ymd_opt(2027 + number.cast_signed(), 1, 1).unwrap();
        Ok(Self { desk, books: Books::new(opened), calls, first, number })
    }

    /// A step, and what it may not have done.
    pub(super) async fn step(&mut self, step: Step, tally: &mut Tally) -> Result<(), String> {
        let before = self.available();
        let happened = self.deed(step).await?;
        self.books.expire(self.desk.now());
        compare(self.desk, &self.books).await?;
        match happened {
            Happened::Done => *tally.done.entry(step.deed.name()).or_default() += 1,
            Happened::Refused => *tally.refused.entry(step.deed.name()).or_default() += 1,
            Happened::Nothing => {}
        }
        for (at, (before, after)) in before.into_iter().zip(self.available()).enumerate() {
            let (Some(before), Some(after)) = (before, after) else { continue };
            if after >= ZERO || after >= before {
                continue;
            }
            if !self.may_pass(step.deed) {
                let code = &self.books.accounts[at].code;
                return Err(format!("{code} has passed its limit: {before} was there, {after} is"));
            }
            if matches!(step.deed, Deed::Record { .. } | Deed::Stray { .. }) {
                tally.late += 1;
                reports(self.desk, &self.books).await?;
            }
        }
        Ok(())
    }

    fn available(&self) -> Vec<Option<Decimal>> {
        (0..ACCOUNTS).map(|at| self.books.available(at, self.desk.now())).collect()
    }

    /// Who may take a balance past its limit: staff and the bank who know it, time that ends a temporary limit or a credit, and records that came late. Those
    /// of calls that were let go are in the report of such calls, which `compare` has seen; those that nobody was asked about in the list of
    /// accounts beyond their limit, which `reports` reads at once.
    fn may_pass(&self, deed: Deed) -> bool {
        match deed {
            Deed::Record { call, .. } => {
                from_latest(self.books.calls.len(), call).is_some_and(|at| self.books.calls[at].is_overdue)
            }
            Deed::Stray { .. }
            | Deed::Charge { .. }
            | Deed::TopUp { .. }
            | Deed::Move { .. }
            | Deed::Return { .. }
            | Deed::Reverse { .. }
            | Deed::Limit { .. }
            | Deed::Switch { .. }
            | Deed::Pass { .. } => true,
            Deed::Pay { .. }
            | Deed::Statement { .. }
            | Deed::Allocate { .. }
            | Deed::Refund { .. }
            | Deed::Withdraw { .. }
            | Deed::Bill { .. }
            | Deed::Temporary { .. }
            | Deed::Begin { .. }
            | Deed::Release { .. }
            | Deed::Close => false,
        }
    }

    async fn deed(&mut self, Step { deed, crash }: Step) -> Result<Happened, String> {
        match deed {
            Deed::Pay { account, kopecks, days_ago, again } => {
                self.pay((account, kopecks), days_ago, again, crash).await
            }
            Deed::Statement { account, kopecks, again } => self.statement((account, kopecks), again, crash).await,
            Deed::Allocate { payment, as_advance } => self.allocate(payment, as_advance, crash).await,
            Deed::Refund { payment, percent } => self.refund(payment, percent, crash).await,
            Deed::Move { payment, account } => self.move_payment(payment, account, crash).await,
            Deed::Return { payment } => self.return_payment(payment, crash).await,
            Deed::TopUp { account, kopecks } => self.top_up(account, kopecks, crash).await,
            Deed::Charge { account, kopecks, days_ago } => self.charge((account, kopecks), days_ago, crash).await,
            Deed::Withdraw { account, kopecks } => self.withdraw(account, kopecks, crash).await,
            Deed::Reverse { posting } => self.reverse(posting, crash).await,
            Deed::Bill { account, kopecks } => self.bill(account, kopecks, crash).await,
            Deed::Limit { account, roubles } => self.limit(account, roubles, crash).await,
            Deed::Temporary { account, roubles, days } => self.temporary((account, roubles), days, crash).await,
            Deed::Switch { account, at_once } => self.switch(account, at_once, crash).await,
            Deed::Begin { account, seconds } => self.begin_call(account, seconds, crash).await,
            Deed::Release { call, percent } => self.release(call, percent, crash).await,
            Deed::Record { call, percent } => self.record(call, percent, crash).await,
            Deed::Stray { account, thousandths, days_ago } => self.stray((account, thousandths), days_ago, crash).await,
            Deed::Close => self.close(crash).await,
            Deed::Pass { days } => self.pass(days, crash).await,
        }
    }

    /// The end: what the product says of its books; the accounts are nobody's from then on.
    pub(super) async fn end(self, tally: &mut Tally) -> Result<(), String> {
        reports(self.desk, &self.books).await?;
        let closings = self.books.accounts.iter().map(|account| account.closings.len() as u32);
        tally.closed += closings.sum::<u32>();
        Ok(())
    }

    /// Retires accounts, whatever became of them: the jobs of later years do not look at them.
    pub(super) async fn retire(desk: &Desk) -> Result<(), String> {
        desk.sql("UPDATE account SET active = false WHERE code LIKE 'A-1_____'").await
    }

    /// A name that no other call has.
    pub(super) fn name_of_call(&self) -> String {
        format!("call-{}-{:04}", self.number, self.books.calls.len())
    }
}
