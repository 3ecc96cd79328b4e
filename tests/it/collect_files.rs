//! Files that do not keep to the rules: they change, vanish, grow, are silent; and a file of lines with columns from its folder to the charge.

use std::io::Write;

use billing::imports::rules::Numbering;
use billing::imports::{self, Advanced, Filter, FoundFile, Registered, Rejected, Trailer};
use billing::ingest_alarms;
use chrono::{FixedOffset, TimeDelta, Utc};
use serde_json::json;
use tests::{World, record};

use crate::api::Api;
use crate::collect::{Collector, calls, until, work};

/// A file changes after half of it was sent. What both contents hold is charged once, by the first import, which cannot be taken back while the second stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_is_taken_back_from_its_end() {
    const RECORDS: usize = 40_000;
    let world = World::new(2).await;
    let collector = Collector::new(&world).await;
    let mut lines = calls("big", RECORDS);
    collector.leave("cdr_1.txt", &lines);
    let process = collector.start(&world, &world.kafka).await;
    let newest = async || imports::list(&world.store, &Filter::default(), 1).await.unwrap().pop();
    until("a part of the file is sent", async || newest().await.is_some_and(|import| import.records_sent > 0)).await;
    process.kill();
    let first = newest().await.unwrap();
    assert_eq!(first.state, "sending", "{} of {RECORDS} were sent", first.records_sent);
    lines.push(record("one-more", json!({})).to_string());
    collector.leave("cdr_1.txt", &lines);
    let process = collector.start(&world, &world.kafka).await;
    collector.until_in("done", "cdr_1.txt").await;
    process.kill();
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls").await, RECORDS as i64 + 1, "each once");
    let second = newest().await.unwrap();
    let api = Api::serve(&world, Utc::now()).await;
    let alarms = api.get("/v1/ingest-alarms?kind=changed", "support").await.body;
    assert_eq!(alarms["items"][0]["subject"], json!(first.id.to_string()), "{alarms}");
    let refused = roll_back(&api, first.id).await;
    assert_eq!(refused.0, 409, "{}", refused.1);
    assert!(refused.1.contains(&format!("импорт {}", second.id)), "{}", refused.1);
    for import in [second.id, first.id] {
        let (status, text) = roll_back(&api, import).await;
        assert_eq!(status, 200, "{text}");
        work(&world).await;
        let job = serde_json::from_str::<serde_json::Value>(&text).unwrap()["job"].as_i64().unwrap();
        let execute = format!("/v1/rework/{job}/execute");
        assert_eq!(api.ask("POST", &execute, "admin", &[], Some(json!({"reason": "as shown"}))).await.status, 200);
        work(&world).await;
    }
    assert_eq!(world.balance("a1").await, "100");
    world.assert_books_agree().await;
    world.drop().await;
}

async fn roll_back(api: &Api, import: i64) -> (u16, String) {
    let body = json!({"import": import, "reason": "wrong file"});
    let answer = api.ask("POST", "/v1/roll-backs", "admin", &[], Some(body)).await;
    (answer.status, answer.text)
}

