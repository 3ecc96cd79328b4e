//! Endpoints of switches: may this call go, may it go on, it is over (M24).
//!
//! Owns: the contract of their requests and answers.
//! Does not own: any decision (`authorize`).
//! Always: a refusal is an answer and no problem; amounts are decimals as strings; what is not understood is a problem that names the field.

pub(crate) mod authorize;
pub(crate) mod extend;
pub(crate) mod release;

use billing::holds::CallKey;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::authorize::{
    Allowed, AllowedRoute, Answer, CALL_CHARS_MAX, Fault, Refused, WORD_CHARS_MAX, is_answer, is_said,
};
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};

/// Most seconds that can be asked for: a day.
const SECONDS_MAX: u64 = 86_400;

/// A way that the call may take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllowedProvider {
    /// Code of the provider.
    provider: String,
    /// The name by which the request has it; `null`: the request names none.
    route: Option<String>,
    /// What a minute through it costs us, a decimal; `null`: it has no price of its own.
    wholesale: Option<String>,
    /// Currency of that price.
    currency: Option<String>,
}

impl From<AllowedRoute> for AllowedProvider {
    fn from(route: AllowedRoute) -> Self {
        Self { provider: route.provider, route: route.named, wholesale: route.wholesale, currency: route.currency }
    }
}

/// Whether a call may go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// Whether it may.
    allowed: bool,
    /// Why not: `BAD_NUMBER`, `UNKNOWN_SUBSCRIBER`, `AMBIGUOUS_SUBSCRIBER`, `DID_NOT_IN_WORK`, `ORIGIN_NOT_ALLOWED`, `LOCKED_LOCAL`, `LOCKED_GLOBAL`,
    /// `NO_RETAIL_PRICE`, `NO_WHOLESALE_PRICE`, `ACCOUNT_BLOCKED`, `CONCURRENCY_LIMIT`, `INSUFFICIENT_FUNDS`, or `ENDED_BY_STAFF` of a call that goes on. Of an
    /// allowed call `EMERGENCY` where it is one, else `null`.
    code: Option<&'static str>,
    /// The same in words, in the language of the caller.
    text: Option<String>,
    /// Seconds from the answer on after which the call has to end. Of a call that may not go on: those that it may be talked all the same; `null`: end it now.
    seconds: Option<u64>,
    /// The second of the call at which to ask again, if it is to go on; `null`: there is no need to.
    reauthorize_at: Option<u64>,
    /// What the seconds cost when all of them are talked, a decimal; `null`: not known, the books could not be reached.
    price: Option<String>,
    /// Money that is reserved, a decimal; `null`: none, the books could not be reached.
    hold: Option<String>,
    /// Currency of both.
    currency: Option<String>,
    /// The providers through which it may go, the cheapest first.
    providers: Vec<AllowedProvider>,
    /// The lock that refuses.
    lock: Option<u64>,
    /// What has no price: `retail`, `wholesale` or `exchange_rate`.
    missing: Option<&'static str>,
    /// The department that has to supply it.
    department: Option<&'static str>,
    /// Whether the same was answered before to this call.
    is_repeat: bool,
}

impl Decision {
    /// The answer in the language of the caller.
    fn of(answer: Answer, language: Language) -> Self {
        match answer {
            Answer::Allowed(allowed) => Self::allowed(allowed),
            Answer::Refused(refused) => Self::refused(refused, language),
        }
    }

    fn allowed(allowed: Allowed) -> Self {
        Self {
            allowed: true,
            code: allowed.is_emergency.then(|| rating::authorize::Check::Emergency.as_str()),
            text: None,
            seconds: Some(allowed.seconds),
            reauthorize_at: allowed.reauthorize_at,
            price: allowed.price.map(shown),
            hold: allowed.hold.map(shown),
            currency: allowed.currency,
            providers: allowed.routes.into_iter().map(AllowedProvider::from).collect(),
            lock: None,
            missing: None,
            department: None,
            is_repeat: allowed.is_repeat,
        }
    }

