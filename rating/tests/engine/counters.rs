//! Bundles, volumes and events: what is included, what is counted, what is left.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use rating::counter::{AsDrawn, CounterKey, Counters, Period, bundles_of};
use rating::leg::{Leg, LegPrice, price_leg};
use rating::list::Validity;
use rating::rate::{parse_tiers, parse_variants};
use rating::rows::{
    AccountId, AccountPlanRow, BundleRow, CounterId, DestinationGroupRow, ListId, PlanId, PlanRow, VolumeRow,
};
use rating::snapshot::AccountIx;
use rating::{Money, Rate, RateParts, Service, Snapshot, Usage};

use crate::common::{Operator, digits, outgoing};

/// Counters of a test: by identifier and first day of the period.
#[derive(Debug, Default)]
struct Book(BTreeMap<(u32, NaiveDate), u64>);

impl Counters for Book {
    fn used(&self, key: &CounterKey) -> u64 {
        self.0.get(&(key.counter.0, key.period)).copied().unwrap_or(0)
    }
}

impl Book {
    fn charge(&mut self, price: &LegPrice) {
        for draw in &price.draws {
            let used = self.0.entry((draw.key.counter.0, draw.key.period)).or_default();
            assert_eq!(*used, draw.before);
            *used += draw.used;
        }
    }
}

fn ms(at: &str) -> i64 {
    DateTime::parse_from_rfc3339(at).unwrap().timestamp_millis()
}

fn bundle(id: u32, units: u64) -> BundleRow {
    BundleRow {
        id: CounterId(id),
        plan: PlanId(1),
        code: format!("bundle-{id}"),
        priority: id as u16,
        units,
        period: Period::Month,
        keeps: 0,
        waives_connect_fee: false,
        services: vec![],
        destinations: None,
        validity: Validity::ALWAYS,
    }
}

/// One list: 7 and 38 at 1 a second, connect fee 0.5 on 7.
fn operator() -> Operator {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "38", "1", |_| ()).rate(1, "7", "1", |_| ());
    let with_fee = RateParts {
        tiers: parse_tiers("0:1@1/1").unwrap(),
        connect_fee: Money::parse("0.5").unwrap(),
        ..RateParts::default()
    };
    operator.rows.rates[1] = Rate::new(with_fee).unwrap();
    operator
}

fn price(snapshot: &Snapshot, book: &mut Book, at: &str, number: &str, service: Service, usage: Usage) -> LegPrice {
    let leg = Leg {
        account: Some(AccountIx(0)),
        plan: None,
        service,
        number: digits(number),
        origin: outgoing().origin,
        provider: None,
        incoming_service: None,
        place: None,
        at_ms: ms(at),
        usage,
        stored: None,
        counters: book,
    };
    let priced = price_leg(snapshot, &leg, &mut ()).unwrap();
    // A stored charge knows nothing but what it drew: priced again it is the same.
    let drawn = AsDrawn { draws: &priced.draws, snapshot };
    assert_eq!(price_leg(snapshot, &Leg { counters: &drawn, ..leg }, &mut ()).unwrap(), priced, "{at} {number}");
    book.charge(&priced);
    priced
}

fn call(snapshot: &Snapshot, book: &mut Book, at: &str, number: &str, seconds: u64) -> (String, u64) {
    let price = price(snapshot, book, at, number, Service::Outgoing, Usage::call(seconds * 1000));
    (price.retail.amount.to_string(), price.retail.covered_s)
}

/// A bundle of 100 s a month. Calls one after another: at | seconds | amount | covered
#[test]
fn a_bundle_covers_from_the_first_second_until_it_is_used() {
    let mut operator = operator();
    operator.rows.bundles.push(bundle(1, 100));
    let (snapshot, mut book) = (operator.build(), Book::default());
    for (at, number, seconds, amount, covered) in [
        ("2026-11-10T10:00:00+03:00", "381", 60, "0", 60),
        // 40 are left: 20 of 60 s are charged.
        ("2026-11-10T11:00:00+03:00", "381", 60, "20", 40),
        ("2026-11-10T12:00:00+03:00", "381", 60, "60", 0),
        // The first second of December in Moscow is another month.
        ("2026-11-30T23:59:59+03:00", "381", 10, "10", 0),
        ("2026-12-01T00:00:00+03:00", "381", 10, "0", 10),
        // The connect fee stays.
        ("2026-12-01T10:00:00+03:00", "79", 10, "0.5", 10),
        // A record of November that comes late uses what November had: nothing.
        ("2026-11-15T10:00:00+03:00", "381", 10, "10", 0),
    ] {
        assert_eq!(call(&snapshot, &mut book, at, number, seconds), (amount.to_owned(), covered), "{at}");
    }
}

