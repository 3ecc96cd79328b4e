//! Asterisk `Master.csv`: one CSV line a call, stamps on the wall clock of the switch.

use std::borrow::Cow;
use std::cell::RefCell;

use csv_core::ReadRecordResult;
use rating::Service;

use super::time::parse_local_ms;
use super::{DecodedCdr, Direction, Disposition, Undecodable, clean, first_byte};

#[cfg(test)]
pub(super) const SAMPLE: &str = r#""A0000001","84951234567","89161234567","outgoing","""Alice"" <84951234567>","SIP/pbx-7-0001","SIP/megafon-1-0002","Dial","SIP/megafon-1/89161234567","2026-11-01 13:00:00","2026-11-01 13:00:05","2026-11-01 13:01:05",65,60,"ANSWERED","DOCUMENTATION","1793527200.1","""#;

/// accountcode .. amaflags; uniqueid and userfield may follow.
const FIELDS_MIN: usize = 16;
const FIELDS_MAX: usize = 18;

/// Splits the first line into fields, quotes undone: their texts one after another in `text`, which is longer than the line, their ends in `ends`. Returns
/// how many there are; more than fit are counted as one too many.
fn split(line: &[u8], text: &mut [u8], ends: &mut [usize; FIELDS_MAX + 1]) -> usize {
    thread_local! {
        /// The tables of the parser take longer to build than a line to read.
        static PARSER: RefCell<csv_core::Reader> = RefCell::new(csv_core::Reader::new());
    }
    PARSER.with_borrow_mut(|parser| {
        parser.reset();
        let (mut read, mut written, mut fields) = (0, 0, 0);
        loop {
            let (result, more_read, more_written, more_fields) =
                parser.read_record(&line[read..], &mut text[written..], &mut ends[fields..]);
            (read, written, fields) = (read + more_read, written + more_written, fields + more_fields);
            // At the end of the line it is asked once more, with nothing, and closes the last field.
            if !matches!(result, ReadRecordResult::InputEmpty) {
                return fields;
            }
        }
    })
}

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
        other => {
            let word = clean(other);
            return Err(Undecodable::new(
                format!("Asterisk CSV: disposition `{word}` неизвестно"),
                format!("Asterisk CSV: unknown disposition `{word}`"),
            ));
        }
    })
}

pub(super) fn decode(bytes: &[u8], zone: chrono_tz::Tz) -> Result<DecodedCdr<'_>, Undecodable> {
    let mut text = vec![0; bytes.len() + 1];
    let mut ends = [0; FIELDS_MAX + 1];
    let count = split(bytes, &mut text, &mut ends);
    if !(FIELDS_MIN..=FIELDS_MAX).contains(&count) {
        return Err(Undecodable::new(
            format!("Asterisk CSV: полей {count}, а должно быть от 16 до 18"),
            format!("Asterisk CSV: {count} fields instead of 16 to 18"),
        ));
    }
    let text = std::str::from_utf8(&text[..ends[count - 1]])
        .map_err(|_| Undecodable::fixed("Asterisk CSV: строка не в UTF-8", "Asterisk CSV: the line is not UTF-8"))?;
    let field = |index: usize| {
        let start = if index == 0 { 0 } else { ends[index - 1] };
        if index < count { text.get(start..ends[index]).unwrap_or_default() } else { "" }
    };
    let owned = |index: usize| Cow::<str>::Owned(field(index).to_owned());
    let stamp = |index: usize, name: &str| match field(index) {
        "" => Ok(None),
        text => parse_local_ms(text, zone).map(Some).ok_or_else(|| {
            Undecodable::new(format!("Asterisk CSV: {name} — не время"), format!("Asterisk CSV: {name} is not a time"))
        }),
    };
    let seconds = field(13)
        .parse::<i64>()
        .map_err(|_| Undecodable::fixed("Asterisk CSV: billsec — не число", "Asterisk CSV: billsec is not a number"))?;
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
        quantity: None,
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
            assert!(error.0.english().contains(says), "{}", error.0);
        }
    }

    /// Lines one after another on one thread, some of them broken in the middle of a quote.
    #[test]
    fn a_line_leaves_nothing_to_the_next() {
        for _ in 0..3 {
            let broken = SAMPLE.replace("\"ANSWERED\"", "\"ANSWERED");
            assert!(decode(broken.as_bytes(), chrono_tz::UTC).is_err());
            assert!(decode(SAMPLE.as_bytes(), chrono_tz::UTC).is_ok());
            let many = format!("{SAMPLE},a,b,c,d");
            assert!(decode(many.as_bytes(), chrono_tz::UTC).unwrap_err().0.english().contains("19 fields"));
        }
    }
}
