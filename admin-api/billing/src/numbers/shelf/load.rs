//! Numbers into memory: all of them once, then what has changed.
//!
//! Owns: the statements that read them, and which rows are news since the last look.
//! Does not own: how a number is packed (`entry`) and searched (`search`).
//! Always: one REPEATABLE READ transaction a look, so that rows belong together; a row is news when the transaction that wrote it was not visible to the look
//! before, whatever the order of commits; numbers are never deleted.

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;
use futures_util::TryStreamExt;
use numbering::E164;
use rating::rows::DidStatus;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Acquire, AssertSqlSafe, Row};

use super::entry::{Entry, FIRST_DAY, Known};
use super::{About, Dictionary, Named, PricedClass, Shelf, cut};
use crate::numbers::quarantine;
use crate::numbers::sale::Sale;
use crate::numbers::store::AGENT_PLACE;
use crate::store::{Store, StoreError};

/// What of a number is read; `$1` is the zone of its days, `$2` the day that is number 0.
const NUMBERS: &str = "SELECT d.number, d.status, d.sale, CASE WHEN d.forced_for IS NOT NULL THEN (SELECT code FROM client WHERE id = d.forced_for) END,
       d.is_mobile, d.kind = 'fmtn', d.region_id, d.class_id, d.provider_id, d.place, d.price,
       (greatest(d.archived_at, d.added_at) AT TIME ZONE $1::text)::date - $2::date, (d.archived_at AT TIME ZONE $1)::date - $2, l.day - $2
    FROM did d LEFT JOIN non_target_last l ON l.did_number = d.number";
/// Rows that a look sees and the one before did not see.
const NEWS: &str = "(changed_in >= $3 AND changed_in < $4 OR changed_in = ANY($5))";

/// Which transactions a look has seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Seen {
    /// All before this one ..
    before: i64,
    /// .. but these, which were under way.
    under_way: Vec<i64>,
}

/// Reads all numbers. Five million take some seconds of one connection and one thread.
pub async fn load(store: &Store) -> Result<Shelf, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let mut tx = connection.begin().await?;
    let (seen, about) = look(&mut tx).await?;
    all(&mut tx, seen, about).await
}

/// Reads what has changed since; how many numbers that were.
pub async fn refresh(shelf: &mut Shelf, store: &Store) -> Result<usize, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let mut tx = connection.begin().await?;
    let (seen, about) = look(&mut tx).await?;
    // Days of another zone, or a database that was put back to an earlier moment: nothing of what is known counts.
    if about.rules.zone != shelf.about.rules.zone || seen.before < shelf.seen.before {
        *shelf = all(&mut tx, seen, about).await?;
        return Ok(shelf.len());
    }
    let former = shelf.seen.clone();
    let mut rows_read = Vec::new();
    for sql in [
        format!("{NUMBERS} WHERE d.id IN (SELECT id FROM did WHERE {NEWS})"),
        format!(
            "{NUMBERS} WHERE d.number IN (SELECT did_number FROM non_target_last WHERE {NEWS}
             UNION ALL SELECT did_number FROM non_target_gone WHERE {NEWS})"
        ),
    ] {
        // Planned for these very transactions: for any it would be planned as if a good part of the table had changed.
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let mut rows = query
            .bind(about.rules.zone.name())
            .bind(FIRST_DAY)
            .bind(former.before)
            .bind(seen.before)
            .bind(&former.under_way)
            .fetch(&mut *tx);
        while let Some(row) = rows.try_next().await? {
            rows_read.push(shelf.read(&row)?);
        }
    }
    let changed = rows_read.len();
    shelf.put(rows_read);
    (shelf.seen, shelf.about) = (seen, Arc::new(about));
    Ok(changed)
}

/// Begins a look: what it sees, and what is read each time.
async fn look(tx: &mut PgConnection) -> Result<(Seen, About), StoreError> {
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *tx).await?;
    let row = sqlx::query(
        "SELECT pg_snapshot_xmax(s)::text::bigint, ARRAY(SELECT x::text::bigint FROM pg_snapshot_xip(s) AS t (x)) FROM (SELECT pg_current_snapshot() AS s) q",
    )
    .fetch_one(&mut *tx)
    .await?;
    let seen = Seen { before: row.get(0), under_way: row.get(1) };
    let rules = quarantine::rules(&mut *tx).await?;
    let days: Vec<i32> = sqlx::query_scalar("SELECT day - $1::date FROM non_target_run WHERE day > $1 ORDER BY day")
        .bind(FIRST_DAY)
        .fetch_all(&mut *tx)
        .await?;
    let currency: Option<String> = sqlx::query_scalar("SELECT currency::text FROM legal_entity ORDER BY id LIMIT 1")
        .fetch_optional(&mut *tx)
        .await?;
    let classes =
        sqlx::query("SELECT id, code, name, price, currency::text FROM number_class").fetch_all(&mut *tx).await?;
    let class = |row: &PgRow| {
        let priced = PricedClass { named: named(row), price: row.get(3), currency: row.get(4) };
        (row.get::<i32, _>(0), priced)
    };
    let about = About {
        rules,
        collected_after: collected_after(&days),
        regions: all_named(tx, "SELECT id, code, name FROM number_region").await?,
        classes: classes.iter().map(class).collect(),
        providers: all_named(tx, "SELECT id, code, name FROM provider").await?,
        currency: currency.unwrap_or_default(),
    };
    Ok((seen, about))
}

