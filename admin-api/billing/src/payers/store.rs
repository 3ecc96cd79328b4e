//! SQL of the payers.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{PayerError, rules};
use crate::change::Change;
use crate::clients::{self, ClientError};
use crate::parties::Kind;
use crate::store::{Store, StoreError};

/// Most open payers of a client.
const MOST: i64 = 100;
/// What the audit keeps apart: a payer may be a person.
const PERSONAL: &[&str] = &["name", "inn", "address", "settlement_account"];

/// What a document says of who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requisites {
    /// What he is.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// INN.
    pub inn: Option<String>,
    /// KPP.
    pub kpp: Option<String>,
    /// Address.
    pub address: String,
    /// Name of the bank.
    pub bank: String,
    /// BIK of the bank.
    pub bik: Option<String>,
    /// Settlement account, 20 digits.
    pub settlement_account: Option<String>,
    /// Correspondent account of the bank, 20 digits.
    pub correspondent_account: Option<String>,
}

/// A payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// Identifier.
    pub id: i64,
    /// What documents say of him.
    pub requisites: Requisites,
    /// Whether documents name him when nobody says which.
    pub is_default: bool,
    /// When he was added.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When he was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised with every change.
    pub revision: i64,
}

const COLUMNS: &str = "p.id, p.kind, p.name, p.inn, p.kpp, p.address, p.bank, p.bik, p.settlement_account, p.correspondent_account, p.is_default, p.created_at,
    p.created_by, p.closed_at, p.revision";

fn read(row: &PgRow) -> Result<Payer, StoreError> {
    let kind: &str = row.get("kind");
    let kind = kind.parse().map_err(|()| StoreError::Inconsistent {
        table: "payer",
        problem: format!("kind `{kind}`, which is none of a party"),
    })?;
    Ok(Payer {
        id: row.get("id"),
        requisites: Requisites {
            kind,
            name: row.get("name"),
            inn: row.get("inn"),
            kpp: row.get("kpp"),
            address: row.get("address"),
            bank: row.get("bank"),
            bik: row.get("bik"),
            settlement_account: row.get("settlement_account"),
            correspondent_account: row.get("correspondent_account"),
        },
        is_default: row.get("is_default"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    })
}

/// Open payers of a client in the order in which they were added; `None`: there is no such client.
pub async fn list(store: &Store, client: &str) -> Result<Option<Vec<Payer>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM payer p WHERE p.client_id = $1 AND p.closed_at IS NULL ORDER BY p.id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(store.pool()).await?;
    Ok(Some(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?))
}

/// Adds a payer; his identifier. The first one is the default.
pub async fn add(change: &mut Change, client: &str, new: &Requisites, reason: &str) -> Result<i64, PayerError> {
    fit(new)?;
    let client_id = held(change, client).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM payer WHERE client_id = $1 AND closed_at IS NULL")
        .bind(client_id)
        .fetch_one(change.connection())
        .await?;
    if count >= MOST {
        return Err(PayerError::TooMany(MOST));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO payer (client_id, kind, name, inn, kpp, address, bank, bik, settlement_account, correspondent_account, is_default, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
    )
    .bind(client_id)
    .bind(new.kind.as_str())
    .bind(&new.name)
    .bind(&new.inn)
    .bind(&new.kpp)
    .bind(&new.address)
    .bind(&new.bank)
    .bind(&new.bik)
    .bind(&new.settlement_account)
    .bind(&new.correspondent_account)
    .bind(count == 0)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let after = shown(id, new);
    change.record_personal(("payer.add", "client", client), &json!({}), &after, PERSONAL, reason);
    Ok(id)
}

/// Gives an open payer other requisites; he as he is then. Documents that were issued keep what they say.
pub async fn update(
    change: &mut Change,
    (client, id): (&str, i64),
    wanted: &Requisites,
    revision: Option<i64>,
    reason: &str,
) -> Result<Payer, PayerError> {
    fit(wanted)?;
    let before = find(change, client, id).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(PayerError::Stale);
    }
    let after = Payer { requisites: wanted.clone(), revision: before.revision + 1, ..before.clone() };
    sqlx::query(
        "UPDATE payer SET kind = $2, name = $3, inn = $4, kpp = $5, address = $6, bank = $7, bik = $8, settlement_account = $9, correspondent_account = $10,
             revision = $11 WHERE id = $1",
    )
    .bind(id)
    .bind(wanted.kind.as_str())
    .bind(&wanted.name)
    .bind(&wanted.inn)
    .bind(&wanted.kpp)
    .bind(&wanted.address)
    .bind(&wanted.bank)
    .bind(&wanted.bik)
    .bind(&wanted.settlement_account)
    .bind(&wanted.correspondent_account)
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    let (was, is) = (shown(id, &before.requisites), shown(id, wanted));
    change.record_personal(("payer.edit", "client", client), &was, &is, PERSONAL, reason);
    Ok(after)
}

