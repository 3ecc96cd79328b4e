//! Which cell of a sheet is which column of a rate.
//!
//! Owns: the names by which columns are recognised, the mapping that a person gives, the row of titles.
//! Does not own: what the cells hold (`rows`).
//! Always: what was said explicitly beats what was recognised; nothing that could be two columns is guessed.

use rating::rate_text::Column;
use rating::wording::Language;

use super::sheet::Sheet;

/// Rows in which the titles are looked for.
const TITLES_WITHIN: usize = 30;
/// Rows that tell how wide the sheet is.
const WIDTH_WITHIN: usize = 1_000;

/// What a person says of a sheet's columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// A column of ours, and the title, letter or number of the sheet's.
    pub columns: Vec<(Column, String)>,
    /// A column of ours that is the same in every row.
    pub constants: Vec<(Column, String)>,
    /// Number of the row of titles; 0 = there is none. `None`: it is looked for.
    pub title_row: Option<u32>,
    /// Whether a cell may hold several prefixes and ranges (`7916, 7917-7919`).
    pub split_prefixes: bool,
    /// Whether amounts are written with a comma; `None`: as the sheet says.
    pub decimal_comma: Option<bool>,
}

/// Where a column comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nowhere: it is empty.
    Nothing,
    /// A cell, by its index.
    Cell(usize),
    /// The same in every row.
    Constant(String),
}

/// A mapping applied to a sheet.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) sources: Vec<Source>,
    /// Index of the first row of data.
    pub(crate) first_row: usize,
    /// Titles by index.
    pub(crate) titles: Vec<String>,
    /// Columns of ours that were found, each with the title of the sheet's.
    pub used: Vec<(Column, String)>,
    /// Titles of columns that are not read.
    pub ignored: Vec<String>,
}

impl Layout {
    /// The source of a column.
    pub(crate) fn source(&self, column: Column) -> &Source {
        &self.sources[column as usize]
    }

    /// How the sheet calls a column: its letter, and its title if there is one.
    pub fn title(&self, column: Column) -> Option<String> {
        let Source::Cell(index) = *self.source(column) else { return None };
        let title = self.titles.get(index).filter(|title| !title.is_empty());
        Some(title.map_or_else(|| letter(index), |title| format!("{} «{title}»", letter(index))))
    }
}

/// Why a mapping does not fit a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingError {
    /// No row has a title for this column.
    NotFound(Column, Vec<String>),
    /// The sheet has no such title, letter or number.
    NoSuchTitle(Column, String, Vec<String>),
    /// Two columns of the sheet could be this one.
    Ambiguous(Column, Vec<String>),
    /// A column is said twice.
    Twice(Column),
    /// The row of titles is not there.
    NoTitleRow(u32),
}

impl MappingError {
    /// The column of ours that it is about.
    pub const fn column(&self) -> Option<Column> {
        match self {
            Self::NotFound(column, _)
            | Self::NoSuchTitle(column, ..)
            | Self::Ambiguous(column, _)
            | Self::Twice(column) => Some(*column),
            Self::NoTitleRow(_) => None,
        }
    }

    /// What is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::NotFound(column, titles) if russian => format!(
                "В файле нет столбца {column}; назовите его в columns ({column}=заголовок или буква). Заголовки файла: {}",
                titles.join(", ")
            ),
            Self::NotFound(column, titles) => format!(
                "The file has no column {column}; name it in columns ({column}=title or letter). Titles of the file: {}",
                titles.join(", ")
            ),
            Self::NoSuchTitle(column, wanted, titles) if russian => {
                format!("Столбец {column}: заголовка «{wanted}» в файле нет; есть: {}", titles.join(", "))
            }
            Self::NoSuchTitle(column, wanted, titles) => {
                format!("Column {column}: the file has no title `{wanted}`; it has {}", titles.join(", "))
            }
            Self::Ambiguous(column, titles) if russian => format!(
                "Столбцом {column} может быть любой из: {}; назовите нужный в columns ({column}=заголовок)",
                titles.join(", ")
            ),
            Self::Ambiguous(column, titles) => format!(
                "Column {column} could be any of {}; name the right one in columns ({column}=title)",
                titles.join(", ")
            ),
            Self::Twice(column) if russian => {
                format!("Столбец {column} задан дважды; оставьте одно: заголовок или постоянное значение")
            }
            Self::Twice(column) => format!("Column {column} is said twice; leave either a title or a constant"),
            Self::NoTitleRow(row) if russian => format!("Строки заголовков {row} в файле нет или она пуста"),
            Self::NoTitleRow(row) => format!("The row of titles {row} is not in the file, or is empty"),
        }
    }
}

