//! `POST /v1/client-groups`: make a group of clients (B10).
//!
//! Owns: what the request says.
//! Does not own: what a group has (`discount_give`, `exchange_enter`), what is kept for it (`availability`).
//! Always: no group without a reason; a code stands once.

use axum::extract::State;
use axum::response::Response;
use billing::terms::{self, NewGroup, Stance};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedGroup {
    /// Code, unique.
    code: String,
    /// Title.
    #[serde(default)]
    title: Option<String>,
    /// For staff.
    #[serde(default)]
    comment: Option<String>,
    /// What its members may: `may_stop_services`, `may_resume_services`, `may_delete_services`, `no_service_limit`. Nothing when absent.
    #[serde(default)]
    permits: Option<Vec<String>>,
    /// Whether they take part in promo actions: `allow`, `deny`, or `unsaid`, as when absent.
    #[serde(default)]
    promo: Option<String>,
    /// Whether they take part in the referral programme: `allow`, `deny`, or `unsaid`, as when absent.
    #[serde(default)]
    referral: Option<String>,
    /// Segment of mailings that they belong to.
    #[serde(default)]
    mailing_segment: Option<String>,
    /// Whether their calls go while the books cannot be reached in time: `allow`, `deny`, or `unsaid`, as when absent: the setting `authorize.outage` says.
    #[serde(default)]
    outage_calls: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupMade {
    /// Code.
    code: String,
}

/// Make a group of clients
///
/// A client may be in several groups: what one of them permits, he may; what one of them denies, he may not.
#[utoipa::path(
    post, path = "/v1/client-groups", operation_id = "group_add", tag = "terms",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedGroup, example = json!({
        "code": "partners", "title": "Партнёры", "permits": ["may_stop_services", "may_resume_services"], "referral": "allow", "reason": "партнёрская программа"
    })),
    responses((status = 200, description = "Made", body = GroupMade, example = json!({"code": "partners"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedGroup>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let text = |pointer: &str, text: &Option<String>, most: usize| {
        inputs::party::text(pointer, text.as_deref().unwrap_or_default(), most)
    };
    let stance = |pointer: &str, text: &Option<String>| match given(text.as_deref()) {
        Some(text) => super::stance(pointer, text),
        None => Ok(Stance::Unsaid),
    };
    let new = NewGroup {
        code: inputs::word("/code", asked.code.trim())?.to_owned(),
        title: text("/title", &asked.title, super::TITLE_CHARS_MAX)?,
        comment: text("/comment", &asked.comment, super::COMMENT_CHARS_MAX)?,
        permits: super::permits(asked.permits.as_deref().unwrap_or_default())?,
        promo: stance("/promo", &asked.promo)?,
        referral: stance("/referral", &asked.referral)?,
        mailing_segment: super::word("/mailing_segment", asked.mailing_segment.as_deref())?,
        outage_calls: stance("/outage_calls", &asked.outage_calls)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("group_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    terms::add_group(&mut change, &new, reason).await?;
    writes::commit(change, &GroupMade { code: new.code }).await
}
