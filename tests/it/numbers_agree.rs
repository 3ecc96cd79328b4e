//! Stream and room agree on whose a number was: the state at the answer decides, whenever a call is processed (M12-M16, M19, M20).

use std::sync::Arc;
use std::time::{Duration, Instant};

use admin_api::run_job;
use billing::change::Begun;
use billing::streams::{self, BatchTx, BatchWrite, Resolved, WriteError};
use billing::{Change, Clock, SystemClock, hot_path, jobs, numbers, subscriptions};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World, record_ending};

use crate::api::Api;

/// A toll-free number: whoever has it pays 0.30 a minute for calls to it, and nobody else does.
const NUMBER: &str = "78005550099";
/// A change has to be in force within a minute (M20).
const IN_FORCE: Duration = Duration::from_mins(1);

/// A call of a minute to a toll-free number, answered at a moment.
fn call(id: &str, number: &str, answered: DateTime<Utc>) -> Value {
    let change = json!({
        "src": "79161234567", "dst": number, "service": "tollfree", "direction": "in", "trunk_in": "mts-1", "trunk_out": null,
    });
    record_ending(id, answered + TimeDelta::minutes(1), change)
}

/// Waits until a call stands in ClickHouse; its outcome and the code of the account that paid.
async fn outcome(world: &World, id: &str) -> (String, String) {
    let began = Instant::now();
    while world.count(&format!("count() FROM calls WHERE cdr_id = '{id}'")).await == 0 {
        assert!(began.elapsed() < IN_FORCE, "the call {id} was not processed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let of_call = format!("FROM calls WHERE cdr_id = '{id}'");
    let account: u64 = world.text("account_id", &of_call).await.parse().unwrap();
    let codes = billing::accounts::codes(&world.store).await.unwrap();
    let code = codes.into_iter().find(|(id, _)| *id == account).map(|(_, code)| code);
    (world.text("outcome", &of_call).await, code.unwrap_or_default())
}

fn billed(account: &str) -> (String, String) {
    ("rated".to_owned(), account.to_owned())
}

fn non_target() -> (String, String) {
    ("non_target".to_owned(), String::new())
}

/// A number from its first day in the capacity to its second holder.
struct Life {
    world: World,
    api: Api,
    hands: Arc<SetClock>,
    /// Midday in Moscow of the day on which it was added.
    begun: DateTime<Utc>,
}

impl Life {
    async fn begin() -> Self {
        let world = World::new(1).await;
        // As far back as the life lasts: the ingest goes by the clock of the machine, which has to be behind all of it.
        let today = Utc::now().date_naive();
        let begun = (today - Days::new(95)).and_hms_opt(9, 0, 0).unwrap().and_utc();
        let sql = format!(
            "INSERT INTO did (number, status, sale, kind, added_at) VALUES ('{NUMBER}', 'free', 'yes', 'ordinary', '{begun}');
             INSERT INTO did_period (did_id, status, valid_from) SELECT id, 'free', '{begun}' FROM did WHERE number = '{NUMBER}'"
        );
        world.store.run_past_the_rooms(&sql).await.unwrap();
        // Of the days in which it lives the calendar has to know which are worked.
        let years = format!(
            "INSERT INTO production_year (calendar, year, source, settled, changed_at, changed_by)
             SELECT 'ru', year, 'test', false, now(), 'test' FROM generate_series({}, {}) year ON CONFLICT DO NOTHING",
            begun.year(),
            today.year()
        );
        world.store.run_past_the_rooms(&years).await.unwrap();
        // As the ingest does, which reads to the end of the log: the statistics of all days up to yesterday.
        let first = begun.date_naive();
        let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day < today).collect();
        numbers::mark_collected(&world.store, &days, begun).await.unwrap();
        let hands = SetClock::at(begun);
        let clock: Arc<dyn Clock> = hands.clone();
        let api = Api::serve_by(&world, clock).await;
        Self { world, api, hands, begun }
    }

    /// Midday of a day of its life.
    fn day(&self, day: i64) -> DateTime<Utc> {
        self.begun + TimeDelta::days(day)
    }

    async fn ask(&self, path: &str, body: Value) -> Value {
        let answer = self.api.ask("POST", path, "client_service", &[], Some(body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.text);
        answer.body
    }

    /// Attaches the number to a new product of an account, at `now`; the identifier of the subscriber.
    async fn attach(&self, account: &str, now: DateTime<Utc>) -> Value {
        self.hands.set(now);
        let wanted = json!({"product": "telephony", "reason": "заявка клиента"});
        let product = self.ask(&format!("/v1/accounts/{account}/products"), wanted).await;
        let wanted = json!({"number": NUMBER, "reason": "заявка клиента"});
        let path = format!("/v1/products-of-accounts/{}/subscribers", product["id"]);
        self.ask(&path, wanted).await["id"].clone()
    }

    async fn activate(&self, subscriber: &Value, now: DateTime<Utc>) {
        self.hands.set(now);
        self.ask(&format!("/v1/subscribers/{subscriber}/activate"), json!({"reason": "оплата поступила"})).await;
    }

    async fn close(&self, subscriber: &Value, now: DateTime<Utc>) {
        self.hands.set(now);
        self.ask(&format!("/v1/subscribers/{subscriber}/close"), json!({"reason": "номер не нужен"})).await;
    }

    /// Sends a call as its switch does, when it has ended.
    fn called(&self, id: &str, answered: DateTime<Utc>) {
        self.reported(id, answered, answered + TimeDelta::minutes(1));
    }

    /// Sends a call at a moment.
    fn reported(&self, id: &str, answered: DateTime<Utc>, at: DateTime<Utc>) {
        self.world.send_at(0, call(id, NUMBER, answered).to_string().as_bytes(), at);
    }

    async fn outcome(&self, id: &str) -> (String, String) {
        outcome(&self.world, id).await
    }

    /// State, and what it is on the shelf.
    async fn shown(&self, now: DateTime<Utc>) -> (String, String, Value) {
        self.hands.set(now);
        self.api.refresh_shelf().await;
        let answer = self.api.get(&format!("/v1/numbers-for-sale?number={NUMBER}"), "sales").await;
        let row = &answer.body["items"][0];
        let word = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        (word("status"), word("offer"), row["clear_from"].clone())
    }

    /// The night before a day of its life: those that rested leave quarantine.
    async fn night(&self, day: i64) {
        self.hands.set(self.day(day) - TimeDelta::hours(7));
        run_job(self.api.state_of(), "did_release", self.day(day).date_naive()).await.unwrap();
    }

    fn date(&self, day: i64) -> Value {
        json!(self.day(day).date_naive())
    }
}

fn state(status: &str, offer: &str, clear_from: Value) -> (String, String, Value) {
    (status.to_owned(), offer.to_owned(), clear_from)
}

/// Free, reserved, in work, in quarantine, free again, another's: each call is whose the number was when it was answered, also when it comes late.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_lives_its_whole_life_by_its_calls() {
    let life = Life::begin().await;
    let ingest = life.world.spawn_ingest(&["--session-ms", "6000"]);

    // Added on day 0, called on day 2: statistics from day 1 on, the full term of 30 days on day 31, silent for it on day 2 + 31 = 33.
    life.called("first", life.day(2));
    assert_eq!(life.outcome("first").await, non_target());
    assert_eq!(life.shown(life.day(20)).await, state("free", "insufficient_data", life.date(33)));
    assert_eq!(life.shown(life.day(32)).await, state("free", "has_calls", life.date(33)));
    assert_eq!(life.shown(life.day(33)).await, state("free", "no_calls", Value::Null));

    // Sold on day 34: reserved first, which changes nothing for who calls; in work 10 minutes later.
    let sold = life.day(34);
    let subscriber = life.attach("a1", sold).await;
    assert_eq!(life.shown(sold).await.0, "reserved");
    let works = sold + TimeDelta::minutes(10);
    life.activate(&subscriber, works).await;
    let changed = Instant::now();
    for (id, answered, expected) in [
        ("reserved", works - TimeDelta::minutes(5), non_target()),
        // By its answer, although it lasted into the time after.
        ("rings before", works - TimeDelta::seconds(1), non_target()),
        ("sold", works + TimeDelta::seconds(5), billed("a1")),
    ] {
        life.called(id, answered);
        assert_eq!(life.outcome(id).await, expected, "{id}");
    }
    assert!(changed.elapsed() < IN_FORCE, "in force after {:?}", changed.elapsed());

    // Given up on day 40, during a call: whose it was at the answer pays for it.
    let given_up = life.day(40);
    life.close(&subscriber, given_up).await;
    for (id, answered, expected) in [
        ("given up", given_up + TimeDelta::seconds(5), non_target()),
        ("during", given_up - TimeDelta::seconds(30), billed("a1")),
    ] {
        life.called(id, answered);
        assert_eq!(life.outcome(id).await, expected, "{id}");
    }
    // The class begins anew: statistics from day 41 on, so 30 days on day 71; the call of day 40 is silent for its term on day 40 + 31 = 71 too.
    assert_eq!(life.shown(life.day(40)).await, state("archive", "insufficient_data", life.date(71)));
    assert_eq!(life.shown(life.day(60)).await, state("archive", "insufficient_data", life.date(71)));

    // On day 60 two records come late, more than the window of repeats: one of before the release, which is billed, and one of day 45, which moves the class.
    let late = life.day(60);
    life.reported("late, sold", life.day(35), late);
    life.reported("late, archived", life.day(45), late);
    assert_eq!(life.outcome("late, sold").await, billed("a1"));
    assert_eq!(life.outcome("late, archived").await, non_target());
    // Day 45 + 31.
    assert_eq!(life.shown(late).await, state("archive", "insufficient_data", life.date(76)));
    life.night(75).await;
    assert_eq!(life.shown(life.day(75)).await, state("archive", "has_calls", life.date(76)));
    life.night(76).await;
    assert_eq!(life.shown(life.day(76)).await, state("free", "no_calls", Value::Null));

    // Another buys it, and a call of the first holder's time is still his.
    let sold = life.day(77);
    let subscriber = life.attach("a2", sold).await;
    life.activate(&subscriber, sold).await;
    life.called("sold again", life.day(78));
    life.reported("late, first holder", life.day(36), life.day(78));
    assert_eq!(life.outcome("sold again").await, billed("a2"));
    assert_eq!(life.outcome("late, first holder").await, billed("a1"));
    ingest.kill();

    // A minute each at 0.30: a1 four of its 100, a2 one. Non-target: first, reserved, rings before, given up, late archived.
    assert_eq!((life.world.balance("a1").await, life.world.balance("a2").await), ("98.8".into(), "-0.3".into()));
    let counted: i64 =
        numbers::non_target_calls(&life.world.store).await.unwrap().iter().map(|(.., calls)| calls).sum();
    assert_eq!(counted, 5);
    life.world.assert_books_agree().await;
    life.world.drop().await;
}

/// A change that began before another one and comes to the number after it: its state begins where the one before it does. Two states that overlap would be a
/// catalogue that cannot be read at all.
#[tokio::test(flavor = "multi_thread")]
async fn changes_that_wait_for_each_other_leave_no_states_that_overlap() {
    let life = Life::begin().await;
    let subscriber = life.attach("a1", life.day(40)).await.as_i64().unwrap();
    let begin = async |now: DateTime<Utc>| {
        life.hands.set(now);
        let actor = jobs::actor(&life.world.store, "test").await.unwrap();
        match Change::begin(&life.world.store, life.hands.as_ref(), actor, None).await.unwrap() {
            Begun::New(change) => change,
            Begun::Repeated(..) | Begun::KeyReused => panic!("a change without a key"),
        }
    };
    let mut earlier = begin(life.day(41)).await;
    let mut later = begin(life.day(42)).await;
    subscriptions::activate(&mut later, subscriber, None, "оплата поступила").await.unwrap();
    later.commit(200, &Value::Null).await.unwrap();
    let number = numbering::E164::parse(NUMBER).unwrap();
    subscriptions::close_of_number(&mut earlier, number, None, "договор расторгнут").await.unwrap();
    earlier.commit(200, &Value::Null).await.unwrap();
    life.api.refresh().await;
    let history = life.api.get(&format!("/v1/dids/{NUMBER}/history"), "support").await;
    let periods = history.body["items"].as_array().unwrap();
    // It was in work for no time at all.
    let states: Vec<&Value> = periods.iter().map(|period| &period["status"]).collect();
    assert_eq!(states, ["archive", "reserved", "free"], "{}", history.body);
    for pair in periods.windows(2) {
        assert_eq!(pair[1]["to"], pair[0]["from"], "{}", history.body);
    }
    life.world.drop().await;
}

/// The announcement of a move is lost, and the ingest rates by what it knows: the batch is refused and rated anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_not_billed_to_who_has_given_the_number_up() {
    let world = World::new(1).await;
    let number = "78005550001";
    // Nobody looks at the catalogue without being told.
    let deaf = "UPDATE setting SET value = '3600' WHERE key = 'snapshot.poll_seconds'";
    world.store.run_past_the_rooms(deaf).await.unwrap();
    let ingest = world.spawn_ingest(&["--session-ms", "6000"]);
    let now = SystemClock.now();
    world.send(0, &call("known", number, now - TimeDelta::minutes(30)));
    assert_eq!(outcome(&world, "known").await, billed("a2"));
    let released = now - TimeDelta::minutes(10);
    let silently = format!(
        "UPDATE did SET status = 'archive', account_id = NULL, archived_at = '{released}' WHERE number = '{number}';
         UPDATE did_period SET valid_to = '{released}' WHERE valid_to IS NULL AND did_id = (SELECT id FROM did WHERE number = '{number}');
         INSERT INTO did_period (did_id, status, valid_from) SELECT id, 'archive', '{released}' FROM did WHERE number = '{number}';
         UPDATE catalogue SET version = version + 1;
         INSERT INTO catalogue_change (version, what, number) SELECT version, 'number', '{number}' FROM catalogue"
    );
    world.store.run_past_the_rooms(&silently).await.unwrap();
    world.send(0, &call("after", number, released + TimeDelta::seconds(1)));
    world.send(0, &call("before", number, released - TimeDelta::seconds(1)));
    assert_eq!(outcome(&world, "after").await, non_target());
    assert_eq!(outcome(&world, "before").await, billed("a2"));
    ingest.kill();
    assert_eq!(world.balance("a2").await, "-0.6");
    world.assert_books_agree().await;
    world.drop().await;
}

