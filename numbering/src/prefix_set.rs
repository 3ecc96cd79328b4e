//! A set of prefixes: the longest one that begins a number, or all of them in one walk.
//!
//! Owns: a decimal trie whose nodes are packed by popcount. A node exists only for a prefix that has continuations; a leaf costs one bit.
//! Does not own: what a prefix means. Identifiers are dense, so callers keep plain vectors beside the set.
//! Always: immutable once built; `id -> prefix -> id` is the identity; look-ups never allocate.
//!
//! Cost for the 316,865 prefixes of the world's plan: see `benches/RESULTS.md` (12 bytes a node, 8 bytes a prefix for its digits).
//! The first four digits are resolved by one table look-up; every further digit costs one dependent load.

use crate::digits::Digits;

/// Dense identifier of a prefix within its [`PrefixSet`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PrefixId(pub u32);

impl PrefixId {
    /// As an index into a vector kept beside the set.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One step of the trie: which symbols end a prefix, which lead on.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Bit `s`: a node exists for the sequence so far plus symbol `s`.
    children: u16,
    /// Bit `s`: the sequence so far plus symbol `s` is a prefix of the set.
    terminals: u16,
    /// Index of the first child; the others follow in order of their symbols.
    child_base: u32,
    /// Identifier of the first terminal; the others follow in order of their symbols.
    terminal_base: u32,
}

/// Number of leading digits that the jump table resolves.
const JUMP_LEN: usize = 4;
/// Entries of the jump table: one a sequence of so many digits.
const JUMPS: usize = 10usize.pow(JUMP_LEN as u32);
/// Marks "no node".
const NONE: u32 = u32::MAX;

/// Where the walk stands after [`JUMP_LEN`] digits, and what it has met.
#[derive(Clone, Copy, Debug)]
struct Jump {
    node: u32,
    len: u32,
    ids: [PrefixId; JUMP_LEN],
}

/// Number of leading digits after which only the longest match is known, in a table of its own.
const FAR_LEN: usize = JUMP_LEN + 1;

/// Where the walk stands after [`FAR_LEN`] digits, and the longest prefix so far; each may be [`NONE`].
#[derive(Clone, Copy, Debug)]
struct Far {
    node: u32,
    best: u32,
}

/// The entry for the first digits of a number; beyond the table for a fenced code, whose first symbol is no digit.
#[inline]
const fn jump_key(word: u64) -> usize {
    let symbols = (word >> (64 - 4 * JUMP_LEN)) as usize;
    let pairs = (symbols & 0x0f0f) + 10 * ((symbols >> 4) & 0x0f0f);
    (pairs >> 8) * 100 + (pairs & 0xff)
}

/// An immutable set of prefixes.
#[derive(Clone, Debug)]
pub struct PrefixSet {
    nodes: Vec<Node>,
    /// By the first four digits as a number.
    jumps: Vec<Jump>,
    /// By the first five.
    far: Vec<Far>,
    /// By identifier.
    prefixes: Vec<Digits>,
}

impl Default for PrefixSet {
    fn default() -> Self {
        Self::build([])
    }
}

/// All prefixes of a set that begin one number, the shortest first. At most 15.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    ids: [PrefixId; Digits::LEN_MAX],
    len: usize,
}

impl Default for Chain {
    fn default() -> Self {
        Self { ids: [PrefixId(0); Digits::LEN_MAX], len: 0 }
    }
}

impl Chain {
    /// The matches, the shortest first.
    #[inline]
    pub fn as_slice(&self) -> &[PrefixId] {
        &self.ids[..self.len]
    }

    /// The matches, the longest first.
    #[inline]
    pub fn longest_first(&self) -> impl Iterator<Item = PrefixId> + '_ {
        self.as_slice().iter().rev().copied()
    }
}

#[inline]
const fn bit(symbol: u64) -> u16 {
    1 << symbol
}

#[inline]
const fn rank(mask: u16, symbol: u64) -> u32 {
    (mask & (bit(symbol) - 1)).count_ones()
}

