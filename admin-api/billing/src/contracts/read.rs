//! Contracts as they are read.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::rules::ContractState;
use crate::store::{Store, StoreError};

/// A contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Identifier.
    pub id: i64,
    pub(super) client_id: i64,
    pub(super) issuer_id: i32,
    pub(super) template_id: i32,
    /// Number, of its issuer.
    pub number: String,
    /// Code of the client.
    pub client: String,
    /// Code of the issuer.
    pub issuer: String,
    /// Code of the kind.
    pub kind: String,
    /// Code of the template.
    pub template: String,
    /// Version of its text.
    pub template_version: i32,
    /// Where it stands.
    pub state: ContractState,
    /// Day of signing.
    pub signed_on: Option<NaiveDate>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; `None` = until it is terminated.
    pub valid_to: Option<NaiveDate>,
    /// Codes of the accounts that it covers, by code.
    pub accounts: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was activated.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it was terminated.
    pub terminated_at: Option<DateTime<Utc>>,
    /// Why.
    pub termination_reason: String,
    /// Raised with every change.
    pub revision: i64,
}

const SHOWN: &str =
    "SELECT d.id, d.client_id, d.legal_entity_id, d.template_id, d.number, c.code AS client, e.code AS issuer, d.kind, t.code AS template,
            d.template_version, d.state, d.signed_on, d.valid_from, d.valid_to, d.created_at, d.created_by, d.activated_at, d.terminated_at,
            d.termination_reason, d.revision,
            ARRAY(SELECT a.code FROM contract_account x JOIN account a ON a.id = x.account_id WHERE x.contract_id = d.id ORDER BY a.code) AS accounts
     FROM contract d JOIN client c ON c.id = d.client_id JOIN legal_entity e ON e.id = d.legal_entity_id
          JOIN contract_template t ON t.id = d.template_id";

fn read(row: &PgRow) -> Result<Contract, StoreError> {
    let state: &str = row.get("state");
    Ok(Contract {
        id: row.get("id"),
        client_id: row.get("client_id"),
        issuer_id: row.get("legal_entity_id"),
        template_id: row.get("template_id"),
        number: row.get("number"),
        client: row.get("client"),
        issuer: row.get("issuer"),
        kind: row.get("kind"),
        template: row.get("template"),
        template_version: row.get("template_version"),
        state: state.parse::<ContractState>().map_err(|()| StoreError::Inconsistent {
            table: "contract",
            problem: format!("`{state}`, which is no state of a contract"),
        })?,
        signed_on: row.get("signed_on"),
        valid_from: row.get("valid_from"),
        valid_to: row.get("valid_to"),
        accounts: row.get("accounts"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        activated_at: row.get("activated_at"),
        terminated_at: row.get("terminated_at"),
        termination_reason: row.get("termination_reason"),
        revision: row.get("revision"),
    })
}

/// A contract; `None`: there is none with this identifier.
pub async fn contract(store: &Store, id: i64) -> Result<Option<Contract>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, id).await
}

pub(super) async fn find(connection: &mut PgConnection, id: i64) -> Result<Option<Contract>, StoreError> {
    let sql = format!("{SHOWN} WHERE d.id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// A contract in force that covers an account.
pub(crate) struct Covering {
    /// Its identifier.
    pub(crate) id: i64,
    /// Its number.
    pub(crate) number: String,
    /// Whether it covers other accounts that go on: active, and their contract not ended for debt.
    pub(crate) is_shared: bool,
}

/// Contracts in force that cover an account.
pub(crate) async fn covering(connection: &mut PgConnection, account: i64) -> Result<Vec<Covering>, StoreError> {
    let rows = sqlx::query(
        "SELECT d.id, d.number, EXISTS (SELECT FROM contract_account y JOIN account a ON a.id = y.account_id
                    WHERE y.contract_id = d.id AND y.account_id <> $1 AND a.active
                          AND NOT EXISTS (SELECT FROM account_block b WHERE b.account_id = a.id AND b.cause = 'terminated' AND b.ended_at IS NULL)) AS is_shared
         FROM contract_account x JOIN contract d ON d.id = x.contract_id WHERE x.account_id = $1 AND d.state = 'active' ORDER BY d.id",
    )
    .bind(account)
    .fetch_all(connection)
    .await?;
    let covering =
        |row: &PgRow| Covering { id: row.get("id"), number: row.get("number"), is_shared: row.get("is_shared") };
    Ok(rows.iter().map(covering).collect())
}

/// Contracts of a client, the newest first; `None`: there is no such client.
pub async fn of_client(store: &Store, client: &str) -> Result<Option<Vec<Contract>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let sql = format!("{SHOWN} WHERE d.client_id = $1 ORDER BY d.id DESC");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(store.pool()).await?;
    let contracts: Result<Vec<Contract>, StoreError> = rows.iter().map(read).collect();
    contracts.map(Some)
}

/// A contract in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractText {
    /// Number.
    pub number: String,
    /// The text as it was filled in.
    pub text: String,
    /// Whether the data of the client were cleaned: then it is kept for the law alone (B9).
    pub cleaned: bool,
}

/// The text of a contract; `None`: there is none with this identifier.
pub async fn text(store: &Store, id: i64) -> Result<Option<ContractText>, StoreError> {
    let row = sqlx::query(
        "SELECT d.number, d.text, c.gdpr_state <> 'none' AS cleaned FROM contract d JOIN client c ON c.id = d.client_id WHERE d.id = $1",
    )
    .bind(id)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| ContractText { number: row.get("number"), text: row.get("text"), cleaned: row.get("cleaned") }))
}