/// Lines with columns, with a title, line ends in quotes, quotes that are letters, and commas that separate nothing.
#[tokio::test(flavor = "multi_thread")]
async fn lines_with_columns_go_from_the_folder_to_the_charge() {
    let world = World::with_operator(2, |directory| {
        let mut sources = std::fs::OpenOptions::new().append(true).open(directory.join("sources.csv")).unwrap();
        sources.write_all(b"pbx,mapped,Europe/Moscow,both,\n").unwrap();
        let rows = [
            "source,field,from,as,values,otherwise,value",
            "pbx,shape,,,,,csv",
            "pbx,separator,,,,,;",
            "pbx,header,,,,,id;start;name;caller;called;seconds;result",
            "pbx,cdr_id,id,,,,",
            "pbx,src,caller,,,,",
            "pbx,dst,called,,,,",
            "pbx,service,,,,,outgoing",
            "pbx,setup_at,start,%d.%m.%Y %H:%M:%S,,,",
            "pbx,billable,seconds,s,,,",
            "pbx,disposition,result,,OK>answered; BUSY>busy,failed,",
        ];
        std::fs::write(directory.join("mappings.csv"), rows.join("\n") + "\n").unwrap();
    })
    .await;
    let files = "pattern = '^cdr.*csv$'\nsettle_seconds = 1\npoll_seconds = 1\n";
    let collector = Collector::with_files(&world, "pbx", files).await;
    let moscow = FixedOffset::east_opt(3 * 3600).unwrap();
    let start = (Utc::now() - TimeDelta::minutes(10)).with_timezone(&moscow).format("%d.%m.%Y %H:%M:%S");
    let line = |id: &str, name: &str, seconds: u32, result: &str| {
        format!("{id};{start};{name};74950000001;74951234567;{seconds};{result}")
    };
    let lines = [
        "\"id\";start; \"name\";caller;called;seconds;result".to_owned(),
        line("1", "\"Bob\nBrown; \"B\"\"\"", 60, "OK"),
        // Quotes behind a comma open nothing where semicolons separate.
        line("2", "Brown,\"Bob", 120, "OK"),
        line("3", "\"Bob \"B\" Brown\n\"", 0, "BUSY"),
        line("4", "5\" pipe", 180, "OK"),
    ];
    std::fs::write(collector.files().join("cdr.csv"), lines.join("\r\n") + "\r\n").unwrap();
    let process = collector.start(&world, &world.kafka).await;
    collector.until_in("done", "cdr.csv").await;
    process.kill();
    let import = imports::list(&world.store, &Filter::default(), 1).await.unwrap().pop().unwrap();
    assert_eq!((import.records_found, import.records_sent, import.counted), (4, 4, Some((3, 360))));
    world.ingest().await.unwrap();
    assert_eq!(world.count("count() FROM suspended").await, 0);
    assert_eq!(world.count("sum(calls) FROM calls").await, 4);
    // 100 - 6 minutes of 0.60
    assert_eq!(world.balance("a1").await, "96.4");
    world.assert_books_agree().await;
    world.drop().await;
}

async fn open_alarms(world: &World) -> Vec<String> {
    let filter = ingest_alarms::Filter { open: true, ..ingest_alarms::Filter::default() };
    let mut open: Vec<String> = ingest_alarms::list(&world.store, &filter, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|alarm| format!("{} {}", alarm.kind, alarm.subject).trim().to_owned())
        .collect();
    open.sort();
    open
}

/// No file for longer than expected is an alarm; the next one clears it.
#[tokio::test(flavor = "multi_thread")]
async fn silence_is_an_alarm_until_a_file_comes() {
    let world = World::new(1).await;
    let files = "kind = \"ndjson\"\npattern = '^cdr.*txt$'\ndone_marker_only = true\npoll_seconds = 1\nexpected_every_seconds = 2\n";
    let collector = Collector::with_files(&world, "sbc", files).await;
    let process = collector.start(&world, &world.kafka).await;
    assert_eq!(open_alarms(&world).await, Vec::<String>::new());
    until("silence is told", async || open_alarms(&world).await == ["silence"]).await;
    collector.leave("cdr_1.txt", &calls("one", 1));
    let silent = async || {
        let filter = ingest_alarms::Filter::default();
        ingest_alarms::list(&world.store, &filter, 1).await.unwrap().pop().unwrap().cleared_at.is_none()
    };
    until("the alarm is cleared", async || !silent().await).await;
    until("the next silence is another alarm", async || open_alarms(&world).await == ["silence"]).await;
    process.kill();
    world.drop().await;
}

