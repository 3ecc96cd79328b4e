//! The rows of a file of numbers become ranges.
//!
//! Owns: which column is which, what a cell may hold, ranges that touch each other and say the same.
//! Does not own: sheets as such (`price_lists`), the sentences of faults (`faults`), which numbers are there already (`compare`).
//! Always: pure; a file is taken as a whole or refused with all its faults; an empty cell says nothing, `-` empties; no number stands in two ranges.

use std::collections::{BTreeMap, HashMap};

use numbering::{E164, NumberRules};
use rust_decimal::Decimal;

use super::NUMBERS_MAX;
use super::faults::{Faults, Problem, RowFault};
use crate::edit::Edit;
use crate::numbers::edit::DidKind;
use crate::price_lists::{Sheet, SheetRow, letter, plain};

/// Rows in which the titles are looked for.
const TITLES_WITHIN: usize = 30;
/// Digits of a Russian number behind its country code, and that code: a registry of ABC and DEF codes leaves it out.
const RUSSIAN: (&str, usize) = ("7", 10);
/// A cell that empties.
const EMPTIES: &str = "-";

/// A column of ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Column {
    /// One number.
    Number,
    /// ABC or DEF code of the ends of a range that are written without it.
    Code,
    /// First number of a range.
    From,
    /// Last number of a range.
    To,
    /// Code of the provider.
    Provider,
    /// Code or name of the region.
    Region,
    /// Place of service.
    Place,
    /// Kind.
    Kind,
    /// Whether it is for sale.
    Sale,
    /// Its own price.
    Price,
}

impl Column {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Number,
        Self::Code,
        Self::From,
        Self::To,
        Self::Provider,
        Self::Region,
        Self::Place,
        Self::Kind,
        Self::Sale,
        Self::Price,
    ];

    /// Our name for it.
    pub const fn as_str(self) -> &'static str {
        self.titles()[0]
    }

    /// Titles by which it is recognised, as [`plain`] makes them; the first is ours.
    const fn titles(self) -> &'static [&'static str] {
        match self {
            Self::Number => &["number", "did", "phone", "номер", "номер did", "номер телефона", "телефон"],
            // With Latin and with Cyrillic letters: the state's registry has the latter.
            Self::Code => &["code", "abc/def", "abc/ def", "авс/ def", "авс/def", "код авс/def", "код"],
            Self::From => &["from", "first", "от", "с", "начало", "начало диапазона", "первый номер"],
            Self::To => &["to", "last", "до", "по", "конец", "конец диапазона", "последний номер"],
            Self::Provider => &["provider", "carrier", "провайдер", "код провайдера", "поставщик"],
            Self::Region => &["region", "city", "регион", "город", "код региона"],
            Self::Place => &["place", "place of service", "место", "место оказания услуг"],
            Self::Kind => &["kind", "вид", "вид номера"],
            Self::Sale => &["sale", "for sale", "доступен для продажи", "в продаже", "продажа"],
            Self::Price => &["price", "цена", "стоимость"],
        }
    }
}

/// Which columns a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    index: HashMap<Column, usize>,
    titles: Vec<String>,
    first_row: usize,
}

/// Why the columns of a file do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayoutError {
    /// Nothing says which numbers are meant; the titles of the file.
    NoNumbers(Vec<String>),
    /// Two columns could be this one; their titles.
    Ambiguous(Column, Vec<String>),
}

impl Layout {
    /// The columns of a sheet, by the first row that has titles of numbers.
    pub(super) fn of(sheet: &Sheet) -> Result<Self, LayoutError> {
        let cells = |row: &SheetRow| row.cells.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let mut first = None;
        for (index, row) in sheet.rows.iter().take(TITLES_WITHIN).enumerate() {
            let titles = cells(row);
            let has = |column: Column| !found(column, &titles).is_empty();
            if has(Column::Number) || (has(Column::From) && has(Column::To)) {
                first = Some((index + 1, titles));
                break;
            }
        }
        let Some((first_row, titles)) = first else {
            return Err(LayoutError::NoNumbers(sheet.rows.first().map(cells).unwrap_or_default()));
        };
        let mut index = HashMap::new();
        for column in Column::ALL {
            match found(*column, &titles)[..] {
                [] => {}
                [at] => drop(index.insert(*column, at)),
                ref several => {
                    let titles = several.iter().map(|at| titles[*at].clone()).collect();
                    return Err(LayoutError::Ambiguous(*column, titles));
                }
            }
        }
        Ok(Self { index, titles, first_row })
    }