/// The fee goes by the bundles that are taken: 10 s of one that leaves it, then 5 s of one that waives it; or the first alone.
#[test]
fn the_connect_fee_goes_by_the_bundles_that_are_taken() {
    let mut operator = operator();
    operator.rows.bundles.push(bundle(1, 10));
    operator.rows.bundles.push(BundleRow { waives_connect_fee: true, ..bundle(2, 30) });
    for (seconds, amount) in [(15, "0"), (10, "0.5"), (50, "10")] {
        let mut book = Book::default();
        let found = call(&operator.build(), &mut book, "2026-11-10T10:00:00Z", "79", seconds);
        assert_eq!(found.0, amount, "{seconds} s");
    }
}

/// A counter that would stand beyond 2^63 is an overflow, not a wrap.
#[test]
fn a_counter_has_an_end() {
    let mut operator = operator();
    operator.rows.bundles.push(bundle(1, u64::MAX));
    let snapshot = operator.build();
    let month = "2026-11-01".parse().unwrap();
    let book = Book([((1, month), i64::MAX as u64 - 5)].into());
    let leg = |seconds: u64| Leg {
        account: Some(AccountIx(0)),
        plan: None,
        service: Service::Outgoing,
        number: digits("381"),
        origin: outgoing().origin,
        provider: None,
        incoming_service: None,
        place: None,
        at_ms: ms("2026-11-10T10:00:00Z"),
        usage: Usage::call(seconds * 1000),
        stored: None,
        counters: &book,
    };
    assert!(price_leg(&snapshot, &leg(5), &mut ()).is_ok());
    assert_eq!(price_leg(&snapshot, &leg(6), &mut ()).err(), Some(rating::SuspenseCode::Overflow));
}

/// An increment is charged for the seconds that the bundle leaves uncovered: 60/60 at 1 a minute, 90 s are left, a call of 100 s is 120 s, 30 of them charged.
#[test]
fn the_increment_in_which_it_ends_is_charged_in_part() {
    let mut operator = operator();
    operator.rows.rates[0] =
        Rate::new(RateParts { tiers: parse_tiers("0:60@1/60").unwrap(), ..RateParts::default() }).unwrap();
    operator.rows.bundles.push(bundle(1, 90));
    let (snapshot, mut book) = (operator.build(), Book::default());
    assert_eq!(call(&snapshot, &mut book, "2026-11-10T10:00:00Z", "381", 100), ("0.5".to_owned(), 90));
}

#[test]
fn what_a_bundle_covers() {
    let at = "2026-11-10T10:00:00Z";
    let first = |change: fn(&mut BundleRow), number: &str| {
        let mut operator = operator();
        operator
            .rows
            .destination_groups
            .push(DestinationGroupRow { code: "serbia".into(), prefixes: vec![digits("381"), digits("38")] });
        let mut row = bundle(1, 100);
        change(&mut row);
        operator.rows.bundles.push(row);
        call(&operator.build(), &mut Book::default(), at, number, 10)
    };
    let covered = |amount: &str| (amount.to_owned(), 10);
    let charged = |amount: &str| (amount.to_owned(), 0);
    assert_eq!(first(|_| (), "79"), covered("0.5"));
    assert_eq!(first(|row| row.waives_connect_fee = true, "79"), covered("0"));
    assert_eq!(first(|row| row.destinations = Some(0), "381"), covered("0"));
    assert_eq!(first(|row| row.destinations = Some(0), "79"), charged("10.5"));
    assert_eq!(first(|row| row.services = vec![Service::Forwarded], "381"), charged("10"));
    assert_eq!(first(|row| row.services = vec![Service::Forwarded, Service::Outgoing], "381"), covered("0"));
    assert_eq!(first(|row| row.validity.from_ms = ms("2026-11-11T00:00:00Z"), "381"), charged("10"));
    // Seconds cover no messages unless the bundle says so.
    assert_eq!(first(|row| row.services = vec![Service::Message], "381"), charged("10"));
}

