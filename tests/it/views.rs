//! What analysts see: views, masks, the dictionary, the example queries; over a made-up operator's traffic, beside its oracle.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cdr_ingest::clickhouse::{dictionary, mask};
use cdr_ingest::generate::{
    self, Expectation, GeneratedRecord, Operator, OperatorOptions, TrafficOptions, write_operator,
};
use chrono::Utc;
use rust_decimal::Decimal;
use serde_json::json;
use tests::{World, record};

/// `deploy/clickhouse` of the repository.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/clickhouse").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One text from a whole statement.
async fn ask(world: &World, sql: &str) -> String {
    let answer = world.clickhouse.client().query(&sql.replace('?', "??")).fetch_one().await;
    answer.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

/// What the server says against a statement.
async fn refusal(world: &World, sql: &str) -> String {
    let answer = world.clickhouse.client().query(sql).fetch_all::<String>().await;
    answer.expect_err("the server refuses").to_string()
}

async fn run(world: &World, sql: &str) {
    world.clickhouse.client().query(sql).execute().await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
}

/// A world of a made-up operator whose records are charged, and what the oracle expects of them.
async fn charged_world() -> (World, Expectation) {
    let until = Utc::now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let world_plan = cdr_ingest::operator_dir::world_plan_csv();
    // Russia whole, since bundles are about it, and the shorter prefixes of the others.
    let is_taken = |(index, line): &(usize, &str)| {
        let mut fields = line.split(',');
        let prefix = fields.next().unwrap_or_default();
        *index == 0 || prefix.len() <= 3 || fields.next() == Some("RU")
    };
    let plan =
        world_plan.lines().enumerate().filter(is_taken).map(|(_, line)| line).collect::<Vec<_>>().join("\n") + "\n";
    let mut records: Vec<GeneratedRecord> = Vec::new();
    let mut expected = None;
    let world = World::with_operator(2, |directory| {
        for entry in std::fs::read_dir(directory).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let options = OperatorOptions { seed: 7, accounts: 200, until: until.date_naive() };
        write_operator(&options, &plan, directory, &mut |_, _| ()).unwrap();
        let operator = Operator::read(directory).unwrap();
        let options = TrafficOptions { seed: 7, cdrs: 6_000, until, days: 3, non_target_days: 40 };
        let all = generate::generate(&options, &operator, &plan, &mut |record| {
            records.push(record);
            Ok(())
        });
        expected = Some(all.unwrap());
    })
    .await;
    world.send_generated(&records);
    world.ingest().await.unwrap();
    (world, expected.unwrap())
}

/// Legs of one usage day taken back, a leg made dearer by money alone, a leg booked a month late: what re-rating and roll-back write.
async fn take_back(world: &World, day: &str) {
    run(
        world,
        &format!(
            "INSERT INTO calls SELECT * REPLACE(toUInt16(1) AS revision, toInt8(-calls) AS calls, -seconds AS seconds, -gross AS gross, -net AS net,
                -list_amount AS list_amount, -wholesale_amount AS wholesale_amount, -wholesale_cost AS wholesale_cost)
             FROM calls WHERE usage_day = '{day}'"
        ),
    )
    .await;
    run(
        world,
        "INSERT INTO calls SELECT * REPLACE(toUInt16(2) AS revision, toInt8(0) AS calls, toInt64(0) AS seconds, toDecimal64(5, 9) AS gross,
            toDecimal64(4, 9) AS net, toDecimal64(0, 9) AS wholesale_amount, toDecimal64(0, 9) AS wholesale_cost)
         FROM calls WHERE service = 'outgoing' AND gross > 0 ORDER BY identity LIMIT 1",
    )
    .await;
    run(
        world,
        "INSERT INTO calls SELECT * REPLACE(toFixedString(reverse(identity), 16) AS identity, addMonths(toStartOfMonth(usage_day), 1) AS period) FROM calls
         WHERE service = 'outgoing' AND gross > 0 AND revision = 0 ORDER BY identity DESC LIMIT 1",
    )
    .await;
}

