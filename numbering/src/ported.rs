//! The overlay of ported numbers: whole numbers, and ranges of them, that are matched by a new home (A34).
//!
//! Owns: the file of ported numbers, its rules, and the table that is looked up before any prefix.
//! Does not own: the plan that the homes belong to, how the file is opened.
//! Always: a number counts before a range that holds it, a narrow range before a wide one; what contradicts another line is refused; a look-up of a
//! number that was not ported costs one read of the table.
//!
//! Memory: 10 bytes a line of numbers ([`PortedNumbers`]), 24 bytes a range whatever it holds.

use rustc_hash::FxHashMap;

use crate::digits::Digits;
use crate::faults::{Faults, line_of};
use crate::number::{E164, parse_mask};
use crate::plan::NumberingPlan;
use crate::spans::{Span, flatten, place, text_at};

/// Most lines of all files together.
const LINES_MAX: usize = 100_000_000;
/// Most numbers of one range: a whole code of ten million.
const RANGE_MAX: u64 = 10_000_000;
/// Most numbers of all ranges together.
const RANGES_MAX: u64 = 1_000_000_000;
/// Bits that name a home in an entry of the table.
const HOME_BITS: u32 = 14;
/// Most homes.
const HOMES_MAX: usize = 1 << HOME_BITS;

const NUMBER: &str = "a whole number of 7 to 15 digits with its country code, without `+`";

/// Single ported numbers: a table of open addressing whose entries are the number and its home in one word.
#[derive(Clone, Debug, Default)]
pub(crate) struct PortedNumbers {
    /// 0 = free.
    entries: Vec<u64>,
    used: usize,
}

impl PortedNumbers {
    /// Room for so many numbers: a quarter more places than numbers.
    fn with_room(numbers: usize) -> Self {
        Self { entries: if numbers == 0 { Vec::new() } else { vec![0; numbers + numbers / 4 + 1] }, used: 0 }
    }

    /// The place of the entry of a number, or of the free one where it belongs.
    #[inline]
    fn find(&self, number: u64) -> usize {
        // The product spreads numbers that follow one another; its high bits, scaled to the table, are the place.
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut at = ((u128::from(spread) * self.entries.len() as u128) >> 64) as usize;
        while self.entries[at] != 0 && self.entries[at] >> HOME_BITS != number {
            at = if at + 1 == self.entries.len() { 0 } else { at + 1 };
        }
        at
    }

    /// Enters a number; the home that it has already, if it has one.
    fn insert(&mut self, number: u64, home: u32) -> Option<u32> {
        // A search ends at a free place: there always is one.
        if self.used + 1 >= self.entries.len() {
            self.grow();
        }
        let at = self.find(number);
        if let Some(former) = self.home_at(at) {
            return Some(former);
        }
        self.entries[at] = number << HOME_BITS | u64::from(home);
        self.used += 1;
        None
    }

    fn grow(&mut self) {
        let mut larger = Self::with_room((self.used + 1) * 2);
        for entry in self.entries.iter().filter(|entry| **entry != 0) {
            let at = larger.find(*entry >> HOME_BITS);
            larger.entries[at] = *entry;
        }
        larger.used = self.used;
        *self = larger;
    }

    #[inline]
    fn get(&self, number: u64) -> Option<u32> {
        if self.entries.is_empty() { None } else { self.home_at(self.find(number)) }
    }

    #[inline]
    fn home_at(&self, at: usize) -> Option<u32> {
        let entry = self.entries[at];
        (entry != 0).then_some((entry & (HOMES_MAX as u64 - 1)) as u32)
    }
}

/// Ported numbers.
#[derive(Clone, Debug, Default)]
pub struct Ported {
    numbers: PortedNumbers,
    /// Disjoint, in order.
    ranges: Vec<Span>,
    /// By the index in numbers and ranges.
    homes: Vec<Digits>,
}

impl Ported {
    /// Reads files `number,home` or `from,to,home` (an empty `to`: the one number), each a name and a text; a line of titles first, separated by `,`, `;` or
    /// tabs. A home is a prefix that leads somewhere in the plan.
    ///
    /// # Errors
    /// Everything that is wrong with them, by file, line and column.
    pub fn read(files: &[(&str, &str)], plan: &NumberingPlan) -> Result<Self, Faults> {
        // A line may end by either of the two, or by both.
        let ends = |text: &str| {
            let feeds = text.bytes().filter(|byte| *byte == b'\n').count();
            if feeds == 0 { text.bytes().filter(|byte| *byte == b'\r').count() } else { feeds }
        };
        let lines: usize = files.iter().map(|(_, text)| ends(text) + 1).sum();
        let mut reading = Reading {
            plan,
            faults: Faults::default(),
            numbers: PortedNumbers::with_room(lines.min(LINES_MAX)),
            spans: Vec::new(),
            origins: Vec::new(),
            homes: Homes::default(),
        };
        if lines > LINES_MAX + files.len() {
            reading.faults.add(files[0].0, 0, "", format!("there are {lines} lines, at most {LINES_MAX} can be held"));
            return Err(reading.faults);
        }
        for (index, (name, text)) in files.iter().enumerate() {
            reading.read_file(index, name, text);
        }
        reading.finish(files)
    }