impl PrefixSet {
    /// Builds the set; duplicates and the empty sequence are dropped.
    pub fn build(prefixes: impl IntoIterator<Item = Digits>) -> Self {
        let mut sorted: Vec<Digits> = prefixes.into_iter().filter(|prefix| !prefix.is_empty()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert!(sorted.len() < NONE as usize, "more prefixes than identifiers");
        let mut set =
            Self { nodes: Vec::new(), jumps: Vec::new(), far: Vec::new(), prefixes: Vec::with_capacity(sorted.len()) };
        set.nodes.push(Node { children: 0, terminals: 0, child_base: 0, terminal_base: 0 });
        // Breadth first: (node, its slice of the sorted prefixes, depth); so children of a node are neighbours.
        let mut queue = std::collections::VecDeque::from([(0usize, 0..sorted.len(), 0usize)]);
        while let Some((index, range, depth)) = queue.pop_front() {
            let mut node = Node {
                children: 0,
                terminals: 0,
                child_base: (set.nodes.len()) as u32,
                terminal_base: set.prefixes.len() as u32,
            };
            let mut at = range.start;
            while at < range.end {
                let symbol = sorted[at].symbol(depth);
                let group = sorted[at..range.end].partition_point(|prefix| prefix.symbol(depth) == symbol);
                let mut first = at;
                if sorted[first].len() == depth + 1 {
                    node.terminals |= bit(u64::from(symbol));
                    set.prefixes.push(sorted[first]);
                    first += 1;
                }
                if first < at + group {
                    node.children |= bit(u64::from(symbol));
                    queue.push_back((set.nodes.len(), first..at + group, depth + 1));
                    set.nodes.push(node);
                }
                at += group;
            }
            set.nodes[index] = node;
        }
        set.nodes.shrink_to_fit();
        set.jumps = (0..JUMPS).map(|key| set.jump(key)).collect();
        set.far = (0..JUMPS * 10).map(|key| set.far(key)).collect();
        set
    }

    /// The state after walking the digits of `key`.
    fn jump(&self, key: usize) -> Jump {
        let number = Digits::parse(format!("{key:0JUMP_LEN$}").as_bytes()).expect("digits");
        let mut chain = Chain::default();
        let node = self.walk(number.word(), number.len(), 0, &mut chain);
        let mut ids = [PrefixId(0); JUMP_LEN];
        ids[..chain.len].copy_from_slice(chain.as_slice());
        Jump { node: node.unwrap_or(NONE), len: chain.len as u32, ids }
    }

    /// The state after walking the digits of `key`, one more than a jump.
    fn far(&self, key: usize) -> Far {
        let jump = self.jumps[key / 10];
        let best = jump.len.checked_sub(1).map_or(NONE, |last| jump.ids[last as usize].0);
        let Some(node) = self.nodes.get(jump.node as usize).filter(|_| jump.node != NONE) else {
            return Far { node: NONE, best };
        };
        let symbol = (key % 10) as u64;
        let leads_on = node.children & bit(symbol) != 0;
        let ends = node.terminals & bit(symbol) != 0;
        Far {
            node: if leads_on { node.child_base + rank(node.children, symbol) } else { NONE },
            best: if ends { node.terminal_base + rank(node.terminals, symbol) } else { best },
        }
    }

    /// Walks `left` symbols from a node on and adds what it meets; the node that it ends at, if there is one.
    #[inline]
    fn walk(&self, mut word: u64, left: usize, mut index: u32, chain: &mut Chain) -> Option<u32> {
        for _ in 0..left {
            let symbol = word >> 60;
            let node = &self.nodes[index as usize];
            if node.terminals & bit(symbol) != 0 {
                chain.ids[chain.len] = PrefixId(node.terminal_base + rank(node.terminals, symbol));
                chain.len += 1;
            }
            if node.children & bit(symbol) == 0 {
                return None;
            }
            index = node.child_base + rank(node.children, symbol);
            word <<= 4;
        }
        Some(index)
    }

    /// Number of prefixes.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether the set has no prefix.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// The digits of a prefix.
    pub fn prefix(&self, id: PrefixId) -> Digits {
        self.prefixes[id.index()]
    }

    /// Every prefix with its identifier, in order of identifiers.
    pub fn iter(&self) -> impl Iterator<Item = (PrefixId, Digits)> + '_ {
        self.prefixes.iter().enumerate().map(|(index, digits)| (PrefixId(index as u32), *digits))
    }

