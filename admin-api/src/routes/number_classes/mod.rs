//! Endpoints of classes of beautiful numbers.
//!
//! Owns: how a class is shown, which problem each refusal is.
//! Does not own: classes (`billing::numbers`, whose `CLASSES` is the list of them), what a rule is (`numbering`).
//! Always: no change without a reason; a rule that is none is named by its place among the rules; numbers follow at once, and whatever stops meanwhile the job
//! `number_classes` goes on.

pub(crate) mod add;
pub(crate) mod update;

use billing::numbers::{ClassError, NumberClass, RULES_MAX};
use chrono::{DateTime, Utc};
use numbering::{BadRule, MaskFault};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::routes::payments::sum;

/// A class.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberClassView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// Which one it is: a number is of the first class that fits.
    place: i32,
    /// Masks (`AABB`, `%555%`) and features (`repeat:4`, `ladder:4`, `mirror:6`, `digits:2`).
    rules: Vec<String>,
    /// What a number of it costs once, with tax.
    price: Option<String>,
    /// Currency of the price.
    currency: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Since when it takes no numbers.
    closed_at: Option<DateTime<Utc>>,
    /// Raised with every change; also the ETag.
    revision: i64,
}

impl From<NumberClass> for NumberClassView {
    fn from(class: NumberClass) -> Self {
        Self {
            code: class.code,
            name: class.name,
            place: class.place,
            rules: class.rules,
            price: class.price.map(sum),
            currency: class.currency,
            created_at: class.created_at,
            created_by: class.created_by,
            closed_at: class.closed_at,
            revision: class.revision,
        }
    }
}

impl From<ClassError> for Problem {
    fn from(error: ClassError) -> Self {
        match error {
            ClassError::NotFound => Self::new(Code::NotFound),
            ClassError::CodeInUse => {
                Self::new(Code::AlreadyExists).at("/code", Text::fixed("Код занят", "The code is taken"))
            }
            ClassError::Rule(index, fault) => Self::field(&format!("/rules/{index}"), said(&fault)),
            ClassError::RuleCount => Self::field(
                "/rules",
                Text::new(
                    format!("Ожидается от 1 до {RULES_MAX} правил"),
                    format!("1 to {RULES_MAX} rules are expected"),
                ),
            ),
            ClassError::Place(last) => Self::field(
                "/place",
                Text::new(
                    format!("Ожидается целое число от 1 до {last}"),
                    format!("A whole number of 1 to {last} is expected"),
                ),
            ),
            ClassError::Currency(code) => Self::field(
                "/currency",
                Text::new(
                    format!("Валюта {code} в справочнике не включена"),
                    format!("The currency {code} is not active in the directory"),
                ),
            ),
            ClassError::Stale => Self::new(Code::Stale),
            ClassError::Store(error) => error.into(),
        }
    }
}

/// What is wrong with a rule, and where.
fn said(fault: &BadRule) -> Text {
    let ru = match fault {
        BadRule::Feature(name) => format!("Признака `{name}` нет; есть repeat, ladder, mirror и digits"),
        BadRule::Count { feature, count, least, most } => {
            format!("`{feature}:{count}`: ожидается целое число от {least} до {most}")
        }
        BadRule::Mask(fault) => mask_in_russian(*fault),
    };
    Text::new(ru, fault.to_string())
}

/// What is wrong with a mask, in Russian; its own words are English.
pub(crate) fn mask_in_russian(fault: MaskFault) -> String {
    match fault {
        MaskFault::Empty => "Маска пуста".to_owned(),
        MaskFault::Sign { place, sign } => {
            format!("`{sign}` на месте {place} в маске ничего не значит; допустимы цифры, буквы, `?` и `%`")
        }
        MaskFault::LetterOfTwoParts { place, letter } => {
            format!("Буква {letter} на месте {place} стоит и в другой части: буквы сравниваются только между двумя `%`")
        }
        MaskFault::TooLong { place } => format!("Маска слишком длинна с места {place}: в номере не больше 15 цифр"),
    }
}

/// Rules as they are kept: without blanks around.
fn rules(texts: &[String]) -> Result<Vec<String>, Problem> {
    let rule =
        |(index, text): (usize, &String)| inputs::word(&format!("/rules/{index}"), text.trim()).map(str::to_owned);
    texts.iter().enumerate().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (ClassError::NotFound, Code::NotFound),
            (ClassError::CodeInUse, Code::AlreadyExists),
            (ClassError::Rule(0, BadRule::Feature("x".into())), Code::Validation),
            (ClassError::RuleCount, Code::Validation),
            (ClassError::Place(5), Code::Validation),
            (ClassError::Currency("XXX".into()), Code::Validation),
            (ClassError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
        let problem = Problem::from(ClassError::Rule(2, "ladder:9".parse::<numbering::BeautyRule>().unwrap_err()));
        let body = serde_json::to_value(problem.body(Language::Russian, "r")).unwrap();
        assert_eq!(body["errors"][0]["pointer"], "/rules/2");
        assert_eq!(body["errors"][0]["detail"], "`ladder:9`: ожидается целое число от 3 до 7");
    }
}
