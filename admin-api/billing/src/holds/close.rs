//! Holds end with the records of their calls.
//!
//! Owns: which holds a batch of records ends, in the transaction that charges them.
//! Does not own: the charges (`ledger`), which records end a call (the ingest says).
//! Always: the hold goes where the charge comes, in one transaction; no lock of an account is taken, so a batch makes no call wait; where no source asks before
//! its calls, a batch pays for one look at a few index entries; a call whose record comes too late is on the list of such calls,
//! whoever was first: its record or the nightly job.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::store::StoreError;

/// A call whose record is charged: its last, where it has several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndedCall<'a> {
    /// Code of the source.
    pub source: &'a str,
    /// The call.
    pub call_id: &'a str,
    /// Its leg.
    pub leg: u8,
    /// Whether somebody answered.
    pub is_answered: bool,
}

/// Codes of the sources that have holds.
pub(crate) async fn sources(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    // In the order of the index, so that one entry of it answers, however many holds a source has, and where it has none.
    Ok(sqlx::query_scalar(
        "SELECT s.code FROM source s CROSS JOIN LATERAL (SELECT FROM hold h WHERE h.source = s.code ORDER BY h.source, h.call_id, h.leg LIMIT 1) h",
    )
    .fetch_all(connection)
    .await?)
}

/// Ends the holds of calls. An attempt that nobody answered ends the hold of a call that its switch has released; one that is not released may go on by
/// another way under the same name, so its money stays until its granted seconds are over, and a little longer for the record of that way.
///
/// `at`: when the records came. A call whose money was free again by then goes to the list of those whose record did not come in time: what it costs may
/// have been granted to others meanwhile, so that it takes the balance past its limit.
pub(crate) async fn close(
    connection: &mut PgConnection,
    ended: &[EndedCall<'_>],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH ended AS (
             SELECT e.source, e.call_id, e.leg, bool_or(e.answered) AS answered
             FROM unnest($1::text[], $2::text[], $3::smallint[], $4::boolean[]) AS e (source, call_id, leg, answered) GROUP BY e.source, e.call_id, e.leg
         ), attempted AS (
             UPDATE hold h SET expires_at = least(h.expires_at, h.ends_by + interval '15 minutes') FROM ended e
             WHERE h.source = e.source AND h.call_id = e.call_id AND h.leg = e.leg AND NOT e.answered AND h.state = 'open'
         ), gone AS (
             DELETE FROM hold h USING ended e
             WHERE h.source = e.source AND h.call_id = e.call_id AND h.leg = e.leg AND (e.answered OR h.state <> 'open') RETURNING h.*
         )
         INSERT INTO overdue_hold (id, source, call_id, leg, account_id, state, service, src, dst, currency, amount, seconds, used, created_at, answered_at,
                                   released_at, expires_at)
         SELECT id, source, call_id, leg, account_id, state, service, src, dst, currency, amount, seconds, used, created_at, answered_at, released_at, expires_at
         FROM gone WHERE expires_at <= $5",
    )
    .bind(ended.iter().map(|call| call.source).collect::<Vec<_>>())
    .bind(ended.iter().map(|call| call.call_id).collect::<Vec<_>>())
    .bind(ended.iter().map(|call| i16::from(call.leg)).collect::<Vec<_>>())
    .bind(ended.iter().map(|call| call.is_answered).collect::<Vec<_>>())
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}
