//! What can go wrong while an operator or its traffic is made.
//!
//! **Owns:** `GenerateError`. **Does not own:** bad call records: those are made on purpose and are data.
//! **Always:** an error names the file it is about.

use std::path::{Path, PathBuf};

/// Why generating stopped.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A CSV file could not be read or written.
    #[error("{}: {source}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the CSV reader or writer said.
        source: csv::Error,
    },
    /// A file was read, but says something that cannot be.
    #[error("{file}, line {line}: {what}")]
    Data {
        /// The file.
        file: String,
        /// The line, from 1; 0 when the whole file is meant.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Whoever takes the records refused one.
    #[error("the sink refused a record: {0}")]
    Sink(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl GenerateError {
    /// For `map_err` on file operations.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_path_buf(), source }
    }

    /// For `map_err` on CSV operations.
    pub fn csv(path: &Path) -> impl FnOnce(csv::Error) -> Self + '_ {
        move |source| Self::Csv { path: path.to_path_buf(), source }
    }

    /// A complaint about the contents of a file.
    pub fn data(file: &str, line: u64, what: impl Into<String>) -> Self {
        Self::Data { file: file.to_owned(), line, what: what.into() }
    }
}
