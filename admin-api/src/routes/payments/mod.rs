//! Endpoints of payments: written down, matched, distributed, given back, moved.
//!
//! Owns: the list of them, and what the refusals of the room are to whoever asks.
//! Does not own: payments (`billing::payments`), statements of banks and requests to find a payment, which have folders of their own.
//! Always: nothing without a reason; what is refused books nothing, and a payment that waits stays in the list. Nobody pays for a client by any of them (B11): they
//! write down what came.

pub(crate) mod allocate;
pub(crate) mod assign;
pub(crate) mod enter;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod refund;
pub(crate) mod relocate;
pub(crate) mod shown;
pub(crate) mod take_back;
pub(crate) mod wanted;

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use billing::payments::{KeptFile, PaymentError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rust_decimal::Decimal;

use crate::language::Language::{English, Russian};
use crate::language::Text;
use crate::problem::{Code, Problem};

/// The answer that sends a kept file: to be saved, never shown as a page.
pub(crate) fn file(kept: KeptFile) -> Response {
    let name = utf8_percent_encode(&kept.name, NON_ALPHANUMERIC);
    let disposition = format!("attachment; filename*=UTF-8''{name}");
    ([(CONTENT_TYPE, kept.media_type), (CONTENT_DISPOSITION, disposition)], kept.content).into_response()
}

/// A sum as answers have it.
pub(crate) fn sum(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// A text, if there is one.
pub(crate) fn said(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::NotFound => Self::new(Code::NotFound),
            PaymentError::NoAccount(code) => Self::no_account(&code),
            PaymentError::Known(id) => Self::new(Code::AlreadyExists)
                .because(Text::new(format!("Такой платёж уже есть: № {id}"), format!("This is payment {id} already"))),
            PaymentError::OtherPayment(id) => Self::new(Code::AlreadyExists).because(Text::new(
                format!("Под этим номером шлюза уже есть другой платёж: № {id}"),
                format!("Payment {id} has this reference of the gateway and is another one"),
            )),
            PaymentError::Stale => Self::new(Code::Stale),
            PaymentError::Faults(_) | PaymentError::Currency(_) | PaymentError::AlreadyImported { .. } => {
                of_file(error)
            }
            PaymentError::BrokeOff => Self::new(Code::Internal),
            PaymentError::NoMailbox => Self::new(Code::NotConfigured).because(Text::fixed(
                "Не указан почтовый ящик казначейства: настройка payments.treasury_mailbox",
                "There is no mailbox of the treasury: the setting payments.treasury_mailbox is empty",
            )),
            PaymentError::Ledger(error) => error.into(),
            PaymentError::Credit(error) => error.into(),
            PaymentError::Store(error) => error.into(),
            PaymentError::NoEntity(_)
            | PaymentError::NoBankAccount(_)
            | PaymentError::PlaceNeeded
            | PaymentError::AgreementNeeded
            | PaymentError::Ahead
            | PaymentError::NoCardCode => of_field(error),
            PaymentError::NotOpen(_)
            | PaymentError::ItemTwice(_)
            | PaymentError::ItemAmount(_)
            | PaymentError::AboveRest { .. }
            | PaymentError::AbovePayment(_) => of_items(error),
            PaymentError::State(_)
            | PaymentError::OtherEntity(_)
            | PaymentError::SameAccount
            | PaymentError::HasRefunds
            | PaymentError::BeyondLeft(_)
            | PaymentError::Answered(_)
            | PaymentError::OnAnotherAccount(_) => of_state(error),
        }
    }
}

