//! Organisations of the registry, letters to those who are no more, the outbox of mails, and jobs.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use admin_api::{AppState, CallsReader, Mailer, Ran, SentMails, run_due_jobs, run_job, send_mails};
use billing::change::Begun;
use billing::liquidation::{Trigger, Verdict, judge};
use billing::mail::{self, Class, MailError, NewMail};
use billing::parties::RegistryStatus;
use billing::{Change, Clock, jobs, staff};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::api::{Answer, Api};

fn state_of(world: &World, clock: &Arc<dyn Clock>) -> AppState {
    AppState::new(world.store.clone(), clock.clone(), CallsReader::open(&world.clickhouse_url, &world.name))
}

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
#[expect(clippy::unnecessary_wraps, reason = "as it is asked for")]
fn why(body: Value) -> Option<Value> {
    let mut body = body;
    body["reason"] = json!("test");
    Some(body)
}

/// Russian text as old programs write it.
fn windows_1251(text: &str) -> Vec<u8> {
    text.chars()
        .map(|letter| match letter {
            'А'..='я' => (letter as u32 - 'А' as u32 + 0xc0) as u8,
            other => u8::try_from(other).unwrap(),
        })
        .collect()
}

async fn import(api: &Api, file: &[u8]) -> Answer {
    let headers = [("Content-Type", "text/csv"), ("Accept-Language", "en")];
    api.send("POST", "/v1/parties/import?file=egrul.csv&reason=test", "admin", &headers, file).await
}

