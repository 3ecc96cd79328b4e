//! "Why this price", and the replay of charges: whatever becomes of the catalogue afterwards.

use std::io::Write;
use std::path::Path;

use cdr_ingest::operator_dir::world_plan;
use cdr_ingest::replay::{Outcome, Scope, read, replay_all};
use chrono::{TimeDelta, Utc};
use rating::replay::Reason;
use serde_json::{Value, json};
use tests::{World, record_ending};

use crate::api::Api;

/// To the small operator: an account in dollars-by-list with a discount and a tax of its own, a provider in euros, prices by place, fees, a group's discount.
fn enlarge(directory: &Path) {
    let append = |file: &str, lines: &str| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(directory.join(file)).unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    };
    append("providers.csv", "mgf,MegaFon,mgf-1\n");
    append("lists.csv", "dollars,retail,,USD\neuros,wholesale,mgf,EUR\n");
    append("plans.csv", "foreign,1,dollars\n");
    append("accounts.csv", "a5,foreign,c5,prepaid,none,,100\n");
    let accounts = std::fs::read_to_string(directory.join("accounts.csv")).unwrap();
    let accounts: Vec<String> = accounts
        .lines()
        .enumerate()
        .map(|(row, line)| match (row, line.starts_with("a5")) {
            (0, _) => format!("{line},currency"),
            (_, true) => format!("{line},RUB"),
            _ => format!("{line},"),
        })
        .collect();
    std::fs::write(directory.join("accounts.csv"), accounts.join("\n") + "\n").unwrap();
    append("dids.csv", "74950000005,in_work,a5,,\n");
    append("discounts.csv", "personal,c5,,12.5,,,,Much\ngroup,,partners,5,7,,,Some\n");
    append("client_taxes.csv", "client,percent,reason\nc5,10,law\n");
    // Three dollars: a price of one that nine decimals do not hold.
    append(
        "exchange_rates.csv",
        "currency,to,rate,quantity,date\nUSD,RUB,274.1,3,2026-01-01\nEUR,RUB,707.77,7,2026-01-01\n",
    );
    let rates = "list,prefix,service,place,volume,from_volume,price,unit,billing,connect_fee,attempt_fee,minimum";
    let small = std::fs::read_to_string(directory.join("rates.csv")).unwrap();
    let mut lines = vec![rates.to_owned()];
    lines.extend(small.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{},{},{},,{},,,", cells[0], cells[1], cells[2], cells[3..].join(","))
    }));
    lines.push("retail,7,internal,,,,0.10,60,1/1,,,".into());
    lines.push("dollars,7,outgoing,,,,0.0123,60,7/3,0.001,0.0005,0.002".into());
    lines.push("dollars,7,outgoing,Kazan,,,0.0456,60,1/1,,,".into());
    lines.push("euros,7,,,,,0.0031,60,1/1,0.0007,,".into());
    std::fs::write(directory.join("rates.csv"), lines.join("\n") + "\n").unwrap();
}

