//! The department that the steps happen to: the product, and how its transactions come to grief.
//!
//! Owns: a world with people and a clock, changes with keys, the ways in which they are cut.
//! Does not own: which change (`play`).
//! Always: what was cut is tried again with the same key by the same person, as a client of the API does who got no answer.

use std::cell::Cell;
use std::sync::Arc;

use admin_api::{AppState, CallsReader};
use billing::change::{Begun, IdempotencyKey};
use billing::staff::{self, Staff};
use billing::{Actor, Change, Clock};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Moscow;
use serde_json::{Value, json};
use tests::{SetClock, World, cut};

use super::step::Crash;
use crate::api::{Answer, Api};

/// Account of the legal entity at its bank.
pub(super) const OWN: &str = "40702810400000000001";

/// The sessions of this database that are in the middle of a transaction, ended by the server.
const KILL: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'";

/// Sessions that may have been ended at once: all of the pool.
const SESSIONS: usize = 16;

/// The people who act.
pub(super) struct People {
    pub(super) accounting: Staff,
    pub(super) sales: Staff,
    pub(super) head: Staff,
    pub(super) settlement: Staff,
}

/// The department.
pub(super) struct Desk {
    pub(super) world: World,
    pub(super) hands: Arc<SetClock>,
    pub(super) state: AppState,
    pub(super) people: People,
    api: Api,
    numbers: Cell<u64>,
}

impl Desk {
    pub(super) async fn open(now: &str) -> Self {
        let world = World::new(1).await;
        let hands = SetClock::at(now.parse().unwrap());
        let clock: Arc<dyn Clock> = hands.clone();
        let api = Api::serve_by(&world, Arc::clone(&clock)).await;
        let state = AppState::new(world.store.clone(), clock, CallsReader::open(&world.clickhouse_url, &world.name));
        let of = async |role: &str| {
            let token = format!("token-{role}");
            staff::authenticate(&world.store, &token, hands.now()).await.unwrap().unwrap()
        };
        let people = People {
            accounting: of("accounting").await,
            sales: of("sales").await,
            head: of("head").await,
            settlement: of("settlement").await,
        };
        // Years pass here; statements are another test's subject, so no check waits for one.
        let settings = format!(
            "UPDATE api_token SET expires_at = '2500-01-01'; UPDATE setting SET value = 'no' WHERE key = 'credit.wait_for_statement';
             INSERT INTO legal_entity_bank (legal_entity_id, position, bank, bic, account) VALUES (1, 1, 'Банк', '044525999', '{OWN}')"
        );
        world.store.run_past_the_rooms(&settings).await.unwrap();
        Self { world, hands, state, people, api, numbers: Cell::new(0) }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.hands.now()
    }

    /// The day of now where the accounts are.
    pub(super) fn today(&self) -> NaiveDate {
        self.now().with_timezone(&Moscow).date_naive()
    }

    /// A number that nothing else has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    pub(super) async fn sql(&self, statements: &str) -> Result<(), String> {
        self.world.store.run_past_the_rooms(statements).await.map_err(|error| error.to_string())
    }

    /// Does a deed in a change of somebody: what it answers, or why it is refused. The transaction comes to grief as it is said, and is tried again.
    pub(super) async fn change(
        &self,
        by: &Staff,
        crash: Crash,
        deed: impl AsyncFn(&mut Change) -> Result<Value, String>,
    ) -> Result<Value, String> {
        let key = format!("key-{}", self.number());
        let mut committed = false;
        match crash {
            Crash::None => {}
            Crash::Dropped | Crash::Killed => {
                let Ok(mut change) = self.begin(by, &key).await else { return Err("a new key is known".to_owned()) };
                let done = deed(&mut change).await;
                if crash == Crash::Killed && done.is_ok() {
                    self.kill().await;
                    if change.commit(201, &json!(null)).await.is_ok() {
                        return Err("a session that was ended has committed".to_owned());
                    }
                }
            }
            Crash::Cut(answers) => {
                let cut = cut(self.attempt(by, &key, &deed), answers).await;
                committed = matches!(cut, Some(Ok(_)));
            }
            Crash::Unheard => committed = self.attempt(by, &key, &deed).await.is_ok(),
        }
        let (answer, is_repeat) = self.attempt(by, &key, &deed).await?;
        if committed && !is_repeat {
            return Err("what was committed is done again under the same key".to_owned());
        }
        Ok(answer)
    }

    /// One try: the answer, and whether it is the one of before.
    async fn attempt(
        &self,
        by: &Staff,
        key: &str,
        deed: &impl AsyncFn(&mut Change) -> Result<Value, String>,
    ) -> Result<(Value, bool), String> {
        let mut change = match self.begin(by, key).await {
            Ok(change) => change,
            Err(answer) => return Ok((answer, true)),
        };
        let answer = deed(&mut change).await?;
        change.commit(201, &answer).await.map_err(|error| error.to_string())?;
        Ok((answer, false))
    }

    /// A change of somebody under a key; `Err`: the answer of before.
    async fn begin(&self, by: &Staff, key: &str) -> Result<Change, Value> {
        let begun = || {
            let actor = Actor::named(by.id, &by.login, key);
            let key = IdempotencyKey::new(key, &[key.as_bytes()]);
            Change::begin(&self.world.store, self.hands.as_ref(), actor, Some(key))
        };
        // A session that was ended may lie in the pool: who meets it is told to try again, and finds another one.
        let mut tried = begun().await;
        for _ in 0..SESSIONS {
            match tried {
                Err(error) if error.is_unavailable() => tried = begun().await,
                _ => break,
            }
        }
        match tried.unwrap() {
            Begun::New(change) => Ok(change),
            Begun::Repeated(_, answer) => Err(answer),
            Begun::KeyReused => panic!("a key that stands for one deed"),
        }
    }

    /// Ends the sessions that are in a transaction.
    pub(super) async fn kill(&self) {
        self.world.store.run_past_the_rooms(KILL).await.unwrap();
    }

    /// Asks the API for what the books have refused: it refuses with this code.
    pub(super) async fn refuses(
        &self,
        role: &str,
        (method, path): (&str, &str),
        mut body: Value,
        code: &str,
    ) -> Result<(), String> {
        body["reason"] = json!("test");
        let answer = self.api.ask(method, path, role, &[("Accept-Language", "en")], Some(body)).await;
        refused(&answer, code)
    }

    /// The same with a file of a bank.
    pub(super) async fn refuses_file(&self, file: &[u8], code: &str) -> Result<(), String> {
        let english = [("Accept-Language", "en")];
        refused(
            &self.api.send("POST", "/v1/bank-statements?file=kl_to_1c.txt", "accounting", &english, file).await,
            code,
        )
    }

    /// A list, as accounting reads it.
    pub(super) async fn list(&self, asked: &str) -> Result<Vec<Value>, String> {
        let answer = self.api.get(&format!("/v1/{asked}"), "accounting").await;
        answer.body["items"].as_array().cloned().ok_or(answer.text)
    }
}

fn refused(answer: &Answer, code: &str) -> Result<(), String> {
    if answer.status >= 400 && answer.body["code"] == json!(code) {
        return Ok(());
    }
    Err(format!("refused with {code}, says the rule; the API says {} {}", answer.status, answer.text))
}
