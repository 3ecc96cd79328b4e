//! Explanations and checks in words, in the two languages of operators.
//!
//! Owns: the sentences, which a support agent may read to a customer as they stand.
//! Does not own: what is said (`explain`, `check`).
//! Always: amounts, identifiers and codes stand as they are; nothing is said in one language that is not said in the other.

use std::fmt;

use numbering::NotANumber;

use crate::check::{Answer, PriceLine, Verdict};
use crate::code::words;
use crate::explain::{FreeReason, Line};
use crate::lock::{LockAction, LockOrigin, LockScope};
use crate::money::RoundingMode;
use crate::price::Measure;
use crate::stored::Term;
use crate::terms::{DiscountLevel, ExchangeLevel};

words! {
    /// A language of operators.
    Language {
        /// Russian.
        Russian = "ru",
        /// English.
        English = "en",
    }
}

impl Language {
    /// One of two texts.
    pub(crate) const fn pick(self, russian: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Russian => russian,
            Self::English => english,
        }
    }
}

/// The step in English, as logs and tests show it.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emergency { code } => write!(f, "emergency code {code}: always allowed, free"),
            Self::Lock { id, scope, mask, origin, effective, action } => {
                let mark = if *effective { format!(", decides: {action}") } else { String::new() };
                write!(f, "{scope} lock {id} on {mask} by {origin}{mark}")
            }
            Self::Stored { term, found, stored } => {
                let shown = |value: &Option<String>| value.as_deref().unwrap_or("none").to_owned();
                let term = term_text(*term, Language::English);
                write!(f, "{term}: charged by {}, the catalogue now gives {}", shown(stored), shown(found))
            }
            Self::List { side, list, prefix, row, chosen } => match (prefix, row) {
                (Some(prefix), Some(row)) => {
                    write!(f, "{side} list {list}: prefix {prefix}, row {row}{}", if *chosen { ", taken" } else { "" })
                }
                _ => write!(f, "{side} list {list}: no valid row"),
            },
            Self::Free { reason: FreeReason::IncomingNotPriced } => {
                f.write_str("free: the plan does not price incoming calls")
            }
            Self::Free { reason: FreeReason::NonTarget } => f.write_str(
                "nothing is charged: the number called is ours and not in work, nobody pays for such a call",
            ),
            Self::AttemptFee { amount } => write!(f, "attempt fee {amount}"),
            Self::FreeSeconds { free_s } => write!(f, "shorter than {free_s} free seconds: 0"),
            Self::ConnectFee { amount } => write!(f, "connect fee {amount}"),
            Self::Tier {
                band,
                from_volume,
                from_s,
                seconds,
                covered_s,
                increment_s,
                price,
                unit_s,
                measure,
                amount,
            } => {
                let (begin, unit) = match measure {
                    Measure::Time => ("second", "s"),
                    Measure::Pieces => ("piece", "pcs"),
                };
                write!(f, "from {begin} {from_s}")?;
                if let Some(band) = band {
                    write!(f, ", {band}")?;
                }
                if let Some(step) = from_volume {
                    write!(f, ", volume above {step}")?;
                }
                write!(f, ": {seconds} {unit}")?;
                if *covered_s > 0 {
                    write!(f, ", {covered_s} {unit} of them included in bundles,")?;
                }
                write!(f, " in increments of {increment_s} {unit} at {price} per {unit_s} {unit} = {amount}")
            }
            Self::Bundle { bundle, period, included, before, used } => {
                write!(f, "bundle {bundle}, {period}: {used} used of {included}, {before} before")
            }
            Self::Volume { counter, period, before, added } => {
                write!(f, "volume {counter}, {period}: {before} before, {added} added")
            }
            Self::Discount { id, level, percent, amount } => {
                write!(f, "{level} discount {id} of {percent} %: {amount} is left")
            }
            Self::Conversion { id, level, from, to, rate, quantity, day, amount } => {
                write!(f, "{level} exchange rate {id} from {day}, {quantity} {from} = {rate} {to}: {amount} {to}")
            }
            Self::TaxAdded { percent, amount } => write!(f, "tax of {percent} % added: {amount}"),
            Self::Minimum { amount } => write!(f, "raised to the minimum {amount}"),
            Self::Maximum { amount } => write!(f, "cut to the maximum {amount}"),
            Self::Rounding { mode, decimals, exact, amount } => {
                write!(f, "rounded {mode} to {decimals} decimals: {exact} -> {amount}")
            }
            Self::TaxIncluded { percent, net, currency } => {
                write!(f, "tax {percent} % included, without tax {net} {currency}")
            }
        }
    }
}

