//! Which legs have been seen before.
//!
//! Owns: the identities of the duplicate window, in memory, in buckets by the time of their commit.
//! Does not own: the blobs (`billing::streams`), the exact look-up of late records (`stream::late`).
//! Always: an identity enters only when its batch is committed: else a batch that is tried again would be its own duplicate; of a record that ended after
//! [`Seen::forgotten_up_to_ms`] every identity ever committed is here.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use billing::streams::IdentityBlob;

use crate::charge::{ChargedLeg, Identity};

/// Identities are digests already: their first eight bytes are the hash.
#[derive(Default)]
pub struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

type Keys = HashSet<u128, BuildHasherDefault<DigestHasher>>;

/// Time of commit that one bucket spans.
const BUCKET_MS: i64 = 12 * 3_600_000;

struct Bucket {
    opened_ms: i64,
    newest_end_ms: i64,
    keys: Keys,
}

/// The identities that a repeat may name.
pub struct Seen {
    buckets: VecDeque<Bucket>,
    /// The last blob that is in here.
    last_blob: i64,
    /// The end of the latest record whose identity may be gone.
    forgotten_up_to_ms: i64,
}

impl Default for Seen {
    fn default() -> Self {
        Self { buckets: VecDeque::new(), last_blob: 0, forgotten_up_to_ms: i64::MIN }
    }
}

impl Seen {
    /// The last blob that is in here; later ones are unknown.
    pub const fn last_blob(&self) -> i64 {
        self.last_blob
    }

    /// The end of the latest record whose identity may be gone, milliseconds of the epoch: one that ended up to here is looked up exactly, whatever its
    /// message time says (a copy may carry the old one).
    pub const fn forgotten_up_to_ms(&self) -> i64 {
        self.forgotten_up_to_ms
    }

    /// Learns that identities of records that ended up to `end_ms` were forgotten elsewhere.
    pub fn raise_horizon(&mut self, end_ms: i64) {
        self.forgotten_up_to_ms = self.forgotten_up_to_ms.max(end_ms);
    }

    /// Number of identities.
    pub fn len(&self) -> usize {
        self.buckets.iter().map(|bucket| bucket.keys.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in a committed blob.
    pub fn insert(&mut self, blob: &IdentityBlob, now_ms: i64) {
        self.last_blob = self.last_blob.max(blob.id);
        if self.buckets.back().is_none_or(|bucket| now_ms - bucket.opened_ms >= BUCKET_MS) {
            self.buckets.push_back(Bucket { opened_ms: now_ms, newest_end_ms: i64::MIN, keys: Keys::default() });
        }
        let bucket = self.buckets.back_mut().expect("pushed above");
        bucket.newest_end_ms = bucket.newest_end_ms.max(blob.newest_end.timestamp_millis());
        bucket.keys.extend(blob.keys.chunks_exact(16).map(key));
    }

    /// Whether an identity is here.
    pub fn contains(&self, identity: &Identity) -> bool {
        let key = u128::from_le_bytes(*identity);
        self.buckets.iter().any(|bucket| bucket.keys.contains(&key))
    }

    /// Forgets what no repeat can name any more: buckets whose calls all ended before `end_ms` and that were closed before `committed_ms`.
    pub fn forget(&mut self, end_ms: i64, committed_ms: i64) {
        while self.buckets.len() > 1
            && self.buckets[0].newest_end_ms < end_ms
            && self.buckets[1].opened_ms < committed_ms
        {
            let newest_end_ms = self.buckets.pop_front().map_or(i64::MIN, |bucket| bucket.newest_end_ms);
            self.raise_horizon(newest_end_ms);
        }
    }

    /// Marks the legs that repeat an earlier one: of a committed batch, or of this one.
    pub fn mark(&self, legs: &[ChargedLeg]) -> Vec<bool> {
        let mut own = Keys::with_capacity_and_hasher(legs.len(), BuildHasherDefault::default());
        legs.iter().map(|leg| self.contains(&leg.identity) || !own.insert(u128::from_le_bytes(leg.identity))).collect()
    }
}

fn key(bytes: &[u8]) -> u128 {
    u128::from_le_bytes(bytes.try_into().expect("chunks of 16 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn blob(id: i64, end_ms: i64, keys: &[u8]) -> IdentityBlob {
        let keys = keys.iter().flat_map(|byte| [*byte; 16]).collect();
        IdentityBlob { id, newest_end: DateTime::from_timestamp_millis(end_ms).unwrap(), keys }
    }

    #[test]
    fn remembers_and_forgets_whole_buckets() {
        let mut seen = Seen::default();
        seen.insert(&blob(1, 1_000, &[1, 2]), 0);
        seen.insert(&blob(2, 2_000, &[3]), BUCKET_MS);
        assert!(seen.contains(&[1; 16]) && seen.contains(&[3; 16]) && !seen.contains(&[4; 16]));
        assert_eq!((seen.last_blob(), seen.len()), (2, 3));
        seen.forget(1_000, i64::MAX);
        assert!(seen.contains(&[1; 16]), "a call that ended at the limit may still be repeated");
        seen.forget(1_001, BUCKET_MS);
        assert!(seen.contains(&[1; 16]), "committed too recently");
        assert_eq!(seen.forgotten_up_to_ms(), i64::MIN);
        seen.forget(1_001, BUCKET_MS + 1);
        assert!(!seen.contains(&[1; 16]) && seen.contains(&[3; 16]));
        assert_eq!(seen.forgotten_up_to_ms(), 1_000);
    }
}
