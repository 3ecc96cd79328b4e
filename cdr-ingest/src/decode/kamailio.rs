//! Kamailio `acc_json` with `cdr_enable`: one flat object a call, its numbers under keys that `cdr_extra` names.
//!
//! Owns: the times of such a record, and why a record of one transaction is none.
//! Does not own: what the keys of `cdr_extra` mean (`sip_proxy`).

use rating::rows::SourceRow;

use super::faults::{NUMBER, TIME};
use super::shape::{Keys, Look};
use super::sip_proxy::{
    ANSWER_TIME, DURATION, END_TIME, METHOD, Record, SETUP_TIME, SIP_CODE, START_TIME, call, disposition, read,
};
use super::time::{parse_any_ms, seconds_to_ms};
use super::{DecodedCdr, Disposition, Undecodable, clean};

const FORMAT: &str = "Kamailio acc_json";

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"start_time":"1793527205.000731","end_time":"1793527265.250912","duration":"60.250181","callid":"k-1@10.0.0.1","from_tag":"f1","to_tag":"t1","sip_code":"200","sip_reason":"OK","src_user":"84951234567","src_ip":"10.0.0.7","dst_user":"89161234567","dst_ouser":"89161234567","dst_domain":"megafon-1","account":"A0000001"}"#;

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.has(Keys::START_TIME.and(Keys::END_TIME).and(Keys::DURATION)) || look.has(Keys::METHOD.and(Keys::SIP_CODE))
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let mut record = read(bytes, source, FORMAT)?;
    if record.get(DURATION).is_empty() {
        return Err(no_duration(&record));
    }
    let stamp = |key: usize, name: &str| match record.get(key) {
        "" | "0" => Ok(None),
        text => parse_any_ms(text, source.zone).map(Some).ok_or_else(|| Undecodable::field(FORMAT, name, text, TIME)),
    };
    let start_ms = stamp(START_TIME, "start_time")?.ok_or_else(|| Undecodable::empty(FORMAT, "start_time"))?;
    let (end_ms, setup_ms) = (stamp(END_TIME, "end_time")?, stamp(SETUP_TIME, "setup_time")?);
    let answer_ms = stamp(ANSWER_TIME, "answer_time")?;
    let duration = record.get(DURATION);
    let duration_ms =
        seconds_to_ms(duration).ok_or_else(|| Undecodable::field(FORMAT, "duration", duration, NUMBER))?;
    // A call that failed keeps the duration that every call begins with.
    let disposition = match record.get(SIP_CODE) {
        "" if answer_ms.is_none() && duration == "0" => Disposition::Failed,
        "" => Disposition::Answered,
        code => disposition(code),
    };
    let answered = disposition == Disposition::Answered;
    Ok(DecodedCdr {
        setup_ms: setup_ms.or(Some(start_ms)),
        answer_ms: answer_ms.or(Some(start_ms)).filter(|_| answered),
        end_ms,
        // The duration counts from the start.
        billable_ms: (answered && answer_ms.is_none()).then_some(duration_ms),
        disposition,
        ..call(&mut record, source, FORMAT)?
    })
}

