//! The search for sale: what is found, what is refused, what changes while it is searched (M16, M17, M20, A27, A33).

use std::time::{Duration, Instant};

use billing::numbers;
use billing::numbers::shelf::{self, Shelf, Shelved, Wanted};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use tests::World;

use crate::api::{Answer, Api};

fn now() -> DateTime<Utc> {
    "2026-07-01T10:00:00Z".parse().unwrap()
}

/// A free number of Moscow that was added on the 1st of April; `more` overrides columns.
async fn free(world: &World, number: &str, more: &[(&str, &str)]) {
    let plain = [
        ("status", "'free'"),
        ("sale", "'yes'"),
        ("kind", "'ordinary'"),
        ("added_at", "'2026-04-01T09:00:00Z'"),
        ("region_id", "(SELECT id FROM number_region WHERE code = 'moscow')"),
    ];
    let kept = plain.iter().filter(|(name, _)| !more.iter().any(|(column, _)| column == name));
    let (names, values): (Vec<&str>, Vec<&str>) = kept.chain(more).copied().unzip();
    let sql = format!("INSERT INTO did (number, {}) VALUES ('{number}', {})", names.join(", "), values.join(", "));
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

/// Somebody called a number that nobody had.
async fn called(world: &World, number: &str, day: &str) {
    let sql = format!(
        "INSERT INTO non_target_call (did_number, day, caller, calls) VALUES ('{number}', '{day}', '79161112233', 1);
         INSERT INTO non_target_last (did_number, day) VALUES ('{number}', '{day}')
             ON CONFLICT (did_number) DO UPDATE SET day = excluded.day, changed_in = pg_current_xact_id()::text::bigint"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

/// Regions, and statistics of each day from the 2nd of April to yesterday.
async fn shop() -> World {
    let world = World::new(1).await;
    let regions = "INSERT INTO number_region (code, name, created_at, created_by) VALUES ('moscow', 'Москва', now(), 'test'), ('spb', 'Санкт-Петербург', now(), 'test')";
    world.store.run_past_the_rooms(regions).await.unwrap();
    let first: NaiveDate = "2026-04-02".parse().unwrap();
    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day < now().date_naive()).collect();
    numbers::mark_collected(&world.store, &days, now()).await.unwrap();
    world
}

/// A query as a browser sends it.
fn sent(query: &str) -> String {
    query.replace('%', "%25").replace(' ', "+").replace('#', "%23")
}

async fn find(api: &Api, query: &str) -> Answer {
    let path = format!("/v1/numbers-for-sale?{}", sent(query));
    api.ask("GET", &path, "sales", &[("Accept-Language", "en")], None).await
}

fn found(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["items"].as_array().unwrap().iter().map(|row| row["number"].as_str().unwrap()).collect()
}

fn refused(answer: &Answer) -> (u16, &str, &str) {
    let (code, pointer) = (answer.body["code"].as_str(), answer.body["errors"][0]["pointer"].as_str());
    (answer.status, code.unwrap_or_default(), pointer.unwrap_or_default())
}

/// M17, with the figures of the manual: of three Moscow numbers one fits the mask and is green.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_is_extracted_by_mask_region_and_availability() {
    let world = shop().await;
    for number in ["74955550001", "74955550002", "74951112233"] {
        free(&world, number, &[]).await;
    }
    free(&world, "78125550001", &[("region_id", "(SELECT id FROM number_region WHERE code = 'spb')")]).await;
    // Within the last 30 days: the second one is red.
    called(&world, "74955550002", "2026-06-20").await;
    let api = Api::serve(&world, now()).await;
    api.refresh_shelf().await;
    let pool = "number=%555%&region=moscow&offer=green&limit=5000";
    assert_eq!(found(&find(&api, pool).await), ["74955550001"]);
    assert_eq!(found(&find(&api, "number=%555%&region=moscow&offer=has_calls").await), ["74955550002"]);
    assert_eq!(found(&find(&api, "number=AABB&region=moscow&offer=green").await), ["74951112233"]);
    assert_eq!(found(&find(&api, "number=555????&offer=green&status=free").await), ["74955550001", "78125550001"]);

    for (query, expected) in [
        ("number=%555%&region=moscow&limit=5000", (422, "availability_filter_required", "/offer")),
        ("status=free", (422, "availability_filter_required", "/offer")),
        ("number=%555%&region=moscow&offer=green&limit=5001", (422, "limit_too_large", "/limit")),
        ("number=%5#5%&offer=green", (422, "validation", "/number")),
        ("number=A%A&offer=green", (422, "validation", "/number")),
        ("number=%555%&region=atlantis&offer=green", (422, "validation", "/region")),
        ("number=%555%&offer=blue", (422, "validation", "/offer")),
        ("number=%555%&offer=green&sort=beauty", (422, "validation", "/sort")),
        ("number=%555%&offer=green&cursor=00", (422, "validation", "/cursor")),
        ("number=%555%&offer=green&format=csv", (422, "validation", "/format")),
        // A33: a whole number outside our capacity is not ours, and no empty list.
        ("number=8 (495) 999-99-99", (404, "not_ours", "")),
    ] {
        let answer = find(&api, query).await;
        assert_eq!(refused(&answer), expected, "{query}: {}", answer.text);
    }

    // The same words give the file; a pool without an availability is no file either.
    let file = api.get(&format!("/v1/numbers-for-sale/export?{}&format=csv", sent(pool)), "sales").await;
    assert!(file.head.contains("numbers-for-sale.csv") && file.head.contains("text/csv"), "{}", file.head);
    let mut reader = csv::Reader::from_reader(file.text.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1, "{}", file.text);
    assert_eq!((&rows[0][0], &rows[0][1]), ("74955550001", "Москва"));
    let book = api.get("/v1/numbers-for-sale/export?offer=green", "sales").await;
    assert!(book.status == 200 && book.bytes.starts_with(b"PK"), "{}", book.text);
    let without = api.get("/v1/numbers-for-sale/export?number=%25555%25", "sales").await;
    assert_eq!(refused(&without), (422, "availability_filter_required", "/offer"));
    world.drop().await;
}

/// M16, with the figures of the manual; A27: what was forced for one client is green for him alone.
#[tokio::test(flavor = "multi_thread")]
async fn green_is_what_may_be_sold() {
    let world = shop().await;
    free(&world, "74951201031", &[]).await;
    free(&world, "74951201032", &[("sale", "'no'")]).await;
    // Calls and no full term: red; forced: green all the same.
    free(&world, "74951201033", &[("added_at", "'2026-06-20T09:00:00Z'")]).await;
    free(&world, "74951201034", &[("added_at", "'2026-06-20T09:00:00Z'"), ("sale", "'forced'")]).await;
    let for_c1 = [
        ("sale", "'forced'"),
        ("forced_for", "(SELECT id FROM client WHERE code = 'c1')"),
        ("forced_until", "'2026-07-10'"),
    ];
    free(&world, "74951201035", &for_c1).await;
    // Judged by nobody's calls: FMTN. A mobile number rests 60 days from 1 June, to 31 July.
    free(&world, "74951201036", &[("kind", "'fmtn'"), ("added_at", "'2026-06-30T09:00:00Z'")]).await;
    free(&world, "79161201037", &[("archived_at", "'2026-06-01T09:00:00Z'")]).await;
    let api = Api::serve(&world, now()).await;
    let green = "status=free&number=74951201031&offer=no_calls,ignore,forced";
    api.refresh_shelf().await;
    assert_eq!(found(&find(&api, green).await), ["74951201031"]);
    called(&world, "74951201031", "2026-06-10").await;
    api.refresh_shelf().await;
    assert_eq!(found(&find(&api, green).await), [""; 0]);
    let red = find(&api, "status=free&number=74951201031&offer=no_data,insufficient_data,has_calls,no").await;
    assert_eq!(found(&red), ["74951201031"]);
    // The window of 30 days reaches back to the day of the call on 10 July, and not on 11 July.
    let row = &red.body["items"][0];
    assert_eq!(
        (&row["offer"], &row["last_call"], &row["clear_from"]),
        (&json!("has_calls"), &json!("2026-06-10"), &json!("2026-07-11"))
    );
    // One exact number is shown whatever it is, without an availability.
    for (number, offer, clear_from) in [
        ("74951201032", "no", Value::Null),
        ("74951201033", "insufficient_data", json!("2026-07-21")), // 21 June + 30 days
        ("74951201034", "forced", Value::Null),
        ("74951201035", "forced_for_one", Value::Null),
        ("74951201036", "ignore", Value::Null),
        ("79161201037", "rests", json!("2026-07-31")),
    ] {
        let answer = find(&api, &format!("number={number}")).await;
        assert_eq!(found(&answer), [number]);
        let row = &answer.body["items"][0];
        assert_eq!((&row["offer"], &row["clear_from"]), (&json!(offer), &clear_from), "{number}");
    }
    let everybody = find(&api, "region=moscow&offer=green").await;
    assert_eq!(found(&everybody), ["74951201034", "74951201036"]);
    let for_him = find(&api, "region=moscow&offer=green&client=c1").await;
    assert_eq!(found(&for_him), ["74951201034", "74951201035", "74951201036"]);
    assert_eq!(for_him.body["items"][1]["forced_for"], "c1");
    assert_eq!(found(&find(&api, "region=moscow&offer=green&client=c2").await), ["74951201034", "74951201036"]);

    // Seven of Moscow, all free; two of them green. The small operator has seven more, of no region.
    let capacity = api.get("/v1/number-capacity", "sales").await;
    let rows = capacity.body["items"].as_array().unwrap();
    let moscow = rows.iter().find(|row| row["region"] == "moscow").unwrap();
    assert_eq!((&moscow["free"], &moscow["for_sale"], &moscow["in_work"]), (&json!(7), &json!(2), &json!(0)));
    let counted: u64 = rows
        .iter()
        .flat_map(|row| {
            ["free", "reserved", "in_work", "archive", "withdrawn"].map(|state| row[state].as_u64().unwrap())
        })
        .sum();
    assert_eq!(counted, 14, "{}", capacity.text);
    world.drop().await;
}

/// Pages in both orders have each number once; a number has the price of its class unless it has one of its own.
#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_by_number_and_by_price() {
    let world = shop().await;
    world.store.run_past_the_rooms("UPDATE number_class SET price = 900 WHERE code = 'bronze'").await.unwrap();
    let bronze = ("class_id", "(SELECT id FROM number_class WHERE code = 'bronze')");
    for (number, more) in [
        ("74951110001", vec![]),
        ("74951110002", vec![("price", "1500")]),
        ("74951110003", vec![bronze]),
        ("74951110004", vec![bronze, ("price", "500")]),
        ("74951110005", vec![("price", "900.00")]),
    ] {
        free(&world, number, &more).await;
    }
    let api = Api::serve(&world, now()).await;
    api.refresh_shelf().await;
    let by_number = ["74951110001", "74951110002", "74951110003", "74951110004", "74951110005"];
    let by_price = ["74951110004", "74951110003", "74951110005", "74951110002", "74951110001"];
    for (sort, expected) in [("number", by_number), ("price", by_price)] {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = find(&api, &format!("region=moscow&offer=green&sort={sort}&limit=2&cursor={cursor}")).await;
            all.extend(found(&page).into_iter().map(str::to_owned));
            assert_eq!((&page.body["total"], &page.body["total_exact"]), (&json!(5), &json!(true)));
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(all, expected, "{sort}");
    }
    let cheap = find(&api, "region=moscow&offer=green&price_from=500&price_to=900").await;
    assert_eq!(found(&cheap), ["74951110003", "74951110004", "74951110005"]);
    let bronze = find(&api, "class=bronze&offer=green").await;
    let prices: Vec<&str> =
        bronze.body["items"].as_array().unwrap().iter().map(|row| row["price"].as_str().unwrap()).collect();
    assert_eq!((found(&bronze), prices), (vec!["74951110003", "74951110004"], vec!["900", "500"]));
    world.drop().await;
}

