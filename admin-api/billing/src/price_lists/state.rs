//! A price list as it stands: what a new one is held against.
//!
//! Owns: reading one list with its rows, bands and terms, and the words and codes that a sheet may use.
//! Does not own: the tables of the catalogue's readers (`hot_path`), what changes (`compare`).
//! Always: read inside the transaction that stages the draft, under a lock that keeps activations out.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rating::calendar::{CallClock, ZoneOffsets};
use rating::price::price;
use rating::rows::{ListId, ListRow, ProviderId, RateRow, Rows, VolumeRow};
use rating::terms::Adjustments;
use rating::{Money, Rate, RateParts, Rounding, Usage};
use sqlx::{PgConnection, Row};

use super::rows::Terms;
use crate::hot_path::{Symbols, counters, tariffs};
use crate::store::{Store, StoreError};

/// One list, as it stands.
#[derive(Debug)]
pub struct ListState {
    pub(crate) head: ListRow,
    /// Raised by everything that changes its rows.
    pub(crate) revision: i64,
    pub(crate) bands: Vec<rating::calendar::Band>,
    /// Identifier of each band, as text.
    pub(crate) band_ids: Vec<String>,
    /// Counters of all lists, which terms name by their places.
    pub(crate) volumes: Vec<VolumeRow>,
    pub(crate) providers: HashMap<String, ProviderId>,
    pub(crate) symbols: Symbols,
    pub(crate) terms: Terms,
    /// Rows that are not withdrawn, `rate` being an index in `terms`.
    pub(crate) rows: Vec<RateRow>,
}

impl ListState {
    /// The bands of this name.
    pub(crate) fn bands_of(&self, name: &str) -> Vec<u32> {
        let named = |(_, band): &(u32, &rating::calendar::Band)| &*band.name == name;
        (0u32..).zip(&self.bands).filter(named).map(|(index, _)| index).collect()
    }

    /// The counter of this name.
    pub(crate) fn volume_of(&self, code: &str) -> Option<u32> {
        let named = |(_, volume): &(u32, &VolumeRow)| volume.list == self.head.id && volume.code == code;
        (0u32..).zip(&self.volumes).find(named).map(|(index, _)| index)
    }

    /// What a reference call of `seconds` costs at each of the terms when it is answered at `at_ms`: in the list's currency, to nine decimals,
    /// before the rounding of an invoice. `None`: more than an amount can be.
    pub(crate) fn reference_amounts(&self, seconds: u32, at_ms: i64) -> Vec<Option<Money>> {
        let offsets = ZoneOffsets::of(self.head.zone);
        let clock = CallClock { offsets: &offsets, bands: &self.bands, answered_ms: at_ms };
        self.terms.rates.iter().map(|rate| reference_amount(rate, &clock, seconds)).collect()
    }

    /// Says anew which rows the list has, after something was read of it.
    fn take(head: ListRow, revision: i64, rows: Rows, band_ids: Vec<String>, symbols: Symbols) -> Self {
        let mut terms = Terms::default();
        let canonical: Vec<u32> = rows.rates.iter().map(|rate| terms.of(rate)).collect();
        let mut own: Vec<RateRow> = rows.rate_rows;
        for row in &mut own {
            row.rate = canonical[row.rate as usize];
        }
        let providers = rows.providers.into_iter().map(|provider| (provider.code, provider.id)).collect();
        Self {
            head,
            revision,
            bands: rows.bands,
            band_ids,
            volumes: rows.volumes,
            providers,
            symbols,
            terms,
            rows: own,
        }
    }
}

/// What an answered call of `seconds` costs at `rate`, to nine decimals.
pub(crate) fn reference_amount(rate: &Rate, clock: &CallClock<'_>, seconds: u32) -> Option<Money> {
    let usage = Usage::call(u64::from(seconds) * 1000);
    let exactly = |rate: &Rate| price(rate, Rounding::NANOS, clock, usage, &Adjustments::default(), &mut ()).ok();
    let priced = match rate.parts().rounding {
        None => exactly(rate),
        Some(_) => exactly(&Rate::new(RateParts { rounding: None, ..rate.parts().clone() }).ok()?),
    };
    priced.map(|priced| priced.amount)
}

