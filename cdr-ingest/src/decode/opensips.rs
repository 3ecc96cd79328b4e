//! OpenSIPS events of its accounting as JSON-RPC notifications: `E_ACC_CDR` of an answered call, `E_ACC_MISSED_EVENT` of an attempt.

use std::borrow::Cow;

use rating::rows::SourceRow;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::canonical::Text;
use super::faults::{NUMBER, TIME as MOMENT};
use super::shape::{Keys, Look};
use super::sip_proxy::{CREATED, DURATION, MS_DURATION, Record, SIP_CODE, TIME, call, disposition, read};
use super::time::{decimal, seconds_to_ms};
use super::{DecodedCdr, Disposition, Undecodable, clean};

const FORMAT: &str = "OpenSIPS";

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"jsonrpc":"2.0","method":"E_ACC_CDR","params":{"method":"INVITE","from_tag":"f1","to_tag":"t1","callid":"o-1@10.0.0.1","sip_code":"200","sip_reason":"OK","time":1793527205,"src_user":"84951234567","dst_user":"89161234567","account":"A0000001","trunk_out":"megafon-1","duration":60,"ms_duration":60250,"setuptime":5,"created":1793527200}}"#;

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow)]
    method: Text<'a>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.has(Keys::JSONRPC)
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let notification: Notification<'a> =
        serde_json::from_slice(bytes).map_err(|error| Undecodable::json(FORMAT, &error))?;
    let missed = match &*notification.method.0 {
        "E_ACC_CDR" => false,
        "E_ACC_MISSED_EVENT" => true,
        other => return Err(no_call_record(other)),
    };
    let params = notification.params.ok_or_else(|| Undecodable::empty(FORMAT, "params"))?;
    let mut record = read(params.get().as_bytes(), source, FORMAT)?;
    let time_ms = stamp(&record, TIME, "time")?.ok_or_else(|| Undecodable::empty(FORMAT, "time"))?;
    let created_ms = stamp(&record, CREATED, "created")?;
    let setup_ms = created_ms.or(Some(time_ms));
    if missed {
        let disposition = match disposition(record.get(SIP_CODE)) {
            Disposition::Answered => Disposition::Failed,
            other => other,
        };
        let call = call(&mut record, source, FORMAT)?;
        return Ok(DecodedCdr { setup_ms, end_ms: Some(time_ms), disposition, ..call });
    }
    let duration_ms = duration(&record)?;
    Ok(DecodedCdr {
        setup_ms,
        answer_ms: Some(time_ms),
        end_ms: Some(time_ms.saturating_add(duration_ms)),
        billable_ms: Some(duration_ms),
        disposition: Disposition::Answered,
        ..call(&mut record, source, FORMAT)?
    })
}

/// Seconds of the epoch; 0 is nothing.
fn stamp(record: &Record<'_>, key: usize, name: &str) -> Result<Option<i64>, Undecodable> {
    match record.get(key) {
        "" | "0" => Ok(None),
        text => seconds_to_ms(text).map(Some).ok_or_else(|| Undecodable::field(FORMAT, name, text, MOMENT)),
    }
}

/// The finer of the two durations that is there.
fn duration(record: &Record<'_>) -> Result<i64, Undecodable> {
    let wrong = |name, text| Undecodable::field(FORMAT, name, text, NUMBER);
    match (record.get(MS_DURATION), record.get(DURATION)) {
        ("", "") => Err(Undecodable::empty(FORMAT, "ms_duration")),
        ("", seconds) => seconds_to_ms(seconds).ok_or_else(|| wrong("duration", seconds)),
        (ms, _) => decimal(ms, 0).ok_or_else(|| wrong("ms_duration", ms)),
    }
}

