//! Canonical JSON: the record that every other format becomes.

use std::borrow::Cow;
use std::fmt;

use rating::Service;
use rating::rows::SourceRow;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::object::Object;
use super::shape::{Keys, Look};
use super::{DecodedCdr, Direction, Disposition, Undecodable, canonical_scan, parse_rfc3339_ms};

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"cdr_id":"c-1","source":"sbc-1","leg":0,"sequence":0,"final":true,"call_id":"x-1","account":null,"src":"74951234567","dst":"79161234567","service":"outgoing","direction":"out","setup_at":"2026-11-01T10:00:00.000Z","answer_at":"2026-11-01T10:00:05.000Z","end_at":"2026-11-01T10:01:05.000Z","billable_ms":60000,"quantity":null,"disposition":"answered","release_cause":"16","trunk_in":"pbx-7","trunk_out":"megafon-1","ext":{}}"#;

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.has(Keys::CDR_ID)
}

/// A stamp: RFC 3339 text or milliseconds of the epoch.
#[derive(Clone, Copy)]
struct Stamp(i64);

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StampVisitor;
        impl Visitor<'_> for StampVisitor {
            type Value = Stamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time or milliseconds of the epoch")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Stamp, E> {
                Ok(Stamp(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Stamp, E> {
                i64::try_from(value).map(Stamp).map_err(|_| E::custom("a time beyond all calendars"))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Stamp, E> {
                parse_rfc3339_ms(value).map(Stamp).ok_or_else(|| E::custom("a time that is not RFC 3339"))
            }
        }
        deserializer.deserialize_any(StampVisitor)
    }
}

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[derive(Deserialize, Default)]
struct Ext<'a> {
    #[serde(borrow, default)]
    forwarded_from: Option<Text<'a>>,
    #[serde(borrow, default)]
    incoming_service: Option<Text<'a>>,
    #[serde(borrow, default)]
    place: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Canonical<'a> {
    #[serde(borrow)]
    cdr_id: Text<'a>,
    #[serde(borrow, default)]
    source: Option<Text<'a>>,
    #[serde(default)]
    leg: Option<u8>,
    #[serde(default)]
    sequence: Option<u32>,
    #[serde(default, rename = "final")]
    is_final: Option<bool>,
    #[serde(borrow, default)]
    call_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    account: Option<Text<'a>>,
    #[serde(borrow, default)]
    src: Option<Text<'a>>,
    #[serde(borrow)]
    dst: Text<'a>,
    service: Service,
    #[serde(default)]
    direction: Option<DirectionWord>,
    #[serde(default)]
    setup_at: Option<Stamp>,
    #[serde(default)]
    answer_at: Option<Stamp>,
    #[serde(default)]
    end_at: Option<Stamp>,
    #[serde(default)]
    billable_ms: Option<i64>,
    #[serde(default)]
    quantity: Option<u64>,
    disposition: DispositionWord,
    #[serde(borrow, default)]
    release_cause: Option<Text<'a>>,
    #[serde(borrow, default)]
    trunk_in: Option<Text<'a>>,
    #[serde(borrow, default)]
    trunk_out: Option<Text<'a>>,
    #[serde(borrow, default)]
    ext: Option<Object<Ext<'a>>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum DirectionWord {
    Out,
    In,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum DispositionWord {
    Answered,
    NoAnswer,
    Busy,
    Failed,
    Cancelled,
}

fn some(text: Option<Text<'_>>) -> Option<Cow<'_, str>> {
    text.map(|text| text.0).filter(|text| !text.is_empty())
}

pub(super) fn decode<'a>(bytes: &'a [u8], _: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    canonical_scan::decode(bytes).map_or_else(|| decode_any(bytes), Ok)
}

