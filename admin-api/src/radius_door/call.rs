//! What packets say of a call: its name, what is asked for, when it was answered.
//!
//! Owns: which attribute and which pair is which field of a request.
//! Does not own: attributes themselves (`radius`), what is decided (`authorize`).
//! Always: pure; the same call has the same name in all of its packets, and that of its records; a fault names the attribute and no number.

use std::fmt::Write as _;

use billing::holds::CallKey;
use chrono::{DateTime, TimeDelta, Utc};
use radius::attribute::VALUE_BYTES_MAX;
use radius::request::Call;
use radius::{AccessRequest, AccountingRequest, Kind, Packet, Status};
use rating::Service;

use super::clients::{CallId, Switch, UserName};
use crate::authorize::{CALL_CHARS_MAX, CallRequest, WORD_CHARS_MAX, is_answer, is_said};
use crate::language::Text;

/// Pairs of Cisco's, for what RADIUS has no attribute.
const ACCOUNT: &str = "tollgate-account";
const TRUNK: &str = "tollgate-trunk";
const SERVICE: &str = "tollgate-service";
const INCOMING_SERVICE: &str = "tollgate-incoming-service";
const PLACE: &str = "tollgate-place";
const FORWARDED_FROM: &str = "tollgate-forwarded-from";
const LEG: &str = "tollgate-leg";
/// A way that the call could take, or may take; as many as there are.
pub(super) const PROVIDER: &str = "tollgate-provider";

/// Most ways that a request names.
const PROVIDERS_MAX: usize = 50;
/// What a Class of ours begins with.
const OURS: &str = "tollgate:";

