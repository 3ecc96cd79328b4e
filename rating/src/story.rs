//! A charge in words, from the call to the price: what a support agent reads to a customer.
//!
//! Owns: the sentences around the steps: what was used and when, what it costs, whether pricing it again gives the same, and if not, why.
//! Does not own: the sentences of the steps (`wording`).
//! Always: nothing of what a provider charges us; nothing is said in one language that is not said in the other.

use chrono::DateTime;
use chrono_tz::Tz;

use crate::code::Service;
use crate::explain::Line;
use crate::explanation::Explanation;
use crate::price::{Measure, Usage};
use crate::replay::{Reason, Replayed, StoredCharge};
use crate::wording::Language;

/// What was used, and when.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Service.
    pub service: Service,
    /// Dialled number.
    pub number: &'a str,
    /// Moment of the answer (set-up of an attempt), on the clock that the customer lives by.
    pub at: DateTime<Tz>,
    /// How much.
    pub usage: Usage,
}

impl Subject<'_> {
    fn text(&self, language: Language) -> String {
        let Self { service, number, at, usage } = self;
        let amount = match (usage.answered, usage.measure) {
            (false, _) => language.pick("без ответа", "not answered").to_owned(),
            (true, Measure::Time) => {
                let text = thousandths(usage.duration_ms);
                format!("{text} {}", language.pick("с", "s"))
            }
            (true, Measure::Pieces) => format!("{} {}", usage.duration_ms / 1000, language.pick("ед.", "pcs")),
        };
        let moment = at.format("%d.%m.%Y %H:%M:%S");
        format!("{}: {number}, {moment} ({}), {amount}", service_text(*service, language), at.timezone())
    }
}

fn thousandths(value: u64) -> String {
    let text = format!("{}.{:03}", value / 1000, value % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(crate) const fn service_text(service: Service, language: Language) -> &'static str {
    match service {
        Service::Outgoing => language.pick("исходящий звонок", "outgoing call"),
        Service::Incoming => language.pick("входящий звонок", "incoming call"),
        Service::TollFree => language.pick("звонок на бесплатный номер", "toll-free call"),
        Service::Forwarded => language.pick("переадресация", "forwarded call"),
        Service::Internal => language.pick("внутренний звонок", "internal call"),
        Service::Message => language.pick("сообщения", "messages"),
        Service::Data => language.pick("передача данных", "data"),
        Service::Recording => language.pick("запись разговора", "call recording"),
        Service::UnlimitedRecording => language.pick("запись разговоров без ограничений", "unlimited call recording"),
    }
}

impl Reason {
    /// The reason in words.
    pub const fn text(self, language: Language) -> &'static str {
        match self {
            Self::NoPriceNow => language.pick(
                "справочники версии начисления больше не дают цены: строка, план или лицевой счёт изменены в обход версий",
                "the catalogue of the charge's version gives no price any more: a row, a plan or the account was changed past the versions",
            ),
            Self::OtherRow => language.pick(
                "цену даёт другая строка прайс-листа: план, слой или строка изменены в обход версий",
                "another row of a price list prices it: a plan, a layer or a row was changed past the versions",
            ),
            Self::DiscountGone => language.pick(
                "скидки, по которой начислено, в справочнике больше нет",
                "the discount that it was charged with is in the catalogue no more",
            ),
            Self::OtherBundle => language.pick(
                "пакет покрывает звонок иначе: его условия изменены в обход версий",
                "a bundle covers it otherwise: its terms were changed past the versions",
            ),
            Self::OtherBilling => language.pick(
                "строка тарифицирует другое число секунд: изменены её условия, временной диапазон или праздники",
                "the row bills another number of seconds: its terms, a time band or the holidays were changed",
            ),
            Self::AmountAltered => language.pick(
                "строка, условия и секунды те же, отличается только сумма: запись изменена помимо тарификации, или у прайс-листа изменено округление",
                "row, terms and seconds are the same and only an amount differs: the record was altered past the rating, or the rounding of the list was changed",
            ),
            Self::OtherSetting => language.pick(
                "суммы те же, изменена настройка или лицевой счёт",
                "the amounts are the same; a setting or the account was changed",
            ),
        }
    }
}