/// Every kind of leg that is charged, by name.
fn kinds() -> Vec<(&'static str, Value)> {
    vec![
        ("plain", json!({})),
        ("on-net", json!({"dst": "74950000002"})),
        ("internal", json!({"account": "a2", "src": "74950000002", "dst": "74950000002"})),
        ("mobile", json!({"dst": "79161234567"})),
        ("group-discount", json!({"src": "74950000002", "dst": "74951112233"})),
        ("attempt", json!({"disposition": "busy", "answer_at": null, "billable_ms": null})),
        (
            "tollfree",
            json!({"src": "79161234567", "dst": "78005550001", "service": "tollfree", "direction": "in", "trunk_in": "mts-1"}),
        ),
        (
            "incoming",
            json!({"src": "79161234567", "dst": "74950000001", "service": "incoming", "direction": "in", "trunk_in": "mts-1"}),
        ),
        ("forwarded", json!({"service": "forwarded", "ext": {"forwarded_from": "74950000001"}})),
        ("own-lock", json!({"dst": "381611234567"})),
        ("our-lock", json!({"dst": "381621234567"})),
        (
            "attempt-under-lock",
            json!({"dst": "381611234567", "disposition": "no_answer", "answer_at": null, "billable_ms": null}),
        ),
        ("emergency", json!({"dst": "112"})),
        ("non-target", json!({"src": "79161234567", "dst": "74950000009", "service": "incoming", "direction": "in"})),
        ("bundle", json!({"src": "74950000004"})),
        ("volume", json!({"src": "74950000004", "dst": "381114112060"})),
        ("message", json!({"src": "74950000004", "service": "message", "billable_ms": null, "quantity": 3})),
        ("dollars", json!({"src": "74950000005", "trunk_out": "mgf-1"})),
        ("place", json!({"src": "74950000005", "trunk_out": "mgf-1", "ext": {"place": "Kazan"}})),
        (
            "dollar-attempt",
            json!({"src": "74950000005", "disposition": "busy", "answer_at": null, "billable_ms": null}),
        ),
    ]
}

/// Legs that one record of each kind makes: the on-net call has two.
const LEGS: usize = 21;

/// Sends `rounds` records of each kind and charges them.
async fn charge(world: &World, name: &str, rounds: i64) {
    let end = Utc::now() - TimeDelta::minutes(1);
    let records = (0..rounds).flat_map(|round| {
        kinds().into_iter().map(move |(kind, change)| {
            let seconds = 7 + round * 53;
            let answer = (end - TimeDelta::seconds(seconds)).to_rfc3339();
            let times = json!({"setup_at": answer, "answer_at": answer, "billable_ms": seconds * 1000});
            let mut record = record_ending(&format!("{name}-{kind}-{round}"), end, times);
            record.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            record
        })
    });
    world.send_many(0, records);
    world.ingest().await.unwrap();
}

async fn replayed(world: &World) -> Outcome {
    let charges = read(&world.clickhouse, &Scope::default()).await.unwrap();
    replay_all(&world.store, charges, &world_plan(), |_| ()).await.unwrap()
}

fn assert_agrees(outcome: &Outcome) {
    let shown: Vec<_> = outcome
        .differing
        .iter()
        .map(|(charge, replayed)| (charge.service, charge.number, &replayed.price, &replayed.differences))
        .collect();
    assert!(shown.is_empty(), "{} of {} differ: {:#?}", shown.len(), outcome.charges, &shown[..shown.len().min(3)]);
}

/// What may happen to a catalogue: prices, layers and bundles of a new version; terms and locks that change without one.
const AFTERWARDS: &str = "
    UPDATE catalogue SET version = version + 1;
    UPDATE price_list SET revision = revision + 1;
    UPDATE rate SET withdrawn_in = (SELECT version FROM catalogue);
    INSERT INTO rate_terms SELECT id + 1000, replace(replace(tiers, '@0', '@5'), '@1.', '@7.'), connect_fee + 1, attempt_fee + 1, free_s, minimum, maximum, rounding, decimals, variants, volume_id FROM rate_terms;
    INSERT INTO rate (list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin, valid_from, valid_to, published_in)
        SELECT list_id, prefix, terms_id + 1000, service, incoming_service, provider_id, place, origin, valid_from, valid_to, withdrawn_in FROM rate;
    UPDATE tariff_layer SET withdrawn_in = (SELECT version FROM catalogue) WHERE list_id = (SELECT id FROM price_list WHERE code = 'special');
    UPDATE counter SET withdrawn_in = (SELECT version FROM catalogue) WHERE code = 'hundred';
    INSERT INTO counter (id, kind, code, period, plan_id, priority, units, keeps, waives_connect_fee, services, destination_group_id, published_in)
        SELECT 100, kind, 'thousand', period, plan_id, priority, 60000, keeps, true, services, destination_group_id, withdrawn_in FROM counter WHERE code = 'hundred';
    DELETE FROM lock_period WHERE lock_id = (SELECT id FROM lock WHERE mask = '38161');
    INSERT INTO lock (id, mask, origin, author, reason) VALUES (1000, '7916', 'client', 'x', 'y');
    INSERT INTO lock_period (lock_id) VALUES (1000);
    INSERT INTO discount (level, client_id, percent, name) SELECT 'personal', id, 50, 'later' FROM client WHERE code IN ('c1', 'c5');
    INSERT INTO exchange_rate (currency_from, currency_to, rate, quantity, valid_from) VALUES ('USD', 'RUB', 1, 1, '2026-01-02'), ('EUR', 'RUB', 2, 1, '2026-01-02');
    INSERT INTO client_tax (client_id, percent, reason) SELECT id, 5, 'later' FROM client WHERE code IN ('c2', 'c3');
