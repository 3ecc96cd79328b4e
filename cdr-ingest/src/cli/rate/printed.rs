//! What `cdr-ingest rate` prints: a leg as JSON, and the summary.
//!
//! Owns: names and order of the fields.
//! Does not own: what a leg costs.
//! Always: amounts are texts, never floats; a leg has one line.

use std::collections::BTreeMap;

use rating::explain::Line;
use rating::explanation::{Told, told};
use rating::wording::Language;
use rating::{Outcome, SuspenseCode};
use serde::Serialize;

use crate::decode::DecodedCdr;

/// One leg as it is printed.
#[derive(Serialize)]
pub(super) struct Printed<'a> {
    pub(super) cdr_id: &'a str,
    /// Line of the input that a record without any identity stands in, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_line: Option<u64>,
    pub(super) leg: u8,
    pub(super) outcome: Outcome,
    pub(super) code: Option<SuspenseCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'a str>,
    pub(super) account: Option<&'a str>,
    pub(super) service: Option<rating::Service>,
    pub(super) amount: Option<String>,
    /// Number of a part of a long call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<u32>,
    /// Of a part of a long call, whose amount is that of the whole so far: what earlier parts were charged of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) charged_before: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) billed_s: Option<u64>,
    pub(super) destination: Option<&'a str>,
    pub(super) prefix: Option<String>,
    pub(super) list: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wholesale: Option<Wholesale<'a>>,
    #[serde(skip_serializing_if = "Lines::is_empty")]
    pub(super) lines: Lines<'a>,
}

/// The steps, or the steps with their sentences.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Lines<'a> {
    Plain(&'a [Line]),
    Told(Vec<Told<'a>>),
}

impl<'a> Lines<'a> {
    pub(super) fn of(lines: &'a [Line], language: Option<Language>) -> Self {
        language.map_or(Self::Plain(lines), |language| Self::Told(told(lines, language)))
    }

    const fn is_empty(&self) -> bool {
        match self {
            Self::Plain(lines) => lines.is_empty(),
            Self::Told(lines) => lines.is_empty(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Wholesale<'a> {
    pub(super) amount: String,
    pub(super) currency: String,
    pub(super) list: &'a str,
}

/// What the summary counts.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) outcomes: BTreeMap<Outcome, u64>,
    pub(super) codes: BTreeMap<SuspenseCode, u64>,
    pub(super) totals: BTreeMap<String, i128>,
}

pub(super) fn bare<'a>(cdr: Option<&'a DecodedCdr<'_>>, leg: u8, outcome: Outcome) -> Printed<'a> {
    Printed {
        cdr_id: cdr.map_or("", |cdr| &cdr.cdr_id),
        input_line: None,
        leg,
        outcome,
        code: None,
        detail: None,
        account: None,
        service: cdr.map(|cdr| cdr.service),
        amount: None,
        part: None,
        charged_before: None,
        currency: None,
        billed_s: None,
        destination: None,
        prefix: None,
        list: None,
        wholesale: None,
        lines: Lines::Plain(&[]),
    }
}

pub(super) fn print_summary(summary: &Summary, records: u64, elapsed: std::time::Duration) {
    let legs: u64 = summary.outcomes.values().sum();
    let speed = u128::from(records) * 1000 / elapsed.as_millis().max(1);
    eprintln!("{records} records, {legs} legs in {:.2} s ({speed} records/s)", elapsed.as_secs_f64());
    for (outcome, count) in &summary.outcomes {
        eprintln!("  {outcome:<12} {count:>12}");
    }
    for (code, count) in &summary.codes {
        eprintln!("    {code:<20} {count:>6}");
    }
    for (currency, nanos) in &summary.totals {
        let total = rust_decimal::Decimal::from_i128_with_scale(*nanos, 9).normalize();
        eprintln!("  total {currency:<6} {total:>20}");
    }
}
