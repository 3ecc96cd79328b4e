//! Balances that come down: clients are told, and their cards are charged.

use std::sync::Arc;
use std::time::Duration;

use admin_api::{AppState, CallsReader, Charged, HttpGateway, Ran, Watched, run_job, watch_balances};
use billing::{Clock, mail};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::gateway::LocalGateway;
use tests::{SetClock, World};

use crate::api::{Answer, Api};
use crate::cabinet::Visitor;

/// Of the gateway of these tests.
const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough";
/// How long a test waits for the gateway where it does not answer for want of an answer, and where it is only slow.
const WITHIN: Duration = Duration::from_secs(10);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// A body with a reason.
#[expect(clippy::unnecessary_wraps, reason = "a body, as requests take it")]
fn why(body: Value) -> Option<Value> {
    let mut body = body;
    body["reason"] = json!("test");
    Some(body)
}

/// A client with one account at the usual legal entity, both of this code, with this e-mail and this balance of virtual money.
async fn account(world: &World, code: &str, email: Option<&str>, balance: &str) {
    let email = email.map_or_else(|| "NULL".to_owned(), |email| format!("'{email}'"));
    let sql = format!(
        "WITH c AS (INSERT INTO client (code, name, email) VALUES ('{code}', '{code}', {email}) RETURNING id),
              a AS (INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy)
                    SELECT '{code}', c.id, 1, 'RUB', 'Europe/Moscow', 'prepaid', 'none' FROM c RETURNING id)
         INSERT INTO account_balance (account_id) SELECT id FROM a"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
    moves(world, code, "topup_manual", balance, at("2027-01-01T00:00:00Z")).await;
}