/// Sums over a view | the same over the tables. They hold over first ratings, and over differences and roll-backs as well.
const SUMS: &[(&str, &str, &str)] = &[
    (
        "traffic_by_hour",
        "sum(legs), sum(answered), sum(billed_seconds), sum(quantity), sum(conversation_seconds) * 1000",
        "sum(calls), sumIf(calls, disposition = 'answered'), sum(seconds), sum(calls * toInt64(quantity)), sumIf(calls * toInt64(duration_ms), disposition = 'answered' AND quantity = 0 AND service NOT IN ('message', 'data', 'CALLS_REC', 'CALLS_REC_UNLIM')) FROM calls",
    ),
    (
        "quality",
        "sum(seizures), sum(answered), sum(conversation_ms)",
        "sum(calls), sum(if(disposition = 'answered', calls, 0)), sum(if(answered_at IS NULL, 0, calls * toInt64(duration_ms))) FROM calls WHERE outcome = 'rated' AND service NOT IN ('message', 'data', 'CALLS_REC', 'CALLS_REC_UNLIM')",
    ),
    (
        "quality_by_destination",
        "sum(seizures), sum(seizures - delivered)",
        "sum(calls), sumIf(calls, disposition = 'failed' AND release_cause NOT IN ('17', '18', '19', '20', '21', '27', 'USER_BUSY', 'NO_USER_RESPONSE', 'NO_ANSWER', 'SUBSCRIBER_ABSENT', 'CALL_REJECTED', 'DESTINATION_OUT_OF_ORDER', 'USER_NOT_REGISTERED')) FROM calls WHERE service IN ('outgoing', 'forwarded') AND outcome = 'rated'",
    ),
    (
        "quality_by_provider",
        "sumIf(seizures, provider_id = 1), sumIf(answered, direction = 'in')",
        "sumIf(calls, provider_id = 1), sumIf(calls, direction = 'in' AND disposition = 'answered') FROM calls WHERE outcome = 'rated' AND toInt8(service) < 6",
    ),
    ("quality_by_source", "sum(seizures)", "sum(calls) FROM calls WHERE outcome = 'rated' AND toInt8(service) < 6"),
    (
        "margin_by_destination",
        "sum(legs), sum(seconds), sum(net), sum(cost), sum(margin)",
        "sum(calls), sum(seconds), sum(net), sum(wholesale_cost), sumIf(net, currency = wholesale_cost_currency OR currency = '' OR wholesale_cost_currency = '') - sumIf(wholesale_cost, currency = wholesale_cost_currency OR currency = '' OR wholesale_cost_currency = '') FROM calls WHERE outcome = 'rated'",
    ),
    (
        "margin_by_provider",
        "sum(legs), sum(net), sum(cost)",
        "sum(calls), sum(net), sum(wholesale_cost) FROM calls WHERE outcome = 'rated'",
    ),
    (
        "charges_by_month",
        "sum(legs), sum(seconds), sum(quantity), sum(gross), sum(net)",
        "sum(calls), sum(seconds), sum(calls * toInt64(quantity)), sum(gross), sum(net) FROM calls WHERE account_id > 0 AND outcome = 'rated'",
    ),
    ("non_target_by_day", "sum(calls)", "sum(calls) FROM calls WHERE outcome = 'non_target'"),
    (
        "non_target_by_day",
        "sum(callers)",
        "count() FROM (SELECT usage_day, dst, src FROM calls WHERE outcome = 'non_target' GROUP BY ALL HAVING sum(calls) != 0)",
    ),
    (
        "calls_masked",
        "sum(calls), sum(seconds), sum(gross), uniqExact(src), uniqExact(dst), uniqExact(charge)",
        "sum(calls), sum(seconds), sum(gross), uniqExact(src), uniqExact(dst), uniqExact(identity) FROM calls",
    ),
    ("suspense_by_code", "sum(waiting), sum(arrived)", "sum(sign), countIf(sign > 0) FROM suspended"),
    ("duplicates_by_day", "sum(legs)", "count() FROM duplicates"),
    (
        "complete_up_to",
        "sum(records), min(complete_up_to), sum(missing_offsets)",
        "sum(records), min(at), 0 FROM (SELECT sum(records) AS records, max(read_up_to) AS at FROM batches GROUP BY stream_id, partition)",
    ),
];

