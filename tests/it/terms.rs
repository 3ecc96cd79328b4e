//! Terms that staff enter: discounts, exchange rates, taxes, groups, currencies. Prices are asked from the tariff check.

use billing::operator::LoadError;
use billing::{Store, SystemClock};
use cdr_ingest::operator_dir;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};
use crate::locks::soon;

async fn post(api: &Api, path: &str, role: &str, body: Value) -> Answer {
    api.ask("POST", path, role, &[], Some(body)).await
}

async fn entered(api: &Api, path: &str, role: &str, body: Value) -> i64 {
    let answer = post(api, path, role, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body["id"].as_i64().unwrap()
}

async fn end(api: &Api, path: &str, role: &str) -> Answer {
    api.ask("DELETE", path, role, &[], Some(json!({"reason": "договор изменён"}))).await
}

/// Waits until so many seconds from an account to a number cost so much at a moment.
async fn costs(api: &Api, account: &str, number: &str, seconds: u32, at: &str, amount: &str) {
    let at = at.replace('+', "%2B");
    let path = format!("/v1/tariff-check?account={account}&number={number}&seconds={seconds}&at={at}");
    soon(api, &path, "support", |check| check["explanation"]["amount"] == amount).await;
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// B18, B30, M47: 100 s to Moscow are 1.00 for each account of the client.
#[tokio::test(flavor = "multi_thread")]
async fn discounts_of_groups_clients_and_accounts() {
    let world = World::new(1).await;
    let clock = SetClock::at(moment("2026-04-10T12:00:00Z"));
    let api = Api::serve_by(&world, clock.clone()).await;
    let moscow = "74951234567";
    let noon = "2026-04-10T12:00:00Z";
    let a_minute_on = "2026-04-10T12:01:00Z";
    costs(&api, "a2", moscow, 100, noon, "1").await;

    // B30: a promo action of a group; who is no member has nothing of it, and a former member for the time that he was.
    let group = post(&api, "/v1/client-groups", "head", json!({"code": "spring", "reason": "акция"})).await;
    assert_eq!((group.status, &group.body["code"]), (200, &json!("spring")), "{}", group.body);
    let again = post(&api, "/v1/client-groups", "head", json!({"code": "spring", "reason": "акция"})).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("already_exists")), "{}", again.body);
    let promo = json!({"level": "promo", "group": "spring", "percent": "20", "name": "Весна", "reason": "приказ 3"});
    entered(&api, "/v1/discounts", "head", promo).await;
    let join = |client: &str| json!({"client": client, "reason": "заявка"});
    entered(&api, "/v1/client-groups/spring/members", "head", join("c2")).await;
    costs(&api, "a2", moscow, 100, noon, "0.8").await;
    costs(&api, "a1", moscow, 100, noon, "1").await;
    let twice = post(&api, "/v1/client-groups/spring/members", "head", join("c2")).await;
    assert_eq!((twice.status, &twice.body["code"]), (409, &json!("already_exists")), "{}", twice.body);
    for (path, body, status) in [
        ("/v1/client-groups/spring/members", join("nobody"), 422),
        ("/v1/client-groups/nowhere/members", join("c2"), 404),
    ] {
        assert_eq!(post(&api, path, "head", body).await.status, status, "{path}");
    }

    // B18: the client's own 10 % count alone: 0.90, neither 0.80 nor 0.72. That of one account counts before it, there alone.
    let own = json!({"level": "personal", "client": "c2", "percent": "10", "reason": "договор 12"});
    let own = entered(&api, "/v1/discounts", "head", own).await;
    costs(&api, "a2", moscow, 100, noon, "0.9").await;
    let of_account =
        json!({"level": "personal", "account": "a2", "percent": "5.25", "prefix": "7495", "reason": "договор 13"});
    let of_account = entered(&api, "/v1/discounts", "head", of_account).await;
    costs(&api, "a2", moscow, 100, noon, "0.9475").await;
    costs(&api, "a3", moscow, 100, noon, "0.9").await;
    costs(&api, "a2", "73831234567", 100, noon, "0.9").await;
    let shown = api.get("/v1/accounts/a2/discounts", "support").await;
    let shown: Vec<_> = shown.body["items"].as_array().unwrap().iter().filter(|item| item["prefix"] != "999").collect();
    let shown: Vec<_> =
        shown.iter().map(|item| (item["percent"].as_str().unwrap(), item["of_account"].as_bool().unwrap())).collect();
    assert_eq!(shown, [("5.25", true), ("10", false), ("20", false)]);

    // Ended a minute later: calls until then keep it.
    clock.set(moment(a_minute_on));
    for id in [own, of_account] {
        let done = end(&api, &format!("/v1/discounts/{id}"), "head").await;
        assert_eq!((done.status, &done.body["ended_at"]), (200, &json!("2026-04-10T12:01:00Z")), "{}", done.body);
    }
    assert_eq!(end(&api, &format!("/v1/discounts/{own}"), "head").await.status, 409);
    assert_eq!(end(&api, "/v1/discounts/999", "head").await.status, 404);
    let left = end(&api, "/v1/client-groups/spring/members/c2", "head").await;
    assert_eq!(left.status, 200, "{}", left.body);
    assert_eq!(end(&api, "/v1/client-groups/spring/members/c2", "head").await.status, 404);
    costs(&api, "a2", moscow, 100, a_minute_on, "1").await;
    costs(&api, "a2", moscow, 100, noon, "0.9475").await;
    costs(&api, "a3", moscow, 100, noon, "0.9").await;
    let members = api.get("/v1/client-groups/spring/members", "support").await;
    assert_eq!(
        (&members.body["items"][0]["client"], &members.body["items"][0]["author"]),
        (&json!("c2"), &json!("head")),
        "{}",
        members.body
    );
    assert!(members.body["items"][0]["ended_at"].is_string());
    let groups = api.get("/v1/client-groups?client=c2", "support").await;
    let partners = json!([{"code": "partners", "title": "", "members": 1, "closed_at": null}]);
    assert_eq!(groups.body["items"], partners, "{}", groups.body);

    for (query, count) in [
        ("client=c2", 2),
        ("account=a2", 1),
        ("group=spring&level=promo", 1),
        ("in_force=true&client=c2", 1),
        ("in_force=false", 3),
    ] {
        let list = api.get(&format!("/v1/discounts?{query}"), "support").await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(count), "{query}: {}", list.body);
    }
    world.drop().await;
}

