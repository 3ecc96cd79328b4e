//! A CSV file with a header, read row by row with errors that say where.

use std::fs::File;
use std::io::BufReader;
use std::str::FromStr;

use super::Reading;
use rating::Money;
use rating::list::Validity;
use rating::rate_text::{self, Fault, Fields, Wanted};
use rating::wording::Language;

/// A column: its name, and whether the file must have it.
pub(super) type Column = (&'static str, bool);

/// A row under inspection: fields by column name, errors collected.
pub(super) struct RowReader<'r> {
    record: &'r csv::StringRecord,
    columns: &'r [Option<usize>],
    specification: &'r [Column],
    /// Line of the row.
    pub(super) line: u64,
    /// (column, problem) of this row.
    pub(super) problems: Vec<(&'static str, String)>,
}

impl Fields for RowReader<'_> {
    fn text(&self, column: rate_text::Column) -> Option<&str> {
        RowReader::text(self, column.as_str())
    }
}

impl RowReader<'_> {
    /// The text of a field; `None` when empty.
    pub(super) fn text(&self, column: &'static str) -> Option<&str> {
        let index = self
            .specification
            .iter()
            .position(|(name, _)| *name == column)
            .expect("columns are asked for as specified");
        self.columns[index].and_then(|index| self.record.get(index)).map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn problem(&mut self, column: &'static str, problem: impl Into<String>) {
        self.problems.push((column, problem.into()));
    }

    /// The text of a field that must not be empty.
    pub(super) fn required(&mut self, column: &'static str) -> String {
        let text = self.text(column).map(str::to_owned);
        text.unwrap_or_else(|| {
            self.problem(column, "must not be empty");
            String::new()
        })
    }

    /// A field read by `read`; a text that it refuses is an error saying what is wanted.
    pub(super) fn read<T>(
        &mut self,
        column: &'static str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(column)?.to_owned();
        let value = read(&text);
        if value.is_none() {
            self.problem(column, format!("`{text}` is not {wanted}"));
        }
        value
    }

    /// As [`Self::read`], of a field that must not be empty.
    pub(super) fn must_read<T>(
        &mut self,
        column: &'static str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if self.text(column).is_none() {
            self.problem(column, format!("must not be empty; it is {wanted}"));
        }
        self.read(column, wanted, read)
    }

    /// As [`Self::must_read`], for types that parse themselves.
    pub(super) fn must_parse<T: FromStr>(&mut self, column: &'static str, wanted: &str) -> Option<T> {
        self.must_read(column, wanted, |text| text.parse().ok())
    }

    /// As [`Self::read`], for types that parse themselves.
    pub(super) fn parse<T: FromStr>(&mut self, column: &'static str, wanted: &str) -> Option<T> {
        self.read(column, wanted, |text| text.parse().ok())
    }

    pub(super) fn amount(&mut self, column: &'static str) -> Option<Money> {
        self.read(column, "an amount (digits, a point, at most nine decimals, below 1000000000)", Money::parse)
    }

    /// One of some words.
    pub(super) fn word(&mut self, column: &'static str, words: &[&'static str], default: &'static str) -> &'static str {
        let wanted = format!("one of {}", words.join(", "));
        self.read(column, &wanted, |text| words.iter().copied().find(|word| *word == text)).unwrap_or(default)
    }

    /// One of some words, in a field that must not be empty.
    pub(super) fn must_word(&mut self, column: &'static str, words: &[&'static str]) -> Option<&'static str> {
        let wanted = format!("one of {}", words.join(", "));
        self.must_read(column, &wanted, |text| words.iter().copied().find(|word| *word == text))
    }

    /// Columns `from` and `to`.
    pub(super) fn validity(&mut self) -> Validity {
        let moment = crate::decode::parse_rfc3339_ms;
        self.rate_text(|row, faults| rate_text::validity(row, Wanted::Moment, moment, faults))
    }

    /// What `read` makes of the texts of a rate; its faults become problems of this row.
    pub(super) fn rate_text<T>(&mut self, read: impl FnOnce(&Self, &mut Vec<Fault>) -> T) -> T {
        let mut faults = Vec::new();
        let value = read(self, &mut faults);
        for fault in faults {
            self.problem(fault.column.as_str(), fault.problem.text(Language::English));
        }
        value
    }

    /// A reference to a code of another file, in a field that must not be empty.
    pub(super) fn must_refer<T: Copy>(
        &mut self,
        column: &'static str,
        file: &str,
        known: &std::collections::HashMap<String, T>,
    ) -> Option<T> {
        if self.text(column).is_none() {
            self.problem(column, format!("must not be empty; it is a code of {file}"));
        }
        self.reference(column, file, known)
    }

    /// A reference to a code of another file.
    pub(super) fn reference<T: Copy>(
        &mut self,
        column: &'static str,
        file: &str,
        known: &std::collections::HashMap<String, T>,
    ) -> Option<T> {
        let code = self.text(column)?.to_owned();
        let found = known.get(&code).copied();
        if found.is_none() {
            self.problem(column, format!("`{code}` is not in {file}; add it there or correct it here"));
        }
        found
    }
}

