//! `PUT /v1/settings/{key}`: change a setting.
//!
//! Owns: what the request says.
//! Does not own: what a setting may be (`billing::settings`).
//! Always: no change without a reason; programs have it within `snapshot.poll_seconds`.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::settings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedValue {
    /// The value, as a text.
    value: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// A setting as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingSet {
    /// Key.
    key: String,
    /// Value.
    value: String,
}

/// Change a setting
#[utoipa::path(
    put, path = "/v1/settings/{key}", operation_id = "setting_set", tag = "settings",
    params(("key" = String, Path, description = "Key of the setting", example = "did.quarantine_days"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedValue, example = json!({"value": "45", "reason": "просьба отдела номеров"})),
    responses((status = 200, description = "Changed", body = SettingSet, example = json!({"key": "did.quarantine_days", "value": "45"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(name): Path<String>,
    body: JsonBody<WantedValue>,
) -> Result<Response, Problem> {
    let value = body.value.value.trim();
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("setting_set", &name, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    settings::set(&mut change, &name, value, reason).await?;
    writes::commit(change, &SettingSet { value: value.to_owned(), key: name }).await
}
