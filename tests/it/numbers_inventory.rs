//! Numbers of our capacity: found, changed, withdrawn and brought back; classes and regions; files of ranges.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use admin_api::{AppState, run_job};
use billing::numbers::rules::{NonTargetClass, class, rests_until};
use billing::numbers::{Offer, Sale, mark_collected};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

/// A world with its API and a clock.
struct Desk {
    world: World,
    api: Api,
    state: AppState,
    clock: Arc<SetClock>,
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

/// The first field to blame.
fn blamed(answer: &Answer) -> &str {
    answer.body["errors"][0]["pointer"].as_str().unwrap_or_default()
}

impl Desk {
    /// With numbers more than the small operator has.
    async fn open(now: &str, dids: &str) -> Self {
        let append = |directory: &Path| {
            let mut file = std::fs::OpenOptions::new().append(true).open(directory.join("dids.csv")).unwrap();
            file.write_all(dids.as_bytes()).unwrap();
        };
        let world = World::with_operator(1, append).await;
        let clock = SetClock::at(at(now));
        let state = Api::state(&world, clock.clone()).await;
        let api = Api::serve_state(state.clone()).await;
        Self { world, api, state, clock }
    }

    async fn ask(&self, method: &str, path: &str, role: &str, mut body: Value) -> Answer {
        body["reason"] = json!("test");
        self.api.ask(method, path, role, &[("Accept-Language", "en")], Some(body)).await
    }

    /// The same where it succeeds.
    async fn done(&self, method: &str, path: &str, role: &str, body: Value) -> Value {
        let answer = self.ask(method, path, role, body).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
        answer.body
    }

    async fn rows(&self, path: &str) -> Vec<Value> {
        let answer = self.api.get(path, "admin").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body["items"].as_array().unwrap().clone()
    }

    /// The row of a number in the list.
    async fn did(&self, number: &str) -> Value {
        self.rows(&format!("/v1/dids?number={number}")).await.remove(0)
    }

    async fn import(&self, file: &str) -> Answer {
        let headers = [("Content-Type", "text/csv"), ("Accept-Language", "en")];
        self.api.send("POST", "/v1/dids/imports?file=numbers.csv", "admin", &headers, file.as_bytes()).await
    }

    /// A draft of a file, and what it would do: numbers new, come back, changed, the same.
    async fn draft(&self, file: &str) -> (i64, [i64; 4]) {
        let answer = self.import(file).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let count = |name: &str| answer.body["summary"][name].as_i64().unwrap();
        (answer.body["id"].as_i64().unwrap(), ["new", "returned", "changed", "same"].map(count))
    }

    async fn step(&self, import: i64, step: &str) -> Answer {
        self.ask("POST", &format!("/v1/dids/imports/{import}/{step}"), "admin", json!({})).await
    }

    async fn applied(&self, file: &str) -> i64 {
        let (import, _) = self.draft(file).await;
        let answer = self.step(import, "apply").await;
        assert_eq!((answer.status, &answer.body["state"]), (200, &json!("applied")), "{}", answer.body);
        import
    }

    async fn sql(&self, statements: &str) {
        self.world.store.run_past_the_rooms(statements).await.unwrap();
    }
}

/// M2, A33: as staff write it, to the client who has it; what is not ours is told as that, with its range.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_found_as_staff_write_it() {
    let desk = Desk::open("2026-07-01T10:00:00Z", "74952000200,in_work,a1,,\n").await;
    for written in ["8(495)%20200-0-200", "%2B7%20495%202000200", "74952000200"] {
        let row = desk.did(written).await;
        let shown = (&row["number"], &row["account"], &row["client"], &row["status"]);
        assert_eq!(shown, (&json!("74952000200"), &json!("a1"), &json!("c1"), &json!("in_work")));
    }
    let nobodys = desk.did("74950000008").await;
    assert_eq!(
        (&nobodys["account"], &nobodys["client"], &nobodys["offer"]),
        (&json!(null), &json!(null), &json!("no_data"))
    );

