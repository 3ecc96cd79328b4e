//! `GET /v1/price-lists/{code}/imports/{id}/differences`: what an import changes, line by line.
//!
//! Owns: the filters as callers write them, and how a line is shown.
//! Does not own: the comparison.
//! Always: in the order of prefixes; amounts are those of the reference call, before the rounding of an invoice.

use axum::Json;
use axum::extract::{Path, State};
use billing::price_lists::{self, Kind, LineFilter, PriceLine};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::given;
use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DifferencesQuery {
    /// Only of this kind: `new`, `gone`, `dearer`, `cheaper`, `changed` (the reference call costs the same, at other terms), `unchanged`.
    #[param(example = "dearer")]
    kind: Option<String>,
    /// Only prefixes that begin so.
    #[param(example = "79")]
    prefix: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Lines on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A price before and after.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the difference of the two amounts is called so by those who read it")]
pub(crate) struct Difference {
    /// How it changes.
    kind: String,
    /// Prefix, or `short:CODE`.
    prefix: String,
    /// Service; `null` = all.
    service: Option<String>,
    /// Incoming service.
    incoming_service: Option<String>,
    /// Code of the provider.
    provider: Option<String>,
    /// Place of service.
    place: Option<String>,
    /// Prefix of the calling number.
    origin: Option<String>,
    /// From when; `null` = from the date of the import.
    from: Option<DateTime<Utc>>,
    /// Row of the file; `null` where the file has none.
    row: Option<i32>,
    /// The reference call before; `null` = no price.
    before: Option<String>,
    /// The reference call after; `null` = no price.
    after: Option<String>,
    /// By how much.
    difference: Option<String>,
    /// By how much in percent of what it was; `null` where it was nothing.
    percent: Option<String>,
}

impl From<PriceLine> for Difference {
    fn from(line: PriceLine) -> Self {
        Self {
            difference: line.difference().map(|amount| amount.to_string()),
            percent: line.percent().map(|share| share.to_string()),
            kind: line.kind,
            prefix: line.prefix,
            service: line.service,
            incoming_service: line.incoming_service,
            provider: line.provider,
            place: line.place,
            origin: line.origin,
            from: line.at,
            row: line.sheet_row,
            before: line.before.map(|amount| amount.to_string()),
            after: line.after.map(|amount| amount.to_string()),
        }
    }
}

/// Differences of an import
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/imports/{id}/differences", operation_id = "price_import_differences", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ("id" = String, Path, description = "Number of the import", example = "12"),
        DifferencesQuery
    ),
    responses((status = 200, description = "Lines, by prefix", body = List<Difference>, example = json!({
        "items": [{"kind": "dearer", "prefix": "79", "service": null, "incoming_service": null, "provider": null, "place": null, "origin": null,
                   "from": null, "row": 2, "before": "1.2", "after": "1.5", "difference": "0.3", "percent": "25"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((code, id)): Path<(String, String)>,
    Params(asked): Params<DifferencesQuery>,
) -> Result<Json<List<Difference>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let kinds = || Kind::ALL.iter().map(|kind| kind.as_str());
    let filter = LineFilter {
        kind: given(asked.kind.as_deref()).map(|text| inputs::one_of("/kind", text, kinds())).transpose()?,
        prefix: super::prefix_filter(asked.prefix.as_deref())?,
        after: super::after(asked.cursor.as_deref())?,
    };
    let (_, import) = super::existing_import(&state, &code, &id).await?;
    let lines = price_lists::lines(&state.store, import.id, &filter, limit as i64 + 1).await?;
    Ok(Json(List::page(lines, limit, |line| paging::cursor_of_id(line.no.into())).map(Difference::from)))
}