/// Two bundles: the one for Serbia first, then the general one; a call goes from one into the other.
#[test]
fn bundles_are_used_in_their_order() {
    let mut operator = operator();
    operator.rows.destination_groups.push(DestinationGroupRow { code: "serbia".into(), prefixes: vec![digits("381")] });
    operator.rows.bundles.push(bundle(2, 50));
    operator.rows.bundles.push(BundleRow { destinations: Some(0), ..bundle(1, 30) });
    let (snapshot, mut book) = (operator.build(), Book::default());
    assert_eq!(call(&snapshot, &mut book, "2026-11-10T10:00:00Z", "381", 40), ("0".to_owned(), 40));
    assert_eq!(book.0.values().copied().collect::<Vec<_>>(), [30, 10]);
    assert_eq!(call(&snapshot, &mut book, "2026-11-10T11:00:00Z", "381", 50), ("10".to_owned(), 40));
}

/// Units of a month that were not used can be used in the next one, the older first, and are lost after it.
#[test]
fn units_roll_over() {
    let mut operator = operator();
    operator.rows.bundles.push(BundleRow { keeps: 1, ..bundle(1, 100) });
    let (snapshot, mut book) = (operator.build(), Book::default());
    for (at, seconds, amount, covered, what) in [
        ("2026-10-10T10:00:00Z", 170, "0", 170, "70 of October after all 100 of September"),
        ("2026-11-10T10:00:00Z", 50, "0", 50, "30 of October, 20 of November"),
        ("2026-12-10T10:00:00Z", 200, "20", 180, "80 of November, 100 of December"),
        ("2027-02-10T10:00:00Z", 250, "50", 200, "January and February; December is lost"),
    ] {
        assert_eq!(call(&snapshot, &mut book, at, "381", seconds), (amount.to_owned(), covered), "{what}");
    }
}

/// What a former plan left is not used by the next one, and nothing is left of a time before the bundle.
#[test]
fn only_what_the_account_had_rolls_over() {
    let mut operator = operator();
    operator.rows.plans.push(PlanRow { id: PlanId(2), code: "other".into(), prices_incoming: false });
    let change = ms("2026-11-05T00:00:00+03:00");
    operator.rows.account_plans = vec![
        AccountPlanRow {
            account: AccountId(1),
            plan: PlanId(2),
            validity: Validity { from_ms: i64::MIN, to_ms: change },
        },
        AccountPlanRow {
            account: AccountId(1),
            plan: PlanId(1),
            validity: Validity { from_ms: change, to_ms: i64::MAX },
        },
    ];
    operator.rows.bundles.push(BundleRow { keeps: 1, ..bundle(1, 100) });
    let (snapshot, mut book) = (operator.build(), Book::default());
    assert_eq!(call(&snapshot, &mut book, "2026-11-10T10:00:00Z", "381", 150), ("50".to_owned(), 100));
    assert_eq!(call(&snapshot, &mut book, "2026-12-10T10:00:00Z", "381", 150), ("50".to_owned(), 100));
    let states = bundles_of(&snapshot, AccountIx(0), ms("2026-12-10T10:00:00Z"), &book);
    let shown: Vec<_> =
        states.iter().map(|state| (state.period.to_string(), state.until.to_string(), state.used)).collect();
    assert_eq!(
        shown,
        [
            ("2026-11-01".to_owned(), "2026-12-31".to_owned(), 100),
            ("2026-12-01".to_owned(), "2027-01-31".to_owned(), 100)
        ]
    );
}

/// The first 100 s of a month at 1, then 0.5, from 200 s on 0.1; a call is priced by where the counter stands at each of its increments.
#[test]
fn the_price_follows_the_volume() {
    let mut operator = operator();
    operator.rows.volumes.push(VolumeRow {
        id: CounterId(9),
        list: ListId(1),
        code: "month".into(),
        period: Period::Month,
    });
    operator.rows.rates[0] = Rate::new(RateParts {
        tiers: parse_tiers("0:1@1/1").unwrap(),
        variants: parse_variants(">100=0:1@0.5/1;>200=0:1@0.1/1", |_| None).unwrap(),
        volume: Some(0),
        ..RateParts::default()
    })
    .unwrap();
    let snapshot = operator.build();
    let mut book = Book::default();
    for (at, seconds, amount) in [
        ("2026-11-10T10:00:00Z", 60, "60"),
        // 40 x 1 + 20 x 0.5
        ("2026-11-10T11:00:00Z", 60, "50"),
        // 80 x 0.5 + 30 x 0.1
        ("2026-11-10T12:00:00Z", 110, "43"),
        ("2026-11-10T13:00:00Z", 10, "1"),
        ("2026-12-10T13:00:00Z", 10, "10"),
    ] {
        assert_eq!(call(&snapshot, &mut book, at, "381", seconds).0, amount, "{at}");
    }
    // A bundle before it: what is covered moves no volume. 30 s covered, then 100 x 1, then 20 x 0.5.
    operator.rows.bundles.push(bundle(1, 30));
    let mut book = Book::default();
    assert_eq!(call(&operator.build(), &mut book, "2026-11-10T10:00:00Z", "381", 150), ("110".to_owned(), 30));
    assert_eq!(book.0.values().copied().collect::<Vec<_>>(), [30, 120]);
}

