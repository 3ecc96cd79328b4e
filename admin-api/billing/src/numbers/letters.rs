//! Letters about a number that is to be forced into sale (M20).
//!
//! Owns: their words: to the client who is asked to agree, and to the designated approver who gets a copy.
//! Does not own: when they are written (`approvals`), how they are sent (`mail`).
//! Always: the client is told how many called, and that without his word nothing happens.

use numbering::E164;

use super::force::Buyer;
use crate::change::Change;
use crate::mail::{self, Class, Letter, MailError, NewMail};
use crate::settings;

/// The kind of these mails.
pub(crate) const KIND: &str = "did_force";

/// Asks a client whether he agrees to so many callers; a client without an e-mail is asked by other means.
pub(crate) async fn ask_consent(
    change: &mut Change,
    buyer: &Buyer,
    number: E164,
    callers: i64,
    approval: i64,
) -> Result<(), MailError> {
    let Some(email) = &buyer.email else { return Ok(()) };
    let letter = consent(&buyer.language, &buyer.code, number, callers, approval);
    let client = Some((buyer.id, buyer.code.as_str()));
    write(change, client, email, &letter).await
}

/// A request, as the designated approver is told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// Its number.
    pub(crate) approval: i64,
    /// The number.
    pub(crate) number: E164,
    /// Who asks.
    pub(crate) requester: &'a str,
    /// Code of his department.
    pub(crate) department: &'a str,
    /// Unique callers.
    pub(crate) callers: i64,
    /// Class by calls.
    pub(crate) class: &'a str,
    /// Code of the client, where one is named.
    pub(crate) client: Option<&'a str>,
    /// Code of the provider, where it has one.
    pub(crate) provider: Option<&'a str>,
    /// Why.
    pub(crate) reason: &'a str,
}

/// Sends the designated approver a copy, where the setting `did.force_copy_mailbox` names an address.
pub(crate) async fn send_copy(change: &mut Change, request: &Request<'_>) -> Result<(), MailError> {
    let mailbox = settings::value(change.connection(), "did.force_copy_mailbox").await?;
    if mailbox.is_empty() {
        return Ok(());
    }
    // He is told of a client; it is nothing that was written to him.
    write(change, None, &mailbox, &request.copy()).await
}

async fn write(change: &mut Change, client: Option<(i64, &str)>, to: &str, letter: &Letter) -> Result<(), MailError> {
    let (subject, body) = (letter.subject.as_str(), letter.body.as_str());
    let new = NewMail { client, to, subject, body, class: Class::Service, kind: KIND };
    mail::enqueue(change, &new).await?;
    Ok(())
}

/// The letter to a client with this code, in his language (`en`, else Russian).
fn consent(language: &str, code: &str, number: E164, callers: i64, approval: i64) -> Letter {
    if language == "en" {
        return Letter {
            subject: format!("Number {number}: your consent is needed"),
            body: format!(
                "Good day,\n\n\
                 You have chosen the number {number}. It belongs to nobody at present, and is called all the same: by {callers} different callers so far. \
                 Such calls may go on once the number is yours.\n\n\
                 If you agree to that, please answer this letter, and name the number of callers: {callers}. Without your consent the number will not be \
                 connected; your manager can offer another one.\n\n\
                 Client number: {code}\nRequest: {approval}\n"
            ),
        };
    }
    Letter {
        subject: format!("Номер {number}: нужно ваше согласие"),
        body: format!(
            "Здравствуйте!\n\n\
             Вы выбрали номер {number}. Сейчас он ни за кем не закреплён, но на него звонят: разных звонивших номеров — {callers}. \
             Такие звонки могут продолжиться и после подключения.\n\n\
             Если вы на это согласны, ответьте на это письмо и укажите число звонивших: {callers}. Без вашего согласия номер подключён не будет; \
             менеджер может предложить другой.\n\n\
             Номер клиента: {code}\nЗапрос: {approval}\n"
        ),
    }
}

impl Request<'_> {
    /// The letter to the designated approver.
    fn copy(&self) -> Letter {
        let Self { approval, number, requester, department, callers, class, reason, .. } = self;
        let client = self.client.unwrap_or("не указан");
        let provider = self.provider.unwrap_or("собственная ёмкость");
        Letter {
            subject: format!("Принудительный вывод номера {number} в продажу, запрос {approval}"),
            body: format!(
                "Копия запроса на согласование {approval}.\n\n\
                 Номер: {number}\nПровайдер: {provider}\nУникальных звонивших: {callers}\nКласс по нецелевым вызовам: {class}\nКлиент: {client}\n\
                 Запросил: {requester}, отдел {department}\nПричина: {reason}\n"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_told_how_many_called() {
        let number = E164::parse("74952000200").unwrap();
        let (russian, english) = (consent("ru", "C-17", number, 6, 5), consent("en", "C-17", number, 6, 5));
        assert!(russian.body.contains("разных звонивших номеров — 6."), "{}", russian.body);
        assert!(english.body.contains("by 6 different callers"), "{}", english.body);
        for letter in [&russian, &english] {
            assert!(letter.subject.contains("74952000200") && letter.body.contains("C-17"), "{letter:?}");
        }
        assert_ne!(russian.subject, english.subject);
    }

    #[test]
    fn the_copy_says_what_is_asked_for() {
        let request = Request {
            approval: 5,
            number: E164::parse("74952000200").unwrap(),
            requester: "ivanova",
            department: "care",
            callers: 3,
            class: "has_calls",
            client: None,
            provider: Some("mts"),
            reason: "бывший номер клиента",
        };
        let letter = request.copy();
        assert!(letter.subject.contains("74952000200") && letter.subject.contains("запрос 5"), "{letter:?}");
        for part in
            ["mts", "Уникальных звонивших: 3", "has_calls", "не указан", "ivanova, отдел care", "бывший номер клиента"]
        {
            assert!(letter.body.contains(part), "{part}: {}", letter.body);
        }
        assert!(Request { provider: None, ..request }.copy().body.contains("собственная ёмкость"));
    }
}