    fn refused(refused: Refused, language: Language) -> Self {
        let [russian, english] = refused.words;
        Self {
            allowed: false,
            code: Some(refused.code),
            text: Some(match language {
                Language::Russian => russian,
                Language::English => english,
            }),
            seconds: refused.seconds,
            reauthorize_at: None,
            price: None,
            hold: None,
            currency: None,
            providers: Vec::new(),
            lock: refused.lock,
            missing: refused.missing,
            department: refused.department,
            is_repeat: false,
        }
    }
}

/// A decimal without zeros behind.
fn shown(amount: Decimal) -> String {
    amount.normalize().to_string()
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoSource => Self::field("/source", fault.text()),
            Fault::NoCall => Self::field("/service", fault.text()),
            Fault::NoSuchCall => Self::new(Code::NotFound).because(fault.text()),
            Fault::OtherAccount => Self::new(Code::AlreadyExists).at("/call_id", fault.text()),
            Fault::OutOfReach => Self::new(Code::Unavailable).because(fault.text()).retry_after(1),
        }
    }
}

/// The name of a call.
fn key(source: &str, call_id: &str, leg: Option<u8>) -> Result<CallKey, Problem> {
    Ok(CallKey {
        source: text("/source", source, WORD_CHARS_MAX)?.to_owned(),
        call_id: text("/call_id", call_id, CALL_CHARS_MAX)?.to_owned(),
        leg: leg.unwrap_or(0),
    })
}

/// A text that is there, of so many characters at most, none of them a control character.
fn text<'a>(pointer: &str, text: &'a str, most: usize) -> Result<&'a str, Problem> {
    let expected = || {
        Text::new(
            format!("Ожидаются от 1 до {most} символов без управляющих"),
            format!("1 to {most} characters are expected, no control characters"),
        )
    };
    is_said(text, most).then_some(text).ok_or_else(|| Problem::field(pointer, expected()))
}

/// Seconds of a call from `least` on, up to a day.
fn seconds(pointer: &str, seconds: u64, least: u64) -> Result<u64, Problem> {
    let expected = || {
        Text::new(
            format!("Ожидается целое число от {least} до {SECONDS_MAX}"),
            format!("A whole number from {least} to {SECONDS_MAX} is expected"),
        )
    };
    (least..=SECONDS_MAX).contains(&seconds).then_some(seconds).ok_or_else(|| Problem::field(pointer, expected()))
}

/// When a call was answered.
fn answered(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(at) = at else { return Ok(None) };
    let expected = Text::fixed(
        "Ожидается время ответа: не позже чем через 5 минут и не раньше чем 7 дней назад",
        "The moment of the answer is expected: no later than in 5 minutes, no earlier than 7 days ago",
    );
    if is_answer(at, now) { Ok(Some(at)) } else { Err(Problem::field("/answered_at", expected)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_a_problem() {
        for (fault, code) in [
            (Fault::NoSource, Code::Validation),
            (Fault::NoCall, Code::Validation),
            (Fault::NoSuchCall, Code::NotFound),
            (Fault::OtherAccount, Code::AlreadyExists),
            (Fault::OutOfReach, Code::Unavailable),
        ] {
            assert_eq!(Problem::from(fault).code(), code);
        }
    }

    #[test]
    fn what_a_switch_may_say() {
        assert!(key("sbc", "7f3a@10.0.0.1", None).is_ok_and(|key| key.leg == 0));
        assert!(key("", "a", None).is_err() && key("sbc", &"x".repeat(256), None).is_err());
        assert!(key("sbc", "a\nb", Some(1)).is_err());
        assert!(seconds("/seconds", 0, 0).is_ok() && seconds("/max_seconds", 0, 1).is_err());
        assert!(seconds("/max_seconds", 86_401, 1).is_err());
        let now: DateTime<Utc> = "2026-07-01T10:00:00Z".parse().unwrap();
        for (at, fits) in
            [("2026-07-01T10:05:00Z", true), ("2026-07-01T10:05:01Z", false), ("2026-06-24T09:59:59Z", false)]
        {
            assert_eq!(answered(Some(at.parse().unwrap()), now).is_ok(), fits, "{at}");
        }
        assert!(answered(None, now).is_ok_and(|at| at.is_none()));
    }
}
