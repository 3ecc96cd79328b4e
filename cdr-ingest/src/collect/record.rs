//! A record on its way to Kafka.
//!
//! Owns: what goes with its bytes, how both are written into one frame of the spool, whether it names another source.
//! Does not own: the spool's files.
//! Always: what a frame holds reads back as it was, or not at all: length and bytes are under one checksum.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::decode::without_mark;

/// What a record of the canonical format says of itself.
#[derive(Deserialize)]
struct Canonical<'a> {
    #[serde(borrow)]
    #[expect(dead_code, reason = "only the canonical format has it beside a source")]
    cdr_id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
}

/// The source that a record names, when it is another than the one it came from: nobody charges in the name of others.
pub fn is_of_another(record: &[u8], source: &str) -> Option<String> {
    let record = without_mark(record).trim_ascii_start();
    if record.first() != Some(&b'{') {
        return None;
    }
    let named = serde_json::from_slice::<Canonical<'_>>(record).ok()?.source;
    (named != source).then(|| named.into_owned())
}

/// Bytes before the body of a frame: length and checksum, both u32, little end first.
pub const FRAME_HEAD: usize = 8;
/// Longest body of a frame; a length above it is damage.
pub const FRAME_MAX: usize = 64 << 20;

/// A record with what its message says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Header `source`.
    pub source: Arc<str>,
    /// Header `import`; 0 = none.
    pub import: u64,
    /// Key: chooses the partition.
    pub key: Bytes,
    /// Message time: when the record was received, milliseconds of the epoch.
    pub received_ms: i64,
    /// The record.
    pub payload: Bytes,
}

impl Record {
    /// A record whose key is the digest of its bytes, so that a repeat meets it in its partition.
    pub fn new(source: &Arc<str>, import: u64, received_ms: i64, payload: Bytes) -> Self {
        let key = Bytes::copy_from_slice(format!("{:032x}", xxh3_128(&payload)).as_bytes());
        Self { source: Arc::clone(source), import, key, received_ms, payload }
    }

    /// Writes the frame of the record.
    pub fn write_frame(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; FRAME_HEAD]);
        out.extend_from_slice(&self.received_ms.to_le_bytes());
        out.extend_from_slice(&self.import.to_le_bytes());
        for text in [self.source.as_bytes(), &self.key] {
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text);
        }
        out.extend_from_slice(&self.payload);
        let length = ((out.len() - start - FRAME_HEAD) as u32).to_le_bytes();
        let checksum = checksum(length, &out[start + FRAME_HEAD..]);
        out[start..start + 4].copy_from_slice(&length);
        out[start + 4..start + FRAME_HEAD].copy_from_slice(&checksum.to_le_bytes());
    }

    /// The record of the frame that begins here, and the length of the frame.
    pub fn read_frame(bytes: &[u8]) -> Frame {
        let Some(head) = bytes.first_chunk::<FRAME_HEAD>() else { return Frame::Cut };
        let [length, expected] =
            [0, 4].map(|at| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
        if length as usize > FRAME_MAX {
            return Frame::Damaged;
        }
        let end = FRAME_HEAD + length as usize;
        let Some(body) = bytes.get(FRAME_HEAD..end) else { return Frame::Cut };
        if checksum(length.to_le_bytes(), body) != expected {
            return Frame::Damaged;
        }
        Self::read_body(body).map_or(Frame::Damaged, |record| Frame::Whole(record, end))
    }

    fn read_body(body: &[u8]) -> Option<Self> {
        let (received_ms, rest) = body.split_first_chunk::<8>()?;
        let (import, rest) = rest.split_first_chunk::<8>()?;
        let text = |rest: &'_ [u8]| -> Option<(usize, usize)> {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length) as usize;
            (length <= rest.len()).then_some((4, 4 + length))
        };
        let (start, end) = text(rest)?;
        let (source, rest) = (std::str::from_utf8(&rest[start..end]).ok()?, &rest[end..]);
        let (start, end) = text(rest)?;
        let (key, payload) = (&rest[start..end], &rest[end..]);
        Some(Self {
            source: source.into(),
            import: u64::from_le_bytes(*import),
            key: Bytes::copy_from_slice(key),
            received_ms: i64::from_le_bytes(*received_ms),
            payload: Bytes::copy_from_slice(payload),
        })
    }
}

fn checksum(length: [u8; 4], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), body)
}

/// What stands at a place of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A record and the length of its frame.
    Whole(Record, usize),
    /// The bytes end before the frame does.
    Cut,
    /// The bytes are not those that were written.
    Damaged,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records(payloads: &[Vec<u8>]) -> Vec<Record> {
        let source: Arc<str> = "sw-1".into();
        let record = |(number, payload): (usize, &Vec<u8>)| {
            Record::new(&source, number as u64, number as i64 - 3, Bytes::from(payload.clone()))
        };
        payloads.iter().enumerate().map(record).collect()
    }

    fn read_all(mut bytes: &[u8]) -> Vec<Record> {
        let mut found = Vec::new();
        while let Frame::Whole(record, length) = Record::read_frame(bytes) {
            found.push(record);
            bytes = &bytes[length..];
        }
        found
    }

    proptest! {
        /// Whatever was cut off, what is left are the first records, unchanged.
        #[test]
        fn a_prefix_of_the_bytes_is_a_prefix_of_the_records(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..6), cut in 0_usize..600,
        ) {
            let written = records(&payloads);
            let mut bytes = Vec::new();
            let mut ends = Vec::new();
            for record in &written {
                record.write_frame(&mut bytes);
                ends.push(bytes.len());
            }
            let cut = cut.min(bytes.len());
            let whole = ends.iter().filter(|end| **end <= cut).count();
            prop_assert_eq!(read_all(&bytes[..cut]), &written[..whole]);
        }

        /// A byte that is not what was written ends the reading before its record.
        #[test]
        fn a_changed_byte_is_noticed(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..4), at in any::<prop::sample::Index>(), flip in 1_u8..,
        ) {
            let written = records(&payloads);
            let mut bytes = Vec::new();
            for record in &written {
                record.write_frame(&mut bytes);
            }
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let found = read_all(&bytes);
            prop_assert!(found.len() < written.len());
            prop_assert_eq!(&found[..], &written[..found.len()]);
        }
    }
}
