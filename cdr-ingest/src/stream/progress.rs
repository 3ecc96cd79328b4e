//! What happens every ten seconds, also when the stream is idle.
//!
//! Owns: the log end per partition in Postgres, the lag metrics, days that become collected (M14), identities that may be forgotten.
//! Does not own: the counting of non-target calls (the batches do it).
//! Always: a day counts as collected only when every partition has passed a log end that was seen after the day and its grace.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use billing::settings::Settings;
use billing::streams::{self, Claim, PartitionProgress, StreamId};
use billing::{Clock, SystemClock, long_calls, numbers};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::consumer::Watch;
use super::live::now_seconds;
use super::service::Shared;
use crate::meters;

const INTERVAL: Duration = Duration::from_secs(10);
/// A partition that nobody has looked at for so long says nothing about new records.
const SILENT_AFTER: TimeDelta = TimeDelta::hours(24);

/// Ticks for ever.
pub async fn tick(shared: Arc<Shared>, watch: Watch, settings: Settings) {
    let mut days = CollectedDays::default();
    let mut lagging = BTreeSet::new();
    loop {
        tokio::time::sleep(INTERVAL).await;
        match once(&shared, &watch, &settings, &mut days, &mut lagging).await {
            Ok(()) => {
                metrics::gauge!(meters::PROGRESS).set(now_seconds());
                shared.readiness.progressed(shared.now_ms());
            }
            Err(error) => tracing::warn!("progress was not recorded: {error:#}"),
        }
    }
}

async fn once(
    shared: &Arc<Shared>,
    watch: &Watch,
    settings: &Settings,
    days: &mut CollectedDays,
    lagging: &mut BTreeSet<i32>,
) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let seen_ends = {
        let watch = watch.clone();
        tokio::task::spawn_blocking(move || {
            watch.commit_positions();
            watch.positions()
        })
        .await?
    };
    let states = streams::progress(&shared.store).await?;
    let lag = |number: i32| metrics::gauge!(meters::LAG_RECORDS, "partition" => number.to_string());
    // A partition that went to another process lags there.
    let own: BTreeSet<i32> = seen_ends.iter().map(|(number, ..)| *number).collect();
    lagging.difference(&own).for_each(|gone| lag(*gone).set(0.0));
    *lagging = own;
    for (number, committed, end) in seen_ends {
        lag(number).set((end - committed) as f64);
        if let Some(claim) = claim_of(&states, watch.stream(), number) {
            streams::record_progress(&shared.store, &claim, end, now).await?;
        }
    }
    forget(shared, now).await?;
    look_after_long_calls(shared, now).await?;
    metrics::gauge!(meters::OUTBOX_BYTES).set(shared.outbox_bytes.load(std::sync::atomic::Ordering::Relaxed) as f64);
    let grace = TimeDelta::minutes(settings.number("nontarget.grace_minutes")?);
    let states = streams::progress(&shared.store).await?;
    if let Some(last) = days.complete_through(&states, now, shared.live.snapshot().zone, grace) {
        collect(shared, last, now).await?;
    }
    Ok(())
}

/// Forgets identities that no repeat names by heart any more, here and in Postgres.
async fn forget(shared: &Shared, now: DateTime<Utc>) -> anyhow::Result<()> {
    let read_up_to = streams::oldest_read(&shared.store, now - SILENT_AFTER).await?.unwrap_or(now).min(now);
    let ended = read_up_to - TimeDelta::milliseconds(shared.window_ms);
    let settled = streams::oldest_waiting(&shared.store).await?.unwrap_or(now).min(now - TimeDelta::days(1));
    streams::forget_identities(&shared.store, ended, settled).await?;
    let horizon = streams::identity_horizon(&shared.store).await?;
    let mut seen = shared.seen.write().expect("no panic under this lock");
    seen.forget(ended.timestamp_millis(), settled.timestamp_millis());
    seen.raise_horizon(horizon.map_or(i64::MIN, |at| at.timestamp_millis()));
    metrics::gauge!(meters::IDENTITIES).set(seen.len() as f64);
    Ok(())
}

/// Forgets calls in parts that nothing can be added to any more, and counts those that are open.
async fn look_after_long_calls(shared: &Shared, now: DateTime<Utc>) -> anyhow::Result<()> {
    long_calls::forget(&shared.store, now).await?;
    let (open, silent) = long_calls::unfinished(&shared.store, now).await?;
    for (state, count) in [("open", open), ("silent", silent)] {
        metrics::gauge!(meters::LONG_CALLS, "state" => state).set(count as f64);
    }
    Ok(())
}

