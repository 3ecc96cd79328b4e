//! What the hot path reads: the rows of a snapshot, across rooms, read only.
//!
//! Owns: the queries that fill [`Rows`], the catalogue's version, what it changed, and its notification.
//! Does not own: any table of the rooms.
//! Always: one REPEATABLE READ transaction, so the rows belong together; nothing here writes but [`raise_version`] and what it says.

mod charges;
pub(crate) mod counters;
mod parties;
mod snapshot;
pub(crate) mod tariffs;
mod terms;
mod touched;

pub use charges::{Charged, changes, read_rows_of};
pub use snapshot::{SnapshotError, read_snapshot};
pub(crate) use touched::{Touched, moved_since, raise_version};

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use numbering::{NumberRules, ShortCode};
use rating::identify::Identify;
use rating::list::Validity;
use rating::lock::BreachRules;
use rating::mapping::{Mapping, MappingText};
use rating::rows::{
    AccountId, ClientId, EngineSettings, EntityRow, ListId, PlanId, ProviderId, ProviderRow, Rows, SourceRow, Symbol,
    TaxRow,
};
use rating::wording::Language;
use rating::{Currency, Money};
use rust_decimal::Decimal;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgListener, PgRow};

use crate::store::{Store, StoreError};

/// Channel on which a new catalogue version is announced.
const CHANNEL: &str = "tollgate_catalogue";

fn inconsistent(table: &'static str, problem: impl Into<String>) -> StoreError {
    StoreError::Inconsistent { table, problem: problem.into() }
}

/// The version in force.
pub async fn version(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT version FROM catalogue").fetch_one(store.pool()).await?)
}

/// Waits for announcements of a new version.
pub struct VersionListener(PgListener);

impl VersionListener {
    /// Listens from now on.
    pub async fn open(store: &Store) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect_with(store.pool()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Returns when a new version was announced.
    pub async fn changed(&mut self) -> Result<(), StoreError> {
        self.0.recv().await?;
        Ok(())
    }
}

/// Interns qualifier words.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    pub(crate) words: Vec<String>,
    index: HashMap<String, Symbol>,
}

impl Symbols {
    pub(crate) fn of(&mut self, word: &str) -> Symbol {
        if let Some(symbol) = self.index.get(word) {
            return *symbol;
        }
        let symbol = Symbol(self.words.len() as u32);
        self.words.push(word.to_owned());
        self.index.insert(word.to_owned(), symbol);
        symbol
    }
}

async fn read_settings(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let entity = sqlx::query("SELECT zone, currency FROM legal_entity ORDER BY id LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(row) = entity {
        rows.entity = EntityRow {
            zone: parse(row.get("zone"), "legal_entity", "a time zone")?,
            currency: currency(row.get("currency"), "legal_entity")?,
        };
    }
    let settings: HashMap<String, String> = sqlx::query("SELECT key, value FROM setting")
        .fetch_all(&mut *connection)
        .await?
        .iter()
        .map(|row| (row.get("key"), row.get("value")))
        .collect();
    let text = |key: &str| settings.get(key).cloned().unwrap_or_default();
    let codes = |key: &str| {
        let text = text(key);
        let codes = text.split_whitespace().map(|code| {
            ShortCode::parse(code)
                .ok_or_else(|| inconsistent("setting", format!("{key}: `{code}` is not a code of 2 to 6 digits")))
        });
        codes.collect::<Result<Vec<_>, _>>()
    };
    let action = |key: &str| parse(&text(key), "setting", "charge, zero or suspend");
    rows.settings = EngineSettings {
        emergency: codes("numbering.emergency")?,
        short_codes: codes("numbering.short_codes")?,
        breach: BreachRules {
            client: action("lock.breach.client")?,
            operator: action("lock.breach.operator")?,
            fraud: action("lock.breach.fraud")?,
        },
    };
    let taxes = sqlx::query("SELECT valid_from, (percent * 100)::int AS basis_points FROM tax_rate WHERE category = 'standard' AND regime = 'general'")
        .fetch_all(&mut *connection)
        .await?;
    rows.taxes = taxes
        .iter()
        .map(|row| TaxRow {
            from: row.get::<NaiveDate, _>("valid_from"),
            basis_points: row.get::<i32, _>("basis_points") as u32,
        })
        .collect();
    Ok(())
}

