//! Endpoints of numbers of our capacity.
//!
//! Owns: the list of them, and how a number in the path is read.
//! Does not own: numbers and their states (`billing::numbers`).
//! Always: a number outside of our capacity is `not_ours` (A33).

pub(crate) mod archive;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod ignored_add;
pub(crate) mod ignored_add_for_all;
pub(crate) mod ignored_end;
pub(crate) mod list;
pub(crate) mod non_target;
pub(crate) mod restore;
pub(crate) mod update;
pub(crate) mod withdraw;

use billing::numbering_plan;
use billing::numbers::{self, DidCard, DidError, IgnoredError};
use numbering::E164;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// The card of a number of ours, as it is now.
async fn card(state: &AppState, number: &str) -> Result<(E164, DidCard), Problem> {
    let number = inputs::e164("/number", number)?;
    match numbers::card(&state.store, number, state.clock.now()).await {
        Ok(card) => Ok((number, card)),
        Err(DidError::NotOurs) => Err(not_ours(number)),
        Err(error) => Err(error.into()),
    }
}

/// A number of somebody else, with what the numbering plan knows of its range: its owner, where a registry of ranges is loaded (A33).
pub(crate) fn not_ours(number: E164) -> Problem {
    let plan = numbering_plan::in_force();
    let Some(range) = plan.destination(number).map(|id| plan.describe(id)) else { return Problem::new(Code::NotOurs) };
    let russian = if range.name_ru.is_empty() { &range.name_en } else { &range.name_ru };
    Problem::new(Code::NotOurs).because(Text::new(
        format!("Номер не из нашей ёмкости; по плану нумерации его диапазон — {russian} ({})", range.country),
        format!(
            "The number is not of our capacity; by the numbering plan its range is {} ({})",
            range.name_en, range.country
        ),
    ))
}

impl From<IgnoredError> for Problem {
    fn from(error: IgnoredError) -> Self {
        match error {
            IgnoredError::NotFound => Self::new(Code::NotFound),
            IgnoredError::NotOurs => Self::new(Code::NotOurs),
            IgnoredError::Exists => Self::new(Code::AlreadyExists).because(Text::fixed(
                "Звонки с этого номера уже не учитываются: запись есть в списке /v1/ignored-callers",
                "Calls of this number do not count already: the record is in the list /v1/ignored-callers",
            )),
            IgnoredError::Ended => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Уже завершено", "It is ended already"))
            }
            IgnoredError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (IgnoredError::NotFound, Code::NotFound),
            (IgnoredError::NotOurs, Code::NotOurs),
            (IgnoredError::Exists, Code::AlreadyExists),
            (IgnoredError::Ended, Code::InvalidTransition),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }

    /// A33: the owner of the range stands in the answer.
    #[test]
    fn a_number_of_somebody_else_names_its_range() {
        let problem = not_ours(E164::parse("381114112060").unwrap());
        assert_eq!(problem.code(), Code::NotOurs);
        assert!(problem.told(crate::language::Language::English).1.contains("Belgrade (RS)"));
    }
}
