//! Price lists, their rows, their imports and their history, as people look at them.
//!
//! Owns: the queries and the shape of their answers.
//! Does not own: any change.
//! Always: paged by what the rows are ordered by; amounts are decimals.

use chrono::{DateTime, Utc};
use numbering::parse_mask;
use rating::{Money, Snapshot};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::compare::Kind;
use super::import::percent;
use super::margin::{Loss, Losses, losses};
use super::stage::hex;
use crate::store::{Store, StoreError};

/// A price list.
#[derive(Clone, Debug)]
pub struct ListHead {
    /// Identifier.
    pub id: i32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code of its provider; `None` = retail.
    pub provider: Option<String>,
    /// Currency.
    pub currency: String,
    /// Zone of its dates.
    pub zone: String,
    /// `included` or `excluded`.
    pub tax: String,
    /// Rounding mode.
    pub rounding: String,
    /// Decimals.
    pub decimals: i16,
    /// Raised by every change of its rows.
    pub revision: i64,
    /// Rows that are not withdrawn: in force, announced, or ended.
    pub rows: i64,
    /// Its import that was put in force last.
    pub last_import: Option<i64>,
    /// When.
    pub last_activated_at: Option<DateTime<Utc>>,
}

/// Columns of a list's head; `$1` = its code, or all.
const HEADS: &str = "SELECT l.id, l.code, l.name, p.code AS provider, l.currency::text AS currency, l.zone, l.tax, l.rounding, l.decimals, l.revision,
            (SELECT count(*) FROM rate r WHERE r.list_id = l.id AND r.withdrawn_in IS NULL) AS rows, i.id AS last_import, i.activated_at
     FROM price_list l LEFT JOIN provider p ON p.id = l.provider_id
          LEFT JOIN LATERAL (SELECT id, activated_at FROM price_import WHERE list_id = l.id AND state = 'activated' ORDER BY published_in DESC LIMIT 1) i ON true
     WHERE $1::text IS NULL OR l.code = $1 ORDER BY l.code";

fn head_of(row: &PgRow) -> ListHead {
    ListHead {
        id: row.get("id"),
        code: row.get("code"),
        name: row.get("name"),
        provider: row.get("provider"),
        currency: row.get("currency"),
        zone: row.get("zone"),
        tax: row.get("tax"),
        rounding: row.get("rounding"),
        decimals: row.get("decimals"),
        revision: row.get("revision"),
        rows: row.get("rows"),
        last_import: row.get("last_import"),
        last_activated_at: row.get("activated_at"),
    }
}

/// All lists, by code.
pub async fn lists(store: &Store) -> Result<Vec<ListHead>, StoreError> {
    let rows = sqlx::query(HEADS).bind(None::<String>).fetch_all(store.pool()).await?;
    Ok(rows.iter().map(head_of).collect())
}

/// The list with this code.
pub async fn list_by_code(store: &Store, code: &str) -> Result<Option<ListHead>, StoreError> {
    Ok(sqlx::query(HEADS).bind(code).fetch_optional(store.pool()).await?.as_ref().map(head_of))
}

/// A row of a list.
#[derive(Clone, Debug)]
pub struct RateView {
    /// Identifier, which a charge names.
    pub id: i64,
    /// Prefix, or `short:CODE`.
    pub prefix: String,
    /// Service; `None` = all.
    pub service: Option<String>,
    /// Incoming service.
    pub incoming_service: Option<String>,
    /// Code of the provider.
    pub provider: Option<String>,
    /// Place of service.
    pub place: Option<String>,
    /// Prefix of the calling number.
    pub origin: Option<String>,
    /// First moment.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last, a later row of the same key taken into account.
    pub to: Option<DateTime<Utc>>,
    /// Tiers.
    pub tiers: String,
    /// Names of the bands that it has other prices in.
    pub bands: Vec<String>,
    /// Fee for the answer.
    pub connect_fee: Decimal,
    /// Fee for an attempt.
    pub attempt_fee: Decimal,
    /// Free seconds.
    pub free_seconds: i32,
    /// Least amount.
    pub minimum: Decimal,
    /// Most.
    pub maximum: Option<Decimal>,
}

/// Columns of a row; `until` is where a later row of its key ends it.
const RATE_COLUMNS: &str = "r.id, r.prefix, r.service, r.incoming_service, p.code AS provider, r.place, r.origin, r.valid_from, r.valid_to,
     t.tiers, t.connect_fee, t.attempt_fee, t.free_s, t.minimum, t.maximum,
     array(SELECT DISTINCT b.name FROM band b WHERE t.variants <> '' AND b.list_id = r.list_id
           AND b.id::text IN (SELECT split_part(split_part(part, '=', 1), '>', 1) FROM unnest(string_to_array(t.variants, ';')) AS part)) AS bands";