/// A client whose party has one INN and this KPP; his code.
async fn client(api: &Api, kpp: &str, language: &str) -> String {
    let party = json!({"kind": "legal", "name": "ООО «Ромашка»", "inn": "7707083893", "kpp": kpp});
    let email = format!("k{kpp}@example.ru");
    let body = json!({"name": format!("К{kpp}"), "email": email, "language": language, "party": party});
    let made = api.ask("POST", "/v1/clients", "sales", &[], why(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["code"].as_str().unwrap().to_owned()
}

fn codes(list: &Answer) -> Vec<String> {
    assert_eq!(list.status, 200, "{}", list.body);
    let items = list.body["items"].as_array().unwrap();
    items.iter().map(|item| item["client"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Figures of a run.
fn figures(ran: Ran) -> Value {
    match ran {
        Ran::Now(run) if run.is_done() => run.counts.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// M56-M60, S1: a file of the registry says who is no more; one letter each, none for the excluded; the card and both lists show it.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_liquidated_is_told_once() {
    let world = World::new(1).await;
    let hands = SetClock::at(at("2026-07-01T10:00:00Z"));
    let clock: Arc<dyn Clock> = hands.clone();
    let api = Api::serve_by(&world, clock.clone()).await;
    let state = state_of(&world, &clock);
    let gone = client(&api, "770701001", "ru").await;
    let becoming = client(&api, "770701002", "ru").await;
    let excluded = client(&api, "770701003", "en").await;
    let silent = client(&api, "770701004", "ru").await;
    // As one who was loaded without an e-mail: whoever has one keeps one.
    let no_email = format!("UPDATE client SET email = NULL WHERE code = '{silent}'");
    world.store.run_past_the_rooms(&no_email).await.unwrap();

    let file = windows_1251(
        "ИНН;КПП;Наименование;Статус;Дата прекращения\n\
         7707083893;770701001;ООО Ромашка;Недействующий;01.05.2020\n\
         7707083893;770701002;ООО Ромашка 2;Реорганизация;\n\
         7707083893;770701003;ООО Ромашка 3;Недействующий;02.05.2020\n\
         7707083893;770701004;ООО Ромашка 4;Действующий;2026-07-01\n\
         500100732259;;Иванов И. И.;Действующий;\n",
    );
    let taken = import(&api, &file).await;
    let expected = json!({"rows": 5, "new": 1, "changed": 4, "same": 0, "status_changes": 3});
    assert_eq!((taken.status, &taken.body), (200, &expected));
    let again = import(&api, &file).await;
    assert_eq!(again.body, json!({"rows": 5, "new": 0, "changed": 0, "same": 5, "status_changes": 0}));
    // S1: the card is there before any sale.
    let card = api.get("/v1/parties?inn=500100732259&connected=false", "sales").await;
    assert_eq!((card.status, &card.body["items"][0]["name"]), (200, &json!("Иванов И. И.")), "{}", card.body);
    let party = api.get("/v1/parties?status=inactive&connected=true", "sales").await;
    assert_eq!(party.body["items"].as_array().map(Vec::len), Some(2), "{}", party.body);
    let one = format!("/v1/audit/party/{}", party.body["items"][0]["id"]);
    let history = api.get(&one, "admin").await;
    assert_eq!(history.body["items"][0]["action"], "party.status", "{}", history.body);

    // M59: any other value is refused and the former one stays.
    let exclusion = format!("/v1/clients/{excluded}/liquidation-exclusion");
    let card = |code: &str| format!("/v1/clients/{code}");
    for value in ["ликвидирован немножко", "да", "true", ""] {
        let refused = api.ask("PUT", &exclusion, "settlement", &[], why(json!({"value": value}))).await;
        assert_eq!(said(&refused), (422, "validation"), "{value}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"], "/value");
        let still = api.get(&card(&excluded), "support").await;
        assert_eq!(still.body["liquidation"]["excluded"], "Нет", "{value}");
    }
    let body = json!({"value": "Да", "comment": "переоформляется"});
    assert_eq!(said(&api.ask("PUT", &exclusion, "sales", &[], why(body.clone())).await), (403, "forbidden"));
    let done = api.ask("PUT", &exclusion, "settlement", &[], why(body)).await;
    assert_eq!((done.status, &done.body["value"]), (200, &json!("Да")), "{}", done.body);

    // M57: one letter to the one who is no more, has an e-mail and is not excluded.
    let run = "/v1/jobs/liquidation_notice/run";
    for (body, role, expected) in [
        (json!({"date": "2026-07-02"}), "admin", (422, "validation")),
        (json!({"date": "yesterday"}), "admin", (422, "validation")),
        (json!({"date": "2026-07-01"}), "head", (403, "forbidden")),
        (json!({"date": "2026-07-01"}), "admin", (200, "")),
        (json!({"date": "2026-07-01"}), "admin", (409, "already_exists")),
    ] {
        let answer = api.ask("POST", run, role, &[], why(body)).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
    }
    let missing = api.ask("POST", "/v1/jobs/nothing/run", "admin", &[], why(json!({"date": "2026-07-01"}))).await;
    assert_eq!(said(&missing), (404, "not_found"));
    let runs = api.get("/v1/job-runs?name=liquidation_notice", "head").await;
    let row = &runs.body["items"][0];
    assert_eq!((&row["outcome"], &row["ordered_by"]), (&json!("done"), &json!("admin")), "{}", runs.body);
    let counts: Value = serde_json::from_str(row["counts"].as_str().unwrap()).unwrap();
    let expected = json!({"liquidated": 3, "letters": 1, "excluded": 1, "without_email": 1, "warnings": 1});
    assert_eq!(counts, expected);
    let jobs_of_now = api.get("/v1/jobs", "head").await;
    let jobs_of_now = jobs_of_now.body["items"].as_array().unwrap().clone();
    let notice = jobs_of_now.iter().find(|job| job["name"] == "liquidation_notice").unwrap();
    assert_eq!(notice["latest"]["outcome"], "done", "{notice}");
    let mails = api.get(&format!("/v1/mails?client={gone}&kind=liquidation"), "support").await;
    let letter = &mails.body["items"][0];
    assert_eq!(mails.body["items"].as_array().map(Vec::len), Some(1), "{}", mails.body);
    assert_eq!(
        (&letter["state"], &letter["class"], &letter["created_by"]),
        (&json!("queued"), &json!("legal"), &json!("system"))
    );
    assert_eq!(codes(&api.get("/v1/mails", "support").await), [gone.as_str()]);

    // M60: the card.
    let shown = api.get(&card(&gone), "support").await.body["liquidation"].clone();
    assert_eq!(
        shown,
        json!({"legal_status": "inactive", "termination_date": "2020-05-01", "liquidated": true, "warning": false, "excluded": "Нет", "comment": "",
               "first_notified_at": "2026-07-01T10:00:00Z", "history": format!("/v1/mails?client={gone}")})
    );
    let warned = api.get(&card(&becoming), "support").await.body["liquidation"].clone();
    assert_eq!((&warned["liquidated"], &warned["warning"]), (&json!(false), &json!(true)), "{warned}");
    let left_out = api.get(&card(&excluded), "support").await.body["liquidation"].clone();
    assert_eq!((&left_out["excluded"], &left_out["comment"]), (&json!("Да"), &json!("переоформляется")), "{left_out}");

    // M58: a day of liquidation is asked for.
    let report = "/v1/reports/liquidation-notices";
    let refused = api.get(&format!("{report}?first_notified_from=2026-07-01"), "support").await;
    assert_eq!(said(&refused), (422, "validation"), "{}", refused.body);
    assert_eq!(refused.body["errors"][0]["pointer"], "/liquidation_from");
    let empty = api.get(&format!("{report}?first_notified_from=2026-07-01&legacy_empty=true"), "support").await;
    assert_eq!(codes(&empty), [""; 0]);
    let year = format!("{report}?liquidation_from=2020-01-01&liquidation_to=2020-12-31");
    let all = api.get(&format!("{year}&sort=liquidation_date"), "support").await;
    assert_eq!(codes(&all), [gone.clone(), excluded.clone()], "{}", all.body);
    assert_eq!(
        (&all.body["items"][0]["first_notified_at"], &all.body["items"][1]["excluded"]),
        (&json!("2026-07-01T10:00:00Z"), &json!(true))
    );
    let told = format!("{year}&first_notified_from=2026-07-01&first_notified_to=2026-07-01&legacy_empty=true");
    assert_eq!(codes(&api.get(&told, "support").await), [gone.as_str()]);

    // The cells of the grid: each row by itself.
    let rows = json!({"rows": [
        {"client": gone, "value": "ликвидирован немножко"}, {"client": "nobody", "value": "Да"}, {"client": excluded, "value": "Да"},
        {"client": becoming, "value": "Да", "comment": "ждём"}
    ]});
    let filled = api.ask("POST", "/v1/liquidation-exclusions", "settlement", &[], why(rows)).await;
    let results = filled.body["results"].as_array().unwrap();
    let outcomes: Vec<_> = results.iter().map(|row| (row["outcome"].as_str().unwrap(), row["code"].as_str())).collect();
    assert_eq!(
        outcomes,
        [("refused", Some("validation")), ("refused", Some("not_found")), ("unchanged", None), ("applied", None)],
        "{}",
        filled.body
    );
    assert_eq!((&results[0]["now"]["value"], &results[3]["now"]["value"]), (&json!("Нет"), &json!("Да")));

    // Once; with the setting again after so many days, and an excluded one never.
    let job = async |date: &str| {
        hands.set(at(&format!("{date}T10:00:00Z")));
        figures(run_job(&state, "liquidation_notice", day(date)).await.unwrap())["letters"].clone()
    };
    assert_eq!(job("2026-07-29").await, 0);
    let often = api.ask("PUT", "/v1/settings/liquidation.repeat_days", "admin", &[], why(json!({"value": "30"}))).await;
    assert_eq!(often.status, 200, "{}", often.body);
    assert_eq!(
        (job("2026-07-30").await, job("2026-07-31").await, job("2026-08-01").await),
        (json!(0), json!(1), json!(0))
    );
    // A letter that never went out is no notice.
    world.store.run_past_the_rooms("UPDATE mail SET state = 'failed'").await.unwrap();
    assert_eq!(job("2026-08-02").await, 1);
    // Whoever is excluded before it went out does not get it, not even when a person tries again.
    let late = api
        .ask(
            "PUT",
            &format!("/v1/clients/{gone}/liquidation-exclusion"),
            "settlement",
            &[],
            why(json!({"value": "Да"})),
        )
        .await;
    assert_eq!(late.status, 200, "{}", late.body);
    let states = api.get(&format!("/v1/mails?client={gone}&state=suppressed"), "support").await;
    assert_eq!(codes(&states), [gone.clone(), gone.clone(), gone.clone()]);
    world.store.run_past_the_rooms("UPDATE mail SET state = 'failed'").await.unwrap();
    let retry = format!("/v1/mails/{}/retry", letter["id"]);
    let refused = api.ask("POST", &retry, "client_service", &[], why(json!({}))).await;
    assert_eq!(said(&refused), (409, "invalid_transition"), "{}", refused.body);
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}

/// S1, S3: files of the registry with faults are refused as a whole; new organisations; parties that staff keep.
#[tokio::test(flavor = "multi_thread")]
async fn parties_are_there_before_any_sale() {
    let world = World::new(1).await;
    let hands = SetClock::at(at("2026-07-01T10:00:00Z"));
    let api = Api::serve_by(&world, hands.clone()).await;
    let faulty = "inn,kpp,name,status\n7707083894,770701001,A,active\n7707083893,770701001,B,alive\n";
    let refused = import(&api, faulty.as_bytes()).await;
    assert_eq!(said(&refused), (422, "import_faults"), "{}", refused.body);
    let pointers: Vec<&str> =
        refused.body["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/rows/2/inn", "/rows/3/status"]);
    let untitled = import(&api, "inn,name\n7707083893,A\n".as_bytes()).await;
    assert_eq!(untitled.body["errors"][0]["pointer"], "/columns/status", "{}", untitled.body);
    assert_eq!(api.get("/v1/parties?inn=7707083893", "sales").await.body["items"], json!([]));

    // S3: 5 months and 29 days ago with a phone: in; six months: out; no phone: out with that filter.
    let file = "inn,kpp,name,status,registered_at,phone,city\n\
                7707083893,770701001,Новая,active,2026-01-03,8 495 200-02-00,Тверь\n\
                7707083893,770701002,Полгода,active,2026-01-01,8 495 200-02-01,Тверь\n\
                7707083893,770701003,Тихая,active,2026-06-01,,Москва\n";
    assert_eq!(import(&api, file.as_bytes()).await.body["new"], 3);
    let names = async |query: &str| {
        let list = api.get(&format!("/v1/parties?{query}"), "assistants").await;
        assert_eq!(list.status, 200, "{}", list.body);
        let items = list.body["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("registered=new&inn=7707083893").await, ["Новая", "Тихая"]);
    assert_eq!(names("registered=new&with_phone=true").await, ["Новая"]);
    assert_eq!(names("city=%D1%82%D0%B2%D0%B5%D1%80%D1%8C&inn=7707083893").await, ["Новая", "Полгода"]);
    hands.set(at("2026-07-04T10:00:00Z"));
    assert_eq!(names("registered=new&with_phone=true").await, [""; 0]);

    // Columns that a file does not have stay.
    let narrow = "inn,kpp,name,status\n7707083893,770701001,Новая,active\n";
    assert_eq!(import(&api, narrow.as_bytes()).await.body["same"], 1);
    // A status is that of the INN; names are those of each KPP.
    let ended = "inn,kpp,name,status,termination_date\n7707083893,770701001,Новая,inactive,2026-06-30\n";
    let counts = json!({"rows": 1, "new": 0, "changed": 3, "same": 0, "status_changes": 3});
    assert_eq!(import(&api, ended.as_bytes()).await.body, counts);
    assert_eq!(names("status=inactive&inn=7707083893").await, ["Новая", "Полгода", "Тихая"]);
    let counts = json!({"rows": 1, "new": 0, "changed": 0, "same": 1, "status_changes": 0});
    assert_eq!(import(&api, ended.as_bytes()).await.body, counts);
    let person = json!({"kind": "natural", "name": "Иванов", "inn": "500100732259", "passport": {"series": "45 01", "number": "123456", "check": "invalid"}});
    for (role, body, expected) in [
        ("head", person.clone(), (403, "forbidden")),
        ("settlement", person, (201, "")),
        ("settlement", json!({"kind": "natural", "name": "Иванов", "inn": "500100732259"}), (409, "already_exists")),
        ("settlement", json!({"kind": "natural", "name": "Иванов", "inn": "500100732258"}), (422, "validation")),
        ("sales", json!({"kind": "natural", "name": "Иванов"}), (403, "forbidden")),
    ] {
        let made = api.ask("POST", "/v1/parties", role, &[], why(body)).await;
        assert_eq!(said(&made), expected, "{}", made.body);
    }
    let id = api.get("/v1/parties?inn=500100732259", "sales").await.body["items"][0]["id"].clone();
    let path = format!("/v1/parties/{id}");
    let (seen, open) = (api.get(&path, "sales").await, api.get(&path, "settlement").await);
    assert_eq!((&seen.body["passport"]["number"], &seen.body["passport"]["check"]), (&Value::Null, &json!("invalid")));
    assert_eq!(open.body["passport"]["number"], "123456", "{}", open.body);
    let stale = api.ask("PUT", &path, "head", &[("If-Match", "\"7\"")], why(json!({"city": "Тверь"}))).await;
    assert_eq!(said(&stale), (412, "stale"));
    let moved = api.ask("PUT", &path, "head", &[], why(json!({"city": "Тверь", "phone": "8 495 200-02-00"}))).await;
    assert_eq!((moved.status, &moved.body["city"]), (200, &json!("Тверь")), "{}", moved.body);
    let audit = api.get(&format!("/v1/audit/party/{id}"), "admin").await;
    assert!(audit.text.contains("***") && !audit.text.contains("123456"), "{}", audit.text);

    // A bad passport counts in the list alone, under a kind of its own.
    let body = json!({"name": "И", "email": "i@example.ru", "party": {"kind": "natural", "name": "Иванов", "inn": "500100732259"}});
    let made = api.ask("POST", "/v1/clients", "sales", &[], why(body)).await;
    let code = made.body["code"].as_str().unwrap().to_owned();
    let list = "/v1/reports/liquidation-notices?liquidation_from=2020-01-01&kind=passport";
    assert_eq!(codes(&api.get(list, "support").await), [code.as_str()]);
    let card = api.get(&format!("/v1/clients/{code}"), "support").await;
    assert_eq!(card.body["liquidation"]["liquidated"], false, "{}", card.body);
    // A person becomes a sole proprietor, under the same INN; not the other way round.
    for (email, party, expected) in [
        (
            "ip",
            json!({"kind": "sole_proprietor", "name": "ИВАНОВ", "inn": "500100732259", "ogrn": "304500116000157"}),
            (201, ""),
        ),
        ("i2", json!({"kind": "natural", "name": "Иванов", "inn": "500100732259"}), (409, "already_exists")),
    ] {
        let body = json!({"name": "И", "email": format!("{email}@example.ru"), "party": party});
        let made = api.ask("POST", "/v1/clients", "sales", &[], why(body)).await;
        assert_eq!(said(&made), expected, "{}", made.body);
        let party = api.get(&path, "sales").await;
        assert_eq!((&party.body["kind"], &party.body["ogrn"]), (&json!("sole_proprietor"), &json!("304500116000157")));
    }
    world.drop().await;
}

/// M56, A38: the function of the schema and the rule say the same.
#[tokio::test(flavor = "multi_thread")]
async fn lists_and_cards_judge_alike() {
    let world = World::new(1).await;
    let today = "2026-07-01";
    for (trigger, word) in [(Trigger::Date, "date"), (Trigger::StatusOrDate, "status_or_date")] {
        for status in RegistryStatus::ALL {
            for terminated in [None, Some("2020-05-01"), Some(today), Some("2026-07-02")] {
                let by_rule = judge(trigger, *status, terminated.map(day), day(today)) == Verdict::Liquidated;
                let date = terminated.map_or("NULL".to_owned(), |date| format!("'{date}'"));
                let sql = format!(
                    "DO $$ BEGIN IF party_liquidated('{}', {date}, '{word}', '{today}') IS DISTINCT FROM {by_rule}
                     THEN RAISE EXCEPTION 'they differ'; END IF; END $$",
                    status.as_str()
                );
                assert!(world.store.run_past_the_rooms(&sql).await.is_ok(), "{sql}");
            }
        }
    }
    world.drop().await;
}

/// A job runs once a date, makes up for missed dates in order, and is tried again after a failure.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_make_up_for_missed_dates_and_run_once() {
    let world = World::new(1).await;
    let hands = SetClock::at(at("2026-07-01T10:00:00Z"));
    let clock: Arc<dyn Clock> = hands.clone();
    let state = state_of(&world, &clock);
    let due = async || {
        let runs = run_due_jobs(&state).await.unwrap();
        runs.iter()
            .filter(|run| run.name == "liquidation_notice")
            .map(|run| format!("{} {}", run.for_date, run.outcome))
            .collect::<Vec<_>>()
    };
    assert_eq!(due().await, ["2026-07-01 done"]);
    assert_eq!(due().await, [""; 0], "a date is done once");
    // 03:00 in Moscow: the date of the day is not due before 04:30.
    hands.set(at("2026-07-04T00:00:00Z"));
    assert_eq!(due().await, ["2026-07-02 done", "2026-07-03 done"]);
    hands.set(at("2026-07-31T10:00:00Z"));
    let last: Vec<String> = (25..=31).map(|day| format!("2026-07-{day} done")).collect();
    assert_eq!(due().await, last, "a week at most");

    let name = "liquidation_notice";
    let both = tokio::join!(run_job(&state, name, day("2026-06-01")), run_job(&state, name, day("2026-06-01")));
    let ran = [both.0.unwrap(), both.1.unwrap()];
    assert_eq!(ran.iter().filter(|ran| matches!(ran, Ran::Now(_))).count(), 1, "{ran:?}");
    assert!(run_job(&state, "nothing", day("2026-06-01")).await.is_err());

    // What fails waits, is tried again, and holds up the later dates.
    let broken = async |value: &str| {
        let sql = format!("UPDATE setting SET value = '{value}' WHERE key = 'liquidation.trigger'");
        world.store.run_past_the_rooms(&sql).await.unwrap();
    };
    broken("moon").await;
    hands.set(at("2026-08-02T10:00:00Z"));
    assert_eq!(due().await, ["2026-08-01 failed"]);
    assert_eq!(due().await, [""; 0]);
    broken("date").await;
    hands.pass(TimeDelta::minutes(2));
    assert_eq!(due().await, ["2026-08-01 done", "2026-08-02 done"]);
    let latest = jobs::latest(&world.store, name).await.unwrap().unwrap();
    assert_eq!((latest.for_date, latest.attempts), (day("2026-08-02"), 1));

    // The author of what the program does is nobody who could log in, or be seen.
    let expires = clock.now() + TimeDelta::days(1);
    assert!(staff::add_token(&world.store, "System", "admin", "t", expires).await.is_err());
    let api = Api::serve_by(&world, clock.clone()).await;
    let people = api.get("/v1/staff?limit=1000", "admin").await;
    assert!(people.status == 200 && !people.text.contains("\"system\""), "{}", people.text);
    assert_eq!(api.get("/v1/staff/system", "admin").await.status, 404);
    world.drop().await;
}

/// A mail server that answers recipients as it was told, and takes the rest.
struct Server {
    address: SocketAddr,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answers, taken) = (Arc::new(Mutex::new(VecDeque::new())), Arc::new(Mutex::new(Vec::new())));
        let (told, kept) = (answers.clone(), taken.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, told.clone(), kept.clone()));
            }
        });
        Self { address, answers, taken }
    }

    fn answer(&self, answers: &[&'static str]) {
        self.answers.lock().unwrap().extend(answers);
    }
}

