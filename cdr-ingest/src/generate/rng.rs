//! A small seeded source of randomness.
//!
//! **Owns:** `Rng` (xoshiro256**, seeded by splitmix64) and the few draws that the generator needs.
//! **Does not own:** any choice of what is drawn. **Always:** the same seed gives the same numbers, on every machine and for ever: golden
//! files and published figures rest on it, so the algorithm must not change.

/// Deterministic random numbers.
#[derive(Debug, Clone)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// A generator for `seed`; `purpose` keeps the streams of one seed apart.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut mixer = seed ^ fnv1a(purpose.as_bytes());
        Self { state: std::array::from_fn(|_| splitmix64(&mut mixer)) }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let result = self.state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = self.state[1] << 17;
        self.state[2] ^= self.state[0];
        self.state[3] ^= self.state[1];
        self.state[1] ^= self.state[2];
        self.state[0] ^= self.state[3];
        self.state[2] ^= shifted;
        self.state[3] = self.state[3].rotate_left(45);
        result
    }

    /// A number in `0..bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Multiply and shift: the bias is under bound / 2^64, and no loop makes the count of draws depend on their values.
        u64::try_from((u128::from(self.bits()) * u128::from(bound)) >> 64)
            .expect("the high half of a product of two u64 is a u64")
    }

    /// An index into something of `len` elements.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a usize")
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low).saturating_add(1);
        low + i64::try_from(self.below(span)).expect("below the distance of two i64")
    }

    /// True in `part` of `whole` cases.
    pub fn chance(&mut self, part: u64, whole: u64) -> bool {
        self.below(whole) < part
    }

    /// One of `items`; `None` of none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.index(items.len())) }
    }

    /// One of `items`, those at the beginning more often (the lower of two draws).
    pub fn pick_early<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let (one, other) = (self.index(items.len().max(1)), self.index(items.len().max(1)));
        items.get(one.min(other))
    }

    /// The index of a weight, as often as its share of the sum.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total = weights.clone().map(u64::from).sum();
        let mut left = self.below(total);
        for (index, weight) in weights.enumerate() {
            if left < u64::from(weight) {
                return index;
            }
            left -= u64::from(weight);
        }
        0
    }

    /// `count` decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).expect("below ten"))).collect()
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A stable hash of a few bytes (FNV-1a), where a choice must depend on the thing and not on the order of drawing.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{Rng, fnv1a};

    #[test]
    fn splitmix_and_xoshiro_give_their_published_numbers() {
        // splitmix64 of 1234567 begins with 6457827717110365317 (the reference implementation's own test value).
        assert_eq!(super::splitmix64(&mut 1_234_567), 6_457_827_717_110_365_317);
        // xoshiro256** from the state 1, 2, 3, 4 begins with 11520, 0, 1509978240.
        let mut rng = Rng { state: [1, 2, 3, 4] };
        assert_eq!([rng.bits(), rng.bits(), rng.bits()], [11_520, 0, 1_509_978_240]);
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut rng = Rng::new(7, "test");
        for _ in 0..1_000 {
            assert!(rng.below(3) < 3);
            assert!((-2..=2).contains(&rng.between(-2, 2)));
            assert!(rng.weighted([0, 5, 0].into_iter()) == 1);
        }
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.digits(4).len(), 4);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
