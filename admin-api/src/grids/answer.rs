//! The answer to a request for a list.
//!
//! Owns: the page as JSON with its total, the file.
//! Does not own: what a query means (`read`), rows (`billing::grid`).
//! Always: the total is told with every page; a file that would leave rows out without being asked to is refused.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query as UrlQuery, Request};
use axum::http::Uri;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use billing::grid::{self, Asked, Caller, Grid, Page, Reader, TOTAL_EXACT_MAX};
use billing::settings::Settings;

use super::file::ListFile;
use super::read::{self, Query};
use super::show;
use crate::call_context::CallContext;
use crate::inputs::given;
use crate::language::{self, Language, Text};
use crate::paging::List;
use crate::problem::{Code, Problem};
use crate::sheets::{SheetError, SheetFormat};
use crate::state::AppState;

/// Answers a request for `grid`.
pub(crate) async fn answer(
    state: AppState,
    grid: &'static Grid,
    context: CallContext,
    request: Request,
) -> Result<Response, Problem> {
    let language = language::of(request.headers());
    let query = whole_query(&state, grid, &context, request.uri()).await?;
    let settings = state.settings()?;
    let asked = read::asked(grid, &query, &settings)?;
    let said = |name: &str| query.get(name).map(String::as_str);
    let format = read::format(said("format"))?;
    let limit = read::limit(said("limit"), format.is_some(), &settings)?;
    let caller = Caller::of(&context.staff, state.clock.now());
    let mut reader = Reader::begin(&state.store).await?;
    let page = reader.page(grid, &asked, &caller, limit).await?;
    match format {
        None => json_answer(reader, grid, &asked, &caller, page).await,
        Some(format) => {
            // Making the file takes no connection from others.
            drop(reader);
            file_answer(grid, page, format, query.contains_key("limit"), &settings, language).await
        }
    }
}

/// The parameters of the request, over those of the saved filter that it names.
async fn whole_query(
    state: &AppState,
    grid: &'static Grid,
    context: &CallContext,
    uri: &Uri,
) -> Result<Query, Problem> {
    let pairs = UrlQuery::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| Problem::new(Code::BadRequest))?.0;
    let said = read::written(grid, pairs)?;
    let Some(saved) = given(said.get("saved").map(String::as_str)) else { return Ok(read::without_empty(said)) };
    let id = crate::inputs::id("/saved", saved)?;
    let saved = grid::find_saved(&state.store, context.staff.id, id).await?.filter(|saved| saved.list == grid.name);
    let missing = Text::fixed("У этого списка нет такого сохранённого фильтра", "This list has no such saved filter");
    let saved = saved.ok_or_else(|| Problem::field("/saved", missing))?;
    let mut whole = read::query_of(grid, pairs_of(&saved.query))?;
    // Only then the empty ones go: they take kept values away.
    whole.extend(said);
    Ok(read::without_empty(whole))
}

/// A kept query as parameters.
pub(super) fn pairs_of(query: &serde_json::Value) -> Vec<(String, String)> {
    let fields = query.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

async fn json_answer(
    mut reader: Reader,
    grid: &'static Grid,
    asked: &Asked,
    caller: &Caller,
    page: Page,
) -> Result<Response, Problem> {
    // A first page that is also the last has counted itself.
    let total = match (&asked.after, &page.next) {
        (None, None) => page.rows.len() as i64,
        _ => reader.total(grid, asked, caller).await?,
    };
    let items = page.rows.iter().map(|row| show::object(grid, row)).collect();
    let next_cursor = page.next.map(|position| read::cursor(asked, &position));
    let list = List {
        items,
        next_cursor,
        total: Some(total.min(TOTAL_EXACT_MAX) as u64),
        total_exact: Some(total <= TOTAL_EXACT_MAX),
    };
    Ok(Json(list).into_response())
}

async fn file_answer(
    grid: &'static Grid,
    page: Page,
    format: SheetFormat,
    is_limited: bool,
    settings: &Settings,
    language: Language,
) -> Result<Response, Problem> {
    if page.next.is_some() && !is_limited {
        let rows = page.rows.len();
        let detail = Text::new(
            format!(
                "В списке больше {rows} строк: сузьте фильтр, укажите limit или закажите выгрузку: POST /v1/exports"
            ),
            format!(
                "The list has more than {rows} rows: narrow it, give a limit, or order it as a file: POST /v1/exports"
            ),
        );
        return Err(Problem::new(Code::LimitTooLarge).at("/limit", detail));
    }
    let zone = settings.zone("billing.zone")?;
    let work = move || {
        let mut file = ListFile::begin(grid, format, zone, language)?;
        file.add(&page.rows)?;
        file.end()
    };
    let written = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::new(Code::Internal))?;
    let bytes = written.map_err(unwritten)?;
    Ok((file_headers(grid.name, format), Body::from(bytes)).into_response())
}

/// Headers of a list as a file.
pub(crate) fn file_headers(name: &str, format: SheetFormat) -> [(axum::http::HeaderName, String); 2] {
    [
        (CONTENT_TYPE, format.content_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{format}\"")),
    ]
}

/// A file that could not be written is our mistake.
pub(super) fn unwritten(error: SheetError) -> Problem {
    tracing::error!("a list cannot be written: {error}");
    Problem::new(Code::Internal)
}
