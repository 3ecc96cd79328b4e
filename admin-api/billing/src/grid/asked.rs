//! What a caller wants of a list.
//!
//! Owns: filters with their values, the order, the place where a page begins.
//! Does not own: how they are written (`admin-api`).
//! Always: a value has the type that its filter says.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{AS_FOUND, Column, Filter, Found};
use crate::staff::Staff;

/// A value, as it is bound or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `text`.
    Text(String),
    /// `text[]`.
    Words(Vec<String>),
    /// `bigint`.
    Number(i64),
    /// `numeric`.
    Amount(Decimal),
    /// `boolean`.
    Flag(bool),
    /// `timestamptz`.
    Moment(DateTime<Utc>),
    /// `date`.
    Day(NaiveDate),
}

/// Who asks, and when.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Identifier of the staff user.
    pub id: i64,
    /// Names of his permissions.
    pub rights: Vec<String>,
    /// The moment.
    pub now: DateTime<Utc>,
}

impl Caller {
    /// A user at a moment.
    pub fn of(staff: &Staff, now: DateTime<Utc>) -> Self {
        let rights = staff.permissions.iter().map(|permission| permission.as_str().to_owned()).collect();
        Self { id: staff.id, rights, now }
    }
}

/// The row behind which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// By what rows are ordered, of that row.
    pub value: Value,
    /// Its key.
    pub id: i64,
}

/// A request for a list.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Filters that are set.
    pub filters: Vec<(&'static Filter, Value)>,
    /// The column that rows are ordered by; it is sortable.
    pub column: &'static Column,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// No row at all: what the list requires is not said, and that is excused.
    pub is_nothing: bool,
    /// Behind this row; `None` = from the beginning.
    pub after: Option<Position>,
}

impl Asked {
    /// The first filter whose rows an index finds.
    pub(super) fn found(&self) -> Option<(&'static Filter, Found, &Value)> {
        self.filters.iter().find_map(|(filter, value)| {
            let found = filter.found.filter(|found| (found.finds)(value))?;
            Some((*filter, found, value))
        })
    }

    /// Whether rows are wanted in the order in which they are found.
    pub(super) fn is_as_found(&self) -> bool {
        self.column.name == AS_FOUND.name
    }
}
