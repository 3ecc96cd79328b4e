//! FreeSWITCH `mod_json_cdr`: one JSON document a call, values URL-encoded or plain.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use rating::Service;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::object::Object;
use super::{DecodedCdr, Direction, Disposition, Undecodable, canonical, clean, first_byte};

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"core-uuid":"7f","switchname":"fs","channel_data":{"state":"CS_REPORTING"},"callStats":{"audio":{"inbound":{"raw_bytes":1}}},"variables":{"uuid":"u-1","accountcode":"A0000001","direction":"inbound","start_uepoch":"1793527200000000","answer_uepoch":"1793527205000000","end_uepoch":"1793527265250000","billmsec":"60250","hangup_cause":"NORMAL_CLEARING","sip_gateway_name":"megafon-1","sip_call_id":"x%401"},"app_log":{"applications":[]},"callflow":[{"caller_profile":{"caller_id_number":"%2B74951234567","destination_number":"89161234567","rdnis":""}}]}"#;

pub(super) fn recognises(bytes: &[u8]) -> bool {
    first_byte(bytes) == Some(b'{') && !canonical::names_identity(bytes) && has_variables(bytes)
}

/// Whether some key `variables` has an object. In a text its quotes would be escaped.
fn has_variables(bytes: &[u8]) -> bool {
    const KEY: &[u8] = br#""variables""#;
    let blanks_left_out =
        |at: usize| bytes[at + KEY.len()..].iter().filter(|byte| !byte.is_ascii_whitespace()).take(2).eq(b":{");
    (0..(bytes.len() + 1).saturating_sub(KEY.len())).any(|at| bytes[at..].starts_with(KEY) && blanks_left_out(at))
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    variables: Object<Variables<'a>>,
    #[serde(borrow, default)]
    callflow: Option<Vec<Object<Callflow<'a>>>>,
}

#[derive(Deserialize)]
struct Callflow<'a> {
    #[serde(borrow, default)]
    caller_profile: Option<Object<CallerProfile<'a>>>,
}

#[derive(Deserialize, Default)]
struct CallerProfile<'a> {
    #[serde(borrow, default)]
    caller_id_number: Value<'a>,
    #[serde(borrow, default)]
    destination_number: Value<'a>,
    #[serde(borrow, default)]
    rdnis: Value<'a>,
}

#[derive(Deserialize)]
struct Variables<'a> {
    #[serde(borrow)]
    uuid: Value<'a>,
    #[serde(borrow, default)]
    accountcode: Value<'a>,
    #[serde(borrow, default)]
    direction: Value<'a>,
    #[serde(borrow, default)]
    start_uepoch: Value<'a>,
    #[serde(borrow, default)]
    start_epoch: Value<'a>,
    #[serde(borrow, default)]
    answer_uepoch: Value<'a>,
    #[serde(borrow, default)]
    answer_epoch: Value<'a>,
    #[serde(borrow, default)]
    end_uepoch: Value<'a>,
    #[serde(borrow, default)]
    end_epoch: Value<'a>,
    #[serde(borrow, default)]
    billmsec: Value<'a>,
    #[serde(borrow, default)]
    hangup_cause: Value<'a>,
    #[serde(borrow, default)]
    sip_from_user: Value<'a>,
    #[serde(borrow, default)]
    sip_to_user: Value<'a>,
    #[serde(borrow, default)]
    sip_gateway_name: Value<'a>,
    #[serde(borrow, default)]
    sip_call_id: Value<'a>,
    #[serde(borrow, default)]
    tollgate_service: Value<'a>,
}

/// A value as a text, without URL encoding (one that is not UTF-8 stays encoded): FreeSWITCH writes all values as texts, what stands between it and us may turn digits into numbers and nothing
/// into null.
#[derive(Default)]
struct Value<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;
        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
                if !text.contains('%') {
                    return Ok(Value(text.into()));
                }
                Ok(Value(percent_decode_str(text).decode_utf8().unwrap_or(text.into())))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
                let decoded = percent_decode_str(text).decode_utf8().unwrap_or(text.into());
                Ok(Value(decoded.into_owned().into()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'de>, E> {
                Ok(Value(number.to_string().into()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
                Ok(Value(number.to_string().into()))
            }
            fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
                Ok(Value::default())
            }
        }
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'a> Value<'a> {
    fn some(self) -> Option<Cow<'a, str>> {
        (!self.0.is_empty()).then_some(self.0)
    }

    fn or(self, other: Self) -> Cow<'a, str> {
        if self.0.is_empty() { other.0 } else { self.0 }
    }
}

/// Milliseconds from `*_uepoch`, else from `*_epoch`; `None` for 0 or nothing.
fn stamp(micros: &str, seconds: &str, name: &str) -> Result<Option<i64>, Undecodable> {
    let read = |text: &str| {
        text.parse::<i64>().ok().filter(|stamp| *stamp >= 0).ok_or_else(|| {
            Undecodable::new(
                format!("FreeSWITCH JSON: {name} — не число от 0"),
                format!("FreeSWITCH JSON: {name} is not a number of 0 or more"),
            )
        })
    };
    let ms = match (micros, seconds) {
        ("", "") => 0,
        ("", seconds) => read(seconds)?.saturating_mul(1000),
        (micros, _) => read(micros)? / 1000,
    };
    Ok((ms != 0).then_some(ms))
}

