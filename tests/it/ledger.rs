//! The ledger as staff keep it: charges, top-ups, withdrawals, reversals.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

fn now() -> DateTime<Utc> {
    "2026-07-15T10:00:00Z".parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

async fn enter(api: &Api, role: &str, path: &str, body: Value) -> Answer {
    let mut body = body;
    body["reason"] = json!("test");
    api.ask("POST", &format!("/v1/accounts/{path}"), role, &[("Accept-Language", "en")], Some(body)).await
}

async fn balance(api: &Api, account: &str) -> String {
    let card = api.get(&format!("/v1/accounts/{account}"), "support").await;
    card.body["balance"].as_str().unwrap_or_else(|| panic!("{}", card.text)).to_owned()
}

/// The postings of an account, the oldest first: kind, operation, real, amount.
async fn postings(api: &Api, account: &str) -> Vec<(String, String, bool, String)> {
    let list = api.get(&format!("/v1/postings?account={account}&sort=id"), "support").await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
    rows.iter()
        .map(|row| (text(row, "kind"), text(row, "operation"), row["is_real"].as_bool().unwrap(), text(row, "amount")))
        .collect()
}

/// An account of its own at the usual legal entity, with nothing in it.
async fn account(world: &World, code: &str) {
    let sql = format!(
        "WITH c AS (INSERT INTO client (code, name) VALUES ('{code}', '{code}') RETURNING id),
              a AS (INSERT INTO account (code, client_id, legal_entity_id, currency, zone, payment_mode, credit_policy)
                    SELECT '{code}', c.id, 1, 'RUB', 'Europe/Moscow', 'prepaid', 'none' FROM c RETURNING id)
         INSERT INTO account_balance (account_id) SELECT id FROM a"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

async fn pay(world: &World, code: &str, amount: i64) {
    let sql = format!(
        "INSERT INTO posting (account_id, kind, is_real, amount, at, reference, author) SELECT id, 'payment', true, {amount}, now(), 'p', 'test' FROM account WHERE code = '{code}';
         UPDATE account_balance SET balance = balance + {amount} WHERE account_id = (SELECT id FROM account WHERE code = '{code}')"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

/// M42, M49: a charge names its product and lowers the balance, a negative one raises it; a top-up is virtual, whatever its sign.
#[tokio::test(flavor = "multi_thread")]
async fn charges_and_top_ups_move_the_balance() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    account(&world, "led").await;
    let visit = json!({"code": "visit", "name": "Выезд мастера", "tax_category": "standard", "reason": "test"});
    assert_eq!(said(&api.ask("POST", "/v1/products", "head", &[], Some(visit)).await), (201, ""));

    let unnamed = enter(&api, "head", "led/charges", json!({"amount": "5.00"})).await;
    assert_eq!((said(&unnamed), &unnamed.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/product")));
    let charged = enter(&api, "head", "led/charges", json!({"product": "visit", "amount": "5.00"})).await;
    assert_eq!(said(&charged), (201, ""), "{}", charged.body);
    assert_eq!(balance(&api, "led").await, "-5");
    let given = json!({"product": "visit", "amount": "-5.00", "document": "СФ-17", "day": "2026-07-01"});
    assert_eq!(enter(&api, "head", "led/charges", given).await.status, 201);
    // M42: -5.00 raises the balance by 5.00.
    assert_eq!(balance(&api, "led").await, "0");
    assert_eq!(enter(&api, "head", "led/top-ups", json!({"amount": "500"})).await.status, 201);
    assert_eq!(enter(&api, "head", "led/top-ups", json!({"amount": "-0.01"})).await.status, 201);
    assert_eq!(balance(&api, "led").await, "499.99");
    let row =
        |kind: &str, operation: &str, amount: &str| (kind.to_owned(), operation.to_owned(), false, amount.to_owned());
    assert_eq!(
        postings(&api, "led").await,
        [
            row("charge", "charge", "-5"),
            row("charge", "charge_return", "5"),
            row("topup_manual", "topup_manual", "500"),
            row("topup_manual", "topup_manual", "-0.01")
        ]
    );
    let list = api.get("/v1/postings?account=led&document=%D0%A1%D0%A4-17", "support").await;
    let found = &list.body["items"][0];
    assert_eq!(
        (&found["day"], &found["product"], &found["author"], &found["client"]),
        (&json!("2026-07-01"), &json!("visit"), &json!("head"), &json!("led"))
    );
    // Repeated with its key it is booked once.
    let keyed = json!({"amount": "1", "reason": "test"});
    for replayed in [false, true] {
        let answer =
            api.ask("POST", "/v1/accounts/led/top-ups", "head", &[("Idempotency-Key", "k")], Some(keyed.clone())).await;
        assert_eq!((answer.status, answer.head.contains("idempotent-replayed")), (201, replayed), "{}", answer.head);
    }
    assert_eq!(balance(&api, "led").await, "500.99");
    world.assert_books_agree().await;
    world.drop().await;
}

/// Somebody begins the month of today and, once it is waited for, asks for the balance: who waits for a month has no balance yet.
const FIRST_OF_THE_MONTH: &str = "DO $$ BEGIN
    INSERT INTO billing_period (legal_entity_id, month) VALUES (1, '2026-07-01');
    PERFORM pg_advisory_xact_lock(20260701);
    FOR tries IN 1 .. 1000 LOOP
        IF EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted AND transactionid = pg_current_xact_id()::xid) THEN
            PERFORM b.account_id FROM account_balance b JOIN account a ON a.id = b.account_id WHERE a.code = 'led' FOR NO KEY UPDATE OF b NOWAIT;
            RETURN;
        END IF;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE EXCEPTION 'nobody waits for the month';
END $$";
/// Waits until he has begun it.
const IT_IS_BEGUN: &str = "DO $$ BEGIN
    FOR tries IN 1 .. 1000 LOOP
        IF EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                   WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objid = 20260701 AND l.granted) THEN
            RETURN;
        END IF;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE EXCEPTION 'nobody begins the month';
END $$";

/// Months before balances, also where money of June is booked in July, behind which its credit is looked at as of today: else it would wait for the month with its
/// balance held, and who has begun the month for that balance.
#[tokio::test(flavor = "multi_thread")]
async fn money_of_the_month_before_holds_this_month_first() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    account(&world, "led").await;
    let body =
        json!({"account": "led", "number": "17", "value_date": "2026-06-30", "amount": "100.00", "reason": "test"});
    let pays = async {
        world.store.run_past_the_rooms(IT_IS_BEGUN).await.unwrap();
        api.ask("POST", "/v1/payments", "accounting", &[], Some(body)).await
    };
    let (begun, paid) = tokio::join!(world.store.run_past_the_rooms(FIRST_OF_THE_MONTH), pays);
    begun.unwrap();
    assert_eq!(said(&paid), (201, ""), "{}", paid.body);
    assert_eq!(balance(&api, "led").await, "100");
    world.assert_books_agree().await;
    world.drop().await;
}

/// Bad input is told by a code of its own; nothing is booked, whatever was wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_booked_books_nothing() {
    let world = World::new(1).await;
    let clock = SetClock::at(now());
    let api = Api::serve_by(&world, clock.clone()).await;
    for code in ["led", "gone"] {
        account(&world, code).await;
    }
    world.store.run_past_the_rooms("UPDATE account SET active = false WHERE code = 'gone'").await.unwrap();
    billing::ledger::close_period(&world.store, "2026-06-01".parse().unwrap(), now()).await.unwrap();
    let sum = |amount: &str| json!({"product": "telephony", "amount": amount});
    let with = |name: &str, value: &str| {
        let mut body = sum("1");
        body[name] = json!(value);
        body
    };
    for (account, body, expected, pointer) in [
        ("led", sum("1.005"), (422, "too_many_decimals"), Some("/amount")),
        ("led", sum("0.00"), (422, "validation"), Some("/amount")),
        ("led", sum("1e3"), (422, "validation"), Some("/amount")),
        ("led", sum("1000000000"), (422, "validation"), Some("/amount")),
        ("led", with("currency", "USD"), (422, "foreign_currency"), Some("/currency")),
        ("led", with("day", "2026-06-30"), (409, "period_closed"), Some("/day")),
        ("led", with("day", "2026-07-16"), (422, "validation"), Some("/day")),
        ("led", with("product", "no-such"), (422, "validation"), Some("/product")),
        ("gone", sum("1"), (409, "account_closed"), None),
        ("no-such", sum("1"), (404, "not_found"), None),
    ] {
        let refused = enter(&api, "head", &format!("{account}/charges"), body.clone()).await;
        assert_eq!(said(&refused), expected, "{body}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"].as_str(), pointer, "{body}: {}", refused.body);
    }
    // 2026-07-15T21:30Z is the 16th in Moscow: the day of the account counts.
    clock.set("2026-07-15T21:30:00Z".parse().unwrap());
    assert_eq!(enter(&api, "head", "led/charges", with("day", "2026-07-16")).await.status, 201);
    assert_eq!((postings(&api, "led").await.len(), postings(&api, "gone").await.len()), (1, 0));
    assert_eq!(balance(&api, "led").await, "-1");
    world.assert_books_agree().await;
    world.drop().await;
}

/// B17: of 300 that he paid 100 go out; 400 do not, nor what the operator gave.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_out_more_than_his_own() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    account(&world, "led").await;
    pay(&world, "led", 300).await;
    let withdraw = async |amount: &str| enter(&api, "accounting", "led/withdrawals", json!({"amount": amount})).await;
    let beyond = withdraw("400").await;
    assert_eq!(said(&beyond), (422, "insufficient_funds"), "{}", beyond.body);
    assert!(beyond.body["errors"][0]["detail"].as_str().unwrap().contains("300"), "{}", beyond.body);
    assert_eq!(withdraw("100").await.status, 201);
    assert_eq!(balance(&api, "led").await, "200");
    assert_eq!(enter(&api, "head", "led/top-ups", json!({"amount": "50"})).await.status, 201);
    // 250 are in it, 200 of them his own.
    assert_eq!(said(&withdraw("200.01").await), (422, "insufficient_funds"));
    assert_eq!(withdraw("-1").await.status, 422);
    // Two at once get no more than is there.
    let (one, other) = tokio::join!(withdraw("150"), withdraw("150"));
    let mut both = [one.status, other.status];
    both.sort_unstable();
    assert_eq!(both, [201, 422]);
    let last = postings(&api, "led").await.pop().unwrap();
    assert_eq!(last, ("withdrawal".into(), "withdrawal".into(), true, "-150".into()));
    world.assert_books_agree().await;
    world.drop().await;
}

