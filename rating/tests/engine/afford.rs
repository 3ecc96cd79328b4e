//! What a call costs so far, and how far money reaches: figures with their arithmetic, and every length against a walk over all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use proptest::prelude::*;
use rating::authorize::{Admitted, CallPrice, Check, Grant, Request, Rules, admit};
use rating::calendar::{Band, Days, parse_hours};
use rating::counter::{CounterKey, Counters, Period};
use rating::leg::{Leg, LegPrice, price_leg};
use rating::list::Validity;
use rating::rate::{Variant, parse_tiers};
use rating::rows::{
    AccountId, BundleRow, ClientId, CounterId, DiscountRow, ExchangeRow, Holder, ListId, PlanId, ProviderId, TaxRow,
    VolumeRow,
};
use rating::snapshot::AccountIx;
use rating::terms::DiscountLevel;
use rating::{Currency, Money, Rate, RateParts, Rounding, RoundingMode, Service, Snapshot, SuspenseCode, Tier, Usage};

use super::authorize::source;
use super::common::{Operator, digits};

/// Seventeen thirty in Moscow, and by the clock of the list.
const HALF_PAST_FIVE: &str = "2026-11-18T17:30:00+03:00";

fn ms(at: &str) -> i64 {
    DateTime::parse_from_rfc3339(at).unwrap().timestamp_millis()
}

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn tiers(text: &str) -> RateParts {
    RateParts { tiers: parse_tiers(text).unwrap(), ..RateParts::default() }
}

/// One account, one retail list with this rate for 381, by the clock of Moscow, and a provider for it; the account is named by its code.
fn operator(parts: RateParts) -> Operator {
    let mut operator = Operator::new();
    operator.rows.sources.push(source());
    operator.list(1, None).rate(1, "381", "1", |_| ()).list(11, Some(1)).rate(11, "381", "0.1", |_| ());
    operator.rows.lists[0].zone = chrono_tz::Europe::Moscow;
    operator.rows.rates[0] = Rate::new(parts).unwrap();
    operator
}

/// The account calls at a moment, by whatever way.
fn request<'a>(snapshot: &'a Snapshot, at: &str) -> Request<'a> {
    Request {
        source: &snapshot.sources()[0],
        service: Service::Outgoing,
        account: Some("a"),
        trunk: None,
        src: "",
        dst: "+381114112060",
        forwarded_from: None,
        incoming_service: None,
        place: None,
        providers: &[],
        at_ms: ms(at),
    }
}

fn admitted(snapshot: &Snapshot, at: &str) -> Admitted {
    admit(snapshot, &request(snapshot, at), Rules::default()).outcome.unwrap()
}

/// What a record of the call is charged.
fn charged(snapshot: &Snapshot, at: &str, seconds: u64, counters: &dyn Counters) -> Result<LegPrice, SuspenseCode> {
    let leg = Leg {
        account: Some(AccountIx(0)),
        plan: None,
        service: Service::Outgoing,
        number: digits("381114112060"),
        origin: numbering::Digits::EMPTY,
        provider: Some(ProviderId(1)),
        incoming_service: None,
        place: None,
        at_ms: ms(at),
        usage: Usage::call(seconds * 1000),
        stored: None,
        counters,
    };
    price_leg(snapshot, &leg, &mut ())
}

