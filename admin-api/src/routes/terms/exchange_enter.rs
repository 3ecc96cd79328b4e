//! `POST /v1/exchange-rates`: enter an exchange rate, general, of a group or of a client (B19, B35).
//!
//! Owns: what the request says.
//! Does not own: which rate counts for a call (`rating::terms`).
//! Always: only active currencies; no day of a closed period; no rate without a reason.

use axum::extract::State;
use axum::response::Response;
use billing::terms::{self, NewExchange, TermsError};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted exchange rate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedExchange {
    /// The currency that is converted.
    from: String,
    /// Into which.
    to: String,
    /// What `quantity` units cost: a decimal as a string, above 0, at most nine decimals.
    rate: String,
    /// Units; 1 when absent, at most 1000000.
    quantity: Option<i32>,
    /// First day, `YYYY-MM-DD`.
    day: String,
    /// Code of the client whose own rate it is.
    client: Option<String>,
    /// Code of the group whose rate it is; without client and group it is the general one.
    group: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Enter an exchange rate
///
/// The client's own rate counts before his group's, and that before the general one; each is the latest by date up to the usage day.
#[utoipa::path(
    post, path = "/v1/exchange-rates", operation_id = "exchange_enter", tag = "terms",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedExchange, example = json!({
        "from": "USD", "to": "RUB", "rate": "8000", "quantity": 100, "day": "2026-05-01", "client": "C-000001", "reason": "договор 12"
    })),
    responses((status = 200, description = "Entered", body = Numbered, example = json!({"id": 4})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedExchange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = wanted(asked)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("exchange_enter", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let entered = terms::enter_exchange(&mut change, &new, reason).await.map_err(|error| match error {
        TermsError::Currency(code) => super::not_selectable(if code == asked.from { "/from" } else { "/to" }, &code),
        other => other.into(),
    });
    writes::commit(change, &Numbered { id: entered? }).await
}

fn wanted(asked: &WantedExchange) -> Result<NewExchange, Problem> {
    let (from, to) = (inputs::currency("/from", &asked.from)?, inputs::currency("/to", &asked.to)?);
    if from == to {
        let same = Text::fixed("Валюта не переводится сама в себя", "A currency is not converted into itself");
        return Err(Problem::field("/to", same));
    }
    let quantity = asked.quantity.unwrap_or(1);
    if !(1..=1_000_000).contains(&quantity) {
        let expected =
            Text::fixed("Ожидается целое число от 1 до 1000000", "A whole number from 1 to 1000000 is expected");
        return Err(Problem::field("/quantity", expected));
    }
    Ok(NewExchange {
        holder: super::holder(None, asked.client.as_deref(), asked.group.as_deref())?,
        from,
        to,
        rate: inputs::rate("/rate", &asked.rate)?,
        quantity,
        day: inputs::day("/day", &asked.day)?,
    })
}
