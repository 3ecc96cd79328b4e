//! Mails are written, suppressed, tried again.
//!
//! Owns: who must not be written to, at first and when a person tries again.
//! Does not own: sending (`outbox`).
//! Always: what was kept from going out does not go out later by another way.

use serde_json::json;
use sqlx::Row;

use super::MailError;
use super::rules::Class;
use crate::change::Change;
use crate::liquidation;

/// What the audit keeps apart.
const PERSONAL: &[&str] = &["to"];

/// A mail to be sent.
#[derive(Clone, Copy, Debug)]
pub struct NewMail<'a> {
    /// The client, by number and code.
    pub client: Option<(i64, &'a str)>,
    /// Address.
    pub to: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Text.
    pub body: &'a str,
    /// What it is before the law.
    pub class: Class,
    /// What it is about, `liquidation` for instance.
    pub kind: &'a str,
}

/// The words of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Subject.
    pub subject: String,
    /// Text.
    pub body: String,
}

/// Puts a mail into the outbox; its identifier. Advertising is refused without the client's recorded consent (A42).
pub async fn enqueue(change: &mut Change, new: &NewMail<'_>) -> Result<i64, MailError> {
    if new.class == Class::Advertising {
        let agreed: Option<bool> = match new.client {
            Some((id, _)) => {
                sqlx::query_scalar("SELECT advertising_consent_at IS NOT NULL FROM client WHERE id = $1")
                    .bind(id)
                    .fetch_optional(change.connection())
                    .await?
            }
            None => None,
        };
        if agreed != Some(true) {
            return Err(MailError::NoConsent);
        }
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO mail (client_id, recipient, subject, body, class, kind, created_at, created_by, next_attempt_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7) RETURNING id",
    )
    .bind(new.client.map(|(id, _)| id))
    .bind(new.to)
    .bind(new.subject)
    .bind(new.body)
    .bind(new.class.as_str())
    .bind(new.kind)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"mail": id, "kind": new.kind, "class": new.class.as_str(), "to": new.to});
    let number = id.to_string();
    let (entity, entity_id) = new.client.map_or(("mail", number.as_str()), |(_, code)| ("client", code));
    change.record_personal(("mail.enqueue", entity, entity_id), &json!({}), &after, PERSONAL, "");
    Ok(id)
}

/// Keeps mails of a client that wait, or might be tried again, from going out. What keeps them leaves the audit line.
pub(crate) async fn suppress(change: &mut Change, client_id: i64, kind: &str, why: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE mail SET state = 'suppressed', reason = $3 WHERE client_id = $1 AND kind = $2 AND state IN ('queued', 'failed')",
    )
    .bind(client_id)
    .bind(kind)
    .bind(why)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Puts a mail that failed into the queue again, with all its attempts. Refused is what would not be written now.
pub async fn retry(change: &mut Change, id: i64, reason: &str) -> Result<(), MailError> {
    let now = change.now();
    // Whoever takes a consent back meanwhile waits, and finds the mail in the queue.
    let row = sqlx::query(
        "SELECT m.state, m.reason, m.attempts, m.class, m.kind, coalesce(c.gdpr_state <> 'none', false) AS cleaned,
                c.advertising_consent_at IS NOT NULL AS agreed, coalesce(c.excluded_from_liquidation_mail, false) AS excluded
         FROM mail m LEFT JOIN client c ON c.id = m.client_id WHERE m.id = $1 FOR UPDATE OF m",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(MailError::NotFound)?;
    let (state, failure, attempts): (String, String, i32) = (row.get("state"), row.get("reason"), row.get("attempts"));
    if state != "failed" {
        return Err(MailError::State(state));
    }
    if row.get("cleaned") {
        return Err(MailError::Cleaned);
    }
    if row.get::<&str, _>("class") == Class::Advertising.as_str() && !row.get::<bool, _>("agreed") {
        return Err(MailError::NotAgreed);
    }
    if row.get::<&str, _>("kind") == liquidation::KIND && row.get("excluded") {
        return Err(MailError::Excluded);
    }
    sqlx::query("UPDATE mail SET state = 'queued', attempts = 0, next_attempt_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let before = json!({"state": state, "reason": failure, "attempts": attempts});
    change.record("mail.retry", "mail", id, &before, &json!({"state": "queued"}), reason);
    Ok(())
}
