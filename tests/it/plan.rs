//! A registry of ranges and ported numbers (A34): `cdr-ingest plan`, then `rate`, `check`, the stream and the replay by what it wrote.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::{World, program, record};

use crate::in_words::check;
use crate::offline::rate;

/// Runs `cdr-ingest plan`: (standard output, standard error, success).
fn plan(arguments: &[&str]) -> (String, String, bool) {
    let output = Command::new(program("cdr-ingest"))
        .arg("plan")
        .args(arguments)
        .output()
        .expect("cdr-ingest is built beside the tests: cargo build --workspace");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.success())
}

/// An operator that sells calls to two mobile networks at 1 and 2 a minute.
fn write_operator(directory: &Path) {
    let write = |file: &str, text: &str| std::fs::write(directory.join(file), text).unwrap();
    write("providers.csv", "provider\nmts\n");
    write("lists.csv", "list,kind,provider,currency,decimals\nr,retail,,RUB,2\nw,wholesale,mts,RUB,2\n");
    write("rates.csv", "list,prefix,price\nr,7916,1\nr,7920,2\nw,7916,0.50\nw,7920,0.75\n");
    write("plans.csv", "plan,layer,list\np,1,r\n");
    write("accounts.csv", "account,plan\na,p\n");
    write("locks.csv", "mask,account\n");
}

/// Four numbers: of its own network; ported; in a ported range; in that range, and ported back.
#[test]
fn a_ported_number_is_priced_by_its_new_home() {
    let directory = tempfile::tempdir().unwrap();
    let path = |file: &str| directory.path().join(file).to_str().unwrap().to_owned();
    write_operator(directory.path());
    // As the registry writes it, in the code page of Windows.
    let registry = "АВС/ DEF;От;До;Емкость;Оператор;Регион;ИНН\r\n\
                    916;0000000;9999999;10000000;ПАО МТС;г. Москва;1\r\n920;0000000;9999999;10000000;ПАО Мегафон;г. Тула;2\r\n";
    let windows_1251 = |letter: char| u8::try_from(letter).unwrap_or_else(|_| (u32::from(letter) - 0x410 + 0xc0) as u8);
    std::fs::write(path("def.csv"), registry.chars().map(windows_1251).collect::<Vec<u8>>()).unwrap();
    let (_, said, success) = plan(&["--out", &path("plan.csv"), "--name", "operator", &path("def.csv")]);
    assert!(success, "{said}");
    assert!(said.contains("columns that are not read: ИНН") && said.contains("2 ranges became 2 prefixes"), "{said}");
    let text = std::fs::read_to_string(path("plan.csv")).unwrap();
    for expected in ["\n7916,RU,mobile,PAO MTS,ПАО МТС\n", "\n7920,RU,mobile,PAO Megafon,ПАО Мегафон\n", "\n381,RS,"]
    {
        assert!(text.contains(expected), "{expected}");
    }
    std::fs::write(path("ported.csv"), "number,home\n79161112233,7920\n").unwrap();
    std::fs::write(path("ranges.csv"), "from,to,home\n79162220000,79162229999,7920\n79162225555,,7916\n").unwrap();
    let by_files =
        ["--numbering-plan", &path("plan.csv"), "--ported", &path("ported.csv"), "--ported", &path("ranges.csv")];
    let calls: String = ["79161112234", "79161112233", "79162220000", "79162225555"]
        .map(|dst| record(dst, json!({"account": "a", "dst": dst, "trunk_out": null})).to_string() + "\n")
        .concat();
    let shown = |legs: &[Value]| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
        legs.iter().map(|leg| (text(&leg["prefix"]), text(&leg["destination"]))).collect()
    };
    let (legs, errors, success) = rate(directory.path(), &by_files, &calls);
    assert!(success, "{errors}");
    let pair = |prefix: &str, name: &str| (prefix.to_owned(), name.to_owned());
    let (mts, megafon) = (pair("7916", "PAO MTS"), pair("7920", "PAO Megafon"));
    assert_eq!(shown(&legs), [mts.clone(), megafon.clone(), megafon, mts]);
    let minute = |leg: &Value| leg["amount"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    // The same call at 2 a minute costs twice what it costs at 1.
    assert_eq!(minute(&legs[1]), minute(&legs[0]) * rust_decimal::Decimal::TWO);
    // Without the files every number is of the network that it was given to.
    let (legs, _, _) = rate(directory.path(), &[], &calls);
    assert!(legs.iter().all(|leg| leg["prefix"] == "7916" && leg["destination"] == "Russia mobile"), "{legs:?}");

    let question = |more: &[&str]| {
        let asked = [&["79161112233", "--plan", "p", "--seconds", "60"], &by_files[..], more].concat();
        check(directory.path(), &asked).0
    };
    let data: Value = serde_json::from_str(&question(&["--json"])).unwrap();
    assert_eq!((data["ported"].as_str(), data["retail"]["prefix"].as_str()), (Some("7920"), Some("7920")));
    assert_eq!(data["providers"][0]["wholesale"]["prefix"].as_str(), Some("7920"));
    assert_eq!(data["explanation"]["amount"].as_str(), Some("2"));
    assert!(question(&["--language", "ru"]).contains("номер перенесён, цена как у номеров на 7920"));
}

