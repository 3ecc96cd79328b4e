//! FreeSWITCH `mod_json_cdr`: one JSON document a call, values URL-encoded or plain.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use rating::rows::SourceRow;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::freeswitch_call::Call;
use super::object::Object;
use super::shape::{Keys, Look};
use super::{DecodedCdr, Undecodable, account_field};

const FORMAT: &str = "FreeSWITCH JSON";

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"{"core-uuid":"7f","switchname":"fs","channel_data":{"state":"CS_REPORTING"},"callStats":{"audio":{"inbound":{"raw_bytes":1}}},"variables":{"uuid":"u-1","accountcode":"A0000001","direction":"inbound","start_uepoch":"1793527200000000","answer_uepoch":"1793527205000000","end_uepoch":"1793527265250000","billmsec":"60250","hangup_cause":"NORMAL_CLEARING","sip_gateway_name":"megafon-1","sip_call_id":"x%401"},"app_log":{"applications":[]},"callflow":[{"caller_profile":{"caller_id_number":"%2B74951234567","destination_number":"89161234567","rdnis":""}}]}"#;

pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.has(Keys::VARIABLES)
}

/// Variables that may name the account, the usual one first.
pub(super) const ACCOUNT_FIELDS: &[&str] = &["accountcode", "sip_auth_username", "sip_from_user"];

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
    sip_auth_username: Value<'a>,
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

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let document: Document<'_> = serde_json::from_slice(bytes).map_err(|error| Undecodable::json(FORMAT, &error))?;
    let variables = document.variables.0;
    if variables.uuid.0.is_empty() {
        return Err(Undecodable::empty(FORMAT, "variables.uuid"));
    }
    let flows = document.callflow.unwrap_or_default();
    let profile = flows.into_iter().find_map(|flow| flow.0.caller_profile).map(|profile| profile.0).unwrap_or_default();
    let account = match account_field(source, ACCOUNT_FIELDS)? {
        0 => variables.accountcode.some(),
        1 => variables.sip_auth_username.some(),
        _ => Some(variables.sip_from_user.0.clone()).filter(|user| !user.is_empty()),
    };
    let call = Call {
        format: FORMAT,
        uuid: variables.uuid.0,
        account,
        direction: variables.direction.0,
        service: variables.tollgate_service.0,
        start: (variables.start_uepoch.0, variables.start_epoch.0),
        answer: (variables.answer_uepoch.0, variables.answer_epoch.0),
        end: (variables.end_uepoch.0, variables.end_epoch.0),
        billmsec: variables.billmsec.0,
        hangup_cause: variables.hangup_cause.0,
        gateway: variables.sip_gateway_name.some(),
        sip_call_id: variables.sip_call_id.0,
        src: profile.caller_id_number.or(variables.sip_from_user),
        dst: profile.destination_number.or(variables.sip_to_user),
        rdnis: profile.rdnis.some(),
    };
    call.record()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_zone, recognised};
    use super::super::{Direction, Disposition};
    use super::*;
    use rating::Service;

    #[test]
    fn the_sample_decodes_encoded_and_plain() {
        for sample in [SAMPLE.to_owned(), SAMPLE.replace("%2B", "+").replace("%40", "@")] {
            assert_eq!(recognised(&sample), Some("freeswitch"));
            let cdr = decode(sample.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
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
        let cdr = decode(received.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
        assert_eq!(
            (cdr.service, cdr.direction, cdr.disposition),
            (Service::Incoming, Direction::In, Disposition::Failed)
        );
        assert_eq!((cdr.answer_ms, cdr.billable_ms, cdr.trunk_in.as_deref()), (None, None, Some("megafon-1")));
        let forwarded = SAMPLE.replace(r#""rdnis":"""#, r#""rdnis":"74957654321""#);
        let cdr = decode(forwarded.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
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
        assert_eq!(recognised(&changed), Some("freeswitch"));
        let cdr = decode(changed.as_bytes(), &in_zone(chrono_tz::UTC)).unwrap();
        assert_eq!(
            (&*cdr.cdr_id, cdr.service, cdr.answer_ms, cdr.billable_ms, cdr.forwarded_from),
            ("%ffu", Service::Outgoing, Some(1_793_527_205_000), Some(60_250), None)
        );
    }

    #[test]
    fn the_source_says_which_variable_is_the_account() {
        let record = SAMPLE.replace(
            r#""accountcode":"A0000001""#,
            r#""accountcode":"x","sip_auth_username":"A0000007","sip_from_user":"A0000008""#,
        );
        for (field, expected) in
            [("accountcode", "x"), ("sip_auth_username", "A0000007"), ("sip_from_user", "A0000008")]
        {
            let mut source = in_zone(chrono_tz::UTC);
            source.identify.field = Some(field.into());
            assert_eq!(decode(record.as_bytes(), &source).unwrap().account.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_bad_field_is_named() {
        for (from, to, says) in [
            (r#""uuid":"u-1""#, r#""uuid":"""#, "variables.uuid is empty"),
            ("1793527205000000", "-5", "answer_uepoch is not a number of 0 or more"),
            ("60250", "soon", "billmsec is not a number"),
            (r#""direction":"inbound""#, r#""direction":"up""#, "direction `up`"),
        ] {
            let error = decode(SAMPLE.replace(from, to).as_bytes(), &in_zone(chrono_tz::UTC)).unwrap_err();
            assert!(error.0.english().contains(says), "{to}: {}", error.0);
        }
    }
}
