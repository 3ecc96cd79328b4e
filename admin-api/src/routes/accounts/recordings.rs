//! `GET /v1/accounts/{code}/recordings`: was the conversation recorded? (M35)
//!
//! Owns: the verdict and its words.
//! Does not own: the rows that recording leaves (`crate::calls` reads them), the files.
//! Always: recording and unlimited recording are two services: the one that is asked for decides, the other is only mentioned.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use rating::Service;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::calls::{COLUMNS, CallView, period};
use crate::calls::{CallsFilter, Numbers, TOTAL_EXACT_MAX};
use crate::extract::{Params, Spoken};
use crate::grids::{Table, WantedFile};
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;

/// Which conversation.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordingsQuery {
    /// Recording service that is connected, obligatory: `CALLS_REC` or `CALLS_REC_UNLIM`.
    #[param(required = true, example = "CALLS_REC")]
    service: Option<String>,
    /// Number of the other party, dialled or calling; obligatory.
    #[param(required = true, example = "74951234567")]
    number: Option<String>,
    /// First day in the billing zone, or a moment in RFC 3339.
    #[param(example = "2026-07-01")]
    from: Option<String>,
    /// Last day in the billing zone (the whole of it), or a moment that is no longer included.
    #[param(example = "2026-07-01")]
    to: Option<String>,
    /// `json` (default), or the rows as a file: `csv`, `xlsx`; without `limit` it has all of them or is refused.
    #[param(example = "json")]
    format: Option<String>,
    /// Recordings shown: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Whether a conversation was recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordingsView {
    /// `recorded` or `not_recorded`.
    verdict: &'static str,
    /// How many recordings there were, exact up to 10000.
    recordings: u64,
    /// How many there were by the other recording service, which the verdict leaves out.
    of_other_service: u64,
    /// The verdict in words.
    text: String,
    /// Rows of the recordings, the newest first; further ones are in the list of calls of the service.
    items: Vec<CallView>,
}

/// Rows of recordings as a file.
static RECORDINGS: Table<CallView> =
    Table { name: "recordings", ru: "Записи разговоров", en: "Recordings", columns: COLUMNS };

