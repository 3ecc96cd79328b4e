//! A JSON document walked along the keys that a mapping names; everything else is passed over unread.

use std::borrow::Cow;
use std::fmt;

use rating::mapping::{FIELDS, Field, Tree};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Undecodable;
use super::canonical::Text;
use super::flat::leaf;
use super::mapped::FORMAT;

/// What a record has for each field.
#[derive(Default)]
pub(super) struct Values<'a>([Option<Cow<'a, str>>; FIELDS]);

impl<'a> Values<'a> {
    pub(super) fn set(&mut self, field: Field, value: Option<Cow<'a, str>>) {
        self.0[field as usize] = value;
    }

    /// Empty where there is nothing.
    pub(super) fn get(&self, field: Field) -> &str {
        self.0[field as usize].as_deref().unwrap_or_default()
    }

    pub(super) fn take(&mut self, field: Field) -> Option<Cow<'a, str>> {
        self.0[field as usize].take()
    }
}

/// Reads a document.
pub(super) fn read<'a>(bytes: &'a [u8], tree: &Tree) -> Result<Values<'a>, Undecodable> {
    let mut walk = Walk { values: Values::default(), seen: [false; FIELDS] };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let below = Below { tree, walk: &mut walk };
    let read = below.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    read.map_err(|error| Undecodable::json(FORMAT, &error))?;
    Ok(walk.values)
}

/// A walk, and what it has found.
struct Walk<'de> {
    values: Values<'de>,
    seen: [bool; FIELDS],
}

impl<'de> Walk<'de> {
    /// Takes a value that fields stand for.
    fn take<E: Error>(&mut self, fields: &[Field], raw: &'de RawValue) -> Result<(), E> {
        for field in fields {
            let value = leaf(raw)
                .map_err(|what| E::custom(format_args!("invalid type: {}: {what}, expected a text", field.as_str())))?;
            if std::mem::replace(&mut self.seen[*field as usize], true) {
                return Err(E::custom(format_args!("duplicate field `{}`", field.as_str())));
            }
            self.values.set(*field, value);
        }
        Ok(())
    }
}

/// An object or a list of which some members are wanted.
struct Below<'t, 'w, 'de> {
    tree: &'t Tree,
    walk: &'w mut Walk<'de>,
}

impl<'de> DeserializeSeed<'de> for Below<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.tree.below.is_empty() {
            return self.walk.take(&self.tree.fields, serde::Deserialize::deserialize(deserializer)?);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match self.tree.below.iter().find(|(known, _)| *known == key.0) {
                Some((_, tree)) => map.next_value_seed(Below { tree, walk: self.walk })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for index in 0usize.. {
            let wanted = self.tree.below.iter().find(|(known, _)| known.parse() == Ok(index));
            let more = match wanted {
                Some((_, tree)) => list.next_element_seed(Below { tree, walk: self.walk })?.is_some(),
                None => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Where a way goes on, a null ends it: what lies below is not there.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}
