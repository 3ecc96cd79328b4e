//! What the hot path reads: the rows of a snapshot, across rooms, read only.
//!
//! Owns: the queries that fill [`Rows`], the catalogue's version and its notification.
//! Does not own: any table.
//! Always: one REPEATABLE READ transaction, so the rows belong together; nothing here writes but [`raise_version`].

mod charges;
pub(crate) mod counters;
mod parties;
pub(crate) mod tariffs;

pub use charges::{Charged, changes, read_rows_of};

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use numbering::{NumberRules, NumberingPlan, ShortCode};
use rating::build::{BadRow, ListContext, Lists};
use rating::list::Validity;
use rating::lock::BreachRules;
use rating::rows::{
    AccountId, ClientId, EngineSettings, EntityRow, ListId, PlanId, ProviderId, ProviderRow, Rows, SourceRow, Symbol,
    TaxRow,
};
use rating::{Currency, Money, Snapshot};
use rust_decimal::Decimal;
use sqlx::postgres::{PgConnection, PgListener, PgRow};
use sqlx::{Acquire, Row};

use crate::store::{Store, StoreError};

/// Channel on which a new catalogue version is announced.
const CHANNEL: &str = "tollgate_catalogue";

fn inconsistent(table: &'static str, problem: impl Into<String>) -> StoreError {
    StoreError::Inconsistent { table, problem: problem.into() }
}

/// Raises the catalogue's version inside a transaction and announces it at its commit.
pub(crate) async fn raise_version(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let version: i64 = sqlx::query_scalar("UPDATE catalogue SET version = version + 1 RETURNING version")
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(version.to_string()).execute(&mut *connection).await?;
    Ok(version)
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

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its rows contradict each other.
    #[error("the catalogue contradicts itself in {} rows, first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Contradictions(Vec<BadRow>),
}

impl From<sqlx::Error> for SnapshotError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Reads the catalogue and builds its snapshot, a list at a time: never more than one is in memory as rows. Lists of the same revision are shared with
/// `former`, neither read nor packed again. Needs a runtime with several threads: packing is work for one of them.
///
/// # Errors
/// The database, or rows that contradict each other.
pub async fn read_snapshot(
    store: &Store,
    numbering: Arc<NumberingPlan>,
    former: Option<&Snapshot>,
) -> Result<Snapshot, SnapshotError> {
    let mut connection = store.pool().acquire().await?;
    let mut tx = connection.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *tx).await?;
    let mut symbols = Symbols::default();
    for word in former.map_or(&[][..], Snapshot::words) {
        symbols.of(word);
    }
    let (mut rows, bands, volumes) = read_head(&mut tx).await?;
    let terms = tariffs::read_rate_terms(&mut tx, &mut rows, (&bands, &volumes), None).await?;
    let mut lists = former.map_or_else(Lists::new, Lists::after);
    for head in &rows.lists {
        if former.is_some_and(|former| lists.keep(former, head)) {
            continue;
        }
        let rates = tariffs::read_rate_rows(&mut tx, &terms, &mut symbols, Some(head.id)).await?;
        let context = ListContext { rates: &rows.rates, bands: &rows.bands, volumes: &rows.volumes };
        tokio::task::block_in_place(|| lists.add(head, rates.into_iter().zip(0..).collect(), context));
    }
    read_parties(&mut tx, &mut rows, &mut symbols).await?;
    tx.commit().await?;
    rows.symbols = symbols.words;
    let built = tokio::task::block_in_place(|| Snapshot::assemble(rows, lists, numbering));
    built.map_err(SnapshotError::Contradictions)
}

/// Version, settings, providers, sources, and the heads of lists with their bands and volumes.
async fn read_head(
    connection: &mut PgConnection,
) -> Result<(Rows, tariffs::BandIndex, counters::VolumeIndex), StoreError> {
    let mut rows = Rows::empty();
    let version: i64 = sqlx::query_scalar("SELECT version FROM catalogue").fetch_one(&mut *connection).await?;
    rows.version = version as u64;
    read_settings(&mut *connection, &mut rows).await?;
    read_providers_and_sources(&mut *connection, &mut rows).await?;
    let bands = tariffs::read_lists(&mut *connection, &mut rows).await?;
    let volumes = counters::read_volumes(&mut *connection, &mut rows).await?;
    Ok((rows, bands, volumes))
}

/// Plans and who has them, terms, numbers, locks: everybody's.
async fn read_parties(connection: &mut PgConnection, rows: &mut Rows, symbols: &mut Symbols) -> Result<(), StoreError> {
    tariffs::read_plans(&mut *connection, rows).await?;
    counters::read_bundles(&mut *connection, rows).await?;
    parties::read_accounts(&mut *connection, rows, &Of::All).await?;
    parties::read_account_trunks(&mut *connection, rows).await?;
    parties::read_terms(&mut *connection, rows, &Of::All).await?;
    parties::read_numbers(&mut *connection, rows, symbols).await?;
    parties::read_locks(&mut *connection, rows, &Of::All).await
}

/// Whose rows are read.
enum Of {
    /// Everybody's.
    All,
    /// Those that some charges were priced by.
    Charges {
        /// Who pays.
        accounts: Vec<i64>,
        /// Everything that the numbers begin with, as tables write it.
        prefixes: Vec<String>,
    },
}

impl Of {
    /// The accounts, if not all.
    fn accounts(&self) -> Option<&[i64]> {
        match self {
            Self::All => None,
            Self::Charges { accounts, .. } => Some(accounts),
        }
    }

    /// The prefixes; none where everybody's rows are read.
    fn prefixes(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Charges { prefixes, .. } => prefixes,
        }
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
        "SELECT code, format, zone, whole_seconds, on_net, number_rules, tech_prefixes FROM source ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &sources {
        let rules = NumberRules::parse(row.get("number_rules"), row.get("tech_prefixes"));
        rows.sources.push(SourceRow {
            code: row.get("code"),
            format: row.get("format"),
            zone: parse(row.get("zone"), "source", "a time zone")?,
            whole_seconds: parse(row.get("whole_seconds"), "source", "none, down, half_up or up")?,
            on_net_once: row.get::<&str, _>("on_net") == "once",
            rules: rules.map_err(|error| inconsistent("source", error.to_string()))?,
        });
    }
    Ok(())
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