/// Messages: 2 each, a bundle of 5 a day; kilobytes: begun units of 1024 at 3.
#[test]
fn events_take_the_same_path_with_a_quantity() {
    let mut operator = operator();
    operator
        .rate(1, "79", "2", |row| row.qualifiers.service = Some(Service::Message))
        .rate(1, "79", "3", |row| row.qualifiers.service = Some(Service::Data));
    operator.rows.rates[3] =
        Rate::new(RateParts { tiers: parse_tiers("0:1024@3/1024").unwrap(), ..RateParts::default() }).unwrap();
    operator.rows.bundles.push(BundleRow { services: vec![Service::Message], period: Period::Day, ..bundle(1, 5) });
    let (snapshot, mut book) = (operator.build(), Book::default());
    let at = "2026-11-10T10:00:00Z";
    for (service, pieces, amount, billed) in [
        (Service::Message, 3, "0", 3),
        (Service::Message, 3, "2", 3),
        (Service::Message, 1, "2", 1),
        (Service::Data, 1, "3", 1024),
        (Service::Data, 1025, "6", 2048),
    ] {
        let price = price(&snapshot, &mut book, at, "79161234567", service, Usage::event(pieces));
        assert_eq!((price.retail.amount.to_string(), price.retail.billed_s), (amount.to_owned(), billed), "{service}");
    }
}

/// A leg that finds a bundle used up says where it found it, for a wrong standing would be a wrong price; bundles behind its last second have no say.
#[test]
fn what_is_used_up_is_named() {
    let mut operator = operator();
    operator.rows.bundles.extend([bundle(1, 100), bundle(2, 50), bundle(3, 10)]);
    let (snapshot, mut book) = (operator.build(), Book::default());
    for (seconds, drawn) in [
        (100, vec![(1, 0, 100)]),
        (20, vec![(1, 100, 0), (2, 0, 20)]),
        (40, vec![(1, 100, 0), (2, 20, 30), (3, 0, 10)]),
        (7, vec![(1, 100, 0), (2, 50, 0), (3, 10, 0)]),
    ] {
        let price =
            price(&snapshot, &mut book, "2026-11-10T10:00:00Z", "381", Service::Outgoing, Usage::call(seconds * 1000));
        let draws: Vec<_> = price.draws.iter().map(|draw| (draw.key.counter.0, draw.before, draw.used)).collect();
        assert_eq!(draws, drawn, "{seconds} s");
    }
}

/// Nothing is taken for an attempt, nor from the bundles of nobody.
#[test]
fn what_takes_nothing() {
    let mut operator = operator();
    operator.rows.bundles.push(bundle(1, 100));
    let snapshot = operator.build();
    let attempt =
        price(&snapshot, &mut Book::default(), "2026-11-10T10:00:00Z", "381", Service::Outgoing, Usage::ATTEMPT);
    assert!(attempt.draws.is_empty());
}

#[test]
fn contradictions_are_refused() {
    let errors = |change: fn(&mut Operator)| {
        let mut operator = operator();
        operator.list(2, Some(1));
        change(&mut operator);
        operator.try_build().err().map(|errors| errors[0].to_string())
    };
    assert_eq!(errors(|_| ()), None);
    let same_priority = errors(|operator| {
        operator.rows.bundles = vec![bundle(1, 1), BundleRow { id: CounterId(2), ..bundle(1, 1) }];
    });
    assert!(same_priority.unwrap().contains("priority"));
    let mixed = errors(|operator| {
        operator.rows.bundles = vec![BundleRow { services: vec![Service::Message, Service::Outgoing], ..bundle(1, 1) }];
    });
    assert!(mixed.unwrap().contains("make two of it"));
    let wholesale = errors(|operator| {
        operator.rows.volumes.push(VolumeRow {
            id: CounterId(9),
            list: ListId(2),
            code: "v".into(),
            period: Period::Day,
        });
    });
    assert!(wholesale.unwrap().contains("wholesale"));
}
