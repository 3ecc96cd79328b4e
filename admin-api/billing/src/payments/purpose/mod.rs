//! What the purpose of a payment names: accounts, invoices, contracts, INNs, and for whom else somebody pays.
//!
//! Owns: lists of numbers, dates behind them, what is a sum and no number.
//! Does not own: which words say what (`words`), whether there is such an account, invoice or contract (`matching`).
//! Always: pure; a number belongs to the nearest word before it that says what it is; what nothing says anything of is a code of an account or nothing.
//! Start reading at [`read`].

mod words;

use chrono::NaiveDate;

use self::words::{BESIDE, FORMS, Marker, UNITS, letters, marker};

/// A number of an invoice or a contract.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberNamed {
    /// In upper case, otherwise as it was written.
    pub number: String,
    /// Its date, if one was written beside it.
    pub date: Option<NaiveDate>,
}

/// A code of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountNamed {
    /// In upper case, otherwise as it was written.
    pub code: String,
    /// Whether a word before it says that it is an account; else it only looks like one.
    pub marked: bool,
}

/// What a purpose names, each thing once, in the order of the text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Named {
    /// Accounts.
    pub accounts: Vec<AccountNamed>,
    /// Invoices.
    pub invoices: Vec<NumberNamed>,
    /// Contracts.
    pub contracts: Vec<NumberNamed>,
    /// INNs whose check digits fit.
    pub inns: Vec<String>,
    /// INNs whose check digits do not fit.
    pub broken_inns: Vec<String>,
    /// The company or sole proprietor for whom somebody pays, in upper case, without its form.
    pub third_party: Option<String>,
}

/// Signs between a marker and a number.
const BETWEEN: [char; 10] = [' ', '.', ':', ',', '-', '(', '"', '«', '/', '='];
/// Letters of a purpose that are read: banks pass on a few hundred.
const PURPOSE_CHARS_MAX: usize = 2_000;
/// Longest number.
const NUMBER_CHARS_MAX: usize = 40;
/// Most words of a name without quotation marks.
const NAME_WORDS_MAX: usize = 3;

/// Reads a purpose. `is_code`: which words may be codes of accounts; it is asked with words in upper case.
pub fn read(purpose: &str, is_code: &dyn Fn(&str) -> bool) -> Named {
    let text = plain(purpose);
    let mut named = Named::default();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        rest = if first.is_alphanumeric() { named.word(rest, is_code) } else { &rest[first.len_utf8()..] };
    }
    named
}

impl Named {
    /// Takes what begins with a word; what is left.
    fn word<'t>(&mut self, rest: &'t str, is_code: &dyn Fn(&str) -> bool) -> &'t str {
        let (token, after) = token(rest);
        if is_code(&token.to_uppercase()) && !is_sum(token, after) {
            self.account(token, false);
            return after;
        }
        if let Some((marker, after)) = marker(rest) {
            return self.marked(marker, after, is_code);
        }
        let word = letters(rest);
        if word == "за"
            && let Some((name, after)) = third_party(&rest[word.len()..])
        {
            self.third_party.get_or_insert(name);
            return after;
        }
        // A number is passed over whole, so that its parts are nothing.
        if word.is_empty() { after } else { &rest[word.len()..] }
    }

    /// Takes what stands behind a marker; what is left.
    fn marked<'t>(&mut self, marker: Marker, after: &'t str, is_code: &dyn Fn(&str) -> bool) -> &'t str {
        if marker == Marker::Inn {
            return self.inn(after);
        }
        let Some((numbers, rest)) = numbers(marker, after) else { return after };
        if marker == Marker::Invoice {
            // «счет А-000042»: many call an account so. Plain digits stay the number of an invoice.
            let has_letters = |number: &str| number.contains(char::is_alphabetic);
            let codes = numbers.iter().filter(|named| has_letters(&named.number) && is_code(&named.number));
            codes.for_each(|named| self.account(&named.number, false));
        }
        let known = match marker {
            Marker::Invoice => &mut self.invoices,
            Marker::Contract => &mut self.contracts,
            Marker::Account => {
                // What has not the form of a code is an account of another's: of a treasury, of a house.
                numbers
                    .iter()
                    .filter(|named| is_code(&named.number))
                    .for_each(|named| self.account(&named.number, true));
                return rest;
            }
            Marker::Inn | Marker::Bank | Marker::Other => return rest,
        };
        for number in numbers {
            if !known.contains(&number) {
                known.push(number);
            }
        }
        rest
    }

    fn account(&mut self, code: &str, marked: bool) {
        let code = code.to_uppercase();
        match self.accounts.iter_mut().find(|known| known.code == code) {
            Some(known) => known.marked |= marked,
            None => self.accounts.push(AccountNamed { code, marked }),
        }
    }

    fn inn<'t>(&mut self, after: &'t str) -> &'t str {
        let mut rest = after;
        for _ in 0..=Marker::Inn.words_between() {
            rest = rest.trim_start_matches(BETWEEN).trim_start_matches(['№', ' ']);
            let end = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, behind) = rest.split_at(end);
            if digits.len() == 10 || digits.len() == 12 {
                let list = if crate::parties::inn_ok(digits) { &mut self.inns } else { &mut self.broken_inns };
                if !list.iter().any(|known| known == digits) {
                    list.push(digits.to_owned());
                }
                // A KPP behind a stroke.
                return behind.trim_start_matches(['/', '\\']).trim_start_matches(|sign: char| sign.is_ascii_digit());
            }
            let word = letters(rest);
            if word.is_empty() || (marker(rest).is_some() && word != "кпп") {
                break;
            }
            rest = &rest[word.len()..];
        }
        after
    }
}

