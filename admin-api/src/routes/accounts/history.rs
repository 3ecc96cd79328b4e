//! `GET /v1/accounts/{code}/history`: who changed which term, when, from what to what (B16).
//!
//! Owns: how a change is shown.
//! Does not own: the audit that it is read from.
//! Always: the newest first; the changes of one request stay on one page.

use axum::Json;
use axum::extract::{Path, State};
use billing::accounts::{FieldChange, credit_history};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// A page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Changes on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A changed field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldChangeView {
    /// When.
    at: DateTime<Utc>,
    /// Login of the author.
    user: String,
    /// Which field.
    field: String,
    /// Value before.
    before: Value,
    /// Value after.
    after: Value,
    /// Why, in the author's words.
    reason: String,
}

impl From<FieldChange> for FieldChangeView {
    fn from(change: FieldChange) -> Self {
        Self {
            at: change.at,
            user: change.user,
            field: change.field,
            before: change.before,
            after: change.after,
            reason: change.reason,
        }
    }
}

/// History of an account's terms
#[utoipa::path(
    get, path = "/v1/accounts/{code}/history", operation_id = "account_history", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), HistoryQuery),
    responses((status = 200, description = "Changes, the newest first", body = List<FieldChangeView>, example = json!({
        "items": [{"at": "2026-07-01T10:00:00Z", "user": "ivanova", "field": "credit_limit", "before": "0", "after": "1000",
                   "reason": "letter of 1 July"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<HistoryQuery>,
) -> Result<Json<List<FieldChangeView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let account = super::existing(&state, &code).await?;
    let changes = credit_history(&state.store, &account.code, before, limit as i64 + 1).await?;
    Ok(Json(page(changes, limit).map(FieldChangeView::from)))
}

/// The changes of the first `limit` requests.
fn page(mut changes: Vec<FieldChange>, limit: usize) -> List<FieldChange> {
    let mut requests: Vec<i64> = changes.iter().map(|change| change.id).collect();
    requests.dedup();
    let last = (requests.len() > limit).then(|| requests[limit - 1]);
    if let Some(last) = last {
        changes.retain(|change| change.id >= last);
    }
    List { items: changes, next_cursor: last.map(paging::cursor_of_id), total: None, total_exact: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_one_request_stay_together() {
        let change = |id: i64, field: &str| FieldChange {
            id,
            at: DateTime::UNIX_EPOCH,
            user: "u".into(),
            field: field.into(),
            before: Value::Null,
            after: Value::Null,
            reason: "r".into(),
        };
        let changes = vec![change(9, "a"), change(9, "b"), change(8, "a"), change(7, "a")];
        let first = page(changes.clone(), 2);
        assert_eq!(first.items.iter().map(|change| change.id).collect::<Vec<_>>(), [9, 9, 8]);
        assert_eq!(first.next_cursor, Some(paging::cursor_of_id(8)));
        assert_eq!(page(changes, 3).next_cursor, None);
    }
}
