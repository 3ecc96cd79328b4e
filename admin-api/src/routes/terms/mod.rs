//! Endpoints of terms: discounts, exchange rates, taxes and groups of clients, and the currencies.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: terms (`billing::terms`), currencies (`billing::currencies`), which terms count for a call (`rating::terms`).
//! Always: what is entered has a reason; what is ended stays readable.

pub(crate) mod client_permissions;
pub(crate) mod currency_list;
pub(crate) mod currency_set;
pub(crate) mod discount_end;
pub(crate) mod discount_give;
pub(crate) mod exchange_end;
pub(crate) mod exchange_enter;
pub(crate) mod group_add;
pub(crate) mod group_close;
pub(crate) mod group_get;
pub(crate) mod group_list;
pub(crate) mod group_update;
pub(crate) mod member_add;
pub(crate) mod member_end;
pub(crate) mod member_list;
pub(crate) mod tax_end;
pub(crate) mod tax_give;

use std::collections::BTreeSet;

use billing::terms::{Group, Holder, Permit, Stance, TermsError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::{Code, Problem};

/// Longest title of a group.
const TITLE_CHARS_MAX: usize = 300;
/// Longest comment on a group.
const COMMENT_CHARS_MAX: usize = 10_000;

/// A group of clients with all that it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupCardView {
    /// Code.
    code: String,
    /// Title.
    title: String,
    /// For staff.
    comment: String,
    /// What its members may: `may_stop_services`, `may_resume_services`, `may_delete_services`, `no_service_limit`.
    permits: Vec<&'static str>,
    /// Whether they take part in promo actions: `allow`, `deny` or `unsaid`.
    promo: &'static str,
    /// Whether they take part in the referral programme: `allow`, `deny` or `unsaid`.
    referral: &'static str,
    /// Segment of mailings that they belong to.
    mailing_segment: Option<String>,
    /// Whether their calls go while the books cannot be reached: `allow`, `deny` or `unsaid`.
    outage_calls: &'static str,
    /// Members of now.
    members: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Since when it is closed.
    closed_at: Option<DateTime<Utc>>,
    /// Raised with every change; the ETag of the card.
    revision: i64,
}

impl From<Group> for GroupCardView {
    fn from(group: Group) -> Self {
        Self {
            permits: group.permits.iter().map(|permit| permit.as_str()).collect(),
            code: group.code,
            title: group.title,
            comment: group.comment,
            promo: group.promo.as_str(),
            referral: group.referral.as_str(),
            mailing_segment: group.mailing_segment,
            outage_calls: group.outage_calls.as_str(),
            members: group.members,
            created_at: group.created_at,
            created_by: group.created_by,
            closed_at: group.closed_at,
            revision: group.revision,
        }
    }
}

/// What members of a group may, by names.
fn permits(names: &[String]) -> Result<BTreeSet<Permit>, Problem> {
    let words = || Permit::ALL.iter().map(|permit| permit.as_str());
    names.iter().map(|name| inputs::one_of("/permits", name, words())).collect()
}

/// What a group says of a programme.
fn stance(pointer: &str, text: &str) -> Result<Stance, Problem> {
    inputs::one_of(pointer, text, Stance::ALL.iter().map(|stance| stance.as_str()))
}

/// Something that was ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ended {
    /// Its identifier.
    id: i64,
    /// The moment from which it counts no more.
    ended_at: DateTime<Utc>,
}

impl From<TermsError> for Problem {
    fn from(error: TermsError) -> Self {
        let no = |pointer: &str, ru: &str, en: &str, code: &str| {
            Self::field(pointer, Text::new(format!("{ru} {code} нет"), format!("There is no {en} {code}")))
        };
        match error {
            TermsError::NotFound => Self::new(Code::NotFound),
            TermsError::NoAccount(code) => no("/account", "Лицевого счёта", "account", &code),
            TermsError::NoClient(code) => no("/client", "Клиента", "client", &code),
            TermsError::NoGroup(code) => no("/group", "Группы", "group", &code),
            TermsError::Currency(code) => not_selectable("/currency", &code),
            TermsError::PeriodClosed(month) => {
                let month = month.format("%Y-%m");
                Self::new(Code::PeriodClosed).because(Text::new(
                    format!("Месяц {month} закрыт: укажите день после него"),
                    format!("The month {month} is closed: give a day after it"),
                ))
            }
            TermsError::Exists(name) => Self::new(Code::AlreadyExists).because(Text::new(
                format!("На это время уже есть запись {name}: сначала завершите её или укажите другой срок"),
                format!("Record {name} counts at that time already: end it first, or give another time"),
            )),
            TermsError::NoTime => Self::field(
                "/to",
                Text::fixed("Срок кончается раньше, чем начинается", "The validity ends before it begins"),
            ),
            TermsError::Ended => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Уже завершено", "It is ended already"))
            }
            TermsError::Stale => Self::new(Code::Stale),
            TermsError::Store(error) => error.into(),
        }
    }
}

/// A currency that may not be chosen (B35).
pub(crate) fn not_selectable(pointer: &str, code: &str) -> Problem {
    let detail = Text::new(
        format!("Валюта {code} не включена в справочнике валют"),
        format!("Currency {code} is not active in the directory of currencies"),
    );
    Problem::field(pointer, detail)
}

/// The one holder that a request names; none is everybody.
fn holder(account: Option<&str>, client: Option<&str>, group: Option<&str>) -> Result<Holder, Problem> {
    let word = |pointer: &str, text: &str| inputs::word(pointer, text).map(str::to_owned);
    match (given(account), given(client), given(group)) {
        (None, None, None) => Ok(Holder::General),
        (Some(account), None, None) => Ok(Holder::Account(word("/account", account)?)),
        (None, Some(client), None) => Ok(Holder::Client(word("/client", client)?)),
        (None, None, Some(group)) => Ok(Holder::Group(word("/group", group)?)),
        (_, _, group) => {
            let pointer = if group.is_some() { "/group" } else { "/client" };
            let one = Text::fixed("Укажите только одного владельца условий", "Name one holder of the terms only");
            Err(Problem::field(pointer, one))
        }
    }
}

/// A word that names something, where one is given.
fn word(pointer: &str, text: Option<&str>) -> Result<Option<String>, Problem> {
    given(text).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let month = "2026-06-01".parse().unwrap();
        for (error, code) in [
            (TermsError::NotFound, Code::NotFound),
            (TermsError::NoAccount("a".into()), Code::Validation),
            (TermsError::NoClient("c".into()), Code::Validation),
            (TermsError::NoGroup("g".into()), Code::Validation),
            (TermsError::Currency("XXX".into()), Code::Validation),
            (TermsError::PeriodClosed(month), Code::PeriodClosed),
            (TermsError::Exists("7".into()), Code::AlreadyExists),
            (TermsError::NoTime, Code::Validation),
            (TermsError::Ended, Code::InvalidTransition),
            (TermsError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }

    #[test]
    fn one_holder_or_everybody() {
        assert_eq!(holder(None, Some(""), None).unwrap(), Holder::General);
        assert_eq!(holder(None, Some("c"), None).unwrap(), Holder::Client("c".into()));
        assert_eq!(holder(Some("a"), None, None).unwrap(), Holder::Account("a".into()));
        assert!(holder(Some("a"), Some("c"), None).is_err());
        assert!(holder(None, Some("c"), Some("g")).is_err());
    }
}