/// A posting and the balance that it moves.
async fn moves(world: &World, code: &str, kind: &str, amount: &str, moment: DateTime<Utc>) {
    let sql = format!(
        "INSERT INTO posting (account_id, kind, is_real, amount, at, day, reference, author)
         SELECT id, '{kind}', '{kind}' = 'payment', {amount}, '{moment}', '2027-01-01', 'test', 'test' FROM account WHERE code = '{code}';
         UPDATE account_balance SET balance = balance + {amount} WHERE account_id = (SELECT id FROM account WHERE code = '{code}')",
        moment = moment.to_rfc3339()
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

async fn critical(api: &Api, code: &str, amount: &str) {
    let path = format!("/v1/accounts/{code}/critical-balance");
    let set = api.ask("PUT", &path, "head", &[], why(json!({"amount": amount}))).await;
    assert_eq!(set.status, 200, "{}", set.body);
}

/// How many were told, and how many were not.
async fn look(state: &AppState) -> (u32, u32) {
    let Watched { notices, suppressed, .. } = watch_balances(state).await.unwrap();
    (notices, suppressed)
}

/// Figures of a job that was run now.
async fn job(state: &AppState, name: &str, date: &str) -> Value {
    match run_job(state, name, day(date)).await.unwrap() {
        Ran::Now(run) if run.is_done() => run.counts.unwrap(),
        other => panic!("{name}: {other:?}"),
    }
}

/// The notices of an account, the oldest first: outcome, cause, reason.
async fn notices(api: &Api, code: &str) -> Vec<(String, String, String)> {
    let list = api.get(&format!("/v1/critical-notices?account={code}&sort=id"), "support").await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
    rows.iter().map(|row| (text(row, "outcome"), text(row, "cause"), text(row, "reason"))).collect()
}

/// M31, A19: critical 200.00. 10.03 12:00 balance 180: sent. 13.03 balance 168: not sent, with the reason in the log. 15.03 11:59: not; 12:00: sent. By day and
/// by night alike.
#[tokio::test(flavor = "multi_thread")]
async fn notices_of_a_critical_balance_keep_their_distance() {
    let world = World::new(1).await;
    let clock = SetClock::at(at("2027-03-10T12:00:00+03:00"));
    let state = Api::state(&world, clock.clone()).await;
    let api = Api::serve_state(state.clone()).await;
    for (code, email, balance) in [
        ("low", Some("low@example.ru"), "180"),
        ("unset", Some("unset@example.ru"), "-5"),
        ("above", Some("above@example.ru"), "200.01"),
    ] {
        account(&world, code, email, balance).await;
    }
    critical(&api, "low", "200.00").await;
    critical(&api, "above", "200.00").await;
    assert_eq!(look(&state).await, (1, 0));
    assert_eq!(look(&state).await, (0, 0), "on the day of a letter nothing else is said");
    moves(&world, "low", "charge", "-12", clock.now()).await;
    clock.set(at("2027-03-13T12:00:00+03:00"));
    assert_eq!(look(&state).await, (0, 1));
    assert_eq!(look(&state).await, (0, 0), "once a day");
    clock.set(at("2027-03-15T11:59:00+03:00"));
    assert_eq!(job(&state, "critical_notice", "2027-03-15").await, json!({"sent": 0, "suppressed": 1}));
    clock.set(at("2027-03-15T12:00:00+03:00"));
    assert_eq!(look(&state).await, (1, 0));

    let suppressed =
        || ("suppressed".to_owned(), "interval".to_owned(), "suppressed: interval, last sent 10.03 12:00".to_owned());
    let sent = || ("sent".to_owned(), String::new(), String::new());
    assert_eq!(notices(&api, "low").await, [sent(), suppressed(), suppressed(), sent()]);
    assert!(notices(&api, "unset").await.is_empty() && notices(&api, "above").await.is_empty());
    let held_back = api.get("/v1/critical-notices?outcome=suppressed&cause=interval", "support").await;
    let row = &held_back.body["items"][0];
    assert_eq!(
        (&row["balance"], &row["critical"], &row["mail"]),
        (&json!("168"), &json!("200"), &Value::Null),
        "{row}"
    );
    let mails = api.get("/v1/mails?client=low&kind=critical_balance", "support").await;
    assert_eq!(mails.body["items"].as_array().map(Vec::len), Some(2), "{}", mails.body);

    // At the critical balance itself, and in the other language.
    let english = "UPDATE client SET language = 'en' WHERE code = 'above'";
    world.store.run_past_the_rooms(english).await.unwrap();
    moves(&world, "above", "charge", "-0.01", clock.now()).await;
    assert_eq!(look(&state).await, (1, 0));
    let letters = mail::claim(&world.store, clock.now(), 100).await.unwrap();
    let english: Vec<_> = letters.iter().filter(|letter| letter.to == "above@example.ru").collect();
    assert!(english.len() == 1 && english[0].body.contains("200.00 RUB are left on account above"), "{english:?}");
    // A letter that never went out is no notice.
    world
        .store
        .run_past_the_rooms("UPDATE mail SET state = 'failed' WHERE recipient = 'above@example.ru'")
        .await
        .unwrap();
    assert_eq!(look(&state).await, (1, 0));

    // Who has no address is not told, and the log says so; two processes at once tell nobody twice.
    account(&world, "mute", None, "1").await;
    account(&world, "both", Some("both@example.ru"), "1").await;
    for code in ["mute", "both"] {
        critical(&api, code, "1.00").await;
    }
    let (one, other) = tokio::join!(look(&state), look(&state));
    assert_eq!((one.0 + other.0, one.1 + other.1), (1, 1));
    assert_eq!(notices(&api, "mute").await, [("suppressed".into(), "no_email".into(), "suppressed: no e-mail".into())]);
    assert_eq!(notices(&api, "both").await, [sent()]);
    world.drop().await;
}

/// M32: last invoice, last payment | whether the letter asks for payment.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_payment_goes_with_it_or_not() {
    let world = World::new(1).await;
    let now = at("2027-03-20T12:00:00+03:00");
    let clock = SetClock::at(now);
    let state = Api::state(&world, clock.clone()).await;
    let api = Api::serve_state(state.clone()).await;
    let (fifth, tenth, twelfth) = ("2027-03-05T00:00:00Z", "2027-03-10T00:00:00Z", "2027-03-12T00:00:00Z");
    for (number, (invoice, payment, expected)) in [
        (Some(tenth), Some(fifth), false),
        (Some(tenth), Some(twelfth), true),
        (Some(tenth), Some(tenth), true),
        (Some(tenth), None, false),
        (None, None, true),
        (None, Some(fifth), true),
    ]
    .into_iter()
    .enumerate()
    {
        let code = format!("m{number}");
        let email = format!("{code}@example.ru");
        account(&world, &code, Some(&email), "68").await;
        if let Some(issued_at) = invoice {
            let sql = format!(
                "INSERT INTO document (account_id, kind, number, month, issued_on, issued_at, amount, payable, author, created_at)
                 SELECT id, 'payment_invoice', '1', '2027-03-01', '{issued_at}', '{issued_at}', 100, true, 'test', '{issued_at}' FROM account WHERE code = '{code}'"
            );
            world.store.run_past_the_rooms(&sql).await.unwrap();
        }
        // 68 + 100 = 168 of 200.
        let (kind, day) = payment.map_or(("topup_manual", fifth), |day| ("payment", day));
        moves(&world, &code, kind, "100", at(day)).await;
        critical(&api, &code, "200.00").await;
        assert_eq!(look(&state).await, (1, 0), "{invoice:?} {payment:?}");
        let letters = mail::claim(&world.store, now, 100).await.unwrap();
        let letter = letters.iter().find(|letter| letter.to == email).unwrap();
        // Twice 200, less 168.
        let asks = letter.body.contains("Запрос на оплату") && letter.body.contains("К оплате: 232.00 RUB");
        assert_eq!(asks, expected, "{invoice:?} {payment:?}: {}", letter.body);
        let row = api.get(&format!("/v1/critical-notices?account={code}"), "support").await.body["items"][0].clone();
        let to_pay = if expected { json!("232") } else { Value::Null };
        assert_eq!((&row["with_invoice"], &row["to_pay"]), (&json!(expected), &to_pay), "{row}");
    }
    world.drop().await;
}

// ---- automatic payment

/// A program with a gateway, and a clock that the test moves.
struct Scene {
    world: World,
    clock: Arc<SetClock>,
    gateway: Arc<LocalGateway>,
    state: AppState,
    api: Api,
}

/// A program's state that knows the gateway.
fn with_gateway(state: AppState, within: Duration) -> AppState {
    state.with_gateway(HttpGateway::new(SECRET.parse().unwrap(), within).unwrap())
}

impl Scene {
    async fn new(now: &str) -> Self {
        let world = World::new(1).await;
        let clock = SetClock::at(at(now));
        let gateway = LocalGateway::start(SECRET).await;
        let state = with_gateway(Api::state(&world, clock.clone()).await, WITHIN);
        let api = Api::serve_state(state.clone()).await;
        let scene = Self { world, clock, gateway, state, api };
        scene.setting("gateway.url", scene.gateway.url()).await;
        scene
    }

    /// The state of another program over the same books, which knows no gateway yet.
    fn another(&self) -> AppState {
        let calls = CallsReader::open(&self.world.clickhouse_url, &self.world.name);
        AppState::new(self.world.store.clone(), self.clock.clone(), calls)
    }

    async fn setting(&self, key: &str, value: &str) {
        let path = format!("/v1/settings/{key}");
        let set = self.api.ask("PUT", &path, "admin", &[], why(json!({"value": value}))).await;
        assert_eq!(set.status, 200, "{}", set.body);
        self.api.refresh().await;
    }

    /// A client with a balance of 168 whose card of this kind is charged by 1000 from 200 on; nobody asked the cabinet.
    async fn charged(&self, code: &str, kind: &str) {
        account(&self.world, code, Some(&format!("{code}@example.ru")), "168").await;
        let sql = format!(
            "WITH u AS (INSERT INTO client_user (client_id, login, email, name, rights, password_digest, created_at, created_by)
                        SELECT id, '{code}@user', '{code}@user', 'N', array['view', 'pay'], '', now(), 'test' FROM client WHERE code = '{code}' RETURNING id, client_id),
                  k AS (INSERT INTO card (client_id, token, mask, linked_at, linked_by)
                        SELECT client_id, 'card-{kind}-{code}', '427600******1234', '2027-01-01', id FROM u RETURNING id)
             INSERT INTO autopay (account_id, enabled, threshold, amount, card_id, changed_at, changed_by)
             SELECT a.id, true, 200, 1000, k.id, '2027-01-01', 'test' FROM account a, k WHERE a.code = '{code}'"
        );
        self.world.store.run_past_the_rooms(&sql).await.unwrap();
    }

    /// What a look charged.
    async fn look(&self) -> Charged {
        watch_balances(&self.state).await.unwrap().charged
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.set(self.clock.now() + time);
    }

    /// Whether automatic payment is on, and why not.
    async fn autopay(&self, code: &str) -> (bool, String) {
        let shown = self.api.get(&format!("/v1/accounts/{code}/autopay"), "support").await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        (shown.body["enabled"].as_bool().unwrap(), shown.body["off_reason"].as_str().unwrap_or_default().to_owned())
    }

    /// Answers of the attempts of an account, the oldest first; `-` where there is none yet.
    async fn answers(&self, code: &str) -> Vec<String> {
        let list = self.api.get(&format!("/v1/gateway-attempts?account={code}&sort=id"), "support").await;
        let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
        rows.iter().map(|row| row["answer"].as_str().unwrap_or("-").to_owned()).collect()
    }

    /// Sums of the payments of an account that are real money.
    async fn payments(&self, code: &str) -> Vec<String> {
        let list =
            self.api.get(&format!("/v1/postings?account={code}&kind=payment&is_real=true&sort=id"), "support").await;
        let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
        rows.iter().map(|row| row["amount"].as_str().unwrap().to_owned()).collect()
    }

    /// Letters of a kind to a client.
    async fn letters(&self, code: &str) -> usize {
        let list = self.api.get(&format!("/v1/mails?client={code}&kind=autopay_off"), "support").await;
        list.body["items"].as_array().map_or(0, Vec::len)
    }

    /// What the gateway says by itself.
    async fn says(&self, body: Value) -> Answer {
        let body = body.to_string();
        let signature = self.gateway.signature(&body);
        self.posts(&body, &signature).await
    }

    async fn posts(&self, body: &str, signature: &str) -> Answer {
        let headers = [("X-Gateway-Signature", signature), ("Accept-Language", "en")];
        self.api.send("POST", "/v1/gateway/callback", "", &headers, body.as_bytes()).await
    }

    async fn done(self) {
        self.world.assert_books_agree().await;
        assert!(billing::audit::verify(&self.world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
        self.world.drop().await;
    }
}

fn on() -> (bool, String) {
    (true, String::new())
}

fn off(reason: &str) -> (bool, String) {
    (false, reason.to_owned())
}

/// M33, A19 (doc): threshold 200, balance 168, too little on the card: no payment, off with the reason and a letter; the next night nothing is tried. The notice of
/// the critical balance goes out at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn too_little_on_the_card_switches_it_off_at_once() {
    let scene = Scene::new("2027-02-04T00:00:00Z").await;
    scene.charged("poor", "empty").await;
    critical(&scene.api, "poor", "200").await;
    let night = job(&scene.state, "autopay", "2027-02-04").await;
    assert_eq!((&night["attempts"], &night["refused"], &night["paid"]), (&json!(1), &json!(1), &json!(0)), "{night}");
    assert_eq!(job(&scene.state, "critical_notice", "2027-02-04").await, json!({"sent": 1, "suppressed": 0}));
    assert_eq!(scene.autopay("poor").await, off("insufficient_funds"));
    assert_eq!(
        (scene.answers("poor").await, scene.payments("poor").await.len()),
        (vec!["insufficient_funds".to_owned()], 0)
    );
    assert_eq!((scene.letters("poor").await, scene.world.balance("poor").await), (1, "168".to_owned()));
    let letters = mail::claim(&scene.world.store, scene.clock.now(), 100).await.unwrap();
    let letter = letters.iter().find(|letter| letter.subject.contains("Автоплатёж")).unwrap();
    assert!(letter.body.contains("на карте недостаточно средств") && letter.body.contains("**1234"), "{}", letter.body);

    scene.pass(TimeDelta::days(1));
    let next = job(&scene.state, "autopay", "2027-02-05").await;
    assert_eq!((&next["attempts"], &next["asked"]), (&json!(0), &json!(0)), "{next}");
    assert_eq!((scene.answers("poor").await.len(), scene.letters("poor").await), (1, 1));
    let history = scene.api.get("/v1/audit/account/poor", "admin").await;
    assert!(history.text.contains("autopay.off") && !history.text.contains("card-empty"), "{}", history.text);
    let listed = scene.api.get("/v1/autopayments?enabled=false&off_reason=insufficient_funds", "support").await;
    assert_eq!(listed.body["items"][0]["account"], "poor", "{}", listed.body);
    scene.done().await;
}

/// M33: a payment of 1000 is real money, once: also when several look at once, and when the gateway says it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_charged_once_and_the_money_is_real() {
    let scene = Scene::new("2027-02-04T10:00:00Z").await;
    scene.charged("rich", "ok").await;
    let (one, other) = tokio::join!(scene.look(), scene.look());
    assert_eq!((one.attempts + other.attempts, one.paid + other.paid), (1, 1), "{one:?} {other:?}");
    assert_eq!(scene.gateway.taken("card-ok-rich"), ["1000.00"]);
    assert_eq!(
        (scene.payments("rich").await, scene.world.balance("rich").await),
        (vec!["1000".to_owned()], "1168".to_owned())
    );
    assert_eq!(scene.autopay("rich").await, on());
    let posting = scene.api.get("/v1/postings?account=rich&kind=payment", "support").await.body["items"][0].clone();
    let attempt = scene.api.get("/v1/gateway-attempts?account=rich", "support").await.body["items"][0].clone();
    let payments = scene.api.get("/v1/payments?account=rich", "support").await;
    let payment = payments.body["items"][0].clone();
    assert_eq!(
        (&posting["reference"], &posting["author"], &posting["description"]),
        (&json!(format!("payment:{}", payment["id"])), &json!("system"), &json!("Автоплатёж с карты **1234")),
        "{posting}"
    );
    assert_eq!((&attempt["payment"], &payment["posting"]), (&payment["id"], &posting["id"]), "{attempt} {payment}");
    assert_eq!(
        (&payment["source"], &payment["state"], &payment["rule"], &payment["value_date"]),
        (&json!("card"), &json!("booked"), &json!("gateway"), &json!("2027-02-04"))
    );

    // Said again, and the other way round: nothing more happens.
    let key = scene.gateway.keys("card-ok-rich").remove(0);
    for state in ["paid", "paid", "insufficient_funds", "lost", "pending"] {
        let again = scene
            .says(json!({"event": "payment", "id": key, "state": state, "amount": "1000.00", "currency": "RUB"}))
            .await;
        assert_eq!((again.status, &again.body), (200, &json!({"new": false})), "{state}");
    }
    assert_eq!((scene.payments("rich").await.len(), scene.autopay("rich").await), (1, on()));
    assert_eq!(scene.api.get("/v1/payments", "support").await.body["total"], json!(1));

    // By somebody else's signature, or by none, nobody is believed.
    let body = json!({"event": "card_unlinked", "card": "card-ok-rich"}).to_string();
    for signature in ["", "00", &"00".repeat(32), &scene.gateway.signature("{}")] {
        let refused = scene.posts(&body, signature).await;
        assert_eq!(said(&refused), (401, "unauthorized"), "{signature}: {}", refused.body);
    }
    let nobody = scene
        .says(json!({"event": "payment", "id": "nothing", "state": "paid", "amount": "1.00", "currency": "RUB"}))
        .await;
    assert_eq!(said(&nobody), (404, "not_found"));
    assert_eq!(said(&scene.posts("[", &scene.gateway.signature("[")).await), (400, "bad_request"));
    assert_eq!(scene.says(json!({"event": "weather"})).await.body, json!({"new": false}));

    // Below the threshold again: not before a day is over. Up to a balance the card is charged by what is missing.
    moves(&scene.world, "rich", "topup_manual", "-1100.005", scene.clock.now()).await;
    assert_eq!(scene.look().await.attempts, 0);
    scene.world.store.run_past_the_rooms("UPDATE autopay SET amount = NULL, up_to = 1000").await.unwrap();
    scene.pass(TimeDelta::hours(24));
    assert_eq!(scene.look().await.paid, 1);
    // 1000 - 67.995, whole kopecks.
    assert_eq!(scene.payments("rich").await, ["1000", "932.01"]);
    // Never more than one payment may be.
    scene.setting("autopay.amount_max", "500").await;
    moves(&scene.world, "rich", "topup_manual", "-1000", scene.clock.now()).await;
    scene.pass(TimeDelta::hours(24));
    assert_eq!(scene.look().await.paid, 1);
    assert_eq!(scene.payments("rich").await[2], "500");
    scene.done().await;
}

