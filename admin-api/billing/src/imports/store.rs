//! Registering files.
//!
//! Owns: whether a file is new, goes on, waits or repeats another, and the alarms that its number and its trailer give.
//! Does not own: how far an import is (`progress`), how imports are shown (`read`).
//! Always: a file is registered before its first record is sent.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};

use super::rules::Numbering;
use super::sequence;
use crate::ingest_alarms::{self, Kind, Raised};
use crate::store::{Store, StoreError};

/// What the trailer of a file claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trailer {
    /// Records.
    pub records: Option<i64>,
    /// Answered calls.
    pub answered: Option<i64>,
    /// Their seconds.
    pub seconds: Option<i64>,
}

/// A file, read once from end to end.
#[derive(Clone, Debug)]
pub struct FoundFile {
    /// Source whose records it holds.
    pub source: String,
    /// Name without folder.
    pub file_name: String,
    /// Size.
    pub size_bytes: i64,
    /// Digest of the content.
    pub sha256: [u8; 32],
    /// When it was written last.
    pub modified_at: Option<DateTime<Utc>>,
    /// Number in its name.
    pub sequence: Option<i64>,
    /// Name of the cluster that it goes to.
    pub cluster: String,
    /// Topic that it goes to.
    pub topic: String,
    /// Records, header and trailer apart.
    pub records: i64,
    /// Of these, those that no message can hold.
    pub rejected: i64,
    /// Answered calls and their seconds, where the records can be read.
    pub counted: Option<(i64, i64)>,
    /// What its trailer claims.
    pub trailer: Trailer,
}

/// What a file is to the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registered {
    /// A new import.
    New {
        /// Its number.
        id: i64,
    },
    /// One that was begun: go on behind the position.
    Resumed {
        /// Its number.
        id: i64,
        /// Bytes that were acknowledged.
        position_bytes: i64,
        /// Records that were acknowledged.
        records_sent: i64,
    },
    /// This very file was sent whole; it only was not put away.
    Sent {
        /// Its number.
        id: i64,
    },
    /// An import of the content is being rolled back: what comes before that is done would be a repeat.
    Waiting {
        /// The job.
        job: i64,
    },
    /// The content came before; refused.
    Repeat {
        /// Number of the refusal.
        id: i64,
        /// Import that had the content.
        of: i64,
    },
}

/// Whether an import was taken back.
pub(super) const ROLLED_BACK: &str =
    "(SELECT max(j.id) FROM rework_job j WHERE j.kind = 'rollback' AND j.state = 'done' AND j.pass = 1
    AND j.scope = jsonb_build_object('import', jsonb_build_object('import', i.id)))";

/// Registers a file that is about to be sent.
pub async fn register(
    store: &Store,
    file: &FoundFile,
    numbering: Numbering,
    now: DateTime<Utc>,
) -> Result<Registered, StoreError> {
    let mut tx = store.begin().await?;
    // Two collectors with one folder: the second waits here, and finds what the first has registered.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 40))").bind(&file.source).execute(&mut *tx).await?;
    let sql = format!(
        "SELECT i.id, i.state, i.file_name, i.modified_at, i.position_bytes, i.records_sent FROM import i
         WHERE i.source = $1 AND i.sha256 = $2 AND i.state <> 'refused' AND {ROLLED_BACK} IS NULL ORDER BY i.id LIMIT 1"
    );
    let former = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&file.source)
        .bind(&file.sha256[..])
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(job) = roll_back_under_way(&mut tx, file).await? {
        raise_held(&mut tx, file, job, now).await?;
        tx.commit().await?;
        return Ok(Registered::Waiting { job });
    }
    ingest_alarms::clear_in(&mut tx, &file.source, Kind::Held, &file.file_name, now).await?;
    // Files without a record are all alike, and each is a file of its own.
    if let Some(former) = former.filter(|_| file.records > 0) {
        let id: i64 = former.get("id");
        let is_sent = former.get::<&str, _>("state") == "sent";
        // Postgres keeps microseconds.
        let same_moment = former.get::<Option<DateTime<Utc>>, _>("modified_at").map(|at| at.timestamp_micros())
            == file.modified_at.map(|at| at.timestamp_micros());
        let same_file = former.get::<&str, _>("file_name") == file.file_name && same_moment;
        return match (is_sent, same_file) {
            // Under whatever name: the content is the same, and the rest of it is to be sent.
            (false, _) => {
                sqlx::query("UPDATE import SET file_name = $2, modified_at = $3 WHERE id = $1")
                    .bind(id)
                    .bind(&file.file_name)
                    .bind(file.modified_at)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                Ok(Registered::Resumed {
                    id,
                    position_bytes: former.get("position_bytes"),
                    records_sent: former.get("records_sent"),
                })
            }
            (true, true) => {
                tx.commit().await?;
                Ok(Registered::Sent { id })
            }
            (true, false) => {
                let problem = format!("the content is that of import {id} ({})", former.get::<&str, _>("file_name"));
                let refused = insert(&mut tx, file, "refused", Some((id, &problem)), now).await?;
                tx.commit().await?;
                Ok(Registered::Repeat { id: refused, of: id })
            }
        };
    }
    give_up_changed(&mut tx, file, now).await?;
    let id = insert(&mut tx, file, "sending", None, now).await?;
    note_successor(&mut tx, file, id).await?;
    sequence::note_number(&mut tx, file, numbering, now).await?;
    ingest_alarms::clear_in(&mut tx, &file.source, Kind::Silence, "", now).await?;
    compare_trailer(&mut tx, file, id, now).await?;
    tx.commit().await?;
    Ok(Registered::New { id })
}

