//! `POST /v1/switch-counts`: what switches count themselves (M77).
//!
//! Owns: what the request says.
//! Does not own: the comparison.
//! Always: the last word on source, hour and origin counts; all hours of a request or none.

use axum::extract::State;
use axum::response::Response;
use billing::reconciliation::{self, Figures, Origin, SwitchCount};
use chrono::{DurationRound, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Hours of one request.
const HOURS_MAX: usize = 10_000;

/// An hour of a switch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountedHour {
    /// Source.
    source: String,
    /// Beginning of an hour of UTC.
    #[schema(format = DateTime)]
    hour: String,
    /// `counter` (default) or `trailer`.
    origin: Option<String>,
    /// Attempts, answered or not.
    attempts: i64,
    /// Of these, answered.
    answered: i64,
    /// Seconds of the answered ones.
    seconds: i64,
}

/// Hours of switches.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountedHours {
    /// 1 to 10000 of them.
    counts: Vec<CountedHour>,
}

/// How many were taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenView {
    /// Hours.
    accepted: usize,
}

/// Enter what switches count
#[utoipa::path(
    post, path = "/v1/switch-counts", operation_id = "switch_counts_enter", tag = "imports",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = CountedHours, example = json!({"counts": [
        {"source": "pbx-9", "hour": "2026-07-01T10:00:00Z", "attempts": 120, "answered": 97, "seconds": 8120}]})),
    responses((status = 200, description = "Taken", body = TakenView, example = json!({"accepted": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<CountedHours>,
) -> Result<Response, Problem> {
    let counts = wanted(&body.value.counts)?;
    let key = context.idempotency("switch_counts_enter", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let unknown = reconciliation::enter(&mut change, &counts).await?;
    if let Some(code) = unknown.first() {
        let at = counts.iter().position(|count| count.source == *code).unwrap_or(0);
        let text = Text::new(format!("Источника {code} нет"), format!("There is no source {code}"));
        return Err(Problem::field(&format!("/counts/{at}/source"), text));
    }
    writes::commit(change, &TakenView { accepted: counts.len() }).await
}

fn wanted(asked: &[CountedHour]) -> Result<Vec<SwitchCount>, Problem> {
    if asked.is_empty() || asked.len() > HOURS_MAX {
        let text = Text::fixed("Ожидается от 1 до 10000 часов", "1 to 10000 hours are expected");
        return Err(Problem::field("/counts", text));
    }
    let mut counts: Vec<SwitchCount> = Vec::with_capacity(asked.len());
    let mut known = std::collections::BTreeSet::new();
    for (index, count) in asked.iter().enumerate() {
        let at = |field: &str| format!("/counts/{index}/{field}");
        let words = || Origin::ALL.iter().map(|origin| origin.as_str());
        let origin = count.origin.as_deref().map(|text| inputs::one_of(&at("origin"), text, words())).transpose()?;
        let origin = origin.unwrap_or(Origin::Counter);
        let source = inputs::word(&at("source"), &count.source)?.to_owned();
        let hour = inputs::instant(&at("hour"), &count.hour)?;
        if hour.duration_trunc(TimeDelta::hours(1)) != Ok(hour) {
            let text = Text::fixed("Ожидается начало часа UTC", "The beginning of an hour of UTC is expected");
            return Err(Problem::field(&at("hour"), text));
        }
        if count.answered < 0 || count.attempts < count.answered {
            let text = Text::fixed("Ожидается attempts ≥ answered ≥ 0", "attempts >= answered >= 0 is expected");
            return Err(Problem::field(&at("answered"), text));
        }
        if count.seconds < 0 {
            return Err(Problem::field(
                &at("seconds"),
                Text::fixed("Ожидается число от 0", "A number from 0 is expected"),
            ));
        }
        if !known.insert((source.clone(), hour, origin)) {
            let text = Text::fixed("Этот час указан дважды", "This hour stands twice");
            return Err(Problem::field(&at("hour"), text));
        }
        let figures = Figures { attempts: count.attempts, answered: count.answered, seconds: count.seconds };
        counts.push(SwitchCount { source, hour, origin, figures });
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_whole_and_stands_once() {
        let hour = |start: &str, answered| CountedHour {
            source: "s".into(),
            hour: start.into(),
            origin: None,
            attempts: 2,
            answered,
            seconds: 5,
        };
        let ten = "2026-07-01T10:00:00Z";
        assert_eq!(wanted(&[hour(ten, 2)]).unwrap()[0].figures.attempts, 2);
        for bad in [
            vec![],
            vec![hour(ten, 3)],
            vec![hour("2026-07-01T10:00:01Z", 1)],
            vec![hour("9999-07-01T10:00:00Z", 1)],
            vec![hour(ten, 1), hour(ten, 2)],
            vec![hour(ten, 1), hour("2026-07-01T13:00:00+03:00", 2)],
        ] {
            assert!(wanted(&bad).is_err(), "{bad:?}");
        }
    }
}
