//! The checks of a call that wants to begin, and the routes that they leave (M24-M27, A1, A2, A5).

use numbering::NumberRules;
use rating::authorize::{Admission, Check, Missing, OriginRule, Request, Rules, admit};
use rating::identify::Identify;
use rating::list::Validity;
use rating::lock::LockOrigin;
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, AccountTrunkRow, ClientId, DidRow, DidStatus, ExchangeRow, Holder, PlanId,
    ProviderId, SourceRow, Symbol,
};
use rating::{Currency, Money, Service, Snapshot, WholeSeconds};

use super::common::Operator;

const AT: i64 = 1_795_000_000_000;

pub(crate) fn source() -> SourceRow {
    SourceRow {
        code: "switch".into(),
        format: "canonical".into(),
        zone: chrono_tz::UTC,
        whole_seconds: WholeSeconds::HalfUp,
        on_net_once: false,
        rules: NumberRules::default(),
        identify: Identify::default(),
        mapping: None,
    }
}

fn did(number: &str, status: DidStatus, account: Option<u64>) -> DidRow {
    DidRow {
        number: numbering::E164::parse(number).unwrap(),
        status,
        account: account.map(AccountId),
        place: None,
        validity: Validity::ALWAYS,
    }
}

/// Accounts `a` and `c` of one client, `b` of another, with the numbers 74950000001, ..03 and ..02; 74950000009 is archived. Trunk `pbx` is of `a`, `shared` of
/// `a` and `b`. Retail 381 and 7 at 1 a second; wholesale of 381 at 0.5 by provider 1, at 0.4 by provider 2; of 382 by provider 1 only.
fn operator() -> Operator {
    let mut operator = Operator::new();
    operator.rows.sources.push(source());
    for (id, code, client) in [(2, "b", 2), (3, "c", 1)] {
        let (id, currency) = (AccountId(id), Currency::RUB);
        operator.rows.accounts.push(AccountRow { id, code: code.into(), client: ClientId(client), currency });
        operator.rows.account_plans.push(AccountPlanRow { account: id, plan: PlanId(1), validity: Validity::ALWAYS });
    }
    for (account, trunk) in [(1, "pbx"), (1, "shared"), (2, "shared")] {
        operator.rows.account_trunks.push(AccountTrunkRow { account: AccountId(account), trunk: trunk.into() });
    }
    operator.rows.dids.extend([
        did("74950000001", DidStatus::InWork, Some(1)),
        did("74950000002", DidStatus::InWork, Some(2)),
        did("74950000003", DidStatus::InWork, Some(3)),
        did("74950000009", DidStatus::Archive, None),
    ]);
    operator
        .list(1, None)
        .rate(1, "381", "1", |_| ())
        .rate(1, "382", "1", |_| ())
        .rate(1, "1", "1", |_| ())
        .rate(1, "7", "1", |_| ())
        .list(11, Some(1))
        .rate(11, "381", "0.5", |_| ())
        .rate(11, "382", "0.5", |_| ())
        .rate(11, "7", "0.5", |_| ())
        .list(12, Some(2))
        .rate(12, "381", "0.4", |_| ());
    operator
}

/// Number 1 of `a` calls Serbia.
fn request(snapshot: &Snapshot) -> Request<'_> {
    Request {
        source: &snapshot.sources()[0],
        service: Service::Outgoing,
        account: None,
        trunk: None,
        src: "+74950000001",
        dst: "+381 11 4112060",
        forwarded_from: None,
        incoming_service: None,
        place: None,
        providers: &[],
        at_ms: AT,
    }
}

fn ask(snapshot: &Snapshot, change: impl for<'a> FnOnce(&mut Request<'a>)) -> Admission {
    let mut request = request(snapshot);
    change(&mut request);
    admit(snapshot, &request, Rules::default())
}

