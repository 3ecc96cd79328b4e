//! `POST /v1/dids/{number}/archive`: send a number to quarantine (M13, M19).
//!
//! Owns: what the request says, and which problem each refusal is.
//! Does not own: which states may become which (`billing::numbers`), what becomes of the subscriber (`billing::subscriptions`).
//! Always: no move without a reason; a step that does not exist is `invalid_transition` and stays in the audit.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers::DidError;
use billing::subscriptions;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::{CallContext, forbidden};
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Why a number goes to quarantine.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archive {
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The number in quarantine. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Archived {
    /// The number.
    number: String,
    /// Its state.
    status: &'static str,
}

impl From<DidError> for Problem {
    fn from(error: DidError) -> Self {
        match error {
            DidError::NotOurs => Self::new(Code::NotOurs),
            DidError::InvalidTransition { from, to } => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Из состояния {from} нельзя перейти в {to} одним шагом"),
                format!("A number cannot move from {from} to {to} in one step"),
            )),
            DidError::Lacks(permission) => forbidden(permission),
            DidError::Stale => Self::new(Code::Stale),
            DidError::Store(error) => error.into(),
        }
    }
}

/// Send a number to quarantine
///
/// The account loses the number at once, and its subscriber, if it has one, is closed; its class by non-target calls starts anew.
#[utoipa::path(
    post, path = "/v1/dids/{number}/archive", operation_id = "did_archive", tag = "numbers",
    params(
        ("number" = String, Path, description = "The number, with or without `+`", example = "74951201031"),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Archive, example = json!({"reason": "contract terminated on 1 July"})),
    responses((status = 200, description = "In quarantine", body = Archived, example = json!({"number": "74951201031", "status": "archive"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(number): Path<String>,
    body: JsonBody<Archive>,
) -> Result<Response, Problem> {
    let number = inputs::e164("/number", &number)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("did_archive", &number.to_string(), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    subscriptions::close_of_number(&mut change, number, context.revision, reason).await?;
    writes::commit(change, &Archived { number: number.to_string(), status: "archive" }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use rating::rows::DidStatus;

    #[test]
    fn every_refusal_has_its_code() {
        let refused = DidError::InvalidTransition { from: DidStatus::Free, to: DidStatus::Archive };
        let problem = Problem::from(refused);
        assert_eq!(problem.code(), Code::InvalidTransition);
        let body = serde_json::to_value(problem.body(Language::English, "r")).unwrap();
        assert_eq!(body["detail"], "A number cannot move from free to archive in one step");
        assert_eq!(Problem::from(DidError::NotOurs).code(), Code::NotOurs);
        assert_eq!(Problem::from(DidError::Stale).code(), Code::Stale);
    }
}
