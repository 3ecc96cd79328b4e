//! Rows of a sheet become rows of a price list.
//!
//! Owns: what a cell may look like in a sheet beyond the rules of a rate: decimal commas, days, several prefixes in a cell, names of bands.
//! Does not own: the rules of a single text (`rating::rate_text`), what the rows change (`compare`).
//! Always: every row is looked at; the sheet is taken as a whole or refused with all its faults.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use numbering::ranges::prefixes_of_range;
use numbering::{Digits, parse_mask};
use rating::list::Qualifiers;
use rating::rate::{Tier, Variant, parse_tiers};
use rating::rate_text::{self, Column, Fault, Fields, Wanted};
use rating::{Rate, RateParts};
use rustc_hash::FxHashMap;

use super::columns::{Layout, Mapping, Source};
use super::faults::{Faults, Problem};
use super::sheet::Sheet;
use super::state::ListState;

/// Most prefixes that one cell may stand for.
const PREFIXES_OF_A_CELL_MAX: usize = 1_000;

/// What a row prices: equal keys are versions of one price.
pub(crate) type Key = (Digits, Qualifiers);

/// A row of the new list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DraftRow {
    /// Number of the row in the sheet.
    pub(crate) row: u32,
    pub(crate) key: Key,
    /// First moment; never before the date on which the list comes into force.
    pub(crate) from_ms: i64,
    /// Moment after the last; `i64::MAX` = open.
    pub(crate) to_ms: i64,
    /// Index of the terms.
    pub(crate) rate: u32,
}

/// The rows of a sheet that has no faults.
#[derive(Debug)]
pub struct ValidRows {
    pub(crate) rows: Vec<DraftRow>,
    /// Rows of the sheet that they come from.
    pub sheet_rows: usize,
}

/// Terms, each once.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    pub(crate) rates: Vec<Rate>,
    index: HashMap<RateParts, u32>,
}

impl Terms {
    /// The index of these terms.
    pub(crate) fn of(&mut self, rate: &Rate) -> u32 {
        if let Some(index) = self.index.get(rate.parts()) {
            return *index;
        }
        self.add(rate.clone())
    }

    fn add(&mut self, rate: Rate) -> u32 {
        let index = self.rates.len() as u32;
        self.index.insert(rate.parts().clone(), index);
        self.rates.push(rate);
        index
    }

    /// The index of these terms, if they are well formed.
    fn checked(&mut self, parts: RateParts, faults: &mut Vec<Fault>) -> Option<u32> {
        if let Some(index) = self.index.get(&parts) {
            return Some(*index);
        }
        rate_text::rate(parts, faults).map(|rate| self.add(rate))
    }
}

/// The texts of a row, as the rules of a rate expect them.
struct Texts<'a> {
    texts: [Option<Cow<'a, str>>; Column::ALL.len()],
}

impl Fields for Texts<'_> {
    fn text(&self, column: Column) -> Option<&str> {
        self.texts[column as usize].as_deref()
    }
}

impl<'a> Texts<'a> {
    fn of(cells: &'a csv::StringRecord, layout: &'a Layout, decimal_comma: bool) -> Self {
        let mut texts = [const { None }; Column::ALL.len()];
        for column in Column::ALL {
            let text = match layout.source(*column) {
                Source::Nothing => continue,
                Source::Cell(index) => cells.get(*index).unwrap_or_default(),
                Source::Constant(text) => text,
            };
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            texts[*column as usize] = Some(match column {
                Column::Prefix | Column::Origin => text.strip_prefix('+').unwrap_or(text).into(),
                Column::Price | Column::ConnectFee | Column::AttemptFee | Column::Minimum | Column::Maximum
                    if decimal_comma && text.contains(',') && !text.contains('.') =>
                {
                    text.replacen(',', ".", 1).into()
                }
                _ => text.into(),
            });
        }
        Self { texts }
    }
}

/// What the rows of a sheet are read with.
struct Reader<'a> {
    state: &'a mut ListState,
    layout: &'a Layout,
    split_prefixes: bool,
    starts_ms: i64,
    faults: Faults,
    rows: Vec<DraftRow>,
    /// The row of the sheet that a key and a start were first seen in.
    seen: FxHashMap<(Key, i64), u32>,
}

