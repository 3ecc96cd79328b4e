//! The numbering plan: which destination a number leads to.
//!
//! Owns: destinations (named groups of prefixes), their prefixes, and the overlay of ported numbers that is looked up first (A34).
//! Does not own: prices over the destinations.
//! Always: every prefix belongs to exactly one destination.

use std::fmt;
use std::str::FromStr;

use rustc_hash::FxHashMap;

use crate::digits::Digits;
use crate::faults::{Faults, line_of};
use crate::number::{E164, parse_mask};
use crate::ported::Ported;
use crate::prefix_set::{PrefixId, PrefixSet};

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
#[derive(Clone, Debug, Default)]
pub struct NumberingPlan {
    set: PrefixSet,
    /// By prefix identifier.
    destination_of: Vec<DestinationId>,
    destinations: Vec<Destination>,
    ported: Ported,
}

/// The columns of a plan.
const COLUMNS: [&str; 5] = ["prefix", "country", "kind", "name_en", "name_ru"];

impl NumberingPlan {
    /// Reads CSV `prefix,country,kind,name_en,name_ru` with a header line.
    ///
    /// # Errors
    /// Every line that is wrong.
    pub fn from_csv(text: &str) -> Result<Self, Faults> {
        Self::from_file("numbering plan", text)
    }

    /// The same, of a file with a name.
    ///
    /// # Errors
    /// Every line that is wrong.
    pub fn from_file(name: &str, text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut destinations: Vec<Destination> = Vec::new();
        let mut ids: FxHashMap<Destination, DestinationId> = FxHashMap::default();
        let mut of_prefix: FxHashMap<Digits, DestinationId> = FxHashMap::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let is_titled = reader.headers().is_ok_and(|titles| titles.iter().map(str::trim).eq(COLUMNS));
        if !is_titled {
            faults.add(name, 1, "", format!("the first line has to be {}", COLUMNS.join(",")));
        }
        let mut record = csv::StringRecord::new();
        // The text is UTF-8, and lines may have any length: nothing is left that the reader could refuse.
        while is_titled && reader.read_record(&mut record).unwrap_or(false) {
            let line = line_of(text, record.position());
            let field = |index: usize| record.get(index).unwrap_or_default();
            if record.len() != COLUMNS.len() {
                faults.add(name, line, "", format!("{} fields, but the header has {}", record.len(), COLUMNS.len()));
                continue;
            }
            let prefix = parse_mask(field(0)).filter(|prefix| !prefix.is_short());
            if prefix.is_none() {
                let problem = format!("`{}` is not a prefix of 1 to 15 digits that does not begin with 0", field(0));
                faults.add(name, line, COLUMNS[0], problem);
            }
            let kind = field(2).parse().ok();
            if kind.is_none() {
                let problem = format!("`{}` is not one of any, fixed, mobile, tollfree, premium", field(2));
                faults.add(name, line, COLUMNS[2], problem);
            }
            let (Some(prefix), Some(kind)) = (prefix, kind) else { continue };
            let name_en = if field(3).is_empty() { field(1) } else { field(3) };
            let destination =
                Destination { country: field(1).into(), kind, name_en: name_en.into(), name_ru: field(4).into() };
            let id = *ids.entry(destination).or_insert_with_key(|destination| {
                destinations.push(destination.clone());
                DestinationId(destinations.len() as u32 - 1)
            });
            if of_prefix.insert(prefix, id).is_some() {
                faults.add(name, line, COLUMNS[0], format!("prefix {prefix} stands twice; leave one of the two"));
            }
        }
        if faults.count > 0 {
            return Err(faults);
        }
        let set = PrefixSet::build(of_prefix.keys().copied());
        let destination_of = set.iter().map(|(_, digits)| of_prefix[&digits]).collect();
        Ok(Self { set, destination_of, destinations, ported: Ported::default() })
    }

    /// The same plan in which ported numbers are matched by their new homes.
    #[must_use]
    pub fn with_ported(mut self, ported: Ported) -> Self {
        self.ported = ported;
        self
    }

    /// The overlay of ported numbers.
    pub const fn ported(&self) -> &Ported {
        &self.ported
    }

    /// The digits by which a number is matched: its own, or the routing prefix of its new home.
    #[inline]
    pub fn matched_as(&self, number: E164) -> Digits {
        if self.ported.is_empty() {
            return number.digits();
        }
        self.ported.home(number).unwrap_or_else(|| number.digits())
    }

    /// The destination that a number leads to.
    pub fn destination(&self, number: E164) -> Option<DestinationId> {
        self.destination_of_digits(self.matched_as(number))
    }

    /// The destination of the longest prefix that begins `digits`.
    pub fn destination_of_digits(&self, digits: Digits) -> Option<DestinationId> {
        self.set.longest(digits).map(|id| self.destination_of[id.index()])
    }

    /// The destination of a prefix of the plan.
    pub fn destination_of_prefix(&self, id: PrefixId) -> DestinationId {
        self.destination_of[id.index()]
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

/// A plan as [`NumberingPlan::from_csv`] reads it.
pub fn csv_of(rows: &[(Digits, Destination)]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |fields: [&str; 5]| writer.write_record(fields).expect("memory takes everything");
    write(COLUMNS);
    for (prefix, to) in rows {
        write([&prefix.to_string(), &to.country, to.kind.as_str(), &to.name_en, &to.name_ru]);
    }
    String::from_utf8(writer.into_inner().expect("memory takes everything")).expect("fields are UTF-8")
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
        .unwrap();
        let ported = Ported::read(&[("ported.csv", &format!("number,home\n{moved},7920\n"))], &plan).unwrap();
        let plan = plan.with_ported(ported);
        let name =
            |text: &str| plan.destination(E164::parse(text).unwrap()).map(|id| plan.describe(id).name_en.to_string());
        assert_eq!(name("79161234567").as_deref(), Some("MegaFon"));
        assert_eq!(name("79161234568").as_deref(), Some("MTS"));
    }

    #[test]
    fn every_bad_line_is_named() {
        let text =
            "prefix,country,kind,name_en,name_ru\n7,RU,any,,\n7x,RU,car,,\n\n7,RU,any,,\n07,RU,any,,\n71,RU,any\n";
        let faults = NumberingPlan::from_csv(text).unwrap_err();
        let shown: Vec<String> = faults.first.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "numbering plan, line 3, column prefix: `7x` is not a prefix of 1 to 15 digits that does not begin with 0",
                "numbering plan, line 3, column kind: `car` is not one of any, fixed, mobile, tollfree, premium",
                "numbering plan, line 5, column prefix: prefix 7 stands twice; leave one of the two",
                "numbering plan, line 6, column prefix: `07` is not a prefix of 1 to 15 digits that does not begin with 0",
                "numbering plan, line 7: 3 fields, but the header has 5",
            ]
        );
        assert_eq!(NumberingPlan::from_csv("code,name\n7,x\n").unwrap_err().count, 1);
    }
}