fn no_call_record(event: &str) -> Undecodable {
    let event: Cow<'_, str> = clean(event);
    Undecodable::new(
        format!(
            "{FORMAT}: событие `{event}` — не запись о звонке; включите записи о звонках, do_accounting(\"evi\", \"cdr|missed\"), и подпишитесь на E_ACC_CDR и E_ACC_MISSED_EVENT"
        ),
        format!(
            "{FORMAT}: the event `{event}` is no call record; enable call records, do_accounting(\"evi\", \"cdr|missed\"), and subscribe to E_ACC_CDR and E_ACC_MISSED_EVENT"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::*;
    use rating::Service;

    fn read(text: &str) -> Result<DecodedCdr<'_>, String> {
        decode(text.as_bytes(), &in_zone(chrono_tz::UTC)).map_err(|error| error.0.english().to_owned())
    }

    #[test]
    fn the_sample_decodes() {
        assert_eq!(recognised(SAMPLE), Some("opensips"));
        let cdr = read(SAMPLE).unwrap();
        assert_eq!((&*cdr.cdr_id, &*cdr.call_id), ("o-1@10.0.0.1;f1;t1", "o-1@10.0.0.1"));
        assert_eq!((&*cdr.src, &*cdr.dst, cdr.account.as_deref()), ("84951234567", "89161234567", Some("A0000001")));
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.end_ms, cdr.billable_ms),
            (Some(1_793_527_200_000), Some(1_793_527_205_000), Some(1_793_527_265_250), Some(60_250))
        );
        assert_eq!((cdr.service, cdr.trunk_out.as_deref()), (Service::Outgoing, Some("megafon-1")));
    }

    #[test]
    fn whole_seconds_are_enough() {
        let text = SAMPLE.replace(r#""ms_duration":60250,"#, "").replace(r#","created":1793527200"#, "");
        let cdr = read(&text).unwrap();
        assert_eq!((cdr.setup_ms, cdr.billable_ms), (Some(1_793_527_205_000), Some(60_000)));
    }

    /// status | disposition
    #[test]
    fn attempts() {
        for (code, disposition) in [
            ("486", Disposition::Busy),
            ("487", Disposition::Cancelled),
            ("408", Disposition::NoAnswer),
            ("404", Disposition::Failed),
            ("200", Disposition::Failed),
        ] {
            let text = SAMPLE
                .replace("E_ACC_CDR", "E_ACC_MISSED_EVENT")
                .replace(r#""sip_code":"200""#, &format!(r#""sip_code":"{code}""#))
                .replace(r#""duration":60,"ms_duration":60250,"#, "");
            let cdr = read(&text).unwrap();
            assert_eq!((cdr.disposition, cdr.answer_ms, cdr.billable_ms), (disposition, None, None), "{code}");
            assert_eq!((cdr.setup_ms, cdr.end_ms), (Some(1_793_527_200_000), Some(1_793_527_205_000)));
        }
    }

    #[test]
    fn what_is_no_call_record_is_refused() {
        for (from, to, says) in [
            ("E_ACC_CDR", "E_ACC_EVENT", "the event `E_ACC_EVENT` is no call record"),
            ("E_ACC_CDR", "E_UL_CONTACT_INSERT", "subscribe to E_ACC_CDR"),
            ("60250", "\"x\"", "ms_duration `x` is not a number"),
            (r#""duration":60,"ms_duration":60250,"#, "", "ms_duration is empty"),
            (r#""time":1793527205"#, r#""time":"noon""#, "time `noon` is not a time"),
            (r#""time":1793527205,"#, "", "time is empty"),
            (r#""jsonrpc":"2.0","method":"E_ACC_CDR","#, r#""jsonrpc":"2.0","#, "missing field `method`"),
        ] {
            let error = read(&SAMPLE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(says), "{to}: {error}");
        }
        assert!(
            read(r#"{"jsonrpc":"2.0","method":"E_ACC_CDR","params":[1]}"#).unwrap_err().contains("expected an object")
        );
        assert!(read(r#"{"jsonrpc":"2.0","method":"E_ACC_CDR"}"#).unwrap_err().contains("params is empty"));
    }
}
