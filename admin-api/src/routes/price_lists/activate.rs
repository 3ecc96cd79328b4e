//! `POST /v1/price-lists/{code}/imports/{id}/activate`: put a draft in force.
//!
//! Owns: what the request says and what is answered.
//! Does not own: what may be put in force (`billing::price_lists`).
//! Always: no activation without a reason; the catalogue's version is raised, so that every program reads the new prices.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::price_lists;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Spoken};
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// What is said of calls that were rated before.
pub(super) const RATED_CALLS_STAY: Text = Text::fixed(
    "Звонки, уже оценённые по прежним ценам, цену не изменят; для этого их оценивают заново",
    "Calls that were rated by the former prices keep theirs; to change that they are rated again",
);

/// How a draft is put in force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activate {
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
    /// Whether the date of the draft may be past by now, as long as no closed month is touched.
    #[serde(default)]
    backdate: bool,
}

/// A list with new prices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivatedView {
    /// Number of the import.
    id: i64,
    /// `activated`.
    state: &'static str,
    /// From when the prices count.
    in_force_from: DateTime<Utc>,
    /// Rows published, ends of former ones included.
    published_rows: i64,
    /// Rows withdrawn.
    withdrawn_rows: i64,
    /// Version of the catalogue.
    version: i64,
    /// What to know, if anything.
    notice: Option<String>,
}

/// Put a draft in force
///
/// From its date on, or from now where it has none. Refused when the list was changed since the draft was compared with it. With the setting
/// `approval.price_import` = `second_person` whoever imported it asks for approval instead (`POST /v1/approvals`).
#[utoipa::path(
    post, path = "/v1/price-lists/{code}/imports/{id}/activate", operation_id = "price_import_activate", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ("id" = String, Path, description = "Number of the import", example = "12"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Activate, example = json!({"reason": "agreed with sales", "backdate": false})),
    responses((status = 200, description = "In force", body = ActivatedView, example = json!({
        "id": 12, "state": "activated", "in_force_from": "2026-07-31T21:00:00Z", "published_rows": 2, "withdrawn_rows": 0, "version": 8, "notice": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<Activate>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let id = super::import_number(&id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("price_import_activate", &format!("{code} {id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = price_lists::activate(&mut change, code, id, body.value.backdate, reason).await?;
    let answer = ActivatedView {
        id,
        state: "activated",
        in_force_from: done.starts_at,
        published_rows: done.published,
        withdrawn_rows: done.withdrawn,
        version: done.version,
        notice: done.is_backdated.then(|| RATED_CALLS_STAY.spoken(language).to_owned()),
    };
    writes::commit(change, &answer).await
}
