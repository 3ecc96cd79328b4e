//! `GET /v1/dids/{number}`: a number with its state and its class by non-target calls (M12, M15).
//!
//! Owns: how a number is shown.
//! Does not own: its state and class.
//! Always: the ETag is the revision that a later change may insist on.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers::{DidCard, NonTargetClass};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::etag;
use crate::problem::Problem;
use crate::state::AppState;

/// A number. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct DidView {
    /// The number.
    number: String,
    /// `free`, `reserved`, `in_work`, `archive` (quarantine) or `withdrawn` (ported out or returned).
    status: &'static str,
    /// Code of its account.
    account: Option<String>,
    /// Code of its provider.
    provider: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// `ordinary` or `fmtn`.
    kind: String,
    /// Available for sale: `yes` (depends on non-target calls), `forced` or `no`.
    sale: String,
    /// Last move to quarantine.
    archived_at: Option<DateTime<Utc>>,
    /// `no_data`, `insufficient_data`, `has_calls`, `no_calls` or `ignore`.
    non_target_class: &'static str,
    /// First full day with statistics since it came or was archived.
    first_collected: Option<NaiveDate>,
    /// Non-target calls in the quarantine window.
    calls_in_window: i64,
    /// Distinct callers in the window; withheld ones count as one a day.
    unique_callers_in_window: i64,
    /// Distinct callers since it came or was archived.
    unique_callers_since: i64,
    /// Raised by every change; also the ETag.
    revision: i64,
}

impl From<DidCard> for DidView {
    fn from(card: DidCard) -> Self {
        Self {
            number: card.number,
            status: card.status.as_str(),
            account: card.account,
            provider: card.provider,
            place: card.place,
            kind: card.kind,
            sale: card.sale,
            archived_at: card.archived_at,
            non_target_class: class(card.non_target_class),
            first_collected: card.first_collected,
            calls_in_window: card.calls_in_window,
            unique_callers_in_window: card.unique_callers_in_window,
            unique_callers_since: card.unique_callers_since,
            revision: card.revision,
        }
    }
}

const fn class(class: NonTargetClass) -> &'static str {
    match class {
        NonTargetClass::NoData => "no_data",
        NonTargetClass::InsufficientData => "insufficient_data",
        NonTargetClass::HasCalls => "has_calls",
        NonTargetClass::NoCalls => "no_calls",
        NonTargetClass::Ignore => "ignore",
    }
}

/// A number of our capacity
#[utoipa::path(
    get, path = "/v1/dids/{number}", operation_id = "did_get", tag = "numbers",
    params(("number" = String, Path, description = "The number, with or without `+`", example = "74951201031")),
    responses((status = 200, description = "The number; the header ETag carries its revision", body = DidView, example = json!({
        "number": "74951201031", "status": "archive", "account": null, "provider": "mtt", "place": null, "kind": "ordinary", "sale": "yes",
        "archived_at": "2026-06-01T09:00:00Z", "non_target_class": "has_calls", "first_collected": "2026-06-02", "calls_in_window": 12,
        "unique_callers_in_window": 7, "unique_callers_since": 8, "revision": 4
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(number): Path<String>) -> Result<Response, Problem> {
    let (_, card) = super::card(&state, &number).await?;
    Ok(etag::shown(card.revision, &DidView::from(card)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_spelt_as_the_room_spells_them() {
        use NonTargetClass::{HasCalls, Ignore, InsufficientData, NoCalls, NoData};
        for value in [NoData, InsufficientData, HasCalls, NoCalls, Ignore] {
            assert_eq!(serde_json::to_value(value).unwrap(), class(value));
        }
    }
}