    for path in ["/v1/dids?number=8(495)9999999", "/v1/dids/74959999999", "/v1/dids/74959999999/history"] {
        let headers = [("Accept-Language", "en")];
        let answer = desk.api.ask("GET", path, "support", &headers, None).await;
        assert_eq!(said(&answer), (404, "not_ours"), "{path}");
        assert!(answer.body["detail"].as_str().unwrap().contains("Moscow (RU)"), "{}", answer.body);
    }
    // Without an exact number nothing found is nothing found; what is no number is a field to mend.
    assert!(desk.rows("/v1/dids?region=nowhere").await.is_empty());
    let no_number = desk.api.get("/v1/dids?number=12", "support").await;
    assert_eq!((said(&no_number), blamed(&no_number)), ((422, "validation"), "/number"));
    desk.world.drop().await;
}

/// M12, A33: out of the capacity and back, with all who had it.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_withdrawn_and_comes_back_without_data() {
    let desk = Desk::open("2026-07-01T10:00:00Z", "").await;
    let path = "/v1/dids/74950000002";
    // A subscriber has it: he is closed first.
    desk.sql(
        "INSERT INTO product_instance (account_id, product_id, status, activated_at, created_at, created_by)
             SELECT a.id, p.id, 'in_work', now(), now(), 'test' FROM account a, product p WHERE a.code = 'a2' AND p.code = 'telephony';
         INSERT INTO subscriber (instance_id, did_id, status, created_at, created_by, reserved_from, activated_at)
             SELECT i.id, d.id, 'in_work', now(), 'test', '2026-07-01', now() FROM product_instance i, did d WHERE d.number = '74950000002'",
    )
    .await;
    let withdraw = format!("{path}/withdraw");
    assert_eq!(said(&desk.ask("POST", &withdraw, "assistants", json!({})).await), (403, "forbidden"));
    assert_eq!(said(&desk.ask("POST", &withdraw, "admin", json!({})).await), (409, "has_active_services"));
    desk.sql(
        "UPDATE subscriber SET status = 'closed', closed_at = now(), closed_by = 'test', closed_for = 'withdrawn'",
    )
    .await;
    assert_eq!(said(&desk.api.ask("POST", &withdraw, "admin", &[], Some(json!({}))).await), (422, "reason_required"));
    desk.done("POST", &withdraw, "admin", json!({})).await;
    assert_eq!(said(&desk.ask("POST", &withdraw, "admin", json!({})).await), (409, "invalid_transition"));
    let gone = desk.did("74950000002").await;
    assert_eq!((&gone["status"], &gone["account"], &gone["offer"]), (&json!("withdrawn"), &json!(null), &json!(null)));
    assert_eq!(said(&desk.ask("PUT", path, "admin", json!({"sale": "no"})).await), (404, "not_ours"));

    desk.clock.set(at("2026-07-02T10:00:00Z"));
    let restore = format!("{path}/restore");
    desk.done("POST", &restore, "admin", json!({})).await;
    assert_eq!(said(&desk.ask("POST", &restore, "admin", json!({})).await), (409, "invalid_transition"));
    let back = desk.did("74950000002").await;
    let shown = (&back["status"], &back["added_at"], &back["offer"]);
    assert_eq!(shown, (&json!("free"), &json!("2026-07-02T10:00:00Z"), &json!("no_data")));

    // Back to the first holder, a page of one row at a time.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = desk.api.get(&format!("{path}/history?limit=1&cursor={cursor}"), "support").await;
        assert_eq!(page.status, 200, "{}", page.body);
        seen.extend(page.body["items"].as_array().unwrap().clone());
        match page.body["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let shown: Vec<_> =
        seen.iter().map(|row| (&row["status"], &row["account"], &row["client"], &row["author"])).collect();
    let (none, admin, load) = (json!(null), json!("admin"), json!("load"));
    assert_eq!(
        shown,
        [
            (&json!("free"), &none, &none, &admin),
            (&json!("withdrawn"), &none, &none, &admin),
            (&json!("in_work"), &json!("a2"), &json!("c2"), &load),
        ]
    );
    assert_eq!((&seen[0]["to"], &seen[1]["to"], &seen[2]["from"]), (&none, &json!("2026-07-02T10:00:00Z"), &none));
    desk.world.drop().await;
}