/// Why a request asks for nothing that can be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Unclear {
    /// Something must be there.
    #[error("{0} is lacking")]
    Lacking(&'static str),
    /// What names calls must be there.
    #[error("{0} is lacking, which is to name the call: have it sent, or give the client another call_id")]
    NoName(&'static str),
    /// Something is there that cannot be meant.
    #[error("{0} is not understood")]
    Wrong(&'static str),
    /// More ways than are looked at.
    #[error("more than {} pairs {}", PROVIDERS_MAX, PROVIDER)]
    TooMany,
}

impl Unclear {
    /// The same to people.
    pub(super) fn text(self) -> Text {
        let english = self.to_string();
        let russian = match self {
            Self::Lacking(what) => format!("нет атрибута {what}"),
            Self::NoName(what) => {
                format!("нет атрибута {what}, который называет звонок: передавайте его или смените call_id клиента")
            }
            Self::Wrong(what) => format!("значение {what} не подходит"),
            Self::TooMany => format!("больше {PROVIDERS_MAX} пар {PROVIDER}"),
        };
        Text::new(russian, english)
    }
}

impl CallId {
    /// The attribute, as people know it.
    const fn attribute(self) -> &'static str {
        match self {
            Self::Session => "Acct-Session-Id",
            Self::Conference => "h323-conf-id",
            Self::MultiSession => "Acct-Multi-Session-Id",
            Self::Class => "Class",
        }
    }

    /// What a packet says by it.
    fn said(self, call: &Call) -> Option<&str> {
        match self {
            Self::Session => call.session_id.as_deref(),
            Self::Conference => call.conference_id.as_deref(),
            Self::MultiSession => call.multi_session_id.as_deref(),
            Self::Class => None,
        }
    }
}

/// What an Access-Request asks for.
pub(super) fn asked(switch: &Switch, request: &AccessRequest) -> Result<CallRequest, Unclear> {
    let (packet, call) = (&request.packet, &request.call);
    let first = |name| packet.pairs(name).into_iter().next();
    let user = |what| call.user_name.clone().filter(|_| switch.user_name == what);
    let service =
        first(SERVICE).map(|word| word.parse::<Service>().map_err(|()| Unclear::Wrong(SERVICE))).transpose()?;
    let leg = leg(packet)?;
    let call_id = match switch.call_id.said(call) {
        Some(said) => said.to_owned(),
        None if switch.call_id == CallId::Class => class_text(leg, &hex(&packet.authenticator)),
        None => return Err(Unclear::NoName(switch.call_id.attribute())),
    };
    let asked = CallRequest {
        source: switch.source.clone(),
        call_id,
        leg,
        account: first(ACCOUNT).or_else(|| user(UserName::Account)),
        trunk: first(TRUNK).or_else(|| user(UserName::Trunk)),
        src: call.calling.clone().or_else(|| user(UserName::Number)).unwrap_or_default(),
        dst: call.called.clone().ok_or(Unclear::Lacking("Called-Station-Id"))?,
        service: service.unwrap_or(switch.service),
        incoming_service: first(INCOMING_SERVICE),
        place: first(PLACE),
        providers: packet.pairs(PROVIDER),
        forwarded_from: first(FORWARDED_FROM),
        max_seconds: switch.max_seconds,
    };
    check(switch, &asked)?;
    Ok(asked)
}

/// Whether all words of a request may stand in it.
fn check(switch: &Switch, asked: &CallRequest) -> Result<(), Unclear> {
    let is_unfit = |text: &str| !text.is_empty() && !is_said(text, WORD_CHARS_MAX);
    for (name, text) in [
        ("Calling-Station-Id", Some(&asked.src)),
        ("Called-Station-Id", Some(&asked.dst)),
        (ACCOUNT, asked.account.as_ref()),
        (TRUNK, asked.trunk.as_ref()),
        (INCOMING_SERVICE, asked.incoming_service.as_ref()),
        (PLACE, asked.place.as_ref()),
        (FORWARDED_FROM, asked.forwarded_from.as_ref()),
    ] {
        if text.is_some_and(|text| is_unfit(text)) {
            return Err(Unclear::Wrong(name));
        }
    }
    if asked.providers.len() > PROVIDERS_MAX {
        return Err(Unclear::TooMany);
    }
    if asked.providers.iter().any(|provider| is_unfit(provider)) {
        return Err(Unclear::Wrong(PROVIDER));
    }
    if !is_said(&asked.call_id, CALL_CHARS_MAX) {
        return Err(Unclear::Wrong(switch.call_id.attribute()));
    }
    Ok(())
}

/// The call that an Accounting-Request is about: by the Class that its Access-Accept had, else by what names calls.
pub(super) fn told(switch: &Switch, request: &AccountingRequest) -> Result<CallKey, Unclear> {
    let packet = &request.packet;
    let by_class = packet.all(Kind::CLASS).find_map(|class| of_class(switch.call_id, &class.as_text()));
    let attribute = switch.call_id.attribute();
    let (leg, call_id) = match (by_class, switch.call_id.said(&request.call)) {
        (Some(found), _) => found,
        (None, Some(said)) => (leg(packet)?, said.to_owned()),
        (None, None) => return Err(Unclear::NoName(attribute)),
    };
    if !is_said(&call_id, CALL_CHARS_MAX) {
        return Err(Unclear::Wrong(attribute));
    }
    Ok(CallKey { source: switch.source.clone(), call_id, leg })
}

/// The Class that carries the name of a call; `None`: it does not fit, and what names calls must do.
pub(super) fn class(switch: &Switch, key: &CallKey) -> Option<Vec<u8>> {
    let text = match switch.call_id {
        CallId::Class => key.call_id.clone(),
        _ => class_text(key.leg, &key.call_id),
    };
    Some(text.into_bytes()).filter(|bytes| bytes.len() <= VALUE_BYTES_MAX)
}

fn class_text(leg: u8, call_id: &str) -> String {
    format!("{OURS}{leg}:{call_id}")
}

/// Leg and name in a Class, where it is one of ours. Records that name calls by it have the whole of it.
fn of_class(by: CallId, class: &str) -> Option<(u8, String)> {
    let (leg, call_id) = class.strip_prefix(OURS)?.split_once(':')?;
    let name = if by == CallId::Class { class } else { call_id };
    Some((leg.parse().ok()?, name.to_owned()))
}

fn leg(packet: &Packet) -> Result<u8, Unclear> {
    let said = packet.pairs(LEG).into_iter().next();
    said.map_or(Ok(0), |leg| leg.parse().map_err(|_| Unclear::Wrong(LEG)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // A String takes whatever is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Seconds that a call has been talked, as far as its switch says.
pub(super) fn talked(request: &AccountingRequest) -> u64 {
    match request.status {
        Status::Start => 0,
        _ => request.session_time_s.map_or(0, u64::from),
    }
}

/// When a call was answered: when what is told happened, less what was talked until then. By the clock of the switch where it gives the time, else by ours.
pub(super) fn answered_at(request: &AccountingRequest, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if request.status != Status::Start && talked(request) == 0 {
        return None;
    }
    let talked = TimeDelta::seconds(i64::from(u32::try_from(talked(request)).unwrap_or(u32::MAX)));
    let stamped = request.event_timestamp_s.and_then(|seconds| DateTime::from_timestamp(i64::from(seconds), 0));
    let told = now - TimeDelta::seconds(i64::from(request.delay_time_s.unwrap_or(0)));
    [stamped, Some(told)].into_iter().flatten().map(|at| at - talked).find(|at| is_answer(*at, now))
}

#[cfg(test)]
mod tests {
    use radius::request::Sender;
    use radius::{Attribute, Code, Secret};

    use super::*;
    use crate::language::Language;

    fn switch(call_id: CallId, user_name: UserName) -> Switch {
        Switch {
            name: "nas".into(),
            source: "sbc".into(),
            call_id,
            user_name,
            service: Service::Outgoing,
            max_seconds: Some(600),
            nas: None,
        }
    }

    fn sender() -> Sender {
        Sender { client: "nas".into(), address: ([127, 0, 0, 1], 1_024).into() }
    }

    fn text(kind: Kind, text: &str) -> Attribute {
        Attribute::text(kind, text).unwrap()
    }

    fn pair(name: &str, value: &str) -> Attribute {
        Attribute::pair(name, value).unwrap()
    }

    fn access(attributes: Vec<Attribute>) -> AccessRequest {
        let packet = Packet { authenticator: [0xab; 16], ..Packet::new(Code::ACCESS_REQUEST, 1, attributes) };
        AccessRequest::read(packet, sender(), &Secret::new("x").unwrap()).unwrap()
    }

    fn accounting(status: u32, more: Vec<Attribute>) -> AccountingRequest {
        let mut attributes =
            vec![Attribute::integer(Kind::ACCT_STATUS_TYPE, status), text(Kind::ACCT_SESSION_ID, "s1")];
        attributes.extend(more);
        AccountingRequest::read(Packet::new(Code::ACCOUNTING_REQUEST, 1, attributes), sender()).unwrap()
    }

    fn numbers() -> Vec<Attribute> {
        vec![text(Kind::CALLING_STATION_ID, "74950000001"), text(Kind::CALLED_STATION_ID, "74951234567")]
    }

    /// what names calls | what a request has besides its numbers | the name and the leg, or what is wrong
    #[test]
    fn a_call_has_a_name() {
        let session = || text(Kind::ACCT_SESSION_ID, "s1");
        let conference = || Attribute::h323_conf_id("0A 0B").unwrap();
        let made_up = format!("tollgate:0:{}", "ab".repeat(16));
        for (by, more, expected) in [
            (CallId::Session, vec![session(), conference()], Ok(("s1", 0))),
            (CallId::Session, vec![conference()], Err(Unclear::NoName("Acct-Session-Id"))),
            (CallId::Session, vec![text(Kind::ACCT_SESSION_ID, "s\n1")], Err(Unclear::Wrong("Acct-Session-Id"))),
            (CallId::Session, vec![session(), pair(LEG, "1")], Ok(("s1", 1))),
            (CallId::Session, vec![session(), pair(LEG, "256")], Err(Unclear::Wrong(LEG))),
            (CallId::Conference, vec![session(), conference()], Ok(("0A 0B", 0))),
            (CallId::Conference, vec![session()], Err(Unclear::NoName("h323-conf-id"))),
            (CallId::MultiSession, vec![session(), text(Kind::ACCT_MULTI_SESSION_ID, "m1")], Ok(("m1", 0))),
            (CallId::Class, vec![session()], Ok((made_up.as_str(), 0))),
        ] {
            let switch = switch(by, UserName::Ignored);
            let found = asked(&switch, &access([numbers(), more].concat()));
            let found = found.map(|asked| (asked.call_id, asked.leg));
            assert_eq!(found, expected.map(|(name, leg)| (name.to_owned(), leg)), "{by:?}");
        }
    }

    /// What a Class carries comes back as the same call, whatever names it; a strange Class does not.
    #[test]
    fn a_class_carries_the_call() {
        for (by, more) in [
            (CallId::Session, vec![text(Kind::ACCT_SESSION_ID, "s0"), pair(LEG, "1")]),
            (CallId::Conference, vec![Attribute::h323_conf_id("0A:0B").unwrap()]),
            (CallId::Class, vec![]),
        ] {
            let switch = switch(by, UserName::Ignored);
            let key = asked(&switch, &access([numbers(), more].concat())).unwrap().key();
            let class = Attribute::new(Kind::CLASS, class(&switch, &key).unwrap()).unwrap();
            let of_a_proxy = Attribute::new(Kind::CLASS, *b"proxy").unwrap();
            assert_eq!(told(&switch, &accounting(2, vec![of_a_proxy, class])), Ok(key), "{by:?}");
        }
        let switch = switch(CallId::Session, UserName::Ignored);
        for (class, expected) in [("reservation 17", "s1"), ("tollgate:x:s2", "s1"), ("tollgate:0:s2", "s2")] {
            let found = told(&switch, &accounting(1, vec![text(Kind::CLASS, class)])).unwrap();
            assert_eq!((found.source.as_str(), found.call_id.as_str(), found.leg), ("sbc", expected, 0), "{class}");
        }
        let long = CallKey { source: "sbc".into(), call_id: "x".repeat(250), leg: 0 };
        assert_eq!(class(&switch, &long), None);
        let by_class = self::switch(CallId::Class, UserName::Ignored);
        assert_eq!(told(&by_class, &accounting(1, vec![])), Err(Unclear::NoName("Class")));
    }

    /// what User-Name is | the request | account, trunk, calling number
    #[test]
    fn who_pays_is_said_as_the_file_says() {
        let user = || text(Kind::USER_NAME, "u");
        let calling = || text(Kind::CALLING_STATION_ID, "74950000001");
        for (what, more, expected) in [
            (UserName::Number, vec![user(), calling()], (None, None, "74950000001")),
            (UserName::Number, vec![user()], (None, None, "u")),
            (UserName::Account, vec![user(), calling()], (Some("u"), None, "74950000001")),
            (UserName::Account, vec![user(), pair(ACCOUNT, "a1")], (Some("a1"), None, "")),
            (UserName::Trunk, vec![user()], (None, Some("u"), "")),
            (UserName::Ignored, vec![user(), pair(TRUNK, "t1")], (None, Some("t1"), "")),
        ] {
            let own = vec![text(Kind::ACCT_SESSION_ID, "s1"), text(Kind::CALLED_STATION_ID, "112")];
            let found = asked(&switch(CallId::Session, what), &access([own, more].concat()));
            let found = found.unwrap_or_else(|unclear| panic!("{what:?}: {unclear}"));
            assert_eq!((found.account.as_deref(), found.trunk.as_deref(), found.src.as_str()), expected, "{what:?}");
        }
    }

    #[test]
    fn pairs_say_what_has_no_attribute() {
        let own = vec![text(Kind::ACCT_SESSION_ID, "s1")];
        let more = vec![
            pair(SERVICE, "forwarded"),
            pair(FORWARDED_FROM, "74950000001"),
            pair(PROVIDER, "mts-1"),
            pair(PROVIDER, "mgf-1"),
            pair(PLACE, "office"),
            pair(INCOMING_SERVICE, "vpbx"),
        ];
        let by_session = switch(CallId::Session, UserName::Ignored);
        let found = asked(&by_session, &access([own.clone(), numbers(), more].concat()));
        let found = found.unwrap_or_else(|unclear| panic!("{unclear}"));
        assert_eq!((found.service, found.forwarded_from.as_deref()), (Service::Forwarded, Some("74950000001")));
        assert_eq!(found.providers, ["mts-1", "mgf-1"]);
        assert_eq!((found.place.as_deref(), found.incoming_service.as_deref()), (Some("office"), Some("vpbx")));
        assert_eq!((found.source.as_str(), found.max_seconds), ("sbc", Some(600)));
        for (more, expected) in [
            (vec![pair(SERVICE, "fax")], Unclear::Wrong(SERVICE)),
            (vec![pair(PLACE, "a\0b")], Unclear::Wrong(PLACE)),
            (vec![pair(PROVIDER, &"x".repeat(101))], Unclear::Wrong(PROVIDER)),
            (vec![pair(PROVIDER, "x"); 51], Unclear::TooMany),
        ] {
            let found = asked(&by_session, &access([own.clone(), numbers(), more].concat()));
            assert_eq!(found.err(), Some(expected));
        }
        let nobody = asked(&by_session, &access(own)).err();
        assert_eq!(nobody, Some(Unclear::Lacking("Called-Station-Id")));
        let [russian, english] =
            [Language::Russian, Language::English].map(|language| Unclear::TooMany.text().spoken(language).to_owned());
        assert_eq!(
            (russian.as_str(), english.as_str()),
            ("больше 50 пар tollgate-provider", "more than 50 pairs tollgate-provider")
        );
    }

    /// status | attributes | seconds before now at which it was answered
    #[test]
    fn the_answer_has_a_moment() {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let stamp = |seconds: u32| Attribute::integer(Kind::EVENT_TIMESTAMP, 1_780_000_000 - seconds);
        let time = |seconds| Attribute::integer(Kind::ACCT_SESSION_TIME, seconds);
        let delay = |seconds| Attribute::integer(Kind::ACCT_DELAY_TIME, seconds);
        for (status, more, expected) in [
            (1, vec![], Some(0)),
            (1, vec![delay(7)], Some(7)),
            (1, vec![stamp(9), delay(7)], Some(9)),
            // Nobody has talked when it starts.
            (1, vec![time(60)], Some(0)),
            (3, vec![time(60)], Some(60)),
            (3, vec![stamp(5), time(60)], Some(65)),
            (3, vec![], None),
            (2, vec![time(75), delay(2)], Some(77)),
            // Nobody answered.
            (2, vec![time(0)], None),
            // A clock that is not set: ours counts.
            (2, vec![Attribute::integer(Kind::EVENT_TIMESTAMP, 86_400), time(75)], Some(75)),
            (2, vec![time(8 * 86_400)], None),
        ] {
            let found = answered_at(&accounting(status, more), now);
            assert_eq!(found.map(|at| (now - at).num_seconds()), expected, "{status}");
        }
    }
}