async fn assert_sums(world: &World, when: &str) {
    for (view, over_view, over_tables) in SUMS {
        let seen = ask(world, &format!("SELECT toString(tuple({over_view})) FROM {view}")).await;
        let (figures, tables) = apart(over_tables);
        let there = ask(world, &format!("SELECT toString(tuple({figures})) FROM {tables}")).await;
        // Decimals of different scales are written differently: 1.5 and 1.500.
        assert_eq!(numbers(&seen), numbers(&there), "{when}: {view}: {over_view}");
    }
}

/// Figures and tables of `figures FROM tables`, whatever stands in brackets.
fn apart(select: &str) -> (&str, &str) {
    let open = |text: &str| text.matches('(').count() - text.matches(')').count();
    let (at, from) = select.match_indices(" FROM ").find(|(at, _)| open(&select[..*at]) == 0).expect("a FROM");
    (&select[..at], &select[at + from.len()..])
}

fn numbers(tuple: &str) -> Vec<String> {
    let fields = tuple.trim_matches(['(', ')']).split(',');
    fields.map(|field| field.parse::<Decimal>().map_or(field.to_owned(), |n| n.normalize().to_string())).collect()
}

/// Example | figures over its result | the same over the tables, or by hand.
const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "01_traffic_by_hour",
        "sum(legs), sum(billed_seconds)",
        "sum(calls), sum(seconds) FROM calls WHERE started_at >= toDateTime64(today() - 7, 3, 'UTC')",
    ),
    ("02_busy_hours", "sum(legs)", "sum(calls) FROM calls WHERE direction = 'out'"),
    (
        "03_top_destinations",
        "max(billed_seconds), count()",
        "max(s), least(20, count()) FROM (SELECT sum(seconds) AS s FROM calls WHERE outcome = 'rated' AND usage_day >= today() - 30 GROUP BY destination, country)",
    ),
    (
        "04_bad_destinations",
        "sum(attempts), count()",
        "sum(n), count() FROM (SELECT sum(calls) AS n FROM calls WHERE outcome = 'rated' AND service IN ('outgoing', 'forwarded') AND usage_day >= today() - 30 GROUP BY destination, country HAVING n >= 20)",
    ),
    (
        "05_carriers_compared",
        "sum(attempts), sum(answers), sum(talk_ms), sum(round(acd_seconds * answers) > 0)",
        "sum(n), sum(answers), sum(ms), countIf(answers > 0) FROM (SELECT sum(calls) AS n, sumIf(calls, disposition = 'answered') AS answers, sumIf(calls * toInt64(duration_ms), disposition = 'answered') AS ms FROM calls WHERE outcome = 'rated' AND toInt8(service) < 6 AND provider_id != 0 GROUP BY provider_id, direction)",
    ),
    (
        "06_feeds_day_by_day",
        "sum(attempts), countIf(asr_percent > ner_percent)",
        "sum(calls), 0 FROM calls WHERE outcome = 'rated' AND toInt8(service) < 6",
    ),
    (
        "07_margin_by_destination",
        "sum(retail), sum(wholesale), sum(earned)",
        "sum(net), sum(wholesale_cost), sum(net) - sum(wholesale_cost) FROM calls WHERE outcome = 'rated' AND usage_day >= toStartOfMonth(today()) - INTERVAL 1 MONTH AND (currency = wholesale_cost_currency OR currency = '' OR wholesale_cost_currency = '')",
    ),
    (
        "08_sold_below_cost",
        "count(), sum(earned)",
        "count(), sum(m) FROM (SELECT sum(net) - sum(wholesale_cost) AS m FROM calls WHERE outcome = 'rated' AND (currency = wholesale_cost_currency OR currency = '' OR wholesale_cost_currency = '') GROUP BY destination, country, if(currency = '', wholesale_cost_currency, currency) HAVING m < 0)",
    ),
    (
        "09_margin_by_carrier",
        "sum(legs), sum(retail), sum(wholesale)",
        "sum(calls), sum(net), sum(wholesale_cost) FROM calls WHERE outcome = 'rated'",
    ),
    (
        "10_leakage",
        "sumIf(legs, kind = 'suspended'), sumIf(legs, kind = 'wholesale_missing'), sum(wholesale)",
        "(SELECT sum(sign) FROM suspended), sum(missing), sum(cost) FROM (SELECT sum(wholesale_missing * calls) AS missing, if(sum(gross) = 0 AND any(seconds_covered) = 0, sum(wholesale_cost), 0) AS cost FROM calls WHERE outcome = 'rated' GROUP BY identity)",
    ),
    ("11_calls_in_spite_of_locks", "sum(legs), sum(charged)", "sum(calls), sum(gross) FROM calls WHERE lock_breach"),
    (
        "12_charges_by_month",
        "sum(legs), sum(charged), sum(tax)",
        "sum(calls), sum(gross), sum(gross) - sum(net) FROM calls WHERE account_id != 0 AND outcome = 'rated'",
    ),
    ("13_booked_late", "sum(legs), sum(charged) > 0", "1, 1 FROM system.one"),
    (
        "14_most_called_numbers_not_in_work",
        "sum(calls_to_it), count()",
        "sum(n), count() FROM (SELECT sum(calls) AS n FROM calls WHERE outcome = 'non_target' GROUP BY dst HAVING n > 0)",
    ),
    (
        "15_numbers_that_fell_silent",
        "count(), sum(calls_before)",
        "count(), sum(n) FROM (SELECT max(usage_day) AS last, sum(of_day) AS n FROM (SELECT dst, usage_day, sum(calls) AS of_day FROM calls WHERE outcome = 'non_target' GROUP BY dst, usage_day HAVING of_day > 0) GROUP BY dst HAVING last < today() - 30)",
    ),
    ("16_suspense", "sum(legs), count()", "sum(sign), uniqExact(code, stage) FROM suspended"),
    (
        "17_suspense_share_by_feed",
        "sum(suspended_legs), sum(rated_legs)",
        "(SELECT sum(sign) FROM suspended), sum(calls) FROM calls WHERE outcome = 'rated' AND toInt8(service) < 6",
    ),
    ("18_repeats_by_feed", "sum(repeats)", "count() FROM duplicates"),
    (
        "19_complete_up_to",
        "sum(records_read), sum(missing), sum(partitions)",
        "sum(records), 0, uniqExact(stream_id, partition) FROM batches",
    ),
    (
        "20_callers_of_many_numbers",
        "count(), sum(called_numbers), sum(legs)",
        "count(), sum(d), sum(n) FROM (SELECT uniqExact(dst) AS d, sum(calls) AS n FROM calls WHERE direction = 'out' AND src != '' GROUP BY src HAVING n > 0)",
    ),
];

