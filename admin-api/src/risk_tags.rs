//! Tags that rules give: one round over all clients (M10).
//!
//! Owns: bringing the counts of calls and the rules together.
//! Does not own: the rules (`billing::tags`), when a round takes place.
//! Always: the last full month of the billing zone is judged; a second round with the same counts changes nothing.

use billing::StoreError;
use billing::settings::Settings;
use billing::tags::{self, Applied, Limits};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::state::AppState;

/// Why a round came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RiskTagsError {
    /// Settings or clients cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Calls cannot be counted.
    #[error("clickhouse: {0}")]
    Calls(#[from] clickhouse::error::Error),
}

/// Applies the rules of tags to the calls of the last full month.
pub async fn apply_risk_tags(state: &AppState) -> Result<Applied, RiskTagsError> {
    let now = state.clock.now();
    let settings = Settings::read(&state.store).await?;
    let zone = settings.zone("billing.zone")?;
    let limits = Limits { risk_calls: settings.number("risk_tag.calls")?.unsigned_abs() };
    let (first, next) = tags::last_full_month(now.with_timezone(&zone).date_naive());
    let (from, to) = (beginning(first, zone), beginning(next, zone));
    let calls = state.calls.by_client(from, to).await?;
    let applied = tags::apply_automatic(&state.store, &calls, from, limits, now).await?;
    tracing::info!(added = applied.added, removed = applied.removed, month = %first, "tags by rules");
    Ok(applied)
}

/// The moment at which a day begins; by UTC where the zone skips its midnight.
fn beginning(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let moment = zone.from_local_datetime(&midnight).earliest();
    moment.map_or_else(|| midnight.and_utc(), |moment| moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_by_its_zone() {
        let day: NaiveDate = "2026-06-01".parse().unwrap();
        assert_eq!(beginning(day, chrono_tz::Europe::Moscow).to_rfc3339(), "2026-05-31T21:00:00+00:00");
    }
}
