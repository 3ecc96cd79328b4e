//! `GET /v1/dids/{number}`: a number with its state, its class by non-target calls, and when and why it leaves quarantine (M12, M15).
//!
//! Owns: how a number is shown, and what is said of why it is for sale or not.
//! Does not own: its state and class.
//! Always: the ETag is the revision that a later change may insist on; who called is not told, only how many.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers::{DidCard, Forced, NonTargetClass, Why};
use chrono::{DateTime, NaiveDate, Utc};
use rating::rows::DidStatus;
use serde::Serialize;
use utoipa::ToSchema;

use crate::etag;
use crate::extract::Spoken;
use crate::language::{Language, Text};
use crate::problem::Problem;
use crate::state::AppState;

/// A number. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct DidView {
    /// The number.
    number: String,
    /// `free`, `reserved`, `in_work`, `archive` (quarantine) or `withdrawn` (ported out or returned).
    status: &'static str,
    /// Code of its account.
    account: Option<String>,
    /// Code of its provider; `null` = our own.
    provider: Option<String>,
    /// Code of its region.
    region: Option<String>,
    /// Code of its class as a beautiful number.
    class: Option<String>,
    /// What it costs once: its own price, else that of its class.
    price: Option<String>,
    /// Currency of the price.
    currency: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// `ordinary` or `fmtn`.
    kind: String,
    /// Whether it is a Russian mobile number, which rests longer after its contract.
    is_mobile: bool,
    /// Available for sale: `yes` (depends on non-target calls), `forced` or `no`.
    sale: &'static str,
    /// Why, where somebody said so.
    sale_reason: String,
    /// How it was forced into sale.
    forced: Option<DidForcedView>,
    /// What it is on the shelf: `no_calls`, `ignore`, `forced` (for everybody), `forced_for_one`, `no_data`, `insufficient_data`, `has_calls`, `rests`, `no`.
    offer: &'static str,
    /// Last move to quarantine.
    archived_at: Option<DateTime<Utc>>,
    /// When it came to our capacity.
    added_at: DateTime<Utc>,
    /// Since when it is reserved.
    reserved_at: Option<DateTime<Utc>>,
    /// `no_data`, `insufficient_data`, `has_calls`, `no_calls` or `ignore`.
    non_target_class: &'static str,
    /// Its term of quarantine in days; the window reaches as far back.
    term_days: u32,
    /// First full day with statistics since it came or was archived.
    first_collected: Option<NaiveDate>,
    /// Last day of a non-target call that counts.
    last_call: Option<NaiveDate>,
    /// Non-target calls in the quarantine window.
    calls_in_window: i64,
    /// Distinct callers in the window; withheld ones count as one a day.
    unique_callers_in_window: i64,
    /// Distinct callers since it came or was archived.
    unique_callers_since: i64,
    /// Calls in the window that do not count: of own test lines, and of numbers that a buyer declared.
    ignored_calls_in_window: i64,
    /// First day on which a mobile number may be sold after its contract.
    rests_until: Option<NaiveDate>,
    /// Of a number in quarantine: the night in which it leaves by itself if nobody calls from now on; `null` = nobody can say yet.
    leaves_on: Option<NaiveDate>,
    /// What stands behind that, and what else says whether it is for sale.
    why: Vec<DidWhyView>,
    /// Raised by every change; also the ETag.
    revision: i64,
}

/// A forcing into sale.
#[derive(Serialize, ToSchema)]
pub(crate) struct DidForcedView {
    /// When.
    at: Option<DateTime<Utc>>,
    /// Code of the one client for whom it was; `null` = for everybody.
    client: Option<String>,
    /// The last business day on which it waits for him.
    until: Option<NaiveDate>,
    /// The request that was approved.
    approval: Option<i64>,
}

impl From<Forced> for DidForcedView {
    fn from(forced: Forced) -> Self {
        Self { at: forced.at, client: forced.client, until: forced.until, approval: forced.approval }
    }
}

/// A reason.
#[derive(Serialize, ToSchema)]
pub(crate) struct DidWhyView {
    /// `never_judged`, `not_collected`, `collecting`, `called`, `rests`, `taken_off` or `forced`.
    code: &'static str,
    /// The same in a sentence.
    text: String,
}

impl DidView {
    fn of(card: DidCard, language: Language) -> Self {
        let why = card.facts.why.iter().map(|why| {
            let (code, text) = told(*why, &card);
            DidWhyView { code, text: text.spoken(language).to_owned() }
        });
        let (price, currency) = card.price.clone().map(|(price, currency)| (price.to_string(), currency)).unzip();
        Self {
            why: why.collect(),
            status: card.status.as_str(),
            price,
            currency,
            number: card.number,
            account: card.account,
            provider: card.provider,
            region: card.region,
            class: card.class,
            place: card.place,
            kind: card.kind,
            is_mobile: card.is_mobile,
            sale: card.sale.as_str(),
            sale_reason: card.sale_reason,
            forced: card.forced.map(DidForcedView::from),
            offer: card.offer.as_str(),
            archived_at: card.archived_at,
            added_at: card.added_at,
            reserved_at: card.reserved_at,
            non_target_class: class(card.facts.class),
            term_days: card.facts.term_days,
            first_collected: card.facts.first_collected,
            last_call: card.facts.last_call,
            calls_in_window: card.facts.calls,
            unique_callers_in_window: card.facts.callers,
            unique_callers_since: card.facts.callers_since,
            ignored_calls_in_window: card.facts.ignored_calls,
            rests_until: card.facts.rests_until,
            leaves_on: card.facts.leaves_on.filter(|_| card.status == DidStatus::Archive),
            revision: card.revision,
        }
    }
}