/// A file is gone when half of it is sent; it comes back under another name, and goes on. One that was sent is written on.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_vanish_or_grow_are_told() {
    const RECORDS: usize = 40_000;
    let world = World::new(2).await;
    let files = "kind = \"ndjson\"\npattern = '^cdr.*txt$'\ndone_marker_only = true\npoll_seconds = 1\n";
    let collector = Collector::with_files(&world, "sbc", files).await;
    let lines = calls("big", RECORDS);
    collector.leave("cdr_1.txt", &lines);
    let process = collector.start(&world, &world.kafka).await;
    let newest = async || imports::list(&world.store, &Filter::default(), 1).await.unwrap().pop();
    until("a part of the file is sent", async || newest().await.is_some_and(|import| import.records_sent > 0)).await;
    process.kill();
    let half = newest().await.unwrap();
    assert_eq!(half.state, "sending", "{} of {RECORDS} were sent", half.records_sent);
    let away = collector.files().join("away");
    std::fs::rename(collector.files().join("cdr_1.txt"), &away).unwrap();
    std::fs::remove_file(collector.files().join("cdr_1.txt.done")).unwrap();
    let process = collector.start(&world, &world.kafka).await;
    until("it is told", async || open_alarms(&world).await == [format!("vanished {}", half.id)]).await;
    std::fs::rename(&away, collector.files().join("cdr_1b.txt")).unwrap();
    std::fs::write(collector.files().join("cdr_1b.txt.done"), "").unwrap();
    collector.until_in("done", "cdr_1b.txt").await;
    until("the alarm is cleared", async || open_alarms(&world).await.is_empty()).await;
    let whole = newest().await.unwrap();
    assert_eq!((whole.id, whole.records_sent, &*whole.file_name), (half.id, RECORDS as i64, "cdr_1b.txt"));

    let grows = |name: &str| {
        let path = collector.files().join("done").join(name);
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{}\n").unwrap();
    };
    grows("cdr_1b.txt");
    until("growth is told", async || open_alarms(&world).await == [format!("grown {}", half.id)]).await;
    collector.leave("cdr_2.txt", &calls("two", 1));
    collector.until_in("done", "cdr_2.txt").await;
    process.kill();
    // While nobody looks.
    grows("cdr_2.txt");
    let process = collector.start(&world, &world.kafka).await;
    let both = [half.id, newest().await.unwrap().id].map(|id| format!("grown {id}"));
    until("growth is told after a start", async || open_alarms(&world).await == both).await;
    process.kill();
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls").await, RECORDS as i64 + 1);
    world.drop().await;
}

fn numbered(number: i64, content: u8) -> FoundFile {
    FoundFile {
        source: "sbc".into(),
        file_name: format!("cdr_{number}.txt"),
        size_bytes: 1_000,
        sha256: [content; 32],
        modified_at: None,
        sequence: Some(number),
        cluster: "test".into(),
        topic: "t".into(),
        records: 3,
        rejected: 0,
        counted: None,
        trailer: Trailer::default(),
    }
}

async fn comes(world: &World, number: i64, content: u8, numbering: Numbering) -> i64 {
    let found = imports::register(&world.store, &numbered(number, content), numbering, Utc::now()).await.unwrap();
    let Registered::New { id } = found else { panic!("{found:?}") };
    imports::finish(&world.store, id, 1_000, 3, Utc::now()).await.unwrap();
    id
}

