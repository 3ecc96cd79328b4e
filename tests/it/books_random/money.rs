//! Deeds with money: payments, statements, what they pay, refunds, moves, returns, what is booked by hand and taken back.
//!
//! Owns: how each is asked of the product, and what it comes to in the naive books.
//! Does not own: whether both agree (`compare`).
//! Always: the naive books follow only behind the product's answer.

use std::collections::BTreeSet;

use billing::Change;
use billing::approvals::{self, Kind, NewRequest};
use billing::ledger::{self, Manual, NewCharge, NewTopUp, NewWithdrawal};
use billing::payments::statement::Party;
use billing::payments::{self, Choice, NewPayment, NewPlace, NewRefund, NewStatement, Source};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::books::{Payment, ZERO, days_before};
use super::desk::OWN;
use super::play::{Happened, Play, from_latest, id_of, kopecks, refused, told};
use super::step::Crash;

/// What staff take back by a reversal (M43).
const REVERSIBLE: [&str; 3] = ["charge", "topup_manual", "withdrawal"];

/// The file of a bank that tells of one payment for an account.
fn exchange(number: &str, day: NaiveDate, amount: Decimal, account: &str) -> Vec<u8> {
    let day = day.format("%d.%m.%Y");
    let lines = [
        "1CClientBankExchange".to_owned(),
        "ВерсияФормата=1.03".to_owned(),
        "Кодировка=Windows".to_owned(),
        format!("ДатаНачала={day}"),
        format!("ДатаКонца={day}"),
        format!("РасчСчет={OWN}"),
        "СекцияДокумент=Платежное поручение".to_owned(),
        format!("Номер={number}"),
        format!("Дата={day}"),
        format!("Сумма={amount}"),
        "ПлательщикСчет=40702810900000000777".to_owned(),
        "Плательщик1=ООО \"Плательщик\"".to_owned(),
        "ПлательщикИНН=".to_owned(),
        format!("ПолучательСчет={OWN}"),
        format!("ДатаПоступило={day}"),
        format!("НазначениеПлатежа=Лицевой счет {account}"),
        "КонецДокумента".to_owned(),
        "КонецФайла".to_owned(),
    ];
    (lines.join("\r\n") + "\r\n").into_bytes()
}

/// What is booked by hand on an account.
const fn by_hand(account: &str, day: Option<NaiveDate>) -> Manual<'_> {
    Manual { account, currency: None, day, description: "", reason: "test" }
}