/// M43: a reversal is asked for by the seller, agreed by the director, executed by the settlement department, once; what it takes back stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_charge_is_taken_back_by_three() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    account(&world, "led").await;
    let charged = enter(&api, "head", "led/charges", json!({"product": "telephony", "amount": "300.00"})).await;
    let posting = charged.body["posting"].to_string();
    let ask = async |role: &str| {
        let body = json!({"kind": "posting.reverse", "entity_id": posting, "payload": {}, "reason": "оборудования ещё не было"});
        api.ask("POST", "/v1/approvals", role, &[("Accept-Language", "en")], Some(body)).await
    };
    let act = async |role: &str, id: &Value| {
        let path = format!("/v1/approvals/{id}/approve");
        api.ask("POST", &path, role, &[("Accept-Language", "en")], Some(json!({"comment": "ok"}))).await
    };
    assert_eq!(said(&ask("accounting").await), (403, "forbidden"), "accounting neither asks nor executes (A25)");
    let asked = ask("sales").await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    let id = &asked.body["id"];
    let early = act("settlement", id).await;
    assert_eq!(early.status, 403, "without the director nobody executes: {}", early.body);
    assert_eq!(balance(&api, "led").await, "-300");
    assert_eq!(act("head", id).await.status, 200);
    assert_eq!(balance(&api, "led").await, "-300", "agreed is not executed");
    let done = act("settlement", id).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(balance(&api, "led").await, "0");
    let list = api.get("/v1/postings?account=led&sort=id", "support").await;
    let (first, second) = (&list.body["items"][0], &list.body["items"][1]);
    assert_eq!((&first["amount"], &first["reversed_by"]), (&json!("-300"), &second["id"]));
    assert_eq!(
        (&second["kind"], &second["amount"], &second["reverses"], &second["product"], &second["author"]),
        (&json!("reversal"), &json!("300"), &first["id"], &json!("telephony"), &json!("settlement"))
    );
    let again = ask("sales").await;
    assert_eq!(again.status, 409, "{}", again.body);
    world.assert_books_agree().await;
    world.drop().await;
}

