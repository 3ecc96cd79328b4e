//! Payment methods: how clients pay an issuer (B32).
//!
//! Owns: table `payment_method`.
//! Does not own: for whom a method is kept (`availability`), payments.
//! Always: a closed method stays readable and is offered to nobody; who made or changed one stays on record.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::availability::{self, Thing, group_filter, groups_column};
use crate::change::Change;
use crate::grid::{Column, Filter, Grid, Read};
use crate::store::{Store, StoreError, broken_constraint};

/// How money comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MethodKind {
    /// In cash.
    Cash,
    /// By bank transfer.
    BankTransfer,
    /// By card.
    Card,
    /// Otherwise.
    Other,
}

impl MethodKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Cash, Self::BankTransfer, Self::Card, Self::Other];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::BankTransfer => "bank_transfer",
            Self::Card => "card",
            Self::Other => "other",
        }
    }
}

impl FromStr for MethodKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A payment method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    id: i32,
    /// Code.
    pub code: String,
    /// Name in Russian.
    pub name_ru: String,
    /// Name in English.
    pub name_en: String,
    /// Name of the [`MethodKind`].
    pub kind: String,
    /// Code of the issuer that is paid.
    pub issuer: String,
    /// Whether it is offered.
    pub active: bool,
    /// Codes of the groups that it is kept for; none: it is open to everybody.
    pub groups: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Since when it is closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised with every change.
    pub revision: i64,
}

/// A payment method to be made.
#[derive(Clone, Debug)]
pub struct NewMethod {
    /// Code, unique.
    pub code: String,
    /// Name in Russian.
    pub name_ru: String,
    /// Name in English.
    pub name_en: String,
    /// How money comes.
    pub kind: MethodKind,
    /// Code of the issuer that is paid.
    pub issuer: String,
}

/// How a payment method is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct MethodUpdate {
    /// Name in Russian.
    pub name_ru: Option<String>,
    /// Name in English.
    pub name_en: Option<String>,
    /// How money comes.
    pub kind: Option<MethodKind>,
    /// Whether it is offered.
    pub active: Option<bool>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum MethodError {
    /// No such method.
    #[error("there is no such payment method")]
    NotFound,
    /// No such issuer.
    #[error("there is no legal entity {0}")]
    NoIssuer(String),
    /// The code is another method's.
    #[error("a payment method has the code already")]
    CodeInUse,
    /// It is closed.
    #[error("the payment method is closed")]
    Closed,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MethodError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("payment_method_code_unique") => Self::CodeInUse,
            _ => Self::Store(error.into()),
        }
    }
}

/// Payment methods.
pub static GRID: Grid = Grid {
    name: "payment-methods",
    ru: "Способы оплаты",
    en: "Payment methods",
    from: "payment_method x JOIN legal_entity e ON e.id = x.legal_entity_id",
    key: "x.id::bigint",
    columns: &[
        Column::text("code", "x.code", "Код", "Code", "cash_office").sorted(),
        Column::text("name_ru", "x.name_ru", "Название по-русски", "Name in Russian", "Касса").sorted(),
        Column::text("name_en", "x.name_en", "Название по-английски", "Name in English", "Cash office").sorted(),
        Column::text("kind", "x.kind", "Вид", "Kind", "cash").sorted(),
        Column::text("legal_entity", "e.code", "Собственная организация", "Legal entity", "T").sorted(),
        Column::flag("active", "x.active", "Включён", "Active", "true").sorted(),
        groups_column!("r.payment_method_id = x.id"),
        Column::moment("created_at", "x.created_at", "Заведён", "Made", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("closed_at", "x.closed_at", "Закрыт", "Closed", ""),
        Column::number("revision", "x.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new(
            "kind",
            "x.kind = {}",
            Read::OneOf(&["cash", "bank_transfer", "card", "other"]),
            "Этого вида",
            "Of this kind",
        ),
        Filter::new(
            "legal_entity",
            "e.code = {}",
            Read::Word,
            "Этой собственной организации (код)",
            "Of this legal entity (code)",
        ),
        Filter::new("active", "x.active = {}", Read::Flag, "Включённые или выключенные", "Whether it is active"),
        Filter::new(
            "closed",
            "(x.closed_at IS NOT NULL) = {}",
            Read::Flag,
            "Закрытые или действующие",
            "Whether it is closed",
        ),
        group_filter!("r.payment_method_id = x.id"),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};

/// A payment method; `None`: there is none with this code.
pub async fn method(store: &Store, code: &str) -> Result<Option<PaymentMethod>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code).await
}

