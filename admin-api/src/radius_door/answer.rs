//! The answers of the books as RADIUS says them.
//!
//! Owns: which attributes an answer has, the words of a refusal, the codes of Cisco's gateways.
//! Does not own: what is decided (`authorize`), how it is signed (`radius`).
//! Always: pure; a refusal begins with its code and says why in English and in Russian, cut off at 253 bytes; no number of a subscriber is in it; an emergency call
//! has no end.

use radius::attribute::CISCO;
use radius::masked::Masked;
use radius::{Accept, AccessAnswer, AccessRequest, Attribute, Reject};

use super::call::{PROVIDER, Unclear};
use crate::authorize::{Allowed, Answer, Fault, Refused};
use crate::language::{Language, Text};

/// Most ways that an answer names: more would not fit into a packet with all else.
const PROVIDERS_MAX: usize = 20;
/// As many digits may be a number of somebody; fewer lead to a place.
const NUMBER_DIGITS_MIN: usize = 8;

/// Codes of h323-return-code, for which gateways have announcements.
const UNKNOWN_ACCOUNT: u32 = 1;
const IN_USE: u32 = 3;
const DENIED: u32 = 7;
const NOT_AVAILABLE: u32 = 8;
const NUMBER_BARRED: u32 = 9;
const WRONG_NUMBER: u32 = 11;
const TOO_LITTLE_MONEY: u32 = 12;

/// Whether the call may go.
pub(super) fn decided(request: &AccessRequest, answer: Result<Answer, Fault>, class: Option<Vec<u8>>) -> AccessAnswer {
    match answer {
        Ok(Answer::Allowed(allowed)) => accept(request, &allowed, class),
        Ok(Answer::Refused(refused)) => refuse(request, refused),
        Err(fault) => because(request, code_of(fault), &fault.text()),
    }
}

/// A request that asks for nothing.
pub(super) fn unclear(request: &AccessRequest, unclear: Unclear) -> AccessAnswer {
    because(request, "BAD_REQUEST", &unclear.text())
}

fn accept(request: &AccessRequest, allowed: &Allowed, class: Option<Vec<u8>>) -> AccessAnswer {
    let seconds = (!allowed.is_emergency).then(|| u32::try_from(allowed.seconds).unwrap_or(u32::MAX));
    let mut attributes = Vec::new();
    if speaks_cisco(request) {
        attributes.push(Attribute::h323_return_code(0));
        attributes.extend(seconds.map(Attribute::h323_credit_time));
    }
    let ways = allowed.routes.iter().filter_map(|route| route.named.as_deref()).take(PROVIDERS_MAX);
    // A name that does not fit was in no pair of the request.
    attributes.extend(ways.filter_map(|way| Attribute::pair(PROVIDER, way).ok()));
    AccessAnswer::Accept(Accept { session_timeout_s: seconds, class, attributes })
}

fn refuse(request: &AccessRequest, refused: Refused) -> AccessAnswer {
    let words = if refused.lock.is_some() { refused.words.map(|words| masked(&words)) } else { refused.words };
    let [russian, english] = words;
    reject(request, refused.code, &russian, &english)
}

fn because(request: &AccessRequest, code: &str, text: &Text) -> AccessAnswer {
    reject(request, code, text.spoken(Language::Russian), text.spoken(Language::English))
}

fn reject(request: &AccessRequest, code: &str, russian: &str, english: &str) -> AccessAnswer {
    let cisco = speaks_cisco(request).then(|| Attribute::h323_return_code(return_code(code)));
    let message = format!("{code}: {english} / {russian}");
    AccessAnswer::Reject(Reject { message, attributes: cisco.into_iter().collect() })
}

/// Whether a switch knows what Cisco's gateways know: it has sent something of theirs.
fn speaks_cisco(request: &AccessRequest) -> bool {
    request.packet.vendor_attributes().iter().any(|attribute| attribute.vendor == CISCO)
}

const fn code_of(fault: Fault) -> &'static str {
    match fault {
        Fault::NoSource => "NO_SOURCE",
        Fault::NoCall => "NO_CALL",
        Fault::NoSuchCall => "NO_SUCH_CALL",
        Fault::OtherAccount => "OTHER_ACCOUNT",
        Fault::OutOfReach => "UNAVAILABLE",
    }
}

fn return_code(code: &str) -> u32 {
    match code {
        "UNKNOWN_SUBSCRIBER" | "AMBIGUOUS_SUBSCRIBER" => UNKNOWN_ACCOUNT,
        "CONCURRENCY_LIMIT" => IN_USE,
        "ACCOUNT_BLOCKED" | "ORIGIN_NOT_ALLOWED" | "ENDED_BY_STAFF" => DENIED,
        "LOCKED_LOCAL" | "LOCKED_GLOBAL" => NUMBER_BARRED,
        "BAD_NUMBER" | "BAD_REQUEST" => WRONG_NUMBER,
        "INSUFFICIENT_FUNDS" => TOO_LITTLE_MONEY,
        _ => NOT_AVAILABLE,
    }
}

