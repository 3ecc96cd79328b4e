//! People who work here: users, roles, permissions, API tokens.
//!
//! Owns: tables `staff_user`, `staff_role`, `role_permission`, `user_role`, `api_token`.
//! Does not own: what a permission allows (the endpoints say which they ask for).
//! Always: a token is stored as its digest only; a blocked user has no valid token.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::Row;

use crate::store::{Store, StoreError};

/// Defines the closed list of permissions.
macro_rules! permissions {
    ($($(#[$meta:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// What a user may be allowed to do (requirements 6.5).
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Permission { $($(#[$meta])* $variant),+ }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the database and in refusals.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

permissions! {
    /// See accounts, balances, credit terms and their history.
    AccountView = "account.view",
    /// Change a credit limit.
    AccountCredit = "account.credit",
    /// See calls of an account.
    CallsView = "calls.view",
    /// Check a tariff.
    TariffCheck = "tariff.check",
    /// See locks, check a number against them.
    LockView = "lock.view",
    /// Make locks, change their comments, bar more.
    LockEdit = "lock.edit",
    /// Lift and delete locks of anybody (M28).
    LockDelete = "lock.delete",
    /// See discounts, exchange rates, taxes, groups of clients, currencies.
    TermsView = "terms.view",
    /// Give and end discounts.
    DiscountEdit = "discount.edit",
    /// Make groups of clients, say who belongs to them.
    GroupEdit = "group.edit",
    /// Enter and end exchange rates.
    ExchangeEdit = "exchange.edit",
    /// Say which currencies may be chosen.
    CurrencyEdit = "currency.edit",
    /// Give a client a tax rate of his own (A12).
    TaxOverride = "tax.override",
    /// See numbers of the capacity.
    DidView = "did.view",
    /// Send a number to quarantine.
    DidArchive = "did.archive",
    /// See records that could not be rated.
    SuspenseView = "suspense.view",
    /// Try records of suspense again.
    SuspenseRecycle = "suspense.recycle",
    /// Correct or discard records of suspense.
    SuspenseCorrect = "suspense.correct",
    /// See jobs that rate again.
    ReworkView = "rework.view",
    /// Rate charges again.
    ChargeRerate = "charge.rerate",
    /// Roll an import back.
    ChargeRollback = "charge.rollback",
    /// See imports of call records, alarms of their collection, what switches count.
    ImportView = "import.view",
    /// Acknowledge an alarm of the collection.
    IngestAlarmAcknowledge = "ingest_alarm.acknowledge",
    /// Enter what a switch counts itself (M77).
    SwitchCountEnter = "switch_count.enter",
    /// See invoices.
    InvoiceView = "invoice.view",
    /// See price lists, their imports and their history.
    PriceView = "price.view",
    /// Bring in a file of prices as a draft, or discard one.
    PriceImport = "price.import",
    /// Put a draft of prices in force, or take it back.
    PriceActivate = "price.activate",
    /// See the audit of any record.
    AuditView = "audit.view",
}

/// An authenticated user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Identifier.
    pub id: i64,
    /// Login.
    pub login: String,
    /// Names of permissions.
    pub permissions: Vec<String>,
    /// Codes of roles.
    pub roles: Vec<String>,
}

impl Staff {
    /// Whether the user has a permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.iter().any(|own| own == permission.as_str())
    }
}

/// Digest under which a token is stored.
pub fn token_digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The user behind a token that is valid at `now`.
pub async fn authenticate(store: &Store, token: &str, now: DateTime<Utc>) -> Result<Option<Staff>, StoreError> {
    let row = sqlx::query(
        "SELECT u.id, u.login, array(SELECT DISTINCT p.permission FROM user_role r JOIN role_permission p USING (role_id) WHERE r.user_id = u.id) AS permissions,
                array(SELECT o.code FROM user_role r JOIN staff_role o ON o.id = r.role_id WHERE r.user_id = u.id) AS roles
         FROM api_token t JOIN staff_user u ON u.id = t.user_id
         WHERE t.digest = $1 AND t.revoked_at IS NULL AND t.expires_at > $2 AND u.blocked_at IS NULL",
    )
    .bind(token_digest(token))
    .bind(now)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| Staff {
        id: row.get("id"),
        login: row.get("login"),
        permissions: row.get("permissions"),
        roles: row.get("roles"),
    }))
}

/// What went wrong when a user was added from the command line.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The role is not one of those that exist.
    #[error(
        "there is no role `{0}`; roles are support, sales, client_service, assistants, head, accounting, settlement, admin"
    )]
    UnknownRole(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a user (or takes the one with this login), gives him the role, and stores a token of his by its digest.
pub async fn add_token(
    store: &Store,
    login: &str,
    role: &str,
    token: &str,
    expires_at: DateTime<Utc>,
) -> Result<i64, AddError> {
    let mut tx = store.pool().begin().await.map_err(StoreError::from)?;
    let role_id: Option<i32> = sqlx::query_scalar("SELECT id FROM staff_role WHERE code = $1")
        .bind(role)
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    let role_id = role_id.ok_or_else(|| AddError::UnknownRole(role.to_owned()))?;
    let user_id: i64 = sqlx::query_scalar(
        "INSERT INTO staff_user (login, name) VALUES ($1, $1) ON CONFLICT (login) DO UPDATE SET name = staff_user.name RETURNING id",
    )
    .bind(login)
    .fetch_one(&mut *tx)
    .await
    .map_err(StoreError::from)?;
    sqlx::query("INSERT INTO user_role (user_id, role_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(user_id)
        .bind(role_id)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    sqlx::query("INSERT INTO api_token (user_id, name, digest, expires_at) VALUES ($1, 'command line', $2, $3)")
        .bind(user_id)
        .bind(token_digest(token))
        .bind(expires_at)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(user_id)
}
