//! A client as staff see him.
//!
//! Owns: the card: who he is, how he stands by the registry (M60), his accounts with balance and turnover per issuer (B6), his services (B7); who else may be the same (S4).
//! Does not own: his notes and contacts (their own lists).
//! Always: five round trips, however much he has.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::ClientError;
use crate::change::Change;
use crate::liquidation::{self, Legal};
use crate::parties::{self, Party};
use crate::store::{Store, StoreError};

/// Days of the yearly turnover.
const TURNOVER_DAYS: i64 = 365;
/// Services that a card shows.
const SERVICES_SHOWN: i64 = 1_000;
/// Twins that are shown.
const TWINS_SHOWN: i64 = 50;

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCard {
    /// Number.
    pub id: i64,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Who he is by the registry.
    pub party: Option<Party>,
    /// How he stands by the registry.
    pub legal: Legal,
    /// Main e-mail.
    pub email: Option<String>,
    /// Phone, as it was written.
    pub phone: Option<String>,
    /// Whom to talk to.
    pub contact_person: String,
    /// Country.
    pub country: String,
    /// Language of letters.
    pub language: String,
    /// Label.
    pub label: Option<String>,
    /// What staff think of him.
    pub characteristic: String,
    /// Login of his manager.
    pub manager: Option<String>,
    pub(super) manager_id: Option<i64>,
    /// `lead`, `sales` or `support` (L4).
    pub stage: String,
    /// `invited`, `connected` or `refused` (S5).
    pub lead_state: Option<String>,
    /// Since when.
    pub lead_state_at: Option<DateTime<Utc>>,
    /// Code of the agent who brought him.
    pub agent: Option<String>,
    /// What the agent is: `partner`, `licensee` or `own`.
    pub agent_type: Option<String>,
    pub(super) agent_id: Option<i64>,
    /// `none`, `cleaned` or `destroyed` (B9).
    pub gdpr_state: String,
    /// For staff.
    pub comment: String,
    /// The flag of the company.
    pub active: bool,
    /// When he was registered.
    pub registered_at: DateTime<Utc>,
    /// By whom.
    pub registered_by: String,
    /// From which address.
    pub registered_from: String,
    /// Raised with every change.
    pub revision: i64,
    /// His accounts, by code.
    pub accounts: Vec<AccountLine>,
    /// His services, the first of them.
    pub services: Vec<ServiceLine>,
    /// How many services he has (B1).
    pub services_total: i64,
}

/// An account on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLine {
    /// Code.
    pub code: String,
    /// Code of the issuer.
    pub issuer: String,
    /// Currency.
    pub currency: String,
    /// Balance.
    pub balance: Decimal,
    /// Payments of real money in a year.
    pub turnover_year: Decimal,
    /// Code of the plan of now.
    pub plan: Option<String>,
    /// Whether it is active.
    pub active: bool,
}

/// A service on a card: a number in work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLine {
    /// The number.
    pub number: String,
    /// Account that pays.
    pub account: String,
    /// Code of the issuer.
    pub issuer: String,
    /// Code of the account's plan of now.
    pub plan: Option<String>,
    /// State of the number.
    pub state: String,
}