/// M20: what is forced is found within a minute, by the program's own looks. They are as often here as they can be: within 4 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_forced_is_found_in_time() {
    let world = shop().await;
    let looks = "UPDATE setting SET value = '4' WHERE key = 'did.forced_effect_seconds'";
    world.store.run_past_the_rooms(looks).await.unwrap();
    free(&world, "74955550002", &[]).await;
    called(&world, "74955550002", "2026-06-20").await;
    let api = Api::serve(&world, now()).await;
    api.refresh_shelf().await;
    let green = "number=%555%&region=moscow&offer=green";
    assert_eq!(found(&find(&api, green).await), [""; 0]);
    let force = "UPDATE did SET sale = 'forced', forced_at = now() WHERE number = '74955550002'";
    world.store.run_past_the_rooms(force).await.unwrap();
    let forced = Instant::now();
    while found(&find(&api, green).await).is_empty() {
        // A shared machine is given three times as long.
        assert!(forced.elapsed() < Duration::from_secs(12), "not found after {:?}", forced.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.drop().await;
}

/// Everything that is on a shelf.
fn all(shelf: &Shelf) -> Vec<Shelved> {
    let wanted = Wanted { limit: 100_000, ..Wanted::default() };
    shelf.search(&wanted, now().date_naive()).unwrap().rows
}

/// A transaction that began before a look and commits after it is not missed, nor is a call that was taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_misses_no_transaction() {
    let world = shop().await;
    for number in ["74951110001", "74951110002", "74951110003"] {
        free(&world, number, &[]).await;
    }
    called(&world, "74951110003", "2026-06-20").await;
    let mut shelf = shelf::load(&world.store).await.unwrap();
    let store = world.store.clone();
    let slow = tokio::spawn(async move {
        let sql = "BEGIN; UPDATE did SET sale = 'no' WHERE number = '74951110001'; SELECT pg_sleep(1.5); COMMIT";
        store.run_past_the_rooms(sql).await.unwrap();
    });
    // Looks go on past it, with transactions that are younger and done.
    let sale = |shelf: &Shelf, number: &str| {
        all(shelf).into_iter().find(|row| row.number.to_string() == number).unwrap().offer
    };
    let mut looks = 0;
    while !slow.is_finished() {
        let sql = format!("UPDATE did SET sale = '{}' WHERE number = '74951110002'", ["no", "yes"][looks % 2]);
        world.store.run_past_the_rooms(&sql).await.unwrap();
        assert!(shelf::refresh(&mut shelf, &world.store).await.unwrap() > 0);
        let expected = [numbers::Offer::No, numbers::Offer::NoCalls][looks % 2];
        assert_eq!(sale(&shelf, "74951110002"), expected);
        looks += 1;
    }
    slow.await.unwrap();
    shelf::refresh(&mut shelf, &world.store).await.unwrap();
    assert_eq!(sale(&shelf, "74951110001"), numbers::Offer::No);
    assert_eq!(shelf::refresh(&mut shelf, &world.store).await.unwrap(), 0, "nothing is news twice");

    assert_eq!(sale(&shelf, "74951110003"), numbers::Offer::HasCalls);
    let taken_back = "DELETE FROM non_target_call WHERE did_number = '74951110003'; DELETE FROM non_target_last WHERE did_number = '74951110003'";
    world.store.run_past_the_rooms(taken_back).await.unwrap();
    assert_eq!(shelf::refresh(&mut shelf, &world.store).await.unwrap(), 1);
    assert_eq!(sale(&shelf, "74951110003"), numbers::Offer::NoCalls);
    world.drop().await;
}

