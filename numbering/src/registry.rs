//! Ranges of numbers as registries publish them, and what they make of a plan (A34).
//!
//! Owns: the columns of such a file, what a row means, contradictions between rows, the merge with a plan into the fewest prefixes.
//! Does not own: how a file is opened and taken apart into cells, the split of one range ([`crate::ranges`]).
//! Always: a number of a range has the range's destination, any other number the one that it had; the narrower of two ranges counts; all faults of all
//! files come at once.

use rustc_hash::FxHashMap;

use crate::digits::Digits;
use crate::faults::Faults;
use crate::number::E164;
use crate::plan::{Destination, Kind, NumberingPlan};
use crate::prefix_set::PrefixSet;
use crate::ranges::prefixes_of_range;
use crate::spans::{Span, flatten, place, text_at};

/// What the rows of a registry leave open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Country of rows that name none.
    pub country: String,
    /// Calling code that stands before the code of a row (`7`).
    pub calling_code: String,
    /// Digits of a number without the calling code (10); leading zeros that a spreadsheet ate are put back up to them.
    pub national_digits: usize,
    /// Kind of rows that name none; `None`: by the code, as Russia assigns them.
    pub kind: Option<Kind>,
    /// What the destination of a row without a name is called by.
    pub name: NameFrom,
}

/// What a destination is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFrom {
    /// Its operator.
    Operator,
    /// Its region.
    Region,
    /// Both.
    Both,
}

/// A column of a file of ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Code,
    From,
    To,
    Capacity,
    Operator,
    Region,
    Country,
    Kind,
    NameEn,
    NameRu,
}

/// Columns and the titles by which they are known, without blanks, in lower case; the first is ours.
const TITLES: &[(Column, &[&str])] = &[
    (Column::Code, &["code", "abc", "def", "abc/def", "авс/def", "код", "код(авс/def)"]),
    (Column::From, &["from", "от", "с"]),
    (Column::To, &["to", "до", "по"]),
    (Column::Capacity, &["capacity", "емкость", "ёмкость"]),
    (Column::Operator, &["operator", "оператор"]),
    (Column::Region, &["region", "регион"]),
    (Column::Country, &["country", "страна"]),
    (Column::Kind, &["kind", "вид"]),
    (Column::NameEn, &["name_en"]),
    (Column::NameRu, &["name_ru", "название"]),
];

impl Column {
    fn of(title: &str) -> Option<Self> {
        let title: String = title.trim_start_matches('\u{feff}').split_whitespace().collect::<String>().to_lowercase();
        TITLES.iter().find(|(_, known)| known.contains(&title.as_str())).map(|(column, _)| *column)
    }

    fn name(self) -> &'static str {
        TITLES.iter().find(|(column, _)| *column == self).map_or("", |(_, known)| known[0])
    }
}

/// Ranges of all files.
#[derive(Clone, Debug)]
pub struct Ranges {
    defaults: Defaults,
    files: Vec<String>,
    spans: Vec<Span>,
    /// File and line of each span.
    origins: Vec<(usize, u32)>,
    destinations: Vec<Destination>,
    index: FxHashMap<Destination, u32>,
    faults: Faults,
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Rows of ranges.
    pub rows: usize,
    /// Prefixes that they became.
    pub prefixes: usize,
    /// Prefixes of the plan that lay inside ranges and are gone.
    pub replaced: usize,
}

impl Ranges {
    /// No ranges yet.
    pub fn new(defaults: Defaults) -> Self {
        Self {
            defaults,
            files: Vec::new(),
            spans: Vec::new(),
            origins: Vec::new(),
            destinations: Vec::new(),
            index: FxHashMap::default(),
            faults: Faults::default(),
        }
    }

