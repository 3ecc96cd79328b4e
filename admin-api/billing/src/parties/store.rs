//! SQL of the parties.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::rules::Kind;
use crate::change::Change;
use crate::store::StoreError;

/// A party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Identifier.
    pub id: i64,
    /// Name of the [`Kind`].
    pub kind: String,
    /// Name, as the registry has it.
    pub name: String,
    /// INN.
    pub inn: Option<String>,
    /// KPP.
    pub kpp: Option<String>,
    /// OGRN or OGRNIP.
    pub ogrn: Option<String>,
    /// City.
    pub city: String,
    /// Legal address.
    pub legal_address: String,
}

/// Who a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParty {
    /// What he is.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// INN, checked by [`super::check`] with the numbers that follow.
    pub inn: Option<String>,
    /// KPP.
    pub kpp: Option<String>,
    /// OGRN or OGRNIP.
    pub ogrn: Option<String>,
    /// City.
    pub city: String,
    /// Legal address.
    pub legal_address: String,
}

const COLUMNS: &str = "p.id, p.kind, p.name, p.inn, p.kpp, p.ogrn, p.city, p.legal_address";

fn read(row: &PgRow) -> Party {
    Party {
        id: row.get("id"),
        kind: row.get("kind"),
        name: row.get("name"),
        inn: row.get("inn"),
        kpp: row.get("kpp"),
        ogrn: row.get("ogrn"),
        city: row.get("city"),
        legal_address: row.get("legal_address"),
    }
}

/// The party with an identifier.
pub(crate) async fn by_id(connection: &mut PgConnection, id: i64) -> Result<Option<Party>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM party p WHERE p.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(row.map(|row| read(&row)))
}

/// The party that a client is: the one of his INN and KPP if there is one, else a new one. What the registry says of one that stands is not overwritten by
/// what a client says of himself.
pub(crate) async fn of_client(change: &mut Change, new: &NewParty) -> Result<i64, StoreError> {
    let now = change.now();
    // The update of nothing gives the row back that another request has just written.
    Ok(sqlx::query_scalar(
        "INSERT INTO party (kind, name, inn, kpp, ogrn, city, legal_address, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (inn, coalesce(kpp, '')) WHERE inn IS NOT NULL DO UPDATE SET ogrn = coalesce(party.ogrn, excluded.ogrn) RETURNING id",
    )
    .bind(new.kind.as_str())
    .bind(&new.name)
    .bind(&new.inn)
    .bind(&new.kpp)
    .bind(&new.ogrn)
    .bind(&new.city)
    .bind(&new.legal_address)
    .bind(now)
    .fetch_one(change.connection())
    .await?)
}
