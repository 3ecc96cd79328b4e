//! SQL of the parties.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::rules::Kind;
use crate::change::Change;
use crate::store::{Store, StoreError};

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
    /// Region.
    pub region: String,
    /// City.
    pub city: String,
    /// Legal address.
    pub legal_address: String,
    /// Name of the [`super::RegistryStatus`].
    pub status: String,
    /// Since when we know it.
    pub status_at: DateTime<Utc>,
    /// When it ends or ended.
    pub termination_date: Option<NaiveDate>,
    /// Day of its entry into the registry.
    pub registered_at: Option<NaiveDate>,
    /// Phone, from the registry.
    pub phone: Option<String>,
    /// E-mail, from the registry.
    pub email: Option<String>,
    /// Passport of a person.
    pub passport: Passport,
    /// Who said last what stands here: `client`, `staff`, `registry`.
    pub updated_from: String,
    /// When.
    pub updated_at: DateTime<Utc>,
    /// Raised with every change.
    pub revision: i64,
}

/// A passport and the verdict on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passport {
    /// Series.
    pub series: Option<String>,
    /// Number.
    pub number: Option<String>,
    /// Name of the [`super::PassportCheck`].
    pub check: String,
    /// The words of whoever checked it.
    pub result: String,
    /// When it was checked.
    pub checked_at: Option<DateTime<Utc>>,
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

const COLUMNS: &str =
    "p.id, p.kind, p.name, p.inn, p.kpp, p.ogrn, p.region, p.city, p.legal_address, p.registry_status, p.status_at,
     p.termination_date, p.registered_at, p.phone, p.email, p.passport_series, p.passport_number, p.passport_check, p.passport_result, p.passport_checked_at,
     p.updated_from, p.updated_at, p.revision";

fn read(row: &PgRow) -> Party {
    Party {
        id: row.get("id"),
        kind: row.get("kind"),
        name: row.get("name"),
        inn: row.get("inn"),
        kpp: row.get("kpp"),
        ogrn: row.get("ogrn"),
        region: row.get("region"),
        city: row.get("city"),
        legal_address: row.get("legal_address"),
        status: row.get("registry_status"),
        status_at: row.get("status_at"),
        termination_date: row.get("termination_date"),
        registered_at: row.get("registered_at"),
        phone: row.get("phone"),
        email: row.get("email"),
        passport: Passport {
            series: row.get("passport_series"),
            number: row.get("passport_number"),
            check: row.get("passport_check"),
            result: row.get("passport_result"),
            checked_at: row.get("passport_checked_at"),
        },
        updated_from: row.get("updated_from"),
        updated_at: row.get("updated_at"),
        revision: row.get("revision"),
    }
}

/// The party with an identifier.
pub async fn party(store: &Store, id: i64) -> Result<Option<Party>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    by_id(&mut connection, id).await
}

/// The same inside a transaction.
pub(crate) async fn by_id(connection: &mut PgConnection, id: i64) -> Result<Option<Party>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM party p WHERE p.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(row.map(|row| read(&row)))
}

/// The same, held until the end of the transaction.
pub(super) async fn held(connection: &mut PgConnection, id: i64) -> Result<Option<Party>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM party p WHERE p.id = $1 FOR NO KEY UPDATE");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(row.map(|row| read(&row)))
}

/// The party with the INN and KPP of a new one, held until the end of the transaction.
pub(super) async fn held_of(connection: &mut PgConnection, new: &NewParty) -> Result<Option<Party>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM party p WHERE p.inn = $1 AND coalesce(p.kpp, '') = coalesce($2, '') FOR NO KEY UPDATE"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&new.inn).bind(&new.kpp).fetch_optional(connection).await?;
    Ok(row.map(|row| read(&row)))
}

/// Writes a new party of a client; `None`: one with this INN and KPP is there.
pub(super) async fn insert_of_client(change: &mut Change, new: &NewParty) -> Result<Option<i64>, StoreError> {
    insert_from(change, new, "client").await
}

/// Writes a new party of staff; `None`: one with this INN and KPP is there.
pub(super) async fn insert(change: &mut Change, new: &NewParty) -> Result<Option<i64>, StoreError> {
    insert_from(change, new, "staff").await
}

async fn insert_from(change: &mut Change, new: &NewParty, from: &str) -> Result<Option<i64>, StoreError> {
    let now = change.now();
    Ok(sqlx::query_scalar(
        "INSERT INTO party (kind, name, inn, kpp, ogrn, city, legal_address, created_at, status_at, updated_at, updated_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $9)
         ON CONFLICT (inn, coalesce(kpp, '')) WHERE inn IS NOT NULL DO NOTHING RETURNING id",
    )
    .bind(new.kind.as_str())
    .bind(&new.name)
    .bind(&new.inn)
    .bind(&new.kpp)
    .bind(&new.ogrn)
    .bind(&new.city)
    .bind(&new.legal_address)
    .bind(now)
    .bind(from)
    .fetch_optional(change.connection())
    .await?)
}

/// Writes the kind of a party: a person who has become a sole proprietor.
pub(super) async fn write_kind(change: &mut Change, party: &Party) -> Result<(), StoreError> {
    sqlx::query("UPDATE party SET kind = $2 WHERE id = $1 AND kind <> $2")
        .bind(party.id)
        .bind(&party.kind)
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Writes all of a party but its kind and INN, which make it this one.
pub(super) async fn write(change: &mut Change, party: &Party) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE party SET name = $2, kpp = $3, ogrn = $4, region = $5, city = $6, legal_address = $7, registry_status = $8, status_at = $9, termination_date = $10,
             registered_at = $11, phone = $12, email = $13, passport_series = $14, passport_number = $15, passport_check = $16, passport_result = $17,
             passport_checked_at = $18, updated_from = $19, updated_at = $20, revision = $21 WHERE id = $1",
    )
    .bind(party.id)
    .bind(&party.name)
    .bind(&party.kpp)
    .bind(&party.ogrn)
    .bind(&party.region)
    .bind(&party.city)
    .bind(&party.legal_address)
    .bind(&party.status)
    .bind(party.status_at)
    .bind(party.termination_date)
    .bind(party.registered_at)
    .bind(&party.phone)
    .bind(&party.email)
    .bind(&party.passport.series)
    .bind(&party.passport.number)
    .bind(&party.passport.check)
    .bind(&party.passport.result)
    .bind(party.passport.checked_at)
    .bind(&party.updated_from)
    .bind(party.updated_at)
    .bind(party.revision)
    .execute(change.connection())
    .await?;
    Ok(())
}
