//! Deeds without money of their own: documents, limits, switches, calls, the end of a month, time.
//!
//! Owns: how each is asked of the product, and what it comes to in the naive books.
//! Does not own: whether both agree (`compare`).
//! Always: the jobs of a night run at its moment; one that was stopped in the middle is run again.

use std::time::Duration;

use admin_api::{Ran, run_job};
use billing::accounts::{self, AccountUpdate, CreditPolicy, PaymentMode};
use billing::blocks::{self, NewLimit};
use billing::documents::{self, DocumentKind, NewDocument};
use billing::holds::{Denied, Settled};
use billing::{Change, ledger};
use chrono::{Months, NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::json;
use tests::cut;

use super::books::{Call, CallState, ZERO, days_before, month_of};
use super::calls::{TERMS, reserved_until};
use super::month::Document;
use super::play::{Happened, Play, from_latest, kopecks, midnight, refused, told};
use super::step::Crash;

/// The limit of who comes under credit by the month.
const LIMIT: i64 = 2_000;

impl Play<'_> {
    pub(super) async fn bill(&mut self, account: usize, sum: i64, crash: Crash) -> Result<Happened, String> {
        let (desk, amount, today) = (self.desk, kopecks(sum), self.desk.today());
        let (code, number) = (self.books.accounts[account].code.clone(), desk.number().to_string());
        let month = month_of(today) - Months::new(1);
        let kind = if amount < ZERO { DocumentKind::Ukd } else { DocumentKind::Upd };
        desk.change(&desk.people.accounting, crash, async |change: &mut Change| {
            let (issued_on, contract, payable) = (None, None, None);
            let new =
                NewDocument { account: &code, kind, number: &number, month, issued_on, contract, amount, payable };
            documents::enter(change, &new, "test").await.map_err(told)?;
            Ok(json!({}))
        })
        .await?;
        let account = &mut self.books.accounts[account];
        account.documents.push(Document { month, issued: today, amount });
        if amount < ZERO {
            account.after_money(today);
        }
        Ok(Happened::Done)
    }

    pub(super) async fn limit(&mut self, account: usize, roubles: i64, crash: Crash) -> Result<Happened, String> {
        let (desk, limit) = (self.desk, Decimal::from(roubles));
        let account = &mut self.books.accounts[account];
        let answer = desk.change(&desk.people.head, crash, async |change: &mut Change| {
            accounts::set_credit_limit(change, &account.code, limit, None, "test").await.map_err(told)?;
            Ok(json!({}))
        });
        let answer = answer.await;
        if account.policy == CreditPolicy::None && !limit.is_zero() {
            refused(answer)?;
            let path = format!("/v1/accounts/{}/credit-limit", account.code);
            let body = json!({"limit": limit.to_string()});
            desk.refuses("head", ("PUT", &path), body, "credit_policy_conflict").await?;
            return Ok(Happened::Refused);
        }
        answer?;
        account.limit = limit;
        Ok(Happened::Done)
    }

    pub(super) async fn temporary(
        &mut self,
        (account, roubles): (usize, i64),
        days: i64,
        crash: Crash,
    ) -> Result<Happened, String> {
        let (desk, amount, now) = (self.desk, Decimal::from(roubles), self.desk.now());
        let until = now + TimeDelta::days(days);
        let account = &mut self.books.accounts[account];
        let answer = desk.change(&desk.people.head, crash, async |change: &mut Change| {
            let new = NewLimit { amount, from: None, until };
            blocks::add_limit(change, &account.code, &new, "test").await.map_err(told)?;
            Ok(json!({}))
        });
        let answer = answer.await;
        if account.floor(now).is_none() {
            refused(answer)?;
            let path = format!("/v1/accounts/{}/temporary-limits", account.code);
            let body = json!({"amount": amount.to_string(), "until": desk.today() + TimeDelta::days(days)});
            desk.refuses("head", ("POST", &path), body, "credit_policy_conflict").await?;
            return Ok(Happened::Refused);
        }
        answer?;
        account.temporary.push((amount, now, until));
        Ok(Happened::Done)
    }

    /// Between payment in advance without credit and credit by the month; others stay as they are.
    pub(super) async fn switch(&mut self, account: usize, at_once: bool, crash: Crash) -> Result<Happened, String> {
        let (desk, now, today) = (self.desk, self.desk.now(), self.desk.today());
        let account = &mut self.books.accounts[account];
        let (mode, policy, limit) = match (account.mode, account.policy) {
            (_, CreditPolicy::Monthly) => (PaymentMode::Prepaid, CreditPolicy::None, ZERO),
            (PaymentMode::Prepaid, CreditPolicy::None) => {
                (PaymentMode::Postpaid, CreditPolicy::Monthly, Decimal::from(LIMIT))
            }
            _ => return Ok(Happened::Nothing),
        };
        desk.change(&desk.people.head, crash, async |change: &mut Change| {
            let update = AccountUpdate {
                payment_mode: Some(mode),
                credit_policy: Some(policy),
                credit_limit: Some(limit),
                credit_at_once: at_once && policy == CreditPolicy::Monthly,
                ..AccountUpdate::default()
            };
            accounts::update(change, &account.code, &update, None, "test").await.map_err(told)?;
            Ok(json!({}))
        })
        .await?;
        account.switch(limit, at_once, now, today);
        Ok(Happened::Done)
    }

    // ---- calls

    pub(super) async fn begin_call(&mut self, account: usize, most: u64, crash: Crash) -> Result<Happened, String> {
        let (desk, name, now) = (self.desk, self.name_of_call(), self.desk.now());
        let id = self.books.accounts[account].id;
        // A rouble a second: whole seconds of what is there.
        let paid =
            self.books.available(account, now).map_or(most, |money| money.floor().to_u64().unwrap_or(0).min(most));
        let settled = self.calls.begin(desk, (account, id), (&name, most), crash).await?;
        match settled {
            Settled::Granted(granted) if granted.seconds == paid && granted.hold == Decimal::from(paid) => {
                self.books.calls.push(Call {
                    name,
                    account,
                    seconds: paid,
                    held: granted.hold,
                    expires_at: reserved_until(now, paid),
                    state: CallState::Open,
                    is_overdue: false,
                    is_forgotten: false,
                });
                Ok(Happened::Done)
            }
            Settled::Denied(Denied { denial, seconds: None })
                if paid == 0 && denial.code() == Some("INSUFFICIENT_FUNDS") =>
            {
                Ok(Happened::Refused)
            }
            settled => Err(format!("{paid} of {most} s can be paid, and the answer is {settled:?}")),
        }
    }

    pub(super) async fn release(&mut self, call: usize, percent: u64, crash: Crash) -> Result<Happened, String> {
        let Some(at) = from_latest(self.books.calls.len(), call) else { return Ok(Happened::Nothing) };
        let (desk, now) = (self.desk, self.desk.now());
        let call = &mut self.books.calls[at];
        let used = call.seconds * percent / 100;
        let who = (call.account, self.books.accounts[call.account].id);
        let settled = self.calls.release(desk, who, (&call.name, used), crash).await?;
        let is_known = call.state != CallState::Over && call.expires_at > now;
        if is_known && call.state == CallState::Open {
            call.held = Decimal::from(used);
            call.expires_at = now + TERMS.keep;
            // Nobody answered, and that costs nothing: no record is waited for.
            call.state = if used == 0 { CallState::Over } else { CallState::Released(used) };
        }
        let wanted = is_known.then_some(call.held);
        match settled {
            // The first answer was lost: to who asks again the call is over.
            Settled::Released(released) if released.hold.is_none() && call.state == CallState::Over => {
                Ok(Happened::Done)
            }
            Settled::Released(released) if released.hold == wanted => {
                Ok(if is_known { Happened::Done } else { Happened::Nothing })
            }
            settled => Err(format!("{wanted:?} stays reserved, and the answer is {settled:?}")),
        }
    }

    pub(super) async fn record(&mut self, call: usize, percent: u64, crash: Crash) -> Result<Happened, String> {
        let Some(at) = from_latest(self.books.calls.len(), call) else { return Ok(Happened::Nothing) };
        let (desk, today) = (self.desk, self.desk.today());
        let call = &self.books.calls[at];
        let seconds = match call.state {
            CallState::Open => (call.seconds * percent / 100).max(1),
            CallState::Released(used) => used,
            CallState::Over => return Ok(Happened::Nothing),
        };
        let (account, cost) = (call.account, Decimal::from(seconds));
        let usage = (self.books.accounts[account].id.cast_unsigned(), today, month_of(today), cost);
        if !self.calls.record(desk, usage, Some(&call.name), crash).await? {
            return Err("the month of today is closed".to_owned());
        }
        self.books.calls[at].state = CallState::Over;
        *self.books.accounts[account].usage.entry((today, month_of(today))).or_insert(ZERO) += cost;
        Ok(Happened::Done)
    }

    pub(super) async fn stray(
        &mut self,
        (account, thousandths): (usize, i64),
        days_ago: u64,
        crash: Crash,
    ) -> Result<Happened, String> {
        let (desk, sum) = (self.desk, Decimal::new(thousandths, 5));
        let day = days_before(desk.today(), days_ago);
        let (own, month) = (month_of(day), self.books.booked_into(day));
        let id = self.books.accounts[account].id.cast_unsigned();
        // A closed month takes nothing, and the batch is rated again.
        if own != month && self.calls.record(desk, (id, day, own, sum), None, crash).await? {
            return Err(format!("usage of {day} is booked into its closed month"));
        }
        if !self.calls.record(desk, (id, day, month, sum), None, crash).await? {
            return Err(format!("usage of {day} is not booked into {month}, which is open"));
        }
        *self.books.accounts[account].usage.entry((day, month)).or_insert(ZERO) += sum;
        Ok(Happened::Done)
    }

    // ---- time

    pub(super) async fn close(&mut self, crash: Crash) -> Result<Happened, String> {
        let (desk, mut month) = (self.desk, self.first);
        while self.books.closed.contains(&month) {
            month = month + Months::new(1);
        }
        if month >= month_of(desk.today()) {
            return Ok(Happened::Nothing);
        }
        let close = || ledger::close_period(&desk.world.store, month, desk.now());
        if let Crash::Cut(answers) = crash {
            let _ = cut(close(), answers).await;
        }
        close().await.map_err(told)?;
        self.books.closed.insert(month);
        Ok(Happened::Done)
    }

    /// Days go by; in the nights to last days and to firsts the jobs of credit run, in the end those that look after calls. 09:00 of the last day it is.
    pub(super) async fn pass(&mut self, days: u64, crash: Crash) -> Result<Happened, String> {
        let (desk, mut crash) = (self.desk, crash);
        let mut day = desk.today();
        for _ in 0..days {
            day = day.succ_opt().unwrap();
            let (night, is_first) = (midnight(day), month_of(day) == day);
            let is_last = day.succ_opt().is_some_and(|next| month_of(next) == next);
            desk.hands.set(night);
            if is_first || is_last {
                let job = if is_first { "credit_renew" } else { "credit_check" };
                self.job(job, day, std::mem::replace(&mut crash, Crash::None)).await?;
                for account in &mut self.books.accounts {
                    if is_first { account.turn(day, night) } else { account.night(day, night) }
                }
                self.job("overdue_block", day, Crash::None).await?;
                for account in self.books.accounts.iter_mut().filter(|account| account.is_debtor()) {
                    account.after_money(day);
                }
            }
        }
        desk.hands.set(midnight(day) + TimeDelta::minutes(3 * 60 + 15));
        self.job("holds_expire", day, crash).await?;
        self.books.expire(desk.now());
        self.books.forget(desk.now());
        desk.hands.set(midnight(day) + TimeDelta::hours(9));
        Ok(Happened::Done)
    }

    /// Runs a job, stopped in the middle at first where it is said.
    async fn job(&self, name: &str, date: NaiveDate, crash: Crash) -> Result<(), String> {
        let state = &self.desk.state;
        match crash {
            Crash::None => {}
            Crash::Cut(answers) => {
                let _ = cut(run_job(state, name, date), answers).await;
            }
            Crash::Dropped | Crash::Killed | Crash::Unheard => {
                let _ = run_job(state, name, date).await;
            }
        }
        // Who was stopped has the right to run it until the server sees that he is gone.
        for _ in 0..500 {
            match run_job(state, name, date).await.map_err(told)? {
                Ran::Now(run) if run.is_done() => return Ok(()),
                Ran::Now(run) => return Err(format!("{name} for {date}: {}", run.error)),
                Ran::Before => return Ok(()),
                Ran::Elsewhere => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        Err(format!("{name} for {date} runs somewhere for ever"))
    }
}
