//! FreeSWITCH `mod_json_cdr`: one JSON document a call, values URL-encoded or plain.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rating::Service;
use serde::Deserialize;

use super::{DecodedCdr, Direction, Disposition, Undecodable, canonical, contains, first_byte};

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"core-uuid":"7f","switchname":"fs","channel_data":{"state":"CS_REPORTING"},"callStats":{"audio":{"inbound":{"raw_bytes":1}}},"variables":{"uuid":"u-1","accountcode":"A0000001","direction":"inbound","start_uepoch":"1793527200000000","answer_uepoch":"1793527205000000","end_uepoch":"1793527265250000","billmsec":"60250","hangup_cause":"NORMAL_CLEARING","sip_gateway_name":"megafon-1","sip_call_id":"x%401"},"app_log":{"applications":[]},"callflow":[{"caller_profile":{"caller_id_number":"%2B74951234567","destination_number":"89161234567","rdnis":""}}]}"#;

pub(super) fn recognises(bytes: &[u8]) -> bool {
    first_byte(bytes) == Some(b'{') && !canonical::names_identity(bytes) && contains(bytes, br#""variables""#)
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    variables: Variables<'a>,
    #[serde(borrow, default)]
    callflow: Vec<Callflow<'a>>,
}

#[derive(Deserialize)]
struct Callflow<'a> {
    #[serde(borrow, default)]
    caller_profile: Option<CallerProfile<'a>>,
}

#[derive(Deserialize, Default)]
struct CallerProfile<'a> {
    #[serde(borrow, default)]
    caller_id_number: Cow<'a, str>,
    #[serde(borrow, default)]
    destination_number: Cow<'a, str>,
    #[serde(borrow, default)]
    rdnis: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Variables<'a> {
    #[serde(borrow)]
    uuid: Cow<'a, str>,
    #[serde(borrow, default)]
    accountcode: Cow<'a, str>,
    #[serde(borrow, default)]
    direction: Cow<'a, str>,
    #[serde(borrow, default)]
    start_uepoch: Cow<'a, str>,
    #[serde(borrow, default)]
    start_epoch: Cow<'a, str>,
    #[serde(borrow, default)]
    answer_uepoch: Cow<'a, str>,
    #[serde(borrow, default)]
    answer_epoch: Cow<'a, str>,
    #[serde(borrow, default)]
    end_uepoch: Cow<'a, str>,
    #[serde(borrow, default)]
    end_epoch: Cow<'a, str>,
    #[serde(borrow, default)]
    billmsec: Cow<'a, str>,
    #[serde(borrow, default)]
    hangup_cause: Cow<'a, str>,
    #[serde(borrow, default)]
    sip_from_user: Cow<'a, str>,
    #[serde(borrow, default)]
    sip_to_user: Cow<'a, str>,
    #[serde(borrow, default)]
    sip_gateway_name: Cow<'a, str>,
    #[serde(borrow, default)]
    sip_call_id: Cow<'a, str>,
    #[serde(borrow, default)]
    tollgate_service: Cow<'a, str>,
}

