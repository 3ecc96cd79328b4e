//! Longest prefix over the 316,865 prefixes of the world: the packed trie beside three honest alternatives, in one run.
//!
//! `cargo bench -p benches --bench prefix`

#![expect(clippy::print_stdout, reason = "the size of the trie belongs to the figures")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use numbering::{Digits, NumberingPlan, PrefixSet};
use rustc_hash::FxHashMap;

/// One fast-hash probe per length, the longest first.
struct HashPerLength {
    maps: Vec<FxHashMap<u64, u32>>,
}

impl HashPerLength {
    fn new(plan: &NumberingPlan) -> Self {
        let mut maps: Vec<FxHashMap<u64, u32>> = Vec::new();
        for (id, prefix) in plan.prefixes().iter() {
            maps.resize_with(maps.len().max(prefix.len() + 1), FxHashMap::default);
            maps[prefix.len()].insert(Self::key(prefix, prefix.len()), id.0);
        }
        Self { maps }
    }

    /// The first `len` digits, right-aligned: the form that a fast hash spreads well.
    fn key(number: Digits, len: usize) -> u64 {
        number.word() >> (64 - 4 * len)
    }

    fn longest(&self, number: Digits) -> Option<u32> {
        (1..self.maps.len()).rev().find_map(|len| self.maps[len].get(&Self::key(number, len)).copied())
    }
}

/// The prefixes as disjoint intervals in a sorted array, found by bisection.
struct Intervals {
    starts: Vec<u64>,
    ids: Vec<u32>,
}

impl Intervals {
    fn new(plan: &NumberingPlan) -> Self {
        let set = plan.prefixes();
        let mut edges: Vec<u64> = Vec::new();
        for (_, prefix) in set.iter() {
            let word = prefix.word() & !0xf;
            edges.extend([word, word.wrapping_add(1 << (64 - 4 * prefix.len()))]);
        }
        edges.sort_unstable();
        edges.dedup();
        let at = |word: u64| {
            // The first number at or after the edge, 15 digits long: behind a 9 comes a carry.
            let mut digits = [b'0'; 15];
            let mut carry = 0;
            for index in (0..15).rev() {
                let digit = ((word >> (60 - 4 * index)) & 0xf) as u8 + carry;
                carry = u8::from(digit > 9);
                digits[index] = b'0' + digit % 10;
            }
            Digits::parse(&digits)
                .filter(|_| carry == 0)
                .and_then(|number| set.longest(number))
                .map_or(u32::MAX, |id| id.0)
        };
        Self { ids: edges.iter().map(|edge| at(*edge)).collect(), starts: edges }
    }

    fn longest(&self, number: Digits) -> Option<u32> {
        let at = self.starts.partition_point(|start| *start <= number.word() & !0xf).checked_sub(1)?;
        (self.ids[at] != u32::MAX).then(|| self.ids[at])
    }
}

/// The prefixes in order, each with the longest other one that begins it: the greatest not above the number begins it, or one of those behind it does.
struct Ordered {
    ids: BTreeMap<u64, u32>,
    /// By identifier: the prefix as (word, digits), and the longest other prefix that begins it.
    entries: Vec<(u64, usize, u32)>,
}

impl Ordered {
    fn new(plan: &NumberingPlan) -> Self {
        let set = plan.prefixes();
        let shorter = |prefix: Digits| {
            set.chain(prefix).longest_first().find(|id| set.prefix(*id) != prefix).map_or(u32::MAX, |id| id.0)
        };
        let word = |prefix: Digits| prefix.word() & !0xf;
        Self {
            // The shorter of two prefixes that differ in zeros alone has the same word: the length stands in the last digit.
            ids: set.iter().map(|(id, prefix)| (word(prefix) | prefix.len() as u64, id.0)).collect(),
            entries: set.iter().map(|(_, prefix)| (word(prefix), prefix.len(), shorter(prefix))).collect(),
        }
    }

    fn longest(&self, number: Digits) -> Option<u32> {
        let word = number.word() & !0xf;
        let (_, id) = self.ids.range(..=word | 0xf).next_back()?;
        let mut id = *id;
        while id != u32::MAX {
            let (prefix, len, shorter) = self.entries[id as usize];
            if len <= number.len() && (word ^ prefix) >> (64 - 4 * len) == 0 {
                return Some(id);
            }
            id = shorter;
        }
        None
    }
}

fn compare(criterion: &mut Criterion) {
    let plan = cdr_ingest::operator_dir::world_plan();
    let (hash, intervals, ordered) = (HashPerLength::new(&plan), Intervals::new(&plan), Ordered::new(&plan));
    let set: &PrefixSet = plan.prefixes();
    println!("trie: {} prefixes, {} bytes a prefix", set.len(), set.memory_bytes() / set.len());
    for (name, numbers) in [
        ("under random prefixes", benches::numbers_under_prefixes(&plan, 100_000)),
        ("uniform", benches::uniform_numbers(100_000)),
    ] {
        for number in &numbers {
            let expected = set.longest(*number).map(|id| id.0);
            assert_eq!((hash.longest(*number), intervals.longest(*number)), (expected, expected), "{number}");
            assert_eq!(ordered.longest(*number), expected, "{number}");
        }
        let mut group = criterion.benchmark_group(format!("longest prefix, {name}"));
        group.throughput(Throughput::Elements(numbers.len() as u64)).sample_size(30);
        let mut run = |what: &str, longest: &dyn Fn(Digits) -> u64| {
            group.bench_function(what, |bencher| {
                bencher.iter_batched(
                    || (),
                    |()| numbers.iter().map(|number| longest(black_box(*number))).sum::<u64>(),
                    BatchSize::SmallInput,
                );
            });
        };
        run("packed trie", &|number| set.longest(number).map_or(0, |id| u64::from(id.0)));
        run("chain of all matches", &|number| set.chain(number).as_slice().len() as u64);
        run("hash probe per length", &|number| hash.longest(number).map_or(0, u64::from));
        run("sorted intervals", &|number| intervals.longest(number).map_or(0, u64::from));
        run("B-tree of prefixes", &|number| ordered.longest(number).map_or(0, u64::from));
        group.finish();
    }
}

criterion_group!(benches, compare);
criterion_main!(benches);