fn service(variables: &Variables<'_>, rdnis: &str) -> Result<Service, Undecodable> {
    if !variables.tollgate_service.0.is_empty() {
        let word = &variables.tollgate_service.0;
        return word.parse().map_err(|()| {
            let word = clean(word);
            Undecodable::new(
                format!("FreeSWITCH JSON: tollgate_service `{word}` — такой услуги нет"),
                format!("FreeSWITCH JSON: tollgate_service `{word}` is no service"),
            )
        });
    }
    match (&*variables.direction.0, rdnis.is_empty()) {
        ("inbound", true) => Ok(Service::Outgoing),
        ("inbound", false) => Ok(Service::Forwarded),
        ("outbound", _) => Ok(Service::Incoming),
        (other, _) => {
            let word = clean(other);
            Err(Undecodable::new(
                format!("FreeSWITCH JSON: direction `{word}` — не inbound и не outbound"),
                format!("FreeSWITCH JSON: direction `{word}` is neither inbound nor outbound"),
            ))
        }
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
        serde_json::from_slice(bytes).map_err(|error| Undecodable::json("FreeSWITCH JSON", &error))?;
    let variables = document.variables.0;
    if variables.uuid.0.is_empty() {
        return Err(Undecodable::fixed(
            "FreeSWITCH JSON: поле variables.uuid пустое",
            "FreeSWITCH JSON: variables.uuid is empty",
        ));
    }
    let flows = document.callflow.unwrap_or_default();
    let profile = flows.into_iter().find_map(|flow| flow.0.caller_profile).map(|profile| profile.0).unwrap_or_default();
    let service = service(&variables, &profile.rdnis.0)?;
    let direction = Direction::of(service);
    let gateway = variables.sip_gateway_name.some();
    let (trunk_in, trunk_out) = if direction == Direction::Out { (None, gateway) } else { (gateway, None) };
    let answer_ms = stamp(&variables.answer_uepoch.0, &variables.answer_epoch.0, "answer_uepoch")?;
    let billable_ms = match &*variables.billmsec.0 {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            Undecodable::fixed("FreeSWITCH JSON: billmsec — не число", "FreeSWITCH JSON: billmsec is not a number")
        })?),
    };
    Ok(DecodedCdr {
        cdr_id: variables.uuid.0,
        source: None,
        leg: 0,
        sequence: 0,
        is_final: true,
        call_id: variables.sip_call_id.0,
        account: variables.accountcode.some(),
        src: profile.caller_id_number.or(variables.sip_from_user),
        dst: profile.destination_number.or(variables.sip_to_user),
        service,
        direction,
        setup_ms: stamp(&variables.start_uepoch.0, &variables.start_epoch.0, "start_uepoch")?,
        answer_ms,
        end_ms: stamp(&variables.end_uepoch.0, &variables.end_epoch.0, "end_uepoch")?,
        billable_ms: billable_ms.filter(|_| answer_ms.is_some()),
        disposition: disposition(answer_ms.is_some(), &variables.hangup_cause.0),
        release_cause: variables.hangup_cause.0,
        trunk_in,
        trunk_out,
        forwarded_from: profile.rdnis.some(),
        incoming_service: None,
        quantity: None,
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
    #[test]
    fn values_encoded_as_numbers_and_null() {
        let changed = SAMPLE
            .replace(r#""inbound","start"#, r#""%69nbound","start"#)
            .replace(r#""1793527205000000""#, "1793527205000000")
            .replace(r#""60250""#, r#""%36%30250""#)
            .replace(r#""rdnis":"""#, r#""rdnis":null"#)
            .replace(r#""uuid":"u-1""#, r#""uuid":"%ffu""#)
            .replace(r#""variables":{"#, "\"variables\" :\n {");
        assert!(recognises(changed.as_bytes()));
        let cdr = decode(changed.as_bytes(), chrono_tz::UTC).unwrap();
        assert_eq!(
            (&*cdr.cdr_id, cdr.service, cdr.answer_ms, cdr.billable_ms, cdr.forwarded_from),
            ("%ffu", Service::Outgoing, Some(1_793_527_205_000), Some(60_250), None)
        );
    }

    #[test]
    fn a_bad_field_is_named() {
        for (from, to, says) in [
            (r#""uuid":"u-1""#, r#""uuid":"""#, "variables.uuid is empty"),
            ("1793527205000000", "-5", "answer_uepoch is not a number of 0 or more"),
            ("60250", "soon", "billmsec is not a number"),
            (r#""direction":"inbound""#, r#""direction":"up""#, "direction `up`"),
        ] {
            let error = decode(SAMPLE.replace(from, to).as_bytes(), chrono_tz::UTC).unwrap_err();
            assert!(error.0.english().contains(says), "{to}: {}", error.0);
        }
    }
}