/// Requirements 6.2: the books are append-only, by whatever way somebody comes.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_rewrites_a_posting() {
    let world = World::new(1).await;
    account(&world, "led").await;
    pay(&world, "led", 10).await;
    for statement in ["UPDATE posting SET amount = 1", "DELETE FROM posting", "TRUNCATE posting CASCADE"] {
        let refused = world.store.run_past_the_rooms(statement).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{statement}: {refused}");
    }
    world.drop().await;
}

/// M55: staff block and lift for causes of their own, each once at a time; when and why stays; what money began no word ends.
#[tokio::test(flavor = "multi_thread")]
async fn blocks_begin_and_end_and_stay_on_record() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    account(&world, "led").await;
    let block = async |body: Value| enter(&api, "head", "led/blocks", body).await;
    let first = block(json!({"cause": "manual", "scope": "outgoing_paid"})).await;
    assert_eq!(said(&first), (201, ""), "{}", first.body);
    assert_eq!(said(&block(json!({"cause": "manual"})).await), (409, "already_exists"));
    assert_eq!(block(json!({"cause": "fraud"})).await.status, 201);
    let by_money = block(json!({"cause": "credit_closed"})).await;
    assert_eq!(said(&by_money), (409, "invalid_transition"), "{}", by_money.body);
    let lift = async |id: &Value| {
        let body = Some(json!({"reason": "решено"}));
        api.ask("DELETE", &format!("/v1/account-blocks/{id}"), "head", &[], body).await
    };
    assert_eq!(lift(&first.body["id"]).await.status, 200);
    assert_eq!(said(&lift(&first.body["id"]).await), (409, "invalid_transition"));
    for (notice, expected) in [
        (json!({"channel": "pigeon"}), (422, "validation")),
        (json!({"channel": "mail", "sent_at": "2026-07-16T10:00:00Z"}), (422, "validation")),
        (json!({"channel": "mail", "sent_at": "2026-07-14T10:00:00Z", "text": "исх. 17"}), (201, "")),
    ] {
        let answer = enter(&api, "head", "led/notices", notice.clone()).await;
        assert_eq!(said(&answer), expected, "{notice}: {}", answer.body);
    }
    let debt = "INSERT INTO account_block (account_id, cause, scope, reason, notice_id, begun_at, begun_by)
        SELECT account_id, 'postpaid_debt', 'outgoing_paid', 'долг', id, now(), 'system' FROM account_notice";
    world.store.run_past_the_rooms(debt).await.unwrap();
    let blocks = api.get("/v1/account-blocks?account=led&sort=id", "support").await;
    let rows = blocks.body["items"].as_array().unwrap();
    let shown: Vec<(&Value, &Value, bool)> =
        rows.iter().map(|row| (&row["cause"], &row["scope"], row["ended_at"].is_null())).collect();
    assert_eq!(
        shown,
        [
            (&json!("manual"), &json!("outgoing_paid"), false),
            (&json!("fraud"), &json!("all"), true),
            (&json!("postpaid_debt"), &json!("outgoing_paid"), true)
        ]
    );
    assert_eq!((&rows[0]["ended_by"], &rows[0]["ended_reason"]), (&json!("head"), &json!("решено")));
    assert_eq!(said(&lift(&rows[2]["id"]).await), (409, "invalid_transition"), "a word is no payment");
    // A16: without a notice the database itself takes no such block.
    let unannounced = "INSERT INTO account_block (account_id, cause, scope, reason, begun_at, begun_by)
        SELECT id, 'credit_closed', 'all', 'x', now(), 'system' FROM account WHERE code = 'led'";
    let refused = world.store.run_past_the_rooms(unannounced).await.unwrap_err();
    assert!(refused.to_string().contains("account_block_notice"), "{refused}");
    world.drop().await;
}

