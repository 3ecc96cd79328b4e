//! Who is left out of the letters (M59).
//!
//! Owns: the flag and its comment, the two words by which it is set.
//! Does not own: who may set it (the API).
//! Always: a value that is neither «Да» nor «Нет» leaves the former one; letters that wait are not sent to whoever is left out.

use serde_json::json;
use sqlx::Row;

use crate::change::Change;
use crate::mail;
use crate::store::StoreError;

/// He is left out.
pub const YES: &str = "Да";
/// He is not.
pub const NO: &str = "Нет";

/// The word for a flag.
pub const fn word(excluded: bool) -> &'static str {
    if excluded { YES } else { NO }
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedExclusion {
    /// Code of the client.
    pub client: String,
    /// [`YES`] or [`NO`]; nothing else is understood.
    pub value: String,
    /// Words on it; `None`: the former ones stay.
    pub comment: Option<String>,
}

/// How it is then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Whether he is left out.
    pub excluded: bool,
    /// Words on it.
    pub comment: String,
    /// Revision of the client.
    pub revision: i64,
}

/// Why it stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExclusionError {
    /// No such client.
    #[error("there is no such client")]
    NotFound,
    /// Neither of the two words; what stands still.
    #[error("neither of the two words")]
    Value(Exclusion),
    /// His data were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// Somebody changed the client since he was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ExclusionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What became of one of many.
#[derive(Debug)]
pub enum Outcome {
    /// It is so now.
    Applied(Exclusion),
    /// It was so already.
    Unchanged(Exclusion),
    /// It stays as it was.
    Refused(ExclusionError),
}

/// Sets the flag of a client, or leaves it.
pub async fn exclude(
    change: &mut Change,
    wanted: &WantedExclusion,
    revision: Option<i64>,
    reason: &str,
) -> Result<Exclusion, ExclusionError> {
    let row = sqlx::query(
        "SELECT id, excluded_from_liquidation_mail, liquidation_comment, gdpr_state <> 'none' AS cleaned, revision FROM client WHERE code = $1 FOR NO KEY UPDATE",
    )
    .bind(&wanted.client)
    .fetch_optional(change.connection())
    .await?
    .ok_or(ExclusionError::NotFound)?;
    if row.get("cleaned") {
        return Err(ExclusionError::Cleaned);
    }
    let id: i64 = row.get("id");
    let before = Exclusion {
        excluded: row.get("excluded_from_liquidation_mail"),
        comment: row.get("liquidation_comment"),
        revision: row.get("revision"),
    };
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ExclusionError::Stale);
    }
    let excluded = match wanted.value.as_str() {
        YES => true,
        NO => false,
        _ => return Err(ExclusionError::Value(before)),
    };
    let comment = wanted.comment.clone().unwrap_or_else(|| before.comment.clone());
    let after = Exclusion { excluded, comment, revision: before.revision + 1 };
    sqlx::query(
        "UPDATE client SET excluded_from_liquidation_mail = $2, liquidation_comment = $3, revision = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(after.excluded)
    .bind(&after.comment)
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    if after.excluded {
        mail::suppress(change, id, super::notify::KIND, "the client was excluded").await?;
    }
    let shown = |one: &Exclusion| json!({"excluded": word(one.excluded), "comment": one.comment});
    let about = ("client.liquidation_exclusion", "client", wanted.client.as_str());
    change.record_personal(about, &shown(&before), &shown(&after), &["comment"], reason);
    Ok(after)
}

/// The same for many: each by itself, what is refused leaves the others.
pub async fn exclude_many(
    change: &mut Change,
    wanted: &[WantedExclusion],
    reason: &str,
) -> Result<Vec<Outcome>, StoreError> {
    let mut outcomes = Vec::with_capacity(wanted.len());
    let mut applied = 0;
    for one in wanted {
        let outcome = match stands(change, one).await? {
            Some(exclusion) => Outcome::Unchanged(exclusion),
            None => match exclude(change, one, None, reason).await {
                Ok(exclusion) => {
                    applied += 1;
                    Outcome::Applied(exclusion)
                }
                Err(ExclusionError::Store(error)) => return Err(error),
                Err(refused) => Outcome::Refused(refused),
            },
        };
        outcomes.push(outcome);
    }
    let after = json!({"rows": wanted.len(), "applied": applied});
    change.record("liquidation.exclusions", "liquidation", "exclusions", &json!(null), &after, reason);
    Ok(outcomes)
}

/// What stands, where it is what is wanted.
async fn stands(change: &mut Change, wanted: &WantedExclusion) -> Result<Option<Exclusion>, StoreError> {
    let row = sqlx::query(
        "SELECT excluded_from_liquidation_mail AS excluded, liquidation_comment AS comment, revision FROM client
         WHERE code = $1 AND CASE WHEN excluded_from_liquidation_mail THEN $3 ELSE $4 END = $2 AND liquidation_comment = coalesce($5, liquidation_comment)",
    )
    .bind(&wanted.client)
    .bind(&wanted.value)
    .bind(YES)
    .bind(NO)
    .bind(&wanted.comment)
    .fetch_optional(change.connection())
    .await?;
    Ok(row.map(|row| Exclusion {
        excluded: row.get("excluded"),
        comment: row.get("comment"),
        revision: row.get("revision"),
    }))
}