/// terms | money, of an hour asked for | seconds | hold
#[test]
fn figures() {
    let with = |parts: RateParts, change: fn(&mut RateParts)| {
        let mut parts = parts;
        change(&mut parts);
        parts
    };
    let per_minute = || tiers("0:1@0.1/60");
    let first_minute = || tiers("0:60@0.6/60 60:1@0.6/60");
    let by_the_minute = || tiers("0:60@0.6/60");
    let fee = |parts| with(parts, |parts| parts.connect_fee = money("1"));
    let six_free = || with(fee(tiers("0:1@0.5/1")), |parts| parts.free_s = 6);
    let limited = || with(tiers("0:1@0.5/1"), |parts| (parts.minimum, parts.maximum) = (money("3"), Some(money("10"))));
    let attempt = || with(tiers("0:1@0.5/1"), |parts| parts.attempt_fee = money("0.7"));
    for (what, parts, available, seconds, hold) in [
        // 180 s x 0.1 / 60 = 0.3; a second more is 0.301666.. = 0.3017, and 0.3016 does not pay for it.
        ("0.1 a minute by the second", per_minute(), "0.3", 180, "0.3"),
        ("a part of a second is none", per_minute(), "0.3016", 180, "0.3"),
        ("to the last digit", per_minute(), "0.3017", 181, "0.3017"),
        // 3600 x 0.1 / 60
        ("more than enough", per_minute(), "100", 3600, "6"),
        ("nothing", per_minute(), "0", 0, "0"),
        // The first increment is a minute, whole.
        ("less than the first increment", first_minute(), "0.5999", 0, "0"),
        ("the first increment", first_minute(), "0.6", 60, "0.6"),
        ("and a second", first_minute(), "0.61", 61, "0.61"),
        // 60/60: the second minute is paid whole or not at all.
        ("minutes", by_the_minute(), "1.79", 120, "1.2"),
        ("three of them", by_the_minute(), "1.8", 180, "1.8"),
        // 1 + 0.6
        ("less than fee and increment", fee(by_the_minute()), "1.5999", 0, "0"),
        ("fee and increment", fee(by_the_minute()), "1.6", 60, "1.6"),
        // Below 6 s nothing is charged, at 6 s 1 + 6 x 0.5 = 4: who cannot pay that gets no free seconds either.
        ("less than what follows the free seconds", six_free(), "3.9999", 0, "0"),
        ("what follows the free seconds", six_free(), "4", 6, "4"),
        ("and three more", six_free(), "5.5", 9, "5.5"),
        // At least 3, which pays for 6 s; at most 10, which pays for any length.
        ("less than the minimum", limited(), "2.9999", 0, "0"),
        ("the minimum", limited(), "3", 6, "3"),
        ("up to the maximum", limited(), "9.9999", 19, "9.5"),
        ("the maximum", limited(), "10", 3600, "10"),
        // Not answered, the call costs 0.7: more than a second of it.
        ("less than the attempt fee", attempt(), "0.6999", 0, "0"),
        ("the attempt fee", attempt(), "0.7", 1, "0.7"),
        ("two seconds", attempt(), "1", 2, "1"),
        // Debts pay for nothing that costs something, and for all that does not.
        ("a debt", per_minute(), "-1", 0, "0"),
        ("a debt, and nothing to pay", tiers("0:1@0/60"), "-1", 3600, "0"),
    ] {
        let snapshot = operator(parts).build();
        let admitted = admitted(&snapshot, HALF_PAST_FIVE);
        let price = admitted.price(&snapshot, &());
        let found = price.grant(money(available), 3600);
        let expected = (seconds > 0).then(|| Grant { seconds, hold: money(hold) });
        assert_eq!(found, expected, "{what}");
        assert_eq!(price.seconds_for(money(available), 3600), seconds, "{what}");
    }
}

/// terms | what has to be there at least
#[test]
fn the_least_that_is_needed() {
    let change = |fee: &str, attempt: &str, free_s: u32| {
        let (connect_fee, attempt_fee) = (money(fee), money(attempt));
        RateParts { connect_fee, attempt_fee, free_s, ..tiers("0:60@0.6/60") }
    };
    for (parts, least) in [
        (change("0", "0", 0), "0.6"),
        (change("1", "0", 0), "1.6"),
        (change("1", "2", 0), "2"),
        (change("1", "0", 1), "1.6"),
        // 61 s are two minutes: 1 + 2 x 0.6.
        (change("1", "0", 61), "2.2"),
        (tiers("0:1@0/60"), "0"),
    ] {
        let snapshot = operator(parts.clone()).build();
        let admitted = admitted(&snapshot, HALF_PAST_FIVE);
        let price = admitted.price(&snapshot, &());
        assert_eq!(price.least(), Ok(money(least)), "{parts:?}");
        assert!(price.grant(money(least), 3600).is_some(), "{parts:?}");
        let below = Money::from_nanos(money(least).nanos() - 1).unwrap();
        assert_eq!(price.grant(below, 3600).is_none(), !money(least).is_zero(), "{parts:?}");
    }
}

