//! `GET /v1/accounts/{code}/discounts`: the discounts of an account (M47).
//!
//! Owns: how a discount is shown.
//! Does not own: which of them counts for a call (the tariff check says so).
//! Always: in the order in which they count; none is an empty list, not an error.

use axum::Json;
use axum::extract::{Path, State};
use billing::terms::{AccountDiscount, discounts_of};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A discount.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiscountView {
    /// Identifier, which a charge names.
    id: i64,
    /// `personal`, `group` or `promo`: the first that covers a call counts alone.
    level: String,
    /// Code of the group; `null` for a personal discount.
    group: Option<String>,
    /// Whether a personal one is of this account alone: it counts before that of the client.
    of_account: bool,
    /// Percent, a decimal.
    percent: String,
    /// Only for this service; `null` = all.
    service: Option<String>,
    /// Only for numbers that begin so; `null` = all.
    prefix: Option<String>,
    /// First moment; `null` = open. Of a group's discount while the client is a member.
    from: Option<DateTime<Utc>>,
    /// Moment after the last; `null` = open.
    to: Option<DateTime<Utc>>,
    /// Name.
    name: String,
    /// Whether it is in force now.
    in_force: bool,
}

impl DiscountView {
    fn of(discount: AccountDiscount, now: DateTime<Utc>) -> Self {
        Self {
            in_force: discount.from.is_none_or(|from| from <= now) && discount.to.is_none_or(|to| now < to),
            id: discount.id,
            level: discount.level,
            group: discount.group,
            of_account: discount.of_account,
            percent: discount.percent.normalize().to_string(),
            service: discount.service,
            prefix: discount.prefix,
            from: discount.from,
            to: discount.to,
            name: discount.name,
        }
    }
}

/// Discounts of an account
#[utoipa::path(
    get, path = "/v1/accounts/{code}/discounts", operation_id = "account_discounts", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "Discounts, in the order in which they count", body = List<DiscountView>, example = json!({
        "items": [{"id": 7, "level": "personal", "group": null, "of_account": false, "percent": "10", "service": null, "prefix": "79", "from": null, "to": null,
                   "name": "За верность", "in_force": true}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<DiscountView>>, Problem> {
    let account = super::existing(&state, &code).await?;
    let now = state.clock.now();
    let discounts = discounts_of(&state.store, account.id).await?;
    let items = discounts.into_iter().map(|discount| DiscountView::of(discount, now)).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
