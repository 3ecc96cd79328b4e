//! FreeSWITCH `mod_cdr_csv`: one CSV line a call, stamps on the wall clock of the switch.
//!
//! Owns: the templates of its sample configuration that can be told apart by their fields: `example` (`snom` and `linksys` begin like it), `asterisk` and
//! `opencdrrate`.
//! Does not own: templates of the operator's own; they go by a mapping.

use std::borrow::Cow;

use rating::Service;
use rating::rows::SourceRow;

use super::csv_line::Fields;
use super::faults::{NUMBER, TIME};
use super::freeswitch_call::{direction_service, disposition};
use super::shape::{FIELDS, Look};
use super::time::{parse_local_ms, seconds_to_ms};
use super::{DecodedCdr, Direction, Disposition, Undecodable, account_field, line};

const FORMAT: &str = "FreeSWITCH CSV";

#[cfg(test)]
pub(super) const SAMPLE: &str = r#""Anna","84951234567","89161234567","default","2026-11-01 13:00:00","2026-11-01 13:00:05","2026-11-01 13:01:05","65","60","NORMAL_CLEARING","3f0c1f5e-0000-4000-8000-000000000001","3f0c1f5e-0000-4000-8000-000000000002","A0000001","PCMA","PCMA""#;

/// Fields that may name the account, the usual one first.
pub(super) const ACCOUNT_FIELDS: &[&str] = &["accountcode", "context", "userfield"];

/// Where the fields of a template stand; [`NONE`] for one that it has not.
struct Template {
    src: usize,
    dst: usize,
    context: usize,
    start: usize,
    answer: usize,
    end: usize,
    billsec: usize,
    cause: usize,
    uuid: usize,
    accountcode: usize,
    userfield: usize,
    direction: usize,
    gateway: usize,
    channels: Option<(usize, usize)>,
}

const NONE: usize = FIELDS;

static EXAMPLE: Template = Template {
    src: 1,
    dst: 2,
    context: 3,
    start: 4,
    answer: 5,
    end: 6,
    billsec: 8,
    cause: 9,
    uuid: 10,
    accountcode: 12,
    userfield: NONE,
    direction: NONE,
    gateway: NONE,
    channels: None,
};

static ASTERISK: Template = Template {
    src: 1,
    dst: 2,
    context: 3,
    start: 9,
    answer: 10,
    end: 11,
    billsec: 13,
    cause: 14,
    uuid: 16,
    accountcode: 0,
    userfield: 17,
    direction: NONE,
    gateway: NONE,
    channels: Some((5, 6)),
};

static OPENCDRRATE: Template = Template {
    src: 3,
    dst: 4,
    context: NONE,
    start: NONE,
    answer: 5,
    end: 6,
    billsec: 7,
    cause: NONE,
    uuid: 0,
    accountcode: 8,
    userfield: 9,
    direction: 2,
    gateway: 12,
    channels: None,
};

/// The template that a line was written by. Causes of FreeSWITCH are never dispositions of Asterisk.
fn template(fields: &Fields<'_, FIELDS>) -> Option<&'static Template> {
    let uuid = |index| is_uuid(fields.raw(index));
    let end = |index| is_stamp(fields.raw(index));
    let cause = |index| is_cause(fields.raw(index));
    match fields.count() {
        13 if uuid(0) && end(6) && matches!(fields.raw(2), "inbound" | "outbound") => Some(&OPENCDRRATE),
        18 if uuid(16) && end(11) && cause(14) => Some(&ASTERISK),
        15.. if uuid(10) && end(6) && cause(9) => Some(&EXAMPLE),
        _ => None,
    }
}

fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| (byte == b'-') == hyphens.contains(&at) && (byte == b'-' || byte.is_ascii_hexdigit()))
}

fn is_stamp(text: &str) -> bool {
    text.len() >= 19 && text.as_bytes()[4] == b'-' && text.as_bytes()[13] == b':'
}

