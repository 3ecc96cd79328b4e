//! An import: from the bytes of a file to a draft that can be looked at.
//!
//! Owns: the order of the steps, what is asked of them, the summary of what a draft changes.
//! Does not own: the steps themselves.
//! Always: one transaction; the list cannot change between its comparison and the draft; work on rows is done off the threads that answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rating::{Money, Snapshot};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};

use super::columns::{Layout, Mapping, MappingError, layout};
use super::compare::{Comparison, Kind, Line, Mode, compare};
use super::faults::Faults;
use super::margin::{DraftList, Losses, losses};
use super::rows::{ValidRows, validate};
use super::sheet::{self, Sheet, SheetError, SheetOptions};
use super::stage::{Staged, stage};
use super::state::{self, ListState};
use crate::change::Change;
use crate::decimal;
use crate::store::StoreError;

/// Extremes of each direction that the summary names.
const EXTREMES: usize = 5;

/// What is known of a file besides its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
}

impl FileFacts {
    /// The facts of these bytes.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: bytes.len() as u64, sha256: Sha256::digest(bytes).to_vec() }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Code of the list.
    pub list: String,
    /// What becomes of rows that the file does not have.
    pub mode: Mode,
    /// From when the prices are in force; `None` = from the activation.
    pub starts_at: Option<DateTime<Utc>>,
    /// Whether that moment may lie in the past.
    pub backdate: bool,
    /// Length of the reference call by which prices are compared, in seconds, above 0.
    pub reference_s: u32,
    /// Which column is which.
    pub mapping: Mapping,
    /// How the file is read.
    pub sheet: SheetOptions,
    /// Words of the author.
    pub note: String,
}

/// Why a file did not become a draft.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No such list.
    #[error("there is no such price list")]
    NoList,
    /// The file is no sheet.
    #[error("the file is no sheet: {0:?}")]
    Sheet(SheetError),
    /// The columns do not fit.
    #[error("the columns do not fit: {0:?}")]
    Mapping(Vec<MappingError>),
    /// Rows have faults.
    #[error("{} rows have faults", .0.count)]
    Faults(Faults),
    /// The moment is past, and nobody said that it may be.
    #[error("the moment from which the prices count is past")]
    Past,
    /// The moment lies in a month that is closed, or before one.
    #[error("the moment from which the prices count lies in a closed period")]
    ClosedPeriod,
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

/// A price that changes much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extreme {
    /// The prefix.
    pub prefix: String,
    /// The reference call before.
    pub before: Decimal,
    /// And after.
    pub after: Decimal,
    /// The difference in percent of what it was.
    pub percent: Decimal,
}

/// What a draft changes, in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows of the sheet.
    pub sheet_rows: usize,
    /// Prices that they say: a cell may hold several prefixes.
    pub prices: usize,
    /// Lines of each kind, by its word.
    pub kinds: BTreeMap<String, usize>,
    /// Rows of the list that the sheet does not speak of, and that stay.
    pub untouched: usize,
    /// Lines that take effect later than the list: prices that are announced.
    pub later: usize,
    /// Rows that will be published.
    pub publishes: usize,
    /// Rows that will be withdrawn.
    pub withdraws: usize,
    /// Prices whose parts inside time bands end, because the sheet has none.
    pub bands_dropped: usize,
    /// The greatest rises.
    pub rises: Vec<Extreme>,
    /// The greatest falls.
    pub falls: Vec<Extreme>,
    /// As what the file was read.
    pub read_as: String,
    /// Our columns, and what the sheet calls them.
    pub columns: BTreeMap<String, String>,
    /// Titles of columns that were not read.
    pub ignored: Vec<String>,
    /// Destinations sold below what they cost, by provider.
    pub losses: BTreeMap<String, usize>,
    /// Lists that could not be compared with: no exchange rate, or no tax rate.
    pub not_compared: Vec<String>,
}

/// A file that was read and compared, before it is written down.
pub struct Prepared {
    pub(crate) state: ListState,
    pub(crate) comparison: Comparison,
    pub(crate) losses: Losses,
    /// What it changes.
    pub summary: Summary,
}

/// Imports a file as a draft of the list's next state.
///
/// # Errors
/// Everything that is wrong with the file, at once.
pub async fn import(
    change: &mut Change,
    order: Order,
    file: FileFacts,
    bytes: impl AsRef<[u8]> + Send + 'static,
    snapshot: Option<Arc<Snapshot>>,
) -> Result<Staged, ImportError> {
    let state = state::read(change.connection(), &order.list).await?.ok_or(ImportError::NoList)?;
    let previewed_at = order.starts_at.unwrap_or(change.now());
    if previewed_at < change.now() {
        refuse_past(change.connection(), previewed_at, order.backdate).await?;
    }
    let asked = order.clone();
    let starts_ms = previewed_at.timestamp_millis();
    let work = move || prepare(state, &asked, bytes.as_ref(), starts_ms, snapshot.as_deref());
    let prepared = tokio::task::spawn_blocking(work).await.map_err(|_| ImportError::BrokeOff)??;
    Ok(stage(change, &prepared, &order, &file, previewed_at).await?)
}

/// Refuses a moment in the past that nobody allowed, or that a closed month would have to know.
pub(crate) async fn refuse_past(
    connection: &mut PgConnection,
    moment: DateTime<Utc>,
    allowed: bool,
) -> Result<(), ImportError> {
    if !allowed {
        return Err(ImportError::Past);
    }
    let closed: bool = sqlx::query(
        "SELECT exists(SELECT FROM billing_period p JOIN legal_entity e ON e.id = p.legal_entity_id
                       WHERE p.closed_at IS NOT NULL AND (p.month + interval '1 month') AT TIME ZONE e.zone > $1) AS closed",
    )
    .bind(moment)
    .fetch_one(connection)
    .await?
    .get("closed");
    if closed { Err(ImportError::ClosedPeriod) } else { Ok(()) }
}