/// Everything that is wrong with all files at once; nothing is written, nothing is rated.
#[test]
fn what_is_wrong_with_the_files_is_said_by_line_and_column() {
    let directory = tempfile::tempdir().unwrap();
    let path = |file: &str| directory.path().join(file).to_str().unwrap().to_owned();
    let write = |file: &str, text: &str| std::fs::write(path(file), text).unwrap();
    write_operator(directory.path());
    write("one.csv", "code;from;to;operator;region\n916;5;4;A;B\n9x6;0;9;A;B\n");
    write("two.csv", "from,to,country,kind,name_en\n79200000000,79200000009,RU,car,A\n");
    write("base.csv", "prefix,country,kind,name_en,name_ru\n7,RU,any,,\n07,RU,any,,\n");
    let (text, errors, success) = plan(&[
        "--base",
        &path("base.csv"),
        "--out",
        &path("out.csv"),
        &path("one.csv"),
        &path("two.csv"),
        &path("none.csv"),
    ]);
    assert!(text.is_empty() && !success && !Path::new(&path("out.csv")).exists());
    for expected in [
        "none.csv: cannot be read",
        "base.csv, line 3, column prefix: `07` is not a prefix",
        "one.csv, line 2, column to: 79160000004 is no end of a range from 79160000005",
        "one.csv, line 3, column code: `9x6` is not a code of 1 to 9 digits",
        "two.csv, line 2, column kind: `car` is not one of any, fixed",
    ] {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
    write("ported.csv", "from,to,home\n79161112233,,7920\n79161112233,,7916\n79161110000,79161119999,999\n");
    let (legs, errors, success) = rate(directory.path(), &["--ported", &path("ported.csv")], "");
    assert!(legs.is_empty() && !success);
    for expected in [
        "ported.csv, line 3, column home: 79161112233 stands in an earlier line with the home 7920",
        "ported.csv, line 4, column home: no prefix of the numbering plan begins 999",
    ] {
        assert!(errors.contains(expected), "{expected} is not in:\n{errors}");
    }
    let (_, errors, _) = check(directory.path(), &["79161112233", "--plan", "p", "--ported", &path("missing.csv")]);
    assert!(errors.contains("missing.csv: cannot be read"), "{errors}");
}

/// The stream prices a ported number by its new home, and a replay by the same files gives the same: 381 at 3.00 a begun minute instead of 7 at 0.60.
#[tokio::test(flavor = "multi_thread")]
async fn the_stream_and_the_replay_look_ported_numbers_up() {
    let world = World::new(1).await;
    let directory = tempfile::tempdir().unwrap();
    let ported = directory.path().join("ported.csv").to_str().unwrap().to_owned();
    std::fs::write(&ported, "number,home\n74951234567,381\n").unwrap();
    world.send(0, &record("moved", json!({})));
    world.send(0, &record("stayed", json!({"dst": "74951234568"})));
    assert!(world.spawn_ingest(&["--stop-at-end", "--ported", &ported]).wait());
    assert_eq!(world.balance("a1").await, "96.4");
    world.assert_books_agree().await;
    let replay = |more: &[&str]| {
        let output = Command::new(program("cdr-ingest"))
            .args([
                "--log",
                "warn",
                "replay",
                "--postgres",
                &world.postgres,
                "--clickhouse",
                &world.clickhouse_url,
                "--json",
            ])
            .args(more)
            .output()
            .unwrap();
        (serde_json::from_slice::<Value>(&output.stdout).unwrap()["differ"].as_i64(), output.status.code())
    };
    assert_eq!(replay(&["--ported", &ported]), (Some(0), Some(0)));
    assert_eq!(replay(&[]), (Some(1), Some(1)));
    world.drop().await;
}

/// Every program that prices refuses a broken file before it does anything else.
#[test]
fn every_program_takes_the_same_files() {
    let nowhere = ["--postgres", "postgres://nobody@127.0.0.1:1/none", "--clickhouse", "http://127.0.0.1:1"];
    for (name, command, more) in [
        ("cdr-ingest", "run", &["--kafka", "127.0.0.1:1", "--topic", "none"][..]),
        ("cdr-ingest", "replay", &[]),
        ("admin-api", "serve", &[]),
    ] {
        for option in ["--numbering-plan", "--ported"] {
            let mut program = Command::new(program(name));
            let output =
                program.arg(command).args(nowhere).args(more).args([option, "/no/such/file.csv"]).output().unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert!(
                !output.status.success() && errors.contains("/no/such/file.csv: cannot be read"),
                "{name} {command}: {errors}"
            );
        }
    }
}