/// M33, A18: no answer is a doubt: it stays on, the gateway is asked before anything else, and the money is booked once. What was not made waits for its day.
#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_is_settled_before_anything_else_is_tried() {
    let scene = Scene::new("2027-02-04T10:00:00Z").await;
    scene.charged("quiet", "silent").await;
    scene.charged("deaf", "deaf").await;
    let first = scene.look().await;
    assert_eq!((first.attempts, first.in_doubt, first.paid), (2, 2, 0), "{first:?}");
    for code in ["quiet", "deaf"] {
        assert_eq!(
            (scene.answers(code).await, scene.autopay(code).await),
            (vec!["timeout".to_owned()], on()),
            "{code}"
        );
    }
    assert_eq!(scene.look().await, Charged::default(), "not asked before a minute is over, and nothing else tried");
    scene.pass(TimeDelta::minutes(2));
    let second = scene.look().await;
    assert_eq!((second.asked, second.paid, second.refused, second.attempts), (2, 1, 1, 0), "{second:?}");
    assert_eq!(
        (scene.payments("quiet").await, scene.gateway.taken("card-silent-quiet")),
        (vec!["1000".to_owned()], vec!["1000.00".to_owned()])
    );
    assert_eq!((scene.answers("deaf").await, scene.autopay("deaf").await), (vec!["not_made".to_owned()], on()));
    scene.pass(TimeDelta::hours(23));
    assert_eq!(scene.look().await.attempts, 0);
    scene.pass(TimeDelta::hours(1));
    assert_eq!(scene.look().await.attempts, 1, "a day later");
    assert_eq!(
        (scene.answers("deaf").await, scene.payments("deaf").await.len()),
        (vec!["not_made".to_owned(), "timeout".to_owned()], 0)
    );

    // In doubt, it may be switched off; what was taken all the same is booked.
    scene.charged("leaver", "late").await;
    assert_eq!(scene.look().await.in_doubt, 1);
    let stopped = scene.api.ask("POST", "/v1/accounts/leaver/autopay/stop", "support", &[], why(json!({}))).await;
    assert_eq!(stopped.status, 200, "{}", stopped.body);
    scene.pass(TimeDelta::minutes(2));
    scene.look().await;
    assert_eq!(scene.answers("leaver").await, ["unknown"], "under way still");
    scene.pass(TimeDelta::minutes(2));
    scene.look().await;
    assert_eq!(
        (scene.payments("leaver").await, scene.autopay("leaver").await),
        (vec!["1000".to_owned()], off("staff"))
    );
    scene.done().await;
}

