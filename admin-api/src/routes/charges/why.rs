//! `GET /v1/charges/{identity}/why`: why a stored charge is what it is.
//!
//! Owns: how the charge, its steps and the comparison are shown, as data and as text.
//! Does not own: the price and the comparison (`rating::replay`), the catalogue of its time (`billing::charges`), the sentences (`rating::story`).
//! Always: the function that rated the leg explains it, by the catalogue of the version that the charge names and by the terms that it kept.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use billing::charges::{self, CatalogueError};
use billing::numbering_plan;
use chrono::DateTime;
use rating::explain::Line;
use rating::explanation::{Explanation, told};
use rating::replay::{Figures, Replayed, StoredCharge, replay};
use rating::story::{self, Subject};
use rating::terms::percent_text;
use rating::{Currency, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Params, Spoken};
use crate::inputs;
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};
use crate::routes::accounts::calls::CallView;
use crate::state::AppState;

/// How the answer is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhyQuery {
    /// `json` (default) or `text`: lines to be read to the customer; `Accept: text/plain` asks for the same.
    #[param(example = "json")]
    format: Option<String>,
}

/// What the account owes.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetailView {
    /// Code of the list; `null` = none priced it.
    list: Option<String>,
    /// Row of the list, 0 = none.
    rate: u64,
    /// Amount with tax, a decimal.
    gross: String,
    /// Amount without tax, a decimal.
    net: String,
    /// Tax inside the amount, percent.
    tax_rate: String,
    /// Currency of the amounts.
    currency: Option<String>,
    /// Amount in the currency of the list.
    list_amount: String,
    /// Currency of the list.
    list_currency: Option<String>,
    /// What one unit of the list's currency was worth.
    exchange_rate: String,
    /// Discount, 0 = none.
    discount: u64,
    /// Seconds billed, or pieces of an event.
    billed: u64,
    /// Of these, covered by bundles.
    covered: u64,
}

/// What we owe the provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct WholesaleView {
    /// Code of the list; `null` = none priced it.
    list: Option<String>,
    /// Row of the list, 0 = none.
    rate: u64,
    /// Amount in the currency of the list.
    amount: String,
    /// Currency of the list.
    currency: Option<String>,
    /// The same in the currency of the books.
    cost: String,
    /// Currency of the cost.
    cost_currency: Option<String>,
    /// The provider has no price for a leg that should have one.
    missing: bool,
}

/// Both sides of a charge.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChargeView {
    /// What the account owes.
    retail: RetailView,
    /// What we owe the provider.
    wholesale: WholesaleView,
    /// The lock that the call took place in spite of, 0 = none.
    lock: u64,
}

/// A figure that differs.
#[derive(Serialize, ToSchema)]
#[schema(as = FigureDifferenceView)]
pub(crate) struct DifferenceView {
    /// Which.
    figure: &'static str,
    /// What the charge says.
    stored: String,
    /// What pricing it again gives.
    found: String,
}

/// What most likely makes the charge differ.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReasonView {
    /// `no_price_now`, `other_row`, `discount_gone`, `other_bundle`, `other_billing`, `amount_altered` or `other_setting`.
    code: &'static str,
    /// The same in words.
    text: &'static str,
}

/// Why a charge is what it is.
#[derive(Serialize, ToSchema)]
#[schema(as = ChargeWhy)]
pub(crate) struct Why {
    /// The call, as the list of calls shows it: its latest revision.
    call: CallView,
    /// Code of the account that pays; `null` = nobody.
    account: Option<String>,
    /// Version of the catalogue that it was priced by.
    version: u64,
    /// What is charged: the sum of all revisions.
    charged: ChargeView,
    /// What the leg costs when it is priced again; `null` when it cannot be priced.
    recomputed: Option<ChargeView>,
    /// Why it cannot be priced.
    refusal: Option<&'static str>,
    /// Whether the two are the same to the nano-unit.
    agrees: bool,
    /// Where they are not.
    differences: Vec<DifferenceView>,
    /// What most likely makes them differ.
    reason: Option<ReasonView>,
    /// The steps, in order; `text` says each in words, in the language of the caller.
    lines: Vec<Value>,
    /// What may be read to the customer.
    text: Vec<String>,
}