/// The job that is to roll an import of this content back, or the part of this file that was sent, and has neither done it nor was given up.
async fn roll_back_under_way(connection: &mut PgConnection, file: &FoundFile) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT max(j.id) FROM import i JOIN rework_job j ON j.kind = 'rollback' AND j.state IN ('queued', 'running', 'previewed')
             AND j.scope = jsonb_build_object('import', jsonb_build_object('import', i.id))
         WHERE i.source = $1 AND (i.sha256 = $2 OR (i.file_name = $3 AND i.state = 'refused'))",
    )
    .bind(&file.source)
    .bind(&file.sha256[..])
    .bind(&file.file_name)
    .fetch_one(connection)
    .await?)
}

/// A roll-back that was only shown keeps the file back for as long as nobody decides: somebody has to know.
async fn raise_held(
    connection: &mut PgConnection,
    file: &FoundFile,
    job: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let name = &file.file_name;
    let raised = Raised {
        source: &file.source,
        kind: Kind::Held,
        subject: name,
        what: &format!("{name} waits for roll-back {job}: carry it out or cancel it; then the file goes by itself"),
        what_ru: &format!("Файл {name} ждёт отката {job}: выполните откат или отмените его, и файл пойдёт сам"),
    };
    ingest_alarms::raise_in(connection, &raised, now).await
}

/// A file that is refused before any record of it was sent; gives the number of the refusal.
pub async fn refuse(store: &Store, file: &FoundFile, problem: &str, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let mut tx = store.begin().await?;
    let id = insert(&mut tx, file, "refused", None, now).await?;
    sqlx::query("UPDATE import SET problem = $2 WHERE id = $1").bind(id).bind(problem).execute(&mut *tx).await?;
    let raised = Raised {
        source: &file.source,
        kind: Kind::Refused,
        subject: &id.to_string(),
        what: &format!("{} was refused: {problem}", file.file_name),
        what_ru: &format!("Файл {} отклонён: {problem}", file.file_name),
    };
    ingest_alarms::raise_in(&mut tx, &raised, now).await?;
    tx.commit().await?;
    Ok(id)
}