/// The value without URL encoding; a plain value stays as it is.
fn plain(value: Cow<'_, str>) -> Result<Cow<'_, str>, Undecodable> {
    if !value.contains('%') {
        return Ok(value);
    }
    let decoded = percent_decode_str(&value)
        .decode_utf8()
        .map_err(|_| Undecodable("FreeSWITCH JSON: a value is not UTF-8 when decoded".into()))?;
    Ok(Cow::Owned(decoded.into_owned()))
}

/// Milliseconds from `*_uepoch`, else from `*_epoch`; `None` for 0 or nothing.
fn stamp(micros: &str, seconds: &str, name: &str) -> Result<Option<i64>, Undecodable> {
    let read =
        |text: &str| text.parse::<i64>().map_err(|_| Undecodable(format!("FreeSWITCH JSON: {name} is not a number")));
    let ms = match (micros, seconds) {
        ("", "") => 0,
        ("", seconds) => read(seconds)?.saturating_mul(1000),
        (micros, _) => read(micros)?.div_euclid(1000),
    };
    Ok((ms != 0).then_some(ms))
}

fn some(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(text)
}

fn service(variables: &Variables<'_>, rdnis: &str) -> Result<Service, Undecodable> {
    if !variables.tollgate_service.is_empty() {
        let word = &variables.tollgate_service;
        return word.parse().map_err(|()| {
            Undecodable(format!("FreeSWITCH JSON: tollgate_service `{}` is no service", crate::text::clean(word)))
        });
    }
    match (&*variables.direction, rdnis.is_empty()) {
        ("inbound", true) => Ok(Service::Outgoing),
        ("inbound", false) => Ok(Service::Forwarded),
        ("outbound", _) => Ok(Service::Incoming),
        (other, _) => Err(Undecodable(format!(
            "FreeSWITCH JSON: direction `{}` is neither inbound nor outbound",
            crate::text::clean(other)
        ))),
    }
}

fn disposition(answered: bool, cause: &str) -> Disposition {
    match cause {
        _ if answered => Disposition::Answered,
        "USER_BUSY" => Disposition::Busy,
        "ORIGINATOR_CANCEL" => Disposition::Cancelled,
        "NO_ANSWER" | "NO_USER_RESPONSE" | "ALLOTTED_TIMEOUT" => Disposition::NoAnswer,
        _ => Disposition::Failed,
    }
}

pub(super) fn decode(bytes: &[u8], _zone: chrono_tz::Tz) -> Result<DecodedCdr<'_>, Undecodable> {
    let document: Document<'_> =
        serde_json::from_slice(bytes).map_err(|error| Undecodable(format!("FreeSWITCH JSON: {error}")))?;
    let variables = document.variables;
    if variables.uuid.is_empty() {
        return Err(Undecodable("FreeSWITCH JSON: variables.uuid is empty".into()));
    }
    let profile = document.callflow.into_iter().find_map(|flow| flow.caller_profile).unwrap_or_default();
    let service = service(&variables, &profile.rdnis)?;
    let direction = Direction::of(service);
    let gateway = some(plain(variables.sip_gateway_name)?);
    let (trunk_in, trunk_out) = if direction == Direction::Out { (None, gateway) } else { (gateway, None) };
    let answer_ms = stamp(&variables.answer_uepoch, &variables.answer_epoch, "answer_uepoch")?;
    let billable_ms = match &*variables.billmsec {
        "" => None,
        text => Some(text.parse().map_err(|_| Undecodable("FreeSWITCH JSON: billmsec is not a number".into()))?),
    };
    let first = |first: Cow<'_, str>, second| if first.is_empty() { second } else { first.into_owned().into() };
    Ok(DecodedCdr {
        cdr_id: plain(variables.uuid)?,
        source: None,
        leg: 0,
        sequence: 0,
        is_final: true,
        call_id: plain(variables.sip_call_id)?,
        account: some(plain(variables.accountcode)?),
        src: plain(first(profile.caller_id_number, variables.sip_from_user))?,
        dst: plain(first(profile.destination_number, variables.sip_to_user))?,
        service,
        direction,
        setup_ms: stamp(&variables.start_uepoch, &variables.start_epoch, "start_uepoch")?,
        answer_ms,
        end_ms: stamp(&variables.end_uepoch, &variables.end_epoch, "end_uepoch")?,
        billable_ms: billable_ms.filter(|_| answer_ms.is_some()),
        disposition: disposition(answer_ms.is_some(), &variables.hangup_cause),
        release_cause: plain(variables.hangup_cause)?,
        trunk_in,
        trunk_out,
        forwarded_from: some(plain(profile.rdnis)?),
        incoming_service: None,
        place: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_decodes_encoded_and_plain() {
        for sample in [SAMPLE.to_owned(), SAMPLE.replace("%2B", "+").replace("%40", "@")] {
            assert!(recognises(sample.as_bytes()));
            let cdr = decode(sample.as_bytes(), chrono_tz::UTC).unwrap();
            assert_eq!((&*cdr.cdr_id, cdr.account.as_deref(), &*cdr.call_id), ("u-1", Some("A0000001"), "x@1"));
            assert_eq!((&*cdr.src, &*cdr.dst, cdr.service), ("+74951234567", "89161234567", Service::Outgoing));
            assert_eq!(
                (cdr.setup_ms, cdr.answer_ms, cdr.end_ms),
                (Some(1_793_527_200_000), Some(1_793_527_205_000), Some(1_793_527_265_250))
            );
            assert_eq!(
                (cdr.billable_ms, cdr.trunk_out.as_deref(), cdr.trunk_in),
                (Some(60_250), Some("megafon-1"), None)
            );
        }
    }

    #[test]
    fn services_and_attempts() {
        let received =
            SAMPLE.replace(r#""direction":"inbound""#, r#""direction":"outbound""#).replace("1793527205000000", "0");
        let cdr = decode(received.as_bytes(), chrono_tz::UTC).unwrap();
        assert_eq!(
            (cdr.service, cdr.direction, cdr.disposition),
            (Service::Incoming, Direction::In, Disposition::Failed)
        );
        assert_eq!((cdr.answer_ms, cdr.billable_ms, cdr.trunk_in.as_deref()), (None, None, Some("megafon-1")));
        let forwarded = SAMPLE.replace(r#""rdnis":"""#, r#""rdnis":"74957654321""#);
        let cdr = decode(forwarded.as_bytes(), chrono_tz::UTC).unwrap();
        assert_eq!((cdr.service, cdr.forwarded_from.as_deref()), (Service::Forwarded, Some("74957654321")));
    }
}
