//! Files of ranges and numbers: read, compared with what is there, applied.
//!
//! ```text
//! file -> sheet (ranges, all faults at once) -> compare (new, come back, changed, the same) -> a draft -> apply, or discarded
//! ```
//!
//! Owns: tables `did_import`, `did_import_row`, `did_import_change`; the order of the steps, the summary of what a draft does.
//! Does not own: the steps themselves.
//! Always: a file is taken as a whole or refused with all its faults; a draft changes nothing; what is applied is what the preview showed, or it is refused; of what
//! an import changed, what was before is kept.

mod apply;
mod compare;
mod faults;
mod lists;
mod sheet;

pub use apply::{apply, discard};
pub use faults::{FAULTS_MAX, Faults, RowFault};
pub use lists::{IMPORT_CHANGES, IMPORT_ROWS, IMPORTS};
pub use sheet::{Column, LayoutError};

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use numbering::{Digits, NumberRules};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use self::sheet::{Directory, Layout, Range};
use super::classes::InForce;
use crate::change::Change;
use crate::edit::Edit;
use crate::operator::copy::Copy;
use crate::price_lists::{FileFacts, SheetError, SheetOptions, plain, read_sheet};
use crate::settings;
use crate::store::{Store, StoreError};

/// Most numbers of an import: so many are applied in less than a minute.
pub const NUMBERS_MAX: u64 = 1_000_000;
/// Most numbers that come back by one import: each is a step of its own.
const RETURNED_MAX: u64 = 10_000;

/// Why a file did not become a draft, or a draft stays one.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no sheet.
    #[error("the file is no sheet: {0:?}")]
    Sheet(SheetError),
    /// The columns do not fit.
    #[error("the columns do not fit: {0:?}")]
    Layout(LayoutError),
    /// Rows have faults.
    #[error("{} rows have faults", .0.count)]
    Faults(Faults),
    /// More withdrawn numbers come back than one import brings.
    #[error("{0} withdrawn numbers come back; {RETURNED_MAX} at most do so by one import")]
    TooManyReturned(u64),
    /// All is so already; the import that made it so, where it was of the same file.
    #[error("nothing of the file is new")]
    Already(Option<i64>),
    /// No such import.
    #[error("there is no such import")]
    NotFound,
    /// It is no draft any more.
    #[error("the import is {0}")]
    State(String),
    /// This import or another one is being applied.
    #[error("an import is being applied")]
    Busy,
    /// What it was compared with has changed.
    #[error("numbers, regions or rules of classes were changed since the comparison")]
    StalePreview,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// Reading the file broke off.
    #[error("reading the file broke off")]
    BrokeOff,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a draft does, in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows of the file behind its titles, as ranges.
    pub ranges: u64,
    /// Numbers of them.
    pub numbers: u64,
    /// Those that come into the capacity.
    pub new: u64,
    /// Those that were withdrawn and come back.
    pub returned: u64,
    /// Those that become something else.
    pub changed: u64,
    /// Those that are so already.
    pub same: u64,
    /// Numbers by the class that the rules give them; those of none are not counted.
    pub classes: BTreeMap<String, u64>,
    /// As what the file was read.
    pub read_as: String,
    /// Our columns, and what the file calls them.
    pub columns: BTreeMap<String, String>,
    /// Titles of columns that were not read.
    pub ignored: Vec<String>,
}

/// A draft that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedNumbers {
    /// Identifier of the import.
    pub id: i64,
    /// What it would do.
    pub summary: Summary,
}

/// A file that was read.
struct Prepared {
    ranges: Vec<Range>,
    /// How many numbers are of which class.
    classes: HashMap<i32, u64>,
    summary: Summary,
}

