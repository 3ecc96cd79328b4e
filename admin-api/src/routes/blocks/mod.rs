//! Endpoints of what stops an account and what lets it go deeper for a time.
//!
//! Owns: the list of them, and what the room's refusals are to whoever asks.
//! Does not own: blocks, notices and limits (`billing::blocks`).
//! Always: nothing without a reason; what has ended stays readable.

pub(crate) mod begin;
pub(crate) mod critical_balance_set;
pub(crate) mod lift;
pub(crate) mod limit_add;
pub(crate) mod limit_end;
pub(crate) mod notice_add;

use billing::blocks::BlockError;
use billing::credit::blocks::Cause;

use crate::language::Text;
use crate::problem::{Code, Problem};

impl From<BlockError> for Problem {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::NotFound => Self::new(Code::NotFound),
            BlockError::AccountClosed(code) => Self::new(Code::AccountClosed)
                .because(Text::new(format!("Лицевой счёт {code} закрыт"), format!("Account {code} is closed"))),
            BlockError::AlreadyBlocked(cause) => Self::new(Code::AlreadyExists).at(
                "/cause",
                Text::new(
                    format!("Счёт уже заблокирован по причине {}", cause.as_str()),
                    format!("The account is blocked for {} already", cause.as_str()),
                ),
            ),
            BlockError::EndsByItself(cause) => Self::new(Code::InvalidTransition).because(by_itself(cause)),
            BlockError::Ended => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Запись уже завершена", "It has ended already"))
            }
            BlockError::BadAmount => Self::field(
                "/amount",
                Text::fixed(
                    "Сумма больше нуля, не больше 999999999.99, не больше двух знаков после запятой",
                    "An amount is above zero, 999999999.99 at most, with at most two decimals",
                ),
            ),
            BlockError::NoTime => Self::field(
                "/until",
                Text::fixed(
                    "Временный лимит кончается после начала и не позже чем через год",
                    "A temporary limit ends after it begins, and within a year",
                ),
            ),
            BlockError::NoLimit => Self::new(Code::CreditPolicyConflict).because(Text::fixed(
                "У счёта с оплатой по факту нет лимита",
                "An account that pays by fact has no limit",
            )),
            BlockError::ApprovalNeeded(most) => Self::new(Code::ApprovalNeeded).at(
                "/amount",
                Text::new(
                    format!("Постоянный и временные лимиты вместе больше {most}: запросите согласование"),
                    format!(
                        "The permanent and the temporary limits are more than {most} together: ask for an approval"
                    ),
                ),
            ),
            BlockError::NotSentYet => Self::field(
                "/sent_at",
                Text::fixed("Уведомление записывают после отправки", "A notice is recorded once it was sent"),
            ),
            BlockError::Ledger(error) => error.into(),
            BlockError::Store(error) => error.into(),
        }
    }
}

fn by_itself(cause: Cause) -> Text {
    if cause == Cause::Terminated {
        return Text::fixed(
            "Блокировка terminated начинается с расторжением договора: POST /v1/approvals с kind account.terminate",
            "A block for terminated begins as the contract is ended: POST /v1/approvals with kind account.terminate",
        );
    }
    let cause = cause.as_str();
    Text::new(
        format!("Блокировка {cause} начинается и кончается сама: её снимает оплата"),
        format!("A block for {cause} begins and ends by itself: a payment lifts it"),
    )
}
