//! Fiscal receipts of natural persons (A26), by a service of cash registers on this machine.

use std::sync::Arc;
use std::time::Duration;

use admin_api::{AppState, CashRegisterLogin, HttpCashRegister, Issued, Ran, issue_receipts, run_job};
use billing::change::Begun;
use billing::documents::{self, DocumentKind, NewDocument};
use billing::ingest_alarms;
use billing::payments::{self, Choice, GatewayPayment};
use billing::{Actor, Change, Clock, staff};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::cash_register::{LOGIN, LocalCashRegister, PASSWORD};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

/// How long a test waits for the service.
const WITHIN: Duration = Duration::from_secs(10);
/// The account of legal entity T at its bank.
const OWN: &str = "40702810400000000001";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// A program with a service of cash registers, and a clock that the test moves.
struct Till {
    world: World,
    clock: Arc<SetClock>,
    register: Arc<LocalCashRegister>,
    state: AppState,
    api: Api,
}

impl Till {
    async fn open(now: &str) -> Self {
        let world = World::new(1).await;
        let sql = format!(
            "INSERT INTO legal_entity_bank (legal_entity_id, position, bank, bic, account) VALUES (1, 1, 'Банк', '044525999', '{OWN}');
             UPDATE legal_entity SET inn = '7702000029', email = 'kassa@example.ru' WHERE id = 1;
             INSERT INTO legal_entity (code, name, currency, zone, inn, email) VALUES ('U', 'Another company', 'RUB', 'Europe/Moscow', '7803000032', 'u@example.ru')"
        );
        world.store.run_past_the_rooms(&sql).await.unwrap();
        let clock = SetClock::at(at(now));
        let register = LocalCashRegister::start().await;
        let account = CashRegisterLogin {
            url: register.url().to_owned(),
            login: LOGIN.to_owned(),
            password: PASSWORD.to_owned(),
        };
        let service = HttpCashRegister::new(account, WITHIN).unwrap();
        let state = Api::state(&world, clock.clone()).await.with_cash_register(service);
        let api = Api::serve_state(state.clone()).await;
        let till = Self { world, clock, register, state, api };
        till.setting("cash_register.groups", "T=main U=other").await;
        till.setting("cash_register.payment_address", "https://pay.example.ru").await;
        till
    }

    async fn setting(&self, key: &str, value: &str) {
        let path = format!("/v1/settings/{key}");
        let set = self.api.ask("PUT", &path, "admin", &[], Some(json!({"value": value, "reason": "test"}))).await;
        assert_eq!(set.status, 200, "{}", set.body);
    }

    /// A client of this kind with an account, both of this code, and with this e-mail.
    async fn client(&self, code: &str, kind: &str, email: Option<&str>) {
        self.client_at("T", code, kind, email).await;
    }

