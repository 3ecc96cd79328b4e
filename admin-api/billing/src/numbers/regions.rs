//! Regions and cities that numbers are of (M17).
//!
//! Owns: table `number_region`.
//! Does not own: which number is of which region (`edit`, `import`).
//! Always: a closed region stays on its numbers and takes no more.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::grid::{Column, Filter, Grid, Read};
use crate::store::{StoreError, broken_constraint};

/// A region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    id: i32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Since when it takes no more numbers.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised with every change.
    pub revision: i64,
}

/// How a region is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct RegionUpdate {
    /// Name.
    pub name: Option<String>,
    /// Whether it is closed.
    pub closed: Option<bool>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// No such region.
    #[error("there is no such region")]
    NotFound,
    /// The code is another region's.
    #[error("a region has the code already")]
    CodeInUse,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RegionError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("number_region_code_unique") => Self::CodeInUse,
            _ => Self::Store(error.into()),
        }
    }
}

/// Regions: an operator has some hundreds at most.
pub static REGIONS: Grid = Grid {
    name: "number-regions",
    ru: "Регионы номеров",
    en: "Regions of numbers",
    from: "number_region x",
    key: "x.id::bigint",
    columns: &[
        Column::text("code", "x.code", "Код", "Code", "moscow").sorted(),
        Column::text("name", "x.name", "Название", "Name", "Москва").sorted(),
        Column::moment("created_at", "x.created_at", "Заведён", "Made", "2026-07-01T10:00:00Z").sorted(),
        Column::moment("closed_at", "x.closed_at", "Закрыт", "Closed", ""),
        Column::number("revision", "x.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new("code", "x.code = {}", Read::Word, "С этим кодом", "With this code"),
        Filter::new(
            "name",
            "search_key(x.name) LIKE {}",
            Read::Pattern,
            "С такими словами в названии",
            "With such words in the name",
        ),
        Filter::new(
            "closed",
            "(x.closed_at IS NOT NULL) = {}",
            Read::Flag,
            "Закрытые или действующие",
            "Whether it is closed",
        ),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};

async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<Region>, StoreError> {
    let row = sqlx::query(
        "SELECT id, code, name, created_at, created_by, closed_at, revision FROM number_region WHERE code = $1 FOR NO KEY UPDATE",
    )
    .bind(code)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Region {
        id: row.get("id"),
        code: row.get("code"),
        name: row.get("name"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    }))
}

/// Makes a region.
pub async fn add(change: &mut Change, code: &str, name: &str, reason: &str) -> Result<(), RegionError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query("INSERT INTO number_region (code, name, created_at, created_by) VALUES ($1, $2, $3, $4)")
        .bind(code)
        .bind(name)
        .bind(now)
        .bind(author)
        .execute(change.connection())
        .await?;
    change.record("number_region.add", "number_region", code, &Value::Null, &json!({"name": name}), reason);
    Ok(())
}

/// Changes a region; what it is then.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: &RegionUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Region, RegionError> {
    let now = change.now();
    let before = find(change.connection(), code).await?.ok_or(RegionError::NotFound)?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(RegionError::Stale);
    }
    let mut after = before.clone();
    after.name = update.name.clone().unwrap_or(after.name);
    after.closed_at = match update.closed {
        None => after.closed_at,
        Some(false) => None,
        Some(true) => after.closed_at.or(Some(now)),
    };
    after.revision += 1;
    sqlx::query("UPDATE number_region SET name = $2, closed_at = $3, revision = $4 WHERE id = $1")
        .bind(before.id)
        .bind(&after.name)
        .bind(after.closed_at)
        .bind(after.revision)
        .execute(change.connection())
        .await?;
    let shown = |region: &Region| json!({"name": region.name, "closed_at": region.closed_at});
    change.record("number_region.edit", "number_region", code, &shown(&before), &shown(&after), reason);
    Ok(after)
}