fn is_cause(text: &str) -> bool {
    !matches!(text, "" | "ANSWERED" | "BUSY" | "FAILED" | "CONGESTION")
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A line of the template `sql`.
const STATEMENT: &str = "INSERT INTO";

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.line().is_some_and(|fields| template(fields).is_some() || fields.raw(0).starts_with(STATEMENT))
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let fields: Fields<'a, FIELDS> = line(bytes, FORMAT)?;
    let at = template(&fields).ok_or(Undecodable::fixed(
        "FreeSWITCH CSV: строка не по шаблону example, asterisk или opencdrrate; в cdr_csv.conf.xml выберите example или задайте источнику сопоставление полей (формат mapped)",
        "FreeSWITCH CSV: the line is not by the template example, asterisk or opencdrrate; choose example in cdr_csv.conf.xml, or give the source a mapping (format mapped)",
    ))?;
    let stamp = |index: usize, name: &str| match fields.raw(index) {
        "" => Ok(None),
        text => parse_local_ms(text, source.zone).map(Some).ok_or_else(|| Undecodable::field(FORMAT, name, text, TIME)),
    };
    let (answer_ms, end_ms) = (stamp(at.answer, "answer_stamp")?, stamp(at.end, "end_stamp")?);
    let start_ms = stamp(at.start, "start_stamp")?;
    let billsec = fields.raw(at.billsec);
    let billable_ms = seconds_to_ms(billsec).ok_or_else(|| Undecodable::field(FORMAT, "billsec", billsec, NUMBER))?;
    let service = service(&fields, at)?;
    let direction = Direction::of(service);
    let account = [at.accountcode, at.context, at.userfield][account_field(source, ACCOUNT_FIELDS)?];
    let (trunk_in, trunk_out) = match direction {
        Direction::In => (trunk(&fields, at, direction), None),
        Direction::Out => (None, trunk(&fields, at, direction)),
    };
    Ok(DecodedCdr {
        cdr_id: fields.get(at.uuid),
        call_id: fields.get(at.uuid),
        account: fields.some(account),
        src: fields.get(at.src),
        dst: fields.get(at.dst),
        // Without a start, an attempt is known by its end alone.
        setup_ms: start_ms.or(answer_ms).or(end_ms),
        answer_ms,
        end_ms,
        billable_ms: answer_ms.map(|_| billable_ms),
        disposition: match at.cause {
            NONE if answer_ms.is_none() => Disposition::NoAnswer,
            cause => disposition(answer_ms.is_some(), fields.raw(cause)),
        },
        release_cause: fields.get(at.cause),
        trunk_in,
        trunk_out,
        ..DecodedCdr::of(service)
    })
}

fn service(fields: &Fields<'_, FIELDS>, at: &Template) -> Result<Service, Undecodable> {
    match fields.raw(at.direction) {
        "" => Ok(fields.raw(at.context).parse().unwrap_or(Service::Outgoing)),
        direction => direction_service(FORMAT, direction, false),
    }
}

