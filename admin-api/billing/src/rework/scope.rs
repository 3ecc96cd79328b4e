//! What a job is asked to do.
//!
//! Owns: the kinds of jobs and the shape of their scopes.
//! Does not own: reading what is in a scope.
//! Always: a scope is kept as it was asked for, and read back exactly.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Tries entries of suspense again.
    Recycle,
    /// Settles entries of suspense without a charge.
    Discard,
    /// Prices charges again.
    Rerate,
    /// Takes an import back.
    Rollback,
}

impl Kind {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recycle => "recycle",
            Self::Discard => "discard",
            Self::Rerate => "rerate",
            Self::Rollback => "rollback",
        }
    }

    /// Whether a dry run comes first.
    pub const fn has_dry_run(self) -> bool {
        matches!(self, Self::Rerate | Self::Rollback)
    }
}

/// Which entries of suspense: these, or all that fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuspenseScope {
    /// These alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<i64>>,
    /// Only this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Only this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Which prices are made anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What accounts owe.
    Retail,
    /// What we owe providers.
    Wholesale,
    /// Both.
    #[default]
    Both,
}

/// Which charges are priced again. An empty field fits all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChargeScope {
    /// Code of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Beginning of the dialled number, digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// First usage day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Last usage day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Priced by this version of the catalogue or a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_version: Option<u64>,
    /// Priced by this version of the catalogue or an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_version: Option<u64>,
    /// Which prices.
    pub side: Side,
}

/// Offsets of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Name of the cluster.
    pub cluster: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// First offset.
    pub from_offset: i64,
    /// Offset after the last.
    pub to_offset: i64,
}

/// Which import is taken back: one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RollbackScope {
    /// Records that came by an offset range.
    Place(Place),
    /// Records that carry the number of an import.
    Import(u64),
}

/// What a job is done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Entries of suspense.
    Suspense(SuspenseScope),
    /// Charges.
    Charges(ChargeScope),
    /// An import.
    Import(RollbackScope),
}