/// A client with the head of his card; accounts, services and how he stands by the registry are left out.
pub(super) async fn head(connection: &mut PgConnection, code: &str) -> Result<Option<ClientCard>, StoreError> {
    let row = sqlx::query(
        "SELECT c.id, c.code, c.name, c.party_id, c.email, c.phone, c.contact_person, c.country::text AS country, c.language::text AS language, l.name AS label,
                c.characteristic, c.manager_id, u.login AS manager, c.stage, c.lead_state, c.lead_state_at, c.agent_id, g.code AS agent, g.type AS agent_type,
                c.gdpr_state, c.comment, c.active, c.registered_at, c.registered_by, c.registered_from, c.revision
         FROM client c LEFT JOIN client_label l ON l.id = c.label_id LEFT JOIN staff_user u ON u.id = c.manager_id LEFT JOIN agent g ON g.id = c.agent_id
         WHERE c.code = $1",
    )
    .bind(code)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let party = match row.get::<Option<i64>, _>("party_id") {
        Some(id) => parties::by_id(connection, id).await?,
        None => None,
    };
    Ok(Some(ClientCard {
        id: row.get("id"),
        code: row.get("code"),
        name: row.get("name"),
        party,
        legal: Legal::default(),
        email: row.get("email"),
        phone: row.get("phone"),
        contact_person: row.get("contact_person"),
        country: row.get("country"),
        language: row.get("language"),
        label: row.get("label"),
        characteristic: row.get("characteristic"),
        manager: row.get("manager"),
        manager_id: row.get("manager_id"),
        stage: row.get("stage"),
        lead_state: row.get("lead_state"),
        lead_state_at: row.get("lead_state_at"),
        agent: row.get("agent"),
        agent_type: row.get("agent_type"),
        agent_id: row.get("agent_id"),
        gdpr_state: row.get("gdpr_state"),
        comment: row.get("comment"),
        active: row.get("active"),
        registered_at: row.get("registered_at"),
        registered_by: row.get("registered_by"),
        registered_from: row.get("registered_from"),
        revision: row.get("revision"),
        accounts: Vec::new(),
        services: Vec::new(),
        services_total: 0,
    }))
}

/// A client until the end of a change; one whose data were cleaned does not change any more (B9).
pub(super) async fn held(change: &mut Change, code: &str) -> Result<ClientCard, ClientError> {
    sqlx::query("SELECT FROM client WHERE code = $1 FOR NO KEY UPDATE").bind(code).execute(change.connection()).await?;
    let card = head(change.connection(), code).await?.ok_or(ClientError::NotFound)?;
    if card.gdpr_state == "none" { Ok(card) } else { Err(ClientError::Cleaned) }
}

const PLAN_OF_NOW: &str =
    "(SELECT t.code FROM account_plan p JOIN tariff_plan t ON t.id = p.plan_id WHERE p.account_id = a.id
     AND p.withdrawn_in IS NULL AND coalesce(p.valid_from, '-infinity') <= $2 AND $2 < coalesce(p.valid_to, 'infinity') LIMIT 1)";

/// The whole card at `now`.
pub async fn card(store: &Store, code: &str, now: DateTime<Utc>) -> Result<Option<ClientCard>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    whole(&mut connection, code, now).await
}

/// The same inside a change.
pub async fn changed(change: &mut Change, code: &str) -> Result<ClientCard, ClientError> {
    let now = change.now();
    whole(change.connection(), code, now).await?.ok_or(ClientError::NotFound)
}