/// Ten times the price of ten minutes: exactly ten calls of ten minutes, each with its hold, and not a second more.
#[test]
fn ten_holds_and_no_eleventh() {
    let parts = RateParts { connect_fee: money("0.5"), ..tiers("0:60@0.1/60 60:7@0.1/60") };
    let snapshot = operator(parts).build();
    let admitted = admitted(&snapshot, HALF_PAST_FIVE);
    let price = admitted.price(&snapshot, &());
    // 0.5 + (60 + ceil(540 / 7) x 7 = 606 s) x 0.1 / 60 = 1.51
    let one = price.price_of(600).unwrap();
    assert_eq!(one, money("1.51"));
    let mut available = money("15.1");
    for call in 0..10 {
        let grant = price.grant(available, 600).unwrap();
        assert_eq!(grant, Grant { seconds: 600, hold: one }, "call {call}");
        available = available.checked_add(Money::from_nanos(-grant.hold.nanos()).unwrap()).unwrap();
    }
    assert_eq!((available, price.grant(available, 600)), (Money::ZERO, None));
}

fn evening(operator: &mut Operator, hours: &str) {
    operator.rows.bands.push(Band {
        list: ListId(1),
        name: "evening".into(),
        priority: 1,
        days: Days::ALL,
        hours: parse_hours(hours).unwrap().into(),
        dates: Box::new([]),
        holidays: Arc::from([]),
        validity: Validity::ALWAYS,
    });
}

/// The published call: 17:30 to 18:30, connect fee 1, 1 a second before 18:00 and 0.5 after: 2701. Money | seconds
#[test]
fn a_band_begins_during_the_call() {
    let variants = vec![Variant { band: Some(0), from_volume: 0, tiers: parse_tiers("0:1@0.5/1").unwrap() }];
    let parts = RateParts { variants, connect_fee: money("1"), ..tiers("0:1@1/1") };
    let mut operator = operator(tiers("0:1@1/1"));
    evening(&mut operator, "18:00-24:00");
    operator.rows.rates[0] = Rate::new(parts).unwrap();
    let snapshot = operator.build();
    let admitted = admitted(&snapshot, HALF_PAST_FIVE);
    let price = admitted.price(&snapshot, &());
    assert_eq!(price.price_of(3600), Ok(money("2701")));
    for (available, seconds) in [
        ("2701", 3600),
        ("2700.9999", 3599),
        // 1 + 1800 x 1 at six o'clock; the next second costs half.
        ("1801", 1800),
        ("1801.4999", 1800),
        ("1801.5", 1801),
        ("1802", 1802),
        ("1800.9999", 1799),
        ("1.9999", 0),
        ("2", 1),
    ] {
        assert_eq!(price.seconds_for(money(available), 7200), seconds, "{available}");
    }
}

/// A record is priced by the row that is in force at its answer, so a price that begins during the call concerns only calls that are answered after it.
#[test]
fn a_price_that_begins_during_the_call_changes_nothing() {
    let mut operator = operator(tiers("0:1@1/1"));
    operator.rate(1, "381", "9", |row| row.validity.from_ms = ms(HALF_PAST_FIVE) + 60_000);
    let snapshot = operator.build();
    for (at, cost, seconds) in [(HALF_PAST_FIVE, "600", 600), ("2026-11-18T17:31:00+03:00", "5400", 66)] {
        let admitted = admitted(&snapshot, at);
        let price = admitted.price(&snapshot, &());
        assert_eq!((price.price_of(600), price.seconds_for(money("600"), 600)), (Ok(money(cost)), seconds), "{at}");
        assert_eq!(charged(&snapshot, at, 600, &()).unwrap().retail.amount, money(cost), "{at}");
    }
}

fn bundle(id: u32, units: u64, waives_connect_fee: bool) -> BundleRow {
    BundleRow {
        id: CounterId(id),
        plan: PlanId(1),
        code: format!("bundle-{id}"),
        priority: id as u16,
        units,
        period: Period::Month,
        keeps: 0,
        waives_connect_fee,
        services: vec![],
        destinations: None,
        validity: Validity::ALWAYS,
    }
}

