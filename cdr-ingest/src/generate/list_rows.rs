//! One row of `rates.csv` and the file that takes it.
//!
//! **Owns:** the columns of `rates.csv` and `lists.csv`, counting and progress. **Does not own:** which rows there are (`price_lists`).
//! **Always:** a field that is not set is empty.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::error::GenerateError;

/// A CSV file being written.
pub(super) struct CsvFile {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl CsvFile {
    /// Creates `name` in `dir` with its header line.
    pub(super) fn create(dir: &Path, name: &str, header: &[&str]) -> Result<Self, GenerateError> {
        let path = dir.join(name);
        let file = File::create(&path).map_err(GenerateError::io(&path))?;
        let mut csv_file = Self { writer: csv::WriterBuilder::new().buffer_capacity(1 << 18).from_writer(file), path };
        csv_file.write(header)?;
        Ok(csv_file)
    }

    pub(super) fn write(&mut self, fields: &[&str]) -> Result<(), GenerateError> {
        self.writer.write_record(fields).map_err(GenerateError::csv(&self.path))
    }

    pub(super) fn finish(mut self) -> Result<(), GenerateError> {
        self.writer.flush().map_err(GenerateError::io(&self.path))
    }
}

/// A row of `rates.csv`; what is empty is not set.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RateRow<'a> {
    pub(super) list: &'a str,
    pub(super) prefix: &'a str,
    pub(super) service: &'a str,
    pub(super) incoming_service: &'a str,
    pub(super) provider: &'a str,
    pub(super) place: &'a str,
    pub(super) origin: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) band: &'a str,
    pub(super) volume: &'a str,
    pub(super) from_volume: &'a str,
    pub(super) price: &'a str,
    pub(super) unit: &'a str,
    pub(super) billing: &'a str,
    pub(super) tiers: &'a str,
    pub(super) connect_fee: &'a str,
    pub(super) attempt_fee: &'a str,
    pub(super) free_seconds: &'a str,
    pub(super) minimum: &'a str,
    pub(super) maximum: &'a str,
    pub(super) rounding: &'a str,
    pub(super) decimals: &'a str,
}

const RATE_COLUMNS: [&str; 23] = [
    "list",
    "prefix",
    "service",
    "incoming_service",
    "provider",
    "place",
    "origin",
    "from",
    "to",
    "band",
    "volume",
    "from_volume",
    "price",
    "unit",
    "billing",
    "tiers",
    "connect_fee",
    "attempt_fee",
    "free_seconds",
    "minimum",
    "maximum",
    "rounding",
    "decimals",
];

/// Writes `rates.csv` and counts.
pub(super) struct RateFile<'a> {
    file: CsvFile,
    rows: u64,
    expected: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl<'a> RateFile<'a> {
    pub(super) fn create(
        dir: &Path,
        expected: u64,
        progress: &'a mut dyn FnMut(u64, u64),
    ) -> Result<Self, GenerateError> {
        Ok(Self { file: CsvFile::create(dir, "rates.csv", &RATE_COLUMNS)?, rows: 0, expected, progress })
    }

    pub(super) fn write(&mut self, row: &RateRow<'_>) -> Result<(), GenerateError> {
        self.rows += 1;
        if self.rows.is_multiple_of(20_000) {
            (self.progress)(self.rows, self.expected.max(self.rows));
        }
        self.file.write(&[
            row.list,
            row.prefix,
            row.service,
            row.incoming_service,
            row.provider,
            row.place,
            row.origin,
            row.from,
            row.to,
            row.band,
            row.volume,
            row.from_volume,
            row.price,
            row.unit,
            row.billing,
            row.tiers,
            row.connect_fee,
            row.attempt_fee,
            row.free_seconds,
            row.minimum,
            row.maximum,
            row.rounding,
            row.decimals,
        ])
    }

    /// Ends the file and says how many rows it has.
    pub(super) fn finish(self) -> Result<u64, GenerateError> {
        (self.progress)(self.rows, self.rows);
        self.file.finish()?;
        Ok(self.rows)
    }
}