/// A file of a bank that is not taken.
fn of_file(error: PaymentError) -> Problem {
    match error {
        PaymentError::Faults(faults) => {
            let (count, told) = (faults.count, faults.first.len());
            let detail = Text::new(
                format!("Ошибок: {count}, показаны первые {told}; ничего не загружено"),
                format!("{count} errors, the first {told} are shown; nothing was imported"),
            );
            let problem = Problem::new(Code::ImportFaults).because(detail).of_total(count);
            faults.first.iter().fold(problem, |problem, fault| {
                let pointer = fault.row.map_or_else(|| "/file".to_owned(), |row| format!("/rows/{row}"));
                problem.at(&pointer, Text::new(fault.text(Russian), fault.text(English)))
            })
        }
        PaymentError::Currency(account) => Problem::new(Code::ImportFaults).at(
            "/file",
            Text::new(
                format!("Валюта расчётного счёта {account} неизвестна: заведите её в справочнике валют"),
                format!("Nobody knows the currency of {account}: put it into the directory of currencies"),
            ),
        ),
        PaymentError::AlreadyImported { lines, same_file } => {
            let same = same_file.map(|at| at.format("%Y-%m-%d %H:%M UTC"));
            let (ru, en) = match same {
                Some(at) => (format!("; этот же файл загружен {at}"), format!("; the same file came at {at}")),
                None => (String::new(), String::new()),
            };
            Problem::new(Code::AlreadyImported).because(Text::new(
                format!("Все строки ({lines}) уже загружены{ru}"),
                format!("All {lines} lines were imported before{en}"),
            ))
        }
        _ => Problem::new(Code::Internal),
    }
}

/// A field that is not as it must be.
fn of_field(error: PaymentError) -> Problem {
    match error {
        PaymentError::NoEntity(code) => Problem::field(
            "/legal_entity",
            Text::new(format!("Собственной организации {code} нет"), format!("There is no legal entity {code}")),
        ),
        PaymentError::NoBankAccount(account) => Problem::field(
            "/bank_account",
            Text::new(
                format!(
                    "Расчётный счёт {account} не записан ни у одной собственной организации или записан у нескольких"
                ),
                format!("{account} is the account of no legal entity, or of several"),
            ),
        ),
        PaymentError::PlaceNeeded => Problem::field(
            "/legal_entity",
            Text::fixed(
                "Укажите лицевой счёт, расчётный счёт или собственную организацию",
                "An account, a bank account or a legal entity is needed",
            ),
        ),
        PaymentError::AgreementNeeded => Problem::field(
            "/agreement",
            Text::fixed(
                "Деньги другой организации зачитывают по соглашению: назовите его",
                "Money of another legal entity counts by an agreement: name it",
            ),
        ),
        PaymentError::Ahead => {
            Problem::field("/value_date", Text::fixed("День ещё не наступил", "The day is not there yet"))
        }
        PaymentError::NoCardCode => Problem::field(
            "/card_code",
            Text::fixed(
                "Укажите код карточки: у лицевого счёта его нет",
                "The code of the card is needed: the account has none",
            ),
        ),
        _ => Problem::new(Code::Internal),
    }
}

/// A distribution that cannot be.
fn of_items(error: PaymentError) -> Problem {
    let text = match error {
        PaymentError::NotOpen(item) => Text::new(
            format!("{} {} не ждёт оплаты на этом лицевом счёте", item.kind, item.number),
            format!("{} {} is not open on this account", item.kind, item.number),
        ),
        PaymentError::ItemTwice(item) => Text::new(
            format!("{} {} указан дважды: оставьте один раз", item.kind, item.number),
            format!("{} {} stands twice: leave one", item.kind, item.number),
        ),
        PaymentError::ItemAmount(item) => Text::new(
            format!("Сумма на {} {} больше нуля и не больше двух знаков после запятой", item.kind, item.number),
            format!("The amount for {} {} is above zero, with at most two decimals", item.kind, item.number),
        ),
        PaymentError::AboveRest { item, rest } => Text::new(
            format!("На {} {} осталось оплатить {rest}: уменьшите сумму", item.kind, item.number),
            format!("{rest} is left to pay of {} {}: lower the amount", item.kind, item.number),
        ),
        PaymentError::AbovePayment(missing) => Text::new(
            format!("Распределено на {missing} больше, чем есть у платежа"),
            format!("The amounts are {missing} more than the payment has"),
        ),
        _ => return Problem::new(Code::Internal),
    };
    Problem::field("/pays/items", text)
}