/// Reads, validates and compares a file.
///
/// # Errors
/// As [`import`].
fn prepare(
    mut state: ListState,
    order: &Order,
    bytes: &[u8],
    starts_ms: i64,
    snapshot: Option<&Snapshot>,
) -> Result<Prepared, ImportError> {
    let sheet = sheet::read(bytes, &order.sheet).map_err(ImportError::Sheet)?;
    let layout = layout(&sheet, &order.mapping).map_err(ImportError::Mapping)?;
    let valid = validate(&mut state, &sheet, &layout, &order.mapping, starts_ms).map_err(ImportError::Faults)?;
    compared(state, order, &sheet, &layout, &valid, starts_ms, snapshot)
}

/// Compares rows that were found good.
///
/// # Errors
/// Rows that contradict others.
pub fn compared(
    state: ListState,
    order: &Order,
    sheet: &Sheet,
    layout: &Layout,
    valid: &ValidRows,
    starts_ms: i64,
    snapshot: Option<&Snapshot>,
) -> Result<Prepared, ImportError> {
    let comparison = compare(&state, valid, layout, order.mode, starts_ms, order.reference_s);
    let comparison = comparison.map_err(ImportError::Faults)?;
    let losses = snapshot.map(|snapshot| losses_of(&state, &comparison, snapshot, starts_ms, order.reference_s));
    let losses = losses.unwrap_or_default();
    let summary = summary(sheet, layout, valid, &comparison, &losses, starts_ms);
    Ok(Prepared { state, comparison, losses, summary })
}

/// Where the draft sells below cost, or makes others do so.
fn losses_of(state: &ListState, comparison: &Comparison, snapshot: &Snapshot, starts_ms: i64, seconds: u32) -> Losses {
    let amounts = state.reference_amounts(seconds, starts_ms);
    let mut prices: Vec<_> = (comparison.in_force.iter())
        .filter_map(|((prefix, qualifiers), rate)| Some((*prefix, *qualifiers, amounts[*rate as usize]?)))
        .collect();
    prices.sort_by_key(|(prefix, ..)| *prefix);
    let draft = DraftList { head: &state.head, prices };
    losses(snapshot, state.head.id, Some(&draft), starts_ms, seconds)
}

fn summary(
    sheet: &Sheet,
    layout: &Layout,
    valid: &ValidRows,
    comparison: &Comparison,
    losses: &Losses,
    starts_ms: i64,
) -> Summary {
    let mut of_provider = BTreeMap::new();
    for loss in &losses.losses {
        *of_provider.entry(loss.provider.clone()).or_default() += 1;
    }
    let lines = &comparison.lines;
    let columns = layout.used.iter().map(|(column, title)| (column.to_string(), title.clone()));
    Summary {
        sheet_rows: valid.sheet_rows,
        prices: valid.rows.len(),
        kinds: Kind::ALL.iter().map(|kind| (kind.to_string(), comparison.count(*kind))).collect(),
        untouched: comparison.untouched,
        later: lines.iter().filter(|line| line.at_ms > starts_ms).count(),
        publishes: lines.iter().filter(|line| line.publishes).count(),
        withdraws: comparison.withdraws.len(),
        bands_dropped: comparison.bands_dropped,
        rises: extremes(lines, Kind::Dearer),
        falls: extremes(lines, Kind::Cheaper),
        read_as: sheet.read_as.clone(),
        columns: columns.collect(),
        ignored: layout.ignored.clone(),
        losses: of_provider,
        not_compared: losses.not_compared.clone(),
    }
}

/// The difference in percent of what it was, to four decimals; `None` where it was nothing.
pub(crate) fn percent(before: Decimal, after: Decimal) -> Option<Decimal> {
    let share = (after - before).checked_mul(Decimal::ONE_HUNDRED)?.checked_div(before)?;
    Some(share.round_dp_with_strategy(4, rust_decimal::RoundingStrategy::MidpointAwayFromZero).normalize())
}

fn extremes(lines: &[Line], kind: Kind) -> Vec<Extreme> {
    // A price that was 0 has no percentage: it comes first, by what it is now.
    let share = |before: Money, after: Money| {
        let (before, after) = (i128::from(before.nanos()), i128::from(after.nanos()));
        if before == 0 { (1, after) } else { (0, (after - before) * 1_000_000 / before) }
    };
    let mut found: Vec<(&Line, Money, Money)> = lines
        .iter()
        .filter(|line| line.kind == kind)
        .filter_map(|line| Some((line, line.before?, line.after?)))
        .collect();
    found.sort_by_key(|(line, before, after)| {
        let (from_nothing, share) = share(*before, *after);
        (std::cmp::Reverse((from_nothing, share.abs())), line.key)
    });
    let shown = |(line, before, after): &(&Line, Money, Money)| {
        let (before, after) = (decimal(*before).normalize(), decimal(*after).normalize());
        Some(Extreme { prefix: format!("{:?}", line.key.0), before, after, percent: percent(before, after)? })
    };
    found.iter().filter_map(shown).take(EXTREMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_exact_decimals() {
        for (before, after, expected) in [
            ("2", "2.5", Some("25")),
            ("3", "2", Some("-33.3333")),
            ("0.006", "0.0061", Some("1.6667")),
            ("0", "1", None),
        ] {
            let found = percent(before.parse().unwrap(), after.parse().unwrap()).map(|share| share.to_string());
            assert_eq!(found.as_deref(), expected, "{before} {after}");
        }
    }
}