/// Every example of the folder says what it answers in both languages, reads only what an analyst may, and gives figures that the tables give.
async fn assert_examples(world: &World) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder("examples")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let names: Vec<&str> = files.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, EXAMPLES.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), "examples and expectations");
    let roles = read(&folder("roles/0002_analyst.sql"));
    let views: Vec<String> = world
        .clickhouse
        .client()
        .query("SELECT name FROM system.tables WHERE database = currentDatabase()")
        .fetch_all()
        .await
        .unwrap();
    for (path, (name, over_example, over_tables)) in files.iter().zip(EXAMPLES) {
        let text = read(path);
        let mut lines = text.lines();
        let (russian, english) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(russian.starts_with("-- RU: ") && russian.ends_with('?'), "{name}: {russian}");
        assert!(english.starts_with("-- EN: ") && english.ends_with('?'), "{name}: {english}");
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for pair in words.windows(2).filter(|pair| pair[0] == "FROM" && views.iter().any(|view| view == pair[1])) {
            assert!(roles.contains(&format!("GRANT SELECT ON {} TO analyst;", pair[1])), "{name} reads {}", pair[1]);
        }
        let sql = text.trim().trim_end_matches(';');
        let seen = ask(world, &format!("SELECT toString(tuple({over_example})) FROM ({sql})")).await;
        let (figures, tables) = apart(over_tables);
        let there = ask(world, &format!("SELECT toString(tuple({figures})) FROM {tables}")).await;
        assert_eq!(numbers(&seen), numbers(&there), "{name}: {over_example}");
    }
}

