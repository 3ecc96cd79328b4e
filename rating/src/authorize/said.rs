//! A refusal in words, in the two languages of operators.
//!
//! Owns: the sentences, and which department they concern (M30).
//! Does not own: what is refused, and for what (`super`).
//! Always: nothing is said in one language that is not said in the other.

use numbering::number::mask_text;

use super::{Missing, Reason, Refusal};
use crate::check::Verdict;
use crate::story::service_text;
use crate::wording::{Language, lock_text, not_a_number, origin_text};

impl Missing {
    /// The verdict of the tariff check on the same call.
    const fn verdict(self) -> Verdict {
        match self {
            Self::Retail => Verdict::NoRetailPrice,
            Self::Wholesale => Verdict::NoWholesalePrice,
            Self::ExchangeRate => Verdict::NoExchangeRate,
        }
    }

    /// The department that has to supply it (M30).
    pub const fn department(self) -> Option<&'static str> {
        self.verdict().department()
    }
}

impl Refusal {
    /// The lock that decides, if one does.
    pub const fn lock(&self) -> Option<u64> {
        match self.reason {
            Reason::Lock { id, .. } => Some(id),
            _ => None,
        }
    }

    /// What has no price, if that is why.
    pub const fn missing(&self) -> Option<Missing> {
        match self.reason {
            Reason::Missing(missing) => Some(missing),
            _ => None,
        }
    }

    /// The reason in words.
    pub fn text(&self, language: Language) -> String {
        match self.reason {
            Reason::NotANumber(fault) => format!("dst: {}", not_a_number(fault, language)),
            Reason::Nobody(nobody) => nobody.text(language).to_owned(),
            Reason::NotInWork => language
                .pick("набранный номер наш и не в работе", "the dialled number is ours and not in work")
                .to_owned(),
            Reason::Origin => language
                .pick(
                    "плательщик не может звонить с этого номера: номер чужой, ничей или скрыт",
                    "the payer may not call by this number: it is another's, nobody's or withheld",
                )
                .to_owned(),
            Reason::Lock { id, scope, mask, origin, provider } => {
                let (scope, origin) = (lock_text(scope, language), origin_text(origin, language));
                let last = provider.map(|_| {
                    language.pick("; другого пути через провайдеров нет", "; no other way by a provider is left")
                });
                let on = language.pick("на", "on");
                format!("{scope} {id} {on} {}, {origin}{}", mask_text(mask), last.unwrap_or_default())
            }
            Reason::Missing(missing) => {
                let service = service_text(self.service, language);
                format!("{service}: {}", missing.verdict().text(language))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use numbering::{NotANumber, parse_mask};

    use super::*;
    use crate::code::{Check, Service};
    use crate::lock::{LockOrigin, LockScope};
    use crate::payer::Nobody;
    use crate::rows::ProviderId;

    fn refusal(reason: Reason) -> Refusal {
        Refusal { check: Check::BadNumber, reason, account: None, service: Service::Forwarded }
    }

    fn barred(provider: Option<ProviderId>) -> Reason {
        let mask = parse_mask("38").unwrap();
        Reason::Lock { id: 5, scope: LockScope::Local, mask, origin: LockOrigin::Client, provider }
    }

    /// Every reason has a sentence in both languages, and the Russian one in Cyrillic.
    #[test]
    fn both_languages_say_it() {
        let reasons = [
            Reason::NotANumber(NotANumber::TooShort),
            Reason::Nobody(Nobody::SharedTrunk),
            Reason::NotInWork,
            Reason::Origin,
            barred(None),
            Reason::Missing(Missing::ExchangeRate),
        ];
        for reason in reasons {
            let cyrillic = |language| refusal(reason).text(language).chars().any(|c| ('а'..='я').contains(&c));
            assert!(cyrillic(Language::Russian) && !cyrillic(Language::English), "{reason:?}");
        }
    }

    /// reason | lock | missing | department | words
    #[test]
    fn a_refusal_names_the_lock_or_what_is_missing() {
        for (reason, lock, missing, department, says) in [
            (barred(None), Some(5), None, None, "lock of the account 5 on 38, by the client"),
            (barred(Some(ProviderId(1))), Some(5), None, None, "; no other way by a provider is left"),
            (
                Reason::Missing(Missing::Retail),
                None,
                Some(Missing::Retail),
                Some("marketing"),
                "forwarded call: no retail price",
            ),
            (Reason::Missing(Missing::Wholesale), None, Some(Missing::Wholesale), Some("b2b"), "no provider has"),
            (
                Reason::Missing(Missing::ExchangeRate),
                None,
                Some(Missing::ExchangeRate),
                Some("accounting"),
                "no exchange rate",
            ),
            (Reason::NotInWork, None, None, None, "not in work"),
        ] {
            let refusal = refusal(reason);
            assert_eq!((refusal.lock(), refusal.missing()), (lock, missing), "{reason:?}");
            assert_eq!(refusal.missing().and_then(Missing::department), department, "{reason:?}");
            let text = refusal.text(Language::English);
            assert!(text.contains(says), "{text}");
        }
    }
}
