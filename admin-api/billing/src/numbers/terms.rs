//! Terms of quarantine that differ from the general one (A31).
//!
//! Owns: table `quarantine_term`.
//! Does not own: the general term (the setting `did.quarantine_days`), which term a number has (`rules`).
//! Always: a term counts from its change on for every number that rests, for nothing of it is kept with the numbers.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::change::Change;
use crate::store::{Store, StoreError};

/// Kinds of numbers.
pub const KINDS: &[&str] = &["ordinary", "fmtn"];

/// A term as people see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// `ordinary` or `fmtn`.
    pub kind: String,
    /// Code of the provider; `None`: all others.
    pub provider: Option<String>,
    /// Days.
    pub days: i32,
    /// When it was set.
    pub changed_at: DateTime<Utc>,
    /// By whom.
    pub changed_by: String,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum TermError {
    /// No such provider.
    #[error("there is no provider {0}")]
    NoProvider(String),
    /// There is none to take away.
    #[error("the general term counts there already")]
    None,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TermError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// All of them: of kinds first, then of kinds at providers.
pub async fn terms(store: &Store) -> Result<Vec<Term>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.kind, p.code AS provider, t.days, t.changed_at, t.changed_by FROM quarantine_term t LEFT JOIN provider p ON p.id = t.provider_id
         ORDER BY p.code NULLS FIRST, t.kind",
    )
    .fetch_all(store.pool())
    .await?;
    let term = |row: &PgRow| Term {
        kind: row.get("kind"),
        provider: row.get("provider"),
        days: row.get("days"),
        changed_at: row.get("changed_at"),
        changed_by: row.get("changed_by"),
    };
    Ok(rows.iter().map(term).collect())
}

/// Sets the term of a kind at a provider, or everywhere else; without days the wider term counts there again.
pub async fn set_term(
    change: &mut Change,
    kind: &str,
    provider: Option<&str>,
    days: Option<i32>,
    reason: &str,
) -> Result<(), TermError> {
    let provider_id: Option<i32> = match provider {
        Some(code) => {
            let id = sqlx::query_scalar("SELECT id FROM provider WHERE code = $1").bind(code);
            let id: Option<i32> = id.fetch_optional(change.connection()).await?;
            Some(id.ok_or_else(|| TermError::NoProvider(code.to_owned()))?)
        }
        None => None,
    };
    let before: Option<i32> = sqlx::query_scalar(
        "SELECT days FROM quarantine_term WHERE kind = $1 AND provider_id IS NOT DISTINCT FROM $2 FOR UPDATE",
    )
    .bind(kind)
    .bind(provider_id)
    .fetch_optional(change.connection())
    .await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    match days {
        Some(days) => {
            sqlx::query(
                "INSERT INTO quarantine_term (kind, provider_id, days, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (kind, provider_id) DO UPDATE SET days = excluded.days, changed_at = excluded.changed_at, changed_by = excluded.changed_by",
            )
            .bind(kind)
            .bind(provider_id)
            .bind(days)
            .bind(now)
            .bind(author)
            .execute(change.connection())
            .await?;
        }
        None if before.is_none() => return Err(TermError::None),
        None => {
            sqlx::query("DELETE FROM quarantine_term WHERE kind = $1 AND provider_id IS NOT DISTINCT FROM $2")
                .bind(kind)
                .bind(provider_id)
                .execute(change.connection())
                .await?;
        }
    }
    let of = |days: Option<i32>| json!({"kind": kind, "provider": provider, "days": days});
    let name = format!("{kind}/{}", provider.unwrap_or("*"));
    change.record("quarantine.edit", "quarantine_term", name, &of(before), &of(days), reason);
    Ok(())
}