    /// Reads the rows of a file: the number of each as people see it, and its cells; the first is the row of titles. Titles that are not known are answered:
    /// their columns are not read.
    pub fn read<'a>(
        &mut self,
        file: &str,
        rows: impl IntoIterator<Item = (u32, &'a csv::StringRecord)>,
    ) -> Vec<String> {
        self.files.push(file.to_owned());
        let mut rows = rows.into_iter();
        let Some((_, titles)) = rows.next() else {
            self.faults.add(file, 0, "", "the file is empty; its first line names the columns");
            return Vec::new();
        };
        let columns: Vec<Option<Column>> = titles.iter().map(Column::of).collect();
        let unknown =
            titles.iter().zip(&columns).filter(|(title, column)| column.is_none() && !title.trim().is_empty());
        let unknown = unknown.map(|(title, _)| title.trim().to_owned()).collect();
        let missing = [Column::From, Column::To].into_iter().find(|column| !columns.contains(&Some(*column)));
        if let Some(column) = missing {
            let problem = "the first line names the columns: code;from;to;operator;region (code: ABC or DEF, ends without it), or from,to,country,kind,name_en,name_ru";
            self.faults.add(file, 1, column.name(), problem);
            return unknown;
        }
        for (line, cells) in rows {
            if cells.len() > columns.len() {
                let problem = format!("{} fields, but the header has {}", cells.len(), columns.len());
                self.faults.add(file, u64::from(line), "", problem);
                continue;
            }
            Row { ranges: self, line, columns: &columns, cells }.read();
        }
        unknown
    }

    /// The plan in which every number of a range has the range's destination.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn merge(mut self, base: &NumberingPlan) -> Result<(Vec<(Digits, Destination)>, Merged), Faults> {
        let rows = self.spans.len();
        let (flat, conflicts) = flatten(std::mem::take(&mut self.spans));
        for conflict in conflicts {
            let shown = format!("{}-{}", text_at(conflict.earlier.from), text_at(conflict.earlier.to));
            let same = (conflict.span.from, conflict.span.to) == (conflict.earlier.from, conflict.earlier.to);
            let problem = if same {
                "is the same range with another destination"
            } else {
                "overlaps, and neither range lies inside the other"
            };
            self.contradiction(conflict.span.origin, conflict.earlier.origin, &format!("{shown} {problem}"));
        }
        let mut of_prefix: FxHashMap<Digits, (u32, u32)> = FxHashMap::default();
        for span in &flat {
            let prefixes = prefixes_of_range(&text_at(span.from), &text_at(span.to))
                .expect("a flat range is one range of numbers of one length");
            for prefix in prefixes {
                match of_prefix.insert(prefix, (span.value, span.origin)) {
                    Some((value, origin)) if value != span.value => {
                        let problem =
                            format!("numbers of another length have the same prefix {prefix} and another destination");
                        self.contradiction(span.origin, origin, &problem);
                    }
                    _ => {}
                }
            }
        }
        // Numbers of one length lie in one range only: a prefix below another one with another destination is of numbers of another length.
        let mut below: Vec<(Digits, u32, u32)> = of_prefix
            .iter()
            .flat_map(|(prefix, own)| (1..prefix.len()).map(move |len| (prefix.truncated(len), *prefix, own)))
            .filter_map(|(above, prefix, own)| Some((prefix, own, of_prefix.get(&above)?)))
            .filter(|(_, own, above)| own.0 != above.0)
            .map(|(prefix, own, above)| (prefix, own.1, above.1))
            .collect();
        below.sort_unstable();
        for (prefix, origin, above) in below {
            let problem = format!(
                "numbers of another length begin with the same digits as {prefix} and have another destination"
            );
            self.contradiction(origin.max(above), origin.min(above), &problem);
        }
        let Self { faults, destinations, .. } = self;
        let of_prefix =
            of_prefix.into_iter().map(|(prefix, (value, _))| (prefix, destinations[value as usize].clone()));
        faults.or(merged(base, of_prefix.collect(), rows))
    }

    /// What is wrong with the files, without a plan to lay them over.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn check(self) -> Result<(Vec<(Digits, Destination)>, Merged), Faults> {
        self.merge(&NumberingPlan::default())
    }

    fn contradiction(&mut self, origin: u32, earlier: u32, problem: &str) {
        let (file, line) = self.origins[origin as usize];
        let (other_file, other_line) = self.origins[earlier as usize];
        let problem = format!("{problem}: see line {other_line} of {}; correct one of the two", self.files[other_file]);
        self.faults.add(&self.files[file], u64::from(line), "from", problem);
    }
}

