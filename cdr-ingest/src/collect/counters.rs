//! What a switch counts itself, posted by it (M77).
//!
//! Owns: how a body of counters is written.
//! Does not own: the comparison (`billing::reconciliation`).
//! Always: the source is the one whose secret came; the last word on an hour counts, so a switch may repeat itself.

use axum::http::StatusCode;
use billing::Store;
use billing::reconciliation::{self, Figures, Origin, SwitchCount};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Deserialize;

use super::problem::Problem;
use crate::text::Said;

/// Hours of one request.
const HOURS_MAX: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    hour: DateTime<Utc>,
    attempts: i64,
    answered: i64,
    seconds: i64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Posted {
    Many(Vec<Counted>),
    One(Counted),
}

/// Writes counters of a source down; gives the answer.
///
/// # Errors
/// The answer to the caller.
pub async fn record(store: &Store, source: &str, body: &[u8], now: DateTime<Utc>) -> Result<String, Problem> {
    let counts = read(source, body)?;
    let unknown = reconciliation::record(store, &counts, now).await.map_err(|error| {
        tracing::warn!(%error, "counters cannot be written down");
        let away = Said::fixed("Postgres недоступна; повторите позже", "Postgres is away; try again later");
        Problem::unavailable(away, 5)
    })?;
    if unknown.is_empty() {
        return Ok(format!("{{\"accepted\":{}}}", counts.len()));
    }
    let said = Said::fixed(
        "Источник не настроен в Tollgate: добавьте его в sources.csv",
        "The source is not configured in Tollgate: add it to sources.csv",
    );
    Err(Problem::new(StatusCode::NOT_FOUND, "unknown_source", said))
}

fn read(source: &str, body: &[u8]) -> Result<Vec<SwitchCount>, Problem> {
    let refused = |number: usize, russian: &str, english: &str| {
        Problem::not_a_record(Said::new(format!("Запись {number}: {russian}"), format!("Record {number}: {english}")))
    };
    let posted: Posted = serde_json::from_slice(body).map_err(|_| {
        refused(
            1,
            "ожидается {\"hour\":\"2026-11-01T10:00:00Z\",\"attempts\":100,\"answered\":80,\"seconds\":4800} или список таких",
            "{\"hour\":\"2026-11-01T10:00:00Z\",\"attempts\":100,\"answered\":80,\"seconds\":4800} is expected, or a list of these",
        )
    })?;
    let counted = match posted {
        Posted::Many(many) => many,
        Posted::One(one) => vec![one],
    };
    if counted.len() > HOURS_MAX {
        return Err(refused(HOURS_MAX + 1, "не больше 10000 часов в запросе", "10000 hours of a request at most"));
    }
    let mut hours = std::collections::BTreeMap::new();
    for (index, count) in counted.into_iter().enumerate() {
        if count.hour.duration_trunc(TimeDelta::hours(1)) != Ok(count.hour) {
            return Err(refused(index + 1, "hour — начало часа UTC", "hour is the beginning of an hour of UTC"));
        }
        if count.attempts < count.answered || count.answered < 0 || count.seconds < 0 {
            return Err(refused(
                index + 1,
                "ожидается attempts ≥ answered ≥ 0 и seconds ≥ 0",
                "attempts >= answered >= 0 and seconds >= 0 are expected",
            ));
        }
        let figures = Figures { attempts: count.attempts, answered: count.answered, seconds: count.seconds };
        hours.insert(count.hour, figures);
    }
    let count = |(hour, figures)| SwitchCount { source: source.to_owned(), hour, origin: Origin::Counter, figures };
    Ok(hours.into_iter().map(count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_hours_with_sensible_figures() {
        let one = r#"{"hour":"2026-11-01T10:00:00Z","attempts":3,"answered":2,"seconds":60}"#;
        let again = r#"{"hour":"2026-11-01T13:00:00+03:00","attempts":4,"answered":2,"seconds":60}"#;
        let found = read("s", format!("[{one},{again}]").as_bytes()).unwrap();
        assert_eq!((found.len(), found[0].figures.attempts), (1, 4), "the last word on an hour counts");
        assert_eq!(read("s", one.as_bytes()).unwrap().len(), 1);
        for bad in [
            "[]x",
            r#"{"hour":"2026-11-01T10:30:00Z","attempts":3,"answered":2,"seconds":60}"#,
            r#"{"hour":"2026-11-01T10:00:00Z","attempts":1,"answered":2,"seconds":60}"#,
            r#"{"hour":"2026-11-01T10:00:00Z","attempts":3,"answered":2}"#,
        ] {
            assert_eq!(read("s", bad.as_bytes()).unwrap_err().code(), "not_a_record", "{bad}");
        }
    }
}
