//! Endpoints around lists: filters that people keep, lists as files.
//!
//! Owns: how filters and exports are shown, and which problem each refusal is.
//! Does not own: the lists (`crate::grids`), what is kept (`billing::grid`).
//! Always: who may not see a list keeps no filter of it, orders no file and gets none.

pub(crate) mod export_cancel;
pub(crate) mod export_file;
pub(crate) mod export_get;
pub(crate) mod export_order;
pub(crate) mod saved_delete;
pub(crate) mod saved_list;
pub(crate) mod saved_save;

use std::collections::BTreeMap;

use billing::grid::{self, Export, ExportError, Grid, SavedError, SavedFilter};
use billing::staff::Permission;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::{CallContext, forbidden};
use crate::grids;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Parameters that belong to one request and are not kept: a kept limit would cut a file that nobody asked to be short.
const OF_ONE_REQUEST: [&str; 4] = ["cursor", "format", "limit", "saved"];

/// A list that the caller may see.
fn list_of(context: &CallContext, name: &str) -> Result<&'static Grid, Problem> {
    let unknown = || {
        let detail = Text::fixed(
            "Списка с таким именем нет; имена стоят в описании API: операция clients_list — список clients",
            "There is no list of this name; they are those of the operations: clients_list shows the list clients",
        );
        Problem::field("/list", detail)
    };
    let (grid, needed) = grids::by_name(name).ok_or_else(unknown)?;
    if context.staff.may(needed) { Ok(grid) } else { Err(forbidden(needed)) }
}

/// An export of the caller, of a list that he may see by the token of now. Where what a list shows goes by rights, he needs all that the file was made with.
async fn own_export(state: &AppState, context: &CallContext, id: &str) -> Result<Export, Problem> {
    let id = inputs::id("/id", id)?;
    let export = grid::export(&state.store, context.staff.id, id, state.clock.now()).await?;
    let export = export.ok_or(Problem::new(Code::NotFound))?;
    let (list, needed) = grids::by_name(&export.list).ok_or(Problem::new(Code::NotFound))?;
    let rights = if list.goes_by_rights() { export.scopes.as_slice() } else { &[] };
    let rights = rights.iter().filter_map(|name| name.parse::<Permission>().ok());
    let lacking = std::iter::once(needed).chain(rights).find(|needed| !context.staff.may(*needed));
    lacking.map_or(Ok(export), |lacking| Err(forbidden(lacking)))
}

/// A query that is kept: parameters that the list has and that every request may have, checked as those of a request are.
fn kept_query(
    grid: &'static Grid,
    query: &BTreeMap<String, String>,
    settings: &billing::settings::Settings,
) -> Result<serde_json::Value, Problem> {
    if let Some(name) = OF_ONE_REQUEST.iter().find(|name| query.contains_key(**name)) {
        let detail =
            Text::fixed("Это поле одного запроса и не хранится", "This belongs to one request and is not kept");
        return Err(Problem::field(&format!("/query/{name}"), detail));
    }
    let pairs = query.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let query = grids::query_of(grid, pairs).map_err(|problem| problem.below("/query"))?;
    grids::check(grid, &query, settings).map_err(|problem| problem.below("/query"))?;
    Ok(serde_json::json!(query))
}

/// A kept filter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedView {
    /// Identifier, for the parameter `saved` of the list.
    id: i64,
    /// Name of the list.
    list: String,
    /// Its name.
    name: String,
    /// Parameters of a request for the list.
    #[schema(value_type = BTreeMap<String, String>)]
    query: serde_json::Value,
    /// Whether everybody sees it.
    shared: bool,
    /// Login of its owner.
    owner: String,
}

impl From<SavedFilter> for SavedView {
    fn from(saved: SavedFilter) -> Self {
        Self {
            id: saved.id,
            list: saved.list,
            name: saved.name,
            query: saved.query,
            shared: saved.shared,
            owner: saved.owner,
        }
    }
}

/// An export.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportView {
    /// Identifier.
    id: i64,
    /// Name of the list.
    list: String,
    /// `csv` or `xlsx`.
    format: String,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    state: String,
    /// Rows in all, once they are counted.
    rows_total: Option<i64>,
    /// Rows that are written.
    rows_done: i64,
    /// Why it failed.
    error: Option<String>,
    /// When it was ordered.
    ordered_at: DateTime<Utc>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
    /// Until when it is kept.
    expires_at: DateTime<Utc>,
}

impl From<Export> for ExportView {
    fn from(export: Export) -> Self {
        Self {
            id: export.id,
            list: export.list,
            format: export.format,
            state: export.state,
            rows_total: export.rows_total,
            rows_done: export.rows_done,
            error: export.error,
            ordered_at: export.ordered_at,
            finished_at: export.finished_at,
            expires_at: export.expires_at,
        }
    }
}

impl From<SavedError> for Problem {
    fn from(error: SavedError) -> Self {
        match error {
            SavedError::NotFound => Self::new(Code::NotFound),
            SavedError::Exists => Self::new(Code::AlreadyExists).at(
                "/name",
                Text::fixed(
                    "У вас уже есть фильтр этого списка с таким именем",
                    "You have a filter of this list of that name already",
                ),
            ),
            SavedError::TooMany(most) => Self::field(
                "/name",
                Text::new(
                    format!("Хранится не больше {most} фильтров: удалите лишние"),
                    format!("At most {most} filters are kept: delete some"),
                ),
            ),
            SavedError::Store(error) => error.into(),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::NotFound => Self::new(Code::NotFound),
            ExportError::Ended => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Выгрузка уже закончена", "The export has ended")),
            ExportError::TooMany(waiting) => Self::new(Code::LimitTooLarge).because(Text::new(
                format!("Уже {waiting} ваших выгрузок в работе: дождитесь их или отмените"),
                format!("{waiting} exports of yours are under way: wait for them, or cancel some"),
            )),
            ExportError::Store(error) => error.into(),
        }
    }
}