    /// Bytes of memory that the set takes.
    pub fn memory_bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>()
            + self.jumps.len() * size_of::<Jump>()
            + self.far.len() * size_of::<Far>()
            + self.prefixes.len() * size_of::<Digits>()
    }

    /// The longest prefix that begins `number`.
    #[inline]
    pub fn longest(&self, number: Digits) -> Option<PrefixId> {
        let word = number.word();
        let key = jump_key(word) * 10 + (word >> (60 - 4 * JUMP_LEN) & 0xf) as usize;
        let far = if number.len() < FAR_LEN { None } else { self.far.get(key) };
        let Some(far) = far else { return self.chain(number).longest_first().next() };
        let mut best = far.best;
        let mut word = word << (4 * FAR_LEN);
        let mut index = far.node;
        let mut left = number.len() - FAR_LEN;
        while index != NONE && left > 0 {
            let symbol = word >> 60;
            let node = &self.nodes[index as usize];
            if node.terminals & bit(symbol) != 0 {
                best = node.terminal_base + rank(node.terminals, symbol);
            }
            if node.children & bit(symbol) == 0 {
                break;
            }
            index = node.child_base + rank(node.children, symbol);
            word <<= 4;
            left -= 1;
        }
        (best != NONE).then_some(PrefixId(best))
    }

    /// Every prefix that begins `number`, in one walk.
    #[inline]
    pub fn chain(&self, number: Digits) -> Chain {
        let mut chain = Chain::default();
        let Some(jump) = self.jump_of(number) else {
            self.walk(number.word(), number.len(), 0, &mut chain);
            return chain;
        };
        chain.ids[..JUMP_LEN].copy_from_slice(&jump.ids);
        chain.len = jump.len as usize;
        if jump.node != NONE {
            self.walk(number.word() << (4 * JUMP_LEN), number.len() - JUMP_LEN, jump.node, &mut chain);
        }
        chain
    }

    #[inline]
    fn jump_of(&self, number: Digits) -> Option<&Jump> {
        if number.len() < JUMP_LEN { None } else { self.jumps.get(jump_key(number.word())) }
    }

    /// The identifiers of every prefix that `beginning` begins and that is longer than it: one range for each length, as identifiers follow the trie
    /// breadth first. The digits are not touched.
    pub fn ranges_below(&self, beginning: Digits) -> impl Iterator<Item = std::ops::Range<u32>> + '_ {
        let mut node = Some(0u32);
        for depth in 0..beginning.len() {
            let symbol = u64::from(beginning.symbol(depth));
            node = node
                .map(|index| self.nodes[index as usize])
                .filter(|node| node.children & bit(symbol) != 0)
                .map(|node| node.child_base + rank(node.children, symbol));
        }
        let mut level = node.map_or(0..0, |index| index..index + 1);
        std::iter::from_fn(move || {
            let (first, last) = (self.nodes.get(level.start as usize)?, *self.nodes[..level.end as usize].last()?);
            if level.is_empty() {
                return None;
            }
            let ids = first.terminal_base..last.terminal_base + last.terminals.count_ones();
            level = first.child_base..last.child_base + last.children.count_ones();
            Some(ids)
        })
    }

    /// The identifier of exactly this prefix.
    pub fn get(&self, prefix: Digits) -> Option<PrefixId> {
        self.chain(prefix).longest_first().next().filter(|id| self.prefix(*id) == prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits(text: &str) -> Digits {
        Digits::parse(text.as_bytes()).unwrap()
    }

    fn texts(set: &PrefixSet, chain: Chain) -> Vec<String> {
        chain.as_slice().iter().map(|id| set.prefix(*id).to_string()).collect()
    }

    #[test]
    fn nested_prefixes() {
        let set = PrefixSet::build(["7", "79", "7495", "7800", "38111", "381", "7495"].map(digits));
        assert_eq!(set.len(), 6);
        for (number, chain) in [
            ("79161234567", vec!["7", "79"]),
            ("78005555522", vec!["7", "7800"]),
            ("74951201031", vec!["7", "7495"]),
            ("381114112060", vec!["381", "38111"]),
            ("38", vec![]),
            ("7", vec!["7"]),
            ("12015550123", vec![]),
        ] {
            assert_eq!(texts(&set, set.chain(digits(number))), chain, "{number}");
            let longest = set.longest(digits(number)).map(|id| set.prefix(id).to_string());
            assert_eq!(longest.as_deref(), chain.last().copied(), "{number}");
        }
        assert_eq!(set.get(digits("749")), None);
        assert_eq!(set.get(digits("7495")).map(|id| set.prefix(id)), Some(digits("7495")));
    }

    #[test]
    fn an_empty_set_matches_nothing() {
        let set = PrefixSet::build([]);
        assert!(set.is_empty());
        assert_eq!(set.longest(digits("74951201031")), None);
    }

    proptest! {
        /// Against a linear scan: the same matches, in the same order, whatever the prefixes.
        #[test]
        fn equals_a_linear_scan(
            prefixes in prop::collection::vec("[0-3]{1,9}", 0..80),
            numbers in prop::collection::vec("[0-3]{1,15}", 1..40),
        ) {
            let set = PrefixSet::build(prefixes.iter().map(|p| digits(p)));
            for number in &numbers {
                let mut expected: Vec<&String> = prefixes.iter().filter(|p| number.starts_with(p.as_str())).collect();
                expected.sort();
                expected.dedup();
                prop_assert_eq!(texts(&set, set.chain(digits(number))), expected.iter().map(|p| (*p).clone()).collect::<Vec<_>>());
                let longest = set.longest(digits(number)).map(|id| set.prefix(id).to_string());
                prop_assert_eq!(longest.as_ref(), expected.last().copied());
            }
            for (id, prefix) in set.iter() {
                prop_assert_eq!(set.get(prefix), Some(id));
            }
            for beginning in &prefixes {
                let mut longer: Vec<String> =
                    set.ranges_below(digits(beginning)).flatten().map(|id| set.prefix(PrefixId(id)).to_string()).collect();
                longer.sort();
                let mut expected: Vec<String> =
                    prefixes.iter().filter(|p| p.len() > beginning.len() && p.starts_with(beginning.as_str())).cloned().collect();
                expected.sort();
                expected.dedup();
                prop_assert_eq!(longer, expected);
            }
            prop_assert_eq!(set.ranges_below(Digits::EMPTY).flatten().count(), set.len());
        }
    }
}