/// M16: what is said of a number, by whom, and what is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_changed_field_by_field() {
    let desk = Desk::open("2026-07-01T10:00:00Z", "").await;
    desk.done("POST", "/v1/number-regions", "admin", json!({"code": "moscow", "name": "Москва"})).await;
    let path = "/v1/dids/74950000008";
    let changed = desk
        .done(
            "PUT",
            path,
            "assistants",
            json!({"region": "moscow", "provider": "mts", "price": "15000.00", "sale": "no"}),
        )
        .await;
    let shown =
        (&changed["region"], &changed["provider"], &changed["price"], &changed["sale"], &changed["sale_reason"]);
    assert_eq!(shown, (&json!("moscow"), &json!("mts"), &json!("15000"), &json!("no"), &json!("test")));
    let row = desk.did("74950000008").await;
    let shown = (&row["region_name"], &row["price"], &row["offer"]);
    assert_eq!(shown, (&json!("Москва"), &json!("15000"), &json!("no")), "{row}");
    for (query, rows) in [
        ("sale=no&region=moscow&own=false&mobile=false", 1),
        ("offer=no", 1),
        ("offer=no_calls,ignore,forced&region=moscow", 0),
        ("region=moscow&own=true", 0),
        ("mobile=true", 0),
    ] {
        assert_eq!(desk.rows(&format!("/v1/dids?{query}")).await.len(), rows, "{query}");
    }

    for (role, body, expected, pointer) in [
        ("support", json!({"sale": "yes"}), (403, "forbidden"), ""),
        // M19: no way round the quarantine without the right to skip it.
        ("assistants", json!({"place": "agent"}), (403, "forbidden"), ""),
        ("head", json!({"kind": "fmtn"}), (403, "forbidden"), ""),
        ("admin", json!({"sale": "forced"}), (422, "validation"), "/sale"),
        ("admin", json!({"sale": "perhaps"}), (422, "validation"), "/sale"),
        ("admin", json!({"region": "nowhere"}), (422, "validation"), "/region"),
        ("admin", json!({"provider": "nobody"}), (422, "validation"), "/provider"),
        ("admin", json!({"class": "wooden"}), (422, "validation"), "/class"),
        ("admin", json!({"kind": "mobile"}), (422, "validation"), "/kind"),
        ("admin", json!({"price": "-1"}), (422, "validation"), "/price"),
        ("admin", json!({"price": "1.005"}), (422, "validation"), "/price"),
        ("admin", json!({"colour": "red"}), (422, "validation"), "/colour"),
    ] {
        let answer = desk.ask("PUT", path, role, body.clone()).await;
        assert_eq!((said(&answer), blamed(&answer)), (expected, pointer), "{body}: {}", answer.body);
    }
    let body = Some(json!({"sale": "yes", "reason": "x"}));
    let stale = desk.api.ask("PUT", path, "admin", &[("If-Match", "\"1\"")], body.clone()).await;
    assert_eq!(said(&stale), (412, "stale"));
    let tag = format!("\"{}\"", changed["revision"]);
    assert_eq!(desk.api.ask("PUT", path, "admin", &[("If-Match", &tag)], body).await.status, 200);

    // Either word ends a forcing.
    desk.sql("UPDATE did SET sale = 'forced', forced_at = now() WHERE number = '74950000008'").await;
    assert_eq!(desk.did("74950000008").await["offer"], "forced");
    desk.done("PUT", path, "admin", json!({"price": null})).await;
    assert_eq!(desk.did("74950000008").await["sale"], "forced", "what is not said stays");
    desk.done("PUT", path, "admin", json!({"sale": "yes"})).await;
    assert_eq!(desk.did("74950000008").await["offer"], "no_data");

    // A closed region keeps its numbers and takes no more.
    desk.done("PUT", "/v1/number-regions/moscow", "admin", json!({"closed": true})).await;
    desk.done("PUT", path, "admin", json!({"region": "moscow", "place": "agent"})).await;
    assert_eq!(desk.did("74950000008").await["offer"], "ignore", "agents' numbers are not judged by calls");
    let refused = desk.ask("PUT", "/v1/dids/74950000009", "admin", json!({"region": "moscow"})).await;
    assert_eq!((said(&refused), blamed(&refused)), ((422, "validation"), "/region"));
    let taken = desk.ask("POST", "/v1/number-regions", "admin", json!({"code": "moscow", "name": "М"})).await;
    assert_eq!(said(&taken), (409, "already_exists"));

    // A new place of service of a number in work begins a period of the same account.
    desk.done("PUT", "/v1/dids/74950000001", "admin", json!({"place": "Kazan"})).await;
    let history = desk.rows("/v1/dids/74950000001/history").await;
    let shown: Vec<_> = history.iter().map(|row| (&row["place"], &row["account"], &row["status"])).collect();
    let (in_work, a1) = (json!("in_work"), json!("a1"));
    assert_eq!(shown, [(&json!("Kazan"), &a1, &in_work), (&json!(null), &a1, &in_work)]);
    desk.world.drop().await;
}

