//! The letter on the need of re-registration.
//!
//! Owns: its words, Russian and English.
//! Does not own: to whom it goes (`notify`), how it is sent (`mail`).
//! Always: it says what the registry says, what to do, and that the registry may be wrong.

use chrono::NaiveDate;

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Subject.
    pub subject: String,
    /// Text.
    pub body: String,
}

/// The letter to a client with this code, whose party has this name, in his language (`en`, else Russian).
pub fn letter(language: &str, code: &str, party: &str, terminated: Option<NaiveDate>) -> Letter {
    if language == "en" {
        let since = terminated.map_or_else(String::new, |day| format!(" on {}", day.format("%Y-%m-%d")));
        return Letter {
            subject: "Your contract has to be re-registered".to_owned(),
            body: format!(
                "Good day,\n\n\
                 According to the state registry, {party} ceased to exist{since}. A contract with an organisation that is no more cannot be performed.\n\n\
                 Please re-register the contract to another party: answer this letter or talk to your manager. If the registry is wrong, please tell us.\n\n\
                 Client number: {code}\n"
            ),
        };
    }
    let since = terminated.map_or_else(String::new, |day| format!(" {}", day.format("%d.%m.%Y")));
    Letter {
        subject: "Необходимо переоформить договор".to_owned(),
        body: format!(
            "Здравствуйте!\n\n\
             По данным государственного реестра деятельность {party} прекращена{since}. Договор с прекратившей деятельность организацией исполняться не может.\n\n\
             Просим переоформить договор на другое лицо: ответьте на это письмо или обратитесь к своему менеджеру. Если в реестре ошибка, сообщите нам.\n\n\
             Номер клиента: {code}\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_name_the_party_and_the_day() {
        let day = "2020-05-01".parse().ok();
        let (russian, english) = (letter("ru", "17", "ООО «Ромашка»", day), letter("en", "17", "ООО «Ромашка»", day));
        assert!(russian.body.contains("ООО «Ромашка» прекращена 01.05.2020."), "{}", russian.body);
        assert!(english.body.contains("ceased to exist on 2020-05-01."), "{}", english.body);
        assert!(letter("ru", "17", "А", None).body.contains("прекращена. Договор"));
        assert!(!russian.subject.is_empty() && russian.subject != english.subject);
    }
}
