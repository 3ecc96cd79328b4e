//! Which rate prices a leg: chains, layers, qualifiers, histories (M24, M29).

use super::common::{Operator, digits, outgoing};
use numbering::Digits;
use rating::check::{self, Verdict};
use rating::leg::{Leg, price_leg};
use rating::list::{Validity, Wanted};
use rating::lock::LockOrigin;
use rating::price::Usage;
use rating::rows::{ProviderId, Symbol};
use rating::snapshot::AccountIx;
use rating::{Money, Service, Snapshot, SuspenseCode};

/// Ten seconds to `number`: the retail amount.
fn cost(snapshot: &Snapshot, number: &str, wanted: Wanted) -> Result<String, SuspenseCode> {
    price(snapshot, number, wanted, true).map(|price| price.retail.amount.to_string())
}

fn price(
    snapshot: &Snapshot,
    number: &str,
    wanted: Wanted,
    answered: bool,
) -> Result<rating::leg::LegPrice, SuspenseCode> {
    let leg = Leg {
        account: Some(AccountIx(0)),
        plan: None,
        service: wanted.service,
        number: digits(number),
        origin: wanted.origin,
        provider: wanted.provider,
        incoming_service: wanted.incoming_service,
        place: wanted.place,
        at_ms: wanted.at_ms,
        usage: if answered { Usage::call(10_000) } else { Usage::ATTEMPT },
        stored: None,
        counters: &(),
    };
    price_leg(snapshot, &leg, &mut ())
}

#[test]
fn the_longest_prefix_with_a_valid_row_wins() {
    let mut operator = Operator::new();
    operator
        .list(1, None)
        .rate(1, "7", "1", |_| ())
        .rate(1, "7495", "2", |row| row.qualifiers.service = Some(Service::Forwarded))
        .rate(1, "74951", "3", |row| row.validity = Validity { from_ms: 100, to_ms: 200 });
    let snapshot = operator.build();
    assert_eq!(cost(&snapshot, "79161234567", outgoing()).unwrap(), "10");
    // 7495 is priced for forwarding only, 74951 only from 100 to 200: the chain falls back to 7.
    assert_eq!(cost(&snapshot, "74951201031", outgoing()).unwrap(), "10");
    assert_eq!(cost(&snapshot, "74951201031", Wanted { service: Service::Forwarded, ..outgoing() }).unwrap(), "20");
    for (at_ms, expected) in [(99, "10"), (100, "30"), (199, "30"), (200, "10")] {
        assert_eq!(cost(&snapshot, "74951201031", Wanted { at_ms, ..outgoing() }).unwrap(), expected, "{at_ms}");
    }
    assert_eq!(cost(&snapshot, "381114112060", outgoing()), Err(SuspenseCode::NoRetailPrice));
}

#[test]
fn over_the_layers_the_longest_wins_and_a_tie_goes_up() {
    let mut operator = Operator::new();
    operator.list(1, None).list(2, None);
    operator.rate(1, "7495", "1", |_| ()).rate(1, "38", "2", |_| ());
    operator.rate(2, "7495", "5", |_| ()).rate(2, "381", "6", |_| ());
    let snapshot = operator.build();
    assert_eq!(cost(&snapshot, "74951201031", outgoing()).unwrap(), "10");
    assert_eq!(cost(&snapshot, "381114112060", outgoing()).unwrap(), "60");
    assert_eq!(cost(&snapshot, "382114112060", outgoing()).unwrap(), "20");
}

#[test]
fn qualifiers_prefer_the_longer_origin_then_more_of_them() {
    let mut operator = Operator::new();
    operator
        .list(1, None)
        .rate(1, "7800", "1", |_| ())
        .rate(1, "7800", "2", |row| row.qualifiers.origin = digits("7"))
        .rate(1, "7800", "3", |row| row.qualifiers.origin = digits("79"))
        .rate(1, "7800", "4", |row| row.qualifiers.provider = Some(ProviderId(1)));
    let snapshot = operator.build();
    for (origin, provider, expected) in [
        ("", None, "10"),
        ("381114112060", None, "10"),
        ("74951234567", None, "20"),
        ("79161234567", None, "30"),
        ("79161234567", Some(ProviderId(1)), "30"),
        ("381114112060", Some(ProviderId(1)), "40"),
        ("381114112060", Some(ProviderId(2)), "10"),
    ] {
        let origin_digits = Digits::parse(origin.as_bytes()).unwrap();
        let wanted = Wanted { origin: origin_digits, provider, ..outgoing() };
        assert_eq!(cost(&snapshot, "78005555522", wanted).unwrap(), expected, "{origin} {provider:?}");
    }
}

