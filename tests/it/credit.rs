//! Credit: the check in the night to the last day, renewal, voiding, switches, blocks, deferral.

use std::sync::Arc;

use admin_api::{AppState, CallsReader, Ran, run_due_jobs, run_job};
use billing::accounts::by_code;
use billing::change::Begun;
use billing::credit::{self, Action, After, Cause, CreditError, Refused};
use billing::{Change, Clock, jobs};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// The department that bills: a world, an API and jobs by one clock.
pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) hands: Arc<SetClock>,
    pub(crate) state: AppState,
    pub(crate) api: Api,
}

impl Desk {
    pub(crate) async fn open(now: &str) -> Self {
        let world = World::new(1).await;
        let hands = SetClock::at(now.parse().unwrap());
        let clock: Arc<dyn Clock> = hands.clone();
        let api = Api::serve_by(&world, clock.clone()).await;
        let state = AppState::new(world.store.clone(), clock, CallsReader::open(&world.clickhouse_url, &world.name));
        Self { world, hands, state, api }
    }

    pub(crate) fn at(&self, now: &str) {
        self.hands.set(now.parse().unwrap());
    }

    pub(crate) async fn sql(&self, statements: &str) {
        self.world.store.run_past_the_rooms(statements).await.unwrap();
    }

    /// An account of its own at the usual legal entity, since always on its terms.
    pub(crate) async fn account(&self, code: &str, (mode, policy, limit): (&str, &str, &str)) {
        let sql = format!(
            "WITH c AS (INSERT INTO client (code, name) VALUES ('{code}', '{code}') RETURNING id),
                  a AS (INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy, credit_limit)
                        SELECT '{code}', c.id, 1, 'RUB', 'Europe/Moscow', '{mode}', '{policy}', {limit} FROM c RETURNING id)
             INSERT INTO account_balance (account_id) SELECT id FROM a"
        );
        self.sql(&sql).await;
    }

    pub(crate) async fn id(&self, code: &str) -> i64 {
        by_code(&self.world.store, code, self.hands.now()).await.unwrap().unwrap().id
    }

    /// A change of the program itself.
    pub(crate) async fn change(&self) -> Change {
        let actor = jobs::actor(&self.world.store, "test").await.unwrap();
        match Change::begin(&self.world.store, self.hands.as_ref(), actor, None).await.unwrap() {
            Begun::New(change) => change,
            _ => panic!("a key that nobody gave"),
        }
    }

    pub(crate) async fn post(&self, role: &str, path: &str, body: Value) -> Answer {
        self.ask("POST", role, path, body).await
    }

    async fn ask(&self, method: &str, role: &str, path: &str, body: Value) -> Answer {
        let mut body = body;
        body["reason"] = json!("test");
        self.api.ask(method, path, role, &[("Accept-Language", "en")], Some(body)).await
    }

    pub(crate) async fn setting(&self, key: &str, value: &str) {
        let set = self.ask("PUT", "admin", &format!("/v1/settings/{key}"), json!({"value": value})).await;
        assert_eq!(set.status, 200, "{}", set.body);
    }

    async fn charge(&self, account: &str, day: &str, sum: &str) {
        let body = json!({"product": "telephony", "amount": sum, "day": day});
        let charged = self.post("head", &format!("/v1/accounts/{account}/charges"), body).await;
        assert_eq!(charged.status, 201, "{}", charged.body);
    }

    pub(crate) async fn document(&self, account: &str, kind: &str, (month, day): (&str, &str), sum: &str) -> i64 {
        let body = json!({"kind": kind, "number": format!("{kind} {month} {day} {sum}"), "month": month, "day": day, "amount": sum});
        let entered = self.post("accounting", &format!("/v1/accounts/{account}/documents"), body).await;
        assert_eq!(entered.status, 201, "{}", entered.body);
        entered.body["id"].as_i64().unwrap()
    }

    pub(crate) async fn notice(&self, account: &str) {
        let body = json!({"channel": "edo", "text": "исх. 17"});
        let recorded = self.post("head", &format!("/v1/accounts/{account}/notices"), body).await;
        assert_eq!(recorded.status, 201, "{}", recorded.body);
    }

    async fn bank_day(&self, day: &str) {
        let complete = self.post("accounting", "/v1/legal-entities/T/bank-days", json!({"day": day})).await;
        assert_eq!(complete.status, 201, "{}", complete.body);
    }

    /// Real money with a value date, booked today.
    pub(crate) async fn pay(&self, account: &str, value_date: &str, sum: &str) -> After {
        let at = self.hands.now();
        let today = at.date_naive();
        let sql = format!(
            "INSERT INTO posting (account_id, kind, is_real, amount, at, day, value_date, reference, author)
                 SELECT id, 'payment', true, {sum}, '{at}', '{today}', '{value_date}', 'payment', 'test' FROM account WHERE code = '{account}';
             UPDATE account_balance SET balance = balance + {sum} WHERE account_id = (SELECT id FROM account WHERE code = '{account}')"
        );
        self.sql(&sql).await;
        let account = self.id(account).await;
        let mut change = self.change().await;
        let after = credit::after_payment(&mut change, account).await.unwrap();
        // Whoever books money has a line of his own in the audit.
        if after != After::default() {
            change.commit(200, &json!(null)).await.unwrap();
        }
        after
    }

    /// Runs a job for a date: its figures, or why it failed.
    pub(crate) async fn job(&self, name: &str, date: &str) -> Value {
        match run_job(&self.state, name, day(date)).await.unwrap() {
            Ran::Now(run) if run.is_done() => run.counts.unwrap(),
            Ran::Now(run) => json!(run.error),
            other => panic!("{other:?}"),
        }
    }

    /// The same as if nobody knew that it was done.
    pub(crate) async fn again(&self, name: &str, date: &str) -> Value {
        self.sql(&format!("UPDATE job_run SET outcome = 'failed' WHERE name = '{name}' AND for_date = '{date}'")).await;
        self.job(name, date).await
    }

    async fn balance(&self, account: &str) -> String {
        self.world.balance(account).await
    }

    async fn credit(&self, account: &str) -> Value {
        let shown = self.api.get(&format!("/v1/accounts/{account}/credit"), "support").await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        shown.body
    }

    /// Causes of blocks in force.
    pub(crate) async fn blocks(&self, account: &str) -> Vec<String> {
        let blocks = self.credit(account).await["blocks"].as_array().unwrap().clone();
        blocks.iter().map(|block| block["cause"].as_str().unwrap().to_owned()).collect()
    }

    /// Kind, amount and description of what was booked, the oldest first.
    async fn ledger(&self, account: &str) -> Vec<(String, String, String)> {
        let list = self.api.get(&format!("/v1/postings?account={account}&sort=id"), "support").await;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
        rows.iter().map(|row| (text(row, "kind"), text(row, "amount"), text(row, "description"))).collect()
    }

    /// Accounts that pay afterwards with credit by the month, from the turn to August on: charges of July and the document for them, a notice each.
    async fn august(accounts: &[(&str, &str, &str)]) -> Self {
        // 00:00 of 1 August in Moscow.
        let desk = Self::open("2026-07-31T21:00:00Z").await;
        for (code, limit, _) in accounts {
            desk.account(code, ("postpaid", "monthly", *limit)).await;
        }
        let turned = desk.job("credit_renew", "2026-08-01").await;
        // One of the small operator has such credit, too.
        assert_eq!(turned["turned"], json!(accounts.len() + 1), "{turned}");
        for (code, limit, july) in accounts {
            assert_eq!(desk.balance(code).await, *limit);
            desk.charge(code, "2026-07-31", july).await;
        }
        desk.at("2026-08-03T07:00:00Z");
        for (code, _, july) in accounts {
            desk.document(code, "upd", ("2026-07", "2026-08-03"), july).await;
            desk.notice(code).await;
        }
        desk
    }

    /// The night to 31 August, with the statement of Friday the 28th.
    async fn night(&self) -> Value {
        self.at("2026-08-29T06:00:00Z");
        self.bank_day("2026-08-28").await;
        self.at("2026-08-30T21:00:00Z");
        let figures = self.job("credit_check", "2026-08-31").await;
        self.world.assert_books_agree().await;
        figures
    }
}

