//! A draft is put in force, taken back, or discarded.
//!
//! Owns: the steps between the states of an import, and the rows of `rate` that each of them adds and withdraws.
//! Does not own: what a draft changes (`compare`), when readers notice (`hot_path`).
//! Always: one transaction under the lock of the list; set-based; what is put in force is what the preview showed, else it is refused; taking back
//! restores exactly what was in force before.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::import::{ImportError, refuse_past};
use crate::change::Change;
use crate::settings;
use crate::store::StoreError;

/// Why an import stays in its state.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// No such import of this list.
    #[error("there is no such import of this list")]
    NotFound,
    /// It is not in the state that the step begins with.
    #[error("the import is {0}")]
    State(String),
    /// The list was changed since it was compared.
    #[error("the list was changed since the draft was compared with it")]
    StalePreview,
    /// The moment from which it counts is past, and nobody said that it may be.
    #[error("the moment from which the prices count is past")]
    Past,
    /// The moment lies in a month that is closed, or before one.
    #[error("the moment from which the prices count lies in a closed period")]
    ClosedPeriod,
    /// Whoever imported it does not put it in force himself (setting `approval.price_import`).
    #[error("somebody else has to put the import in force, or to approve that")]
    ApprovalNeeded,
    /// A later import is in force on the list.
    #[error("import {0} was put in force later; take that back first")]
    LaterImport(i64),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ActivateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A draft that was put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activated {
    /// From when its prices count.
    pub starts_at: DateTime<Utc>,
    /// Version of the catalogue.
    pub version: i64,
    /// Rows published, ends of former ones included.
    pub published: i64,
    /// Rows withdrawn.
    pub withdrawn: i64,
    /// Whether it counts from a moment that is past: calls that are rated keep their price.
    pub is_backdated: bool,
}

/// An import that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// Version of the catalogue.
    pub version: i64,
    /// Rows that are in force again.
    pub restored: i64,
    /// Rows withdrawn.
    pub withdrawn: i64,
    /// Whether its prices counted already: calls that are rated keep their price.
    pub was_in_force: bool,
}

/// An import under the lock of its list.
struct Locked {
    list_id: i32,
    revision: i64,
    state: String,
    author: String,
    starts_at: Option<DateTime<Utc>>,
    previewed_at: DateTime<Utc>,
    list_revision: i64,
    published_in: Option<i64>,
    published_rows: Option<i64>,
    activated_for: Option<DateTime<Utc>>,
}