/// Lays the prefixes of ranges over those of a plan.
fn merged(
    base: &NumberingPlan,
    of_prefix: FxHashMap<Digits, Destination>,
    rows: usize,
) -> (Vec<(Digits, Destination)>, Merged) {
    let new = PrefixSet::build(of_prefix.keys().copied());
    let mut all: FxHashMap<Digits, Destination> = base
        .prefixes()
        .iter()
        .filter(|(_, prefix)| new.longest(*prefix).is_none())
        .map(|(id, prefix)| (prefix, base.describe(base.destination_of_prefix(id)).clone()))
        .collect();
    let replaced = base.prefixes().len() - all.len();
    all.extend(of_prefix);
    let set = PrefixSet::build(all.keys().copied());
    // A prefix of a range that says what the next shorter prefix says already.
    let is_said = |prefix: Digits| {
        let chain = set.chain(prefix);
        let shorter = chain.longest_first().nth(1).map(|id| set.prefix(id));
        new.get(prefix).is_some() && shorter.is_some_and(|shorter| all[&shorter] == all[&prefix])
    };
    let mut rest: Vec<(Digits, Destination)> = all
        .iter()
        .filter(|(prefix, _)| !is_said(**prefix))
        .map(|(prefix, destination)| (*prefix, destination.clone()))
        .collect();
    rest.sort_unstable_by_key(|(prefix, _)| *prefix);
    let prefixes = rest.iter().filter(|(prefix, _)| new.get(*prefix).is_some()).count();
    (rest, Merged { rows, prefixes, replaced })
}

/// A row under inspection.
struct Row<'r> {
    ranges: &'r mut Ranges,
    line: u32,
    columns: &'r [Option<Column>],
    cells: &'r csv::StringRecord,
}

impl<'r> Row<'r> {
    fn text(&self, column: Column) -> &'r str {
        let index = self.columns.iter().position(|known| *known == Some(column));
        index.and_then(|index| self.cells.get(index)).unwrap_or_default().trim()
    }

    fn fault(&mut self, column: Column, problem: impl Into<String>) {
        let file = self.ranges.files.len() - 1;
        self.ranges.faults.add(&self.ranges.files[file], u64::from(self.line), column.name(), problem);
    }

    fn read(mut self) {
        let before = self.ranges.faults.count;
        let code = self.code();
        let (from, to) = (self.end(Column::From, code), self.end(Column::To, code));
        if let (Some(from), Some(to)) = (from, to) {
            self.check_ends(from, to);
        }
        let destination = self.destination(code, from);
        let (Some(from), Some(to), Some(destination)) = (from, to, destination) else { return };
        if self.ranges.faults.count > before {
            return;
        }
        let ranges = self.ranges;
        let destinations = &mut ranges.destinations;
        let value = *ranges.index.entry(destination).or_insert_with_key(|destination| {
            destinations.push(destination.clone());
            destinations.len() as u32 - 1
        });
        ranges.origins.push((ranges.files.len() - 1, self.line));
        let origin = ranges.origins.len() as u32 - 1;
        ranges.spans.push(Span { from: place(from.digits()), to: place(to.digits()), value, origin });
    }

    /// The code that stands before both ends; `None` where the ends are written in full.
    fn code(&mut self) -> Option<&'r str> {
        let has_column = self.columns.contains(&Some(Column::Code));
        let code = self.text(Column::Code);
        let room = self.ranges.defaults.national_digits;
        if has_column && (code.is_empty() || code.len() >= room || Digits::parse(code.as_bytes()).is_none()) {
            self.fault(Column::Code, format!("`{code}` is not a code of 1 to {} digits", room - 1));
        }
        has_column.then_some(code)
    }

    /// An end of the range as a whole number.
    fn end(&mut self, column: Column, code: Option<&str>) -> Option<E164> {
        let text = self.text(column);
        let Defaults { calling_code, national_digits, .. } = &self.ranges.defaults;
        let whole = match code {
            None => text.strip_prefix('+').unwrap_or(text).to_owned(),
            Some(code) => {
                let width = national_digits.saturating_sub(code.len());
                if text.is_empty() || text.len() > width {
                    let problem =
                        format!("`{text}` is not the rest of a number: 1 to {width} digits behind the code {code}");
                    self.fault(column, problem);
                    return None;
                }
                format!("{calling_code}{code}{text:0>width$}")
            }
        };
        let number = E164::parse(&whole);
        if number.is_none() {
            self.fault(column, format!("`{text}` gives {whole}, which is not a whole number of 7 to 15 digits"));
        }
        number
    }

    fn check_ends(&mut self, from: E164, to: E164) {
        if from.digits().len() != to.digits().len() || from > to {
            return self
                .fault(Column::To, format!("{to} is no end of a range from {from}: as many digits, and not below it"));
        }
        let count = place(to.digits()) - place(from.digits()) + 1;
        let capacity = self.text(Column::Capacity);
        if !capacity.is_empty() && capacity.parse() != Ok(count) {
            self.fault(
                Column::Capacity,
                format!(
                    "`{capacity}`, but from {from} to {to} there are {count} numbers; correct the ends or the capacity"
                ),
            );
        }
    }

    fn destination(&mut self, code: Option<&str>, from: Option<E164>) -> Option<Destination> {
        let country = match self.text(Column::Country) {
            "" => self.ranges.defaults.country.clone(),
            country => country.to_owned(),
        };
        if !(2..=4).contains(&country.len()) || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            self.fault(Column::Country, format!("`{country}` is not a country of two capital letters (or NANP)"));
        }
        let kind = self.kind(code, from, &country);
        let (name_en, name_ru) = self.names()?;
        Some(Destination { country: country.into(), kind: kind?, name_en: name_en.into(), name_ru: name_ru.into() })
    }

    fn kind(&mut self, code: Option<&str>, from: Option<E164>, country: &str) -> Option<Kind> {
        let word = self.text(Column::Kind);
        if !word.is_empty() {
            let kind = word.parse().ok();
            if kind.is_none() {
                self.fault(Column::Kind, format!("`{word}` is not one of any, fixed, mobile, tollfree, premium"));
            }
            return kind;
        }
        if let Some(kind) = self.ranges.defaults.kind {
            return Some(kind);
        }
        let whole = from.map(|from| from.to_string());
        let national = code.or(whole.as_deref().and_then(|whole| whole.strip_prefix('7')));
        // The code tells the kind in Russia; Kazakhstan has the same country code.
        match national.filter(|_| country == "RU" && (code.is_none() || self.ranges.defaults.calling_code == "7")) {
            Some(national) => Some(russian_kind(national)),
            None if whole.is_none() => None,
            None => {
                self.fault(Column::Kind, "the row says no kind; fill the column kind, or name one for all rows");
                None
            }
        }
    }

    /// English and Russian.
    fn names(&mut self) -> Option<(String, String)> {
        let (english, russian) = (self.text(Column::NameEn), self.text(Column::NameRu));
        let (operator, region) = (self.text(Column::Operator), self.text(Column::Region));
        let parts = match self.ranges.defaults.name {
            NameFrom::Operator => [operator, ""],
            NameFrom::Region => [region, ""],
            NameFrom::Both => [operator, region],
        };
        let made = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let russian = if russian.is_empty() { made } else { russian.to_owned() };
        if english.is_empty() && russian.is_empty() {
            self.fault(Column::NameEn, "the row names no destination; fill name_en, name_ru, or operator and region");
            return None;
        }
        let english = if english.is_empty() { latin(&russian) } else { english.to_owned() };
        Some((english, russian))
    }
}

