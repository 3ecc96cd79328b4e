//! What support reads and asks, with no server: `cdr-ingest rate --text` and `cdr-ingest check`.

use std::process::Command;

use serde_json::{Value, json};
use tests::{program, record};

use crate::offline::rate;

/// In words, in the language that is asked for: a refusal says why, a record that is none says where it stands, a repeat that it is one.
#[test]
fn what_cannot_be_rated_is_said_in_the_language_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("lists.csv", "list,kind,currency\nr,retail,RUB\n");
    write("rates.csv", "list,prefix,price\nr,44,1\n");
    write("plans.csv", "plan,layer,list\np,1,r\n");
    write("accounts.csv", "account,plan\na,p\n");
    write("locks.csv", "mask\n");
    let calls = [
        record("good", json!({"account": "a", "dst": "442079460000"})).to_string(),
        record("unpriced", json!({"account": "a"})).to_string(),
        "{\"cdr_id\":\"x\"".to_owned(),
        record("letters", json!({"account": "a", "dst": "44x"})).to_string(),
        record("nobody", json!({"account": "b"})).to_string(),
        record("times", json!({"account": "a", "billable_ms": -1})).to_string(),
        record("good", json!({"account": "a", "dst": "442079460000"})).to_string(),
        record("service", json!({"account": "a", "service": "smoke"})).to_string(),
    ];
    std::fs::write(directory.path().join("calls.txt"), calls.join("\n")).unwrap();
    let told = |arguments: &[&str]| {
        let output = Command::new(program("cdr-ingest"))
            .args(["rate", "--tariffs", directory.path().to_str().unwrap(), "--text"])
            .args(arguments)
            .arg(directory.path().join("calls.txt"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let russian = told(&["--language", "ru"]);
    for expected in [
        "  не тарифицируется: NO_RETAIL_PRICE",
        "  ни в одном прайс-листе плана нет действующей строки",
        "строка 3\n  UNDECODABLE: canonical JSON: запись обрывается (строка 1, столбец 13)\n",
        "  BAD_NUMBER: dst: в номере не только цифры\n",
        "  лицевого счёта `b` нет\n",
        "  BAD_TIMES: длительность отрицательна\n",
        "good 0\n  повтор записи: не начисляется\n",
        "строка 8\n  UNDECODABLE: canonical JSON: `smoke` не подходит; бывает: `outgoing`",
    ] {
        assert!(russian.contains(expected), "{expected} is not in:\n{russian}");
    }
    let english = told(&[]);
    for expected in [
        "  no price list of the account's plan has a valid row",
        "line 3\n  UNDECODABLE: canonical JSON: EOF",
        "  BAD_NUMBER: dst: the number contains something other than digits\n",
        "good 0\n  a repeat: nothing is charged\n",
    ] {
        assert!(english.contains(expected), "{expected} is not in:\n{english}");
    }
    let (legs, _, _) = rate(directory.path(), &["--language", "ru"], &calls.join("\n"));
    assert_eq!((legs[2]["input_line"].as_i64(), legs[3]["input_line"].is_null()), (Some(3), true));
    assert_eq!(legs[3]["detail"].as_str(), Some("dst: в номере не только цифры"));
}

/// Runs `cdr-ingest check`: (standard output, standard error, exit status).
pub(crate) fn check(directory: &std::path::Path, arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(program("cdr-ingest"))
        .args(["check", "--tariffs", directory.to_str().unwrap()])
        .args(arguments)
        .output()
        .expect("cdr-ingest is built beside the tests: cargo build --workspace");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// M29, M30: verdict, lines, locks and the prepared request, as data and in words; what does not exist is an error.
#[test]
fn what_support_asks() {
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
    write("providers.csv", "provider\nmts\n");
    write("lists.csv", "list,kind,provider,currency\nr,retail,,RUB\nw,wholesale,mts,RUB\n");
    write(
        "rates.csv",
        "list,prefix,service,price,billing,connect_fee\nr,38111,outgoing,0.006,30/6,1\nw,38111,,0.004,1/1,\nr,44,,1,1/1,\n",
    );
    write("plans.csv", "plan,layer,list\np,1,r\n");
    write("accounts.csv", "account,plan\na,p\n");
    write("locks.csv", "mask,account,origin\n38,a,client\n");
    let data = |arguments: &[&str]| -> (Value, i32) {
        let (text, errors, status) = check(directory.path(), &[arguments, &["--json"]].concat());
        (serde_json::from_str(&text).unwrap_or_else(|_| panic!("{errors}")), status)
    };
    let (ok, status) = data(&["+381 11 4112060", "--account", "a", "--seconds", "75"]);
    assert_eq!((ok["verdict"].as_str(), ok["request"].is_null(), status), (Some("ok"), true, 2));
    assert_eq!((ok["retail"]["prefix"].as_str(), ok["locks"][0]["mask"].as_str()), (Some("38111"), Some("38")));
    // The client's own lock: an answered call would not be charged.
    assert_eq!(ok["explanation"]["amount"].as_str(), Some("0"));
    let (by_plan, status) = data(&["381114112060", "--plan", "p", "--seconds", "75"]);
    assert_eq!((by_plan["explanation"]["amount"].as_str(), status), (Some("1.0078"), 0));
    let (forwarded, status) = data(&["381114112060", "--account", "a", "--service", "forwarded"]);
    assert_eq!((forwarded["verdict"].as_str(), status), (Some("NO_RETAIL_PRICE"), 2));
    let request = &forwarded["request"];
    assert_eq!((request["department"].as_str(), request["missing"].as_str()), (Some("marketing"), Some("retail")));
    assert_eq!(
        (request["asked"]["number"].as_str(), request["asked"]["service"].as_str()),
        (Some("381114112060"), Some("forwarded"))
    );
    let (no_wholesale, _) = data(&["442079460000", "--plan", "p"]);
    assert_eq!(
        (no_wholesale["verdict"].as_str(), no_wholesale["request"]["department"].as_str()),
        (Some("NO_WHOLESALE_PRICE"), Some("b2b"))
    );
    let (partial, _) = data(&["--prefix", "381", "--plan", "p"]);
    assert_eq!((partial["verdict"].as_str(), partial["below"]["lines"].as_i64()), (Some("partial"), Some(1)));

    // No provider sells messages to Britain: the check says so by naming the retail price alone.
    let (message, _) = data(&["442079460000", "--plan", "p", "--service", "message"]);
    assert_eq!((message["verdict"].as_str(), &message["priced"]), (Some("ok"), &json!(["retail"])));
    let (in_words, _, _) = check(directory.path(), &["442079460000", "--plan", "p", "--service", "message"]);
    assert!(in_words.contains("  priced retail: as far as"), "{in_words}");

    let (english, _, _) = check(directory.path(), &["381114112060", "--plan", "p", "--seconds", "75"]);
    for expected in [
        "priced retail and wholesale",
        "no locks",
        "retail: r 38111: 0:30@0.006/60 30:6@0.006/60 RUB, connection 1",
        "75 s: 1.0078 RUB",
        "from second 30: 48 s in increments of 6 s at 0.006 per 60 s = 0.0048",
    ] {
        assert!(english.contains(expected), "{expected} is not in:\n{english}");
    }
    let (russian, _, _) =
        check(directory.path(), &["381114112060", "--account", "a", "--seconds", "75", "--language", "ru"]);
    for expected in ["цены есть", "запрет лицевого счёта 1: 38, решает он", "75 s: 0 RUB"]
    {
        assert!(russian.contains(expected), "{expected} is not in:\n{russian}");
    }
    for (arguments, expected) in [
        (&["381114112060", "--account", "b"][..], "there is no account `b` in accounts.csv"),
        (&["381114112060", "--plan", "q"][..], "there is no plan `q` in plans.csv"),
        (&["381114112060", "--plan", "p", "--provider", "x"][..], "there is no provider `x` in providers.csv"),
        (&["12", "--plan", "p"][..], "`12` is no number"),
        (&["381114112060", "--plan", "p", "--place", "nowhere"][..], "--place `nowhere` stands in no rate"),
        (&["381114112060", "--plan", "p", "--service", "fax"][..], "--service `fax` is not one of outgoing"),
        (&["381114112060"][..], "--account"),
    ] {
        let (text, errors, status) = check(directory.path(), arguments);
        assert!(text.is_empty() && status != 0 && errors.contains(expected), "{expected} is not in:\n{errors}");
    }
}