/// Locks the list against every other import, then reads the import.
async fn lock(change: &mut Change, list: &str, import: i64) -> Result<Locked, ActivateError> {
    let head = sqlx::query("SELECT id, revision FROM price_list WHERE code = $1 FOR UPDATE")
        .bind(list)
        .fetch_optional(change.connection())
        .await?
        .ok_or(ActivateError::NotFound)?;
    let list_id: i32 = head.get("id");
    let row = sqlx::query(
        "SELECT state, created_by, starts_at, previewed_at, list_revision, published_in, published_rows, activated_for FROM price_import
         WHERE id = $1 AND list_id = $2 FOR UPDATE",
    )
    .bind(import)
    .bind(list_id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(ActivateError::NotFound)?;
    Ok(Locked {
        list_id,
        revision: head.get("revision"),
        state: row.get("state"),
        author: row.get("created_by"),
        starts_at: row.get("starts_at"),
        previewed_at: row.get("previewed_at"),
        list_revision: row.get("list_revision"),
        published_in: row.get("published_in"),
        published_rows: row.get("published_rows"),
        activated_for: row.get("activated_for"),
    })
}

impl Locked {
    fn must_be(&self, state: &str) -> Result<(), ActivateError> {
        if self.state == state { Ok(()) } else { Err(ActivateError::State(self.state.clone())) }
    }
}

/// An import as a request for its approval sees it.
pub(crate) struct Waiting {
    /// Code of its list.
    pub(crate) list: String,
    /// Revision of its list.
    pub(crate) revision: i64,
    /// Login of who imported it.
    pub(crate) author: String,
}

/// A draft that could be put in force as it is. `hold`: the list stays as it is until the end of the transaction.
pub(crate) async fn waiting(connection: &mut PgConnection, import: i64, hold: bool) -> Result<Waiting, ActivateError> {
    let lock = if hold { "FOR UPDATE OF l" } else { "" };
    let sql = format!(
        "SELECT l.code, l.revision, i.state, i.created_by, i.list_revision FROM price_import i JOIN price_list l ON l.id = i.list_id WHERE i.id = $1 {lock}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(import).fetch_optional(connection).await?;
    let row = row.ok_or(ActivateError::NotFound)?;
    let state: String = row.get("state");
    if state != "draft" {
        return Err(ActivateError::State(state));
    }
    let revision: i64 = row.get("revision");
    if revision != row.get::<i64, _>("list_revision") {
        return Err(ActivateError::StalePreview);
    }
    Ok(Waiting { list: row.get("code"), revision, author: row.get("created_by") })
}

/// Puts a draft in force: from its date, or from now where it has none. `backdate` allows a date that is past.
pub async fn activate(
    change: &mut Change,
    list: &str,
    import: i64,
    backdate: bool,
    reason: &str,
) -> Result<Activated, ActivateError> {
    let locked = lock(change, list, import).await?;
    locked.must_be("draft")?;
    if locked.author == change.actor().login
        && settings::value(change.connection(), "approval.price_import").await? == "second_person"
    {
        return Err(ActivateError::ApprovalNeeded);
    }
    let now = change.now();
    let starts_at = locked.starts_at.unwrap_or(now);
    let is_backdated = starts_at < now;
    if is_backdated {
        refuse_past(change.connection(), starts_at, backdate).await.map_err(|error| match error {
            ImportError::Past => ActivateError::Past,
            ImportError::ClosedPeriod => ActivateError::ClosedPeriod,
            ImportError::Store(error) => ActivateError::Store(error),
            other => ActivateError::Store(inconsistent(other.to_string())),
        })?;
    }
    if locked.revision != locked.list_revision || is_overtaken(change, &locked, import, starts_at).await? {
        return Err(ActivateError::StalePreview);
    }
    let version = change.tariff_version().await?;
    let withdrawn = withdraw(change, import, version).await?;
    let ended = publish_ends(change, import, version, starts_at).await?;
    settle_terms(change, import).await?;
    let published = publish(change, &locked, import, version, starts_at).await? + ended;
    let login = change.actor().login.clone();
    sqlx::query("UPDATE price_list SET revision = revision + 1 WHERE id = $1")
        .bind(locked.list_id)
        .execute(change.connection())
        .await?;
    sqlx::query(
        "UPDATE price_import SET state = 'activated', activated_at = $2, activated_by = $3, activated_for = $4, activation_reason = $5,
                                 published_in = $6, published_rows = $7, withdrawn_rows = $8 WHERE id = $1",
    )
    .bind(import)
    .bind(now)
    .bind(login)
    .bind(starts_at)
    .bind(reason)
    .bind(version)
    .bind(published)
    .bind(withdrawn)
    .execute(change.connection())
    .await?;
    let at = starts_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let after =
        json!({"import": import, "state": "activated", "from": at, "published": published, "withdrawn": withdrawn});
    change.record("price.activate", "price_list", list, &json!({"import": import, "state": "draft"}), &after, reason);
    Ok(Activated { starts_at, version, published, withdrawn, is_backdated })
}

fn inconsistent(problem: String) -> StoreError {
    StoreError::Inconsistent { table: "price_import", problem }
}

/// Whether time has changed what was compared: of a draft without a date, a row of the list or of the sheet began or ended since the preview.
async fn is_overtaken(
    change: &mut Change,
    locked: &Locked,
    import: i64,
    starts_at: DateTime<Utc>,
) -> Result<bool, ActivateError> {
    let overtaken: bool = sqlx::query(
        "SELECT exists(SELECT FROM rate WHERE list_id = $1 AND withdrawn_in IS NULL
                       AND (valid_from > $2 AND valid_from <= $3 OR valid_to > $2 AND valid_to <= $3))
             OR exists(SELECT FROM price_import_line WHERE import_id = $4 AND (at > $2 AND at <= $3 OR valid_to > $2 AND valid_to <= $3)) AS overtaken",
    )
    .bind(locked.list_id)
    .bind(locked.previewed_at)
    .bind(starts_at)
    .bind(import)
    .fetch_one(change.connection())
    .await?
    .get("overtaken");
    Ok(overtaken)
}

/// Withdraws the rows that would price what they no longer may.
async fn withdraw(change: &mut Change, import: i64, version: i64) -> Result<i64, ActivateError> {
    let done = sqlx::query(
        "UPDATE rate r SET withdrawn_in = $2 FROM price_import_withdrawal w
         WHERE w.import_id = $1 AND w.rate_id = r.id AND r.withdrawn_in IS NULL",
    )
    .bind(import)
    .bind(version)
    .execute(change.connection())
    .await?
    .rows_affected() as i64;
    let wanted: i64 = sqlx::query("SELECT count(*) AS n FROM price_import_withdrawal WHERE import_id = $1")
        .bind(import)
        .fetch_one(change.connection())
        .await?
        .get("n");
    if done == wanted { Ok(done) } else { Err(ActivateError::StalePreview) }
}

/// Of the rows withdrawn, publishes the part before the date anew.
async fn publish_ends(
    change: &mut Change,
    import: i64,
    version: i64,
    starts_at: DateTime<Utc>,
) -> Result<i64, ActivateError> {
    let done = sqlx::query(
        "INSERT INTO rate (list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin, valid_from, valid_to, published_in)
         SELECT r.list_id, r.prefix, r.terms_id, r.service, r.incoming_service, r.provider_id, r.place, r.origin, r.valid_from, $3, $2
         FROM price_import_withdrawal w JOIN rate r ON r.id = w.rate_id
         WHERE w.import_id = $1 AND coalesce(r.valid_from, '-infinity') < $3 ORDER BY r.id",
    )
    .bind(import)
    .bind(version)
    .bind(starts_at)
    .execute(change.connection())
    .await?;
    Ok(done.rows_affected() as i64)
}

/// Finds the terms of the draft among those that exist, and makes the others.
async fn settle_terms(change: &mut Change, import: i64) -> Result<(), ActivateError> {
    sqlx::query("ANALYZE price_import_terms").execute(change.connection()).await?;
    for statement in [
        "UPDATE price_import_terms t SET terms_id = known.id
         FROM (SELECT min(id) AS id, tiers, variants, volume_id, connect_fee, attempt_fee, free_s, minimum, maximum, rounding, decimals FROM rate_terms
               GROUP BY tiers, variants, volume_id, connect_fee, attempt_fee, free_s, minimum, maximum, rounding, decimals) known
         WHERE t.import_id = $1 AND known.tiers = t.tiers AND known.variants = t.variants AND known.volume_id IS NOT DISTINCT FROM t.volume_id AND known.connect_fee = t.connect_fee
               AND known.attempt_fee = t.attempt_fee AND known.free_s = t.free_s AND known.minimum = t.minimum
               AND known.maximum IS NOT DISTINCT FROM t.maximum AND known.rounding IS NOT DISTINCT FROM t.rounding
               AND known.decimals IS NOT DISTINCT FROM t.decimals",
        "UPDATE price_import_terms SET terms_id = nextval(pg_get_serial_sequence('rate_terms', 'id')), is_new = true
         WHERE import_id = $1 AND terms_id IS NULL",
        "INSERT INTO rate_terms (id, tiers, variants, volume_id, connect_fee, attempt_fee, free_s, minimum, maximum, rounding, decimals)
         SELECT terms_id, tiers, variants, volume_id, connect_fee, attempt_fee, free_s, minimum, maximum, rounding, decimals
         FROM price_import_terms WHERE import_id = $1 AND is_new",
    ] {
        sqlx::query(statement).bind(import).execute(change.connection()).await?;
    }
    Ok(())
}

/// Publishes the rows of the draft.
async fn publish(
    change: &mut Change,
    locked: &Locked,
    import: i64,
    version: i64,
    starts_at: DateTime<Utc>,
) -> Result<i64, ActivateError> {
    let done = sqlx::query(
        "INSERT INTO rate (list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin, valid_from, valid_to, published_in)
         SELECT $2, l.prefix, t.terms_id, l.service, l.incoming_service, l.provider_id, l.place, l.origin, coalesce(l.at, $4), l.valid_to, $3
         FROM price_import_line l JOIN price_import_terms t ON t.import_id = l.import_id AND t.no = l.terms_no
         WHERE l.import_id = $1 AND l.publishes ORDER BY l.no",
    )
    .bind(import)
    .bind(locked.list_id)
    .bind(version)
    .bind(starts_at)
    .execute(change.connection())
    .await?;
    Ok(done.rows_affected() as i64)
}

/// Takes an import back: the list is again what it was before it, unless a later import is in force.
pub async fn roll_back(
    change: &mut Change,
    list: &str,
    import: i64,
    reason: &str,
) -> Result<RolledBack, ActivateError> {
    let locked = lock(change, list, import).await?;
    locked.must_be("activated")?;
    let published_in =
        locked.published_in.ok_or_else(|| inconsistent(format!("import {import} without its version")))?;
    let later: Option<i64> = sqlx::query_scalar(
        "SELECT max(id) FROM price_import WHERE list_id = $1 AND state = 'activated' AND published_in > $2",
    )
    .bind(locked.list_id)
    .bind(published_in)
    .fetch_one(change.connection())
    .await?;
    if let Some(later) = later {
        return Err(ActivateError::LaterImport(later));
    }
    let version = change.tariff_version().await?;
    // What later imports withdrew and gave back stands there as copies.
    let withdrawn = sqlx::query(
        "UPDATE rate r SET withdrawn_in = $3
         WHERE r.list_id = $1 AND r.withdrawn_in IS NULL
               AND (r.published_in = $2 OR r.copy_of IN (SELECT id FROM rate WHERE list_id = $1 AND published_in = $2))",
    )
    .bind(locked.list_id)
    .bind(published_in)
    .bind(version)
    .execute(change.connection())
    .await?
    .rows_affected() as i64;
    if Some(withdrawn) != locked.published_rows {
        let problem = format!("import {import}, of whose {:?} rows {withdrawn} are in force", locked.published_rows);
        return Err(inconsistent(problem).into());
    }
    let restored = sqlx::query(
        "INSERT INTO rate (list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin, valid_from, valid_to, published_in, copy_of)
         SELECT list_id, prefix, terms_id, service, incoming_service, provider_id, place, origin, valid_from, valid_to, $3, coalesce(copy_of, id)
         FROM rate WHERE list_id = $1 AND withdrawn_in = $2 ORDER BY id",
    )
    .bind(locked.list_id)
    .bind(published_in)
    .bind(version)
    .execute(change.connection())
    .await?
    .rows_affected() as i64;
    sqlx::query("UPDATE price_list SET revision = revision + 1 WHERE id = $1")
        .bind(locked.list_id)
        .execute(change.connection())
        .await?;
    end(change, import, "rolled_back", Some(version), reason).await?;
    let before = json!({"import": import, "state": "activated"});
    let after = json!({"import": import, "state": "rolled_back", "restored": restored, "withdrawn": withdrawn});
    change.record("price.roll_back", "price_list", list, &before, &after, reason);
    let was_in_force = locked.activated_for.is_some_and(|from| from <= change.now());
    Ok(RolledBack { version, restored, withdrawn, was_in_force })
}

/// Discards a draft; its lines go, its head stays in the history.
pub async fn discard(change: &mut Change, list: &str, import: i64, reason: &str) -> Result<(), ActivateError> {
    lock(change, list, import).await?.must_be("draft")?;
    for statement in [
        "DELETE FROM price_import_line WHERE import_id = $1",
        "DELETE FROM price_import_withdrawal WHERE import_id = $1",
        "DELETE FROM price_import_terms WHERE import_id = $1",
        "DELETE FROM price_import_loss WHERE import_id = $1",
    ] {
        sqlx::query(statement).bind(import).execute(change.connection()).await?;
    }
    end(change, import, "discarded", None, reason).await?;
    let (before, after) =
        (json!({"import": import, "state": "draft"}), json!({"import": import, "state": "discarded"}));
    change.record("price.discard", "price_list", list, &before, &after, reason);
    Ok(())
}

async fn end(
    change: &mut Change,
    import: i64,
    state: &str,
    version: Option<i64>,
    reason: &str,
) -> Result<(), ActivateError> {
    let (now, login) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE price_import SET state = $2, ended_at = $3, ended_by = $4, end_reason = $5, rolled_back_in = $6 WHERE id = $1",
    )
    .bind(import)
    .bind(state)
    .bind(now)
    .bind(login)
    .bind(reason)
    .bind(version)
    .execute(change.connection())
    .await?;
    Ok(())
}
