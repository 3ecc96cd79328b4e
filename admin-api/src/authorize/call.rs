//! What switches ask and are answered, whatever they speak.
//!
//! Owns: the plain shapes of both, what a switch may say at all, and how a request becomes one of the engine.
//! Does not own: how they are written on the wire (routes, RADIUS), any decision.
//! Always: a request is kept as it came, so that the call can be priced again.

use billing::holds::CallKey;
use chrono::{DateTime, Utc};
use rating::authorize::{Admitted, Request};
use rating::rows::SourceRow;
use rating::{Service, Snapshot};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::language::Text;

/// Longest name of a call.
pub(crate) const CALL_CHARS_MAX: usize = 255;
/// Longest word of a request.
pub(crate) const WORD_CHARS_MAX: usize = 100;
/// How far the clock of a switch may be ahead of ours, seconds.
const AHEAD_S: i64 = 300;
/// How long a call may last, seconds.
const TALK_S: i64 = 7 * 86_400;

/// Whether a switch may say this: so many characters at most and one at least, none of them a control character.
pub(crate) fn is_said(text: &str, chars_max: usize) -> bool {
    !text.is_empty() && text.chars().count() <= chars_max && !text.chars().any(char::is_control)
}

/// Whether a call may have been answered then: not ahead of us by more than clocks differ, nor longer ago than calls last.
pub(crate) fn is_answer(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (-AHEAD_S..=TALK_S).contains(&(now - at).num_seconds())
}

/// Whether a call may have been talked for so many seconds.
pub(crate) const fn is_talk(seconds: u64) -> bool {
    seconds <= TALK_S as u64
}

/// A call that wants to begin. No `Debug`: numbers do not belong into logs.
#[derive(Clone, Serialize, Deserialize)]
pub struct CallRequest {
    /// Code of the source whose records will report the call.
    pub source: String,
    /// The call, as its records will name it.
    pub call_id: String,
    /// Its leg.
    pub leg: u8,
    /// Code of the account.
    pub account: Option<String>,
    /// Trunk that the call comes in by.
    pub trunk: Option<String>,
    /// Calling number; empty = withheld.
    pub src: String,
    /// Dialled number.
    pub dst: String,
    /// What will be priced.
    pub service: Service,
    /// Incoming service.
    pub incoming_service: Option<String>,
    /// Place of service.
    pub place: Option<String>,
    /// The routes that the switch could take, by the names of their trunks or the codes of providers.
    pub providers: Vec<String>,
    /// The forwarding number.
    pub forwarded_from: Option<String>,
    /// Most seconds that the switch wants; `None`: as many as the setting `authorize.max_seconds` says.
    pub max_seconds: Option<u64>,
}

impl CallRequest {
    /// Its name.
    pub fn key(&self) -> CallKey {
        CallKey { source: self.source.clone(), call_id: self.call_id.clone(), leg: self.leg }
    }

    /// The same for the engine, as of a moment.
    pub(super) fn asked<'a>(&'a self, source: &'a SourceRow, providers: &'a [&'a str], at_ms: i64) -> Request<'a> {
        Request {
            source,
            service: self.service,
            account: self.account.as_deref(),
            trunk: self.trunk.as_deref(),
            src: &self.src,
            dst: &self.dst,
            forwarded_from: self.forwarded_from.as_deref(),
            incoming_service: self.incoming_service.as_deref(),
            place: self.place.as_deref(),
            providers,
            at_ms,
        }
    }
}

/// A call that wants to go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    /// Its name.
    pub key: CallKey,
    /// Most seconds that the switch wants, from the answer on: those that it was granted before among them. `None`: as many as the setting
    /// `authorize.max_seconds` says beyond those.
    pub max_seconds: Option<u64>,
    /// When it was answered, if the switch says.
    pub answered_at: Option<DateTime<Utc>>,
}

/// A call that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// Its name.
    pub key: CallKey,
    /// Seconds talked; 0: nobody answered.
    pub seconds: u64,
    /// When it was answered, if the switch says.
    pub answered_at: Option<DateTime<Utc>>,
}

