//! From dialled text to an international number, by the rules of a source.
//!
//! **Owns:** `NumberRules` and `Number`. **Does not own:** whose number it is. **Always:** nothing is guessed by length.

/// What a short code begins with where prefixes and masks are compared.
const SHORT: &str = "short:";

/// A number after normalising: 7 to 15 digits that do not begin with 0, or a short code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    key: String,
}

impl Number {
    /// The text that prefixes and masks are compared with: digits, or `short:` and a code.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The digits of an international number.
    #[must_use]
    pub fn digits(&self) -> Option<&str> {
        Some(self.key()).filter(|key| !key.starts_with(SHORT))
    }

    /// The code of a short one.
    #[must_use]
    pub fn short_code(&self) -> Option<&str> {
        self.key.strip_prefix(SHORT)
    }
}

/// Whether `prefix` (of a rate or a lock) fits `key`: digits from the left, a short code only whole.
#[must_use]
pub fn fits(prefix: &str, key: &str) -> bool {
    if prefix.starts_with(SHORT) || key.starts_with(SHORT) { prefix == key } else { key.starts_with(prefix) }
}

/// The number rules of one source.
#[derive(Debug, Clone)]
pub struct NumberRules {
    /// Pairs of what is stripped and what is put.
    pub pairs: Vec<(String, String)>,
    /// Technical prefixes.
    pub tech: Vec<String>,
    short_codes: Vec<String>,
}

impl NumberRules {
    /// Reads the columns `rules` and `tech`.
    #[must_use]
    pub fn read(rules: &str, tech: &str, short_codes: &[String]) -> Self {
        let pairs = rules
            .split(' ')
            .filter_map(|pair| pair.split_once('>'))
            .map(|(strip, put)| (strip.to_owned(), put.to_owned()))
            .collect();
        let tech = tech.split(' ').filter(|prefix| !prefix.is_empty()).map(str::to_owned).collect();
        Self { pairs, tech, short_codes: short_codes.to_vec() }
    }

    /// The number that `dialled` means; `None` is `BAD_NUMBER`.
    #[must_use]
    pub fn normalise(&self, dialled: &str) -> Option<Number> {
        let mut text: String = dialled.chars().filter(|character| !" -.()".contains(*character)).collect();
        if self.short_codes.contains(&text) {
            return Some(Number { key: format!("{SHORT}{text}") });
        }
        if let Some(longest) =
            self.tech.iter().filter(|prefix| text.starts_with(*prefix)).max_by_key(|prefix| prefix.len())
        {
            text = text.split_off(longest.len());
        }
        let (strip, put) =
            self.pairs.iter().filter(|(strip, _)| text.starts_with(strip)).max_by_key(|(strip, _)| strip.len())?;
        text.replace_range(..strip.len(), put);
        let good =
            (7..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        good.then_some(Number { key: text })
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberRules, fits};

    #[test]
    fn dialled_texts_become_numbers() {
        let codes = ["112".to_owned(), "01".to_owned()];
        let russian = NumberRules::read("+> 00> 810> 8>7 >", "", &codes);
        let plain = NumberRules::read("+> >", "099 0991", &codes);
        for (rules, dialled, expected) in [
            (&russian, "+7 (916) 123-45-67", Some("79161234567")),
            (&russian, "8 800 555.55.22", Some("78005555522")),
            (&russian, "810381114112060", Some("381114112060")),
            (&russian, "0049301234567", Some("49301234567")),
            (&russian, "123", None),
            (&plain, "09974951201031", Some("74951201031")),
            (&plain, "099112015550123", Some("12015550123")),
            (&plain, "1234567890123456", None),
            (&plain, "0495120103", None),
            (&plain, "7495ABC1031", None),
            (&plain, "", None),
        ] {
            assert_eq!(rules.normalise(dialled).as_ref().and_then(|number| number.digits()), expected, "{dialled}");
        }
        assert_eq!(russian.normalise("01").as_ref().and_then(|number| number.short_code()), Some("01"));
        assert_eq!(NumberRules::read("+>", "", &[]).normalise("74951201031"), None);
    }

    #[test]
    fn a_short_code_fits_only_whole() {
        assert!(fits("7495", "74951201031") && fits("short:112", "short:112"));
        assert!(!fits("short:11", "short:112") && !fits("1", "short:112") && !fits("short:7", "7"));
    }
}
