//! Rows as a file that office programs open.
//!
//! Owns: CSV and XLSX, and when a text becomes a number of a workbook.
//! Does not own: which rows.
//! Always: a number is written as one only where reading it back gives the same text.

use rating::words;
use rust_xlsxwriter::{Workbook, XlsxError};

/// Rows that a sheet of Excel holds, titles included.
pub(crate) const XLSX_ROWS_MAX: usize = 1_048_576;

words! {
    /// What is written.
    SheetFormat {
        /// RFC 4180, UTF-8.
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
    match format {
        SheetFormat::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(columns)?;
            for row in rows {
                writer.write_record(&row)?;
            }
            writer.into_inner().map_err(|error| SheetError::Csv(error.into_error().into()))
        }
        SheetFormat::Xlsx => {
            let mut workbook = Workbook::new();
            let sheet = workbook.add_worksheet();
            sheet.set_name(name)?;
            for (column, title) in (0u16..).zip(columns) {
                sheet.write_string(0, column, *title)?;
            }
            for (number, row) in (1u32..).zip(rows) {
                for (column, text) in (0u16..).zip(row).filter(|(_, text)| !text.is_empty()) {
                    match exact_number(&text).filter(|_| is_number(usize::from(column))) {
                        Some(value) => sheet.write_number(number, column, value)?,
                        None => sheet.write_string(number, column, text)?,
                    };
                }
            }
            Ok(workbook.save_to_buffer()?)
        }
    }
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
    fn csv_quotes_what_it_must() {
        let rows = [vec!["7".to_owned(), "a,b".to_owned()]].into_iter();
        let bytes = write(SheetFormat::Csv, "x", &["prefix", "place"], rows, |_| false).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "prefix,place\n7,\"a,b\"\n");
    }
}
