//! Calls as canonical JSON.
//!
//! **Owns:** the canonical bytes, stamps, and which format a source writes. **Does not own:** FreeSWITCH and Asterisk (`encode_foreign`).
//! **Always:** one line of bytes; a null is written or left out, which must make no difference.

use std::io::Write as _;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};

use super::call::Call;
use super::encode_foreign::{asterisk, freeswitch};
use super::model::Source;
use super::rng::Rng;

const NEVER_FAILS: &str = "writing into a vector does not fail";
const MOSCOW_MS: i64 = 3 * 3_600_000;

/// How the times of a record are written.
#[derive(Debug, Clone, Copy)]
enum Stamps {
    Utc,
    Moscow,
    EpochMs,
}

/// Writes the call as its source would.
pub(super) fn encode(call: &Call<'_>, source: &Source, rng: &mut Rng) -> Vec<u8> {
    match source.format.as_str() {
        "freeswitch" => freeswitch(call, rng),
        "asterisk" => asterisk(call, source.zone, rng),
        _ => canonical(call, &source.code, rng),
    }
}

fn canonical(call: &Call<'_>, source: &str, rng: &mut Rng) -> Vec<u8> {
    let stamps = match rng.below(10) {
        0 => Stamps::Moscow,
        1 => Stamps::EpochMs,
        _ => Stamps::Utc,
    };
    let mut out = Vec::with_capacity(512);
    let direction = if call.service.is_received() { "in" } else { "out" };
    write!(
        out,
        r#"{{"cdr_id":"{}","source":"{source}","leg":{},"sequence":{},"final":{}"#,
        call.cdr_id, call.leg, call.sequence, call.is_final
    )
    .expect(NEVER_FAILS);
    write!(out, r#","call_id":"x-{:x}""#, rng.below(1 << 40)).expect(NEVER_FAILS);
    let writes_nulls = rng.chance(2, 3);
    if call.account.is_some() || writes_nulls {
        text(&mut out, "account", call.account);
    }
    text(&mut out, "src", Some(&call.src));
    text(&mut out, "dst", Some(&call.dst));
    write!(out, r#","service":"{}","direction":"{direction}""#, call.service.word()).expect(NEVER_FAILS);
    time(&mut out, "setup_at", Some(call.setup_ms), stamps);
    time(&mut out, "answer_at", call.answer_ms, stamps);
    time(&mut out, "end_at", Some(call.end_ms), stamps);
    match call.billable_ms {
        Some(milliseconds) => write!(out, r#","billable_ms":{milliseconds}"#).expect(NEVER_FAILS),
        None if rng.chance(1, 2) => out.extend_from_slice(br#","billable_ms":null"#),
        None => {}
    }
    match call.quantity {
        Some(quantity) => write!(out, r#","quantity":{quantity}"#).expect(NEVER_FAILS),
        None if writes_nulls && rng.chance(1, 10) => out.extend_from_slice(br#","quantity":null"#),
        None => {}
    }
    write!(out, r#","disposition":"{}","release_cause":"{}""#, call.disposition.word(), call.disposition.cause())
        .expect(NEVER_FAILS);
    for (name, trunk) in [("trunk_in", call.trunk_in), ("trunk_out", call.trunk_out)] {
        if trunk.is_some() || writes_nulls {
            text(&mut out, name, trunk);
        }
    }
    extras(&mut out, call, rng);
    out.push(b'}');
    if rng.chance(1, 100) { reordered(&out).unwrap_or(out) } else { out }
}

/// The object `ext`: what no other field holds.
fn extras(out: &mut Vec<u8>, call: &Call<'_>, rng: &mut Rng) {
    let named = [
        ("forwarded_from", call.forwarded_from.as_deref()),
        ("incoming_service", call.incoming_service),
        ("place", call.place),
    ];
    let codec = rng.chance(1, 4).then_some("PCMA");
    let fields = named
        .into_iter()
        .filter(|(_, value)| value.is_some() || rng.chance(1, 10))
        .chain(codec.map(|codec| ("codec", Some(codec))));
    out.extend_from_slice(br#","ext":{"#);
    let start = out.len();
    for (name, value) in fields {
        text(out, name, value);
    }
    // Every field is written with a comma before it.
    if out.get(start) == Some(&b',') {
        out.remove(start);
    }
    out.push(b'}');
}

/// The same record with its fields in another order and with spaces; the identity stays first.
fn reordered(record: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(record).ok()?.strip_suffix('}')?;
    let place = |field: &str| text.find(&format!(",\"{field}\":"));
    let (source, service, disposition) = (place("source")?, place("service")?, place("disposition")?);
    let identity = &text[..source];
    let (first, second, third) = (&text[source..service], &text[service..disposition], &text[disposition..]);
    Some(format!("{identity}{third}{second}{first} }}").replace(",\"", ", \"").into_bytes())
}

fn text(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    match value {
        Some(value) => write!(out, r#","{name}":"{value}""#).expect(NEVER_FAILS),
        None => write!(out, r#","{name}":null"#).expect(NEVER_FAILS),
    }
}

fn time(out: &mut Vec<u8>, name: &str, at_ms: Option<i64>, stamps: Stamps) {
    let Some(at_ms) = at_ms else { return text(out, name, None) };
    match stamps {
        Stamps::EpochMs => write!(out, r#","{name}":{at_ms}"#).expect(NEVER_FAILS),
        Stamps::Utc => {
            write!(out, r#","{name}":"{}.{:03}Z""#, Stamp(at_ms), at_ms.rem_euclid(1_000)).expect(NEVER_FAILS);
        }
        Stamps::Moscow => {
            write!(out, r#","{name}":"{}.{:03}+03:00""#, Stamp(at_ms + MOSCOW_MS), at_ms.rem_euclid(1_000))
                .expect(NEVER_FAILS);
        }
    }
}

/// A moment as `2026-11-01T10:00:00`: quicker than the formatter of `chrono`.
struct Stamp(i64);

impl std::fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = DateTime::from_timestamp_millis(self.0).unwrap_or_default().naive_utc();
        stamp(formatter, &at, 'T')
    }
}

/// Writes date and time to the second.
pub(super) fn stamp(out: &mut impl std::fmt::Write, at: &NaiveDateTime, between: char) -> std::fmt::Result {
    write!(
        out,
        "{:04}-{:02}-{:02}{between}{:02}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
