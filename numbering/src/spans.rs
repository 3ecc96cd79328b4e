//! Ranges of whole numbers that may lie inside one another.
//!
//! Owns: what contradicts what, and the flat form in which the narrowest range counts.
//! Does not own: what a range stands for, the files that they come from.
//! Always: flat ranges are disjoint, in order, and neighbours of one value are one range; numbers of different lengths are different.

use crate::digits::Digits;

/// Numbers of one length stand together, the shorter ones first.
const PER_LENGTH: u64 = 10u64.pow(Digits::LEN_MAX as u32);

/// The place of a number, written in full, among all numbers.
pub(crate) fn place(number: Digits) -> u64 {
    let value = (0..number.len()).fold(0, |value, index| value * 10 + u64::from(number.symbol(index)));
    number.len() as u64 * PER_LENGTH + value
}

/// The number at a place, as text.
pub(crate) fn text_at(place: u64) -> String {
    format!("{:0len$}", place % PER_LENGTH, len = (place / PER_LENGTH) as usize)
}

/// A range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Place of the first number.
    pub(crate) from: u64,
    /// Place of the last.
    pub(crate) to: u64,
    /// What it stands for.
    pub(crate) value: u32,
    /// Where it was said: an index that the caller knows.
    pub(crate) origin: u32,
}

/// Two ranges that contradict each other: the same numbers with different values, or an overlap in which neither lies inside the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) span: Span,
    pub(crate) earlier: Span,
}

/// Ranges without overlaps: each number has the value of the narrowest range that holds it.
pub(crate) fn flatten(mut spans: Vec<Span>) -> (Vec<Span>, Vec<Conflict>) {
    spans.sort_unstable_by_key(|span| (span.from, std::cmp::Reverse(span.to), span.origin));
    let mut flat = Flat::default();
    let mut conflicts = Vec::new();
    for span in spans {
        flat.leave_behind(span.from);
        match flat.around.last() {
            Some(top) if (top.from, top.to) == (span.from, span.to) => {
                if top.value != span.value {
                    conflicts.push(Conflict { span, earlier: *top });
                }
            }
            Some(top) if span.to > top.to => conflicts.push(Conflict { span, earlier: *top }),
            _ => flat.enter(span),
        }
    }
    flat.leave_behind(u64::MAX);
    (flat.done, conflicts)
}

#[derive(Default)]
struct Flat {
    done: Vec<Span>,
    /// The ranges that hold `next`, each inside the one before.
    around: Vec<Span>,
    /// The first number that is not done.
    next: u64,
}

impl Flat {
    /// Ends every range that ends before `from`.
    fn leave_behind(&mut self, from: u64) {
        while let Some(top) = self.around.pop_if(|top| top.to < from) {
            self.settle(top, top.to);
        }
    }

    fn enter(&mut self, span: Span) {
        if let Some(top) = self.around.last().copied()
            && self.next < span.from
        {
            self.settle(top, span.from - 1);
        }
        self.next = span.from;
        self.around.push(span);
    }

    /// The numbers up to `to` that are not done are those of `span`.
    fn settle(&mut self, span: Span, to: u64) {
        if self.next > to {
            return;
        }
        match self.done.last_mut() {
            Some(last) if last.value == span.value && last.to + 1 == self.next && same_length(last.to, to) => {
                last.to = to;
            }
            _ => self.done.push(Span { from: self.next, to, ..span }),
        }
        self.next = to + 1;
    }
}

const fn same_length(one: u64, other: u64) -> bool {
    one / PER_LENGTH == other / PER_LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(from: u64, to: u64, value: u32, origin: u32) -> Span {
        Span { from, to, value, origin }
    }

    #[test]
    fn places_and_texts() {
        for text in ["7", "0", "79160000000", "123456789012345"] {
            assert_eq!(text_at(place(Digits::parse(text.as_bytes()).unwrap())), text);
        }
    }

    /// ranges | flat | conflicts
    #[test]
    fn the_narrowest_counts() {
        let flat = |spans: &[(u64, u64, u32)]| {
            let spans =
                spans.iter().zip(0..).map(|((from, to, value), origin)| span(*from, *to, *value, origin)).collect();
            let (flat, conflicts) = flatten(spans);
            let shown: Vec<_> = flat.iter().map(|span| (span.from, span.to, span.value)).collect();
            (shown, conflicts.iter().map(|other| (other.earlier.origin, other.span.origin)).collect::<Vec<_>>())
        };
        for (spans, expected, conflicts) in [
            (&[(10, 19, 1), (20, 29, 1)][..], &[(10, 29, 1)][..], &[][..]),
            (&[(10, 19, 1), (21, 29, 1)], &[(10, 19, 1), (21, 29, 1)], &[]),
            (
                &[(10, 99, 1), (20, 29, 2), (25, 25, 3)],
                &[(10, 19, 1), (20, 24, 2), (25, 25, 3), (26, 29, 2), (30, 99, 1)],
                &[],
            ),
            (&[(10, 19, 1), (10, 12, 2), (10, 10, 3)], &[(10, 10, 3), (11, 12, 2), (13, 19, 1)], &[]),
            (&[(10, 19, 1), (10, 19, 1)], &[(10, 19, 1)], &[]),
            (&[(10, 19, 1), (10, 19, 2)], &[(10, 19, 1)], &[(0, 1)]),
            (&[(10, 19, 1), (15, 25, 1)], &[(10, 19, 1)], &[(0, 1)]),
        ] {
            assert_eq!(flat(spans), (expected.to_vec(), conflicts.to_vec()), "{spans:?}");
        }
    }

    proptest! {
        #[test]
        fn equals_a_scan(spans in prop::collection::vec((0u64..60, 0u64..30, 0u32..3), 0..12)) {
            let spans: Vec<Span> = spans.iter().zip(0..).map(|((from, more, value), origin)| span(*from, from + more, *value, origin)).collect();
            let (flat, conflicts) = flatten(spans.clone());
            prop_assert!(flat.windows(2).all(|pair| pair[0].to < pair[1].from));
            let refused: Vec<u32> = conflicts.iter().map(|conflict| conflict.span.origin).collect();
            for number in 0..100 {
                let holds = |span: &&Span| (span.from..=span.to).contains(&number);
                let taken = spans.iter().filter(|span| !refused.contains(&span.origin)).filter(holds);
                let expected = taken.min_by_key(|span| span.to - span.from).map(|span| span.value);
                prop_assert_eq!(flat.iter().find(holds).map(|span| span.value), expected);
            }
        }
    }
}
