//! What is asked of an import, as callers write it.
//!
//! Owns: the parameters of an import and how they become an order.
//! Does not own: what the order does (`billing::price_lists`).
//! Always: what cannot be understood is a problem that points at the parameter.

use billing::price_lists::{FileKind, Mapping, Mode, Order, SheetOptions, TextEncoding};
use chrono::DateTime;
use chrono_tz::Tz;
use rating::rate_text::Column;
use serde::Deserialize;
use utoipa::IntoParams;

use super::given;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};

/// Length of the reference call by which prices are compared.
pub(super) const REFERENCE_SECONDS: u32 = 60;

/// How a file is imported.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Name of the file; its extension (`csv`, `txt`, `xlsx`) says what it is where the content type does not.
    #[param(example = "prices-july.xlsx")]
    pub(super) file: Option<String>,
    /// `replace`: from the date on the list is the file. `merge` (default): rows that the file does not have stay.
    #[param(example = "merge")]
    mode: Option<String>,
    /// From when the prices count: a day on the list's clock, or a moment in RFC 3339. Without it from the activation.
    #[param(example = "2026-08-01")]
    date: Option<String>,
    /// `yes`: the date may be past, as long as no closed month is touched.
    backdate: Option<String>,
    /// Length of the reference call by which prices are compared; 60.
    #[param(example = "60")]
    reference_seconds: Option<String>,
    /// Which column is which: `prefix=Код;price=D;from=Дата начала`; a title, a letter or a number. Without it columns are recognised by their titles.
    #[param(example = "prefix=Код направления;price=D")]
    columns: Option<String>,
    /// What is the same in every row: `unit=60;billing=60/60`.
    #[param(example = "billing=60/60")]
    constants: Option<String>,
    /// Number of the row with the titles; 0 = none. Without it the row is looked for.
    title_row: Option<String>,
    /// `yes`: a cell may hold several prefixes and ranges, `7916, 7917-7919`.
    split_prefixes: Option<String>,
    /// `comma` or `point`. Without it a comma is taken where the file has another delimiter.
    decimal: Option<String>,
    /// Delimiter of a CSV: `,`, `;` or `tab`. Without it, it is found out.
    delimiter: Option<String>,
    /// Encoding of a CSV: `utf-8`, `utf-16` or `windows-1251`. Without it, it is found out.
    encoding: Option<String>,
    /// Name of the sheet of a workbook; the first one.
    sheet: Option<String>,
    /// Words for the history: where the file comes from.
    #[param(example = "letter of the provider of 20 July")]
    note: Option<String>,
}

/// `yes` or `no`; `no` where nothing is said.
pub(super) fn yes_or_no(pointer: &str, text: Option<&str>) -> Result<bool, Problem> {
    match given(text) {
        None | Some("no" | "false") => Ok(false),
        Some("yes" | "true") => Ok(true),
        Some(_) => Err(Problem::field(pointer, Text::fixed("Ожидается yes или no", "yes or no is expected"))),
    }
}

/// The length of a reference call.
pub(super) fn reference_seconds(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = given(text) else { return Ok(REFERENCE_SECONDS) };
    let seconds = inputs::seconds("/reference_seconds", text)?;
    let expected = Text::fixed("Ожидается целое число от 1 до 86400", "A whole number from 1 to 86400 is expected");
    if seconds == 0 { Err(Problem::field("/reference_seconds", expected)) } else { Ok(seconds) }
}

/// Pairs `column=text`, separated by semicolons or line ends.
fn pairs(pointer: &str, text: Option<&str>) -> Result<Vec<(Column, String)>, Problem> {
    let mut pairs = Vec::new();
    for pair in given(text).unwrap_or_default().split([';', '\n']).map(str::trim).filter(|pair| !pair.is_empty()) {
        let read = pair.split_once('=').and_then(|(column, text)| {
            let column: Column = column.trim().parse().ok()?;
            let text = text.trim();
            (!text.is_empty()).then(|| (column, text.to_owned()))
        });
        let known: Vec<&str> = Column::ALL.iter().map(|column| column.as_str()).collect();
        pairs.push(read.ok_or_else(|| {
            let known = known.join(", ");
            Problem::field(
                pointer,
                Text::new(
                    format!("`{pair}` не подходит; нужно столбец=значение, столбцы: {known}"),
                    format!("`{pair}` does not fit; column=value is expected, columns are {known}"),
                ),
            )
        })?);
    }
    Ok(pairs)
}

