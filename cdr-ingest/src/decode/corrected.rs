//! A record with what a person corrected in it.
//!
//! Owns: how corrected fields replace those of the record.
//! Does not own: which fields there are (`billing::suspense::Correction`), who may correct.
//! Always: a field that was not corrected stays what the record says; the record's identity stays too.

use std::borrow::Cow;

use billing::suspense::Correction;
use rating::rows::SourceRow;

use super::{DecodedCdr, Direction, Disposition, Sources, Undecodable, decode};

/// Decodes a record and corrects it. The correction's own record and source, where it has them, stand for those of the message.
pub fn decode_corrected<'a, 's>(
    bytes: &'a [u8],
    header: Option<&str>,
    sources: &Sources<'s>,
    correction: &'a Correction,
) -> Result<(DecodedCdr<'a>, &'s SourceRow), Undecodable> {
    let bytes = correction.record.as_ref().map_or(bytes, |record| record.as_bytes());
    let (mut cdr, source) = decode(bytes, correction.source.as_deref().or(header), sources)?;
    correct(&mut cdr, correction)?;
    Ok((cdr, source))
}

fn correct<'a>(cdr: &mut DecodedCdr<'a>, correction: &'a Correction) -> Result<(), Undecodable> {
    let texts = [(&mut cdr.src, &correction.src), (&mut cdr.dst, &correction.dst)];
    for (field, value) in texts {
        if let Some(value) = value {
            *field = Cow::Borrowed(value);
        }
    }
    for (field, value) in [
        (&mut cdr.account, &correction.account),
        (&mut cdr.forwarded_from, &correction.forwarded_from),
        (&mut cdr.trunk_in, &correction.trunk_in),
        (&mut cdr.trunk_out, &correction.trunk_out),
    ] {
        if let Some(value) = value {
            *field = Some(Cow::Borrowed(value));
        }
    }
    for (field, value) in [
        (&mut cdr.setup_ms, correction.setup_at),
        (&mut cdr.answer_ms, correction.answer_at),
        (&mut cdr.end_ms, correction.end_at),
    ] {
        *field = value.map(|at| at.timestamp_millis()).or(*field);
    }
    cdr.billable_ms = correction.billable_ms.or(cdr.billable_ms);
    cdr.quantity = correction.quantity.or(cdr.quantity);
    if let Some(service) = &correction.service {
        cdr.service = service.parse().map_err(|()| unknown("service", service))?;
        cdr.direction = Direction::of(cdr.service);
    }
    if let Some(word) = &correction.disposition {
        cdr.disposition = Disposition::of_word(word).ok_or_else(|| unknown("disposition", word))?;
    }
    Ok(())
}

fn unknown(field: &str, word: &str) -> Undecodable {
    Undecodable::new(
        format!("исправление: {field} `{word}` неизвестно"),
        format!("correction: {field} `{word}` is not known"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rating::Service;

    #[test]
    fn corrected_fields_replace_those_of_the_record() {
        let fallback = super::super::tests::source("", "canonical");
        let sources = Sources::new(&[], &fallback);
        let record = br#"{"cdr_id":"1","src":"1","dst":"2","service":"outgoing","direction":"out","setup_at":5,"answer_at":null,"disposition":"busy","account":"a"}"#;
        let plain = decode(record, None, &sources).unwrap().0;
        let nothing = Correction::default();
        assert_eq!(decode_corrected(record, None, &sources, &nothing).unwrap().0, plain);
        let correction = Correction {
            dst: Some("79161234567".into()),
            service: Some("incoming".into()),
            answer_at: chrono::DateTime::from_timestamp_millis(7_000),
            disposition: Some("answered".into()),
            ..Correction::default()
        };
        let corrected = decode_corrected(record, None, &sources, &correction).unwrap().0;
        assert_eq!((&*corrected.src, &*corrected.dst, corrected.service), ("1", "79161234567", Service::Incoming));
        assert_eq!((corrected.direction, corrected.disposition), (Direction::In, Disposition::Answered));
        assert_eq!((corrected.setup_ms, corrected.answer_ms), (Some(5), Some(7_000)));
        assert_eq!((&*corrected.cdr_id, corrected.account.as_deref()), ("1", Some("a")));
        let wrong = Correction { disposition: Some("maybe".into()), ..Correction::default() };
        assert!(decode_corrected(record, None, &sources, &wrong).unwrap_err().0.english().contains("`maybe`"));
        let whole = Correction {
            record: Some(String::from_utf8_lossy(record).replace("\"2\"", "\"3\"")),
            ..Correction::default()
        };
        assert_eq!(decode_corrected(b"garbage", None, &sources, &whole).unwrap().0.dst, "3");
    }
}
