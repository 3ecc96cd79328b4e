//! Asterisk `cdr_custom` with `format = json`: one flat object a call, its keys the fields that its configuration lists.

use std::borrow::Cow;

use rating::Service;
use rating::rows::SourceRow;

use super::asterisk::{disposition, trunk};
use super::faults::{NUMBER, TIME};
use super::flat::Flat;
use super::shape::{Keys, Look};
use super::time::{parse_any_ms, seconds_to_ms};
use super::{DecodedCdr, Direction, Disposition, Undecodable};

const FORMAT: &str = "Asterisk JSON";

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"clid":"\"Anna\" <84951234567>","src":"84951234567","dst":"89161234567","dcontext":"outgoing","channel":"PJSIP/pbx-7-00000001","dstchannel":"PJSIP/megafon-1-00000002","lastapp":"Dial","lastdata":"PJSIP/89161234567@megafon-1","start":"2026-11-01 13:00:00","answer":"2026-11-01 13:00:05","end":"2026-11-01 13:01:05","duration":65,"billsec":60,"disposition":"ANSWERED","amaflags":"DOCUMENTATION","accountcode":"A0000001","peeraccount":"","uniqueid":"1793527200.7","linkedid":"1793527199.6","userfield":"","sequence":12}"#;

const KEYS: [&str; 15] = [
    "src",
    "dst",
    "dcontext",
    "channel",
    "dstchannel",
    "start",
    "answer",
    "end",
    "billsec",
    "disposition",
    "accountcode",
    "uniqueid",
    "linkedid",
    "sequence",
    "peeraccount",
];

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.has(Keys::OF_ASTERISK)
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let mut record = Flat::of(bytes, &KEYS, source.identify.field.as_deref(), FORMAT)?;
    let stamp = |text: &str, name: &str| match text {
        "" | "0" | "0.0" => Ok(None),
        text => parse_any_ms(text, source.zone).map(Some).ok_or_else(|| Undecodable::field(FORMAT, name, text, TIME)),
    };
    if record.get(9).is_empty() {
        return Err(Undecodable::fixed(
            "Asterisk JSON: нет поля disposition; добавьте его в fields в cdr_custom.conf",
            "Asterisk JSON: no disposition; add it to fields in cdr_custom.conf",
        ));
    }
    let disposition = disposition(FORMAT, record.get(9))?;
    let billable_ms = match record.get(8) {
        "" => None,
        text => Some(seconds_to_ms(text).ok_or_else(|| Undecodable::field(FORMAT, "billsec", text, NUMBER))?),
    };
    let service: Service = record.get(2).parse().unwrap_or(Service::Outgoing);
    let direction = Direction::of(service);
    let (setup_ms, answer_ms, end_ms) =
        (stamp(record.get(5), "start")?, stamp(record.get(6), "answer")?, stamp(record.get(7), "end")?);
    let (trunk_in, trunk_out) = match direction {
        Direction::In => (channel_trunk(record.take(3)), None),
        Direction::Out => (None, channel_trunk(record.take(4))),
    };
    let own = record.account();
    let usual = record.first(&[10]);
    let unique = record.take(11);
    Ok(DecodedCdr {
        call_id: record.some(12).unwrap_or_else(|| unique.clone()),
        cdr_id: identity(unique, record.get(13)),
        account: if source.identify.field.is_some() { own } else { usual },
        src: record.take(0),
        dst: record.take(1),
        setup_ms,
        answer_ms,
        end_ms,
        billable_ms: billable_ms.filter(|_| disposition == Disposition::Answered),
        disposition,
        release_cause: record.take(9),
        trunk_in,
        trunk_out,
        ..DecodedCdr::of(service)
    })
}

/// Records of one channel differ in their sequence, which is no part of a long call.
fn identity<'a>(unique: Cow<'a, str>, sequence: &str) -> Cow<'a, str> {
    if unique.is_empty() || sequence.is_empty() { unique } else { Cow::Owned(format!("{unique}/{sequence}")) }
}

