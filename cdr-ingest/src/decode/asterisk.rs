//! Asterisk `Master.csv`: one CSV line a call, stamps on the wall clock of the switch.

use std::borrow::Cow;

use rating::Service;

use super::time::parse_local_ms;
use super::{DecodedCdr, Direction, Disposition, Undecodable, first_byte};

#[cfg(test)]
pub(super) const SAMPLE: &str = r#""A0000001","84951234567","89161234567","outgoing","""Alice"" <84951234567>","SIP/pbx-7-0001","SIP/megafon-1-0002","Dial","SIP/megafon-1/89161234567","2026-11-01 13:00:00","2026-11-01 13:00:05","2026-11-01 13:01:05",65,60,"ANSWERED","DOCUMENTATION","1793527200.1","""#;

/// accountcode .. amaflags; uniqueid and userfield may follow.
const FIELDS_MIN: usize = 16;

pub(super) fn recognises(bytes: &[u8]) -> bool {
    !matches!(first_byte(bytes), None | Some(b'{' | b'['))
        && bytes.split(|byte| *byte == b',').take(FIELDS_MIN).count() == FIELDS_MIN
}

/// `megafon-1` of `SIP/megafon-1-0002`.
fn trunk(channel: &str) -> Option<String> {
    let (_, name) = channel.split_once('/')?;
    let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
    (!name.is_empty()).then(|| name.to_owned())
}

fn disposition(word: &str) -> Result<Disposition, Undecodable> {
    Ok(match word {
        "ANSWERED" => Disposition::Answered,
        "NO ANSWER" => Disposition::NoAnswer,
        "BUSY" => Disposition::Busy,
        "FAILED" | "CONGESTION" => Disposition::Failed,
        other => return Err(Undecodable(format!("Asterisk CSV: unknown disposition `{}`", crate::text::clean(other)))),
    })
}

pub(super) fn decode(bytes: &[u8], zone: chrono_tz::Tz) -> Result<DecodedCdr<'_>, Undecodable> {
    let mut record = csv::StringRecord::new();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(bytes.len().max(1))
        .from_reader(bytes);
    let found =
        reader.read_record(&mut record).map_err(|_| Undecodable("Asterisk CSV: the line is not UTF-8".into()))?;
    if !found || record.len() < FIELDS_MIN || record.len() > FIELDS_MIN + 2 {
        return Err(Undecodable(format!("Asterisk CSV: {} fields instead of 16 to 18", record.len())));
    }
    let field = |index: usize| record.get(index).unwrap_or_default();
    let owned = |index: usize| Cow::<str>::Owned(field(index).to_owned());
    let stamp = |index: usize, name: &str| match field(index) {
        "" => Ok(None),
        text => parse_local_ms(text, zone)
            .map(Some)
            .ok_or_else(|| Undecodable(format!("Asterisk CSV: {name} is not a time"))),
    };
    let seconds = field(13).parse::<i64>().map_err(|_| Undecodable("Asterisk CSV: billsec is not a number".into()))?;
    let service: Service = field(3).parse().unwrap_or(Service::Outgoing);
    let direction = Direction::of(service);
    let trunk = |index| trunk(field(index)).map(Cow::Owned);
    let disposition = disposition(field(14))?;
    Ok(DecodedCdr {
        cdr_id: owned(16),
        source: None,
        leg: 0,
        sequence: 0,
        is_final: true,
        call_id: owned(16),
        account: Some(owned(0)).filter(|code| !code.is_empty()),
        src: owned(1),
        dst: owned(2),
        service,
        direction,
        setup_ms: stamp(9, "start")?,
        answer_ms: stamp(10, "answer")?,
        end_ms: stamp(11, "end")?,
        billable_ms: (disposition == Disposition::Answered).then_some(seconds.saturating_mul(1000)),
        disposition,
        release_cause: owned(14),
        trunk_in: if direction == Direction::In { trunk(5) } else { None },
        trunk_out: if direction == Direction::Out { trunk(6) } else { None },
        forwarded_from: None,
        incoming_service: None,
        place: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_decodes() {
        assert!(recognises(SAMPLE.as_bytes()));
        let cdr = decode(SAMPLE.as_bytes(), chrono_tz::Europe::Moscow).unwrap();
        assert_eq!(
            (&*cdr.cdr_id, cdr.account.as_deref(), cdr.service),
            ("1793527200.1", Some("A0000001"), Service::Outgoing)
        );
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.billable_ms),
            (Some(1_793_527_200_000), Some(1_793_527_205_000), Some(60_000))
        );
        assert_eq!((cdr.trunk_in, cdr.trunk_out.as_deref()), (None, Some("megafon-1")));
    }

    #[test]
    fn a_bad_field_is_named() {
        for (from, to, says) in [
            ("ANSWERED", "EATEN", "unknown disposition `EATEN`"),
            ("65,60", "65,x", "billsec is not a number"),
            ("2026-11-01 13:00:05", "noon", "answer is not a time"),
            (r#","SIP/pbx-7-0001""#, "", ""),
        ] {
            let error = decode(SAMPLE.replace(from, to).as_bytes(), chrono_tz::UTC).unwrap_err();
            assert!(error.0.contains(says), "{}", error.0);
        }
    }
}
