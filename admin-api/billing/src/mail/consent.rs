//! Who agrees to advertising (A42).
//!
//! Owns: the consent of a client.
//! Does not own: other mails, which need none.
//! Always: a consent names where it came from; taking it back keeps advertising that waits from going out.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row;

use super::MailError;
use crate::change::Change;

/// A client's word on advertising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Since when he agrees; `None`: he does not.
    pub since: Option<DateTime<Utc>>,
    /// Where that came from.
    pub source: String,
    /// Revision of the client.
    pub revision: i64,
}

/// Records that a client agrees, or does not any more.
pub async fn set_consent(
    change: &mut Change,
    client: &str,
    given: bool,
    source: &str,
    revision: Option<i64>,
    reason: &str,
) -> Result<Consent, MailError> {
    let now = change.now();
    let row = sqlx::query(
        "SELECT id, advertising_consent_at, advertising_consent_source, gdpr_state <> 'none' AS cleaned, revision FROM client
         WHERE code = $1 FOR NO KEY UPDATE",
    )
    .bind(client)
    .fetch_optional(change.connection())
    .await?
    .ok_or(MailError::NotFound)?;
    if row.get("cleaned") {
        return Err(MailError::Cleaned);
    }
    let id: i64 = row.get("id");
    let before = Consent {
        since: row.get("advertising_consent_at"),
        source: row.get("advertising_consent_source"),
        revision: row.get("revision"),
    };
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(MailError::Stale);
    }
    // Who agrees already has agreed since then.
    let since = given.then(|| before.since.unwrap_or(now));
    let after = Consent { since, source: source.to_owned(), revision: before.revision + 1 };
    sqlx::query(
        "UPDATE client SET advertising_consent_at = $2, advertising_consent_source = $3, revision = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(after.since)
    .bind(&after.source)
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    if !given {
        sqlx::query("UPDATE mail SET state = 'suppressed', reason = 'no consent' WHERE client_id = $1 AND class = 'advertising' AND state IN ('queued', 'failed')")
            .bind(id)
            .execute(change.connection())
            .await?;
    }
    let shown = |consent: &Consent| json!({"since": consent.since, "source": consent.source});
    let about = ("client.advertising_consent", "client", client);
    change.record_personal(about, &shown(&before), &shown(&after), &["source"], reason);
    Ok(after)
}
