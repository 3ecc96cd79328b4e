//! `POST /v1/subscribers/{id}/close`: close a subscriber in work (M19).
//!
//! Owns: what the request says.
//! Does not own: subscribers (`billing::subscriptions`).
//! Always: its number goes to quarantine; past it only where the caller may skip it, and says so.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::subscriptions;
use serde::Deserialize;
use utoipa::ToSchema;

use super::SubscriberView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a subscriber is closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Closing {
    /// `true`: its number is free at once, without quarantine; for whoever has the permission `did.skip_quarantine`.
    #[serde(default)]
    skip_quarantine: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Close a subscriber
///
/// Its number goes to quarantine, where its class by non-target calls starts anew. A number that skips the quarantine is sold on with the calls of those who
/// look for its former holder.
#[utoipa::path(
    post, path = "/v1/subscribers/{id}/close", operation_id = "subscriber_close", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the subscriber", example = 12), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Closing, example = json!({"reason": "клиент отказался от номера"})),
    responses((status = 200, description = "Closed", body = SubscriberView, example = json!({
        "id": 12, "product_of_account": 7, "account": "A-000001", "product": "telephony", "number": "74951201031", "status": "closed",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "reserved_from": "2026-07-01", "reserved_through": "2026-07-13",
        "activated_at": "2026-07-01T10:05:00Z", "closed_at": "2026-08-01T09:00:00Z", "closed_by": "ivanova", "closed_for": "closed", "close_reason": "клиент отказался от номера", "replaces": null,
        "replaced_by": null, "revision": 3
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Closing>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("subscriber_close", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let (skips, revision) = (body.value.skip_quarantine, context.revision);
    subscriptions::close(&mut change, &context.staff, number, skips, revision, reason).await?;
    let card = subscriptions::changed_subscriber(&mut change, number).await?;
    writes::commit(change, &SubscriberView::from(card)).await
}