fn no_duration(record: &Record<'_>) -> Undecodable {
    match record.get(METHOD) {
        "" => Undecodable::empty(FORMAT, "duration"),
        method => {
            let method = clean(method);
            Undecodable::new(
                format!(
                    "{FORMAT}: это запись об одной транзакции ({method}), без duration: INVITE и BYE звонка приходят порознь; включите записи о звонках, modparam(\"acc_json\", \"cdr_enable\", 1), и присылайте только их"
                ),
                format!(
                    "{FORMAT}: this is a record of one transaction ({method}), without duration: INVITE and BYE of a call come apart; enable call records, modparam(\"acc_json\", \"cdr_enable\", 1), and send these alone"
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::*;
    use rating::Service;

    fn read(text: &str) -> Result<DecodedCdr<'_>, String> {
        decode(text.as_bytes(), &in_zone(chrono_tz::Europe::Moscow)).map_err(|error| error.0.english().to_owned())
    }

    #[test]
    fn the_sample_decodes() {
        assert_eq!(recognised(SAMPLE), Some("kamailio"));
        let cdr = read(SAMPLE).unwrap();
        assert_eq!((&*cdr.cdr_id, &*cdr.call_id), ("k-1@10.0.0.1;f1;t1", "k-1@10.0.0.1"));
        assert_eq!((&*cdr.src, &*cdr.dst, cdr.account.as_deref()), ("84951234567", "89161234567", Some("A0000001")));
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.end_ms, cdr.billable_ms),
            (Some(1_793_527_205_000), Some(1_793_527_205_000), Some(1_793_527_265_250), Some(60_250))
        );
        assert_eq!((cdr.trunk_in.as_deref(), cdr.trunk_out.as_deref()), (Some("10.0.0.7"), Some("megafon-1")));
        assert_eq!(
            (cdr.service, cdr.disposition, &*cdr.release_cause),
            (Service::Outgoing, Disposition::Answered, "200")
        );
    }

    #[test]
    fn keys_have_several_usual_names_and_numbers_may_be_uris() {
        let text = r#"{"start_time":"2026-11-01 13:00:05","end_time":"2026-11-01 13:01:05","duration":60,"ci":"k-2","caller":"sip:84951234567@pbx","rU":"89161234567","diversion":"<sip:84957654321@pbx>;reason=busy"}"#;
        let cdr = read(text).unwrap();
        assert_eq!((&*cdr.cdr_id, &*cdr.src, &*cdr.dst), ("k-2", "84951234567", "89161234567"));
        assert_eq!((cdr.service, cdr.forwarded_from.as_deref()), (Service::Forwarded, Some("84957654321")));
        assert_eq!((cdr.answer_ms, cdr.billable_ms), (Some(1_793_527_205_000), Some(60_000)));
    }

    /// With the default `cdr_start_on_confirmed` the start is the set-up, and the duration counts the ringing.
    #[test]
    fn an_answer_time_of_its_own_counts() {
        let text = SAMPLE.replace(r#""callid""#, r#""answer_time":"1793527210.5","callid""#);
        let cdr = read(&text).unwrap();
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.billable_ms),
            (Some(1_793_527_205_000), Some(1_793_527_210_500), None)
        );
    }

    /// status | disposition; nothing is said of the status where the configuration does not name it
    #[test]
    fn attempts() {
        for (code, disposition) in [
            ("486", Disposition::Busy),
            ("487", Disposition::Cancelled),
            ("480", Disposition::NoAnswer),
            ("503", Disposition::Failed),
            ("", Disposition::Failed),
        ] {
            let text =
                SAMPLE.replace(r#""sip_code":"200""#, &format!(r#""sip_code":"{code}""#)).replace("60.250181", "0");
            let cdr = read(&text).unwrap();
            assert_eq!((cdr.disposition, cdr.answer_ms, cdr.billable_ms), (disposition, None, None), "{code}");
            assert_eq!(cdr.setup_ms, Some(1_793_527_205_000));
        }
    }

    #[test]
    fn what_is_no_call_record_is_refused() {
        let transaction = r#"{"time":1793527205,"method":"INVITE","from_tag":"f1","to_tag":"t1","callid":"k-1","sip_code":"200","sip_reason":"OK","src_user":"84951234567"}"#;
        assert_eq!(recognised(transaction), Some("kamailio"));
        assert!(read(transaction).unwrap_err().contains("one transaction (INVITE), without duration"));
        assert!(read(transaction).unwrap_err().contains("cdr_enable"));
        for (from, to, says) in [
            ("\"60.250181\"", "\"\"", "duration is empty"),
            ("60.250181", "soon", "duration `soon` is not a number"),
            ("1793527205.000731", "noon", "start_time `noon` is not a time"),
            ("1793527205.000731", "", "start_time is empty"),
            (r#""src_user""#, r#""tollgate_service":"smoke","src_user""#, "`smoke` is no service"),
        ] {
            let error = read(&SAMPLE.replace(from, to)).unwrap_err();
            assert!(error.contains(says), "{to}: {error}");
        }
    }
}
