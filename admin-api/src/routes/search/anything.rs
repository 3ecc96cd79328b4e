//! `GET /v1/search`: whoever and whatever is known by these words (M1, M2).
//!
//! Owns: which lists are searched, and how many rows of each are shown.
//! Does not own: the search in one list (`crate::grids`).
//! Always: the first rows only; the lists themselves have the others.

use axum::Json;
use axum::extract::State;
use billing::grid::{Caller, Grid, Reader};
use billing::settings::Settings;
use billing::staff::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call_context::CallContext;
use crate::extract::Params;
use crate::grids;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;

/// Rows of a list that are shown.
const ROWS_SHOWN: i64 = 20;

/// What is searched.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words of a name in their order, the last of which may be cut (`%` between them stands for anything, at the beginning for the inside of a word); or a whole
    /// code, account, INN, phone, number or e-mail.
    #[param(example = "строй серв", max_length = 100)]
    q: String,
}

/// Rows of one list.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Found {
    /// The first rows, as the list shows them.
    #[schema(value_type = Vec<Object>)]
    items: Vec<serde_json::Value>,
    /// Whether the list has more.
    is_more: bool,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundEverywhere {
    /// Clients, as in `GET /v1/clients?q=`; empty without the permission `client.view`.
    clients: Found,
    /// Accounts whose code begins so; empty without the permission `account.view`.
    accounts: Found,
    /// The number of our capacity that was typed, with its holder; empty without the permission `did.view`.
    numbers: Found,
    /// The number that was typed, when it is not of our capacity (A33).
    not_ours: Option<String>,
}

/// Search for anything
///
/// Clients whom the words name exactly come first, then those with such a name, in the order of the word that was found and what stands behind it; with `%` at the
/// beginning in the order of names. Accounts are found by the beginning of their code, too.
#[utoipa::path(
    get, path = "/v1/search", operation_id = "search", tag = "clients",
    params(SearchQuery),
    responses((status = 200, description = "The first rows of each list", body = FoundEverywhere, example = json!({
        "clients": {"items": [{"id": 17, "code": "C-000017", "name": "ООО «Строй Сервис»", "inn": "7707083893"}], "is_more": false},
        "accounts": {"items": [], "is_more": false}, "numbers": {"items": [], "is_more": false}, "not_ours": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Params(asked): Params<SearchQuery>,
) -> Result<Json<FoundEverywhere>, Problem> {
    let settings = state.settings()?;
    let caller = Caller::of(&context.staff, state.clock.now());
    let words = inputs::party::some_text("/q", &asked.q, 100)?;
    let mut reader = Reader::begin(&state.store).await?;
    let clients = find(&mut reader, &settings, &caller, &billing::clients::GRID, "q", &words).await?;
    let is_code = words.chars().any(char::is_alphanumeric);
    let accounts = if is_code && context.staff.may(Permission::AccountView) {
        find(&mut reader, &settings, &caller, &billing::accounts::GRID, "code", &words).await?
    } else {
        Found::default()
    };
    let number = inputs::party::phone("/q", &words, &settings).ok().map(|(_, number)| number.to_string());
    let may_see_numbers = context.staff.may(Permission::DidView);
    let numbers = match number.as_deref().filter(|_| may_see_numbers) {
        Some(number) => find(&mut reader, &settings, &caller, &billing::numbers::GRID, "number", number).await?,
        None => Found::default(),
    };
    let not_ours = number.filter(|_| may_see_numbers && numbers.items.is_empty());
    Ok(Json(FoundEverywhere { clients, accounts, numbers, not_ours }))
}

async fn find(
    reader: &mut Reader,
    settings: &Settings,
    caller: &Caller,
    grid: &'static Grid,
    filter: &str,
    value: &str,
) -> Result<Found, Problem> {
    let query = grids::query_of(grid, vec![(filter.to_owned(), value.to_owned())])?;
    let asked = grids::asked(grid, &query, settings)?;
    let page = reader.page(grid, &asked, caller, ROWS_SHOWN).await?;
    let items = page.rows.iter().map(|row| grids::object(grid, row)).collect();
    Ok(Found { items, is_more: page.next.is_some() })
}
