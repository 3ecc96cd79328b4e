//! The operator directory: tariffs, accounts, numbers and locks as CSV files.
//!
//! Owns: the files of `FORMATS.md`, part 1: columns, defaults, errors with file, line, column and remedy.
//! Does not own: what rows mean together (`rating::build` says so; its errors are given file and line here).
//! Always: a directory is read as a whole or refused as a whole, with all its errors.

mod bands;
mod counters;
mod parties;
mod sources;
mod table;
mod tariffs;
mod terms;
mod variants;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use billing::numbering_plan;
use billing::operator::{EntityDetails, Operator};
use numbering::NumberingPlan;
use rating::build::{BadRow, Table as RatingTable};
use rating::rows::{AccountId, ClientId, GroupId, ListId, PlanId, ProviderId, Rows, Symbol};
use rating::{Currency, Snapshot};

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// File name.
    pub file: String,
    /// Line, the header being 1; 0 = the file as a whole.
    pub line: u64,
    /// Column; empty = the line as a whole.
    pub column: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for FileError {
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

/// All errors of a directory.
#[derive(Debug)]
pub struct DirectoryErrors(pub Vec<FileError>);

impl fmt::Display for DirectoryErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the directory was refused; nothing was loaded. {} error(s):", self.0.len())?;
        for error in &self.0 {
            writeln!(f, "  {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DirectoryErrors {}

/// Codes that later files refer to, and the lines that rows came from.
#[derive(Default)]
struct Names {
    providers: HashMap<String, ProviderId>,
    lists: HashMap<String, ListId>,
    list_currencies: HashMap<ListId, Currency>,
    plans: HashMap<String, PlanId>,
    plan_currencies: HashMap<PlanId, Currency>,
    accounts: HashMap<String, AccountId>,
    clients: HashMap<String, ClientId>,
    groups: HashMap<String, GroupId>,
    symbols: HashMap<String, Symbol>,
    /// Holidays by calendar.
    holidays: HashMap<String, Arc<[i32]>>,
    list_holidays: HashMap<ListId, Arc<[i32]>>,
    /// Indices of the bands of a list by name: a band may have several rows.
    bands: HashMap<(ListId, String), Vec<u32>>,
    /// Indices of volumes.
    volumes: HashMap<(ListId, String), u32>,
    /// Indices of destination groups.
    destination_groups: HashMap<String, u32>,
    /// Lines of the rows of each table of the engine.
    lines: HashMap<&'static str, Vec<u64>>,
}

/// A directory under construction.
struct Reading<'a> {
    dir: &'a Path,
    errors: Vec<FileError>,
    names: Names,
    operator: Operator,
}

/// A directory that was read.
#[derive(Debug)]
pub struct OperatorDirectory {
    /// What it holds.
    pub operator: Operator,
    lines: HashMap<&'static str, Vec<u64>>,
}

impl Reading<'_> {
    fn fail(&mut self, file: &str, line: u64, column: &str, problem: impl Into<String>) {
        self.errors.push(FileError { file: file.into(), line, column: column.into(), problem: problem.into() });
    }

    fn symbol(&mut self, word: &str) -> Symbol {
        if let Some(symbol) = self.names.symbols.get(word) {
            return *symbol;
        }
        let symbol = Symbol(self.operator.rows.symbols.len() as u32);
        self.operator.rows.symbols.push(word.to_owned());
        self.names.symbols.insert(word.to_owned(), symbol);
        symbol
    }

    /// Remembers that the row added last to `table` came from `line`.
    fn came_from(&mut self, table: &'static str, line: u64) {
        self.names.lines.entry(table).or_default().push(line);
    }
}

/// Reads a directory.
///
/// # Errors
/// Everything that is wrong with its files.
pub fn read(dir: &Path) -> Result<OperatorDirectory, DirectoryErrors> {
    let operator = Operator {
        rows: Rows::empty(),
        entity: EntityDetails {
            code: "operator".into(),
            name: "Operator".into(),
            currency: Currency::parse("RUB").expect("a currency"),
            inn: None,
            kpp: None,
        },
        holidays: Vec::new(),
        lists: Vec::new(),
        bands: Vec::new(),
        plans: Vec::new(),
        providers: Vec::new(),
        sources: Vec::new(),
        clients: Vec::new(),
        groups: Vec::new(),
        discounts: Vec::new(),
        client_taxes: Vec::new(),
        accounts: Vec::new(),
        dids: Vec::new(),
        locks: Vec::new(),
        taxes: Vec::new(),
        settings: Vec::new(),
    };
    let mut reading = Reading { dir, errors: Vec::new(), names: Names::default(), operator };
    parties::read_entity(&mut reading);
    parties::read_settings(&mut reading);
    parties::read_taxes(&mut reading);
    parties::read_providers(&mut reading);
    sources::read_sources(&mut reading);
    bands::read_holidays(&mut reading);
    tariffs::read_lists(&mut reading);
    bands::read_bands(&mut reading);
    counters::read_volumes(&mut reading);
    tariffs::read_rates(&mut reading);
    tariffs::read_plans(&mut reading);
    counters::read_destination_groups(&mut reading);
    counters::read_bundles(&mut reading);
    parties::read_accounts(&mut reading);
    terms::read_groups(&mut reading);
    terms::read_discounts(&mut reading);
    terms::read_exchange_rates(&mut reading);
    terms::read_client_taxes(&mut reading);
    parties::read_dids(&mut reading);
    parties::read_locks(&mut reading);
    if reading.errors.is_empty() {
        Ok(OperatorDirectory { operator: reading.operator, lines: reading.names.lines })
    } else {
        // A file that is read twice names its broken lines twice.
        let mut said = HashSet::new();
        reading.errors.retain(|error| said.insert(error.to_string()));
        Err(DirectoryErrors(reading.errors))
    }
}

impl OperatorDirectory {
    /// The snapshot of this directory.
    ///
    /// # Errors
    /// Rows that contradict each other, by file and line.
    pub fn snapshot(&self, numbering: Arc<NumberingPlan>) -> Result<Snapshot, DirectoryErrors> {
        Snapshot::build(self.operator.rows.clone(), numbering)
            .map_err(|errors| DirectoryErrors(errors.into_iter().map(|error| self.locate(&error)).collect()))
    }

    fn locate(&self, error: &BadRow) -> FileError {
        let file = match error.table {
            RatingTable::Lists => "lists.csv",
            RatingTable::Rates => "rates.csv",
            RatingTable::Plans | RatingTable::Layers => "plans.csv",
            RatingTable::AccountPlans => "accounts.csv",
            RatingTable::Dids => "dids.csv",
            RatingTable::Locks => "locks.csv",
            RatingTable::Providers => "providers.csv",
            RatingTable::Bands => "bands.csv",
            RatingTable::Volumes => "volumes.csv",
            RatingTable::Bundles => "bundles.csv",
        };
        let line = self.lines.get(file).and_then(|lines| lines.get(error.row)).copied().unwrap_or(0);
        FileError { file: file.into(), line, column: error.column.into(), problem: error.problem.clone() }
    }
}

/// The numbering plan of the process.
pub fn world_plan() -> Arc<NumberingPlan> {
    numbering_plan::in_force()
}

/// The text of the world's plan that the program carries.
pub fn world_plan_csv() -> String {
    numbering_plan::world_csv()
}
