//! `POST /v1/ingest-alarms/{id}/acknowledge`: somebody has seen to an alarm.
//!
//! Owns: what the request says.
//! Does not own: the alarms.
//! Always: with a reason, which the audit keeps.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::ingest_alarms::{self, AcknowledgeError};

use super::AlarmView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason, Spoken};
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Acknowledge an alarm of the collection
#[utoipa::path(
    post, path = "/v1/ingest-alarms/{id}/acknowledge", operation_id = "ingest_alarm_acknowledge", tag = "imports",
    params(("id" = String, Path, description = "Number of the alarm", example = "3"),
           ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "файл утерян на коммутаторе, акт 12"})),
    responses((status = 200, description = "Acknowledged", body = AlarmView, example = json!(
        {"id": 3, "source": "pbx-9", "kind": "gap", "subject": "122", "what": "Файл номер 122 не пришёл; вместо него пришёл cdr_000123.csv. Заберите его с коммутатора",
         "raised_at": "2026-07-01T10:01:00Z", "cleared_at": null, "acknowledged_at": "2026-07-01T11:00:00Z", "acknowledged_by": "petrov"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    Spoken(language): Spoken,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("ingest_alarm_acknowledge", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let alarm = ingest_alarms::acknowledge(&mut change, number, reason).await.map_err(|error| match error {
        AcknowledgeError::NotFound => Problem::new(Code::NotFound),
        AcknowledgeError::Acknowledged => Problem::new(Code::InvalidTransition)
            .because(Text::fixed("Предупреждение уже подтверждено", "The alarm was acknowledged before")),
        AcknowledgeError::Store(error) => error.into(),
    })?;
    writes::commit(change, &AlarmView::spoken(alarm, language)).await
}