fn november(counter: u32, used: u64) -> (CounterKey, u64) {
    let period = "2026-11-01".parse().unwrap();
    (CounterKey { account: AccountId(1), counter: CounterId(counter), period }, used)
}

/// What a bundle still covers is granted without money; the counters that are asked for are named.
#[test]
fn bundles_are_talked_away_first() {
    let mut operator = operator(tiers("0:1@1/1"));
    operator.rows.bundles.push(bundle(1, 100, false));
    let snapshot = operator.build();
    let admitted = admitted(&snapshot, HALF_PAST_FIVE);
    assert_eq!(admitted.counters, [november(1, 0).0]);
    for (used, available, seconds, hold) in [
        (0, "0", 100, "0"),
        (40, "0", 60, "0"),
        (40, "-3", 60, "0"),
        (40, "5.5", 65, "5"),
        (100, "5.5", 5, "5"),
        (100, "0.9999", 0, "0"),
    ] {
        let counters: BTreeMap<_, _> = [november(1, used)].into();
        let price = admitted.price(&snapshot, &counters);
        let expected = (seconds > 0).then(|| Grant { seconds, hold: money(hold) });
        assert_eq!(price.grant(money(available), 3600), expected, "{used} used, {available}");
        // What the hold takes of the bundle: the next call does not find it.
        let drawn = price.priced(seconds).unwrap().draws;
        let taken: u64 = drawn.iter().map(|draw| draw.used).sum();
        assert_eq!(taken, seconds.min(100 - used), "{used} used, {available}");
    }
}

/// 10 s of a bundle that leaves the connect fee of 0.5, then 30 s of one that includes it: a call of 10 s costs 0.5, one of 11 to 40 s nothing, one of 41 s
/// 1. Who cannot pay 0.5 cannot begin, for the call may end before the fee falls away; the hold covers it to the end.
#[test]
fn a_fee_that_falls_away_is_held_all_the_same() {
    let mut operator = operator(RateParts { connect_fee: money("0.5"), ..tiers("0:1@1/1") });
    operator.rows.bundles.extend([bundle(1, 10, false), bundle(2, 30, true)]);
    let snapshot = operator.build();
    let admitted = admitted(&snapshot, HALF_PAST_FIVE);
    let price = admitted.price(&snapshot, &());
    let costs = [(1, "0.5"), (10, "0.5"), (11, "0"), (40, "0"), (41, "1")];
    for (seconds, cost) in costs {
        assert_eq!(price.price_of(seconds), Ok(money(cost)), "{seconds}");
    }
    for (available, max_seconds, seconds, hold) in [
        ("0.4999", 3600, 0, "0"),
        ("0.5", 3600, 40, "0.5"),
        ("0.5", 7, 7, "0.5"),
        ("0.9999", 3600, 40, "0.5"),
        ("1", 3600, 41, "1"),
        ("7.5", 3600, 47, "7"),
    ] {
        let expected = (seconds > 0).then(|| Grant { seconds, hold: money(hold) });
        assert_eq!(price.grant(money(available), max_seconds), expected, "{available} {max_seconds}");
    }
}

/// Steps by volume go by where the counter stands when the call begins: of 100 s at 1 the first 60 are used, then 0.5.
#[test]
fn steps_by_volume_go_by_the_counter() {
    let steps = vec![Variant { band: None, from_volume: 100, tiers: parse_tiers("0:1@0.5/1").unwrap() }];
    let mut operator = operator(tiers("0:1@1/1"));
    operator.rows.volumes.push(VolumeRow {
        id: CounterId(9),
        list: ListId(1),
        code: "month".into(),
        period: Period::Month,
    });
    operator.rows.rates[0] = Rate::new(RateParts { variants: steps, volume: Some(0), ..tiers("0:1@1/1") }).unwrap();
    let snapshot = operator.build();
    let admitted = admitted(&snapshot, HALF_PAST_FIVE);
    assert_eq!(admitted.counters, [november(9, 0).0]);
    let counters: BTreeMap<_, _> = [november(9, 60)].into();
    // 40 x 1 + 20 x 0.5 = 50
    assert_eq!(admitted.price(&snapshot, &counters).seconds_for(money("50"), 3600), 60);
    assert_eq!(admitted.price(&snapshot, &()).seconds_for(money("50"), 3600), 50);
}