impl Line {
    /// The step in words.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::Russian => self.russian(),
            Language::English => self.to_string(),
        }
    }

    fn russian(&self) -> String {
        match self {
            Self::Emergency { code } => format!("экстренный номер {code}: всегда разрешён, бесплатно"),
            Self::Lock { id, scope, mask, origin, effective, action } => {
                let scope = lock_text(*scope, Language::Russian);
                let origin = origin_text(*origin, Language::Russian);
                let action = match action {
                    LockAction::Charge => ", решает он: начисляется как обычно",
                    LockAction::Zero => ", решает он: клиенту не начисляется",
                    LockAction::Suspend => ", решает он: начисление откладывается",
                };
                format!("{scope} {id} на {mask}, {origin}{}", if *effective { action } else { "" })
            }
            Self::Stored { term, found, stored } => {
                let shown = |value: &Option<String>| value.as_deref().unwrap_or("нет").to_owned();
                let term = term_text(*term, Language::Russian);
                format!("{term}: начислено по {}, сейчас в справочниках {}", shown(stored), shown(found))
            }
            Self::List { side, list, prefix, row, chosen } => {
                let side = if *side == "retail" { "розничный" } else { "оптовый" };
                match (prefix, row) {
                    (Some(prefix), Some(row)) => {
                        let taken = if *chosen { ", выбран" } else { "" };
                        format!("{side} прайс-лист {list}: префикс {prefix}, строка {row}{taken}")
                    }
                    _ => format!("{side} прайс-лист {list}: действующей строки нет"),
                }
            }
            Self::Free { reason: FreeReason::IncomingNotPriced } => {
                "бесплатно: входящие звонки по тарифу не оплачиваются".into()
            }
            Self::Free { reason: FreeReason::NonTarget } => {
                "ничего не начислено: набран наш номер, который ни за кем не закреплён, такой звонок никто не оплачивает".into()
            }
            Self::AttemptFee { amount } => format!("плата за попытку {amount}"),
            Self::FreeSeconds { free_s } => format!("короче {free_s} бесплатных секунд: 0"),
            Self::ConnectFee { amount } => format!("плата за соединение {amount}"),
            Self::Tier {
                band,
                from_volume,
                from_s,
                seconds,
                covered_s,
                increment_s,
                price,
                unit_s,
                measure,
                amount,
            } => {
                let (begin, unit) = match measure {
                    Measure::Time => ("с секунды", "с"),
                    Measure::Pieces => ("с единицы", "ед."),
                };
                let band = band.as_ref().map(|band| format!(", {band}")).unwrap_or_default();
                let step = from_volume.map(|step| format!(", объём свыше {step}")).unwrap_or_default();
                let covered = if *covered_s > 0 {
                    format!(", из них {covered_s} {unit} по пакетам,")
                } else {
                    String::new()
                };
                format!(
                    "{begin} {from_s}{band}{step}: {seconds} {unit}{covered} с шагами по {increment_s} {unit}, {price} за {unit_s} {unit} = {amount}"
                )
            }
            Self::Bundle { bundle, period, included, before, used } => {
                format!("пакет {bundle}, {period}: использовано {used} из {included}, ранее {before}")
            }
            Self::Volume { counter, period, before, added } => {
                format!("объём {counter}, {period}: ранее {before}, добавлено {added}")
            }
            Self::Discount { id, level, percent, amount } => {
                let level = match level {
                    DiscountLevel::Personal => "персональная",
                    DiscountLevel::Group => "групповая",
                    DiscountLevel::Promo => "акционная",
                };
                format!("{level} скидка {id}, {percent} %: остаётся {amount}")
            }
            Self::Minimum { amount } => format!("поднято до минимума {amount}"),
            Self::Maximum { amount } => format!("ограничено максимумом {amount}"),
            Self::Conversion { id, level, from, to, rate, quantity, day, amount } => {
                let level = match level {
                    ExchangeLevel::Personal => "персональный",
                    ExchangeLevel::Group => "групповой",
                    ExchangeLevel::General => "общий",
                };
                format!("{level} курс {id} с {day}, {quantity} {from} = {rate} {to}: {amount} {to}")
            }
            Self::TaxAdded { percent, amount } => format!("добавлен налог {percent} %: {amount}"),
            Self::Rounding { mode, decimals, exact, amount } => {
                let mode = match mode {
                    RoundingMode::HalfUp => "арифметически",
                    RoundingMode::Up => "вверх",
                    RoundingMode::HalfEven => "к чётному",
                    RoundingMode::Down => "вниз",
                };
                format!("округлено {mode}, знаков после запятой {decimals}: {exact} -> {amount}")
            }
            Self::TaxIncluded { percent, net, currency } => {
                format!("в том числе налог {percent} %, без налога {net} {currency}")
            }
        }
    }
}