/// Which batches a move refuses: those that name the number and were rated by an older version.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_refused_for_its_own_numbers_alone() {
    let world = World::new(1).await;
    let stream = streams::open_stream(&world.store, "test", &world.name).await.unwrap();
    let claim = streams::claim(&world.store, stream, 0, "owner", 0).await.unwrap();
    let api = Api::serve(&world, Utc::now()).await;
    let before = hot_path::version(&world.store).await.unwrap() as u64;
    let reason = Some(json!({"reason": "договор расторгнут"}));
    let archived = api.ask("POST", "/v1/dids/74950000002/archive", "admin", &[], reason).await;
    assert_eq!(archived.status, 200, "{}", archived.text);
    let after = hot_path::version(&world.store).await.unwrap() as u64;
    assert!(after > before);
    let [moved, other] = ["74950000002", "79161234567"].map(|number| numbering::E164::parse(number).unwrap());
    let everything = "UPDATE catalogue SET version = version + 1; INSERT INTO catalogue_change (version, what) SELECT version, 'everything' FROM catalogue";
    for (what, version, named, is_refused) in [
        ("it names the number", before, vec![other, moved], true),
        ("it names others", before, vec![other], false),
        ("it names none", before, vec![], false),
        ("it was rated by the version of now", after, vec![other, moved], false),
        ("nobody knows what changed since", after, vec![other], true),
    ] {
        if what.starts_with("nobody knows") {
            world.store.run_past_the_rooms(everything).await.unwrap();
        }
        let write = BatchWrite {
            from_offset: 0,
            next_offset: 10,
            last_digest: vec![0; 16],
            resolved: Resolved { version, numbers: &named },
            read_up_to: Utc::now(),
            usage: &[],
            identities: &[1; 16],
            newest_end: Utc::now(),
            suspense: &[],
            counters: &[],
            non_target: &[],
            long_calls: &[],
            revisions: &[],
            ended: &[],
            outbox: &[],
        };
        // Nothing of it is committed: each finds the partition where it was.
        let mut tx = BatchTx::begin(&world.store).await.unwrap();
        let written = tx.write(&claim, &write).await;
        assert_eq!(matches!(written, Err(WriteError::NumbersMoved)), is_refused, "{what}: {written:?}");
        assert_eq!(written.is_ok(), !is_refused, "{what}");
    }
    world.drop().await;
}
