//! `GET /v1/accounts/{code}/traffic`: what the account's calls come to, month by month (M46).
//!
//! Owns: the months asked for, their sums over services.
//! Does not own: the charges (`crate::calls` adds them up), fees (`fees`), which are a list of their own.
//! Always: the newest month first; amounts of different currencies are never added up; sums are not rounded, which the invoice does.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use billing::grid::{Kind, Value};
use chrono::{Datelike, Months, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::calls::{number, word};
use crate::calls::TrafficRow;
use crate::extract::{Params, Spoken};
use crate::grids::{Column, Table, WantedFile};
use crate::inputs;
use crate::language::Text;
use crate::paging::List;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Months that are shown where no first one is named.
const MONTHS: u32 = 12;
/// The last month there is.
const END: NaiveDate = NaiveDate::from_ymd_opt(2148, 12, 1).expect("a day of the calendar");

/// Which months.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrafficQuery {
    /// First month; 11 months ago if not said.
    #[param(example = "2026-06")]
    from: Option<String>,
    /// Last month; open if not said.
    #[param(example = "2026-07")]
    to: Option<String>,
    /// `json` (default), or a file with a row a month, currency and service: `csv`, `xlsx`.
    #[param(example = "json")]
    format: Option<String>,
}

/// What a service comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Sums {
    /// Legs.
    calls: i64,
    /// Seconds charged.
    seconds: i64,
    /// Pieces charged of events.
    quantity: i64,
    /// Amount with tax, a decimal.
    #[schema(value_type = String)]
    gross: Decimal,
    /// Amount without tax, a decimal.
    #[schema(value_type = String)]
    net: Decimal,
}

/// A service in a month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrafficServiceView)]
pub(crate) struct ServiceView {
    /// Rated service.
    service: String,
    /// What it comes to.
    #[serde(flatten)]
    sums: Sums,
}

/// A month in a currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrafficView {
    /// The month that calls are booked into, `YYYY-MM`.
    month: String,
    /// Currency.
    currency: String,
    /// All services together.
    #[serde(flatten)]
    sums: Sums,
    /// Each of them.
    services: Vec<ServiceView>,
}

/// A service in a month and currency, as a row of a file.
struct FileRow {
    month: String,
    currency: String,
    of: ServiceView,
}

/// Traffic as a file; sums over services are left to its reader, who would add them up once more.
static TRAFFIC: Table<FileRow> = Table {
    name: "traffic",
    ru: "Трафик по месяцам",
    en: "Traffic by month",
    columns: &[
        Column::new("Месяц", "Month", Kind::Text, |row: &FileRow| Some(word(&row.month))),
        Column::new("Валюта", "Currency", Kind::Text, |row: &FileRow| Some(word(&row.currency))),
        Column::new("Услуга", "Service", Kind::Text, |row: &FileRow| Some(word(&row.of.service))),
        Column::new("Звонков", "Calls", Kind::Number, |row: &FileRow| Some(number(row.of.sums.calls))),
        Column::new("Оплачено секунд", "Seconds charged", Kind::Number, |row: &FileRow| {
            Some(number(row.of.sums.seconds))
        }),
        Column::new("Оплачено штук", "Pieces charged", Kind::Number, |row: &FileRow| {
            Some(number(row.of.sums.quantity))
        }),
        Column::new("С налогом", "With tax", Kind::Amount, |row: &FileRow| {
            Some(Value::Amount(row.of.sums.gross))
        }),
        Column::new("Без налога", "Without tax", Kind::Amount, |row: &FileRow| {
            Some(Value::Amount(row.of.sums.net))
        }),
    ],
};

/// The rows of a file, month by month.
fn file_rows(months: Vec<TrafficView>) -> Vec<FileRow> {
    let of_month = |month: TrafficView| {
        let TrafficView { month, currency, services, .. } = month;
        services.into_iter().map(move |of| FileRow { month: month.clone(), currency: currency.clone(), of })
    };
    months.into_iter().flat_map(of_month).collect()
}

