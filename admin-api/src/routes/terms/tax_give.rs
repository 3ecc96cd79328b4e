//! `POST /v1/client-taxes`: give a client a tax rate of his own (B22, A12).
//!
//! Owns: what the request says: a wall clock in a zone of its own, the last second included.
//! Does not own: which rate counts for a call (`rating`).
//! Always: for the permission `tax.override`, with reason and document; none reaches back into a closed period.

use axum::extract::State;
use axum::response::Response;
use billing::settings::Settings;
use billing::terms::{self, NewTax};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted tax rate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTax {
    /// Code of the client.
    client: String,
    /// Percent: a decimal as a string, 0 to 100, at most two decimals.
    percent: String,
    /// IANA zone of `from` and `to`; the billing zone when absent.
    zone: Option<String>,
    /// First second, `YYYY-MM-DD hh:mm:ss`; now when absent.
    from: Option<String>,
    /// Last second, `YYYY-MM-DD hh:mm:ss`; open when absent.
    to: Option<String>,
    /// The paper that gives the right to it; obligatory.
    document: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Give a client a tax rate of his own
///
/// It replaces the standard rate for this client in that time; two never count at one time.
#[utoipa::path(
    post, path = "/v1/client-taxes", operation_id = "tax_give", tag = "terms",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedTax, example = json!({
        "client": "C-000001", "percent": "10", "zone": "Europe/Moscow", "from": "2027-01-01 00:00:00", "to": "2027-12-31 23:59:59",
        "document": "Уведомление № 5 от 20.12.2026", "reason": "льгота"
    })),
    responses((status = 200, description = "Given", body = Numbered, example = json!({"id": 2})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedTax>,
) -> Result<Response, Problem> {
    let new = wanted(&body.value, &*state.settings()?)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("tax_give", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = terms::give_tax(&mut change, &new, reason).await?;
    writes::commit(change, &Numbered { id }).await
}

fn wanted(asked: &WantedTax, settings: &Settings) -> Result<NewTax, Problem> {
    let zone = match given(asked.zone.as_deref()) {
        Some(zone) => inputs::zone("/zone", zone)?,
        None => settings.zone("billing.zone")?,
    };
    let moment = |pointer: &str, text: &Option<String>, end: bool| {
        given(text.as_deref()).map(|text| inputs::wall_clock(pointer, text, zone, end)).transpose()
    };
    Ok(NewTax {
        client: inputs::word("/client", &asked.client)?.to_owned(),
        percent: inputs::percent("/percent", &asked.percent)?,
        from: moment("/from", &asked.from, false)?,
        to: moment("/to", &asked.to, true)?,
        document: inputs::words_of_reason("/document", Some(&asked.document))?.to_owned(),
    })
}
