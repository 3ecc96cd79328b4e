//! When personal data may go.
//!
//! Owns: the terms of cleaning and of destruction (B9, A40).
//! Does not own: what a client has used, paid and signed.
//! Always: pure; a setting never shortens what the law asks for.

use chrono::{Days, Months, NaiveDate};

/// Years for which the law wants calls kept.
pub const CALLS_YEARS_LEAST: u32 = 3;
/// Years for which the law wants documents kept.
pub const DOCUMENTS_YEARS_LEAST: u32 = 5;

/// How long data are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Days after the last usage, payment or contract before which nobody is cleaned.
    pub retention_days: u32,
    /// Years of calls.
    pub calls_years: u32,
    /// Years of documents.
    pub documents_years: u32,
}

/// What happened last with a client, by days.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Last {
    /// Usage.
    pub usage: Option<NaiveDate>,
    /// A line of the ledger: a payment, a fee, a correction.
    pub posting: Option<NaiveDate>,
    /// The end of a contract.
    pub contract: Option<NaiveDate>,
}

impl Last {
    /// The last of all that ends in documents.
    fn document(self) -> Option<NaiveDate> {
        self.usage.max(self.posting).max(self.contract)
    }
}

/// The first day on which a client may be cleaned; `None`: any.
pub fn cleaned_from(last: Last, terms: Terms) -> Option<NaiveDate> {
    let last = last.document()?;
    Some(last.checked_add_days(Days::new(u64::from(terms.retention_days))).unwrap_or(NaiveDate::MAX))
}

/// The first day on which what is kept by law may be destroyed; `None`: any. Usage ends in documents too.
pub fn destroyed_from(last: Last, terms: Terms) -> Option<NaiveDate> {
    let after = |day: NaiveDate, years: u32| day.checked_add_months(Months::new(12 * years)).unwrap_or(NaiveDate::MAX);
    let calls = last.usage.map(|day| after(day, terms.calls_years.max(CALLS_YEARS_LEAST)));
    let documents = last.document().map(|day| after(day, terms.documents_years.max(DOCUMENTS_YEARS_LEAST)));
    calls.max(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    const TERMS: Terms = Terms { retention_days: 0, calls_years: 3, documents_years: 5 };

    #[test]
    fn cleaning_waits_for_the_retention() {
        let last =
            |usage: &str, posting: &str| Last { usage: Some(day(usage)), posting: Some(day(posting)), contract: None };
        let contract = |ended: &str| Last { contract: Some(day(ended)), ..last("2026-05-01", "2026-06-01") };
        for (last, days, expected) in [
            (Last::default(), 30, None),
            (last("2026-07-01", "2026-06-01"), 0, Some("2026-07-01")),
            (last("2026-07-01", "2026-06-01"), 30, Some("2026-07-31")),
            (last("2026-05-01", "2026-06-01"), 30, Some("2026-07-01")),
            (contract("2026-07-01"), 30, Some("2026-07-31")),
            (contract("2025-07-01"), 0, Some("2026-06-01")),
        ] {
            assert_eq!(
                cleaned_from(last, Terms { retention_days: days, ..TERMS }),
                expected.map(day),
                "{last:?} {days}"
            );
        }
    }

    #[test]
    fn the_law_is_not_undercut() {
        let (usage, posting) = (Some(day("2021-07-01")), Some(day("2021-03-01")));
        let last = |usage: Option<NaiveDate>, posting: Option<NaiveDate>| Last { usage, posting, contract: None };
        let contract = Some(day("2022-01-01"));
        for (last, terms, expected) in [
            (Last::default(), TERMS, None),
            (last(usage, None), TERMS, Some("2026-07-01")),
            (last(None, posting), TERMS, Some("2026-03-01")),
            (last(usage, posting), TERMS, Some("2026-07-01")),
            (Last { usage, posting, contract }, TERMS, Some("2027-01-01")),
            (Last { contract, ..Last::default() }, TERMS, Some("2027-01-01")),
            // Settings below the law count as the law.
            (last(None, posting), Terms { documents_years: 0, ..TERMS }, Some("2026-03-01")),
            (last(usage, posting), Terms { calls_years: 10, ..TERMS }, Some("2031-07-01")),
        ] {
            assert_eq!(destroyed_from(last, terms), expected.map(day), "{last:?} {terms:?}");
        }
    }
}