/// Closes a payer: new documents name him no more.
pub async fn close(change: &mut Change, (client, id): (&str, i64), reason: &str) -> Result<(), PayerError> {
    let now = change.now();
    let before = find(change, client, id).await?;
    sqlx::query("UPDATE payer SET closed_at = $2, is_default = false, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let was = json!({"payer": id, "default": before.is_default, "closed_at": null});
    let is = json!({"payer": id, "default": false, "closed_at": now});
    change.record("payer.close", "client", client, &was, &is, reason);
    Ok(())
}

/// Makes a payer the one whom documents name when nobody says which.
pub async fn make_default(change: &mut Change, (client, id): (&str, i64), reason: &str) -> Result<(), PayerError> {
    find(change, client, id).await?;
    let former: Option<i64> = sqlx::query_scalar(
        "UPDATE payer SET is_default = false, revision = revision + 1
         WHERE is_default AND id <> $1 AND client_id = (SELECT client_id FROM payer WHERE id = $1) RETURNING id",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?;
    sqlx::query("UPDATE payer SET is_default = true, revision = revision + 1 WHERE id = $1 AND NOT is_default")
        .bind(id)
        .execute(change.connection())
        .await?;
    let (was, is) = (json!({"default_payer": former}), json!({"default_payer": id}));
    change.record("payer.default", "client", client, &was, &is, reason);
    Ok(())
}

fn fit(requisites: &Requisites) -> Result<(), PayerError> {
    let faults = rules::faults(requisites);
    if faults.is_empty() { Ok(()) } else { Err(PayerError::Unfit(faults)) }
}

fn shown(id: i64, requisites: &Requisites) -> Value {
    json!({
        "payer": id, "kind": requisites.kind.as_str(), "name": requisites.name, "inn": requisites.inn, "kpp": requisites.kpp, "address": requisites.address,
        "bank": requisites.bank, "bik": requisites.bik, "settlement_account": requisites.settlement_account,
        "correspondent_account": requisites.correspondent_account,
    })
}

/// A client until the end of the change: his payers are changed by one at a time, and not any more once his data were cleaned.
async fn held(change: &mut Change, client: &str) -> Result<i64, PayerError> {
    clients::held(change, client).await.map_err(|error| match error {
        ClientError::Cleaned => PayerError::Cleaned,
        ClientError::Store(error) => error.into(),
        _ => PayerError::NotFound,
    })
}

/// An open payer of this client.
async fn find(change: &mut Change, client: &str, id: i64) -> Result<Payer, PayerError> {
    let client_id = held(change, client).await?;
    let sql = format!("SELECT {COLUMNS} FROM payer p WHERE p.id = $1 AND p.client_id = $2 AND p.closed_at IS NULL");
    let row =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(client_id).fetch_optional(change.connection()).await?;
    Ok(read(&row.ok_or(PayerError::NotFound)?)?)
}