/// The code of the answer, or `ok`.
fn code(admission: &Admission) -> &'static str {
    match &admission.outcome {
        Ok(admitted) if admitted.emergency => "EMERGENCY",
        Ok(_) => "ok",
        Err(refusal) => refusal.check.as_str(),
    }
}

/// The routes that are left, as `provider` or `provider@place`, each with what a minute costs us.
fn routes(admission: &Admission) -> String {
    let Ok(admitted) = &admission.outcome else { return code(admission).to_owned() };
    let route = |route: &rating::authorize::Route| {
        let price = route.wholesale.map_or_else(String::new, |side| format!(" {}", side.amount));
        let place = route.named.map_or_else(String::new, |place| format!("@{place}"));
        format!("{}{place}{price}", route.provider.0)
    };
    admitted.routes.iter().map(route).collect::<Vec<_>>().join(", ")
}

/// what is asked | answer | checks that were run
#[test]
fn the_first_check_that_refuses_answers() {
    let snapshot = operator().build();
    type Change = for<'a> fn(&mut Request<'a>);
    let said: &[(&str, Change, &str, usize)] = &[
        ("a call by the calling number", |_| (), "ok", 10),
        ("by a trunk", |asked| (asked.src, asked.trunk) = ("", Some("pbx")), "ok", 10),
        ("by a code, from a number of others", |asked| (asked.src, asked.account) = ("+441", Some("a")), "ok", 10),
        ("an emergency", |asked| asked.dst = "112", "EMERGENCY", 1),
        ("an emergency of nobody", |asked| (asked.src, asked.dst) = ("", "112"), "EMERGENCY", 1),
        ("no number", |asked| asked.dst = "381-abc", "BAD_NUMBER", 2),
        ("a short code that is none", |asked| asked.dst = "113", "BAD_NUMBER", 2),
        ("a malformed caller alone", |asked| asked.src = "anonymous", "BAD_NUMBER", 2),
        ("nobody", |asked| asked.src = "+74951111111", "UNKNOWN_SUBSCRIBER", 3),
        ("no such account", |asked| asked.account = Some("zz"), "UNKNOWN_SUBSCRIBER", 3),
        ("an archived caller", |asked| asked.src = "+74950000009", "UNKNOWN_SUBSCRIBER", 3),
        (
            "a shared trunk",
            |asked| (asked.src, asked.trunk) = ("+74951111111", Some("shared")),
            "AMBIGUOUS_SUBSCRIBER",
            4,
        ),
        ("a shared trunk, the caller known", |asked| asked.trunk = Some("shared"), "ok", 10),
        (
            "incoming to an archived number",
            |asked| (asked.service, asked.dst) = (Service::Incoming, "+74950000009"),
            "DID_NOT_IN_WORK",
            5,
        ),
        ("incoming to a number of others", |asked| asked.service = Service::Incoming, "UNKNOWN_SUBSCRIBER", 3),
        (
            "incoming to a number in work: free, and no wholesale price is needed",
            |asked| (asked.service, asked.src, asked.dst) = (Service::Incoming, "+381", "+74950000002"),
            "ok",
            10,
        ),
        (
            "by another's number",
            |asked| (asked.account, asked.src) = (Some("a"), "+74950000002"),
            "ORIGIN_NOT_ALLOWED",
            6,
        ),
        ("no retail price", |asked| asked.dst = "+442012345678", "NO_RETAIL_PRICE", 9),
        ("no wholesale price", |asked| asked.dst = "+12015550123", "NO_WHOLESALE_PRICE", 10),
        ("inside the account: neither locks nor wholesale", |asked| asked.dst = "+74950000001", "ok", 10),
    ];
    for (what, change, expected, run) in said {
        let admission = ask(&snapshot, change);
        assert_eq!((code(&admission), admission.checks.len()), (*expected, *run), "{what}");
        // In order, each once; the last of them decides, unless none does.
        assert!(
            admission.checks.iter().map(|checked| checked.check).eq(Check::ALL.iter().copied().take(*run)),
            "{what}"
        );
        let decides: Vec<bool> = admission.checks.iter().map(|checked| checked.decides).collect();
        assert!(decides[..run - 1].iter().all(|decides| !decides), "{what}");
        assert_eq!(decides[run - 1], *expected != "ok", "{what}");
    }
}