fn channel_trunk(channel: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match channel {
        Cow::Borrowed(channel) => trunk(channel).map(Cow::Borrowed),
        Cow::Owned(channel) => trunk(&channel).map(|trunk| Cow::Owned(trunk.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::*;

    fn read(text: &str) -> Result<DecodedCdr<'_>, String> {
        decode(text.as_bytes(), &in_zone(chrono_tz::Europe::Moscow)).map_err(|error| error.0.english().to_owned())
    }

    #[test]
    fn the_sample_decodes() {
        assert_eq!(recognised(SAMPLE), Some("asterisk_json"));
        let cdr = read(SAMPLE).unwrap();
        assert_eq!(
            (&*cdr.cdr_id, &*cdr.call_id, cdr.account.as_deref()),
            ("1793527200.7/12", "1793527199.6", Some("A0000001"))
        );
        assert_eq!((cdr.sequence, cdr.is_final, cdr.service), (0, true, Service::Outgoing));
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.end_ms, cdr.billable_ms),
            (Some(1_793_527_200_000), Some(1_793_527_205_000), Some(1_793_527_265_000), Some(60_000))
        );
        assert_eq!((cdr.trunk_in, cdr.trunk_out.as_deref()), (None, Some("megafon-1")));
    }

    /// The same moments however the fields are formatted.
    #[test]
    fn stamps_may_be_texts_numbers_and_texts_with_an_offset() {
        for answer in ["1793527205", "1793527205.0", r#""2026-11-01T13:00:05+0300""#, r#""2026-11-01T10:00:05Z""#] {
            let text = SAMPLE.replace(r#""2026-11-01 13:00:05""#, answer).replace("\"billsec\":60", "\"billsec\":60.4");
            let cdr = read(&text).unwrap();
            assert_eq!((cdr.answer_ms, cdr.billable_ms), (Some(1_793_527_205_000), Some(60_400)), "{answer}");
        }
    }

    /// as text | as number | disposition
    #[test]
    fn attempts() {
        for (word, number, disposition) in [
            ("NO ANSWER", 0, Disposition::NoAnswer),
            ("BUSY", 4, Disposition::Busy),
            ("FAILED", 2, Disposition::Failed),
            ("CONGESTION", 16, Disposition::Failed),
        ] {
            let text = SAMPLE.replace(r#""2026-11-01 13:00:05""#, r#""""#).replace("\"billsec\":60", "\"billsec\":0");
            for ended in [format!("\"{word}\""), number.to_string()] {
                let text = text.replace("\"ANSWERED\"", &ended);
                let cdr = read(&text).unwrap();
                assert_eq!((cdr.disposition, cdr.answer_ms, cdr.billable_ms), (disposition, None, None), "{ended}");
            }
        }
    }

    #[test]
    fn the_source_says_which_key_is_the_account() {
        let mut source = in_zone(chrono_tz::UTC);
        source.identify.field = Some("peeraccount".into());
        let text = SAMPLE.replace(r#""peeraccount":"""#, r#""peeraccount":"A0000005""#);
        assert_eq!(decode(text.as_bytes(), &source).unwrap().account.as_deref(), Some("A0000005"));
        assert_eq!(decode(SAMPLE.as_bytes(), &source).unwrap().account, None);
    }

    #[test]
    fn a_bad_field_is_named() {
        for (from, to, says) in [
            ("ANSWERED", "EATEN", "unknown disposition `EATEN`"),
            ("\"ANSWERED\"", "null", "add it to fields in cdr_custom.conf"),
            ("\"billsec\":60", "\"billsec\":\"x\"", "billsec `x` is not a number"),
            ("2026-11-01 13:00:05", "noon", "answer `noon` is not a time"),
            ("\"src\":\"84951234567\"", "\"src\":{}", "map under `src`"),
        ] {
            let error = read(&SAMPLE.replace(from, to)).unwrap_err();
            assert!(error.contains(says), "{to}: {error}");
        }
    }
}