/// The list with this code, locked against changes until the transaction ends; `None` when there is none.
pub(crate) async fn read(connection: &mut PgConnection, code: &str) -> Result<Option<ListState>, StoreError> {
    let row = sqlx::query("SELECT id, revision FROM price_list WHERE code = $1 FOR SHARE")
        .bind(code)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (id, revision): (i32, i64) = (row.get("id"), row.get("revision"));
    let mut rows = Rows::empty();
    let mut symbols = Symbols::default();
    let bands = tariffs::read_lists(&mut *connection, &mut rows).await?;
    let volumes = counters::read_volumes(&mut *connection, &mut rows).await?;
    tariffs::read_rates(&mut *connection, &mut rows, (&bands, &volumes), &mut symbols, Some(ListId(id as u32))).await?;
    let providers = sqlx::query("SELECT id, code FROM provider").fetch_all(&mut *connection).await?;
    rows.providers = providers
        .iter()
        .map(|row| rating::rows::ProviderRow {
            id: ProviderId(row.get::<i32, _>("id") as u32),
            code: row.get("code"),
            trunks: Vec::new(),
        })
        .collect();
    let mut band_ids = vec![String::new(); rows.bands.len()];
    for (id, index) in bands {
        band_ids[index as usize] = id;
    }
    let head = rows.lists.iter().find(|list| list.id.0 == id as u32).cloned();
    let head = head.ok_or_else(|| StoreError::Inconsistent {
        table: "price_list",
        problem: format!("list {code}, which went away under a lock"),
    })?;
    let own: Vec<bool> = rows.bands.iter().map(|band| band.list == head.id).collect();
    let mut state = ListState::take(head, revision, rows, band_ids, symbols);
    // Bands keep their places, which terms name; those of other lists get a name that no sheet can ask for.
    for (band, own) in state.bands.iter_mut().zip(own) {
        if !own {
            band.name = "".into();
        }
    }
    Ok(Some(state))
}

/// The list with this code, as it stands.
pub async fn read_list(store: &Store, code: &str) -> Result<Option<ListState>, StoreError> {
    let mut tx = store.begin().await?;
    let state = read(&mut tx, code).await?;
    tx.commit().await?;
    Ok(state)
}

/// Milliseconds of the epoch as a moment; the open bounds have none.
pub(crate) fn moment_of(ms: i64) -> Option<DateTime<Utc>> {
    if ms == i64::MIN || ms == i64::MAX { None } else { DateTime::from_timestamp_millis(ms) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use numbering::parse_mask;
    use rating::Currency;
    use rating::counter::Period;
    use rating::list::{Qualifiers, Validity};
    use rating::rate::billing_tiers;
    use rating::rows::{CounterId, VolumeRow};

    /// A retail list of rows (id, prefix, price, from, to) at one second's steps with a volume `month`, and a provider `mts`.
    pub(crate) fn state(rows: &[(u64, &str, &str, i64, i64)]) -> ListState {
        let head = ListRow {
            id: ListId(1),
            revision: 0,
            code: "retail".into(),
            provider: None,
            currency: Currency::RUB,
            zone: chrono_tz::UTC,
            tax_included: true,
            rounding: Rounding::DEFAULT,
        };
        let mut all = Rows::empty();
        all.providers = vec![rating::rows::ProviderRow { id: ProviderId(1), code: "mts".into(), trunks: Vec::new() }];
        all.volumes =
            vec![VolumeRow { id: CounterId(1), list: ListId(1), code: "month".into(), period: Period::Month }];
        for (id, prefix, price, from_ms, to_ms) in rows {
            let tiers = billing_tiers(Money::parse(price).unwrap(), 60, "1/1").unwrap();
            all.rates.push(Rate::new(RateParts { tiers, ..RateParts::default() }).unwrap());
            all.rate_rows.push(RateRow {
                id: *id,
                list: ListId(1),
                prefix: parse_mask(prefix).unwrap(),
                qualifiers: Qualifiers::default(),
                validity: Validity { from_ms: *from_ms, to_ms: *to_ms },
                rate: all.rates.len() as u32 - 1,
            });
        }
        ListState::take(head, 0, all, Vec::new(), Symbols::default())
    }
}