/// Two routes, and a retail row that asks for one of them: the call is held by the dearer row, whichever route it takes.
#[test]
fn the_dearest_route_is_held() {
    let mut operator = operator(tiers("0:1@1/1"));
    operator.rate(1, "381", "1", |row| row.qualifiers.provider = Some(ProviderId(2)));
    let with_fee = RateParts { connect_fee: money("100"), ..tiers("0:1@0.5/1") };
    *operator.rows.rates.last_mut().unwrap() = Rate::new(with_fee).unwrap();
    operator.list(12, Some(2)).rate(12, "381", "0.1", |_| ());
    let snapshot = operator.build();
    let admitted = admitted(&snapshot, HALF_PAST_FIVE);
    assert_eq!(admitted.routes.len(), 2);
    let price = admitted.price(&snapshot, &());
    // By provider 2: 100 + 0.5 a second; else 1 a second, which is dearer from 201 s on.
    for (seconds, cost) in [(1, "100.5"), (200, "200"), (201, "201"), (300, "300")] {
        assert_eq!(price.price_of(seconds), Ok(money(cost)), "{seconds}");
    }
    for (available, seconds) in [("100.4999", 0), ("100.5", 1), ("150", 100), ("200", 200), ("250", 250)] {
        assert_eq!(price.seconds_for(money(available), 3600), seconds, "{available}");
    }
}

/// What cannot be charged is not granted, however much there is: 100 s at 10,000,000 are 1,000,000,000. A row of which not even a minute can be charged is
/// no price.
#[test]
fn what_is_beyond_all_amounts_is_not_granted() {
    let snapshot = operator(tiers("0:1@10000000/1")).build();
    let admitted = admitted(&snapshot, HALF_PAST_FIVE);
    let price = admitted.price(&snapshot, &());
    let expected = Grant { seconds: 99, hold: money("990000000") };
    for max_seconds in [3600, u64::MAX] {
        assert_eq!(price.grant(Money::MAX, max_seconds), Some(expected), "{max_seconds}");
    }
    assert_eq!((price.price_of(100), price.hold_for(100)), (Err(SuspenseCode::Overflow), Err(SuspenseCode::Overflow)));
    let snapshot = operator(tiers("0:1@100000000/1")).build();
    let refusal = admit(&snapshot, &request(&snapshot, HALF_PAST_FIVE), Rules::default()).outcome.unwrap_err();
    assert_eq!(refusal.check, Check::NoRetailPrice);
}

/// A rate of a random list, and what stands between it and the amount.
#[derive(Clone, Debug)]
struct Said {
    parts: RateParts,
    band: Option<Vec<Tier>>,
    steps: BTreeMap<u64, Vec<Tier>>,
    rounding: Rounding,
    /// Units, whether the connect fee is included, and what is used.
    bundles: Vec<(u64, bool, u64)>,
    volume_before: u64,
    discount: Option<u32>,
    exchange: Option<i64>,
    tax: Option<u32>,
    /// Seconds before six o'clock at which the call begins.
    before_six: i64,
}

impl Said {
    fn parts(&self) -> RateParts {
        let in_band = self.band.iter().map(|tiers| Variant { band: Some(0), from_volume: 0, tiers: tiers.clone() });
        let step = |(from, tiers): (&u64, &Vec<Tier>)| Variant { band: None, from_volume: *from, tiers: tiers.clone() };
        let variants = in_band.chain(self.steps.iter().map(step)).collect();
        RateParts { variants, volume: (!self.steps.is_empty()).then_some(0), ..self.parts.clone() }
    }

