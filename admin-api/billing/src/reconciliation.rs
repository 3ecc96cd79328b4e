//! What switches count themselves against what was received (M77).
//!
//! Owns: table `switch_count`, the comparison of an hour, its tolerance, the statement by which ClickHouse counts.
//! Does not own: the alarms (`ingest_alarms`), asking ClickHouse (both programs do).
//! Always: records are counted, not legs: a switch counts the records that it writes, and a record of an on-net call may give two legs. An hour is one of
//! UTC, and a record belongs to that of its set-up: every attempt has a set-up, and its hour is the same on both sides however long the call lasts.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// Where a count of a switch comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// The trailer of a file.
    Trailer,
    /// A record of counters.
    Counter,
}

impl Origin {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Trailer, Self::Counter];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trailer => "trailer",
            Self::Counter => "counter",
        }
    }
}

impl std::str::FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|origin| origin.as_str() == text).ok_or(())
    }
}

/// Calls of an hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Attempts, answered or not.
    pub attempts: i64,
    /// Of these, answered.
    pub answered: i64,
    /// Seconds of the answered ones.
    pub seconds: i64,
}

/// An hour as a switch counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchCount {
    /// Source.
    pub source: String,
    /// Its beginning.
    pub hour: DateTime<Utc>,
    /// Where it comes from.
    pub origin: Origin,
    /// What it counts.
    pub figures: Figures,
}

/// An hour as we have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ours {
    /// Records rated.
    pub rated: i64,
    /// Records of calls to numbers not in work.
    pub non_target: i64,
    /// Records in suspense.
    pub suspended: i64,
    /// Repeats, by the hour of their arrival: a repeat says no time of its own any more.
    pub duplicate: i64,
    /// Answered calls of those rated and non-target; of what is in suspense nobody knows.
    pub answered: i64,
    /// Their seconds, each call rounded half up.
    pub seconds: i64,
}

impl Ours {
    /// Records received, repeats apart.
    pub const fn received(&self) -> i64 {
        self.rated + self.non_target + self.suspended
    }
}

/// An hour of a source: both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hour {
    /// Source.
    pub source: String,
    /// Its beginning.
    pub hour: DateTime<Utc>,
    /// What the switch says; `None` = nothing.
    pub switch: Option<(Origin, Figures)>,
    /// What we have.
    pub ours: Ours,
}

impl Hour {
    /// What the switch has more than we: attempts, answered, seconds.
    pub fn missing(&self) -> Option<Figures> {
        let (_, switch) = self.switch?;
        Some(Figures {
            attempts: switch.attempts - self.ours.received(),
            answered: switch.answered - self.ours.answered,
            seconds: switch.seconds - self.ours.seconds,
        })
    }
}

/// By how much an hour may differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tolerance {
    /// Calls.
    pub calls: i64,
    /// Per cent of what the switch says.
    pub percent: i64,
}

impl Tolerance {
    /// As the settings say.
    pub fn of(settings: &Settings) -> Result<Self, StoreError> {
        Ok(Self {
            calls: settings.number("reconciliation.tolerance_calls")?,
            percent: settings.number("reconciliation.tolerance_percent")?,
        })
    }

    /// Whether an hour differs by more, in attempts, in answered calls or in seconds. Of what waits in suspense it is not known whether it was answered: as
    /// many answered calls, and any seconds, may be missing for it.
    pub fn is_exceeded(self, hour: &Hour) -> bool {
        let (Some((_, switch)), Some(missing)) = (hour.switch, hour.missing()) else { return false };
        let beyond = |difference: i64, of: i64, absolute: i64| {
            let percent = i128::from(of) * i128::from(self.percent);
            let difference = i128::from(difference).abs();
            difference > i128::from(absolute) && difference * 100 > percent
        };
        let waiting = hour.ours.suspended;
        let answered = (missing.answered - waiting).max(0) + missing.answered.min(0);
        let seconds = if waiting > 0 { missing.seconds.min(0) } else { missing.seconds };
        beyond(missing.attempts, switch.attempts, self.calls)
            || beyond(answered, switch.answered, self.calls)
            // A call of tolerance is a call of its average length.
            || beyond(seconds, switch.seconds, self.calls * (switch.seconds / switch.answered.max(1)))
    }
}