#[test]
fn a_newer_row_ends_the_older_one() {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "7", "1", |_| ()).rate(1, "7", "2", |row| row.validity.from_ms = 1_000);
    let snapshot = operator.build();
    for (at_ms, expected) in [(0, "10"), (999, "10"), (1_000, "20")] {
        assert_eq!(cost(&snapshot, "79161234567", Wanted { at_ms, ..outgoing() }).unwrap(), expected);
    }
}

#[test]
fn contradictions_are_refused_all_at_once() {
    let mut operator = Operator::new();
    operator
        .list(1, None)
        .rate(1, "7", "1", |_| ())
        .rate(1, "7", "2", |_| ())
        .rate(1, "8", "1", |row| row.qualifiers.provider = Some(ProviderId(1)))
        .rate(1, "8", "2", |row| row.qualifiers.service = Some(Service::Outgoing))
        .rate(9, "7", "1", |_| ())
        .lock("short:112", None, LockOrigin::Operator);
    let errors = operator.try_build().unwrap_err();
    let mut text: Vec<String> =
        errors.iter().map(|error| format!("{:?} {} {}", error.table, error.row, error.column)).collect();
    text.sort();
    assert_eq!(text, ["Locks 0 mask", "Rates 1 from", "Rates 3 prefix", "Rates 4 list"]);
}

#[test]
fn short_codes_are_a_namespace_of_their_own() {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "1", "9", |_| ()).rate(1, "short:0611", "2", |_| ()).lock(
        "1",
        None,
        LockOrigin::Operator,
    );
    let snapshot = operator.build();
    // A1: a global lock on 1 does not touch 112, and 112 is free without a price.
    let emergency = price(&snapshot, "short:112", outgoing(), true).unwrap();
    assert!(emergency.emergency && emergency.retail.amount == Money::ZERO && emergency.breached_lock.is_none());
    assert_eq!(cost(&snapshot, "short:0611", outgoing()).unwrap(), "20");
    assert_eq!(cost(&snapshot, "short:0612", outgoing()), Err(SuspenseCode::NoRetailPrice));
    assert_eq!(price(&snapshot, "12015550123", outgoing(), true).unwrap().breached_lock, Some(1));
}

/// A4: origin | answered | retail amount or code | breach
#[test]
fn a_breached_lock_acts_by_its_origin() {
    for (origin, answered, expected, breach) in [
        (LockOrigin::Client, true, Ok("0"), Some(1)),
        (LockOrigin::Operator, true, Ok("10"), Some(1)),
        (LockOrigin::Fraud, true, Err(SuspenseCode::LockBreach), None),
        (LockOrigin::Fraud, false, Ok("0"), None),
        (LockOrigin::Operator, false, Ok("0"), None),
    ] {
        let mut operator = Operator::new();
        operator.list(1, None).rate(1, "38", "1", |_| ()).lock("38", Some(1), origin);
        operator.list(2, Some(1)).rate(2, "38", "0.5", |_| ());
        let snapshot = operator.build();
        let got = price(&snapshot, "381114112060", Wanted { provider: Some(ProviderId(1)), ..outgoing() }, answered);
        assert_eq!(
            got.as_ref().map(|price| price.retail.amount.to_string()).as_deref().map_err(|e| **e),
            expected,
            "{origin} {answered}"
        );
        if let Ok(price) = got {
            assert_eq!(price.breached_lock, breach, "{origin} {answered}");
            assert_eq!(price.wholesale.amount.to_string(), if answered { "5" } else { "0" });
        }
    }
}

#[test]
fn a_missing_wholesale_price_charges_and_flags() {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "38", "1", |_| ()).list(2, Some(1)).rate(2, "381", "0.5", |_| ());
    let snapshot = operator.build();
    let through = |number, provider| price(&snapshot, number, Wanted { provider, ..outgoing() }, true).unwrap();
    let both = through("381114112060", Some(ProviderId(1)));
    assert_eq!((both.wholesale.amount.to_string().as_str(), both.wholesale_missing), ("5", false));
    for price in [
        through("382114112060", Some(ProviderId(1))),
        through("381114112060", Some(ProviderId(2))),
        through("381114112060", None),
    ] {
        assert_eq!((price.retail.amount.to_string().as_str(), price.wholesale_missing), ("10", true));
    }
}

fn query(number: &str, is_prefix: bool, service: Service) -> check::Query<'_> {
    check::Query {
        number: digits(number),
        is_prefix,
        account: Some(AccountIx(0)),
        plan: None,
        service,
        incoming_service: None,
        place: None,
        provider: None,
        origin: Digits::EMPTY,
        at_ms: 0,
    }
}

