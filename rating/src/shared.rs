//! Collections that successive snapshots have in common: to copy one is cheap, to change it copies the part that is touched.
//!
//! Owns: how they are cut into parts.
//! Does not own: what they hold.
//! Always: who holds an older copy never sees a change.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Elements of one chunk.
const CHUNK: usize = 1024;
/// Parts of a table, as a power of two.
const PARTS_LOG2: u32 = 10;

/// A vector in chunks, the last of them open.
#[derive(Clone, Debug)]
pub(crate) struct Chunks<T> {
    full: Vec<Arc<[T]>>,
    open: Vec<T>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { full: Vec::new(), open: Vec::new() }
    }
}

impl<T> Chunks<T> {
    pub(crate) const fn len(&self) -> usize {
        self.full.len() * CHUNK + self.open.len()
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> &T {
        let (chunk, place) = (index as usize / CHUNK, index as usize % CHUNK);
        self.full.get(chunk).map_or_else(|| &self.open[place], |chunk| &chunk[place])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.full.iter().flat_map(|chunk| chunk.iter()).chain(&self.open)
    }

    /// Adds an element and returns its index.
    pub(crate) fn push(&mut self, element: T) -> u32 {
        let index = u32::try_from(self.len()).expect("fewer than 2^32 elements");
        self.open.push(element);
        if self.open.len() == CHUNK {
            self.full.push(std::mem::take(&mut self.open).into());
        }
        index
    }
}

impl<T: Clone> Chunks<T> {
    pub(crate) fn get_mut(&mut self, index: u32) -> &mut T {
        let (chunk, place) = (index as usize / CHUNK, index as usize % CHUNK);
        match self.full.get_mut(chunk) {
            Some(chunk) => &mut Arc::make_mut(chunk)[place],
            None => &mut self.open[place],
        }
    }
}

/// The hash by which [`Parts`] and the tables in them go.
#[inline]
pub(crate) fn hash_of(key: impl Hash) -> u64 {
    use std::hash::BuildHasher;
    FxBuildHasher.hash_one(key)
}

/// Something that is cut into parts by hash.
#[derive(Clone, Debug)]
pub(crate) struct Parts<T> {
    parts: Vec<Arc<T>>,
}

impl<T: Default> Default for Parts<T> {
    fn default() -> Self {
        // All of them are one empty part until they are written to.
        Self { parts: vec![Arc::default(); 1 << PARTS_LOG2] }
    }
}

impl<T> Parts<T> {
    /// The part of a hash: by its upper bits once they are mixed, as tables go by the lower ones.
    #[inline]
    const fn place(hash: u64) -> usize {
        (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PARTS_LOG2)) as usize
    }

    #[inline]
    pub(crate) fn of(&self, hash: u64) -> &T {
        &self.parts[Self::place(hash)]
    }
}

impl<T: Clone> Parts<T> {
    pub(crate) fn of_mut(&mut self, hash: u64) -> &mut T {
        Arc::make_mut(&mut self.parts[Self::place(hash)])
    }
}

/// Indices of a [`Chunks`], found by what its elements are called.
pub(crate) type Index = Parts<HashTable<u32>>;

impl Index {
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.of(hash).find(hash, |index| is_it(*index)).copied()
    }

    /// Adds an index that is not there yet. `hash_at` gives the hash of any index that is.
    pub(crate) fn insert(&mut self, hash: u64, index: u32, hash_at: impl Fn(u32) -> u64) {
        self.of_mut(hash).insert_unique(hash, index, |index| hash_at(*index));
    }

    pub(crate) fn remove(&mut self, hash: u64, index: u32) {
        if let Ok(found) = self.of_mut(hash).find_entry(hash, |other| *other == index) {
            found.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_not_seen_by_an_older_copy() {
        let mut chunks = Chunks::default();
        for value in 0..3_000u32 {
            assert_eq!(chunks.push(value), value);
        }
        let older = chunks.clone();
        *chunks.get_mut(700) = 1;
        chunks.push(2);
        assert_eq!((*older.get(700), older.len()), (700, 3_000));
        assert_eq!((*chunks.get(700), *chunks.get(699), *chunks.get(3_000), chunks.len()), (1, 699, 2, 3_001));
        assert_eq!(chunks.iter().copied().sum::<u32>(), older.iter().copied().sum::<u32>() - 699 + 2);
    }

    /// Names are found whatever their hashes have in common; what is taken out is gone from this copy alone.
    #[test]
    fn an_index_finds_what_was_put_in() {
        let names: Vec<String> = (0..5_000).map(|index| format!("A-{index:07}")).collect();
        let hash_at = |index: u32| hash_of(names[index as usize].as_str());
        let mut index = Index::default();
        for at in 0..5_000u32 {
            index.insert(hash_at(at), at, hash_at);
        }
        let older = index.clone();
        index.remove(hash_at(77), 77);
        for at in 0..5_000u32 {
            let find = |index: &Index| index.find(hash_at(at), |other| names[other as usize] == names[at as usize]);
            assert_eq!(find(&older), Some(at));
            assert_eq!(find(&index), (at != 77).then_some(at));
        }
        let largest = index.parts.iter().map(|part| part.len()).max().unwrap();
        assert!(largest < 40, "the parts are about equal: {largest}");
    }
}