";

/// Charges of every kind, of two versions, replay to the nano-unit and explain themselves.
#[tokio::test(flavor = "multi_thread")]
async fn charges_replay_whatever_changes_afterwards() {
    const ROUNDS: i64 = 12;
    let world = World::with_operator(1, enlarge).await;
    charge(&world, "before", ROUNDS).await;
    let first = replayed(&world).await;
    assert_eq!((first.charges, first.catalogues), (LEGS * ROUNDS as usize, 1));
    assert_agrees(&first);
    let sums = "sum(gross), '/', sum(wholesale_cost)";
    let before = world
        .text(&format!("concat({})", sums.replace("sum(", "toString(sum(").replace("),", ")),") + ")"), "FROM calls")
        .await;

    world.store.run_past_the_rooms(AFTERWARDS).await.unwrap();
    charge(&world, "after", ROUNDS).await;
    let other = world.count("uniqExact(gross) FROM calls WHERE cdr_id IN ('before-plain-3', 'after-plain-3')").await;
    assert_eq!(other, 2, "the new prices are in force");
    let second = replayed(&world).await;
    assert_eq!((second.charges, second.catalogues), (2 * LEGS * ROUNDS as usize, 2));
    assert_agrees(&second);
    let still = world
        .text(
            &format!("concat({})", sums.replace("sum(", "toString(sum(").replace("),", ")),") + ")"),
            "FROM calls WHERE startsWith(cdr_id, 'before')",
        )
        .await;
    assert_eq!(before, still);

    let api = Api::serve(&world, Utc::now()).await;
    for name in ["before", "after"] {
        for (kind, _) in kinds() {
            let path = why_path(&world, &format!("{name}-{kind}-5")).await;
            let why = api.ask("GET", &path, "support", &[("Accept-Language", "en")], None).await;
            assert_eq!((why.status, &why.body["agrees"]), (200, &json!(true)), "{name} {kind}: {}", why.text);
            assert_eq!(why.body["charged"], why.body["recomputed"], "{name} {kind}");
            assert!(!why.body["lines"].as_array().unwrap().is_empty(), "{name} {kind}");
        }
    }
    steps(&world, &api).await;
    world.drop().await;
}

async fn why_path(world: &World, cdr_id: &str) -> String {
    let identity =
        world.text("hex(identity)", &format!("FROM calls WHERE cdr_id = '{cdr_id}' ORDER BY leg LIMIT 1")).await;
    format!("/v1/charges/{identity}/why")
}

