//! `GET /v1/tariff-check`: is a call priced, retail and wholesale, and what would it cost (M29, A6, M30)?
//!
//! Owns: what is asked, and how the answer is shown.
//! Does not own: the answer (`rating::check`).
//! Always: a number, account, plan or provider that does not exist is an error that points at it, never an empty answer.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use billing::counters::of_account;
use billing::settings::Settings;
use chrono::{DateTime, SecondsFormat, Utc};
use rating::check::{self, Asked, Query};
use rating::counter::CounterKey;
use rating::explanation::told;
use rating::{Snapshot, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::given;
use super::shown::{Below, LockLine, PriceLine, ProviderPrices};
use crate::extract::{Params, Spoken};
use crate::inputs;
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Where the counters of the account stand.
type Standings = BTreeMap<CounterKey, u64>;

/// What is checked.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TariffQuery {
    /// The number: digits, with or without `+`, or a short code. Either this or `prefix`.
    #[param(example = "381114112060")]
    number: Option<String>,
    /// A prefix that stands for many numbers.
    prefix: Option<String>,
    /// Code of the account; it or `plan` is needed.
    #[param(example = "A-000001")]
    account: Option<String>,
    /// Code of the plan; without it the account's of that moment.
    plan: Option<String>,
    /// Rated service: outgoing (default), incoming, tollfree, forwarded, internal, message, data, `CALLS_REC` or `CALLS_REC_UNLIM`.
    #[param(example = "outgoing")]
    service: Option<String>,
    /// Incoming service; empty = all.
    incoming_service: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// Code of the provider; empty = all.
    provider: Option<String>,
    /// Calling number or the beginning of it; empty = any.
    origin: Option<String>,
    /// The moment (RFC 3339) or day; now, if empty.
    at: Option<String>,
    /// Explain the price of an answered call of this length, or of an event of so many pieces, with what the account has left of its bundles.
    #[param(example = "75")]
    seconds: Option<String>,
}

/// What an example call costs, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// Retail amount, a decimal; `null` when the call cannot be rated.
    amount: Option<String>,
    /// Its currency.
    currency: Option<String>,
    /// Seconds charged.
    billed_seconds: Option<u64>,
    /// Why it cannot be rated.
    refusal: Option<&'static str>,
    /// The steps, in order; `text` says each in words, in the language of the caller.
    lines: Vec<Value>,
}

/// A request for a missing price (M30).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceRequest {
    /// Department: `b2b` for wholesale prices, `marketing` for retail ones, `accounting` for exchange rates.
    department: &'static str,
    /// `retail`, `wholesale` or `exchange_rate`.
    missing: &'static str,
    /// The check that found it missing: number, account, plan, service, place, provider, moment.
    asked: Value,
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TariffCheck {
    /// `ok`, `partial`, `NO_RETAIL_PRICE`, `NO_WHOLESALE_PRICE`, `NO_EXCHANGE_RATE` or `EMERGENCY`.
    verdict: &'static str,
    /// The verdict in words, in the language of the caller.
    text: String,
    /// The sides that have a price, of `retail` and `wholesale`.
    priced: Vec<&'static str>,
    /// The home by which a ported number is priced; `null` for any other number.
    ported: Option<String>,
    /// Department that has to supply what is missing (M30).
    department: Option<&'static str>,
    /// The request to that department, ready to be sent; `null` when nothing is missing.
    request: Option<PriceRequest>,
    /// Retail line for a call whose provider is not known.
    retail: Option<PriceLine>,
    /// Both sides for each provider.
    providers: Vec<ProviderPrices>,
    /// For a prefix: what lies below it.
    below: Option<Below>,
    /// Locks that match, local first.
    locks: Vec<LockLine>,
    /// The example call, when `seconds` is given.
    explanation: Option<Explanation>,
    /// Version of the catalogue that answered.
    version: u64,
}