    fn snapshot(&self) -> Snapshot {
        let mut operator = operator(tiers("0:1@1/1"));
        operator.rows.rates[0] = Rate::new(self.parts()).unwrap();
        operator.rows.lists[0].rounding = self.rounding;
        if self.band.is_some() {
            evening(&mut operator, "18:00-18:02 18:03-24:00");
        }
        if !self.steps.is_empty() {
            let (id, list, period) = (CounterId(9), ListId(1), Period::Month);
            operator.rows.volumes.push(VolumeRow { id, list, code: "month".into(), period });
        }
        for (id, (units, waives, _)) in (1..).zip(&self.bundles) {
            operator.rows.bundles.push(bundle(id, *units, *waives));
        }
        operator.rows.discounts.extend(self.discount.map(|basis_points| DiscountRow {
            id: 1,
            level: DiscountLevel::Personal,
            holder: Holder::Client(ClientId(1)),
            basis_points,
            service: None,
            prefix: numbering::Digits::EMPTY,
            validity: Validity::ALWAYS,
        }));
        if let Some(nanos) = self.exchange {
            let usd = Currency::parse("USD").unwrap();
            operator.rows.lists[0].currency = usd;
            operator.rows.exchanges.push(ExchangeRow {
                id: 1,
                holder: Holder::Everybody,
                from: usd,
                to: Currency::RUB,
                rate: Money::from_nanos(nanos).unwrap(),
                quantity: 3,
                day: NaiveDate::MIN,
                validity: Validity::ALWAYS,
            });
        }
        if let Some(basis_points) = self.tax {
            operator.rows.lists[0].tax_included = false;
            operator.rows.taxes.push(TaxRow { from: NaiveDate::MIN, basis_points });
        }
        operator.build()
    }

    fn counters(&self) -> BTreeMap<CounterKey, u64> {
        let used = (1..).zip(&self.bundles).map(|(id, (_, _, used))| november(id, *used));
        used.chain([november(9, self.volume_before)]).collect()
    }

    fn at(&self) -> String {
        let at = DateTime::from_timestamp_millis(ms("2026-11-18T18:00:00+03:00") - self.before_six * 1000).unwrap();
        at.to_rfc3339()
    }
}

fn amounts() -> impl Strategy<Value = Money> {
    prop_oneof![Just(0i64), 1..3_000_000_000i64, (1..300i64).prop_map(|n| n * 10_000_000)]
        .prop_map(|nanos| Money::from_nanos(nanos).unwrap())
}

fn some_tiers() -> impl Strategy<Value = Vec<Tier>> {
    let tier = (
        1..120u32,
        prop_oneof![1..5u32, Just(30), Just(60), 1..100u32],
        amounts(),
        prop_oneof![Just(1u32), Just(60), Just(3600)],
    );
    prop::collection::vec(tier, 1..4).prop_map(|tiers| {
        let mut from_s = 0;
        let tiers = tiers.into_iter().map(|(length, increment_s, price, unit_s)| {
            let tier = Tier { from_s, increment_s, price, unit_s };
            from_s += length;
            tier
        });
        tiers.collect()
    })
}

fn rates() -> impl Strategy<Value = RateParts> {
    let limits = (amounts(), amounts(), prop_oneof![Just(0u32), 1..30u32], prop::option::of((amounts(), amounts())));
    (some_tiers(), limits).prop_map(|(tiers, (connect_fee, attempt_fee, free_s, limits))| {
        let (minimum, maximum) = limits.map_or((Money::ZERO, None), |(a, b)| (a.min(b), Some(a.max(b))));
        // Rarely more than the first increment, as in real lists.
        let attempt_fee = Money::from_nanos(attempt_fee.nanos() / 16).unwrap();
        RateParts { tiers, connect_fee, attempt_fee, free_s, minimum, maximum, ..RateParts::default() }
    })
}

