//! The answer to "what does it cost, and why", wherever it is asked: the tariff check, a stored charge, a record of a file.
//!
//! Owns: the one shape of that answer.
//! Does not own: its lines (`explain`) and words (`wording`, `story`).
//! Always: a price or a refusal, never both; the lines are those that the price was made by.

use serde::Serialize;

use crate::code::SuspenseCode;
use crate::explain::Line;
use crate::leg::Side;
use crate::money::{Currency, Money};
use crate::wording::Language;

/// What a usage costs, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Explanation {
    /// What the account owes; `None` when it cannot be rated.
    pub amount: Option<Money>,
    /// Its currency.
    pub currency: Option<Currency>,
    /// Seconds charged, those that bundles cover included; pieces of an event.
    pub billed_seconds: Option<u64>,
    /// Why it cannot be rated.
    pub refusal: Option<SuspenseCode>,
    /// The steps, in order.
    pub lines: Vec<Line>,
}

/// An explanation as data, each step with its sentence.
#[derive(Debug, Serialize)]
pub struct Spoken<'a> {
    amount: Option<Money>,
    currency: Option<Currency>,
    billed_seconds: Option<u64>,
    refusal: Option<SuspenseCode>,
    lines: Vec<Told<'a>>,
}

/// A step with its sentence.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    #[serde(flatten)]
    line: &'a Line,
    text: String,
}

impl Explanation {
    /// From the retail side of a price, or its refusal.
    pub fn of(retail: Result<&Side, SuspenseCode>, lines: Vec<Line>) -> Self {
        Self {
            amount: retail.ok().map(|side| side.amount),
            currency: retail.ok().and_then(|side| side.currency),
            billed_seconds: retail.ok().map(|side| side.billed_s),
            refusal: retail.err(),
            lines,
        }
    }

    /// The same with a sentence for each step.
    pub fn spoken(&self, language: Language) -> Spoken<'_> {
        Spoken {
            amount: self.amount,
            currency: self.currency,
            billed_seconds: self.billed_seconds,
            refusal: self.refusal,
            lines: told(&self.lines, language),
        }
    }

    /// The amount with its currency, or the refusal.
    pub fn result(&self) -> String {
        match (self.amount, self.currency, self.refusal) {
            (Some(amount), Some(currency), _) => format!("{amount} {currency}"),
            (Some(amount), None, _) => amount.to_string(),
            (None, _, refusal) => refusal.map_or_else(String::new, |code| code.to_string()),
        }
    }

    /// The steps that concern the customer: what a provider charges us is none of his business.
    pub fn retail_lines(&self) -> &[Line] {
        let is_wholesale = |line: &Line| matches!(line, Line::List { side: "wholesale", .. });
        let end = self.lines.iter().position(is_wholesale).unwrap_or(self.lines.len());
        &self.lines[..end]
    }
}

/// Steps as data, each with its sentence.
pub fn told(lines: &[Line], language: Language) -> Vec<Told<'_>> {
    lines.iter().map(|line| Told { line, text: line.text(language) }).collect()
}
