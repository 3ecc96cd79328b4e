//! What SIP proxies say of a call besides its times: keys that their configuration names, so that several are usual for one thing.
//!
//! Owns: the usual names, numbers inside URIs, what a status says, the identity of a dialog.
//! Does not own: times and durations (`kamailio`, `opensips`).

use std::borrow::Cow;

use rating::Service;
use rating::rows::SourceRow;

use super::flat::Flat;
use super::{DecodedCdr, Disposition, Undecodable, clean};

/// A record of a proxy.
pub(super) type Record<'a> = Flat<'a, { KEYS.len() }>;

/// Every key that means something.
pub(super) const KEYS: [&str; 43] = [
    "callid",
    "call_id",
    "ci",
    "from_tag",
    "ft",
    "to_tag",
    "tt",
    "src_user",
    "src",
    "from_user",
    "caller",
    "calling_number",
    "fU",
    "dst_user",
    "dst",
    "to_user",
    "callee",
    "called_number",
    "dst_ouser",
    "rU",
    "tU",
    "account",
    "accountcode",
    "account_code",
    "trunk_in",
    "src_ip",
    "trunk_out",
    "gateway",
    "dst_domain",
    "forwarded_from",
    "diversion",
    "tollgate_service",
    "sip_code",
    "method",
    "start_time",
    "end_time",
    "duration",
    "setup_time",
    "answer_time",
    "time",
    "ms_duration",
    "created",
    "setuptime",
];

const CALL_ID: &[usize] = &[0, 1, 2];
const FROM_TAG: &[usize] = &[3, 4];
const TO_TAG: &[usize] = &[5, 6];
const SRC: &[usize] = &[7, 8, 9, 10, 11, 12];
const DST: &[usize] = &[13, 14, 15, 16, 17, 18, 19, 20];
const ACCOUNT: &[usize] = &[21, 22, 23];
const TRUNK_IN: &[usize] = &[24, 25];
const TRUNK_OUT: &[usize] = &[26, 27, 28];
const FORWARDED_FROM: &[usize] = &[29, 30];
const SERVICE: usize = 31;
pub(super) const SIP_CODE: usize = 32;
pub(super) const METHOD: usize = 33;
pub(super) const START_TIME: usize = 34;
pub(super) const END_TIME: usize = 35;
pub(super) const DURATION: usize = 36;
pub(super) const SETUP_TIME: usize = 37;
pub(super) const ANSWER_TIME: usize = 38;
pub(super) const TIME: usize = 39;
pub(super) const MS_DURATION: usize = 40;
pub(super) const CREATED: usize = 41;

/// Reads a record.
pub(super) fn read<'a>(bytes: &'a [u8], source: &SourceRow, format: &str) -> Result<Record<'a>, Undecodable> {
    Flat::of(bytes, &KEYS, source.identify.field.as_deref(), format)
}

/// All of a call but its times and how it ended.
pub(super) fn call<'a>(
    record: &mut Record<'a>,
    source: &SourceRow,
    format: &str,
) -> Result<DecodedCdr<'a>, Undecodable> {
    let forwarded_from = record.first(FORWARDED_FROM).map(number);
    let service = match record.get(SERVICE) {
        "" if forwarded_from.is_some() => Service::Forwarded,
        "" => Service::Outgoing,
        word => word.parse().map_err(|()| {
            let word = clean(word);
            Undecodable::new(
                format!("{format}: tollgate_service `{word}` — такой услуги нет"),
                format!("{format}: tollgate_service `{word}` is no service"),
            )
        })?,
    };
    let own = record.account();
    let usual = record.first(ACCOUNT);
    let call_id = record.first(CALL_ID).unwrap_or_default();
    Ok(DecodedCdr {
        cdr_id: dialog(&call_id, record.first(FROM_TAG), record.first(TO_TAG)),
        call_id,
        account: if source.identify.field.is_some() { own } else { usual },
        src: record.first(SRC).map(number).unwrap_or_default(),
        dst: record.first(DST).map(number).unwrap_or_default(),
        release_cause: record.take(SIP_CODE),
        trunk_in: record.first(TRUNK_IN),
        trunk_out: record.first(TRUNK_OUT),
        forwarded_from,
        ..DecodedCdr::of(service)
    })
}

/// The identity of a dialog: a call that was tried at several places has one each.
fn dialog<'a>(call_id: &Cow<'a, str>, from_tag: Option<Cow<'_, str>>, to_tag: Option<Cow<'_, str>>) -> Cow<'a, str> {
    if call_id.is_empty() || (from_tag.is_none() && to_tag.is_none()) {
        return call_id.clone();
    }
    let (from_tag, to_tag) = (from_tag.unwrap_or_default(), to_tag.unwrap_or_default());
    Cow::Owned(format!("{call_id};{from_tag};{to_tag}"))
}

/// The number of a URI; a text that is none stays as it is.
fn number(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(user(text)),
        Cow::Owned(text) => Cow::Owned(user(&text).to_owned()),
    }
}

/// `+7495..` of `"Anna" <sip:+7495..;npdi@host;user=phone>`.
fn user(text: &str) -> &str {
    let inside =
        text.rsplit_once('<').map_or(text, |(_, rest)| rest.split_once('>').map_or(rest, |(inside, _)| inside));
    let uri = ["sip:", "sips:", "tel:"].iter().find_map(|scheme| inside.strip_prefix(scheme)).unwrap_or(inside);
    uri.split(['@', ';']).next().unwrap_or_default()
}

/// How a call ended by the status of its final reply.
pub(super) fn disposition(code: &str) -> Disposition {
    match code.trim() {
        code if code.starts_with('2') => Disposition::Answered,
        "486" | "600" => Disposition::Busy,
        "487" => Disposition::Cancelled,
        "408" | "480" => Disposition::NoAnswer,
        _ => Disposition::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_uris() {
        for (text, expected) in [
            ("+74951234567", "+74951234567"),
            ("sip:+74951234567@10.0.0.1:5060;user=phone", "+74951234567"),
            ("\"A <b>\" <sip:8495@x>", "8495"),
            ("<sips:84951234567;npdi@x>;tag=1", "84951234567"),
            ("tel:+74951234567;phone-context=x", "+74951234567"),
            ("", ""),
        ] {
            assert_eq!(user(text), expected, "{text}");
        }
    }

    #[test]
    fn statuses() {
        for (code, expected) in [
            ("200", Disposition::Answered),
            ("486", Disposition::Busy),
            ("600", Disposition::Busy),
            ("487", Disposition::Cancelled),
            ("480", Disposition::NoAnswer),
            ("408", Disposition::NoAnswer),
            ("503", Disposition::Failed),
            ("", Disposition::Failed),
        ] {
            assert_eq!(disposition(code), expected, "{code}");
        }
    }
}