/// The claim under which a log end is recorded: the epoch as it stands, so that a fenced owner records nothing of value.
fn claim_of(states: &[PartitionProgress], stream: StreamId, number: i32) -> Option<Claim> {
    let state = states.iter().find(|state| state.stream == stream && state.partition == number)?;
    Some(Claim { stream, partition: number, epoch: state.epoch, next_offset: state.next_offset, last_digest: None })
}

/// Marks every day through `last` that has calls of any number, or lies between the first such day and it.
async fn collect(shared: &Shared, last: NaiveDate, now: DateTime<Utc>) -> anyhow::Result<()> {
    let known: BTreeSet<NaiveDate> = numbers::collected_days(&shared.store).await?.into_iter().collect();
    // Once a day is enough: whoever looks for earlier days reads all calls.
    if known.contains(&last) {
        return Ok(());
    }
    let with_calls = numbers::days_with_calls(&shared.store).await?;
    let Some(first) = known.first().copied().into_iter().chain(with_calls.first().copied()).min() else {
        return Ok(());
    };
    let days: Vec<NaiveDate> =
        first.iter_days().take_while(|day| *day <= last).filter(|day| !known.contains(day)).collect();
    if !days.is_empty() {
        tracing::info!(days = days.len(), through = %last, "statistics of non-target calls are complete");
        numbers::mark_collected(&shared.store, &days, now).await?;
    }
    Ok(())
}

/// Decides through which day the statistics are complete.
#[derive(Default)]
struct CollectedDays {
    day: Option<NaiveDate>,
    /// Log end per partition, as first seen after the day and its grace.
    targets: HashMap<(StreamId, i32), i64>,
}

impl CollectedDays {
    /// The last complete day, if every partition has passed its target.
    fn complete_through(
        &mut self,
        states: &[PartitionProgress],
        now: DateTime<Utc>,
        zone: chrono_tz::Tz,
        grace: TimeDelta,
    ) -> Option<NaiveDate> {
        let day = (now - grace).with_timezone(&zone).date_naive() - Days::new(1);
        if self.day != Some(day) {
            self.day = Some(day);
            self.targets.clear();
        }
        let after = |at: DateTime<Utc>| (at - grace).with_timezone(&zone).date_naive() > day;
        let live: Vec<&PartitionProgress> = states
            .iter()
            .filter(|state| {
                state.log_end_at.is_none_or(|at| now - at < SILENT_AFTER || state.log_end > Some(state.next_offset))
            })
            .collect();
        for state in &live {
            if let (Some(end), Some(at)) = (state.log_end, state.log_end_at)
                && after(at)
            {
                self.targets.entry((state.stream, state.partition)).or_insert(end);
            }
        }
        let passed = |state: &&PartitionProgress| {
            self.targets.get(&(state.stream, state.partition)).is_some_and(|end| state.next_offset >= *end)
        };
        (!live.is_empty() && live.iter().all(passed)).then_some(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(partition: i32, next_offset: i64, log_end: i64, at: &str) -> PartitionProgress {
        PartitionProgress {
            stream: StreamId(1),
            partition,
            epoch: 1,
            next_offset,
            log_end: Some(log_end),
            log_end_at: Some(at.parse().unwrap()),
        }
    }

    /// Moscow is three hours ahead; the grace is one hour: day D may count from D+1 01:00 Moscow = D 22:00 UTC.
    #[test]
    fn a_day_is_complete_when_every_partition_has_passed_the_log_end_seen_after_it() {
        let zone = chrono_tz::Europe::Moscow;
        let check = |days: &mut CollectedDays, states: &[PartitionProgress], now: &str| {
            days.complete_through(states, now.parse().unwrap(), zone, TimeDelta::hours(1)).map(|day| day.to_string())
        };
        let mut days = CollectedDays::default();
        // The log end was seen before the grace was over: it may miss records of the day.
        let early = "2026-11-21T21:59:00Z";
        assert_eq!(check(&mut days, &[state(0, 10, 10, early)], "2026-11-21T22:00:00Z"), None);
        // Seen after it, but partition 1 has not got there.
        let seen = "2026-11-21T22:00:10Z";
        assert_eq!(check(&mut days, &[state(0, 10, 10, seen), state(1, 5, 20, seen)], "2026-11-21T22:00:20Z"), None);
        // Its log end goes on growing; what counts is the one seen first.
        let states = [state(0, 10, 10, seen), state(1, 20, 40, "2026-11-21T22:00:30Z")];
        assert_eq!(check(&mut days, &states, "2026-11-21T22:00:30Z").as_deref(), Some("2026-11-21"));
        assert_eq!(check(&mut days, &[], "2026-11-21T22:00:30Z"), None);
    }
}
