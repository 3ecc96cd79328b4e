//! What an update says of a field that may be empty.
//!
//! Owns: the three things that can be said.
//! Does not own: which fields there are.
//! Always: what is not said stays as it is.

use serde::{Deserialize, Deserializer};

/// Keep it, empty it, or set it. In JSON: absent (with `#[serde(default)]`), `null`, a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays.
    #[default]
    Keep,
    /// It is emptied.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Edit<T> {
    /// What the field holds then.
    pub fn applied(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same of another value, which may be refused.
    pub fn try_map<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Result<Edit<U>, E> {
        Ok(match self {
            Self::Keep => Edit::Keep,
            Self::Clear => Edit::Clear,
            Self::Set(value) => Edit::Set(read(value)?),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Update {
        #[serde(default)]
        name: Edit<String>,
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        for (json, expected) in
            [("{}", Some("before")), (r#"{"name": null}"#, None), (r#"{"name": "after"}"#, Some("after"))]
        {
            let update: Update = serde_json::from_str(json).unwrap();
            assert_eq!(update.name.applied(Some("before".into())).as_deref(), expected, "{json}");
        }
    }
}
