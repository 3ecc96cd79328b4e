//! Endpoints of credit: how an account stands, days of the bank.
//!
//! Owns: the list of them, and what the room's refusals are to whoever asks.
//! Does not own: credit (`billing::credit`, whose lists are those of verdicts and bank days), the limit and the deferral (`accounts`).
//! Always: looking judges nothing; no day without a reason.

pub(crate) mod bank_day_complete;
pub(crate) mod get;

use billing::credit::{Cause, CreditError, Refused};

use crate::language::Text;
use crate::problem::{Code, Problem};

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::AccountBlocked(cause) => Self::new(Code::AccountBlocked).because(blocked(cause)),
            Refused::BlockedOverdue => Self::new(Code::BlockedOverdue).because(Text::fixed(
                "Заказ, продление, смена тарифа и изменение услуг откроются, когда счёт на оплату будет оплачен полностью",
                "Order, renewal, change of tariff and editing open again when the payment invoice is paid whole",
            )),
            Refused::CreditLimit => Self::new(Code::CreditLimit),
            Refused::InsufficientFunds => Self::new(Code::InsufficientFunds),
        }
    }
}

fn blocked(cause: Cause) -> Text {
    if cause == Cause::Terminated {
        return Text::fixed(
            "Договор расторгнут за неоплату: оплата долга его не возвращает, блокировку снимает сотрудник по новому договору",
            "The contract was ended for debt: paying does not bring it back, staff lift the block by a new contract",
        );
    }
    let by_hand = cause.ends_by_hand();
    let cause = cause.as_str();
    if by_hand {
        return Text::new(
            format!("Лицевой счёт заблокирован сотрудником, причина {cause}: сначала снимите блокировку"),
            format!("Staff have blocked the account for {cause}: lift the block first"),
        );
    }
    Text::new(
        format!("Лицевой счёт заблокирован, причина {cause}: блокировку снимает оплата"),
        format!("The account is blocked for {cause}: a payment lifts the block"),
    )
}

impl From<CreditError> for Problem {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::NoAccount | CreditError::NoEntity => Self::new(Code::NotFound),
            CreditError::DayAhead(_) => {
                Self::field("/day", Text::fixed("День ещё не наступил", "The day is not there yet"))
            }
            CreditError::StatementComplete(day) => Self::new(Code::AlreadyExists).at(
                "/day",
                Text::new(
                    format!("Выписка за {day} уже отмечена как полная"),
                    format!("The statement of {day} is complete already"),
                ),
            ),
            CreditError::Refused(refused) => refused.into(),
            CreditError::Ledger(error) => error.into(),
            CreditError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let day = chrono::NaiveDate::MIN;
        for (error, code) in [
            (CreditError::NoAccount, Code::NotFound),
            (CreditError::NoEntity, Code::NotFound),
            (CreditError::DayAhead(day), Code::Validation),
            (CreditError::StatementComplete(day), Code::AlreadyExists),
            (CreditError::Refused(Refused::AccountBlocked(Cause::Manual)), Code::AccountBlocked),
            (CreditError::Refused(Refused::BlockedOverdue), Code::BlockedOverdue),
            (CreditError::Refused(Refused::CreditLimit), Code::CreditLimit),
            (CreditError::Refused(Refused::InsufficientFunds), Code::InsufficientFunds),
        ] {
            // What programs read is what the room calls it.
            if let CreditError::Refused(refused) = &error {
                assert_eq!(refused.as_str(), code.as_str());
            }
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