/// Why this price
///
/// The charge of a leg, priced again by the catalogue of the version that it names and by the terms and counters that it kept, step by step. A call to a number
/// that nobody has says why nothing is charged.
#[utoipa::path(
    get, path = "/v1/charges/{identity}/why", operation_id = "charge_why", tag = "tariffs",
    params(("identity" = String, Path, description = "`id` of the call in the list of calls: 32 hexadecimal digits", example = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"), WhyQuery),
    responses((status = 200, description = "The explanation; as `text/plain` its text alone", content((Why = "application/json", example = json!({
        "call": {"id": "0F1E2D3C4B5A69788796A5B4C3D2E1F0", "revision": 0, "archived": true, "started_at": "2026-07-01T10:00:00Z",
                 "answered_at": "2026-07-01T10:00:04Z", "ended_at": "2026-07-01T10:01:19Z", "source": "sbc-1", "cdr_id": "7f3a", "call_id": "c-91",
                 "leg": 0, "src": "74951201031", "dst": "381114112060", "service": "outgoing", "direction": "out", "outcome": "rated",
                 "disposition": "answered", "release_cause": "16", "provider": "mtt", "destination": "Serbia", "prefix": "38111", "rate": 17,
                 "duration_ms": 75000, "billed_seconds": 78, "quantity": 0, "gross": "0.0078", "net": "0.006393443", "tax_rate": "22", "currency": "RUB", "lock_breach": false,
                 "emergency": false},
        "account": "A-000001", "version": 7,
        "charged": {"retail": {"list": "retail", "rate": 17, "gross": "0.0078", "net": "0.006393443", "tax_rate": "22", "currency": "RUB",
                               "list_amount": "0.0078", "list_currency": "RUB", "exchange_rate": "1", "discount": 0, "billed": 78, "covered": 0},
                    "wholesale": {"list": "mtt", "rate": 4711, "amount": "0.005", "currency": "RUB", "cost": "0.005", "cost_currency": "RUB", "missing": false},
                    "lock": 0},
        "recomputed": {"retail": {"list": "retail", "rate": 17, "gross": "0.0078", "net": "0.006393443", "tax_rate": "22", "currency": "RUB",
                                  "list_amount": "0.0078", "list_currency": "RUB", "exchange_rate": "1", "discount": 0, "billed": 78, "covered": 0},
                       "wholesale": {"list": "mtt", "rate": 4711, "amount": "0.005", "currency": "RUB", "cost": "0.005", "cost_currency": "RUB", "missing": false},
                       "lock": 0},
        "refusal": null, "agrees": true, "differences": [], "reason": null,
        "lines": [{"step": "list", "side": "retail", "list": "retail", "prefix": "38111", "row": 17, "chosen": true,
                   "text": "retail list retail: prefix 38111, row 17, taken"}],
        "text": ["outgoing call: 381114112060, 01.07.2026 13:00:04 (Europe/Moscow), 75 s", "to pay: 0.0078 RUB",
                 "- retail list retail: prefix 38111, row 17, taken", "priced again by the catalogue of its time it is the same, version 7"]
    })), (String = "text/plain", example = json!("outgoing call: 381114112060, 01.07.2026 13:00:04 (Europe/Moscow), 75 s\nto pay: 0.0078 RUB\n")))))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Path(identity): Path<String>,
    Params(asked): Params<WhyQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let as_text = wants_text(asked.format.as_deref(), &headers)?;
    let identity = inputs::identity("/identity", &identity)?;
    let rows = state.calls.charge(&identity).await?;
    let charge = charges::latest(rows)?.pop();
    let (Some(charge), Some(call)) = (charge, state.calls.latest(&identity).await?) else {
        let text = Text::new(format!("Начисления {identity} нет"), format!("There is no charge {identity}"));
        return Err(Problem::new(Code::NotFound).because(text));
    };
    let current = state.snapshot()?;
    let then =
        charges::catalogue(&state.store, charge.version, std::slice::from_ref(&charge), numbering_plan::in_force())
            .await?;
    let mut lines = Vec::new();
    let replayed = replay(&then, &charge, &mut lines);
    let text = text(&then, &charge, &replayed, &lines, language);
    if as_text {
        return Ok((text.join("\n") + "\n").into_response());
    }
    let why = Why {
        call: CallView::of(call, &current, state.clock.now()),
        account: charge.account.and_then(|id| then.account_by_id(id)).map(|index| then.account_code(index).to_owned()),
        version: charge.version,
        charged: view(&charge.figures, &then),
        recomputed: replayed.price.as_ref().ok().map(|figures| view(figures, &then)),
        refusal: replayed.price.as_ref().err().map(|code| code.as_str()),
        agrees: replayed.agrees(),
        reason: replayed.reason().map(|reason| ReasonView { code: reason.as_str(), text: reason.text(language) }),
        differences: replayed
            .differences
            .into_iter()
            .map(|other| DifferenceView { figure: other.figure, stored: other.stored, found: other.found })
            .collect(),
        lines: told(&lines, language).iter().map(|line| serde_json::to_value(line).unwrap_or_default()).collect(),
        text,
    };
    Ok(Json(why).into_response())
}

/// Whether plain text is wanted: by `format`, else by `Accept`.
fn wants_text(format: Option<&str>, headers: &HeaderMap) -> Result<bool, Problem> {
    match format.filter(|word| !word.is_empty()) {
        Some("text") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(Problem::field("/format", Text::fixed("Ожидается json или text", "json or text is expected"))),
        None => {
            let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
            Ok(accept.split(',').next().is_some_and(|first| first.trim().starts_with("text/plain")))
        }
    }
}

/// The charge as it may be read out: what is charged, the steps that give it, and whether they do.
fn text(
    then: &Snapshot,
    charge: &StoredCharge,
    replayed: &Replayed,
    lines: &[Line],
    language: Language,
) -> Vec<String> {
    let retail = &charge.figures.retail;
    let explanation = Explanation {
        amount: Some(retail.gross),
        currency: retail.currency,
        billed_seconds: Some(retail.billed),
        refusal: None,
        lines: lines.to_vec(),
    };
    let at = DateTime::from_timestamp_millis(charge.at_ms).unwrap_or_default().with_timezone(&then.zone);
    let subject = Subject { service: charge.service, number: &charge.number.to_string(), at, usage: charge.usage };
    let mut text = story::tell(&subject, &explanation, language);
    text.extend(story::verdict(charge, replayed, language));
    text
}

fn view(figures: &Figures, then: &Snapshot) -> ChargeView {
    let code = |currency: Option<Currency>| currency.map(|currency| currency.to_string());
    let list = |id| then.list(id).map(|list| list.code.to_string());
    let (retail, wholesale) = (&figures.retail, &figures.wholesale);
    ChargeView {
        retail: RetailView {
            list: list(retail.list),
            rate: retail.row,
            gross: retail.gross.to_string(),
            net: retail.net.to_string(),
            tax_rate: percent_text(retail.tax_basis_points),
            currency: code(retail.currency),
            list_amount: retail.list_amount.to_string(),
            list_currency: code(retail.list_currency),
            exchange_rate: retail.exchange_rate.to_string(),
            discount: retail.discount,
            billed: retail.billed,
            covered: retail.covered,
        },
        wholesale: WholesaleView {
            list: list(wholesale.list),
            rate: wholesale.row,
            amount: wholesale.amount.to_string(),
            currency: code(wholesale.currency),
            cost: wholesale.cost.to_string(),
            cost_currency: code(wholesale.cost_currency),
            missing: wholesale.missing,
        },
        lock: figures.lock,
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Store(error) => error.into(),
            error => {
                tracing::error!("{error}");
                Self::new(Code::Internal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// format | Accept | text
    #[test]
    fn text_is_asked_for() {
        for (format, accept, expected) in [
            (None, "", Some(false)),
            (None, "application/json", Some(false)),
            (None, "text/plain;q=0.9, application/json", Some(true)),
            (None, "*/*", Some(false)),
            (Some("json"), "text/plain", Some(false)),
            (Some("text"), "", Some(true)),
            (Some(""), "text/plain", Some(true)),
            (Some("pdf"), "", None),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wants_text(format, &headers).ok(), expected, "{format:?} {accept}");
        }
    }
}