/// Reads a file, compares it with what is there, and keeps it as a draft.
///
/// # Errors
/// Everything that is wrong with the file, at once.
pub async fn stage(
    change: &mut Change,
    file: &FileFacts,
    bytes: impl AsRef<[u8]> + Send + 'static,
    options: SheetOptions,
    reason: &str,
) -> Result<StagedNumbers, ImportError> {
    let directory = directory(change.connection()).await?;
    let rules = number_rules(change.connection()).await?;
    let in_force = InForce::read(change.connection()).await?;
    let version = in_force.version;
    let work = move || prepare(bytes.as_ref(), &options, &directory, &rules, &in_force);
    let prepared = tokio::task::spawn_blocking(work).await.map_err(|_| ImportError::BrokeOff)??;
    let mut summary = prepared.summary;
    summary.classes = by_code(change.connection(), &prepared.classes).await?;
    let id = write_head(change, file).await?;
    write_rows(change.connection(), id, &prepared.ranges).await?;
    let compared = compare::compare(change.connection(), id, version).await?;
    (summary.returned, summary.changed, summary.same) = (compared.returned, compared.changed, compared.same);
    summary.new = summary.numbers - summary.returned - summary.changed - summary.same;
    if summary.same == summary.numbers {
        return Err(ImportError::Already(applied_before(change.connection(), file).await?));
    }
    if summary.returned > RETURNED_MAX {
        return Err(ImportError::TooManyReturned(summary.returned));
    }
    sqlx::query("UPDATE did_import SET summary = $2, seen = $3 WHERE id = $1")
        .bind(id)
        .bind(shown(&summary)?)
        .bind(&compared.seen)
        .execute(change.connection())
        .await?;
    let after = json!({"file": file.name, "numbers": summary.numbers, "new": summary.new, "returned": summary.returned, "changed": summary.changed});
    change.record("did.import_draft", "did_import", id, &Value::Null, &after, reason);
    Ok(StagedNumbers { id, summary })
}

fn prepare(
    bytes: &[u8],
    options: &SheetOptions,
    directory: &Directory,
    rules: &NumberRules,
    in_force: &InForce,
) -> Result<Prepared, ImportError> {
    let sheet = read_sheet(bytes, options).map_err(ImportError::Sheet)?;
    let layout = Layout::of(&sheet).map_err(ImportError::Layout)?;
    let ranges = sheet::read(&sheet, &layout, directory, rules).map_err(ImportError::Faults)?;
    let mut classes = HashMap::new();
    for number in ranges.iter().flat_map(|range| range.first..=range.last) {
        if let Some(class) = in_force.class_of(digits(number)) {
            *classes.entry(class).or_default() += 1;
        }
    }
    let summary = Summary {
        ranges: ranges.len() as u64,
        numbers: ranges.iter().map(Range::len).sum(),
        read_as: sheet.read_as.clone(),
        columns: layout.used(),
        ignored: layout.ignored(),
        ..Summary::default()
    };
    Ok(Prepared { ranges, classes, summary })
}

/// The digits of a number that was read.
fn digits(number: u64) -> Digits {
    Digits::parse(number.to_string().as_bytes()).unwrap_or_default()
}

fn shown(summary: &Summary) -> Result<Value, StoreError> {
    serde_json::to_value(summary)
        .map_err(|error| StoreError::Inconsistent { table: "did_import", problem: error.to_string() })
}

/// Codes that a file may name.
async fn directory(connection: &mut PgConnection) -> Result<Directory, StoreError> {
    let mut directory = Directory::default();
    for row in &sqlx::query("SELECT id, code FROM provider").fetch_all(&mut *connection).await? {
        directory.providers.insert(row.get("code"), row.get("id"));
    }
    let regions = sqlx::query("SELECT id, code, name FROM number_region WHERE closed_at IS NULL ORDER BY id");
    let regions = regions.fetch_all(connection).await?;
    for row in &regions {
        directory.regions.insert(plain(row.get("name")), row.get("id"));
    }
    // A code beats another region's name.
    for row in &regions {
        directory.regions.insert(row.get("code"), row.get("id"));
    }
    Ok(directory)
}

