//! `POST /switch/v1/extend`: may this call go on.
//!
//! Owns: what the request says.
//! Does not own: the answer (`authorize`).
//! Always: what was granted before is replaced and never added to; asked again, the same is answered.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Decision;
use crate::authorize::Extension;
use crate::extract::{JsonBody, Spoken};
use crate::problem::Problem;
use crate::state::AppState;

/// A call that wants to go on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallToExtend {
    /// Code of the source.
    source: String,
    /// The call.
    call_id: String,
    /// Its leg; 0 when absent.
    leg: Option<u8>,
    /// Most seconds that are wanted from the answer on, those that were granted before among them; as many more as the setting `authorize.max_seconds` says when
    /// absent.
    max_seconds: Option<u64>,
    /// When it was answered (RFC 3339): all of it is priced as of then.
    answered_at: Option<DateTime<Utc>>,
}

/// May this call go on?
///
/// The new seconds count from the answer, and take the place of those that were granted before. A refusal with `seconds` lets the call be talked to that second;
/// one without ends it now: the account is blocked, or staff have ended the call.
#[utoipa::path(
    post, path = "/switch/v1/extend", operation_id = "switch_extend", tag = "switches",
    request_body(content = CallToExtend, example = json!({
        "source": "sbc", "call_id": "7f3a@10.0.0.1", "leg": 0, "max_seconds": 1200, "answered_at": "2026-07-01T10:00:05Z"
    })),
    responses((status = 200, description = "Whether it may", body = Decision, example = json!({
        "allowed": false, "code": "INSUFFICIENT_FUNDS", "text": "too little money: 0 is there, 0.01 is needed at least", "seconds": 600, "reauthorize_at": null,
        "price": null, "hold": null, "currency": null, "providers": [], "lock": null, "missing": null, "department": null, "is_repeat": false
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    body: JsonBody<CallToExtend>,
) -> Result<Json<Decision>, Problem> {
    let asked = body.value;
    let key = super::key(&asked.source, &asked.call_id, asked.leg)?;
    // Days may be talked, a portion at a time: only a portion has a bound.
    let max_seconds = asked.max_seconds.map(|most| most.max(1));
    let answered_at = super::answered(asked.answered_at, state.clock.now())?;
    let answer = state.authorizer.extend(Extension { key, max_seconds, answered_at }).await?;
    Ok(Json(Decision::of(answer, language)))
}
