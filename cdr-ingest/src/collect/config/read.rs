//! Values of a TOML table, each taken once.
//!
//! Owns: types and bounds of values, what is said when they do not fit.
//! Does not own: which keys there are.
//! Always: a fault names the whole key; what is left over at the end is a key that nobody knows.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use regex::bytes::Regex;
use toml::{Table, Value};

/// A table that is being read.
pub(super) struct Reader<'a> {
    path: String,
    table: Table,
    faults: &'a mut Vec<String>,
    before: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &str, table: Table, faults: &'a mut Vec<String>) -> Self {
        let before = faults.len();
        Self { path: path.to_owned(), table, faults, before }
    }

    /// A reader for a table inside.
    pub(super) fn below(&mut self, key: &str, table: Table) -> Reader<'_> {
        let path = self.key(key);
        Reader::new(&path, table, self.faults)
    }

    fn key(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// Says what is wrong with a key.
    pub(super) fn fault(&mut self, key: &str, problem: &str) {
        let fault = format!("{}: {problem}", self.key(key));
        self.faults.push(fault);
    }

    /// Whether this table had a fault.
    pub(super) const fn has_faults(&self) -> bool {
        self.faults.len() > self.before
    }

    /// What nobody has taken is unknown.
    pub(super) fn end(&mut self) {
        for key in std::mem::take(&mut self.table).keys() {
            self.fault(key, "there is no such key; is it misspelt?");
        }
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.table.remove(key)? {
            Value::String(text) if !text.trim().is_empty() && !text.contains('\0') => Some(text),
            _ => {
                self.fault(key, "a text in quotes is expected, not empty");
                None
            }
        }
    }

    pub(super) fn needed_text(&mut self, key: &str, remedy: &str) -> String {
        if !self.table.contains_key(key) {
            self.fault(key, &format!("it is missing; {remedy}"));
        }
        self.text(key).unwrap_or_default()
    }

    pub(super) fn parsed<T: FromStr>(&mut self, key: &str, remedy: &str) -> Option<T> {
        let text = self.needed_text(key, remedy);
        let value = text.parse().ok();
        if value.is_none() && !text.is_empty() {
            self.fault(key, &format!("`{text}` is not understood; {remedy}"));
        }
        value
    }

    pub(super) fn optional_number(&mut self, key: &str, bounds: RangeInclusive<i64>) -> Option<i64> {
        match self.table.remove(key)? {
            Value::Integer(number) if bounds.contains(&number) => Some(number),
            _ => {
                self.fault(key, &format!("a whole number from {} to {} is expected", bounds.start(), bounds.end()));
                None
            }
        }
    }

    pub(super) fn number(&mut self, key: &str, default: i64, bounds: RangeInclusive<i64>) -> i64 {
        self.optional_number(key, bounds).unwrap_or(default)
    }

    pub(super) fn seconds(&mut self, key: &str, default: i64, bounds: RangeInclusive<i64>) -> Duration {
        Duration::from_secs(self.number(key, default, bounds).unsigned_abs())
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        match self.table.remove(key) {
            None => false,
            Some(Value::Boolean(flag)) => flag,
            Some(_) => {
                self.fault(key, "true or false is expected");
                false
            }
        }
    }

    pub(super) fn regex(&mut self, key: &str) -> Option<Regex> {
        let text = self.text(key)?;
        match Regex::new(&text) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let error = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                self.fault(key, &format!("it is no regular expression: {error}"));
                None
            }
        }
    }

    pub(super) fn needed_regex(&mut self, key: &str, remedy: &str) -> Option<Regex> {
        if !self.table.contains_key(key) {
            self.fault(key, &format!("it is missing; {remedy}"));
        }
        self.regex(key)
    }

    pub(super) fn table(&mut self, key: &str) -> Option<Table> {
        if let Value::Table(table) = self.table.remove(key)? {
            return Some(table);
        }
        self.fault(key, "a table is expected");
        None
    }

    pub(super) fn tables(&mut self, key: &str) -> Vec<Table> {
        let Some(value) = self.table.remove(key) else { return Vec::new() };
        let Value::Array(values) = value else {
            self.fault(key, &format!("write it as [[{key}]]"));
            return Vec::new();
        };
        let table = |value: Value| if let Value::Table(table) = value { Some(table) } else { None };
        values.into_iter().filter_map(table).collect()
    }
}
