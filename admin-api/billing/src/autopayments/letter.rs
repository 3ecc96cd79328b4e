//! The letter that automatic payment was switched off.
//!
//! Owns: its words, Russian and English.
//! Does not own: when it is written (`terms`), how it is sent (`mail`).
//! Always: it says why, and that nothing is charged until the client switches it on again.

use crate::credit::autopay::{Hard, OffReason};
use crate::mail::Letter;

/// The kind of these mails.
pub(super) const KIND: &str = "autopay_off";

/// The letter to a client with this code about an account, whose card ends with these digits, in his language (`en`, else Russian).
pub(super) fn letter(language: &str, client: &str, account: &str, last_four: &str, reason: OffReason) -> Letter {
    if language == "en" {
        return Letter {
            subject: format!("Automatic payment of account {account} was switched off"),
            body: format!(
                "Good day,\n\n\
                 automatic payment of account {account} was switched off: {}.\n\
                 Card: **{last_four}.\n\n\
                 Nothing is charged any more. Switch automatic payment on again in your cabinet, with this card or another one, and watch the balance until then.\n\n\
                 Client number: {client}\n",
                english(reason)
            ),
        };
    }
    Letter {
        subject: format!("Автоплатёж лицевого счёта {account} отключён"),
        body: format!(
            "Здравствуйте!\n\n\
             Автоплатёж лицевого счёта {account} отключён: {}.\n\
             Карта: **{last_four}.\n\n\
             Больше ничего не списывается. Включите автоплатёж снова в кабинете, с этой или с другой картой, а до тех пор следите за балансом.\n\n\
             Номер клиента: {client}\n",
            russian(reason)
        ),
    }
}

const fn russian(reason: OffReason) -> &'static str {
    match reason {
        OffReason::Client => "вы отключили его сами",
        OffReason::Staff => "его отключил наш сотрудник",
        OffReason::CardUnlinked => "карта отвязана",
        OffReason::InsufficientFunds => "на карте недостаточно средств",
        OffReason::HardDecline(Hard::Lost) => "банк сообщает, что карта утеряна",
        OffReason::HardDecline(Hard::Stolen) => "банк сообщает, что карта украдена",
        OffReason::HardDecline(Hard::Closed) => "банк сообщает, что карта закрыта",
        OffReason::HardDecline(Hard::DoNotRetry) => "банк просит больше не списывать с этой карты",
    }
}

const fn english(reason: OffReason) -> &'static str {
    match reason {
        OffReason::Client => "you have switched it off yourself",
        OffReason::Staff => "our staff have switched it off",
        OffReason::CardUnlinked => "the card was unlinked",
        OffReason::InsufficientFunds => "there is not enough money on the card",
        OffReason::HardDecline(Hard::Lost) => "the bank says that the card is lost",
        OffReason::HardDecline(Hard::Stolen) => "the bank says that the card is stolen",
        OffReason::HardDecline(Hard::Closed) => "the bank says that the card is closed",
        OffReason::HardDecline(Hard::DoNotRetry) => "the bank asks not to charge this card any more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_why() {
        let mut bodies = Vec::new();
        for reason in OffReason::ALL {
            for language in ["ru", "en"] {
                let letter = letter(language, "C-17", "A-000001", "1234", *reason);
                assert!(
                    ["A-000001", "C-17", "**1234"].iter().all(|word| letter.body.contains(word)),
                    "{}",
                    letter.body
                );
                bodies.push(letter.body);
            }
        }
        bodies.sort_unstable();
        bodies.dedup();
        assert_eq!(bodies.len(), 2 * OffReason::ALL.len());
    }
}