/// What certain charges say about themselves: kind | step | sentences.
async fn steps(world: &World, api: &Api) {
    for (cdr_id, step, sentences) in [
        // 1000 of 6000 s were not the point: 7 + 53 + .. what the bundle had given before this call.
        ("before-bundle-5", "bundle", &["bundle hundred", "included in bundles"][..]),
        ("before-volume-5", "volume", &["volume serbia"]),
        ("before-message-1", "bundle", &["bundle five"]),
        ("before-own-lock-5", "stored", &["lock: charged by 1, the catalogue now gives none"]),
        ("before-our-lock-5", "lock", &["global lock", "by operator, decides: charge"]),
        ("before-emergency-5", "emergency", &["emergency code 112"]),
        ("before-non-target-5", "free", &["nothing is charged: the number called is ours and not in work"]),
        ("before-incoming-5", "free", &["free: the plan does not price incoming calls"]),
        (
            "before-dollars-5",
            "conversion",
            &["general exchange rate 1 from 2026-01-01, 3 USD = 274.1 RUB", "personal discount 4 of 12.5 %"],
        ),
        ("before-plain-5", "stored", &["discount: charged by none, the catalogue now gives 6 (50 %)"]),
        (
            "before-group-discount-5",
            "stored",
            &["tax: charged by 22 %, the catalogue now gives 5 %", "group discount 5 of 5 %"],
        ),
        ("after-bundle-5", "bundle", &["bundle thousand"]),
    ] {
        let path = why_path(world, cdr_id).await;
        let english = [("Accept-Language", "en")];
        let why = api.ask("GET", &path, "support", &english, None).await;
        let lines = why.body["lines"].as_array().unwrap();
        assert!(lines.iter().any(|line| line["step"] == step), "{cdr_id}: {}", why.text);
        let text = api.ask("GET", &format!("{path}?format=text"), "support", &english, None).await;
        assert!(text.head.contains("text/plain"), "{}", text.head);
        for sentence in sentences {
            assert!(text.text.contains(sentence), "{cdr_id}: `{sentence}` is not in\n{}", text.text);
        }
        assert!(text.text.contains("priced again by the catalogue of its time it is the same"), "{}", text.text);
        assert!(!text.text.contains("wholesale list"), "what a provider charges is not for customers: {}", text.text);
    }
    // Operators are spoken to in Russian unless they wish otherwise; Accept asks for text as well.
    let path = why_path(world, "before-plain-5").await;
    let russian = api.ask("GET", &path, "support", &[("Accept", "text/plain")], None).await;
    // 7 + 5 * 53 = 272 s at 0.60 a minute.
    for sentence in ["исходящий звонок: 74951234567", "272 с", "к оплате: 2.72 RUB", "даёт то же самое"]
    {
        assert!(russian.text.contains(sentence), "`{sentence}` is not in\n{}", russian.text);
    }
    for (path, role, status, code) in [
        ("/v1/charges/00000000000000000000000000000000/why", "support", 404, "not_found"),
        ("/v1/charges/12/why", "support", 422, "validation"),
        (&*path, "assistants", 403, "forbidden"),
        (&*format!("{path}?format=pdf"), "support", 422, "validation"),
    ] {
        let refused = api.ask("GET", path, role, &[], None).await;
        assert_eq!((refused.status, &refused.body["code"]), (status, &json!(code)), "{path}: {}", refused.text);
    }
}

