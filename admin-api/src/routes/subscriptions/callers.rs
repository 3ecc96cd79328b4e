//! `GET /v1/subscribers/{id}/callers`: who has called a number since it was attached (M22, A32).
//!
//! Owns: the figures that speak for a replacement, and their words as evidence of a request for one.
//! Does not own: calls (`crate::calls`), what was counted before the number was attached (`billing::numbers`).
//! Always: who called is not told, only how many; callers who rang while nobody had the number are counted apart.

use axum::Json;
use axum::extract::{Path, State};
use billing::approvals::{EvidenceKind, NewEvidence};
use billing::subscriptions;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Calls to a number since it was put in work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallersView {
    /// When it was put in work; `null`: it was not, and nobody is counted.
    since: Option<DateTime<Utc>>,
    /// Incoming calls since then, answered or not.
    calls: i64,
    /// Their distinct callers; withheld ones are left out.
    callers: i64,
    /// Of these: those who had called the number while nobody had it.
    callers_before: i64,
}

impl CallersView {
    /// The same as evidence of a request.
    pub(crate) fn evidence(&self, day: NaiveDate, zone: Tz) -> NewEvidence {
        let Self { calls, callers, callers_before, .. } = self;
        let since =
            self.since.map(|since| since.with_timezone(&zone).format("%d.%m.%Y").to_string()).unwrap_or_default();
        NewEvidence {
            kind: EvidenceKind::Other,
            text: format!(
                "Входящие звонки с {since}: {calls}, уникальных номеров {callers}, из них звонили до подключения {callers_before}"
            ),
            day,
            number_shown: Some(*callers),
        }
    }
}

/// Figures of a subscriber; `None`: there is no such subscriber.
pub(crate) async fn figures(state: &AppState, id: i64) -> Result<Option<CallersView>, Problem> {
    let Some(attached) = subscriptions::attached(&state.store, id).await? else { return Ok(None) };
    let Some(since) = attached.since else {
        return Ok(Some(CallersView { since: None, calls: 0, callers: 0, callers_before: 0 }));
    };
    let until = attached.until.unwrap_or_else(|| state.clock.now());
    let found = state.calls.callers_of(attached.account_id, &attached.number, since, until).await?;
    let calls: i64 = found.iter().map(|(_, calls)| calls).sum();
    let callers: Vec<String> =
        found.into_iter().map(|(caller, _)| caller).filter(|caller| !caller.is_empty()).collect();
    let callers_before = subscriptions::called_before(&state.store, &attached.number, &callers).await?;
    Ok(Some(CallersView { since: Some(since), calls, callers: callers.len() as i64, callers_before }))
}

/// Calls to the number of a subscriber
///
/// What speaks for a replacement of the number: how many have called it since it was put in work, and how many of them had called it while nobody had it.
#[utoipa::path(
    get, path = "/v1/subscribers/{id}/callers", operation_id = "subscriber_callers", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the subscriber", example = 12)),
    responses((status = 200, description = "The figures", body = CallersView, example = json!({
        "since": "2026-07-01T10:05:00Z", "calls": 42, "callers": 17, "callers_before": 11
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<CallersView>, Problem> {
    let id = inputs::id("/id", &id)?;
    figures(&state, id).await?.map(Json).ok_or(Problem::new(Code::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_says_how_many_and_since_when() {
        let view =
            CallersView { since: "2026-06-30T21:05:00Z".parse().ok(), calls: 42, callers: 17, callers_before: 11 };
        let evidence = view.evidence("2026-08-01".parse().unwrap(), chrono_tz::Europe::Moscow);
        assert_eq!(
            evidence.text,
            "Входящие звонки с 01.07.2026: 42, уникальных номеров 17, из них звонили до подключения 11"
        );
        assert_eq!((evidence.kind, evidence.number_shown), (EvidenceKind::Other, Some(17)));
    }
}
