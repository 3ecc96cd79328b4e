//! Days of the bank: which there are, and whose statement is complete (A15).
//!
//! Owns: table `bank_day`.
//! Does not own: statements and what stands in them (payments), holidays (`operator`).
//! Always: Saturdays, Sundays and the holidays of the setting `credit.bank_calendar` are no bank days; what the calendar does not know is helped by saying that
//! the day is complete.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};
use serde_json::json;
use sqlx::PgConnection;

use super::CreditError;
use super::settings::{Rules, rules};
use crate::change::Change;
use crate::credit::calendar::CheckNight;
use crate::store::StoreError;

/// Days before a night in which its last bank day is looked for.
const DAYS_BEFORE: i64 = 60;

/// The last bank day before the cut-off of a night.
pub(super) async fn last_bank_day(
    connection: &mut PgConnection,
    night: CheckNight,
    rules: &Rules,
) -> Result<NaiveDate, StoreError> {
    let last = night.last_value_date();
    let holidays: Vec<NaiveDate> =
        sqlx::query_scalar("SELECT day FROM holiday WHERE calendar = $1 AND day BETWEEN $2 AND $3")
            .bind(&rules.bank_calendar)
            .bind(last.checked_sub_signed(TimeDelta::days(DAYS_BEFORE)).unwrap_or(last))
            .bind(last)
            .fetch_all(connection)
            .await?;
    let is_working = |day: NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !holidays.contains(&day);
    Ok(night.last_bank_day(is_working))
}

/// The legal entities whose statement of a day is complete.
pub(super) async fn complete_at(connection: &mut PgConnection, day: NaiveDate) -> Result<BTreeSet<i32>, StoreError> {
    let entities: Vec<i32> = sqlx::query_scalar("SELECT legal_entity_id FROM bank_day WHERE day = $1")
        .bind(day)
        .fetch_all(connection)
        .await?;
    Ok(entities.into_iter().collect())
}

/// Statements have all of these days of a legal entity; those that nobody has said it of before. The audit line is the caller's.
///
/// # Errors
/// A day that is not there yet.
pub async fn statement_complete(
    change: &mut Change,
    entity: i32,
    days: &[NaiveDate],
) -> Result<Vec<NaiveDate>, CreditError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let rules = rules(change.connection(), now).await?;
    if let Some(day) = days.iter().find(|day| **day > rules.today) {
        return Err(CreditError::DayAhead(*day));
    }
    let mut written: Vec<NaiveDate> = sqlx::query_scalar(
        "INSERT INTO bank_day (legal_entity_id, day, loaded_at, loaded_by) SELECT $1, d.day, $3, $4 FROM unnest($2::date[]) AS d (day)
         ON CONFLICT (legal_entity_id, day) DO NOTHING RETURNING day",
    )
    .bind(entity)
    .bind(days)
    .bind(now)
    .bind(author)
    .fetch_all(change.connection())
    .await?;
    written.sort_unstable();
    Ok(written)
}

/// Somebody says that the statement of a day is complete, where no import says it.
///
/// # Errors
/// No such legal entity; a day that is not there yet; one that is complete already.
pub async fn complete_statement(
    change: &mut Change,
    entity: &str,
    day: NaiveDate,
    reason: &str,
) -> Result<(), CreditError> {
    let id: Option<i32> = sqlx::query_scalar("SELECT id FROM legal_entity WHERE code = $1")
        .bind(entity)
        .fetch_optional(change.connection())
        .await?;
    if statement_complete(change, id.ok_or(CreditError::NoEntity)?, &[day]).await?.is_empty() {
        return Err(CreditError::StatementComplete(day));
    }
    change.record(
        "statement.complete",
        "legal_entity",
        entity,
        &json!({}),
        &json!({"statement_complete": day}),
        reason,
    );
    Ok(())
}
