//! Keeping something for groups, and opening it again.
//!
//! Owns: the rows of `group_restriction`.
//! Does not own: the records that are kept; methods and templates have a revision, which is raised here.
//! Always: a restriction that stays is not written anew, so that its beginning is true.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{AvailabilityError, Thing};
use crate::change::Change;
use crate::store::{Store, StoreError};

impl Thing {
    /// Verb and kind of record in the audit.
    const fn audited(self) -> (&'static str, &'static str) {
        match self {
            Self::Plan => ("plan.groups", "tariff_plan"),
            Self::PaymentMethod => ("payment_method.groups", "payment_method"),
            Self::ContractTemplate => ("contract_template.groups", "contract_template"),
        }
    }

    /// Plans are rows of the catalogue, which never change.
    const fn has_revision(self) -> bool {
        !matches!(self, Self::Plan)
    }
}

/// Codes of the groups that a plan is kept for, by code; `None`: there is no such plan.
pub async fn plan_groups(store: &Store, code: &str) -> Result<Option<Vec<String>>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let id: Option<i32> = sqlx::query_scalar("SELECT id FROM tariff_plan WHERE code = $1")
        .bind(code)
        .fetch_optional(&mut *connection)
        .await?;
    match id {
        Some(id) => Ok(Some(groups_of(&mut connection, Thing::Plan, id).await?)),
        None => Ok(None),
    }
}

/// Codes of the groups that something is kept for now, by code; none: it is open to everybody.
pub(crate) async fn groups_of(connection: &mut PgConnection, thing: Thing, id: i32) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT g.code FROM group_restriction r JOIN client_group g ON g.id = r.group_id WHERE r.{} = $1 AND r.ended_at IS NULL ORDER BY g.code",
        thing.column()
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(id).fetch_all(connection).await?)
}

/// Keeps something for these groups from now on, and for no others; none: it is open to everybody. Its groups then, by code.
pub async fn restrict(
    change: &mut Change,
    thing: Thing,
    code: &str,
    groups: &BTreeSet<String>,
    revision: Option<i64>,
    reason: &str,
) -> Result<Vec<String>, AvailabilityError> {
    let id = held(change, thing, code, revision).await?;
    let before = groups_of(change.connection(), thing, id).await?;
    // A closed group that it is kept for already may stay.
    let found: Vec<(i32, String)> = sqlx::query_as(
        "SELECT id, code FROM client_group WHERE code = ANY($1) AND (closed_at IS NULL OR code = ANY($2)) ORDER BY code FOR SHARE",
    )
    .bind(groups.iter().map(String::as_str).collect::<Vec<_>>())
    .bind(&before)
    .fetch_all(change.connection())
    .await?;
    if let Some(missing) = groups.iter().find(|code| !found.iter().any(|(_, found)| found == *code)) {
        return Err(AvailabilityError::NoGroup(missing.clone()));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let wanted: Vec<i32> = found.iter().map(|(id, _)| *id).collect();
    let column = thing.column();
    let end = format!(
        "UPDATE group_restriction SET ended_at = $3 WHERE {column} = $1 AND ended_at IS NULL AND group_id <> ALL($2)"
    );
    sqlx::query(AssertSqlSafe(end)).bind(id).bind(&wanted).bind(now).execute(change.connection()).await?;
    let begin = format!(
        "INSERT INTO group_restriction ({column}, group_id, valid_from, author) SELECT $1, g.id, $3, $4 FROM unnest($2::integer[]) AS g (id)
         WHERE NOT EXISTS (SELECT FROM group_restriction r WHERE r.{column} = $1 AND r.group_id = g.id AND r.ended_at IS NULL)"
    );
    sqlx::query(AssertSqlSafe(begin))
        .bind(id)
        .bind(&wanted)
        .bind(now)
        .bind(author)
        .execute(change.connection())
        .await?;
    if thing.has_revision() {
        let raise = format!("UPDATE {} SET revision = revision + 1 WHERE id = $1", thing.table());
        sqlx::query(AssertSqlSafe(raise)).bind(id).execute(change.connection()).await?;
    }
    let after: Vec<String> = found.into_iter().map(|(_, code)| code).collect();
    let (action, entity) = thing.audited();
    change.record(action, entity, code, &json!({"groups": before}), &json!({"groups": after}), reason);
    Ok(after)
}

/// What is to be kept, until the end of the change.
async fn held(change: &mut Change, thing: Thing, code: &str, revision: Option<i64>) -> Result<i32, AvailabilityError> {
    let (seen, standing) =
        if thing.has_revision() { ("x.revision", "x.closed_at IS NULL") } else { ("0::bigint", "true") };
    let sql = format!(
        "SELECT x.id, {seen} AS revision FROM {} x WHERE x.code = $1 AND {standing} FOR NO KEY UPDATE",
        thing.table()
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(code).fetch_optional(change.connection()).await?;
    let row = row.ok_or(AvailabilityError::NotFound)?;
    let is_stale = revision.is_some_and(|seen| seen != row.get::<i64, _>("revision"));
    if thing.has_revision() && is_stale { Err(AvailabilityError::Stale) } else { Ok(row.get("id")) }
}
