//! Records of one partition between two offsets.
//!
//! Owns: the bytes of a batch on their way from the consumer to the stages, and the count of all bytes that are on their way.
//! Does not own: any meaning.
//! Always: records are in order of their offsets; one allocation holds all bytes; a batch counts until it is dropped, which is after its COMMIT.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes of records are under way in this process, and how many may be.
#[derive(Debug)]
pub struct UnderWay {
    bytes: AtomicUsize,
    most: usize,
}

impl UnderWay {
    /// So many at most.
    pub const fn up_to(most: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), most }
    }

    /// Bytes under way.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether no more should be read.
    pub fn is_full(&self) -> bool {
        self.bytes() >= self.most
    }

    /// Whether there is room again for a good deal more.
    pub fn has_room(&self) -> bool {
        self.bytes() < self.most / 4 * 3
    }
}

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
#[derive(Debug)]
pub struct RawBatch {
    bytes: Vec<u8>,
    records: Vec<RawRecord>,
    sources: Vec<String>,
    under_way: Arc<UnderWay>,
}

impl Drop for RawBatch {
    fn drop(&mut self) {
        self.under_way.bytes.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

impl RawBatch {
    /// An empty batch, whose records count in `under_way`.
    pub const fn new(under_way: Arc<UnderWay>) -> Self {
        Self { bytes: Vec::new(), records: Vec::new(), sources: Vec::new(), under_way }
    }

    /// The batch, with an empty one in its place that has room for as much.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let mut next = Self::new(Arc::clone(&self.under_way));
        next.bytes.reserve_exact(self.bytes.len());
        next.records.reserve_exact(self.records.len());
        std::mem::replace(self, next)
    }

    /// Adds a record, with what the headers of its message say: its source, its import.
    pub fn push(&mut self, payload: &[u8], offset: i64, timestamp_ms: i64, source: Option<&[u8]>, import_id: u64) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.under_way.bytes.fetch_add(payload.len(), Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_counts_until_it_is_dropped() {
        let under_way = Arc::new(UnderWay::up_to(8));
        let mut pending = RawBatch::new(Arc::clone(&under_way));
        pending.push(b"12345", 0, 0, None, 0);
        assert!((under_way.bytes(), under_way.is_full(), under_way.has_room()) == (5, false, true));
        pending.push(b"678", 1, 0, None, 0);
        assert!(under_way.is_full() && !under_way.has_room());
        let batch = pending.take();
        assert_eq!((batch.len(), pending.len(), under_way.bytes()), (2, 0, 8));
        drop(batch);
        assert!(under_way.bytes() == 0 && under_way.has_room());
    }
}
