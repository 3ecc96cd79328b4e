//! A price list as a table, in the columns that an import reads.
//!
//! Owns: which rows a list has from a moment on, and their texts.
//! Does not own: the file that they are written to (the API).
//! Always: imported again in the place of the list, the table changes nothing.

use chrono::{DateTime, SecondsFormat, Utc};
use numbering::number::mask_text;
use rating::rate::{Tier, billing_tiers, tiers_text, variants_text};
use rating::rate_text::Column;
use rating::rows::{ProviderId, RateRow};
use rating::{Money, RateParts};
use rustc_hash::FxHashMap;

use super::state::{ListState, moment_of, read_list};
use crate::store::{Store, StoreError};

/// A list as it is from a moment on.
pub struct ExportedList {
    state: ListState,
    providers: FxHashMap<ProviderId, String>,
    /// Rows with the end that later rows of the same key give them.
    rows: Vec<RateRow>,
}

/// The list with this code as it is from `at` on; `None` when there is none.
pub async fn export(store: &Store, code: &str, at: DateTime<Utc>) -> Result<Option<ExportedList>, StoreError> {
    let Some(state) = read_list(store, code).await? else { return Ok(None) };
    let work = move || ExportedList::of(state, at.timestamp_millis());
    let exported = tokio::task::spawn_blocking(work).await;
    exported.map(Some).map_err(|error| StoreError::Inconsistent { table: "rate", problem: error.to_string() })
}

impl ExportedList {
    fn of(state: ListState, at_ms: i64) -> Self {
        let mut rows = state.rows.clone();
        rows.sort_unstable_by_key(|row| (row.prefix, row.qualifiers, row.validity.from_ms));
        for index in 1..rows.len() {
            let (next, row) = (rows[index], &mut rows[index - 1]);
            if (row.prefix, row.qualifiers) == (next.prefix, next.qualifiers) {
                row.validity.to_ms = row.validity.to_ms.min(next.validity.from_ms);
            }
        }
        rows.retain(|row| row.validity.to_ms > at_ms && row.validity.from_ms < row.validity.to_ms);
        let providers = state.providers.iter().map(|(code, id)| (*id, code.clone())).collect();
        Self { state, providers, rows }
    }

    /// Its columns, in order.
    pub const fn columns(&self) -> &'static [Column] {
        Column::ALL
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its rows, a text a column.
    pub fn rows(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        self.rows.iter().map(|row| self.texts(row))
    }

    fn texts(&self, row: &RateRow) -> Vec<String> {
        let parts = self.state.terms.rates[row.rate as usize].parts();
        let plain = plain_price(&parts.tiers);
        let of_plain = |text: fn(&(Money, u32, String)) -> String| plain.as_ref().map(text).unwrap_or_default();
        let fee = |amount: Money| if amount.is_zero() { String::new() } else { amount.to_string() };
        let word = |symbol: rating::rows::Symbol| self.state.symbols.words[symbol.0 as usize].clone();
        let qualifiers = &row.qualifiers;
        let text = |column: &Column| match column {
            Column::Prefix => mask_text(row.prefix),
            Column::Service => qualifiers.service.map(|service| service.to_string()).unwrap_or_default(),
            Column::IncomingService => qualifiers.incoming_service.map(word).unwrap_or_default(),
            Column::Provider => qualifiers.provider.and_then(|id| self.providers.get(&id).cloned()).unwrap_or_default(),
            Column::Place => qualifiers.place.map(word).unwrap_or_default(),
            Column::Origin => qualifiers.origin.to_string(),
            Column::From => self.moment(row.validity.from_ms),
            Column::To => self.moment(row.validity.to_ms),
            Column::Price => of_plain(|(price, ..)| price.to_string()),
            Column::Unit => of_plain(|(_, unit, _)| unit.to_string()),
            Column::Billing => of_plain(|(.., billing)| billing.clone()),
            Column::Tiers if plain.is_some() => String::new(),
            Column::Tiers => tiers_text(&parts.tiers),
            Column::Variants => self.variants(parts),
            Column::Volume => {
                parts.volume.map(|volume| self.state.volumes[volume as usize].code.clone()).unwrap_or_default()
            }
            Column::ConnectFee => fee(parts.connect_fee),
            Column::AttemptFee => fee(parts.attempt_fee),
            Column::FreeSeconds if parts.free_s == 0 => String::new(),
            Column::FreeSeconds => parts.free_s.to_string(),
            Column::Minimum => fee(parts.minimum),
            Column::Maximum => parts.maximum.map(|amount| amount.to_string()).unwrap_or_default(),
            Column::Rounding => parts.rounding.map(|rounding| rounding.mode.to_string()).unwrap_or_default(),
            Column::Decimals => parts.rounding.map(|rounding| rounding.decimals.to_string()).unwrap_or_default(),
        };
        Column::ALL.iter().map(text).collect()
    }

    /// A moment on the clock of the list; nothing for an open bound.
    fn moment(&self, ms: i64) -> String {
        let at = moment_of(ms).map(|at| at.with_timezone(&self.state.head.zone));
        at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)).unwrap_or_default()
    }

    /// Other tiers by the names of bands; the rows of a band of one name have one price.
    fn variants(&self, parts: &RateParts) -> String {
        let mut texts: Vec<String> = Vec::new();
        for variant in &parts.variants {
            let name = |band: u32| self.state.bands[band as usize].name.to_string();
            let text = variants_text(std::slice::from_ref(variant), name);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join(";")
    }
}

/// Price, unit and increments, where they say all that the tiers say.
pub(crate) fn plain_price(tiers: &[Tier]) -> Option<(Money, u32, String)> {
    let first = tiers.first()?;
    let next = tiers.get(1).unwrap_or(first);
    let billing = format!("{}/{}", first.increment_s, next.increment_s);
    let same = billing_tiers(first.price, first.unit_s, &billing)?;
    (same == tiers).then_some((first.price, first.unit_s, billing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rating::rate::parse_tiers;

    #[test]
    fn tiers_are_shown_as_a_price_where_it_says_the_same() {
        for (tiers, expected) in [
            ("0:1@0.5/60", Some("0.5 60 1/1")),
            ("0:30@0.006/60 30:6@0.006/60", Some("0.006 60 30/6")),
            ("0:30@0.006/60 60:6@0.006/60", None),
            ("0:30@0.006/60 30:6@0.007/60", None),
            ("0:1@1/60 1:1@1/60", None),
            ("0:1@1/60 60:1@2/60 120:1@3/60", None),
        ] {
            let found =
                plain_price(&parse_tiers(tiers).unwrap()).map(|(price, unit, by)| format!("{price} {unit} {by}"));
            assert_eq!(found.as_deref(), expected, "{tiers}");
        }
    }
}
