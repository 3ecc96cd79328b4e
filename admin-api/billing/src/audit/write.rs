//! Writing lines.
//!
//! Owns: the INSERT; number and digest of a line are the database's own work, under the lock of the last line.
//! Does not own: who is named as author.
//! Always: written last in a transaction, for whoever writes a line holds up all others until it commits.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::change::Actor;
use crate::store::{Store, StoreError};

/// Whether it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Done,
    /// It was refused.
    Refused,
}

/// What is written besides author and moment.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// The verb, for example `account.credit`.
    pub action: &'static str,
    /// Kind of record.
    pub entity: &'static str,
    /// Which record.
    pub entity_id: String,
    /// State before, of what changed.
    pub before: Option<Value>,
    /// State after, of what changed.
    pub after: Option<Value>,
    /// Values of personal data that `before` and `after` only hint at: `{"before": {..}, "after": {..}}`. The chain covers their digest, with a salt.
    pub personal: Option<Value>,
    /// Why, in the author's words.
    pub reason: String,
}

/// Lines of one statement.
const PORTION: usize = 1_000;

/// Writes lines inside a transaction, in their order.
pub(crate) async fn write(
    connection: &mut PgConnection,
    actor: &Actor,
    at: DateTime<Utc>,
    outcome: Outcome,
    lines: &[AuditLine],
) -> Result<(), StoreError> {
    for lines in lines.chunks(PORTION) {
        // Rows are numbered by a trigger as they come.
        sqlx::query(
            "INSERT INTO audit_record (at, user_id, login, on_behalf, address, action, entity, entity_id, outcome, before, after, reason, request_id, personal)
             SELECT $1, $2, $3, $4, $5, g.action, g.entity, g.entity_id, $6, g.before, g.after, g.reason, $7,
                    g.personal || jsonb_build_object('salt', gen_random_uuid())
             FROM unnest($8::text[], $9::text[], $10::text[], $11::jsonb[], $12::jsonb[], $13::text[], $14::jsonb[]) WITH ORDINALITY
                  AS g (action, entity, entity_id, before, after, reason, personal, place) ORDER BY g.place",
        )
        .bind(at)
        .bind(actor.author.staff_id())
        .bind(&actor.login)
        .bind(&actor.on_behalf)
        .bind(&actor.address)
        .bind(if outcome == Outcome::Done { "done" } else { "refused" })
        .bind(&actor.request_id)
        .bind(lines.iter().map(|line| line.action).collect::<Vec<&str>>())
        .bind(lines.iter().map(|line| line.entity).collect::<Vec<&str>>())
        .bind(lines.iter().map(|line| line.entity_id.as_str()).collect::<Vec<&str>>())
        .bind(lines.iter().map(|line| line.before.clone()).collect::<Vec<Option<Value>>>())
        .bind(lines.iter().map(|line| line.after.clone()).collect::<Vec<Option<Value>>>())
        .bind(lines.iter().map(|line| line.reason.as_str()).collect::<Vec<&str>>())
        .bind(lines.iter().map(|line| line.personal.clone()).collect::<Vec<Option<Value>>>())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Writes that an attempt was refused (M28: the attempt is in the audit).
pub async fn refused(store: &Store, actor: &Actor, at: DateTime<Utc>, line: AuditLine) -> Result<(), StoreError> {
    let mut connection = store.pool().acquire().await?;
    write(&mut connection, actor, at, Outcome::Refused, &[line]).await
}

/// Writes one line outside of a change: something was looked at, or made by a command.
pub async fn done(store: &Store, actor: &Actor, at: DateTime<Utc>, line: AuditLine) -> Result<(), StoreError> {
    let mut connection = store.pool().acquire().await?;
    write(&mut connection, actor, at, Outcome::Done, &[line]).await
}