/// A program that was stopped between the attempt and the answer asks when it is back; one that waits too long for an answer does so too; the gateway may say it
/// before it is asked.
#[tokio::test(flavor = "multi_thread")]
async fn late_answers_are_heard_after_a_restart() {
    let mut scene = Scene::new("2027-02-04T10:00:00Z").await;
    scene.state = with_gateway(scene.state.clone(), Duration::from_secs(1));
    scene.charged("slow", "hang").await;
    scene.charged("told", "hang").await;
    assert_eq!(scene.look().await.in_doubt, 2);
    // As if the program had ended before it knew that nothing came.
    scene.world.store.run_past_the_rooms("UPDATE gateway_attempt SET answer = NULL, answered_at = NULL").await.unwrap();
    scene.state = with_gateway(scene.another(), WITHIN);
    assert_eq!(scene.look().await, Charged::default());
    let key = scene.gateway.keys("card-hang-told").remove(0);
    let word = json!({"event": "payment", "id": key, "state": "paid", "amount": "1000.00", "currency": "RUB"});
    let heard = scene.says(word.clone()).await;
    assert_eq!((heard.status, &heard.body), (200, &json!({"new": true})), "{}", heard.text);
    assert_eq!(scene.says(word).await.body, json!({"new": false}));
    scene.pass(TimeDelta::minutes(1));
    let back = scene.look().await;
    assert_eq!((back.asked, back.paid), (1, 1), "{back:?}");
    for code in ["slow", "told"] {
        assert_eq!(
            (scene.payments(code).await, scene.answers(code).await),
            (vec!["1000".to_owned()], vec!["paid".to_owned()]),
            "{code}"
        );
        assert_eq!(scene.gateway.taken(&format!("card-hang-{code}")), ["1000.00"]);
    }
    scene.done().await;
}

