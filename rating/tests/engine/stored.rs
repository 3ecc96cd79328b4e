//! Terms that a charge kept: they count, whatever the catalogue gives by now.

use rating::leg::{Leg, price_leg};
use rating::list::Validity;
use rating::lock::LockOrigin;
use rating::rows::{ClientId, DiscountRow, ExchangeRow, Holder, TaxRow};
use rating::snapshot::AccountIx;
use rating::stored::StoredTerms;
use rating::terms::DiscountLevel;
use rating::{Currency, Money, Service, Usage};

use crate::common::{Operator, digits, outgoing};

const CLIENT: Holder = Holder::Client(ClientId(1));

/// A call of ten seconds at 1 a second, in a list of dollars; 90 roubles a dollar, 10 % off, tax of 20 %, no lock.
fn operator() -> Operator {
    let mut operator = Operator::new();
    operator.list(1, None).rate(1, "7", "1", |_| ());
    operator.rows.lists[0].currency = Currency::parse("USD").unwrap();
    operator.rows.taxes = vec![TaxRow { from: "2019-01-01".parse().unwrap(), basis_points: 2000 }];
    discount(&mut operator, 5, 1000);
    exchange(&mut operator, 6, "90", 1);
    operator
}

fn discount(operator: &mut Operator, id: u64, basis_points: u32) {
    let (level, validity) = (DiscountLevel::Personal, Validity::ALWAYS);
    operator.rows.discounts.push(DiscountRow {
        id,
        level,
        holder: CLIENT,
        basis_points,
        service: None,
        prefix: outgoing().origin,
        validity,
    });
}

fn exchange(operator: &mut Operator, id: u64, rate: &str, quantity: u32) {
    operator.rows.exchanges.push(ExchangeRow {
        id,
        holder: Holder::Everybody,
        from: Currency::parse("USD").unwrap(),
        to: Currency::RUB,
        rate: Money::parse(rate).unwrap(),
        quantity,
        day: "2026-01-01".parse().unwrap(),
        validity: Validity::ALWAYS,
    });
}

fn kept() -> StoredTerms {
    StoredTerms {
        discount: 5,
        exchange_rate: Money::parse("90").unwrap(),
        wholesale_exchange_rate: None,
        tax_basis_points: 2000,
        lock: 0,
        is_barred: false,
    }
}

/// What is kept | what is in the catalogue beside it | what the call costs, tax, lock | what the lines say of it
#[test]
fn kept_terms_count() {
    type Case =
        (&'static str, StoredTerms, fn(&mut Operator), (&'static str, u32, Option<u64>), &'static [&'static str]);
    let rate = |text| Money::parse(text).unwrap();
    let cases: Vec<Case> = vec![
        // 10 x 90 less 10 %.
        ("the same", kept(), |_| (), ("810", 2000, None), &[]),
        (
            "a later discount",
            kept(),
            |operator| discount(operator, 7, 5000),
            ("810", 2000, None),
            &["discount: charged by 5 (10 %), the catalogue now gives 7 (50 %)"],
        ),
        (
            "no discount then",
            StoredTerms { discount: 0, ..kept() },
            |_| (),
            ("900", 2000, None),
            &["discount: charged by none, the catalogue now gives 5 (10 %)"],
        ),
        // One that is gone cannot be granted again.
        (
            "a discount that is gone",
            StoredTerms { discount: 9, ..kept() },
            |_| (),
            ("900", 2000, None),
            &["discount: charged by 9, the catalogue now gives 5 (10 %)"],
        ),
        // The row of 100 for 3 is exact: 10 x 100 / 3 x 0.9; the nine decimals that the charge keeps would give 299.99999997.
        (
            "an exchange rate whose row is there",
            StoredTerms { exchange_rate: rate("33.333333333"), ..kept() },
            |operator| {
                exchange(operator, 4, "100", 3);
                operator.rows.lists[0].rounding = rating::Rounding::NANOS;
            },
            ("300", 2000, None),
            &["exchange rate: charged by 33.333333333, the catalogue now gives 90"],
        ),
        (
            "an exchange rate whose row is gone",
            StoredTerms { exchange_rate: rate("80.5"), ..kept() },
            |_| (),
            ("724.5", 2000, None),
            &["exchange rate: charged by 80.5, the catalogue now gives 90"],
        ),
        (
            "another tax",
            StoredTerms { tax_basis_points: 2200, ..kept() },
            |_| (),
            ("810", 2200, None),
            &["tax: charged by 22 %, the catalogue now gives 20 %"],
        ),
        (
            "a lock that came later",
            kept(),
            |operator| {
                operator.lock("79", None, LockOrigin::Client);
            },
            ("810", 2000, None),
            &[
                "lock: charged by none, the catalogue now gives 1",
                "effect of the lock: charged by none, the catalogue now gives zero",
            ],
        ),
        (
            "a lock that went",
            StoredTerms { lock: 3, is_barred: true, ..kept() },
            |_| (),
            ("0", 2000, Some(3)),
            &[
                "lock: charged by 3, the catalogue now gives none",
                "effect of the lock: charged by zero, the catalogue now gives none",
            ],
        ),
        (
            "fraud control's lock, which would suspend",
            kept(),
            |operator| {
                operator.lock("79", None, LockOrigin::Fraud);
            },
            ("810", 2000, None),
            &[
                "lock: charged by none, the catalogue now gives 1",
                "effect of the lock: charged by none, the catalogue now gives suspend",
            ],
        ),
    ];
    for (what, stored, change, expected, sentences) in cases {
        let mut operator = operator();
        change(&mut operator);
        let snapshot = operator.build();
        let leg = Leg {
            account: Some(AccountIx(0)),
            plan: None,
            service: Service::Outgoing,
            number: digits("79161234567"),
            origin: outgoing().origin,
            provider: None,
            incoming_service: None,
            place: None,
            at_ms: chrono::DateTime::parse_from_rfc3339("2026-11-18T12:00:00Z").unwrap().timestamp_millis(),
            usage: Usage::call(10_000),
            stored: Some(&stored),
            counters: &(),
        };
        let mut lines = Vec::new();
        let price = price_leg(&snapshot, &leg, &mut lines).unwrap();
        let found = (price.retail.amount.to_string(), price.tax_basis_points, price.breached_lock);
        assert_eq!(found, (expected.0.to_owned(), expected.1, expected.2), "{what}");
        let said: Vec<String> =
            lines.iter().map(ToString::to_string).filter(|line| line.contains("the catalogue now gives")).collect();
        assert_eq!(said, sentences, "{what}");
    }
}