/// Reads the rows of a sheet: the new list from `starts_ms` on.
///
/// # Errors
/// Everything that is wrong with them.
pub fn validate(
    state: &mut ListState,
    sheet: &Sheet,
    layout: &Layout,
    mapping: &Mapping,
    starts_ms: i64,
) -> Result<ValidRows, Faults> {
    let data = &sheet.rows[layout.first_row.min(sheet.rows.len())..];
    let decimal_comma = mapping.decimal_comma.unwrap_or(sheet.decimal_comma);
    let mut reader = Reader {
        state,
        layout,
        split_prefixes: mapping.split_prefixes,
        starts_ms,
        faults: Faults::default(),
        rows: Vec::with_capacity(data.len()),
        seen: FxHashMap::default(),
    };
    reader.seen.reserve(data.len());
    for row in data {
        let width = layout.titles.len();
        if width > 0 && row.cells.iter().skip(width).any(|cell| !cell.trim().is_empty()) {
            reader.fault(row.number, None, Problem::Shifted);
            continue;
        }
        reader.read(row.number, &Texts::of(&row.cells, layout, decimal_comma));
    }
    let Reader { faults, rows, .. } = reader;
    faults.into_result()?;
    Ok(ValidRows { rows, sheet_rows: data.len() })
}

impl Reader<'_> {
    fn fault(&mut self, row: u32, column: Option<Column>, problem: Problem) {
        let layout = self.layout;
        self.faults.add(row, column, || column.and_then(|column| layout.title(column)), problem);
    }

    fn read(&mut self, row: u32, texts: &Texts<'_>) {
        let before = self.faults.count;
        let mut found = Vec::new();
        let prefixes = self.prefixes(row, texts, &mut found);
        let qualifiers = self.qualifiers(row, texts, &mut found);
        let zone = self.state.head.zone;
        let validity = rate_text::validity(texts, Wanted::Day, |text| moment_ms(text, zone), &mut found);
        let variants = self.variants(row, texts);
        let volume = self.volume(row, texts);
        let rate = rate_text::parts(texts, &mut found).and_then(|parts| {
            let parts = RateParts { variants, volume, ..parts };
            self.state.terms.checked(parts, &mut found)
        });
        for fault in found {
            self.fault(row, Some(fault.column), Problem::Text(fault.problem));
        }
        if validity.to_ms <= self.starts_ms && validity.from_ms < validity.to_ms {
            self.fault(row, Some(Column::To), Problem::EndsBefore);
        }
        if self.faults.count > before {
            return;
        }
        let Some(rate) = rate else { return };
        let from_ms = validity.from_ms.max(self.starts_ms);
        for prefix in prefixes {
            let key = (prefix, qualifiers);
            if let Some(earlier) = self.seen.insert((key, from_ms), row) {
                self.seen.insert((key, from_ms), earlier);
                self.fault(row, Some(Column::Prefix), Problem::Twice(earlier));
                continue;
            }
            self.rows.push(DraftRow { row, key, from_ms, to_ms: validity.to_ms, rate });
        }
    }

    fn prefixes(&mut self, row: u32, texts: &Texts<'_>, found: &mut Vec<Fault>) -> Vec<Digits> {
        let text = texts.text(Column::Prefix).unwrap_or_default();
        let single = !self.split_prefixes || !text.contains([',', ';', '-', '–', ' ', '\u{a0}', '\n']);
        if single {
            return rate_text::prefix(texts, found).into_iter().collect();
        }
        // `7917 - 7919` is one range: blanks around a dash are part of it.
        let parts: Vec<&str> = text.split(['-', '–']).map(str::trim).collect();
        let mut prefixes = Vec::new();
        for part in
            parts.join("-").split([',', ';', ' ', '\u{a0}', '\n']).map(str::trim).filter(|part| !part.is_empty())
        {
            match prefixes_of(part) {
                Some(of_part) if prefixes.len() + of_part.len() <= PREFIXES_OF_A_CELL_MAX => prefixes.extend(of_part),
                _ => self.fault(row, Some(Column::Prefix), Problem::Range(part.to_owned())),
            }
        }
        prefixes
    }

    fn qualifiers(&mut self, row: u32, texts: &Texts<'_>, found: &mut Vec<Fault>) -> Qualifiers {
        let provider = texts.text(Column::Provider).and_then(|code| {
            let known = self.state.providers.get(code).copied();
            if known.is_none() {
                self.fault(row, Some(Column::Provider), Problem::NoProvider(code.to_owned()));
            }
            known
        });
        Qualifiers {
            service: rate_text::service(texts, found),
            incoming_service: texts.text(Column::IncomingService).map(|word| self.state.symbols.of(word)),
            provider,
            place: texts.text(Column::Place).map(|word| self.state.symbols.of(word)),
            origin: rate_text::origin(texts, found),
        }
    }

    /// Other tiers, by the names of the list's bands; a band may have several rows of one name.
    fn variants(&mut self, row: u32, texts: &Texts<'_>) -> Vec<Variant> {
        let Some(text) = texts.text(Column::Variants) else { return Vec::new() };
        let mut variants: Vec<Variant> = Vec::new();
        for word in text.split(';').map(str::trim).filter(|word| !word.is_empty()) {
            let Some((name, from_volume, tiers)) = variant(word) else {
                self.fault(row, Some(Column::Variants), Problem::Bands(text.to_owned()));
                return Vec::new();
            };
            let of_name: Vec<Option<u32>> = match name {
                "" => vec![None],
                name => self.state.bands_of(name).into_iter().map(Some).collect(),
            };
            if of_name.is_empty() {
                self.fault(row, Some(Column::Variants), Problem::NoBand(name.to_owned()));
            }
            variants.extend(of_name.into_iter().map(|band| Variant { band, from_volume, tiers: tiers.clone() }));
        }
        variants.sort_by_key(|variant| (variant.band, variant.from_volume));
        variants
    }

    /// The counter that steps by volume go by.
    fn volume(&mut self, row: u32, texts: &Texts<'_>) -> Option<u32> {
        let code = texts.text(Column::Volume)?;
        let known = self.state.volume_of(code);
        if known.is_none() {
            self.fault(row, Some(Column::Volume), Problem::NoVolume(code.to_owned()));
        }
        known
    }
}

