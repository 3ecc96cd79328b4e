//! Cisco Unified Communications Manager: CSV lines of its CDR files, the columns in the documented order, times in seconds of the epoch.
//!
//! Owns: columns, causes, redirections and addresses of these records.
//! Does not own: lines of other kinds that stand in the same files; they are refused by name.

use std::borrow::Cow;

use rating::Service;
use rating::rows::SourceRow;

use super::csv_line::Fields;
use super::faults::{NUMBER, TIME};
use super::shape::Look;
use super::time::seconds_to_ms;
use super::{DecodedCdr, Disposition, Undecodable, account_field, clean, line};

const FORMAT: &str = "Cisco CUCM";

/// Columns that are looked at; releases have added others behind them.
const COLUMNS: usize = 82;
/// The oldest record has them up to the names of the devices.
const COLUMNS_MIN: usize = 58;

const CALL_MANAGER_ID: usize = 1;
const CALL_ID: usize = 2;
const ORIGINATION: usize = 4;
const ORIG_IP: usize = 7;
const CALLING: usize = 8;
const ORIG_CAUSE: usize = 11;
const DEST_IP: usize = 28;
const ORIGINAL_CALLED: usize = 29;
const FINAL_CALLED: usize = 30;
const DEST_CAUSE: usize = 33;
const CONNECT: usize = 47;
const DISCONNECT: usize = 48;
const LAST_REDIRECT: usize = 49;
const PKID: usize = 50;
const CALLING_PARTITION: usize = 52;
const FINAL_CALLED_PARTITION: usize = 53;
const DURATION: usize = 55;
const ORIG_DEVICE: usize = 56;
const DEST_DEVICE: usize = 57;
const REDIRECT_REASON: usize = 63;
const AUTHORIZATION: usize = 68;
const MATTER: usize = 70;
const AUTHORIZATION_VALUE: usize = 77;

