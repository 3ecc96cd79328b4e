//! Endpoints of calls that go on.
//!
//! Owns: the list of them, and what the room's refusals are to whoever asks.
//! Does not own: holds (`billing::holds`), the list of calls (`router`).
//! Always: nothing without a reason.

pub(crate) mod end;

use billing::holds::HoldError;

use crate::language::Text;
use crate::problem::{Code, Problem};

impl From<HoldError> for Problem {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::NotFound => Self::new(Code::NotFound),
            HoldError::Already => Self::new(Code::InvalidTransition).because(Text::fixed(
                "Звонок уже закончился или его уже завершают",
                "The call is over or asked to end already",
            )),
            HoldError::Store(error) => error.into(),
        }
    }
}
