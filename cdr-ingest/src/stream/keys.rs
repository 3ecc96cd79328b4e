//! The key table: tens of millions of identities in eight bytes each.
//!
//! Owns: how identities lie in memory.
//! Does not own: when they are taken in and forgotten (`stream::seen`).
//! Always: an identity that was put in is found until it or its group is removed.
//!
//! An identity is a digest, so its bits are as good as random. Sixteen of them choose a shard, sixty are kept there in order, with a tag of four bits that
//! names the group they came in by: removing a group is one pass. A key is looked for where its bits say it lies among its shard's: a cache line or
//! two. Two identities are taken for one when they agree in 76 bits: with 100,000,000 remembered that happens to one new record in 7.6e14, once in
//! some 60,000 years at a billion records a month.

use crate::charge::Identity;

/// Names a group of identities that are removed together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Tag(u8);

impl Tag {
    /// Number of tags.
    pub const COUNT: usize = 1 << TAG_BITS;

    /// The tags one after another, for ever.
    #[must_use]
    pub const fn next(self) -> Self {
        Self((self.0 + 1) % Self::COUNT as u8)
    }

    /// The tag to begin with.
    pub const FIRST: Self = Self(0);
}

const TAG_BITS: u32 = 4;
const SHARD_BITS: u32 = 16;
/// A shard that is full grows by this part of itself: more would be wasted memory, less would be copying.
const GROWTH: usize = 16;

/// Identities by their bits.
#[derive(Debug)]
pub struct KeyTable {
    /// Kept bits above the tag, ascending.
    shards: Vec<Vec<u64>>,
    len: usize,
}

impl Default for KeyTable {
    fn default() -> Self {
        Self { shards: vec![Vec::new(); 1 << SHARD_BITS], len: 0 }
    }
}

impl KeyTable {
    /// Number of identities.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts an identity in; one that is there goes over to the group of `tag`.
    pub fn insert(&mut self, identity: &Identity, tag: Tag) {
        let (shard, kept) = split(identity);
        let keys = &mut self.shards[shard];
        let at = place(keys, kept);
        let entry = kept | u64::from(tag.0);
        if keys.get(at).is_some_and(|there| bits(*there) == kept) {
            keys[at] = entry;
            return;
        }
        if keys.len() == keys.capacity() {
            keys.reserve_exact(keys.len() / GROWTH + 1);
        }
        keys.insert(at, entry);
        self.len += 1;
    }

    /// Whether an identity is there.
    pub fn contains(&self, identity: &Identity) -> bool {
        let (shard, kept) = split(identity);
        let keys = &self.shards[shard];
        keys.get(place(keys, kept)).is_some_and(|there| bits(*there) == kept)
    }

    /// Removes one identity; says whether it was there.
    pub fn remove(&mut self, identity: &Identity) -> bool {
        let (shard, kept) = split(identity);
        let keys = &mut self.shards[shard];
        let at = place(keys, kept);
        let there = keys.get(at).is_some_and(|there| bits(*there) == kept);
        if there {
            keys.remove(at);
            self.len -= 1;
        }
        there
    }

    /// Removes all identities of these groups, in one pass over the table.
    pub fn remove_groups(&mut self, tags: &[Tag]) {
        for keys in &mut self.shards {
            let before = keys.len();
            keys.retain(|entry| !tags.iter().any(|tag| entry & TAG_MASK == u64::from(tag.0)));
            self.len -= before - keys.len();
            keys.shrink_to(keys.len() + keys.len() / GROWTH + 1);
        }
    }
}

const TAG_MASK: u64 = (1 << TAG_BITS) - 1;

const fn bits(entry: u64) -> u64 {
    entry & !TAG_MASK
}

/// The shard of an identity, and what is kept of it there.
fn split(identity: &Identity) -> (usize, u64) {
    let (low, high) = identity.split_at(8);
    let half = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight of sixteen bytes"));
    ((half(high) >> (64 - SHARD_BITS)) as usize, bits(half(low)))
}

/// Index of the first key that is not below `kept`. Keys are spread evenly, so it is near the place that its bits say.
fn place(keys: &[u64], kept: u64) -> usize {
    let mut at = ((u128::from(kept) * keys.len() as u128) >> 64) as usize;
    while at > 0 && bits(keys[at - 1]) >= kept {
        at -= 1;
    }
    while at < keys.len() && bits(keys[at]) < kept {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16, u8),
        Remove(u16),
        RemoveGroup(u8),
    }

    fn identity(n: u16) -> Identity {
        // Few shards, and keys that lie close together as well as far apart.
        let low = if n.is_multiple_of(3) {
            u64::from(n) << TAG_BITS
        } else {
            u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let high = u64::from(n % 2) << 63;
        let mut identity = [0; 16];
        identity[..8].copy_from_slice(&low.to_le_bytes());
        identity[8..].copy_from_slice(&high.to_le_bytes());
        identity
    }

    fn key(n: u16) -> (usize, u64) {
        split(&identity(n))
    }

    proptest! {
        #[test]
        fn does_what_a_map_does(steps in prop::collection::vec(
            prop_oneof![
                8 => (0..500u16, 0..16u8).prop_map(|(n, tag)| Step::Insert(n, tag)),
                2 => (0..500u16).prop_map(Step::Remove),
                1 => (0..16u8).prop_map(Step::RemoveGroup),
            ],
            0..600,
        )) {
            let (mut table, mut map) = (KeyTable::default(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(n, tag) => {
                        table.insert(&identity(n), Tag(tag));
                        map.insert(key(n), tag);
                    }
                    Step::Remove(n) => prop_assert_eq!(table.remove(&identity(n)), map.remove(&key(n)).is_some()),
                    Step::RemoveGroup(tag) => {
                        table.remove_groups(&[Tag(tag)]);
                        map.retain(|_, of| *of != tag);
                    }
                }
                prop_assert_eq!(table.len(), map.len());
            }
            for n in 0..500 {
                prop_assert_eq!(table.contains(&identity(n)), map.contains_key(&key(n)), "{}", n);
            }
        }
    }

    #[test]
    fn tags_come_back_after_sixteen() {
        let mut tag = Tag::FIRST;
        for _ in 0..Tag::COUNT {
            tag = tag.next();
        }
        assert_eq!(tag, Tag::FIRST);
    }
}
