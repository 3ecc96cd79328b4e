//! Settings: operating parameters as rows.
//!
//! Owns: table `setting`.
//! Does not own: what a setting means (its description says it, the code that reads it obeys it).
//! Always: every setting has a row with a default from its migration; an unknown key is refused.

use std::collections::HashMap;

use sqlx::Row;

use crate::store::{Store, StoreError};

/// All settings by key.
#[derive(Clone, Debug)]
pub struct Settings(HashMap<String, String>);

impl Settings {
    /// Of these values, for tests and tools.
    pub fn of<const N: usize>(values: [(&str, &str); N]) -> Self {
        Self(values.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// Reads them.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let rows = sqlx::query("SELECT key, value FROM setting").fetch_all(store.pool()).await?;
        Ok(Self(rows.iter().map(|row| (row.get("key"), row.get("value"))).collect()))
    }

    /// The text of a setting.
    pub fn text(&self, key: &str) -> Result<&str, StoreError> {
        self.0
            .get(key)
            .map(String::as_str)
            .ok_or_else(|| StoreError::Inconsistent { table: "setting", problem: format!("no row for {key}") })
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> Result<i64, StoreError> {
        let text = self.text(key)?;
        text.parse().map_err(|_| StoreError::Inconsistent {
            table: "setting",
            problem: format!("{key} = `{text}`, which is not a whole number"),
        })
    }

    /// A time zone.
    pub fn zone(&self, key: &str) -> Result<chrono_tz::Tz, StoreError> {
        let text = self.text(key)?;
        text.parse().map_err(|_| StoreError::Inconsistent {
            table: "setting",
            problem: format!("{key} = `{text}`, which is not a time zone"),
        })
    }
}
