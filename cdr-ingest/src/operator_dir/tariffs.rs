//! `lists.csv`, `rates.csv`, `plans.csv`.

use std::collections::HashMap;

use numbering::Digits;
use rating::list::{Qualifiers, Validity};
use rating::rate::Tier;
use rating::rate_text;
use rating::rows::{LayerRow, ListId, ListRow, PlanId, PlanRow, RateRow};
use rating::wording::Language;
use rating::{Currency, Money, Rate, RateParts, Rounding};

use billing::operator::ListDetails;

use super::Reading;
use super::bands::follow_calendar;
use super::parties::{CURRENCY, ZONE};
use super::table::{Column, RowReader, read_table};
use super::variants::{OtherTiers, read_variants, refuse_left_over, refuse_rate};

pub(super) const PREFIX: &str = rate_text::Wanted::Prefix.words(Language::English);
pub(super) const SERVICE: &str = rate_text::Wanted::Service.words(Language::English);
const ROUNDINGS: &str = rate_text::Wanted::Rounding.words(Language::English);

pub(super) fn read_lists(reading: &mut Reading<'_>) {
    let columns = [
        ("list", true),
        ("kind", true),
        ("provider", false),
        ("currency", true),
        ("zone", false),
        ("tax", false),
        ("rounding", false),
        ("decimals", false),
        ("holidays", false),
        ("name", false),
    ];
    read_table(reading, "lists.csv", true, &columns, |reading, row| {
        let code = row.required("list");
        let kind = row.must_word("kind", &["retail", "wholesale"]);
        let provider = row.reference("provider", "providers.csv", &reading.names.providers);
        match (kind, row.text("provider").is_some()) {
            (Some("retail"), true) => row.problem("provider", "a retail list has no provider; leave it empty"),
            (Some("wholesale"), false) => row.problem("provider", "a wholesale list needs its provider"),
            _ => {}
        }
        let tax_included = row.word("tax", &["included", "excluded"], "included") == "included";
        if !tax_included && kind == Some("wholesale") {
            row.problem("tax", "a wholesale list has no tax to add; leave it empty");
        }
        let Some(currency) = row.must_read("currency", CURRENCY, Currency::parse) else {
            return;
        };
        let rounding = Rounding {
            mode: row.parse("rounding", ROUNDINGS).unwrap_or(Rounding::DEFAULT.mode),
            decimals: row.parse("decimals", "a number of decimals").unwrap_or(Rounding::DEFAULT.decimals),
        };
        if rounding.decimals > 9 {
            row.problem("decimals", "0 to 9 decimals can be kept");
        }
        let zone = row.parse("zone", ZONE).unwrap_or(chrono_tz::UTC);
        let id = ListId(reading.operator.rows.lists.len() as u32 + 1);
        if reading.names.lists.insert(code.clone(), id).is_some() {
            row.problem("list", format!("list `{code}` stands twice"));
        }
        reading.names.list_currencies.insert(id, currency);
        let holidays = follow_calendar(reading, row, id);
        reading.operator.lists.push(ListDetails { name: row.text("name").unwrap_or(&code).to_owned(), holidays });
        reading.operator.rows.lists.push(ListRow {
            id,
            revision: 0,
            code,
            provider,
            currency,
            zone,
            tax_included,
            rounding,
        });
        reading.came_from("lists.csv", row.line);
    });
}

/// The columns of `rates.csv`.
pub(super) const RATE_COLUMNS: &[Column] = &[
    ("list", true),
    ("prefix", true),
    ("service", false),
    ("incoming_service", false),
    ("provider", false),
    ("place", false),
    ("origin", false),
    ("from", false),
    ("to", false),
    ("band", false),
    ("volume", false),
    ("from_volume", false),
    ("price", false),
    ("unit", false),
    ("billing", false),
    ("tiers", false),
    ("connect_fee", false),
    ("attempt_fee", false),
    ("free_seconds", false),
    ("minimum", false),
    ("maximum", false),
    ("rounding", false),
    ("decimals", false),
];

/// What a row of `rates.csv` prices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RateKey {
    pub(super) list: ListId,
    prefix: Digits,
    qualifiers: Qualifiers,
    validity: Validity,
}

