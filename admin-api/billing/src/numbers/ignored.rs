//! Callers that do not count (A28): own test lines, and numbers that a buyer declared for the number that he wants.
//!
//! Owns: table `ignored_caller`: who is ignored, since when, by whom and why; the list of them.
//! Does not own: counting calls (`store`), what they make of a number (`quarantine`).
//! Always: calls stay where they were counted and are shown apart; the last days of calls that count are found anew at once, while no batch counts; nothing is
//! erased.

use numbering::E164;
use serde_json::{Value, json};
use sqlx::Row;

use super::store::recount_last;
use crate::change::Change;
use crate::grid::{Column, Filter, Grid, Read};
use crate::store::{StoreError, broken_constraint};
use crate::streams;

/// Callers that do not count, former ones too.
pub static IGNORED_CALLERS: Grid = Grid {
    name: "ignored-callers",
    ru: "Номера, звонки с которых не учитываются",
    en: "Callers that do not count",
    from: "ignored_caller i",
    key: "i.id",
    columns: &[
        Column::number("id", "i.id", "№", "Id", "3").sorted(),
        Column::text("caller", "i.caller", "Звонящий", "Caller", "79161112233"),
        Column::text("number", "i.did_number", "На номер", "To the number", "74951201031"),
        Column::text("reason", "i.reason", "Причина", "Reason", "тестовая линия"),
        Column::text("author", "i.author", "Автор", "Author", "ivanova"),
        Column::moment("created_at", "i.created_at", "С", "Since", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("ended_at", "i.ended_at", "Завершено", "Ended", ""),
        Column::text("ended_by", "i.ended_by", "Кем завершено", "Ended by", ""),
    ],
    filters: &[
        Filter::new("caller", "i.caller = {}", Read::Phone, "Звонящий", "The caller"),
        Filter::new(
            "number",
            "(i.did_number = {} OR i.did_number IS NULL)",
            Read::Phone,
            "Для этого номера, считая и общие",
            "For this number, those for all among them",
        ),
        Filter::new("for_all", "(i.did_number IS NULL) = {}", Read::Flag, "Для всех номеров", "For all numbers"),
        Filter::new(
            "in_force",
            "(i.ended_at IS NULL) = {}",
            Read::Flag,
            "Действуют или завершены",
            "In force, or ended",
        ),
    ],
    order: "-id",
    required: &[],
    keys_first: false,
};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum IgnoredError {
    /// No such record.
    #[error("there is no such record")]
    NotFound,
    /// The called number is not of our capacity.
    #[error("this number is not of our capacity")]
    NotOurs,
    /// He is ignored already.
    #[error("the caller is ignored already")]
    Exists,
    /// It was ended before.
    #[error("it is ended already")]
    Ended,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for IgnoredError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("ignored_caller_once") => Self::Exists,
            _ => Self::Store(error.into()),
        }
    }
}

/// Ignores a caller from now on, and what he has called before: for a number of ours, or for all. The identifier of that.
pub async fn ignore_caller(
    change: &mut Change,
    caller: E164,
    number: Option<E164>,
    reason: &str,
) -> Result<i64, IgnoredError> {
    streams::hold_commits(change.connection()).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let number = number.map(|number| number.to_string());
    if number.is_some() {
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM did WHERE number = $1)")
            .bind(&number)
            .fetch_one(change.connection())
            .await?;
        if !known {
            return Err(IgnoredError::NotOurs);
        }
    }
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO ignored_caller (caller, did_number, reason, author, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(caller.to_string())
    .bind(&number)
    .bind(reason)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    recount_called_by(change, &caller.to_string(), number.as_deref()).await?;
    let ignored = json!({"caller": caller.to_string(), "number": number});
    change.record("quarantine.edit", "ignored_caller", id, &Value::Null, &ignored, reason);
    Ok(id)
}

/// Ends that: his calls count again, those of before too.
pub async fn end_ignored(change: &mut Change, id: i64, reason: &str) -> Result<(), IgnoredError> {
    streams::hold_commits(change.connection()).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let row = sqlx::query(
        "SELECT caller, did_number, ended_at IS NOT NULL AS ended FROM ignored_caller WHERE id = $1 FOR UPDATE",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(IgnoredError::NotFound)?;
    if row.get("ended") {
        return Err(IgnoredError::Ended);
    }
    sqlx::query("UPDATE ignored_caller SET ended_at = $2, ended_by = $3 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(author)
        .execute(change.connection())
        .await?;
    let (caller, number): (String, Option<String>) = (row.get("caller"), row.get("did_number"));
    recount_called_by(change, &caller, number.as_deref()).await?;
    let ignored = json!({"caller": caller, "number": number, "ended_at": null});
    change.record("quarantine.edit", "ignored_caller", id, &ignored, &json!({"ended_at": now}), reason);
    Ok(())
}

/// Only numbers that he called can have another last day now.
async fn recount_called_by(change: &mut Change, caller: &str, number: Option<&str>) -> Result<(), StoreError> {
    let numbers: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT did_number FROM non_target_call WHERE caller = $1 AND caller <> '' AND ($2::text IS NULL OR did_number = $2)",
    )
    .bind(caller)
    .bind(number)
    .fetch_all(change.connection())
    .await?;
    recount_last(change.connection(), &numbers).await
}