async fn talk(stream: TcpStream, answers: Arc<Mutex<VecDeque<&'static str>>>, taken: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let _ = stream.write_all(b"220 test ESMTP\r\n").await;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let command = line.trim_end().to_uppercase();
        let told = if command.starts_with("RCPT") { answers.lock().unwrap().pop_front() } else { None };
        let answer = match (told, command.as_str()) {
            (Some(told), _) => told,
            (None, "DATA") => "354 go on",
            (None, "QUIT") => "221 bye",
            (None, _) => "250 ok",
        };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() || command == "QUIT" {
            return;
        }
        if command == "DATA" {
            let mut text = String::new();
            loop {
                line.clear();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                if line == ".\r\n" {
                    break;
                }
                text.push_str(&line);
            }
            taken.lock().unwrap().push(text);
            let _ = stream.write_all(b"250 taken\r\n").await;
        }
    }
}

/// Mails go out, are tried again later, are given up, and are tried again by a person; A42: advertising asks for consent.
#[tokio::test(flavor = "multi_thread")]
async fn mails_are_tried_again_until_they_are_given_up() {
    let world = World::new(1).await;
    let hands = SetClock::at(at("2026-07-01T10:00:00Z"));
    let clock: Arc<dyn Clock> = hands.clone();
    let api = Api::serve_by(&world, clock.clone()).await;
    let code = client(&api, "770701001", "ru").await;
    let id = api.get(&format!("/v1/clients/{code}"), "support").await.body["id"].as_i64().unwrap();
    let enqueue = async |class: Class| {
        let actor = jobs::actor(&world.store, "test").await.unwrap();
        let begun = Change::begin(&world.store, clock.as_ref(), actor, None).await.unwrap();
        let Begun::New(mut change) = begun else { panic!("no key was given") };
        let new = NewMail {
            client: Some((id, code.as_str())),
            to: "office@example.ru",
            subject: "Тема",
            body: "Текст\n",
            class,
            kind: "test",
        };
        let number = mail::enqueue(&mut change, &new).await?;
        change.commit(200, &json!(null)).await?;
        Ok::<i64, MailError>(number)
    };
    assert!(matches!(enqueue(Class::Advertising).await, Err(MailError::NoConsent)));
    let consent = format!("/v1/clients/{code}/advertising-consent");
    let agree = json!({"given": true, "source": "анкета"});
    assert_eq!(api.ask("PUT", &consent, "sales", &[], why(agree)).await.status, 200);
    assert!(enqueue(Class::Advertising).await.is_ok());
    let disagree = json!({"given": false, "source": "письмо"});
    assert_eq!(api.ask("PUT", &consent, "sales", &[], why(disagree)).await.status, 200);
    let suppressed = api.get("/v1/mails?class=advertising", "support").await;
    assert_eq!(suppressed.body["items"][0]["state"], "suppressed", "{}", suppressed.body);

    // What was suppressed does not come back by another way.
    world.store.run_past_the_rooms("UPDATE mail SET state = 'failed' WHERE class = 'advertising'").await.unwrap();
    let retry = format!("/v1/mails/{}/retry", suppressed.body["items"][0]["id"]);
    let refused = api.ask("POST", &retry, "client_service", &[], why(json!({}))).await;
    assert_eq!(said(&refused), (409, "invalid_transition"), "{}", refused.body);

    // Without a way out mails wait, and the program is ready all the same.
    let first = enqueue(Class::Service).await.unwrap();
    assert_eq!(api.get("/ready", "").await.status, 200);
    let server = Server::start().await;
    let mailer = Mailer::open(&format!("smtp://{}", server.address), "billing@example.ru").unwrap();
    let send = async || send_mails(&world.store, clock.as_ref(), &mailer).await.unwrap();
    server.answer(&["451 4.7.1 try again later"]);
    assert_eq!(send().await, SentMails { later: 1, ..SentMails::default() });
    assert_eq!(send().await, SentMails::default(), "not before its time");
    hands.pass(TimeDelta::seconds(61));
    assert_eq!(send().await, SentMails { sent: 1, ..SentMails::default() });
    let text = server.taken.lock().unwrap()[0].clone();
    let message_id = format!("Message-ID: <mail.{first}.1782900000000@example.ru>");
    assert!(text.contains("To: <office@example.ru>") && text.contains(&message_id), "{text}");
    assert!(text.contains("Subject: =?utf-8?B?0KLQtdC80LA=?="), "{text}");
    let row = async |id: i64| {
        let list = api.get("/v1/mails?kind=test", "support").await;
        list.body["items"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
    };
    let delivered = row(first).await;
    assert_eq!(
        (&delivered["state"], &delivered["attempts"], &delivered["sent_at"]),
        (&json!("sent"), &json!(2), &json!("2026-07-01T10:01:01Z"))
    );

    // Refused for good: a person sends it again.
    let second = enqueue(Class::Service).await.unwrap();
    server.answer(&["550 5.1.1 no such user"]);
    assert_eq!(send().await, SentMails { failed: 1, ..SentMails::default() });
    let failed = row(second).await;
    assert!(failed["state"] == "failed" && failed["reason"].as_str().unwrap().contains("no such user"), "{failed}");
    let retry = format!("/v1/mails/{second}/retry");
    for (path, role, expected) in [
        (&retry, "support", (403, "forbidden")),
        (&retry, "client_service", (200, "")),
        (&retry, "client_service", (409, "invalid_transition")),
        (&"/v1/mails/999999/retry".to_owned(), "client_service", (404, "not_found")),
    ] {
        assert_eq!(said(&api.ask("POST", path, role, &[], why(json!({}))).await), expected, "{path} {role}");
    }
    assert_eq!(send().await, SentMails { sent: 1, ..SentMails::default() });

    // Given up after so many attempts.
    let few = api.ask("PUT", "/v1/settings/mail.attempts", "admin", &[], why(json!({"value": "2"}))).await;
    assert_eq!(few.status, 200, "{}", few.body);
    let third = enqueue(Class::Service).await.unwrap();
    server.answer(&["451 no", "451 no"]);
    assert_eq!(send().await.later, 1);
    hands.pass(TimeDelta::minutes(1));
    assert_eq!(send().await.failed, 1);
    assert_eq!(row(third).await["attempts"], 2);
    // A refusal of us is no fault of the mail.
    enqueue(Class::Service).await.unwrap();
    server.answer(&["554 5.7.1 your address is on a list"]);
    assert_eq!(send().await, SentMails { later: 1, ..SentMails::default() });
    world.drop().await;
}