/// Titles by which a column is recognised besides our own name for it, in lower case.
const fn known_titles(column: Column) -> &'static [&'static str] {
    match column {
        Column::Prefix => &[
            "prefix",
            "prefixes",
            "code",
            "codes",
            "dial code",
            "dialcode",
            "destination code",
            "area code",
            "mask",
            "код",
            "коды",
            "префикс",
            "префиксы",
            "код направления",
            "код назначения",
            "маска",
            "def-код",
            "abc-код",
        ],
        Column::Service => &["service", "услуга", "сервис", "вид услуги"],
        Column::IncomingService => &["incoming_service", "incoming service", "входящая услуга"],
        Column::Provider => &["provider", "carrier", "vendor", "провайдер", "поставщик", "оператор"],
        Column::Place => &["place", "place of service", "место", "место оказания услуг"],
        Column::Origin => {
            &["origin", "origin prefix", "origin code", "a-number prefix", "код вызывающего", "префикс вызывающего"]
        }
        Column::From => &[
            "from",
            "valid from",
            "valid_from",
            "effective date",
            "effective from",
            "effective",
            "start date",
            "дата начала",
            "действует с",
            "начало действия",
            "дата вступления в силу",
            "с",
            "с даты",
        ],
        Column::To => &[
            "to",
            "valid to",
            "valid_to",
            "end date",
            "expires",
            "expiry date",
            "дата окончания",
            "действует до",
            "окончание действия",
            "до",
        ],
        Column::Price => &[
            "price",
            "rate",
            "tariff",
            "price per minute",
            "rate per minute",
            "price/min",
            "rate/min",
            "цена",
            "тариф",
            "стоимость",
            "цена за минуту",
            "цена минуты",
            "стоимость минуты",
            "тариф за минуту",
            "цена, руб",
            "цена, руб.",
            "руб/мин",
            "руб./мин",
        ],
        Column::Unit => &["unit", "unit seconds", "единица", "единица, с", "секунд в единице"],
        Column::Billing => &[
            "billing",
            "increment",
            "increments",
            "billing increment",
            "rounding rule",
            "тарификация",
            "шаг",
            "шаг тарификации",
        ],
        Column::Tiers => &["tiers", "ступени"],
        Column::Variants => &["variants", "bands", "полосы времени", "ступени объёма"],
        Column::Volume => &["volume", "счётчик объёма"],
        Column::ConnectFee => {
            &["connect_fee", "connect fee", "connection fee", "setup fee", "плата за соединение", "плата за ответ"]
        }
        Column::AttemptFee => &["attempt_fee", "attempt fee", "плата за попытку"],
        Column::FreeSeconds => &["free_seconds", "free seconds", "бесплатные секунды", "бесплатно секунд"],
        Column::Minimum => &["minimum", "minimum charge", "минимум", "минимальная сумма"],
        Column::Maximum => &["maximum", "maximum charge", "максимум", "максимальная сумма"],
        Column::Rounding => &["rounding", "округление"],
        Column::Decimals => &["decimals", "знаков", "знаков после запятой"],
    }
}

/// A title as it is compared: no case, no blanks around or doubled, `ё` as `е`.
pub(crate) fn plain(title: &str) -> String {
    let words: Vec<&str> = title.split_whitespace().collect();
    words.join(" ").to_lowercase().replace('ё', "е")
}