const fn term_text(term: Term, language: Language) -> &'static str {
    match term {
        Term::Discount => language.pick("скидка", "discount"),
        Term::ExchangeRate => language.pick("курс валюты", "exchange rate"),
        Term::WholesaleExchangeRate => language.pick("курс валюты опта", "wholesale exchange rate"),
        Term::Tax => language.pick("налог", "tax"),
        Term::Lock => language.pick("запрет", "lock"),
        Term::LockAction => language.pick("действие запрета", "effect of the lock"),
    }
}

pub(crate) const fn lock_text(scope: LockScope, language: Language) -> &'static str {
    match scope {
        LockScope::Local => language.pick("запрет лицевого счёта", "lock of the account"),
        LockScope::Global => language.pick("общий запрет", "global lock"),
    }
}

pub(crate) const fn origin_text(origin: LockOrigin, language: Language) -> &'static str {
    match origin {
        LockOrigin::Client => language.pick("по просьбе клиента", "by the client"),
        LockOrigin::Operator => language.pick("оператора", "by the operator"),
        LockOrigin::Fraud => language.pick("антифрода", "by fraud control"),
    }
}

/// Why a dialled text is no number, in words.
pub fn not_a_number(fault: NotANumber, language: Language) -> String {
    let russian = match fault {
        NotANumber::Empty => "номер пуст",
        NotANumber::NotDigits => "в номере не только цифры",
        NotANumber::NoRule => "ни одно правило источника не подходит к началу номера",
        NotANumber::TooShort => "номер короче 7 цифр и не известен как короткий",
        NotANumber::TooLong => "номер длиннее 15 цифр E.164",
        NotANumber::LeadingZero => "международный номер начинается с 0",
    };
    match language {
        Language::Russian => russian.to_owned(),
        Language::English => fault.to_string(),
    }
}

impl Verdict {
    pub(crate) const fn text(self, language: Language) -> &'static str {
        match self {
            Self::Ok => {
                language.pick("со стороны тарифов ничто не мешает", "as far as prices go nothing stands in the way")
            }
            Self::Partial => language.pick(
                "розничная цена есть только у части номеров этого префикса",
                "only some numbers of this prefix have a retail price",
            ),
            Self::NoRetailPrice => language
                .pick("нет розничной цены: звонок нельзя тарифицировать", "no retail price: the call cannot be rated"),
            Self::NoWholesalePrice => {
                language.pick("ни у одного провайдера нет оптовой цены", "no provider has a wholesale price")
            }
            Self::NoExchangeRate => language.pick(
                "нет курса, по которому цена пересчитывается в валюту лицевого счёта",
                "no exchange rate turns the price into the currency of the account",
            ),
            Self::Emergency => language
                .pick("экстренный номер: всегда разрешён, бесплатно", "an emergency number: always allowed, free"),
        }
    }
}

fn price_line(line: Option<&PriceLine>, language: Language) -> String {
    let Some(line) = line else { return language.pick("нет", "none").into() };
    let mut parts = vec![format!("{} {}: {} {}", line.list, line.prefix, line.tiers, line.currency)];
    if !line.connect_fee.is_zero() {
        parts.push(format!("{} {}", language.pick("соединение", "connection"), line.connect_fee));
    }
    if let Some(incoming_service) = &line.incoming_service {
        parts.push(format!("{} {incoming_service}", language.pick("входящая услуга", "incoming service")));
    }
    for variant in &line.variants {
        let band = variant.band.as_deref().unwrap_or_default();
        let step = match variant.from_volume {
            0 => String::new(),
            from => format!("{} {from}", language.pick("объём свыше", "volume above")),
        };
        parts.push(format!(
            "{band}{}{step} {}",
            if band.is_empty() || step.is_empty() { "" } else { " " },
            variant.tiers
        ));
    }
    parts.join(", ")
}

impl Answer {
    /// The verdict in words, which name no side that has no price.
    pub fn verdict_text(&self, language: Language) -> String {
        let verdict = self.verdict.text(language);
        if self.verdict != Verdict::Ok {
            return verdict.to_owned();
        }
        let priced = match (self.priced.contains(&"retail"), self.priced.contains(&"wholesale")) {
            (true, true) => language.pick("цены есть, розничная и оптовая", "priced retail and wholesale"),
            (true, false) => language.pick("розничная цена есть", "priced retail"),
            // Without a retail price only what the plan leaves free is in order.
            (false, true) => language.pick(
                "для клиента бесплатно по тарифу, оптовая цена есть",
                "free to the client by the plan, priced wholesale",
            ),
            (false, false) => language.pick("бесплатно по тарифу", "free by the plan"),
        };
        format!("{priced}: {verdict}")
    }