/// What is not signed by the gateway, or speaks of another sum, settles nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_believed_who_does_not_sign() {
    let scene = Scene::new("2027-02-04T10:00:00Z").await;
    scene.charged("forged", "forged").await;
    scene.charged("other", "other").await;
    let first = scene.look().await;
    assert_eq!((first.attempts, first.in_doubt), (2, 1), "{first:?}");
    for code in ["forged", "other"] {
        assert_eq!(
            (scene.answers(code).await, scene.payments(code).await.len()),
            (vec!["unknown".to_owned()], 0),
            "{code}"
        );
    }
    scene.pass(TimeDelta::minutes(2));
    scene.look().await;
    assert_eq!(scene.answers("forged").await, ["not_made"]);
    assert_eq!(scene.answers("other").await, ["unknown"], "a matter for people");
    let doubts = scene.api.get("/v1/gateway-attempts?in_doubt=true", "support").await;
    assert_eq!(doubts.body["items"].as_array().map(Vec::len), Some(1), "{}", doubts.body);
    // Another server at the address of the gateway learns no secret, and is not believed.
    let stranger = LocalGateway::start("somebody-elses-secret-that-is-long-enough").await;
    scene.setting("gateway.url", stranger.url()).await;
    scene.charged("led-away", "ok").await;
    scene.look().await;
    assert_eq!(
        (scene.answers("led-away").await, stranger.taken("card-ok-led-away").len()),
        (vec!["unknown".to_owned()], 0)
    );
    scene.done().await;
}