/// The kind of a number by its code, as the Russian plan assigns codes.
fn russian_kind(national: &str) -> Kind {
    match national {
        code if code.starts_with('9') => Kind::Mobile,
        code if code.starts_with("800") || code.starts_with("804") => Kind::TollFree,
        code if code.starts_with("803") || code.starts_with("809") => Kind::Premium,
        _ => Kind::Fixed,
    }
}

/// A Russian name in Latin letters, as passports write it.
fn latin(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    for letter in text.chars() {
        let lower = letter.to_lowercase().next().unwrap_or(letter);
        let Some(written) = latin_letter(lower) else {
            latin.push(letter);
            continue;
        };
        let mut letters = written.chars();
        if letter != lower
            && let Some(first) = letters.next()
        {
            latin.extend(first.to_uppercase());
        }
        latin.extend(letters);
    }
    latin
}

const fn latin_letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'й' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' => "ie",
        'ы' => "y",
        'ь' => "",
        'ю' => "iu",
        'я' => "ia",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::csv_of;
    use proptest::prelude::*;

    const HEADER: &str = "prefix,country,kind,name_en,name_ru\n";

    fn russia() -> Defaults {
        Defaults {
            country: "RU".into(),
            calling_code: "7".into(),
            national_digits: 10,
            kind: None,
            name: NameFrom::Both,
        }
    }

    fn merge(base: &str, files: &[(&str, &str)]) -> Result<(String, Merged), Faults> {
        let base = NumberingPlan::from_csv(&format!("{HEADER}{base}")).unwrap();
        let mut ranges = Ranges::new(russia());
        for (name, text) in files {
            let delimiter = if text.contains(';') { b';' } else { b',' };
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(delimiter)
                .from_reader(text.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            ranges.read(name, (1..).zip(&rows));
        }
        let (rows, merged) = ranges.merge(&base)?;
        let text = csv_of(&rows);
        assert_eq!(NumberingPlan::from_csv(&text).unwrap().prefixes().len(), rows.len());
        Ok((text.strip_prefix(HEADER).unwrap().to_owned(), merged))
    }

    /// As the registry of Russia is published: neighbours of one operator become one prefix, zeros that a spreadsheet ate are put back.
    #[test]
    fn a_registry_becomes_the_fewest_prefixes() {
        let registry = "АВС/ DEF;От;До;Емкость;Оператор;Регион;ИНН\n\
             916;0;4999999;5000000;ПАО МТС;г. Москва;1\n916;5000000;9999999;5000000;ПАО МТС;г. Москва;1\n\
             800;2000000;2000009;10;АО Ёж;РФ;2\n495;1201000;1201031;32;ООО Чаща;г. Москва;3\n";
        let (text, merged) =
            merge("7,RU,any,,\n7495120,RU,fixed,Moscow,\n74951201005,RU,fixed,Old,\n", &[("def.csv", registry)])
                .unwrap();
        assert_eq!(
            text,
            "7,RU,any,RU,\n\
             7495120,RU,fixed,Moscow,\n\
             7495120100,RU,fixed,\"OOO Chashcha, g. Moskva\",\"ООО Чаща, г. Москва\"\n\
             7495120101,RU,fixed,\"OOO Chashcha, g. Moskva\",\"ООО Чаща, г. Москва\"\n\
             7495120102,RU,fixed,\"OOO Chashcha, g. Moskva\",\"ООО Чаща, г. Москва\"\n\
             74951201030,RU,fixed,\"OOO Chashcha, g. Moskva\",\"ООО Чаща, г. Москва\"\n\
             74951201031,RU,fixed,\"OOO Chashcha, g. Moskva\",\"ООО Чаща, г. Москва\"\n\
             7800200000,RU,tollfree,\"AO Ezh, RF\",\"АО Ёж, РФ\"\n\
             7916,RU,mobile,\"PAO MTS, g. Moskva\",\"ПАО МТС, г. Москва\"\n"
        );
        assert_eq!(merged, Merged { rows: 4, prefixes: 7, replaced: 1 });
    }

    /// The plain form; what the plan says already is not said again, and the narrower range counts.
    #[test]
    fn whole_ends_and_nested_ranges() {
        let plain = "from,to,country,kind,name_en,name_ru\n79160000000,79169999999,RU,mobile,Russia mobile,\n\
                     79160010000,79160019999,RU,mobile,Ferry,Паром\n+381110000000,+381119999999,RS,fixed,Belgrade,\n";
        let (text, merged) = merge("7,RU,any,,\n79,RU,mobile,Russia mobile,\n", &[("a.csv", plain)]).unwrap();
        assert_eq!(
            text,
            "381111,RS,fixed,Belgrade,\n".replace("381111", "38111")
                + "7,RU,any,RU,\n79,RU,mobile,Russia mobile,\n7916001,RU,mobile,Ferry,Паром\n"
        );
        assert_eq!(merged.prefixes, 2);
    }

    #[test]
    fn all_faults_of_all_files_come_at_once() {
        let one = "code;from;to;capacity;operator;region\n916;0;x;1;A;B\n9161;0;9999999;1;A;B\n916;0000000;0000009;11;A;B\n91x;0;1;2;A;B\n916;5;4;0;A;B\n916;7;8;2;;\n916;1;2;2;A;B;C\n";
        let two = "from,to,country,kind,name_en\n79160000000,79160009999,ru,mobile,A\n79160000000,79160009999,RU,car,A\n79200000000,79200009999,RU,mobile,A\n\
                   79200005000,79200015000,RU,mobile,A\n79200000000,79200009999,RU,mobile,B\n4420000000,4420000009,GB,,A\n";
        let faults =
            merge("7,RU,any,,\n", &[("one.csv", one), ("two.csv", two), ("three.csv", "prefix,name\n")]).unwrap_err();
        let shown: Vec<String> = faults.first.iter().map(ToString::to_string).collect();
        for expected in [
            "one.csv, line 2, column to: `x` gives 7916000000x, which is not a whole number",
            "one.csv, line 3, column to: `9999999` is not the rest of a number: 1 to 6 digits behind the code 9161",
            "one.csv, line 4, column capacity: `11`, but from 79160000000 to 79160000009 there are 10 numbers",
            "one.csv, line 5, column code: `91x` is not a code of 1 to 9 digits",
            "one.csv, line 6, column to: 79160000004 is no end of a range from 79160000005",
            "one.csv, line 7, column name_en: the row names no destination",
            "one.csv, line 8: 7 fields, but the header has 6",
            "two.csv, line 2, column country: `ru` is not a country of two capital letters",
            "two.csv, line 3, column kind: `car` is not one of any, fixed, mobile, tollfree, premium",
            "two.csv, line 5, column from: 79200000000-79200009999 overlaps, and neither range lies inside the other: see line 4 of two.csv",
            "two.csv, line 6, column from: 79200000000-79200009999 is the same range with another destination: see line 4 of two.csv",
            "two.csv, line 7, column kind: the row says no kind",
            "three.csv, line 1, column from: the first line names the columns",
        ] {
            assert!(shown.iter().any(|line| line.starts_with(expected)), "{expected} is not in {shown:#?}");
        }
    }

    #[test]
    fn numbers_of_two_lengths_may_not_share_a_prefix() {
        let text = "from,to,country,kind,name_en\n49300000,49309999,DE,fixed,A\n493000000,493099999,DE,fixed,B\n";
        let faults = merge("7,RU,any,,\n", &[("a.csv", text)]).unwrap_err();
        assert!(
            faults.first[0].to_string().contains("numbers of another length have the same prefix 4930"),
            "{faults}"
        );
        let below =
            "from,to,country,kind,name_en\n4930000000,4930999999,DE,fixed,A\n49301000000,49301999999,DE,fixed,B\n";
        let faults = merge("7,RU,any,,\n", &[("a.csv", below)]).unwrap_err();
        assert!(faults.first[0].to_string().contains("begin with the same digits as 49301"), "{faults}");
        let same = below.replace(",B", ",A");
        assert!(merge("7,RU,any,,\n", &[("a.csv", &same)]).is_ok());
    }

    /// Kazakhstan shares the country code, not the meaning of what follows it.
    #[test]
    fn only_a_russian_code_tells_the_kind() {
        let text = "from,to,country,name_en\n77010000000,77019999999,KZ,Kcell\n";
        let faults = merge("7,RU,any,,\n", &[("a.csv", text)]).unwrap_err();
        assert!(faults.first[0].to_string().contains("column kind: the row says no kind"), "{faults}");
    }

    proptest! {
        /// Every number leads where its range says, or else where the plan said; and no prefix of a range can be left out.
        #[test]
        fn a_number_leads_where_its_range_says(
            ranges in prop::collection::vec((0u64..100, 1u64..40, 0usize..3), 0..6),
            base in prop::collection::btree_map("10000[0-3]{0,3}", 0usize..3, 0..8),
        ) {
            let name = |index: usize| ["A", "B", "C"][index];
            let base_rows: Vec<String> = base.iter().map(|(prefix, to)| format!("{prefix},RU,fixed,{},\n", name(*to))).collect();
            let base = NumberingPlan::from_csv(&format!("{HEADER}{}", base_rows.concat())).unwrap();
            // Disjoint, so that none is refused.
            let (mut taken, mut next) = (Vec::new(), 10_000_000u64);
            for (gap, len, to) in ranges {
                taken.push((next + gap, next + gap + len - 1, to));
                next += gap + len;
            }
            let text: Vec<String> = taken.iter().map(|(from, to, at)| format!("{from},{to},RU,fixed,{}\n", name(*at))).collect();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader("from,to,country,kind,name_en\n".as_bytes());
            let mut rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            let text = text.concat();
            let mut more = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            rows.extend(more.records().map(Result::unwrap));
            let mut file = Ranges::new(russia());
            file.read("a.csv", (1..).zip(&rows));
            let (rows, merged) = file.merge(&base).unwrap();
            let plan = NumberingPlan::from_csv(&csv_of(&rows)).unwrap();
            let lead = |plan: &NumberingPlan, number: u64| {
                let digits = Digits::parse(number.to_string().as_bytes()).unwrap();
                plan.destination_of_digits(digits).map(|id| plan.describe(id).name_en.to_string())
            };
            for number in 9_999_990..next + 10 {
                let range = taken.iter().find(|(from, to, _)| (*from..=*to).contains(&number));
                let expected = range.map_or_else(|| lead(&base, number), |(_, _, to)| Some(name(*to).to_owned()));
                prop_assert_eq!(lead(&plan, number), expected, "{}", number);
            }
            prop_assert!(merged.prefixes <= rows.len());
        }
    }
}
