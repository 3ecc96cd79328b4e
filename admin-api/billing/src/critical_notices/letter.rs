//! The letter that little is left, with a request for payment or without.
//!
//! Owns: its words, Russian and English.
//! Does not own: to whom it goes (`notify`), the sum (`rules`), invoices, which will go in the place of the request.
//! Always: it says what is left and which limit that has reached; a request names the account, the sum, and whom to pay.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::rules::kopecks;
use crate::mail::Letter;

/// What a letter says.
#[derive(Clone, Debug)]
pub(super) struct Low<'a> {
    /// Code of the account.
    pub(super) account: &'a str,
    /// Code of the client.
    pub(super) client: &'a str,
    /// Currency.
    pub(super) currency: &'a str,
    /// What is left.
    pub(super) balance: Decimal,
    /// The critical balance.
    pub(super) critical: Decimal,
    /// The request for payment that goes with it.
    pub(super) request: Option<Request<'a>>,
}

/// A request for payment.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    /// How much; `None`: the client chooses.
    pub(super) to_pay: Option<Decimal>,
    /// Whom to pay.
    pub(super) issuer: &'a str,
    /// Its INN.
    pub(super) inn: Option<&'a str>,
    /// Its KPP.
    pub(super) kpp: Option<&'a str>,
    /// Where it has its account.
    pub(super) bank: Option<Bank<'a>>,
}

/// An account at a bank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bank<'a> {
    /// The bank.
    pub(super) name: &'a str,
    /// Its BIC.
    pub(super) bic: &'a str,
    /// The account.
    pub(super) account: &'a str,
    /// The bank's own account.
    pub(super) correspondent: Option<&'a str>,
}

/// The letter in the client's language (`en`, else Russian).
pub(super) fn letter(language: &str, low: &Low<'_>) -> Letter {
    if language == "en" { english(low) } else { russian(low) }
}

fn russian(low: &Low<'_>) -> Letter {
    let Low { account, client, currency, .. } = low;
    let (balance, critical) = (kopecks(low.balance), kopecks(low.critical));
    let mut body = format!(
        "Здравствуйте!\n\n\
         На лицевом счёте {account} осталось {balance} {currency}. Это не больше критического остатка {critical} {currency}.\n\
         Пополните счёт, чтобы услуги не прервались.\n"
    );
    if let Some(request) = &low.request {
        body.push_str("\nЗапрос на оплату\n");
        if let Some(sum) = request.to_pay {
            line(&mut body, "К оплате", &format!("{sum} {currency}"));
        }
        line(&mut body, "Получатель", request.issuer);
        details(&mut body, request, &["ИНН", "КПП", "Банк", "БИК", "Расчётный счёт", "Корреспондентский счёт"]);
        line(&mut body, "Назначение платежа", &format!("Услуги связи, лицевой счёт {account}"));
    }
    line(&mut body, "\nНомер клиента", client);
    Letter {
        subject: format!("На лицевом счёте {account} заканчиваются средства"), body
    }
}

fn english(low: &Low<'_>) -> Letter {
    let Low { account, client, currency, .. } = low;
    let (balance, critical) = (kopecks(low.balance), kopecks(low.critical));
    let mut body = format!(
        "Good day,\n\n\
         {balance} {currency} are left on account {account}. That is no more than its critical balance of {critical} {currency}.\n\
         Please top the account up, so that the services go on.\n"
    );
    if let Some(request) = &low.request {
        body.push_str("\nRequest for payment\n");
        if let Some(sum) = request.to_pay {
            line(&mut body, "To pay", &format!("{sum} {currency}"));
        }
        line(&mut body, "Payee", request.issuer);
        details(&mut body, request, &["INN", "KPP", "Bank", "BIC", "Account", "Correspondent account"]);
        line(&mut body, "Details of payment", &format!("Communication services, account {account}"));
    }
    line(&mut body, "\nClient number", client);
    Letter { subject: format!("Little is left on account {account}"), body }
}

/// What is known of whom to pay, with these names.
fn details(body: &mut String, request: &Request<'_>, names: &[&str; 6]) {
    let bank = request.bank;
    let known = [
        request.inn,
        request.kpp,
        bank.map(|bank| bank.name),
        bank.map(|bank| bank.bic),
        bank.map(|bank| bank.account),
        bank.and_then(|bank| bank.correspondent),
    ];
    for (name, text) in names.iter().zip(known) {
        if let Some(text) = text {
            line(body, name, text);
        }
    }
}

fn line(body: &mut String, name: &str, text: &str) {
    // Writing to a text does not fail.
    let _ = writeln!(body, "{name}: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn low(request: Option<Request<'static>>) -> Low<'static> {
        Low {
            account: "A-000001",
            client: "C-17",
            currency: "RUB",
            balance: "168.004".parse().unwrap(),
            critical: "200".parse().unwrap(),
            request,
        }
    }

    fn request() -> Request<'static> {
        Request {
            to_pay: Some("232.00".parse().unwrap()),
            issuer: "ООО «Связь»",
            inn: Some("7707083893"),
            kpp: None,
            bank: Some(Bank {
                name: "ПАО Сбербанк",
                bic: "044525225",
                account: "40702810938000000001",
                correspondent: Some("30101810400000000225"),
            }),
        }
    }

    #[test]
    fn both_languages_say_what_is_left_and_whom_to_pay() {
        for language in ["ru", "en"] {
            let with = letter(language, &low(Some(request())));
            for said in [
                "168.00 RUB",
                "200.00 RUB",
                "232.00 RUB",
                "A-000001",
                "C-17",
                "ООО «Связь»",
                "7707083893",
                "044525225",
                "40702810938000000001",
            ] {
                assert!(with.body.contains(said), "{language} {said}: {}", with.body);
            }
            assert!(!with.body.contains("КПП") && !with.body.contains("KPP"), "{}", with.body);
            let without = letter(language, &low(None));
            assert!(without.body.contains("168.00 RUB") && !without.body.contains("ООО «Связь»"), "{}", without.body);
            assert_eq!(with.subject, without.subject);
        }
        assert_ne!(letter("ru", &low(None)), letter("en", &low(None)));
    }

    #[test]
    fn a_request_without_a_sum_leaves_it_to_the_client() {
        let free = Request { to_pay: None, bank: None, ..request() };
        let found = letter("ru", &low(Some(free)));
        assert!(found.body.contains("Запрос на оплату") && !found.body.contains("К оплате"), "{}", found.body);
    }
}
