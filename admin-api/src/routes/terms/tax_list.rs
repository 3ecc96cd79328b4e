//! `GET /v1/client-taxes`: tax rates of clients' own (B22).
//!
//! Owns: how a tax rate is shown.
//! Does not own: the standard rates, which rate counts for a call (`rating`).
//! Always: the newest first; ended ones are among them.

use axum::Json;
use axum::extract::State;
use billing::terms::{TaxCard, taxes};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::word;
use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which tax rates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaxesQuery {
    /// Of this client.
    client: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rates on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A tax rate of a client's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxView {
    /// Identifier.
    id: i64,
    /// Code of the client.
    client: String,
    /// Percent, a decimal.
    percent: String,
    /// First moment; `null` = open.
    from: Option<DateTime<Utc>>,
    /// Moment after the last, as agreed; `null` = open.
    to: Option<DateTime<Utc>>,
    /// When somebody ended it.
    ended_at: Option<DateTime<Utc>>,
    /// The paper that gives the right to it.
    document: String,
    /// Login of who entered it.
    author: String,
    /// Why.
    reason: String,
}

impl From<TaxCard> for TaxView {
    fn from(card: TaxCard) -> Self {
        Self {
            id: card.id,
            client: card.client,
            percent: card.percent.normalize().to_string(),
            from: card.from,
            to: card.to,
            ended_at: card.ended_at,
            document: card.document,
            author: card.author,
            reason: card.reason,
        }
    }
}

/// Tax rates of clients
#[utoipa::path(
    get, path = "/v1/client-taxes", operation_id = "tax_list", tag = "terms",
    params(TaxesQuery),
    responses((status = 200, description = "Tax rates, the newest first", body = List<TaxView>, example = json!({
        "items": [{"id": 2, "client": "C-000001", "percent": "10", "from": "2023-12-31T21:00:00Z", "to": "2024-12-31T21:00:00Z", "ended_at": null,
                   "document": "Уведомление № 5 от 20.12.2023", "author": "sidorova", "reason": "льгота"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<TaxesQuery>,
) -> Result<Json<List<TaxView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let client = word("/client", asked.client.as_deref())?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let rows = taxes(&state.store, client.as_deref(), before, limit as i64 + 1).await?;
    Ok(Json(List::page(rows, limit, |row| paging::cursor_of_id(row.id)).map(TaxView::from)))
}
