//! What a person says a suspended record should read.
//!
//! Owns: the fields that may be corrected.
//! Does not own: how they replace those of the record (the ingest does), who may correct.
//! Always: the record itself stays as it came; a field that is not named stays as it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How an attempt ended, as canonical records say it.
pub const DISPOSITIONS: &[&str] = &["answered", "no_answer", "busy", "failed", "cancelled"];

/// Fields that replace those of the record. No `Debug`: numbers do not belong into logs.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Correction {
    /// Instead of the whole record, where its bytes are none: text in the format of its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// Source, where the record and its message name none that is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Code of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Calling number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src: Option<String>,
    /// Dialled number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dst: Option<String>,
    /// The forwarding number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
    /// Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Set-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup_at: Option<DateTime<Utc>>,
    /// Answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_at: Option<DateTime<Utc>>,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_at: Option<DateTime<Utc>>,
    /// Duration that is billed, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billable_ms: Option<i64>,
    /// Pieces of an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u64>,
    /// How the attempt ended, one of [`DISPOSITIONS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// Trunk that the call came in by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk_in: Option<String>,
    /// Trunk that the call went out by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk_out: Option<String>,
}
