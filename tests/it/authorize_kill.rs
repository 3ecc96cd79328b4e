//! The money of accounts under load, while a program of the API dies: what is reserved never exceeds it, and no answer is forgotten.
//!
//! Switches ask two programs over one database at random, from one seed: calls begin, go on, end; what a switch does not hear it asks the other program again.
//! One program is killed with SIGKILL in the middle and comes back later. A watcher adds the books up all the while.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use admin_api::{Ran, run_job};
use billing::holds::{self, CallKey};
use billing::{Clock, Store, SystemClock, staff};
use cdr_ingest::generate::rng::Rng;
use chrono::TimeDelta;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{SetClock, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api::Api;
use crate::authorize::{amount, authorize, said, served};

/// All that is drawn is drawn from this; every failure names it.
const SEED: u64 = 20_261_130;
const SWITCHES: usize = 24;
/// Calls that a switch has under way at most.
const UNDER_WAY_MAX: usize = 3;
/// Answers before a program is killed, while it is away, and after it is back.
const ANSWERS: [usize; 3] = [500, 250, 500];
/// How long a switch waits as a rule, and for how long it asks on before the test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// Account | its number | its line in the operator: 600 s at 0.60 a minute cost 6.00 | calls of 600 s that its money reaches for.
const ACCOUNTS: [(&str, &str, &str, usize); 4] = [
    ("k1", "74950000101", "k1,basic,k,prepaid,none,,30", 5),
    // 12 and 18 below 0.
    ("k2", "74950000102", "k2,basic,k,prepaid,days,18,12", 5),
    ("k3", "74950000103", "k3,basic,k,prepaid,none,,6", 1),
    ("k4", "74950000104", "k4,basic,k,prepaid,none,,60", 10),
];

/// One statement, so that balance and holds are of one moment: what is left of each account. Holds count until they expire, open or released, as they do for
/// who grants.
const LOOK: &str = "DO $$
    DECLARE
        found text;
    BEGIN
        SELECT string_agg(x.code || ' lacks ' || -x.rest, ', ') INTO found FROM (
            SELECT a.code, b.balance + CASE a.credit_policy WHEN 'days' THEN a.credit_limit ELSE 0 END
                   - coalesce((SELECT sum(h.amount) FROM hold h WHERE h.account_id = a.id AND h.expires_at > now()), 0) AS rest
            FROM account a JOIN account_balance b ON b.account_id = a.id WHERE a.code IN ('k1', 'k2', 'k3', 'k4')) x
        WHERE x.rest < 0;
        IF found IS NOT NULL THEN
            RAISE EXCEPTION 'more is reserved than there is: %', found;
        END IF;
    END $$";

/// What so many seconds cost.
fn price(seconds: u64) -> Decimal {
    Decimal::new(seconds as i64, 2)
}

/// Asks a program; `None`: nothing was heard, whatever has become of it.
pub(crate) async fn heard(address: SocketAddr, what: &str, body: &Value, within: Duration) -> Option<(u16, Value)> {
    let body = body.to_string();
    let request = format!(
        "POST /switch/v1/{what} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAuthorization: Bearer token-switch\r\nAccept-Language: en\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let text = String::from_utf8(answer).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        // An answer that was broken off in the middle is none.
        Some((head.split_whitespace().nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
    };
    tokio::time::timeout(within, asked).await.ok().flatten()
}

/// What all switches see.
struct Stage {
    programs: [Mutex<SocketAddr>; 2],
    answers: AtomicUsize,
    is_over: AtomicBool,
}

impl Stage {
    fn program(&self, number: usize) -> SocketAddr {
        *self.programs[number].lock().unwrap()
    }

    /// Waits until so many more requests are answered.
    async fn go_on(&self, answers: usize) {
        let (begun, until) = (Instant::now(), self.answers.load(Ordering::Relaxed) + answers);
        while self.answers.load(Ordering::Relaxed) < until {
            assert!(begun.elapsed() < 2 * ANSWERED_WITHIN, "seed {SEED}: the switches are not answered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What a switch knows of a call.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// It may not go.
    Refused,
    /// It is talked, up to so many seconds.
    Talked(u64),
    /// It was over after so many.
    Released(u64),
    /// The switch did not wait for the answer and never asked again.
    GivenUp,
}

#[derive(Debug)]
struct Call {
    id: String,
    account: &'static str,
    known: Known,
    /// Of some request of it nothing was heard: it may still be on its way when the next one is answered, and then there is more than was heard of.
    is_in_doubt: bool,
}

/// An answer.
struct Heard {
    body: Value,
    program: usize,
    /// Nothing was asked in vain before.
    is_first: bool,
}

/// A switch: it asks one thing after the other.
struct Switch {
    stage: Arc<Stage>,
    number: usize,
    rng: Rng,
    calls: Vec<Call>,
    repeats: usize,
}

impl Switch {
    fn new(stage: Arc<Stage>, number: usize) -> Self {
        Self { stage, number, rng: Rng::new(SEED, &format!("switch {number}")), calls: Vec::new(), repeats: 0 }
    }

    async fn run(mut self) -> Self {
        while !self.stage.is_over.load(Ordering::Relaxed) {
            let talked = |call: &Call| matches!(call.known, Known::Talked(_));
            let under_way: Vec<usize> = (0..self.calls.len()).filter(|at| talked(&self.calls[*at])).collect();
            let one = self.rng.index(under_way.len());
            match (under_way.get(one), self.rng.below(4)) {
                (Some(at), 0) => self.extend(*at).await,
                (Some(at), what) if what == 1 || under_way.len() == UNDER_WAY_MAX => self.release(*at).await,
                _ => self.begin().await,
            }
        }
        self
    }

    /// Asks until there is an answer: whoever hears nothing, or that nobody can answer now, turns to the other program.
    async fn ask(&mut self, mut program: usize, what: &str, body: &Value) -> Heard {
        // Now and then a switch has no patience: the answer meets a closed door, at whatever point of its way.
        let hasty = Duration::from_micros(self.rng.below(20_000));
        let mut within = if self.rng.chance(1, 8) { hasty } else { PATIENCE };
        let begun = Instant::now();
        let mut is_first = true;
        loop {
            match heard(self.stage.program(program), what, body, within).await {
                Some((200, body)) => {
                    self.stage.answers.fetch_add(1, Ordering::Relaxed);
                    return Heard { body, program, is_first };
                }
                Some((503, _)) => tokio::time::sleep(Duration::from_millis(5)).await,
                // 404 of an extension: the call was told that it may go, and its hold is gone.
                Some((status, answer)) => panic!("seed {SEED}: {what} {body}: {status} {answer}"),
                None => {}
            }
            assert!(begun.elapsed() < ANSWERED_WITHIN, "seed {SEED}: nobody answers {what} {body}");
            (is_first, within, program) = (false, PATIENCE, 1 - program);
        }
    }

    /// Now and then asks the same once more, of the other program, as who has not heard the answer: the other one has to know the call from the books.
    async fn repeat(&mut self, what: &str, body: &Value, first: &Heard) -> Option<Heard> {
        if !self.rng.chance(1, 3) {
            return None;
        }
        self.repeats += 1;
        Some(self.ask(1 - first.program, what, body).await)
    }

    async fn begin(&mut self) {
        let (account, src, ..) = ACCOUNTS[self.rng.index(ACCOUNTS.len())];
        let id = format!("s{}-{}", self.number, self.calls.len());
        let most = [60, 300, 600][self.rng.index(3)];
        let body = json!({"source": "sbc", "call_id": id, "src": src, "dst": "74951234567", "max_seconds": most});
        let program = self.rng.index(2);
        let mut call = Call { id, account, known: Known::GivenUp, is_in_doubt: true };
        if self.rng.chance(1, 16) {
            let within = Duration::from_micros(self.rng.below(20_000));
            let _ = heard(self.stage.program(program), "authorize", &body, within).await;
            self.calls.push(call);
            return;
        }
        let first = self.ask(program, "authorize", &body).await;
        call.is_in_doubt = !first.is_first;
        if first.body["allowed"] == json!(true) {
            let seconds = granted(&first.body, &body);
            assert!(seconds <= most, "seed {SEED}: {body}: {}", first.body);
            // Nobody has used this name before: who is told of a repeat is told of somebody else's call.
            let is_repeat = first.body["is_repeat"] == json!(true);
            assert!(!is_repeat || call.is_in_doubt, "seed {SEED}: {body}: {}", first.body);
            if let Some(again) = self.repeat("authorize", &body, &first).await {
                call.is_in_doubt |= !again.is_first;
                assert_the_same(&body, &first.body, &again.body);
            }
            call.known = Known::Talked(seconds);
        } else {
            // There is no other reason: a code of another kind would be an account that is mistaken for another, or books that are half read.
            assert_eq!(first.body["code"], json!("INSUFFICIENT_FUNDS"), "seed {SEED}: {body}: {}", first.body);
            call.known = Known::Refused;
        }
        self.calls.push(call);
    }

    async fn extend(&mut self, at: usize) {
        let Known::Talked(seconds) = self.calls[at].known else { return };
        let most = seconds + 60 * (1 + self.rng.below(5));
        let body = json!({"source": "sbc", "call_id": self.calls[at].id, "max_seconds": most});
        let program = self.rng.index(2);
        let first = self.ask(program, "extend", &body).await;
        let mut is_in_doubt = self.calls[at].is_in_doubt || !first.is_first;
        let longer = if first.body["allowed"] == json!(true) {
            let longer = granted(&first.body, &body);
            assert!(longer <= most || is_in_doubt, "seed {SEED}: {body}: {}", first.body);
            // One that has all that it asked for has it when it asks again.
            if longer == most
                && let Some(again) = self.repeat("extend", &body, &first).await
            {
                is_in_doubt |= !again.is_first;
                assert_the_same(&body, &first.body, &again.body);
            }
            longer
        } else {
            assert_eq!(first.body["code"], json!("INSUFFICIENT_FUNDS"), "seed {SEED}: {body}: {}", first.body);
            first.body["seconds"].as_u64().unwrap_or_else(|| panic!("seed {SEED}: {body}: {}", first.body))
        };
        // What was granted once is not taken away by a refusal of more, and a refusal gives no more.
        let is_more = longer > seconds && first.body["allowed"] != json!(true);
        assert!(
            longer >= seconds && (!is_more || is_in_doubt),
            "seed {SEED}: {seconds} s, then {body}: {}",
            first.body
        );
        self.calls[at].known = Known::Talked(longer);
        self.calls[at].is_in_doubt = is_in_doubt;
    }

    async fn release(&mut self, at: usize) {
        let Known::Talked(seconds) = self.calls[at].known else { return };
        // Little, for no record comes in this test: what is talked is never free again, and others are to be let go.
        let used = if self.rng.chance(1, 2) { 0 } else { self.rng.below(5).min(seconds) };
        let body = json!({"source": "sbc", "call_id": self.calls[at].id, "seconds": used});
        let program = self.rng.index(2);
        let first = self.ask(program, "release", &body).await;
        // A call that may be talked has its hold until somebody releases it: one that is not known was let go for nothing. A call that nobody answered
        // leaves nothing, so that who asks twice finds nothing the second time.
        if used > 0 || first.is_first {
            assert_eq!(first.body["known"], json!(true), "seed {SEED}: {body}: {}", first.body);
            assert_eq!(amount(&first.body["hold"]), price(used), "seed {SEED}: {body}: {}", first.body);
        }
        let mut is_in_doubt = self.calls[at].is_in_doubt || !first.is_first;
        if let Some(again) = self.repeat("release", &body, &first).await {
            is_in_doubt |= !again.is_first;
            let is_known = used > 0;
            let is_the_same = again.body["known"] == json!(is_known) && (!is_known || again.body == first.body);
            assert!(is_the_same || is_in_doubt, "seed {SEED}: {body}: {}, then {}", first.body, again.body);
        }
        self.calls[at].known = Known::Released(used);
        self.calls[at].is_in_doubt = is_in_doubt;
    }
}

/// The seconds of a grant, whose hold is what they cost: less would let the call talk for money that others are granted as well.
fn granted(answer: &Value, asked: &Value) -> u64 {
    let seconds = answer["seconds"].as_u64().unwrap_or_else(|| panic!("seed {SEED}: {asked}: {answer}"));
    assert_eq!(amount(&answer["hold"]), price(seconds), "seed {SEED}: {asked}: {answer}");
    seconds
}

/// A repeat says what was said before, and that it does: one that decided anew would have reserved twice, or refused a call that is talked.
fn assert_the_same(asked: &Value, first: &Value, again: &Value) {
    for name in ["allowed", "seconds", "price", "hold", "currency", "providers"] {
        assert_eq!(first[name], again[name], "seed {SEED}: {asked}: {first}, then {again}");
    }
    assert_eq!(again["is_repeat"], json!(true), "seed {SEED}: {asked}: {again}");
}

/// Looks at the books until the switches are done; how often.
async fn watch(store: Store, stage: Arc<Stage>) -> usize {
    let mut looks = 0;
    while !stage.is_over.load(Ordering::Relaxed) {
        // Two grants that read the same money, or a hold that is written after its answer and replaced by a smaller one, show here.
        store.run_past_the_rooms(LOOK).await.unwrap_or_else(|error| panic!("seed {SEED}: {error}"));
        looks += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    looks
}

/// A hold as the list of calls shows it.
#[derive(Debug)]
struct Hold {
    account: String,
    state: String,
    seconds: u64,
    amount: Decimal,
}

/// All holds, by call.
async fn all_holds(api: &Api) -> BTreeMap<String, Hold> {
    let mut found = BTreeMap::new();
    for (account, ..) in ACCOUNTS {
        for state in ["open", "released"] {
            let list = api.get(&format!("/v1/open-calls?account={account}&state={state}&limit=5000"), "support").await;
            for row in list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text)) {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                let hold = Hold {
                    account: text("account"),
                    state: text("state"),
                    seconds: row["seconds"].as_u64().unwrap(),
                    amount: amount(&row["hold"]),
                };
                // One name, one hold: the other one would be money that no record ever frees.
                assert!(found.insert(text("call_id"), hold).is_none(), "seed {SEED}: {row} twice");
            }
        }
    }
    found
}

/// What switches were told stands in the books, and nothing else does.
fn compare(calls: &[Call], holds: &BTreeMap<String, Hold>) {
    let asked: BTreeSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    for (id, hold) in holds {
        // A hold of a call that nobody asked for is money that is lost until it is overdue.
        assert!(asked.contains(id.as_str()), "seed {SEED}: {id} {hold:?}: nobody asked");
    }
    for call in calls {
        let hold = holds.get(&call.id);
        // Of what was not heard there may be more in the books; less would be an answer without its money.
        let is_right = match (call.known, hold) {
            (Known::Talked(seconds), Some(hold)) => {
                hold.state == "open"
                    && (hold.seconds == seconds || (call.is_in_doubt && hold.seconds > seconds))
                    && hold.amount == price(hold.seconds)
            }
            // Released and not forgotten: what was talked is owed until the record comes.
            (Known::Released(used), Some(hold)) if used > 0 && !call.is_in_doubt => {
                hold.state == "released" && hold.amount == price(used)
            }
            (Known::Released(used), Some(hold)) => call.is_in_doubt && hold.amount >= price(used),
            (Known::Released(used), None) => used == 0,
            (Known::Talked(_), None) => false,
            // A refusal reserves nothing.
            (Known::Refused, hold) => hold.is_none() || call.is_in_doubt,
            (Known::GivenUp, _) => true,
        };
        let is_of_account = hold.is_none_or(|hold| hold.account == call.account);
        assert!(is_right && is_of_account, "seed {SEED}: {call:?}: {hold:?}");
    }
}

/// The accounts of this test, beside those of the small operator.
async fn world() -> World {
    World::with_operator(1, |directory| {
        let append = |file: &str, lines: Vec<String>| {
            let path = directory.join(file);
            let text = std::fs::read_to_string(&path).unwrap() + &lines.join("\n") + "\n";
            std::fs::write(&path, text).unwrap();
        };
        append("accounts.csv", ACCOUNTS.map(|(_, _, terms, _)| terms.to_owned()).to_vec());
        append("dids.csv", ACCOUNTS.map(|(account, number, ..)| format!("{number},in_work,{account},,")).to_vec());
    })
    .await
}

/// M24: whatever dies and whatever is asked twice, what is reserved never exceeds the money, and what was answered is reserved.
#[tokio::test(flavor = "multi_thread")]
async fn money_is_granted_once_while_a_program_is_killed() {
    let world = world().await;
    // Users with their tokens, for all programs of the world.
    let _ = Api::state(&world, Arc::new(SystemClock)).await;
    let expires = SystemClock.now() + TimeDelta::days(1_000);
    staff::add_token(&world.store, "switch", "switch", "token-switch", expires).await.unwrap();
    let (doomed, other) = (world.spawn_api(&[]), world.spawn_api(&[]));
    let stage = Arc::new(Stage {
        programs: [Mutex::new(doomed.address()), Mutex::new(other.address())],
        answers: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
    });
    let watcher = tokio::spawn(watch(world.store.clone(), Arc::clone(&stage)));
    let switches: Vec<_> =
        (0..SWITCHES).map(|number| tokio::spawn(Switch::new(Arc::clone(&stage), number).run())).collect();

    stage.go_on(ANSWERS[0]).await;
    // In the middle of whatever it does: 24 switches are waiting for one of the two.
    doomed.kill();
    stage.go_on(ANSWERS[1]).await;
    let back = world.spawn_api(&[]);
    let address = back.address();
    *stage.programs[0].lock().unwrap() = address;
    stage.go_on(ANSWERS[2]).await;
    stage.is_over.store(true, Ordering::Relaxed);

    let mut calls = Vec::new();
    let mut repeats = 0;
    for switch in switches {
        let switch = switch.await.unwrap();
        repeats += switch.repeats;
        calls.extend(switch.calls);
    }
    let looks = watcher.await.unwrap();
    // Settled: nobody asks any more. One more look, at the end of all.
    world.store.run_past_the_rooms(LOOK).await.unwrap_or_else(|error| panic!("seed {SEED}: {error}"));
    let (api, _) = served(&world, Arc::new(SystemClock)).await;
    compare(&calls, &all_holds(&api).await);

    // The test has seen what it is for: money that ran out, answers that were lost, repeats, and each account at its work.
    let count = |is_so: fn(&Call) -> bool| calls.iter().filter(|call| is_so(call)).count();
    let seen = [
        count(|call| matches!(call.known, Known::Refused)),
        count(|call| call.is_in_doubt && !matches!(call.known, Known::GivenUp)),
        count(|call| matches!(call.known, Known::Released(_))),
        repeats,
        looks,
    ];
    assert!(seen.iter().all(|count| *count > 10), "seed {SEED}: {seen:?}");
    // Dead, they take back nothing any more, of those who gave up last.
    back.kill();
    other.kill();
    let left = all_holds(&api).await;
    compare(&calls, &left);
    everything_expires(&world, left.len()).await;
    world.drop().await;
}

/// No record comes of any call: a day after its end its money is free again, also of those that nobody heard of; then each account lets as many calls go as its
/// money reaches for, and not one more or less.
async fn everything_expires(world: &World, left: usize) {
    let clock = SetClock::at(SystemClock.now() + TimeDelta::hours(26));
    let (api, state) = served(world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    match run_job(&state, "holds_expire", clock.now().date_naive()).await.unwrap() {
        Ran::Now(ran) => assert_eq!(ran.counts.unwrap()["overdue"], json!(left), "seed {SEED}"),
        ran => panic!("seed {SEED}: {ran:?}"),
    }
    assert!(all_holds(&api).await.is_empty(), "seed {SEED}");
    for (account, src, _, most) in ACCOUNTS {
        let mut answers = Vec::new();
        for number in 0..=most {
            let call = authorize(&api, &format!("{account}-{number}"), json!({"src": src})).await;
            answers.push(said(&call));
        }
        // A hold that was forgotten somewhere would leave too few, one that was taken back twice too many.
        let mut expected = vec!["600".to_owned(); most];
        expected.push("INSUFFICIENT_FUNDS".to_owned());
        assert_eq!(answers, expected, "seed {SEED}: {account}");
    }
}

/// A grant that its switch did not hear from one program is asked for again at another one, while the first takes it back: it stays. The other program has
/// read the hold and has not noted the repeat yet; a taking back that did not wait for it would leave a call that may be talked without its money.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_another_program_answers_is_not_taken_back() {
    let world = World::new(1).await;
    let (api, _) = served(&world, Arc::new(SystemClock)).await;
    for (call_id, is_repeated) in [("c", true), ("d", false)] {
        assert_eq!(said(&authorize(&api, call_id, json!({})).await), "600");
        let key = CallKey { source: "sbc".into(), call_id: call_id.into(), leg: 0 };
        let grant = holds::asked(&world.store, &[&key]).await.unwrap()[&key].clone();
        let unheard = [(key.clone(), grant.account, grant.created_at)];
        if is_repeated {
            // What a program does with a repeat: it holds the account, reads the call, notes the repeat where nobody has the row.
            let account = grant.account.0;
            let other = format!(
                "BEGIN; SELECT FROM account_hold WHERE account_id = {account} FOR NO KEY UPDATE; SELECT pg_sleep(1);
                 UPDATE hold SET extended_at = now() WHERE id IN (SELECT id FROM hold WHERE call_id = '{call_id}' FOR NO KEY UPDATE SKIP LOCKED);
                 COMMIT"
            );
            let store = world.store.clone();
            let repeat = tokio::spawn(async move { store.run_past_the_rooms(&other).await });
            until_it_sleeps(&world).await;
            assert_eq!(holds::forget(&world.store, &unheard).await.unwrap(), 0);
            repeat.await.unwrap().unwrap();
        } else {
            assert_eq!(holds::forget(&world.store, &unheard).await.unwrap(), 1);
        }
        let is_there = holds::asked(&world.store, &[&key]).await.unwrap().contains_key(&key);
        assert_eq!(is_there, is_repeated, "{call_id}");
    }
    world.drop().await;
}

/// Waits until the other program has the account.
async fn until_it_sleeps(world: &World) {
    let begun = Instant::now();
    let asleep = "DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep') THEN
            RAISE EXCEPTION 'nobody sleeps';
        END IF;
    END $$";
    while world.store.run_past_the_rooms(asleep).await.is_err() {
        assert!(begun.elapsed() < ANSWERED_WITHIN, "the other program does not begin");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