/// Columns that may name the account. Without a choice of the source none does.
pub(super) const ACCOUNT_FIELDS: &[&str] = &[
    "none",
    "clientMatterCode",
    "authCodeDescription",
    "authorizationCodeValue",
    "origDeviceName",
    "callingPartyNumberPartition",
];
const ACCOUNT_COLUMNS: [usize; 6] =
    [COLUMNS, MATTER, AUTHORIZATION, AUTHORIZATION_VALUE, ORIG_DEVICE, CALLING_PARTITION];

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"1,2,4711,30001,1793527200,2,0,117506058,"84951234567","anna",0,16,4,117506058,24576,4,20,0,0,0,0,0,0,"","",30002,2,0,134283274,"89161234567","89161234567","",0,0,4,134283274,20480,4,20,0,0,0,0,0,0,"","",1793527205,1793527265,"","0b1f0c1f-0000-4000-8000-000000000001","","phones","pstn","",60,"SEP001122334455","megafon-1",12,0,0,0,0,0,0,"cluster-1",0,"","",0,"",0,0,0,0,0,0,"","84951234567","89161234567","10.0.1.7","10.0.1.8",0,0,0"#;

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.line().is_some_and(|fields| {
        fields.count() >= COLUMNS_MIN && matches!(fields.raw(0), "0" | "1" | "2" | "cdrRecordType" | "INTEGER")
            // Lines about the quality of calls are shorter.
            || fields.count() >= 19 && fields.raw(0) == "2" && is_number(fields.raw(1)) && is_number(fields.raw(2))
            || fields.raw(0) == "cdrRecordType"
            || fields.raw(0) == "INTEGER" && fields.raw(1) == "INTEGER"
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let fields: Fields<'a, COLUMNS> = line(bytes, FORMAT)?;
    let account = ACCOUNT_COLUMNS[account_field(source, ACCOUNT_FIELDS)?];
    kind(&fields)?;
    if fields.raw(PKID).is_empty() {
        return Err(Undecodable::empty(FORMAT, "pkid"));
    }
    let connect_ms = stamp(&fields, CONNECT, "dateTimeConnect")?;
    let duration = fields.raw(DURATION);
    let duration_ms =
        seconds_to_ms(duration).ok_or_else(|| Undecodable::field(FORMAT, "duration", duration, NUMBER))?;
    let (orig, dest) = (cause(&fields, ORIG_CAUSE, "origCause_value")?, cause(&fields, DEST_CAUSE, "destCause_value")?);
    let forwarded_from = forwarder(&fields);
    let called = fields.some(FINAL_CALLED).unwrap_or_else(|| fields.get(ORIGINAL_CALLED));
    let setup_ms = stamp(&fields, ORIGINATION, "dateTimeOrigination")?;
    let end_ms = stamp(&fields, DISCONNECT, "dateTimeDisconnect")?;
    Ok(DecodedCdr {
        cdr_id: fields.get(PKID),
        call_id: Cow::Owned(format!("{}-{}", fields.raw(CALL_MANAGER_ID), fields.raw(CALL_ID))),
        account: fields.some(account),
        src: fields.get(CALLING),
        dst: called,
        setup_ms,
        answer_ms: connect_ms,
        end_ms,
        billable_ms: connect_ms.map(|_| duration_ms),
        disposition: disposition(connect_ms.is_some(), orig, dest),
        release_cause: fields.get(if dest == 0 { ORIG_CAUSE } else { DEST_CAUSE }),
        trunk_in: device(&fields, ORIG_DEVICE, ORIG_IP),
        trunk_out: device(&fields, DEST_DEVICE, DEST_IP),
        forwarded_from,
        ..DecodedCdr::of(service(&fields))
    })
}

/// Whether the line is a call record.
fn kind(fields: &Fields<'_, COLUMNS>) -> Result<(), Undecodable> {
    let count = fields.count();
    match fields.raw(0) {
        "1" if count >= COLUMNS_MIN => Ok(()),
        "1" => Err(Undecodable::new(
            format!("{FORMAT}: колонок {count}, а должно быть не меньше {COLUMNS_MIN}"),
            format!("{FORMAT}: {count} columns instead of {COLUMNS_MIN} or more"),
        )),
        "cdrRecordType" | "INTEGER" => Err(Undecodable::new(
            format!("{FORMAT}: это строка заголовка файла, а не запись; две первые строки файла присылать не нужно"),
            format!(
                "{FORMAT}: this is a header line of the file, not a record; leave the first two lines of a file out"
            ),
        )),
        "2" => Err(Undecodable::new(
            format!("{FORMAT}: это запись о качестве связи (CMR), а не о звонке; присылайте только файлы cdr_*"),
            format!("{FORMAT}: this is a record of quality (CMR), not of a call; send the files cdr_* alone"),
        )),
        other => Err(Undecodable::field(
            FORMAT,
            "cdrRecordType",
            &clean(other),
            ("1 (запись о звонке)", "1 (a call record)"),
        )),
    }
}

/// Seconds of the epoch; 0 is nothing.
fn stamp(fields: &Fields<'_, COLUMNS>, column: usize, name: &str) -> Result<Option<i64>, Undecodable> {
    match fields.raw(column) {
        "" | "0" => Ok(None),
        text => seconds_to_ms(text).map(Some).ok_or_else(|| Undecodable::field(FORMAT, name, text, TIME)),
    }
}

/// A cause; nothing is 0.
fn cause(fields: &Fields<'_, COLUMNS>, column: usize, name: &str) -> Result<i64, Undecodable> {
    match fields.raw(column) {
        "" => Ok(0),
        text => text.parse().map_err(|_| Undecodable::field(FORMAT, name, text, NUMBER)),
    }
}

/// How a call ended. A side that did not clear the call has the cause 0.
const fn disposition(answered: bool, orig: i64, dest: i64) -> Disposition {
    if answered {
        return Disposition::Answered;
    }
    match (orig, dest) {
        (17, _) | (_, 17) => Disposition::Busy,
        (18 | 19, _) | (_, 18 | 19) | (0, 0 | 16) => Disposition::NoAnswer,
        (16, 0 | 16) => Disposition::Cancelled,
        _ => Disposition::Failed,
    }
}

/// The number that forwarded the call: when busy, not answered, always, or by deflection.
fn forwarder<'a>(fields: &Fields<'a, COLUMNS>) -> Option<Cow<'a, str>> {
    let is_forwarded = matches!(fields.raw(REDIRECT_REASON), "1" | "2" | "10" | "15" | "18");
    let number = fields.some(LAST_REDIRECT).filter(|_| is_forwarded)?;
    (number != fields.raw(FINAL_CALLED)).then_some(number)
}

/// A partition that is called like a service says the service.
fn service(fields: &Fields<'_, COLUMNS>) -> Service {
    let partition = |column: usize| fields.raw(column).parse().ok();
    let said = partition(FINAL_CALLED_PARTITION).or_else(|| partition(CALLING_PARTITION));
    said.unwrap_or(if forwarder(fields).is_some() { Service::Forwarded } else { Service::Outgoing })
}

/// The name of a device, else its address.
fn device<'a>(fields: &Fields<'a, COLUMNS>, name: usize, address: usize) -> Option<Cow<'a, str>> {
    fields.some(name).or_else(|| dotted(fields.raw(address)).map(Cow::Owned))
}