    /// Our columns, and what the file calls them.
    pub(super) fn used(&self) -> BTreeMap<String, String> {
        self.index.keys().map(|column| (column.as_str().to_owned(), self.title(*column).unwrap_or_default())).collect()
    }

    /// Titles of columns that are not read.
    pub(super) fn ignored(&self) -> Vec<String> {
        let unread = self
            .titles
            .iter()
            .enumerate()
            .filter(|(at, title)| !title.is_empty() && !self.index.values().any(|index| index == at));
        unread.map(|(_, title)| title.clone()).collect()
    }

    fn title(&self, column: Column) -> Option<String> {
        let at = *self.index.get(&column)?;
        Some(format!("{} «{}»", letter(at), self.titles[at]))
    }

    /// The cell of a row, where it says anything.
    fn cell<'a>(&self, row: &'a SheetRow, column: Column) -> Option<&'a str> {
        row.cells.get(*self.index.get(&column)?).map(str::trim).filter(|text| !text.is_empty())
    }
}

/// Columns of the file that are this one; our own name for it beats others.
fn found(column: Column, titles: &[String]) -> Vec<usize> {
    let named = |names: &[&str]| -> Vec<usize> {
        (0..titles.len()).filter(|at| names.contains(&plain(&titles[*at]).as_str())).collect()
    };
    let own = named(&column.titles()[..1]);
    if own.is_empty() { named(column.titles()) } else { own }
}

/// What a row says of its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) provider: Edit<i32>,
    pub(super) region: Edit<i32>,
    pub(super) place: Edit<String>,
    pub(super) kind: Option<DidKind>,
    pub(super) is_for_sale: Option<bool>,
    pub(super) price: Edit<Decimal>,
}

impl Said {
    /// Names of the columns that say something.
    pub(super) fn columns(&self) -> Vec<&'static str> {
        let said = [
            (Column::Provider, self.provider != Edit::Keep),
            (Column::Region, self.region != Edit::Keep),
            (Column::Place, self.place != Edit::Keep),
            (Column::Kind, self.kind.is_some()),
            (Column::Sale, self.is_for_sale.is_some()),
            (Column::Price, self.price != Edit::Keep),
        ];
        said.into_iter().filter(|(_, says)| *says).map(|(column, _)| column.as_str()).collect()
    }
}

/// Numbers that follow one another, of which the same is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The first row of the file that they stand in.
    pub(super) row: u32,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) said: Said,
}

impl Range {
    /// How many numbers.
    pub(super) const fn len(&self) -> u64 {
        self.last - self.first + 1
    }
}

/// Codes that a file may name.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// Providers by code.
    pub(super) providers: HashMap<String, i32>,
    /// Open regions by code, and by name as [`plain`] makes it.
    pub(super) regions: HashMap<String, i32>,
}

/// Reads the rows behind the titles.
pub(super) fn read(
    sheet: &Sheet,
    layout: &Layout,
    directory: &Directory,
    rules: &NumberRules,
) -> Result<Vec<Range>, Faults> {
    let mut reader = RowReader { sheet, layout, directory, rules, faults: Faults::default() };
    let (mut ranges, mut numbers) = (Vec::new(), 0_u64);
    for row in sheet.rows.iter().skip(layout.first_row) {
        let Some(range) = reader.range(row) else { continue };
        let is_within = numbers <= NUMBERS_MAX;
        numbers = numbers.saturating_add(range.len());
        if is_within && numbers > NUMBERS_MAX {
            reader.fault(row, None, Problem::TooMany);
        }
        ranges.push(range);
    }
    if ranges.is_empty() && reader.faults.count == 0 {
        let row = sheet.rows.last().map_or(0, |row| row.number);
        reader.faults.add(RowFault { row, column: None, title: None, problem: Problem::NoNumber });
    }
    // Numbers of different length are apart by their value too: the first digit is no nought.
    ranges.sort_by_key(|range| (range.first, range.row));
    reader.name_repeated(&ranges);
    reader.faults.into_result()?;
    Ok(joined(ranges))
}

/// Ranges that touch each other and say the same, as one.
fn joined(ranges: Vec<Range>) -> Vec<Range> {
    let mut joined: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.last + 1 == range.first && last.said == range.said && same_length(last, &range) => {
                last.last = range.last;
                last.row = last.row.min(range.row);
            }
            _ => joined.push(range),
        }
    }
    joined
}

