//! Calls as FreeSWITCH `mod_json_cdr` and as Asterisk `Master.csv`.
//!
//! **Owns:** the bytes of those two. **Does not own:** the canonical format (`encode`).
//! **Always:** one line of bytes; what the format cannot carry (a trunk of ours, a place) is not in the call to begin with.

use std::fmt::Write as _;

use chrono::DateTime;
use chrono_tz::Tz;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::call::{Call, Disposition, Service};
use super::encode::stamp;
use super::rng::Rng;

const NEVER_FAILS: &str = "writing into a string does not fail";

/// Half of the documents have their values URL-encoded, as the module does by default.
pub(super) fn freeswitch(call: &Call<'_>, rng: &mut Rng) -> Vec<u8> {
    let encoded = rng.chance(1, 2);
    let value =
        |text: &str| if encoded { utf8_percent_encode(text, NON_ALPHANUMERIC).to_string() } else { text.to_owned() };
    let micros = |at_ms: Option<i64>| at_ms.map_or_else(|| "0".to_owned(), |at_ms| (at_ms * 1_000).to_string());
    let seconds =
        |at_ms: Option<i64>| at_ms.map_or_else(|| "0".to_owned(), |at_ms| at_ms.div_euclid(1_000).to_string());
    let answered = call.answered_at();
    let talk = answered.map_or(0, |answer| call.end_ms - answer);
    let cause = match call.disposition {
        Disposition::Answered => "NORMAL_CLEARING",
        Disposition::NoAnswer => "NO_ANSWER",
        Disposition::Busy => "USER_BUSY",
        Disposition::Failed => "NETWORK_OUT_OF_ORDER",
        Disposition::Cancelled => "ORIGINATOR_CANCEL",
    };
    let mut variables = vec![
        ("uuid", call.cdr_id.clone()),
        ("direction", if call.service.is_received() { "outbound" } else { "inbound" }.to_owned()),
        ("start_stamp", at_stamp(call.setup_ms, Tz::UTC)),
        ("start_epoch", seconds(Some(call.setup_ms))),
        ("start_uepoch", micros(Some(call.setup_ms))),
        ("answer_epoch", seconds(answered)),
        ("answer_uepoch", micros(answered)),
        ("end_epoch", seconds(Some(call.end_ms))),
        ("end_uepoch", micros(Some(call.end_ms))),
        ("duration", ((call.end_ms - call.setup_ms) / 1_000).to_string()),
        ("billsec", ((talk + 500) / 1_000).to_string()),
        ("hangup_cause", cause.to_owned()),
    ];
    if let Some(milliseconds) = call.billable_ms {
        variables.push(("billmsec", milliseconds.to_string()));
    }
    if let Some(account) = call.account {
        variables.push(("accountcode", account.to_owned()));
    }
    if let Some(trunk) = if call.service.is_received() { call.trunk_in } else { call.trunk_out } {
        variables.push(("sip_gateway_name", trunk.to_owned()));
    }
    if !matches!(call.service, Service::Outgoing | Service::Incoming) || rng.chance(1, 10) {
        variables.push(("tollgate_service", call.service.word().to_owned()));
    }
    let mut out = format!(r#"{{"core-uuid":"{}","switchname":"fs-node","variables":{{"#, rng.digits(12));
    for (index, (name, text)) in variables.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, r#"{comma}"{name}":"{}""#, value(text)).expect(NEVER_FAILS);
    }
    let rdnis =
        call.forwarded_from.as_ref().map(|number| format!(r#""rdnis":"{}","#, value(number))).unwrap_or_default();
    write!(
        out,
        concat!(
            r#"}},"app_log":{{"applications":[{{"app_name":"bridge","app_data":"sofia"}}]}},"callflow":[{{"dialplan":"XML","profile_index":"1","#,
            r#""caller_profile":{{"username":"","dialplan":"XML","caller_id_name":"{src}","caller_id_number":"{src}",{rdnis}"#,
            r#""destination_number":"{dst}","context":"public"}},"times":{{"created_time":"{created}","hangup_time":"{hangup}"}}}}]}}"#
        ),
        src = value(&call.src),
        rdnis = rdnis,
        dst = value(&call.dst),
        created = micros(Some(call.setup_ms)),
        hangup = micros(Some(call.end_ms)),
    )
    .expect(NEVER_FAILS);
    out.into_bytes()
}

pub(super) fn asterisk(call: &Call<'_>, zone: Tz, rng: &mut Rng) -> Vec<u8> {
    let disposition = match call.disposition {
        Disposition::Answered => "ANSWERED",
        Disposition::NoAnswer | Disposition::Cancelled => "NO ANSWER",
        Disposition::Busy => "BUSY",
        Disposition::Failed => ["FAILED", "CONGESTION"][rng.index(2)],
    };
    let context = match call.service {
        Service::Outgoing => ["from-internal", "outgoing", "office"][rng.index(3)],
        other => other.word(),
    };
    let phone = format!("PJSIP/phone{}-{:08x}", rng.below(90), rng.below(1 << 32));
    let trunk = if call.service.is_received() { call.trunk_in } else { call.trunk_out };
    let by_trunk = trunk.map_or_else(String::new, |trunk| format!("PJSIP/{trunk}-{:08x}", rng.below(1 << 32)));
    let (channel, far_channel) = if call.service.is_received() { (by_trunk, phone) } else { (phone, by_trunk) };
    let answer = call.answered_at().map_or_else(String::new, |at_ms| at_stamp(at_ms, zone));
    let talk = call.answered_at().map_or(0, |answer| (call.end_ms - answer) / 1_000);
    let mut out = format!(
        concat!(
            r#""{}","{}","{}","{context}","""{}"" <{}>","{channel}","{far}","Dial","{far},60","#,
            r#""{}","{answer}","{}",{},{talk},"{disposition}","DOCUMENTATION""#
        ),
        call.account.unwrap_or(""),
        call.src,
        call.dst,
        call.src,
        call.src,
        at_stamp(call.setup_ms, zone),
        at_stamp(call.end_ms, zone),
        (call.end_ms - call.setup_ms) / 1_000,
        context = context,
        channel = channel,
        far = far_channel,
        answer = answer,
        talk = talk,
        disposition = disposition,
    );
    if !call.cdr_id.is_empty() {
        let userfield = if rng.chance(1, 2) { r#","""# } else { "" };
        write!(out, r#","{}"{userfield}"#, call.cdr_id).expect(NEVER_FAILS);
    }
    out.into_bytes()
}

fn at_stamp(at_ms: i64, zone: Tz) -> String {
    let local = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().with_timezone(&zone).naive_local();
    let mut text = String::with_capacity(19);
    stamp(&mut text, &local, ' ').expect(NEVER_FAILS);
    text
}