/// Was a conversation recorded?
///
/// A recorded call leaves a row with the code of the recording service. With a row and without a file, the file was deleted later.
#[utoipa::path(
    get, path = "/v1/accounts/{code}/recordings", operation_id = "account_recordings", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), RecordingsQuery),
    responses((status = 200, description = "The verdict", content(
        (RecordingsView = "application/json", example = json!({
        "verdict": "not_recorded", "recordings": 0, "of_other_service": 0,
        "text": "not recorded: recording was not connected, or the client's selective recording left the call out", "items": []
    })),
        (String = "text/csv", example = json!("Плечо,Ревизия,..,Услуга,..\n0F1E..,0,..,CALLS_REC,..\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Path(code): Path<String>,
    Params(asked): Params<RecordingsQuery>,
) -> Result<Response, Problem> {
    let settings = state.settings()?;
    let snapshot = state.snapshot()?;
    let now = state.clock.now();
    let wanted = WantedFile::of(asked.format.as_deref(), asked.limit.as_deref())?;
    let limit = WantedFile::rows(wanted, asked.limit.as_deref(), &settings)?;
    let service = recording_service(asked.service.as_deref())?;
    let number = inputs::given(asked.number.as_deref()).ok_or_else(no_number)?;
    let number = inputs::dialled("/number", number, &settings)?.digits().to_string();
    let (from, to) = period(asked.from.as_deref(), asked.to.as_deref(), settings.zone("billing.zone")?)?;
    let account_id = super::existing(&state, &code).await?.id as u64;
    let of = |service| CallsFilter { account_id, service, from, to, numbers: Some(Numbers::Party(number.clone())) };
    let (filter, other) = (of(service), of(other(service)));
    let (rows, recordings, of_other_service) = tokio::try_join!(
        state.calls.list(&filter, None, limit as u64),
        state.calls.count(&filter),
        state.calls.count(&other)
    )?;
    let items: Vec<CallView> = rows.into_iter().map(|row| CallView::of(row, &snapshot, now)).collect();
    if let Some(wanted) = wanted {
        let is_more = recordings > items.len() as u64;
        return RECORDINGS.file(wanted, items, is_more, &settings, language).await;
    }
    let (recordings, of_other_service) = (recordings.min(TOTAL_EXACT_MAX), of_other_service.min(TOTAL_EXACT_MAX));
    let view = RecordingsView {
        verdict: if recordings > 0 { "recorded" } else { "not_recorded" },
        recordings,
        of_other_service,
        text: words(service, recordings, of_other_service).spoken(language).to_owned(),
        items,
    };
    Ok(Json(view).into_response())
}

fn recording_service(text: Option<&str>) -> Result<Service, Problem> {
    let known = [Service::Recording, Service::UnlimitedRecording];
    let found = inputs::given(text).and_then(|text| known.into_iter().find(|service| service.as_str() == text));
    found.ok_or_else(|| {
        let expected = Text::fixed(
            "Укажите подключённую услугу записи: CALLS_REC или CALLS_REC_UNLIM",
            "Name the recording service that is connected: CALLS_REC or CALLS_REC_UNLIM",
        );
        Problem::field("/service", expected)
    })
}

const fn other(service: Service) -> Service {
    match service {
        Service::UnlimitedRecording => Service::Recording,
        _ => Service::UnlimitedRecording,
    }
}

fn no_number() -> Problem {
    let text = Text::fixed(
        "Укажите номер собеседника, например 74951234567",
        "Name the number of the other party, such as 74951234567",
    );
    Problem::field("/number", text)
}

/// The verdict in words.
fn words(service: Service, recordings: u64, of_other_service: u64) -> Text {
    if recordings > 0 {
        let plural = if recordings == 1 { "recording" } else { "recordings" };
        return Text::new(
            format!("записей: {recordings}; если файла нет, он удалён позже"),
            format!("{recordings} {plural}; a file that is absent was deleted later"),
        );
    }
    if of_other_service > 0 {
        let other = other(service);
        return Text::new(
            format!(
                "по услуге {service} записей нет; по услуге {other} — {of_other_service}: проверьте, какая подключена"
            ),
            format!("no recording by {service}, but {of_other_service} by {other}: check which of them is connected"),
        );
    }
    Text::fixed(
        "не записан: запись не была подключена или выборочная запись клиента исключила этот вызов",
        "not recorded: recording was not connected, or the client's selective recording left the call out",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn only_recording_services_are_asked_for() {
        assert_eq!(recording_service(Some("CALLS_REC")).ok(), Some(Service::Recording));
        assert_eq!(recording_service(Some("CALLS_REC_UNLIM")).ok(), Some(Service::UnlimitedRecording));
        for text in [None, Some(""), Some("outgoing"), Some("all")] {
            assert!(recording_service(text).is_err(), "{text:?}");
        }
    }

    /// M35: presence of the row is a recording; of the other service it is a hint and no recording.
    #[test]
    fn the_verdict_in_words() {
        for (service, own, of_other, begins) in [
            (Service::Recording, 1, 0, "1 recording;"),
            (Service::UnlimitedRecording, 2, 1, "2 recordings;"),
            (Service::Recording, 0, 0, "not recorded: recording was not connected"),
            (Service::Recording, 0, 3, "no recording by CALLS_REC, but 3 by CALLS_REC_UNLIM"),
            (Service::UnlimitedRecording, 0, 3, "no recording by CALLS_REC_UNLIM, but 3 by CALLS_REC:"),
        ] {
            let text = words(service, own, of_other);
            assert!(text.spoken(Language::English).starts_with(begins), "{}", text.spoken(Language::English));
            assert_ne!(text.spoken(Language::Russian), text.spoken(Language::English));
        }
    }
}
