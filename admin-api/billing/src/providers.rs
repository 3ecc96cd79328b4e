//! Providers: carriers, by whom calls leave and come.
//!
//! Owns: table `provider`.
//! Does not own: what they cost (`price_lists`), our own companies (`entities`).
//! Always: a provider keeps his code and trunks, by which calls are recognised; only his name, and whether his numbers are our own capacity, change here.

use serde_json::json;
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::grid::{Column, Filter, Grid, Read};
use crate::store::{Store, StoreError};

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    id: i32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Trunks by which he is recognised.
    pub trunks: Vec<String>,
    /// Codes of the price lists by which he charges us.
    pub price_lists: Vec<String>,
    /// Whether his numbers are our own capacity: who approves their forcing depends on it (M20).
    pub is_own: bool,
    /// Raised with every change.
    pub revision: i64,
}

/// How a provider is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ProviderUpdate {
    /// Name.
    pub name: Option<String>,
    /// Whether his numbers are our own capacity.
    pub is_own: Option<bool>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No such provider.
    #[error("there is no such provider")]
    NotFound,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ProviderError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Providers: an operator has some hundreds at most.
pub static GRID: Grid = Grid {
    name: "providers",
    ru: "Провайдеры",
    en: "Providers",
    from: "provider v",
    key: "v.id::bigint",
    columns: &[
        Column::text("code", "v.code", "Код", "Code", "mts").sorted(),
        Column::text("name", "v.name", "Название", "Name", "МТС").sorted(),
        Column::words(
            "trunks",
            "array(SELECT t.trunk FROM provider_trunk t WHERE t.provider_id = v.id ORDER BY t.trunk)",
            "Транки",
            "Trunks",
            "mts-1",
        ),
        Column::words(
            "price_lists",
            "array(SELECT l.code FROM price_list l WHERE l.provider_id = v.id ORDER BY l.code)",
            "Прайс-листы",
            "Price lists",
            "wholesale",
        ),
        Column::flag("is_own", "v.is_own", "Собственная ёмкость", "Own capacity", "false"),
    ],
    filters: &[
        Filter::new("code", "v.code = {}", Read::Word, "С этим кодом", "With this code"),
        Filter::new(
            "name",
            "search_key(v.name) LIKE {}",
            Read::Pattern,
            "С такими словами в названии",
            "With such words in the name",
        ),
        Filter::new(
            "trunk",
            "v.id IN (SELECT t.provider_id FROM provider_trunk t WHERE t.trunk = {})",
            Read::Word,
            "С этим транком",
            "With this trunk",
        ),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};

/// The provider with a code.
pub async fn by_code(store: &Store, code: &str) -> Result<Option<Provider>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code).await
}

async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<Provider>, StoreError> {
    let row = sqlx::query(
        "SELECT v.id, v.code, v.name, v.is_own, v.revision, array(SELECT t.trunk FROM provider_trunk t WHERE t.provider_id = v.id ORDER BY t.trunk) AS trunks,
                array(SELECT l.code FROM price_list l WHERE l.provider_id = v.id ORDER BY l.code) AS price_lists
         FROM provider v WHERE v.code = $1",
    )
    .bind(code)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Provider {
        id: row.get("id"),
        code: row.get("code"),
        name: row.get("name"),
        trunks: row.get("trunks"),
        price_lists: row.get("price_lists"),
        is_own: row.get("is_own"),
        revision: row.get("revision"),
    }))
}

/// Changes a provider; him as he is then.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: &ProviderUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Provider, ProviderError> {
    sqlx::query("SELECT FROM provider WHERE code = $1 FOR NO KEY UPDATE")
        .bind(code)
        .execute(change.connection())
        .await?;
    let before = find(change.connection(), code).await?.ok_or(ProviderError::NotFound)?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ProviderError::Stale);
    }
    let name = update.name.clone().unwrap_or_else(|| before.name.clone());
    let is_own = update.is_own.unwrap_or(before.is_own);
    let after = Provider { name, is_own, revision: before.revision + 1, ..before.clone() };
    sqlx::query("UPDATE provider SET name = $2, is_own = $3, revision = $4 WHERE id = $1")
        .bind(before.id)
        .bind(&after.name)
        .bind(after.is_own)
        .bind(after.revision)
        .execute(change.connection())
        .await?;
    let shown = |provider: &Provider| json!({"name": provider.name, "is_own": provider.is_own});
    change.record("provider.edit", "provider", code, &shown(&before), &shown(&after), reason);
    Ok(after)
}