/// After which files which numbers are missed. One odd number ends nothing, and what was acknowledged is told again when it is missed again.
#[tokio::test(flavor = "multi_thread")]
async fn missing_numbers_are_told_whatever_comes_between() {
    let world = World::new(1).await;
    let growing = Numbering::default();
    for (content, (number, open)) in [
        (1, &[][..]),
        (2, &[]),
        (5, &["gap 3", "gap 4"]),
        // A number of another kind, by mistake.
        (20_261_122, &["gap 3", "gap 4", "gap 6..20261121"]),
        (6, &["gap 3", "gap 4"]),
        (8, &["gap 3", "gap 4", "gap 7"]),
        (3, &["gap 4", "gap 7"]),
        // The switch begins elsewhere.
        (50_000, &["gap 4", "gap 7", "gap 9..49999"]),
        (50_002, &["gap 4", "gap 50001", "gap 7", "gap 9..49999"]),
        (50_003, &["gap 4", "gap 50001", "gap 7", "gap 9..49999"]),
        // Late ones of the long gap are no new beginning.
        (9, &["gap 4", "gap 50001", "gap 7", "gap 9..49999"]),
        (10, &["gap 4", "gap 50001", "gap 7", "gap 9..49999"]),
        (50_005, &["gap 4", "gap 50001", "gap 50004", "gap 7", "gap 9..49999"]),
    ]
    .into_iter()
    .enumerate()
    {
        comes(&world, number, content as u8, growing).await;
        assert_eq!(open_alarms(&world).await, open, "after {number}");
    }
    world.drop().await;

    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let round = Numbering { wrap: Some((1, 5)) };
    for (content, (number, open)) in [
        (1, &[][..]),
        (3, &["gap 2"]),
        (4, &[]),
        (5, &[]),
        (1, &[]),
        (3, &["gap 2"]),
        // Four of five are missing.
        (2, &[]),
        (1, &["gap 4", "gap 5"]),
        (5, &["gap 4"]),
        (2, &["gap 4"]),
        (3, &["gap 4"]),
        (4, &[]),
    ]
    .into_iter()
    .enumerate()
    {
        comes(&world, number, content as u8, round).await;
        assert_eq!(open_alarms(&world).await, open, "file {content}, number {number}");
        if content == 1 {
            let all = api.get("/v1/ingest-alarms", "support").await.body;
            let path = format!("/v1/ingest-alarms/{}/acknowledge", all["items"][0]["id"]);
            let reason = json!({"reason": "it is lost"});
            assert_eq!(api.ask("POST", &path, "support", &[], Some(reason)).await.status, 200);
        }
    }
    world.drop().await;
}

/// A switch that begins anew at 1, and nobody told: what came in the former round is missing all the same.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_begin_anew_by_themselves_are_missed_in_their_round() {
    let world = World::new(1).await;
    for (content, (number, open)) in [
        (1, &[][..]),
        (2, &[]),
        (3, &[]),
        (4, &[]),
        (6, &["gap 5"]),
        (7, &["gap 5"]),
        (1, &["gap 5"]),
        (4, &["gap 2", "gap 3", "gap 5"]),
        (2, &["gap 3", "gap 5"]),
        (7, &["gap 3", "gap 5", "gap 6"]),
        (6, &["gap 3", "gap 5"]),
        (8, &["gap 3", "gap 5"]),
    ]
    .into_iter()
    .enumerate()
    {
        comes(&world, number, content as u8, Numbering::default()).await;
        assert_eq!(open_alarms(&world).await, open, "file {content}, number {number}");
    }
    world.drop().await;
}

/// A file that comes again after its import was taken back waits for that, and tells so; its number begins nothing anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_again_waits_for_the_roll_back_and_moves_no_number() {
    let world = World::new(1).await;
    let mut imports = Vec::new();
    for number in 1..=6 {
        imports.push(comes(&world, number, number as u8, Numbering::default()).await);
    }
    let api = Api::serve(&world, Utc::now()).await;
    let held = async |number: i64| {
        let file = numbered(number, number as u8);
        match imports::register(&world.store, &file, Numbering::default(), Utc::now()).await.unwrap() {
            Registered::Waiting { .. } => true,
            Registered::New { id } => {
                imports::finish(&world.store, id, 1_000, 3, Utc::now()).await.unwrap();
                false
            }
            other => panic!("{other:?}"),
        }
    };
    for number in [2, 3] {
        let (status, text) = roll_back(&api, imports[number as usize - 1]).await;
        assert_eq!(status, 200, "{text}");
        work(&world).await;
        assert!(held(number).await, "the roll-back was only shown");
        assert_eq!(open_alarms(&world).await, [format!("held cdr_{number}.txt")]);
        let job = serde_json::from_str::<serde_json::Value>(&text).unwrap()["job"].as_i64().unwrap();
        let execute = format!("/v1/rework/{job}/execute");
        assert_eq!(api.ask("POST", &execute, "admin", &[], Some(json!({"reason": "as shown"}))).await.status, 200);
        work(&world).await;
        assert!(!held(number).await, "it was carried out");
        assert_eq!(open_alarms(&world).await, Vec::<String>::new());
    }
    comes(&world, 7, 7, Numbering::default()).await;
    assert_eq!(open_alarms(&world).await, Vec::<String>::new());
    comes(&world, 9, 9, Numbering::default()).await;
    assert_eq!(open_alarms(&world).await, ["gap 8"]);
    world.drop().await;
}