/// Classes of beautiful numbers: the first that fits counts, numbers follow their rules, a class that somebody chose stays.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_follow_the_rules_of_their_classes() {
    let desk = Desk::open("2026-07-01T10:00:00Z", "").await;
    let follow = async |date: &str| {
        run_job(&desk.state, "number_classes", day(date)).await.unwrap();
    };
    let classes = async || -> Vec<(String, String)> {
        let rows = desk.rows("/v1/dids").await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        rows.iter().map(|row| (text(&row["number"]), text(&row["class"]))).collect()
    };
    let class_of = |classes: &[(String, String)], number: &str| {
        classes.iter().find(|(own, _)| own == number).map(|(_, class)| class.clone()).unwrap()
    };
    follow("2026-07-01").await;
    // 0000001: six noughts in a row. 5550001: nothing.
    let first = classes().await;
    assert_eq!((class_of(&first, "74950000001").as_str(), class_of(&first, "78005550001").as_str()), ("platinum", ""));

    let mine = desk.done("PUT", "/v1/dids/74950000008", "admin", json!({"class": "silver"})).await;
    assert_eq!((&mine["class"], &mine["class_by_hand"]), (&json!("silver"), &json!(true)));
    desk.done("PUT", "/v1/number-classes/platinum", "admin", json!({"rules": ["0000002"], "price": "50000"})).await;
    follow("2026-07-02").await;
    // Not six noughts any more, but two digits only.
    let now = classes().await;
    let shown = ["74950000001", "74950000002", "74950000008"].map(|number| class_of(&now, number));
    assert_eq!(shown, ["gold", "platinum", "silver"]);
    assert_eq!(desk.did("74950000002").await["price"], "50000", "the price of its class");
    let by_rules = desk.done("PUT", "/v1/dids/74950000008", "admin", json!({"class": null})).await;
    assert_eq!((&by_rules["class"], &by_rules["class_by_hand"]), (&json!("gold"), &json!(false)));
    assert_eq!(desk.rows("/v1/dids?class=platinum").await.len(), 1);

    // Places.
    let codes = async || -> Vec<String> {
        let rows = desk.rows("/v1/number-classes").await;
        rows.iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect()
    };
    let diamond = json!({"code": "diamond", "name": "Бриллиантовый", "place": 1, "rules": ["repeat:7"]});
    desk.done("POST", "/v1/number-classes", "admin", diamond.clone()).await;
    assert_eq!(codes().await, ["diamond", "platinum", "gold", "silver", "bronze"]);
    desk.done("PUT", "/v1/number-classes/diamond", "admin", json!({"place": 3})).await;
    assert_eq!(codes().await, ["platinum", "gold", "diamond", "silver", "bronze"]);
    desk.done("PUT", "/v1/number-classes/diamond", "admin", json!({"place": 2})).await;
    assert_eq!(codes().await, ["platinum", "diamond", "gold", "silver", "bronze"]);
    // A closed class gives its numbers to the next one that fits, here to none but gold.
    desk.done("PUT", "/v1/number-classes/platinum", "admin", json!({"closed": true})).await;
    follow("2026-07-03").await;
    assert_eq!(class_of(&classes().await, "74950000002"), "gold");

    for (method, path, body, expected, pointer) in [
        ("POST", "/v1/number-classes", diamond, (409, "already_exists"), "/code"),
        (
            "POST",
            "/v1/number-classes",
            json!({"code": "x", "name": "X", "rules": ["AABB", "stairs:4"]}),
            (422, "validation"),
            "/rules/1",
        ),
        ("POST", "/v1/number-classes", json!({"code": "x", "name": "X", "rules": []}), (422, "validation"), "/rules"),
        (
            "POST",
            "/v1/number-classes",
            json!({"code": "X", "name": "X", "rules": ["AABB"]}),
            (422, "validation"),
            "/code",
        ),
        ("PUT", "/v1/number-classes/gold", json!({"place": 9}), (422, "validation"), "/place"),
        ("PUT", "/v1/number-classes/gold", json!({"rules": ["AA#"]}), (422, "validation"), "/rules/0"),
        ("PUT", "/v1/number-classes/gold", json!({"currency": "XXX"}), (422, "validation"), "/currency"),
        ("PUT", "/v1/number-classes/gold", json!({"price": "-5"}), (422, "validation"), "/price"),
        ("PUT", "/v1/number-classes/wooden", json!({"name": "W"}), (404, "not_found"), ""),
    ] {
        let answer = desk.ask(method, path, "admin", body).await;
        assert_eq!((said(&answer), blamed(&answer)), (expected, pointer), "{}", answer.body);
    }
    let told = desk.ask("PUT", "/v1/number-classes/gold", "admin", json!({"rules": ["AA#"]})).await;
    assert!(told.body["errors"][0]["detail"].as_str().unwrap().contains("`#` at place 3"), "{}", told.body);
    assert_eq!(
        said(&desk.ask("PUT", "/v1/number-classes/gold", "head", json!({"price": "1"})).await),
        (403, "forbidden")
    );
    desk.world.drop().await;
}