fn row(kind: &str, amount: &str, description: &str) -> (String, String, String) {
    (kind.to_owned(), amount.to_owned(), description.to_owned())
}

/// M51 (doc): limit 2000, July 2000.00. (a) nothing paid; (b) paid on 30 August; (c) a top-up by hand.
#[tokio::test(flavor = "multi_thread")]
async fn debtors_are_closed_in_the_night_to_the_last_day() {
    let desk = Desk::august(&[("ma", "2000", "2000.00"), ("mb", "2000", "2000.00"), ("mc", "2000", "2000.00")]).await;
    assert_eq!(desk.balance("ma").await, "0");
    desk.at("2026-08-30T12:00:00Z");
    assert_eq!(desk.pay("mb", "2026-08-30", "2000.00").await, After::default(), "nothing was closed yet");
    let topped_up = desk.post("head", "/v1/accounts/mc/top-ups", json!({"amount": "2000.00"})).await;
    assert_eq!(topped_up.status, 201, "{}", topped_up.body);
    let figures = desk.night().await;
    assert_eq!(
        (&figures["closed"], &figures["passed"], &figures["blocked"]),
        (&json!(2), &json!(2), &json!(2)),
        "{figures}"
    );

    let closed = [
        row("topup_credit", "2000", "Кредит"),
        row("charge", "-2000", ""),
        row("credit_closing", "-2000", "Закрытие кредита должнику"),
    ];
    assert_eq!(desk.ledger("ma").await, closed);
    assert_eq!((desk.balance("ma").await.as_str(), desk.balance("mb").await.as_str()), ("-2000", "2000"));
    assert_eq!(desk.balance("mc").await, "0", "2000 - 2000 + 2000 by hand - 2000");
    for (account, blocks) in [("ma", &["credit_closed"][..]), ("mb", &[]), ("mc", &["credit_closed"])] {
        assert_eq!(desk.blocks(account).await, blocks, "{account}");
        let card = desk.api.get(&format!("/v1/accounts/{account}"), "support").await;
        let status = if blocks.is_empty() { "active" } else { "blocked" };
        assert_eq!(card.body["status"], json!(status), "{account}");
    }
    let shown = desk.credit("ma").await;
    assert_eq!(
        (&shown["standing"], &shown["due"], &shown["outstanding"]),
        (&json!("closed"), &json!("2000"), &json!("0"))
    );
    assert_eq!(shown["next_check"], json!("2026-09-30"));
    assert_eq!(shown["verdicts"][0]["amount"], json!("-2000"));
    // M70: six months after the notice of 3 August.
    assert_eq!(shown["termination_from"], json!("2027-02-03"));
    let list = desk.api.get("/v1/credit-verdicts?outcome=closed&fate=stands", "support").await;
    assert_eq!(list.body["total"], json!(2), "{}", list.body);

    // A second run of the same night, and of the turn, posts nothing.
    let again = desk.again("credit_check", "2026-08-31").await;
    assert_eq!((&again["closed"], &again["passed"]), (&json!(0), &json!(0)), "{again}");
    desk.at("2026-08-31T21:00:00Z");
    for _ in 0..2 {
        desk.sql("DELETE FROM job_run WHERE name = 'credit_renew'").await;
        desk.job("credit_renew", "2026-09-01").await;
    }
    assert_eq!(desk.ledger("ma").await, closed);
    assert_eq!((desk.balance("mb").await.as_str(), desk.ledger("mb").await.len()), ("2000", 3));
    desk.world.assert_books_agree().await;

    // M52: he pays on 2 September, is released and has his credit again.
    desk.at("2026-09-02T09:00:00Z");
    let short = desk.pay("ma", "2026-09-02", "1998.00").await;
    assert_eq!((short, desk.blocks("ma").await.len()), (After::default(), 1), "2 roubles short");
    let after = desk.pay("ma", "2026-09-02", "2.00").await;
    assert_eq!(after, After { voided: 0, paid: 1, unblocked: vec![Cause::CreditClosed] });
    let ledger = desk.ledger("ma").await;
    assert_eq!(ledger[5..], [row("topup_credit", "2000", "Кредит")]);
    assert_eq!(desk.balance("ma").await, "2000");
    let blocks = desk.api.get("/v1/account-blocks?account=ma", "support").await;
    let block = &blocks.body["items"][0];
    assert_eq!(
        (&block["begun_at"], &block["ended_at"], &block["ended_reason"]),
        (&json!("2026-08-30T21:00:00Z"), &json!("2026-09-02T09:00:00Z"), &json!("оплачено"))
    );
    assert_eq!(desk.credit("ma").await["verdicts"][0]["fate"], json!("paid"));
    let history = desk.api.get("/v1/audit/account/ma", "head").await;
    let actions: Vec<&str> =
        history.body["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    for action in ["credit.post", "account.block", "account.unblock", "credit.closing_end"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// A15, the fixture where the two readings of the amount differ: limit 5000, July 2000 unpaid, August 500 so far.
#[tokio::test(flavor = "multi_thread")]
async fn both_formulas_lead_to_the_same_balance() {
    for (formula, posted, closed) in [("outstanding_credit", "-5000", "-2500"), ("unpaid_previous", "-2000", "500")] {
        let desk = Desk::august(&[("led", "5000", "2000.00")]).await;
        desk.setting("credit.closing_formula", formula).await;
        desk.at("2026-08-20T09:00:00Z");
        desk.charge("led", "2026-08-20", "500").await;
        assert_eq!(desk.balance("led").await, "2500");
        desk.night().await;
        assert_eq!(
            desk.ledger("led").await[3],
            row("credit_closing", posted, "Закрытие кредита должнику"),
            "{formula}"
        );
        assert_eq!(desk.balance("led").await, closed, "{formula}");
        assert_eq!(desk.blocks("led").await, ["credit_closed"], "blocked whatever the balance");
        desk.at("2026-09-02T09:00:00Z");
        desk.pay("led", "2026-09-02", "2000.00").await;
        assert_eq!(desk.balance("led").await, "4500", "{formula}");
        assert_eq!(desk.blocks("led").await, [""; 0]);
        desk.world.assert_books_agree().await;
        desk.world.drop().await;
    }
}

/// M50: July billed | paid | what is due then; a top-up by hand counts for nothing, and a kopeck is a debt.
#[tokio::test(flavor = "multi_thread")]
async fn a_shortfall_blocks_however_small_it_is() {
    let cases = [
        ("short", "2000", "2000.00", "1998.00", "2"),
        ("kopeck", "2000", "2000.00", "1999.99", "0.01"),
        ("whole", "2000", "2000.00", "2000.00", "0"),
        ("over", "2000", "2000.00", "2500.00", "0"),
        ("doc", "3000", "3000", "2500", "500"),
    ];
    let accounts: Vec<(&str, &str, &str)> =
        cases.iter().map(|(code, limit, july, ..)| (*code, *limit, *july)).collect();
    let desk = Desk::august(&accounts).await;
    desk.at("2026-08-20T09:00:00Z");
    for (code, _, _, paid, _) in cases {
        desk.pay(code, "2026-08-20", paid).await;
    }
    // M50 (doc): July 3000, payments 2500, a manual top-up of 500: the debt is 500.
    assert_eq!(desk.post("head", "/v1/accounts/doc/top-ups", json!({"amount": "500"})).await.status, 201);
    let figures = desk.night().await;
    assert_eq!((&figures["closed"], &figures["passed"]), (&json!(3), &json!(3)), "{figures}");
    for (code, _, _, _, due) in cases {
        let shown = desk.credit(code).await;
        assert_eq!(shown["due"], json!(due), "{code}");
        assert_eq!(shown["blocks"].as_array().unwrap().is_empty(), due == "0", "{code}");
    }
    desk.world.drop().await;
}

/// M52: the limit that was on the account on the last day counts, a lower and an empty one, too; also for a job that comes late.
#[tokio::test(flavor = "multi_thread")]
async fn the_turn_asks_for_the_limit_of_the_last_day() {
    let limits = [("same", "2000"), ("higher", "3000"), ("lower", "1000"), ("none", "0"), ("late", "2000")];
    let accounts: Vec<(&str, &str, &str)> = limits.iter().map(|(code, _)| (*code, "2000", "100")).collect();
    let desk = Desk::august(&accounts).await;
    desk.at("2026-08-20T09:00:00Z");
    for (code, _) in limits {
        desk.pay(code, "2026-08-20", "100").await;
    }
    desk.night().await;
    let limit = async |code: &str, limit: &str| {
        let body = json!({"limit": limit});
        let set = desk.ask("PUT", "head", &format!("/v1/accounts/{code}/credit-limit"), body).await;
        assert_eq!(set.status, 200, "{}", set.body);
    };
    desk.at("2026-08-31T12:00:00Z");
    for (code, new) in limits {
        limit(code, new).await;
        assert_eq!(desk.credit(code).await["outstanding"], json!("2000"), "nothing before the turn: {code}");
    }
    // 10:00 of 1 September: the turn was missed.
    desk.at("2026-09-01T07:00:00Z");
    limit("late", "9000").await;
    desk.at("2026-09-03T07:00:00Z");
    desk.job("credit_renew", "2026-09-01").await;
    for (code, new) in limits {
        let shown = desk.credit(code).await;
        assert_eq!((&shown["outstanding"], &shown["in_force"]), (&json!(new), &json!(new)), "{code}");
        assert_eq!(desk.balance(code).await, new, "{code}");
    }
    assert_eq!(desk.credit("late").await["credit_limit"], json!("9000"));
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// M54 (doc): switched on the last day, he is not blocked that night, has his credit at the turn and is checked a month later; switched in the middle of the
/// month with a top-up, he has to have paid by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_switch_may_be_made_on_any_day() {
    let desk = Desk::open("2026-08-03T07:00:00Z").await;
    for code in ["last", "middle", "payer"] {
        desk.account(code, ("prepaid", "none", "0")).await;
        desk.document(code, "upd", ("2026-07", "2026-08-03"), "1500.00").await;
        desk.notice(code).await;
    }
    let switch = async |code: &str, at_once: bool| {
        let terms = json!({"payment_mode": "postpaid", "credit_policy": "monthly", "credit_limit": "2000", "credit_at_once": at_once});
        let switched = desk.ask("PUT", "head", &format!("/v1/accounts/{code}"), terms).await;
        assert_eq!(switched.status, 200, "{}", switched.body);
    };
    desk.at("2026-08-14T09:00:00Z");
    for code in ["middle", "payer"] {
        switch(code, true).await;
        assert_eq!(desk.ledger(code).await, [row("topup_credit", "2000", "Кредит")]);
    }
    desk.at("2026-08-25T09:00:00Z");
    desk.pay("payer", "2026-08-25", "1500.00").await;
    desk.night().await;
    assert_eq!(
        (desk.blocks("middle").await, desk.blocks("payer").await),
        (vec!["credit_closed".to_owned()], Vec::new())
    );
    assert_eq!((desk.balance("middle").await.as_str(), desk.balance("payer").await.as_str()), ("0", "3500"));

    desk.at("2026-08-31T09:00:00Z");
    switch("last", false).await;
    assert!(desk.ledger("last").await.is_empty(), "the turn of the month does it");
    desk.again("credit_check", "2026-08-31").await;
    desk.at("2026-08-31T21:00:00Z");
    desk.job("credit_renew", "2026-09-01").await;
    assert_eq!((desk.balance("last").await.as_str(), desk.blocks("last").await.len()), ("2000", 0));
    assert_eq!(desk.credit("last").await["verdicts"], json!([]), "31 August did not concern him");
    desk.world.assert_books_agree().await;

    // Tuesday, 29 September.
    desk.at("2026-09-29T20:00:00Z");
    desk.bank_day("2026-09-29").await;
    desk.at("2026-09-29T21:00:00Z");
    desk.job("credit_check", "2026-09-30").await;
    assert_eq!(
        (desk.balance("last").await.as_str(), desk.blocks("last").await.as_slice()),
        ("0", &["credit_closed".to_owned()][..])
    );

    // Who leaves takes no credit along; who is blocked for a debt stays so until he has paid.
    let away = json!({"payment_mode": "prepaid", "credit_policy": "none", "credit_limit": "0"});
    for (code, own) in [("payer", "1500"), ("last", "0")] {
        let left = desk.ask("PUT", "head", &format!("/v1/accounts/{code}"), away.clone()).await;
        assert_eq!(left.status, 200, "{}", left.body);
        assert_eq!(
            (desk.balance(code).await.as_str(), &desk.credit(code).await["outstanding"]),
            (own, &json!("0")),
            "{code}"
        );
    }
    assert_eq!(desk.blocks("last").await, ["credit_closed"]);
    desk.pay("last", "2026-09-29", "1500.00").await;
    assert_eq!((desk.blocks("last").await.len(), desk.balance("last").await.as_str()), (0, "1500"));
    let refused = desk.ask("PUT", "head", "/v1/accounts/last", json!({"credit_at_once": true})).await;
    assert_eq!(said(&refused), (422, "credit_policy_conflict"), "{}", refused.body);
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// A15: money in time that was loaded late voids the closing; by the ledger he stands where he would have stood.
#[tokio::test(flavor = "multi_thread")]
async fn money_in_time_that_is_loaded_late_voids_the_closing() {
    let desk = Desk::august(&[("late", "2000", "2000.00"), ("twice", "2000", "2000.00")]).await;
    desk.setting("credit.wait_for_statement", "no").await;
    desk.at("2026-08-30T21:00:00Z");
    desk.job("credit_check", "2026-08-31").await;
    for code in ["late", "twice"] {
        let limit =
            desk.ask("PUT", "head", &format!("/v1/accounts/{code}/credit-limit"), json!({"limit": "3000"})).await;
        assert_eq!(limit.status, 200);
    }
    desk.at("2026-08-31T21:00:00Z");
    desk.job("credit_renew", "2026-09-01").await;
    assert_eq!(desk.balance("late").await, "-2000");
    // Booked on 2 September, with the value date of 30 August.
    desk.at("2026-09-02T09:00:00Z");
    let after = desk.pay("late", "2026-08-30", "2000.00").await;
    assert_eq!(after, After { voided: 1, paid: 0, unblocked: vec![Cause::CreditClosed] });
    let ledger = desk.ledger("late").await;
    assert_eq!(ledger[2], row("credit_closing", "-2000", "Закрытие кредита должнику"));
    // The closing is given back, and the turn's limit of 3000 made up for.
    assert_eq!(
        ledger[4..],
        [
            row("credit_closing", "2000", "Отмена закрытия кредита: оплата поступила в срок"),
            row("topup_credit", "1000", "Кредит")
        ]
    );
    assert_eq!((desk.balance("late").await.as_str(), desk.blocks("late").await.len()), ("3000", 0));
    let verdict = desk.credit("late").await["verdicts"][0].clone();
    assert_eq!((&verdict["fate"], verdict["voided_by"].is_i64()), (&json!("void"), true), "{verdict}");
    // Money of the last day itself is late: it releases and voids nothing. What is found then gives nothing twice.
    assert_eq!(desk.pay("twice", "2026-08-31", "2000.00").await.paid, 1);
    assert_eq!(desk.balance("twice").await, "3000");
    let found = desk.pay("twice", "2026-08-30", "2000.00").await;
    assert_eq!((found.voided, desk.balance("twice").await.as_str()), (1, "5000"), "3000 of credit and 2000 of his own");
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// A15: the check waits for the statement of the last bank day, and after 12 hours that is an alarm; nobody is renewed or blocked before.
#[tokio::test(flavor = "multi_thread")]
async fn the_check_waits_for_the_statement() {
    let desk = Desk::august(&[("led", "2000", "2000.00"), ("debtor", "2000", "2000.00")]).await;
    let limit = desk.ask("PUT", "head", "/v1/accounts/led/credit-limit", json!({"limit": "3000"})).await;
    assert_eq!(limit.status, 200);
    desk.at("2026-08-30T21:00:00Z");
    // One of the small operator waits, too.
    let waits = "3 accounts wait for the bank statement of 2026-08-28";
    assert_eq!(desk.job("credit_check", "2026-08-31").await, json!(waits));
    let shown = desk.credit("led").await;
    assert_eq!(shown["standing"], json!("waiting"));
    assert_eq!(
        shown["waits"],
        json!({"night": "2026-08-31", "bank_day": "2026-08-28", "alarm_at": "2026-08-31T09:00:00Z"})
    );
    desk.at("2026-08-31T08:59:59Z");
    assert_eq!(desk.job("credit_check", "2026-08-31").await, json!(waits));
    desk.at("2026-08-31T09:00:00Z");
    assert_eq!(desk.job("credit_check", "2026-08-31").await, json!(format!("ALARM: {waits}")));
    desk.at("2026-08-31T21:00:00Z");
    desk.job("credit_renew", "2026-09-01").await;
    assert_eq!((desk.balance("led").await.as_str(), &desk.credit("led").await["in_force"]), ("0", &json!("3000")));
    // The statement comes with his money, and the verdict after the turn.
    desk.at("2026-09-01T08:00:00Z");
    desk.pay("led", "2026-08-28", "2000.00").await;
    desk.bank_day("2026-08-28").await;
    let twice = desk.post("accounting", "/v1/legal-entities/T/bank-days", json!({"day": "2026-08-28"})).await;
    assert_eq!(said(&twice), (409, "already_exists"));
    let figures = desk.job("credit_check", "2026-08-31").await;
    assert_eq!((&figures["passed"], &figures["closed"]), (&json!(2), &json!(1)), "{figures}");
    assert_eq!((desk.balance("led").await.as_str(), &desk.credit("led").await["standing"]), ("3000", &json!("good")));
    assert_eq!((desk.balance("debtor").await.as_str(), desk.blocks("debtor").await.len()), ("-2000", 1));
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// An exchange file of one of our accounts at the bank about days of August: the day on which the bank made it, and the sums that came on the 28th by purpose.
fn statement(own: &str, (from, to, made_on): (u32, u32, u32), came: &[(&str, &str)]) -> String {
    let document = |(number, (sum, purpose)): (usize, &(&str, &str))| {
        format!(
            "СекцияДокумент=Платежное поручение\nНомер=1{number}\nДата=28.08.2026\nСумма={sum}\nПлательщикСчет=40702810900000000777\nПолучательСчет={own}\n\
             ДатаПоступило=28.08.2026\nНазначениеПлатежа={purpose}\nКонецДокумента\n"
        )
    };
    let documents: Vec<String> = came.iter().enumerate().map(document).collect();
    format!(
        "1CClientBankExchange\nВерсияФормата=1.03\nКодировка=UTF-8\nДатаСоздания={made_on:02}.08.2026\nДатаНачала={from:02}.08.2026\n\
         ДатаКонца={to:02}.08.2026\nРасчСчет={own}\n{}КонецФайла\n",
        documents.concat()
    )
}

/// A15: statements that are imported let the check go on, once every account of ours at a bank has one of the last bank day, made when the day was over.
#[tokio::test(flavor = "multi_thread")]
async fn imported_statements_let_the_check_go_on() {
    let desk = Desk::august(&[("A-000101", "2000", "2000.00"), ("A-000102", "2000", "2000.00")]).await;
    let [one, other] = ["40702810400000000001", "40702810400000000002"];
    desk.sql(&format!(
        "INSERT INTO legal_entity_bank (legal_entity_id, position, bank, bic, account)
         VALUES (1, 1, 'Банк', '044525999', '{one}'), (1, 2, 'Банк', '044525999', '{other}')"
    ))
    .await;
    let import = async |file: String| {
        let english = [("Accept-Language", "en")];
        desk.api.send("POST", "/v1/bank-statements?file=kl_to_1c.txt", "accounting", &english, file.as_bytes()).await
    };
    let complete = async || {
        let list = desk.api.get("/v1/bank-days?legal_entity=T&sort=day", "support").await;
        let rows = list.body["items"].as_array().unwrap().clone();
        rows.iter().map(|row| row["day"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // On the 28th itself: more may come.
    desk.at("2026-08-28T15:00:00Z");
    for own in [one, other] {
        let early = import(statement(own, (28, 28, 28), &[])).await;
        assert_eq!((early.status, complete().await), (201, Vec::new()), "{}", early.text);
    }
    desk.at("2026-08-30T21:00:00Z");
    let waits = json!("3 accounts wait for the bank statement of 2026-08-28");
    assert_eq!(desk.job("credit_check", "2026-08-31").await, waits);
    desk.at("2026-08-31T06:00:00Z");
    // 2000.00 of the 28th come; of the other account at the bank nobody has said yet that the day was whole.
    let came = import(statement(one, (28, 30, 31), &[("2000.00", "Лицевой счет A-000101")])).await;
    assert_eq!((came.status, &came.body["statements"][0]["booked"]), (201, &json!(1)), "{}", came.text);
    assert_eq!((complete().await, desk.job("credit_check", "2026-08-31").await), (Vec::new(), waits));
    // The same days as before, made when they were over: that is news, once.
    let late = statement(other, (28, 28, 31), &[]);
    assert_eq!(import(late.clone()).await.status, 201);
    assert_eq!(complete().await, ["2026-08-28"]);
    assert_eq!(said(&import(late).await), (409, "already_imported"));
    let figures = desk.job("credit_check", "2026-08-31").await;
    // Who has paid passes, with one of the small operator; who has not is closed.
    assert_eq!((&figures["passed"], &figures["closed"]), (&json!(2), &json!(1)), "{figures}");
    // 2000 of credit - 2000.00 of July + 2000.00; 2000 - 2000.00 - 2000 that are taken back.
    assert_eq!((desk.balance("A-000101").await.as_str(), desk.balance("A-000102").await.as_str()), ("2000", "-2000"));
    assert_eq!((desk.blocks("A-000101").await.len(), desk.blocks("A-000102").await), (0, vec!["credit_closed".into()]));
    // The next export has 2000.00 of the 28th more: he had paid in time, and the 2000 are given back.
    let pays = import(statement(
        one,
        (28, 31, 31),
        &[("2000.00", "Лицевой счет A-000101"), ("2000.00", "Лицевой счет A-000102")],
    ))
    .await;
    assert_eq!((pays.status, &pays.body["statements"][0]["new"]), (201, &json!(1)), "{}", pays.text);
    assert_eq!((desk.balance("A-000102").await.as_str(), desk.blocks("A-000102").await.len()), ("2000", 0));
    assert_eq!(desk.credit("A-000102").await["verdicts"][0]["fate"], json!("void"), "it came in time");
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// A table says no days of its own: whoever imports it says that it has all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_whole_where_somebody_says_so() {
    let desk = Desk::open("2026-08-31T06:00:00Z").await;
    let own = "40702810400000000001";
    desk.sql(&format!("INSERT INTO legal_entity_bank (legal_entity_id, position, bank, bic, account) VALUES (1, 1, 'Банк', '044525999', '{own}')")).await;
    let table = "Дата;Номер;Сумма;Назначение платежа\n28.08.2026;1;10.00;?\n";
    for (query, expected) in [("", 0), ("&whole=true", 1)] {
        let path = format!("/v1/bank-statements?account={own}{query}");
        let done = desk.api.send("POST", &path, "accounting", &[("Accept-Language", "en")], table.as_bytes()).await;
        assert_eq!(done.status, 201, "{}", done.text);
        let days = desk.api.get("/v1/bank-days?legal_entity=T", "support").await;
        assert_eq!(days.body["items"].as_array().map(Vec::len), Some(expected), "{query}: {}", days.text);
    }
    desk.world.drop().await;
}

/// Time away: nights and turns that were missed are made up for in their order, whichever job comes first.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_made_up_for_in_order() {
    let desk = Desk::august(&[("led", "2000", "2000.00")]).await;
    desk.setting("credit.wait_for_statement", "no").await;
    desk.at("2026-08-20T09:00:00Z");
    desk.pay("led", "2026-08-20", "2000.00").await;
    desk.at("2026-09-03T07:00:00Z");
    desk.document("led", "upd", ("2026-08", "2026-09-03"), "700.00").await;
    // Nothing ran from the end of August to the 2nd of October.
    desk.at("2026-10-02T07:00:00Z");
    let figures = desk.job("credit_renew", "2026-10-02").await;
    // August passed, September found 700.00 unpaid; so with the one of the small operator, which passed twice.
    assert_eq!(
        (&figures["passed"], &figures["closed"], &figures["turned"]),
        (&json!(3), &json!(1), &json!(4)),
        "{figures}"
    );
    let verdicts = desk.credit("led").await["verdicts"].as_array().unwrap().clone();
    let shown: Vec<(&str, &str)> = verdicts
        .iter()
        .map(|verdict| (verdict["night"].as_str().unwrap(), verdict["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, [("2026-09-30", "closed"), ("2026-08-31", "passed")]);
    assert_eq!(desk.balance("led").await, "0", "2000 - 2000 + 2000 - 2000");
    let nothing = desk.job("credit_check", "2026-10-02").await;
    assert_eq!((&nothing["passed"], &nothing["turned"]), (&json!(0), &json!(0)), "{nothing}");
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// A16: credit is closed without a notice, blocked with one alone, each block behind a notice of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_needs_a_notice() {
    let desk = Desk::open("2026-07-31T21:00:00Z").await;
    desk.account("led", ("postpaid", "monthly", "2000")).await;
    // Payment by fact: nothing to close, and owes all the same (M50).
    desk.account("fact", ("postpaid", "none", "0")).await;
    desk.job("credit_renew", "2026-08-01").await;
    desk.at("2026-08-03T07:00:00Z");
    for code in ["led", "fact"] {
        desk.document(code, "upd", ("2026-07", "2026-08-03"), "500.00").await;
    }
    let figures = desk.night().await;
    assert_eq!((&figures["closed"], &figures["blocked"]), (&json!(1), &json!(0)), "{figures}");
    for (code, cause) in [("led", "credit_closed"), ("fact", "postpaid_debt")] {
        let shown = desk.credit(code).await;
        assert_eq!((&shown["notice_needed"], &shown["blocks"]), (&json!(true), &json!([])), "{code}");
        desk.notice(code).await;
        assert_eq!(desk.blocks(code).await, [cause]);
        // A second one changes nothing.
        desk.notice(code).await;
        assert_eq!(desk.blocks(code).await.len(), 1);
        // Incoming calls stay, paid ones and activations do not.
        let id = desk.id(code).await;
        let mut change = desk.change().await;
        for (action, refused) in [
            (Action::IncomingCall, false),
            (Action::EmergencyCall, false),
            (Action::Order, false),
            (Action::PaidOutgoingCall, true),
            (Action::Activate, true),
        ] {
            let answer = credit::may(&mut change, id, action).await;
            let is_refused = matches!(answer, Err(CreditError::Refused(Refused::AccountBlocked(_))));
            assert_eq!(is_refused, refused, "{code} {action:?}: {answer:?}");
        }
        drop(change);
        let after = desk.pay(code, "2026-08-31", "500.00").await;
        assert_eq!(after.unblocked.iter().map(|cause| cause.as_str()).collect::<Vec<_>>(), [cause]);
    }
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// B13, B14, B16: credit by days: the limit to the kopeck, 10 days until an invoice is overdue, 14 until work with services stops.
#[tokio::test(flavor = "multi_thread")]
async fn overdue_invoices_stop_work_with_services() {
    let desk = Desk::open("2027-02-01T07:00:00Z").await;
    desk.account("led", ("prepaid", "none", "0")).await;
    let change_terms = async |body: Value| desk.ask("PUT", "head", "/v1/accounts/led", body).await;
    for (body, expected) in [
        (json!({"deferral_days": 10}), (422, "credit_policy_conflict")),
        (json!({"credit_policy": "days", "deferral_days": 10, "block_after_days": 9}), (422, "credit_policy_conflict")),
        (json!({"credit_policy": "days", "block_after_days": 9}), (422, "credit_policy_conflict")),
        (json!({"credit_policy": "days", "deferral_days": 3651}), (422, "validation")),
        (
            json!({"credit_policy": "days", "credit_limit": "1000", "deferral_days": 7, "block_after_days": 14}),
            (200, ""),
        ),
        (json!({"deferral_days": 10}), (200, "")),
    ] {
        let answer = change_terms(body.clone()).await;
        assert_eq!(said(&answer), expected, "{body}: {}", answer.body);
    }
    let card = desk.api.get("/v1/accounts/led", "support").await.body;
    assert_eq!((&card["deferral_days"], &card["block_after_days"]), (&json!(10), &json!(14)));
    let history = desk.api.get("/v1/accounts/led/history", "support").await.body;
    for (field, before, after) in [
        ("deferral_days", json!(7), json!(10)),
        ("deferral_days", Value::Null, json!(7)),
        ("block_after_days", Value::Null, json!(14)),
        ("credit_limit", json!("0"), json!("1000")),
    ] {
        let rows = history["items"].as_array().unwrap();
        let is_told = rows.iter().any(|row| {
            row["field"] == field && row["before"] == before && row["after"] == after && row["user"] == "head"
        });
        assert!(is_told, "{field}: {history}");
    }

    let id = desk.id("led").await;
    let spend = async |sum: &str| {
        let mut change = desk.change().await;
        credit::may_spend(&mut change, id, amount(sum)).await
    };
    assert!(spend("1000").await.is_ok());
    assert!(matches!(spend("1000.01").await, Err(CreditError::Refused(Refused::CreditLimit))));
    let may = async |action: Action| {
        let mut change = desk.change().await;
        match credit::may(&mut change, id, action).await {
            Ok(()) => "",
            Err(CreditError::Refused(refused)) => refused.as_str(),
            Err(other) => panic!("{other}"),
        }
    };
    let works = [Action::Order, Action::Renew, Action::ChangeTariff, Action::Edit];

    // Issued on 1 March at 10:00.
    desk.at("2027-03-01T07:00:00Z");
    let invoice = desk.document("led", "payment_invoice", ("2027-03", "2027-03-01"), "500.00").await;
    for (now, receivable, refused) in [
        ("2027-03-11T06:59:59Z", "in_time", ""),
        ("2027-03-11T07:00:00Z", "overdue", ""),
        ("2027-03-15T06:59:59Z", "overdue", ""),
        ("2027-03-15T07:00:00Z", "blocked", "blocked_overdue"),
    ] {
        desk.at(now);
        assert_eq!(desk.credit("led").await["receivable"], json!(receivable), "{now}");
        for action in works {
            assert_eq!(may(action).await, refused, "{now} {action:?}");
        }
        assert_eq!(may(Action::PaidOutgoingCall).await, "", "services at work go on");
    }
    let plan = async || desk.ask("PUT", "head", "/v1/accounts/led/plan", json!({"plan": "basic"})).await;
    assert_eq!(said(&plan().await), (403, "blocked_overdue"));
    let figures = desk.job("overdue_block", "2027-03-15").await;
    assert_eq!(figures["blocked"], json!(1), "{figures}");
    assert_eq!(desk.again("overdue_block", "2027-03-15").await["blocked"], json!(0));
    assert_eq!(desk.blocks("led").await, ["overdue"]);
    assert_eq!((said(&plan().await), may(Action::Activate).await), ((403, "blocked_overdue"), "ACCOUNT_BLOCKED"));

    let paid = async || {
        let row =
            desk.api.get("/v1/documents?account=led&kind=payment_invoice", "support").await.body["items"][0].clone();
        assert_eq!(row["id"], json!(invoice));
        (row["state"].as_str().unwrap().to_owned(), row["paid"].as_str().unwrap().to_owned())
    };
    let pay = async |number: &str, sum: &str| {
        let body = json!({"account": "led", "number": number, "value_date": "2027-03-15", "amount": sum});
        let made = desk.post("accounting", "/v1/payments", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["id"].as_i64().unwrap()
    };
    let first = pay("1", "499.99").await;
    assert_eq!(paid().await, ("partly_paid".into(), "499.99".into()));
    assert_eq!(said(&plan().await), (403, "blocked_overdue"));
    // 499.99 + 0.01.
    pay("2", "0.01").await;
    assert_eq!(paid().await, ("paid".into(), "500".into()));
    assert_eq!((desk.blocks("led").await.len(), may(Action::Order).await), (0, ""));
    // A payment that is distributed otherwise pays it no more, and one that the bank takes back neither.
    let pays = async |items: Value| {
        let path = format!("/v1/payments/{first}/allocate");
        let done = desk.post("accounting", &path, json!({"pays": {"items": items}})).await;
        assert_eq!(done.status, 200, "{}", done.body);
    };
    pays(json!([])).await;
    assert_eq!((paid().await, may(Action::Order).await), (("partly_paid".into(), "0.01".into()), "blocked_overdue"));
    pays(json!([{"kind": "payment_invoice", "number": "payment_invoice 2027-03 2027-03-01 500.00"}])).await;
    assert_eq!((paid().await.0, may(Action::Order).await), ("paid".into(), ""));
    let back = desk.post("accounting", &format!("/v1/payments/{first}/return"), json!({})).await;
    assert_eq!(back.status, 200, "{}", back.body);
    assert_eq!((paid().await, may(Action::Order).await), (("partly_paid".into(), "0.01".into()), "blocked_overdue"));
    pay("3", "499.99").await;
    assert_eq!((desk.blocks("led").await.len(), said(&plan().await)), (0, (200, "")));
    desk.world.assert_books_agree().await;
    // Without the policy there is no deferral.
    assert_eq!(change_terms(json!({"credit_policy": "none", "credit_limit": "0"})).await.status, 200);
    let card = desk.api.get("/v1/accounts/led", "support").await.body;
    assert_eq!((&card["deferral_days"], &card["block_after_days"]), (&Value::Null, &Value::Null));
    desk.world.drop().await;
}

/// T23 (ill.): with the setting 3 a company with 4 unpaid months (debt 1800) is blocked, and is not once it has paid.
#[tokio::test(flavor = "multi_thread")]
async fn unpaid_months_stop_work_with_services() {
    let desk = Desk::open("2026-08-10T07:00:00Z").await;
    desk.account("led", ("prepaid", "none", "0")).await;
    for (month, issued) in
        [("2026-04", "2026-05-03"), ("2026-05", "2026-06-03"), ("2026-06", "2026-07-03"), ("2026-07", "2026-08-03")]
    {
        desk.document("led", "act", (month, issued), "450.00").await;
    }
    assert_eq!(desk.job("overdue_block", "2026-08-08").await["blocked"], json!(0), "off unless it has a number");
    desk.setting("debt.block_after_months", "3").await;
    assert_eq!(desk.job("overdue_block", "2026-08-09").await["blocked"], json!(1));
    let shown = desk.credit("led").await;
    assert_eq!((&shown["debt"], &shown["unpaid_months"]), (&json!("1800"), &json!(4)));
    desk.pay("led", "2026-08-10", "450.00").await;
    assert_eq!(desk.blocks("led").await, ["overdue"], "three months are three");
    let after = desk.pay("led", "2026-08-10", "1350.00").await;
    assert_eq!((after.unblocked, desk.blocks("led").await.len()), (vec![Cause::Overdue], 0));
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// What a document may be, and what one below zero does.
#[tokio::test(flavor = "multi_thread")]
async fn documents_are_entered_once_and_lowered() {
    let desk = Desk::august(&[("led", "2000", "2000.00")]).await;
    let enter = async |body: Value| desk.post("accounting", "/v1/accounts/led/documents", body).await;
    let document = |field: &str, value: &str| {
        let mut body = json!({"kind": "act", "number": "1", "month": "2026-07", "day": "2026-08-03", "amount": "1.00"});
        body[field] = json!(value);
        body
    };
    for (body, expected, pointer) in [
        (document("kind", "act"), (201, ""), None),
        (document("kind", "act"), (409, "already_exists"), Some("/number")),
        (document("kind", "tax_invoice"), (201, ""), None),
        (document("kind", "bill"), (422, "validation"), Some("/kind")),
        (document("amount", "0.00"), (422, "validation"), Some("/amount")),
        (document("amount", "-1.00"), (422, "validation"), Some("/amount")),
        (document("amount", "1.005"), (422, "validation"), Some("/amount")),
        (document("day", "2026-08-04"), (422, "validation"), Some("/day")),
        (document("month", "2026-09"), (422, "validation"), Some("/month")),
        (document("number", ""), (422, "validation"), Some("/number")),
    ] {
        let answer = enter(body.clone()).await;
        assert_eq!(said(&answer), expected, "{body}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["pointer"].as_str(), pointer, "{body}: {}", answer.body);
    }
    for (field, value, body) in [
        ("payable", json!(false), document("kind", "payment_invoice")),
        ("payable", json!(true), {
            let mut lowers = document("kind", "ukd");
            lowers["amount"] = json!("-1.00");
            lowers
        }),
        ("contract", json!("17/2026"), document("kind", "upd")),
    ] {
        let mut body = body;
        body[field] = value;
        let answer = enter(body.clone()).await;
        let pointer = format!("/{field}");
        assert_eq!(
            (said(&answer), &answer.body["errors"][0]["pointer"]),
            ((422, "validation"), &json!(pointer)),
            "{body}"
        );
    }
    let missing = desk.post("accounting", "/v1/accounts/no-such/documents", document("kind", "act")).await;
    assert_eq!(said(&missing), (404, "not_found"));
    let list = desk.api.get("/v1/documents?account=led&kind=act,upd", "support").await;
    assert_eq!(list.body["total"], json!(2), "{}", list.body);
    desk.night().await;
    assert_eq!(desk.credit("led").await["due"], json!("2002"));
    // A correction of all of it after the closing releases.
    desk.at("2026-09-05T07:00:00Z");
    desk.document("led", "ukd", ("2026-07", "2026-09-05"), "-2002.00").await;
    let shown = desk.credit("led").await;
    assert_eq!((&shown["standing"], &shown["verdicts"][0]["fate"]), (&json!("good"), &json!("paid")));
    assert_eq!((desk.blocks("led").await.len(), &shown["outstanding"]), (0, &json!("2000")));
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// A job of every hour begins again when an hour has passed, and not before.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_overdue_is_looked_after_by_the_hour() {
    let desk = Desk::open("2026-08-10T07:00:00Z").await;
    let runs = async || {
        let runs = run_due_jobs(&desk.state).await.unwrap();
        runs.iter().filter(|run| run.name == "overdue_block").map(|run| run.attempts).collect::<Vec<_>>()
    };
    let mut now: DateTime<Utc> = "2026-08-10T07:00:00Z".parse().unwrap();
    for (minutes, expected) in [(0, &[1][..]), (59, &[]), (1, &[2]), (30, &[]), (30, &[3])] {
        now += TimeDelta::minutes(minutes);
        desk.hands.set(now);
        assert_eq!(runs().await, expected, "{now}");
    }
    desk.world.drop().await;
}

/// An account opened with credit by the month has it at once where that is asked for, else at the turn; a virtual credit does not hide a debt from closing.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_begin_and_end_with_credit() {
    let desk = Desk::open("2026-08-14T07:00:00Z").await;
    let client = json!({"code": "own", "name": "ООО «own»", "email": "own@example.ru"});
    let client = desk.post("sales", "/v1/clients", client).await.body["code"].as_str().unwrap().to_owned();
    let open = async |more: Value| {
        let mut body = json!({"client": client, "legal_entity": "T", "code": "own"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        desk.post("head", "/v1/accounts", body).await
    };
    let by_days = open(json!({"credit_policy": "days", "credit_at_once": true})).await;
    assert_eq!(said(&by_days), (422, "credit_policy_conflict"), "{}", by_days.body);
    let terms =
        json!({"payment_mode": "postpaid", "credit_policy": "monthly", "credit_limit": "2000", "credit_at_once": true});
    let opened = open(terms).await;
    assert_eq!(said(&opened), (201, ""), "{}", opened.body);
    assert_eq!(opened.body["balance"], json!("2000"));
    desk.charge("own", "2026-08-14", "2000").await;
    assert_eq!(desk.balance("own").await, "0");
    let closed = desk.post("head", "/v1/accounts/own/close", json!({})).await;
    assert_eq!(said(&closed), (409, "balance_not_zero"), "{}", closed.body);
    assert!(closed.body["detail"].as_str().unwrap().contains("-2000"), "{}", closed.body);
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}
