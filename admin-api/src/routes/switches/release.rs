//! `POST /switch/v1/release`: a call is over.
//!
//! Owns: what the request says.
//! Does not own: what stays reserved (`billing::holds`).
//! Always: no release is refused; the record of the call charges it, whatever the release said.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authorize::Release;
use crate::extract::JsonBody;
use crate::problem::Problem;
use crate::state::AppState;

/// A call that is over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallToRelease {
    /// Code of the source.
    source: String,
    /// The call.
    call_id: String,
    /// Its leg; 0 when absent.
    leg: Option<u8>,
    /// Seconds talked; 0: nobody answered.
    seconds: u64,
    /// When it was answered (RFC 3339).
    answered_at: Option<DateTime<Utc>>,
}

/// What stays reserved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallReleased {
    /// Whether the call was known: one whose record has come already is not, nor is an emergency call.
    known: bool,
    /// Money that stays reserved until the record of the call comes, a decimal.
    hold: Option<String>,
    /// Currency of it.
    currency: Option<String>,
}

/// A call is over
///
/// What stays reserved is the price of the seconds that were talked, until the record of the call comes, or for the hours of the setting
/// `hold.after_release_hours`.
#[utoipa::path(
    post, path = "/switch/v1/release", operation_id = "switch_release", tag = "switches",
    request_body(content = CallToRelease, example = json!({
        "source": "sbc", "call_id": "7f3a@10.0.0.1", "leg": 0, "seconds": 75, "answered_at": "2026-07-01T10:00:05Z"
    })),
    responses((status = 200, description = "What stays reserved", body = CallReleased, example = json!({"known": true, "hold": "0.75", "currency": "RUB"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    body: JsonBody<CallToRelease>,
) -> Result<Json<CallReleased>, Problem> {
    let asked = body.value;
    let key = super::key(&asked.source, &asked.call_id, asked.leg)?;
    let answered_at = super::answered(asked.answered_at, state.clock.now())?;
    let freed = state.authorizer.release(Release { key, seconds: asked.seconds.min(u64::from(u32::MAX)), answered_at });
    let freed = freed.await?;
    Ok(Json(CallReleased { known: freed.hold.is_some(), hold: freed.hold.map(super::shown), currency: freed.currency }))
}
