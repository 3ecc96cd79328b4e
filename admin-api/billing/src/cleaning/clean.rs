//! Cleaning: a client becomes anonymous.
//!
//! Owns: which fields hold personal data, and what stands there afterwards.
//! Does not own: the values in the audit, which are blocked now and destroyed later (`destroy`).
//! Always: rows of every room that knows the client stay, so that sums, documents and references stay; kept answers to requests that repeat personal data go.

use chrono_tz::Tz;
use serde_json::json;

use super::answers::forget_answers;
use super::rules::{Terms, cleaned_from};
use super::{CleaningError, Subject, day_of, not_before, subject};
use crate::accounts;
use crate::change::Change;
use crate::store::{Store, StoreError};

/// What was made anonymous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// Further contacts.
    pub contacts: u64,
    /// Notes.
    pub notes: u64,
    /// Whether the party of the registry was.
    pub party: bool,
}

/// Whether personal values of a client are shown to nobody any more.
pub async fn is_blocked(store: &Store, code: &str) -> Result<bool, StoreError> {
    let state: Option<String> = sqlx::query_scalar("SELECT gdpr_state FROM client WHERE code = $1")
        .bind(code)
        .fetch_optional(store.pool())
        .await?;
    Ok(state.is_some_and(|state| state != "none"))
}

/// Makes a client anonymous and switches him and his accounts off (B9). `zone`: the billing zone.
pub async fn clean(
    change: &mut Change,
    code: &str,
    terms: Terms,
    zone: Tz,
    reason: &str,
) -> Result<Cleaned, CleaningError> {
    let now = change.now();
    let subject = subject(change, code, zone).await?;
    if subject.gdpr_state != "none" {
        return Err(CleaningError::Cleaned);
    }
    if subject.in_work {
        return Err(CleaningError::InWork);
    }
    not_before(cleaned_from(subject.last, terms), day_of(now, zone))?;
    forget_answers(change, &subject, code).await?;
    let party = clean_party(change, &subject).await?;
    // A contact without any address does not exist: an empty one stands for it.
    let contacts = sqlx::query(
        "UPDATE contact SET name = '', position = '', email = NULL, phone = '', phone_key = NULL, ended_at = coalesce(ended_at, $2), revision = revision + 1
         WHERE client_id = $1",
    )
    .bind(subject.id)
    .bind(now)
    .execute(change.connection())
    .await?
    .rows_affected();
    let notes = sqlx::query(
        "UPDATE note SET text = '', deleted_at = coalesce(deleted_at, $2), revision = revision + 1 WHERE client_id = $1",
    )
    .bind(subject.id)
    .bind(now)
    .execute(change.connection())
    .await?
    .rows_affected();
    clean_around(change, &subject).await?;
    sqlx::query(
        "UPDATE account SET active = false, comment = '', closed_at = CASE WHEN active THEN $2 ELSE closed_at END, revision = revision + 1
         WHERE id = ANY($1)",
    )
    .bind(&subject.accounts)
    .bind(now)
    .execute(change.connection())
    .await?;
    sqlx::query(
        "UPDATE client SET name = '№ ' || id, email = NULL, phone = NULL, phone_key = NULL, contact_person = '', comment = '', registered_from = '', active = false,
             liquidation_comment = '', advertising_consent_at = NULL, advertising_consent_source = '', gdpr_state = 'cleaned', cleaned_at = $2, revision = revision + 1 WHERE id = $1",
    )
    .bind(subject.id)
    .bind(now)
    .execute(change.connection())
    .await?;
    // Last of the locks, as wherever a plan ends.
    for account in &subject.accounts {
        accounts::write_plan(change, *account, None, now, reason).await?;
    }
    let after = json!({"gdpr_state": "cleaned", "contacts": contacts, "notes": notes, "party": party});
    change.record("client.clean", "client", code, &json!({"gdpr_state": "none"}), &after, reason);
    Ok(Cleaned { contacts, notes, party })
}