/// How ClickHouse counts the records of charges by hour (a call that comes in parts once, as the latest part left it): values source (empty = all), first moment, moment after the last; a row is source, zone-free hour in
/// seconds of the epoch, rated, non-target, answered, seconds.
pub const CHARGED_BY_HOUR: &str = "SELECT source, toInt64(toUnixTimestamp(toStartOfHour(started))) AS hour, toInt64(countIf(first_outcome = 'rated')) AS rated,
        toInt64(countIf(first_outcome = 'non_target')) AS non_target, toInt64(sum(is_answered)) AS answered,
        toInt64(sum(if(is_answered, intDiv(longest + 500, 1000), 0))) AS seconds
    FROM (
        SELECT source, stream_id, partition, record_offset, min(leg_start) AS started, argMin(leg_outcome, leg) AS first_outcome,
            argMin(leg_answered, leg) AS is_answered, argMin(leg_ms, leg) AS longest
        FROM (
            SELECT toString(any(calls.source)) AS source, stream_id, partition, record_offset, leg, any(started_at) AS leg_start,
                toString(argMax(outcome, (batch_id, revision))) AS leg_outcome,
                toUInt8(argMax(disposition = 'answered' AND isNotNull(answered_at), (batch_id, revision))) AS leg_answered,
                argMax(duration_ms, (batch_id, revision)) AS leg_ms, sum(calls.calls) AS standing
            FROM calls WHERE started_at >= fromUnixTimestamp64Milli(toInt64(?), 'UTC') AND started_at < fromUnixTimestamp64Milli(toInt64(?), 'UTC')
            GROUP BY identity, stream_id, partition, record_offset, leg HAVING standing > 0
        )
        WHERE ? = '' OR source = ?
        GROUP BY source, stream_id, partition, record_offset
    )
    GROUP BY source, hour";

/// How it counts repeats, by the hour of their arrival: the same values.
pub const REPEATED_BY_HOUR: &str = "SELECT toString(source) AS of_source, toInt64(toUnixTimestamp(toStartOfHour(received_at))) AS hour,
        toInt64(uniqExact(stream_id, partition, record_offset)) AS records
    FROM duplicates WHERE received_at >= fromUnixTimestamp64Milli(toInt64(?), 'UTC') AND received_at < fromUnixTimestamp64Milli(toInt64(?), 'UTC')
        AND (? = '' OR toString(source) = ?)
    GROUP BY of_source, hour";

/// Key of an hour: source, seconds of the epoch.
pub type Key = (String, i64);

/// Records in suspense by hour of set-up, or of arrival where the record says none.
pub async fn suspended_by_hour(
    store: &Store,
    source: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<(Key, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT source, extract(epoch FROM hour)::bigint AS hour, count(*) AS n FROM (
             SELECT min(source) AS source, date_trunc('hour', min(coalesce(started_at, received_at)), 'UTC') AS hour FROM suspense
             WHERE status = 'open' AND coalesce(started_at, received_at) >= $1 AND coalesce(started_at, received_at) < $2 AND ($3 = '' OR source = $3)
             GROUP BY stream_id, partition, record_offset) AS records
         GROUP BY source, hour",
    )
    .bind(from)
    .bind(to)
    .bind(source)
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| ((row.get("source"), row.get("hour")), row.get("n"))).collect())
}

/// What switches say of the hours of a period.
pub async fn counts(
    store: &Store,
    source: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<SwitchCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM switch_count WHERE ($1 = '' OR source = $1) AND hour >= $2 AND hour < $3 ORDER BY source, hour, origin DESC",
    )
    .bind(source)
    .bind(from)
    .bind(to)
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| SwitchCount {
            source: row.get("source"),
            hour: row.get("hour"),
            origin: if row.get::<&str, _>("origin") == "trailer" { Origin::Trailer } else { Origin::Counter },
            figures: Figures {
                attempts: row.get("attempts"),
                answered: row.get("answered"),
                seconds: row.get("seconds"),
            },
        })
        .collect())
}

/// Puts both sides together, in order of source and hour. Where a switch says an hour twice, its counters count before its trailers.
pub fn hours(counts: Vec<SwitchCount>, ours: BTreeMap<Key, Ours>) -> Vec<Hour> {
    let mut hours: BTreeMap<Key, Hour> = BTreeMap::new();
    for ((source, hour), ours) in ours {
        let at = DateTime::from_timestamp(hour, 0).unwrap_or_default();
        hours.insert((source.clone(), hour), Hour { source, hour: at, switch: None, ours });
    }
    for count in counts {
        let key = (count.source.clone(), count.hour.timestamp());
        let empty = Hour { source: count.source, hour: count.hour, switch: None, ours: Ours::default() };
        let hour = hours.entry(key).or_insert(empty);
        if hour.switch.is_none_or(|(origin, _)| origin < count.origin) {
            hour.switch = Some((count.origin, count.figures));
        }
    }
    hours.into_values().collect()
}

/// The last hour that is compared at `now`: it ended more than the grace ago.
pub fn compared_until(settings: &Settings, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    Ok(now - TimeDelta::minutes(settings.number("reconciliation.grace_minutes")?))
}

/// Writes counts down; the last word of source, hour and origin counts. Gives codes of sources that do not exist; then nothing is written.
pub async fn record(store: &Store, counts: &[SwitchCount], now: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
    let mut tx = store.begin().await?;
    let unknown = record_in(&mut tx, counts, now).await?;
    if unknown.is_empty() {
        tx.commit().await?;
    }
    Ok(unknown)
}

