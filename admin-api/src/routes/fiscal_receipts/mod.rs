//! Endpoints of fiscal receipts (A26).
//!
//! Owns: the list of them, what the room's refusals are to whoever asks.
//! Does not own: receipts (`billing::receipts`), the list of them (its grid), when they are sent (`receipt_rounds`).
//! Always: nothing without a reason; a contact is masked.

pub(crate) mod get;
pub(crate) mod resolve;
pub(crate) mod retry;

use billing::receipts::ReceiptError;

use crate::language::Text;
use crate::problem::{Code, Problem};

impl From<ReceiptError> for Problem {
    fn from(error: ReceiptError) -> Self {
        match error {
            ReceiptError::NotFound => Self::new(Code::NotFound),
            ReceiptError::State(state) => Self::new(Code::InvalidTransition).because(Text::new(
                format!("Чек в состоянии {state}: для этого шага нужно другое"),
                format!("The receipt is {state}: this step begins with another state"),
            )),
            ReceiptError::Obstacle(problem) => Self::new(Code::ReceiptObstacle).because(obstacle(problem)),
            ReceiptError::Stale => Self::new(Code::Stale),
            ReceiptError::Store(error) => error.into(),
        }
    }
}

/// What stands in the way of a receipt, and what to do.
fn obstacle(problem: &str) -> Text {
    match problem {
        "no_contact" => Text::fixed(
            "У клиента нет ни почты, ни телефона: внесите контакт в карточку клиента и повторите",
            "The client has neither e-mail nor telephone: enter one on his card and try again",
        ),
        "no_rate" => Text::fixed(
            "Ставки НДС на день чека нет или в чеке её не бывает: исправьте ставку клиента или организации",
            "There is no rate of tax for the day, or receipts know no such rate: correct that of the client or the legal entity",
        ),
        "no_requisites" => Text::fixed(
            "У собственной организации нет ИНН или почты: внесите их и повторите",
            "The legal entity has no INN or no e-mail: enter them and try again",
        ),
        "currency" => Text::fixed(
            "Кассовые чеки бывают только в рублях: закройте чек с пояснением",
            "Receipts are in roubles alone: resolve this one with a reason",
        ),
        other => Text::new(format!("Чек нельзя отправить: {other}"), format!("The receipt cannot be sent: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use billing::receipts::State;

    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (ReceiptError::NotFound, Code::NotFound),
            (ReceiptError::State(State::Done), Code::InvalidTransition),
            (ReceiptError::Obstacle("no_contact"), Code::ReceiptObstacle),
            (ReceiptError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
