//! What days cost with bundles and volumes: tables with the arithmetic, and what the oracle refuses to reckon.

use super::super::call::{Call, Disposition, Service};
use super::super::error::GenerateError;
use super::super::expectation::Tally;
use super::super::model::Operator;
use super::super::money::decimal;
use super::super::oracle::Oracle;
use super::Scratch;
use super::oracle::{A, FILES, call, describe};

/// The files of the other tests, and a plan of C: 100 s a day to Russia without Moscow, 3 messages, Moscow cheaper from 60 s.
const PACK: &[(&str, &str)] = &[
    (
        "lists.csv",
        "list,kind,provider,currency,rounding,decimals\nbase,retail,,RUB,half_up,2\nupper,retail,,RUB,half_up,4\npack,retail,,RUB,half_up,4\n\
         cost,wholesale,p,RUB,half_up,4\n",
    ),
    (
        "rates.csv",
        "list,prefix,service,volume,from_volume,price,unit,billing,attempt_fee\nbase,7,,,,3,,,\nbase,381,,,,20,,,\ncost,7,,,,1,,,\n\
         pack,7,outgoing,,,0.01,1,1/1,0.5\npack,7495,outgoing,moscow,,0.6,,,\npack,7495,outgoing,,60,0.36,,,\npack,7,message,,,2.5,1,1/1,\n",
    ),
    ("volumes.csv", "list,volume,period\npack,moscow,day\n"),
    ("destination_groups.csv", "group,prefix\nhome,79\nhome,7812\n"),
    (
        "bundles.csv",
        "plan,bundle,units,period,services,destinations\npack,seconds,100,day,outgoing,home\npack,messages,3,day,message,\n",
    ),
    ("plans.csv", "plan,layer,list\nboth,1,base\npriced,1,base\npack,1,pack\npack,2,base\n"),
    ("accounts.csv", "account,plan\nA,both\nB,priced\nC,pack\n"),
];

/// The directory with some files replaced.
fn directory(name: &str, changes: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::new(&format!("counted-{name}-{:?}", std::thread::current().id()));
    for (file, text) in FILES.iter().chain(PACK).chain(changes) {
        std::fs::write(scratch.path().join(file), text).unwrap();
    }
    scratch
}

/// What C's calls come to: how each is judged, and day and sum.
fn sums(directory: &Scratch, calls: &[Call<'static>]) -> Result<(Vec<String>, Vec<String>), GenerateError> {
    let operator = Operator::read(directory.path())?;
    let mut oracle = Oracle::new(&operator, call("", "").end_ms + 10 * 86_400_000);
    let mut tally = Tally::default();
    let mut judged = Vec::new();
    for call in calls {
        for leg in oracle.judge(call) {
            judged.push(describe(&operator, &leg));
            tally.leg(&leg);
        }
    }
    let expectation = tally.finish(&operator)?;
    let days = expectation.retail.iter();
    let days = days.map(|(key, nano)| format!("{} {} {}", key.account, key.day.format("%d"), decimal(*nano)));
    Ok((judged, days.collect()))
}

/// A call of C of so many seconds, so many hours after noon of 1 November in Moscow.
fn talk(dst: &str, seconds: i64, hours: i64) -> Call<'static> {
    let plain = call(A, dst);
    let answer = plain.setup_ms + 5_000 + hours * 3_600_000;
    Call { account: Some("C"), answer_ms: Some(answer), end_ms: answer + seconds * 1_000, ..plain }
}

fn message(pieces: u32, hours: i64) -> Call<'static> {
    Call { service: Service::Message, quantity: Some(pieces), ..talk("79160000001", 0, hours) }
}

const MOBILE: &str = "79160000001";
const MOSCOW: &str = "74951112233";

