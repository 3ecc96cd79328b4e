//! Numbers for sale: the search, its file, the capacity (M16, M17).
//!
//! Owns: how a search is written (`query`), how a number on the shelf is shown (`shown`).
//! Does not own: the search (`billing::numbers::shelf`), attaching a number (`subscriptions`).
//! Always: a pool is not searched without saying which availability; 5,000 numbers at most; a search is work for another thread.

pub(crate) mod capacity;
pub(crate) mod export;
pub(crate) mod list;
mod query;
mod shown;

use billing::numbers::shelf::{COUNTED_MAX, NoSuchCode};
use billing::settings::Settings;
use chrono::NaiveDate;

use self::query::SaleQuery;
use self::shown::NumberForSale;
use crate::inputs::given;
use crate::language::Text;
use crate::paging::{self, List};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Most rows of a search (M17), whatever other lists may have.
const ROWS_MAX: i64 = 5_000;

/// The page that is asked for; `is_file`: as many rows as there may be, where nothing else is said.
async fn page(state: &AppState, asked: &SaleQuery, is_file: bool) -> Result<List<NumberForSale>, Problem> {
    let settings = state.settings()?;
    let shelf = state.shelf.shelf()?;
    let today = today(state, shelf.zone());
    let limit = limit(asked.limit.as_deref(), is_file, &settings)?;
    let wanted = asked.wanted(&shelf, limit, &settings)?;
    let by_price = wanted.by_price;
    let searching = tokio::task::spawn_blocking(move || shelf.search(&wanted, today));
    let found = searching.await.map_err(|_| Problem::new(Code::Internal))?.map_err(no_such_code)?;
    let cursor = found.rows.last().filter(|_| found.is_more).map(|last| query::cursor(last, by_price));
    Ok(List {
        total: Some(found.total.min(COUNTED_MAX) as u64),
        total_exact: Some(found.total <= COUNTED_MAX),
        next_cursor: cursor,
        items: found.rows.into_iter().map(NumberForSale::from).collect(),
    })
}

/// The day that it is for the shelf.
fn today(state: &AppState, zone: chrono_tz::Tz) -> NaiveDate {
    state.clock.now().with_timezone(&zone).date_naive()
}

fn limit(text: Option<&str>, is_file: bool, settings: &Settings) -> Result<usize, Problem> {
    let most = settings.number("grid.max_rows")?.min(ROWS_MAX);
    let default = if is_file { most } else { settings.number("grid.default_rows")?.min(most) };
    paging::limit_within(given(text), default, most)
}

fn no_such_code(error: NoSuchCode) -> Problem {
    let NoSuchCode { what, code } = &error;
    let told = match *what {
        "region" => format!("Региона {code} нет"),
        "class" => format!("Класса {code} нет"),
        _ => format!("Провайдера {code} нет"),
    };
    Problem::field(&format!("/{what}"), Text::new(told, error.to_string()))
}