/// M29, M30: forwarding is another service than an outgoing call.
#[test]
fn the_tariff_check_names_what_is_missing() {
    let mut operator = Operator::new();
    operator
        .list(1, None)
        .rate(1, "38111", "1", |row| row.qualifiers.service = Some(Service::Outgoing))
        .list(2, Some(1))
        .rate(2, "38111", "0.5", |_| ());
    let snapshot = operator.build();
    let outgoing = check::tariff(&snapshot, &query("381114112060", false, Service::Outgoing));
    assert_eq!((outgoing.verdict, outgoing.department), (Verdict::Ok, None));
    assert_eq!(outgoing.providers.len(), 2);
    assert_eq!(outgoing.retail.unwrap().prefix, "38111");
    let forwarded = check::tariff(&snapshot, &query("381114112060", false, Service::Forwarded));
    assert_eq!((forwarded.verdict, forwarded.department), (Verdict::NoRetailPrice, Some("marketing")));
    operator.rate(1, "44", "1", |_| ());
    let snapshot = operator.build();
    let wholesale = check::tariff(&snapshot, &query("442012345678", false, Service::Outgoing));
    assert_eq!((wholesale.verdict, wholesale.department), (Verdict::NoWholesalePrice, Some("b2b")));
    assert_eq!(check::tariff(&snapshot, &query("short:112", false, Service::Outgoing)).verdict, Verdict::Emergency);
}

/// A6: 381 with lines 3811 and 38163 only.
#[test]
fn a_prefix_may_be_priced_in_part() {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "3811", "1", |_| ()).rate(1, "38163", "0.5", |_| ()).lock(
        "38112",
        Some(1),
        LockOrigin::Client,
    );
    let snapshot = operator.build();
    let answer = check::tariff(&snapshot, &query("381", true, Service::Outgoing));
    let below = answer.below.unwrap();
    assert_eq!((answer.verdict, below.lines, below.locks), (Verdict::Partial, 2, vec![1]));
    assert_eq!((below.minute_min.as_deref(), below.minute_max.as_deref()), (Some("30"), Some("60")));
}

/// M27: the figures of the manual.
/// An incoming service that is left empty stands for all of them: the row that asks for one is found, and named.
#[test]
fn an_empty_incoming_service_is_all_of_them() {
    let mut operator = Operator::new();
    operator.rows.symbols.push("office".into());
    operator.list(1, None).rate(1, "381", "1", |row| row.qualifiers.incoming_service = Some(Symbol(0)));
    operator.list(2, Some(1)).rate(2, "38", "0.5", |_| ());
    let snapshot = operator.build();
    let all = query("381114112060", false, Service::Outgoing);
    for (incoming_service, verdict, named) in [
        (None, Verdict::Ok, Some("office")),
        (Some(Symbol(0)), Verdict::Ok, Some("office")),
        (Some(Symbol(9)), Verdict::NoRetailPrice, None),
    ] {
        let asked = check::Query { incoming_service, ..all };
        let answer = check::tariff(&snapshot, &asked);
        assert_eq!(answer.verdict, verdict, "{incoming_service:?}");
        assert_eq!(answer.retail.and_then(|line| line.incoming_service).as_deref(), named, "{incoming_service:?}");
        let explained = check::explain(&snapshot, &asked, Usage::call(1000), &());
        assert_eq!(explained.refusal.is_none(), verdict == Verdict::Ok, "{incoming_service:?}");
    }
    assert_eq!(check::tariff(&snapshot, &query("38", true, Service::Outgoing)).below.map(|below| below.lines), Some(1));
}

#[test]
fn the_lock_check_returns_every_match() {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "3", "1", |_| ());
    for (mask, account) in [("3811", None), ("38", Some(1)), ("37", Some(1)), ("3820", None), ("381115", None)] {
        operator.lock(mask, account, LockOrigin::Operator);
    }
    let snapshot = operator.build();
    let found = check::locks(&snapshot, &query("381114112060", false, Service::Outgoing));
    let brief: Vec<_> = found.iter().map(|lock| (lock.mask.as_str(), lock.scope.as_str(), lock.effective)).collect();
    assert_eq!(brief, [("38", "local", true), ("3811", "global", false)]);
}

#[test]
fn two_lists_cannot_share_a_layer_at_one_time() {
    let mut operator = Operator::new();
    operator.list(1, None).list(2, None).rate(1, "7", "1", |_| ()).rate(2, "7", "2", |_| ());
    operator.rows.layers[1].layer = 1;
    let errors = operator.try_build().unwrap_err();
    assert_eq!((errors[0].row, errors[0].column), (1, "layer"), "{errors:?}");
    // One after the other they may.
    operator.rows.layers[0].validity.to_ms = 100;
    operator.rows.layers[1].validity.from_ms = 100;
    let snapshot = operator.build();
    assert_eq!(cost(&snapshot, "79161234567", outgoing()).unwrap(), "10");
    assert_eq!(cost(&snapshot, "79161234567", Wanted { at_ms: 100, ..outgoing() }).unwrap(), "20");
}