/// What a discount may not be: (change, pointer).
#[tokio::test(flavor = "multi_thread")]
async fn discounts_that_are_refused() {
    let world = World::new(1).await;
    let api = Api::serve(&world, moment("2026-04-10T12:00:00Z")).await;
    billing::ledger::close_period(&world.store, "2026-03-01".parse().unwrap(), Utc::now()).await.unwrap();
    let with = |change: &Value| {
        let mut body = json!({"level": "personal", "client": "c2", "percent": "10", "reason": "договор 12"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    for (change, status, code, pointer) in [
        (json!({"percent": "100.01"}), 422, "validation", "/percent"),
        (json!({"percent": "-1"}), 422, "validation", "/percent"),
        (json!({"percent": "7.255"}), 422, "validation", "/percent"),
        (json!({"client": null}), 422, "validation", "/client"),
        (json!({"client": "nobody"}), 422, "validation", "/client"),
        (json!({"account": "a2"}), 422, "validation", "/client"),
        (json!({"level": "promo"}), 422, "validation", "/group"),
        (json!({"level": "group", "client": null, "group": "nowhere"}), 422, "validation", "/group"),
        (json!({"service": "fax"}), 422, "validation", "/service"),
        (json!({"prefix": "7x"}), 422, "validation", "/prefix"),
        (json!({"from": "2026-05-02", "to": "2026-05-01"}), 422, "validation", "/to"),
        (json!({"reason": ""}), 422, "reason_required", "/reason"),
        // The last moment of March in the issuer's zone; April is open.
        (json!({"from": "2026-03-31T23:59:59+03:00"}), 409, "period_closed", ""),
    ] {
        let refused = post(&api, "/v1/discounts", "head", with(&change)).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (status, Some(code)), "{change}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{change}");
    }
    entered(&api, "/v1/discounts", "head", with(&json!({"from": "2026-04-01"}))).await;
    world.drop().await;
}

/// A world with account `a6` in roubles: a call to 7 costs a dollar a second (90 roubles each), one to 77 a rouble a second without tax.
async fn foreign_world() -> World {
    World::with_operator(1, |directory| {
        let append = |file: &str, lines: &str| {
            let path = directory.join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            std::fs::write(path, text + lines).unwrap();
        };
        let lists = "list,kind,provider,currency,tax\nretail,retail,,RUB,\nspecial,retail,,RUB,\nwholesale,wholesale,mts,RUB,\n\
                     packed,retail,,RUB,\ndollars,retail,,USD,\nnet,retail,,RUB,excluded\n";
        std::fs::write(directory.join("lists.csv"), lists).unwrap();
        append("rates.csv", "dollars,7,outgoing,,,60,,1/1\nnet,77,outgoing,,,60,,1/1\n");
        append("plans.csv", "foreign,1,net\nforeign,2,dollars\n");
        append("accounts.csv", "a6,foreign,c6,prepaid,none,,\n");
        append("exchange_rates.csv", "currency,to,rate,date\nUSD,RUB,90,2020-01-01\n");
    })
    .await
}

/// B19, B35: general 90, the client's own 8000 for 100 from 1 May: 10 dollars are 900 on 30 April, 800 on 1 May.
#[tokio::test(flavor = "multi_thread")]
async fn exchange_rates_and_their_currencies() {
    let world = foreign_world().await;
    let clock = SetClock::at(moment("2026-04-15T09:00:00Z"));
    let api = Api::serve_by(&world, clock.clone()).await;
    let moscow = "74951234567";
    let (april, may) = ("2026-04-30T23:59:59+03:00", "2026-05-01T00:00:00+03:00");
    let with = |change: Value| {
        let mut body = json!({"from": "USD", "to": "RUB", "rate": "8000", "quantity": 100, "day": "2026-05-01", "client": "c6", "reason": "договор 12"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let rates = "/v1/exchange-rates";
    let own = entered(&api, rates, "accounting", with(json!({}))).await;
    costs(&api, "a6", moscow, 10, may, "800").await;
    costs(&api, "a6", moscow, 10, april, "900").await;
    let twice = post(&api, rates, "accounting", with(json!({"rate": "79"}))).await;
    assert_eq!((twice.status, &twice.body["code"]), (409, &json!("already_exists")), "{}", twice.body);
    assert!(twice.body["detail"].as_str().unwrap().contains(&own.to_string()));

    // Of a group: after the client's own, before the general one. A newer general one does not count for him.
    entered(
        &api,
        rates,
        "accounting",
        with(json!({"client": null, "rate": "95", "quantity": null, "day": "2026-04-20"})),
    )
    .await;
    costs(&api, "a6", moscow, 10, april, "950").await;
    costs(&api, "a6", moscow, 10, may, "800").await;
    for (code, body) in [
        ("/v1/client-groups", json!({"code": "export", "reason": "x"})),
        ("/v1/client-groups/export/members", json!({"client": "c6", "reason": "x"})),
    ] {
        assert_eq!(post(&api, code, "admin", body).await.status, 200);
    }
    entered(
        &api,
        rates,
        "accounting",
        with(json!({"client": null, "group": "export", "rate": "85", "quantity": 1, "day": "2026-04-20"})),
    )
    .await;
    costs(&api, "a6", moscow, 10, april, "850").await;

    for (query, count) in [
        ("from=USD&to=RUB", 4),
        ("from=EUR", 0),
        ("level=general", 2),
        ("level=personal", 1),
        ("group=export", 1),
        ("client=c6", 1),
        // On 1 May count the personal one, the group's, and the newer of the general ones; on 19 April the older alone.
        ("at=2026-05-01", 3),
        ("at=2026-04-19", 1),
    ] {
        let list = api.get(&format!("{rates}?{query}"), "support").await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(count), "{query}: {}", list.body);
    }

    // Ended on 2 May at noon in Moscow: calls before keep it, so that they stay explainable.
    clock.set(moment("2026-05-02T09:00:00Z"));
    assert_eq!(end(&api, &format!("{rates}/{own}"), "accounting").await.status, 200);
    costs(&api, "a6", moscow, 10, "2026-05-02T09:00:00Z", "850").await;
    costs(&api, "a6", moscow, 10, may, "800").await;
    costs(&api, "a6", moscow, 10, "2026-05-02T08:59:59Z", "800").await;
    assert_eq!(end(&api, &format!("{rates}/{own}"), "accounting").await.status, 409);
    // Another rate from the same day may follow the ended one.
    entered(&api, rates, "accounting", with(json!({"rate": "7900"}))).await;

    billing::ledger::close_period(&world.store, "2026-04-01".parse().unwrap(), Utc::now()).await.unwrap();
    for (change, status, code, pointer) in [
        (json!({"day": "2026-04-30"}), 409, "period_closed", ""),
        (json!({"day": "2025-01-01"}), 409, "period_closed", ""),
        (json!({"day": "1 May"}), 422, "validation", "/day"),
        (json!({"from": "CAD"}), 422, "validation", "/from"),
        (json!({"to": "CAD"}), 422, "validation", "/to"),
        (json!({"from": "XXX"}), 422, "validation", "/from"),
        (json!({"from": "usd"}), 422, "validation", "/from"),
        (json!({"to": "USD"}), 422, "validation", "/to"),
        (json!({"rate": "0"}), 422, "validation", "/rate"),
        (json!({"quantity": 0}), 422, "validation", "/quantity"),
        (json!({"client": "nobody"}), 422, "validation", "/client"),
        (json!({"group": "export"}), 422, "validation", "/group"),
        (json!({"reason": null}), 422, "reason_required", "/reason"),
    ] {
        let refused = post(&api, rates, "accounting", with(change.clone())).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (status, Some(code)), "{change}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{change}");
    }

    // B35: switched on it may be chosen, switched off no more; what names it stays.
    let canada = json!({"from": "CAD", "client": null, "day": "2026-06-01"});
    for (active, status) in [(true, 200), (false, 422)] {
        let set = api
            .ask("PUT", "/v1/currencies/CAD", "accounting", &[], Some(json!({"active": active, "reason": "договор"})))
            .await;
        assert_eq!((set.status, &set.body["active"]), (200, &json!(active)), "{}", set.body);
        let mut body = canada.clone();
        body["day"] = json!(format!("2026-06-{:02}", status % 28 + 1));
        assert_eq!(post(&api, rates, "accounting", with(body)).await.status, status);
    }
    assert_eq!(
        api.ask("PUT", "/v1/currencies/XXX", "accounting", &[], Some(json!({"active": true, "reason": "x"})))
            .await
            .status,
        404
    );
    let kept = api.get(&format!("{rates}?from=CAD"), "support").await;
    assert_eq!(kept.body["items"].as_array().map(Vec::len), Some(1), "{}", kept.body);
    let active = api.get("/v1/currencies?active=true", "support").await;
    let tenge = active.body["items"].as_array().unwrap().iter().find(|currency| currency["code"] == "KZT").unwrap();
    assert_eq!((&tenge["numeric_code"], &tenge["minor_units"]), (&json!("398"), &json!(2)));
    assert!(active.body["items"].as_array().unwrap().iter().all(|currency| currency["code"] != "CAD"));
    let audit = api.get("/v1/audit/currency/CAD", "admin").await;
    assert_eq!(audit.body["items"][0]["after"], json!({"active": false}), "{}", audit.body);
    world.drop().await;
}

/// B22, A12: 10 % from 2024-01-01 00:00:00 to 2024-12-31 23:59:59 in Moscow, for who may; 10 s without tax are 10.00, the standard rate of then is 20 %.
#[tokio::test(flavor = "multi_thread")]
async fn a_tax_of_the_clients_own() {
    let world = foreign_world().await;
    let clock = SetClock::at(moment("2024-06-01T00:00:00Z"));
    let api = Api::serve_by(&world, clock.clone()).await;
    let with = |change: Value| {
        let mut body = json!({
            "client": "c6", "percent": "10", "zone": "Europe/Moscow", "from": "2024-01-01 00:00:00", "to": "2024-12-31 23:59:59",
            "document": "Уведомление № 5", "reason": "льгота"
        });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let taxes = "/v1/client-taxes";
    let forbidden = api.ask("POST", taxes, "head", &[("Accept-Language", "en")], Some(with(json!({})))).await;
    assert_eq!(forbidden.status, 403);
    assert!(forbidden.body["detail"].as_str().unwrap().contains("tax.override"), "{}", forbidden.body);
    for (change, status, pointer) in [
        (json!({"reason": null}), 422, "/reason"),
        (json!({"document": " "}), 422, "/document"),
        (json!({"zone": "Moscow"}), 422, "/zone"),
        (json!({"from": "2024-01-01"}), 422, "/from"),
        (json!({"percent": "101"}), 422, "/percent"),
        (json!({"client": "nobody"}), 422, "/client"),
        (json!({"from": "2025-01-01 00:00:00"}), 422, "/to"),
    ] {
        let refused = post(&api, taxes, "accounting", with(change.clone())).await;
        assert_eq!(
            (refused.status, refused.body["errors"][0]["pointer"].as_str()),
            (status, Some(pointer)),
            "{change}: {}",
            refused.body
        );
    }
    let number = "77771234567";
    costs(&api, "a6", number, 10, "2023-12-31T21:00:00Z", "12").await;
    let id = entered(&api, taxes, "accounting", with(json!({}))).await;
    for (at, amount) in [
        ("2023-12-31T21:00:00Z", "11"),
        ("2023-12-31T20:59:59Z", "12"),
        ("2024-12-31T20:59:59Z", "11"),
        ("2024-12-31T21:00:00Z", "12"),
    ] {
        costs(&api, "a6", number, 10, at, amount).await;
    }
    let second =
        post(&api, taxes, "accounting", with(json!({"percent": "0", "from": "2024-12-31 23:59:59", "to": null}))).await;
    assert_eq!((second.status, &second.body["code"]), (409, &json!("already_exists")), "{}", second.body);
    entered(&api, taxes, "accounting", with(json!({"percent": "0", "from": "2025-01-01 00:00:00", "to": null}))).await;
    clock.set(moment("2024-07-01T00:00:00Z"));
    assert_eq!(end(&api, &format!("{taxes}/{id}"), "accounting").await.status, 200);
    costs(&api, "a6", number, 10, "2024-07-01T00:00:00Z", "12").await;
    costs(&api, "a6", number, 10, "2024-06-30T23:59:59Z", "11").await;
    costs(&api, "a6", number, 10, "2025-07-01T00:00:00Z", "10").await;
    let list = api.get(&format!("{taxes}?client=c6"), "accounting").await;
    assert_eq!(list.body["items"].as_array().map(Vec::len), Some(2), "{}", list.body);
    assert_eq!(list.body["items"][1]["document"], "Уведомление № 5");
    world.drop().await;
}

/// B35: an operator that names a currency which may not be chosen is not loaded.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_in_an_inactive_currency_is_refused() {
    let world = World::new(1).await;
    let address = format!("{}_empty", world.postgres);
    Store::create_database(&address, true).await.unwrap();
    let store = Store::open(&address, 2).unwrap();
    store.migrate().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    let rates = "currency,to,rate,date\nUSD,RUB,90,2020-01-01\nCAD,RUB,65,2020-01-01\nXTS,RUB,1,2020-01-01\n";
    std::fs::write(directory.path().join("exchange_rates.csv"), rates).unwrap();
    // An account's own discount is a line of the file too.
    let discounts = "level,account,client,group,percent\npersonal,a1,,,10\npersonal,,c2,,10\n";
    std::fs::write(directory.path().join("discounts.csv"), discounts).unwrap();
    let operator = operator_dir::read(directory.path()).unwrap().operator;
    let now = Utc::now() - TimeDelta::days(1);
    let error = billing::operator::load(&store, &operator, now, &|_| ()).await.unwrap_err();
    assert!(matches!(&error, LoadError::Currencies(codes) if *codes == ["CAD", "XTS"]), "{error}");
    assert!(error.to_string().contains("exchange_rates.csv"), "{error}");
    std::fs::write(directory.path().join("exchange_rates.csv"), "currency,to,rate,date\nUSD,RUB,90,2020-01-01\n")
        .unwrap();
    let operator = operator_dir::read(directory.path()).unwrap().operator;
    billing::operator::load(&store, &operator, now, &|_| ()).await.unwrap();
    let account = billing::accounts::by_code(&store, "a1", billing::Clock::now(&SystemClock)).await.unwrap().unwrap();
    let discounts = billing::terms::discounts_of(&store, account.id).await.unwrap();
    assert_eq!(discounts.iter().map(|discount| discount.of_account).collect::<Vec<_>>(), [true]);
    let errors = |lines: &str| {
        std::fs::write(directory.path().join("discounts.csv"), lines).unwrap();
        operator_dir::read(directory.path()).unwrap_err().to_string()
    };
    let both = errors("level,account,client,group,percent\npersonal,a1,c1,,10\n");
    assert!(both.contains("discounts.csv, line 2, column client: leave it empty"), "{both}");
    let nobody = errors("level,account,client,group,percent\npersonal,a9,,,10\n");
    assert!(nobody.contains("discounts.csv, line 2, column account: `a9` is not in accounts.csv"), "{nobody}");
    let promo = errors("level,account,client,group,percent\npromo,a1,,,10\n");
    assert!(promo.contains("column group: a promo discount names its group"), "{promo}");
    drop(store);
    Store::drop_database(&address).await.unwrap();
    world.drop().await;
}
