//! Quarantine: what calls make of a number, callers that do not count, terms, the night in which numbers leave (M13-M16, A28, A29, A31).

use std::collections::BTreeSet;
use std::sync::Arc;

use admin_api::{AppState, CallsReader, Ran, run_job};
use billing::change::Begun;
use billing::numbers::rules::{clear_from, leaves_on, rests_until};
use billing::numbers::{self, QuarantineTerm, QuarantineTerms};
use billing::{Change, Clock, jobs};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World, record_ending};

use crate::api::{Answer, Api};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Days from the first to the last.
fn days(first: &str, last: &str) -> Vec<NaiveDate> {
    day(first).iter_days().take_while(|one| *one <= day(last)).collect()
}

/// The people who look after numbers: a world, an API and jobs by one clock.
struct Desk {
    world: World,
    hands: Arc<SetClock>,
    state: AppState,
    api: Api,
}

impl Desk {
    async fn open(now: DateTime<Utc>) -> Self {
        let world = World::new(1).await;
        let hands = SetClock::at(now);
        let clock: Arc<dyn Clock> = hands.clone();
        let api = Api::serve_by(&world, clock.clone()).await;
        let state = AppState::new(world.store.clone(), clock, CallsReader::open(&world.clickhouse_url, &world.name));
        Self { world, hands, state, api }
    }

    fn at(&self, now: &str) {
        self.hands.set(now.parse().unwrap());
    }

    async fn sql(&self, statements: &str) {
        self.world.store.run_past_the_rooms(statements).await.unwrap();
    }

    /// A number in quarantine since a moment. `more`: columns and values of its own.
    async fn archived(&self, number: &str, since: &str, (columns, values): (&str, &str)) {
        self.sql(&format!(
            "INSERT INTO did (number, status, sale, archived_at, added_at, kind{columns}) VALUES ('{number}', 'archive', 'yes', '{since}', '2009-05-01T09:00:00Z', {values});
             INSERT INTO did_period (did_id, status, valid_from) SELECT id, status, archived_at FROM did WHERE number = '{number}'"
        ))
        .await;
    }

    /// A call of somebody on each of these days, long ago.
    async fn called(&self, number: &str, caller: &str, first: &str, last: &str) {
        self.sql(&format!(
            "INSERT INTO non_target_call (did_number, day, caller, calls)
                 SELECT '{number}', d::date, '{caller}', 1 FROM generate_series(date '{first}', date '{last}', '1 day') d;
             INSERT INTO non_target_last (did_number, day) VALUES ('{number}', '{last}') ON CONFLICT (did_number) DO UPDATE SET day = greatest(non_target_last.day, excluded.day)"
        ))
        .await;
    }

    async fn collected(&self, days: &[NaiveDate]) {
        numbers::mark_collected(&self.world.store, days, self.hands.now()).await.unwrap();
    }

    async fn card(&self, number: &str) -> Value {
        let card =
            self.api.ask("GET", &format!("/v1/dids/{number}"), "support", &[("Accept-Language", "en")], None).await;
        assert_eq!(card.status, 200, "{}", card.body);
        card.body
    }

    /// State, class and offer of a number.
    async fn judged(&self, number: &str) -> String {
        let card = self.card(number).await;
        ["status", "non_target_class", "offer"].map(|field| card[field].as_str().unwrap().to_owned()).join(" ")
    }

    /// Runs the night of a date at ten past four: its figures, or why it did not.
    async fn night(&self, date: &str) -> Value {
        self.hands.set(day(date).and_hms_opt(1, 10, 0).unwrap().and_utc());
        self.job(date).await
    }

