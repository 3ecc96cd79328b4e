//! SQL of the production calendar.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use super::rules::{DayFault, NewDay, ProductionCalendar, different_days};
use crate::change::Change;
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

/// A day that differs from its week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDay {
    /// The day.
    pub day: NaiveDate,
    /// Whether it is worked.
    pub is_working: bool,
    /// What it is.
    pub name: String,
}

/// A year that a calendar knows.
#[derive(Clone, Debug)]
pub struct KnownYear {
    /// The year.
    pub year: i32,
    /// Where its days are said.
    pub source: String,
    /// Whether they are final.
    pub settled: bool,
    /// When it was entered last.
    pub changed_at: DateTime<Utc>,
    /// By whom.
    pub changed_by: String,
    /// Days that differ from their week, in order.
    pub days: Vec<KnownDay>,
}

/// The years of a calendar, in order.
pub async fn years(store: &Store, name: &str) -> Result<Vec<KnownYear>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let mut days: BTreeMap<i32, Vec<KnownDay>> = BTreeMap::new();
    let rows = sqlx::query("SELECT day, is_working, name FROM production_day WHERE calendar = $1 ORDER BY day")
        .bind(name)
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        let known = KnownDay { day: row.get("day"), is_working: row.get("is_working"), name: row.get("name") };
        days.entry(known.day.year()).or_default().push(known);
    }
    let rows = sqlx::query(
        "SELECT year, source, settled, changed_at, changed_by FROM production_year WHERE calendar = $1 ORDER BY year",
    )
    .bind(name)
    .fetch_all(&mut *connection)
    .await?;
    let year = |row: &sqlx::postgres::PgRow| {
        let year: i32 = row.get("year");
        KnownYear {
            year,
            source: row.get("source"),
            settled: row.get("settled"),
            changed_at: row.get("changed_at"),
            changed_by: row.get("changed_by"),
            days: days.remove(&year).unwrap_or_default(),
        }
    };
    Ok(rows.iter().map(year).collect())
}

/// A year as somebody enters it.
#[derive(Clone, Debug)]
pub struct NewYear {
    /// The year.
    pub year: i32,
    /// Where its days are said.
    pub source: String,
    /// Whether they are final.
    pub settled: bool,
    /// Its days; those that do not differ from their week are left out.
    pub days: Vec<NewDay>,
}

/// Why a year was not entered.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// Days that cannot stand in it, each with its place.
    #[error("{} days cannot stand in the year", .0.len())]
    Faults(Vec<(u32, DayFault)>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CalendarError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Enters a year of a calendar as a whole; what stood there before is replaced. How many days differ from their week.
pub async fn set_year(
    change: &mut Change,
    calendar: &str,
    new: &NewYear,
    reason: &str,
) -> Result<usize, CalendarError> {
    let different = different_days(new.year, &new.days).map_err(CalendarError::Faults)?;
    let (now, author) = (change.now(), change.actor().login.clone());
    // Two who enter one year at once: the second waits here.
    sqlx::query(
        "INSERT INTO production_year (calendar, year, source, settled, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (calendar, year) DO UPDATE SET source = excluded.source, settled = excluded.settled, changed_at = excluded.changed_at,
             changed_by = excluded.changed_by",
    )
    .bind(calendar)
    .bind(new.year)
    .bind(&new.source)
    .bind(new.settled)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    let before = sqlx::query("DELETE FROM production_day WHERE calendar = $1 AND year = $2 RETURNING day, is_working")
        .bind(calendar)
        .bind(new.year)
        .fetch_all(change.connection())
        .await?;
    sqlx::query(
        "INSERT INTO production_day (calendar, day, is_working, name) SELECT $1, * FROM unnest($2::date[], $3::boolean[], $4::text[])",
    )
    .bind(calendar)
    .bind(different.iter().map(|new| new.day).collect::<Vec<_>>())
    .bind(different.iter().map(|new| new.is_working).collect::<Vec<_>>())
    .bind(different.iter().map(|new| new.name.as_str()).collect::<Vec<_>>())
    .execute(change.connection())
    .await?;
    let mut former: Vec<(NaiveDate, bool)> = before.iter().map(|row| (row.get("day"), row.get("is_working"))).collect();
    former.sort_unstable();
    let before = json!({"year": new.year, "days": shown(former)});
    let after = json!({
        "year": new.year, "source": new.source, "settled": new.settled,
        "days": shown(different.iter().map(|new| (new.day, new.is_working))),
    });
    change.record("calendar.set", "production_calendar", calendar, &before, &after, reason);
    Ok(different.len())
}

/// Days as the audit has them: `+` is worked.
fn shown(days: impl IntoIterator<Item = (NaiveDate, bool)>) -> Value {
    let days = days.into_iter().map(|(day, is_working)| format!("{}{day}", if is_working { '+' } else { '-' }));
    json!(days.collect::<Vec<_>>())
}