/// Temporary limits end by themselves, and are with the permanent one no more than one person may give; payment by fact has none.
#[tokio::test(flavor = "multi_thread")]
async fn temporary_limits_have_an_end() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    for code in ["led", "fact"] {
        account(&world, code).await;
    }
    world.store.run_past_the_rooms("UPDATE account SET payment_mode = 'postpaid' WHERE code = 'fact'").await.unwrap();
    let most = json!({"value": "1000", "reason": "test"});
    assert_eq!(api.ask("PUT", "/v1/settings/approval.credit_limit_above", "admin", &[], Some(most)).await.status, 200);
    let give =
        async |account: &str, body: Value| enter(&api, "head", &format!("{account}/temporary-limits"), body).await;
    for (account, body, expected, pointer) in [
        ("led", json!({"amount": "700", "until": "2026-07-20"}), (201, ""), None),
        ("led", json!({"amount": "300.01", "until": "2026-07-20"}), (409, "approval_needed"), Some("/amount")),
        ("led", json!({"amount": "300", "until": "2026-07-20"}), (201, ""), None),
        // Behind the end of both there is room again.
        ("led", json!({"amount": "1000", "from": "2026-07-21", "until": "2026-07-22"}), (201, ""), None),
        ("led", json!({"amount": "0", "until": "2026-07-20"}), (422, "validation"), Some("/amount")),
        ("led", json!({"amount": "1.001", "until": "2026-07-20"}), (422, "validation"), Some("/amount")),
        ("led", json!({"amount": "1", "until": "2026-07-14"}), (422, "validation"), Some("/until")),
        ("led", json!({"amount": "1", "until": "2027-07-20"}), (422, "validation"), Some("/until")),
        ("fact", json!({"amount": "1", "until": "2026-07-20"}), (422, "credit_policy_conflict"), None),
        ("no-such", json!({"amount": "1", "until": "2026-07-20"}), (404, "not_found"), None),
    ] {
        let answer = give(account, body.clone()).await;
        assert_eq!(said(&answer), expected, "{body}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["pointer"].as_str(), pointer, "{body}");
    }
    let list = api.get("/v1/temporary-limits?account=led&in_force=true&sort=id", "support").await;
    let rows = list.body["items"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["amount"].as_str().unwrap()).collect::<Vec<_>>(), ["700", "300"]);
    // The last day is the whole of it, in the billing zone.
    assert_eq!(rows[0]["until"], json!("2026-07-20T21:00:00Z"));
    let end = async || {
        let path = format!("/v1/temporary-limits/{}", rows[0]["id"]);
        api.ask("DELETE", &path, "head", &[], Some(json!({"reason": "оплачено"}))).await
    };
    assert_eq!(end().await.status, 200);
    assert_eq!(said(&end().await), (409, "invalid_transition"));
    let left = api.get("/v1/temporary-limits?account=led&in_force=true", "support").await;
    assert_eq!(left.body["total"], json!(1));
    for (amount, status) in [(json!("200.00"), 200), (json!("-5"), 200), (json!("0.001"), 422), (json!(""), 200)] {
        let body = json!({"amount": amount, "reason": "test"});
        let path = "/v1/accounts/led/critical-balance";
        assert_eq!(api.ask("PUT", path, "head", &[], Some(body)).await.status, status, "{amount}");
    }
    let history = api.get("/v1/audit/account/led", "head").await;
    let actions: Vec<&str> =
        history.body["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert!(
        actions.contains(&"account.temporary_limit") && actions.contains(&"account.critical_balance"),
        "{actions:?}"
    );
    world.drop().await;
}