/// A18: a card that is refused for good is tried no more; one that is refused this time once a day, ten times in thirty days.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_for_good_switch_it_off_and_others_wait() {
    let scene = Scene::new("2027-02-04T10:00:00Z").await;
    for (kind, reason) in [("lost", "lost"), ("stolen", "stolen"), ("closed", "closed"), ("stop", "do_not_retry")] {
        scene.charged(kind, kind).await;
        scene.look().await;
        assert_eq!((scene.autopay(kind).await, scene.letters(kind).await), (off(reason), 1), "{kind}");
    }
    scene.charged("soft", "soft").await;
    for attempt in 1..=12 {
        scene.look().await;
        scene.look().await;
        assert_eq!(scene.answers("soft").await.len(), attempt.min(10), "one a day, ten at most");
        scene.pass(TimeDelta::hours(24));
    }
    assert_eq!((scene.autopay("soft").await, scene.letters("soft").await), (on(), 0));
    let shown = scene.api.get("/v1/accounts/soft/autopay", "support").await;
    assert_eq!(shown.body["rests_until"], "2027-03-06T10:00:00Z", "thirty days after the first: {}", shown.body);
    scene.clock.set(at("2027-03-06T10:00:00Z"));
    scene.look().await;
    assert_eq!(scene.answers("soft").await.len(), 11);
    assert_eq!(scene.gateway.taken("card-soft-soft").len(), 0);
    scene.done().await;
}

/// Money that was taken for an account that was closed meanwhile is a payment of nobody, until somebody says whose it is; what the books refuse is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_an_account_does_not_take_waits() {
    let scene = Scene::new("2027-02-04T10:00:00Z").await;
    scene.charged("shut", "silent").await;
    assert_eq!(scene.look().await.in_doubt, 1);
    let active = async |active: bool| {
        let sql = format!("UPDATE account SET active = {active} WHERE code = 'shut'");
        scene.world.store.run_past_the_rooms(&sql).await.unwrap();
    };
    active(false).await;
    scene.pass(TimeDelta::minutes(2));
    assert_eq!(scene.look().await.paid, 1);
    let waiting = scene.api.get("/v1/payments?state=unmatched", "support").await.body["items"].clone();
    let row = waiting[0].clone();
    assert_eq!(
        (waiting.as_array().map(Vec::len), &row["doubt"], &row["candidates"], &row["amount"]),
        (Some(1), &json!("account_closed"), &json!(["shut"]), &json!("1000")),
        "{waiting}"
    );
    let attempt = scene.api.get("/v1/gateway-attempts?account=shut", "support").await.body["items"][0].clone();
    assert_eq!((&attempt["answer"], &attempt["payment"]), (&json!("paid"), &row["id"]), "{attempt}");
    let key = attempt["key"].as_str().unwrap();
    let again = json!({"event": "payment", "id": key, "state": "paid", "amount": "1000.00", "currency": "RUB"});
    assert_eq!(scene.says(again).await.body, json!({"new": false}));
    active(true).await;
    assert_eq!((scene.look().await.booked, scene.payments("shut").await.len()), (0, 0), "a matter for people");
    let path = format!("/v1/payments/{}/match", row["id"]);
    let matched = scene.api.ask("POST", &path, "accounting", &[], why(json!({"account": "shut"}))).await;
    assert_eq!(matched.status, 200, "{}", matched.body);
    assert_eq!(
        (scene.payments("shut").await, scene.world.balance("shut").await),
        (vec!["1000".to_owned()], "1168".to_owned())
    );

    billing::ledger::close_period(&scene.world.store, day("2027-02-01"), scene.clock.now()).await.unwrap();
    scene.charged("early", "ok").await;
    assert_eq!(scene.look().await.paid, 1);
    let unbooked = scene.api.get("/v1/gateway-attempts?unbooked=true", "support").await.body["items"].clone();
    assert_eq!((&unbooked[0]["account"], &unbooked[0]["payment"]), (&json!("early"), &Value::Null), "{unbooked}");
    assert!(unbooked[0]["unbooked"].as_str().unwrap().contains("closed"), "{unbooked}");
    assert_eq!((scene.look().await.booked, scene.payments("early").await.len()), (0, 0));
    scene.world.store.run_past_the_rooms("UPDATE billing_period SET closed_at = NULL").await.unwrap();
    assert_eq!((scene.look().await.booked, scene.look().await.booked), (1, 0));
    assert_eq!(
        (scene.payments("early").await, scene.world.balance("early").await),
        (vec!["1000".to_owned()], "1168".to_owned())
    );
    scene.done().await;
}

