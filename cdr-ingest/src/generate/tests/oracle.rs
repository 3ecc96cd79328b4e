//! The oracle over a directory of a few rows: one line a rule, with the arithmetic.

use super::super::call::{Call, Disposition, Service};
use super::super::model::Operator;
use super::super::money::decimal;
use super::super::oracle::{Leg, Oracle, Outcome, Owed};
use super::Scratch;

pub(super) const FILES: &[(&str, &str)] = &[
    ("entity.csv", "code,name,currency,zone\nTG,Test,RUB,Europe/Moscow\n"),
    ("settings.csv", "key,value\nnumbering.emergency,112 01\nnumbering.short_codes,100\n"),
    ("providers.csv", "provider,trunks\np,p-1 p-2\nq,q-1\n"),
    ("sources.csv", "source,format,duration_rounding,on_net\nonce,canonical,half_up,once\nboth,canonical,up,both\n"),
    (
        "lists.csv",
        "list,kind,provider,currency,rounding,decimals\nbase,retail,,RUB,half_up,2\nupper,retail,,RUB,half_up,4\ncost,wholesale,p,RUB,half_up,4\n",
    ),
    (
        "rates.csv",
        "list,prefix,service,provider,origin,from,to,price,unit,billing,attempt_fee\n\
         base,7,,,,,,3,,,\nbase,7495,,,,,,1.5,,,\nbase,7800,,,,,,0,,,\nbase,79,,,,,,2.4,,,0.1\nbase,381,,,,,,20,,,\nbase,38111,,,,,,24,,,\n\
         upper,79,,,,,,1.8,,60/60,\nupper,79,,q,,,,1.2,,60/60,\nupper,7800,tollfree,,,,,4.5,,,\nupper,7800,tollfree,,7,,,1.2,,,\nupper,7800,tollfree,,79,,,2.5,,,\n\
         upper,7495,internal,,,,,0.3,,,\nupper,7499,,,,,,1,,,\nupper,7499,,,,2026-11-02T00:00:00+03:00,,2,,,\nupper,short:100,,,,,,6,,,\n\
         upper,882,,,,,,999999999,1,,\ncost,7,,,,,,1,,,\ncost,7495,incoming,,,,,0.06,,,\n",
    ),
    ("plans.csv", "plan,layer,list,incoming\nboth,2,base,free\nboth,1,upper,free\npriced,1,base,priced\n"),
    ("accounts.csv", "account,plan,trunks\nA,both,pbx-a pbx-ab\nB,priced,pbx-ab\n"),
    (
        "dids.csv",
        "number,status,account,from,to\n74950000001,in_work,A,,\n74950000002,in_work,A,,\n74950000003,in_work,B,,\n\
         74950000004,in_work,B,,2026-10-01T00:00:00+03:00\n74950000004,archive,,2026-10-01T00:00:00+03:00,\n78000000001,in_work,B,,\n78000000002,in_work,A,,\n",
    ),
    (
        "locks.csv",
        "mask,account,origin,provider,active,from,to\n3811,,fraud,,,,\n38,A,client,,,,\n3816,A,fraud,,,,\n381,,operator,,false,,\n7902,,operator,,,,\n7903,,fraud,p,,,\n7904,B,client,,,,\n",
    ),
];

/// One minute from 2026-11-01 12:00:05 in Moscow.
pub(super) fn call(src: &str, dst: &str) -> Call<'static> {
    let setup_ms = 1_793_523_600_000;
    Call {
        source: 0,
        cdr_id: "c".to_owned(),
        leg: 0,
        sequence: 0,
        is_final: true,
        account: None,
        src: src.to_owned(),
        dst: dst.to_owned(),
        service: Service::Outgoing,
        setup_ms,
        answer_ms: Some(setup_ms + 5_000),
        end_ms: setup_ms + 65_000,
        billable_ms: None,
        quantity: None,
        disposition: Disposition::Answered,
        trunk_in: None,
        trunk_out: None,
        forwarded_from: None,
        incoming_service: None,
        place: None,
    }
}

