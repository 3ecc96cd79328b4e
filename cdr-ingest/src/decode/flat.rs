//! JSON objects of texts: the keys that mean something, all others passed over.
//!
//! Owns: reading such an object once, texts borrowed where they have no escapes.
//! Does not own: which keys mean something.
//! Always: numbers and truth values are texts as they stand; null is nothing; a key twice, or a list or an object under a key that means something, is an
//! error.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Undecodable;
use super::canonical::Text;

/// What stood under each of `N` keys; empty where there was nothing.
pub(super) struct Flat<'a, const N: usize> {
    values: [Option<Cow<'a, str>>; N],
    /// What stood under the key that the source calls the account.
    account: Option<Cow<'a, str>>,
}

impl<'a, const N: usize> Flat<'a, N> {
    /// Reads an object. `account` is a key of the source's choice.
    pub(super) fn of(
        bytes: &'a [u8],
        keys: &[&str; N],
        account: Option<&str>,
        format: &str,
    ) -> Result<Self, Undecodable> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let read = deserializer.deserialize_map(FlatVisitor { keys, account });
        let read = read.and_then(|flat| deserializer.end().map(|()| flat));
        read.map_err(|error| Undecodable::json(format, &error))
    }

    /// Takes what stood under a key.
    pub(super) fn take(&mut self, key: usize) -> Cow<'a, str> {
        self.values[key].take().unwrap_or_default()
    }

    /// Takes what stood under a key, if it is not empty.
    pub(super) fn some(&mut self, key: usize) -> Option<Cow<'a, str>> {
        self.values[key].take().filter(|text| !text.is_empty())
    }

    /// Takes the first of some keys that is not empty.
    pub(super) fn first(&mut self, keys: &[usize]) -> Option<Cow<'a, str>> {
        keys.iter().find_map(|key| self.some(*key))
    }

    /// What stands under a key.
    pub(super) fn get(&self, key: usize) -> &str {
        self.values[key].as_deref().unwrap_or_default()
    }

    /// Takes what stood under the source's own key.
    pub(super) fn account(&mut self) -> Option<Cow<'a, str>> {
        self.account.take().filter(|text| !text.is_empty())
    }
}

struct FlatVisitor<'k, const N: usize> {
    keys: &'k [&'k str; N],
    account: Option<&'k str>,
}

impl<'de, const N: usize> Visitor<'de> for FlatVisitor<'_, N> {
    type Value = Flat<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut flat = Flat { values: [const { None }; N], account: None };
        let mut seen = [false; N];
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let known = self.keys.iter().position(|known| *known == key.0);
            let is_account = self.account == Some(&*key.0);
            if known.is_none() && !is_account {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = leaf(map.next_value()?).map_err(|what| {
                A::Error::custom(format_args!("invalid type: {what} under `{}`, expected a text", key.0))
            })?;
            if is_account {
                flat.account.clone_from(&value);
            }
            if let Some(number) = known {
                if std::mem::replace(&mut seen[number], true) {
                    return Err(A::Error::custom(format_args!("duplicate field `{}`", key.0)));
                }
                flat.values[number] = value;
            }
        }
        Ok(flat)
    }
}

/// A value as a text: `None` for null. A list or an object is none, and is named.
pub(super) fn leaf(raw: &RawValue) -> Result<Option<Cow<'_, str>>, &'static str> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') if !text.contains('\\') => Ok(Some(Cow::Borrowed(&text[1..text.len() - 1]))),
        Some(b'"') => serde_json::from_str::<String>(text)
            .map(|text| Some(Cow::Owned(text)))
            .map_err(|_| "string with an invalid escape"),
        Some(b'{') => Err("map"),
        Some(b'[') => Err("sequence"),
        Some(b'n') => Ok(None),
        _ => Ok(Some(Cow::Borrowed(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_numbers_and_nothing() {
        let record = br#"{"a":"x","b":12.50,"c":null,"other":{"a":[1]},"d":"q\u00e9\"","mine":true}"#;
        let mut flat = Flat::of(record, &["a", "b", "c", "d", "e"], Some("mine"), "F").unwrap();
        assert_eq!((flat.get(0), flat.get(1), flat.get(2), flat.get(3), flat.get(4)), ("x", "12.50", "", "qé\"", ""));
        assert_eq!((flat.first(&[4, 2, 1]).as_deref(), flat.account().as_deref()), (Some("12.50"), Some("true")));
        assert!(matches!(flat.take(0), Cow::Borrowed("x")));
    }

    #[test]
    fn what_is_no_object_of_texts_is_named() {
        for (record, says) in [
            (r#"["a"]"#, "expected an object"),
            (r#"{"a":1,"a":2}"#, "duplicate field `a`"),
            (r#"{"a":{}}"#, "map under `a`, expected a text"),
            (r#"{"a":1} x"#, "trailing characters"),
            (r#"{"a":"#, "EOF while parsing"),
            ("{\"a\":\"\u{1}\"}", "control character"),
        ] {
            let error = Flat::of(record.as_bytes(), &["a"], None, "F").map(|_| ()).unwrap_err();
            assert!(error.0.english().contains(says), "{record}: {}", error.0);
        }
    }
}