/// Words of a lock, which may be one of a whole number.
fn masked(words: &str) -> String {
    let mut said = String::with_capacity(words.len());
    for piece in words.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
        if digits.len() < NUMBER_DIGITS_MIN {
            said.push_str(piece);
        } else {
            said.push_str(&Masked(digits).to_string());
            said.push_str(&piece[digits.len()..]);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use radius::request::Sender;
    use radius::{Code, Packet, Secret};
    use rating::authorize::Check;

    use super::*;
    use crate::authorize::AllowedRoute;

    fn request(attributes: Vec<Attribute>) -> AccessRequest {
        let sender = Sender { client: "nas".into(), address: ([127, 0, 0, 1], 1_024).into() };
        let packet = Packet::new(Code::ACCESS_REQUEST, 1, attributes);
        AccessRequest::read(packet, sender, &Secret::new("x").unwrap()).unwrap()
    }

    fn of_cisco() -> AccessRequest {
        request(vec![Attribute::h323_conf_id("0A 0B").unwrap()])
    }

    fn allowed(seconds: u64, is_emergency: bool, named: usize) -> Answer {
        let route = |number: usize| AllowedRoute {
            provider: "mts".into(),
            named: Some(format!("mts-{number}")),
            wholesale: None,
            currency: None,
        };
        Answer::Allowed(Allowed {
            seconds,
            reauthorize_at: None,
            price: None,
            hold: None,
            currency: None,
            routes: (0..named).map(route).collect(),
            is_emergency,
            is_repeat: false,
        })
    }

    fn refused(code: &'static str, lock: Option<u64>, words: [&str; 2]) -> Answer {
        let words = words.map(str::to_owned);
        Answer::Refused(Refused { code, words, lock, missing: None, department: None, seconds: None })
    }

    /// seconds | an emergency? | of Cisco? | Session-Timeout | what else is said
    #[test]
    fn an_accept_says_how_long() {
        let (zero, time) = (Attribute::h323_return_code(0), Attribute::h323_credit_time(600));
        for (seconds, is_emergency, asked, timeout, attributes) in [
            (600, false, request(vec![]), Some(600), vec![]),
            (600, false, of_cisco(), Some(600), vec![zero.clone(), time]),
            (u64::MAX, false, request(vec![]), Some(u32::MAX), vec![]),
            (600, true, request(vec![]), None, vec![]),
            (600, true, of_cisco(), None, vec![zero]),
        ] {
            let found = decided(&asked, Ok(allowed(seconds, is_emergency, 0)), Some(b"c".to_vec()));
            let expected = Accept { session_timeout_s: timeout, class: Some(b"c".to_vec()), attributes };
            assert_eq!(found, AccessAnswer::Accept(expected), "{seconds} {is_emergency}");
        }
        let AccessAnswer::Accept(with_ways) = decided(&request(vec![]), Ok(allowed(60, false, 21)), None) else {
            panic!("it may go");
        };
        assert_eq!(with_ways.attributes.len(), PROVIDERS_MAX);
        assert_eq!(with_ways.attributes[0], Attribute::pair("tollgate-provider", "mts-0").unwrap());
    }

    /// answer | what is said | Cisco's code
    #[test]
    fn a_reject_says_why() {
        let lock = ["блокировка 5 на 38161123456, клиент", "lock 5 on 38161123456, by the client"];
        for (answer, said, code) in [
            (
                Ok(refused(
                    "INSUFFICIENT_FUNDS",
                    None,
                    ["денег не хватает: доступно 0", "too little money: 0 is there"],
                )),
                "INSUFFICIENT_FUNDS: too little money: 0 is there / денег не хватает: доступно 0",
                12,
            ),
            // 38161123456 has eleven digits: four are shown.
            (
                Ok(refused("LOCKED_LOCAL", Some(5), lock)),
                "LOCKED_LOCAL: lock 5 on 3816*******, by the client / блокировка 5 на 3816*******, клиент",
                9,
            ),
            (Ok(refused("LOCKED_GLOBAL", Some(5), ["на 38161", "on 38161"])), "LOCKED_GLOBAL: on 38161 / на 38161", 9),
            (
                Err(Fault::OutOfReach),
                "UNAVAILABLE: The books cannot be reached, try again / База недоступна, повторите запрос",
                8,
            ),
            (Err(Fault::NoSource), "NO_SOURCE: There is no such source / Такого источника нет", 8),
        ] {
            let AccessAnswer::Reject(found) = decided(&of_cisco(), answer.clone(), None) else { panic!("{said}") };
            assert_eq!(found.message, said);
            assert_eq!(found.attributes, [Attribute::h323_return_code(code)], "{said}");
            let AccessAnswer::Reject(plain) = decided(&request(vec![]), answer, None) else { panic!("{said}") };
            assert_eq!(plain.attributes, [], "{said}");
        }
        let AccessAnswer::Reject(found) = unclear(&request(vec![]), Unclear::Lacking("Called-Station-Id")) else {
            panic!("it asks for nothing");
        };
        assert_eq!(found.message, "BAD_REQUEST: Called-Station-Id is lacking / нет атрибута Called-Station-Id");
    }

    /// Every check that may refuse has an announcement of its own kind, or is known to have none.
    #[test]
    fn codes_are_those_of_the_checks() {
        let other = |check: &&Check| return_code(check.as_str()) == NOT_AVAILABLE;
        let without: Vec<&str> = Check::ALL.iter().filter(other).map(|check| check.as_str()).collect();
        assert_eq!(without, ["EMERGENCY", "DID_NOT_IN_WORK", "NO_RETAIL_PRICE", "NO_WHOLESALE_PRICE"]);
    }
}
