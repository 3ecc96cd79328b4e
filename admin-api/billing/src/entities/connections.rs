//! Which clients are connected to which legal entity (B12).
//!
//! Owns: table `client_entity`.
//! Does not own: the accounts there (`accounts`).
//! Always: off is refused while the client has services in work there; who switched it, and when, stays on record.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::EntityError;
use crate::change::Change;
use crate::clients::{self, ClientError};
use crate::store::{Store, StoreError};

/// A client and a legal entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Code of the legal entity.
    pub entity: String,
    /// Its name.
    pub name: String,
    /// Whether the client is connected.
    pub enabled: bool,
    /// His active accounts there.
    pub accounts: i64,
    /// When it was switched; `None`: never.
    pub changed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub changed_by: Option<String>,
}

/// All legal entities with which a client has or may have to do, by code; `None`: there is no such client.
pub async fn connections(store: &Store, client: &str) -> Result<Option<Vec<Connection>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let rows = sqlx::query(
        "SELECT e.code, e.name, coalesce(k.enabled, false) AS enabled, k.changed_at, k.changed_by,
                (SELECT count(*) FROM account a WHERE a.client_id = $1 AND a.legal_entity_id = e.id AND a.active) AS accounts
         FROM legal_entity e LEFT JOIN client_entity k ON k.legal_entity_id = e.id AND k.client_id = $1
         WHERE e.closed_at IS NULL OR k.client_id IS NOT NULL ORDER BY e.code",
    )
    .bind(id)
    .fetch_all(store.pool())
    .await?;
    let read = |row: &sqlx::postgres::PgRow| Connection {
        entity: row.get("code"),
        name: row.get("name"),
        enabled: row.get("enabled"),
        accounts: row.get("accounts"),
        changed_at: row.get("changed_at"),
        changed_by: row.get("changed_by"),
    };
    Ok(Some(rows.iter().map(read).collect()))
}

/// Connects a client to a legal entity, or disconnects him.
pub async fn connect(
    change: &mut Change,
    (client, entity): (&str, &str),
    enabled: bool,
    reason: &str,
) -> Result<(), EntityError> {
    // Held until the end, as whoever opens an account holds both.
    let client_id = clients::held(change, client).await.map_err(|error| match error {
        ClientError::Cleaned => EntityError::Cleaned,
        ClientError::Store(error) => error.into(),
        _ => EntityError::NoClient(client.to_owned()),
    })?;
    let row = sqlx::query("SELECT id, closed_at IS NOT NULL AS closed FROM legal_entity WHERE code = $1 FOR SHARE")
        .bind(entity)
        .fetch_optional(change.connection())
        .await?
        .ok_or(EntityError::NotFound)?;
    let entity_id: i32 = row.get("id");
    if enabled && row.get("closed") {
        return Err(EntityError::Closed);
    }
    if !enabled {
        let services: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM account a JOIN did d ON d.account_id = a.id
                     WHERE a.client_id = $1 AND a.legal_entity_id = $2 AND d.status = 'in_work')
                    + (SELECT count(*) FROM account a JOIN account_trunk t ON t.account_id = a.id
                       WHERE a.client_id = $1 AND a.legal_entity_id = $2)
                    + (SELECT count(*) FROM account a JOIN product_instance i ON i.account_id = a.id
                       WHERE a.client_id = $1 AND a.legal_entity_id = $2 AND i.status <> 'closed')",
        )
        .bind(client_id)
        .bind(entity_id)
        .fetch_one(change.connection())
        .await?;
        if services > 0 {
            return Err(EntityError::HasActiveServices(services));
        }
    }
    let before = is_connected(change.connection(), client_id, entity_id).await?;
    write_connection(change, (client_id, entity_id), enabled).await?;
    let shown = |enabled: bool| json!({"legal_entity": entity, "enabled": enabled});
    change.record("client.connect", "client", client, &shown(before), &shown(enabled), reason);
    Ok(())
}

/// Whether a client is connected.
pub(crate) async fn is_connected(
    connection: &mut PgConnection,
    client_id: i64,
    entity_id: i32,
) -> Result<bool, StoreError> {
    let enabled: Option<bool> =
        sqlx::query_scalar("SELECT enabled FROM client_entity WHERE client_id = $1 AND legal_entity_id = $2")
            .bind(client_id)
            .bind(entity_id)
            .fetch_optional(connection)
            .await?;
    Ok(enabled == Some(true))
}

/// Writes the state of a connection; the line in the audit is the caller's.
pub(crate) async fn write_connection(
    change: &mut Change,
    (client_id, entity_id): (i64, i32),
    enabled: bool,
) -> Result<(), StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "INSERT INTO client_entity (client_id, legal_entity_id, enabled, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (client_id, legal_entity_id) DO UPDATE
         SET enabled = excluded.enabled, changed_at = excluded.changed_at, changed_by = excluded.changed_by",
    )
    .bind(client_id)
    .bind(entity_id)
    .bind(enabled)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    Ok(())
}
