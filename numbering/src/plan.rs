//! The numbering plan: which destination a number leads to.
//!
//! Owns: destinations (named groups of prefixes), their prefixes, and the overlay of ported numbers that is looked up first (A34).
//! Does not own: prices over the destinations.
//! Always: every prefix belongs to exactly one destination.

use std::fmt;
use std::str::FromStr;

use rustc_hash::FxHashMap;

use crate::digits::Digits;
use crate::number::E164;
use crate::prefix_set::PrefixSet;

/// What kind of number a prefix holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A bare country code.
    Any,
    /// Geographic.
    Fixed,
    /// Mobile.
    Mobile,
    /// Free for the caller; the called account pays (A2).
    TollFree,
    /// Premium rate.
    Premium,
}

impl Kind {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Fixed => "fixed",
            Self::Mobile => "mobile",
            Self::TollFree => "tollfree",
            Self::Premium => "premium",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Any, Self::Fixed, Self::Mobile, Self::TollFree, Self::Premium]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Index of a destination within its plan.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct DestinationId(pub u32);

/// A named group of prefixes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// ISO 3166 alpha-2, or `NANP` for the numbering area under +1.
    pub country: Box<str>,
    /// Kind of numbers.
    pub kind: Kind,
    /// English name; the country's code where the plan has no name.
    pub name_en: Box<str>,
    /// Russian name, possibly empty.
    pub name_ru: Box<str>,
}

/// The plan.
#[derive(Clone, Debug)]
pub struct NumberingPlan {
    set: PrefixSet,
    /// By prefix identifier.
    destination_of: Vec<DestinationId>,
    destinations: Vec<Destination>,
    ported: FxHashMap<E164, Digits>,
}

/// A line of a plan that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("numbering plan, line {line}: {problem}")]
pub struct BadPlan {
    /// Line in the CSV, the header being 1.
    pub line: u64,
    /// What is wrong, in words.
    pub problem: String,
}

impl NumberingPlan {
    /// Reads CSV `prefix,country,kind,name_en,name_ru` with a header line.
    pub fn from_csv(text: &str) -> Result<Self, BadPlan> {
        let mut destinations: Vec<Destination> = Vec::new();
        let mut ids: FxHashMap<Destination, DestinationId> = FxHashMap::default();
        let mut of_prefix: FxHashMap<Digits, DestinationId> = FxHashMap::default();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        loop {
            let line = reader.position().line();
            let bad = |problem: String| BadPlan { line, problem };
            if !reader.read_record(&mut record).map_err(|error| bad(error.to_string()))? {
                break;
            }
            let field = |index: usize| record.get(index).unwrap_or_default();
            let prefix = Digits::parse(field(0).as_bytes())
                .filter(|digits| !digits.is_empty())
                .ok_or_else(|| bad(format!("`{}` is not a prefix of 1 to 15 digits", field(0))))?;
            let kind = field(2).parse().map_err(|()| bad(format!("unknown kind `{}`", field(2))))?;
            let name_en = if field(3).is_empty() { field(1) } else { field(3) };
            let destination =
                Destination { country: field(1).into(), kind, name_en: name_en.into(), name_ru: field(4).into() };
            let id = *ids.entry(destination).or_insert_with_key(|destination| {
                destinations.push(destination.clone());
                DestinationId(destinations.len() as u32 - 1)
            });
            if of_prefix.insert(prefix, id).is_some() {
                return Err(bad(format!("prefix {prefix} stands twice")));
            }
        }
        let set = PrefixSet::build(of_prefix.keys().copied());
        let destination_of = set.iter().map(|(_, digits)| of_prefix[&digits]).collect();
        Ok(Self { set, destination_of, destinations, ported: FxHashMap::default() })
    }

    /// The same plan in which these whole numbers are matched as if they began with the given prefix.
    #[must_use]
    pub fn with_ported(mut self, numbers: impl IntoIterator<Item = (E164, Digits)>) -> Self {
        self.ported.extend(numbers);
        self
    }

    /// The digits by which a number is matched: its own, or the routing prefix of its new home.
    #[inline]
    pub fn matched_as(&self, number: E164) -> Digits {
        if self.ported.is_empty() {
            return number.digits();
        }
        self.ported.get(&number).copied().unwrap_or_else(|| number.digits())
    }

    /// The destination that a number leads to.
    pub fn destination(&self, number: E164) -> Option<DestinationId> {
        self.destination_of_digits(self.matched_as(number))
    }

    /// The destination of the longest prefix that begins `digits`.
    pub fn destination_of_digits(&self, digits: Digits) -> Option<DestinationId> {
        self.set.longest(digits).map(|id| self.destination_of[id.index()])
    }

    /// A destination's description.
    pub fn describe(&self, id: DestinationId) -> &Destination {
        &self.destinations[id.0 as usize]
    }

    /// All destinations, by identifier.
    pub fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// The prefixes of the plan.
    pub fn prefixes(&self) -> &PrefixSet {
        &self.set
    }
}

impl std::hash::Hash for Destination {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.country, self.kind, &self.name_en, &self.name_ru).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn world() -> NumberingPlan {
        let mut text = String::new();
        flate2::read::GzDecoder::new(crate::WORLD_PLAN_CSV_GZ).read_to_string(&mut text).unwrap();
        NumberingPlan::from_csv(&text).unwrap()
    }

    #[test]
    fn the_world_loads_whole() {
        let plan = world();
        assert_eq!(plan.prefixes().len(), 316_865);
        let per_prefix = plan.prefixes().memory_bytes() / plan.prefixes().len();
        assert!(per_prefix <= 24, "{per_prefix} bytes a prefix");
        for (number, prefix, kind, name) in [
            ("79161234567", "79", Kind::Mobile, "Russia mobile"),
            ("78005555522", "7800", Kind::TollFree, "Russia toll-free"),
            ("74951201031", "7495", Kind::Fixed, "Moscow"),
            ("381114112060", "38111", Kind::Fixed, "Belgrade"),
        ] {
            let number = E164::parse(number).unwrap();
            let destination = plan.describe(plan.destination(number).unwrap());
            assert_eq!((destination.kind, &*destination.name_en), (kind, name));
            let matched = plan.prefixes().longest(number.digits()).unwrap();
            assert_eq!(plan.prefixes().prefix(matched).to_string(), prefix);
        }
    }

    #[test]
    fn a_ported_number_is_matched_by_its_new_home() {
        let moved = E164::parse("79161234567").unwrap();
        let plan = NumberingPlan::from_csv(
            "prefix,country,kind,name_en,name_ru\n7916,RU,mobile,MTS,\n7920,RU,mobile,MegaFon,\n",
        )
        .unwrap()
        .with_ported([(moved, Digits::parse(b"7920").unwrap())]);
        let name =
            |text: &str| plan.destination(E164::parse(text).unwrap()).map(|id| plan.describe(id).name_en.to_string());
        assert_eq!(name("79161234567").as_deref(), Some("MegaFon"));
        assert_eq!(name("79161234568").as_deref(), Some("MTS"));
    }

    #[test]
    fn a_bad_line_is_named() {
        let bad = |line: &str| {
            NumberingPlan::from_csv(&format!("prefix,country,kind,name_en,name_ru\n7,RU,any,,\n{line}\n"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(bad("7x,RU,any,,"), "numbering plan, line 3: `7x` is not a prefix of 1 to 15 digits");
        assert_eq!(bad("71,RU,car,,"), "numbering plan, line 3: unknown kind `car`");
        assert_eq!(bad("7,RU,any,,"), "numbering plan, line 3: prefix 7 stands twice");
    }
}