    async fn client_at(&self, entity: &str, code: &str, kind: &str, email: Option<&str>) {
        let email = email.map_or_else(|| "NULL".to_owned(), |email| format!("'{email}'"));
        let sql = format!(
            "WITH p AS (INSERT INTO party (kind, name, created_at) VALUES ('{kind}', '{code}', now()) RETURNING id),
                  c AS (INSERT INTO client (code, name, email, party_id) SELECT '{code}', '{code}', {email}, id FROM p RETURNING id),
                  a AS (INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy)
                        SELECT '{code}', c.id, e.id, 'RUB', 'Europe/Moscow', 'prepaid', 'none' FROM c, legal_entity e WHERE e.code = '{entity}' RETURNING id)
             INSERT INTO account_balance (account_id) SELECT id FROM a"
        );
        self.world.store.run_past_the_rooms(&sql).await.unwrap();
    }

    async fn ask(&self, role: &str, path: &str, body: Value) -> Answer {
        let mut body = body;
        body["reason"] = json!("test");
        self.api.ask("POST", path, role, &[("Accept-Language", "en")], Some(body)).await
    }

    /// A payment on an account, in cash or by a document of the bank; its number.
    async fn pay(&self, source: &str, account: &str, number: &str, amount: &str) -> i64 {
        let today = self.clock.now().date_naive();
        let mut body =
            json!({"source": source, "account": account, "number": number, "value_date": today, "amount": amount});
        if source == "manual" {
            body["bank_account"] = json!(OWN);
        }
        let made = self.ask("accounting", "/v1/payments", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["id"].as_i64().unwrap()
    }

    async fn begun(&self) -> Change {
        let user = staff::authenticate(&self.world.store, "token-accounting", self.clock.now()).await.unwrap().unwrap();
        let actor = Actor::named(user.id, &user.login, "test");
        match Change::begin(&self.world.store, self.clock.as_ref(), actor, None).await.unwrap() {
            Begun::New(change) => change,
            Begun::Repeated(..) | Begun::KeyReused => panic!("a change without a key is new"),
        }
    }

    async fn round(&self) -> Issued {
        issue_receipts(&self.state).await.unwrap()
    }

    /// Some minutes later.
    async fn later(&self, minutes: i64) -> Issued {
        self.clock.pass(TimeDelta::minutes(minutes));
        self.round().await
    }

    /// Receipts of an account, the oldest first.
    async fn receipts(&self, account: &str) -> Vec<Value> {
        let list = self.api.get(&format!("/v1/fiscal-receipts?account={account}&sort=id"), "accounting").await;
        list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text)).clone()
    }

    /// Kind and state of them.
    async fn states(&self, account: &str) -> Vec<(String, String)> {
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        self.receipts(account).await.iter().map(|row| (text(row, "kind"), text(row, "state"))).collect()
    }

    async fn open_alarms(&self) -> Vec<String> {
        let filter = ingest_alarms::Filter { open: true, ..ingest_alarms::Filter::default() };
        let alarms = ingest_alarms::list(&self.world.store, &filter, 100).await.unwrap();
        alarms.into_iter().filter(|alarm| alarm.kind == "receipt").map(|alarm| alarm.subject).collect()
    }

    async fn done(self) {
        self.world.assert_books_agree().await;
        assert!(billing::audit::verify(&self.world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
        self.world.drop().await;
    }
}

fn is(kind: &str, state: &str) -> (String, String) {
    (kind.to_owned(), state.to_owned())
}

/// A26: a receipt on payment and on refund, by card, in cash and by bank; none for a company. Of an advance of 1000.00 in 2026 180.33 is tax (A12).
#[tokio::test(flavor = "multi_thread")]
async fn payments_of_persons_have_receipts_and_those_of_companies_none() {
    let till = Till::open("2026-07-15T10:00:00Z").await;
    till.client("ivan", "natural", Some("ivan@example.ru")).await;
    till.client("firm", "legal", Some("firm@example.ru")).await;
    till.client("self", "sole_proprietor", Some("self@example.ru")).await;
    let paid = till.pay("cash", "ivan", "1", "1000.00").await;
    till.pay("manual", "ivan", "2", "50.00").await;
    for (code, number) in [("firm", "3"), ("self", "4")] {
        till.pay("manual", code, number, "70.00").await;
    }
    let mut change = till.begun().await;
    let told = GatewayPayment {
        gateway: "g",
        reference: "1",
        account: "ivan",
        amount: "1.50".parse().unwrap(),
        currency: "RUB",
        value_date: "2026-07-15".parse().unwrap(),
        intent: None,
        purpose: "",
    };
    payments::receive(&mut change, &told, "test").await.unwrap();
    change.commit(200, &json!(null)).await.unwrap();
    assert_eq!(till.states("ivan").await, [is("income", "queued"), is("income", "queued"), is("income", "queued")]);

    let first = till.round().await;
    assert_eq!((first.sent, first.asked, first.done, first.missing), (3, 0, 0, 0));
    let early = till.round().await;
    assert_eq!((early.sent, early.asked), (0, 0), "the register gets its minute");
    let second = till.later(1).await;
    assert_eq!((second.sent, second.asked, second.done), (0, 3, 3));
    assert_eq!(till.states("ivan").await, [is("income", "done"), is("income", "done"), is("income", "done")]);
    assert!(till.receipts("firm").await.is_empty() && till.receipts("self").await.is_empty());

    // What went to the register: 1000 * 22/122 = 180.327.., cash is way 0.
    let taken = till.register.taken("ivan@example.ru");
    let whole = taken.iter().find(|taken| taken.receipt["total"] == json!(1000.0)).unwrap();
    let item = &whole.receipt["items"][0];
    assert_eq!((whole.group.as_str(), whole.operation.as_str(), whole.issued), ("main", "sell", true));
    assert_eq!((&item["payment_method"], &item["vat"]), (&json!("advance"), &json!({"type": "vat122", "sum": 180.33})));
    assert_eq!(whole.receipt["payments"], json!([{"type": 0, "sum": 1000.0}]));
    assert_eq!(
        whole.receipt["company"],
        json!({"email": "kassa@example.ru", "sno": "osn", "inn": "7702000029", "payment_address": "https://pay.example.ru"})
    );

    // What is kept of it, and the status on the payment. The register said 13:01:00 by the clock of Moscow.
    let receipt = till.receipts("ivan").await[0].clone();
    assert_eq!((&receipt["fn"], &receipt["fpd"]), (&json!("9999078900000001"), &json!("3449555941")), "{receipt}");
    assert_eq!(
        (&receipt["issued_at"], &receipt["contact"]),
        (&json!("2026-07-15T10:01:00Z"), &json!("i***@example.ru"))
    );
    assert_eq!((&receipt["vat"], &receipt["vat_amount"]), (&json!("vat122"), &json!("180.33")));
    let card = till.api.get(&format!("/v1/payments/{paid}"), "support").await;
    assert_eq!(card.body["receipts"][0]["state"], "done", "{}", card.body);
    let listed = till.api.get("/v1/payments?receipt=done&number=1", "support").await;
    assert_eq!((&listed.body["items"][0]["id"], &listed.body["items"][0]["receipt"]), (&json!(paid), &json!("done")));

    // Given back in part by a payment order: the return has the rate of what it returns, and is electronic. 122 * 22/122 = 22.
    let path = format!("/v1/payments/{paid}/refunds");
    let back = till.ask("accounting", &path, json!({"amount": "122.00", "number": "9"})).await;
    assert_eq!(back.status, 201, "{}", back.body);
    till.round().await;
    till.later(1).await;
    assert_eq!(till.states("ivan").await[3], is("income_return", "done"));
    let taken = till.register.taken("ivan@example.ru");
    let back = taken.iter().find(|taken| taken.operation == "sell_refund").unwrap();
    assert_eq!(back.receipt["payments"], json!([{"type": 1, "sum": 122.0}]));
    assert_eq!(back.receipt["items"][0]["vat"], json!({"type": "vat122", "sum": 22.0}));
    let card = till.api.get(&format!("/v1/payments/{paid}"), "support").await;
    assert_eq!(card.body["receipts"].as_array().map(Vec::len), Some(2), "{}", card.body);

    // A way of payment that is not subject to receipts.
    till.setting("receipts.methods", "card cash").await;
    till.pay("manual", "ivan", "5", "10.00").await;
    assert_eq!(till.receipts("ivan").await.len(), 4);
    till.done().await;
}

/// A lost answer makes no second receipt; a service that is late, busy or forgetful gets to one in the end; two processes send it once.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_issued_once() {
    let till = Till::open("2026-07-15T10:00:00Z").await;
    for kind in ["lost", "late", "busy", "forget"] {
        till.client(kind, "natural", Some(&format!("{kind}-1@example.ru"))).await;
        till.pay("manual", kind, kind, "100.00").await;
    }
    let (one, other) = tokio::join!(till.round(), till.round());
    assert_eq!((one.sent + other.sent, till.register.requests()), (4, 4));
    assert_eq!(till.states("lost").await, [is("income", "failed")]);
    assert_eq!(till.receipts("lost").await[0]["problem"], "no_answer");
    // An old token is no trouble.
    till.register.end_tokens();
    for _ in 0..12 {
        till.later(2).await;
    }
    for kind in ["lost", "late", "busy", "forget"] {
        assert_eq!(till.states(kind).await, [is("income", "done")], "{kind}");
        let issued = till.register.taken(&format!("{kind}-1@example.ru")).iter().filter(|taken| taken.issued).count();
        assert_eq!(issued, 1, "{kind}");
    }
    // Where none was made it is asked for under another external id; else under the same.
    let of = |contact: &str| till.register.taken(contact).len();
    assert_eq!((of("lost-1@example.ru"), of("busy-1@example.ru"), of("forget-1@example.ru")), (1, 2, 1));
    let id = till.receipts("lost").await[0]["id"].clone();
    let card = till.api.get(&format!("/v1/fiscal-receipts/{id}"), "support").await;
    let outcomes: Vec<&str> =
        card.body["attempts"].as_array().unwrap().iter().map(|attempt| attempt["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["no_answer", "taken", "done"], "{}", card.body);
    assert!(!card.text.contains("lost-1@"), "a contact is masked");
    till.done().await;
}

/// A26: missing for an hour is an alarm of the company, until it is there; also where a person is needed.
#[tokio::test(flavor = "multi_thread")]
async fn missing_for_an_hour_is_an_alarm() {
    let till = Till::open("2026-07-15T10:00:00Z").await;
    till.client("deaf", "natural", Some("deaf@example.ru")).await;
    till.client_at("U", "ivan", "natural", Some("ivan@example.ru")).await;
    till.pay("manual", "deaf", "1", "100.00").await;
    till.pay("cash", "ivan", "2", "5.00").await;
    for _ in 0..59 {
        assert_eq!(till.later(1).await.missing, 0);
    }
    assert!(till.open_alarms().await.is_empty());
    assert_eq!(till.later(1).await.missing, 1);
    assert_eq!(till.open_alarms().await, ["T"]);
    assert_eq!(till.later(1).await.missing, 1);
    assert_eq!(till.open_alarms().await, ["T"], "one alarm a company");
    let Ran::Now(run) = run_job(&till.state, "receipts", "2026-07-15".parse().unwrap()).await.unwrap() else {
        panic!("it ran before")
    };
    assert!(run.outcome == "failed" && run.error.contains("ALARM: 1 fiscal receipts"), "{run:?}");

    // Its contact is mended, and the alarm ends by itself.
    assert!(till.receipts("deaf").await[0]["attempts"].as_i64().unwrap() > 3);
    till.world
        .store
        .run_past_the_rooms("UPDATE client SET email = 'good@example.ru' WHERE code = 'deaf'")
        .await
        .unwrap();
    till.later(30).await;
    assert_eq!(till.later(1).await.missing, 0);
    assert_eq!((till.states("deaf").await, till.open_alarms().await.len()), (vec![is("income", "done")], 0));

    // Without a group of registers a receipt waits, and is missed all the same.
    till.setting("cash_register.groups", "").await;
    till.pay("manual", "deaf", "3", "7.00").await;
    let waits = till.later(60).await;
    assert_eq!((waits.sent, waits.missing, till.open_alarms().await), (0, 1, vec!["T".to_owned()]));
    till.done().await;
}

/// Who has no contact, and what the register refuses, waits for a person; it is sent again or resolved, with a reason.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_waits_for_a_person() {
    let till = Till::open("2026-07-15T10:00:00Z").await;
    till.client("mute", "natural", None).await;
    till.client("bad", "natural", Some("refuse@example.ru")).await;
    till.client("sour", "natural", Some("fail@example.ru")).await;
    for code in ["mute", "bad", "sour"] {
        till.pay("cash", code, code, "100.00").await;
    }
    till.round().await;
    till.later(1).await;
    for (code, problem) in [("mute", "no_contact"), ("bad", "rejected"), ("sour", "rejected")] {
        let receipt = till.receipts(code).await[0].clone();
        assert_eq!((&receipt["state"], &receipt["problem"]), (&json!("refused"), &json!(problem)), "{receipt}");
    }
    assert_eq!(till.receipts("bad").await[0]["words"], "32: the receipt is not well formed");
    let work = till.api.get("/v1/fiscal-receipts?state=refused&missing=true", "accounting").await;
    assert_eq!(work.body["items"].as_array().map(Vec::len), Some(3), "{}", work.body);

    let number = |row: &Value| row["id"].as_i64().unwrap();
    let mute = number(&till.receipts("mute").await[0]);
    let path = |id: i64, step: &str| format!("/v1/fiscal-receipts/{id}/{step}");
    assert_eq!(said(&till.ask("support", &path(mute, "retry"), json!({})).await), (403, "forbidden"));
    let still = till.ask("accounting", &path(mute, "retry"), json!({})).await;
    assert_eq!(said(&still), (409, "receipt_obstacle"), "{}", still.body);
    let without = till.api.ask("POST", &path(mute, "retry"), "accounting", &[], Some(json!({}))).await;
    assert_eq!(said(&without), (422, "reason_required"), "{}", without.body);
    assert_eq!(said(&till.ask("accounting", &path(404_404, "retry"), json!({})).await), (404, "not_found"));
    // By telephone, when he has one.
    till.world
        .store
        .run_past_the_rooms(
            "UPDATE client SET phone = '8 916 123 45 67', phone_key = '79161234567' WHERE code = 'mute'",
        )
        .await
        .unwrap();
    let again = till.ask("accounting", &path(mute, "retry"), json!({})).await;
    assert_eq!(said(&again), (200, ""), "{}", again.body);
    till.round().await;
    till.later(1).await;
    assert_eq!(till.states("mute").await, [is("income", "done")]);
    assert_eq!(till.register.taken("+79161234567").len(), 1);
    assert_eq!(said(&till.ask("accounting", &path(mute, "retry"), json!({})).await), (409, "invalid_transition"));

    // Resolved by hand: a return of it is looked at by a person first.
    let bad = number(&till.receipts("bad").await[0]);
    let done = till.ask("accounting", &path(bad, "resolve"), json!({})).await;
    assert_eq!(said(&done), (200, ""), "{}", done.body);
    assert_eq!(said(&till.ask("accounting", &path(bad, "resolve"), json!({})).await), (409, "invalid_transition"));
    let payment = till.receipts("bad").await[0]["payment"].as_i64().unwrap();
    let back = till.ask("accounting", &format!("/v1/payments/{payment}/refunds"), json!({})).await;
    assert_eq!(back.status, 201, "{}", back.body);
    let rows = till.receipts("bad").await;
    assert_eq!((&rows[1]["state"], &rows[1]["problem"]), (&json!("refused"), &json!("income_resolved")));
    let history = till.api.get(&format!("/v1/audit/fiscal_receipt/{bad}"), "admin").await;
    assert!(history.text.contains("receipt.resolve") && !history.text.contains("refuse@"), "{}", history.text);
    let missing = till.later(60).await.missing;
    assert_eq!(missing, 2, "what waits for a person is missed too");
    till.done().await;
}

/// A26: an advance that pays a document of what was rendered is offset, with the plain rate and full settlement; money that is moved keeps its receipt.
#[tokio::test(flavor = "multi_thread")]
async fn advances_are_offset_and_receipts_go_with_the_money() {
    let till = Till::open("2026-07-15T10:00:00Z").await;
    till.client("ivan", "natural", Some("ivan@example.ru")).await;
    till.client("petr", "natural", Some("petr@example.ru")).await;
    till.client_at("U", "anna", "natural", Some("anna@example.ru")).await;
    let paid = till.pay("cash", "ivan", "1", "2000.00").await;
    let document = async |kind: DocumentKind, number: &str, amount: &str| {
        let mut change = till.begun().await;
        let new = NewDocument {
            account: "ivan",
            kind,
            number,
            month: "2026-06-01".parse().unwrap(),
            issued_on: Some("2026-07-14".parse().unwrap()),
            contract: None,
            amount: amount.parse().unwrap(),
            payable: Some(true),
        };
        documents::enter(&mut change, &new, "test").await.unwrap();
        change.commit(200, &json!(null)).await.unwrap();
    };
    document(DocumentKind::Upd, "77", "1220.00").await;
    let rows = till.receipts("ivan").await;
    assert_eq!(till.states("ivan").await, [is("income", "queued"), is("offset", "queued")]);
    // 1220 * 22/122 = 220.
    assert_eq!(
        (&rows[1]["amount"], &rows[1]["vat"], &rows[1]["vat_amount"], &rows[1]["document"], &rows[1]["paid_by"]),
        (&json!("1220"), &json!("vat22"), &json!("220"), &json!("77"), &json!("advance"))
    );
    // Distributed again nothing more is offset; of another document its sum.
    let mut change = till.begun().await;
    payments::redistribute(&mut change, paid, &Choice::OldestFirst, None, "test").await.unwrap();
    change.commit(200, &json!(null)).await.unwrap();
    assert_eq!(till.receipts("ivan").await.len(), 2);
    document(DocumentKind::Act, "79", "122.00").await;
    let rows = till.receipts("ivan").await;
    assert_eq!((rows.len(), &rows[2]["amount"]), (3, &json!("122")));
    // That an invoice asks for money renders nothing.
    document(DocumentKind::PaymentInvoice, "78", "100.00").await;
    assert_eq!(till.receipts("ivan").await.len(), 3);

    // Moved within the company: one receipt, which goes to whose account it is, for it was not sent yet.
    let moved = till.pay("cash", "ivan", "2", "30.00").await;
    let done = till.ask("accounting", &format!("/v1/payments/{moved}/move"), json!({"account": "petr"})).await;
    assert_eq!(said(&done).0 / 100, 2, "{}", done.body);
    assert_eq!((till.receipts("ivan").await.len(), till.states("petr").await), (3, vec![is("income", "queued")]));
    // To another company by an agreement: what of both receipts is right a person says.
    let body = json!({"account": "anna", "agreement": "соглашение 5"});
    let petr = till.receipts("petr").await[0]["payment"].as_i64().unwrap();
    let done = till.ask("accounting", &format!("/v1/payments/{petr}/move"), body).await;
    assert_eq!(said(&done).0 / 100, 2, "{}", done.body);
    let anna = till.receipts("anna").await[0].clone();
    assert_eq!((&anna["state"], &anna["problem"]), (&json!("refused"), &json!("other_entity")), "{anna}");
    till.round().await;
    till.later(1).await;
    assert_eq!(till.register.taken("petr@example.ru").len(), 1);
    let offset = till.register.taken("ivan@example.ru");
    let offset = offset.iter().find(|taken| taken.receipt["total"] == json!(1220.0)).unwrap();
    let item = &offset.receipt["items"][0];
    assert_eq!((&item["payment_method"], &item["payment_object"]), (&json!("full_payment"), &json!("service")));
    assert_eq!(offset.receipt["payments"], json!([{"type": 2, "sum": 1220.0}]));
    till.done().await;
}
