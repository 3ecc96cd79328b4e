//! A list that becomes a file, some rows at a time.
//!
//! Owns: the order of steps: titles, rows, end.
//! Does not own: CSV and XLSX as such (`crate::sheets`), how a value is written (`show`).
//! Always: whatever the number of rows, memory holds those at hand only (XLSX: Excel's own parts go to a temporary file).

use billing::grid::{Grid, Row};
use chrono_tz::Tz;

use super::show;
use crate::language::Language;
use crate::sheets::{SheetError, SheetFormat, SheetWriter};

/// A file that is being written.
pub(super) struct ListFile {
    writer: SheetWriter,
    format: SheetFormat,
    zone: Tz,
    language: Language,
}

impl ListFile {
    /// Begins a file with its titles.
    pub(super) fn begin(grid: &Grid, format: SheetFormat, zone: Tz, language: Language) -> Result<Self, SheetError> {
        let title = if language == Language::Russian { grid.ru } else { grid.en };
        let numbers = grid.columns.iter().map(|column| show::is_number(column.kind)).collect();
        let writer = SheetWriter::begin(format, title, &show::titles(grid, zone, language), numbers)?;
        Ok(Self { writer, format, zone, language })
    }

    /// Adds rows.
    pub(super) fn add(&mut self, rows: &[Row]) -> Result<(), SheetError> {
        for row in rows {
            let mut cells = show::cells(row, self.zone, self.language);
            if self.format == SheetFormat::Csv {
                cells = cells.into_iter().map(show::harmless).collect();
            }
            self.writer.row(&cells)?;
        }
        Ok(())
    }

    /// Takes the bytes that are ready; a workbook is ready at its end.
    pub(super) fn ready(&mut self) -> Result<Vec<u8>, SheetError> {
        self.writer.ready()
    }

    /// Ends the file; its last bytes.
    pub(super) fn end(self) -> Result<Vec<u8>, SheetError> {
        self.writer.end()
    }
}
