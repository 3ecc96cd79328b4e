//! What clients have of their own: discounts (B18, B30), exchange rates (B19), tax (A11, A12, B22).

use super::common::{Operator, digits, outgoing};
use rating::leg::{Leg, LegPrice, price_leg};
use rating::list::Validity;
use rating::price::Usage;
use rating::rows::{
    AccountId, ClientId, ClientTaxRow, DiscountRow, ExchangeRow, GroupId, GroupMemberRow, Holder, TaxRow,
};
use rating::snapshot::AccountIx;
use rating::terms::DiscountLevel::{self, Group, Personal, Promo};
use rating::wording::Language;
use rating::{Currency, Money, Rounding, Service, Snapshot, SuspenseCode};

const CLIENT: Holder = Holder::Client(ClientId(1));
const ACCOUNT: Holder = Holder::Account(AccountId(1));
const OTHER_ACCOUNT: Holder = Holder::Account(AccountId(2));
const FRIENDS: Holder = Holder::Group(GroupId(1));
const STRANGERS: Holder = Holder::Group(GroupId(2));

fn ms(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

fn currency(text: &str) -> Currency {
    Currency::parse(text).unwrap()
}

/// An operator whose account 1 talks at `price` a second; its client is in group 1.
fn operator(price: &str) -> Operator {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "7", price, |_| ());
    operator.rows.members.push(GroupMemberRow { group: GroupId(1), client: ClientId(1), validity: Validity::ALWAYS });
    operator
}

/// An answered call of ten seconds, now.
fn leg() -> Leg<'static> {
    Leg {
        account: Some(AccountIx(0)),
        plan: None,
        service: Service::Outgoing,
        number: digits("79161234567"),
        origin: outgoing().origin,
        provider: None,
        incoming_service: None,
        place: None,
        at_ms: ms(NOW),
        usage: Usage::call(10_000),
        stored: None,
        counters: &(),
    }
}

/// The same call at a moment.
fn call_at(snapshot: &Snapshot, at: &str) -> Result<LegPrice, SuspenseCode> {
    price_leg(snapshot, &Leg { at_ms: ms(at), ..leg() }, &mut ())
}

fn cost(snapshot: &Snapshot, at: &str) -> String {
    call_at(snapshot, at).unwrap().retail.amount.to_string()
}

const NOW: &str = "2026-11-18T12:00:00+03:00";