/// Reads the file `name`, if it is there (one that is missing is an error when `obligatory`), and hands each row to `take`.
pub(super) fn read_table(
    reading: &mut Reading<'_>,
    name: &'static str,
    obligatory: bool,
    specification: &[Column],
    mut take: impl FnMut(&mut Reading<'_>, &mut RowReader<'_>),
) {
    let path = reading.dir.join(name);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if obligatory {
                let columns: Vec<&str> =
                    specification.iter().filter(|(_, needed)| *needed).map(|(name, _)| *name).collect();
                reading.fail(
                    name,
                    0,
                    "",
                    format!("the file is missing; it needs at least a header with {}", columns.join(",")),
                );
            }
            return;
        }
        Err(error) => return reading.fail(name, 0, "", format!("cannot be opened: {error}")),
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(BufReader::with_capacity(1 << 20, file));
    let Some(columns) = header(reading, name, specification, &mut reader) else { return };
    let width = columns.width;
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let utf8 = matches!(error.kind(), csv::ErrorKind::Utf8 { .. });
                reading.fail(name, line, "", if utf8 { "the line is not UTF-8".to_owned() } else { error.to_string() });
                if !utf8 {
                    break;
                }
                continue;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != width {
            reading.fail(name, line, "", format!("{} fields, but the header has {width}", record.len()));
            continue;
        }
        let mut row =
            RowReader { record: &record, columns: &columns.indices, specification, line, problems: Vec::new() };
        take(reading, &mut row);
        for (column, problem) in std::mem::take(&mut row.problems) {
            reading.fail(name, line, column, problem);
        }
    }
}

struct Columns {
    indices: Vec<Option<usize>>,
    width: usize,
}

fn header(
    reading: &mut Reading<'_>,
    name: &str,
    specification: &[Column],
    reader: &mut csv::Reader<BufReader<File>>,
) -> Option<Columns> {
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            reading.fail(name, 1, "", format!("the header cannot be read: {error}"));
            return None;
        }
    };
    let titles: Vec<&str> = header.iter().map(|title| title.trim_start_matches('\u{feff}').trim()).collect();
    let before = reading.errors.len();
    for (index, title) in titles.iter().enumerate() {
        if !specification.iter().any(|(known, _)| known == title) {
            let known: Vec<&str> = specification.iter().map(|(name, _)| *name).collect();
            reading.fail(name, 1, title, format!("unknown column; this file has {}", known.join(",")));
        } else if titles[..index].contains(title) {
            reading.fail(name, 1, title, "the column stands twice");
        }
    }
    let indices: Vec<Option<usize>> =
        specification.iter().map(|(name, _)| titles.iter().position(|title| title == name)).collect();
    for ((column, needed), index) in specification.iter().zip(&indices) {
        if *needed && index.is_none() {
            reading.fail(name, 1, column, "the column is missing");
        }
    }
    (reading.errors.len() == before).then_some(Columns { indices, width: titles.len() })
}