    /// Whether there is nothing in it.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.homes.is_empty()
    }

    /// The home of a number that was ported.
    #[inline]
    pub fn home(&self, number: E164) -> Option<Digits> {
        let place = place(number.digits());
        let home = self.numbers.get(place % PLACES).or_else(|| self.home_by_range(place))?;
        Some(self.homes[home as usize])
    }

    fn home_by_range(&self, place: u64) -> Option<u32> {
        let after = self.ranges.partition_point(|span| span.from <= place);
        let span = self.ranges.get(after.checked_sub(1)?)?;
        (place <= span.to).then_some(span.value)
    }

    /// Numbers that stand for themselves.
    pub const fn number_count(&self) -> usize {
        self.numbers.used
    }

    /// Ranges, after those inside others were cut out, and the numbers in them.
    pub fn range_count(&self) -> (usize, u64) {
        (self.ranges.len(), self.ranges.iter().map(|span| span.to - span.from + 1).sum())
    }

    /// Bytes of memory that it takes.
    pub const fn memory_bytes(&self) -> usize {
        self.numbers.entries.len() * size_of::<u64>()
            + self.ranges.len() * size_of::<Span>()
            + self.homes.len() * size_of::<Digits>()
    }
}

/// A number is its decimal value: none begins with 0, so the length is in it.
const PLACES: u64 = 10u64.pow(Digits::LEN_MAX as u32);

/// Homes, each once, with what was found out about it.
#[derive(Default)]
struct Homes {
    list: Vec<Digits>,
    /// `None`: no prefix of the plan begins it.
    known: FxHashMap<Digits, Option<u32>>,
}

struct Reading<'a> {
    plan: &'a NumberingPlan,
    faults: Faults,
    numbers: PortedNumbers,
    spans: Vec<Span>,
    /// File and line of each span.
    origins: Vec<(usize, u64)>,
    homes: Homes,
}

/// Where the columns of a file stand.
struct Columns {
    from: usize,
    to: Option<usize>,
    home: usize,
    first: &'static str,
    count: usize,
}

