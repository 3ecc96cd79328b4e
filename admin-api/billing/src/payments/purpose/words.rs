//! The words of purposes that say what a number is.
//!
//! Owns: their lists, cases and short forms.
//! Does not own: what the numbers behind them are taken for (`purpose`).
//! Always: pure; words are asked for in lower case with `е` for `ё`.

/// What a word says of the number behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Marker {
    Account,
    Invoice,
    Contract,
    Inn,
    /// An account of a bank.
    Bank,
    /// Something else that has numbers and sums: a phone, an act, the tax.
    Other,
}

impl Marker {
    /// How many words may stand between it and the sign of a number.
    pub(super) const fn words_between(self) -> usize {
        match self {
            // «договор об оказании услуг местной и междугородной телефонной связи № 17»
            Self::Contract => 12,
            Self::Invoice => 6,
            Self::Account | Self::Inn | Self::Bank | Self::Other => 2,
        }
    }
}

/// Short forms, longer ones before those with which they begin. No letter follows them.
const SHORT: &[(&str, Marker)] = &[
    ("сч/ф", Marker::Invoice),
    ("сч-ф", Marker::Invoice),
    ("с/ф", Marker::Invoice),
    ("с-ф", Marker::Invoice),
    ("сф", Marker::Invoice),
    ("л/с", Marker::Account),
    ("лс", Marker::Account),
    ("a/c", Marker::Account),
    ("р/с", Marker::Bank),
    ("к/с", Marker::Bank),
    ("инн/кпп", Marker::Inn),
    ("инн", Marker::Inn),
    ("inn", Marker::Inn),
    ("в т.ч", Marker::Other),
    ("б/н", Marker::Other),
    ("д/с", Marker::Other),
];

/// «Счёт» in its cases.
const INVOICE_WORDS: &[&str] =
    &["счет", "счета", "счету", "счете", "счетом", "счетов", "счетам", "счетами", "счетах", "сч", "счф"];
/// Beginnings of words of something else that has numbers.
const OTHER_STEMS: &[&str] = &["накладн", "заявк", "сумм", "спецификац", "приложен", "соглашен", "платежн", "паспорт"];
/// The same as whole words.
const OTHER_WORDS: &[&str] = &[
    "акт",
    "акта",
    "акту",
    "актом",
    "акте",
    "акты",
    "актам",
    "актов",
    "заказ",
    "заказа",
    "заказу",
    "упд",
    "ттн",
    "ндс",
    "vat",
    "тел",
    "телефон",
    "телефона",
    "телефону",
    "бик",
    "кпп",
    "огрн",
    "уин",
    "уип",
    "кбк",
    "октмо",
    "окато",
    "доп",
];
/// Words that may stand between a marker and a number without a sign.
pub(super) const BESIDE: &[&str] = &[
    "оплату",
    "оплаты",
    "фактура",
    "фактуре",
    "фактуры",
    "фактуру",
    "фактурам",
    "фактур",
    "ф",
    "абонента",
    "клиента",
    "плательщика",
];
/// What stands behind a sum or a quantity.
pub(super) const UNITS: &[&str] = &["руб", "р.", "коп", "rub", "rur", "₽", "%", "eur", "usd", "шт", "мин", "мес"];
/// Forms of those for whom somebody pays.
pub(super) const FORMS: &[&str] = &[
    "ооо", "оао", "зао", "пао", "нао", "ао", "ип", "ано", "нко", "тсж", "тсн", "снт", "гск", "муп", "гуп", "фгуп",
    "гбу", "мбу", "фгбу", "гку", "пк", "кфх",
];

/// The letters with which a text begins.
pub(super) fn letters(text: &str) -> &str {
    &text[..text.find(|letter: char| !letter.is_alphabetic()).unwrap_or(text.len())]
}

/// The marker with which a text begins, and what follows it.
pub(super) fn marker(text: &str) -> Option<(Marker, &str)> {
    for (short, marker) in SHORT {
        let Some(after) = text.strip_prefix(*short) else { continue };
        // «л/счет», «р/сч»
        let after =
            if short.ends_with("/с") && after.starts_with('ч') { &after[letters(after).len()..] } else { after };
        if !after.starts_with(char::is_alphabetic) {
            return Some((*marker, after));
        }
    }
    let word = letters(text);
    let after = &text[word.len()..];
    let marker = word_marker(word, after)?;
    if matches!(marker, Marker::Account | Marker::Bank) {
        // «лицевой счет», «расч. счет»
        let next = after.trim_start_matches([' ', '.']);
        let noun = letters(next);
        if INVOICE_WORDS.contains(&noun) {
            return Some((marker, &next[noun.len()..]));
        }
    }
    Some((marker, after))
}

fn word_marker(word: &str, after: &str) -> Option<Marker> {
    let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    match word {
        "дог" | "догов" | "contract" | "agreement" => Some(Marker::Contract),
        "inv" | "invoice" | "invoices" => Some(Marker::Invoice),
        "account" | "acct" => Some(Marker::Account),
        // «физических лиц» is no account.
        "лиц" => (after.starts_with('.') || after.trim_start().starts_with("сч")).then_some(Marker::Account),
        _ if INVOICE_WORDS.contains(&word) || begins(&["инвойс"]) => Some(Marker::Invoice),
        _ if begins(&["договорен", "договорн"]) => None,
        _ if begins(&["договор", "контракт", "госконтракт"]) => Some(Marker::Contract),
        _ if begins(&["лицев"]) => Some(Marker::Account),
        "расч" | "корр" => Some(Marker::Bank),
        _ if begins(&["расчетн", "корресп", "банковск"]) => Some(Marker::Bank),
        _ if OTHER_WORDS.contains(&word) || begins(OTHER_STEMS) => Some(Marker::Other),
        _ => None,
    }
}