/// A file is refused with all its faults, or compared, looked at, applied; M23: what it adds begins without data.
#[tokio::test(flavor = "multi_thread")]
async fn ranges_come_in_by_a_file() {
    let desk = Desk::open("2026-09-01T10:00:00Z", "").await;
    desk.done("POST", "/v1/number-regions", "admin", json!({"code": "moscow", "name": "Москва"})).await;
    let faulty =
        "от;до;провайдер;регион;цена\n74957770000;74957770099;mts;Москва;дорого\n74957770050;74957770150;mtt;;\n";
    let refused = desk.import(faulty).await;
    assert_eq!(said(&refused), (422, "import_faults"), "{}", refused.body);
    let pointers: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/rows/2/price", "/rows/3/provider"]);
    assert_eq!(
        (said(&desk.import("a;b\n1;2\n").await), said(&desk.import("").await)),
        ((422, "import_faults"), (422, "import_faults"))
    );
    assert!(desk.rows("/v1/dids/imports").await.is_empty());

    // 7770000 to 7770099. Two digits only: 00, 07, 70, 77 at the end. Three pairs: 11, 22, 33, 44, 55, 66, 88, 99.
    let file = "от;до;провайдер;регион;цена\n74957770000;74957770099;mts;Москва;1 000,50\n";
    let staged = desk.import(file).await;
    assert_eq!(staged.status, 201, "{}", staged.body);
    let summary = &staged.body["summary"];
    assert_eq!((&summary["new"], &summary["classes"]), (&json!(100), &json!({"gold": 4, "silver": 8})), "{summary}");
    let import = staged.body["id"].as_i64().unwrap();
    let rows = desk.rows(&format!("/v1/did-import-rows?import={import}")).await;
    assert_eq!(
        (&rows[0]["first"], &rows[0]["numbers"], &rows[0]["says"]),
        (&json!("74957770000"), &json!(100), &json!(["provider", "region", "price"]))
    );
    assert_eq!(
        said(&desk.api.get("/v1/dids?number=74957770000", "admin").await),
        (404, "not_ours"),
        "a draft changes nothing"
    );
    assert_eq!(
        said(&desk.ask("POST", &format!("/v1/dids/imports/{import}/apply"), "head", json!({})).await),
        (403, "forbidden")
    );

    let applied = desk.step(import, "apply").await;
    assert_eq!(
        (applied.status, &applied.body["state"], &applied.body["summary"]["new"]),
        (200, &json!("applied"), &json!(100)),
        "{}",
        applied.body
    );
    assert_eq!(said(&desk.step(import, "apply").await), (409, "invalid_transition"));
    let again = desk.import(file).await;
    assert_eq!(said(&again), (409, "already_imported"));
    assert!(again.body["detail"].as_str().unwrap().contains(&format!("Import {import} ")), "{}", again.body);
    let row = desk.did("74957770007").await;
    let shown = (
        &row["status"],
        &row["provider"],
        &row["region"],
        &row["class"],
        &row["price"],
        &row["sale"],
        &row["added_at"],
    );
    assert_eq!(
        shown,
        (
            &json!("free"),
            &json!("mts"),
            &json!("moscow"),
            &json!("gold"),
            &json!("1000.5"),
            &json!("yes"),
            &json!("2026-09-01T10:00:00Z")
        )
    );
    assert_eq!(desk.rows("/v1/dids?region=moscow&class=silver&offer=no_data").await.len(), 8);
    let history = desk.rows("/v1/dids/74957770007/history").await;
    assert_eq!(
        (history.len(), &history[0]["from"], &history[0]["author"]),
        (1, &json!("2026-09-01T10:00:00Z"), &json!("admin"))
    );

    // M23: S = 2 September, Q = 30: not yet on 1 October (29 days), for sale on 2 October (30 days) as long as nobody has called.
    let days: Vec<_> = day("2026-09-01").iter_days().take_while(|day| *day <= self::day("2026-10-02")).collect();
    mark_collected(&desk.world.store, &days, at("2026-10-03T00:00:00Z")).await.unwrap();
    let green = "/v1/dids?number=74957770005&status=free&offer=no_calls,ignore,forced";
    for (now, rows) in [("2026-09-05", 0), ("2026-10-01", 0), ("2026-10-02", 1)] {
        desk.clock.set(at(&format!("{now}T10:00:00Z")));
        assert_eq!(desk.rows(green).await.len(), rows, "{now}");
    }
    desk.sql("INSERT INTO non_target_last (did_number, day) VALUES ('74957770005', '2026-09-20')").await;
    assert!(desk.rows(green).await.is_empty());
    assert_eq!(desk.did("74957770005").await["offer"], "has_calls");
    desk.world.drop().await;
}

