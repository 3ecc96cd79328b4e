//! What is offered to a client.
//!
//! Owns: the lists of what is open to him, and the question for one of them.
//! Does not own: ordering, paying, signing.
//! Always: by code; what is closed or switched off is offered to nobody.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{AvailabilityError, Thing, contract_template, open, payment_method, plan};
use crate::store::{Store, StoreError};

/// A tariff plan that a client may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOffer {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A method by which a client may pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodOffer {
    /// Code.
    pub code: String,
    /// Name in Russian.
    pub name_ru: String,
    /// Name in English.
    pub name_en: String,
    /// Kind.
    pub kind: String,
    /// Code of the issuer that is paid.
    pub issuer: String,
}

/// A template of which a client may have a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateOffer {
    /// Code.
    pub code: String,
    /// Title.
    pub title: String,
    /// Code of the issuer.
    pub issuer: String,
    /// Language.
    pub language: String,
    /// Newest version of the text.
    pub version: i32,
}

/// Plans that a client may have at `at`; `None`: there is no such client.
pub async fn plans_for(store: &Store, client: &str, at: DateTime<Utc>) -> Result<Option<Vec<PlanOffer>>, StoreError> {
    let rows = open_rows(store, Thing::Plan, "x.code, x.name", client, at).await?;
    let plan = |row: &PgRow| PlanOffer { code: row.get("code"), name: row.get("name") };
    Ok(rows.map(|rows| rows.iter().map(plan).collect()))
}

/// Methods by which a client may pay at `at`; `None`: there is no such client.
pub async fn methods_for(
    store: &Store,
    client: &str,
    at: DateTime<Utc>,
) -> Result<Option<Vec<MethodOffer>>, StoreError> {
    let columns = "x.code, x.name_ru, x.name_en, x.kind, (SELECT e.code FROM legal_entity e WHERE e.id = x.legal_entity_id) AS issuer";
    let rows = open_rows(store, Thing::PaymentMethod, columns, client, at).await?;
    let method = |row: &PgRow| MethodOffer {
        code: row.get("code"),
        name_ru: row.get("name_ru"),
        name_en: row.get("name_en"),
        kind: row.get("kind"),
        issuer: row.get("issuer"),
    };
    Ok(rows.map(|rows| rows.iter().map(method).collect()))
}

/// Templates of which a client may have a contract at `at`; `None`: there is no such client.
pub async fn templates_for(
    store: &Store,
    client: &str,
    at: DateTime<Utc>,
) -> Result<Option<Vec<TemplateOffer>>, StoreError> {
    let columns = "x.code, x.title, x.language::text AS language, x.version,
                   (SELECT e.code FROM legal_entity e WHERE e.id = x.legal_entity_id) AS issuer";
    let rows = open_rows(store, Thing::ContractTemplate, columns, client, at).await?;
    let template = |row: &PgRow| TemplateOffer {
        code: row.get("code"),
        title: row.get("title"),
        issuer: row.get("issuer"),
        language: row.get("language"),
        version: row.get("version"),
    };
    Ok(rows.map(|rows| rows.iter().map(template).collect()))
}

async fn open_rows(
    store: &Store,
    thing: Thing,
    columns: &str,
    client: &str,
    at: DateTime<Utc>,
) -> Result<Option<Vec<PgRow>>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let Some(client) = client_id(&mut connection, client).await? else { return Ok(None) };
    let sql = format!(
        "SELECT {columns} FROM {} x WHERE {} AND {} ORDER BY x.code",
        thing.table(),
        thing.standing(),
        open(thing, "x.id")
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(client).bind(at).fetch_all(&mut *connection).await?;
    Ok(Some(rows))
}

async fn client_id(connection: &mut PgConnection, client: &str) -> Result<Option<i64>, StoreError> {
    let id =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(connection).await?;
    Ok(id)
}

/// Refuses what is not open to a client at `at`, by codes.
pub async fn offered(
    store: &Store,
    thing: Thing,
    client: &str,
    code: &str,
    at: DateTime<Utc>,
) -> Result<(), AvailabilityError> {
    let mut connection = store.pool().acquire().await?;
    let client_id = client_id(&mut connection, client).await?;
    let client_id = client_id.ok_or_else(|| AvailabilityError::NoClient(client.to_owned()))?;
    offered_to(&mut connection, thing, client_id, code, at).await
}

/// The same for a client by his identifier, inside a change.
pub(crate) async fn offered_to(
    connection: &mut PgConnection,
    thing: Thing,
    client_id: i64,
    code: &str,
    at: DateTime<Utc>,
) -> Result<(), AvailabilityError> {
    let sql = format!("SELECT x.id FROM {} x WHERE x.code = $1 AND {}", thing.table(), thing.standing());
    let id: Option<i32> = sqlx::query_scalar(AssertSqlSafe(sql)).bind(code).fetch_optional(&mut *connection).await?;
    let id = id.ok_or(AvailabilityError::NotFound)?;
    let is_open = match thing {
        Thing::Plan => plan(connection, client_id, id, at).await?,
        Thing::PaymentMethod => payment_method(connection, client_id, id, at).await?,
        Thing::ContractTemplate => contract_template(connection, client_id, id, at).await?,
    };
    if is_open { Ok(()) } else { Err(AvailabilityError::NotAvailable(thing)) }
}
