//! The letters that a contract was ended for debt.
//!
//! Owns: their words: to the client in Russian or English, to his manager in Russian.
//! Does not own: to whom they go (`terminate`).
//! Always: they say which contract, behind which notice and debt, what has ended, and that the debt stays to be paid.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::mail::Letter;

/// What was ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended<'a> {
    /// Code of the account.
    pub(super) account: &'a str,
    /// Currency.
    pub(super) currency: &'a str,
    /// What is unpaid of the debt that the notice was about.
    pub(super) owed: Decimal,
    /// The day of the notice.
    pub(super) noticed_on: NaiveDate,
    /// Numbers of the contracts that were ended.
    pub(super) contracts: &'a [String],
    /// Numbers of those that stay for other accounts.
    pub(super) kept: &'a [String],
    /// Numbers that were withdrawn.
    pub(super) numbers: &'a [String],
}

/// The letter to a client with this code, in his language (`en`, else Russian).
pub(super) fn to_client(language: &str, client: &str, ended: &Ended<'_>) -> Letter {
    if language == "en" { english(client, ended) } else { russian(client, ended) }
}

/// The letter to the manager of a client; `is_told`: the client was written to.
pub(super) fn to_manager(client: &str, ended: &Ended<'_>, is_told: bool) -> Letter {
    let Letter { subject, body } = russian(client, ended);
    let told = if is_told {
        "Клиенту отправлено это письмо:"
    } else {
        "У клиента нет адреса почты: сообщите ему сами. Текст письма:"
    };
    let kept = if ended.kept.is_empty() {
        String::new()
    } else {
        format!("По другим лицевым счетам остаются в силе договоры: {}.\n\n", ended.kept.join(", "))
    };
    Letter { subject: format!("Клиент {client}: {subject}"), body: format!("{kept}{told}\n\n{body}") }
}

fn russian(client: &str, ended: &Ended<'_>) -> Letter {
    let Ended { account, currency, owed, contracts, .. } = ended;
    let (day, sum) = (ended.noticed_on.format("%d.%m.%Y"), kopecks(*owed));
    let what = match contracts {
        [] => format!("оказание услуг по лицевому счёту {account} прекращено"),
        [one] => format!("договор {one} по лицевому счёту {account} расторгнут"),
        many => format!("договоры {} по лицевому счёту {account} расторгнуты", many.join(", ")),
    };
    let numbers = match ended.numbers {
        [] => String::new(),
        numbers => format!("Номера больше не закреплены за вами: {}.\n", numbers.join(", ")),
    };
    Letter {
        subject: format!("Услуги по лицевому счёту {account} прекращены"),
        body: format!(
            "Здравствуйте!\n\n\
             Задолженность, о которой мы уведомили вас {day}, не погашена в срок. Поэтому {what}.\n{numbers}\n\
             Долг {sum} {currency} остаётся за вами: оплатите его на лицевой счёт {account}. Чтобы возобновить услуги, заключите новый договор: ответьте на это \
             письмо или обратитесь к своему менеджеру.\n\n\
             Номер клиента: {client}\n"
        ),
    }
}

fn english(client: &str, ended: &Ended<'_>) -> Letter {
    let Ended { account, currency, owed, contracts, .. } = ended;
    let (day, sum) = (ended.noticed_on.format("%Y-%m-%d"), kopecks(*owed));
    let what = match contracts {
        [] => format!("the services of account {account} have ended"),
        [one] => format!("contract {one} of account {account} has ended"),
        many => format!("contracts {} of account {account} have ended", many.join(", ")),
    };
    let numbers = match ended.numbers {
        [] => String::new(),
        numbers => format!("These numbers are no longer yours: {}.\n", numbers.join(", ")),
    };
    Letter {
        subject: format!("The services of account {account} have ended"),
        body: format!(
            "Good day,\n\n\
             The debt of which we notified you on {day} was not paid in time. Therefore {what}.\n{numbers}\n\
             The debt of {sum} {currency} remains: please pay it to account {account}. For services to go on a new contract is needed: answer this letter or talk \
             to your manager.\n\n\
             Client number: {client}\n"
        ),
    }
}

/// An amount with its kopecks: documents have no less.
fn kopecks(amount: Decimal) -> String {
    format!("{amount:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_what_has_ended_and_what_is_owed() {
        let (contracts, numbers) = (["2026-17".to_owned()], ["74950000001".to_owned()]);
        let ended = Ended {
            account: "A-000001",
            currency: "RUB",
            owed: "1000".parse().unwrap(),
            noticed_on: "2026-08-31".parse().unwrap(),
            contracts: &contracts,
            kept: &[],
            numbers: &numbers,
        };
        for (language, day) in [("ru", "31.08.2026"), ("en", "2026-08-31")] {
            let letter = to_client(language, "C-17", &ended);
            for said in [day, "2026-17", "74950000001", "1000.00 RUB", "A-000001", "C-17"] {
                assert!(letter.body.contains(said), "{language} {said}: {}", letter.body);
            }
            let bare = to_client(language, "C-17", &Ended { contracts: &[], numbers: &[], ..ended });
            assert!(!bare.body.contains("2026-17") && !bare.body.contains("74950000001"), "{}", bare.body);
        }
        assert_ne!(to_client("ru", "C-17", &ended), to_client("en", "C-17", &ended));
    }

    #[test]
    fn the_manager_reads_whether_the_client_was_told_and_what_stays() {
        let kept = ["2026-18".to_owned()];
        let ended = Ended {
            account: "A-000001",
            currency: "RUB",
            owed: "0.5".parse().unwrap(),
            noticed_on: "2026-08-31".parse().unwrap(),
            contracts: &[],
            kept: &kept,
            numbers: &[],
        };
        let (told, untold) = (to_manager("C-17", &ended, true), to_manager("C-17", &ended, false));
        assert!(told.body.contains("2026-18") && told.body.contains("0.50 RUB"), "{}", told.body);
        assert!(told.body.contains(&to_client("ru", "C-17", &ended).body));
        assert!(untold.body.contains("сообщите ему сами") && !told.body.contains("сообщите ему сами"));
    }
}
