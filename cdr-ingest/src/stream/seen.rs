//! Which legs have been seen before.
//!
//! Owns: the identities of the duplicate window, in memory, in buckets by the time of their commit.
//! Does not own: the blobs (`billing::streams`), the exact look-up of late records (`stream::late`).
//! Always: an identity enters only when its batch is committed: else a batch that is tried again would be its own duplicate; of a record that ended after
//! [`Seen::forgotten_up_to_ms`] every identity ever committed is here.

use std::collections::VecDeque;

use billing::streams::IdentityBlob;
use rustc_hash::FxHashSet;

use super::keys::{KeyTable, Tag};
use crate::charge::{ChargedLeg, Identity};

/// Time of commit that one bucket spans; longer when more would be open than there are tags.
const BUCKET_MS: i64 = 12 * 3_600_000;

/// Identities that are forgotten together.
struct Bucket {
    tag: Tag,
    opened_ms: i64,
    newest_end_ms: i64,
}

/// The identities that a repeat may name.
pub struct Seen {
    keys: KeyTable,
    buckets: VecDeque<Bucket>,
    /// The last blob that is in here.
    last_blob: i64,
    /// The end of the latest record whose identity may be gone.
    forgotten_up_to_ms: i64,
}

impl Default for Seen {
    fn default() -> Self {
        Self { keys: KeyTable::default(), buckets: VecDeque::new(), last_blob: 0, forgotten_up_to_ms: i64::MIN }
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
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Takes in a committed blob; one of identities that were rolled back takes them out.
    pub fn insert(&mut self, blob: &IdentityBlob, now_ms: i64) {
        self.last_blob = self.last_blob.max(blob.id);
        if blob.removal {
            for identity in blob.keys.as_chunks().0 {
                self.keys.remove(identity);
            }
            return;
        }
        let tag = self.bucket(now_ms, blob.newest_end.timestamp_millis());
        for identity in blob.keys.as_chunks().0 {
            self.keys.insert(identity, tag);
        }
    }

    /// The tag of the bucket that is open now, with room for records that ended up to `newest_end_ms`.
    fn bucket(&mut self, now_ms: i64, newest_end_ms: i64) -> Tag {
        let room = self.buckets.len() < Tag::COUNT;
        let tag = match self.buckets.back() {
            Some(last) if !room || now_ms - last.opened_ms < BUCKET_MS => last.tag,
            Some(last) => last.tag.next(),
            None => Tag::FIRST,
        };
        if self.buckets.back().is_none_or(|last| last.tag != tag) {
            self.buckets.push_back(Bucket { tag, opened_ms: now_ms, newest_end_ms });
        }
        let bucket = self.buckets.back_mut().expect("pushed above");
        bucket.newest_end_ms = bucket.newest_end_ms.max(newest_end_ms);
        tag
    }

    /// Whether an identity is here.
    pub fn contains(&self, identity: &Identity) -> bool {
        self.keys.contains(identity)
    }

    /// Forgets what no repeat can name any more: buckets whose calls all ended before `end_ms` and that were closed before `committed_ms`.
    pub fn forget(&mut self, end_ms: i64, committed_ms: i64) {
        let mut tags = Vec::new();
        while self.buckets.len() > 1
            && self.buckets[0].newest_end_ms < end_ms
            && self.buckets[1].opened_ms < committed_ms
        {
            let Some(bucket) = self.buckets.pop_front() else { break };
            tags.push(bucket.tag);
            self.raise_horizon(bucket.newest_end_ms);
        }
        if !tags.is_empty() {
            self.keys.remove_groups(&tags);
        }
    }

    /// Marks the legs that repeat an earlier one: of a committed batch, or of this one.
    pub fn mark(&self, legs: &[ChargedLeg]) -> Vec<bool> {
        let mut own = FxHashSet::with_capacity_and_hasher(legs.len(), rustc_hash::FxBuildHasher);
        legs.iter().map(|leg| self.contains(&leg.identity) || !own.insert(leg.identity)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn blob(id: i64, end_ms: i64, keys: &[u8]) -> IdentityBlob {
        let keys = keys.iter().flat_map(|byte| [*byte; 16]).collect();
        IdentityBlob { id, newest_end: DateTime::from_timestamp_millis(end_ms).unwrap(), keys, removal: false }
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

    #[test]
    fn what_is_rolled_back_is_forgotten_until_it_comes_again() {
        let mut seen = Seen::default();
        seen.insert(&blob(1, 1_000, &[1, 2]), 0);
        seen.insert(&IdentityBlob { removal: true, ..blob(2, 9_000, &[1]) }, 0);
        assert!(!seen.contains(&[1; 16]) && seen.contains(&[2; 16]));
        assert_eq!((seen.last_blob(), seen.len()), (2, 1));
        seen.insert(&blob(3, 1_000, &[1]), 0);
        assert!(seen.contains(&[1; 16]));
    }

    /// A window longer than there are tags for: nothing is forgotten too early.
    #[test]
    fn the_last_bucket_stays_open_when_tags_run_out() {
        let mut seen = Seen::default();
        let bytes: Vec<u8> = (0..40).collect();
        for (id, byte) in (0..).zip(&bytes) {
            seen.insert(&blob(id, id, &[*byte]), id * BUCKET_MS);
        }
        assert_eq!((seen.len(), seen.buckets.len()), (40, Tag::COUNT));
        seen.forget(3, i64::MAX);
        assert!(bytes.iter().all(|byte| seen.contains(&[*byte; 16]) == (*byte > 2)));
        seen.insert(&blob(40, 40, &[40]), 40 * BUCKET_MS);
        seen.forget(40, i64::MAX);
        assert!(seen.contains(&[40; 16]) && seen.len() == 1);
    }
}
