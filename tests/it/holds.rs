//! Money that calls have reserved, and who else wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use admin_api::{AppState, CallsReader, RateLimits};
use billing::accounts::by_code;
use billing::change::Begun;
use billing::credit::{self, CreditError, Refused};
use billing::{Change, Clock, SystemClock, jobs, staff};
use chrono::{TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::World;
use tokio::task::JoinHandle;

use crate::api::{Answer, Api};

/// A program for people and switches over a world; several may be.
async fn served(world: &World) -> Api {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let expires = Utc::now() + TimeDelta::days(1_000);
    for role in ["accounting", "head", "support", "switch"] {
        // A second program of the same world finds the token there.
        let _ = staff::add_token(&world.store, role, role, &format!("token-{role}"), expires).await;
    }
    let calls = CallsReader::open(&world.clickhouse_url, &world.name);
    Api::serve_state(AppState::new(world.store.clone(), clock, calls).limited(RateLimits::NONE)).await
}

/// An outgoing call of `a1` to Moscow for up to 600 s at 0.60 a minute: 6.00 are reserved. The seconds of the grant, or the code of the refusal.
async fn authorize(api: &Api, call_id: &str) -> String {
    let call =
        json!({"source": "sbc", "call_id": call_id, "src": "74950000001", "dst": "74951234567", "max_seconds": 600});
    answered(&switch(api, "authorize", call).await)
}

async fn switch(api: &Api, what: &str, body: Value) -> Answer {
    let answer = api.ask("POST", &format!("/switch/v1/{what}"), "switch", &[], Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

fn answered(answer: &Answer) -> String {
    match answer.body["code"].as_str() {
        Some(code) => code.to_owned(),
        None => answer.body["seconds"].to_string(),
    }
}

/// What staff do with `a1`.
async fn staff_do(api: &Api, method: &str, role: &str, path: &str, body: Value) -> Answer {
    let mut body = body;
    body["reason"] = json!("test");
    api.ask(method, &format!("/v1/accounts/a1{path}"), role, &[("Accept-Language", "en")], Some(body)).await
}

async fn withdraw(api: &Api, amount: &str) -> Answer {
    staff_do(api, "POST", "accounting", "/withdrawals", json!({"amount": amount})).await
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// The words on the first field that is refused, else on the whole.
fn words(answer: &Answer) -> &str {
    let field = answer.body["errors"][0]["detail"].as_str();
    field.or(answer.body["detail"].as_str()).unwrap_or_else(|| panic!("no words: {}", answer.text))
}

async fn reserved(api: &Api) -> Decimal {
    let list = api.get("/v1/open-calls?account=a1&limit=1000", "support").await;
    let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
    rows.iter().map(|row| row["hold"].as_str().unwrap().parse::<Decimal>().unwrap()).sum()
}

/// Fails where calls have reserved more than `a1` has: one statement, so that balance and holds are of one moment.
const NEVER_OVERSPENT: &str = "DO $$ BEGIN
    IF EXISTS (SELECT FROM account a JOIN account_balance b ON b.account_id = a.id WHERE a.code = 'a1'
                   AND b.balance < (SELECT coalesce(sum(h.amount), 0) FROM hold h WHERE h.account_id = a.id AND h.expires_at > now()))
    THEN RAISE EXCEPTION 'calls have reserved more than there is'; END IF;
END $$";

/// B17: 100.00 of its own; 24 calls of 6.00 and 24 withdrawals of 5.00 at once over two programs want 144 + 120. What goes is never more than there is, and less
/// than one withdrawal stays.
#[tokio::test(flavor = "multi_thread")]
async fn calls_and_withdrawals_do_not_spend_the_same_money() {
    let world = World::new(1).await;
    let programs = Arc::new([served(&world).await, served(&world).await]);
    let is_over = Arc::new(AtomicBool::new(false));
    let watch: JoinHandle<u32> = {
        let (store, is_over) = (world.store.clone(), Arc::clone(&is_over));
        tokio::spawn(async move {
            let mut looks = 0;
            loop {
                // The look after the last one of them, too.
                let last = is_over.load(Ordering::SeqCst);
                store.run_past_the_rooms(NEVER_OVERSPENT).await.unwrap();
                looks += 1;
                if last {
                    return looks;
                }
            }
        })
    };
    let asking: Vec<JoinHandle<(bool, String)>> = (0..48_usize)
        .map(|number| {
            let programs = Arc::clone(&programs);
            tokio::spawn(async move {
                let api = &programs[number / 2 % 2];
                if number % 2 == 0 {
                    return (true, authorize(api, &format!("c{number}")).await);
                }
                let answer = withdraw(api, "5.00").await;
                (false, said(&answer).1.to_owned())
            })
        })
        .collect();
    let (mut withdrawn, mut refused) = (0, 0);
    for one in asking {
        match one.await.unwrap() {
            (true, answer) => assert!(answer == "INSUFFICIENT_FUNDS" || answer.parse::<u64>().is_ok(), "{answer}"),
            (false, code) if code.is_empty() => withdrawn += 1,
            (false, code) => {
                assert!(["money_reserved", "insufficient_funds"].contains(&code.as_str()), "{code}");
                refused += 1;
            }
        }
    }
    is_over.store(true, Ordering::SeqCst);
    assert!(watch.await.unwrap() > 1, "nobody looked while it went on");
    // 24 x 5 are more than 100, so at least four do not go.
    assert!(withdrawn + refused == 24 && refused >= 4, "{withdrawn} {refused}");
    let balance: Decimal = world.balance("a1").await.parse().unwrap();
    assert_eq!(balance, Decimal::from(100 - 5 * withdrawn));
    let left = balance - reserved(&programs[0]).await;
    assert!(left >= Decimal::ZERO && left < Decimal::from(5), "{left} of {balance}");
    world.assert_books_agree().await;
    world.drop().await;
}

/// B14, B17: 100.00, of which a call has reserved 6.00: what goes out by choice leaves that, what staff charge by right goes beneath it, and no account is closed
/// over a call.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_money_out_leaves_what_is_reserved() {
    let world = World::new(1).await;
    let api = served(&world).await;
    assert_eq!(authorize(&api, "c1").await, "600");
    let beyond_own = withdraw(&api, "100.01").await;
    assert_eq!(said(&beyond_own), (422, "insufficient_funds"), "{}", beyond_own.text);
    // 100 - 6
    let beyond_reserved = withdraw(&api, "94.01").await;
    assert_eq!(said(&beyond_reserved), (422, "money_reserved"), "{}", beyond_reserved.text);
    assert!(words(&beyond_reserved).contains("reserved 6, which leaves 94"), "{}", beyond_reserved.text);
    let spend = async |amount: &str| {
        let id = by_code(&world.store, "a1", Utc::now()).await.unwrap().unwrap().id;
        let actor = jobs::actor(&world.store, "test").await.unwrap();
        let Begun::New(mut change) = Change::begin(&world.store, &SystemClock, actor, None).await.unwrap() else {
            panic!("a key that nobody gave")
        };
        credit::may_spend(&mut change, id, amount.parse().unwrap()).await
    };
    assert!(spend("94").await.is_ok());
    assert!(matches!(spend("94.01").await, Err(CreditError::Refused(Refused::InsufficientFunds))));
    assert_eq!(said(&withdraw(&api, "94.00").await), (201, ""));
    assert_eq!(said(&withdraw(&api, "0.01").await), (422, "money_reserved"));

    let charge = json!({"product": "telephony", "amount": "6.00"});
    assert_eq!(said(&staff_do(&api, "POST", "accounting", "/charges", charge).await), (201, ""));
    assert_eq!((world.balance("a1").await.as_str(), reserved(&api).await), ("0", Decimal::from(6)));
    assert_eq!(authorize(&api, "c2").await, "INSUFFICIENT_FUNDS");

    // Nothing but the call stands against closing.
    let no_numbers = "UPDATE did SET status = 'archive', account_id = NULL, archived_at = now() WHERE account_id = (SELECT id FROM account WHERE code = 'a1')";
    world.store.run_past_the_rooms(no_numbers).await.unwrap();
    let close = async || staff_do(&api, "POST", "head", "/close", json!({})).await;
    let over_a_call = close().await;
    assert_eq!(said(&over_a_call), (409, "calls_under_way"), "{}", over_a_call.text);
    assert!(words(&over_a_call).contains("(sbc c1)"), "{}", over_a_call.text);
    assert!(words(&over_a_call).contains("/v1/open-calls/{id}/end"), "{}", over_a_call.text);
    // Sixty seconds were talked: 0.60 wait for the record.
    switch(&api, "release", json!({"source": "sbc", "call_id": "c1", "seconds": 60})).await;
    assert_eq!(said(&close().await), (409, "calls_under_way"));
    let record = "DELETE FROM hold WHERE call_id = 'c1'";
    world.store.run_past_the_rooms(record).await.unwrap();
    let closed = close().await;
    assert_eq!(said(&closed), (200, ""), "{}", closed.text);
    world.assert_books_agree().await;
    world.drop().await;
}

/// A limit of 12.00 reserved by two calls is lowered to 6.00: that is staff's to do; the calls keep what they have, and neither goes on nor is joined by a third.
#[tokio::test(flavor = "multi_thread")]
async fn a_floor_that_rises_over_holds_stops_new_calls() {
    let world = World::new(1).await;
    let api = served(&world).await;
    assert_eq!(said(&withdraw(&api, "100.00").await), (201, ""));
    let terms = json!({"credit_policy": "days", "credit_limit": "12"});
    let given = staff_do(&api, "PUT", "head", "", terms).await;
    assert_eq!(said(&given), (200, ""), "{}", given.text);
    assert_eq!((authorize(&api, "c1").await, authorize(&api, "c2").await), ("600".to_owned(), "600".to_owned()));
    let lowered = staff_do(&api, "PUT", "head", "/credit-limit", json!({"limit": "6"})).await;
    assert_eq!(said(&lowered), (200, ""), "{}", lowered.text);
    assert_eq!(authorize(&api, "c3").await, "INSUFFICIENT_FUNDS");
    let longer = switch(&api, "extend", json!({"source": "sbc", "call_id": "c1", "max_seconds": 1200})).await;
    assert_eq!(answered(&longer), "INSUFFICIENT_FUNDS");
    assert_eq!(reserved(&api).await, Decimal::from(12));
    world.drop().await;
}
