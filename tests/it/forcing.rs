//! Numbers that calls keep off sale are forced into it by approval (M20), and are forced no more when their time is over (A27).

use std::sync::Arc;

use billing::change::Begun;
use billing::numbers::{self, Offer, force, shelf};
use billing::subscriptions::{self, NewInstance, SubscriptionError};
use billing::{Actor, Change, Clock, staff};
use chrono::{DateTime, NaiveDate, Utc};
use numbering::E164;
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

/// A Wednesday, noon in Moscow; statistics are collected from 2 January on.
fn now() -> DateTime<Utc> {
    "2026-07-01T09:00:00Z".parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// Those who force numbers: a world, an API and a clock.
struct Desk {
    world: World,
    api: Api,
    clock: Arc<SetClock>,
}

impl Desk {
    async fn open() -> Self {
        let world = World::new(1).await;
        let clock = SetClock::at(now());
        let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
        let days: Vec<NaiveDate> =
            day("2026-01-02").iter_days().take_while(|date| *date <= day("2026-06-30")).collect();
        numbers::mark_collected(&world.store, &days, now()).await.unwrap();
        world.store.run_past_the_rooms("UPDATE client SET email = code || '@example.ru'").await.unwrap();
        Self { world, api, clock }
    }

    async fn run(&self, sql: &str) {
        self.world.store.run_past_the_rooms(sql).await.unwrap();
    }

    /// A number of our own, ours since 2025; an archived one since 1 January 2026.
    async fn number(&self, number: &str, status: &str) {
        let archived = if status == "archive" { "'2026-01-01T09:00:00Z'" } else { "NULL" };
        self.run(&format!(
            "INSERT INTO did (number, status, kind, sale, archived_at, added_at) VALUES ('{number}', '{status}', 'ordinary', 'yes', {archived}, '2025-06-01T09:00:00Z');
             INSERT INTO did_period (did_id, status, valid_from) SELECT id, status, '2025-06-01T09:00:00Z' FROM did WHERE number = '{number}'"
        ))
        .await;
    }

    /// The callers from the first to the last have called a number on a day, each so many times.
    async fn called(&self, number: &str, (first, last): (i64, i64), calls: i64, day: &str) {
        self.run(&format!(
            "INSERT INTO non_target_call (did_number, day, caller, calls) SELECT '{number}', '{day}', (79160000000 + k)::text, {calls} FROM generate_series({first}, {last}) k;
             INSERT INTO non_target_last AS l (did_number, day) VALUES ('{number}', '{day}') ON CONFLICT (did_number) DO UPDATE SET day = greatest(l.day, excluded.day)"
        ))
        .await;
    }

    /// A free number that so many have called eleven days ago.
    async fn free(&self, number: &str, callers: i64) {
        self.number(number, "free").await;
        self.called(number, (1, callers), 1, "2026-06-20").await;
    }

    /// Asks as the user of a role, or with a bearer's token.
    async fn ask(&self, who: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        if who.starts_with("Bearer ") {
            self.api.ask(method, path, "", &[("Authorization", who)], body).await
        } else {
            self.api.ask(method, path, who, &[], body).await
        }
    }

    async fn done(&self, who: &str, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(who, method, path, Some(body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.body
    }

    /// Somebody with a role, in a department.
    async fn hire(&self, login: &str, role: &str, department: &str) -> String {
        let user = json!({"login": login, "name": login, "roles": [role], "department": department, "reason": "test"});
        self.done("admin", "POST", "/v1/staff", user).await;
        let wanted = json!({"name": "all", "days": 10, "reason": "test"});
        let made = self.done("admin", "POST", &format!("/v1/staff/{login}/tokens"), wanted).await;
        format!("Bearer {}", made["token"].as_str().unwrap())
    }

    async fn request(&self, who: &str, number: &str, payload: Value) -> Answer {
        let body =
            json!({"kind": "did.force", "entity_id": number, "payload": payload, "reason": "клиент хочет этот номер"});
        self.ask(who, "POST", "/v1/approvals", Some(body)).await
    }

    /// The number of a request that is made, and the request.
    async fn asked(&self, who: &str, number: &str, payload: Value) -> (i64, Value) {
        let made = self.request(who, number, payload).await;
        assert_eq!((made.status, &made.body["state"]), (201, &json!("requested")), "{}", made.body);
        (made.body["id"].as_i64().unwrap(), made.body)
    }

    async fn approve(&self, who: &str, id: i64) -> Answer {
        self.ask(who, "POST", &format!("/v1/approvals/{id}/approve"), Some(json!({"comment": "ok"}))).await
    }

    async fn approved(&self, who: &str, id: i64) {
        let answer = self.approve(who, id).await;
        assert_eq!((answer.status, &answer.body["state"]), (200, &json!("executed")), "{}", answer.body);
    }

    async fn consents(&self, id: i64, number_shown: i64) {
        let evidence =
            json!({"kind": "client_consent", "text": "согласны", "date": "2026-07-01", "number_shown": number_shown});
        self.done("sales", "POST", &format!("/v1/approvals/{id}/evidence"), evidence).await;
    }

    /// A number that is forced for client `c1`, who was shown seven callers.
    async fn forced_for_c1(&self, number: &str, status: &str) {
        self.number(number, status).await;
        self.called(number, (1, 7), 1, "2026-06-20").await;
        let (id, _) = self.asked("sales", number, json!({"client": "c1"})).await;
        self.consents(id, 7).await;
        self.approved("assistants", id).await;
    }

    async fn card(&self, number: &str) -> Value {
        let card = self.api.get(&format!("/v1/dids/{number}"), "assistants").await;
        assert_eq!(card.status, 200, "{}", card.body);
        card.body
    }

    /// State and attribute of a number.
    async fn stands(&self, number: &str) -> (String, String) {
        let card = self.card(number).await;
        let text = |name: &str| card[name].as_str().unwrap().to_owned();
        (text("status"), text("sale"))
    }

    /// What was done to a number, the oldest first.
    async fn deeds(&self, number: &str) -> Vec<Value> {
        let audit = self.api.get(&format!("/v1/audit/did/{number}"), "admin").await;
        let mut lines = audit.body["items"].as_array().unwrap().clone();
        lines.reverse();
        lines
    }

    /// Mails about forcings: (address, client, subject), the oldest first.
    async fn mails(&self) -> Vec<(String, Value, String)> {
        let mails = self.api.get("/v1/mails?kind=did_force&sort=id", "support").await;
        assert_eq!(mails.status, 200, "{}", mails.body);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = mails.body["items"].as_array().unwrap().iter();
        items.map(|mail| (text(&mail["address"]), mail["client"].clone(), text(&mail["subject"]))).collect()
    }

    async fn begin(&self) -> Change {
        let user = staff::authenticate(&self.world.store, "token-admin", self.clock.now()).await.unwrap().unwrap();
        let actor = Actor::named(user.id, &user.login, "test");
        match Change::begin(&self.world.store, self.clock.as_ref(), actor, None).await.unwrap() {
            Begun::New(change) => change,
            Begun::Repeated(..) | Begun::KeyReused => panic!("a change without a key"),
        }
    }

    /// A product of an account.
    async fn product(&self, account: &str) -> i64 {
        let new = NewInstance {
            product: "telephony".to_owned(),
            quantity: 1,
            planned_activation: None,
            offer_accepted: true,
        };
        let mut change = self.begin().await;
        let id = subscriptions::add(&mut change, account, &new, "test").await.unwrap();
        change.commit(200, &Value::Null).await.unwrap();
        id
    }

    /// Attaches a number to a product of an account; what stands against it rolls everything back.
    async fn attach(&self, product: i64, number: &str) -> Result<i64, SubscriptionError> {
        let mut change = self.begin().await;
        let id = subscriptions::attach(&mut change, product, E164::parse(number).unwrap(), "test").await?;
        change.commit(200, &Value::Null).await.unwrap();
        Ok(id)
    }

    /// The night to a day: reservations that lapsed, forcings that ended.
    async fn night_to(&self, date: &str) -> (usize, u64) {
        let mut change = self.begin().await;
        let lapsed = subscriptions::lapse(&mut change, day(date), 100).await.unwrap().closed;
        let waited = force::wait_over(&mut change, day(date), 100).await.unwrap();
        if lapsed > 0 || waited > 0 {
            change.commit(200, &Value::Null).await.unwrap();
        }
        (lapsed, waited)
    }
}

fn pair(status: &str, sale: &str) -> (String, String) {
    (status.to_owned(), sale.to_owned())
}

/// M20: five callers, sales, our own provider: the assistants approve without consent. Six calls of one caller are one caller.
#[tokio::test(flavor = "multi_thread")]
async fn fewer_than_six_callers_need_no_consent() {
    let desk = Desk::open().await;
    let (five, one) = ("74951000005", "74951000001");
    desk.free(five, 5).await;
    desk.number(one, "free").await;
    desk.called(one, (1, 1), 6, "2026-06-20").await;
    let mut shelf = shelf::load(&desk.world.store).await.unwrap();
    let mut offered = async |number: &str| {
        shelf::refresh(&mut shelf, &desk.world.store).await.unwrap();
        shelf.find(E164::parse(number).unwrap(), day("2026-07-01")).unwrap().offer
    };
    for (number, callers) in [(five, 5), (one, 1)] {
        let (id, request) = desk.asked("sales", number, json!({})).await;
        let payload =
            json!({"client": null, "callers": callers, "class": "has_calls", "own_provider": true, "provider": null});
        assert_eq!((&request["payload"], &request["consent_needed"]), (&payload, &json!(false)), "{request}");
        let step = &request["steps"][0];
        assert_eq!((&step["permission"], &step["head_of"]), (&json!("did.force_own"), &Value::Null), "{step}");
        assert_eq!(said(&desk.request("head", number, json!({})).await), (409, "already_exists"), "one at a time");
        // Not by who asked, nor by who may not.
        assert_eq!(said(&desk.approve("sales", id).await), (403, "self_approval"));
        assert_eq!(said(&desk.approve("support", id).await), (403, "forbidden"));
        assert_eq!(desk.stands(number).await, pair("free", "yes"));
        assert_eq!(offered(number).await, Offer::HasCalls);
        desk.approved("assistants", id).await;
        assert_eq!(desk.stands(number).await, pair("free", "forced"));
        // The next look of the search, which comes four times a minute at least, finds it green.
        assert_eq!(offered(number).await, Offer::Forced);
        let deeds = desk.deeds(number).await;
        assert_eq!(deeds.len(), 1, "{deeds:?}");
        assert_eq!((&deeds[0]["action"], &deeds[0]["login"]), (&json!("did.force"), &json!("assistants")));
        let after = json!({"sale": "forced", "forced_for": null, "forced_until": null, "forced_by": id});
        assert_eq!(deeds[0]["after"], after, "for everybody, until it is archived");
    }
    assert!(desk.mails().await.is_empty());
    // A25: a head may do both, and does not do both of the same.
    desk.free("74951000004", 4).await;
    let (id, _) = desk.asked("head", "74951000004", json!({})).await;
    assert_eq!(said(&desk.approve("head", id).await), (403, "self_approval"));
    desk.approved("assistants", id).await;
    // A28: who called on two days of the window is one caller; those of before it are none.
    desk.free("74951000003", 3).await;
    desk.called("74951000003", (1, 3), 2, "2026-06-10").await;
    desk.called("74951000003", (10, 19), 1, "2026-05-31").await; // 1 July - 30 days = 1 June
    let (_, request) = desk.asked("sales", "74951000003", json!({})).await;
    assert_eq!(request["payload"]["callers"], 3, "{request}");
    desk.world.drop().await;
}

/// M20: from six callers on the client is named, written to, and agrees to as many as there are when it is approved.
#[tokio::test(flavor = "multi_thread")]
async fn six_callers_need_the_clients_consent() {
    let desk = Desk::open().await;
    let number = "74952000200";
    desk.free(number, 6).await;
    for (payload, expected, pointer) in [
        (json!({}), (409, "client_consent_required"), "/payload/client"),
        (json!({"client": "nobody"}), (422, "validation"), "/payload/client"),
        (json!({"client": 1}), (422, "validation"), "/payload"),
        (json!({"client": "c1", "until": "2026-08-01"}), (422, "validation"), "/payload/until"),
    ] {
        let refused = desk.request("sales", number, payload).await;
        assert_eq!(
            (said(&refused), &refused.body["errors"][0]["pointer"]),
            (expected, &json!(pointer)),
            "{}",
            refused.body
        );
    }
    let (id, request) = desk.asked("sales", number, json!({"client": "c1"})).await;
    assert_eq!((&request["consent_needed"], &request["consent_number"]), (&json!(true), &json!(6)), "{request}");
    let mails = desk.mails().await;
    let [(address, client, subject)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((address.as_str(), client), ("c1@example.ru", &json!("c1")));
    assert!(subject.contains(number), "{subject}");

    assert_eq!(said(&desk.approve("assistants", id).await), (409, "client_consent_required"));
    desk.consents(id, 5).await;
    assert_eq!(
        said(&desk.approve("assistants", id).await),
        (409, "client_consent_required"),
        "to fewer than there are"
    );
    desk.consents(id, 6).await;
    // Somebody else calls before it is approved: what he has agreed to is not what there is.
    desk.called(number, (7, 7), 1, "2026-06-30").await;
    let refused = desk.approve("assistants", id).await;
    assert_eq!(said(&refused), (409, "client_consent_required"));
    assert!(refused.body["detail"].as_str().unwrap().contains('7'), "{}", refused.body);
    assert_eq!(desk.stands(number).await, pair("free", "yes"));
    desk.consents(id, 7).await;
    desk.approved("assistants", id).await;
    assert_eq!(desk.stands(number).await, pair("free", "forced"));
    // 2 3 | 6 7 8 9 10 | 13: eight business days behind 1 July.
    let deeds = desk.deeds(number).await;
    let after = &deeds[0]["after"];
    assert_eq!((&after["forced_until"], &after["forced_by"]), (&json!("2026-07-13"), &json!(id)), "{after}");
    let card = desk.card(number).await;
    assert_eq!((&card["offer"], &card["forced"]["client"]), (&json!("forced_for_one"), &json!("c1")), "{card}");

    // Exactly six, and the consent to six.
    desk.free("74952000206", 6).await;
    let (id, _) = desk.asked("sales", "74952000206", json!({"client": "c1"})).await;
    desk.consents(id, 6).await;
    desk.approved("assistants", id).await;
    // Asked for with five, and a sixth calls: the client has to be named first.
    desk.free("74952000205", 5).await;
    let (id, _) = desk.asked("sales", "74952000205", json!({})).await;
    desk.called("74952000205", (6, 6), 1, "2026-06-30").await;
    assert_eq!(said(&desk.approve("assistants", id).await), (409, "stale_request"));
    // With a client named and five callers it is for everybody, and nobody is written to.
    desk.free("74952000203", 5).await;
    let (id, _) = desk.asked("sales", "74952000203", json!({"client": "c1"})).await;
    desk.approved("assistants", id).await;
    assert_eq!(desk.deeds("74952000203").await[0]["after"]["forced_for"], Value::Null);
    assert_eq!(desk.mails().await.len(), 2);
    // A client whose data were cleaned buys nothing.
    desk.run("UPDATE client SET gdpr_state = 'cleaned', cleaned_at = now() WHERE code = 'c2'").await;
    let refused = desk.request("sales", "74952000205", json!({"client": "c2"})).await;
    assert_eq!(said(&refused), (409, "cleaned"), "{}", refused.body);
    desk.world.drop().await;
}

/// M20: numbers of another provider are the designated approver's; whose they are is read anew at the approval.
#[tokio::test(flavor = "multi_thread")]
async fn assistants_do_not_force_another_providers_number() {
    let desk = Desk::open().await;
    let of_mts = async |number: &str| {
        desk.free(number, 5).await;
        desk.run(&format!(
            "UPDATE did SET provider_id = (SELECT id FROM provider WHERE code = 'mts') WHERE number = '{number}'"
        ))
        .await;
    };
    let own = async |is_own: bool| {
        let shown =
            desk.done("settlement", "PUT", "/v1/providers/mts", json!({"is_own": is_own, "reason": "test"})).await;
        assert_eq!((&shown["is_own"], &shown["name"]), (&json!(is_own), &json!("MTS")), "{shown}");
    };
    of_mts("74953000001").await;
    let (id, request) = desk.asked("sales", "74953000001", json!({})).await;
    assert_eq!(request["steps"][0]["permission"], "did.force_foreign", "{request}");
    let shown = desk.ask("assistants", "GET", &format!("/v1/approvals/{id}"), None).await;
    assert_eq!(
        (&shown.body["may_approve"], &shown.body["why_not"]["code"]),
        (&json!(false), &json!("provider_not_own")),
        "{}",
        shown.body
    );
    for role in ["assistants", "head"] {
        assert_eq!(said(&desk.approve(role, id).await), (403, "provider_not_own"), "{role}");
    }
    desk.approved("admin", id).await;
    assert_eq!(desk.stands("74953000001").await, pair("free", "forced"));
    // His numbers become our own capacity: the assistants decide, as long as they are.
    own(true).await;
    for number in ["74953000002", "74953000003"] {
        of_mts(number).await;
    }
    let (id, _) = desk.asked("sales", "74953000002", json!({})).await;
    desk.approved("assistants", id).await;
    let (id, request) = desk.asked("sales", "74953000003", json!({})).await;
    assert_eq!(
        (&request["payload"]["own_provider"], &request["payload"]["provider"]),
        (&json!(true), &json!("mts")),
        "{request}"
    );
    own(false).await;
    assert_eq!(said(&desk.approve("assistants", id).await), (409, "stale_request"));
    desk.world.drop().await;
}

/// M20: for client service the direct manager decides, or who stands above him, and the designated approver gets a copy.
#[tokio::test(flavor = "multi_thread")]
async fn the_direct_manager_approves_and_a_copy_goes_out() {
    let desk = Desk::open().await;
    let department = async |body: Value| desk.done("admin", "POST", "/v1/departments", body).await;
    department(json!({"code": "service", "name": "Сервис", "reason": "test"})).await;
    department(json!({"code": "care", "name": "Клиенты", "parent": "service", "forcing": "manager", "reason": "test"}))
        .await;
    let refused =
        desk.ask("admin", "PUT", "/v1/departments/care", Some(json!({"forcing": "somebody", "reason": "test"}))).await;
    assert_eq!((said(&refused), &refused.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/forcing")));
    let mailbox = json!({"value": "approver@example.ru", "reason": "test"});
    desk.done("admin", "PUT", "/v1/settings/did.force_copy_mailbox", mailbox).await;
    let clerk = desk.hire("clerk", "client_service", "care").await;
    let chief = desk.hire("chief", "head", "service").await;
    let other = desk.hire("other", "head", "care").await;
    let number = "74954000001";
    desk.free(number, 5).await;
    let refused = desk.request(&clerk, number, json!({})).await;
    assert_eq!((said(&refused), &refused.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/kind")));
    let heads = json!({"heads_department": true, "reason": "test"});
    desk.done("admin", "PUT", "/v1/staff/chief", heads.clone()).await;

    let (id, request) = desk.asked(&clerk, number, json!({})).await;
    let step = &request["steps"][0];
    assert_eq!((&step["permission"], &step["head_of"]), (&json!("did.force_own"), &json!("care")), "{step}");
    let mails = desk.mails().await;
    let [(address, client, subject)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((address.as_str(), client), ("approver@example.ru", &Value::Null));
    assert!(subject.contains(number), "{subject}");
    // Those who may force our own numbers and head nothing above the clerk.
    let waiting = async |who: &str| {
        let list = desk.ask(who, "GET", "/v1/approvals?waiting_for_me=true", None).await;
        list.body["items"].as_array().unwrap().len()
    };
    for who in ["assistants", "head", other.as_str()] {
        assert_eq!(said(&desk.approve(who, id).await), (403, "forbidden"), "{who}");
        assert_eq!(waiting(who).await, 0, "{who}");
    }
    assert_eq!(waiting(&chief).await, 1);
    desk.approved(&chief, id).await;

    // Who heads the department itself; for his own he asks who stands above him.
    desk.done("admin", "PUT", "/v1/staff/other", heads).await;
    for (asker, approver, number) in [(&clerk, &other, "74954000002"), (&other, &chief, "74954000003")] {
        desk.free(number, 5).await;
        let (id, _) = desk.asked(asker, number, json!({})).await;
        assert_eq!(said(&desk.approve(asker, id).await).1, "self_approval");
        desk.approved(approver, id).await;
    }
    // The chief has nobody above him.
    desk.free("74954000004", 5).await;
    let manager = json!({"forcing": "manager", "reason": "test"});
    assert_eq!(desk.done("admin", "PUT", "/v1/departments/service", manager).await["forcing"], "manager");
    assert_eq!(said(&desk.request(&chief, "74954000004", json!({})).await), (422, "validation"));
    // Six callers: the client is written to as well, and the manager waits for his word.
    desk.called("74954000004", (6, 6), 1, "2026-06-20").await;
    let (id, _) = desk.asked(&clerk, "74954000004", json!({"client": "c1"})).await;
    let written: Vec<String> = desk.mails().await.into_iter().map(|(address, ..)| address).skip(3).collect();
    assert_eq!(written, ["c1@example.ru", "approver@example.ru"]);
    assert_eq!(said(&desk.approve(&other, id).await), (409, "client_consent_required"));
    // Another route for the department, which is asked from then on.
    let assistants = json!({"forcing": "assistants", "reason": "test"});
    desk.done("admin", "PUT", "/v1/departments/care", assistants).await;
    desk.free("74954000005", 5).await;
    let (id, request) = desk.asked(&clerk, "74954000005", json!({})).await;
    assert_eq!(request["steps"][0]["head_of"], Value::Null);
    desk.approved("assistants", id).await;
    assert_eq!(desk.mails().await.len(), 5);
    desk.world.drop().await;
}

/// A27: seven callers, c1 agrees, forced, reserved, does not pay: free and red again behind the eighth business day, and c3 has to agree himself.
#[tokio::test(flavor = "multi_thread")]
async fn a_forcing_for_one_client_ends_with_his_reservation() {
    let desk = Desk::open().await;
    let number = "74955000007";
    // On an archived number: free and forced at once, archive day and statistics stay.
    desk.forced_for_c1(number, "archive").await;
    let card = desk.card(number).await;
    assert_eq!((&card["status"], &card["sale"]), (&json!("free"), &json!("forced")), "{card}");
    assert_eq!(card["archived_at"], "2026-01-01T09:00:00Z", "{card}");
    assert_eq!(
        (&card["non_target_class"], &card["unique_callers_in_window"]),
        (&json!("has_calls"), &json!(7)),
        "{card}"
    );
    let actions: Vec<Value> = desk.deeds(number).await.into_iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, ["did.free", "did.force"]);

    let (of_c1, of_c3) = (desk.product("a1").await, desk.product("a4").await);
    let needs_consent = |tried: Result<i64, SubscriptionError>, callers: i64| {
        use billing::numbers::sale::NotForSale::ConsentRequired;
        let refused = matches!(tried, Err(SubscriptionError::NotForSale(ConsentRequired(found))) if found == callers);
        assert!(refused, "{tried:?}");
    };
    needs_consent(desk.attach(of_c3, number).await, 7);
    desk.attach(of_c1, number).await.unwrap();
    assert_eq!(desk.stands(number).await, pair("reserved", "forced"));
    // Reserved on 1 July: until 13 July. Its forcing waits for nothing as long as it is reserved.
    desk.clock.set("2026-07-13T01:05:00Z".parse().unwrap());
    assert_eq!(desk.night_to("2026-07-13").await, (0, 0));
    assert_eq!(desk.stands(number).await, pair("reserved", "forced"));
    desk.clock.set("2026-07-14T01:05:00Z".parse().unwrap());
    assert_eq!(desk.night_to("2026-07-14").await, (1, 0));
    let card = desk.card(number).await;
    assert_eq!((&card["status"], &card["sale"]), (&json!("free"), &json!("yes")), "{card}");
    assert_eq!(
        (&card["non_target_class"], &card["archived_at"]),
        (&json!("has_calls"), &json!("2026-01-01T09:00:00Z"))
    );
    for product in [of_c1, of_c3] {
        needs_consent(desk.attach(product, number).await, 7);
    }
    desk.world.drop().await;
}

/// A27: what else ends a forcing, and what does not.
#[tokio::test(flavor = "multi_thread")]
async fn how_forcings_end() {
    let desk = Desk::open().await;
    let (cancelled, waits, everybody) = ("74956000001", "74956000002", "74956000003");
    desk.forced_for_c1(cancelled, "free").await;
    desk.forced_for_c1(waits, "free").await;
    desk.free(everybody, 5).await;
    let (id, _) = desk.asked("sales", everybody, json!({})).await;
    desk.approved("assistants", id).await;
    let product = desk.product("a1").await;
    for (number, sale) in [(cancelled, "yes"), (everybody, "forced")] {
        let subscriber = desk.attach(product, number).await.unwrap();
        let mut change = desk.begin().await;
        subscriptions::cancel(&mut change, subscriber, None, "передумал").await.unwrap();
        change.commit(200, &Value::Null).await.unwrap();
        assert_eq!(desk.stands(number).await, pair("free", sale), "cancelled");
    }
    // Nobody reserves it by 13 July.
    assert_eq!(desk.night_to("2026-07-13").await, (0, 0));
    assert_eq!(desk.stands(waits).await, pair("free", "forced"));
    assert_eq!(desk.night_to("2026-07-14").await, (0, 1));
    assert_eq!(desk.stands(waits).await, pair("free", "yes"));
    assert_eq!(desk.night_to("2026-07-14").await, (0, 0));
    let deeds = desk.deeds(waits).await;
    let last = deeds.last().unwrap();
    assert_eq!((&last["action"], &last["after"]), (&json!("did.unforce"), &json!({"sale": "yes"})), "{last}");
    assert_eq!(last["before"]["forced_until"], "2026-07-13", "{last}");
    // For everybody: it ends when the number is archived.
    assert_eq!(desk.stands(everybody).await, pair("free", "forced"));
    let subscriber = desk.attach(product, everybody).await.unwrap();
    let mut change = desk.begin().await;
    subscriptions::activate(&mut change, subscriber, None, "оплачено").await.unwrap();
    change.commit(200, &Value::Null).await.unwrap();
    assert_eq!(desk.stands(everybody).await, pair("in_work", "forced"));
    let path = format!("/v1/dids/{everybody}/archive");
    desk.done("assistants", "POST", &path, json!({"reason": "договор расторгнут"})).await;
    assert_eq!(desk.stands(everybody).await, pair("archive", "yes"));
    // For one client: with his subscriber, also past the quarantine.
    let skipped = "74956000004";
    desk.forced_for_c1(skipped, "free").await;
    let subscriber = desk.attach(product, skipped).await.unwrap();
    let admin = staff::authenticate(&desk.world.store, "token-admin", desk.clock.now()).await.unwrap().unwrap();
    let mut change = desk.begin().await;
    subscriptions::activate(&mut change, subscriber, None, "оплачено").await.unwrap();
    subscriptions::close(&mut change, &admin, subscriber, true, None, "переходит на другой счёт").await.unwrap();
    change.commit(200, &Value::Null).await.unwrap();
    assert_eq!(desk.stands(skipped).await, pair("free", "yes"));
    desk.world.drop().await;
}

/// What cannot be forced says why; what has changed since makes a request stale.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_forced() {
    let desk = Desk::open().await;
    let off = "74957000001";
    desk.free(off, 2).await;
    desk.run(&format!("UPDATE did SET sale = 'no' WHERE number = '{off}'")).await;
    desk.number("74957000002", "free").await; // silent: green
    desk.number("79161000001", "archive").await;
    desk.run("UPDATE did SET archived_at = '2026-06-15T09:00:00Z' WHERE number = '79161000001'").await;
    for (who, number, expected) in [
        ("support", off, (403, "forbidden")),
        ("sales", "74959999999", (404, "not_ours")),
        ("sales", "+74957000001", (422, "validation")),
        ("sales", "номер", (422, "validation")),
        ("sales", "74950000001", (409, "invalid_transition")), // in work
        ("sales", off, (409, "invalid_transition")),
        ("sales", "74957000002", (409, "invalid_transition")),
        ("sales", "79161000001", (409, "invalid_transition")), // A31: rests until 14 August
    ] {
        let refused = desk.request(who, number, json!({})).await;
        assert_eq!(said(&refused), expected, "{number}: {}", refused.body);
        let tells = expected.0 == 403 || expected.0 == 404 || refused.body["errors"][0]["pointer"] == "/entity_id";
        assert!(tells, "{}", refused.body);
    }
    // No data, and not enough of them: by approval as any other (M20).
    desk.number("74957000003", "archive").await;
    desk.run("UPDATE did SET archived_at = '2026-06-30T22:00:00Z' WHERE number = '74957000003'").await;
    desk.number("74957000004", "archive").await;
    desk.run("UPDATE did SET archived_at = '2026-06-15T09:00:00Z' WHERE number = '74957000004'").await;
    for (number, class) in [("74957000003", "no_data"), ("74957000004", "insufficient_data")] {
        let (id, request) = desk.asked("sales", number, json!({})).await;
        assert_eq!(request["payload"]["class"], class, "{request}");
        desk.approved("assistants", id).await;
        assert_eq!(desk.stands(number).await, pair("free", "forced"));
        assert_eq!(said(&desk.request("sales", number, json!({})).await), (409, "invalid_transition"), "already");
    }
    // Taken off sale between request and approval.
    desk.free("74957000005", 2).await;
    let (id, _) = desk.asked("sales", "74957000005", json!({})).await;
    desk.run("UPDATE did SET sale = 'no', revision = revision + 1 WHERE number = '74957000005'").await;
    assert_eq!(said(&desk.approve("assistants", id).await), (409, "stale_request"));
    // A30: eight business days behind 27 December 2027 end in a year that nobody has entered.
    desk.clock.set("2027-12-27T09:00:00Z".parse().unwrap());
    desk.number("74957000006", "free").await;
    desk.called("74957000006", (1, 6), 1, "2027-12-20").await;
    let refused = desk.request("sales", "74957000006", json!({"client": "c1"})).await;
    assert_eq!(said(&refused), (422, "outside_calendar"), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("2028"), "{}", refused.body);
    desk.world.drop().await;
}
