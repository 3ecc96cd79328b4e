//! `POST /switch/v1/authorize`: may this call go, and for how long (M24-M27, A1, A5).
//!
//! Owns: what the request says.
//! Does not own: the answer (`authorize`).
//! Always: the same call is answered the same, however often it is asked for.

use axum::Json;
use axum::extract::State;
use rating::Service;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Decision, WORD_CHARS_MAX};
use crate::authorize::CallRequest;
use crate::extract::{JsonBody, Spoken};
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;

/// Most routes that a request names.
const PROVIDERS_MAX: usize = 50;

/// A call that wants to begin. One of account, trunk and calling number names who pays, in the order of the source.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallToBegin {
    /// Code of the source whose records will report the call.
    source: String,
    /// The call, as its records will name it; up to 255 characters.
    call_id: String,
    /// Its leg, as its records will name it; 0 when absent.
    leg: Option<u8>,
    /// Code of the account.
    account: Option<String>,
    /// Trunk that the call comes in by.
    trunk: Option<String>,
    /// Calling number, as the source writes numbers; absent or empty: withheld.
    src: Option<String>,
    /// Dialled number.
    dst: String,
    /// What is asked for: outgoing (when absent), incoming, tollfree, forwarded, internal.
    service: Option<String>,
    /// Incoming service.
    incoming_service: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// The routes that the switch could take, by the names of their trunks or the codes of providers; absent or empty: none is named, and a lock through any
    /// provider refuses.
    #[serde(default)]
    providers: Vec<String>,
    /// The number that forwards the call.
    forwarded_from: Option<String>,
    /// Most seconds that are wanted; the setting `authorize.max_seconds` when absent, and never more than it.
    max_seconds: Option<u64>,
}

impl CallToBegin {
    fn checked(self) -> Result<CallRequest, Problem> {
        let key = super::key(&self.source, &self.call_id, self.leg)?;
        let word = |pointer: &str, text: Option<&str>| {
            given(text).map(|text| super::text(pointer, text, WORD_CHARS_MAX).map(str::to_owned)).transpose()
        };
        let service = given(self.service.as_deref()).map(|text| inputs::service("/service", text)).transpose()?;
        if self.providers.len() > PROVIDERS_MAX {
            let most = Text::fixed("Не больше 50 маршрутов", "50 routes at most");
            return Err(Problem::field("/providers", most));
        }
        for provider in &self.providers {
            super::text("/providers", provider, WORD_CHARS_MAX)?;
        }
        Ok(CallRequest {
            source: key.source,
            call_id: key.call_id,
            leg: key.leg,
            account: word("/account", self.account.as_deref())?,
            trunk: word("/trunk", self.trunk.as_deref())?,
            src: word("/src", self.src.as_deref())?.unwrap_or_default(),
            dst: word("/dst", Some(&self.dst))?.unwrap_or_default(),
            service: service.unwrap_or(Service::Outgoing),
            incoming_service: word("/incoming_service", self.incoming_service.as_deref())?,
            place: word("/place", self.place.as_deref())?,
            providers: self.providers,
            forwarded_from: word("/forwarded_from", self.forwarded_from.as_deref())?,
            max_seconds: self.max_seconds.map(|most| super::seconds("/max_seconds", most, 1)).transpose()?,
        })
    }
}

/// May this call go?
///
/// Answers for how many seconds, at what price, through which providers, and reserves the money. A refusal is an answer too: `allowed` is false, and `code` says which
/// check refuses; the checks come in the order in which the codes stand. An emergency call is allowed whatever else holds. Asked again, the same call is
/// answered the same. End the call with `/switch/v1/release`, also where nobody answered: what it does not cost is free again then. 503 means that the books
/// cannot be reached: the call may not go, or ask again.
#[utoipa::path(
    post, path = "/switch/v1/authorize", operation_id = "switch_authorize", tag = "switches",
    request_body(content = CallToBegin, example = json!({
        "source": "sbc", "call_id": "7f3a@10.0.0.1", "leg": 0, "src": "74951201031", "dst": "381114112060", "providers": ["mts-1", "mgf-1"], "max_seconds": 600
    })),
    responses((status = 200, description = "Whether it may", body = Decision, example = json!({
        "allowed": true, "code": null, "text": null, "seconds": 600, "reauthorize_at": 570, "price": "6", "hold": "6", "currency": "RUB",
        "providers": [{"provider": "mts", "route": "mts-1", "wholesale": "0.2", "currency": "RUB"}], "lock": null, "missing": null, "department": null,
        "is_repeat": false
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    body: JsonBody<CallToBegin>,
) -> Result<Json<Decision>, Problem> {
    let request = body.value.checked()?;
    let answer = state.authorizer.authorize(&request).await?;
    Ok(Json(Decision::of(answer, language)))
}
