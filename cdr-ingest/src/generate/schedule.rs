//! When calls end: the shape of the day and of the week.
//!
//! **Owns:** the moment of each record of a stream, in order. **Does not own:** how long calls last (`calls`).
//! **Always:** moments rise with the index and none reaches the end of the window.

use chrono::{DateTime, Datelike, FixedOffset, Timelike, Utc, Weekday};

const HOUR_MS: i64 = 3_600_000;

/// Calls of each hour of a working day, Moscow time.
const HOURS: [u64; 24] = [6, 4, 3, 2, 2, 4, 9, 22, 48, 84, 100, 98, 92, 86, 94, 96, 95, 90, 74, 58, 44, 32, 20, 11];
/// Percent of a working day's calls on Saturday and on Sunday.
const SATURDAY: u64 = 48;
const SUNDAY: u64 = 36;

/// Moments of a stream's records.
#[derive(Debug)]
pub(super) struct Schedule {
    begin_ms: i64,
    /// Weights of all hours before each hour, and of all at the end.
    sums: Vec<u64>,
    records: u64,
}

impl Schedule {
    /// `records` moments in the `days` before `until`.
    pub(super) fn new(until: DateTime<Utc>, days: u32, records: u64) -> Self {
        let hours = i64::from(days.max(1)) * 24;
        let begin_ms = until.timestamp_millis() - hours * HOUR_MS;
        let mut sums = vec![0];
        for hour in 0..hours {
            let before = sums.last().copied().unwrap_or(0);
            sums.push(before + weight(begin_ms + hour * HOUR_MS));
        }
        Self { begin_ms, sums, records: records.max(1) }
    }

    /// The first moment of the window.
    pub(super) fn begin_ms(&self) -> i64 {
        self.begin_ms
    }

    /// When the record with this index ends.
    pub(super) fn end_ms(&self, index: u64) -> i64 {
        let total = self.sums.last().copied().unwrap_or(1);
        let scale = u128::from(HOUR_MS.unsigned_abs());
        // How much of the week's weight lies before this record, in weight times milliseconds.
        let place = u128::from(index) * u128::from(total) * scale / u128::from(self.records);
        let hour = self
            .sums
            .partition_point(|sum| u128::from(*sum) * scale <= place)
            .saturating_sub(1)
            .min(self.sums.len().saturating_sub(2));
        let weight = u128::from((self.sums[hour + 1] - self.sums[hour]).max(1));
        let into = (place - u128::from(self.sums[hour]) * scale) / weight;
        self.begin_ms + i64::try_from(hour).unwrap_or(0) * HOUR_MS + i64::try_from(into).unwrap_or(0).min(HOUR_MS - 1)
    }
}

fn weight(at_ms: i64) -> u64 {
    let moscow = FixedOffset::east_opt(3 * 3_600).expect("three hours are an offset");
    let local = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().with_timezone(&moscow);
    let percent = match local.weekday() {
        Weekday::Sat => SATURDAY,
        Weekday::Sun => SUNDAY,
        _ => 100,
    };
    HOURS[local.hour() as usize % 24] * percent
}

#[cfg(test)]
mod tests {
    use super::{HOUR_MS, Schedule};

    #[test]
    fn moments_rise_within_the_window_and_noon_is_busier_than_night() {
        let until = "2026-11-22T00:00:00Z".parse().unwrap();
        let schedule = Schedule::new(until, 3, 10_000);
        let moments: Vec<i64> = (0..10_000).map(|index| schedule.end_ms(index)).collect();
        assert!(moments.is_sorted());
        assert!(moments[0] >= schedule.begin_ms() && moments[9_999] < until.timestamp_millis());
        let in_hour = |hour: i64| moments.iter().filter(|at| (**at - schedule.begin_ms()) / HOUR_MS == hour).count();
        // The window begins at 03:00 in Moscow: hour 8 is 11:00, hour 0 is 03:00.
        assert!(in_hour(8) > 20 * in_hour(0));
    }
}
