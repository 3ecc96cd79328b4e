//! Alarms of the collection of call records, and of fiscal receipts.
//!
//! Owns: table `ingest_alarm`: raising, clearing, listing, acknowledging.
//! Does not own: what is an alarm (the collector, [`crate::imports`], [`crate::receipts`], [`crate::reconciliation`]).
//! Always: one matter has one open alarm; what clears itself says when; who acknowledges leaves an audit line.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::store::{Store, StoreError};

/// What an alarm is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A file of a row of numbers is missing.
    Gap,
    /// No file has come for longer than expected.
    Silence,
    /// The trailer of a file claims something else than the file holds.
    Trailer,
    /// A file changed while it was sent.
    Changed,
    /// Records of a file could not be sent.
    Rejected,
    /// A file was refused whole.
    Refused,
    /// An hour of a switch differs from what was received (M77).
    Difference,
    /// A part of the collector's spool cannot be read; its source is [`ALL_SOURCES`].
    Spool,
    /// A file that went half is gone.
    Vanished,
    /// A file changed after it was sent.
    Grown,
    /// A file settled, but its last line has no end.
    Unended,
    /// A file waits for a roll-back that nobody carries out or gives up.
    Held,
    /// Fiscal receipts of an own company are missing (A26).
    Receipt,
}

/// The source of an alarm that concerns all of them.
pub const ALL_SOURCES: &str = "*";

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Gap,
        Self::Silence,
        Self::Trailer,
        Self::Changed,
        Self::Rejected,
        Self::Refused,
        Self::Difference,
        Self::Spool,
        Self::Vanished,
        Self::Grown,
        Self::Unended,
        Self::Held,
        Self::Receipt,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Silence => "silence",
            Self::Trailer => "trailer",
            Self::Changed => "changed",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Difference => "difference",
            Self::Spool => "spool",
            Self::Vanished => "vanished",
            Self::Grown => "grown",
            Self::Unended => "unended",
            Self::Held => "held",
            Self::Receipt => "receipt",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// An alarm that is raised.
#[derive(Clone, Copy, Debug)]
pub struct Raised<'a> {
    /// Source.
    pub source: &'a str,
    /// Kind.
    pub kind: Kind,
    /// What of the source; one open alarm each.
    pub subject: &'a str,
    /// What is wrong and what to do, in English.
    pub what: &'a str,
    /// The same in Russian.
    pub what_ru: &'a str,
}

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Number.
    pub id: i64,
    /// Source.
    pub source: String,
    /// Kind.
    pub kind: String,
    /// What of the source.
    pub subject: String,
    /// In English.
    pub what: String,
    /// In Russian.
    pub what_ru: String,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// When its cause was gone.
    pub cleared_at: Option<DateTime<Utc>>,
    /// When somebody acknowledged it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Login of who did.
    pub acknowledged_by: Option<String>,
}

/// Which alarms.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those neither cleared nor acknowledged.
    pub open: bool,
    /// Only of this source.
    pub source: Option<String>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only older than this number.
    pub before_id: Option<i64>,
}

/// Raises an alarm, unless the same stands already; one that was acknowledged stands until its cause is gone.
pub async fn raise(store: &Store, raised: &Raised<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut connection = store.pool().acquire().await?;
    raise_in(&mut connection, raised, now).await
}

pub(crate) async fn raise_in(
    connection: &mut PgConnection,
    raised: &Raised<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let new = sqlx::query(
        "INSERT INTO ingest_alarm (source, kind, subject, what, what_ru, raised_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (source, kind, subject) WHERE cleared_at IS NULL DO NOTHING",
    )
    .bind(raised.source)
    .bind(raised.kind.as_str())
    .bind(raised.subject)
    .bind(raised.what)
    .bind(raised.what_ru)
    .bind(now)
    .execute(connection)
    .await?;
    if new.rows_affected() == 1 {
        tracing::warn!(source = raised.source, kind = raised.kind.as_str(), "{}", raised.what);
    }
    Ok(())
}