/// Something stands against it.
fn of_state(error: PaymentError) -> Problem {
    match error {
        PaymentError::State(state) => Problem::new(Code::InvalidTransition).because(Text::new(
            format!("Платёж в состоянии {state}: для этого шага нужно другое"),
            format!("The payment is {state}: this step begins with another state"),
        )),
        PaymentError::OtherEntity(code) => Problem::new(Code::OtherLegalEntity).because(Text::new(
            format!("Лицевой счёт {code} — у другой собственной организации, чем поступившие деньги: перенесите платёж по соглашению или верните его"),
            format!("Account {code} is at another legal entity than the money: move the payment by an agreement, or give it back"),
        )),
        PaymentError::SameAccount => Problem::new(Code::InvalidTransition)
            .because(Text::fixed("Платёж уже на этом лицевом счёте", "The payment is on this account already")),
        PaymentError::HasRefunds => Problem::new(Code::InvalidTransition).because(Text::fixed(
            "Часть платежа уже возвращена: переносить и отзывать нечего",
            "A part of the payment was given back: it is neither moved nor taken back",
        )),
        PaymentError::BeyondLeft(left) => Problem::new(Code::InsufficientFunds).at(
            "/amount",
            Text::new(
                format!("Нераспределённый остаток платежа — {left}: освободите его новым распределением"),
                format!("{left} of the payment is left: free more of it by another distribution"),
            ),
        ),
        PaymentError::Answered(state) => Problem::new(Code::InvalidTransition).because(Text::new(
            format!("На запрос уже ответили: {state}"),
            format!("The request was answered already: {state}"),
        )),
        PaymentError::OnAnotherAccount(code) => Problem::new(Code::InvalidTransition).because(Text::new(
            format!("Платёж уже на лицевом счёте {code}: сначала перенесите его"),
            format!("The payment is on account {code}: move it first"),
        )),
        _ => Problem::new(Code::Internal),
    }
}

#[cfg(test)]
mod tests {
    use billing::ledger::LedgerError;
    use billing::payments::{Item, State};

    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let item = || Item { kind: "invoice".into(), number: "1".into() };
        for (error, code) in [
            (PaymentError::NotFound, Code::NotFound),
            (PaymentError::NoAccount("A".into()), Code::NotFound),
            (PaymentError::NoEntity("T".into()), Code::Validation),
            (PaymentError::NoBankAccount("4".into()), Code::Validation),
            (PaymentError::PlaceNeeded, Code::Validation),
            (PaymentError::Known(1), Code::AlreadyExists),
            (PaymentError::OtherPayment(1), Code::AlreadyExists),
            (PaymentError::State(State::Moved), Code::InvalidTransition),
            (PaymentError::OtherEntity("A".into()), Code::OtherLegalEntity),
            (PaymentError::AgreementNeeded, Code::Validation),
            (PaymentError::SameAccount, Code::InvalidTransition),
            (PaymentError::HasRefunds, Code::InvalidTransition),
            (PaymentError::NotOpen(item()), Code::Validation),
            (PaymentError::ItemTwice(item()), Code::Validation),
            (PaymentError::ItemAmount(item()), Code::Validation),
            (PaymentError::AboveRest { item: item(), rest: Decimal::ONE }, Code::Validation),
            (PaymentError::AbovePayment(Decimal::ONE), Code::Validation),
            (PaymentError::BeyondLeft(Decimal::ONE), Code::InsufficientFunds),
            (PaymentError::Ahead, Code::Validation),
            (PaymentError::Currency("4".into()), Code::ImportFaults),
            (PaymentError::AlreadyImported { lines: 1, same_file: None }, Code::AlreadyImported),
            (PaymentError::BrokeOff, Code::Internal),
            (PaymentError::NoMailbox, Code::NotConfigured),
            (PaymentError::NoCardCode, Code::Validation),
            (PaymentError::Answered("found".into()), Code::InvalidTransition),
            (PaymentError::OnAnotherAccount("A".into()), Code::InvalidTransition),
            (PaymentError::Stale, Code::Stale),
            (PaymentError::Ledger(LedgerError::AccountClosed("A".into())), Code::AccountClosed),
            (PaymentError::Ledger(LedgerError::ForeignCurrency("RUB".into())), Code::ForeignCurrency),
            (PaymentError::Ledger(LedgerError::Decimals(Decimal::ONE)), Code::TooManyDecimals),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