/// M44: all of an account on one screen; after a block its date and reason are there, months keep traffic and charges apart (M46).
#[tokio::test(flavor = "multi_thread")]
async fn an_account_at_a_glance() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    account(&world, "led").await;
    pay(&world, "led", 100).await;
    for (amount, day) in [("150", "2026-07-01"), ("50.50", "2026-06-30"), ("-10", "2026-07-02")] {
        let body = json!({"product": "telephony", "amount": amount, "day": day});
        assert_eq!(enter(&api, "head", "led/charges", body).await.status, 201);
    }
    // June 10.50 + 4.50, July 3.00 of calls.
    let usage = "INSERT INTO usage_total (account_id, usage_day, booking_period, product, service, tax_percent, gross, net, calls, seconds)
        SELECT a.id, d.day::date, date_trunc('month', d.day::date), 'telephony', 'outgoing', 0, d.gross, d.gross, 1, 60
        FROM account a, (VALUES ('2026-06-01', 10.50), ('2026-06-15', 4.50), ('2026-07-01', 3.00)) AS d (day, gross) WHERE a.code = 'led';
        UPDATE account_balance SET balance = balance - 18 WHERE account_id = (SELECT id FROM account WHERE code = 'led')";
    world.store.run_past_the_rooms(usage).await.unwrap();
    let summary = async || api.get("/v1/accounts/led/summary", "support").await.body;
    let seen = summary().await;
    // 100 - 150 - 50.50 + 10 - 18
    assert_eq!((&seen["balance"], &seen["debt"], &seen["advance"]), (&json!("-108.5"), &json!("108.5"), &json!("0")));
    assert_eq!(
        (&seen["status"], &seen["last_block"], &seen["available"]),
        (&json!("active"), &Value::Null, &json!("-108.5"))
    );
    assert_eq!(
        seen["months"],
        json!([{"month": "2026-07", "traffic": "3", "charges": "140"}, {"month": "2026-06", "traffic": "15", "charges": "50.5"}])
    );
    assert_eq!(seen["refreshed_at"], json!("2026-07-15T10:00:00Z"));
    assert_eq!(enter(&api, "head", "led/blocks", json!({"cause": "manual"})).await.status, 201);
    assert_eq!(
        enter(&api, "head", "led/temporary-limits", json!({"amount": "200", "until": "2026-07-20"})).await.status,
        201
    );
    let seen = summary().await;
    assert_eq!(
        (&seen["status"], &seen["available"], &seen["temporary_limit"]),
        (&json!("blocked"), &json!("91.5"), &json!("200"))
    );
    let block = &seen["last_block"];
    assert_eq!(
        (&block["cause"], &block["reason"], &block["begun_at"]),
        (&json!("manual"), &json!("test"), &json!("2026-07-15T10:00:00Z"))
    );
    assert_eq!(api.get("/v1/accounts/led", "support").await.body["status"], json!("blocked"));
    assert_eq!(api.get("/v1/accounts/no-such/summary", "support").await.status, 404);
    assert_eq!(billing::ledger::check(&world.store).await.unwrap(), []);
    world.drop().await;
}