/// A1: a global lock on 1 does not touch 112, and 112 is free without any price; the number under 1 is barred.
#[test]
fn an_emergency_passes_whatever_else_holds() {
    let mut operator = operator();
    operator.lock("1", None, LockOrigin::Operator);
    let snapshot = operator.build();
    let admission = ask(&snapshot, |asked| (asked.dst, asked.providers) = ("112", &["mts-1", "who"]));
    assert_eq!((code(&admission), routes(&admission).as_str()), ("EMERGENCY", "1@0"));
    let admitted = admission.outcome.unwrap();
    assert_eq!(admitted.account.map(|account| snapshot.account_code(account)), Some("a"));
    let price = admitted.price(&snapshot, &());
    assert_eq!((price.price_of(0), price.price_of(600)), (Ok(Money::ZERO), Ok(Money::ZERO)));
    assert_eq!(price.seconds_for(Money::parse("-5").unwrap(), 3600), 3600);
    let barred = ask(&snapshot, |asked| asked.dst = "+12015550123").outcome.unwrap_err();
    assert_eq!((barred.check, barred.lock()), (Check::LockedGlobal, Some(1)));
}

/// M24: a lock names itself, a missing price its side and service; forwarding is a service of its own (M29).
#[test]
fn a_refusal_says_what_to_look_at() {
    let mut operator = operator();
    operator.lock("38", Some(1), LockOrigin::Client);
    let refusal = ask(&operator.build(), |_| ()).outcome.unwrap_err();
    assert_eq!((refusal.check, refusal.lock(), refusal.missing()), (Check::LockedLocal, Some(1), None));

    let mut operator = self::operator();
    for row in operator.rows.rate_rows.iter_mut().filter(|row| row.list.0 == 1) {
        row.qualifiers.service = Some(Service::Outgoing);
    }
    let snapshot = operator.build();
    assert_eq!(code(&ask(&snapshot, |_| ())), "ok");
    let forwarded = |asked: &mut Request<'_>| {
        (asked.service, asked.forwarded_from, asked.src) = (Service::Forwarded, Some("+74950000001"), "+442012345678");
    };
    let refusal = ask(&snapshot, forwarded).outcome.unwrap_err();
    assert_eq!((refusal.check, refusal.missing()), (Check::NoRetailPrice, Some(Missing::Retail)));
    assert_eq!(refusal.service, Service::Forwarded);
    assert_eq!(refusal.account.map(|account| snapshot.account_code(account)), Some("a"));
    let nobody = ask(&snapshot, |asked| asked.service = Service::Forwarded).outcome.unwrap_err();
    assert_eq!(nobody.check, Check::UnknownSubscriber);
}

/// A price in a currency that nothing turns into the account's on that day: what is missing is the rate.
#[test]
fn a_price_that_cannot_be_converted_is_none() {
    let mut operator = operator();
    operator.rows.lists[0].currency = Currency::parse("USD").unwrap();
    operator.rows.exchanges.push(ExchangeRow {
        id: 1,
        holder: Holder::Everybody,
        from: Currency::parse("USD").unwrap(),
        to: Currency::RUB,
        rate: Money::parse("90").unwrap(),
        quantity: 1,
        day: "2026-11-18".parse().unwrap(),
        validity: Validity { from_ms: AT + 1, to_ms: i64::MAX },
    });
    let snapshot = operator.build();
    let refusal = ask(&snapshot, |_| ()).outcome.unwrap_err();
    assert_eq!((refusal.check, refusal.missing()), (Check::NoRetailPrice, Some(Missing::ExchangeRate)));
    assert_eq!(code(&ask(&snapshot, |asked| asked.at_ms = AT + 1)), "ok");
}

