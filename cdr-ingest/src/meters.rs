//! The figures that the service gives to Prometheus: one list with names, kinds and what they mean.
//!
//! Owns: the names, their descriptions, the bounds of histograms.
//! Does not own: who counts what (each part its own), the recorder (`listener`), dashboards and alarms (`deploy/grafana`, `deploy/prometheus`).
//! Always: what is counted is in the list, and the list is in the dashboard or in the alarms; a label has few values; no telephone number is a label.

use listener::figures::Kind;
use listener::meters;

/// Seconds that a stage may take.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Records that a batch may have.
const RECORDS_OF_BATCH: &[f64] = &[1.0, 10.0, 100.0, 1e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 4e5];

meters! {
    RECORDS = "tollgate_records_total", Kind::Counter, "Records of committed batches";
    LEGS = "tollgate_legs_total", Kind::Counter, "Legs of committed batches by outcome: rated, non_target, suspended, duplicate";
    SUSPENDED = "tollgate_suspended_total", Kind::Counter, "Legs that went into suspense, by code";
    SOURCE_LEGS = "tollgate_source_legs_total", Kind::Counter, "Legs by configured source, repeats included; other = not configured";
    SOURCE_SUSPENDED = "tollgate_source_suspended_total", Kind::Counter, "Legs that went into suspense, by configured source; other = not configured";
    LOCK_BREACHES = "tollgate_lock_breaches_total", Kind::Counter, "Calls that took place in spite of a lock: charged or free, and those that wait as LOCK_BREACH";
    BATCH_RECORDS = "tollgate_batch_records", Kind::Histogram(RECORDS_OF_BATCH), "Records of a committed batch";
    STAGE_SECONDS = "tollgate_stage_seconds", Kind::Histogram(SECONDS), "Seconds that a batch took, by stage: rate, assemble, commit, deliver";
    COMMIT_RETRIES = "tollgate_commit_retries_total", Kind::Counter, "Commits that Postgres asked to try again";
    COUNTER_CONFLICTS = "tollgate_counter_conflicts_total", Kind::Counter, "Batches that were rated again because another process moved a bundle's counter";
    NUMBER_CONFLICTS = "tollgate_number_conflicts_total", Kind::Counter, "Batches that were rated again because a number that they name moved meanwhile";
    CLICKHOUSE_RETRIES = "tollgate_clickhouse_retries_total", Kind::Counter, "INSERTs that ClickHouse did not take at the first try";
    CLICKHOUSE_UP = "tollgate_clickhouse_up", Kind::Gauge, "1 = ClickHouse took the last INSERT, 0 = it did not";
    LAG_RECORDS = "tollgate_lag_records", Kind::Gauge, "Records of the log that are not committed, by partition; 0 for a partition that went to another process";
    OUTBOX_BYTES = "tollgate_outbox_bytes", Kind::Gauge, "Bytes of rows that this process has committed and ClickHouse has not acknowledged";
    OUTBOX_MAX_BYTES = "tollgate_outbox_max_bytes", Kind::Gauge, "The setting outbox.max_bytes: consumption pauses there";
    IDENTITIES = "tollgate_identities", Kind::Gauge, "Identities of the duplicate window in memory";
    LONG_CALLS = "tollgate_long_calls", Kind::Gauge, "Calls reported in parts whose last part has not come, by state: open, silent = none came for a day (those of the last day)";
    SNAPSHOT_VERSION = "tollgate_snapshot_version", Kind::Gauge, "Version of the catalogue that prices";
    SNAPSHOT_LOADED = "tollgate_snapshot_loaded_timestamp_seconds", Kind::Gauge, "When that version came into force here";
    SNAPSHOT_CHECKED = "tollgate_snapshot_checked_timestamp_seconds", Kind::Gauge, "When it was last found to be the newest, or was replaced";
    SNAPSHOT_REFUSED = "tollgate_snapshot_refused_version", Kind::Gauge, "Version of a catalogue that contradicts itself and was refused, 0 = none";
    PROGRESS = "tollgate_progress_timestamp_seconds", Kind::Gauge, "When progress was last recorded in Postgres, every ten seconds";
    COLLECT_RECORDS = "tollgate_collect_records_total", Kind::Counter, "Records that the collector took, by source and way: kafka, spool, file";
    COLLECT_REFUSED = "tollgate_collect_refused_total", Kind::Counter, "Requests that the collector refused, by source (other = not configured) and code";
    COLLECT_AUTH_FAILURES = "tollgate_collect_auth_failures_total", Kind::Counter, "Wrong secrets that the collector was given";
    COLLECT_DRAINED = "tollgate_collect_drained_total", Kind::Counter, "Records that went from the spool to Kafka";
    COLLECT_SPOOL_BYTES = "tollgate_collect_spool_bytes", Kind::Gauge, "Bytes of records that wait in the spool for Kafka";
    COLLECT_SPOOL_MAX_BYTES = "tollgate_collect_spool_max_bytes", Kind::Gauge, "Bytes that the spool may take; beyond them switches are sent away";
    COLLECT_SPOOL_AGE = "tollgate_collect_spool_age_seconds", Kind::Gauge, "For how long the oldest record of the spool has waited";
    COLLECT_FILES = "tollgate_collect_files_total", Kind::Counter, "Files of records, by source and outcome: sent, refused";
    INGEST_ALARMS = "tollgate_ingest_alarms", Kind::Gauge, "Alarms of the collection that are neither cleared nor acknowledged, by kind";
    SUSPENSE_ALARM_PERCENT = "tollgate_suspense_alarm_percent", Kind::Gauge, "The setting suspense.alarm_percent: share of a source's legs in suspense that is an alarm";
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use listener::figures::Meter;

    use super::*;

    const ROOT: &str = env!("CARGO_MANIFEST_DIR");

    fn sources(folder: &Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, texts);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("meters.rs") {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    /// Words of a text that are names of figures; a histogram's series are named after it.
    fn named(text: &str) -> BTreeSet<String> {
        let words =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("tollgate_"));
        let base = |word: &str| {
            let series = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| word.strip_suffix(end));
            series.filter(|name| is_histogram(name)).unwrap_or(word).to_owned()
        };
        words.map(base).collect()
    }

    fn is_histogram(name: &str) -> bool {
        ALL.iter().any(|meter| meter.name == name && matches!(meter.kind, Kind::Histogram(_)))
    }

    fn all() -> BTreeSet<String> {
        ALL.iter().map(|meter| meter.name.to_owned()).collect()
    }

    /// What the sources count, each with the macro of its kind, is the list.
    #[test]
    fn the_list_is_what_is_counted() {
        let meters: BTreeMap<&str, &Meter> = ALL.iter().map(|meter| (meter.name, meter)).collect();
        assert_eq!(meters.len(), ALL.len(), "a name twice");
        let constants: BTreeMap<&str, &str> = include_str!("meters.rs")
            .lines()
            .filter_map(|line| line.trim().split_once(" = \"tollgate_"))
            .map(|(constant, rest)| (constant, &rest[..rest.find('"').unwrap()]))
            .collect();
        let mut texts = Vec::new();
        sources(&Path::new(ROOT).join("src"), &mut texts);
        let mut counted = BTreeSet::new();
        for text in &texts {
            for (macro_name, kind) in [("counter", 'c'), ("gauge", 'g'), ("histogram", 'h')] {
                for (at, opening) in text.match_indices(&format!("metrics::{macro_name}!(")) {
                    let argument = text[at + opening.len()..].split([',', ')']).next().unwrap().trim();
                    let name = match argument.trim_matches('"').strip_prefix("tollgate_") {
                        Some(rest) => rest,
                        None => constants[argument.rsplit("::").next().unwrap()],
                    };
                    let meter = meters.get(format!("tollgate_{name}").as_str());
                    let meter = meter.unwrap_or_else(|| panic!("tollgate_{name} is counted and not in the list"));
                    let own = match meter.kind {
                        Kind::Counter => 'c',
                        Kind::Gauge => 'g',
                        Kind::Histogram(_) => 'h',
                    };
                    assert_eq!(own, kind, "{}", meter.name);
                    counted.insert(meter.name.to_owned());
                }
            }
        }
        assert_eq!(counted, all());
    }

    /// Dashboard and alarms name figures that exist, and leave none out.
    #[test]
    fn what_is_counted_is_shown_or_watched() {
        let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join("../deploy").join(path)).unwrap();
        let dashboard: serde_json::Value = serde_json::from_str(&read("grafana/tollgate.json")).unwrap();
        let mut shown = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let found = named(target["expr"].as_str().unwrap());
                assert!(!found.is_empty(), "{}", panel["title"]);
                shown.extend(found);
            }
        }
        let alarms: String =
            read("prometheus/alerts.yaml").lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let watched = named(&alarms);
        let unknown = |names: &BTreeSet<String>| names.difference(&all()).cloned().collect::<Vec<_>>();
        assert_eq!(unknown(&shown), Vec::<String>::new(), "of the dashboard");
        assert_eq!(unknown(&watched), Vec::<String>::new(), "of the alarms");
        let forgotten: Vec<String> =
            all().into_iter().filter(|name| !shown.contains(name) && !watched.contains(name)).collect();
        assert_eq!(forgotten, Vec::<String>::new(), "neither shown nor watched");
    }

    /// A rule for everything that has to wake somebody, each with both languages and a remedy.
    #[test]
    fn alarms_are_whole() {
        let text = std::fs::read_to_string(Path::new(ROOT).join("../deploy/prometheus/alerts.yaml")).unwrap();
        let rules: Vec<&str> = text.split("      - alert: ").skip(1).collect();
        let names: Vec<&str> = rules.iter().map(|rule| rule.lines().next().unwrap()).collect();
        for wanted in [
            "NoProgress",
            "LagGrows",
            "SuspenseAboveAlarm",
            "OutboxNearCap",
            "SnapshotStale",
            "SnapshotRefused",
            "LockBreaches",
            "ClickHouseAway",
        ] {
            assert!(names.contains(&format!("Tollgate{wanted}").as_str()), "{wanted}: {names:?}");
        }
        for (name, rule) in names.iter().zip(&rules) {
            for part in [
                "        expr: ",
                "        for: ",
                "          severity: ",
                "          summary: ",
                "          summary_ru: ",
                "          remedy: ",
                "          remedy_ru: ",
            ] {
                assert_eq!(rule.matches(part).count(), 1, "{name}: {part}");
            }
            let expression = rule.split("expr: ").nth(1).unwrap().split("        for: ").next().unwrap();
            for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
                assert_eq!(expression.matches(open).count(), expression.matches(close).count(), "{name}: {expression}");
            }
        }
    }
}