/// Money of a card is a payment like any other: it pays an invoice, is distributed, and what is left of it is given back.
#[tokio::test(flavor = "multi_thread")]
async fn money_of_a_card_pays_and_is_given_back() {
    let scene = Scene::new("2027-02-04T10:00:00Z").await;
    scene.charged("rich", "ok").await;
    let ask = async |path: &str, body: Value| scene.api.ask("POST", path, "accounting", &[], why(body)).await;
    let invoice = json!({"kind": "payment_invoice", "number": "5", "month": "2027-02", "amount": "700.00"});
    assert_eq!(ask("/v1/accounts/rich/documents", invoice).await.status, 201);
    let state = async || {
        let list = scene.api.get("/v1/documents?account=rich&number=5", "support").await;
        list.body["items"][0]["state"].as_str().unwrap_or_else(|| panic!("{}", list.text)).to_owned()
    };
    assert_eq!((state().await, scene.look().await.paid, state().await), ("unpaid".into(), 1, "paid".into()));
    let listed = async || scene.api.get("/v1/payments?account=rich&source=card", "support").await.body["items"].clone();
    let payment = listed().await[0].clone();
    // 1000 - 700.
    assert_eq!((&payment["amount"], &payment["free"]), (&json!("1000"), &json!("300")), "{payment}");
    let path = format!("/v1/payments/{}", payment["id"]);
    let beyond = ask(&format!("{path}/refunds"), json!({"amount": "300.01"})).await;
    assert_eq!(said(&beyond), (422, "insufficient_funds"), "{}", beyond.body);
    let back = ask(&format!("{path}/refunds"), json!({})).await;
    assert_eq!((back.status, &back.body["amount"]), (201, &json!("300")), "{}", back.body);
    // 168 + 1000 - 300.
    assert_eq!((scene.world.balance("rich").await.as_str(), state().await.as_str()), ("868", "paid"));
    assert_eq!(ask(&format!("{path}/allocate"), json!({"pays": {"items": []}})).await.status, 200);
    assert_eq!((state().await.as_str(), listed().await.as_array().map(Vec::len)), ("unpaid", Some(1)));
    scene.done().await;
}

