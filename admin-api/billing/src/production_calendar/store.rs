//! SQL of the production calendar.

use sqlx::{PgConnection, Row};

use super::rules::ProductionCalendar;
use crate::store::{Store, StoreError};

/// A calendar with all its years; one that nobody has entered knows none.
pub async fn read(store: &Store, name: &str) -> Result<ProductionCalendar, StoreError> {
    let mut connection = store.pool().acquire().await?;
    read_in(&mut connection, name).await
}

/// The same as a transaction sees it.
pub(crate) async fn read_in(connection: &mut PgConnection, name: &str) -> Result<ProductionCalendar, StoreError> {
    let years: Vec<i32> = sqlx::query_scalar("SELECT year FROM production_year WHERE calendar = $1")
        .bind(name)
        .fetch_all(&mut *connection)
        .await?;
    let days = sqlx::query("SELECT day, is_working FROM production_day WHERE calendar = $1")
        .bind(name)
        .fetch_all(connection)
        .await?;
    let different = days.iter().map(|row| (row.get("day"), row.get("is_working")));
    Ok(ProductionCalendar::new(name, years, different))
}