/// What the row prices; `None` when it does not say.
pub(super) fn rate_key(reading: &mut Reading<'_>, row: &mut RowReader<'_>) -> Option<RateKey> {
    let list = row.must_refer("list", "lists.csv", &reading.names.lists);
    let (prefix, service) =
        row.rate_text(|row, faults| (rate_text::prefix(row, faults), rate_text::service(row, faults)));
    let word = |row: &RowReader<'_>, column| row.text(column).map(str::to_owned);
    let incoming_service = word(row, "incoming_service").map(|word| reading.symbol(&word));
    let place = word(row, "place").map(|word| reading.symbol(&word));
    let provider = row.reference("provider", "providers.csv", &reading.names.providers);
    let origin = row.rate_text(rate_text::origin);
    let validity = row.validity();
    let qualifiers = Qualifiers { service, incoming_service, provider, place, origin };
    Some(RateKey { list: list?, prefix: prefix?, qualifiers, validity })
}

pub(super) fn read_rates(reading: &mut Reading<'_>) {
    let mut variants = read_variants(reading);
    let mut interned: HashMap<RateParts, u32> = HashMap::new();
    read_table(reading, "rates.csv", true, RATE_COLUMNS, |reading, row| {
        if row.text("band").is_some() || row.text("from_volume").is_some() {
            if reading.operator.rows.bands.is_empty() && reading.operator.rows.volumes.is_empty() {
                let column = if row.text("band").is_some() { "band" } else { "from_volume" };
                row.problem(column, "there is neither a band in bands.csv nor a volume in volumes.csv; add it there");
            }
            return;
        }
        let key = rate_key(reading, row);
        let Some(parts) = row.rate_text(rate_text::parts) else { return };
        let Some(key) = key else { return };
        let volume = row.text("volume").map(|code| reading.names.volumes.get(&(key.list, code.to_owned())).copied());
        if volume == Some(None) {
            return row.problem("volume", "this is no volume of this list in volumes.csv; add it there");
        }
        let mut others = variants.remove(&key).unwrap_or_default();
        others.sort_by_key(OtherTiers::key);
        let variants = others.iter().map(|other| other.variant.clone()).collect();
        let parts = RateParts { variants, volume: volume.flatten(), ..parts };
        let rate = match interned.get(&parts) {
            Some(rate) => *rate,
            None => match Rate::checked(parts.clone()) {
                Ok(checked) => {
                    reading.operator.rows.rates.push(checked);
                    let index = reading.operator.rows.rates.len() as u32 - 1;
                    interned.insert(parts, index);
                    index
                }
                Err(flaw) => return refuse_rate(reading, row.line, &others, &flaw),
            },
        };
        let RateKey { list, prefix, qualifiers, validity } = key;
        let id = reading.operator.rows.rate_rows.len() as u64 + 1;
        reading.operator.rows.rate_rows.push(RateRow { id, list, prefix, qualifiers, validity, rate });
        reading.came_from("rates.csv", row.line);
    });
    refuse_left_over(reading, variants);
}

/// The tiers of a row.
pub(super) fn tiers(row: &mut RowReader<'_>) -> Option<Vec<Tier>> {
    row.rate_text(rate_text::tiers)
}

pub(super) fn read_plans(reading: &mut Reading<'_>) {
    let columns = [
        ("plan", true),
        ("layer", true),
        ("list", true),
        ("from", false),
        ("to", false),
        ("incoming", false),
        ("name", false),
    ];
    read_table(reading, "plans.csv", true, &columns, |reading, row| {
        let code = row.required("plan");
        let layer: Option<u16> = row.must_read("layer", "a position from 1 (the uppermost) to 1000", |text| {
            text.parse().ok().filter(|layer| (1..=1000).contains(layer))
        });
        let list = row.must_refer("list", "lists.csv", &reading.names.lists);
        let validity = row.validity();
        let prices_incoming = row.word("incoming", &["free", "priced"], "free") == "priced";
        let name = row.text("name").unwrap_or(&code).to_owned();
        let rows = &mut reading.operator.rows;
        let plan = *reading.names.plans.entry(code.clone()).or_insert_with(|| {
            let id = PlanId(rows.plans.len() as u32 + 1);
            rows.plans.push(PlanRow { id, code, prices_incoming: false });
            reading.operator.plans.push(name);
            id
        });
        rows.plans[plan.0 as usize - 1].prices_incoming |= prices_incoming;
        let (Some(layer), Some(list)) = (layer, list) else { return };
        let currency = reading.names.list_currencies[&list];
        reading.names.plan_currencies.entry(plan).or_insert(currency);
        rows.layers.push(LayerRow { plan, layer, list, validity });
        reading.came_from("plans.csv", row.line);
    });
}

/// An amount or nothing, for the readers of accounts.
pub(super) fn amount_or_zero(row: &mut RowReader<'_>, column: &'static str) -> Money {
    row.amount(column).unwrap_or_default()
}
