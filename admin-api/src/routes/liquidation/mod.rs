//! Endpoints of letters to liquidated clients.
//!
//! Owns: how an exclusion is asked for and shown.
//! Does not own: who is liquidated and who gets letters (`billing::liquidation`), the list of them (its `GRID`).
//! Always: a value is «Да» or «Нет»; any other is refused and the former one stays (M59).

pub(crate) mod exclude;
pub(crate) mod exclude_many;

use billing::liquidation::{Exclusion, ExclusionError, word};
use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// Longest comment.
const COMMENT_CHARS_MAX: usize = 1_000;

/// Whether a client is left out of the letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExclusionView {
    /// Code of the client.
    client: String,
    /// «Да» or «Нет».
    value: &'static str,
    /// Words on it.
    comment: String,
    /// Revision of the client.
    revision: i64,
}

impl ExclusionView {
    fn of(client: &str, exclusion: Exclusion) -> Self {
        let Exclusion { excluded, comment, revision } = exclusion;
        Self { client: client.to_owned(), value: word(excluded), comment, revision }
    }
}

/// A value that is neither of the two words.
fn neither(stands: bool) -> Text {
    let stands = word(stands);
    Text::new(
        format!("Ожидается «Да» или «Нет»; осталось «{stands}»"),
        format!("«Да» or «Нет» is expected; it stays «{stands}»"),
    )
}

impl From<ExclusionError> for Problem {
    fn from(error: ExclusionError) -> Self {
        match error {
            ExclusionError::NotFound => Self::new(Code::NotFound),
            ExclusionError::Value(stands) => Self::field("/value", neither(stands.excluded)),
            ExclusionError::Cleaned => Self::new(Code::Cleaned),
            ExclusionError::Stale => Self::new(Code::Stale),
            ExclusionError::Store(error) => error.into(),
        }
    }
}