/// A reason in words.
fn told(why: Why, card: &DidCard) -> (&'static str, Text) {
    let russian = |day: NaiveDate| day.format("%d.%m.%Y");
    let with = |plain: &str, more: &str| if more.is_empty() { plain.to_owned() } else { format!("{plain}: {more}") };
    match why {
        Why::NeverJudged => (
            "never_judged",
            Text::fixed(
                "Нецелевые звонки не учитываются: номер FMTN или агентский",
                "Non-target calls do not matter: an FMTN number, or one of agents",
            ),
        ),
        Why::NotCollected => (
            "not_collected",
            Text::fixed(
                "Данных нет: ни один полный день после архива или добавления ещё не собран",
                "No data: no full day since it was archived or added is collected yet",
            ),
        ),
        Why::Collecting { from, days_left } => (
            "collecting",
            Text::new(
                format!("Статистика собирается с {}, до полного срока осталось дней: {days_left}", russian(from)),
                format!("Statistics are collected since {from}; days left of the term: {days_left}"),
            ),
        ),
        Why::Called { last, callers } => (
            "called",
            Text::new(
                format!("Звонят: последний раз {}, уникальных номеров за срок: {callers}", russian(last)),
                format!("Somebody calls: last on {last}, unique callers within the term: {callers}"),
            ),
        ),
        Why::Rests { until } => (
            "rests",
            Text::new(
                format!("Мобильный номер после договора не продаётся до {}", russian(until)),
                format!("A mobile number is not for sale after its contract before {until}"),
            ),
        ),
        Why::TakenOff => (
            "taken_off",
            Text::new(with("Снят с продажи", &card.sale_reason), with("Taken off sale", &card.sale_reason)),
        ),
        Why::Forced => {
            let client = card.forced.as_ref().and_then(|forced| forced.client.as_deref()).unwrap_or_default();
            let text = Text::new(
                with("Выведен в продажу принудительно, только для клиента", client),
                with("Forced into sale for one client", client),
            );
            let for_all = Text::fixed("Выведен в продажу принудительно", "Forced into sale");
            ("forced", if client.is_empty() { for_all } else { text })
        }
    }
}

const fn class(class: NonTargetClass) -> &'static str {
    match class {
        NonTargetClass::NoData => "no_data",
        NonTargetClass::InsufficientData => "insufficient_data",
        NonTargetClass::HasCalls => "has_calls",
        NonTargetClass::NoCalls => "no_calls",
        NonTargetClass::Ignore => "ignore",
    }
}

/// A number of our capacity
///
/// With its class by non-target calls, and when and why it leaves quarantine or is for sale. A number of somebody else is `not_ours`, with the name of the
/// range it lies in.
#[utoipa::path(
    get, path = "/v1/dids/{number}", operation_id = "did_get", tag = "numbers",
    params(("number" = String, Path, description = "The number, with or without `+`", example = "74951201031")),
    responses((status = 200, description = "The number; the header ETag carries its revision", body = DidView, example = json!({
        "number": "74951201031", "status": "archive", "account": null, "provider": "mtt", "region": "moscow", "class": "bronze", "price": "1500",
        "currency": "RUB", "place": null, "kind": "ordinary", "is_mobile": false, "sale": "yes", "sale_reason": "", "forced": null, "offer": "has_calls",
        "archived_at": "2026-06-01T09:00:00Z", "added_at": "2020-02-03T09:00:00Z", "reserved_at": null, "non_target_class": "has_calls", "term_days": 30,
        "first_collected": "2026-06-02", "last_call": "2026-07-02", "calls_in_window": 12, "unique_callers_in_window": 7, "unique_callers_since": 8,
        "ignored_calls_in_window": 2, "rests_until": null, "leaves_on": "2026-08-02",
        "why": [{"code": "called", "text": "Звонят: последний раз 02.07.2026, уникальных номеров за срок: 7"}], "revision": 4
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let (_, card) = super::card(&state, &number).await?;
    Ok(etag::shown(card.revision, &DidView::of(card, language)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_spelt_as_the_room_spells_them() {
        use NonTargetClass::{HasCalls, Ignore, InsufficientData, NoCalls, NoData};
        for value in [NoData, InsufficientData, HasCalls, NoCalls, Ignore] {
            assert_eq!(serde_json::to_value(value).unwrap(), class(value));
        }
    }
}