/// Traffic of an account by month
///
/// Months are those that calls are booked into, as on the invoice. Fees are no traffic and not in it.
#[utoipa::path(
    get, path = "/v1/accounts/{code}/traffic", operation_id = "account_traffic", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), TrafficQuery),
    responses((status = 200, description = "Months, the newest first", content(
        (List<TrafficView> = "application/json", example = json!({
        "items": [{"month": "2026-07", "currency": "RUB", "calls": 2, "seconds": 300, "quantity": 0, "gross": "3", "net": "2.459016394",
                   "services": [{"service": "outgoing", "calls": 2, "seconds": 300, "quantity": 0, "gross": "3", "net": "2.459016394"}]}],
        "next_cursor": null
    })),
        (String = "text/csv", example = json!("Месяц,Валюта,Услуга,Звонков,..\n2026-07,RUB,outgoing,2,..\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Path(code): Path<String>,
    Params(asked): Params<TrafficQuery>,
) -> Result<Response, Problem> {
    let settings = state.settings()?;
    let zone = settings.zone("billing.zone")?;
    let wanted = WantedFile::of(asked.format.as_deref(), None)?;
    let today = state.clock.now().with_timezone(&zone).date_naive();
    let (first, last) = months(&asked, today)?;
    let account = super::existing(&state, &code).await?;
    let rows = state.calls.traffic(account.id as u64, first, last).await?;
    let months = by_month(rows)?;
    match wanted {
        Some(wanted) => TRAFFIC.file(wanted, file_rows(months), false, &settings, language).await,
        None => Ok(Json(List { items: months, next_cursor: None, total: None, total_exact: None }).into_response()),
    }
}

/// First days of the first and the last month.
fn months(asked: &TrafficQuery, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let given = |pointer, text: &Option<String>| {
        inputs::given(text.as_deref()).map(|text| inputs::month(pointer, text)).transpose()
    };
    let last = given("/to", &asked.to)?.map_or(END, |last| last.min(END));
    let start = last.min(today.with_day(1).unwrap_or(today));
    let first = given("/from", &asked.from)?.unwrap_or(start - Months::new(MONTHS - 1)).max(NaiveDate::default());
    if last < first {
        let wrong = Text::fixed("Конец периода раньше начала", "The end is before the beginning");
        return Err(Problem::field("/to", wrong));
    }
    Ok((first, last))
}

/// Services of one month and currency follow one another or not; months stay in their order.
fn by_month(rows: Vec<TrafficRow>) -> Result<Vec<TrafficView>, Problem> {
    let mut months: Vec<TrafficView> = Vec::new();
    for row in rows {
        let sums = Sums {
            calls: row.calls,
            seconds: row.seconds,
            quantity: row.quantity,
            gross: amount(&row.gross)?,
            net: amount(&row.net)?,
        };
        let known = months.iter().position(|month| month.month == row.month && month.currency == row.currency);
        let at = known.unwrap_or_else(|| {
            let (month, currency) = (row.month, row.currency);
            months.push(TrafficView { month, currency, sums: Sums::default(), services: Vec::new() });
            months.len() - 1
        });
        months[at].sums.add(&sums);
        months[at].services.push(ServiceView { service: row.service, sums });
    }
    Ok(months)
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.seconds += other.seconds;
        self.quantity += other.quantity;
        self.gross = (self.gross + other.gross).normalize();
        self.net = (self.net + other.net).normalize();
    }
}

/// An amount as ClickHouse writes it.
fn amount(text: &str) -> Result<Decimal, Problem> {
    text.parse::<Decimal>().map(|amount| amount.normalize()).map_err(|error| {
        tracing::error!("clickhouse: an amount that is none: {error}");
        Problem::new(Code::Internal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_asked_for() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let asked = |from: &str, to: &str| {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            months(&TrafficQuery { from: given(from), to: given(to), format: None }, day("2026-07-15")).ok()
        };
        assert_eq!(asked("", ""), Some((day("2025-08-01"), END)));
        assert_eq!(asked("2026-06", "2026-07"), Some((day("2026-06-01"), day("2026-07-01"))));
        assert_eq!(asked("", "2025-03"), Some((day("2024-04-01"), day("2025-03-01"))));
        assert_eq!(asked("2026-07", "2026-06"), None);
        assert_eq!(asked("July", ""), None);
    }

    /// M46: June 10.50 + 4.50 and July 3.00; another currency is another line.
    #[test]
    fn services_add_up_to_months() {
        let row = |month: &str, service: &str, currency: &str, gross: &str| TrafficRow {
            month: month.into(),
            service: service.into(),
            currency: currency.into(),
            calls: 1,
            seconds: 60,
            quantity: 0,
            gross: gross.into(),
            net: gross.into(),
        };
        let rows = vec![
            row("2026-07", "outgoing", "RUB", "3"),
            row("2026-06", "forwarded", "RUB", "4.5"),
            row("2026-06", "outgoing", "RUB", "10.5"),
            row("2026-06", "outgoing", "USD", "1"),
        ];
        let months = by_month(rows).unwrap();
        let shown: Vec<_> = months
            .iter()
            .map(|month| {
                (month.month.as_str(), month.currency.as_str(), month.sums.gross.to_string(), month.sums.calls)
            })
            .collect();
        assert_eq!(
            shown,
            [("2026-07", "RUB", "3".into(), 1), ("2026-06", "RUB", "15".into(), 2), ("2026-06", "USD", "1".into(), 1)]
        );
        assert_eq!(months[1].services.len(), 2);
    }
}
