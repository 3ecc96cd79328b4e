//! Rating a file with no server, against a directory of CSV files.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use cdr_ingest::generate::{self, Operator, OperatorOptions, TrafficOptions, write_operator};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{program, record};

/// Runs `cdr-ingest rate`: (legs, standard error, success).
pub(crate) fn rate(directory: &std::path::Path, arguments: &[&str], input: &str) -> (Vec<Value>, String, bool) {
    let mut child = Command::new(program("cdr-ingest"))
        .args(["rate", "--tariffs", directory.to_str().unwrap()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cdr-ingest is built beside the tests: cargo build --workspace");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let legs =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (legs, String::from_utf8(output.stderr).unwrap(), output.status.success())
}

/// The figures that operators and vendors publish, through the program: price a minute | billing | rounding | decimals | seconds | amount | billed
#[test]
fn published_figures() {
    for (price, unit, billing, rounding, decimals, seconds, amount, billed) in [
        ("0.006", 60, "30/6", "half_up", 4, 32, "0.0036", 36),
        ("0.006", 60, "30/6", "half_up", 4, 57, "0.0060", 60),
        ("0.006", 60, "30/6", "half_up", 4, 75, "0.0078", 78),
        ("0.0001", 60, "60/11", "half_up", 9, 560, "0.000943333", 566),
        ("1.0", 60, "12/13", "up", 4, 560, "9.5167", 571),
        ("1.0", 60, "12/13", "down", 4, 560, "9.5166", 571),
        ("1.0", 60, "12/13", "half_up", 4, 560, "9.5167", 571),
        ("0.1", 60, "1/1", "half_up", 4, 180, "0.3000", 180),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let write = |file: &str, text: String| std::fs::write(directory.path().join(file), text).unwrap();
        write("lists.csv", format!("list,kind,currency,rounding,decimals\nr,retail,USD,{rounding},{decimals}\n"));
        write("rates.csv", format!("list,prefix,price,unit,billing\nr,7,{price},{unit},{billing}\n"));
        write("plans.csv", "plan,layer,list\np,1,r\n".into());
        write("accounts.csv", "account,plan\na,p\n".into());
        write("locks.csv", "mask\n".into());
        let call = |change: Value| {
            let end = chrono::Utc::now();
            let answer = end - chrono::TimeDelta::seconds(seconds);
            let mut fields = json!({"setup_at": answer.timestamp_millis(), "answer_at": answer.timestamp_millis(), "end_at": end.timestamp_millis(), "billable_ms": seconds * 1000});
            fields.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            record("c", fields).to_string()
        };
        // Once for an account, once by the plan of the command line for a record without one.
        let (legs, _, success) = rate(directory.path(), &[], &call(json!({"account": "a"})));
        let (by_plan, _, _) = rate(directory.path(), &["--plan", "p"], &call(json!({"account": null})));
        assert!(success);
        for leg in [&legs[0], &by_plan[0]] {
            assert_eq!(
                (leg["amount"].as_str(), leg["billed_s"].as_i64()),
                (Some(amount), Some(billed)),
                "{price} {billing} {seconds} s {rounding}: {leg}"
            );
            assert_eq!(
                (leg["currency"].as_str(), leg["prefix"].as_str(), leg["list"].as_str()),
                (Some("USD"), Some("7"), Some("r"))
            );
            assert!(!leg["lines"].as_array().unwrap().is_empty());
        }
    }
}

/// All errors at once, each with file, line, column and remedy; nothing is rated.
#[test]
fn a_broken_directory_is_refused_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    let append = |file: &str, line: &str| {
        let path = directory.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text + line + "\n").unwrap();
    };
    append("rates.csv", "retail,7x,outgoing,,,0.60,,1/1");
    append("rates.csv", "nowhere,7,outgoing,,,0.60,,1/1");
    append("rates.csv", "retail,44,outgoing,,,1.2.3,,1/1");
    append("rates.csv", "retail,44,outgoing,,,1,,60");
    append("plans.csv", "basic,0,retail");
    append("locks.csv", "short:112x,,operator,");
    std::fs::write(directory.path().join("bands.csv"), "list,band,priority,hours\nretail,night,1,22:00-06:00\n")
        .unwrap();
    let (legs, errors, success) = rate(directory.path(), &[], &record("c", json!({})).to_string());
    assert!(legs.is_empty() && !success);
    for expected in [
        "bands.csv, line 2, column hours: `22:00-06:00` is not hours of the form 08:00-20:00, separated by blanks, each within one day",
        "rates.csv, line 12, column prefix: `7x` is not a prefix of 1 to 15 digits that does not begin with 0, or short:CODE",
        "rates.csv, line 13, column list: `nowhere` is not in lists.csv",
        "rates.csv, line 14, column price: `1.2.3` is not an amount",
        "rates.csv, line 15, column billing: `60` is not of the form 30/6",
        "plans.csv, line 5, column layer: `0` is not a position from 1",
        "locks.csv, line 5, column mask",
    ] {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
}

#[test]
fn contradictions_between_rows_name_their_lines() {
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    let path = directory.path().join("rates.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "retail,381,outgoing,,,9.00,,60/60\n").unwrap();
    let (_, errors, success) = rate(directory.path(), &[], "");
    assert!(
        !success
            && errors.contains("rates.csv, line 12, column from: another row of this list has the same prefix 381"),
        "{errors}"
    );
}

/// What one file says about a thing twice, or leaves out, is an error of that line.
#[test]
fn lines_that_say_too_much_or_too_little_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    tests::write_operator(directory.path());
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("entity.csv", "code,name,currency,zone\ne,E,,\n");
    write("settings.csv", "key,value\nnumbering.emergency,112\nnumbering.emergency,911\n");
    write(
        "taxes.csv",
        "category,regime,from,percent\nstandard,general,2026-01-01,22\nstandard,general,2026-01-01,20\nx,y,2026-01-01,101\n",
    );
    write("sources.csv", "source,format\ns,\n");
    write("locks.csv", "mask\n0123\n");
    write("dids.csv", "number,status\n74951234567,reserved\n");
    write(
        "accounts.csv",
        "account,plan,from,to,mode\na,basic,,2026-01-01T00:00:00Z,postpaid\na,basic,2026-01-01T00:00:00Z,,prepaid\n",
    );
    let (_, errors, success) = rate(directory.path(), &[], "");
    assert!(!success);
    for expected in [
        "entity.csv, line 2, column currency: must not be empty",
        "entity.csv, line 2, column zone: must not be empty; it is a zone of the IANA time zone database",
        "settings.csv, line 3, column key: the setting `numbering.emergency` stands twice",
        "taxes.csv, line 3, column from: the rate of this category and regime from this day stands twice",
        "taxes.csv, line 4, column percent: `101` is not a percentage of 0 to 100",
        "sources.csv, line 2, column format: must not be empty; it is one of canonical, freeswitch, freeswitch_event, freeswitch_csv, cucm, asterisk, asterisk_json, opensips, kamailio, mapped",
        "locks.csv, line 2, column mask: `0123` is not a prefix of 1 to 15 digits that does not begin with 0",
        "dids.csv, line 2, column account: a number in work or reserved has an account",
        "accounts.csv, line 3, column mode: differs from line 2",
    ] {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
}

/// Without `sources.csv` the operator's own short codes are known all the same; a source that is not there is refused before the first record.
#[test]
fn a_directory_without_sources() {
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("lists.csv", "list,kind,currency\nr,retail,RUB\n");
    write("rates.csv", "list,prefix,price\nr,short:0890,6\n");
    write("plans.csv", "plan,layer,list\np,1,r\n");
    write("accounts.csv", "account,plan\na,p\n");
    write("locks.csv", "mask\n");
    write("settings.csv", "key,value\nnumbering.short_codes,0890\nnumbering.emergency,911\n");
    let call = |dst: &str, src: &str| record(dst, json!({"dst": dst, "account": null, "src": src})).to_string() + "\n";
    let input =
        format!("\u{feff}{}{}{}", call("0890", "no number"), call("911", "anonymous"), call("112", "anonymous"));
    let (legs, _, _) = rate(directory.path(), &["--plan", "p"], &input);
    assert_eq!(
        (legs[0]["prefix"].as_str(), legs[0]["amount"].as_str()),
        (Some("short:0890"), Some("6.0000")),
        "{}",
        legs[0]
    );
    assert_eq!((legs[1]["outcome"].as_str(), legs[1]["amount"].as_str()), (Some("rated"), Some("0")), "{}", legs[1]);
    assert_eq!(
        (legs[2]["outcome"].as_str(), legs[2]["code"].as_str()),
        (Some("suspended"), Some("BAD_NUMBER")),
        "{}",
        legs[2]
    );
    write("sources.csv", "source,format\ns,canonical\n");
    let (legs, error, success) = rate(directory.path(), &["--source", "t"], &input);
    assert!(legs.is_empty() && !success && error.contains("--source `t` is not in sources.csv"), "{error}");
}

/// 17:30 to 18:30, 1 a second before 18:00 and 0.5 after, with and without a connect fee of 1; a holiday; what is wrong with bands is said by line.
#[test]
fn time_bands() {
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("holidays.csv", "calendar,date,name\nru,2026-11-04,Unity Day\n");
    write("lists.csv", "list,kind,currency,zone,holidays\nr,retail,RUB,Europe/Moscow,ru\n");
    write(
        "bands.csv",
        "list,band,priority,days,hours\nr,evening,1,,18:00-24:00\nr,feast,2,holiday,\nr,feast,3,sat sun,\n",
    );
    let rates = "list,prefix,band,price,unit,connect_fee\nr,7,,1,1,\nr,7,evening,0.5,1,\nr,7,feast,0.1,1,\nr,8,evening,0.5,1,\nr,8,,1,1,1\n";
    write("rates.csv", rates);
    write("plans.csv", "plan,layer,list\np,1,r\n");
    write("accounts.csv", "account,plan\na,p\n");
    write("locks.csv", "mask\n");
    let call = |dst: &str, at: &str| {
        let answer = chrono::DateTime::parse_from_rfc3339(at).unwrap();
        let end = answer + chrono::TimeDelta::hours(1);
        let times = json!({"setup_at": answer.timestamp_millis(), "answer_at": answer.timestamp_millis(), "end_at": end.timestamp_millis(), "billable_ms": 3_600_000});
        let mut change = json!({"account": "a", "dst": dst});
        change.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        record(&format!("{dst}{at}"), change).to_string() + "\n"
    };
    let input = [
        call("79161234567", "2026-11-18T17:30:00+03:00"),
        call("81312345678", "2026-11-18T17:30:00+03:00"),
        call("79161234567", "2026-11-04T17:30:00+03:00"),
        call("79161234567", "2026-11-21T23:30:00+03:00"),
    ]
    .concat();
    let (legs, errors, _) = rate(directory.path(), &["--now", "2026-11-22T00:00:00+03:00"], &input);
    assert!(!legs.is_empty(), "{errors}");
    let amounts: Vec<_> = legs.iter().map(|leg| leg["amount"].as_str().unwrap_or("none")).collect();
    // 1800 + 900; the same and the fee; a holiday and a night of Saturday to Sunday: 3600 x 0.1
    assert_eq!(amounts, ["2700.0000", "2701.0000", "360.0000", "360.0000"]);
    assert_eq!((legs[0]["lines"][1]["step"].as_str(), legs[0]["lines"][1]["band"].as_str()), (Some("tier"), None));
    assert_eq!(legs[0]["lines"][2]["band"].as_str(), Some("evening"));
    write(
        "rates.csv",
        &(rates.to_owned() + "r,9,evening,1,1,\nr,7,morning,1,1,\nr,7,evening,1,1,\nr,5,evening,1,1,3\n"),
    );
    write(
        "bands.csv",
        "list,band,priority,days,hours\nr,evening,1,,18:00-24:00\nr,feast,2,holiday,\nr,late,1,,22:00-24:00\n",
    );
    let (_, errors, success) = rate(directory.path(), &[], "");
    assert!(!success);
    for expected in [
        "rates.csv, line 7, column band: no row without a band and a step has the same list, prefix",
        "rates.csv, line 8, column band: `morning` is no band of this list in bands.csv",
        "rates.csv, line 9, column band: the price inside this band and from this step on stands in line 3 too",
        "rates.csv, line 10, column connect_fee: belongs to the row without a band and a step",
    ] {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
    write("rates.csv", rates);
    let (_, errors, _) = rate(directory.path(), &[], "");
    assert!(
        errors.contains("bands.csv, line 4, column priority: another band of this list has priority 1"),
        "{errors}"
    );
}

/// What is wrong with a step by volume is said of its own row and column, with the limits.
#[test]
fn steps_by_volume() {
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("lists.csv", "list,kind,currency\nr,retail,RUB\n");
    write("bands.csv", "list,band,priority\nr,always,1\n");
    write("volumes.csv", "list,volume\nr,month\n");
    write(
        "rates.csv",
        "list,prefix,volume,band,from_volume,price,unit,tiers\n\
         r,71,,,,1,,\nr,71,,,600,0.5,,\n\
         r,72,month,,,1,,\nr,72,,always,600,0.5,,\n\
         r,73,month,,,,,0:1@1/86399 1:1@1/86381\nr,73,,,600,1,86371,\n\
         r,74,month,,,1,,\nr,74,,,600,1,,\nr,74,,,600,2,,\n\
         r,75,,,600,1,,\n\
         r,76,month,,,1,,\nr,76,,,0,1,,\nr,76,,,9223372036854775808,1,,\n\
         r,77,month,,,1,,\nr,77,,,600,,,0:0@1/60\n\
         r,78,,,,1,1073741825,\n",
    );
    write("plans.csv", "plan,layer,list\np,1,r\n");
    write("bundles.csv", "plan,bundle,units\np,b,9223372036854775808\n");
    write("accounts.csv", "account,plan\na,p\n");
    write("locks.csv", "mask\n");
    let (_, errors, success) = rate(directory.path(), &[], "");
    assert!(!success);
    let expected = [
        "rates.csv, line 2, column volume: steps by volume need the counter that they go by; line 3 has a step",
        "rates.csv, line 5, column from_volume: a band with steps by volume needs its price from volume 0",
        "rates.csv, line 7, column unit: the units of the tiers have no common denominator",
        "rates.csv, line 10, column from_volume: the price inside this band and from this step on stands in line 9 too",
        "rates.csv, line 11, column from_volume: no row without a band and a step has the same list",
        "rates.csv, line 13, column from_volume: `0` is not a whole number of seconds or pieces, 1 to 9223372036854775807",
        "rates.csv, line 14, column from_volume: `9223372036854775808` is not a whole number of seconds or pieces, 1 to",
        "rates.csv, line 16, column tiers: an increment and a unit are 1 to 1073741824",
        "rates.csv, line 17, column unit: `1073741825` is not a whole number of seconds or pieces, 1 to 1073741824",
        "bundles.csv, line 2, column units: `9223372036854775808` is not a whole number of seconds or pieces, 1 to 9223372036854775807",
    ];
    for expected in expected {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
    assert!(errors.contains(&format!(" {} error(s)", expected.len())), "{errors}");
}

/// Discounts, exchange rates, tax on top and a client's own tax, from files.
#[test]
fn terms_of_clients() {
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("taxes.csv", "category,regime,from,percent\nstandard,general,2026-01-01,22\n");
    write("lists.csv", "list,kind,currency,tax,rounding,decimals\nr,retail,USD,excluded,half_up,4\n");
    write("rates.csv", "list,prefix,price,unit\nr,7,1,1\n");
    write("plans.csv", "plan,layer,list\np,1,r\n");
    write("accounts.csv", "account,plan,client,currency\na,p,anna,RUB\nb,p,boris,RUB\nc,p,clara,USD\n");
    write("locks.csv", "mask\n");
    write("groups.csv", "group,client\nfriends,anna\nfriends,boris\n");
    let discounts = "level,client,group,percent\npromo,,friends,20\npersonal,anna,,10\n";
    write("discounts.csv", discounts);
    let rates =
        "currency,to,rate,quantity,date,client,group\nUSD,RUB,90,,2020-01-01,,\nUSD,RUB,8000,100,2020-01-01,boris,\n";
    write("exchange_rates.csv", rates);
    write("client_taxes.csv", "client,percent,reason\nclara,10,letter 5\n");
    let call = |account: &str| {
        let end = chrono::Utc::now();
        let answer = end - chrono::TimeDelta::seconds(100);
        let times = json!({"account": account, "setup_at": answer.timestamp_millis(), "answer_at": answer.timestamp_millis(), "end_at": end.timestamp_millis(), "billable_ms": 100_000});
        record(account, times).to_string() + "\n"
    };
    let (legs, errors, success) = rate(directory.path(), &[], &(call("a") + &call("b") + &call("c")));
    assert!(success, "{errors}");
    let amounts: Vec<_> =
        legs.iter().map(|leg| (leg["amount"].as_str().unwrap(), leg["currency"].as_str().unwrap())).collect();
    // 100 USD: anna 90 x 90 x 1.22; boris 80 x 80 x 1.22; clara 100 x 1.10
    assert_eq!(amounts, [("9882.0000", "RUB"), ("7808.0000", "RUB"), ("110.0000", "USD")]);
    write(
        "discounts.csv",
        &(discounts.to_owned() + "personal,,friends,5\ngroup,,nobody,5\npromo,anna,,5\npersonal,anna,friends,5\n"),
    );
    write(
        "exchange_rates.csv",
        &(rates.to_owned() + "USD,RUB,91,,2020-01-01,,\nUSD,USD,1,,2020-01-01,,\nUSD,RUB,0,,2020-01-01,,\n"),
    );
    let (_, errors, success) = rate(directory.path(), &[], "");
    assert!(!success);
    for expected in [
        "discounts.csv, line 4, column client: a personal discount names its account or its client",
        "discounts.csv, line 5, column group: `nobody` is not in groups.csv",
        "discounts.csv, line 6, column group: a promo discount names its group",
        "discounts.csv, line 7, column group: name either a client or a group, not both",
        "exchange_rates.csv, line 4, column date: the rate of these currencies from this day stands twice",
        "exchange_rates.csv, line 5, column to: a currency is not converted into itself",
        "exchange_rates.csv, line 6, column rate: `0` is not an amount above 0",
    ] {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
    write("discounts.csv", discounts);
    write("exchange_rates.csv", "currency,to,rate,date\nEUR,RUB,99,2020-01-01\n");
    let (_, errors, _) = rate(directory.path(), &[], "");
    assert!(
        errors.contains(
            "accounts.csv, line 2, column plan: account a: list `r` of plan `p` is in USD, the account in RUB"
        ),
        "{errors}"
    );
}

/// The oracle and the engine over the same files: counts, what every account owes, what every wholesale list asks, to the nano-unit.
#[test]
fn the_oracle_and_the_engine_agree_on_a_made_up_operator() {
    let directory = tempfile::tempdir().unwrap();
    let until = "2026-11-22T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    // Russia whole, since bundles are about it, and the shorter prefixes of the others.
    let world = cdr_ingest::operator_dir::world_plan_csv();
    let is_taken = |(index, line): &(usize, &str)| {
        let mut fields = line.split(',');
        let prefix = fields.next().unwrap_or_default();
        *index == 0 || prefix.len() <= 4 || fields.next() == Some("RU")
    };
    let world = world.lines().enumerate().filter(is_taken).map(|(_, line)| line).collect::<Vec<_>>().join("\n") + "\n";
    let options = OperatorOptions { seed: 3, accounts: 600, until: until.date_naive() };
    write_operator(&options, &world, directory.path(), &mut |_, _| ()).unwrap();
    let operator = Operator::read(directory.path()).unwrap();
    let mut input = Vec::new();
    let options = TrafficOptions { seed: 3, cdrs: 12_000, until, days: 3, non_target_days: 40 };
    let expected = generate::generate(&options, &operator, &world, &mut |record| {
        input.extend_from_slice(&record.payload);
        input.push(b'\n');
        Ok(())
    })
    .unwrap();
    // More than a pipe holds.
    let records = directory.path().join("records.txt");
    std::fs::write(&records, input).unwrap();
    let arguments = ["--now", "2026-11-22T00:00:00Z", "--no-lines", records.to_str().unwrap()];
    let (legs, errors, success) = rate(directory.path(), &arguments, "");
    assert!(success, "{errors}");
    let (mut outcomes, mut retail, mut wholesale): (BTreeMap<&str, u64>, Sums, Sums) = Default::default();
    // Each part of a long call says what the whole so far costs: the last one counts.
    let mut last_parts: BTreeMap<(&str, u64), &Value> = BTreeMap::new();
    let mut whole_legs: Vec<&Value> = Vec::new();
    for leg in &legs {
        if leg["part"].is_u64() {
            last_parts.insert((leg["cdr_id"].as_str().unwrap(), leg["leg"].as_u64().unwrap()), leg);
        } else {
            whole_legs.push(leg);
        }
    }
    assert!(last_parts.len() > 2, "{} calls came in parts", last_parts.len());
    for leg in whole_legs.into_iter().chain(last_parts.into_values()) {
        *outcomes.entry(leg["outcome"].as_str().unwrap()).or_default() += 1;
        let account = leg["account"].as_str().unwrap_or_default();
        add(&mut retail, account, &leg["currency"], &leg["amount"]);
        let side = &leg["wholesale"];
        add(&mut wholesale, "", &side["currency"], &side["amount"]);
    }
    let nano = |nano: i128| Decimal::from_i128_with_scale(nano, 9);
    let mut owed = Sums::new();
    for (key, amount) in &expected.retail {
        *owed.entry((key.account.clone(), key.currency.clone())).or_default() += nano(*amount);
    }
    assert_eq!(retail, owed);
    let asked = expected.wholesale_by_currency().into_iter();
    assert_eq!(wholesale, asked.map(|(currency, amount)| ((String::new(), currency), nano(amount))).collect());
    for (outcome, count) in
        [("rated", expected.rated), ("non_target", expected.non_target), ("duplicate", expected.duplicates)]
    {
        assert_eq!(outcomes[outcome], count, "{outcome}");
    }
    let messages = legs.iter().filter(|leg| leg["service"] == "message" && leg["outcome"] == "rated");
    let (paid, free): (Vec<_>, Vec<_>) = messages.partition(|leg| leg["amount"] != "0.0000");
    assert!(paid.len() > 30 && free.len() > 30, "{} messages paid, {} included", paid.len(), free.len());
}

/// Account and currency -> sum; no zeros.
type Sums = BTreeMap<(String, String), Decimal>;

fn add(sums: &mut Sums, account: &str, currency: &Value, amount: &Value) {
    let (Some(currency), Some(amount)) = (currency.as_str(), amount.as_str()) else { return };
    let amount: Decimal = amount.parse().unwrap();
    if !amount.is_zero() {
        *sums.entry((account.to_owned(), currency.to_owned())).or_default() += amount;
    }
}