impl Play<'_> {
    fn code(&self, account: usize) -> String {
        self.books.accounts[account].code.clone()
    }

    /// Money is on an account: it pays what is open, and credit hears of it.
    fn came(&mut self, id: i64, account: usize, amount: Decimal, value_date: NaiveDate) {
        let today = self.desk.today();
        self.books.accounts[account].post_as("payment", amount, value_date, value_date, id);
        self.books.payments.push(Payment { id, account, amount, value_date, refunded: ZERO, is_booked: true });
        self.books.allocate(self.books.payments.len() - 1);
        self.books.accounts[account].after_money(today);
    }

    /// A payment leaves its account: what it paid is open again, and what others have left pays that.
    fn went(&mut self, payment: usize) {
        let today = self.desk.today();
        let Payment { id, account, .. } = self.books.payments[payment];
        self.books.payments[payment].is_booked = false;
        self.books.free_payment(payment);
        self.books.advances(account);
        let account = &mut self.books.accounts[account];
        let at = account.movements.iter().position(|line| line.kind == "payment" && line.id == id).unwrap();
        account.take_back(at, today);
        account.after_money(today);
    }

    pub(super) async fn pay(
        &mut self,
        (account, sum): (usize, i64),
        days_ago: u64,
        again: bool,
        crash: Crash,
    ) -> Result<Happened, String> {
        let (desk, code, amount) = (self.desk, self.code(account), kopecks(sum));
        let (number, value_date) = (desk.number().to_string(), days_before(desk.today(), days_ago));
        let answer = desk.change(&desk.people.accounting, crash, async |change: &mut Change| {
            let new = NewPayment {
                source: Source::Manual,
                account: Some(&code),
                bank_account: Some(OWN),
                legal_entity: None,
                number: &number,
                date: None,
                value_date,
                day: None,
                amount,
                currency: None,
                payer: Party::default(),
                purpose: "",
                choice: Choice::OldestFirst,
            };
            let entered = payments::enter(change, &new, "test").await.map_err(told)?;
            Ok(json!({"id": entered.id}))
        });
        self.came(id_of(&answer.await?)?, account, amount, value_date);
        if again {
            let body = json!({
                "account": code, "bank_account": OWN, "number": number, "value_date": value_date, "amount": amount.to_string(),
            });
            desk.refuses("accounting", ("POST", "/v1/payments"), body, "already_exists").await?;
        }
        Ok(Happened::Done)
    }

    pub(super) async fn statement(
        &mut self,
        (account, sum): (usize, i64),
        again: bool,
        crash: Crash,
    ) -> Result<Happened, String> {
        let (desk, amount, today) = (self.desk, kopecks(sum), self.desk.today());
        let number = desk.number().to_string();
        let file = exchange(&number, today, amount, &self.code(account));
        let import = async |change: &mut Change| {
            let content = file.clone();
            let new =
                NewStatement { name: "kl_to_1c.txt", media_type: "text/plain", content, account: None, whole: false };
            let reports = payments::import(change, new, "test").await.map_err(told)?;
            let booked: usize = reports.iter().map(|report| report.counts.booked).sum();
            Ok::<Value, String>(json!({"booked": booked}))
        };
        let answer = desk.change(&desk.people.accounting, crash, &import).await?;
        if answer["booked"] != json!(1) {
            return Err(format!("a line that names its account is not booked: {answer}"));
        }
        let told = desk.list(&format!("payments?number={number}")).await?;
        let [row] = &told[..] else { return Err(format!("one line makes one payment, not {}", told.len())) };
        self.came(id_of(row)?, account, amount, today);
        if again {
            refused(desk.change(&desk.people.accounting, Crash::None, &import).await)?;
            desk.refuses_file(&file, "already_imported").await?;
        }
        Ok(Happened::Done)
    }

    pub(super) async fn allocate(
        &mut self,
        payment: usize,
        as_advance: bool,
        crash: Crash,
    ) -> Result<Happened, String> {
        let Some(at) = from_latest(self.books.payments.len(), payment) else { return Ok(Happened::Nothing) };
        let (desk, Payment { id, is_booked, .. }) = (self.desk, self.books.payments[at]);
        let choice = if as_advance { Choice::Only(Vec::new()) } else { Choice::OldestFirst };
        let answer = desk.change(&desk.people.accounting, crash, async |change: &mut Change| {
            payments::redistribute(change, id, &choice, None, "test").await.map_err(told)?;
            Ok(json!({}))
        });
        let answer = answer.await;
        if !is_booked {
            refused(answer)?;
            let path = format!("/v1/payments/{id}/allocate");
            desk.refuses("accounting", ("POST", &path), json!({}), "invalid_transition").await?;
            return Ok(Happened::Refused);
        }
        answer?;
        self.books.free_payment(at);
        if !as_advance {
            self.books.allocate(at);
        }
        Ok(Happened::Done)
    }

    pub(super) async fn refund(&mut self, payment: usize, percent: i64, crash: Crash) -> Result<Happened, String> {
        let Some(at) = from_latest(self.books.payments.len(), payment) else { return Ok(Happened::Nothing) };
        let (desk, today) = (self.desk, self.desk.today());
        let Payment { id, account, amount, is_booked, .. } = self.books.payments[at];
        let sum = (amount * Decimal::new(percent, 2)).round_dp(2).max(kopecks(1));
        let beyond_left = (self.books.free(at) < sum).then_some("insufficient_funds");
        let beyond = beyond_left.or_else(|| self.books.not_to_take_out(account, sum, desk.now()));
        let why = if is_booked { beyond } else { Some("invalid_transition") };
        let answer = desk.change(&desk.people.accounting, crash, async |change: &mut Change| {
            let new = NewRefund { amount: Some(sum), day: None, number: "", payee: "" };
            payments::refund(change, id, &new, None, "test").await.map_err(told)?;
            Ok(json!({}))
        });
        let answer = answer.await;
        if let Some(code) = why {
            refused(answer)?;
            let path = format!("/v1/payments/{id}/refunds");
            desk.refuses("accounting", ("POST", &path), json!({"amount": sum.to_string()}), code).await?;
            return Ok(Happened::Refused);
        }
        answer?;
        let payment = &mut self.books.payments[at];
        payment.refunded += sum;
        payment.is_booked = payment.refunded < payment.amount;
        self.books.accounts[account].post("refund", ZERO - sum, today);
        self.books.accounts[account].after_money(today);
        Ok(Happened::Done)
    }

    pub(super) async fn move_payment(&mut self, payment: usize, to: usize, crash: Crash) -> Result<Happened, String> {
        let Some(at) = from_latest(self.books.payments.len(), payment) else { return Ok(Happened::Nothing) };
        let (desk, code) = (self.desk, self.code(to));
        let Payment { id, account, amount, value_date, refunded, is_booked } = self.books.payments[at];
        let answer = desk.change(&desk.people.accounting, crash, async |change: &mut Change| {
            let new = NewPlace { account: &code, agreement: "", choice: Choice::OldestFirst };
            let moved = payments::relocate(change, id, &new, None, "test").await.map_err(told)?;
            Ok(json!({"id": moved.id}))
        });
        let answer = answer.await;
        if !is_booked || refunded > ZERO || account == to {
            refused(answer)?;
            let path = format!("/v1/payments/{id}/move");
            desk.refuses("accounting", ("POST", &path), json!({"account": code}), "invalid_transition").await?;
            return Ok(Happened::Refused);
        }
        let made = id_of(&answer?)?;
        self.went(at);
        self.came(made, to, amount, value_date);
        Ok(Happened::Done)
    }

    pub(super) async fn return_payment(&mut self, payment: usize, crash: Crash) -> Result<Happened, String> {
        let Some(at) = from_latest(self.books.payments.len(), payment) else { return Ok(Happened::Nothing) };
        let (desk, Payment { id, refunded, is_booked, .. }) = (self.desk, self.books.payments[at]);
        let answer = desk.change(&desk.people.accounting, crash, async |change: &mut Change| {
            payments::take_back(change, id, None, None, "test").await.map_err(told)?;
            Ok(json!({}))
        });
        let answer = answer.await;
        if !is_booked || refunded > ZERO {
            refused(answer)?;
            let path = format!("/v1/payments/{id}/return");
            desk.refuses("accounting", ("POST", &path), json!({}), "invalid_transition").await?;
            return Ok(Happened::Refused);
        }
        answer?;
        self.went(at);
        Ok(Happened::Done)
    }

    // ---- by hand

    pub(super) async fn top_up(&mut self, account: usize, sum: i64, crash: Crash) -> Result<Happened, String> {
        let (desk, code, amount, today) = (self.desk, self.code(account), kopecks(sum), self.desk.today());
        let answer = desk.change(&desk.people.head, crash, async |change: &mut Change| {
            let id = ledger::top_up(change, &by_hand(&code, None), &NewTopUp { amount }).await.map_err(told)?;
            Ok(json!({"id": id}))
        });
        let id = id_of(&answer.await?)?;
        self.books.accounts[account].post_as("topup_manual", amount, today, today, id);
        Ok(Happened::Done)
    }

    pub(super) async fn charge(
        &mut self,
        (account, sum): (usize, i64),
        days_ago: u64,
        crash: Crash,
    ) -> Result<Happened, String> {
        let (desk, code, amount) = (self.desk, self.code(account), kopecks(sum));
        let day = days_before(desk.today(), days_ago);
        let answer = desk.change(&desk.people.head, crash, async |change: &mut Change| {
            let new = NewCharge { amount, product: ledger::TELEPHONY, service: "", document: "" };
            let id = ledger::charge(change, &by_hand(&code, Some(day)), &new).await.map_err(told)?;
            Ok(json!({"id": id}))
        });
        let answer = answer.await;
        if self.books.is_closed(day) {
            refused(answer)?;
            let body = json!({"product": ledger::TELEPHONY, "amount": amount.to_string(), "day": day});
            let path = format!("/v1/accounts/{code}/charges");
            desk.refuses("head", ("POST", &path), body, "period_closed").await?;
            return Ok(Happened::Refused);
        }
        self.books.accounts[account].post_as("charge", ZERO - amount, day, day, id_of(&answer?)?);
        Ok(Happened::Done)
    }

    pub(super) async fn withdraw(&mut self, account: usize, sum: i64, crash: Crash) -> Result<Happened, String> {
        let (desk, code, amount, today) = (self.desk, self.code(account), kopecks(sum), self.desk.today());
        let why = self.books.not_to_take_out(account, amount, desk.now());
        let answer = desk.change(&desk.people.accounting, crash, async |change: &mut Change| {
            let new = NewWithdrawal { amount };
            let id = ledger::withdraw(change, &by_hand(&code, None), &new).await.map_err(told)?;
            Ok(json!({"id": id}))
        });
        let answer = answer.await;
        if let Some(why) = why {
            refused(answer)?;
            let (path, body) = (format!("/v1/accounts/{code}/withdrawals"), json!({"amount": amount.to_string()}));
            desk.refuses("accounting", ("POST", &path), body, why).await?;
            return Ok(Happened::Refused);
        }
        self.books.accounts[account].post_as("withdrawal", ZERO - amount, today, today, id_of(&answer?)?);
        Ok(Happened::Done)
    }

    pub(super) async fn reverse(&mut self, posting: usize, crash: Crash) -> Result<Happened, String> {
        let accounts = self.books.accounts.iter().enumerate();
        let lines = accounts.flat_map(|(account, books)| {
            let lines = books.movements.iter().enumerate();
            let lines = lines.filter(|(_, line)| REVERSIBLE.contains(&line.kind));
            lines.map(move |(at, line)| (line.id, account, at, line.is_reversed))
        });
        let lines: BTreeSet<(i64, usize, usize, bool)> = lines.collect();
        let Some((id, account, at, is_reversed)) = lines.iter().rev().nth(posting).copied() else {
            return Ok(Happened::Nothing);
        };
        let (desk, people, entity, payload) = (self.desk, &self.desk.people, id.to_string(), json!({}));
        let asked = desk.change(&people.sales, Crash::None, async |change: &mut Change| {
            let new = NewRequest { kind: Kind::PostingReverse, entity_id: &entity, payload: &payload, days: 7 };
            let id = approvals::request(change, &people.sales, &new, "test").await.map_err(told)?;
            Ok(json!({"id": id}))
        });
        let asked = asked.await;
        if is_reversed {
            refused(asked)?;
            let body = json!({"kind": "posting.reverse", "entity_id": entity, "payload": payload});
            desk.refuses("sales", ("POST", "/v1/approvals"), body, "already_exists").await?;
            return Ok(Happened::Refused);
        }
        let request = id_of(&asked?)?;
        for (by, crash) in [(&people.head, Crash::None), (&people.settlement, crash)] {
            desk.change(by, crash, async |change: &mut Change| {
                approvals::approve(change, by, request, None, "ok").await.map_err(told)?;
                Ok::<Value, String>(json!({}))
            })
            .await?;
        }
        let today = desk.today();
        let line = &self.books.accounts[account].movements[at];
        let is_charge = line.kind == "charge";
        let is_virtual = self.books.accounts[account].take_back(at, today);
        if is_charge {
            self.books.free_charge(id);
            self.books.advances(account);
        }
        if !is_virtual {
            self.books.accounts[account].after_money(today);
        }
        Ok(Happened::Done)
    }
}
