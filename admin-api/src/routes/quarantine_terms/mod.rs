//! Endpoints of the terms of quarantine.
//!
//! Owns: the list of them, how the terms are shown, and which problem each refusal is.
//! Does not own: the terms (`billing::numbers`), the general term and that of mobile numbers (settings).
//! Always: both answers show all terms as they are then.

pub(crate) mod list;
pub(crate) mod set;

use billing::numbers::{Term, TermError};
use billing::settings::Settings;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// The terms of quarantine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineTermsView {
    /// Days without calls of every number that has no term of its own: the setting `did.quarantine_days`.
    general_days: i64,
    /// Days that a mobile number rests after its contract at least, whatever its calls: the setting `did.mobile_rest_days`.
    mobile_rest_days: i64,
    /// Terms that differ: of kinds first, then of kinds at providers.
    items: Vec<QuarantineTermView>,
}

/// A term that differs from the general one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineTermView {
    /// `ordinary` or `fmtn`.
    kind: String,
    /// Code of the provider; `null` = everywhere else.
    provider: Option<String>,
    /// Days without calls.
    days: i32,
    /// When it was set.
    changed_at: DateTime<Utc>,
    /// By whom.
    changed_by: String,
}

impl From<Term> for QuarantineTermView {
    fn from(term: Term) -> Self {
        Self {
            kind: term.kind,
            provider: term.provider,
            days: term.days,
            changed_at: term.changed_at,
            changed_by: term.changed_by,
        }
    }
}

/// All terms.
fn shown(settings: &Settings, terms: Vec<Term>) -> Result<QuarantineTermsView, Problem> {
    Ok(QuarantineTermsView {
        general_days: settings.number("did.quarantine_days")?,
        mobile_rest_days: settings.number("did.mobile_rest_days")?,
        items: terms.into_iter().map(QuarantineTermView::from).collect(),
    })
}

impl From<TermError> for Problem {
    fn from(error: TermError) -> Self {
        match error {
            TermError::NoProvider(code) => Self::field(
                "/provider",
                Text::new(format!("Провайдера {code} нет"), format!("There is no provider {code}")),
            ),
            TermError::None => Self::new(Code::NotFound).because(Text::fixed(
                "Отдельного срока здесь нет: и так действует более общий",
                "There is no term of its own: the wider one counts there already",
            )),
            TermError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [(TermError::NoProvider("p".into()), Code::Validation), (TermError::None, Code::NotFound)]
        {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