/// What a file changes of numbers that are there, what it leaves, what was before, and what makes its preview out of date.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_changes_numbers_that_are_there() {
    let desk = Desk::open("2026-07-01T10:00:00Z", "").await;
    desk.applied("номер;цена\n74957770000;1000\n74957770001;1000\n74957770002;1000\n74957770003;1000\n").await;
    desk.clock.set(at("2026-07-02T10:00:00Z"));
    // An empty cell says nothing, a dash empties. A number that is forced is for sale already.
    desk.sql("UPDATE did SET sale = 'forced', forced_at = now() WHERE number = '74957770001'").await;
    let file = "номер;место;цена;доступен для продажи\n74957770000;Kazan;-;\n74950000001;Kazan;;\n74957770001;;;да\n";
    let (import, counts) = desk.draft(file).await;
    assert_eq!(counts, [0, 0, 2, 1]);
    assert_eq!(desk.step(import, "apply").await.status, 200);
    let row = desk.did("74957770000").await;
    assert_eq!((&row["place"], &row["sale"]), (&json!("Kazan"), &json!("yes")));
    // Its own price is gone; gold has none by itself.
    assert_eq!((&row["class"], &row["price"]), (&json!("gold"), &json!(null)));
    assert_eq!(desk.did("74957770001").await["sale"], "forced");
    let before = desk.rows("/v1/did-import-changes?number=74957770000").await;
    assert_eq!(
        (before.len(), &before[0]["import"], &before[0]["place_before"], &before[0]["price_before"], &before[0]["by"]),
        (1, &json!(import), &json!(null), &json!("1000"), &json!("admin"))
    );
    let history = desk.rows("/v1/dids/74950000001/history").await;
    let shown: Vec<_> = history.iter().map(|row| (&row["place"], &row["account"], &row["from"])).collect();
    let (a1, from) = (json!("a1"), json!("2026-07-02T10:00:00Z"));
    assert_eq!(shown, [(&json!("Kazan"), &a1, &from), (&json!(null), &a1, &json!(null))]);

    // Somebody changes a number of the file in between; another number does not matter.
    let (draft, _) = desk.draft("номер;цена\n74957770002;2000\n").await;
    desk.done("PUT", "/v1/dids/74957770003", "admin", json!({"price": "3000"})).await;
    let (other, _) = desk.draft("номер;цена\n74957770003;1000\n").await;
    desk.done("PUT", "/v1/dids/74957770003", "admin", json!({"price": "4000"})).await;
    assert_eq!(said(&desk.step(other, "apply").await), (409, "stale_preview"));
    assert_eq!(desk.step(draft, "apply").await.status, 200);
    assert_eq!(
        (&desk.did("74957770002").await["price"], &desk.did("74957770003").await["price"]),
        (&json!("2000"), &json!("4000"))
    );
    assert_eq!(desk.step(other, "discard").await.status, 200);
    assert_eq!(said(&desk.step(other, "apply").await), (409, "invalid_transition"));
    assert_eq!(said(&desk.step(999, "apply").await), (404, "not_found"));
    assert_eq!(desk.api.get(&format!("/v1/dids/imports/{other}"), "admin").await.body["state"], "discarded");
    // The rules of classes are part of what was compared.
    let (draft, _) = desk.draft("номер\n74957779999\n").await;
    desk.done("PUT", "/v1/number-classes/gold", "admin", json!({"rules": ["digits:2"]})).await;
    assert_eq!(said(&desk.step(draft, "apply").await), (409, "stale_preview"));

    // What was withdrawn comes back as a new number does (M23), with what the file says of it.
    desk.done("POST", "/v1/dids/74957770002/withdraw", "admin", json!({})).await;
    desk.clock.set(at("2026-07-03T10:00:00Z"));
    let (import, counts) = desk.draft("номер;вид\n74957770002;fmtn\n").await;
    assert_eq!(counts, [0, 1, 0, 0]);
    assert_eq!(desk.step(import, "apply").await.status, 200);
    let row = desk.did("74957770002").await;
    let shown = (&row["status"], &row["added_at"], &row["kind"], &row["offer"], &row["price"]);
    assert_eq!(
        shown,
        (&json!("free"), &json!("2026-07-03T10:00:00Z"), &json!("fmtn"), &json!("ignore"), &json!("2000"))
    );
    desk.world.drop().await;
}

