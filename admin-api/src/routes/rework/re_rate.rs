//! `POST /v1/re-ratings`: price charges again.
//!
//! Owns: what the request says.
//! Does not own: what becomes of the charges (the ingest executes the job).
//! Always: the dry run comes first; nothing changes before the job is executed.

use axum::extract::State;
use axum::response::Response;
use billing::rework::{ChargeScope, Kind, Scope, Side};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FiledView, filed};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;

/// Which charges, and why. No `Debug`: prefixes may be whole numbers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRating {
    /// Code of the account.
    account: Option<String>,
    /// Beginning of the dialled number.
    prefix: Option<String>,
    /// First usage day; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    from: Option<String>,
    /// Last usage day; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    to: Option<String>,
    /// Source.
    source: Option<String>,
    /// Priced by this version of the catalogue or a later one.
    from_version: Option<u64>,
    /// Priced by this version of the catalogue or an earlier one.
    to_version: Option<u64>,
    /// `retail`, `wholesale` or `both` (default).
    side: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Price charges again
///
/// By the catalogue of now. First a dry run: `GET /v1/rework/{job}/differences` shows what would change, `POST /v1/rework/{job}/execute` does it. What closed
/// months owe more or less is booked into the oldest open one.
#[utoipa::path(
    post, path = "/v1/re-ratings", operation_id = "re_rate", tag = "rework",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedRating, example = json!({
        "account": "A-000001", "prefix": "381", "from": "2026-07-01", "to": "2026-07-31", "side": "retail", "reason": "неверная цена Сербии"
    })),
    responses((status = 200, description = "Filed", body = FiledView, example = json!({"job": 4})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedRating>,
) -> Result<Response, Problem> {
    let scope = Scope::Charges(wanted(&body.value)?);
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let job = (Kind::Rerate, &scope, reason);
    filed(&state, &context, ("re_rate", &body.bytes), job).await
}

fn wanted(asked: &WantedRating) -> Result<ChargeScope, Problem> {
    let day = |pointer: &str, text: Option<&str>| {
        let obligatory = Text::fixed("Укажите день", "A day is required");
        let text = given(text).ok_or_else(|| Problem::field(pointer, obligatory))?;
        inputs::day(pointer, text)
    };
    let (from, to) = (day("/from", asked.from.as_deref())?, day("/to", asked.to.as_deref())?);
    if to < from {
        let order = Text::fixed("Последний день раньше первого", "The last day is before the first");
        return Err(Problem::field("/to", order));
    }
    let word = |pointer: &str, text: Option<&str>| {
        given(text).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let prefix = given(asked.prefix.as_deref()).map(|text| inputs::prefix("/prefix", text)).transpose()?;
    if prefix.is_some_and(numbering::Digits::is_short) {
        let digits = Text::fixed("Короткие коды не отбираются", "Short codes cannot be asked for");
        return Err(Problem::field("/prefix", digits));
    }
    let side = match given(asked.side.as_deref()) {
        None | Some("both") => Side::Both,
        Some("retail") => Side::Retail,
        Some("wholesale") => Side::Wholesale,
        Some(_) => {
            let known = Text::fixed("Ожидается retail, wholesale или both", "retail, wholesale or both is expected");
            return Err(Problem::field("/side", known));
        }
    };
    Ok(ChargeScope {
        account: word("/account", asked.account.as_deref())?,
        prefix: prefix.map(|prefix| prefix.to_string()),
        from: Some(from),
        to: Some(to),
        source: word("/source", asked.source.as_deref())?,
        from_version: asked.from_version,
        to_version: asked.to_version,
        side,
    })
}