/// An address from a signed decimal number, whose lowest byte comes first; 0 is none.
fn dotted(text: &str) -> Option<String> {
    let number: i32 = text.parse().ok().filter(|number| *number != 0)?;
    let [a, b, c, d] = number.to_le_bytes();
    Some(format!("{a}.{b}.{c}.{d}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::*;

    fn read(text: &str) -> Result<DecodedCdr<'_>, String> {
        decode(text.as_bytes(), &in_zone(chrono_tz::UTC)).map_err(|error| error.0.english().to_owned())
    }

    /// The sample with other texts in some columns.
    fn with(changes: &[(usize, &str)]) -> String {
        let fields = Fields::<90>::of(SAMPLE, b',');
        let column = |index: usize| {
            let other = changes.iter().find(|(at, _)| *at == index).map(|(_, text)| (*text).to_owned());
            format!("\"{}\"", other.unwrap_or_else(|| fields.raw(index).to_owned()))
        };
        (0..fields.count()).map(column).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn the_sample_decodes() {
        assert_eq!(recognised(SAMPLE), Some("cucm"));
        assert_eq!(recognised(&with(&[])), Some("cucm"));
        let cdr = read(SAMPLE).unwrap();
        assert_eq!((&*cdr.cdr_id, &*cdr.call_id), ("0b1f0c1f-0000-4000-8000-000000000001", "2-4711"));
        assert_eq!((&*cdr.src, &*cdr.dst, cdr.account.as_deref()), ("84951234567", "89161234567", None));
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.end_ms, cdr.billable_ms),
            (Some(1_793_527_200_000), Some(1_793_527_205_000), Some(1_793_527_265_000), Some(60_000))
        );
        assert_eq!((cdr.trunk_in.as_deref(), cdr.trunk_out.as_deref()), (Some("SEP001122334455"), Some("megafon-1")));
        assert_eq!(
            (cdr.service, cdr.disposition, &*cdr.release_cause),
            (Service::Outgoing, Disposition::Answered, "16")
        );
    }

    /// cause of the caller | of the called | disposition
    #[test]
    fn attempts() {
        for (orig, dest, expected) in [
            ("16", "0", Disposition::Cancelled),
            ("0", "16", Disposition::NoAnswer),
            ("0", "0", Disposition::NoAnswer),
            ("0", "19", Disposition::NoAnswer),
            ("0", "17", Disposition::Busy),
            ("17", "0", Disposition::Busy),
            ("1", "0", Disposition::Failed),
            ("0", "-1493172222", Disposition::Failed),
            ("393216", "0", Disposition::Failed),
        ] {
            let text = with(&[(CONNECT, "0"), (DURATION, "0"), (ORIG_CAUSE, orig), (DEST_CAUSE, dest)]);
            let cdr = read(&text).unwrap();
            assert_eq!((cdr.disposition, cdr.answer_ms, cdr.billable_ms), (expected, None, None), "{orig} {dest}");
        }
        let split = with(&[(ORIG_CAUSE, "393216"), (DEST_CAUSE, "393216")]);
        assert_eq!(read(&split).unwrap().disposition, Disposition::Answered);
    }

    /// reason | whether the call was forwarded
    #[test]
    fn forwarded_calls() {
        for (reason, forwarded) in [("15", true), ("2", true), ("1", true), ("0", false), ("4", false)] {
            let text =
                with(&[(ORIGINAL_CALLED, "84957654321"), (LAST_REDIRECT, "84957654321"), (REDIRECT_REASON, reason)]);
            let cdr = read(&text).unwrap();
            assert_eq!(
                (cdr.service == Service::Forwarded, cdr.forwarded_from.is_some()),
                (forwarded, forwarded),
                "{reason}"
            );
        }
    }

    #[test]
    fn accounts_services_and_addresses() {
        let text = with(&[
            (MATTER, "A0000007"),
            (FINAL_CALLED_PARTITION, "incoming"),
            (ORIG_DEVICE, ""),
            (ORIG_IP, "-1829731158"),
        ]);
        let mut source = in_zone(chrono_tz::UTC);
        source.identify.field = Some("clientMatterCode".into());
        let cdr = decode(text.as_bytes(), &source).unwrap();
        assert_eq!((cdr.account.as_deref(), cdr.service), (Some("A0000007"), Service::Incoming));
        assert_eq!(cdr.trunk_in.as_deref(), Some("170.132.240.146"));
        assert_eq!((dotted("117506058").as_deref(), dotted("0"), dotted("x")), (Some("10.0.1.7"), None, None));
        source.identify.field = Some("comment".into());
        let error = decode(text.as_bytes(), &source).unwrap_err();
        assert!(error.0.english().contains("no account_field `comment`; it has none, clientMatterCode"), "{}", error.0);
    }

    #[test]
    fn lines_that_are_no_call_records_are_named() {
        let names = format!("\"cdrRecordType\",\"globalCallID_callManagerId\"{}", ",\"x\"".repeat(127));
        let types = format!("INTEGER,INTEGER{}", ",VARCHAR(50)".repeat(127));
        let quality = format!("2,2,4711{}", ",0".repeat(30));
        for (text, says) in [
            (&names, "a header line of the file"),
            (&types, "leave the first two lines of a file out"),
            (&quality, "a record of quality (CMR)"),
            (&with(&[(0, "0")]), "cdrRecordType `0` is not 1"),
            (&with(&[(PKID, "")]), "pkid is empty"),
            (&with(&[(CONNECT, "noon")]), "dateTimeConnect `noon` is not a time"),
            (&with(&[(DURATION, "")]), "duration `` is not a number"),
            (&with(&[(DEST_CAUSE, "x")]), "destCause_value `x` is not a number"),
        ] {
            assert_eq!(recognised(text), Some("cucm"), "{text}");
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(read("1,2,3").unwrap_err().contains("3 columns instead of 58 or more"));
    }
}
