//! How the records of a source name the account that pays.
//!
//! Owns: the order in which a record's code, trunk and number are asked, and which of its fields holds the code.
//! Does not own: the look-ups themselves, and which fields a format has (`cdr-ingest`).
//! Always: what is not in the order is not asked; the order is not empty and names nothing twice.

use crate::code::words;
use crate::wording::Language;

words! {
    /// What of a record may name the account (A2).
    NamedBy {
        /// The account's code, in a field of the record.
        Code = "code",
        /// The trunk that the call came in by.
        Trunk = "trunk",
        /// The number: of the caller, or of the forwarder.
        Number = "number",
    }
}

/// How the records of a source name the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identify {
    /// Asked one after another.
    order: Vec<NamedBy>,
    /// The field of the record that holds the code; `None`: the usual one of the format.
    pub field: Option<String>,
}

impl Default for Identify {
    /// Code, then trunk, then number.
    fn default() -> Self {
        Self { order: NamedBy::ALL.to_vec(), field: None }
    }
}

/// What is wrong with an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadOrder {
    /// Nothing is asked.
    Empty,
    /// Something else than code, trunk and number.
    Unknown(String),
    /// The word stands twice.
    Twice(NamedBy),
}

impl BadOrder {
    /// What is wrong, and the remedy.
    pub fn text(&self, language: Language) -> String {
        match (language, self) {
            (Language::English, Self::Empty) => {
                "nothing names the account; give one or more of code, trunk, number".into()
            }
            (Language::Russian, Self::Empty) => {
                "счёт ничем не называется; укажите одно или несколько слов: code, trunk, number".into()
            }
            (Language::English, Self::Unknown(word)) => format!("`{word}` is not one of code, trunk, number"),
            (Language::Russian, Self::Unknown(word)) => format!("`{word}` — не code, не trunk и не number"),
            (Language::English, Self::Twice(word)) => format!("`{word}` stands twice; name it once"),
            (Language::Russian, Self::Twice(word)) => format!("`{word}` стоит дважды; назовите один раз"),
        }
    }
}

impl Identify {
    /// Reads an order: words separated by blanks.
    ///
    /// # Errors
    /// Nothing, a word that is none, a word that stands twice.
    pub fn parse(order: &str, field: Option<&str>) -> Result<Self, BadOrder> {
        let mut read = Vec::new();
        for word in order.split_whitespace() {
            let named: NamedBy = word.parse().map_err(|()| BadOrder::Unknown(word.to_owned()))?;
            if read.contains(&named) {
                return Err(BadOrder::Twice(named));
            }
            read.push(named);
        }
        if read.is_empty() {
            return Err(BadOrder::Empty);
        }
        Ok(Self { order: read, field: field.filter(|field| !field.is_empty()).map(str::to_owned) })
    }

    /// What is asked, in order.
    pub fn order(&self) -> &[NamedBy] {
        &self.order
    }

    /// The order as [`Self::parse`] reads it.
    pub fn order_text(&self) -> String {
        self.order.iter().map(|named| named.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Whether this is asked at all.
    pub fn asks(&self, named: NamedBy) -> bool {
        self.order.contains(&named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        assert_eq!(Identify::parse("code trunk number", None), Ok(Identify::default()));
        let parsed = Identify::parse(" number  code ", Some("userfield")).unwrap();
        assert_eq!(
            (parsed.order(), parsed.field.as_deref()),
            (&[NamedBy::Number, NamedBy::Code][..], Some("userfield"))
        );
        assert_eq!((parsed.order_text().as_str(), parsed.asks(NamedBy::Trunk)), ("number code", false));
        for (text, bad, says) in [
            ("", BadOrder::Empty, "nothing names the account"),
            ("code did", BadOrder::Unknown("did".into()), "`did` is not one of code, trunk, number"),
            ("code code", BadOrder::Twice(NamedBy::Code), "`code` stands twice"),
        ] {
            assert_eq!(Identify::parse(text, None), Err(bad.clone()), "{text}");
            assert!(bad.text(Language::English).contains(says) && !bad.text(Language::Russian).is_empty());
        }
    }
}
