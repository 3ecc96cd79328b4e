//! Endpoints of the end of personal data.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: when data may go, and which (`billing::cleaning`).
//! Always: the module is on by a setting, or there is nothing here (B9); both steps repeat the code of the client, so that nobody takes the wrong one.

pub(crate) mod act;
pub(crate) mod clean;
pub(crate) mod destroy;
pub(crate) mod hold;

use billing::cleaning::{self, CleaningError, Terms};
use billing::settings::Settings;
use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// A wish that cannot be taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Irrevocable {
    /// The code of the client once more.
    confirm: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Terms and billing zone, if the module is on.
fn terms(settings: &Settings) -> Result<(Terms, Tz), Problem> {
    if !cleaning::is_on(settings)? {
        return Err(Problem::new(Code::ModuleOff).because(Text::fixed(
            "Очистка данных выключена (настройка gdpr.module)",
            "Cleaning of data is switched off (setting gdpr.module)",
        )));
    }
    Ok((Terms::read(settings)?, settings.zone("billing.zone")?))
}

/// Whether the caller named the same client twice.
fn confirmed(asked: &Irrevocable, code: &str) -> Result<(), Problem> {
    if asked.confirm == code {
        return Ok(());
    }
    let detail = Text::fixed("Повторите код клиента", "Repeat the code of the client");
    Err(Problem::field("/confirm", detail))
}

impl From<CleaningError> for Problem {
    fn from(error: CleaningError) -> Self {
        match error {
            CleaningError::NotFound => Self::new(Code::NotFound),
            CleaningError::Cleaned => Self::new(Code::Cleaned),
            CleaningError::NotCleaned => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Уничтожаются только очищенные данные, и один раз",
                "Only data that were cleaned are destroyed, and once",
            )),
            CleaningError::LegalHold(account) => Self::new(Code::LegalHold).because(Text::new(
                format!("По счёту {account} действует запрет на уничтожение данных"),
                format!("Account {account} is under a legal hold"),
            )),
            CleaningError::InWork => Self::new(Code::Retention).because(Text::fixed(
                "У клиента есть номера, транки или действующий договор",
                "The client has numbers, trunks or a contract in force",
            )),
            CleaningError::Retention(day) => {
                Self::new(Code::Retention).because(Text::new(format!("Не раньше {day}"), format!("Not before {day}")))
            }
            CleaningError::Already => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Это уже так", "It is so already"))
            }
            CleaningError::Account(error) => error.into(),
            CleaningError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_off_is_not_there() {
        let settings = |module: &str| {
            Settings::of([
                ("gdpr.module", module),
                ("gdpr.retention_days", "30"),
                ("retention.calls_years", "3"),
                ("retention.documents_years", "5"),
                ("billing.zone", "Europe/Moscow"),
            ])
        };
        assert_eq!(terms(&settings("off")).unwrap_err().code(), Code::ModuleOff);
        let (terms, zone) = terms(&settings("on")).unwrap();
        assert_eq!((terms.retention_days, terms.calls_years, terms.documents_years), (30, 3, 5));
        assert_eq!(zone, chrono_tz::Europe::Moscow);
        let asked = Irrevocable { confirm: "C-1".into(), reason: None };
        assert!(confirmed(&asked, "C-1").is_ok() && confirmed(&asked, "C-2").is_err());
    }
}