impl Reading<'_> {
    fn read_file(&mut self, index: usize, name: &str, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let title = text.lines().next().unwrap_or_default();
        let delimiter = [b';', b'\t'].into_iter().find(|byte| title.as_bytes().contains(byte)).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        let Some(columns) = self.columns(name, reader.headers().ok()) else { return };
        let mut record = csv::StringRecord::new();
        // The text is UTF-8, and lines may have any length: nothing is left that the reader could refuse.
        while reader.read_record(&mut record).unwrap_or(false) {
            let line = line_of(text, record.position());
            if record.len() == columns.count {
                self.read_line(index, name, line, &columns, &record);
            } else {
                let problem = format!("{} fields, but the header has {}", record.len(), columns.count);
                self.faults.add(name, line, "", problem);
            }
        }
    }

    fn columns(&mut self, name: &str, titles: Option<&csv::StringRecord>) -> Option<Columns> {
        let titles: Vec<String> = titles.into_iter().flatten().map(|title| title.trim().to_ascii_lowercase()).collect();
        let find = |wanted: &str| titles.iter().position(|title| title == wanted);
        let known = ["number", "from", "to", "home"];
        let unknown = titles.iter().find(|title| !known.contains(&title.as_str()));
        let number = find("number").filter(|_| find("from").is_none() && find("to").is_none());
        let first = if number.is_some() { "number" } else { "from" };
        match (number.or(find("from")), find("home")) {
            (Some(from), Some(home)) if unknown.is_none() => {
                Some(Columns { from, to: find("to"), home, first, count: titles.len() })
            }
            _ => {
                let problem = "the first line names the columns: number,home or from,to,home".to_owned();
                self.faults.add(name, 1, "", problem);
                None
            }
        }
    }

    fn read_line(&mut self, file: usize, name: &str, line: u64, columns: &Columns, record: &csv::StringRecord) {
        let field = |index: usize| record.get(index).unwrap_or_default().trim();
        let (from_text, to_text) = (field(columns.from), columns.to.map_or("", field));
        let from = self.number(name, line, columns.first, from_text);
        let to = if to_text.is_empty() { from } else { self.number(name, line, "to", to_text) };
        let home = self.home(name, line, field(columns.home));
        let (Some(from), Some(to)) = (from, to) else { return };
        if from.digits().len() != to.digits().len() || from > to {
            let problem =
                format!("`{to_text}` is no end of a range from {from_text}: as many digits, and not below it");
            return self.faults.add(name, line, "to", problem);
        }
        let (first, last) = (place(from.digits()), place(to.digits()));
        let count = last - first + 1;
        if count > RANGE_MAX {
            let problem = format!(
                "the range holds {count} numbers, at most {RANGE_MAX} can be ported in one line; a wider one belongs into the plan (cdr-ingest plan)"
            );
            return self.faults.add(name, line, "to", problem);
        }
        let Some(home) = home else { return };
        if count > 1 {
            self.origins.push((file, line));
            self.spans.push(Span { from: first, to: last, value: home, origin: self.origins.len() as u32 - 1 });
        } else if let Some(former) = self.numbers.insert(first % PLACES, home).filter(|former| *former != home) {
            let former = self.homes.list[former as usize];
            let problem = format!("{from_text} stands in an earlier line with the home {former}; leave one of the two");
            self.faults.add(name, line, "home", problem);
        }
    }

    fn number(&mut self, name: &str, line: u64, column: &'static str, text: &str) -> Option<E164> {
        let number = E164::parse(text);
        if number.is_none() {
            self.faults.add(name, line, column, format!("`{text}` is not {NUMBER}"));
        }
        number
    }

    fn home(&mut self, name: &str, line: u64, text: &str) -> Option<u32> {
        let Some(home) = parse_mask(text).filter(|home| !home.is_short()) else {
            let problem = format!("`{text}` is not a prefix of 1 to 15 digits that does not begin with 0");
            self.faults.add(name, line, "home", problem);
            return None;
        };
        let (plan, list) = (self.plan, &mut self.homes.list);
        let known = *self.homes.known.entry(home).or_insert_with(|| {
            plan.destination_of_digits(home)?;
            list.push(home);
            Some(list.len() as u32 - 1)
        });
        let problem = match known {
            None => format!("no prefix of the numbering plan begins {home}: correct it, or add the prefix to the plan"),
            Some(index) if index as usize >= HOMES_MAX => {
                format!("{home} is one home more than the {HOMES_MAX} that can be held")
            }
            Some(index) => return Some(index),
        };
        self.faults.add(name, line, "home", problem);
        None
    }

    fn finish(mut self, files: &[(&str, &str)]) -> Result<Ported, Faults> {
        let (ranges, conflicts) = flatten(self.spans);
        for conflict in conflicts {
            let (file, line) = self.origins[conflict.span.origin as usize];
            let (other_file, other_line) = self.origins[conflict.earlier.origin as usize];
            let shown = format!("{}-{}", text_at(conflict.earlier.from), text_at(conflict.earlier.to));
            let other = format!("{shown} in line {other_line} of {}", files[other_file].0);
            let same = (conflict.span.from, conflict.span.to) == (conflict.earlier.from, conflict.earlier.to);
            let problem = if same {
                format!("the same range stands with another home: {other}; leave one of the two")
            } else {
                format!("overlaps {other}, and neither lies inside the other; split it")
            };
            self.faults.add(files[file].0, line, "from", problem);
        }
        let count: u64 = ranges.iter().map(|span| span.to - span.from + 1).sum();
        if count > RANGES_MAX {
            let problem =
                format!("the ranges hold {count} numbers in all, at most {RANGES_MAX}; wide ones belong into the plan");
            self.faults.add(files[0].0, 0, "", problem);
        }
        self.faults.or(Ported { numbers: self.numbers, ranges, homes: self.homes.list })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan() -> NumberingPlan {
        NumberingPlan::from_csv("prefix,country,kind,name_en,name_ru\n7916,RU,mobile,MTS,\n792,RU,mobile,MegaFon,\n7903,RU,mobile,Beeline,\n")
            .unwrap()
    }

    fn read(text: &str) -> Result<Ported, Faults> {
        Ported::read(&[("ported.csv", text)], &plan())
    }

    fn home(ported: &Ported, number: &str) -> Option<String> {
        ported.home(E164::parse(number).unwrap()).map(|home| home.to_string())
    }

    /// Whatever ends the lines: a search for a number that is not there comes to an end.
    #[test]
    fn lines_end_as_they_like() {
        let lines: Vec<String> = (0..50).map(|index| format!("791600000{index:02},7920")).collect();
        for end in ["\n", "\r\n", "\r"] {
            let ported = read(&format!("number,home{end}{}{end}", lines.join(end))).unwrap();
            assert_eq!(ported.number_count(), 50, "{end:?}");
            assert_eq!(home(&ported, "79160000049").as_deref(), Some("7920"), "{end:?}");
            assert_eq!(home(&ported, "79160000050"), None, "{end:?}");
        }
        let mixed =
            read("number,home\n79160000001,7920\r79160000002,7920\r79160000003,7903\r79160000004,7903\n").unwrap();
        assert_eq!((mixed.number_count(), home(&mixed, "79160000004").as_deref()), (4, Some("7903")));
        assert_eq!(home(&mixed, "79160000005"), None);
    }

    #[test]
    fn the_narrowest_counts() {
        let text = "from;to;home\n79160000000;79160009999;7920\n79160001000;79160001999;7903\n79160001500;;7916\n79031112233;79031112233;7921\n";
        let ported = read(text).unwrap();
        for (number, expected) in [
            ("79160000000", Some("7920")),
            ("79160009999", Some("7920")),
            ("79160010000", None),
            ("79160001499", Some("7903")),
            ("79160001500", Some("7916")),
            ("79160002000", Some("7920")),
            ("79031112233", Some("7921")),
            ("7916000", None),
            ("791600015000", None),
        ] {
            assert_eq!(home(&ported, number).as_deref(), expected, "{number}");
        }
        // Two numbers of their own; the range cut in two by the one inside it: 9000 + 1000 numbers.
        assert_eq!((ported.number_count(), ported.range_count()), (2, (3, 10_000)));
        let numbers = read("\u{feff}home,number\n7920,79161234567\n7920,79161234567\n").unwrap();
        assert_eq!((numbers.number_count(), home(&numbers, "79161234567").as_deref()), (1, Some("7920")));
    }

    #[test]
    fn a_number_takes_ten_bytes() {
        let lines: Vec<String> = (0..100_000u64).map(|index| format!("{},7920", 79_160_000_000 + index * 37)).collect();
        let ported = read(&format!("number,home\n{}\n", lines.join("\n"))).unwrap();
        assert_eq!(ported.number_count(), 100_000);
        assert!(ported.memory_bytes() <= 100_000 * 10 + 100, "{}", ported.memory_bytes());
        assert!(home(&ported, "79160000037").is_some() && home(&ported, "79160000038").is_none());
    }

    /// All faults at once, each with its place and what to do.
    #[test]
    fn every_line_is_checked() {
        let text = "from,to,home\n7916x,,7920\n79160000000,7916000000,7920\n79160000009,79160000000,7920\n79160000000,79169999999,7920\n\
                    79161112233,,0920\n79161112233,,49\n79161112244,,7920\n79161112244,,7903\n79100000000,79119999999,7920\n\
                    79160000005,79160000100,7920\n79163000000,79163000010,7920\n79163000000,79163000010,7903\n79163000005,79163000015,7920\n1,2\n";
        let faults = read(text).unwrap_err();
        let shown: Vec<String> = faults.first.iter().map(ToString::to_string).collect();
        for expected in [
            "ported.csv, line 2, column from: `7916x` is not a whole number of 7 to 15 digits",
            "ported.csv, line 3, column to: `7916000000` is no end of a range from 79160000000",
            "ported.csv, line 4, column to: `79160000000` is no end of a range from 79160000009",
            "ported.csv, line 6, column home: `0920` is not a prefix",
            "ported.csv, line 7, column home: no prefix of the numbering plan begins 49",
            "ported.csv, line 9, column home: 79161112244 stands in an earlier line with the home 7920",
            "ported.csv, line 10, column to: the range holds 20000000 numbers, at most 10000000",
            "ported.csv, line 13, column from: the same range stands with another home: 79163000000-79163000010 in line 12",
            "ported.csv, line 14, column from: overlaps 79163000000-79163000010 in line 12 of ported.csv",
            "ported.csv, line 15: 2 fields, but the header has 3",
        ] {
            assert!(shown.iter().any(|line| line.starts_with(expected)), "{expected} is not in {shown:#?}");
        }
        assert_eq!(faults.count, 10, "{shown:#?}");
        for header in ["number,name\n", "from,to\n", "number,from,home,x\n", ""] {
            let faults = read(header).unwrap_err();
            assert!(faults.first[0].problem.contains("number,home or from,to,home"), "{header}");
        }
    }

    proptest! {
        /// Against a map: whatever the numbers, the table finds those and no others.
        #[test]
        fn the_table_is_a_map(numbers in prop::collection::btree_map(1_000_000u64..1_002_000, 0u32..3, 0..300)) {
            let mut table = PortedNumbers::with_room(numbers.len());
            for (number, home) in &numbers {
                prop_assert_eq!(table.insert(*number, *home), None);
            }
            for number in 999_990..1_002_010 {
                prop_assert_eq!(table.get(number), numbers.get(&number).copied());
            }
        }
    }
}