/// How staff write numbers.
async fn number_rules(connection: &mut PgConnection) -> Result<NumberRules, StoreError> {
    let rules = settings::value(connection, "search.number_rules").await?;
    NumberRules::parse(&rules, "")
        .map_err(|error| StoreError::Inconsistent { table: "setting", problem: error.to_string() })
}

async fn by_code(
    connection: &mut PgConnection,
    counts: &HashMap<i32, u64>,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let rows = sqlx::query("SELECT id, code FROM number_class").fetch_all(connection).await?;
    let count = |row: &sqlx::postgres::PgRow| Some((row.get("code"), *counts.get(&row.get::<i32, _>("id"))?));
    Ok(rows.iter().filter_map(count).collect())
}

async fn write_head(change: &mut Change, file: &FileFacts) -> Result<i64, StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let id = sqlx::query_scalar(
        "INSERT INTO did_import (file_name, file_bytes, file_sha256, summary, created_at, created_by) VALUES ($1, $2, $3, '{}', $4, $5) RETURNING id",
    )
    .bind(&file.name)
    .bind(file.bytes as i64)
    .bind(&file.sha256)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    Ok(id)
}

async fn write_rows(connection: &mut PgConnection, import: i64, ranges: &[Range]) -> Result<(), StoreError> {
    let import = import.to_string();
    let columns = "did_import_row (import_id, no, first, last, provider_id, region_id, place, kind, sale, price, says)";
    let mut copy = Copy::begin(connection, columns, &|_| ()).await?;
    let id = |edit: &Edit<i32>| if let Edit::Set(id) = edit { Some(id.to_string()) } else { None };
    for range in ranges {
        let said = &range.said;
        let place = if let Edit::Set(place) = &said.place { Some(place.as_str()) } else { None };
        let price = if let Edit::Set(price) = &said.price { Some(price.to_string()) } else { None };
        copy.line(&[
            Some(&import),
            Some(&range.row.to_string()),
            Some(&range.first.to_string()),
            Some(&range.last.to_string()),
            id(&said.provider).as_deref(),
            id(&said.region).as_deref(),
            place,
            said.kind.map(super::DidKind::as_str),
            said.is_for_sale.map(|yes| if yes { "yes" } else { "no" }),
            price.as_deref(),
            Some(&format!("{{{}}}", said.columns().join(","))),
        ])
        .await?;
    }
    copy.end().await
}

/// The last import of the same file that was applied.
async fn applied_before(connection: &mut PgConnection, file: &FileFacts) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT max(id) FROM did_import WHERE file_sha256 = $1 AND state = 'applied'")
        .bind(&file.sha256)
        .fetch_one(connection)
        .await?)
}

/// An import, without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumbersImport {
    /// Identifier.
    pub id: i64,
    /// `draft`, `applied` or `discarded`.
    pub state: String,
    /// Name of the file.
    pub file_name: String,
    /// Its length.
    pub file_bytes: i64,
    /// What it does, or did.
    pub summary: Value,
    /// When it was brought in.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was applied or discarded.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why.
    pub close_reason: String,
    /// Raised with every change.
    pub revision: i64,
}

/// An import; `None`: there is none with this identifier.
pub async fn by_id(store: &Store, id: i64) -> Result<Option<NumbersImport>, StoreError> {
    let row = sqlx::query(
        "SELECT id, state, file_name, file_bytes, summary, created_at, created_by, closed_at, closed_by, close_reason, revision FROM did_import WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| NumbersImport {
        id: row.get("id"),
        state: row.get("state"),
        file_name: row.get("file_name"),
        file_bytes: row.get("file_bytes"),
        summary: row.get("summary"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        closed_at: row.get("closed_at"),
        closed_by: row.get("closed_by"),
        close_reason: row.get("close_reason"),
        revision: row.get("revision"),
    }))
}