/// A way that a call may take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AllowedRoute {
    /// Code of the provider.
    pub provider: String,
    /// The name by which the request has it; `None`: the request names no routes.
    pub named: Option<String>,
    /// What a minute costs us, a decimal; `None`: it has no price of its own.
    pub wholesale: Option<String>,
    /// Currency of it.
    pub currency: Option<String>,
}

/// A call that may go, or go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// Seconds from the answer on.
    pub seconds: u64,
    /// The second at which to ask again; `None`: there is no need to.
    pub reauthorize_at: Option<u64>,
    /// What the seconds cost when all of them are talked; `None`: the books could not be reached.
    pub price: Option<Decimal>,
    /// Money reserved; `None`: the books could not be reached, nothing is.
    pub hold: Option<Decimal>,
    /// Currency of both.
    pub currency: Option<String>,
    /// The ways that are left, the cheapest first.
    pub routes: Vec<AllowedRoute>,
    /// An emergency call: free, whatever holds (A1).
    pub is_emergency: bool,
    /// Whether the same was answered before.
    pub is_repeat: bool,
}

/// A call that may not go, or not go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The code of the check that refuses.
    pub code: &'static str,
    /// Why, in words: Russian, English.
    pub words: [String; 2],
    /// The lock that decides, if one does.
    pub lock: Option<u64>,
    /// What has no price, if that is why: `retail`, `wholesale` or `exchange_rate`.
    pub missing: Option<&'static str>,
    /// The department that has to supply it.
    pub department: Option<&'static str>,
    /// Of a call that goes on: seconds, from the answer on, that it may be talked all the same. `None`: it is to end now.
    pub seconds: Option<u64>,
}

/// Whether a call may go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It may.
    Allowed(Allowed),
    /// It may not.
    Refused(Refused),
}

/// What became of a release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Freed {
    /// Money that stays reserved until the record of the call comes; `None`: the call is not known, or its record has come.
    pub hold: Option<Decimal>,
    /// Currency of it.
    pub currency: Option<String>,
}

/// Why a switch has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// No such source.
    #[error("there is no such source")]
    NoSource,
    /// What is asked for is no call.
    #[error("only calls are let go: the service is that of an event")]
    NoCall,
    /// No such call goes on.
    #[error("there is no such call")]
    NoSuchCall,
    /// The name is that of a call of another account.
    #[error("a call of another account goes by this name")]
    OtherAccount,
    /// The books cannot be reached in time, and the account's calls do not go without them.
    #[error("the books cannot be reached in time")]
    OutOfReach,
}

impl Fault {
    /// The same to people.
    pub(crate) const fn text(self) -> Text {
        match self {
            Self::NoSource => Text::fixed("Такого источника нет", "There is no such source"),
            Self::NoCall => Text::fixed(
                "Разрешения спрашивают только для звонков: outgoing, incoming, tollfree, forwarded, internal",
                "Only calls are asked for: outgoing, incoming, tollfree, forwarded, internal",
            ),
            Self::NoSuchCall => Text::fixed("Такого звонка нет", "There is no such call"),
            Self::OtherAccount => Text::fixed(
                "Под этим именем уже идёт звонок другого лицевого счёта",
                "A call of another account goes by this name",
            ),
            Self::OutOfReach => {
                Text::fixed("База недоступна, повторите запрос", "The books cannot be reached, try again")
            }
        }
    }
}

/// The ways that the checks leave, as they are answered.
pub(super) fn routes(admitted: &Admitted, snapshot: &Snapshot, request: &CallRequest) -> Vec<AllowedRoute> {
    let route = |route: &rating::authorize::Route| AllowedRoute {
        provider: snapshot.provider(route.provider).map_or_else(String::new, |provider| provider.code.to_string()),
        named: route.named.and_then(|place| request.providers.get(place).cloned()),
        wholesale: route.wholesale.map(|side| side.amount.to_string()),
        currency: route.wholesale.and_then(|side| Some(side.currency?.as_str().to_owned())),
    };
    admitted.routes.iter().map(route).collect()
}

/// Anything as it is kept.
pub(super) fn kept(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