/// The letters that Excel gives a column.
pub(crate) fn letter(index: usize) -> String {
    let mut rest = index + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(b'A' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    letters.into_iter().rev().map(char::from).collect()
}

/// The index of a column given by letter (`C`) or number (`3`).
fn index_of(text: &str) -> Option<usize> {
    if let Ok(number) = text.parse::<usize>() {
        return number.checked_sub(1).filter(|index| *index < 10_000);
    }
    if text.is_empty() || text.len() > 3 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let value = text.bytes().fold(0usize, |sum, byte| sum * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1);
    Some(value - 1)
}

/// Applies a mapping to a sheet.
///
/// # Errors
/// Everything that does not fit.
pub fn layout(sheet: &Sheet, mapping: &Mapping) -> Result<Layout, Vec<MappingError>> {
    let mut errors = Vec::new();
    for column in Column::ALL {
        let said = |list: &[(Column, String)]| list.iter().filter(|(own, _)| own == column).count();
        if said(&mapping.columns) + said(&mapping.constants) > 1 {
            errors.push(MappingError::Twice(*column));
        }
    }
    let (titles, first_row) = match title_row(sheet, mapping) {
        Ok(found) => found,
        Err(error) => {
            errors.push(error);
            return Err(errors);
        }
    };
    let width = sheet.rows.iter().take(WIDTH_WITHIN).map(|row| row.cells.len()).max().unwrap_or(0);
    let mut sources = vec![Source::Nothing; Column::ALL.len()];
    for column in Column::ALL {
        match source(*column, mapping, &titles, width) {
            Ok(source) => sources[*column as usize] = source,
            Err(error) => errors.push(error),
        }
    }
    let shown: Vec<String> = titles.iter().filter(|title| !title.is_empty()).cloned().collect();
    let has = |column: Column| sources[column as usize] != Source::Nothing;
    if errors.is_empty() {
        if !has(Column::Prefix) {
            errors.push(MappingError::NotFound(Column::Prefix, shown.clone()));
        }
        if !has(Column::Price) && !has(Column::Tiers) {
            errors.push(MappingError::NotFound(Column::Price, shown));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut layout = Layout { sources, first_row, titles, used: Vec::new(), ignored: Vec::new() };
    layout.used = Column::ALL.iter().filter_map(|column| Some((*column, layout.title(*column)?))).collect();
    let read: Vec<usize> = layout
        .sources
        .iter()
        .filter_map(|source| if let Source::Cell(index) = source { Some(*index) } else { None })
        .collect();
    layout.ignored = (layout.titles.iter().enumerate())
        .filter(|(index, title)| !title.is_empty() && !read.contains(index))
        .map(|(_, title)| title.clone())
        .collect();
    Ok(layout)
}

/// The titles, and the index of the first row behind them.
fn title_row(sheet: &Sheet, mapping: &Mapping) -> Result<(Vec<String>, usize), MappingError> {
    let titles_of =
        |index: usize| sheet.rows[index].cells.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    match mapping.title_row {
        Some(0) => return Ok((Vec::new(), 0)),
        Some(number) => {
            let index = sheet.rows.iter().position(|row| row.number == number);
            let index = index.ok_or(MappingError::NoTitleRow(number))?;
            return Ok((titles_of(index), index + 1));
        }
        None => {}
    }
    for index in 0..sheet.rows.len().min(TITLES_WITHIN) {
        let titles = titles_of(index);
        // A row of titles names the prefix and one thing more; a heading above the table may hold any word.
        let named = |column: Column| match mapping.columns.iter().find(|(own, _)| *own == column) {
            Some((_, wanted)) => !by_title(wanted, &titles).is_empty(),
            None => !recognised(column, &titles).is_empty(),
        };
        let others = Column::ALL.iter().filter(|column| **column != Column::Prefix && named(**column)).count();
        if named(Column::Prefix) && others > 0 {
            return Ok((titles, index + 1));
        }
    }
    // Columns given by letter need no titles: the data begin where the prefix is one.
    let by_letter = mapping.columns.iter().find(|(own, _)| *own == Column::Prefix).and_then(|(_, text)| index_of(text));
    let is_prefix =
        |text: &str| text.starts_with(|first: char| first.is_ascii_digit() || first == '+' || first == '\'');
    if let Some(column) = by_letter {
        let first = sheet.rows.iter().position(|row| row.cells.get(column).is_some_and(|cell| is_prefix(cell.trim())));
        let first = first.unwrap_or(0);
        let titles = if first > 0 { titles_of(first - 1) } else { Vec::new() };
        return Ok((titles, first));
    }
    Ok((titles_of(0), 1))
}

fn by_title(wanted: &str, titles: &[String]) -> Vec<usize> {
    let wanted = plain(wanted);
    (0..titles.len()).filter(|index| plain(&titles[*index]) == wanted).collect()
}

fn recognised(column: Column, titles: &[String]) -> Vec<usize> {
    let own = by_title(column.as_str(), titles);
    if !own.is_empty() {
        return own;
    }
    let known = known_titles(column);
    (0..titles.len()).filter(|index| known.contains(&plain(&titles[*index]).as_str())).collect()
}

fn source(column: Column, mapping: &Mapping, titles: &[String], width: usize) -> Result<Source, MappingError> {
    if let Some((_, text)) = mapping.constants.iter().find(|(own, _)| *own == column) {
        return Ok(Source::Constant(text.clone()));
    }
    let wanted = mapping.columns.iter().find(|(own, _)| *own == column).map(|(_, wanted)| wanted);
    let mut found = match wanted {
        Some(wanted) => by_title(wanted, titles),
        None => recognised(column, titles),
    };
    if let (Some(wanted), true) = (wanted, found.is_empty()) {
        let index = index_of(wanted.trim()).filter(|index| *index < width);
        let shown = || titles.iter().filter(|title| !title.is_empty()).cloned().collect();
        found.push(index.ok_or_else(|| MappingError::NoSuchTitle(column, wanted.clone(), shown()))?);
    }
    // A column that somebody claimed by name is not recognised as another one too.
    if wanted.is_none() {
        found.retain(|index| !mapping.columns.iter().any(|(_, title)| by_title(title, titles).contains(index)));
    }
    match found[..] {
        [] => Ok(Source::Nothing),
        [index] => Ok(Source::Cell(index)),
        _ => Err(MappingError::Ambiguous(column, found.iter().map(|index| titles[*index].clone()).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price_lists::sheet::{self, SheetOptions};

    fn laid(text: &str, mapping: &Mapping) -> Result<Vec<(Column, String)>, Vec<MappingError>> {
        let sheet = sheet::read(text.as_bytes(), &SheetOptions::default()).unwrap();
        layout(&sheet, mapping).map(|layout| layout.used)
    }

    fn mapping(columns: &[(Column, &str)], constants: &[(Column, &str)]) -> Mapping {
        let owned = |list: &[(Column, &str)]| list.iter().map(|(column, text)| (*column, (*text).to_owned())).collect();
        Mapping { columns: owned(columns), constants: owned(constants), ..Mapping::default() }
    }

    #[test]
    fn titles_are_recognised_and_claimed() {
        use Column::{From, Prefix, Price};
        for (text, given, expected) in [
            ("prefix,price\n", mapping(&[], &[]), vec![(Prefix, "A «prefix»"), (Price, "B «price»")]),
            (
                "Прайс ООО\n\nСтрана;Код  направления;ЦЕНА;Дата начала\n",
                mapping(&[], &[]),
                vec![(Prefix, "B «Код  направления»"), (From, "D «Дата начала»"), (Price, "C «ЦЕНА»")],
            ),
            ("code;old;new\n7;1;2\n", mapping(&[(Price, "new")], &[]), vec![(Prefix, "A «code»"), (Price, "C «new»")]),
            ("7;x;1.5\n", mapping(&[(Prefix, "A"), (Price, "3")], &[]), vec![(Prefix, "A"), (Price, "C")]),
            ("code,price,rate\n", mapping(&[], &[]), vec![(Prefix, "A «code»"), (Price, "B «price»")]),
        ] {
            let found = laid(text, &given).unwrap();
            let found: Vec<(Column, &str)> = found.iter().map(|(column, title)| (*column, title.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        use Column::{Prefix, Price};
        let none = mapping(&[], &[]);
        for (text, given, expected) in [
            ("a,b\n1,2\n", &none, Some(Prefix)),
            ("code,b\n1,2\n", &none, Some(Price)),
            ("code,цена,тариф\n1,2,3\n", &none, Some(Price)),
            ("code,price\n1,2\n", &mapping(&[(Price, "нет такого")], &[]), Some(Price)),
            ("code,price\n1,2\n", &mapping(&[(Price, "price")], &[(Price, "1")]), Some(Price)),
            ("code,price\n1,2\n", &Mapping { title_row: Some(9), ..Mapping::default() }, None),
        ] {
            let errors = laid(text, given).unwrap_err();
            assert_eq!(errors[0].column(), expected, "{text}");
            assert_ne!(errors[0].text(Language::Russian), errors[0].text(Language::English));
        }
    }

    #[test]
    fn letters_are_those_of_excel() {
        for (index, text) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!((letter(index).as_str(), index_of(text)), (text, Some(index)));
        }
        assert_eq!((index_of("0"), index_of("3"), index_of("абв"), index_of("")), (None, Some(2), None, None));
    }
}