async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<PaymentMethod>, StoreError> {
    let row = sqlx::query(
        "SELECT x.id, x.code, x.name_ru, x.name_en, x.kind, e.code AS issuer, x.active, x.created_at, x.created_by, x.closed_at, x.revision
         FROM payment_method x JOIN legal_entity e ON e.id = x.legal_entity_id WHERE x.code = $1",
    )
    .bind(code)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let groups = availability::groups_of(connection, Thing::PaymentMethod, row.get("id")).await?;
    Ok(Some(read(&row, groups)))
}

fn read(row: &PgRow, groups: Vec<String>) -> PaymentMethod {
    PaymentMethod {
        id: row.get("id"),
        code: row.get("code"),
        name_ru: row.get("name_ru"),
        name_en: row.get("name_en"),
        kind: row.get("kind"),
        issuer: row.get("issuer"),
        active: row.get("active"),
        groups,
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    }
}

/// Makes a payment method.
pub async fn add(change: &mut Change, new: &NewMethod, reason: &str) -> Result<(), MethodError> {
    let issuer: Option<i32> = sqlx::query_scalar("SELECT id FROM legal_entity WHERE code = $1")
        .bind(&new.issuer)
        .fetch_optional(change.connection())
        .await?;
    let issuer = issuer.ok_or_else(|| MethodError::NoIssuer(new.issuer.clone()))?;
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "INSERT INTO payment_method (code, name_ru, name_en, kind, legal_entity_id, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&new.code)
    .bind(&new.name_ru)
    .bind(&new.name_en)
    .bind(new.kind.as_str())
    .bind(issuer)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    let after = json!({
        "name_ru": new.name_ru, "name_en": new.name_en, "kind": new.kind.as_str(), "legal_entity": new.issuer, "active": true,
    });
    change.record("payment_method.add", "payment_method", &new.code, &Value::Null, &after, reason);
    Ok(())
}

/// Changes a payment method; what it is then.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: &MethodUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<PaymentMethod, MethodError> {
    let before = held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(MethodError::Stale);
    }
    let mut after = before.clone();
    after.name_ru = update.name_ru.clone().unwrap_or(after.name_ru);
    after.name_en = update.name_en.clone().unwrap_or(after.name_en);
    after.kind = update.kind.map_or(after.kind, |kind| kind.as_str().to_owned());
    after.active = update.active.unwrap_or(after.active);
    after.revision += 1;
    sqlx::query(
        "UPDATE payment_method SET name_ru = $2, name_en = $3, kind = $4, active = $5, revision = $6 WHERE id = $1",
    )
    .bind(before.id)
    .bind(&after.name_ru)
    .bind(&after.name_en)
    .bind(&after.kind)
    .bind(after.active)
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    change.record("payment_method.edit", "payment_method", code, &shown(&before), &shown(&after), reason);
    Ok(after)
}

/// Closes a payment method: nobody is offered it any more.
pub async fn close(change: &mut Change, code: &str, reason: &str) -> Result<(), MethodError> {
    let now = change.now();
    let before = held(change, code).await?;
    sqlx::query("UPDATE payment_method SET closed_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(before.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let (was, is) = (json!({"closed_at": null}), json!({"closed_at": now}));
    change.record("payment_method.close", "payment_method", code, &was, &is, reason);
    Ok(())
}

fn shown(method: &PaymentMethod) -> Value {
    json!({"name_ru": method.name_ru, "name_en": method.name_en, "kind": method.kind, "active": method.active})
}

/// A method that is not closed, until the end of the change.
async fn held(change: &mut Change, code: &str) -> Result<PaymentMethod, MethodError> {
    sqlx::query("SELECT FROM payment_method WHERE code = $1 FOR NO KEY UPDATE")
        .bind(code)
        .execute(change.connection())
        .await?;
    let method = find(change.connection(), code).await?.ok_or(MethodError::NotFound)?;
    if method.closed_at.is_some() { Err(MethodError::Closed) } else { Ok(method) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_back_and_the_list_knows_them() {
        for kind in MethodKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        let names: Vec<&str> = MethodKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let filter = GRID.filter("kind").unwrap();
        assert!(matches!(filter.read, Read::OneOf(words) if words == names), "{:?}", filter.read);
    }
}
