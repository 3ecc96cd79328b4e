//! Products: what is sold and charged.
//!
//! Owns: table `product`.
//! Does not own: what a product costs, who has one, rates of tax.
//! Always: a code stands once; a closed product stays on what was charged and takes no new charge.

use std::str::FromStr;

use serde_json::json;
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::grid::{Column, Filter, Grid, Read};
use crate::store::{StoreError, broken_constraint};

/// Which rate of value-added tax a product bears (A12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaxCategory {
    /// The usual one.
    Standard,
    /// The reduced one.
    Reduced,
    /// Nought percent.
    Zero,
    /// Freed by article 149 of the Tax Code.
    Exempt149,
    /// No object of the tax.
    OutOfScope,
}

impl TaxCategory {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Standard, Self::Reduced, Self::Zero, Self::Exempt149, Self::OutOfScope];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["standard", "reduced", "zero", "exempt_149", "out_of_scope"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Reduced => "reduced",
            Self::Zero => "zero",
            Self::Exempt149 => "exempt_149",
            Self::OutOfScope => "out_of_scope",
        }
    }
}

impl FromStr for TaxCategory {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|category| category.as_str() == text).ok_or(())
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// No such product.
    #[error("there is no such product")]
    NotFound,
    /// The code is another product's.
    #[error("a product has this code already")]
    CodeInUse,
    /// It is closed.
    #[error("the product is closed")]
    Closed,
    /// What the program itself charges is always sold.
    #[error("the program charges this product itself")]
    BuiltIn,
    /// Somebody changed it since it was read.
    #[error("the product was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ProductError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Products, closed ones too.
pub static GRID: Grid = Grid {
    name: "products",
    ru: "Продукты",
    en: "Products",
    from: "product p",
    key: "p.id::bigint",
    columns: &[
        Column::text("code", "p.code", "Код", "Code", "telephony").sorted(),
        Column::text("name", "p.name", "Название", "Name", "Услуги связи").sorted_by("search_key(p.name)"),
        Column::text("tax_category", "p.tax_category", "Категория НДС", "Tax category", "standard"),
        Column::flag("active", "p.closed_at IS NULL", "Продаётся", "Sold", "true"),
        Column::moment("created_at", "p.created_at", "Заведён", "Made", "2026-07-01T10:00:00Z"),
        Column::text("created_by", "p.created_by", "Кем", "Made by", "ivanova"),
        Column::moment("closed_at", "p.closed_at", "Закрыт", "Closed", ""),
        Column::number("revision", "p.revision", "Редакция", "Revision", "1"),
    ],
    filters: &[
        Filter::new("name", "search_key(p.name) LIKE {}", Read::Pattern, "Название", "Name"),
        Filter::new(
            "tax_category",
            "p.tax_category = {}",
            Read::OneOf(TaxCategory::NAMES),
            "Категория НДС",
            "Tax category",
        ),
        Filter::new("active", "(p.closed_at IS NULL) = {}", Read::Flag, "Продаются или закрыты", "Sold, or closed"),
    ],
    order: "code",
    required: &[],
    keys_first: false,
};

/// A product to be made.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// Code: small letters, digits, `_`, `.` and `-`.
    pub code: String,
    /// Name, as documents have it.
    pub name: String,
    /// Its tax.
    pub tax_category: TaxCategory,
}

/// How a product is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ProductUpdate {
    /// Name.
    pub name: Option<String>,
    /// Its tax; what was charged before keeps its own.
    pub tax_category: Option<TaxCategory>,
}

/// Identifier of a product that is sold.
pub(crate) async fn sold(connection: &mut PgConnection, code: &str) -> Result<Option<i32>, StoreError> {
    let id = sqlx::query_scalar("SELECT id FROM product WHERE code = $1 AND closed_at IS NULL FOR KEY SHARE");
    Ok(id.bind(code).fetch_optional(connection).await?)
}

/// Makes a product.
pub async fn add(change: &mut Change, new: &NewProduct, reason: &str) -> Result<(), ProductError> {
    let (at, author) = (change.now(), change.actor().login.clone());
    sqlx::query("INSERT INTO product (code, name, tax_category, created_at, created_by) VALUES ($1, $2, $3, $4, $5)")
        .bind(&new.code)
        .bind(&new.name)
        .bind(new.tax_category.as_str())
        .bind(at)
        .bind(author)
        .execute(change.connection())
        .await
        .map_err(|error| match broken_constraint(&error) {
            Some("product_code_unique") => ProductError::CodeInUse,
            _ => error.into(),
        })?;
    let after = json!({"name": new.name, "tax_category": new.tax_category.as_str()});
    change.record("product.add", "product", &new.code, &json!({}), &after, reason);
    Ok(())
}

/// Changes a product. `revision`: the one the caller has seen, if it insists.
pub async fn update(
    change: &mut Change,
    code: &str,
    wanted: &ProductUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), ProductError> {
    let (name, category) = hold(change.connection(), code, revision).await?;
    let new_name = wanted.name.clone().unwrap_or_else(|| name.clone());
    let new_category = wanted.tax_category.map_or(category.as_str(), |category| category.as_str());
    sqlx::query("UPDATE product SET name = $2, tax_category = $3, revision = revision + 1 WHERE code = $1")
        .bind(code)
        .bind(&new_name)
        .bind(new_category)
        .execute(change.connection())
        .await?;
    let shown = |name: &str, category: &str| json!({"name": name, "tax_category": category});
    change.record("product.edit", "product", code, &shown(&name, &category), &shown(&new_name, new_category), reason);
    Ok(())
}

/// Closes a product: it takes no new charge.
pub async fn close(change: &mut Change, code: &str, revision: Option<i64>, reason: &str) -> Result<(), ProductError> {
    if code == crate::ledger::TELEPHONY {
        return Err(ProductError::BuiltIn);
    }
    hold(change.connection(), code, revision).await?;
    let at = change.now();
    sqlx::query("UPDATE product SET closed_at = $2, revision = revision + 1 WHERE code = $1")
        .bind(code)
        .bind(at)
        .execute(change.connection())
        .await?;
    change.record("product.close", "product", code, &json!({"closed_at": null}), &json!({"closed_at": at}), reason);
    Ok(())
}

/// Name and tax of a product that is sold, held until the end of the transaction.
async fn hold(
    connection: &mut PgConnection,
    code: &str,
    revision: Option<i64>,
) -> Result<(String, String), ProductError> {
    let row = sqlx::query(
        "SELECT name, tax_category, revision, closed_at IS NOT NULL AS closed FROM product WHERE code = $1 FOR UPDATE",
    )
    .bind(code)
    .fetch_optional(connection)
    .await?
    .ok_or(ProductError::NotFound)?;
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(ProductError::Stale);
    }
    if row.get("closed") {
        return Err(ProductError::Closed);
    }
    Ok((row.get("name"), row.get("tax_category")))
}
