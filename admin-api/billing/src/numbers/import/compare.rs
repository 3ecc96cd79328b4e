//! A draft against the numbers that are there.
//!
//! Owns: which numbers of a draft are known and what it would change of them, the digest of what it was compared with.
//! Does not own: the rows (`sheet`), changing anything (`apply`).
//! Always: set-based; a number that is forced into sale is for sale, so a file that says yes changes nothing of it; two digests are equal only where the same
//! preview would be shown.

use sqlx::{PgConnection, Row};

use crate::store::StoreError;

/// Rows of a draft beside the numbers of theirs that are there.
macro_rules! known {
    () => {
        "FROM did_import_row r JOIN did d ON d.number BETWEEN r.first AND r.last AND length(d.number) = length(r.first) WHERE r.import_id = $1"
    };
}
/// Whether the row asks for another `sale` than the number has.
macro_rules! sale_differs {
    () => {
        "('sale' = ANY(r.says) AND CASE d.sale WHEN 'forced' THEN 'yes' ELSE d.sale END <> r.sale)"
    };
}
/// Whether the row changes what the number is.
macro_rules! differs {
    () => {
        concat!(
            "(('provider' = ANY(r.says) AND d.provider_id IS DISTINCT FROM r.provider_id) OR ('region' = ANY(r.says) AND d.region_id IS DISTINCT FROM r.region_id)
              OR ('place' = ANY(r.says) AND d.place IS DISTINCT FROM r.place) OR ('kind' = ANY(r.says) AND d.kind <> r.kind)
              OR ('price' = ANY(r.says) AND d.price IS DISTINCT FROM r.price) OR ",
            sale_differs!(),
            ")"
        )
    };
}
pub(super) use {differs, known, sale_differs};

/// What a draft finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// Numbers that were withdrawn and come back.
    pub(super) returned: u64,
    /// Numbers that become something else.
    pub(super) changed: u64,
    /// Numbers that are so already.
    pub(super) same: u64,
    /// Digest of all that the comparison goes by.
    pub(super) seen: String,
}

/// Compares a draft with what is there now; `version`: of the rules of classes.
pub(super) async fn compare(connection: &mut PgConnection, import: i64, version: i64) -> Result<Compared, StoreError> {
    let row = sqlx::query(concat!(
        "SELECT count(*) AS found, count(*) FILTER (WHERE d.status = 'withdrawn') AS returned,
                count(*) FILTER (WHERE d.status <> 'withdrawn' AND ",
        differs!(),
        ") AS changed,
                coalesce(sum(hashtextextended(ROW(d.number, d.status = 'withdrawn', d.provider_id, d.region_id, d.place, d.kind, d.sale, d.price)::text, 0)), 0)::text AS digest,
                (SELECT count(*) FROM did_import_row x JOIN number_region g ON g.id = x.region_id WHERE x.import_id = $1 AND g.closed_at IS NOT NULL) AS closed ",
        known!()
    ))
    .bind(import)
    .fetch_one(connection)
    .await?;
    let count = |name: &str| row.get::<i64, _>(name) as u64;
    let (found, returned, changed) = (count("found"), count("returned"), count("changed"));
    let seen = format!("{found} {} {} {version}", row.get::<&str, _>("digest"), count("closed"));
    Ok(Compared { returned, changed, same: found - returned - changed, seen })
}

/// Those numbers of a draft that are there.
pub(super) async fn present(connection: &mut PgConnection, import: i64) -> Result<Vec<i64>, StoreError> {
    Ok(sqlx::query_scalar(concat!("SELECT d.number::bigint ", known!())).bind(import).fetch_all(connection).await?)
}
