//! FreeSWITCH events as flat JSON, as `mod_event_kafka` streams them: of these only `CHANNEL_HANGUP_COMPLETE` is a call record.

use rating::rows::SourceRow;

use super::flat::Flat;
use super::freeswitch_call::Call;
use super::shape::{Keys, Look};
use super::{DecodedCdr, Undecodable, clean};

const FORMAT: &str = "FreeSWITCH event";

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"Event-Name":"CHANNEL_HANGUP_COMPLETE","Core-UUID":"7f","FreeSWITCH-Hostname":"fs-2","Event-Date-Timestamp":"1793527265260000","Channel-State":"CS_REPORTING","Unique-ID":"e-1","Call-Direction":"inbound","Caller-Caller-ID-Number":"+74951234567","Caller-Destination-Number":"89161234567","Caller-Channel-Created-Time":"1793527200000000","Caller-Channel-Answered-Time":"1793527205000000","Caller-Channel-Hangup-Time":"1793527265250000","Other-Leg-Unique-ID":"e-2","Hangup-Cause":"NORMAL_CLEARING","variable_uuid":"e-1","variable_accountcode":"A0000001","variable_start_epoch":"1793527200","variable_start_uepoch":"1793527200000000","variable_answer_epoch":"1793527205","variable_answer_uepoch":"1793527205000000","variable_end_epoch":"1793527265","variable_end_uepoch":"1793527265250000","variable_duration":"65","variable_billsec":"60","variable_billmsec":"60250","variable_hangup_cause":"NORMAL_CLEARING","variable_sip_gateway_name":"megafon-1","variable_sip_call_id":"x@1"}"#;

/// The call record among the events.
const CALL: &str = "CHANNEL_HANGUP_COMPLETE";

const KEYS: [&str; 30] = [
    "Event-Name",
    "Unique-ID",
    "variable_uuid",
    "variable_accountcode",
    "Call-Direction",
    "variable_direction",
    "variable_tollgate_service",
    "variable_start_uepoch",
    "variable_start_epoch",
    "Caller-Channel-Created-Time",
    "variable_answer_uepoch",
    "variable_answer_epoch",
    "Caller-Channel-Answered-Time",
    "variable_end_uepoch",
    "variable_end_epoch",
    "Caller-Channel-Hangup-Time",
    "variable_billmsec",
    "variable_hangup_cause",
    "Hangup-Cause",
    "variable_sip_gateway_name",
    "variable_sip_call_id",
    "Caller-Caller-ID-Number",
    "variable_caller_id_number",
    "variable_sip_from_user",
    "Caller-Destination-Number",
    "variable_destination_number",
    "variable_sip_to_user",
    "Caller-RDNIS",
    "variable_rdnis",
    "Caller-Unique-ID",
];

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.has(Keys::EVENT_NAME)
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let mut event = Flat::of(bytes, &KEYS, source.identify.field.as_deref(), FORMAT)?;
    if event.get(0) != CALL {
        let name = clean(event.get(0));
        return Err(Undecodable::new(
            format!("{FORMAT}: событие `{name}` — не запись о вызове; отправляйте в Kafka только {CALL}"),
            format!("{FORMAT}: the event `{name}` is no call record; stream {CALL} only"),
        ));
    }
    let uuid = event.first(&[1, 2, 29]).ok_or_else(|| Undecodable::empty(FORMAT, "Unique-ID"))?;
    let own = event.account();
    let usual = event.some(3);
    let call = Call {
        format: FORMAT,
        uuid,
        account: if source.identify.field.is_some() { own } else { usual },
        direction: event.first(&[4, 5]).unwrap_or_default(),
        service: event.take(6),
        start: (event.take(7), event.take(8)),
        answer: (event.take(10), event.take(11)),
        end: (event.take(13), event.take(14)),
        billmsec: event.take(16),
        hangup_cause: event.first(&[17, 18]).unwrap_or_default(),
        gateway: event.some(19),
        sip_call_id: event.take(20),
        src: event.first(&[21, 22, 23]).unwrap_or_default(),
        dst: event.first(&[24, 25, 26]).unwrap_or_default(),
        rdnis: event.first(&[27, 28]),
    };
    with_channel_times(call, &mut event).record()
}