/// M25, M26, A5. locks (mask, account, provider) | routes named | what is left, or the code with the lock | left out by the locks
#[test]
fn locks_bar_the_call_or_some_of_its_routes() {
    type Locks<'a> = &'a [(&'a str, Option<u64>, Option<u32>)];
    let both: &[&str] = &["mts-1", "mgf-1"];
    let said: &[(Locks<'_>, &[&str], &str, &[&str])] = &[
        (&[], both, "2@1 24, 1@0 30", &[]),
        (&[("38", Some(1), None)], both, "LOCKED_LOCAL 1", both),
        (&[("3811", None, None)], both, "LOCKED_GLOBAL 1", both),
        (&[("3811", None, None), ("38", Some(1), None)], both, "LOCKED_LOCAL 2", both),
        (&[("382", None, None), ("38", Some(2), None)], both, "2@1 24, 1@0 30", &[]),
        // A lock tied to a provider takes its route away; with no other left the call is refused.
        (&[("38", Some(1), Some(2))], both, "1@0 30", &["mgf-1"]),
        (&[("38", Some(1), Some(2))], &["mgf-1"], "LOCKED_LOCAL 1", &["mgf-1"]),
        (&[("38", Some(1), Some(2))], &["mts-1"], "1@0 30", &[]),
        (&[("38", Some(1), Some(2)), ("38", None, Some(1))], both, "LOCKED_GLOBAL 2", &["mgf-1", "mts-1"]),
        (&[("38", Some(1), Some(2)), ("3811", Some(1), Some(1))], both, "LOCKED_LOCAL 1", both),
        // Of two locks of a scope the one that bars a route decides, not the shorter one that bars none.
        (&[("3", Some(1), Some(2)), ("3811", Some(1), Some(1))], &["mts-1"], "LOCKED_LOCAL 2", &["mts-1"]),
        // A local lock on one route does not hide a global one on all.
        (&[("38", Some(1), Some(2)), ("3811", None, None)], both, "LOCKED_GLOBAL 2", &["mgf-1", "mts-1"]),
        // No route named: every lock that matches refuses.
        (&[("38", Some(1), Some(2))], &[], "LOCKED_LOCAL 1", &[]),
        (&[("38", None, Some(1))], &[], "LOCKED_GLOBAL 1", &[]),
        (&[("382", None, Some(1))], &[], "2 24, 1 30", &[]),
    ];
    for (locks, providers, expected, left_out) in said {
        let mut operator = operator();
        for (mask, account, provider) in *locks {
            operator.lock(mask, *account, LockOrigin::Operator);
            operator.rows.locks.last_mut().unwrap().provider = provider.map(ProviderId);
        }
        let snapshot = operator.build();
        let request = Request { providers, ..request(&snapshot) };
        let admission = admit(&snapshot, &request, Rules::default());
        let lock = admission.outcome.as_ref().err().and_then(rating::authorize::Refusal::lock);
        let found = format!("{}{}", routes(&admission), lock.map_or_else(String::new, |lock| format!(" {lock}")));
        assert_eq!(found, *expected, "{locks:?} {providers:?}");
        let of_locks = admission.checks.iter().filter(|checked| checked.check <= Check::LockedGlobal);
        let found: Vec<&str> = of_locks.flat_map(|checked| &checked.left_out).map(String::as_str).collect();
        assert_eq!(found, *left_out, "{locks:?} {providers:?}");
    }
}

/// Every lock that matches is named, also one that does not refuse the call.
#[test]
fn locks_that_match_are_kept_for_support() {
    let mut operator = operator();
    for (mask, account, provider) in [("38", Some(1), Some(2)), ("3811", None, Some(2)), ("382", Some(1), None)] {
        operator.lock(mask, account, LockOrigin::Operator);
        operator.rows.locks.last_mut().unwrap().provider = provider.map(ProviderId);
    }
    let snapshot = operator.build();
    let admission = ask(&snapshot, |asked| asked.providers = &["mts-1"]);
    let locks: Vec<_> = admission
        .checks
        .iter()
        .filter(|checked| !checked.locks.is_empty())
        .map(|checked| (checked.check, checked.locks.clone(), checked.decides))
        .collect();
    assert_eq!(locks, [(Check::LockedLocal, vec![1], false), (Check::LockedGlobal, vec![2], false)]);
}

/// routes named, of a call to where | what is left, the cheapest first | left out for want of a wholesale price
#[test]
fn routes_stand_in_the_order_of_their_prices() {
    let mut operator = operator();
    operator.rows.providers[0].trunks.push("mts-2".into());
    let snapshot = operator.build();
    let said: &[(&str, &[&str], &str, &[&str])] = &[
        ("381", &["mts-1", "mgf-1"], "2@1 24, 1@0 30", &[]),
        // By its code as well; two trunks of one provider cost the same and stay as they came.
        ("381", &["mts-2", "megafon", "mts"], "2@1 24, 1@0 30, 1@2 30", &[]),
        ("381", &["mgf-1", "nobody"], "2@0 24", &["nobody"]),
        ("382", &["mgf-1", "mts-1"], "1@1 30", &["mgf-1"]),
        ("382", &["mgf-1"], "NO_WHOLESALE_PRICE", &["mgf-1"]),
        ("381", &[], "2 24, 1 30", &[]),
        ("382", &[], "1 30", &[]),
    ];
    for (to, providers, expected, left_out) in said {
        let dst = format!("{to}114112060");
        let request = Request { dst: &dst, providers, ..request(&snapshot) };
        let admission = admit(&snapshot, &request, Rules::default());
        assert_eq!(routes(&admission), *expected, "{to} {providers:?}");
        let last = admission.checks.last().unwrap();
        assert_eq!(last.check, Check::NoWholesalePrice, "{to} {providers:?}");
        assert_eq!(last.left_out, *left_out, "{to} {providers:?}");
    }
}

/// The minute is compared by default; a connect fee makes the other provider the cheaper one for short calls. What no rate turns into the currency of the
/// books comes last.
#[test]
fn the_length_that_is_compared_is_a_setting() {
    use rating::rate::parse_tiers;
    let mut operator = operator();
    // 24 a minute and a fee of 3: 5 s cost 3 + 2 = 5 by provider 2, 2.5 by provider 1; 60 s cost 27 and 30.
    let with_fee = rating::RateParts {
        tiers: parse_tiers("0:1@0.4/1").unwrap(),
        connect_fee: Money::parse("3").unwrap(),
        ..rating::RateParts::default()
    };
    *operator.rows.rates.last_mut().unwrap() = rating::Rate::new(with_fee).unwrap();
    let snapshot = operator.build();
    for (compared_s, expected) in [(60, "2 27, 1 30"), (5, "1 2.5, 2 5")] {
        let admission = admit(&snapshot, &request(&snapshot), Rules { compared_s, ..Rules::default() });
        assert_eq!(routes(&admission), expected, "{compared_s}");
    }
    operator.rows.lists[2].currency = Currency::parse("EUR").unwrap();
    let snapshot = operator.build();
    assert_eq!(routes(&ask(&snapshot, |_| ())), "1 30, 2 27");
}

/// A retail row may ask for a provider: a route without a retail price is left out as one without a wholesale price is.
#[test]
fn a_route_needs_both_prices() {
    let mut operator = operator();
    operator.rows.rate_rows[0].qualifiers.provider = Some(ProviderId(2));
    let snapshot = operator.build();
    let named = |providers: &'static [&'static str]| {
        admit(&snapshot, &Request { providers, ..request(&snapshot) }, Rules::default())
    };
    assert_eq!(routes(&named(&["mts-1", "mgf-1"])), "2@1 24");
    assert_eq!(routes(&named(&[])), "2 24");
    let refused = named(&["mts-1"]);
    assert_eq!(routes(&refused), "NO_RETAIL_PRICE");
    assert_eq!(refused.checks.last().unwrap().left_out, ["mts-1"]);
}

/// rule | calling number, of a call by the code of `a` | allowed
#[test]
fn whose_number_may_be_the_callers() {
    let snapshot = operator().build();
    for (rule, src, allowed) in [
        (OriginRule::Any, "+74950000002", true),
        (OriginRule::NotAnothers, "+74950000001", true),
        // Another account of the client.
        (OriginRule::NotAnothers, "+74950000003", true),
        (OriginRule::NotAnothers, "+74950000002", false),
        (OriginRule::NotAnothers, "+74950000009", false),
        (OriginRule::NotAnothers, "+442012345678", true),
        (OriginRule::NotAnothers, "", true),
        (OriginRule::NotAnothers, "anonymous", true),
        (OriginRule::Own, "+74950000003", true),
        (OriginRule::Own, "+74950000002", false),
        (OriginRule::Own, "+442012345678", false),
        (OriginRule::Own, "", false),
    ] {
        let request = Request { account: Some("a"), src, ..request(&snapshot) };
        let admission = admit(&snapshot, &request, Rules { origin: rule, ..Rules::default() });
        let expected = if allowed { "ok" } else { "ORIGIN_NOT_ALLOWED" };
        assert_eq!(code(&admission), expected, "{rule} {src}");
        // Of a forwarded call the forwarding number counts, whoever calls.
        let request = Request {
            service: Service::Forwarded,
            forwarded_from: Some(src).filter(|src| !src.is_empty()),
            src: "+74950000002",
            ..request
        };
        let admission = admit(&snapshot, &request, Rules { origin: rule, ..Rules::default() });
        assert_eq!(code(&admission), expected, "forwarded, {rule} {src}");
    }
}

/// Words of the request choose the row, as those of a record do; the place of a called number is that of the number.
#[test]
fn qualifiers_choose_the_row() {
    let mut operator = operator();
    operator.rows.symbols.extend(["office".to_owned(), "moscow".to_owned()]);
    operator.rows.rate_rows[0].qualifiers.incoming_service = Some(Symbol(0));
    operator.rows.rate_rows[0].qualifiers.place = Some(Symbol(1));
    let snapshot = operator.build();
    for (incoming_service, place, expected) in [
        (Some("office"), Some("moscow"), "ok"),
        (Some("office"), Some("kazan"), "NO_RETAIL_PRICE"),
        (Some("home"), Some("moscow"), "NO_RETAIL_PRICE"),
        (None, Some("moscow"), "NO_RETAIL_PRICE"),
        (Some("office"), None, "NO_RETAIL_PRICE"),
    ] {
        let request = Request { incoming_service, place, ..request(&snapshot) };
        let admission = admit(&snapshot, &request, Rules::default());
        assert_eq!(code(&admission), expected, "{incoming_service:?} {place:?}");
    }
    operator.rows.plans[0].prices_incoming = true;
    operator.rows.dids[1].place = Some(Symbol(1));
    operator.rate(1, "7495", "3", |row| row.qualifiers.place = Some(Symbol(1)));
    let snapshot = operator.build();
    for (dst, expected) in [("+74950000002", "180"), ("+74950000003", "60")] {
        let request = Request { service: Service::Incoming, dst, ..request(&snapshot) };
        let admitted = admit(&snapshot, &request, Rules::default()).outcome.unwrap();
        let price = admitted.price(&snapshot, &()).price_of(60).unwrap();
        assert_eq!(price.to_string(), expected, "{dst}");
    }
}