/// M15, M16, A29, A31: what the list says of a number is what the rules say.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_what_the_rules_say() {
    let desk = Desk::open("2026-06-01T10:00:00Z", "79160000001,archive,,2026-01-01T00:00:00Z,\n").await;
    // The 2nd of July was never collected: of what comes on the 1st the first day is the 3rd.
    let days: Vec<_> = day("2026-06-05").iter_days().take(150).filter(|date| *date != day("2026-07-02")).collect();
    mark_collected(&desk.world.store, &days, at("2026-11-05T00:00:00Z")).await.unwrap();
    desk.sql(
        "UPDATE did SET added_at = '2026-06-01T09:00:00Z';
         UPDATE did SET archived_at = '2026-07-01T09:00:00Z' WHERE number IN ('74950000009', '79160000001');
         UPDATE did SET provider_id = (SELECT id FROM provider WHERE code = 'mts') WHERE number = '74950000009';
         INSERT INTO quarantine_term (kind, provider_id, days, changed_at, changed_by) SELECT 'ordinary', id, 45, now(), 'test' FROM provider WHERE code = 'mts'",
    )
    .await;
    let mut offers = std::collections::BTreeSet::new();
    for (number, event, archived, term) in [
        ("74950000008", "2026-06-01", None, 30),
        ("74950000009", "2026-07-01", Some("2026-07-01"), 45),
        ("79160000001", "2026-07-01", Some("2026-07-01"), 30),
    ] {
        for (sale, is_for_one, place, last_call) in [
            (Sale::Yes, false, None, None),
            (Sale::Yes, false, None, Some("2026-07-20")),
            (Sale::Yes, false, Some("agent"), Some("2026-07-20")),
            (Sale::No, false, None, None),
            (Sale::Forced, false, None, Some("2026-07-20")),
            (Sale::Forced, true, None, Some("2026-07-20")),
        ] {
            let quoted = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| format!("'{text}'"));
            let (client, until) =
                if is_for_one { ("(SELECT min(id) FROM client)", "'2026-12-01'") } else { ("NULL", "NULL") };
            desk.sql(&format!(
                "UPDATE did SET sale = '{}', forced_for = {client}, forced_until = {until}, place = {} WHERE number = '{number}';
                 DELETE FROM non_target_last; INSERT INTO non_target_last (did_number, day) SELECT '{number}', {}::date WHERE {} IS NOT NULL",
                sale.as_str(),
                quoted(place),
                quoted(last_call),
                quoted(last_call)
            ))
            .await;
            for today in [
                "2026-07-02",
                "2026-07-20",
                "2026-08-01",
                "2026-08-02",
                "2026-08-17",
                "2026-08-20",
                "2026-08-30",
                "2026-09-05",
            ] {
                let today = day(today);
                desk.clock.set(today.and_hms_opt(12, 0, 0).unwrap().and_utc());
                let first = days.iter().copied().find(|date| *date > day(event));
                let last = last_call.map(day).filter(|last| *last <= today);
                let judged: NonTargetClass = class(place == Some("agent"), today, first, last, term);
                let rests =
                    rests_until(number.starts_with("79"), archived.map(day), 60).is_some_and(|until| today < until);
                let expected = Offer::of(sale, is_for_one, judged, rests);
                let row = desk.did(number).await;
                assert_eq!(row["offer"], expected.as_str(), "{number} {sale:?} {place:?} {last_call:?} {today}");
                offers.insert(expected);
            }
        }
    }
    // All but `no_data`: of that the first test of this file speaks.
    assert_eq!(offers.len(), Offer::ALL.len() - 1, "{offers:?}");
    desk.world.drop().await;
}