/// A text in which only what matters differs: lower case, `е` for `ё`, one kind of blank and of dash. What is too long ends with its last whole word.
fn plain(text: &str) -> String {
    let even = |letter: char| match letter {
        'ё' => 'е',
        '–' | '—' | '‑' | '−' => '-',
        '”' | '“' | '„' => '"',
        other if other.is_whitespace() || other.is_control() => ' ',
        other => other,
    };
    let mut plain: String = text.chars().take(PURPOSE_CHARS_MAX).flat_map(char::to_lowercase).map(even).collect();
    if text.chars().nth(PURPOSE_CHARS_MAX).is_some() {
        plain.truncate(plain.rfind(' ').unwrap_or_default());
    }
    plain
}

/// A word as numbers are written: letters and digits with strokes and dashes inside, and points between digits. And what follows it.
fn token(text: &str) -> (&str, &str) {
    let mut end = 0;
    let mut before = ' ';
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let next = signs.peek().map_or(' ', |(_, next)| *next);
        let inside = sign.is_alphanumeric()
            || ("/-_\\".contains(sign) && before.is_alphanumeric() && next.is_alphanumeric())
            || (sign == '.' && before.is_ascii_digit() && next.is_ascii_digit());
        if !inside {
            break;
        }
        end = at + sign.len_utf8();
        before = sign;
    }
    text.split_at(end)
}

/// The numbers behind a marker, and what follows them: `№ 123, 124 и 125 от 01.02.2026`. Without a sign a number has to stand right behind the marker.
fn numbers(marker: Marker, after: &str) -> Option<(Vec<NumberNamed>, &str)> {
    let mut rest = after;
    let mut words = marker.words_between();
    let mut beside = true;
    let mut date = None;
    loop {
        rest = rest.trim_start_matches(BETWEEN);
        if let Some(behind) = sign(rest) {
            let (number, behind) = number(behind, true)?;
            return Some(list(number, date, behind));
        }
        if let Some((day, behind)) = dated(rest) {
            (date, rest) = (Some(day), behind);
            continue;
        }
        if let Some((number, behind)) = number(rest, false) {
            return beside.then(|| list(number, date, behind));
        }
        let word = letters(rest);
        if word.is_empty() || words::marker(rest).is_some() {
            return None;
        }
        rest = &rest[word.len()..];
        // «счет на оплату 123», but not «счет на 3270».
        let is_beside = BESIDE.contains(&word) || (word == "на" && letters(rest.trim_start()) == "оплату");
        if !is_beside {
            beside = false;
            words = words.checked_sub(1)?;
        }
    }
}

/// The numbers that go on with the first one.
fn list<'t>(first: &str, date: Option<NaiveDate>, rest: &'t str) -> (Vec<NumberNamed>, &'t str) {
    let mut rest = rest;
    let mut named = NumberNamed { number: first.to_uppercase(), date };
    let mut found = Vec::new();
    loop {
        if let Some((day, behind)) = dated(rest) {
            named.date = Some(day);
            rest = behind;
        }
        found.push(named);
        let Some((number, behind)) = next_number(rest) else { return (found, rest) };
        named = NumberNamed { number: number.to_uppercase(), date: None };
        rest = behind;
    }
}

fn next_number(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.trim_start();
    let word = letters(rest);
    let behind =
        if word == "и" || word == "and" { Some(&rest[word.len()..]) } else { rest.strip_prefix([',', ';', '+', '&']) };
    let next = behind.unwrap_or(rest).trim_start();
    match sign(next) {
        Some(signed) => number(signed, true),
        None if behind.is_some() && next.starts_with(|sign: char| sign.is_ascii_digit()) => number(next, false),
        None => None,
    }
}