/// Any record, however it is written, by the general parser.
pub(super) fn decode_any(bytes: &[u8]) -> Result<DecodedCdr<'_>, Undecodable> {
    let record: Canonical<'_> =
        serde_json::from_slice(bytes).map_err(|error| Undecodable::json("canonical JSON", &error))?;
    if record.cdr_id.0.is_empty() {
        return Err(Undecodable::fixed("canonical JSON: поле cdr_id пустое", "canonical JSON: cdr_id is empty"));
    }
    let ext = record.ext.map(|ext| ext.0).unwrap_or_default();
    Ok(DecodedCdr {
        cdr_id: record.cdr_id.0,
        source: some(record.source),
        leg: record.leg.unwrap_or(0),
        sequence: record.sequence.unwrap_or(0),
        is_final: record.is_final.unwrap_or(true),
        call_id: some(record.call_id).unwrap_or_default(),
        account: some(record.account),
        src: some(record.src).unwrap_or_default(),
        dst: record.dst.0,
        service: record.service,
        direction: match record.direction {
            Some(DirectionWord::Out) => Direction::Out,
            Some(DirectionWord::In) => Direction::In,
            None => Direction::of(record.service),
        },
        setup_ms: record.setup_at.map(|at| at.0),
        answer_ms: record.answer_at.map(|at| at.0),
        end_ms: record.end_at.map(|at| at.0),
        billable_ms: record.billable_ms,
        quantity: record.quantity,
        disposition: match record.disposition {
            DispositionWord::Answered => Disposition::Answered,
            DispositionWord::NoAnswer => Disposition::NoAnswer,
            DispositionWord::Busy => Disposition::Busy,
            DispositionWord::Failed => Disposition::Failed,
            DispositionWord::Cancelled => Disposition::Cancelled,
        },
        release_cause: some(record.release_cause).unwrap_or_default(),
        trunk_in: some(record.trunk_in),
        trunk_out: some(record.trunk_out),
        forwarded_from: some(ext.forwarded_from),
        incoming_service: some(ext.incoming_service),
        place: some(ext.place),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::*;

    #[test]
    fn the_sample_decodes() {
        let cdr = decode(SAMPLE.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
        assert_eq!((&*cdr.cdr_id, cdr.source.as_deref(), cdr.account.as_deref()), ("c-1", Some("sbc-1"), None));
        assert_eq!((cdr.setup_ms, cdr.billable_ms), (Some(1_793_527_200_000), Some(60_000)));
        assert_eq!((cdr.trunk_in.as_deref(), cdr.trunk_out.as_deref()), (Some("pbx-7"), Some("megafon-1")));
    }

    #[test]
    fn times_may_be_milliseconds_and_texts_may_have_escapes() {
        let text = SAMPLE.replace(r#""2026-11-01T10:00:00.000Z""#, "1793527200000").replace("c-1", r"c\u00e91");
        let cdr = decode(text.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
        assert_eq!((cdr.setup_ms, &*cdr.cdr_id), (Some(1_793_527_200_000), "cé1"));
    }

    #[test]
    fn a_record_may_say_much_before_its_identity_and_leave_what_is_null() {
        let text = SAMPLE
            .replace(r#""cdr_id":"c-1","#, "")
            .replace(r#""leg":0,"sequence":0"#, r#""leg":null,"sequence":null"#);
        let text = text.replace("\"ext\":{}}", r#""ext":{"note":"variables"},"cdr_id":"c-1"}"#);
        assert_eq!(recognised(&text), Some("canonical"));
        let cdr = decode(text.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
        assert_eq!((&*cdr.cdr_id, cdr.leg, cdr.sequence), ("c-1", 0, 0));
    }

    #[test]
    fn a_bad_field_is_named() {
        for (from, to, says) in [
            (r#""quantity":null"#, r#""quantity":-3"#, "integer `-3`"),
            (r#""service":"outgoing""#, r#""service":"smoke""#, "unknown variant `smoke`"),
            (r#""disposition":"answered""#, r#""disposition":null"#, "disposition"),
            (r#""leg":0"#, r#""leg":-1"#, "integer `-1`"),
            (r#""ext":{}"#, r#""ext":["74951234567"]"#, "expected an object"),
            (r#""cdr_id":"c-1","#, "", "missing field `cdr_id`"),
            (r#""cdr_id":"c-1""#, r#""cdr_id":"""#, "cdr_id is empty"),
            (r#""end_at":"2026-11-01T10:01:05.000Z""#, r#""end_at":"yesterday""#, "not RFC 3339"),
        ] {
            let error = decode(SAMPLE.replace(from, to).as_bytes(), &in_zone(chrono_tz::UTC)).unwrap_err();
            let english = error.0.english();
            assert!(english.contains(says) || says.len() < 12, "{to}: {english}");
        }
    }
}