/// `NAME=TIERS`, `NAME>VOLUME=TIERS` or `>VOLUME=TIERS`.
fn variant(word: &str) -> Option<(&str, u64, Vec<Tier>)> {
    let (key, tiers) = word.split_once('=')?;
    let (name, step) = key.split_once('>').unwrap_or((key, "0"));
    Some((name.trim(), step.trim().parse().ok()?, parse_tiers(tiers)?))
}

/// The prefixes that a part of a cell stands for: itself, or those of a range.
fn prefixes_of(part: &str) -> Option<Vec<Digits>> {
    let part = part.strip_prefix('+').unwrap_or(part);
    let Some((from, to)) = part.split_once('-') else { return parse_mask(part).map(|prefix| vec![prefix]) };
    // Both ends are prefixes of their own: a range of numbers would begin with 0 nowhere.
    parse_mask(from).zip(parse_mask(to))?;
    prefixes_of_range(from, to).ok()
}

/// Milliseconds of the epoch of a day or moment on the clock of `zone`. A wall clock inside the hour that a change repeats means its first passage; one
/// inside the hour that it skips is no time.
pub(crate) fn moment_ms(text: &str, zone: Tz) -> Option<i64> {
    // A year of three digits or five is a slip, not a date.
    let is_near = |year: i32| (1970..2200).contains(&year);
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return is_near(moment.year()).then(|| moment.timestamp_millis());
    }
    let day = |text: &str| {
        ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"].iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())
    };
    let time = |text: &str| ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok());
    let local: NaiveDateTime = match text.split_once([' ', 'T']) {
        Some((date, rest)) => day(date)?.and_time(time(rest.trim())?),
        None => day(text)?.and_time(NaiveTime::MIN),
    };
    is_near(local.year()).then(|| zone.from_local_datetime(&local).earliest())?.map(|at| at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price_lists::columns::layout;
    use crate::price_lists::sheet::{self, SheetOptions};
    use crate::price_lists::state::tests::state;
    use proptest::prelude::*;
    use rating::wording::Language;

    fn read(text: &str, mapping: &Mapping) -> Result<(ListState, ValidRows), Faults> {
        let sheet = sheet::read(text.as_bytes(), &SheetOptions::default()).unwrap();
        let layout = layout(&sheet, mapping).unwrap();
        let mut state = state(&[]);
        let rows = validate(&mut state, &sheet, &layout, mapping, 0)?;
        Ok((state, rows))
    }

    fn shown(text: &str, mapping: &Mapping) -> Vec<String> {
        let (state, rows) = read(text, mapping).unwrap();
        let tiers = |row: &DraftRow| rating::rate::tiers_text(&state.terms.rates[row.rate as usize].parts().tiers);
        rows.rows.iter().map(|row| format!("{:?} {}", row.key.0, tiers(row))).collect()
    }

    #[test]
    fn cells_as_people_write_them() {
        let split = Mapping { split_prefixes: true, ..Mapping::default() };
        let unit = Mapping {
            constants: vec![(Column::Unit, "1".into()), (Column::Billing, "60/6".into())],
            ..Mapping::default()
        };
        for (text, mapping, expected) in [
            ("prefix;price\n+7916;1,25\n", &Mapping::default(), vec!["7916 0:1@1.25/60"]),
            ("prefix,price\n 7916 ,1.25\n", &unit, vec!["7916 0:60@1.25/1 60:6@1.25/1"]),
            (
                "prefix;price\n7916, 7917-7919;1\n381 - 382;2\n",
                &split,
                vec![
                    "7916 0:1@1/60",
                    "7917 0:1@1/60",
                    "7918 0:1@1/60",
                    "7919 0:1@1/60",
                    "381 0:1@2/60",
                    "382 0:1@2/60",
                ],
            ),
            ("prefix;tiers\nshort:112;0:1@0/60\n", &Mapping::default(), vec!["short:112 0:1@0/60"]),
        ] {
            assert_eq!(shown(text, mapping), expected, "{text}");
        }
    }

    #[test]
    fn all_faults_come_at_once_with_row_and_column() {
        let text = "Код;Цена;Провайдер;С;Bands\n7;1,5;mts;;\nx;1,2,3;nobody;32.01.2026;night=1\n7;2;mts;;\n8;1;;;eve=0:1@1/60\n9;1;;;;6\n";
        let mapping = Mapping { columns: vec![(Column::From, "С".into())], ..Mapping::default() };
        let faults = read(text, &mapping).unwrap_err();
        let shown: Vec<(u32, Option<Column>)> = faults.first.iter().map(|fault| (fault.row, fault.column)).collect();
        use Column::{From, Prefix, Price, Provider, Variants};
        let mut of_3 = shown[..5].to_vec();
        of_3.sort();
        let mut expected: Vec<_> = [Prefix, Provider, From, Price, Variants].map(|column| (3, Some(column))).to_vec();
        expected.sort();
        assert_eq!(of_3, expected);
        assert_eq!(shown[5..], [(4, Some(Prefix)), (5, Some(Variants)), (6, None)]);
        assert_eq!(faults.count, 8);
        let twice = faults.first.iter().find(|fault| fault.row == 4).unwrap();
        assert!(twice.text(Language::English).starts_with("Row 4, column A «Код» (prefix): the same prefix"));
        assert!(twice.text(Language::Russian).contains("в строке 2"), "{}", twice.text(Language::Russian));
    }

    /// bands | the column at fault
    #[test]
    fn steps_name_their_column() {
        for (bands, expected) in [
            (">60=0:1@1/60", Column::Volume),
            (">60=0:0@1/60", Column::Variants),
            (">60=0:1@1/60;>60=0:1@2/60", Column::Variants),
            (">9223372036854775808=0:1@1/60", Column::Variants),
            (">60=0:1@1/86399 1:1@1/86381 2:1@1/86371", Column::Variants),
        ] {
            let volume = if expected == Column::Volume { "" } else { "month" };
            let text = format!("prefix;price;bands;volume\n7;1;\"{bands}\";{volume}\n");
            let faults = read(&text, &Mapping::default()).unwrap_err();
            let found: Vec<Option<Column>> = faults.first.iter().map(|fault| fault.column).collect();
            assert_eq!(found, [Some(expected)], "{bands}: {}", faults.first[0].text(Language::English));
        }
    }

    #[test]
    fn the_first_thousand_faults_are_kept_and_all_are_counted() {
        let text = format!("prefix,price\n{}", "7,x\n".repeat(1_500));
        let faults = read(&text, &Mapping::default()).unwrap_err();
        assert_eq!((faults.first.len(), faults.count), (1_000, 1_500));
    }

    #[test]
    fn days_and_moments() {
        let moscow = chrono_tz::Europe::Moscow;
        for (text, expected) in [
            ("2026-11-01", Some("2026-10-31T21:00:00Z")),
            ("01.11.2026", Some("2026-10-31T21:00:00Z")),
            ("01.11.2026 10:30", Some("2026-11-01T07:30:00Z")),
            ("2026-11-01 10:30:15", Some("2026-11-01T07:30:15Z")),
            ("2026-11-01T00:00:00+05:00", Some("2026-10-31T19:00:00Z")),
            ("32.11.2026", None),
            ("11.2026", None),
            ("01.11.26", None),
            ("0026-11-01T00:00:00Z", None),
            ("9999-11-01T00:00:00Z", None),
        ] {
            let expected = expected.map(|text| DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis());
            assert_eq!(moment_ms(text, moscow), expected, "{text}");
        }
    }

    proptest! {
        /// Whatever stands in the cells: the sheet is taken, or every fault names a row that exists.
        #[test]
        fn any_cells_are_rows_or_faults(cells in prop::collection::vec(("[ 0-9+,;:x-]{0,12}", "[0-9,.x@/: -]{0,12}", "\\PC{0,12}"), 1..20), split: bool) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["prefix", "price", "bands"]).unwrap();
            for (prefix, price, bands) in &cells {
                writer.write_record([prefix, price, bands]).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let mapping = Mapping { split_prefixes: split, ..Mapping::default() };
            if let Err(faults) = read(&text, &mapping) {
                prop_assert!(faults.count >= faults.first.len() && !faults.first.is_empty());
                prop_assert!(faults.first.iter().all(|fault| fault.row >= 2));
            }
        }
    }
}