/// The call, its price and every step of it that concerns the customer.
pub fn tell(subject: &Subject<'_>, explanation: &Explanation, language: Language) -> Vec<String> {
    let price = match explanation.refusal {
        Some(code) => format!("{}: {code}", language.pick("не тарифицируется", "cannot be rated")),
        None => format!("{}: {}", language.pick("к оплате", "to pay"), explanation.result()),
    };
    let lines = explanation.retail_lines();
    // Lists that were looked through for nothing matter only where none gave a price.
    let is_chosen = |line: &Line| matches!(line, Line::List { chosen: true, .. });
    let is_priced = lines.iter().any(is_chosen);
    let told = lines.iter().filter(|line| !is_priced || is_chosen(line) || !matches!(line, Line::List { .. }));
    let steps = told.map(|line| format!("- {}", line.text(language)));
    [subject.text(language), price].into_iter().chain(steps).collect()
}

/// What pricing a charge again says about it.
pub fn verdict(charge: &StoredCharge, replayed: &Replayed, language: Language) -> Vec<String> {
    if replayed.agrees() {
        let same = language.pick(
            "пересчёт по справочникам того времени даёт то же самое, версия",
            "priced again by the catalogue of its time it is the same, version",
        );
        return vec![format!("{same} {}", charge.version)];
    }
    let differs = language.pick(
        "пересчёт по справочникам того времени даёт другое, версия",
        "priced again by the catalogue of its time it is something else, version",
    );
    let mut lines = vec![format!("{differs} {}", charge.version)];
    if let Err(code) = replayed.price {
        lines.push(format!("- {}: {code}", language.pick("не тарифицируется", "cannot be rated")));
    }
    let (stored, found) = (language.pick("начислено", "charged"), language.pick("пересчитано", "priced again"));
    // The customer is told what he pays; what differs wholesale is for staff and stands in the data.
    let of_customer = replayed.differences.iter().filter(|difference| !difference.figure.starts_with("wholesale"));
    lines.extend(of_customer.map(|difference| {
        format!("- {}: {stored} {}, {found} {}", difference.figure, difference.stored, difference.found)
    }));
    lines.extend(replayed.reason().map(|reason| reason.text(language).to_owned()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sentence exists in both languages, and the Russian one in Cyrillic.
    #[test]
    fn both_languages_say_it() {
        let cyrillic = |text: &str| text.chars().any(|letter| ('а'..='я').contains(&letter));
        for reason in Reason::ALL {
            assert!(cyrillic(reason.text(Language::Russian)) && !cyrillic(reason.text(Language::English)), "{reason}");
        }
        for service in Service::ALL {
            let text = |language| service_text(*service, language);
            assert!(cyrillic(text(Language::Russian)) && !cyrillic(text(Language::English)), "{service}");
        }
    }

    /// what | text
    #[test]
    fn a_usage_in_words() {
        let at = "2026-11-02T08:00:00Z".parse::<DateTime<chrono::Utc>>().unwrap();
        let at = at.with_timezone(&chrono_tz::Europe::Moscow);
        for (service, usage, russian) in [
            (
                Service::Outgoing,
                Usage::call(75_000),
                "исходящий звонок: 79161234567, 02.11.2026 11:00:00 (Europe/Moscow), 75 с",
            ),
            (
                Service::Incoming,
                Usage::call(1_500),
                "входящий звонок: 79161234567, 02.11.2026 11:00:00 (Europe/Moscow), 1.5 с",
            ),
            (
                Service::Outgoing,
                Usage::ATTEMPT,
                "исходящий звонок: 79161234567, 02.11.2026 11:00:00 (Europe/Moscow), без ответа",
            ),
            (Service::Message, Usage::event(3), "сообщения: 79161234567, 02.11.2026 11:00:00 (Europe/Moscow), 3 ед."),
        ] {
            let subject = Subject { service, number: "79161234567", at, usage };
            assert_eq!(subject.text(Language::Russian), russian);
        }
    }
}