/// what is granted: (level, holder, percent) | of a call for 1000
#[test]
fn discounts_do_not_add_up() {
    type Granted<'a> = &'a [(DiscountLevel, Holder, u32)];
    let said: &[(Granted<'_>, &str)] = &[
        (&[], "1000"),
        (&[(Promo, FRIENDS, 20)], "800"),
        // B18: personal 10 % beside promo 20 % is 900, not 800 and not 720.
        (&[(Promo, FRIENDS, 20), (Personal, CLIENT, 10)], "900"),
        (&[(Promo, FRIENDS, 20), (Group, FRIENDS, 15)], "850"),
        (&[(Group, FRIENDS, 15), (Personal, CLIENT, 0)], "1000"),
        // B30: a promo of others.
        (&[(Promo, STRANGERS, 20)], "1000"),
        (&[(Personal, CLIENT, 100)], "0"),
        // Of one level the latest by date; of one date the latest written.
        (&[(Personal, CLIENT, 30), (Personal, CLIENT, 5)], "950"),
        // The account's own counts before the client's, whichever is larger or written later; that of another account is nothing to this one.
        (&[(Personal, ACCOUNT, 5), (Personal, CLIENT, 30)], "950"),
        (&[(Personal, CLIENT, 5), (Personal, ACCOUNT, 30), (Group, FRIENDS, 50)], "700"),
        (&[(Personal, OTHER_ACCOUNT, 5), (Personal, CLIENT, 30)], "700"),
        (&[(Personal, OTHER_ACCOUNT, 5), (Promo, FRIENDS, 30)], "700"),
        (&[(Personal, ACCOUNT, 0), (Promo, FRIENDS, 30)], "1000"),
    ];
    for (discounts, expected) in said {
        let mut operator = operator("100");
        for (level, holder, percent) in *discounts {
            let id = operator.rows.discounts.len() as u64 + 1;
            operator.rows.discounts.push(DiscountRow {
                id,
                level: *level,
                holder: *holder,
                basis_points: percent * 100,
                service: None,
                prefix: numbering::Digits::EMPTY,
                validity: Validity::ALWAYS,
            });
        }
        assert_eq!(cost(&operator.build(), NOW), *expected, "{discounts:?}");
    }
}

#[test]
fn a_discount_has_its_services_destinations_and_times() {
    let row = |change: fn(&mut DiscountRow)| {
        let mut row = DiscountRow {
            id: 7,
            level: Personal,
            holder: CLIENT,
            basis_points: 1_250,
            service: None,
            prefix: numbering::Digits::EMPTY,
            validity: Validity::ALWAYS,
        };
        change(&mut row);
        let mut operator = operator("100");
        operator.rows.discounts.push(row);
        operator.build()
    };
    let paid = |snapshot: &Snapshot| cost(snapshot, NOW);
    assert_eq!(paid(&row(|_| ())), "875");
    assert_eq!(paid(&row(|row| row.service = Some(Service::Forwarded))), "1000");
    assert_eq!(paid(&row(|row| row.prefix = digits("791"))), "875");
    assert_eq!(paid(&row(|row| row.prefix = digits("7495"))), "1000");
    let snapshot = row(|row| {
        row.validity = Validity { from_ms: ms("2026-11-18T12:00:00+03:00"), to_ms: ms("2026-11-18T13:00:00+03:00") }
    });
    for (at, expected) in [
        ("2026-11-18T11:59:59.999+03:00", "1000"),
        ("2026-11-18T12:00:00+03:00", "875"),
        ("2026-11-18T12:59:59.999+03:00", "875"),
        ("2026-11-18T13:00:00+03:00", "1000"),
    ] {
        assert_eq!(cost(&snapshot, at), expected, "{at}");
    }
    assert_eq!(call_at(&row(|_| ()), NOW).unwrap().retail.discount, 7);
}

/// A member for a time has the group's discount for that time.
#[test]
fn membership_has_a_history() {
    let mut operator = operator("100");
    operator.rows.members[0].validity.to_ms = ms(NOW);
    operator.rows.discounts.push(DiscountRow {
        id: 1,
        level: Group,
        holder: FRIENDS,
        basis_points: 5_000,
        service: None,
        prefix: numbering::Digits::EMPTY,
        validity: Validity::ALWAYS,
    });
    let snapshot = operator.build();
    assert_eq!(cost(&snapshot, "2026-11-18T11:59:59+03:00"), "500");
    assert_eq!(cost(&snapshot, NOW), "1000");
}

/// An account has its own discount where that covers the call, and its client's, his groups' and his tax where it does not.
#[test]
fn an_account_keeps_what_its_client_has() {
    let discount = |id, level, holder, percent: u32, prefix| {
        let (basis_points, service, prefix) = (percent * 100, None, digits(prefix));
        DiscountRow { id, level, holder, basis_points, service, prefix, validity: Validity::ALWAYS }
    };
    let mut operator = operator("100");
    operator.rows.lists[0].currency = currency("USD");
    operator.rows.lists[0].tax_included = false;
    operator.rows.discounts = vec![
        discount(1, Personal, ACCOUNT, 50, "7495"),
        discount(2, Personal, CLIENT, 20, "791"),
        discount(3, Group, FRIENDS, 10, "7"),
    ];
    operator.rows.exchanges =
        vec![exchange(1, Holder::Everybody, "90", 1, "2020-01-01"), exchange(2, CLIENT, "2", 1, "2020-01-01")];
    operator.rows.client_taxes =
        vec![ClientTaxRow { client: ClientId(1), basis_points: 1_000, validity: Validity::ALWAYS }];
    let snapshot = operator.build();
    // 1000 USD, less the discount, at 2 RUB, 10 % on top.
    for (number, expected) in [("74951234567", "1100"), ("79161234567", "1760"), ("73831234567", "1980")] {
        let leg = Leg { number: digits(number), ..leg() };
        assert_eq!(price_leg(&snapshot, &leg, &mut ()).unwrap().retail.amount.to_string(), expected, "{number}");
    }
}

/// Of two discounts of a group the one with the later date counts, and no date is before that of the membership: (from, percent) of each, member since | of 1000
#[test]
fn a_date_of_a_group_is_not_before_the_membership() {
    let early = "2026-01-01T00:00:00Z";
    let late = "2026-03-01T00:00:00Z";
    for (first, second, since, expected) in [
        ((early, 10), (late, 20), early, "800"),
        ((late, 10), (early, 20), early, "900"),
        // He came after both: both count from then, and the later row is the one.
        ((late, 10), (early, 20), "2026-04-01T00:00:00Z", "800"),
    ] {
        let mut operator = operator("100");
        operator.rows.members[0].validity.from_ms = ms(since);
        for (id, (from, percent)) in [(1, first), (2, second)] {
            operator.rows.discounts.push(DiscountRow {
                id,
                level: Group,
                holder: FRIENDS,
                basis_points: percent * 100,
                service: None,
                prefix: numbering::Digits::EMPTY,
                validity: Validity { from_ms: ms(from), to_ms: i64::MAX },
            });
        }
        assert_eq!(cost(&operator.build(), NOW), expected, "{first:?} {second:?} {since}");
    }
}

/// A rate that was ended by hand counts for the calls before that; the rates that it stood before count again after.
#[test]
fn an_ended_exchange_rate_counts_until_its_end() {
    let general = exchange(1, Holder::Everybody, "90", 1, "2020-01-01");
    for holder in [CLIENT, FRIENDS, Holder::Everybody] {
        let mut ended = exchange(2, holder, "80", 1, "2026-01-01");
        ended.validity.to_ms = ms(NOW);
        let mut operator = operator("1");
        operator.rows.lists[0].currency = currency("USD");
        operator.rows.exchanges = vec![general, ended];
        let snapshot = operator.build();
        assert_eq!(cost(&snapshot, "2026-11-18T11:59:59.999+03:00"), "800", "{holder:?}");
        assert_eq!(cost(&snapshot, NOW), "900", "{holder:?}");
    }
}

/// The discount comes before minimum and maximum, which are of the list's currency.
#[test]
fn limits_come_after_the_discount() {
    for (percent, expected) in [(0, "700"), (50, "500"), (90, "300")] {
        let mut operator = operator("100");
        let parts = rating::RateParts {
            minimum: Money::parse("300").unwrap(),
            maximum: Some(Money::parse("700").unwrap()),
            ..operator.rows.rates[0].parts().clone()
        };
        operator.rows.rates[0] = rating::Rate::new(parts).unwrap();
        operator.rows.discounts.push(DiscountRow {
            id: 1,
            level: Personal,
            holder: CLIENT,
            basis_points: percent * 100,
            service: None,
            prefix: numbering::Digits::EMPTY,
            validity: Validity::ALWAYS,
        });
        assert_eq!(cost(&operator.build(), NOW), expected, "{percent}");
    }
}

fn exchange(id: u64, holder: Holder, rate: &str, quantity: u32, day: &str) -> ExchangeRow {
    let (from, to) = (currency("USD"), currency("RUB"));
    let (rate, day, validity) = (Money::parse(rate).unwrap(), day.parse().unwrap(), Validity::ALWAYS);
    ExchangeRow { id, holder, from, to, rate, quantity, day, validity }
}

/// B19: general 90, personal 80 from 1 May: 10 USD on 30 April are 900, on 1 May 800; 8000 for 100 is the same.
#[test]
fn the_own_exchange_rate_counts_from_its_day() {
    for own in [exchange(2, CLIENT, "80", 1, "2026-05-01"), exchange(2, CLIENT, "8000", 100, "2026-05-01")] {
        let mut operator = operator("1");
        operator.rows.lists[0].currency = currency("USD");
        operator.rows.exchanges = vec![exchange(1, Holder::Everybody, "90", 1, "2020-01-01"), own];
        let snapshot = operator.build();
        assert_eq!(cost(&snapshot, "2026-04-30T23:59:59+03:00"), "900");
        let charge = call_at(&snapshot, "2026-05-01T00:00:00+03:00").unwrap().retail;
        assert_eq!((charge.amount.to_string().as_str(), charge.currency), ("800", Some(currency("RUB"))));
        assert_eq!((charge.list_amount.to_string().as_str(), charge.list_currency), ("10", Some(currency("USD"))));
        assert_eq!(charge.exchange_rate.to_string(), "80");
    }
}

/// personal, else group, else general; each the latest by date
#[test]
fn the_order_of_exchange_rates() {
    let general = exchange(1, Holder::Everybody, "90", 1, "2026-01-01");
    let newer = exchange(2, Holder::Everybody, "95", 1, "2026-06-01");
    let group = exchange(3, FRIENDS, "85", 1, "2026-01-01");
    let strangers = exchange(4, STRANGERS, "1", 1, "2026-01-01");
    let personal = exchange(5, CLIENT, "80", 1, "2026-01-01");
    let future = exchange(6, CLIENT, "70", 1, "2027-01-01");
    for (rows, expected) in [
        (vec![general], "900"),
        (vec![newer, general], "950"),
        (vec![general, newer, group], "850"),
        (vec![general, newer, strangers], "950"),
        (vec![general, newer, group, personal, future], "800"),
    ] {
        let mut operator = operator("1");
        operator.rows.lists[0].currency = currency("USD");
        operator.rows.exchanges = rows;
        assert_eq!(cost(&operator.build(), NOW), expected);
    }
    // A rate that comes later than the call does not help; without any rate the tariff is refused.
    let mut operator = operator("1");
    operator.rows.lists[0].currency = currency("USD");
    operator.rows.exchanges = vec![future];
    assert_eq!(call_at(&operator.build(), NOW).unwrap_err(), SuspenseCode::NoExchangeRate);
    operator.rows.exchanges.clear();
    let errors = operator.try_build().unwrap_err();
    assert!(errors[0].problem.contains("no exchange rate converts"), "{errors:?}");
}

/// The one rounding is that of what is owed: 10 x 0.333 USD x 91.2345 = 303.810885, to 4 decimals.
#[test]
fn conversion_is_exact_until_the_end() {
    let mut operator = operator("0.333");
    operator.rows.lists[0].currency = currency("USD");
    operator.rows.exchanges = vec![exchange(1, Holder::Everybody, "91.2345", 1, "2020-01-01")];
    assert_eq!(cost(&operator.build(), NOW), "303.8109");
    operator.rows.lists[0].rounding = Rounding::NANOS;
    assert_eq!(cost(&operator.build(), NOW), "303.810885");
}

/// Wholesale goes into the books by the general rate of the day, whatever the client has; without one it stays in the list's currency.
#[test]
fn wholesale_is_converted_by_the_general_rate() {
    let mut operator = operator("1");
    operator.list(2, Some(1)).rate(2, "7", "0.5", |_| ());
    operator.rows.lists[1].currency = currency("USD");
    operator.rows.exchanges = vec![exchange(1, CLIENT, "80", 1, "2020-01-01")];
    let through = |snapshot: &Snapshot| {
        let leg = Leg { provider: Some(rating::rows::ProviderId(1)), ..leg() };
        price_leg(snapshot, &leg, &mut ()).unwrap().wholesale
    };
    let cost = through(&operator.build());
    assert_eq!((cost.amount.to_string().as_str(), cost.currency), ("5", Some(currency("USD"))));
    operator.rows.exchanges.push(exchange(2, Holder::Everybody, "90", 1, "2020-01-01"));
    let cost = through(&operator.build());
    assert_eq!((cost.amount.to_string().as_str(), cost.currency), ("450", Some(currency("RUB"))));
    assert_eq!((cost.list_amount.to_string().as_str(), cost.list_currency), ("5", Some(currency("USD"))));
}

/// list | day | rate of tax by the day of the call (A12) | gross and net of 1000 in the list
#[test]
fn tax_inside_and_on_top() {
    let taxes = || {
        [("2019-01-01", 2_000), ("2026-01-01", 2_200)]
            .map(|(from, basis_points)| TaxRow { from: from.parse().unwrap(), basis_points })
    };
    for (included, at, gross, net) in [
        (true, "2025-12-31T23:59:59+03:00", "1000", "833.333333333"),
        (true, "2026-01-01T00:00:00+03:00", "1000", "819.672131148"),
        (false, "2025-12-31T23:59:59+03:00", "1200", "1000"),
        (false, "2026-01-01T00:00:00+03:00", "1220", "1000"),
    ] {
        let mut operator = operator("100");
        operator.rows.taxes = taxes().into();
        operator.rows.lists[0].tax_included = included;
        let charge = call_at(&operator.build(), at).unwrap();
        assert_eq!(
            (charge.retail.amount.to_string().as_str(), charge.net.to_string().as_str()),
            (gross, net),
            "{included} {at}"
        );
        assert_eq!(charge.retail.list_amount.to_string(), "1000");
    }
}

/// B22: 10 % for this client from 2024-01-01 00:00:00 to 2024-12-31 23:59:59 in Moscow, that is until 2025-01-01 00:00:00.
#[test]
fn a_tax_of_his_own() {
    let mut operator = operator("100");
    operator.rows.taxes = vec![TaxRow { from: "2019-01-01".parse().unwrap(), basis_points: 2_000 }];
    operator.rows.lists[0].tax_included = false;
    let validity = Validity { from_ms: ms("2024-01-01T00:00:00+03:00"), to_ms: ms("2025-01-01T00:00:00+03:00") };
    operator.rows.client_taxes = vec![ClientTaxRow { client: ClientId(1), basis_points: 1_000, validity }];
    let snapshot = operator.build();
    for (at, expected) in [
        ("2023-12-31T20:59:59Z", "1200"),
        ("2023-12-31T21:00:00Z", "1100"),
        ("2024-12-31T20:59:59Z", "1100"),
        ("2024-12-31T21:00:00Z", "1200"),
    ] {
        assert_eq!(cost(&snapshot, at), expected, "{at}");
    }
}

/// Discount, conversion and tax in one call, and the lines that say so: 1000 USD, 12.5 % off, at 90, with 22 % on top.
#[test]
fn everything_together_and_its_explanation() {
    let mut operator = operator("100");
    operator.rows.lists[0].currency = currency("USD");
    operator.rows.lists[0].tax_included = false;
    operator.rows.taxes = vec![TaxRow { from: "2026-01-01".parse().unwrap(), basis_points: 2_200 }];
    operator.rows.exchanges = vec![exchange(3, Holder::Everybody, "90", 1, "2026-01-01")];
    operator.rows.discounts.push(DiscountRow {
        id: 9,
        level: Personal,
        holder: CLIENT,
        basis_points: 1_250,
        service: None,
        prefix: numbering::Digits::EMPTY,
        validity: Validity::ALWAYS,
    });
    let snapshot = operator.build();
    let mut lines = Vec::new();
    // 875 x 90 = 78750; x 1.22 = 96075
    assert_eq!(price_leg(&snapshot, &leg(), &mut lines).unwrap().retail.amount.to_string(), "96075");
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(
        text[1..],
        [
            "from second 0: 10 s in increments of 1 s at 100 per 1 s = 1000",
            "personal discount 9 of 12.5 %: 875 is left",
            "general exchange rate 3 from 2026-01-01, 1 USD = 90 RUB: 78750 RUB",
            "tax of 22 % added: 96075",
            "rounded half_up to 4 decimals: 96075 -> 96075",
            "tax 22 % included, without tax 78750 RUB",
        ]
    );
}

/// The tariff check agrees with what a call would meet: no rate of the day, free incoming calls, services that no lock and no wholesale concerns.
#[test]
fn the_check_says_what_the_call_would_meet() {
    use rating::check::{Query, Verdict, locks, tariff};
    let query = |service: Service| Query {
        number: digits("79161234567"),
        is_prefix: false,
        account: Some(AccountIx(0)),
        plan: None,
        service,
        incoming_service: None,
        place: None,
        provider: None,
        origin: outgoing().origin,
        at_ms: ms(NOW),
    };
    let verdict = |operator: &Operator, service: Service| {
        let snapshot = operator.build();
        let query = query(service);
        (tariff(&snapshot, &query).verdict, locks(&snapshot, &query).len())
    };
    let says = |operator: &Operator, service: Service| {
        let answer = tariff(&operator.build(), &query(service));
        let english = answer.verdict_text(Language::English);
        (english.split(':').next().unwrap_or_default().to_owned(), answer.priced.join(" "))
    };
    let said = |text: &str, priced: &str| (text.to_owned(), priced.to_owned());
    let mut operator = operator("1");
    operator.lock("7", None, rating::lock::LockOrigin::Operator);
    assert_eq!(verdict(&operator, Service::Outgoing), (Verdict::NoWholesalePrice, 1));
    assert_eq!(verdict(&operator, Service::Internal), (Verdict::Ok, 0));
    // No provider has a price: nothing is said of a wholesale one.
    assert_eq!(says(&operator, Service::Message), said("priced retail", "retail"));
    operator.rows.rate_rows[0].qualifiers.service = Some(Service::Outgoing);
    assert_eq!(verdict(&operator, Service::Incoming), (Verdict::Ok, 0));
    assert_eq!(says(&operator, Service::Incoming), said("free by the plan", ""));
    operator.rows.plans[0].prices_incoming = true;
    assert_eq!(verdict(&operator, Service::Incoming), (Verdict::NoRetailPrice, 0));
    operator.list(2, Some(1)).rate(2, "7", "0.5", |_| ());
    assert_eq!(verdict(&operator, Service::Outgoing), (Verdict::Ok, 1));
    assert_eq!(says(&operator, Service::Outgoing), said("priced retail and wholesale", "retail wholesale"));
    // A price for every service is none for one that goes through no wholesale list.
    assert_eq!(says(&operator, Service::Internal).1, "");
    operator.rows.plans[0].prices_incoming = false;
    assert_eq!(
        says(&operator, Service::Incoming),
        said("free to the client by the plan, priced wholesale", "wholesale")
    );
    operator.rows.lists[0].currency = currency("USD");
    operator.rows.exchanges = vec![exchange(1, CLIENT, "80", 1, "2027-01-01")];
    assert_eq!(verdict(&operator, Service::Outgoing).0, Verdict::NoExchangeRate);
    operator.rows.exchanges = vec![exchange(1, CLIENT, "80", 1, "2026-01-01")];
    assert_eq!(verdict(&operator, Service::Outgoing).0, Verdict::Ok);
}