/// His users come in no more and have no names, his cards are unlinked, payers who are persons are nobody's, letters that wait do not go out. What went out,
/// and contracts, stay until the legal terms are over (`destroy`).
async fn clean_around(change: &mut Change, subject: &Subject) -> Result<(), CleaningError> {
    let now = change.now();
    for sql in [
        "UPDATE client_user SET login = 'cleaned-' || id, email = 'cleaned-' || id, name = '', password_digest = '', verified_phone = NULL, phone_verified_at = NULL,
             blocked_at = coalesce(blocked_at, $2), block_reason = 'cleaned', revision = revision + 1 WHERE client_id = $1",
        "UPDATE client_session SET ended_at = coalesce(ended_at, $2), address = '' WHERE client_id = $1",
        // What the gateway has to forget keeps its token until it has.
        "UPDATE card SET mask = '', expires = NULL, unlinked_at = coalesce(unlinked_at, $2), unlinked_by = coalesce(unlinked_by, 'cleaned') WHERE client_id = $1",
        "WITH p AS (UPDATE autopay SET enabled = false, off_reason = 'card_unlinked', changed_at = $2, changed_by = 'cleaned', revision = revision + 1
                    WHERE enabled AND account_id IN (SELECT id FROM account WHERE client_id = $1) RETURNING *)
         INSERT INTO autopay_change (account_id, at, author, enabled, off_reason, threshold, amount, up_to, card_id)
         SELECT account_id, changed_at, changed_by, enabled, off_reason, threshold, amount, up_to, card_id FROM p",
        "UPDATE payer SET name = '', inn = NULL, address = '', bank = '', bik = NULL, settlement_account = NULL, correspondent_account = NULL, is_default = false,
             closed_at = coalesce(closed_at, $2), revision = revision + 1 WHERE client_id = $1 AND kind = 'natural'",
        "UPDATE mail SET state = 'suppressed', reason = 'cleaned' WHERE client_id = $1 AND state IN ('queued', 'failed') AND $2 IS NOT NULL",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
            .bind(subject.id)
            .bind(now)
            .execute(change.connection())
            .await?;
    }
    Ok(())
}

/// A person of the registry becomes anonymous when he is no other client's party; else the client is parted from him. Companies and sole proprietors stay:
/// what the public registry says of them is no secret; what a sole proprietor or staff said beyond it goes.
async fn clean_party(change: &mut Change, subject: &Subject) -> Result<bool, CleaningError> {
    let Some(party_id) = subject.party_id else { return Ok(false) };
    let kind: String = sqlx::query_scalar("SELECT kind FROM party WHERE id = $1 FOR UPDATE")
        .bind(party_id)
        .fetch_one(change.connection())
        .await?;
    if kind == "legal" {
        return Ok(false);
    }
    let is_shared: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM client WHERE party_id = $1 AND id <> $2 AND gdpr_state = 'none') OR EXISTS (SELECT FROM agent WHERE party_id = $1)",
    )
    .bind(party_id)
    .bind(subject.id)
    .fetch_one(change.connection())
    .await?;
    if kind != "natural" {
        if !is_shared {
            sqlx::query(
                "UPDATE party SET passport_series = NULL, passport_number = NULL, passport_check = 'unknown', passport_result = '', passport_checked_at = NULL,
                     phone = CASE WHEN updated_from = 'registry' THEN phone END, email = CASE WHEN updated_from = 'registry' THEN email END,
                     revision = revision + 1 WHERE id = $1",
            )
            .bind(party_id)
            .execute(change.connection())
            .await?;
        }
        return Ok(false);
    }
    if is_shared {
        sqlx::query("UPDATE client SET party_id = NULL WHERE id = $1")
            .bind(subject.id)
            .execute(change.connection())
            .await?;
        return Ok(false);
    }
    sqlx::query(
        "UPDATE party SET name = '', inn = NULL, city = '', legal_address = '', passport_series = NULL, passport_number = NULL, passport_result = '',
             phone = NULL, email = NULL, revision = revision + 1 WHERE id = $1",
    )
    .bind(party_id)
    .execute(change.connection())
    .await?;
    Ok(true)
}
