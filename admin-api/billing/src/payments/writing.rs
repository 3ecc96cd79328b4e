//! One number in the many writings that people give it.
//!
//! Owns: what two writings of a number have in common, which words may be codes of accounts.
//! Does not own: which numbers a text names (`purpose`), whose they are (`matching`).
//! Always: pure; equal keys are a reason to ask, an equal writing decides where two numbers have one key.

/// Digits that a word of nothing but digits has to have before it may be a code of an account: shorter ones are years, quantities, sums.
const BARE_DIGITS_MIN: usize = 5;

/// What all writings of a number have in common: upper case, Latin letters for Cyrillic ones that look the same, no zeros before a number, no blanks, and
/// signs only where a number would run into another one. `А-004711`, `a4711` and `A 04711` are `A4711`; `17-2026` and `17/2026` are `17/2026`.
pub fn key(text: &str) -> String {
    let mut key = String::new();
    // Zeros before a number are kept back until something shows that they are all of it.
    let mut zero = false;
    let mut sign = false;
    for letter in text.chars().flat_map(char::to_uppercase).map(latin) {
        if !letter.is_alphanumeric() {
            if std::mem::take(&mut zero) {
                key.push('0');
            }
            sign = true;
            continue;
        }
        let before = if zero { Some('0') } else { key.chars().next_back() };
        let runs_on = before.is_some_and(|before| before.is_ascii_digit() == letter.is_ascii_digit());
        if sign && runs_on {
            key.push('/');
        } else if zero && !letter.is_ascii_digit() {
            key.push('0');
        }
        let begins = !key.ends_with(|before: char| before.is_ascii_digit());
        sign = false;
        zero = letter == '0' && begins;
        if !zero {
            key.push(letter);
        }
    }
    if zero {
        key.push('0');
    }
    key
}

/// A Latin letter for a Cyrillic capital that looks the same.
fn latin(letter: char) -> char {
    match letter {
        'А' => 'A',
        'В' => 'B',
        'Е' | 'Ё' => 'E',
        'К' => 'K',
        'М' => 'M',
        'Н' => 'H',
        'О' => 'O',
        'Р' => 'P',
        'С' => 'C',
        'Т' => 'T',
        'У' => 'Y',
        'Х' => 'X',
        other => other,
    }
}

/// Which words may be codes of accounts, by the setting that makes them: `A-{number:06}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeForm {
    before: String,
    after: String,
    /// Digits that a word without letters has to have.
    digits: usize,
}

impl CodeForm {
    /// Reads a form; `None`: it is none.
    pub fn parse(form: &str) -> Option<Self> {
        let (before, rest) = form.split_once("{number")?;
        let (width, after) = rest.split_once('}')?;
        let width: usize = match width.strip_prefix(":0") {
            Some(width) => width.parse().ok()?,
            None if width.is_empty() => 0,
            None => return None,
        };
        Some(Self { before: key(before), after: key(after), digits: width.max(BARE_DIGITS_MIN) })
    }

    /// Whether a word may be a code: the letters of the form around a number, in any writing. Without letters its number has to be long enough.
    pub fn fits(&self, word: &str) -> bool {
        let key = key(word);
        let middle = key.strip_prefix(&*self.before).and_then(|rest| rest.strip_suffix(&*self.after));
        let middle = middle.unwrap_or_default().trim_matches('/');
        let has_letters = |text: &str| text.contains(char::is_alphabetic);
        let long_enough = word.chars().filter(char::is_ascii_digit).count() >= self.digits;
        !middle.is_empty()
            && middle.bytes().all(|byte| byte.is_ascii_digit())
            && (has_letters(&self.before) || has_letters(&self.after) || long_enough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// writings of one number | what they have in common
    #[test]
    fn writings_of_one_number_have_one_key() {
        for (writings, expected) in [
            (&["A-000042", "А-000042", "a42", "A 0042", "а-42", "A/42"][..], "A42"),
            (&["17/2026", "17-2026", "017/2026", " 17 \\ 2026 ", "17/02026"], "17/2026"),
            (&["123", "000123", "№ 123"], "123"),
            (&["100", "0100"], "100"),
            (&["A-0-5", "a00/05"], "A0/5"),
            (&["Т-ЮЛ/17", "T-юл 17"], "T/ЮЛ17"),
            (&["0", "000"], "0"),
            (&["X0", "x-00"], "X0"),
            (&["0A", "00-a"], "0A"),
            (&["", " - "], ""),
        ] {
            for writing in writings {
                assert_eq!(key(writing), expected, "{writing}");
            }
        }
    }

    #[test]
    fn different_numbers_have_different_keys() {
        for (one, other) in
            [("A-11", "A-1-1"), ("17/2026", "172026"), ("1/72026", "17/2026"), ("10", "1"), ("A1", "B1")]
        {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }

    /// form | words that fit | words that do not
    #[test]
    fn words_that_may_be_codes() {
        for (form, fit, others) in [
            (
                "A-{number:06}",
                &["A-000042", "А-42", "a000042", "A-1234567"][..],
                &["A", "B-000042", "000042", "A-1-2", ""][..],
            ),
            ("{number:06}", &["000042", "1234567"], &["42", "2026", "A000042", "12345"]),
            ("{number}", &["00042", "12345"], &["2026", "1234"]),
            ("7{number:03}R", &["7001R", "71R"], &["7R", "001R", "7001"]),
        ] {
            let form = CodeForm::parse(form).unwrap();
            for word in fit {
                assert!(form.fits(word), "{form:?} {word}");
            }
            for word in others {
                assert!(!form.fits(word), "{form:?} {word}");
            }
        }
        for form in ["A-", "A-{number:6}", "A-{number", "{n}"] {
            assert_eq!(CodeForm::parse(form), None, "{form}");
        }
    }
}
