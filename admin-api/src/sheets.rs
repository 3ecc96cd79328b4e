//! Rows as a file that office programs open.
//!
//! Owns: CSV and XLSX, and when a text becomes a number of a workbook.
//! Does not own: which rows.
//! Always: a number is written as one only where reading it back gives the same text.

use std::borrow::Cow;

use rating::words;
use rust_xlsxwriter::{Workbook, XlsxError};

/// Rows that a sheet of Excel holds, titles included.
pub(crate) const XLSX_ROWS_MAX: usize = 1_048_576;
/// Without it Excel reads a CSV in the old encoding of its country.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Units of UTF-16 that a cell of Excel holds.
const XLSX_CELL_UNITS_MAX: usize = 32_767;

words! {
    /// What is written.
    SheetFormat {
        /// RFC 4180, UTF-8 with a mark by which Excel knows it.
        Csv = "csv",
        /// A workbook of Excel 2007 and later.
        Xlsx = "xlsx",
    }
}

impl SheetFormat {
    /// Its content type.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SheetError {
    /// CSV.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// XLSX.
    #[error(transparent)]
    Xlsx(#[from] XlsxError),
}

/// Writes a row of titles and the rows; `is_number` says which columns hold numbers.
pub(crate) fn write(
    format: SheetFormat,
    name: &str,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    is_number: impl Fn(usize) -> bool,
) -> Result<Vec<u8>, SheetError> {
    let titles: Vec<String> = columns.iter().map(|title| (*title).to_owned()).collect();
    let mut writer = SheetWriter::begin(format, name, &titles, (0..columns.len()).map(is_number).collect())?;
    for row in rows {
        writer.row(&row)?;
    }
    writer.end()
}

/// A file that is written row by row.
pub(crate) struct SheetWriter {
    form: Form,
    /// Which columns hold numbers.
    numbers: Vec<bool>,
}

enum Form {
    Csv(Box<csv::Writer<Vec<u8>>>),
    /// The workbook, with the number of its next row.
    Xlsx(Box<Workbook>, u32),
}

impl SheetWriter {
    /// Begins a file with a row of titles; `numbers` says which columns hold numbers.
    pub(crate) fn begin(
        format: SheetFormat,
        name: &str,
        titles: &[String],
        numbers: Vec<bool>,
    ) -> Result<Self, SheetError> {
        let form = match format {
            SheetFormat::Csv => {
                let mut writer = csv_writer(BYTE_ORDER_MARK.to_vec());
                writer.write_record(titles)?;
                Form::Csv(Box::new(writer))
            }
            SheetFormat::Xlsx => {
                let mut workbook = Box::new(Workbook::new());
                // Rows that are done leave memory for a temporary file.
                let sheet = workbook.add_worksheet_with_constant_memory()?;
                sheet.set_name(sheet_name(name))?;
                for (column, title) in (0u16..).zip(titles) {
                    sheet.write_string(0, column, title)?;
                }
                Form::Xlsx(workbook, 1)
            }
        };
        Ok(Self { form, numbers })
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: &[String]) -> Result<(), SheetError> {
        match &mut self.form {
            Form::Csv(writer) => writer.write_record(row)?,
            Form::Xlsx(workbook, number) => {
                let sheet = workbook.worksheet_from_index(0)?;
                for ((column, text), is_number) in (0u16..).zip(row).zip(&self.numbers) {
                    match exact_number(text).filter(|_| *is_number) {
                        Some(value) => sheet.write_number(*number, column, value)?,
                        None if text.is_empty() => continue,
                        None => sheet.write_string(*number, column, fitting(text))?,
                    };
                }
                *number += 1;
            }
        }
        Ok(())
    }

    /// Takes the bytes that are ready; a workbook is ready at its end.
    pub(crate) fn ready(&mut self) -> Result<Vec<u8>, SheetError> {
        let Form::Csv(writer) = &mut self.form else { return Ok(Vec::new()) };
        let full = std::mem::replace(&mut **writer, csv_writer(Vec::new()));
        full.into_inner().map_err(|error| SheetError::Csv(error.into_error().into()))
    }

    /// Ends the file; its last bytes.
    pub(crate) fn end(mut self) -> Result<Vec<u8>, SheetError> {
        match self.form {
            Form::Csv(_) => self.ready(),
            Form::Xlsx(mut workbook, _) => Ok(workbook.save_to_buffer()?),
        }
    }
}

/// A writer behind these bytes; lines end as RFC 4180 says.
fn csv_writer(bytes: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(bytes)
}

/// A name that Excel takes for a sheet: 31 characters, none of them of those that stand in references.
fn sheet_name(name: &str) -> String {
    name.chars().filter(|letter| !r"[]:*?/\'".contains(*letter)).take(31).collect()
}

/// A text that a cell of Excel holds: one that is too long ends in an ellipsis, for Excel refuses the whole file.
fn fitting(text: &str) -> Cow<'_, str> {
    // No letter takes fewer bytes than units.
    if text.len() <= XLSX_CELL_UNITS_MAX || text.encode_utf16().count() <= XLSX_CELL_UNITS_MAX {
        return Cow::Borrowed(text);
    }
    let mut units = 1;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units <= XLSX_CELL_UNITS_MAX
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    Cow::Owned(kept)
}

/// The number of a workbook that is written as this very text; those are binary fractions, and not every decimal is one.
fn exact_number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite() && number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_numbers_are_numbers() {
        for (text, exact) in [
            ("1.5", true),
            ("0.000000001", true),
            ("123456789.123456", true),
            ("999999999.999999999", false),
            ("1.50", false),
            ("60/60", false),
            ("", false),
            ("inf", false),
        ] {
            assert_eq!(exact_number(text).is_some(), exact, "{text}");
        }
    }

    #[test]
    fn a_long_cell_is_cut_and_spoils_no_file() {
        for (text, units) in [
            ("ж".repeat(32_767), 32_767),
            ("ж".repeat(32_768), 32_767),
            // Two units each, which are not torn apart.
            ("🙂".repeat(16_384), 32_767),
            (format!("ж{}", "🙂".repeat(16_384)), 32_766),
        ] {
            let cell = fitting(&text);
            assert_eq!(cell.encode_utf16().count(), units);
            assert_eq!(cell.ends_with('…'), *cell != *text);
            let rows = [vec![text.clone()]].into_iter();
            write(SheetFormat::Xlsx, "x", &["a"], rows, |_| false).unwrap();
        }
    }

    #[test]
    fn csv_quotes_what_it_must() {
        let rows = [vec!["7".to_owned(), "a,b".to_owned()]].into_iter();
        let bytes = write(SheetFormat::Csv, "x", &["prefix", "place"], rows, |_| false).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "\u{feff}prefix,place\r\n7,\"a,b\"\r\n");
    }
}