fn named(row: &PgRow) -> Named {
    Named { code: row.get(1), name: row.get(2) }
}

async fn all_named(tx: &mut PgConnection, sql: &'static str) -> Result<HashMap<i32, Named>, StoreError> {
    let rows = sqlx::query(sql).fetch_all(&mut *tx).await?;
    Ok(rows.iter().map(|row| (row.get(0), named(row))).collect())
}

/// Of each day up to the last of these, which are in order: the first of them after it.
pub(super) fn collected_after(days: &[i32]) -> Vec<u16> {
    let mut after = Vec::new();
    for day in days {
        after.resize(usize::try_from(*day).unwrap_or_default(), *day as u16);
    }
    after
}

/// Reads all numbers in a look that was begun.
async fn all(tx: &mut PgConnection, seen: Seen, about: About) -> Result<Shelf, StoreError> {
    let zone = about.rules.zone;
    let mut shelf = Shelf::empty(seen, about);
    let entries = entries(tx, &mut shelf, zone).await?;
    shelf.chunks = cut(&entries);
    Ok(shelf)
}

async fn entries(tx: &mut PgConnection, shelf: &mut Shelf, zone: Tz) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    let mut rows = sqlx::query(NUMBERS).bind(zone.name()).bind(FIRST_DAY).fetch(&mut *tx);
    while let Some(row) = rows.try_next().await? {
        entries.push(shelf.read(&row)?);
    }
    entries.sort_unstable_by_key(Entry::number);
    Ok(entries)
}

impl Shelf {
    /// One without numbers.
    pub(super) fn empty(seen: Seen, about: About) -> Self {
        Self {
            chunks: Vec::new(),
            seen,
            places: Arc::default(),
            regions: Arc::default(),
            classes: Arc::default(),
            providers: Arc::default(),
            prices: Arc::default(),
            forced_for: Arc::default(),
            about: Arc::new(about),
        }
    }

    /// Packs a row of [`NUMBERS`]; its words get their places.
    fn read(&mut self, row: &PgRow) -> Result<Entry, StoreError> {
        let strange = |problem: String| StoreError::Inconsistent { table: "did", problem };
        let (number, status, sale): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        let number = E164::parse(number).ok_or_else(|| strange("a number that is none".to_owned()))?;
        let unknown = |word: &str| strange(format!("`{word}`, which is unknown"));
        let status = status.parse::<DidStatus>().map_err(|()| unknown(status))?;
        let sale = sale.parse::<Sale>().map_err(|()| unknown(sale))?;
        let client: Option<String> = row.get(3);
        let place: Option<String> = row.get(9);
        let known = Known {
            number,
            status,
            sale,
            is_for_one: client.is_some(),
            is_mobile: row.get(4),
            is_fmtn: row.get(5),
            is_agents: place.as_deref() == Some(AGENT_PLACE),
            region: put(&mut self.regions, row.get(6)),
            class: put(&mut self.classes, row.get(7)),
            provider: put(&mut self.providers, row.get(8)),
            place: put(&mut self.places, place),
            price: put(&mut self.prices, row.get(10)),
            since: row.get(11),
            archived: row.get(12),
            last_call: row.get(13),
        };
        if self.forced_for.get(&number) != client.as_ref() {
            let forced_for = Arc::make_mut(&mut self.forced_for);
            match client {
                Some(client) => drop(forced_for.insert(number, client)),
                None => drop(forced_for.remove(&number)),
            }
        }
        Entry::pack(&known).ok_or_else(|| {
            strange("more regions (8191), classes (511), providers (16383), places (524287) or prices (1048575) than the search has room for".to_owned())
        })
    }
}

/// The place of a word; of none 0.
fn put<T: Clone + Eq + std::hash::Hash>(dictionary: &mut Arc<Dictionary<T>>, word: Option<T>) -> u32 {
    word.map_or(0, |word| Dictionary::put(dictionary, word))
}

#[cfg(test)]
mod tests {
    use super::collected_after;

    /// M15, A29: the first full day after the archive that was collected. Days 3, 4 and 7 were.
    #[test]
    fn the_first_collected_day_after_each() {
        let after = collected_after(&[3, 4, 7]);
        let found: Vec<u16> = (0..9).map(|day| after.get(day).copied().unwrap_or_default()).collect();
        assert_eq!(found, [3, 3, 3, 4, 7, 7, 7, 0, 0]);
        assert!(collected_after(&[]).is_empty());
    }
}
