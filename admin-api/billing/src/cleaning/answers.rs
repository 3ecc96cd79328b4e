//! Answers that are kept for idempotency keys, and repeat personal data.
//!
//! Owns: how long they are kept, which of them go with a client.
//! Does not own: keeping them (`change`).
//! Always: who repeats a request later than that does it anew; who repeats one about a cleaned client is refused.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CleaningError, Subject};
use crate::change::Change;
use crate::store::{Store, StoreError};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(72);

/// Forgets the answers that are too old at `now`; how many.
pub async fn forget_old_answers(store: &Store, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let gone =
        sqlx::query("DELETE FROM idempotency WHERE created_at < $1").bind(now - KEPT).execute(store.pool()).await?;
    Ok(gone.rows_affected())
}

/// Forgets the answers that speak of a client, his accounts, users, payers, contacts and notes, or of the party that he is.
pub(super) async fn forget_answers(change: &mut Change, subject: &Subject, code: &str) -> Result<(), CleaningError> {
    // Who made a client that may be the same was told his name; the rest of that answer is another client's.
    sqlx::query(
        "UPDATE idempotency SET response = jsonb_set(response, '{twins}', '[]') WHERE response -> 'twins' @> jsonb_build_array(jsonb_build_object('code', $1::text))",
    )
    .bind(code)
    .execute(change.connection())
    .await?;
    sqlx::query(
        "DELETE FROM idempotency i WHERE i.client_user_id IN (SELECT u.id FROM client_user u WHERE u.client_id = $2)
             OR jsonb_path_exists(i.response, '$.** ? (@.code == $codes[*] || @.client == $codes[*] || @.account == $codes[*] || @.entity_id == $codes[*])',
                 jsonb_build_object('codes', (SELECT jsonb_agg(s.code) FROM (SELECT $1::text AS code UNION SELECT a.code FROM account a WHERE a.client_id = $2) s)))
             OR (i.response ? 'position' AND i.response ->> 'id' IN (SELECT k.id::text FROM contact k WHERE k.client_id = $2))
             OR (i.response ? 'important' AND i.response ->> 'id' IN (SELECT n.id::text FROM note n WHERE n.client_id = $2))
             OR (i.response ? 'verified_phone' AND i.response ->> 'id' IN (SELECT u.id::text FROM client_user u WHERE u.client_id = $2))
             OR (i.response ? 'settlement_account' AND i.response ->> 'id' IN (SELECT p.id::text FROM payer p WHERE p.client_id = $2))
             OR (i.response ? 'updated_from' AND i.response ->> 'id' = $3::text)",
    )
    .bind(code)
    .bind(subject.id)
    .bind(subject.party_id.map(|id| id.to_string()))
    .execute(change.connection())
    .await?;
    Ok(())
}