pub(super) fn describe(operator: &Operator, leg: &Leg) -> String {
    let mut text = match leg.outcome {
        Outcome::Rated => "rated".to_owned(),
        Outcome::NonTarget => "non-target".to_owned(),
        Outcome::Suspended(code) => code.code().to_owned(),
    };
    match &leg.retail {
        Some(Owed::Amount(amount)) => {
            text = format!("{text} {} {}", operator.accounts[amount.account].code, decimal(amount.nano));
        }
        Some(Owed::Counted(counted)) => {
            text = format!("{text} {} counts {}", operator.accounts[counted.account].code, counted.units);
        }
        None => {}
    }
    if let Some((_, nano)) = leg.wholesale {
        text = format!("{text} cost {}", decimal(nano));
    }
    text + if leg.lock_breach { " breach" } else { "" }
}

/// Judges every call of `cases` and compares.
#[track_caller]
fn check(cases: &[(Call<'static>, &str)]) {
    let scratch = Scratch::new(&format!("oracle-{:?}", std::thread::current().id()));
    for (name, text) in FILES {
        std::fs::write(scratch.path().join(name), text).unwrap();
    }
    let operator = Operator::read(scratch.path()).unwrap();
    let mut oracle = Oracle::new(&operator, call("", "").end_ms + 86_400_000);
    for (call, expected) in cases {
        let legs: Vec<String> = oracle.judge(call).iter().map(|leg| describe(&operator, leg)).collect();
        assert_eq!(legs.join("; "), *expected, "{call:?}");
    }
}

pub(super) const A: &str = "74950000001";
const B: &str = "74950000003";

#[test]
fn who_pays() {
    let by = |service, src, dst| Call { service, ..call(src, dst) };
    check(&[
        // 60 s at 1.5 a minute.
        (call(A, "74951112233"), "rated A 1.5"),
        (Call { account: Some("B"), ..call(A, "74951112233") }, "rated B 1.5"),
        (Call { trunk_in: Some("pbx-a"), ..call("anonymous", "74951112233") }, "rated A 1.5"),
        (Call { trunk_in: Some("pbx-ab"), ..call(B, "74951112233") }, "rated B 1.5"),
        (Call { trunk_in: Some("pbx-ab"), ..call("79160000000", "74951112233") }, "AMBIGUOUS_SUBSCRIBER"),
        (Call { account: Some("C"), ..call(A, "74951112233") }, "UNKNOWN_SUBSCRIBER"),
        (call("79160000000", "74951112233"), "UNKNOWN_SUBSCRIBER"),
        (call("anonymous", "74951112233"), "BAD_NUMBER"),
        (call(A, "123"), "BAD_NUMBER"),
        // Whoever calls an emergency code pays nothing.
        (call("anonymous", "112"), "rated"),
        (call(A, "100"), "rated A 6"),
        // Free for A's plan; B's prices incoming by the list base: 60 s at 1.5. The provider of the trunk takes 0.06.
        (Call { trunk_in: Some("p-1"), ..by(Service::Incoming, "79160000000", A) }, "rated cost 0.06"),
        (by(Service::Incoming, "79160000000", B), "rated B 1.5"),
        (by(Service::Incoming, "79160000000", "74950000004"), "non-target"),
        (by(Service::Incoming, "79160000000", "74951112233"), "UNKNOWN_SUBSCRIBER"),
        (
            Call { forwarded_from: Some(A.to_owned()), ..by(Service::Forwarded, "79160000000", "74951112233") },
            "rated A 1.5",
        ),
    ]);
}

#[test]
fn one_record_or_two_legs() {
    let both = |dst| Call { source: 1, ..call(A, dst) };
    check(&[
        (call(A, "74950000002"), "rated A 0.3"),
        (call(A, B), "rated A 1.5; rated B 1.5"),
        (both(B), "rated A 1.5"),
        (call(A, "74950000004"), "rated A 1.5; non-target"),
        // The caller pays the list's 0 to a toll-free number; the called account's plan has no row for `tollfree` but the same 0.
        (call(A, "78000000001"), "rated A 0; rated B 0"),
    ]);
}

#[test]
fn which_rate() {
    let toll_free = |src| Call { service: Service::Tollfree, ..call(src, "78000000002") };
    let later = |by: i64| {
        let call = call(A, "74991112233");
        Call {
            setup_ms: call.setup_ms + by,
            answer_ms: call.answer_ms.map(|at| at + by),
            end_ms: call.end_ms + by,
            ..call
        }
    };
    check(&[
        // Both lists price 79: the upper one wins. B has the list base only.
        (call(A, "79160000001"), "rated A 1.8"),
        (call(B, "79160000001"), "rated B 2.4"),
        (Call { trunk_out: Some("q-1"), ..call(A, "79160000001") }, "rated A 1.2"),
        (Call { trunk_out: Some("p-2"), ..call(A, "79160000001") }, "rated A 1.8 cost 1"),
        // Foreign, Russian, Russian mobile.
        (toll_free("4930123456"), "rated A 4.5"),
        (toll_free("74951112233"), "rated A 1.2"),
        (toll_free("79160000000"), "rated A 2.5"),
        (toll_free("anonymous"), "rated A 4.5"),
        // From midnight of 2 November the later row holds: 12 h after noon of the first.
        (later(11 * 3_600_000), "rated A 1"),
        (later(12 * 3_600_000), "rated A 2"),
        (call(A, "49301234567"), "NO_RETAIL_PRICE"),
        (call(A, "88212345678"), "OVERFLOW"),
    ]);
}

#[test]
fn locks() {
    check(&[
        // A's own mask 38 is the shortest local one, client's: 0. For B the global mask 3811 decides: suspended.
        (call(A, "381111234567"), "rated breach"),
        (call(A, "381612345678"), "rated breach"),
        (call(B, "381111234567"), "LOCK_BREACH breach"),
        (call(B, "381212345678"), "rated B 20"),
        // An operator's lock charges; a lock tied to a provider holds only through it.
        (call(A, "79021234567"), "rated A 1.8 breach"),
        (call(A, "79031234567"), "rated A 1.8"),
        (Call { trunk_out: Some("p-1"), ..call(A, "79031234567") }, "LOCK_BREACH breach"),
        (Call { trunk_out: Some("q-1"), ..call(A, "79031234567") }, "rated A 1.2"),
        // An attempt under a lock costs nothing, where otherwise B's attempt costs 0.1.
        (Call { disposition: Disposition::Busy, ..call(B, "79041234567") }, "rated"),
        (Call { disposition: Disposition::Busy, ..call(B, "79051234567") }, "rated B 0.1"),
        // Wholesale is booked although the client's lock makes the call free.
        (Call { trunk_out: Some("p-1"), ..call(B, "79041234567") }, "rated cost 1 breach"),
    ]);
}

#[test]
fn times_and_durations() {
    let plain = call(A, "74951112233");
    let (setup, answer, end) = (plain.setup_ms, plain.setup_ms + 5_000, plain.end_ms);
    let day = 86_400_000;
    let with = |change: &dyn Fn(&mut Call<'static>)| {
        let mut call = plain.clone();
        change(&mut call);
        call
    };
    let moved = |by: i64| {
        with(&|call| (call.setup_ms, call.answer_ms, call.end_ms) = (setup + by, Some(answer + by), end + by))
    };
    check(&[
        (with(&|call| call.end_ms = answer - 1), "BAD_TIMES"),
        (with(&|call| call.setup_ms = answer + 1), "BAD_TIMES"),
        (with(&|call| call.billable_ms = Some(62_001)), "BAD_TIMES"),
        (with(&|call| call.billable_ms = Some(-1)), "BAD_TIMES"),
        (moved(-401 * day), "DATE_OUT_OF_RANGE"),
        (moved(2 * day), "DATE_OUT_OF_RANGE"),
        // 59.5 s are 60 s half up: 1.5; 59.499 s are 59 s: 59 x 0.025 = 1.475, rounded 1.48. The other source rounds up: 60 s.
        (with(&|call| call.billable_ms = Some(59_500)), "rated A 1.5"),
        (with(&|call| call.billable_ms = Some(59_499)), "rated A 1.48"),
        (with(&|call| (call.source, call.billable_ms) = (1, Some(59_001))), "rated A 1.5"),
        (with(&|call| call.answer_ms = None), "rated A 0"),
    ]);
}
