//! `GET /v1/exchange-rates`: exchange rates of all levels (B19).
//!
//! Owns: the filters as callers write them, and how a rate is shown.
//! Does not own: which of them counts for a call (`rating::terms`).
//! Always: the newest first; ended ones are among them unless a day is asked for.

use axum::Json;
use axum::extract::State;
use billing::terms::{ExchangeCard, ExchangeFilter, exchanges};
use chrono::{DateTime, NaiveDate, Utc};
use rating::terms::ExchangeLevel;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::word;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which rates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExchangeQuery {
    /// From this currency.
    #[param(example = "USD")]
    from: Option<String>,
    /// Into this currency.
    #[param(example = "RUB")]
    to: Option<String>,
    /// `personal`, `group` or `general`.
    level: Option<String>,
    /// Of this client.
    client: Option<String>,
    /// Of this group.
    group: Option<String>,
    /// Only what counts on this day: of each holder and pair the latest.
    #[param(example = "2026-05-01")]
    at: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rates on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// An exchange rate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExchangeView {
    /// Identifier.
    id: i64,
    /// `personal`, `group` or `general`: the first that fits counts.
    level: &'static str,
    /// Code of the client.
    client: Option<String>,
    /// Code of the group.
    group: Option<String>,
    /// The currency that is converted.
    from: String,
    /// Into which.
    to: String,
    /// What `quantity` units cost, a decimal.
    rate: String,
    /// Units.
    quantity: i32,
    /// First day.
    day: NaiveDate,
    /// When somebody ended it; calls answered before keep it.
    ended_at: Option<DateTime<Utc>>,
    /// Login of who entered it.
    author: String,
    /// Why.
    reason: String,
}

impl From<ExchangeCard> for ExchangeView {
    fn from(card: ExchangeCard) -> Self {
        let level = match (&card.client, &card.group) {
            (Some(_), _) => ExchangeLevel::Personal,
            (None, Some(_)) => ExchangeLevel::Group,
            (None, None) => ExchangeLevel::General,
        };
        Self {
            id: card.id,
            level: level.as_str(),
            client: card.client,
            group: card.group,
            from: card.from,
            to: card.to,
            rate: card.rate.normalize().to_string(),
            quantity: card.quantity,
            day: card.day,
            ended_at: card.ended_at,
            author: card.author,
            reason: card.reason,
        }
    }
}

/// Exchange rates
#[utoipa::path(
    get, path = "/v1/exchange-rates", operation_id = "exchange_list", tag = "terms",
    params(ExchangeQuery),
    responses((status = 200, description = "Rates, the newest first", body = List<ExchangeView>, example = json!({
        "items": [{"id": 4, "level": "personal", "client": "C-000001", "group": null, "from": "USD", "to": "RUB", "rate": "8000", "quantity": 100,
                   "day": "2026-05-01", "ended_at": null, "author": "sidorova", "reason": "договор 12"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<ExchangeQuery>,
) -> Result<Json<List<ExchangeView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let levels = || ExchangeLevel::ALL.iter().map(|level| level.as_str());
    let filter = ExchangeFilter {
        from: given(asked.from.as_deref()).map(|text| inputs::currency("/from", text)).transpose()?,
        to: given(asked.to.as_deref()).map(|text| inputs::currency("/to", text)).transpose()?,
        level: given(asked.level.as_deref()).map(|text| inputs::one_of("/level", text, levels())).transpose()?,
        client: word("/client", asked.client.as_deref())?,
        group: word("/group", asked.group.as_deref())?,
        at: given(asked.at.as_deref()).map(|text| inputs::day("/at", text)).transpose()?,
        before_id: paging::id_of_cursor(asked.cursor.as_deref())?,
    };
    let rows = exchanges(&state.store, &filter, limit as i64 + 1).await?;
    Ok(Json(List::page(rows, limit, |row| paging::cursor_of_id(row.id)).map(ExchangeView::from)))
}
