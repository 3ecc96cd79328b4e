//! Endpoints of mails to clients.
//!
//! Owns: how their refusals are told.
//! Does not own: mails (`billing::mail`), the list of them (its `GRID`), sending (`mailer`).
//! Always: no change without a reason.

pub(crate) mod consent;
pub(crate) mod retry;

use billing::mail::MailError;

use crate::language::Text;
use crate::problem::{Code, Problem};

impl From<MailError> for Problem {
    fn from(error: MailError) -> Self {
        match error {
            MailError::NotFound => Self::new(Code::NotFound),
            MailError::NoConsent => Self::new(Code::ConsentRequired),
            MailError::State(state) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Письмо в состоянии {state}; повторяется только неотправленное (failed)"),
                format!("The mail is {state}; only one that failed is sent again"),
            )),
            MailError::NotAgreed => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Клиент больше не согласен на рекламу: письмо не повторяется",
                "The client agrees to advertising no more: the mail is not sent again",
            )),
            MailError::Excluded => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Клиент исключён из рассылки о ликвидации: письмо не повторяется",
                "The client is left out of the letters about liquidation: the mail is not sent again",
            )),
            MailError::Cleaned => Self::new(Code::Cleaned),
            MailError::Stale => Self::new(Code::Stale),
            MailError::Store(error) => error.into(),
        }
    }
}
