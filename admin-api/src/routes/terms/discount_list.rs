//! `GET /v1/discounts`: discounts of accounts, clients and groups (B18, B30).
//!
//! Owns: the filters as callers write them, and how a discount is shown.
//! Does not own: which of them counts for a call; those of one account in their order (`accounts::discounts`).
//! Always: the newest first; ended ones are among them.

use axum::Json;
use axum::extract::State;
use billing::terms::{DiscountCard, DiscountFilter, discounts};
use chrono::{DateTime, Utc};
use rating::terms::DiscountLevel;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::word;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which discounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiscountsQuery {
    /// Given to this account.
    account: Option<String>,
    /// Given to this client.
    client: Option<String>,
    /// Given to this group.
    group: Option<String>,
    /// `personal`, `group` or `promo`.
    level: Option<String>,
    /// `true`: in force now; `false`: the others.
    in_force: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Discounts on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A discount with its holder.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GivenDiscount {
    /// Identifier, which a charge names.
    id: i64,
    /// `personal`, `group` or `promo`.
    level: String,
    /// Code of the account.
    account: Option<String>,
    /// Code of the client.
    client: Option<String>,
    /// Code of the group.
    group: Option<String>,
    /// Percent, a decimal.
    percent: String,
    /// Only for this service; `null` = all.
    service: Option<String>,
    /// Only for numbers that begin so; `null` = all.
    prefix: Option<String>,
    /// First moment; `null` = open.
    from: Option<DateTime<Utc>>,
    /// Moment after the last, as agreed; `null` = open.
    to: Option<DateTime<Utc>>,
    /// When somebody ended it.
    ended_at: Option<DateTime<Utc>>,
    /// Name.
    name: String,
    /// Login of who gave it.
    author: String,
    /// Why.
    reason: String,
}

impl From<DiscountCard> for GivenDiscount {
    fn from(card: DiscountCard) -> Self {
        Self {
            id: card.id,
            level: card.level,
            account: card.account,
            client: card.client,
            group: card.group,
            percent: card.percent.normalize().to_string(),
            service: card.service,
            prefix: card.prefix,
            from: card.from,
            to: card.to,
            ended_at: card.ended_at,
            name: card.name,
            author: card.author,
            reason: card.reason,
        }
    }
}

/// Discounts
#[utoipa::path(
    get, path = "/v1/discounts", operation_id = "discount_list", tag = "terms",
    params(DiscountsQuery),
    responses((status = 200, description = "Discounts, the newest first", body = List<GivenDiscount>, example = json!({
        "items": [{"id": 7, "level": "personal", "account": null, "client": "C-000001", "group": null, "percent": "10", "service": null, "prefix": "79",
                   "from": "2026-07-01T10:00:00Z", "to": null, "ended_at": null, "name": "За верность", "author": "petrov", "reason": "договор 12"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<DiscountsQuery>,
) -> Result<Json<List<GivenDiscount>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let levels = || DiscountLevel::ALL.iter().map(|level| level.as_str());
    let filter = DiscountFilter {
        account: word("/account", asked.account.as_deref())?,
        client: word("/client", asked.client.as_deref())?,
        group: word("/group", asked.group.as_deref())?,
        level: given(asked.level.as_deref()).map(|text| inputs::one_of("/level", text, levels())).transpose()?,
        in_force: given(asked.in_force.as_deref()).map(|text| inputs::flag("/in_force", text)).transpose()?,
        before_id: paging::id_of_cursor(asked.cursor.as_deref())?,
    };
    let rows = discounts(&state.store, &filter, state.clock.now(), limit as i64 + 1).await?;
    Ok(Json(List::page(rows, limit, |row| paging::cursor_of_id(row.id)).map(GivenDiscount::from)))
}