    async fn job(&self, date: &str) -> Value {
        match run_job(&self.state, "did_release", day(date)).await.unwrap() {
            Ran::Now(run) if run.is_done() => run.counts.unwrap(),
            Ran::Now(run) => json!(run.error),
            other => panic!("{other:?}"),
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        self.api.ask(method, path, "admin", &[("Accept-Language", "en")], Some(body)).await
    }

    async fn change(&self) -> Change {
        let actor = jobs::actor(&self.world.store, "test").await.unwrap();
        match Change::begin(&self.world.store, self.hands.as_ref(), actor, None).await.unwrap() {
            Begun::New(change) => change,
            _ => panic!("a key that nobody gave"),
        }
    }
}

/// M13, M14, M15, A29, with the figures of the manual: archived on 1 August 2020, statistics from the 2nd on, the night of 9 and of 10 September.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_leaves_when_it_was_silent_for_its_term() {
    let desk = Desk::open("2020-08-31T09:00:00Z".parse().unwrap()).await;
    desk.archived("74956460403", "2010-03-01T09:00:00Z", ("", "'ordinary'")).await;
    desk.archived("74951201031", "2020-08-01T10:00:00Z", ("", "'ordinary'")).await;
    desk.archived("74951201032", "2020-08-01T10:00:00Z", ("", "'ordinary'")).await;
    // Archived on the 2nd, and the 3rd was not collected.
    desk.archived("74951201033", "2020-08-02T10:00:00Z", ("", "'ordinary'")).await;
    desk.archived("78003330033", "2020-08-01T10:00:00Z", ("", "'fmtn'")).await;
    desk.archived("74951201034", "2020-08-01T10:00:00Z", (", place", "'ordinary', 'agent'")).await;
    desk.called("74956460403", "74991112233", "2020-07-01", "2020-10-31").await;
    desk.called("74951201031", "74991112233", "2020-08-05", "2020-08-05").await;
    desk.called("74951201031", "74994445566", "2020-08-10", "2020-08-10").await;
    desk.called("78003330033", "74991112233", "2020-08-02", "2020-08-11").await;
    // Nothing is collected yet.
    assert_eq!(desk.judged("74951201031").await, "archive no_data no_data");
    desk.collected(&[day("2020-08-02")]).await;
    // M14: on the 2nd only others were called, and it counts for the silent one all the same.
    assert_eq!(desk.card("74951201032").await["first_collected"], json!("2020-08-02"));
    assert_eq!(desk.card("74951201033").await["first_collected"], Value::Null);
    desk.collected(&days("2020-08-04", "2020-09-08")).await;
    assert_eq!(desk.card("74951201033").await["first_collected"], json!("2020-08-04"));

    // M15: 29 days are too few, 30 are enough.
    assert_eq!(desk.judged("74951201031").await, "archive insufficient_data insufficient_data");
    let card = desk.card("74951201031").await;
    assert_eq!((&card["leaves_on"], &card["why"][0]["code"]), (&json!("2020-09-10"), &json!("collecting")), "{card}");
    assert_eq!(card["why"][0]["text"], json!("Statistics are collected since 2020-08-02; days left of the term: 1"));
    desk.at("2020-09-01T09:00:00Z");
    assert_eq!(desk.judged("74951201031").await, "archive has_calls has_calls");
    assert_eq!(desk.judged("74951201032").await, "archive no_calls no_calls");
    // Ten calls, and it does not matter.
    assert_eq!(desk.judged("78003330033").await, "archive ignore ignore");
    assert_eq!(desk.judged("74951201034").await, "archive ignore ignore");

    // FMTN and agents' numbers, the silent one, and the one since the 4th: 4 August + 30 days is the 3rd.
    assert_eq!(desk.night("2020-09-09").await, json!({"freed": 4, "unforced": 0}));
    let card = desk.card("74951201031").await;
    assert_eq!(
        (&card["status"], &card["calls_in_window"], &card["unique_callers_in_window"], &card["unique_callers_since"]),
        (&json!("archive"), &json!(1), &json!(1), &json!(2)),
        "30 days back the 10th is still inside: {card}"
    );
    assert_eq!(
        card["why"],
        json!([{"code": "called", "text": "Somebody calls: last on 2020-08-10, unique callers within the term: 1"}])
    );
    // The statistics of the 9th are awaited, for twelve hours.
    let waits = json!("statistics of non-target calls of 2020-09-09 are not complete yet");
    assert_eq!(desk.night("2020-09-10").await, waits);
    desk.at("2020-09-10T12:59:59Z");
    assert_eq!(desk.job("2020-09-10").await, waits);
    assert_eq!(desk.judged("74951201031").await, "archive no_calls no_calls");
    desk.at("2020-09-10T13:00:00Z");
    assert_eq!(desk.job("2020-09-10").await, json!({"freed": 1, "unforced": 0}));
    let card = desk.card("74951201031").await;
    assert_eq!(
        (&card["status"], &card["offer"], &card["archived_at"], &card["leaves_on"], &card["why"]),
        (&json!("free"), &json!("no_calls"), &json!("2020-08-01T10:00:00Z"), &Value::Null, &json!([])),
        "{card}"
    );
    // M16: called again it stays free, and is red.
    desk.called("74951201031", "74991112233", "2020-09-11", "2020-09-11").await;
    desk.at("2020-09-11T09:00:00Z");
    assert_eq!(desk.judged("74951201031").await, "free has_calls has_calls");
    // Called every day since 2010: he stays for ever, and a second round does nothing.
    desk.collected(&days("2020-09-09", "2020-10-31")).await;
    assert_eq!(desk.night("2020-10-31").await, json!({"freed": 0, "unforced": 0}));
    assert_eq!(desk.judged("74956460403").await, "archive has_calls has_calls");

