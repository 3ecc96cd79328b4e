//! `GET /v1/accounts/{code}/fees`: what products cost the account, calls aside (M46).
//!
//! Owns: how a fee is shown.
//! Does not own: postings (`billing::fees`), traffic (`traffic`), which is a list of its own.
//! Always: the newest first; an amount is positive for what the account owes.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::fees::{self, Fee, FeeFilter};
use billing::grid::{Kind, Value};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::calls::{period, word};
use crate::extract::{Params, Spoken};
use crate::grids::{self, Column, Table, WantedFile};
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which fees.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeesQuery {
    /// First day in the billing zone, or a moment in RFC 3339.
    #[param(example = "2026-07-01")]
    from: Option<String>,
    /// Last day in the billing zone (the whole of it), or a moment that is no longer included.
    #[param(example = "2026-07-31")]
    to: Option<String>,
    /// `json` (default), or the page as a file: `csv`, `xlsx`; without `limit` it has all rows or is refused.
    #[param(example = "json")]
    format: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Fees on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A fee.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeeView {
    /// Identifier of the posting.
    id: i64,
    /// When it was posted.
    at: DateTime<Utc>,
    /// Month of it in the billing zone, `YYYY-MM`.
    month: String,
    /// Amount with tax, a decimal; negative when a fee is given back.
    amount: String,
    /// Currency.
    currency: String,
    /// What it belongs to.
    reference: String,
    /// In words.
    description: String,
    /// Who posted it.
    author: String,
}

impl FeeView {
    fn of(fee: Fee, currency: &str, zone: chrono_tz::Tz) -> Self {
        Self {
            id: fee.id,
            at: fee.at,
            month: fee.at.with_timezone(&zone).format("%Y-%m").to_string(),
            amount: fee.amount.normalize().to_string(),
            currency: currency.to_owned(),
            reference: fee.reference,
            description: fee.description,
            author: fee.author,
        }
    }
}

/// Fees as a file.
static FEES: Table<FeeView> = Table {
    name: "fees",
    ru: "Начисления",
    en: "Fees",
    columns: &[
        Column::new("Номер", "Number", Kind::Number, |fee: &FeeView| Some(Value::Number(fee.id))),
        Column::new("Когда", "When", Kind::Moment, |fee: &FeeView| Some(Value::Moment(fee.at))),
        Column::new("Месяц", "Month", Kind::Text, |fee: &FeeView| Some(word(&fee.month))),
        Column::new("Сумма", "Amount", Kind::Amount, |fee: &FeeView| Some(word(&fee.amount))),
        Column::new("Валюта", "Currency", Kind::Text, |fee: &FeeView| Some(word(&fee.currency))),
        Column::new("За что", "Reference", Kind::Text, |fee: &FeeView| Some(word(&fee.reference))),
        Column::new("Описание", "Description", Kind::Text, |fee: &FeeView| Some(word(&fee.description))),
        Column::new("Автор", "Author", Kind::Text, |fee: &FeeView| Some(word(&fee.author))),
    ],
};

/// Fees of an account
///
/// Subscription fees and the like; calls are in the list of traffic and not here.
#[utoipa::path(
    get, path = "/v1/accounts/{code}/fees", operation_id = "account_fees", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), FeesQuery),
    responses((status = 200, description = "Fees, the newest first", content(
        (List<FeeView> = "application/json", example = json!({
        "items": [{"id": 12, "at": "2026-07-01T00:05:00Z", "month": "2026-07", "amount": "150", "currency": "RUB", "reference": "number 74951201031",
                   "description": "Абонентская плата", "author": "ivanova"}],
        "next_cursor": null
    })),
        (String = "text/csv", example = json!("Номер,Когда (Europe/Moscow),Месяц,Сумма,..\n12,2026-07-01 03:05:00,2026-07,150,..\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Path(code): Path<String>,
    Params(asked): Params<FeesQuery>,
) -> Result<Response, Problem> {
    let settings = state.settings()?;
    let zone = settings.zone("billing.zone")?;
    let wanted = WantedFile::of(asked.format.as_deref(), asked.limit.as_deref())?;
    let limit = WantedFile::rows(wanted, asked.limit.as_deref(), &settings)?;
    let before_id = paging::id_of_cursor(asked.cursor.as_deref())?;
    let (from, to) = period(asked.from.as_deref(), asked.to.as_deref(), zone)?;
    let account = super::existing(&state, &code).await?;
    let filter = FeeFilter { account_id: account.id, from, to, before_id };
    let found = fees::list(&state.store, &filter, limit as i64 + 1).await?;
    let list = List::page(found, limit, |fee| paging::cursor_of_id(fee.id));
    let list = list.map(|fee| FeeView::of(fee, &account.currency, zone));
    grids::page_answer(wanted, &FEES, list, &settings, language).await
}