/// An amount that nobody rated is found, with what differs and why; the revisions of a leg count together.
#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_charge_is_found() {
    let world = World::new(1).await;
    charge_small(&world).await;
    let original = world.text("hex(identity)", "FROM calls WHERE cdr_id = 'small-3'").await;
    let forge = |change: &str| {
        format!(
            "INSERT INTO calls SELECT * REPLACE ({change}) FROM (SELECT * FROM calls WHERE identity = unhex('{original}') AND revision = 0)"
        )
    };
    let run = async |statement: String| world.clickhouse.client().query(&statement).execute().await.unwrap();
    // A difference of nothing: the leg is the sum of its revisions.
    run(forge("toUInt16(1) AS revision, toDecimal64(0, 9) AS gross, toDecimal64(0, 9) AS net, toDecimal64(0, 9) AS list_amount,
               toDecimal64(0, 9) AS wholesale_amount, toDecimal64(0, 9) AS wholesale_cost, toInt8(0) AS calls, toInt64(0) AS seconds"))
    .await;
    assert_agrees(&replayed(&world).await);
    for (identity, change, figure, reason) in [
        ("11", "gross + toDecimal64('0.000000001', 9) AS gross", "gross", Reason::AmountAltered),
        ("22", "net - toDecimal64('0.01', 9) AS net", "net", Reason::AmountAltered),
        ("33", "wholesale_cost * 2 AS wholesale_cost", "wholesale_cost", Reason::AmountAltered),
        ("44", "toUInt64(2) AS retail_rate", "retail_rate", Reason::OtherRow),
        ("55", "billed_seconds + 1 AS billed_seconds", "billed", Reason::OtherBilling),
        ("66", "toUInt64(99) AS discount_id", "discount_id", Reason::DiscountGone),
    ] {
        let identity = identity.repeat(16);
        let before = replayed(&world).await.differing.len();
        run(forge(&format!("toFixedString(unhex('{identity}'), 16) AS identity, {change}"))).await;
        let outcome = replayed(&world).await;
        assert_eq!(outcome.differing.len(), before + 1, "{change}");
        let (_, found) = outcome.differing.iter().find(|(charge, _)| charge.identity == identity).unwrap();
        assert_eq!((found.differences.len(), found.differences[0].figure), (1, figure), "{:?}", found.differences);
        assert_eq!(found.reason(), Some(reason), "{change}");
    }
    let api = Api::serve(&world, Utc::now()).await;
    let path = format!("/v1/charges/{}/why", "11".repeat(16));
    let why = api.ask("GET", &path, "support", &[("Accept-Language", "en")], None).await;
    assert_eq!((why.status, &why.body["agrees"]), (200, &json!(false)), "{}", why.text);
    // 166 s at 0.01.
    let expected = json!([{"figure": "gross", "stored": "1.660000001", "found": "1.66"}]);
    assert_eq!((&why.body["differences"], &why.body["reason"]["code"]), (&expected, &json!("amount_altered")));
    // The account is closed to its plan past the versions: no price any more.
    world.store.run_past_the_rooms("DELETE FROM account_plan").await.unwrap();
    let why = api.ask("GET", &path, "support", &[], None).await;
    assert_eq!(
        (&why.body["refusal"], &why.body["reason"]["code"]),
        (&json!("NO_RETAIL_PRICE"), &json!("no_price_now"))
    );
    command(&world);
    world.drop().await;
}

async fn charge_small(world: &World) {
    let end = Utc::now() - TimeDelta::minutes(1);
    let records = (0..6).map(|round| {
        let seconds = 7 + round * 53;
        let answer = (end - TimeDelta::seconds(seconds)).to_rfc3339();
        let times = json!({"setup_at": answer, "answer_at": answer, "billable_ms": seconds * 1000});
        record_ending(&format!("small-{round}"), end, times)
    });
    world.send_many(0, records);
    world.ingest().await.unwrap();
}

/// The command: its scope, its exit status.
fn command(world: &World) {
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(tests::program("cdr-ingest"))
            .args(["--log", "warn", "replay", "--postgres", &world.postgres, "--clickhouse", &world.clickhouse_url])
            .args(arguments)
            .output()
            .unwrap();
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
            output.status.code().unwrap(),
        )
    };
    let (text, errors, status) = run(&["--json", "--account", "a1"]);
    let figures: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{errors}"));
    // 6 charges and 6 forged ones; none has a price now.
    assert_eq!((status, &figures["charges"], &figures["differ"]), (1, &json!(12), &json!(12)), "{text}");
    let (text, _, status) = run(&["--sample", "5"]);
    assert!(
        status == 1 && text.contains("5 charges priced again") && text.contains("cannot be rated: NO_RETAIL_PRICE"),
        "{text}"
    );
    for (arguments, expected) in [
        (&["--account", "nobody"][..], "there is no account `nobody`"),
        (&["--to", "2020-01-01"], "there is no charge in this scope"),
        (&["--from", "2026-02-01", "--to", "2026-01-01"], "lies before"),
        (&["--language", "fr"], "is not one of en, ru"),
    ] {
        let (_, errors, status) = run(arguments);
        assert!(status == 1 && errors.contains(expected), "{arguments:?}: {errors}");
    }
}