fn rate_of(row: &PgRow) -> RateView {
    RateView {
        id: row.get("id"),
        prefix: row.get("prefix"),
        service: row.get("service"),
        incoming_service: row.get("incoming_service"),
        provider: row.get("provider"),
        place: row.get("place"),
        origin: row.get("origin"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
        tiers: row.get("tiers"),
        bands: row.get("bands"),
        connect_fee: row.get::<Decimal, _>("connect_fee").normalize(),
        attempt_fee: row.get::<Decimal, _>("attempt_fee").normalize(),
        free_seconds: row.get("free_s"),
        minimum: row.get::<Decimal, _>("minimum").normalize(),
        maximum: row.get::<Option<Decimal>, _>("maximum").map(|amount| amount.normalize()),
    }
}

/// Which rows of a list.
#[derive(Clone, Debug)]
pub struct RateFilter {
    /// As it is from this moment on: rows in force then and later ones.
    pub at: DateTime<Utc>,
    /// Only rows in force at that moment.
    pub only_in_force: bool,
    /// Only prefixes that begin so.
    pub prefix: Option<String>,
    /// Only rows behind this one: its prefix and identifier.
    pub after: Option<(String, i64)>,
}

/// Rows of a list, by prefix.
pub async fn rates(store: &Store, list: i32, filter: &RateFilter, limit: i64) -> Result<Vec<RateView>, StoreError> {
    let statement = format!(
        "SELECT {RATE_COLUMNS}, least(r.valid_to, n.until) AS valid_to
         FROM rate r JOIN rate_terms t ON t.id = r.terms_id LEFT JOIN provider p ON p.id = r.provider_id
              LEFT JOIN LATERAL (SELECT min(n.valid_from) AS until FROM rate n
                  WHERE n.list_id = r.list_id AND n.prefix = r.prefix AND n.withdrawn_in IS NULL AND n.valid_from > coalesce(r.valid_from, '-infinity')
                        AND n.service IS NOT DISTINCT FROM r.service AND n.incoming_service IS NOT DISTINCT FROM r.incoming_service
                        AND n.provider_id IS NOT DISTINCT FROM r.provider_id AND n.place IS NOT DISTINCT FROM r.place
                        AND n.origin IS NOT DISTINCT FROM r.origin) n ON true
         WHERE r.list_id = $1 AND r.withdrawn_in IS NULL AND coalesce(least(r.valid_to, n.until), 'infinity') > $2
               AND (NOT $3 OR coalesce(r.valid_from, '-infinity') <= $2)
               AND ($4::text IS NULL OR starts_with(r.prefix, $4))
               AND ($5::text IS NULL OR r.prefix >= $5 AND (r.prefix > $5 OR r.id > $6))
         ORDER BY r.prefix, r.id LIMIT $7"
    )
    .replacen("r.valid_from, r.valid_to,", "r.valid_from,", 1);
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(list)
        .bind(filter.at)
        .bind(filter.only_in_force)
        .bind(&filter.prefix)
        .bind(filter.after.as_ref().map(|(prefix, _)| prefix))
        .bind(filter.after.as_ref().map_or(0, |(_, id)| *id))
        .bind(limit)
        .fetch_all(store.pool())
        .await?;
    Ok(rows.iter().map(rate_of).collect())
}

/// A row of a prefix in the course of time, with who put it in force and who withdrew it.
#[derive(Clone, Debug)]
pub struct VersionView {
    /// The row.
    pub rate: RateView,
    /// Version of the catalogue that it came with.
    pub published_in: i64,
    /// Version that it went with.
    pub withdrawn_in: Option<i64>,
    /// The import that it came by, if it was one.
    pub import: Option<i64>,
    /// Who put it in force.
    pub by: Option<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The import that withdrew it, or whose roll-back did.
    pub withdrawn_by_import: Option<i64>,
    /// Whether it repeats a former row after a roll-back.
    pub is_restored: bool,
}

/// Every row that a prefix ever had in a list, the newest first.
pub async fn prefix_history(
    store: &Store,
    list: i32,
    prefix: &str,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<VersionView>, StoreError> {
    let statement = format!(
        "SELECT {RATE_COLUMNS}, r.published_in, r.withdrawn_in, r.copy_of,
                coalesce(i.id, back.id) AS import, coalesce(i.activated_by, back.ended_by) AS by, coalesce(i.activated_at, back.ended_at) AS at,
                coalesce(gone.id, undone.id) AS withdrawn_by
         FROM rate r JOIN rate_terms t ON t.id = r.terms_id LEFT JOIN provider p ON p.id = r.provider_id
              LEFT JOIN price_import i ON i.list_id = r.list_id AND i.published_in = r.published_in
              LEFT JOIN price_import back ON back.list_id = r.list_id AND back.rolled_back_in = r.published_in
              LEFT JOIN price_import gone ON gone.list_id = r.list_id AND gone.published_in = r.withdrawn_in
              LEFT JOIN price_import undone ON undone.list_id = r.list_id AND undone.rolled_back_in = r.withdrawn_in
         WHERE r.list_id = $1 AND r.prefix = $2 AND r.id < coalesce($3, 9223372036854775807) ORDER BY r.id DESC LIMIT $4"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(list)
        .bind(prefix)
        .bind(before_id)
        .bind(limit)
        .fetch_all(store.pool())
        .await?;
    let version = |row: &PgRow| VersionView {
        rate: rate_of(row),
        published_in: row.get("published_in"),
        withdrawn_in: row.get("withdrawn_in"),
        import: row.get("import"),
        by: row.get("by"),
        at: row.get("at"),
        withdrawn_by_import: row.get("withdrawn_by"),
        is_restored: row.get::<Option<i64>, _>("copy_of").is_some(),
    };
    Ok(rows.iter().map(version).collect())
}

/// An import.
#[derive(Clone, Debug)]
pub struct ImportHead {
    /// Identifier.
    pub id: i64,
    /// `draft`, `activated`, `rolled_back` or `discarded`.
    pub state: String,
    /// `replace` or `merge`.
    pub mode: String,
    /// From when; `None` = from its activation.
    pub starts_at: Option<DateTime<Utc>>,
    /// The moment as of which it was compared.
    pub previewed_at: DateTime<Utc>,
    /// Length of the reference call.
    pub reference_s: i32,
    /// Name of the file.
    pub file_name: String,
    /// Its length.
    pub file_bytes: i64,
    /// Its SHA-256, in hexadecimal digits.
    pub file_sha256: String,
    /// The mapping.
    pub mapping: Value,
    /// What it changes.
    pub summary: Value,
    /// When and by whom it was brought in, in his words.
    pub created: (DateTime<Utc>, String, String),
    /// When and by whom it was put in force, and why.
    pub activated: Option<(DateTime<Utc>, String, String)>,
    /// From when it counts, once it is in force.
    pub activated_for: Option<DateTime<Utc>>,
    /// Rows published and withdrawn.
    pub written: Option<(i64, i64)>,
    /// When and by whom it was discarded or taken back, and why.
    pub ended: Option<(DateTime<Utc>, String, String)>,
}

const IMPORTS: &str = "SELECT * FROM price_import WHERE list_id = $1 AND ($2::bigint IS NULL OR id = $2) AND id < coalesce($3, 9223372036854775807)
     ORDER BY id DESC LIMIT $4";

fn import_of(row: &PgRow) -> ImportHead {
    let step = |at: &str, by: &str, why: &str| {
        let at: DateTime<Utc> = row.get::<Option<DateTime<Utc>>, _>(at)?;
        let text = |column: &str| row.get::<Option<String>, _>(column).unwrap_or_default();
        Some((at, text(by), text(why)))
    };
    ImportHead {
        id: row.get("id"),
        state: row.get("state"),
        mode: row.get("mode"),
        starts_at: row.get("starts_at"),
        previewed_at: row.get("previewed_at"),
        reference_s: row.get("reference_s"),
        file_name: row.get("file_name"),
        file_bytes: row.get("file_bytes"),
        file_sha256: hex(&row.get::<Vec<u8>, _>("file_sha256")),
        mapping: row.get("mapping"),
        summary: row.get("summary"),
        created: (row.get("created_at"), row.get("created_by"), row.get("note")),
        activated: step("activated_at", "activated_by", "activation_reason"),
        activated_for: row.get("activated_for"),
        written: row.get::<Option<i64>, _>("published_rows").zip(row.get("withdrawn_rows")),
        ended: step("ended_at", "ended_by", "end_reason"),
    }
}

/// Imports of a list, the newest first.
pub async fn imports(
    store: &Store,
    list: i32,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<ImportHead>, StoreError> {
    let rows =
        sqlx::query(IMPORTS).bind(list).bind(None::<i64>).bind(before_id).bind(limit).fetch_all(store.pool()).await?;
    Ok(rows.iter().map(import_of).collect())
}

/// One import of a list.
pub async fn import_by_id(store: &Store, list: i32, id: i64) -> Result<Option<ImportHead>, StoreError> {
    let row =
        sqlx::query(IMPORTS).bind(list).bind(id).bind(None::<i64>).bind(1i64).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(import_of))
}

/// Which lines of a draft.
#[derive(Clone, Debug, Default)]
pub struct LineFilter {
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only prefixes that begin so.
    pub prefix: Option<String>,
    /// Only lines behind this one.
    pub after: i64,
}

/// A price before and after.
#[derive(Clone, Debug)]
pub struct PriceLine {
    /// Its number within the import.
    pub no: i32,
    /// How it changes.
    pub kind: String,
    /// Prefix, or `short:CODE`.
    pub prefix: String,
    /// Service; `None` = all.
    pub service: Option<String>,
    /// Incoming service.
    pub incoming_service: Option<String>,
    /// Code of the provider.
    pub provider: Option<String>,
    /// Place of service.
    pub place: Option<String>,
    /// Prefix of the calling number.
    pub origin: Option<String>,
    /// From when; `None` = from the date of the import.
    pub at: Option<DateTime<Utc>>,
    /// Row of the sheet.
    pub sheet_row: Option<i32>,
    /// The reference call before.
    pub before: Option<Decimal>,
    /// And after.
    pub after: Option<Decimal>,
}

impl PriceLine {
    /// By how much, where there is a price before and after.
    pub fn difference(&self) -> Option<Decimal> {
        Some((self.after? - self.before?).normalize())
    }

    /// By how much in percent of what it was, to four decimals.
    pub fn percent(&self) -> Option<Decimal> {
        percent(self.before?, self.after?)
    }
}

/// Lines of an import, in the order of prefixes.
pub async fn lines(store: &Store, import: i64, filter: &LineFilter, limit: i64) -> Result<Vec<PriceLine>, StoreError> {
    let rows = sqlx::query(
        "SELECT l.no, l.kind, l.prefix, l.service, l.incoming_service, p.code AS provider, l.place, l.origin, l.at, l.sheet_row, l.amount_before,
                l.amount_after
         FROM price_import_line l LEFT JOIN provider p ON p.id = l.provider_id
         WHERE l.import_id = $1 AND l.no > $2 AND ($3::text IS NULL OR l.kind = $3) AND ($4::text IS NULL OR starts_with(l.prefix, $4))
         ORDER BY l.no LIMIT $5",
    )
    .bind(import)
    .bind(filter.after as i32)
    .bind(filter.kind.map(Kind::as_str))
    .bind(&filter.prefix)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let amount = |row: &PgRow, column: &str| row.get::<Option<Decimal>, _>(column).map(|amount| amount.normalize());
    let line = |row: &PgRow| PriceLine {
        no: row.get("no"),
        kind: row.get("kind"),
        prefix: row.get("prefix"),
        service: row.get("service"),
        incoming_service: row.get("incoming_service"),
        provider: row.get("provider"),
        place: row.get("place"),
        origin: row.get("origin"),
        at: row.get("at"),
        sheet_row: row.get("sheet_row"),
        before: amount(row, "amount_before"),
        after: amount(row, "amount_after"),
    };
    Ok(rows.iter().map(line).collect())
}

/// The losses that a draft would make, the greatest first, each with its number.
pub async fn losses_of_draft(
    store: &Store,
    import: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i32, Loss)>, StoreError> {
    let rows = sqlx::query(
        "SELECT no, retail_list, provider, prefix, retail, wholesale FROM price_import_loss WHERE import_id = $1 AND no > $2 ORDER BY no LIMIT $3",
    )
    .bind(import)
    .bind(after as i32)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let loss = |row: &PgRow| {
        let amount = |column: &str| Money::parse(&row.get::<Decimal, _>(column).normalize().to_string());
        let inconsistent = || StoreError::Inconsistent {
            table: "price_import_loss",
            problem: format!("a strange row of import {import}"),
        };
        let loss = Loss {
            retail_list: row.get("retail_list"),
            provider: row.get("provider"),
            prefix: parse_mask(row.get("prefix")).ok_or_else(inconsistent)?,
            retail: amount("retail").ok_or_else(inconsistent)?,
            wholesale: amount("wholesale").ok_or_else(inconsistent)?,
        };
        Ok((row.get("no"), loss))
    };
    rows.iter().map(loss).collect()
}

/// The losses that a list in force makes at a moment, by a reference call of so many seconds.
pub fn losses_of_list(snapshot: &Snapshot, list: i32, at: DateTime<Utc>, seconds: u32) -> Losses {
    losses(snapshot, rating::rows::ListId(list as u32), None, at.timestamp_millis(), seconds)
}
