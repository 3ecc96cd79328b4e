//! A file of a bank becomes statements, or a list of what is wrong with it.
//!
//! ```text
//! bytes -> encoding -> exchange (sections) -> document (one payment) -> assemble (a statement an account, checked) -> identity
//! bytes -> price_lists::read_sheet         -> table (one payment)    -> assemble                                   -> identity
//! ```
//!
//! Owns: the format `1CClientBankExchange` of versions 1.01 to 1.03, tables with titles, the limits of a file, what a line is known by when it comes again.
//! Does not own: whose money a line is (`matching`), delimiters and workbooks (`price_lists`).
//! Always: pure; nothing is half-read; amounts are exact; what does not add up but can be read is a [`Problem`] beside the lines, never dropped.
//! Cost: one pass over the text, some 40 short texts a payment.

mod assemble;
mod document;
mod encoding;
mod exchange;
mod faults;
mod identity;
mod model;
mod table;
mod values;

pub use encoding::Charset;
pub use faults::{FAULTS_MAX, Fault, FaultKind, Faults, Problem, Total};
pub use identity::Identity;
pub use model::{Direction, Format, Line, Party, Statement, StatementFile};
pub use table::Column;

/// Largest file.
pub const BYTES_MAX: usize = 20 * 1024 * 1024;
/// Most payments of a file.
pub const LINES_MAX: usize = 200_000;

/// Bytes in which the first line of an exchange file has to be.
const SIGNATURE_WITHIN: usize = 200;

/// Reads a file: an exchange file by its first line, anything else as a table.
///
/// `own` is the account of ours that the file is about. A table does not say whose it is and cannot do without; an exchange file says it, and is refused
/// when it is not about `own`.
///
/// # Errors
/// Everything that is wrong with the file, the first [`FAULTS_MAX`] one by one.
pub fn read(bytes: &[u8], own: Option<&str>) -> Result<StatementFile, Faults> {
    if bytes.len() > BYTES_MAX {
        return Err(Faults::one(FaultKind::TooLarge));
    }
    let own = match own.map(|text| values::account(text).ok_or(text)) {
        None => None,
        Some(Ok(account)) => Some(account),
        Some(Err(text)) => return Err(Faults::one(FaultKind::Account(text.to_owned()))),
    };
    let mut faults = Faults::default();
    let file = if is_exchange(bytes) {
        assemble::exchange(bytes, own.as_deref(), &mut faults)
    } else {
        match own {
            Some(own) => assemble::table(bytes, &own, &mut faults),
            None => return Err(Faults::one(FaultKind::OwnAccountNeeded)),
        }
    };
    match file {
        Some(file) if faults.count == 0 => Ok(file),
        _ => Err(faults.in_order()),
    }
}

/// Whether the file begins as an exchange file does. The first letters are told apart by no encoding: some programs write them in Cyrillic.
fn is_exchange(bytes: &[u8]) -> bool {
    const SIGNATURE: &[u8] = b"ClientBankExchange";
    let head = &bytes[..bytes.len().min(SIGNATURE_WITHIN)];
    head.windows(SIGNATURE.len()).any(|window| window == SIGNATURE)
}

#[cfg(test)]
mod tests;