/// What follows the sign of a number; `None`: there is none.
fn sign(text: &str) -> Option<&str> {
    let signs = ['№', '#', ' ', '.', ':', '°'];
    if text.starts_with(['№', '#']) {
        return Some(text.trim_start_matches(signs));
    }
    let word = letters(text);
    let is_sign = ["n", "no", "nr", "номер", "номером", "номера", "ном"].contains(&word);
    is_sign.then(|| text[word.len()..].trim_start_matches(signs))
}

/// The number with which a text begins, and what follows it. Without a sign before it, it may be neither a date nor a sum.
fn number(text: &str, signed: bool) -> Option<(&str, &str)> {
    let (whole, _) = token(text);
    let number = &whole[..glued_date(whole).unwrap_or(whole.len())];
    let behind = &text[number.len()..];
    let fits = number.contains(|sign: char| sign.is_ascii_digit())
        && number.chars().count() <= NUMBER_CHARS_MAX
        && (signed || (day(number).is_none() && !is_sum(number, behind)));
    fits.then_some((number, behind))
}

/// Where «от» begins in `17/2026от01.02.2026`.
fn glued_date(token: &str) -> Option<usize> {
    let is_digit = |sign: char| sign.is_ascii_digit();
    let from = token.match_indices("от").find(|(at, from)| {
        let behind = &token[at + from.len()..];
        token[..*at].ends_with(is_digit) && (behind.is_empty() || behind.starts_with(is_digit))
    });
    from.map(|(at, _)| at)
}

/// The date that a text begins with after «от», and what follows it.
fn dated(text: &str) -> Option<(NaiveDate, &str)> {
    let text = text.trim_start_matches([' ', ',', '(']);
    let word = letters(text);
    if !["от", "from", "dated", "dd"].contains(&word) {
        return None;
    }
    let text = text[word.len()..].trim_start_matches([' ', '.', ':']);
    let end = text.find(|sign: char| !(sign.is_ascii_digit() || "./-".contains(sign))).unwrap_or(text.len());
    let written = text[..end].trim_end_matches(['.', '/', '-']);
    let day = day(written)?;
    let behind = text[written.len()..].trim_start();
    let year = letters(behind);
    let behind = if ["г", "года"].contains(&year) { behind[year.len()..].trim_start_matches('.') } else { behind };
    Some((day, behind))
}

/// A day as people write it: `01.02.2026`, `1.2.26`, `2026-02-01`.
fn day(text: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = text.split(['.', '/', '-']).collect();
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    let number = |text: &str| -> Option<u32> {
        let fits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { text.parse().ok() } else { None }
    };
    let century = match year.len() {
        2 => 2000,
        4 => 0,
        _ => return None,
    };
    NaiveDate::from_ymd_opt(century + i32::try_from(number(year)?).ok()?, number(month)?, number(day)?)
}

/// Whether a number is a sum, a quantity or a year: it has kopecks, or what follows says so.
fn is_sum(number: &str, behind: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if number.contains(char::is_alphabetic) {
        return false;
    }
    let has_kopecks =
        number.split_once('.').is_some_and(|(whole, part)| part.len() == 2 && is_digits(whole) && is_digits(part));
    let kopecks = behind.strip_prefix(',').and_then(|rest| rest.get(..2)).filter(|part| is_digits(part));
    let unit = kopecks.map_or(behind, |part| &behind[1 + part.len()..]).trim_start();
    let is_year = number.len() == 4 && number.starts_with("20") && unit.starts_with('г');
    has_kopecks || kopecks == Some("00") || is_year || UNITS.iter().any(|word| unit.starts_with(word))
}

/// The name of a company or sole proprietor with which a text begins, in upper case; and what follows its form.
fn third_party(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let form = letters(text);
    if !FORMS.contains(&form) {
        return None;
    }
    let behind = text[form.len()..].trim_start();
    let name = if let Some(quoted) = behind.strip_prefix(['"', '«', '\'']) {
        quoted.split(['"', '»', '\'']).next().unwrap_or_default().trim().to_owned()
    } else {
        plain_name(behind)
    };
    (!name.is_empty()).then(|| (name.to_uppercase(), behind))
}

