//! The letter to a client whose users staff let in.
//!
//! Owns: its words, Russian and English.
//! Does not own: when it is written (`users`), how it is sent (`mail`).
//! Always: it says what was done and what follows from it, and no password.

use super::rules::PAY_WITHHELD_HOURS;

/// The kind of these mails.
pub(super) const KIND: &str = "password_set";

/// What staff did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// Added a user with a password.
    Added,
    /// Set a password.
    Password,
    /// Changed an e-mail, by which the user comes in or gets another password.
    Email,
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// Subject.
    pub(super) subject: String,
    /// Text.
    pub(super) body: String,
}

/// The letter to a client with this code about the user with this login, in his language (`en`, else Russian).
pub(super) fn letter(language: &str, code: &str, login: &str, deed: Deed) -> Letter {
    if language == "en" {
        let done = match deed {
            Deed::Added => {
                format!("Our staff have added the user {login} to your cabinet, with a password to come in with once.")
            }
            Deed::Password => {
                format!("Our staff have set a password for the user {login} of your cabinet to come in with once.")
            }
            Deed::Email => format!("Our staff have changed the e-mail of the user {login} of your cabinet."),
        };
        return Letter {
            subject: "The access to your cabinet was changed".to_owned(),
            body: format!(
                "Good day,\n\n\
                 {done}\n\n\
                 This user cannot pay for {PAY_WITHHELD_HOURS} hours. If you did not ask for it, answer this letter or talk to your manager.\n\n\
                 Client number: {code}\n"
            ),
        };
    }
    let done = match deed {
        Deed::Added => {
            format!("Наш сотрудник завёл в вашем кабинете пользователя {login} и задал ему пароль для первого входа.")
        }
        Deed::Password => format!("Наш сотрудник задал пользователю {login} вашего кабинета пароль для первого входа."),
        Deed::Email => format!("Наш сотрудник изменил почту пользователя {login} вашего кабинета."),
    };
    Letter {
        subject: "Изменён доступ в ваш кабинет".to_owned(),
        body: format!(
            "Здравствуйте!\n\n\
             {done}\n\n\
             Платить этот пользователь не может {PAY_WITHHELD_HOURS} часа. Если вы об этом не просили, ответьте на это письмо или обратитесь к своему менеджеру.\n\n\
             Номер клиента: {code}\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_what_was_done_to_whom() {
        let mut bodies = Vec::new();
        for deed in [Deed::Added, Deed::Password, Deed::Email] {
            for language in ["ru", "en"] {
                let letter = letter(language, "C-17", "ivan", deed);
                assert!(["ivan", "C-17", "72"].iter().all(|word| letter.body.contains(word)), "{}", letter.body);
                bodies.push(letter.body);
            }
        }
        bodies.sort_unstable();
        bodies.dedup();
        assert_eq!(bodies.len(), 6);
    }
}