fn said() -> impl Strategy<Value = Said> {
    let variants = (
        prop::option::of(some_tiers()),
        prop::collection::btree_map(1..400u64, some_tiers(), 0..3),
        prop::collection::vec((0..150u64, any::<bool>(), 0..150u64), 0..3),
        0..500u64,
    );
    let terms = (
        prop::option::of(0..=10_000u32),
        prop::option::of(1..200_000_000_000i64),
        prop::option::of(0..3_000u32),
        -60..300i64,
    );
    let rounding =
        (0..4usize, 0..=9u8).prop_map(|(mode, decimals)| Rounding { mode: RoundingMode::ALL[mode], decimals });
    (rates(), variants, terms, rounding).prop_map(
        |(parts, (band, steps, bundles, volume_before), (discount, exchange, tax, before_six), rounding)| Said {
            parts,
            band,
            steps,
            rounding,
            bundles,
            volume_before,
            discount,
            exchange,
            tax,
            before_six,
        },
    )
}

/// The greatest length of which every shorter one can be paid for, none where it ends within the free seconds; and the most that the call can cost until then.
/// `costs`: amount and billed seconds by length.
fn walk(costs: &[(Money, u64)], available: Money) -> (u64, Money) {
    let available = available.max(Money::ZERO);
    let paid = costs.iter().take_while(|(cost, _)| *cost <= available).count();
    let longest = costs.len() - 1;
    let seconds = paid.saturating_sub(1);
    let is_cut = seconds < longest;
    let seconds = if is_cut && costs[seconds].1 == 0 { 0 } else { seconds };
    let most = costs[..=seconds].iter().map(|(cost, _)| *cost).max().unwrap();
    (seconds as u64, most)
}

fn check(price: &CallPrice<'_>, costs: &[(Money, u64)], available: Money) -> Result<(), TestCaseError> {
    let (seconds, most) = walk(costs, available);
    let longest = costs.len() as u64 - 1;
    prop_assert_eq!(price.seconds_for(available, longest), seconds, "with {}", available);
    let expected = (seconds > 0).then_some(Grant { seconds, hold: most });
    prop_assert_eq!(price.grant(available, longest), expected, "with {}", available);
    prop_assert!(seconds == 0 || most <= available.max(Money::ZERO));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Against the price of every length, one after another, as records of them are charged: what is paid for, what is held, what is needed at least. The
    /// money is what some length costs, a nano-unit more or less, or anything.
    #[test]
    fn money_reaches_as_far_as_the_walk_says(
        said in said(),
        longest in 0..400u64,
        some in prop::collection::vec((0..400usize, -1..=1i64), 1..6),
        any in 0..3_000_000_000_000i64,
    ) {
        let (snapshot, counters, at) = (said.snapshot(), said.counters(), said.at());
        let admitted = admitted(&snapshot, &at);
        let price = admitted.price(&snapshot, &counters);
        let mut costs = Vec::new();
        for seconds in 0..=longest {
            let record = charged(&snapshot, &at, seconds, &counters).unwrap();
            prop_assert_eq!(price.price_of(seconds), Ok(record.retail.amount));
            costs.push((record.retail.amount, record.retail.billed_s));
        }
        for (index, delta) in some {
            let cost = costs[index % costs.len()].0;
            check(&price, &costs, Money::from_nanos(cost.nanos() + delta).unwrap())?;
        }
        check(&price, &costs, Money::from_nanos(any).unwrap())?;
        check(&price, &costs, Money::MAX)?;
        check(&price, &costs, Money::ZERO)?;
        // What is needed at least is what is granted, and a nano-unit less is not.
        let least = price.least().unwrap();
        let beyond_free = longest.max(u64::from(said.parts.free_s)).max(1);
        prop_assert!(price.seconds_for(least, beyond_free) > 0);
        if least > Money::ZERO {
            prop_assert_eq!(price.seconds_for(Money::from_nanos(least.nanos() - 1).unwrap(), beyond_free), 0);
        }
    }

    /// The counters that a record of the call would move are among those that are named beforehand.
    #[test]
    fn every_counter_is_named(said in said(), seconds in 0..400u64) {
        let (snapshot, counters, at) = (said.snapshot(), said.counters(), said.at());
        let admitted = admitted(&snapshot, &at);
        let record = charged(&snapshot, &at, seconds, &counters).unwrap();
        prop_assert!(record.draws.iter().all(|draw| admitted.counters.contains(&draw.key)));
        prop_assert_eq!(admitted.price(&snapshot, &counters).priced(seconds).unwrap().draws, record.draws);
    }
}
