//! A legal entity as staff see it.
//!
//! Owns: the card with its bank accounts.
//! Does not own: changes (`write`).
//! Always: what is needed for documents is on it; closed ones stay readable.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, Row};

use crate::store::{Store, StoreError};

/// An account at a bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BankAccount {
    /// Name of the bank.
    pub bank: String,
    /// BIC, nine digits.
    pub bic: String,
    /// Account, twenty digits.
    pub account: String,
    /// The bank's own account at the central bank.
    pub correspondent: Option<String>,
}

/// A legal entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub(super) id: i32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// `legal` or `sole_proprietor`.
    pub kind: String,
    /// INN.
    pub inn: Option<String>,
    /// KPP.
    pub kpp: Option<String>,
    /// OGRN or OGRNIP.
    pub ogrn: Option<String>,
    /// Address.
    pub address: String,
    /// E-mail.
    pub email: Option<String>,
    /// Phone, as it was written.
    pub phone: Option<String>,
    /// Bank accounts; documents name the first.
    pub banks: Vec<BankAccount>,
    /// Currency.
    pub currency: String,
    /// Zone.
    pub zone: String,
    /// Tax regime.
    pub tax_regime: String,
    /// Code in the accounting program.
    pub external_code: Option<String>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised with every change.
    pub revision: i64,
}

/// The legal entity with a code.
pub async fn by_code(store: &Store, code: &str) -> Result<Option<Entity>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code).await
}

/// The same inside a change.
pub(super) async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<Entity>, StoreError> {
    let row = sqlx::query(
        "SELECT id, code, name, kind, inn, kpp, ogrn, address, email, phone, currency::text AS currency, zone, tax_regime, external_code, created_at,
                created_by, closed_at, revision
         FROM legal_entity WHERE code = $1",
    )
    .bind(code)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let id: i32 = row.get("id");
    let banks = sqlx::query(
        "SELECT bank, bic, account, correspondent FROM legal_entity_bank WHERE legal_entity_id = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    let bank = |row: &sqlx::postgres::PgRow| BankAccount {
        bank: row.get("bank"),
        bic: row.get("bic"),
        account: row.get("account"),
        correspondent: row.get("correspondent"),
    };
    Ok(Some(Entity {
        id,
        code: row.get("code"),
        name: row.get("name"),
        kind: row.get("kind"),
        inn: row.get("inn"),
        kpp: row.get("kpp"),
        ogrn: row.get("ogrn"),
        address: row.get("address"),
        email: row.get("email"),
        phone: row.get("phone"),
        banks: banks.iter().map(bank).collect(),
        currency: row.get("currency"),
        zone: row.get("zone"),
        tax_regime: row.get("tax_regime"),
        external_code: row.get("external_code"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    }))
}