async fn whole(
    connection: &mut PgConnection,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Option<ClientCard>, StoreError> {
    let Some(mut card) = head(connection, code).await? else { return Ok(None) };
    card.legal = liquidation::of_client(connection, card.id, card.party.as_ref(), now).await?;
    let sql = format!(
        "SELECT a.code, e.code AS issuer, a.currency::text AS currency, b.balance, a.active, {PLAN_OF_NOW} AS plan,
                coalesce((SELECT sum(g.amount) FROM posting g WHERE g.account_id = a.id AND g.kind = 'payment' AND g.is_real AND g.at > $3 AND g.at <= $2), 0) AS turnover,
                (SELECT count(*) FROM did d WHERE d.account_id = a.id AND d.status = 'in_work') AS services
         FROM account a JOIN legal_entity e ON e.id = a.legal_entity_id JOIN account_balance b ON b.account_id = a.id WHERE a.client_id = $1 ORDER BY a.code"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(card.id)
        .bind(now)
        .bind(now - TimeDelta::days(TURNOVER_DAYS))
        .fetch_all(&mut *connection)
        .await?;
    card.services_total = rows.iter().map(|row| row.get::<i64, _>("services")).sum();
    card.accounts = rows.iter().map(account_line).collect();
    let sql = format!(
        "SELECT d.number, a.code AS account, e.code AS issuer, d.status, {PLAN_OF_NOW} AS plan FROM did d JOIN account a ON a.id = d.account_id
         JOIN legal_entity e ON e.id = a.legal_entity_id WHERE a.client_id = $1 AND d.status = 'in_work' ORDER BY d.number LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(card.id)
        .bind(now)
        .bind(SERVICES_SHOWN)
        .fetch_all(&mut *connection)
        .await?;
    card.services = rows.iter().map(service_line).collect();
    Ok(Some(card))
}

fn account_line(row: &PgRow) -> AccountLine {
    AccountLine {
        code: row.get("code"),
        issuer: row.get("issuer"),
        currency: row.get("currency"),
        balance: row.get::<Decimal, _>("balance").normalize(),
        turnover_year: row.get::<Decimal, _>("turnover").normalize(),
        plan: row.get("plan"),
        active: row.get("active"),
    }
}

fn service_line(row: &PgRow) -> ServiceLine {
    ServiceLine {
        number: row.get("number"),
        account: row.get("account"),
        issuer: row.get("issuer"),
        plan: row.get("plan"),
        state: row.get("status"),
    }
}

/// A client who may be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// His code.
    pub code: String,
    /// His name.
    pub name: String,
    /// Login of his manager.
    pub manager: Option<String>,
    /// In what they are alike: `inn`, `email`, `phone`.
    pub alike: Vec<String>,
}

/// `alike (client_id, twin_id, what)`: for each of the clients $1 who may be the same, he himself among them: the same INN, or a phone or e-mail of the one
/// that is the other's or a contact's of the other (S4).
pub(super) const ALIKE: &str =
    "WITH own AS (SELECT c.id, p.inn, c.phone_key, lower(c.email) AS email FROM client c LEFT JOIN party p ON p.id = c.party_id WHERE c.id = ANY($1)),
          alike (client_id, twin_id, what) AS (
              SELECT own.id, c.id, 'inn' FROM own JOIN party p ON p.inn = own.inn JOIN client c ON c.party_id = p.id
              UNION SELECT own.id, c.id, 'phone' FROM own JOIN client c ON c.phone_key = own.phone_key
              UNION SELECT own.id, k.client_id, 'phone' FROM own JOIN contact k ON k.phone_key = own.phone_key AND k.ended_at IS NULL
              UNION SELECT own.id, k.client_id, 'email' FROM own JOIN contact k ON lower(k.email) = own.email AND k.ended_at IS NULL
              UNION SELECT own.id, c.id, 'phone' FROM own JOIN contact k ON k.client_id = own.id AND k.ended_at IS NULL JOIN client c ON c.phone_key = k.phone_key
              UNION SELECT own.id, c.id, 'email' FROM own JOIN contact k ON k.client_id = own.id AND k.ended_at IS NULL JOIN client c ON lower(c.email) = lower(k.email))";

/// Clients with the same INN, phone or e-mail, contacts counted in: the first of them by code (S4).
pub async fn twins(change: &mut Change, id: i64) -> Result<Vec<Twin>, StoreError> {
    let sql = format!(
        "{ALIKE} SELECT c.code, c.name, u.login AS manager, array_agg(DISTINCT alike.what ORDER BY alike.what) AS what
         FROM alike JOIN client c ON c.id = alike.twin_id LEFT JOIN staff_user u ON u.id = c.manager_id
         WHERE alike.twin_id <> alike.client_id GROUP BY c.code, c.name, u.login ORDER BY c.code LIMIT $2"
    );
    let rows =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(vec![id]).bind(TWINS_SHOWN).fetch_all(change.connection()).await?;
    let twin = |row: &PgRow| Twin {
        code: row.get("code"),
        name: row.get("name"),
        manager: row.get("manager"),
        alike: row.get("what"),
    };
    Ok(rows.iter().map(twin).collect())
}
