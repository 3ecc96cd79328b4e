//! Price lists, their bands and rates, and the plans made of them.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt;
use numbering::{Digits, parse_mask};
use rating::calendar::{Band, Dates, Days, days_of, parse_hours};
use rating::list::{Qualifiers, Validity};
use rating::rate::{parse_tiers, parse_variants};
use rating::rows::{LayerRow, ListId, ListRow, PlanRow, ProviderId, RateRow, Rows};
use rating::{Rate, RateParts, Rounding};
use rust_decimal::Decimal;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::counters::VolumeIndex;
use super::{Symbols, currency, inconsistent, list_id, money, parse, plan_id, provider_id, validity};
use crate::store::{StoreError, copy_value};

/// Indices of bands by the text of their identifiers, as terms name them.
pub(crate) type BandIndex = HashMap<String, u32>;

pub(crate) async fn read_lists(connection: &mut PgConnection, rows: &mut Rows) -> Result<BandIndex, StoreError> {
    let lists = sqlx::query(
        "SELECT id, revision, code, provider_id, currency, zone, tax, rounding, decimals, holidays FROM price_list ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut calendars: HashMap<String, Vec<i32>> = HashMap::new();
    let holidays =
        sqlx::query("SELECT calendar, day FROM holiday ORDER BY calendar, day").fetch_all(&mut *connection).await?;
    for row in &holidays {
        calendars.entry(row.get("calendar")).or_default().push(days_of(row.get("day")));
    }
    let calendars: HashMap<String, Arc<[i32]>> =
        calendars.into_iter().map(|(calendar, days)| (calendar, days.into())).collect();
    let mut holidays_of: HashMap<ListId, Arc<[i32]>> = HashMap::new();
    for row in &lists {
        if let Some(days) = row.get::<Option<&str>, _>("holidays").and_then(|calendar| calendars.get(calendar)) {
            holidays_of.insert(list_id(row.get("id")), Arc::clone(days));
        }
        rows.lists.push(ListRow {
            id: list_id(row.get("id")),
            revision: row.get::<i64, _>("revision") as u64,
            code: row.get("code"),
            provider: row.get::<Option<i32>, _>("provider_id").map(provider_id),
            currency: currency(row.get("currency"), "price_list")?,
            zone: parse(row.get("zone"), "price_list", "a time zone")?,
            tax_included: row.get::<&str, _>("tax") == "included",
            rounding: Rounding {
                mode: parse(row.get("rounding"), "price_list", "a rounding mode")?,
                decimals: row.get::<i16, _>("decimals") as u8,
            },
        });
    }
    let bands = sqlx::query(
        "SELECT id, list_id, name, priority, days, hours, dates, valid_from, valid_to FROM band ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut index = HashMap::with_capacity(bands.len());
    for row in &bands {
        let id: i32 = row.get("id");
        let list = list_id(row.get("list_id"));
        index.insert(id.to_string(), rows.bands.len() as u32);
        rows.bands.push(band_of(row, holidays_of.get(&list)).ok_or_else(|| {
            inconsistent("band", format!("band {id}, whose days, hours or dates are not well formed"))
        })?);
    }
    Ok(index)
}

fn band_of(row: &PgRow, holidays: Option<&Arc<[i32]>>) -> Option<Band> {
    Some(Band {
        list: list_id(row.get("list_id")),
        name: row.get::<&str, _>("name").into(),
        priority: row.get::<i16, _>("priority") as u16,
        days: Days::parse(row.get("days"))?,
        hours: parse_hours(row.get("hours"))?.into(),
        dates: Dates::parse_all(row.get("dates"))?.into(),
        holidays: holidays.cloned().unwrap_or_else(|| Arc::from([])),
        validity: validity(row),
    })
}

/// The rates in force, now or at some time: of one list or of all.
pub(crate) async fn read_rates(
    connection: &mut PgConnection,
    rows: &mut Rows,
    (bands, volumes): (&BandIndex, &VolumeIndex),
    symbols: &mut Symbols,
    list: Option<ListId>,
) -> Result<(), StoreError> {
    let terms = read_rate_terms(&mut *connection, rows, (bands, volumes), list).await?;
    rows.rate_rows = read_rate_rows(connection, &terms, symbols, list).await?;
    Ok(())
}

/// Places of terms in [`Rows::rates`] by their identifiers. Terms are only ever added, with higher identifiers: all of them keep their places.
pub(super) type TermsIndex = HashMap<i32, u32>;

/// Reads all terms, or those of a list.
pub(super) async fn read_rate_terms(
    connection: &mut PgConnection,
    rows: &mut Rows,
    (bands, volumes): (&BandIndex, &VolumeIndex),
    list: Option<ListId>,
) -> Result<TermsIndex, StoreError> {
    let terms = sqlx::query(
        "SELECT * FROM rate_terms
         WHERE $1::integer IS NULL OR id IN (SELECT terms_id FROM rate WHERE list_id = $1 AND withdrawn_in IS NULL) ORDER BY id",
    )
    .bind(list.map(|list| list.0 as i32))
    .fetch_all(connection)
    .await?;
    let mut index = TermsIndex::with_capacity(terms.len());
    for row in &terms {
        let id: i32 = row.get("id");
        index.insert(id, rows.rates.len() as u32);
        rows.rates.push(
            rate_of(row, bands, volumes)
                .ok_or_else(|| inconsistent("rate_terms", format!("terms {id} that are not well formed")))?,
        );
    }
    Ok(index)
}

/// Reads the rows of all lists, or of one.
pub(super) async fn read_rate_rows(
    connection: &mut PgConnection,
    terms: &TermsIndex,
    symbols: &mut Symbols,
    list: Option<ListId>,
) -> Result<Vec<RateRow>, StoreError> {
    // COPY takes no parameters; a number cannot be anything else.
    let only = list.map_or_else(String::new, |list| format!("AND list_id = {}", list.0));
    let statement = format!(
        "COPY (SELECT id, list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin,
                      (extract(epoch FROM valid_from) * 1000)::bigint, (extract(epoch FROM valid_to) * 1000)::bigint
               FROM rate WHERE withdrawn_in IS NULL {only}) TO STDOUT"
    );
    let mut lines = sqlx::postgres::PgConnection::copy_out_raw(connection, &statement).await?;
    let (mut rows, mut rest) = (Vec::new(), Vec::new());
    while let Some(chunk) = lines.try_next().await? {
        rest.extend_from_slice(&chunk);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        for line in rest[..end].split(|byte| *byte == b'\n') {
            let row =
                rate_row(line, terms, symbols).ok_or_else(|| inconsistent("rate", String::from_utf8_lossy(line)))?;
            rows.push(row);
        }
        rest.drain(..=end);
    }
    Ok(rows)
}

/// A line of COPY: eleven fields in the order of the statement above.
fn rate_row(line: &[u8], terms: &HashMap<i32, u32>, symbols: &mut Symbols) -> Option<RateRow> {
    let mut fields = std::str::from_utf8(line).ok()?.split('\t');
    let mut next = || fields.next();
    Some(RateRow {
        id: next()?.parse().ok()?,
        list: ListId(next()?.parse().ok()?),
        prefix: parse_mask(next()?)?,
        rate: *terms.get(&next()?.parse().ok()?)?,
        qualifiers: Qualifiers {
            service: copy_value(next()?).map(|text| text.parse()).transpose().ok()?,
            incoming_service: copy_value(next()?).map(|text| symbols.of(&text)),
            provider: copy_value(next()?).map(|text| text.parse()).transpose().ok()?.map(ProviderId),
            place: copy_value(next()?).map(|text| symbols.of(&text)),
            origin: copy_value(next()?).map_or(Some(Digits::EMPTY), |text| parse_mask(&text))?,
        },
        validity: Validity {
            from_ms: copy_value(next()?).map_or(Some(i64::MIN), |text| text.parse().ok())?,
            to_ms: copy_value(next()?).map_or(Some(i64::MAX), |text| text.parse().ok())?,
        },
    })
}

pub(super) fn rate_of(row: &PgRow, bands: &BandIndex, volumes: &VolumeIndex) -> Option<Rate> {
    let rounding = match (row.get::<Option<&str>, _>("rounding"), row.get::<Option<i16>, _>("decimals")) {
        (Some(mode), Some(decimals)) => {
            Some(Rounding { mode: mode.parse().ok()?, decimals: u8::try_from(decimals).ok()? })
        }
        _ => None,
    };
    Rate::new(RateParts {
        tiers: parse_tiers(row.get("tiers"))?,
        variants: parse_variants(row.get("variants"), |id| bands.get(id).copied())?,
        volume: row
            .get::<Option<i32>, _>("volume_id")
            .map_or(Some(None), |id| volumes.get(&id).map(|volume| Some(*volume)))?,
        connect_fee: money(row.get("connect_fee"))?,
        attempt_fee: money(row.get("attempt_fee"))?,
        free_s: u32::try_from(row.get::<i32, _>("free_s")).ok()?,
        minimum: money(row.get("minimum"))?,
        maximum: row.get::<Option<Decimal>, _>("maximum").map(money).map_or(Some(None), |amount| amount.map(Some))?,
        rounding,
    })
    .ok()
}

pub(super) async fn read_plans(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let plans = sqlx::query("SELECT id, code, prices_incoming FROM tariff_plan ORDER BY id")
        .fetch_all(&mut *connection)
        .await?;
    rows.plans = plans
        .iter()
        .map(|row| PlanRow {
            id: plan_id(row.get("id")),
            code: row.get("code"),
            prices_incoming: row.get("prices_incoming"),
        })
        .collect();
    let layers = sqlx::query(
        "SELECT plan_id, layer, list_id, valid_from, valid_to FROM tariff_layer
         WHERE published_in <= $1 AND (withdrawn_in IS NULL OR withdrawn_in > $1)",
    )
    .bind(rows.version as i64)
    .fetch_all(&mut *connection)
    .await?;
    rows.layers = layers
        .iter()
        .map(|row| LayerRow {
            plan: plan_id(row.get("plan_id")),
            layer: row.get::<i16, _>("layer") as u16,
            list: list_id(row.get("list_id")),
            validity: validity(row),
        })
        .collect();
    Ok(())
}
