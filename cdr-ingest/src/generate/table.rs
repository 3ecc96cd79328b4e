//! A CSV file of the operator directory, read column by column.
//!
//! **Owns:** finding columns by name and reading the plain kinds of field. **Does not own:** what the fields mean (`model`).
//! **Always:** a field that cannot be read is an error with file and line. Nothing else is checked: the engine's loader does that.

use std::fs::File;
use std::path::{Path, PathBuf};

use chrono::DateTime;

use super::error::GenerateError;
use super::money::parse_nano;

/// The rows of one file.
pub(super) struct Table {
    path: PathBuf,
    name: String,
    columns: Vec<String>,
    reader: csv::Reader<File>,
}

/// One row, asked by column name.
pub(super) struct Row<'a> {
    name: &'a str,
    columns: &'a [String],
    record: &'a csv::StringRecord,
}

impl Table {
    pub(super) fn open(dir: &Path, name: &str) -> Result<Self, GenerateError> {
        let path = dir.join(name);
        let mut reader =
            csv::ReaderBuilder::new().buffer_capacity(1 << 18).from_path(&path).map_err(GenerateError::csv(&path))?;
        let columns = reader.headers().map_err(GenerateError::csv(&path))?.iter().map(str::to_owned).collect();
        Ok(Self { path, name: name.to_owned(), columns, reader })
    }

    /// Calls `take` with every row.
    pub(super) fn each(
        mut self,
        mut take: impl FnMut(&Row<'_>) -> Result<(), GenerateError>,
    ) -> Result<(), GenerateError> {
        let mut record = csv::StringRecord::new();
        while self.reader.read_record(&mut record).map_err(GenerateError::csv(&self.path))? {
            take(&Row { name: &self.name, columns: &self.columns, record: &record })?;
        }
        Ok(())
    }
}

impl<'a> Row<'a> {
    /// The text of a column; empty when the column or its value is missing.
    pub(super) fn text(&self, column: &str) -> &'a str {
        self.columns.iter().position(|name| name == column).and_then(|index| self.record.get(index)).unwrap_or("")
    }

    /// The text, unless it is empty.
    pub(super) fn optional(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The text, or what stands for an empty one.
    pub(super) fn text_or(&self, column: &str, default: &'a str) -> &'a str {
        Some(self.text(column)).filter(|text| !text.is_empty()).unwrap_or(default)
    }

    /// The words of a list inside one field.
    pub(super) fn words(&self, column: &str) -> Vec<String> {
        self.text(column).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn nano(&self, column: &str) -> Result<Option<i128>, GenerateError> {
        self.read(column, parse_nano)
    }

    pub(super) fn whole(&self, column: &str) -> Result<Option<i64>, GenerateError> {
        self.read(column, |text| text.parse().ok())
    }

    /// A time as epoch milliseconds.
    pub(super) fn time(&self, column: &str) -> Result<Option<i64>, GenerateError> {
        self.read(column, |text| DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis()))
    }

    /// The complaint that a column cannot be read.
    pub(super) fn bad(&self, column: &str) -> GenerateError {
        let line = self.record.position().map_or(0, csv::Position::line);
        GenerateError::data(self.name, line, format!("{column} `{}` cannot be read", self.text(column)))
    }

    /// The complaint that what a column says is more than the oracle can reckon.
    pub(super) fn beyond(&self, column: &str) -> GenerateError {
        let line = self.record.position().map_or(0, csv::Position::line);
        let what = format!(
            "{column} `{}` makes the sum of a day depend on the order of its calls, which the oracle does not know",
            self.text(column)
        );
        GenerateError::data(self.name, line, what)
    }

    fn read<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, GenerateError> {
        match self.text(column) {
            "" => Ok(None),
            text => parse(text).map(Some).ok_or_else(|| self.bad(column)),
        }
    }
}