async fn insert(
    connection: &mut PgConnection,
    file: &FoundFile,
    state: &str,
    repeat: Option<(i64, &str)>,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO import (source, file_name, size_bytes, sha256, modified_at, sequence, cluster, topic, state, repeats, problem, records_found,
             records_rejected, found_answered, found_seconds, trailer_records, trailer_answered, trailer_seconds, started_at, progressed_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19, CASE WHEN $9 = 'refused' THEN $19 END) RETURNING id",
    )
    .bind(&file.source)
    .bind(&file.file_name)
    .bind(file.size_bytes)
    .bind(&file.sha256[..])
    .bind(file.modified_at)
    .bind(file.sequence)
    .bind(&file.cluster)
    .bind(&file.topic)
    .bind(state)
    .bind(repeat.map(|(id, _)| id))
    .bind(repeat.map(|(_, problem)| problem))
    .bind(file.records)
    // Of a file that is sent they are counted as the position passes them.
    .bind(if state == "refused" { file.rejected } else { 0 })
    .bind(file.counted.map(|(answered, _)| answered))
    .bind(file.counted.map(|(_, seconds)| seconds))
    .bind(file.trailer.records)
    .bind(file.trailer.answered)
    .bind(file.trailer.seconds)
    .bind(now)
    .fetch_one(connection)
    .await?)
}

/// A file of this name was being sent and has another content now: what went of the former stays an import of its own, which can be rolled back.
async fn give_up_changed(
    connection: &mut PgConnection,
    file: &FoundFile,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let changed = sqlx::query(
        "UPDATE import SET state = 'refused', finished_at = $3, problem = 'the file changed while it was sent'
         WHERE source = $1 AND file_name = $2 AND state = 'sending' RETURNING id, records_sent",
    )
    .bind(&file.source)
    .bind(&file.file_name)
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    for row in changed {
        let (id, sent): (i64, i64) = (row.get("id"), row.get("records_sent"));
        ingest_alarms::clear_in(connection, &file.source, Kind::Vanished, &id.to_string(), now).await?;
        let name = &file.file_name;
        let raised = Raised {
            source: &file.source,
            kind: Kind::Changed,
            subject: &id.to_string(),
            what: &format!(
                "{name} changed while it was sent as import {id}: {sent} records of its former content were sent. Write files under another name and rename them when they are whole; if its records were wrong, roll back what came in its place, then import {id}"
            ),
            what_ru: &format!(
                "Файл {name} изменился во время отправки (импорт {id}): отправлено записей прежнего содержания: {sent}. Пишите файлы под другим именем и переименовывайте готовые; если записи были неверны, откатите импорт, пришедший на смену, затем импорт {id}"
            ),
        };
        ingest_alarms::raise_in(connection, &raised, now).await?;
    }
    Ok(())
}

/// A part of this file was sent before, and stands: the new import comes in its place, and what both hold is a repeat in the new one.
async fn note_successor(connection: &mut PgConnection, file: &FoundFile, id: i64) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE import i SET replaced_by = $4 WHERE i.source = $1 AND (i.file_name = $2 OR i.sha256 = $3) AND i.state = 'refused' AND i.records_sent > 0
             AND i.replaced_by IS NULL AND i.id < $4 AND {ROLLED_BACK} IS NULL"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&file.source)
        .bind(&file.file_name)
        .bind(&file.sha256[..])
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// A trailer that claims something else than the file holds is an alarm (A10).
async fn compare_trailer(
    connection: &mut PgConnection,
    file: &FoundFile,
    id: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let counted = file.counted;
    let found = [
        ("records", "записей", file.trailer.records, Some(file.records)),
        ("answered calls", "отвеченных звонков", file.trailer.answered, counted.map(|(answered, _)| answered)),
        ("seconds", "секунд", file.trailer.seconds, counted.map(|(_, seconds)| seconds)),
    ];
    let differing: Vec<_> = found
        .into_iter()
        .filter_map(|(en, ru, claimed, found)| Some((en, ru, claimed?, found?)))
        .filter(|(_, _, claimed, found)| claimed != found)
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    let en: Vec<String> =
        differing.iter().map(|(en, _, claimed, found)| format!("{claimed} {en} claimed, {found} found")).collect();
    let ru: Vec<String> =
        differing.iter().map(|(_, ru, claimed, found)| format!("{ru}: заявлено {claimed}, в файле {found}")).collect();
    let name = &file.file_name;
    let raised = Raised {
        source: &file.source,
        kind: Kind::Trailer,
        subject: &id.to_string(),
        what: &format!("the trailer of {name} (import {id}) differs: {}", en.join("; ")),
        what_ru: &format!("Итоговая строка файла {name} (импорт {id}) расходится с ним: {}", ru.join("; ")),
    };
    ingest_alarms::raise_in(connection, &raised, now).await
}