fn trunk<'a>(fields: &Fields<'a, FIELDS>, at: &Template, direction: Direction) -> Option<Cow<'a, str>> {
    let Some((own, other)) = at.channels else { return fields.some(at.gateway) };
    let channel = fields.raw(if direction == Direction::In { own } else { other });
    let mut parts = channel.split('/').skip(1);
    // `sofia/external/7916..@host`, or `sofia/gateway/megafon-1/7916..`.
    let name = match parts.next()? {
        "gateway" => parts.next()?,
        profile => profile,
    };
    (!name.is_empty()).then_some(Cow::Borrowed(name))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::*;

    const BY_ASTERISK: &str = r#""A0000001","84951234567","89161234567","outgoing","""Anna"" <84951234567>","sofia/internal/1001@pbx","sofia/gateway/megafon-1/89161234567","bridge","x","2026-11-01 13:00:00","2026-11-01 13:00:05","2026-11-01 13:01:05","65","60","NORMAL_CLEARING","DOCUMENTATION","3f0c1f5e-0000-4000-8000-000000000001","A0000009""#;
    const BY_OPENCDRRATE: &str = r#""3f0c1f5e-0000-4000-8000-000000000001","b-1","inbound","84951234567","89161234567","2026-11-01 13:00:05","2026-11-01 13:01:05","60","A0000001","","10.0.0.1","A","megafon-1""#;

    fn read(text: &str) -> Result<DecodedCdr<'_>, String> {
        decode(text.as_bytes(), &in_zone(chrono_tz::Europe::Moscow)).map_err(|error| error.0.english().to_owned())
    }

    #[test]
    fn every_template_says_the_same_call() {
        let snom = SAMPLE.replace(r#","A0000001""#, r#", "A0000001""#) + r#","agent","","rx","tx","""#;
        for (text, trunk) in
            [(SAMPLE, None), (&*snom, None), (BY_ASTERISK, Some("megafon-1")), (BY_OPENCDRRATE, Some("megafon-1"))]
        {
            assert_eq!(recognised(text), Some("freeswitch_csv"), "{text}");
            let cdr = read(text).unwrap();
            assert_eq!(&*cdr.cdr_id, "3f0c1f5e-0000-4000-8000-000000000001");
            assert_eq!(
                (cdr.account.as_deref(), &*cdr.src, &*cdr.dst),
                (Some("A0000001"), "84951234567", "89161234567")
            );
            assert_eq!(
                (cdr.answer_ms, cdr.end_ms, cdr.billable_ms),
                (Some(1_793_527_205_000), Some(1_793_527_265_000), Some(60_000))
            );
            assert_eq!((cdr.service, cdr.trunk_out.as_deref(), cdr.trunk_in), (Service::Outgoing, trunk, None));
        }
    }

    /// cause | disposition
    #[test]
    fn attempts() {
        for (cause, disposition) in [
            ("NO_ANSWER", Disposition::NoAnswer),
            ("USER_BUSY", Disposition::Busy),
            ("ORIGINATOR_CANCEL", Disposition::Cancelled),
            ("NORMAL_TEMPORARY_FAILURE", Disposition::Failed),
        ] {
            for sample in [SAMPLE, BY_ASTERISK] {
                let text = sample
                    .replace("NORMAL_CLEARING", cause)
                    .replace("2026-11-01 13:00:05", "")
                    .replace("\"60\"", "\"0\"");
                assert_eq!(recognised(&text), Some("freeswitch_csv"), "{text}");
                let cdr = read(&text).unwrap();
                assert_eq!((cdr.disposition, cdr.answer_ms, cdr.billable_ms), (disposition, None, None), "{text}");
                assert_eq!(cdr.setup_ms, Some(1_793_527_200_000));
            }
        }
        let unanswered = BY_OPENCDRRATE.replace("2026-11-01 13:00:05", "").replace("inbound", "outbound");
        let cdr = read(&unanswered).unwrap();
        assert_eq!((cdr.disposition, cdr.setup_ms), (Disposition::NoAnswer, Some(1_793_527_265_000)));
        assert_eq!((cdr.service, cdr.trunk_in.as_deref()), (Service::Incoming, Some("megafon-1")));
    }

    /// Quotes inside a text are not doubled by this module.
    #[test]
    fn a_name_in_quotes_does_no_harm() {
        let cdr = SAMPLE.replace("Anna", r#"Anna "A" B"#);
        assert_eq!(&*read(&cdr).unwrap().src, "84951234567");
    }

    #[test]
    fn other_lines_are_refused() {
        for (text, says) in [
            (
                SAMPLE.replace("2026-11-01 13:00:05", "2026-11-01 25:00:05"),
                "answer_stamp `2026-11-01 25:00:05` is not a time",
            ),
            (SAMPLE.replace("\"60\"", "\"x\""), "billsec `x` is not a number"),
            ("INSERT INTO cdr VALUES (1)".into(), "choose example in cdr_csv.conf.xml"),
            (SAMPLE.replace("3f0c", "zzzz"), "not by the template"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert_eq!(recognised("INSERT INTO cdr VALUES (1)"), Some("freeswitch_csv"));
        let of_asterisk = BY_ASTERISK.replace("NORMAL_CLEARING", "ANSWERED");
        assert_eq!(recognised(&of_asterisk), Some("asterisk"));
    }
}