/// The same by a person.
pub async fn enter(change: &mut Change, counts: &[SwitchCount]) -> Result<Vec<String>, StoreError> {
    let now = change.now();
    let unknown = record_in(change.connection(), counts, now).await?;
    for count in counts {
        let Figures { attempts, answered, seconds } = count.figures;
        let after = serde_json::json!({"hour": count.hour, "origin": count.origin.as_str(), "attempts": attempts, "answered": answered, "seconds": seconds});
        change.record("switch_count.enter", "switch_count", &count.source, &(), &after, "");
    }
    Ok(unknown)
}

async fn record_in(
    connection: &mut PgConnection,
    counts: &[SwitchCount],
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let sources: Vec<&str> = counts.iter().map(|count| count.source.as_str()).collect();
    let unknown: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT asked FROM unnest($1::text[]) AS asked WHERE NOT EXISTS (SELECT FROM source WHERE code = asked) ORDER BY 1",
    )
    .bind(&sources)
    .fetch_all(&mut *connection)
    .await?;
    if !unknown.is_empty() {
        return Ok(unknown);
    }
    let column = |value: fn(&Figures) -> i64| counts.iter().map(|count| value(&count.figures)).collect::<Vec<i64>>();
    sqlx::query(
        "INSERT INTO switch_count (source, hour, origin, attempts, answered, seconds, recorded_at)
         SELECT *, $7 FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
         ON CONFLICT (source, hour, origin) DO UPDATE SET attempts = excluded.attempts, answered = excluded.answered,
             seconds = excluded.seconds, recorded_at = excluded.recorded_at",
    )
    .bind(&sources)
    .bind(counts.iter().map(|count| count.hour).collect::<Vec<_>>())
    .bind(counts.iter().map(|count| count.origin.as_str()).collect::<Vec<_>>())
    .bind(column(|figures| figures.attempts))
    .bind(column(|figures| figures.answered))
    .bind(column(|figures| figures.seconds))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(switch: (i64, i64, i64), ours: Ours) -> Hour {
        let figures = Figures { attempts: switch.0, answered: switch.1, seconds: switch.2 };
        Hour { source: "s".into(), hour: DateTime::default(), switch: Some((Origin::Counter, figures)), ours }
    }

    #[test]
    fn what_differs_beyond_the_tolerance_is_told() {
        let ours =
            |rated, suspended, answered, seconds| Ours { rated, suspended, answered, seconds, ..Ours::default() };
        let none = Tolerance { calls: 0, percent: 0 };
        let some = Tolerance { calls: 2, percent: 1 };
        for (tolerance, hour, expected) in [
            (none, hour((100, 80, 4_800), ours(100, 0, 80, 4_800)), false),
            (none, hour((100, 80, 4_800), ours(99, 0, 80, 4_800)), true),
            (none, hour((100, 80, 4_800), ours(101, 0, 80, 4_800)), true),
            (none, hour((100, 80, 4_800), ours(100, 0, 79, 4_800)), true),
            (none, hour((100, 80, 4_800), ours(100, 0, 80, 4_799)), true),
            // Two of a hundred wait: answered and seconds of two may be missing, but no call.
            (none, hour((100, 80, 4_800), ours(98, 2, 78, 4_600)), false),
            (none, hour((100, 80, 4_800), ours(98, 2, 77, 4_600)), true),
            // Two calls or one in a hundred, whichever is more.
            (some, hour((100, 80, 4_800), ours(98, 0, 78, 4_680)), false),
            (some, hour((100, 80, 4_800), ours(97, 0, 80, 4_800)), true),
            (some, hour((1_000, 800, 48_000), ours(990, 0, 793, 47_600)), false),
            (some, hour((1_000, 800, 48_000), ours(989, 0, 800, 48_000)), true),
        ] {
            assert_eq!(tolerance.is_exceeded(&hour), expected, "{hour:?} {tolerance:?}");
        }
        let silent = Hour { switch: None, ..hour((0, 0, 0), ours(5, 0, 5, 5)) };
        assert!(!none.is_exceeded(&silent) && silent.missing().is_none());
    }

    #[test]
    fn counters_count_before_trailers() {
        let count = |origin, attempts| SwitchCount {
            source: "s".into(),
            hour: DateTime::default(),
            origin,
            figures: Figures { attempts, ..Figures::default() },
        };
        for counts in [[Origin::Trailer, Origin::Counter], [Origin::Counter, Origin::Trailer]] {
            let counts = counts.map(|origin| count(origin, if origin == Origin::Counter { 7 } else { 5 }));
            let found = hours(counts.to_vec(), BTreeMap::new());
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].switch.unwrap().1.attempts, 7);
        }
    }
}