const fn same_length(a: &Range, b: &Range) -> bool {
    a.first.ilog10() == b.first.ilog10()
}

struct RowReader<'a> {
    sheet: &'a Sheet,
    layout: &'a Layout,
    directory: &'a Directory,
    rules: &'a NumberRules,
    faults: Faults,
}

impl RowReader<'_> {
    fn fault(&mut self, row: &SheetRow, column: Option<Column>, problem: Problem) {
        let title = column.and_then(|column| self.layout.title(column));
        self.faults.add(RowFault { row: row.number, column, title, problem });
    }

    /// The range of a row, or nothing and its faults.
    fn range(&mut self, row: &SheetRow) -> Option<Range> {
        let before = self.faults.count;
        if row.cells.iter().skip(self.layout.titles.len()).any(|cell| !cell.trim().is_empty()) {
            self.fault(row, None, Problem::Shifted);
        }
        let ends = self.ends(row);
        let said = Said {
            provider: self.code(row, Column::Provider),
            region: self.code(row, Column::Region),
            place: self.place(row),
            kind: self.kind(row),
            is_for_sale: self.sale(row),
            price: self.price(row),
        };
        let (first, last) = ends.filter(|_| self.faults.count == before)?;
        Some(Range { row: row.number, first, last, said })
    }

    fn ends(&mut self, row: &SheetRow) -> Option<(u64, u64)> {
        let cell = |column: Column| self.layout.cell(row, column);
        let (one, from, to) = (cell(Column::Number), cell(Column::From), cell(Column::To));
        match (one, from, to) {
            (None, None, None) => self.fault(row, None, Problem::NoNumber),
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => self.fault(row, None, Problem::Both),
            (None, Some(_), None) => self.fault(row, Some(Column::To), Problem::OneEnd),
            (None, None, Some(_)) => self.fault(row, Some(Column::From), Problem::OneEnd),
            (Some(text), None, None) => {
                let number = self.number(row, Column::Number, text)?;
                return Some((value(number), value(number)));
            }
            (None, Some(from), Some(to)) => {
                let first = self.number(row, Column::From, from);
                let last = self.number(row, Column::To, to);
                let (first, last) = (first?, last?);
                if first.digits().len() != last.digits().len() {
                    self.fault(row, Some(Column::To), Problem::Lengths);
                } else if last < first {
                    self.fault(row, Some(Column::To), Problem::Backwards);
                } else {
                    return Some((value(first), value(last)));
                }
            }
        }
        None
    }

    fn number(&mut self, row: &SheetRow, column: Column, text: &str) -> Option<E164> {
        let code = if column == Column::Number { None } else { self.layout.cell(row, Column::Code) };
        let written = code.map_or_else(|| text.to_owned(), |code| with_code(code, text));
        match self.rules.normalise(&written) {
            Ok(number) if number.e164().is_some() => number.e164(),
            Ok(_) => {
                self.fault(row, Some(column), Problem::Number(written, numbering::NotANumber::TooShort));
                None
            }
            Err(error) => {
                self.fault(row, Some(column), Problem::Number(written, error));
                None
            }
        }
    }

    fn code(&mut self, row: &SheetRow, column: Column) -> Edit<i32> {
        let Some(text) = self.layout.cell(row, column) else { return Edit::Keep };
        if text == EMPTIES {
            return Edit::Clear;
        }
        let id = match column {
            Column::Provider => self.directory.providers.get(text),
            _ => self.directory.regions.get(text).or_else(|| self.directory.regions.get(&plain(text))),
        };
        if let Some(id) = id {
            return Edit::Set(*id);
        }
        let unknown = if column == Column::Provider { Problem::NoProvider } else { Problem::NoRegion };
        self.fault(row, Some(column), unknown(text.to_owned()));
        Edit::Keep
    }

    fn place(&mut self, row: &SheetRow) -> Edit<String> {
        match self.layout.cell(row, Column::Place) {
            None => Edit::Keep,
            Some(EMPTIES) => Edit::Clear,
            Some(text) if text.chars().count() <= 100 && !text.chars().any(char::is_control) => {
                Edit::Set(text.to_owned())
            }
            Some(_) => {
                self.fault(row, Some(Column::Place), Problem::Place);
                Edit::Keep
            }
        }
    }

    fn kind(&mut self, row: &SheetRow) -> Option<DidKind> {
        let text = self.layout.cell(row, Column::Kind)?;
        match plain(text).as_str() {
            "ordinary" | "обычный" => Some(DidKind::Ordinary),
            "fmtn" | "фмтн" => Some(DidKind::Fmtn),
            _ => {
                self.fault(row, Some(Column::Kind), Problem::Kind(text.to_owned()));
                None
            }
        }
    }

    fn sale(&mut self, row: &SheetRow) -> Option<bool> {
        let text = self.layout.cell(row, Column::Sale)?;
        let problem = match plain(text).as_str() {
            "yes" | "true" | "да" => return Some(true),
            "no" | "false" | "нет" => return Some(false),
            "forced" | "да, принудительно" | "принудительно" => Problem::Forced,
            _ => Problem::Sale(text.to_owned()),
        };
        self.fault(row, Some(Column::Sale), problem);
        None
    }

    fn price(&mut self, row: &SheetRow) -> Edit<Decimal> {
        let Some(text) = self.layout.cell(row, Column::Price) else { return Edit::Keep };
        if text == EMPTIES {
            return Edit::Clear;
        }
        let written: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let written = if self.sheet.decimal_comma { written.replace(',', ".") } else { written };
        let is_plain = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let fits = |price: &Decimal| price.scale() <= 2 && *price < Decimal::from(1_000_000_000);
        let price = Decimal::from_str_exact(&written).ok().map(|price| price.normalize());
        let Some(price) = price.filter(|price| is_plain && fits(price)) else {
            self.fault(row, Some(Column::Price), Problem::Price(text.to_owned()));
            return Edit::Keep;
        };
        Edit::Set(price)
    }

    /// Names every row a number of which stands in a row before it. `ranges` are in order of their first numbers.
    fn name_repeated(&mut self, ranges: &[Range]) {
        let mut farthest: Option<&Range> = None;
        for range in ranges {
            if let Some(other) = farthest.filter(|other| range.first <= other.last) {
                let (row, at) = (range.row.max(other.row), range.row.min(other.row));
                if let Some(number) = E164::parse(&range.first.to_string()) {
                    let problem = Problem::Twice(number, at);
                    self.faults.add(RowFault { row, column: None, title: None, problem });
                }
            }
            if farthest.is_none_or(|other| range.last > other.last) {
                farthest = Some(range);
            }
        }
    }
}