    /// The answer in words, a line each; prices as `from second:increment@price/unit`.
    pub fn text(&self, language: Language) -> Vec<String> {
        let mut lines = vec![self.verdict_text(language)];
        if let Some(department) = self.department {
            lines.push(format!("{}: {department}", language.pick("запрос в отдел", "request to the department")));
        }
        if let Some(home) = &self.ported {
            lines.push(format!(
                "{} {home}",
                language.pick("номер перенесён, цена как у номеров на", "ported, priced as numbers that begin with")
            ));
        }
        if self.locks.is_empty() {
            lines.push(language.pick("запретов нет", "no locks").into());
        }
        for lock in &self.locks {
            let scope = lock_text(lock.scope, language);
            let through = lock.provider.as_ref().map(|provider| format!(" ({provider})")).unwrap_or_default();
            let decides = if lock.effective { language.pick(", решает он", ", decides") } else { "" };
            lines.push(format!("{scope} {}: {}{through}{decides}", lock.id, lock.mask));
        }
        lines.push(format!("{}: {}", language.pick("розница", "retail"), price_line(self.retail.as_ref(), language)));
        for provider in &self.providers {
            lines.push(format!(
                "{}: {} {}; {} {}",
                provider.provider,
                language.pick("розница", "retail"),
                price_line(provider.retail.as_ref(), language),
                language.pick("опт", "wholesale"),
                price_line(provider.wholesale.as_ref(), language),
            ));
        }
        if let Some(below) = &self.below {
            let unknown = || "-".to_owned();
            lines.push(format!(
                "{}: {}, {} {} .. {}, {} {}",
                language.pick("строк ниже префикса", "lines below the prefix"),
                below.lines,
                language.pick("минута", "a minute"),
                below.minute_min.clone().unwrap_or_else(unknown),
                below.minute_max.clone().unwrap_or_else(unknown),
                language.pick("запретов", "locks"),
                below.locks.len(),
            ));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Money};

    /// Every step has a text in both languages, and both name the same amounts.
    #[test]
    fn steps_say_the_same_in_both_languages() {
        let amount = Money::parse("12.5").unwrap();
        let text = || "12.5".to_owned();
        let currency = Currency::RUB;
        let day = chrono::NaiveDate::default();
        let steps = [
            Line::Emergency { code: "112".into() },
            Line::Lock {
                id: 5,
                scope: LockScope::Local,
                mask: "38".into(),
                origin: LockOrigin::Fraud,
                effective: true,
                action: LockAction::Suspend,
            },
            Line::List { side: "retail", list: "r".into(), prefix: Some("38".into()), row: Some(5), chosen: true },
            Line::List { side: "wholesale", list: "r".into(), prefix: None, row: None, chosen: false },
            Line::Free { reason: FreeReason::IncomingNotPriced },
            Line::Free { reason: FreeReason::NonTarget },
            Line::Stored { term: Term::Discount, found: None, stored: Some("5 (10 %)".into()) },
            Line::Stored { term: Term::Tax, found: Some("20 %".into()), stored: Some("22 %".into()) },
            Line::AttemptFee { amount },
            Line::FreeSeconds { free_s: 5 },
            Line::ConnectFee { amount },
            Line::Tier {
                band: Some("night".into()),
                from_volume: Some(600),
                from_s: 5,
                seconds: 60,
                covered_s: 7,
                increment_s: 6,
                price: amount,
                unit_s: 60,
                measure: Measure::Time,
                amount: text(),
            },
            Line::Tier {
                band: None,
                from_volume: None,
                from_s: 0,
                seconds: 3,
                covered_s: 0,
                increment_s: 1,
                price: amount,
                unit_s: 1,
                measure: Measure::Pieces,
                amount: text(),
            },
            Line::Bundle { bundle: "hundred".into(), period: day, included: 6000, before: 60, used: 12 },
            Line::Volume { counter: "month".into(), period: day, before: 60, added: 12 },
            Line::Discount { id: 5, level: DiscountLevel::Promo, percent: text(), amount: text() },
            Line::Minimum { amount },
            Line::Maximum { amount },
            Line::Conversion {
                id: 5,
                level: ExchangeLevel::General,
                from: currency,
                to: currency,
                rate: amount,
                quantity: 100,
                day,
                amount: text(),
            },
            Line::TaxAdded { percent: text(), amount: text() },
            Line::Rounding { mode: RoundingMode::HalfEven, decimals: 4, exact: text(), amount },
            Line::TaxIncluded { percent: text(), net: amount, currency },
        ];
        let figures = |text: &str| -> Vec<String> {
            let mut figures: Vec<String> = text
                .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
                .map(|word| word.trim_matches('.').to_owned())
                .filter(|word| !word.is_empty())
                .collect();
            figures.sort();
            figures
        };
        for step in steps {
            let (russian, english) = (step.text(Language::Russian), step.text(Language::English));
            assert!(russian != english && figures(&russian) == figures(&english), "{russian} | {english}");
            assert!(russian.chars().any(|letter| ('а'..='я').contains(&letter)), "{russian}");
        }
    }
}