/// Where the variables say no time, the profile of the channel does, in microseconds.
fn with_channel_times<'a>(mut call: Call<'a>, event: &mut Flat<'a, { KEYS.len() }>) -> Call<'a> {
    for (moment, key) in [(&mut call.start, 9), (&mut call.answer, 12), (&mut call.end, 15)] {
        if moment.0.is_empty() && moment.1.is_empty() {
            moment.0 = event.take(key);
        }
    }
    call
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::super::{Disposition, freeswitch};
    use super::*;
    use rating::Service;

    fn read(text: &str) -> Result<DecodedCdr<'_>, String> {
        decode(text.as_bytes(), &in_zone(chrono_tz::UTC)).map_err(|error| error.0.english().to_owned())
    }

    /// The same call as the two modules write it.
    #[test]
    fn the_sample_says_what_json_cdr_says() {
        assert_eq!(recognised(SAMPLE), Some("freeswitch_event"));
        let document = freeswitch::SAMPLE.replace("u-1", "e-1");
        let same = freeswitch::decode(document.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
        assert_eq!(read(SAMPLE).unwrap(), same);
    }

    /// answered microseconds | cause | disposition
    #[test]
    fn attempts() {
        for (cause, disposition) in [
            ("NO_ANSWER", Disposition::NoAnswer),
            ("USER_BUSY", Disposition::Busy),
            ("ORIGINATOR_CANCEL", Disposition::Cancelled),
            ("UNALLOCATED_NUMBER", Disposition::Failed),
        ] {
            let text =
                SAMPLE.replace("NORMAL_CLEARING", cause).replace("1793527205000000", "0").replace("1793527205", "0");
            let cdr = read(&text).unwrap();
            assert_eq!((cdr.disposition, cdr.answer_ms, cdr.billable_ms), (disposition, None, None), "{cause}");
            assert_eq!(&*cdr.release_cause, cause);
        }
    }

    #[test]
    fn less_is_enough() {
        let text = r#"{"Event-Name":"CHANNEL_HANGUP_COMPLETE","Unique-ID":"e-9","Call-Direction":"outbound","Caller-RDNIS":"",
            "Caller-Caller-ID-Number":"79161234567","Caller-Destination-Number":"74951234567","Hangup-Cause":"NORMAL_CLEARING",
            "Caller-Channel-Created-Time":1793527200000000,"Caller-Channel-Answered-Time":"1793527205000000","Caller-Channel-Hangup-Time":"1793527265250000"}"#;
        let cdr = read(text).unwrap();
        assert_eq!((cdr.service, cdr.answer_ms, cdr.billable_ms), (Service::Incoming, Some(1_793_527_205_000), None));
        assert_eq!((cdr.setup_ms, cdr.end_ms), (Some(1_793_527_200_000), Some(1_793_527_265_250)));
    }

    #[test]
    fn what_is_no_call_record_is_refused() {
        for (from, to, says) in [
            (
                "CHANNEL_HANGUP_COMPLETE",
                "CHANNEL_ANSWER",
                "the event `CHANNEL_ANSWER` is no call record; stream CHANNEL_HANGUP_COMPLETE only",
            ),
            (r#""Unique-ID":"e-1","#, "", ""),
            (r#""Call-Direction":"inbound""#, r#""Call-Direction":"up""#, "direction `up`"),
            ("60250", "soon", "billmsec is not a number"),
            (
                r#""variable_accountcode":"A0000001""#,
                r#""variable_accountcode":["A"]"#,
                "sequence under `variable_accountcode`",
            ),
        ] {
            let read_anyway = read(&SAMPLE.replacen(from, to, 1)).map(|_| String::new());
            let said = read_anyway.unwrap_or_else(|error| error);
            assert!(said.contains(says), "{to}: {said}");
        }
        let nameless = SAMPLE.replace(r#""Unique-ID":"e-1","#, "").replace(r#""variable_uuid":"e-1","#, "");
        assert!(read(&nameless).unwrap_err().contains("Unique-ID is empty"));
    }

    #[test]
    fn any_variable_may_be_the_account() {
        let mut source = in_zone(chrono_tz::UTC);
        source.identify.field = Some("Caller-Caller-ID-Number".into());
        let cdr = decode(SAMPLE.as_bytes(), &source).unwrap();
        assert_eq!((cdr.account.as_deref(), &*cdr.src), (Some("+74951234567"), "+74951234567"));
    }
}