/// B11, B27: users of the client with the right to pay link cards and switch automatic payment, and nobody else; staff see it, and switch it off. Cards come from the
/// gateway alone, and never as numbers.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_client_links_cards_and_switches_it_on() {
    let scene = Scene::new("2027-02-04T10:00:00Z").await;
    let payer = Visitor::user(&scene.api, "c1", "pay@example.ru", &["view", "pay"]).await;
    let viewer = Visitor::user(&scene.api, "c1", "view@example.ru", &["view"]).await;
    let stranger = Visitor::user(&scene.api, "c2", "other@example.ru", &["view", "pay"]).await;
    let employee = Visitor::employee(&scene.api, "Bearer token-client_service", "c1").await;
    // As if 72 hours were over, and sessions were longer than this test.
    let sql = "UPDATE client_user SET pay_withheld_until = NULL; UPDATE client_session SET expires_at = '2030-01-01';
               UPDATE client SET email = 'office@example.ru' WHERE code = 'c1'";
    scene.world.store.run_past_the_rooms(sql).await.unwrap();

    for (visitor, expected) in
        [(&employee, (403, "only_client_pays")), (&viewer, (403, "forbidden")), (&payer, (201, ""))]
    {
        assert_eq!(said(&visitor.ask("POST", "/v1/cabinet/cards", &[], None).await), expected);
    }
    let with_key = payer.ask("POST", "/v1/cabinet/cards", &[("Idempotency-Key", "k")], None).await;
    assert_eq!(said(&with_key), (422, "validation"));
    let link = scene.gateway.links().pop().unwrap();
    let entered = |link: &str, token: &str, mask: &str| json!({"event": "card_linked", "id": link, "card": token, "mask": mask, "expires": "2028-05"});
    for (body, expected) in [
        (entered(&link, "4276000011112222", "427600******2222"), (422, "validation")),
        (entered(&link, "card-ok-1", "4276000011112222"), (422, "validation")),
        (entered("card_link_of_nobody", "card-ok-1", "427600******2222"), (404, "not_found")),
        (entered(&link, "card-ok-1", "4276 00** **** 2222"), (200, "")),
        (entered(&link, "card-ok-1", "4276 00** **** 2222"), (200, "")),
        (entered(&link, "card-ok-2", "4276 00** **** 2222"), (404, "not_found")),
    ] {
        assert_eq!(said(&scene.says(body.clone()).await), expected, "{body}");
    }
    let cards = viewer.get("/v1/cabinet/cards").await;
    let card = cards.body["items"][0]["id"].clone();
    assert_eq!(
        (cards.body["items"].as_array().map(Vec::len), &cards.body["items"][0]["mask"]),
        (Some(1), &json!("427600******2222"))
    );
    assert!(
        !cards.text.contains("card-ok") && stranger.get("/v1/cabinet/cards").await.body["items"] == json!([]),
        "{}",
        cards.text
    );
    // A way is good for an hour.
    assert_eq!(payer.ask("POST", "/v1/cabinet/cards", &[], None).await.status, 201);
    let late = scene.gateway.links().pop().unwrap();
    scene.pass(TimeDelta::minutes(60));
    assert_eq!(said(&scene.says(entered(&late, "card-ok-3", "****3333")).await), (404, "not_found"));

    let path = "/v1/cabinet/accounts/a1/autopay";
    let wanted = |more: Value| {
        let mut body = json!({"enabled": true, "card": card, "threshold": "200", "amount": "1000"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(body)
    };
    for (visitor, path, body, expected) in [
        (&employee, path, wanted(json!({"reason": "r"})), (403, "only_client_pays")),
        (&viewer, path, wanted(json!({})), (403, "forbidden")),
        (&stranger, path, wanted(json!({})), (404, "not_found")),
        (&stranger, "/v1/cabinet/accounts/a2/autopay", wanted(json!({})), (422, "validation")),
        (&payer, path, wanted(json!({"card": 999_999})), (422, "validation")),
        (&payer, path, wanted(json!({"amount": "15000.01"})), (422, "validation")),
        (&payer, path, wanted(json!({"up_to": "2000"})), (422, "validation")),
        (&payer, path, wanted(json!({"amount": null, "up_to": "200"})), (422, "validation")),
        (&payer, path, Some(json!({"enabled": false})), (409, "invalid_transition")),
        (&payer, path, wanted(json!({})), (200, "")),
        (&payer, path, wanted(json!({"amount": null, "up_to": "1500"})), (200, "")),
    ] {
        let answer = visitor.ask("PUT", path, &[], body.clone()).await;
        assert_eq!(said(&answer), expected, "{path} {body:?}: {}", answer.body);
    }
    let stale = payer.ask("PUT", path, &[("If-Match", "\"1\"")], wanted(json!({}))).await;
    assert_eq!(said(&stale), (412, "stale"));
    let own = viewer.get("/v1/cabinet/autopay").await;
    assert_eq!(
        (&own.body["items"][0]["enabled"], &own.body["items"][0]["up_to"], &own.body["items"][0]["amount"]),
        (&json!(true), &json!("1500"), &Value::Null),
        "{}",
        own.body
    );
    // The 100 that were paid before are below 200: up to 1500 the card is charged by 1400.
    assert_eq!(scene.look().await.paid, 1);
    assert_eq!(
        (scene.payments("a1").await, scene.world.balance("a1").await),
        (vec!["100".to_owned(), "1400".to_owned()], "1500".to_owned())
    );

    // Staff switch it off, and on never.
    let stop = "/v1/accounts/a1/autopay/stop";
    for (role, body, expected) in [
        ("sales", why(json!({})), (403, "forbidden")),
        ("support", Some(json!({})), (422, "reason_required")),
        ("support", why(json!({})), (200, "")),
        ("support", why(json!({})), (409, "invalid_transition")),
    ] {
        assert_eq!(said(&scene.api.ask("POST", stop, role, &[], body).await), expected, "{role}");
    }
    assert_eq!((scene.autopay("a1").await, scene.letters("c1").await), (off("staff"), 1));
    assert_eq!(said(&scene.api.get("/v1/accounts/nobody/autopay", "support").await), (404, "not_found"));
    let never = scene.api.get("/v1/accounts/a3/autopay", "support").await;
    assert_eq!(
        (&never.body["enabled"], &never.body["revision"], &never.body["changes"]),
        (&json!(false), &json!(0), &json!([]))
    );

    // Unlinked, the card is charged no more, and the gateway forgets it; whoever unlinks it.
    assert_eq!(payer.ask("PUT", path, &[], wanted(json!({}))).await.status, 200);
    let unlink = format!("/v1/cabinet/cards/{card}");
    for (visitor, expected) in [
        (&employee, (403, "only_client_pays")),
        (&stranger, (404, "not_found")),
        (&payer, (200, "")),
        (&payer, (404, "not_found")),
    ] {
        let reason = Some(json!({"reason": "r"}));
        assert_eq!(said(&visitor.ask("DELETE", &unlink, &[], reason).await), expected);
    }
    assert_eq!((scene.autopay("a1").await, scene.letters("c1").await), (off("card_unlinked"), 2));
    assert_eq!(said(&payer.ask("PUT", path, &[], wanted(json!({}))).await), (422, "validation"));
    assert_eq!((scene.look().await.forgotten, scene.gateway.forgotten()), (1, vec!["card-ok-1".to_owned()]));
    assert_eq!(scene.look().await.forgotten, 0);
    scene.charged("gone", "ok").await;
    let unlinked = json!({"event": "card_unlinked", "card": "card-ok-gone"});
    assert_eq!(scene.says(unlinked.clone()).await.body, json!({"new": true}));
    assert_eq!(scene.says(unlinked).await.body, json!({"new": false}));
    assert_eq!((scene.autopay("gone").await, scene.look().await.attempts), (off("card_unlinked"), 0));
    let history = scene.api.get("/v1/accounts/a1/autopay", "support").await;
    let reasons: Vec<&str> = history.body["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["off_reason"].as_str().unwrap_or("on"))
        .collect();
    assert_eq!(reasons, ["card_unlinked", "on", "staff", "on", "on"], "{}", history.body);
    let audit = scene.api.get("/v1/audit/client/c1?limit=100", "admin").await;
    assert!(audit.text.contains("card.link") && !audit.text.contains("card-ok-1"), "{}", audit.text);
    scene.done().await;
}

/// Without a secret or an address there is no gateway: what asks for one says so, and nothing is tried.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_nothing_is_tried() {
    let mut scene = Scene::new("2027-02-04T10:00:00Z").await;
    scene.charged("alone", "ok").await;
    scene.setting("gateway.url", "").await;
    assert_eq!(scene.look().await, Charged::default());
    let payer = Visitor::user(&scene.api, "c1", "pay@example.ru", &["view", "pay"]).await;
    scene.world.store.run_past_the_rooms("UPDATE client_user SET pay_withheld_until = NULL").await.unwrap();
    assert_eq!(said(&payer.ask("POST", "/v1/cabinet/cards", &[], None).await), (404, "not_configured"));
    let bad = scene
        .api
        .ask("PUT", "/v1/settings/gateway.url", "admin", &[], why(json!({"value": "http://pay.example.ru"})))
        .await;
    assert_eq!(said(&bad), (422, "validation"));
    scene.state = scene.another();
    let api = Api::serve_state(scene.state.clone()).await;
    let body = json!({"event": "weather"}).to_string();
    let headers = [("X-Gateway-Signature", scene.gateway.signature(&body))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let nowhere = api.send("POST", "/v1/gateway/callback", "", &headers, body.as_bytes()).await;
    assert_eq!(said(&nowhere), (404, "not_configured"), "{}", nowhere.text);
    scene.done().await;
}
