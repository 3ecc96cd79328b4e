//! Pages of lists, as they are read.
//!
//! Owns: reading rows and totals.
//! Does not own: statements (`statement`), how rows are shown.
//! Always: a page ends before whoever waits for it gives up; a walk over all rows is one statement too and sees one state of the books.

use std::collections::HashMap;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Postgres, Row as _, Transaction};

use super::asked::{Asked, Caller, Position, Value};
use super::statement::{Statement, order_of};
use super::{Grid, Kind, TOTAL_EXACT_MAX};
use crate::store::{Store, StoreError};

/// Rows that a walk reads at once.
const WALK_ROWS: i64 = 2_000;
/// A walk. It goes to its end: the plan is the best for all rows, not for the first ones.
const BEGIN_A_WALK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL cursor_tuple_fraction = 1; SET LOCAL statement_timeout = '10min'";

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where a page behind it begins.
    pub position: Position,
    /// One value a column; `None` = there is none.
    pub cells: Vec<Option<Value>>,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<Position>,
}

/// Reads pages for somebody who waits, over one connection.
#[derive(Debug)]
pub struct Reader(PoolConnection<Postgres>);

impl Reader {
    /// A reader of the lists in `store`.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        Ok(Self(store.readers().acquire().await?))
    }

    /// The page of up to `limit` rows.
    pub async fn page(&mut self, grid: &Grid, asked: &Asked, caller: &Caller, limit: i64) -> Result<Page, StoreError> {
        if grid.keys_first {
            self.chosen(grid, asked, caller, limit).await
        } else {
            self.at_once(grid, asked, caller, limit).await
        }
    }

    /// A page in one statement.
    async fn at_once(&mut self, grid: &Grid, asked: &Asked, caller: &Caller, limit: i64) -> Result<Page, StoreError> {
        let mut statement = Statement::new(caller);
        statement.page(grid, asked, limit + 1);
        let rows = statement.query().fetch_all(&mut *self.0).await?;
        let mut rows = rows.iter().map(|row| taken(row, grid, order_of(asked).kind)).collect::<Result<Vec<_>, _>>()?;
        let is_more = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| is_more).map(|row| row.position.clone());
        Ok(Page { rows, next })
    }

    /// A page whose keys are chosen first. What says where the next one begins is read with the keys, so that a row that changes meanwhile moves nothing; one
    /// that goes meanwhile is left out.
    async fn chosen(&mut self, grid: &Grid, asked: &Asked, caller: &Caller, limit: i64) -> Result<Page, StoreError> {
        let mut statement = Statement::new(caller);
        statement.keys(grid, asked, limit + 1);
        let keys = statement.query().fetch_all(&mut *self.0).await?;
        let mut positions =
            keys.iter().map(|row| position(row, grid, order_of(asked).kind)).collect::<Result<Vec<_>, _>>()?;
        let is_more = positions.len() as i64 > limit;
        positions.truncate(limit as usize);
        let next = positions.last().filter(|_| is_more).cloned();
        if positions.is_empty() {
            return Ok(Page { rows: Vec::new(), next });
        }
        let keys: Vec<i64> = positions.iter().map(|position| position.id).collect();
        let mut statement = Statement::new(caller);
        let rows = statement.of_keys(grid).kept_query().bind(keys).fetch_all(&mut *self.0).await?;
        let mut by_key = HashMap::with_capacity(rows.len());
        for row in &rows {
            by_key.insert(row.try_get::<i64, _>(0)?, cells(row, grid, 1)?);
        }
        let row = |position: Position| by_key.remove(&position.id).map(|cells| Row { position, cells });
        Ok(Page { rows: positions.into_iter().filter_map(row).collect(), next })
    }

    /// How many rows there are, counted up to one more than [`TOTAL_EXACT_MAX`].
    pub async fn total(&mut self, grid: &Grid, asked: &Asked, caller: &Caller) -> Result<i64, StoreError> {
        let mut statement = Statement::new(caller);
        statement.push("SELECT count(*) FROM (SELECT", None).count(grid, asked);
        statement.push(&format!(" LIMIT {}) AS counted", TOTAL_EXACT_MAX + 1), None);
        Ok(statement.query().fetch_one(&mut *self.0).await?.get(0))
    }
}

/// All rows of a list, some thousand at a time, from one state of the books, whatever changes meanwhile.
pub struct Walk {
    tx: Transaction<'static, Postgres>,
    grid: &'static Grid,
    asked: Asked,
    caller: Caller,
}

impl Walk {
    /// Begins at the first row, or behind the position that is asked for.
    pub async fn begin(store: &Store, grid: &'static Grid, asked: Asked, caller: Caller) -> Result<Self, StoreError> {
        let mut tx = store.begin_with(BEGIN_A_WALK).await?;
        let mut statement = Statement::new(&caller);
        statement.push("DECLARE walk NO SCROLL CURSOR FOR ", None);
        statement.walk(grid, &asked).query().execute(&mut *tx).await?;
        Ok(Self { tx, grid, asked, caller })
    }

    /// How many rows there are, all of them.
    pub async fn count(&mut self) -> Result<i64, StoreError> {
        let mut statement = Statement::new(&self.caller);
        statement.push("SELECT count(*)", None).count(self.grid, &self.asked);
        Ok(statement.query().fetch_one(&mut *self.tx).await?.get(0))
    }

    /// The next rows; none behind the last.
    pub async fn next(&mut self) -> Result<Vec<Row>, StoreError> {
        let fetch = format!("FETCH {WALK_ROWS} FROM walk");
        // Not kept: on this connection the same words mean rows of another list next time.
        let rows = sqlx::query(AssertSqlSafe(fetch)).persistent(false).fetch_all(&mut *self.tx).await?;
        rows.iter().map(|row| taken(row, self.grid, order_of(&self.asked).kind)).collect()
    }
}

/// A row of key, order, columns.
fn taken(row: &PgRow, grid: &Grid, order: Kind) -> Result<Row, StoreError> {
    Ok(Row { position: position(row, grid, order)?, cells: cells(row, grid, 2)? })
}

/// Key and order, which a row begins with.
fn position(row: &PgRow, grid: &Grid, order: Kind) -> Result<Position, StoreError> {
    let value = value(row, 1, order)?.ok_or_else(|| StoreError::Inconsistent {
        table: grid.name,
        problem: "an empty value in the order of its rows".to_owned(),
    })?;
    Ok(Position { value, id: row.try_get(0)? })
}

/// The columns, from `first` on.
fn cells(row: &PgRow, grid: &Grid, first: usize) -> Result<Vec<Option<Value>>, StoreError> {
    grid.columns.iter().enumerate().map(|(at, column)| value(row, first + at, column.kind)).collect()
}

fn value(row: &PgRow, at: usize, kind: Kind) -> Result<Option<Value>, StoreError> {
    Ok(match kind {
        Kind::Text => row.try_get::<Option<_>, _>(at)?.map(Value::Text),
        Kind::Number => row.try_get::<Option<_>, _>(at)?.map(Value::Number),
        Kind::Amount => row.try_get::<Option<_>, _>(at)?.map(Value::Amount),
        Kind::Flag => row.try_get::<Option<_>, _>(at)?.map(Value::Flag),
        Kind::Moment => row.try_get::<Option<_>, _>(at)?.map(Value::Moment),
        Kind::Day => row.try_get::<Option<_>, _>(at)?.map(Value::Day),
        Kind::Words => row.try_get::<Option<_>, _>(at)?.map(Value::Words),
    })
}