/// A name without quotation marks: a few words, up to one that is none of it.
fn plain_name(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut rest = text;
    while words.len() < NAME_WORDS_MAX {
        let word = letters(rest);
        if word.is_empty() || marker(rest).is_some() || ["по", "за", "согласно"].contains(&word) {
            break;
        }
        words.push(word);
        rest = rest[word.len()..].trim_start_matches([' ', '.']);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::writing::CodeForm;

    fn of(purpose: &str) -> Named {
        let form = CodeForm::parse("A-{number:06}").unwrap();
        read(purpose, &|word| form.fits(word))
    }

    fn shown(numbers: &[NumberNamed]) -> Vec<String> {
        let date = |named: &NumberNamed| named.date.map(|day| format!(" {day}")).unwrap_or_default();
        numbers.iter().map(|named| format!("{}{}", named.number, date(named))).collect()
    }

    /// purpose | invoices
    #[test]
    fn invoices() {
        for (purpose, expected) in [
            ("Оплата по счету № 123 от 01.02.2026 за услуги связи", &["123 2026-02-01"][..]),
            ("Оплата по счёту №123 от 1.2.26г. НДС 22% - 589,67", &["123 2026-02-01"]),
            ("сч.123", &["123"]),
            ("СЧ 123", &["123"]),
            ("По сч. N 123 от 2026-02-01", &["123 2026-02-01"]),
            ("счет 000123", &["000123"]),
            ("счет123от01.02.2026", &["123 2026-02-01"]),
            ("Счет на оплату № Т-123/26 от 01/02/2026", &["Т-123/26 2026-02-01"]),
            ("Счет на оплату 123", &["123"]),
            ("счет-фактура № 123 от 01.02.2026 года", &["123 2026-02-01"]),
            ("по с/ф 123, 124 и №125 от 01.02.2026", &["123", "124", "125 2026-02-01"]),
            ("по с/ф № 123 от 01.02.2026, № 124 от 02.02.2026", &["123 2026-02-01", "124 2026-02-02"]),
            ("счета №№ 123;124+125", &["123", "124", "125"]),
            ("счет от 01.02.2026 № 123", &["123 2026-02-01"]),
            ("inv. 123 dated 01.02.2026", &["123 2026-02-01"]),
            ("Invoice No. 123, VAT 22%", &["123"]),
            ("счет 123, счет 123", &["123"]),
            ("счет 123, 545,00 руб.", &["123"]),
            ("счет 123, 2026 г.", &["123"]),
            ("счет № 123 по договору № 17/2026", &["123"]),
            ("сч-ф 123", &["123"]),
            // Nothing says that it is an invoice.
            ("счет на 3270.00 руб", &[]),
            ("счет на 3270", &[]),
            ("счет за 1 квартал 2026", &[]),
            ("счет от 01.02.2026", &[]),
            ("лицевой счет 123", &[]),
            ("расчетный счет 40702810400000000001", &[]),
            ("расч. счет № 123", &[]),
            ("р/с 123, р/сч 124, р/счет 125", &[]),
            ("За счет средств бюджета", &[]),
            ("акт № 123", &[]),
            ("№ 123", &[]),
            ("", &[]),
        ] {
            assert_eq!(shown(&of(purpose).invoices), expected, "{purpose}");
        }
    }

    /// purpose | contracts
    #[test]
    fn contracts() {
        for (purpose, expected) in [
            ("по договору № 17/2026 от 01.02.2026", &["17/2026 2026-02-01"][..]),
            ("по дог.17/2026", &["17/2026"]),
            ("Дог 17-2026", &["17-2026"]),
            ("по договору 17/2026от01.02.2026", &["17/2026 2026-02-01"]),
            (
                "по договору об оказании услуг местной телефонной связи № Т-17/2026 от 01.02.2026г",
                &["Т-17/2026 2026-02-01"],
            ),
            ("договор от 01.02.2026 № 17", &["17 2026-02-01"]),
            ("договоры № 17 и № 18", &["17", "18"]),
            ("номер договора 17", &["17"]),
            ("contract # 17", &["17"]),
            ("Доп. соглашение № 2 к договору № 17", &["17"]),
            ("по договору, счет № 123", &[]),
            ("по договору за связь 123", &[]),
            ("по договору б/н от 01.02.2026", &[]),
            ("по договоренности № 5", &[]),
            ("по договору. Акт № 12", &[]),
        ] {
            assert_eq!(shown(&of(purpose).contracts), expected, "{purpose}");
        }
        assert_eq!(shown(&of("по договору, счет № 123").invoices), ["123"]);
    }

    /// purpose | codes, `!` before those that a word calls an account
    #[test]
    fn accounts() {
        for (purpose, expected) in [
            ("Лицевой счет № A-000042", &["!A-000042"][..]),
            ("л/с А-000042, А-000043", &["!А-000042", "А-000043"]),
            ("л/с № А-000042, № А-000043", &["!А-000042", "!А-000043"]),
            ("лс:а-42.", &["!А-42"]),
            ("лиц.сч. А-000042", &["!А-000042"]),
            ("account A-000042", &["!A-000042"]),
            ("Оплата A-000042 за связь", &["A-000042"]),
            ("Оплата А-000042.Спасибо", &["А-000042"]),
            ("НДС не облагается, А-000042", &["А-000042"]),
            ("А-000042, лицевой счет А-000042", &["!А-000042"]),
            ("от физических лиц 123456", &[]),
            ("л/с 20736X12345 в УФК", &[]),
            ("счет № A-000042", &["A-000042"]),
            ("B-000042", &[]),
        ] {
            let shown: Vec<String> = of(purpose)
                .accounts
                .iter()
                .map(|named| format!("{}{}", if named.marked { "!" } else { "" }, named.code))
                .collect();
            assert_eq!(shown, expected, "{purpose}");
        }
    }

    /// Where codes are plain numbers, what is called something else is no code.
    #[test]
    fn accounts_that_are_plain_numbers() {
        let form = CodeForm::parse("{number:06}").unwrap();
        for (purpose, expected) in [
            ("Оплата 100042 за связь", &["100042"][..]),
            ("лицевой 100042", &["100042"]),
            ("л/с 42", &[]),
            ("Оплата 100042.00", &[]),
            ("Сумма 100042", &[]),
            ("100042,50 руб", &[]),
            ("100042 руб.", &[]),
            ("счет 100042", &[]),
            ("договор 100042", &[]),
            ("тел. 4951234567", &[]),
            ("ИНН 7702000029", &[]),
            ("на р/с 40702810400000000001", &[]),
            ("01.02.2026", &[]),
        ] {
            let named = read(purpose, &|word| form.fits(word));
            let codes: Vec<&str> = named.accounts.iter().map(|account| account.code.as_str()).collect();
            assert_eq!(codes, expected, "{purpose}");
        }
    }

    /// purpose | INNs | INNs that are wrong | for whom
    #[test]
    fn others_for_whom_somebody_pays() {
        for (purpose, inns, broken, name) in [
            ("Оплата за ООО \"Ромашка\" ИНН 7702000029", &["7702000029"][..], &[][..], Some("РОМАШКА")),
            ("за ООО «Ромашка», ИНН/КПП 7702000029/770201001", &["7702000029"], &[], Some("РОМАШКА")),
            ("за ИП Иванов Иван Иванович по счету 5", &[], &[], Some("ИВАНОВ ИВАН ИВАНОВИЧ")),
            ("за ИП Иванова И.И. ИНН:770400004067", &["770400004067"], &[], Some("ИВАНОВА И И")),
            ("за АО Лютик за связь", &[], &[], Some("ЛЮТИК")),
            ("ИНН плательщика 7702000029", &["7702000029"], &[], None),
            ("ИНН 7702000028", &[], &["7702000028"], None),
            ("ИНН 7702000029 ИНН 7702000029", &["7702000029"], &[], None),
            ("ИНН 123", &[], &[], None),
            ("7702000029", &[], &[], None),
            ("за услуги ООО Ромашка", &[], &[], None),
            ("Инновации 7702000029", &[], &[], None),
        ] {
            let named = of(purpose);
            assert_eq!(
                (&named.inns[..], &named.broken_inns[..]),
                (&strings(inns)[..], &strings(broken)[..]),
                "{purpose}"
            );
            assert_eq!(named.third_party.as_deref(), name, "{purpose}");
        }
    }

    #[test]
    fn what_is_too_long_ends_with_a_whole_word() {
        let at_the_end = |before: usize| shown(&of(&format!("{}счет 123456 конец", " ".repeat(before))).invoices);
        for (before, expected) in
            [(0, &["123456"][..]), (PURPOSE_CHARS_MAX - 12, &["123456"]), (PURPOSE_CHARS_MAX - 9, &[])]
        {
            assert_eq!(at_the_end(before), expected, "{before}");
        }
        assert_eq!(of(&"x".repeat(PURPOSE_CHARS_MAX + 1)), Named::default());
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read(text in "[ а-яА-ЯёA-Za-z0-9№.,/()«»\"%-]{0,80}") {
            let named = of(&text);
            proptest::prop_assert!(named.inns.iter().all(|inn| crate::parties::inn_ok(inn)));
            // Markers beside anything.
            for marker in ["счет ", "договор № ", "инн ", "л/с ", "за ооо "] {
                let _ = of(&format!("{marker}{text}"));
            }
        }
    }
}
