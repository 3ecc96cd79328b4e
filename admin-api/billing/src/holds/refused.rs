//! Calls that were refused, as support reads them (M24).
//!
//! Owns: rows of `refused_call`.
//! Does not own: the refusal and its words (`rating::authorize`, `rules`).
//! Always: written beside the answer and not before it: a refusal takes nothing, so it waits for nothing.

use chrono::{DateTime, Utc};
use rating::Service;
use rating::rows::AccountId;
use serde_json::Value;

use super::ask::CallKey;
use super::calls::columns;
use crate::store::{Store, StoreError};

/// A call that may not go. No `Debug`: numbers do not belong into logs.
#[derive(Clone)]
pub struct RefusedCall {
    /// When.
    pub at: DateTime<Utc>,
    /// The call.
    pub key: CallKey,
    /// Who would pay, where that is known.
    pub account: Option<AccountId>,
    /// Service.
    pub service: Service,
    /// Calling number, as it was given.
    pub src: String,
    /// Dialled number, as it was given.
    pub dst: String,
    /// The code of the answer.
    pub code: &'static str,
    /// The lock that decides, if one does.
    pub lock: Option<u64>,
    /// In words: Russian, English.
    pub words: [String; 2],
    /// The checks that were run.
    pub checks: Value,
}

/// Notes calls that were refused.
pub async fn note(store: &Store, calls: &[RefusedCall]) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let keys: Vec<&CallKey> = calls.iter().map(|call| &call.key).collect();
    let (sources, ids, legs) = columns(&keys);
    sqlx::query(
        "INSERT INTO refused_call (at, source, call_id, leg, account_id, service, src, dst, code, lock_id, words_ru, words_en, checks)
         SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
                              $10::bigint[], $11::text[], $12::text[], $13::jsonb[])",
    )
    .bind(calls.iter().map(|call| call.at).collect::<Vec<_>>())
    .bind(sources)
    .bind(ids)
    .bind(legs)
    .bind(calls.iter().map(|call| call.account.map(|account| account.0 as i64)).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.service.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.src.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.dst.as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.code).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.lock.map(|lock| lock as i64)).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.words[0].as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.words[1].as_str()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.checks.clone()).collect::<Vec<_>>())
    .execute(store.callers())
    .await?;
    Ok(())
}