async fn read_providers_and_sources(connection: &mut PgConnection, rows: &mut Rows) -> Result<(), StoreError> {
    let providers = sqlx::query(
        "SELECT p.id, p.code, coalesce(array_agg(t.trunk) FILTER (WHERE t.trunk IS NOT NULL), '{}') AS trunks
         FROM provider p LEFT JOIN provider_trunk t ON t.provider_id = p.id GROUP BY p.id ORDER BY p.id",
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.providers = providers
        .iter()
        .map(|row| ProviderRow { id: provider_id(row.get("id")), code: row.get("code"), trunks: row.get("trunks") })
        .collect();
    let sources = sqlx::query(
        "SELECT code, format, zone, whole_seconds, on_net, number_rules, tech_prefixes, account_by, account_field, mapping FROM source ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &sources {
        let rules = NumberRules::parse(row.get("number_rules"), row.get("tech_prefixes"));
        let identify = Identify::parse(row.get("account_by"), row.get::<Option<&str>, _>("account_field"));
        rows.sources.push(SourceRow {
            code: row.get("code"),
            format: row.get("format"),
            zone: parse(row.get("zone"), "source", "a time zone")?,
            whole_seconds: parse(row.get("whole_seconds"), "source", "none, down, half_up or up")?,
            on_net_once: row.get::<&str, _>("on_net") == "once",
            rules: rules.map_err(|error| inconsistent("source", error.to_string()))?,
            identify: identify.map_err(|bad| inconsistent("source", bad.text(Language::English)))?,
            mapping: read_mapping(row)?,
        });
    }
    Ok(())
}

/// The configured sources, for who reads records without rating them.
pub async fn sources(store: &Store) -> Result<Vec<SourceRow>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let mut rows = Rows::empty();
    read_providers_and_sources(&mut connection, &mut rows).await?;
    Ok(rows.sources)
}

/// The mapping of a source.
fn read_mapping(row: &PgRow) -> Result<Option<Arc<Mapping>>, StoreError> {
    let bad = |problem: String| {
        let code: &str = row.get("code");
        inconsistent("source", format!("`{code}`, whose mapping is no mapping: {problem}"))
    };
    let Some(text) = row.get::<Option<serde_json::Value>, _>("mapping") else { return Ok(None) };
    let text: MappingText = serde_json::from_value(text).map_err(|error| bad(error.to_string()))?;
    let mapping = Mapping::read(text).map_err(|faults| {
        let said = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.text(Language::English)));
        bad(said.collect::<Vec<_>>().join("; "))
    })?;
    Ok(Some(Arc::new(mapping)))
}

fn parse<T: std::str::FromStr>(text: &str, table: &'static str, what: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| inconsistent(table, format!("`{text}`, which is not {what}")))
}

fn currency(text: &str, table: &'static str) -> Result<Currency, StoreError> {
    Currency::parse(text).ok_or_else(|| inconsistent(table, format!("`{text}`, which is not a currency")))
}

fn money(amount: Decimal) -> Option<Money> {
    Money::parse(&amount.normalize().to_string())
}

fn validity(row: &PgRow) -> Validity {
    let at = |column: &str| row.get::<Option<chrono::DateTime<chrono::Utc>>, _>(column).map(|at| at.timestamp_millis());
    Validity { from_ms: at("valid_from").unwrap_or(i64::MIN), to_ms: at("valid_to").unwrap_or(i64::MAX) }
}

const fn account_id(id: i64) -> AccountId {
    AccountId(id as u64)
}

const fn client_id(id: i64) -> ClientId {
    ClientId(id as u64)
}

const fn provider_id(id: i32) -> ProviderId {
    ProviderId(id as u32)
}

const fn list_id(id: i32) -> ListId {
    ListId(id as u32)
}

const fn plan_id(id: i32) -> PlanId {
    PlanId(id as u32)
}