/// Raises an alarm, or says more by the one that stands: who acknowledged it saw less.
pub(crate) async fn raise_anew_in(
    connection: &mut PgConnection,
    raised: &Raised<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE ingest_alarm SET what = $4, what_ru = $5, acknowledged_at = NULL, acknowledged_by = NULL
         WHERE source = $1 AND kind = $2 AND subject = $3 AND cleared_at IS NULL AND what <> $4",
    )
    .bind(raised.source)
    .bind(raised.kind.as_str())
    .bind(raised.subject)
    .bind(raised.what)
    .bind(raised.what_ru)
    .execute(&mut *connection)
    .await?;
    raise_in(connection, raised, now).await
}

/// Clears an alarm whose cause is gone, acknowledged or not.
pub async fn clear(
    store: &Store,
    source: &str,
    kind: Kind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut connection = store.pool().acquire().await?;
    clear_in(&mut connection, source, kind, subject, now).await
}

pub(crate) async fn clear_in(
    connection: &mut PgConnection,
    source: &str,
    kind: Kind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE ingest_alarm SET cleared_at = $4 WHERE source = $1 AND kind = $2 AND subject = $3 AND cleared_at IS NULL")
        .bind(source)
        .bind(kind.as_str())
        .bind(subject)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Open alarms by kind.
pub async fn open_by_kind(store: &Store) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, count(*) AS n FROM ingest_alarm WHERE cleared_at IS NULL AND acknowledged_at IS NULL GROUP BY kind",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| (row.get("kind"), row.get("n"))).collect())
}

const COLUMNS: &str =
    "a.id, a.source, a.kind, a.subject, a.what, a.what_ru, a.raised_at, a.cleared_at, a.acknowledged_at, u.login";

/// Alarms, the newest first.
pub async fn list(store: &Store, filter: &Filter, limit: i64) -> Result<Vec<Alarm>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM ingest_alarm a LEFT JOIN staff_user u ON u.id = a.acknowledged_by
         WHERE (NOT $1 OR (a.cleared_at IS NULL AND a.acknowledged_at IS NULL)) AND ($2::text IS NULL OR a.source = $2)
               AND ($3::text IS NULL OR a.kind = $3) AND a.id < coalesce($4, 9223372036854775807)
         ORDER BY a.id DESC LIMIT $5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(filter.open)
        .bind(&filter.source)
        .bind(filter.kind.map(Kind::as_str))
        .bind(filter.before_id)
        .bind(limit)
        .fetch_all(store.pool())
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// Why an alarm cannot be acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// No such alarm.
    #[error("there is no such alarm")]
    NotFound,
    /// Somebody did before.
    #[error("the alarm was acknowledged before")]
    Acknowledged,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AcknowledgeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Says that somebody has seen to an alarm.
pub async fn acknowledge(change: &mut Change, id: i64, reason: &str) -> Result<Alarm, AcknowledgeError> {
    let (user, now) = (change.actor().author.staff_id(), change.now());
    let sql = format!(
        "SELECT {COLUMNS} FROM ingest_alarm a LEFT JOIN staff_user u ON u.id = a.acknowledged_by WHERE a.id = $1 FOR UPDATE OF a"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(change.connection()).await?;
    let mut alarm = read(&row.ok_or(AcknowledgeError::NotFound)?);
    if alarm.acknowledged_at.is_some() {
        return Err(AcknowledgeError::Acknowledged);
    }
    sqlx::query("UPDATE ingest_alarm SET acknowledged_at = $2, acknowledged_by = $3 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(user)
        .execute(change.connection())
        .await?;
    alarm.acknowledged_at = Some(now);
    alarm.acknowledged_by = Some(change.actor().login.clone());
    let before = json!({"acknowledged_at": null});
    change.record("ingest_alarm.acknowledge", "ingest_alarm", id, &before, &json!({"acknowledged_at": now}), reason);
    Ok(alarm)
}

fn read(row: &PgRow) -> Alarm {
    Alarm {
        id: row.get("id"),
        source: row.get("source"),
        kind: row.get("kind"),
        subject: row.get("subject"),
        what: row.get("what"),
        what_ru: row.get("what_ru"),
        raised_at: row.get("raised_at"),
        cleared_at: row.get("cleared_at"),
        acknowledged_at: row.get("acknowledged_at"),
        acknowledged_by: row.get("login"),
    }
}
