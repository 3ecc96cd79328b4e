//! Records of one partition between two offsets.
//!
//! Owns: the bytes of a batch on their way from the consumer to the stages.
//! Does not own: any meaning.
//! Always: records are in order of their offsets; one allocation holds all bytes.

use std::ops::Range;

/// A record of a batch.
#[derive(Clone, Debug)]
pub struct RawRecord {
    range: Range<usize>,
    /// Offset.
    pub offset: i64,
    /// Message time, milliseconds of the epoch.
    pub timestamp_ms: i64,
    /// Import that the record belongs to, 0 = the live stream.
    pub import_id: u64,
    /// Index of the source header, if the message has one.
    source: Option<u16>,
}

/// Records of one partition.
#[derive(Clone, Debug, Default)]
pub struct RawBatch {
    bytes: Vec<u8>,
    records: Vec<RawRecord>,
    sources: Vec<String>,
}

impl RawBatch {
    /// Adds a record, with what the headers of its message say: its source, its import.
    pub fn push(&mut self, payload: &[u8], offset: i64, timestamp_ms: i64, source: Option<&[u8]>, import_id: u64) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        let source = source.map(|name| self.source_index(name));
        self.records.push(RawRecord { range: start..self.bytes.len(), offset, timestamp_ms, import_id, source });
    }

    fn source_index(&mut self, name: &[u8]) -> u16 {
        if let Some(index) = self.sources.iter().position(|known| known.as_bytes() == name) {
            return index as u16;
        }
        // A switch has a handful of names; a flood of them is the last one's.
        if self.sources.len() < usize::from(u16::MAX) {
            self.sources.push(String::from_utf8_lossy(name).into_owned());
        }
        self.sources.len() as u16 - 1
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes of all records.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The records.
    pub fn records(&self) -> &[RawRecord] {
        &self.records
    }

    /// The bytes of a record.
    pub fn payload(&self, record: &RawRecord) -> &[u8] {
        &self.bytes[record.range.clone()]
    }

    /// The source header of a record.
    pub fn source(&self, record: &RawRecord) -> Option<&str> {
        record.source.map(|index| self.sources[usize::from(index)].as_str())
    }

    /// Takes the first record away: the one before the position, read again to recognise the topic.
    pub fn drop_first(&mut self) {
        self.records.remove(0);
    }

    /// Offset of the first record and offset after the last.
    pub fn offsets(&self) -> Option<(i64, i64)> {
        Some((self.records.first()?.offset, self.records.last()?.offset + 1))
    }
}