    let history = desk.api.get("/v1/audit/did/74951201031", "head").await;
    let line = &history.body["items"][0];
    assert_eq!(
        (&line["action"], &line["after"]["status"], &line["after"]["numbers"]),
        (&json!("did.free"), &json!("free"), &json!(1))
    );
    // A33: somebody else's.
    let not_ours = desk.api.ask("GET", "/v1/dids/381114112060", "support", &[("Accept-Language", "en")], None).await;
    assert_eq!((not_ours.status, &not_ours.body["code"]), (404, &json!("not_ours")));
    assert!(not_ours.body["detail"].as_str().unwrap().contains("Belgrade (RS)"), "{}", not_ours.body);
    desk.world.drop().await;
}

/// A31: 45 days at a provider, 60 of a mobile number from the end of its contract whatever its calls.
#[tokio::test(flavor = "multi_thread")]
async fn terms_of_kinds_and_providers_and_of_mobile_numbers() {
    let desk = Desk::open("2026-08-15T09:00:00Z".parse().unwrap()).await;
    let at_mts = (", provider_id", "'ordinary', (SELECT id FROM provider WHERE code = 'mts')");
    desk.archived("74951201031", "2026-07-01T09:00:00Z", at_mts).await;
    desk.archived("74951201032", "2026-07-01T09:00:00Z", ("", "'ordinary'")).await;
    desk.archived("79161112233", "2026-07-01T09:00:00Z", ("", "'ordinary'")).await;
    for number in ["74951201031", "74951201032"] {
        desk.called(number, "74991112233", "2026-07-20", "2026-07-20").await;
    }
    desk.collected(&days("2026-07-01", "2026-09-30")).await;
    // 20 July + 31 days.
    for number in ["74951201031", "74951201032"] {
        assert_eq!(desk.card(number).await["leaves_on"], json!("2026-08-20"), "{number}");
    }
    let set = async |days: Value, provider: &str| {
        let body = json!({"kind": "ordinary", "provider": provider, "days": days, "reason": "жалобы"});
        let set = desk.ask("PUT", "/v1/quarantine-terms", body).await;
        (set.status, set.body["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(set(json!(45), "mts").await, (200, String::new()));
    let terms = desk.api.get("/v1/quarantine-terms", "support").await.body;
    assert_eq!((&terms["general_days"], &terms["mobile_rest_days"]), (&json!(30), &json!(60)));
    assert_eq!((&terms["items"][0]["provider"], &terms["items"][0]["days"]), (&json!("mts"), &json!(45)), "{terms}");
    let card = desk.card("74951201031").await;
    // 20 July + 46 days.
    assert_eq!((&card["leaves_on"], &card["term_days"]), (&json!("2026-09-04"), &json!(45)), "{card}");
    let card = desk.card("79161112233").await;
    assert_eq!(
        (&card["non_target_class"], &card["offer"], &card["rests_until"], &card["leaves_on"]),
        (&json!("no_calls"), &json!("rests"), &json!("2026-08-30"), &json!("2026-08-30")),
        "1 July + 60 days: {card}"
    );
    for (date, freed, left) in [
        // The one of the small operator, archived on 1 January.
        ("2026-08-19", 1, "74950000009"),
        ("2026-08-20", 1, "74951201032"),
        ("2026-08-29", 0, ""),
        ("2026-08-30", 1, "79161112233"),
        ("2026-09-03", 0, ""),
        ("2026-09-04", 1, "74951201031"),
    ] {
        assert_eq!(desk.night(date).await, json!({"freed": freed, "unforced": 0}), "{date}");
        if !left.is_empty() {
            assert_eq!(desk.judged(left).await, "free no_calls no_calls", "{date}");
        }
    }
    for (days, provider, expected) in [
        (json!(0), "mts", (422, "validation")),
        (json!(45), "nobody", (422, "validation")),
        (Value::Null, "mts", (200, "")),
        (Value::Null, "mts", (404, "not_found")),
    ] {
        let (status, code) = set(days.clone(), provider).await;
        assert_eq!((status, code.as_str()), expected, "{days} {provider}");
    }
    assert_eq!(desk.card("74951201031").await["term_days"], json!(30));
    let body = json!({"kind": "ordinary", "days": 10, "reason": "x"});
    let refused = desk.api.ask("PUT", "/v1/quarantine-terms", "assistants", &[], Some(body)).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    desk.world.drop().await;
}

/// A28: the buyer's declared number rings twice, and the class is what it was.
#[tokio::test(flavor = "multi_thread")]
async fn callers_that_do_not_count() {
    let now = Utc::now();
    let desk = Desk::open(now).await;
    let number = "74950000009";
    let calls = async |calls: &[(&str, &str)]| {
        let end = now - TimeDelta::minutes(10);
        for (id, src) in calls {
            let to_us = json!({"src": src, "dst": number, "service": "incoming", "direction": "in"});
            desk.world.send_at(0, record_ending(id, end, to_us).to_string().as_bytes(), end);
        }
        desk.world.ingest().await.unwrap();
    };
    let first = day("2026-01-02");
    let until_now: Vec<_> = first.iter_days().take_while(|one| *one <= now.date_naive()).collect();
    desk.collected(&until_now).await;
    let figures = async || {
        let card = desk.card(number).await;
        let count = |name: &str| card[name].as_i64().unwrap();
        (
            card["non_target_class"].as_str().unwrap().to_owned(),
            count("calls_in_window"),
            count("unique_callers_in_window"),
            count("ignored_calls_in_window"),
        )
    };
    let expect = |class: &str, calls: i64, callers: i64, ignored: i64| (class.to_owned(), calls, callers, ignored);
    assert_eq!(figures().await, expect("no_calls", 0, 0, 0));
    let path = format!("/v1/dids/{number}/ignored-callers");
    let declared = |caller: &str| json!({"caller": caller, "reason": "номер покупателя"});
    let added = desk.ask("POST", &path, declared("+7 916 111-22-33")).await;
    assert_eq!(added.status, 201, "{}", added.body);
    calls(&[("1", "79161112233"), ("2", "79161112233")]).await;
    assert_eq!(figures().await, expect("no_calls", 0, 0, 2), "2 ignored");
    // A test line of ours, for all numbers, is ignored with what it has called before; then there is one who counts.
    calls(&[("3", "74957770077"), ("4", "79164445566")]).await;
    assert_eq!(figures().await, expect("has_calls", 2, 2, 2));
    let line = desk.ask("POST", "/v1/ignored-callers", declared("74957770077")).await;
    assert_eq!(line.status, 201, "{}", line.body);
    assert_eq!(figures().await, expect("has_calls", 1, 1, 3));
    let by_day = desk.api.get(&format!("/v1/dids/{number}/non-target"), "support").await;
    let row = &by_day.body["items"][0];
    assert_eq!((&row["calls"], &row["callers"], &row["ignored"]), (&json!(1), &json!(1), &json!(3)), "{}", by_day.body);
    // The buyer did not take it: his calls count again. Another one declares the other number, and nobody is left.
    let ended = format!("/v1/ignored-callers/{}", added.body["id"]);
    assert_eq!(desk.ask("DELETE", &ended, json!({"reason": "не подошёл"})).await.status, 200);
    assert_eq!(figures().await, expect("has_calls", 3, 2, 1));
    for caller in ["79161112233", "79164445566"] {
        assert_eq!(desk.ask("POST", &path, declared(caller)).await.status, 201);
    }
    assert_eq!(figures().await, expect("no_calls", 0, 0, 4));
    assert_eq!(desk.card(number).await["last_call"], Value::Null);

    let list = desk.api.get(&format!("/v1/ignored-callers?number={number}&in_force=true"), "support").await;
    let callers: BTreeSet<&str> =
        list.body["items"].as_array().unwrap().iter().map(|row| row["caller"].as_str().unwrap()).collect();
    assert_eq!(callers, BTreeSet::from(["74957770077", "79161112233", "79164445566"]), "{}", list.body);
    for (method, path, body, status, code) in [
        ("DELETE", ended.as_str(), json!({"reason": "x"}), 409, "invalid_transition"),
        ("DELETE", "/v1/ignored-callers/999", json!({"reason": "x"}), 404, "not_found"),
        ("POST", "/v1/ignored-callers", declared("74957770077"), 409, "already_exists"),
        ("POST", "/v1/ignored-callers", json!({"caller": "74957770077"}), 422, "reason_required"),
        ("POST", "/v1/ignored-callers", declared("112"), 422, "validation"),
        ("POST", "/v1/dids/381114112060/ignored-callers", declared("79161112233"), 404, "not_ours"),
    ] {
        let refused = desk.ask(method, path, body).await;
        assert_eq!((refused.status, &refused.body["code"]), (status, &json!(code)), "{method} {path}");
    }
    desk.world.assert_books_agree().await;
    desk.world.drop().await;
}

/// Numbers that come out the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn is_one_of(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }
}

/// A number of the oracle.
struct Thrown {
    number: String,
    kind: &'static str,
    provider: Option<i32>,
    is_agents: bool,
    archived: Option<DateTime<Utc>>,
    added: DateTime<Utc>,
    last_call: Option<NaiveDate>,
}

impl Thrown {
    fn new(dice: &mut Dice, index: u64) -> Self {
        let begin: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut moment = |hours: u64| begin + TimeDelta::hours(dice.below(hours) as i64);
        let (archived, added) = (moment(150 * 24), moment(150 * 24));
        let prefix = if dice.is_one_of(3) { "7916" } else { "7495" };
        Self {
            number: format!("{prefix}2{index:06}"),
            kind: if dice.is_one_of(6) { "fmtn" } else { "ordinary" },
            provider: dice.is_one_of(2).then_some(1),
            is_agents: dice.is_one_of(8),
            archived: (!dice.is_one_of(10)).then_some(archived),
            added,
            last_call: (!dice.is_one_of(3)).then(|| day("2025-12-01") + Days::new(dice.below(200))),
        }
    }

    fn row(&self) -> String {
        let text = |value: Option<String>| value.map_or("NULL".to_owned(), |value| format!("'{value}'"));
        format!(
            "('{}', 'archive', 'yes', '{}', {}, {}, {}, '{}')",
            self.number,
            self.kind,
            self.provider.map_or("NULL".to_owned(), |id| id.to_string()),
            text(self.is_agents.then(|| "agent".to_owned())),
            text(self.archived.map(|at| at.to_rfc3339())),
            self.added.to_rfc3339()
        )
    }

    /// The night in which it leaves, as the rules say it of one number.
    fn leaves(&self, runs: &BTreeSet<NaiveDate>, terms: &QuarantineTerms) -> Option<NaiveDate> {
        let in_moscow = |at: DateTime<Utc>| at.with_timezone(&chrono_tz::Europe::Moscow).date_naive();
        let event = in_moscow(self.archived.map_or(self.added, |archived| archived.max(self.added)));
        let first = runs.range(event + Days::new(1)..).next().copied();
        let ignore = self.kind == "fmtn" || self.is_agents;
        let clear = clear_from(ignore, first, self.last_call, terms.days(self.kind, self.provider));
        leaves_on(clear, rests_until(self.number.starts_with("79"), self.archived.map(in_moscow), 60))
    }
}

/// What the night frees in one statement is what the rules say of each number, by whatever portions; days without statistics, zones, terms, mobile numbers and all.
#[tokio::test(flavor = "multi_thread")]
async fn the_night_says_of_thousands_what_the_rules_say_of_one() {
    let desk = Desk::open("2026-07-15T09:00:00Z".parse().unwrap()).await;
    let mut dice = Dice(20_200_802);
    let thrown: Vec<Thrown> = (0..1_500).map(|index| Thrown::new(&mut dice, index)).collect();
    let rows: Vec<String> = thrown.iter().map(Thrown::row).collect();
    let called: Vec<String> =
        thrown.iter().filter_map(|one| one.last_call.map(|last| format!("('{}', '{last}')", one.number))).collect();
    desk.sql(&format!(
            "INSERT INTO did (number, status, sale, kind, provider_id, place, archived_at, added_at) VALUES {};
             INSERT INTO non_target_last (did_number, day) VALUES {};
             INSERT INTO quarantine_term (kind, provider_id, days, changed_at, changed_by)
                 VALUES ('ordinary', 1, 45, now(), 'test'), ('ordinary', NULL, 20, now(), 'test'), ('fmtn', 1, 90, now(), 'test')",
            rows.join(", "),
            called.join(", ")
        ))
        .await;
    let runs: BTreeSet<NaiveDate> =
        days("2026-01-10", "2026-06-20").into_iter().filter(|_| !dice.is_one_of(4)).collect();
    desk.collected(&runs.iter().copied().collect::<Vec<_>>()).await;
    let term = |kind: &str, provider_id, days| QuarantineTerm { kind: kind.to_owned(), provider_id, days };
    let own = vec![term("ordinary", Some(1), 45), term("ordinary", None, 20), term("fmtn", Some(1), 90)];
    let terms = QuarantineTerms::new(30, own);
    for (today, portion) in [("2026-02-20", 5_000), ("2026-04-01", 170), ("2026-05-17", 37), ("2026-07-15", 1_000)] {
        let (mut after, mut freed) = (0, 0);
        loop {
            let mut change = desk.change().await;
            let released = numbers::release(&mut change, day(today), after, portion).await.unwrap();
            if released.freed > 0 {
                change.commit(200, &json!(null)).await.unwrap();
            }
            freed += released.freed;
            let Some(last) = released.after else { break };
            after = last;
        }
        let expected: BTreeSet<&str> = thrown
            .iter()
            .filter(|one| one.leaves(&runs, &terms).is_some_and(|night| night <= day(today)))
            .map(|one| one.number.as_str())
            .collect();
        let list = desk.api.get("/v1/dids?status=free&limit=5000", "support").await;
        let free: BTreeSet<&str> = list.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["number"].as_str().unwrap())
            .filter(|number| !number.starts_with("7495000000"))
            .collect();
        let differ: Vec<_> = free.symmetric_difference(&expected).collect();
        assert!(differ.is_empty(), "{today}: {differ:?}");
        assert!(freed > 50, "{today}: too few to say anything: {freed}");
    }
    desk.world.drop().await;
}

/// A27: what waited for its client until yesterday is for sale like any other, even while statistics are awaited.
#[tokio::test(flavor = "multi_thread")]
async fn a_forcing_that_nobody_used_ends() {
    let desk = Desk::open("2026-08-13T01:10:00Z".parse().unwrap()).await;
    let force = |number: &str, until: &str| {
        format!(
            "INSERT INTO did (number, status, sale, kind, archived_at, added_at, forced_at, forced_for, forced_until)
                 SELECT '{number}', 'free', 'forced', 'ordinary', '2026-06-01T09:00:00Z', '2020-06-01T09:00:00Z', '2026-08-01T09:00:00Z', id, '{until}'
                 FROM client WHERE code = 'c1';"
        )
    };
    desk.sql(&(force("74951201031", "2026-08-12") + &force("74951201032", "2026-08-13"))).await;
    desk.called("74951201031", "74991112233", "2026-08-01", "2026-08-01").await;
    desk.collected(&days("2026-06-01", "2026-08-11")).await;
    assert_eq!(desk.judged("74951201031").await, "free has_calls forced_for_one");
    assert_eq!(
        desk.job("2026-08-13").await,
        json!("statistics of non-target calls of 2026-08-12 are not complete yet")
    );
    assert_eq!(desk.judged("74951201031").await, "free has_calls has_calls");
    assert_eq!(desk.judged("74951201032").await, "free no_calls forced_for_one", "its last day is today");
    desk.collected(&days("2026-08-12", "2026-08-12")).await;
    // The one of the small operator, archived on 1 January, leaves.
    assert_eq!(desk.job("2026-08-13").await, json!({"freed": 1, "unforced": 0}));
    desk.world.drop().await;
}