/// Tariff check
///
/// Retail and wholesale prices of a number or prefix for an account or plan, with the verdict and the department that has to act on it.
#[utoipa::path(
    get, path = "/v1/tariff-check", operation_id = "tariff_check", tag = "tariffs",
    params(TariffQuery),
    responses((status = 200, description = "The answer", body = TariffCheck, example = json!({
        "verdict": "ok", "text": "priced retail and wholesale: as far as prices go nothing stands in the way",
        "priced": ["retail", "wholesale"], "ported": null, "department": null, "request": null,
        "retail": {"list": "retail", "prefix": "38111", "row": 17, "currency": "RUB", "tiers": "0:30@0.006/60 30:6@0.006/60", "variants": [], "connect_fee": "0", "incoming_service": null},
        "providers": [{"provider": "mtt",
            "retail": {"list": "retail", "prefix": "38111", "row": 17, "currency": "RUB", "tiers": "0:30@0.006/60 30:6@0.006/60", "variants": [], "connect_fee": "0", "incoming_service": null},
            "wholesale": {"list": "mtt", "prefix": "381", "row": 4711, "currency": "RUB", "tiers": "0:1@0.004/60", "variants": [], "connect_fee": "0", "incoming_service": null}}],
        "below": null, "locks": [],
        "explanation": {"amount": "0.0078", "currency": "RUB", "billed_seconds": 78, "refusal": null,
            "lines": [{"step": "list", "side": "retail", "list": "retail", "prefix": "38111", "row": 17, "chosen": true,
                       "text": "retail list retail: prefix 38111, row 17, taken"}]},
        "version": 7
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Params(asked): Params<TariffQuery>,
) -> Result<Json<TariffCheck>, Problem> {
    let snapshot = state.snapshot()?;
    let settings = state.settings()?;
    let now = state.clock.now();
    let counters = counters(&state, &snapshot, &asked).await?;
    // A short prefix has a hundred thousand lines below it: that is work for another thread.
    let answered =
        tokio::task::spawn_blocking(move || answer(&snapshot, &settings, (&asked, &counters), language, now)).await;
    answered.unwrap_or_else(|_| Err(Problem::new(Code::Internal))).map(Json)
}

/// What the account has used of its bundles and volumes, where an example call asks for it.
async fn counters(state: &AppState, snapshot: &Snapshot, asked: &TariffQuery) -> Result<Standings, Problem> {
    let account = given(asked.account.as_deref()).and_then(|code| snapshot.account_by_code(code));
    match (account, given(asked.seconds.as_deref())) {
        (Some(index), Some(_)) => Ok(of_account(&state.store, snapshot.account(index).id).await?.into_iter().collect()),
        _ => Ok(Standings::new()),
    }
}

fn answer(
    snapshot: &Snapshot,
    settings: &Settings,
    (asked, counters): (&TariffQuery, &Standings),
    language: Language,
    now: DateTime<Utc>,
) -> Result<TariffCheck, Problem> {
    let query = query(snapshot, settings, asked, now)?;
    let seconds = given(asked.seconds.as_deref()).map(|text| inputs::seconds("/seconds", text)).transpose()?;
    let found = check::tariff(snapshot, &query);
    let own = |text: &Option<String>| given(text.as_deref()).map(str::to_owned);
    let request = found.request(&Asked {
        number: format!("{:?}", query.number),
        is_prefix: query.is_prefix,
        account: own(&asked.account),
        plan: own(&asked.plan),
        service: query.service.to_string(),
        incoming_service: own(&asked.incoming_service),
        place: own(&asked.place),
        provider: own(&asked.provider),
        at: DateTime::from_timestamp_millis(query.at_ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true),
    });
    Ok(TariffCheck {
        verdict: found.verdict.as_str(),
        text: found.verdict_text(language),
        request: request.map(|request| PriceRequest {
            department: request.department,
            missing: request.missing,
            asked: serde_json::to_value(request.asked).unwrap_or_default(),
        }),
        priced: found.priced,
        ported: found.ported,
        department: found.department,
        retail: found.retail.map(PriceLine::from),
        providers: found.providers.into_iter().map(ProviderPrices::from).collect(),
        below: found.below.map(Below::from),
        locks: found.locks.into_iter().map(LockLine::from).collect(),
        explanation: seconds.map(|seconds| explanation(snapshot, &query, seconds, counters, language)),
        version: snapshot.version,
    })
}

fn query<'a>(
    snapshot: &'a Snapshot,
    settings: &Settings,
    asked: &TariffQuery,
    now: DateTime<Utc>,
) -> Result<Query<'a>, Problem> {
    let (number, is_prefix) = super::subject(asked.number.as_deref(), asked.prefix.as_deref(), settings)?;
    let account = given(asked.account.as_deref()).map(|code| super::account(snapshot, code)).transpose()?;
    let plan = given(asked.plan.as_deref()).map(|code| {
        snapshot
            .plan_by_code(code)
            .ok_or_else(|| Problem::field("/plan", Text::fixed("Такого тарифного плана нет", "There is no such plan")))
    });
    let plan = plan.transpose()?;
    if account.is_none() && plan.is_none() {
        let needed = Text::fixed("Нужен лицевой счёт или тарифный план", "An account or a plan is needed");
        return Err(Problem::field("/account", needed));
    }
    let zone = settings.zone("billing.zone")?;
    let at = given(asked.at.as_deref()).map(|text| inputs::moment("/at", text, zone, false)).transpose()?;
    let symbol = |pointer: &str, word: Option<&str>| {
        let unknown = || {
            Text::fixed(
                "Такого значения нет ни в одной цене и ни у одного номера",
                "This stands in no rate and with no number",
            )
        };
        let found =
            given(word).map(|word| snapshot.find_symbol(word).ok_or_else(|| Problem::field(pointer, unknown())));
        found.transpose()
    };
    let origin = given(asked.origin.as_deref()).map(|text| inputs::prefix("/origin", text)).transpose()?;
    Ok(Query {
        number,
        is_prefix,
        account,
        plan,
        service: super::service(asked.service.as_deref())?,
        incoming_service: symbol("/incoming_service", asked.incoming_service.as_deref())?,
        place: symbol("/place", asked.place.as_deref())?,
        provider: given(asked.provider.as_deref()).map(|code| super::provider(snapshot, code)).transpose()?,
        origin: origin.unwrap_or_default(),
        at_ms: at.unwrap_or(now).timestamp_millis(),
    })
}

fn explanation(
    snapshot: &Snapshot,
    query: &Query<'_>,
    units: u32,
    counters: &Standings,
    language: Language,
) -> Explanation {
    let units = u64::from(units);
    let usage = if query.service.is_call() { Usage::call(units * 1000) } else { Usage::event(units) };
    let explained = check::explain(snapshot, query, usage, counters);
    let lines = told(&explained.lines, language);
    Explanation {
        amount: explained.amount.map(|amount| amount.to_string()),
        currency: explained.currency.map(|currency| currency.as_str().to_owned()),
        billed_seconds: explained.billed_seconds,
        refusal: explained.refusal.map(rating::SuspenseCode::as_str),
        lines: lines.iter().map(|line| serde_json::to_value(line).unwrap_or_default()).collect(),
    }
}
