//! Worked examples: what a tariff manager reckons by hand, one file a rule, each row with its arithmetic. None was copied from the engine.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use numbering::{Digits, NumberingPlan};
use rating::calendar::{Band, Dates, Days, parse_hours};
use rating::counter::{CounterKey, Counters, Period};
use rating::leg::{Leg, price_leg};
use rating::list::{Qualifiers, Validity};
use rating::rate::{Variant, parse_tiers, parse_variants};
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, BundleRow, ClientId, CounterId, DiscountRow, ExchangeRow, Holder, LayerRow,
    ListId, ListRow, PlanId, PlanRow, RateRow, Rows, TaxRow, VolumeRow,
};
use rating::snapshot::AccountIx;
use rating::terms::DiscountLevel;
use rating::{Currency, Money, Rate, RateParts, Rounding, Service, Snapshot, Usage};

type Example = BTreeMap<String, String>;

const BUNDLE: CounterId = CounterId(1);
const VOLUME: CounterId = CounterId(2);

/// Where the counters stand: the volume as the example says, nothing used of the bundle.
#[derive(Debug)]
struct Standing(u64);

impl Counters for Standing {
    fn used(&self, key: &CounterKey) -> u64 {
        if key.counter == VOLUME { self.0 } else { 0 }
    }
}

/// A column that only some of the files have.
fn optional<'a>(example: &'a Example, column: &str) -> &'a str {
    example.get(column).map_or("", String::as_str)
}

fn service(example: &Example) -> Service {
    optional(example, "service").parse().unwrap_or(Service::Outgoing)
}

/// An operator with one list, one row and one client, as the example says.
fn operator(example: &Example) -> Rows {
    let text = |column: &str| example[column].as_str();
    let given = |column: &str| Some(text(column)).filter(|text| !text.is_empty());
    let money = |column: &str| given(column).map(|text| Money::parse(text).unwrap());
    let percent = |text: &str| (Money::parse(text).unwrap().nanos() / 10_000_000) as u32;
    let mut rows = Rows::empty();
    let list = ListId(1);
    let mut variants = parse_variants(optional(example, "steps"), |_| None).unwrap();
    for said in text("bands").split(" | ").filter(|said| !said.trim().is_empty()) {
        let (head, tiers) = said.rsplit_once('=').unwrap();
        let [name, priority, days, hours, dates] = head.split(';').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("`{said}` has not five parts")
        };
        let tiers = parse_tiers(tiers).unwrap();
        variants.push(Variant { band: Some(rows.bands.len() as u32), from_volume: 0, tiers });
        rows.bands.push(Band {
            list,
            name: name.into(),
            priority: priority.parse().unwrap(),
            days: Days::parse(days).unwrap(),
            hours: parse_hours(hours).unwrap().into(),
            dates: Dates::parse_all(dates).unwrap().into(),
            holidays: Arc::from([]),
            validity: Validity::ALWAYS,
        });
    }
    if !optional(example, "volume_before").is_empty() {
        rows.volumes.push(VolumeRow { id: VOLUME, list, code: "volume".into(), period: Period::Month });
    }
    rows.rates.push(
        Rate::new(RateParts {
            tiers: parse_tiers(text("tiers")).unwrap(),
            variants,
            volume: (!rows.volumes.is_empty()).then_some(0),
            connect_fee: money("connect_fee").unwrap_or_default(),
            attempt_fee: money("attempt_fee").unwrap_or_default(),
            free_s: given("free_seconds").map_or(0, |text| text.parse().unwrap()),
            minimum: money("minimum").unwrap_or_default(),
            maximum: money("maximum"),
            rounding: None,
        })
        .unwrap(),
    );
    let of_list = if given("exchange").is_some() { Currency::parse("USD").unwrap() } else { Currency::RUB };
    rows.lists.push(ListRow {
        id: list,
        revision: 0,
        code: "list".into(),
        provider: None,
        currency: of_list,
        zone: text("zone").parse().unwrap(),
        tax_included: given("tax").is_none(),
        rounding: Rounding { mode: text("rounding").parse().unwrap(), decimals: text("decimals").parse().unwrap() },
    });
    let prefix = Digits::parse(b"7").unwrap();
    let (qualifiers, validity) = (Qualifiers::default(), Validity::ALWAYS);
    rows.rate_rows.push(RateRow { id: 1, list, prefix, qualifiers, validity, rate: 0 });
    rows.plans.push(PlanRow { id: PlanId(1), code: "plan".into(), prices_incoming: false });
    rows.layers.push(LayerRow { plan: PlanId(1), layer: 1, list, validity });
    if let Ok(units) = optional(example, "included").parse() {
        rows.bundles.push(BundleRow {
            id: BUNDLE,
            plan: PlanId(1),
            code: "bundle".into(),
            priority: 1,
            units,
            period: Period::Month,
            keeps: 0,
            waives_connect_fee: optional(example, "waives") == "yes",
            services: vec![service(example)],
            destinations: None,
            validity,
        });
    }
    let (id, client) = (AccountId(1), ClientId(1));
    rows.accounts.push(AccountRow { id, code: "account".into(), client, currency: Currency::RUB });
    rows.account_plans.push(AccountPlanRow { account: id, plan: PlanId(1), validity });
    if let Some(basis_points) = given("discount").map(percent) {
        let (level, holder, service) = (DiscountLevel::Personal, Holder::Client(client), None);
        rows.discounts.push(DiscountRow {
            id: 1,
            level,
            holder,
            basis_points,
            service,
            prefix: Digits::EMPTY,
            validity,
        });
    }
    if let Some((rate, quantity)) = given("exchange").map(|text| text.split_once('/').unwrap()) {
        let (holder, from, to) = (Holder::Everybody, of_list, Currency::RUB);
        let (rate, quantity) = (Money::parse(rate).unwrap(), quantity.parse().unwrap());
        let (day, validity) = (chrono::NaiveDate::MIN, Validity::ALWAYS);
        rows.exchanges.push(ExchangeRow { id: 1, holder, from, to, rate, quantity, day, validity });
    }
    if let Some(basis_points) = given("tax").map(percent) {
        rows.taxes.push(TaxRow { from: chrono::NaiveDate::MIN, basis_points });
    }
    rows
}

