//! A file into records.
//!
//! Owns: reading a file record by record, which first lines are a header.
//! Does not own: what a record means, quotes and separators (`decode`).
//! Always: a record is the bytes as they stand, without the end of its line; a line of nothing is no record; a quoted field may hold line ends.

use std::io::{self, BufRead};

use rating::rows::SourceRow;

use crate::decode::{self, RecordEnd};

/// How records stand in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// CSV; a quoted field may hold line ends.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// What ends a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The end of its line.
    Line,
    /// The end of a line that is not in quotes; columns stand between these.
    Csv(u8),
}

impl Kind {
    /// What ends the records of a source.
    pub fn ending(self, source: &SourceRow) -> Ending {
        match self {
            Self::Csv => Ending::Csv(decode::separator_of(source)),
            Self::Ndjson => Ending::Line,
        }
    }
}

/// Where a record stood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// Byte after its line end.
    pub end: u64,
    /// Line, from 1.
    pub line: u64,
    /// The record is longer than the most; its bytes were not kept.
    pub too_long: bool,
}

/// Why the rest of a file is no records.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// A quoted field does not end.
    #[error("the quote that opens in line {line} is never closed; is the file whole?")]
    OpenQuote {
        /// Line of the record's beginning.
        line: u64,
    },
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads a file record by record.
pub struct Splitter<R> {
    reader: R,
    ending: Ending,
    position: u64,
    line: u64,
    most: usize,
}

impl<R: BufRead> Splitter<R> {
    /// Reads from `reader`, which stands at byte `position` of its file; keeps records of up to `most` bytes.
    pub const fn new(reader: R, ending: Ending, position: u64, most: usize) -> Self {
        Self { reader, ending, position, line: 1, most }
    }

    /// The reader back.
    pub fn into_reader(self) -> R {
        self.reader
    }

    /// The next record into `record`; `None` at the end of the file.
    pub fn next(&mut self, record: &mut Vec<u8>) -> Result<Option<Span>, SplitError> {
        loop {
            record.clear();
            let Some(span) = self.line_of(record)? else { return Ok(None) };
            let is_blank = !span.too_long && record.iter().all(u8::is_ascii_whitespace);
            if !is_blank {
                return Ok(Some(span));
            }
        }
    }

    fn line_of(&mut self, record: &mut Vec<u8>) -> Result<Option<Span>, SplitError> {
        let (start, line) = (self.position, self.line);
        let mut quotes = match self.ending {
            Ending::Line => None,
            Ending::Csv(separator) => Some(RecordEnd::new(separator)),
        };
        let mut too_long = false;
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if available.is_empty() {
                if self.position == start {
                    return Ok(None);
                }
                if quotes.is_some_and(|quotes| quotes.is_open()) {
                    return Err(SplitError::OpenQuote { line });
                }
                break;
            }
            let end = match &mut quotes {
                None => available.iter().position(|byte| *byte == b'\n'),
                Some(quotes) => available.iter().position(|byte| quotes.is_at(*byte)),
            };
            let taken = end.map_or(available.len(), |end| end + 1);
            let kept = end.unwrap_or(available.len());
            too_long |= record.len() + kept > self.most + 1;
            if !too_long {
                record.extend_from_slice(&available[..kept]);
            }
            self.line += available[..taken].split(|byte| *byte == b'\n').count() as u64 - 1;
            self.reader.consume(taken);
            self.position += taken as u64;
            if end.is_some() {
                break;
            }
        }
        if record.last() == Some(&b'\r') {
            record.pop();
        }
        too_long |= record.len() > self.most;
        Ok(Some(Span { start, end: self.position, line, too_long }))
    }
}

/// How many of the first records are header lines of the source's format.
pub fn header_records(source: &SourceRow, first: &[Vec<u8>]) -> usize {
    let separator = decode::separator_of(source);
    let words = |index: usize| first.get(index).map(|line| decode::columns(line, separator)).unwrap_or_default();
    let names = words(0);
    let has = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    match source.format.as_str() {
        "cucm" if names.first().is_some_and(|name| name == "cdrRecordType") => {
            1 + usize::from(words(1).first().is_some_and(|name| name.starts_with("INTEGER")))
        }
        "asterisk" => usize::from(has("accountcode") && has("src") && has("dst")),
        "freeswitch_csv" => usize::from(has("uuid") && has("destination_number")),
        "mapped" => {
            let header = source.mapping.as_ref().and_then(|mapping| mapping.text().header.clone());
            usize::from(header.is_some_and(|header| header == names))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn split(text: &str, ending: Ending, buffer: usize) -> Result<Vec<(String, u64, u64)>, SplitError> {
        let mut splitter = Splitter::new(BufReader::with_capacity(buffer, text.as_bytes()), ending, 0, 40);
        let (mut record, mut found) = (Vec::new(), Vec::new());
        while let Some(span) = splitter.next(&mut record)? {
            let text = if span.too_long { "too long".into() } else { String::from_utf8(record.clone()).unwrap() };
            found.push((text, span.start, span.line));
        }
        Ok(found)
    }

    #[test]
    fn records_end_where_their_line_does() {
        let found = |records: &[(&str, u64, u64)]| -> Vec<(String, u64, u64)> {
            records.iter().map(|(text, start, line)| ((*text).to_owned(), *start, *line)).collect()
        };
        for buffer in [1, 3, 1024] {
            let csv = |text: &str| split(text, Ending::Csv(b','), buffer).unwrap();
            assert_eq!(csv("a,b\r\n\n c,d"), found(&[("a,b", 0, 1), (" c,d", 6, 3)]));
            assert_eq!(csv("\"a\nb\",\"c\"\"\n\"\nd\n"), found(&[("\"a\nb\",\"c\"\"\n\"", 0, 1), ("d", 13, 4)]));
            // A quote in the middle of a field is a letter like any other.
            assert_eq!(csv("5\" pipe,x\ny\n"), found(&[("5\" pipe,x", 0, 1), ("y", 10, 2)]));
            assert_eq!(csv("\"\",\"\"\n"), found(&[("\"\",\"\"", 0, 1)]));
            let long = "x".repeat(41);
            assert_eq!(csv(&format!("{long}\ny\n")), found(&[("too long", 0, 1), ("y", 42, 2)]));
            assert_eq!(csv(&format!("{}\r\ny\n", "x".repeat(40))).len(), 2);
            let open = split("a\n\"b,c\nd\n", Ending::Csv(b','), buffer);
            assert!(matches!(open, Err(SplitError::OpenQuote { line: 2 })), "{open:?}");
            assert_eq!(split("{\"a\":\"\\\"\"}\n{}\n", Ending::Line, buffer).unwrap().len(), 2);
            assert_eq!(csv(""), []);
            // Another separator: a quote behind a comma is a letter, and one behind the separator is none.
            let semicolons = |text: &str| split(text, Ending::Csv(b';'), buffer).unwrap();
            assert_eq!(semicolons("a,\"b\nc;\"d\ne\"\n"), found(&[("a,\"b", 0, 1), ("c;\"d\ne\"", 5, 2)]));
            // Quotes that are not doubled; blanks before and behind; a mark before the first.
            assert_eq!(csv("\"Bob \"B\" Brown\n\",1\n2\n"), found(&[("\"Bob \"B\" Brown\n\",1", 0, 1), ("2", 19, 3)]));
            assert_eq!(csv("a, \"b\n\" ,c\nd\n"), found(&[("a, \"b\n\" ,c", 0, 1), ("d", 11, 3)]));
            assert_eq!(csv("\u{feff}\"a\nb\",c\n").len(), 1);
        }
    }
}
