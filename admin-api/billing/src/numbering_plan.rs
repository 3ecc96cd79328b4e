//! The numbering plan of the process: the world's that is carried, or one of files, with its overlay of ported numbers (A34).
//!
//! Owns: how the files are opened, and the one plan that every snapshot of the process shares.
//! Does not own: what the files hold (`numbering`), the options that name them (the command lines).
//! Always: read once, at the start, and as a whole or not at all; nothing of it changes while the process runs.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use numbering::{Faults, NumberingPlan, Ported};

static IN_FORCE: OnceLock<Arc<NumberingPlan>> = OnceLock::new();

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// What is wrong with the lines.
    #[error(transparent)]
    Lines(#[from] Faults),
    /// The process has a plan already.
    #[error("the numbering plan is in use already; it is chosen once, at the start")]
    InUse,
}

/// The text of the world's plan.
pub fn world_csv() -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(numbering::WORLD_PLAN_CSV_GZ)
        .read_to_string(&mut text)
        .expect("the carried numbering plan is gzip of UTF-8; a test of `numbering` reads it");
    text
}

/// The plan of a file (`None`: the world's), with the ported numbers of some files.
///
/// # Errors
/// A file that cannot be read; every line that is wrong.
pub fn read(plan: Option<&Path>, ported: &[PathBuf]) -> Result<NumberingPlan, PlanError> {
    let plan = match plan {
        Some(path) => NumberingPlan::from_file(&path.display().to_string(), &text(path)?)?,
        None => NumberingPlan::from_csv(&world_csv())?,
    };
    if ported.is_empty() {
        return Ok(plan);
    }
    let mut files = Vec::new();
    for path in ported {
        files.push((path.display().to_string(), text(path)?));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    let overlay = Ported::read(&files, &plan)?;
    let (ranges, in_ranges) = overlay.range_count();
    let (numbers, bytes) = (overlay.number_count(), overlay.memory_bytes());
    tracing::info!(numbers, ranges, in_ranges, bytes, "ported numbers are looked up first");
    Ok(plan.with_ported(overlay))
}

fn text(path: &Path) -> Result<String, PlanError> {
    std::fs::read_to_string(path).map_err(|error| PlanError::File { path: path.display().to_string(), error })
}

/// Makes the plan of files that of the process. Without any file the process keeps the world's.
///
/// # Errors
/// As [`read`]; a process that has its plan.
pub fn choose(plan: Option<&Path>, ported: &[PathBuf]) -> Result<(), PlanError> {
    if plan.is_none() && ported.is_empty() {
        return Ok(());
    }
    IN_FORCE.set(Arc::new(read(plan, ported)?)).map_err(|_| PlanError::InUse)
}

/// The plan of the process: the one that was chosen, else the world's.
pub fn in_force() -> Arc<NumberingPlan> {
    let world = || {
        Arc::new(
            NumberingPlan::from_csv(&world_csv()).expect("the carried numbering plan is well formed; a test reads it"),
        )
    };
    Arc::clone(IN_FORCE.get_or_init(world))
}