/// A41, M14, M46: what the views add up to is what the oracle expects, before and after a day was taken back.
#[tokio::test(flavor = "multi_thread")]
async fn views_and_examples_add_up() {
    let (world, expected) = charged_world().await;
    let figures = |sql: &'static str| {
        let world = &world;
        async move { ask(world, sql).await.parse::<u64>().unwrap() }
    };
    let legs = "SELECT toString(sum(legs)) FROM traffic_by_hour WHERE outcome =";
    assert_eq!(ask(&world, &format!("{legs} 'rated'")).await, expected.rated.to_string());
    assert_eq!(ask(&world, &format!("{legs} 'non_target'")).await, expected.non_target.to_string());
    assert_eq!(figures("SELECT toString(sum(calls)) FROM non_target_by_day").await, expected.non_target);
    assert_eq!(figures("SELECT toString(sum(waiting)) FROM suspense_by_code").await, expected.suspended_total());
    assert_eq!(figures("SELECT toString(sum(legs)) FROM duplicates_by_day").await, expected.duplicates);
    assert_eq!(figures("SELECT toString(sum(records)) FROM complete_up_to").await, expected.records);
    assert_eq!(
        figures("SELECT toString(sum(legs)) FROM complete_up_to").await,
        expected.legs() + expected.further_parts
    );
    let missing = "SELECT toString(sum(legs)) FROM leakage WHERE kind = 'wholesale_missing'";
    assert_eq!(figures(missing).await, expected.wholesale_missing);
    assert!(expected.wholesale_missing > 0 && expected.non_target > 0 && expected.duplicates > 0);
    assert_eq!(charged(&world).await, owed(&world, &expected).await);

    assert_sums(&world, "first ratings").await;
    let day = ask(&world, "SELECT toString(topK(1)(usage_day)[1]) FROM calls").await;
    take_back(&world, &day).await;
    assert_sums(&world, "differences and a day taken back").await;
    // Of the day that was taken back nothing is left but what the money-only row added, if it fell on it.
    for (view, column) in [("margin", "legs"), ("quality", "seizures"), ("non_target_by_day", "calls")] {
        let sql = format!("SELECT toString(sum({column})) FROM {view} WHERE day = '{day}'");
        let late = if view == "non_target_by_day" { 0 } else { late_of(&world, &day).await };
        assert_eq!(ask(&world, &sql).await, late.to_string(), "{view} on {day}");
    }
    assert_examples(&world).await;
    world.drop().await;
}

/// Legs of the day that were booked late by hand after it was taken back.
async fn late_of(world: &World, day: &str) -> i64 {
    world.count(&format!("sum(calls) FROM calls WHERE usage_day = '{day}' AND period > usage_day")).await
}

/// Account and currency -> what the view of charges says.
async fn charged(world: &World) -> BTreeMap<(u64, String), Decimal> {
    let sql = "SELECT account_id, currency, toString(sum(gross)) FROM charges_by_month GROUP BY account_id, currency HAVING sum(gross) != 0";
    let rows: Vec<(u64, String, String)> = world.clickhouse.client().query(sql).fetch_all().await.unwrap();
    rows.into_iter().map(|(account, currency, sum)| ((account, currency), sum.parse().unwrap())).collect()
}

/// The same by the oracle.
async fn owed(world: &World, expected: &Expectation) -> BTreeMap<(u64, String), Decimal> {
    let codes = billing::accounts::codes(&world.store).await.unwrap();
    let ids: BTreeMap<String, u64> = codes.into_iter().map(|(id, code)| (code, id)).collect();
    let mut sums = BTreeMap::new();
    for (key, nano) in &expected.retail {
        let sum: &mut Decimal = sums.entry((ids[&key.account], key.currency.clone())).or_default();
        *sum += Decimal::from_i128_with_scale(*nano, 9);
    }
    sums.retain(|_, sum| !sum.is_zero());
    sums
}

