//! Pages of lists, as they are read.
//!
//! Owns: reading rows and totals.
//! Does not own: statements (`statement`), how rows are shown.
//! Always: a page is one statement; a walk over all pages sees one state of the books.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, Row as _, Transaction};

use super::asked::{Asked, Caller, Position, Value};
use super::statement::{Statement, order_of};
use super::{Grid, Kind, TOTAL_EXACT_MAX};
use crate::store::{Store, StoreError};

/// Rows that a walk reads at once.
const WALK_ROWS: i64 = 2_000;

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

/// The page of up to `limit` rows.
pub async fn page(store: &Store, grid: &Grid, asked: &Asked, caller: &Caller, limit: i64) -> Result<Page, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let mut rows = read(&mut connection, grid, asked, caller, limit + 1).await?;
    let is_more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| is_more).map(|row| row.position.clone());
    Ok(Page { rows, next })
}

/// How many rows there are, counted up to one more than [`TOTAL_EXACT_MAX`].
pub async fn total(store: &Store, grid: &Grid, asked: &Asked, caller: &Caller) -> Result<i64, StoreError> {
    let mut statement = Statement::new(caller);
    statement.push("SELECT count(*) FROM (SELECT", None).rows(grid, asked);
    statement.push(&format!(" LIMIT {}) AS counted", TOTAL_EXACT_MAX + 1), None);
    Ok(statement.query().fetch_one(store.pool()).await?.get(0))
}

/// How many rows there are, all of them.
pub async fn count_all(store: &Store, grid: &Grid, asked: &Asked, caller: &Caller) -> Result<i64, StoreError> {
    let mut statement = Statement::new(caller);
    statement.push("SELECT count(*)", None).rows(grid, asked);
    Ok(statement.query().fetch_one(store.pool()).await?.get(0))
}

/// All rows of a list, some thousand at a time, from one state of the books, whatever changes meanwhile.
pub struct Walk {
    tx: Transaction<'static, Postgres>,
    grid: &'static Grid,
    asked: Asked,
    caller: Caller,
    is_over: bool,
}

impl Walk {
    /// Begins at the first row, or behind the position that is asked for.
    pub async fn begin(store: &Store, grid: &'static Grid, asked: Asked, caller: Caller) -> Result<Self, StoreError> {
        let mut tx = store.pool().begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *tx).await?;
        Ok(Self { tx, grid, asked, caller, is_over: false })
    }

    /// The next rows; none behind the last.
    pub async fn next(&mut self) -> Result<Vec<Row>, StoreError> {
        if self.is_over {
            return Ok(Vec::new());
        }
        let rows = read(&mut self.tx, self.grid, &self.asked, &self.caller, WALK_ROWS).await?;
        self.is_over = (rows.len() as i64) < WALK_ROWS;
        self.asked.after = rows.last().map(|row| row.position.clone());
        Ok(rows)
    }
}

async fn read(
    connection: &mut PgConnection,
    grid: &Grid,
    asked: &Asked,
    caller: &Caller,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let order = order_of(asked);
    let mut statement = Statement::new(caller);
    statement.push("SELECT ", None).push(grid.key, None).push(", ", None).push(order.sql, None);
    for column in grid.columns {
        statement.push(", ", None).push(column.sql, None);
    }
    statement.rows(grid, asked).ordered(grid, asked).push(&format!(" LIMIT {limit}"), None);
    let rows = statement.query().fetch_all(connection).await?;
    rows.iter().map(|row| taken(row, grid, order.kind)).collect()
}

fn taken(row: &PgRow, grid: &Grid, order: Kind) -> Result<Row, StoreError> {
    let value = value(row, 1, order)?.ok_or_else(|| StoreError::Inconsistent {
        table: grid.name,
        problem: "an empty value in the order of its rows".to_owned(),
    })?;
    let cells = grid.columns.iter().enumerate().map(|(at, column)| self::value(row, at + 2, column.kind));
    Ok(Row { position: Position { value, id: row.try_get(0)? }, cells: cells.collect::<Result<_, _>>()? })
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
