//! `PUT /v1/client-groups/{code}`: change what a group of clients says (B10).
//!
//! Owns: what the request says.
//! Does not own: groups (`billing::terms`).
//! Always: a field that is absent stays, `null` empties it; counts for its members with their next request.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::terms::{self, GroupUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::GroupCardView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a group is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupChange {
    /// Title.
    #[serde(default)]
    title: Option<String>,
    /// For staff.
    #[serde(default)]
    comment: Option<String>,
    /// All that its members may: `may_stop_services`, `may_resume_services`, `may_delete_services`, `no_service_limit`.
    #[serde(default)]
    permits: Option<Vec<String>>,
    /// Whether they take part in promo actions: `allow`, `deny` or `unsaid`.
    #[serde(default)]
    promo: Option<String>,
    /// Whether they take part in the referral programme: `allow`, `deny` or `unsaid`.
    #[serde(default)]
    referral: Option<String>,
    /// Segment of mailings that they belong to; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mailing_segment: Edit<String>,
    /// Whether their calls go while the books cannot be reached in time: `allow`, `deny` or `unsaid`, which leaves it to the setting `authorize.outage`.
    #[serde(default)]
    outage_calls: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a group of clients
#[utoipa::path(
    put, path = "/v1/client-groups/{code}", operation_id = "group_update", tag = "terms",
    params(("code" = String, Path, description = "Code of the group", example = "partners"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = GroupChange, example = json!({"permits": ["no_service_limit"], "referral": "deny", "reason": "решение от 1 июля"})),
    responses((status = 200, description = "Changed", body = GroupCardView, example = json!({
        "code": "partners", "title": "Партнёры", "comment": "", "permits": ["no_service_limit"], "promo": "unsaid", "referral": "deny",
        "mailing_segment": null, "outage_calls": "unsaid", "members": 12, "created_at": "2026-07-01T10:00:00Z", "created_by": "petrov", "closed_at": null, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<GroupChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let text = |pointer: &str, text: &Option<String>, most: usize| {
        text.as_deref().map(|text| inputs::party::text(pointer, text, most)).transpose()
    };
    let stance =
        |pointer: &str, text: &Option<String>| text.as_deref().map(|text| super::stance(pointer, text)).transpose();
    let wanted = GroupUpdate {
        title: text("/title", &asked.title, super::TITLE_CHARS_MAX)?,
        comment: text("/comment", &asked.comment, super::COMMENT_CHARS_MAX)?,
        permits: asked.permits.as_deref().map(super::permits).transpose()?,
        promo: stance("/promo", &asked.promo)?,
        referral: stance("/referral", &asked.referral)?,
        mailing_segment: asked
            .mailing_segment
            .try_map(|text| inputs::word("/mailing_segment", text.trim()).map(str::to_owned))?,
        outage_calls: stance("/outage_calls", &asked.outage_calls)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("group_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let group = terms::update_group(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &GroupCardView::from(group)).await
}