/// Writers that change, add and call numbers at once, and looks meanwhile: in the end the shelf is what a new one would be.
#[tokio::test(flavor = "multi_thread")]
async fn looks_among_writers_end_where_a_new_shelf_begins() {
    let world = shop().await;
    let numbers = "INSERT INTO did (number, status, sale, kind, added_at)
                   SELECT (74951000000 + i)::text, 'free', 'yes', 'ordinary', '2026-04-01T09:00:00Z' FROM generate_series(0, 1999) i";
    world.store.run_past_the_rooms(numbers).await.unwrap();
    let mut shelf = shelf::load(&world.store).await.unwrap();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = world.store.clone();
            tokio::spawn(async move {
                for turn in 0..25 {
                    let (first, fresh) = (writer * 500 + turn * 20, 2_000 + writer * 25 + turn);
                    let sql = format!(
                        "BEGIN;
                         UPDATE did SET sale = CASE sale WHEN 'yes' THEN 'no' ELSE 'yes' END, price = coalesce(price, 0) + {turn}
                             WHERE number BETWEEN (74951000000 + {first})::text AND (74951000000 + {first} + 19)::text;
                         INSERT INTO did (number, status, sale, kind, added_at) VALUES ((74951000000 + {fresh})::text, 'archive', 'yes', 'ordinary', '2026-05-01T09:00:00Z');
                         SELECT pg_sleep(0.00{turn});
                         INSERT INTO non_target_last (did_number, day) VALUES ((74951000000 + {first})::text, date '2026-06-01' + {turn})
                             ON CONFLICT (did_number) DO UPDATE SET day = excluded.day, changed_in = pg_current_xact_id()::text::bigint;
                         COMMIT"
                    );
                    store.run_past_the_rooms(&sql).await.unwrap();
                }
            })
        })
        .collect();
    let mut looks = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        shelf::refresh(&mut shelf, &world.store).await.unwrap();
        looks += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    shelf::refresh(&mut shelf, &world.store).await.unwrap();
    let fresh = shelf::load(&world.store).await.unwrap();
    // 7 of the small operator, 2,000, and 4 writers with 25 each.
    assert_eq!((shelf.len(), fresh.len()), (2_107, 2_107), "{looks} looks");
    assert_eq!(all(&shelf), all(&fresh), "{looks} looks");
    world.drop().await;
}