/// What the engine makes of the example: amount and seconds charged.
fn reckoned(example: &Example) -> (String, String) {
    let plan = NumberingPlan::from_csv("prefix,country,kind,name_en,name_ru\n7,RU,any,,\n").unwrap();
    let snapshot = Snapshot::build(operator(example), Arc::new(plan)).unwrap();
    let usage = match example["duration"].as_str() {
        "attempt" => Usage::ATTEMPT,
        units if !service(example).is_call() => Usage::event(units.parse().unwrap()),
        duration => Usage::call(duration.parse().unwrap()),
    };
    let answered = chrono::DateTime::parse_from_rfc3339(&example["answered_at"]).unwrap();
    let leg = Leg {
        account: Some(AccountIx(0)),
        plan: None,
        service: service(example),
        number: Digits::parse(b"79161234567").unwrap(),
        origin: Digits::EMPTY,
        provider: None,
        incoming_service: None,
        place: None,
        at_ms: answered.timestamp_millis(),
        usage,
        stored: None,
        counters: &Standing(optional(example, "volume_before").parse().unwrap_or(0)),
    };
    match price_leg(&snapshot, &leg, &mut ()) {
        Ok(price) => (price.retail.amount.to_string(), price.retail.billed_s.to_string()),
        Err(code) => (code.to_string(), String::new()),
    }
}

#[test]
fn every_example_comes_out_as_it_was_reckoned() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for (line, row) in (2..).zip(csv::Reader::from_path(&path).unwrap().deserialize::<Example>()) {
            let example = row.unwrap_or_else(|error| panic!("{file}, line {line}: {error}"));
            let (amount, billed_s) = reckoned(&example);
            count += 1;
            if (amount.as_str(), billed_s.as_str()) != (example["amount"].as_str(), example["billed_s"].as_str()) {
                wrong.push(format!(
                    "{file}, line {line}, {}: {} for {} s by hand ({}), {amount} for {billed_s} s by the engine",
                    example["name"], example["amount"], example["billed_s"], example["arithmetic"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} examples differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 200, "only {count} examples");
}