/// calls | how they are judged | day and sum; each list of calls also backwards: the order makes no difference.
#[test]
fn days() {
    let directory = directory("days", &[]);
    let counts = |units: &str| format!("rated C counts {units}");
    for (calls, judged, days) in [
        (vec![talk(MOBILE, 100, 0)], vec![counts("100")], vec![]),
        // 101 - 100 = 1 s at 0.01; and 61 + 60 = 121: 21 s.
        (vec![talk(MOBILE, 101, 0)], vec![counts("101")], vec!["C 01 0.01"]),
        (vec![talk(MOBILE, 61, 0), talk("78121112233", 60, 1)], vec![counts("61"), counts("60")], vec!["C 01 0.21"]),
        // A day has a bundle of its own: midnight in Moscow is 12 h after noon. 50 s and 20 s over it.
        (
            vec![talk(MOBILE, 150, 11), talk(MOBILE, 120, 12)],
            vec![counts("150"), counts("120")],
            vec!["C 01 0.5", "C 02 0.2"],
        ),
        // 60 s at 0.01, 40 s at 0.006, and the bundle is for others: 0.6 + 0.24.
        (vec![talk(MOSCOW, 30, 0), talk(MOSCOW, 70, 1)], vec![counts("30"), counts("70")], vec!["C 01 0.84"]),
        // In no group, but at the price of the list: 200 s.
        (vec![talk("73431112233", 200, 0)], vec!["rated C 2".to_owned()], vec!["C 01 2"]),
        // 1 + 4 + 2 - 3 = 4 messages at 2.5; what is not sent uses nothing.
        (
            vec![
                message(1, 0),
                message(4, 0),
                message(2, 1),
                Call { disposition: Disposition::Failed, ..message(5, 1) },
            ],
            vec![counts("1"), counts("4"), counts("2"), "rated C 0".to_owned()],
            vec!["C 01 10"],
        ),
        // An attempt costs its fee and uses nothing: 0.5.
        (
            vec![Call { disposition: Disposition::Busy, ..talk(MOBILE, 90, 0) }, talk(MOBILE, 100, 0)],
            vec!["rated C 0.5".to_owned(), counts("100")],
            vec!["C 01 0.5"],
        ),
        // Serbia is the list below: 20 a minute. The provider has its price a call, whoever pays for it; A's plan counts nothing.
        (vec![talk("38161234567", 60, 0)], vec!["rated C 20".to_owned()], vec!["C 01 20"]),
        (
            vec![Call { trunk_out: Some("p-1"), ..talk(MOBILE, 60, 0) }],
            vec!["rated C counts 60 cost 1".to_owned()],
            vec![],
        ),
        (
            vec![Call { trunk_out: Some("p-1"), ..message(2, 0) }, call(A, MOBILE)],
            vec![counts("2"), "rated A 3".to_owned()],
            vec!["A 01 3"],
        ),
    ] {
        assert_eq!(sums(&directory, &calls).unwrap(), (judged.clone(), days.iter().map(ToString::to_string).collect()));
        let backwards: Vec<Call<'static>> = calls.into_iter().rev().collect();
        assert_eq!(sums(&directory, &backwards).unwrap().1, days);
    }
}

/// file | its text | what is refused
#[test]
fn what_the_order_would_decide() {
    let bundles = "plan,bundle,units,period,keep,services,destinations\n";
    let rates = "list,prefix,service,volume,from_volume,price,unit,billing,connect_fee\nbase,7,,,,3,,,\n";
    for (file, text, refused) in [
        ("bundles.csv", format!("{bundles}pack,s,100,month,,outgoing,\n"), "bundles.csv, line 2: period `month`"),
        ("bundles.csv", format!("{bundles}pack,s,100,,,outgoing,\n"), "bundles.csv, line 2: period ``"),
        ("bundles.csv", format!("{bundles}pack,s,100,day,1,outgoing,\n"), "bundles.csv, line 2: keep `1`"),
        ("bundles.csv", format!("{bundles}pack,s,9,day,,,\npack,t,9,day,,outgoing,\n"), "line 3: services `outgoing`"),
        ("bundles.csv", format!("{bundles}pack,s,9,day,,,east\n"), "line 2: destinations `east` cannot be read"),
        ("volumes.csv", "list,volume,period\npack,moscow,week\n".to_owned(), "volumes.csv, line 2: period `week`"),
        // A bundle for a destination that is priced by volume; increments; a fee; a third decimal too many; a discount.
        (
            "bundles.csv",
            format!("{bundles}pack,s,9,day,,,\n"),
            "bundles.csv, line 2: what C owes for 2026-11-01 depends",
        ),
        ("rates.csv", format!("{rates}pack,7,,,,0.01,1,60/60,\n"), "bundles.csv, line 2: what C owes"),
        ("rates.csv", format!("{rates}pack,7,,,,0.01,1,1/1,1\n"), "bundles.csv, line 2: what C owes"),
        ("rates.csv", format!("{rates}pack,7,,,,0.01,,1/1,\n"), "bundles.csv, line 2: what C owes"),
        (
            "rates.csv",
            format!("{rates}pack,7495,,moscow,,0.01,1,,\npack,7495,,,60,0.01,,,\n"),
            "volumes.csv, line 2: what C owes",
        ),
        (
            "rates.csv",
            format!("{rates}pack,79,,,,0.01,1,1/1,\npack,7812,,,,0.02,1,1/1,\n"),
            "bundles.csv, line 2: what C owes",
        ),
        ("discounts.csv", "level,client,percent\npersonal,C,10\n".to_owned(), "line 2: what C owes"),
    ] {
        let directory = directory("refused", &[(file, &text)]);
        let calls = [talk(MOSCOW, 61, 0), talk(MOBILE, 60, 0), talk("78121112233", 60, 0)];
        let refusal = sums(&directory, &calls).map(|_| ()).unwrap_err().to_string();
        assert!(refusal.contains(refused), "{text}{refused} is not in: {refusal}");
    }
}
