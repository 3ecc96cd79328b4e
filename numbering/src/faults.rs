//! What is wrong with the lines of a file.
//!
//! Owns: a fault with its place, how many are kept, how they are written.
//! Does not own: when a line has one (the readers).
//! Always: every fault is counted; the first [`FAULTS_MAX`] are kept.

use std::fmt;

/// Faults that are told one by one.
pub const FAULTS_MAX: usize = 1_000;

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// The file.
    pub file: String,
    /// Line, the header being 1; 0 = the file as a whole.
    pub line: u64,
    /// Column; empty = the line as a whole.
    pub column: &'static str,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// The faults of some files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them.
    pub first: Vec<LineFault>,
    /// How many there are.
    pub count: usize,
}

impl Faults {
    /// Counts a fault, and keeps it while there is room.
    pub fn add(&mut self, file: &str, line: u64, column: &'static str, problem: impl Into<String>) {
        self.count += 1;
        if self.first.len() < FAULTS_MAX {
            self.first.push(LineFault { file: file.to_owned(), line, column, problem: problem.into() });
        }
    }

    /// Takes the faults of another reader in.
    pub fn take(&mut self, other: Self) {
        self.count += other.count;
        let room = FAULTS_MAX.saturating_sub(self.first.len());
        self.first.extend(other.first.into_iter().take(room));
    }

    /// `value`, unless there is a fault.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.count == 0 { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing was taken. {} error(s):", self.count)?;
        for fault in &self.first {
            write!(f, "\n  {fault}")?;
        }
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, "\n  .. and {more} more"),
        }
    }
}

impl std::error::Error for Faults {}

/// The line on which a record of `text` begins: the reader's position is that of the empty lines before it.
pub(crate) fn line_of(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let before = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    let empty = before.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + empty.filter(|byte| **byte == b'\n').count() as u64
}