/// A41: equal numbers have equal masks, nothing else of a number shows, a new key changes every mask; in clear only for a reason.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_masked() {
    let world = World::new(1).await;
    world.send(0, &record("one", json!({})));
    world.send(0, &record("two", json!({"dst": "79161234567"})));
    world.send(0, &record("112", json!({"dst": "112", "src": "anonymous"})));
    world.ingest().await.unwrap();
    let masks =
        "SELECT toString(groupArray((src, dst))) FROM (SELECT src, dst FROM calls_masked ORDER BY length(dst), dst)";
    let first = ask(&world, masks).await;
    let [ref emergency, ref moscow, ref mobile] = pairs(&first)[..] else { panic!("{first}") };
    assert_eq!(*emergency, ("", "112"), "a short code is nobody's number; withheld stays withheld");
    assert_eq!(moscow.0, mobile.0, "the same number, the same mask");
    for (mask, beginning) in [(moscow.0, "7495*1:"), (moscow.1, "7495*1:"), (mobile.1, "7916*1:")] {
        let hash = mask.strip_prefix(beginning).unwrap_or_else(|| panic!("{mask} begins with {beginning}"));
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{mask}");
    }
    assert_ne!(moscow.0[7..], moscow.1[7..], "the hash is of the whole number");
    for secret in ["74950000001", "74951234567", "79161234567", "1234567"] {
        let shown = format!("count() FROM calls_masked WHERE position(toString(tuple(*)), '{secret}') > 0");
        assert_eq!(world.count(&shown).await, 0, "{secret}");
    }

    let clear = "FROM calls_in_clear(reason = 'complaint of a client')";
    let same =
        format!("SELECT toString(groupArray((src_mask, dst_mask))) FROM (SELECT * {clear} ORDER BY length(dst), dst)");
    assert_eq!(ask(&world, &same).await, first);
    assert_eq!(ask(&world, &format!("SELECT toString(max(dst)) {clear}")).await, "79161234567");
    let refused = refusal(&world, "SELECT src FROM calls_in_clear(reason = '   curious   ')").await;
    assert!(refused.contains("a reason of at least 10 characters"), "{refused}");
    refusal(&world, "SELECT src FROM calls_in_clear").await;

    // The same files applied again make no second key.
    cdr_ingest::clickhouse::schema::migrate(&world.clickhouse, false).await.unwrap();
    assert_eq!(ask(&world, masks).await, first);
    assert_eq!(mask::rotate(&world.clickhouse, Some(9)).await.unwrap(), 2);
    let second = ask(&world, masks).await;
    assert!(pairs(&second)[1].0.starts_with("74*2:"), "{second}");
    assert_ne!(pairs(&second)[1].0[5..], moscow.0[7..], "another key, another hash");
    assert_eq!(mask::rotate(&world.clickhouse, None).await.unwrap(), 3);
    assert!(ask(&world, masks).await.contains("('74*3:"), "as many digits are hidden as before");

    run(&world, "TRUNCATE TABLE mask_keys").await;
    let refused = refusal(&world, "SELECT src FROM calls_masked").await;
    assert!(refused.contains("cdr-ingest migrate"), "{refused}");
    world.drop().await;
}

/// The pairs of `[('a','b'),('c','d')]`.
fn pairs(array: &str) -> Vec<(&str, &str)> {
    let inside = array.trim_start_matches("[(").trim_end_matches(")]");
    inside
        .split("),(")
        .map(|pair| pair.split_once(',').unwrap())
        .map(|(a, b)| (a.trim_matches('\''), b.trim_matches('\'')))
        .collect()
}

/// The dictionary in the repository is what the comments in the files say, and there is no table or column without one.
#[tokio::test(flavor = "multi_thread")]
async fn the_dictionary_is_up_to_date() {
    let world = World::new(1).await;
    let page = dictionary::markdown(&world.clickhouse).await.unwrap();
    let silent = "SELECT toString(groupArray(name)) FROM
        (SELECT concat(table, '.', name) AS name, table, comment FROM system.columns WHERE database = currentDatabase()
         UNION ALL SELECT name, name AS table, comment FROM system.tables WHERE database = currentDatabase())
        WHERE comment = '' AND table NOT IN ('schema_version', 'deduplication_probe')";
    assert_eq!(ask(&world, silent).await, "[]", "tables or columns without a comment");
    let kept = read(&folder("DICTIONARY.md"));
    assert!(
        kept == page,
        "deploy/clickhouse/DICTIONARY.md is not what the comments say; with an up-to-date database run `cdr-ingest dictionary > deploy/clickhouse/DICTIONARY.md`"
    );
    world.drop().await;
}