fn choice<T>(pointer: &str, text: Option<&str>, choices: &[(&'static str, T)]) -> Result<Option<T>, Problem>
where
    T: Copy,
{
    // A delimiter may be what `given` would trim away.
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let found = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value);
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let words = words.join(" ");
    let expected = || Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}"));
    found.map(Some).ok_or_else(|| Problem::field(pointer, expected()))
}

impl ImportQuery {
    /// The order for a list whose dates are in `zone`; `content_type` and the name of the file say what the file is.
    pub(super) fn order(&self, list: &str, zone: Tz, content_type: &str) -> Result<Order, Problem> {
        let number = |text: &str| {
            let expected = Text::fixed("Ожидается номер строки или 0", "The number of a row is expected, or 0");
            text.parse::<u32>().map_err(|_| Problem::field("/title_row", expected))
        };
        let mode = match given(self.mode.as_deref()) {
            Some(text) => inputs::one_of("/mode", text, Mode::ALL.iter().map(|mode| mode.as_str()))?,
            None => Mode::Merge,
        };
        let date = given(self.date.as_deref()).map(|text| inputs::moment("/date", text, zone, false)).transpose()?;
        // The catalogue counts in milliseconds.
        let date = date.and_then(|date| DateTime::from_timestamp_millis(date.timestamp_millis()));
        let note = given(self.note.as_deref()).map(|text| inputs::word("/note", text)).transpose()?.unwrap_or_default();
        Ok(Order {
            list: list.to_owned(),
            mode,
            starts_at: date,
            backdate: yes_or_no("/backdate", self.backdate.as_deref())?,
            reference_s: reference_seconds(self.reference_seconds.as_deref())?,
            mapping: Mapping {
                columns: pairs("/columns", self.columns.as_deref())?,
                constants: pairs("/constants", self.constants.as_deref())?,
                title_row: given(self.title_row.as_deref()).map(number).transpose()?,
                split_prefixes: yes_or_no("/split_prefixes", self.split_prefixes.as_deref())?,
                decimal_comma: choice("/decimal", self.decimal.as_deref(), &[("comma", true), ("point", false)])?,
            },
            sheet: SheetOptions {
                kind: Some(self.kind(content_type)?),
                delimiter: choice(
                    "/delimiter",
                    self.delimiter.as_deref(),
                    &[(",", b','), (";", b';'), ("tab", b'\t'), ("\t", b'\t')],
                )?,
                encoding: choice(
                    "/encoding",
                    self.encoding.as_deref(),
                    &[
                        ("utf-8", TextEncoding::Utf8),
                        ("utf-16", TextEncoding::Utf16),
                        ("windows-1251", TextEncoding::Windows1251),
                    ],
                )?,
                sheet: given(self.sheet.as_deref()).map(str::to_owned),
            },
            note: note.to_owned(),
        })
    }

    /// What the file is: by its content type, else by the extension of its name.
    fn kind(&self, content_type: &str) -> Result<FileKind, Problem> {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = self.file.as_deref().unwrap_or_default().to_ascii_lowercase();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
        let by_type = match kind.as_str() {
            "text/csv" | "text/plain" | "text/tab-separated-values" => Some(FileKind::Csv),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Some(FileKind::Xlsx),
            _ => None,
        };
        let by_name = match extension {
            "csv" | "txt" | "tsv" => Some(FileKind::Csv),
            "xlsx" | "xlsm" => Some(FileKind::Xlsx),
            _ => None,
        };
        by_type.or(by_name).ok_or_else(|| {
            Problem::new(Code::UnsupportedMediaType).because(Text::fixed(
                "Ожидается text/csv или книга XLSX: назовите тип содержимого или имя файла с расширением csv или xlsx в параметре file",
                "text/csv or an XLSX workbook is expected: name the content type, or a file name ending in csv or xlsx in the parameter file",
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_as_people_write_it() {
        let query = ImportQuery {
            file: Some("Прайс.XLSX".into()),
            mode: Some("replace".into()),
            date: Some("2026-08-01".into()),
            columns: Some("prefix=Код направления; price = D".into()),
            constants: Some("billing=60/60".into()),
            split_prefixes: Some("yes".into()),
            decimal: Some("comma".into()),
            ..ImportQuery::default()
        };
        let order = query.order("retail", chrono_tz::Europe::Moscow, "").unwrap();
        assert_eq!((order.mode, order.reference_s), (Mode::Replace, 60));
        assert_eq!(order.starts_at.unwrap().to_rfc3339(), "2026-07-31T21:00:00+00:00");
        let columns = vec![(Column::Prefix, "Код направления".to_owned()), (Column::Price, "D".to_owned())];
        assert_eq!(order.mapping.columns, columns);
        assert_eq!(order.mapping.decimal_comma, Some(true));
        assert_eq!(order.sheet.kind, Some(FileKind::Xlsx));
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let csv = |change: fn(&mut ImportQuery)| {
            let mut query = ImportQuery::default();
            change(&mut query);
            query
                .order("retail", chrono_tz::UTC, "text/csv; charset=utf-8")
                .map(|_| ())
                .map_err(|problem| problem.code())
        };
        assert_eq!(csv(|_| ()), Ok(()));
        assert_eq!(csv(|query| query.delimiter = Some("tab".into())), Ok(()));
        for change in [
            (|query| query.mode = Some("append".into())) as fn(&mut ImportQuery),
            |query| query.columns = Some("prise=A".into()),
            |query| query.columns = Some("price".into()),
            |query| query.delimiter = Some("|".into()),
            |query| query.reference_seconds = Some("0".into()),
            |query| query.title_row = Some("first".into()),
            |query| query.backdate = Some("maybe".into()),
            |query| query.date = Some("tomorrow".into()),
        ] {
            assert_eq!(csv(change), Err(Code::Validation));
        }
        let unknown = ImportQuery { file: Some("prices.pdf".into()), ..ImportQuery::default() };
        let refused = unknown.order("retail", chrono_tz::UTC, "application/octet-stream").unwrap_err();
        assert_eq!(refused.code(), Code::UnsupportedMediaType);
    }
}