/// A switch stalls in the middle of a line: half a line is no record, however long nothing changes.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_line_waits_for_the_rest_of_it() {
    let world = World::new(1).await;
    let files = "kind = \"ndjson\"\npattern = '^cdr.*txt$'\nsettle_seconds = 1\npoll_seconds = 1\n";
    let collector = Collector::with_files(&world, "sbc", files).await;
    let lines = calls("torn", 3).join("\n");
    let (whole, half) = (collector.files().join("cdr_1.txt"), lines.len() - 20);
    std::fs::write(&whole, &lines[..half]).unwrap();
    let process = collector.start(&world, &world.kafka).await;
    until("it is told", async || open_alarms(&world).await == ["unended cdr_1.txt"]).await;
    process.kill();
    std::fs::write(&whole, lines.clone() + "\n").unwrap();
    // Another never gets an end; the marker says that it is whole.
    std::fs::write(collector.files().join("cdr_2.txt"), calls("open", 2).join("\n")).unwrap();
    let process = collector.start(&world, &world.kafka).await;
    collector.until_in("done", "cdr_1.txt").await;
    until("the other is told", async || open_alarms(&world).await == ["unended cdr_2.txt"]).await;
    std::fs::write(collector.files().join("cdr_2.txt.done"), "").unwrap();
    collector.until_in("done", "cdr_2.txt").await;
    until("both alarms are cleared", async || open_alarms(&world).await.is_empty()).await;
    process.kill();
    world.ingest().await.unwrap();
    assert_eq!(world.count("count() FROM suspended").await, 0);
    assert_eq!(world.count("sum(calls) FROM calls").await, 5);
    world.drop().await;
}

/// What cannot be sent of a file is told when the position passes it: a crash before the end of the file loses nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn rejected_records_are_told_as_they_are_passed() {
    let world = World::new(1).await;
    let store = &world.store;
    let found = imports::register(store, &numbered(1, 1), Numbering::default(), Utc::now()).await.unwrap();
    let Registered::New { id } = found else { panic!("{found:?}") };
    let far = |position_bytes: i64, rejected: &[i64]| Advanced {
        position_bytes,
        records_sent: 0,
        places: Vec::new(),
        rejected: rejected
            .iter()
            .map(|at| Rejected { position_bytes: *at, reason: "longer than 9 bytes".into() })
            .collect(),
    };
    assert!(imports::advance(store, id, &far(100, &[40]), Utc::now()).await.unwrap());
    assert_eq!(open_alarms(&world).await, [format!("rejected {id}")]);
    let api = Api::serve(&world, Utc::now()).await;
    let alarm = api.get("/v1/ingest-alarms", "support").await.body["items"][0].clone();
    let path = format!("/v1/ingest-alarms/{}/acknowledge", alarm["id"]);
    assert_eq!(api.ask("POST", &path, "support", &[], Some(json!({"reason": "seen"}))).await.status, 200);
    // The same portion again, after a crash: nothing new. Then one more: who acknowledged the first has not seen it.
    imports::advance(store, id, &far(100, &[40]), Utc::now()).await.unwrap();
    assert_eq!(open_alarms(&world).await, Vec::<String>::new());
    imports::advance(store, id, &far(200, &[140]), Utc::now()).await.unwrap();
    let filter = ingest_alarms::Filter { open: true, ..ingest_alarms::Filter::default() };
    let told = ingest_alarms::list(store, &filter, 10).await.unwrap().pop().unwrap().what;
    assert!(told.contains("byte 40: longer than 9 bytes; byte 140: longer"), "{told}");
    assert_eq!(imports::one(store, id).await.unwrap().unwrap().records_rejected, 2);
    world.drop().await;
}
