//! Asterisk `Master.csv`: one CSV line a call, stamps on the wall clock of the switch.

use std::borrow::Cow;

use rating::Service;
use rating::rows::SourceRow;

use super::csv_line::Fields;
use super::shape::Look;
use super::time::parse_local_ms;
use super::{DecodedCdr, Direction, Disposition, Undecodable, account_field, clean, line};

const FORMAT: &str = "Asterisk CSV";

#[cfg(test)]
pub(super) const SAMPLE: &str = r#""A0000001","84951234567","89161234567","outgoing","""Alice"" <84951234567>","SIP/pbx-7-0001","SIP/megafon-1-0002","Dial","SIP/megafon-1/89161234567","2026-11-01 13:00:00","2026-11-01 13:00:05","2026-11-01 13:01:05",65,60,"ANSWERED","DOCUMENTATION","1793527200.1","""#;

/// accountcode .. amaflags; uniqueid and userfield may follow.
const FIELDS_MIN: usize = 16;
const FIELDS_MAX: usize = 18;

/// Fields that may name the account, the usual one first.
pub(super) const ACCOUNT_FIELDS: &[&str] = &["accountcode", "userfield", "dcontext"];

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.line().is_some_and(|line| line.count() >= FIELDS_MIN)
}

/// `megafon-1` of `SIP/megafon-1-0002`.
pub(super) fn trunk(channel: &str) -> Option<&str> {
    let (_, name) = channel.split_once('/')?;
    let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
    (!name.is_empty()).then_some(name)
}

/// A disposition by its name, or by its number in Asterisk.
pub(super) fn disposition(format: &str, word: &str) -> Result<Disposition, Undecodable> {
    Ok(match word {
        "ANSWERED" | "8" => Disposition::Answered,
        "NO ANSWER" | "0" => Disposition::NoAnswer,
        "BUSY" | "4" => Disposition::Busy,
        "FAILED" | "CONGESTION" | "2" | "16" => Disposition::Failed,
        other => {
            let word = clean(other);
            return Err(Undecodable::new(
                format!("{format}: disposition `{word}` неизвестно"),
                format!("{format}: unknown disposition `{word}`"),
            ));
        }
    })
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let fields: Fields<'a, FIELDS_MAX> = line(bytes, FORMAT)?;
    let count = fields.count();
    if !(FIELDS_MIN..=FIELDS_MAX).contains(&count) {
        return Err(Undecodable::new(
            format!("{FORMAT}: полей {count}, а должно быть от {FIELDS_MIN} до {FIELDS_MAX}"),
            format!("{FORMAT}: {count} fields instead of {FIELDS_MIN} to {FIELDS_MAX}"),
        ));
    }
    let stamp = |index: usize, name: &str| match fields.raw(index) {
        "" => Ok(None),
        text => parse_local_ms(text, source.zone).map(Some).ok_or_else(|| {
            Undecodable::new(format!("{FORMAT}: {name} — не время"), format!("{FORMAT}: {name} is not a time"))
        }),
    };
    let seconds = fields.raw(13).parse::<i64>().map_err(|_| {
        Undecodable::new(format!("{FORMAT}: billsec — не число"), format!("{FORMAT}: billsec is not a number"))
    })?;
    let service: Service = fields.raw(3).parse().unwrap_or(Service::Outgoing);
    let direction = Direction::of(service);
    let disposition = disposition(FORMAT, fields.raw(14))?;
    let trunk = |index| trunk(fields.raw(index)).map(Cow::Borrowed);
    Ok(DecodedCdr {
        cdr_id: fields.get(16),
        call_id: fields.get(16),
        account: fields.some([0, 17, 3][account_field(source, ACCOUNT_FIELDS)?]),
        src: fields.get(1),
        dst: fields.get(2),
        setup_ms: stamp(9, "start")?,
        answer_ms: stamp(10, "answer")?,
        end_ms: stamp(11, "end")?,
        billable_ms: (disposition == Disposition::Answered).then_some(seconds.saturating_mul(1000)),
        disposition,
        release_cause: fields.get(14),
        trunk_in: if direction == Direction::In { trunk(5) } else { None },
        trunk_out: if direction == Direction::Out { trunk(6) } else { None },
        ..DecodedCdr::of(service)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::*;

    #[test]
    fn the_sample_decodes() {
        assert_eq!(recognised(SAMPLE), Some("asterisk"));
        let cdr = decode(SAMPLE.as_bytes(), &in_zone(chrono_tz::Europe::Moscow)).unwrap();
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
            let error = decode(SAMPLE.replace(from, to).as_bytes(), &in_zone(chrono_tz::UTC)).unwrap_err();
            assert!(error.0.english().contains(says), "{}", error.0);
        }
    }

    #[test]
    fn a_broken_line_is_refused() {
        let broken = SAMPLE.replace("\"ANSWERED\"", "\"ANSWERED");
        for (line, says) in [
            (broken, "unknown disposition"),
            (format!("{SAMPLE},a,b,c,d"), "22 fields instead of 16 to 18"),
            (format!("{SAMPLE}\n{SAMPLE}"), "more than one line"),
        ] {
            let error = decode(line.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap_err();
            assert!(error.0.english().contains(says), "{}", error.0);
        }
        assert!(decode(format!("{SAMPLE}\r\n").as_bytes(), &in_zone(chrono_tz::UTC)).is_ok());
    }
}
