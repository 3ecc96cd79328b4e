//! A whole operator at once: what an operator directory holds, and loading it into an empty database.
//!
//! Owns: the descriptive columns that the engine's [`Rows`] do not have, and the bulk load ([`load()`]).
//! Does not own: reading the files (`cdr-ingest`), any later change (the rooms).
//! Always: everything or nothing, in one transaction; a database that has an operator is refused.

pub(crate) mod copy;
mod load;
mod load_counters;
mod load_locks;
mod load_terms;

pub use load::{LoadError, load, row_count};

use chrono::NaiveDate;
use rating::rows::{LockRow, ProviderId, Rows};
use rating::{Currency, Money};
use sqlx::Row;

use crate::store::{Store, StoreError};

/// Issuer.
#[derive(Clone, Debug)]
pub struct EntityDetails {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Currency of its books.
    pub currency: Currency,
    /// Tax number.
    pub inn: Option<String>,
    /// Tax registration.
    pub kpp: Option<String>,
}

/// What an account row says beyond the engine's needs.
#[derive(Clone, Debug)]
pub struct AccountDetails {
    /// Zone.
    pub zone: chrono_tz::Tz,
    /// `prepaid` or `postpaid`.
    pub mode: String,
    /// `none`, `monthly` or `days`.
    pub policy: String,
    /// Credit limit.
    pub limit: Money,
    /// Opening balance.
    pub balance: Money,
}

/// What a list says beyond the engine's needs.
#[derive(Clone, Debug)]
pub struct ListDetails {
    /// Name.
    pub name: String,
    /// Calendar of its holidays.
    pub holidays: Option<String>,
}

/// A holiday of a calendar.
#[derive(Clone, Debug)]
pub struct Holiday {
    /// Calendar.
    pub calendar: String,
    /// Day.
    pub day: NaiveDate,
    /// Name.
    pub name: String,
}

/// A band's texts.
#[derive(Clone, Debug)]
pub struct BandDetails {
    /// Days.
    pub days: String,
    /// Hours.
    pub hours: String,
    /// Dates.
    pub dates: String,
}

/// What a row of a number says beyond the engine's needs.
#[derive(Clone, Debug)]
pub struct DidDetails {
    /// Provider.
    pub provider: Option<ProviderId>,
    /// Place of service.
    pub place: Option<String>,
    /// `ordinary` or `fmtn`.
    pub kind: String,
    /// `yes`, `forced` or `no`.
    pub sale: String,
}

/// A lock with its author; inactive ones are not among the engine's rows.
#[derive(Clone, Debug)]
pub struct LockDetails {
    /// The lock.
    pub row: LockRow,
    /// Whether it is in force.
    pub active: bool,
    /// Author.
    pub author: String,
    /// Reason.
    pub reason: String,
}

/// A source's texts.
#[derive(Clone, Debug)]
pub struct SourceDetails {
    /// Number rules.
    pub rules: String,
    /// Technical prefixes.
    pub tech: String,
}

/// A tax rate of any category.
#[derive(Clone, Debug)]
pub struct TaxDetails {
    /// Category.
    pub category: String,
    /// Regime.
    pub regime: String,
    /// First day.
    pub from: NaiveDate,
    /// Percent in hundredths.
    pub basis_points: u32,
}

/// An operator. Vectors named like those of [`Rows`] run parallel to them.
#[derive(Clone, Debug)]
pub struct Operator {
    /// What the engine reads.
    pub rows: Rows,
    /// Issuer.
    pub entity: EntityDetails,
    /// Holidays of all calendars.
    pub holidays: Vec<Holiday>,
    /// Each list.
    pub lists: Vec<ListDetails>,
    /// Each band.
    pub bands: Vec<BandDetails>,
    /// Name of each plan.
    pub plans: Vec<String>,
    /// Name of each provider.
    pub providers: Vec<String>,
    /// Each source.
    pub sources: Vec<SourceDetails>,
    /// Clients by identifier: (identifier, code).
    pub clients: Vec<(u64, String)>,
    /// Code of each group.
    pub groups: Vec<String>,
    /// Name of each discount.
    pub discounts: Vec<String>,
    /// Why, of each tax of a client's own.
    pub client_taxes: Vec<String>,
    /// Each account.
    pub accounts: Vec<AccountDetails>,
    /// Each row of [`Rows::dids`].
    pub dids: Vec<DidDetails>,
    /// All locks.
    pub locks: Vec<LockDetails>,
    /// All taxes.
    pub taxes: Vec<TaxDetails>,
    /// Settings that differ from the defaults.
    pub settings: Vec<(String, String)>,
}

/// The code of the loaded operator and its number of accounts, if one is loaded.
pub async fn loaded(store: &Store) -> Result<Option<(String, i64)>, StoreError> {
    let row = sqlx::query("SELECT code, (SELECT count(*) FROM account) AS accounts FROM legal_entity LIMIT 1")
        .fetch_optional(store.pool())
        .await?;
    Ok(row.map(|row| (row.get("code"), row.get("accounts"))))
}