/// A number as a registry writes it: `495` and `1234567` are 7 495 123-45-67. Noughts that a workbook dropped come back. What is longer is a whole number.
fn with_code(code: &str, rest: &str) -> String {
    let (country, digits) = RUSSIAN;
    let width = digits.saturating_sub(code.len());
    if rest.len() > width { rest.to_owned() } else { format!("{country}{code}{rest:0>width$}") }
}

fn value(number: E164) -> u64 {
    // At most fifteen digits.
    number.to_string().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price_lists::{SheetOptions, read_sheet};
    use rating::wording::Language;

    fn directory() -> Directory {
        Directory {
            providers: HashMap::from([("mts".to_owned(), 1)]),
            regions: HashMap::from([("moscow".to_owned(), 7), ("москва".to_owned(), 7)]),
        }
    }

    fn rules() -> NumberRules {
        NumberRules::parse("+> 00> 810> 8>7 >", "").unwrap()
    }

    fn ranges(text: &str) -> Result<Vec<Range>, Faults> {
        let sheet = read_sheet(text.as_bytes(), &SheetOptions::default()).unwrap();
        let layout = Layout::of(&sheet).unwrap();
        read(&sheet, &layout, &directory(), &rules())
    }

    fn short(text: &str) -> Vec<(u32, u64, u64)> {
        ranges(text).unwrap().iter().map(|range| (range.row, range.first, range.last)).collect()
    }

    #[test]
    fn numbers_ranges_and_registries() {
        // One at a time, as staff write them; neighbours of which the same is said become one range.
        let text = "номер;цена\n8 (495) 200-02-00;1\n+74952000201;1\n74952000202;2\n";
        assert_eq!(short(text), [(2, 74_952_000_200, 74_952_000_201), (4, 74_952_000_202, 74_952_000_202)]);
        // A range; a heading above, a column that nobody knows.
        let text = "Ёмкость\nНачало;Конец;Емкость\n74951000000;74951009999;10000\n";
        assert_eq!(short(text), [(3, 74_951_000_000, 74_951_009_999)]);
        // As the state's registry writes them; the workbook has dropped the noughts.
        let text = "АВС/ DEF;От;До\n495;0;9999\n495;7200000;7209999\n";
        assert_eq!(short(text), [(2, 74_950_000_000, 74_950_009_999), (3, 74_957_200_000, 74_957_209_999)]);
        // Two lengths never touch.
        assert_eq!(short("number\n9999999\n10000000\n").len(), 2);
    }

    #[test]
    fn an_empty_cell_says_nothing_and_a_dash_empties() {
        let text = "номер;провайдер;регион;место;вид;доступен для продажи;цена\n\
                    74950000001;mts;Москва;agent;FMTN;да;1 500,50\n74950000002;;;;;;\n74950000003;-;-;-;;нет;-\n";
        let read = ranges(text).unwrap();
        let first = Said {
            provider: Edit::Set(1),
            region: Edit::Set(7),
            place: Edit::Set("agent".to_owned()),
            kind: Some(DidKind::Fmtn),
            is_for_sale: Some(true),
            price: Edit::Set("1500.5".parse().unwrap()),
        };
        assert_eq!((&read[0].said, read[1].said.columns()), (&first, vec![]));
        assert_eq!(read[2].said.columns(), ["provider", "region", "place", "sale", "price"]);
        assert_eq!((&read[2].said.price, read[2].said.is_for_sale), (&Edit::Clear, Some(false)));
    }

    #[test]
    fn every_fault_is_named_with_its_row() {
        let text = "номер;от;до;провайдер;регион;вид;доступен для продажи;цена\n\
                    495;;;;;;;\n\
                    74950000001;74950000002;;;;;;\n\
                    ;74950000001;;;;;;\n\
                    ;74950000009;74950000001;;;;;\n\
                    ;9999999;10000000;;;;;\n\
                    74950000010;;;beeline;Тула;mobile;forced;1,005\n\
                    ;74950000100;74950000199;;;;;\n\
                    74950000150;;;;;;;\n";
        let faults = ranges(text).unwrap_err();
        let told: Vec<(u32, Option<Column>)> = faults.first.iter().map(|fault| (fault.row, fault.column)).collect();
        assert_eq!(
            told,
            [
                (2, Some(Column::Number)),
                (3, None),
                (4, Some(Column::To)),
                (5, Some(Column::To)),
                (6, Some(Column::To)),
                (7, Some(Column::Provider)),
                (7, Some(Column::Region)),
                (7, Some(Column::Kind)),
                (7, Some(Column::Sale)),
                (7, Some(Column::Price)),
                (9, None),
            ]
        );
        assert_eq!(faults.count, 11);
        assert_eq!(
            faults.first[5].text(Language::English),
            "Row 7, column D «провайдер» (provider): there is no provider `beeline`; a code of the list of providers is expected, or `-` for our own capacity"
        );
        assert!(faults.first[10].text(Language::Russian).contains("номер 74950000150 уже есть в строке 8"));
        for fault in &faults.first {
            assert_ne!(fault.text(Language::Russian), fault.text(Language::English));
        }
    }

    #[test]
    fn an_import_has_a_largest_size() {
        // 74950000000 to 74950999999 are 1,000,000; one more is too many.
        assert!(ranges("от;до\n74950000000;74950999999\n").is_ok());
        let faults = ranges("от;до\n74950000000;74950999999\n74960000000;74960000000\n").unwrap_err();
        assert_eq!((faults.count, &faults.first[0].problem), (1, &Problem::TooMany));
        assert_eq!(ranges("number\n-\n").unwrap_err().count, 1);
    }

    #[test]
    fn columns_that_do_not_fit() {
        let layout = |text: &str| Layout::of(&read_sheet(text.as_bytes(), &SheetOptions::default()).unwrap());
        assert_eq!(layout("a;b\n1;2\n"), Err(LayoutError::NoNumbers(vec!["a".into(), "b".into()])));
        let both = vec!["Телефон".to_owned(), "Номер телефона".to_owned()];
        assert_eq!(layout("Телефон;Номер телефона\n"), Err(LayoutError::Ambiguous(Column::Number, both)));
        let known = layout("number;телефон;x\n").unwrap();
        assert_eq!((known.used().len(), known.ignored()), (1, vec!["телефон".to_owned(), "x".to_owned()]));
    }
}
