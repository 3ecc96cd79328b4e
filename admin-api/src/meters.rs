//! The figures that the program gives to Prometheus: one list with names, kinds and what they mean.
//!
//! Owns: the names, their descriptions, the bounds of histograms.
//! Does not own: who counts what (each part its own), the recorder (`listener`), dashboards and alarms (`deploy/grafana`, `deploy/prometheus`).
//! Always: what is counted is in the list, and the list is in the dashboard or in the alarms; a label has few values; no telephone number, no account and no path
//! that was asked is a label.

use listener::figures::Kind;
use listener::meters;

/// Seconds that an answer to a switch may take: 20 ms are the most for 99 of 100.
const SECONDS_OF_CALLS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];
/// Seconds that an answer to anybody may take.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Requests that are settled together.
const REQUESTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

meters! {
    AUTHORIZE_ANSWERS = "tollgate_authorize_answers_total", Kind::Counter, "Answers to switches, by request (authorize, extend, release), outcome (allowed, emergency, without_books, refused, fault; of a release released, unknown) and code of refusals and faults";
    AUTHORIZE_SECONDS = "tollgate_authorize_seconds", Kind::Histogram(SECONDS_OF_CALLS), "Seconds to the answer, by request";
    AUTHORIZE_WAITING = "tollgate_authorize_waiting", Kind::Gauge, "Requests of switches that wait for the books";
    AUTHORIZE_BATCH_REQUESTS = "tollgate_authorize_batch_requests", Kind::Histogram(REQUESTS), "Requests that were settled together";
    AUTHORIZE_BATCH_SECONDS = "tollgate_authorize_batch_seconds", Kind::Histogram(SECONDS_OF_CALLS), "Seconds that settling them took, its transaction included";
    AUTHORIZE_BOOKS_AWAY = "tollgate_authorize_books_away", Kind::Gauge, "1 = the books cannot be reached, calls go as their groups and the setting authorize.outage say";
    AUTHORIZE_TAKEN_BACK = "tollgate_authorize_taken_back_total", Kind::Counter, "Grants that no switch heard of and that were taken back";
    AUTHORIZE_NOTES_LOST = "tollgate_authorize_notes_lost_total", Kind::Counter, "Notes of refused calls that were thrown away";
    HTTP_REQUESTS = "tollgate_http_requests_total", Kind::Counter, "Answered requests by route (its template; - = none), method and status";
    HTTP_SECONDS = "tollgate_http_seconds", Kind::Histogram(SECONDS), "Seconds to the answer, by route and method";
    POOL_CONNECTIONS = "tollgate_pool_connections", Kind::Gauge, "Connections to Postgres, by pool (rooms, lists, calls) and state: busy, idle";
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    const ROOT: &str = env!("CARGO_MANIFEST_DIR");

    fn read(path: &str) -> String {
        std::fs::read_to_string(Path::new(ROOT).join("../deploy").join(path)).unwrap()
    }

    fn all() -> BTreeSet<String> {
        ALL.iter().map(|meter| meter.name.to_owned()).collect()
    }

    /// Words of a text that are names of figures; the series of a histogram are named after it.
    fn named(text: &str) -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let base = |word: &str| {
            let series = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| word.strip_suffix(end));
            let is_histogram =
                |name: &&str| ALL.iter().any(|meter| meter.name == *name && matches!(meter.kind, Kind::Histogram(_)));
            series.filter(is_histogram).unwrap_or(word).to_owned()
        };
        words.filter(|word| word.starts_with("tollgate_")).map(base).collect()
    }

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

    /// What the sources count, each with the macro of its kind, is the list.
    #[test]
    fn the_list_is_what_is_counted() {
        let constants: BTreeMap<&str, &str> = include_str!("meters.rs")
            .lines()
            .filter_map(|line| line.trim().split_once(" = \"tollgate_"))
            .map(|(constant, rest)| (constant, &rest[..rest.find('"').unwrap()]))
            .collect();
        let mut texts = Vec::new();
        sources(&Path::new(ROOT).join("src"), &mut texts);
        let mut counted = BTreeSet::new();
        for text in &texts {
            for kind in ["counter", "gauge", "histogram"] {
                for (at, opening) in text.match_indices(&format!("metrics::{kind}!(")) {
                    let argument = text[at + opening.len()..].split([',', ')']).next().unwrap().trim();
                    let name = format!("tollgate_{}", constants[argument.rsplit("::").next().unwrap()]);
                    let meter = ALL.iter().find(|meter| meter.name == name).unwrap();
                    let own = match meter.kind {
                        Kind::Counter => "counter",
                        Kind::Gauge => "gauge",
                        Kind::Histogram(_) => "histogram",
                    };
                    assert_eq!(own, kind, "{name}");
                    counted.insert(name);
                }
            }
        }
        assert_eq!(counted, all());
    }

    /// Dashboard and alarms name figures that exist, and leave none out.
    #[test]
    fn what_is_counted_is_shown_or_watched() {
        let dashboard: serde_json::Value = serde_json::from_str(&read("grafana/admin-api.json")).unwrap();
        let mut shown = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let found = named(target["expr"].as_str().unwrap());
                assert!(!found.is_empty(), "{}", panel["title"]);
                shown.extend(found);
            }
        }
        let alarms: String =
            read("prometheus/admin-api.yaml").lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        shown.extend(named(&alarms));
        assert_eq!(shown, all());
    }

    /// Each alarm has both languages and a remedy.
    #[test]
    fn alarms_are_whole() {
        let text = read("prometheus/admin-api.yaml");
        let rules: Vec<&str> = text.split("      - alert: ").skip(1).collect();
        assert!(rules.len() > 5);
        for rule in rules {
            for part in ["expr: ", "for: ", "severity: ", "summary: ", "summary_ru: ", "remedy: ", "remedy_ru: "] {
                let lines = rule.lines().filter(|line| line.trim_start().starts_with(part));
                assert_eq!(lines.count(), 1, "{part} {rule}");
            }
        }
    }
}
