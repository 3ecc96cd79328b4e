//! Endpoints of the collection of call records: imports, alarms, reconciliation with switches.
//!
//! Owns: how an import and an alarm are shown.
//! Does not own: the register (`billing::imports`), the alarms (`billing::ingest_alarms`), collecting (the collector).
//! Always: an import is named by its number, by which it is rolled back too.

pub(crate) mod acknowledge;
pub(crate) mod alarms;
pub(crate) mod get;
pub(crate) mod reconciliation;
pub(crate) mod switch_counts;

use billing::imports::{Import, Trailer};
use billing::ingest_alarms::Alarm;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::{Language, Text};

/// What the trailer of a file claims; `null` = it does not say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrailerView {
    /// Records.
    records: Option<i64>,
    /// Answered calls.
    answered: Option<i64>,
    /// Their seconds.
    seconds: Option<i64>,
}

/// A file of call records.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordImportView)]
pub(crate) struct ImportView {
    /// Number; what `POST /v1/roll-backs` takes.
    id: i64,
    /// Source.
    source: String,
    /// Name of the file.
    file_name: String,
    /// Size in bytes.
    size_bytes: i64,
    /// SHA-256 of the content.
    sha256: String,
    /// When the file was written last.
    modified_at: Option<DateTime<Utc>>,
    /// Number in its name.
    sequence: Option<i64>,
    /// `sending`, `sent`, `refused`.
    state: String,
    /// The import that had the same content, of a refused file.
    repeats: Option<i64>,
    /// Records in the file, header and trailer apart.
    records_found: i64,
    /// Records that the broker acknowledged.
    records_sent: i64,
    /// Records that no message can hold.
    records_rejected: i64,
    /// Bytes that are done.
    position_bytes: i64,
    /// What we count in the file.
    found: TrailerView,
    /// What its trailer claims.
    trailer: Option<TrailerView>,
    /// When it was begun.
    started_at: DateTime<Utc>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
    /// Why it was refused.
    problem: Option<String>,
    /// Job that rolled it back.
    rolled_back_by: Option<i64>,
}

impl From<Import> for ImportView {
    fn from(import: Import) -> Self {
        let counted = import.counted;
        let trailer = import.trailer;
        Self {
            id: import.id,
            source: import.source,
            file_name: import.file_name,
            size_bytes: import.size_bytes,
            sha256: import.sha256,
            modified_at: import.modified_at,
            sequence: import.sequence,
            state: import.state,
            repeats: import.repeats,
            records_found: import.records_found,
            records_sent: import.records_sent,
            records_rejected: import.records_rejected,
            position_bytes: import.position_bytes,
            found: TrailerView {
                records: Some(import.records_found),
                answered: counted.map(|(answered, _)| answered),
                seconds: counted.map(|(_, seconds)| seconds),
            },
            trailer: (trailer != Trailer::default()).then_some(TrailerView {
                records: trailer.records,
                answered: trailer.answered,
                seconds: trailer.seconds,
            }),
            started_at: import.started_at,
            finished_at: import.finished_at,
            problem: import.problem,
            rolled_back_by: import.rolled_back_by,
        }
    }
}

/// An alarm of the collection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlarmView {
    /// Number.
    id: i64,
    /// Source.
    source: String,
    /// `gap`, `silence`, `trailer`, `changed`, `rejected`, `refused`, `difference`, `spool`, `vanished`, `grown`, `unended`, `held`, `receipt`.
    kind: String,
    /// What of the source: number of the missing file, of the import, the hour.
    subject: String,
    /// What is wrong and what to do, in the language of the caller.
    what: String,
    /// When it was raised.
    raised_at: DateTime<Utc>,
    /// When its cause was gone.
    cleared_at: Option<DateTime<Utc>>,
    /// When somebody acknowledged it.
    acknowledged_at: Option<DateTime<Utc>>,
    /// Login of who did.
    acknowledged_by: Option<String>,
}

impl AlarmView {
    fn spoken(alarm: Alarm, language: Language) -> Self {
        let what = Text::new(alarm.what_ru, alarm.what);
        Self {
            id: alarm.id,
            source: alarm.source,
            kind: alarm.kind,
            subject: alarm.subject,
            what: what.spoken(language).to_owned(),
            raised_at: alarm.raised_at,
            cleared_at: alarm.cleared_at,
            acknowledged_at: alarm.acknowledged_at,
            acknowledged_by: alarm.acknowledged_by,
        }
    }
}
