//! The oracle's own reading of time bands, one instant at a time.
//!
//! **Owns:** `Band`, holidays of lists, which band holds at an instant. **Does not own:** the price inside it (`price`).
//! **Always:** an instant is put on the wall clock by the calendar library; nothing is known about edges, so there are none to get wrong. Bands with
//! dates are not read: the operator that is made up has none.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;

use super::error::GenerateError;
use super::table::Table;

const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A row of `bands.csv`.
#[derive(Debug, Clone)]
pub struct Band {
    /// Index of its list.
    pub list: usize,
    /// Its name.
    pub name: String,
    priority: i64,
    days: Vec<String>,
    /// Seconds of the day.
    hours: Vec<(u32, u32)>,
}

impl Band {
    fn holds(&self, local: DateTime<Tz>, is_holiday: bool) -> bool {
        let (day, clock) = (WEEK[local.weekday().num_days_from_monday() as usize], local.num_seconds_from_midnight());
        let on_day =
            self.days.is_empty() || self.days.iter().any(|word| word == day || (is_holiday && word == "holiday"));
        on_day && (self.hours.is_empty() || self.hours.iter().any(|(from, to)| *from <= clock && clock < *to))
    }
}

/// Bands, and the wall clocks and holidays of lists.
#[derive(Debug, Default)]
pub struct Calendar {
    /// Rows of `bands.csv`.
    pub bands: Vec<Band>,
    zones: Vec<Tz>,
    holidays: Vec<HashSet<NaiveDate>>,
}

impl Calendar {
    /// Reads `lists.csv`, `holidays.csv` and `bands.csv`; the last two need not be there.
    pub(super) fn read(dir: &Path, list_index: &HashMap<String, usize>) -> Result<Self, GenerateError> {
        let mut days: HashMap<String, HashSet<NaiveDate>> = HashMap::new();
        if dir.join("holidays.csv").exists() {
            Table::open(dir, "holidays.csv")?.each(|row| {
                let day = row.text("date").parse().map_err(|_| row.bad("date"))?;
                days.entry(row.text("calendar").to_owned()).or_default().insert(day);
                Ok(())
            })?;
        }
        let mut calendar = Self::default();
        Table::open(dir, "lists.csv")?.each(|row| {
            calendar.zones.push(row.text_or("zone", "UTC").parse().map_err(|_| row.bad("zone"))?);
            calendar.holidays.push(days.get(row.text("holidays")).cloned().unwrap_or_default());
            Ok(())
        })?;
        if dir.join("bands.csv").exists() {
            Table::open(dir, "bands.csv")?.each(|row| {
                let mut named = Vec::new();
                for word in row.words("days") {
                    let at = |name: &str| WEEK.iter().position(|day| *day == name);
                    match word.split_once('-').map(|(first, last)| (at(first), at(last))) {
                        Some((Some(first), Some(last))) => {
                            named.extend(WEEK[first..=last].iter().map(ToString::to_string));
                        }
                        _ => named.push(word),
                    }
                }
                let of_day = |time: &str| {
                    time.split(':')
                        .zip([3600, 60, 1])
                        .map(|(part, worth)| part.parse().map(|part: u32| part * worth).ok())
                        .sum::<Option<u32>>()
                };
                let hours = row.words("hours").into_iter().map(|word| {
                    let (from, to) = word.split_once('-')?;
                    Some((of_day(from)?, of_day(to)?))
                });
                calendar.bands.push(Band {
                    list: *list_index.get(row.text("list")).ok_or_else(|| row.bad("list"))?,
                    name: row.text("band").to_owned(),
                    priority: row.whole("priority")?.ok_or_else(|| row.bad("priority"))?,
                    days: named,
                    hours: hours.collect::<Option<_>>().ok_or_else(|| row.bad("hours"))?,
                });
                Ok(())
            })?;
        }
        Ok(calendar)
    }

    /// Of the bands with these indices the one that counts at an instant, in epoch milliseconds.
    pub(super) fn at(&self, among: impl Iterator<Item = usize>, list: usize, moment: i64) -> Option<usize> {
        let local = DateTime::from_timestamp_millis(moment)?.with_timezone(&self.zones[list]);
        let is_holiday = self.holidays[list].contains(&local.date_naive());
        among.filter(|band| self.bands[*band].holds(local, is_holiday)).max_by_key(|band| self.bands[*band].priority)
    }
}
