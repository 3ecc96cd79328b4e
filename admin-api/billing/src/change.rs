//! A change: the only way in which a person writes.
//!
//! Owns: the transaction of a request, its actor, its moment, its audit lines, and the answer kept for its idempotency key.
//! Does not own: what is changed (the rooms take `&mut Change` first).
//! Always: nothing is written without an audit line; the lines and the effects commit together or not at all.

use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row, Transaction};

use crate::audit::{self, AuditLine, Outcome};
use crate::clock::Clock;
use crate::hot_path::Touched;
use crate::store::{Store, StoreError};

/// Whose deed it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// A staff user, by identifier.
    Staff(i64),
    /// A user of a client, by identifier.
    Client(i64),
    /// The program itself.
    Program,
}

impl Author {
    /// Identifier of the staff user, where it is one.
    pub const fn staff_id(self) -> Option<i64> {
        match self {
            Self::Staff(id) => Some(id),
            Self::Client(_) | Self::Program => None,
        }
    }

    const fn id(self) -> i64 {
        match self {
            Self::Staff(id) | Self::Client(id) => id,
            Self::Program => 0,
        }
    }

    /// The column of `idempotency` that refers to him.
    const fn column(self) -> &'static str {
        match self {
            Self::Staff(_) | Self::Program => "user_id",
            Self::Client(_) => "client_user_id",
        }
    }

    /// The statement that says whether he may write still, and holds his row.
    const fn may_write(self) -> &'static str {
        match self {
            Self::Staff(_) => "SELECT blocked_at IS NULL FROM staff_user WHERE id = $1 FOR SHARE",
            Self::Program => "SELECT $1::bigint = 0",
            Self::Client(_) => "SELECT blocked_at IS NULL FROM client_user WHERE id = $1 FOR SHARE",
        }
    }

    /// Keeps the keys of authors of both kinds apart.
    const fn seed(self) -> i64 {
        match self {
            Self::Staff(id) => id,
            Self::Client(id) => id.wrapping_neg(),
            Self::Program => 0,
        }
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose deed it is.
    pub author: Author,
    /// Login, as the audit shows it: of a user of a client his identifier with `client:` before it, for his login is his e-mail, and what he writes stays.
    pub login: String,
    /// Identifier of the request, to find it in the logs.
    pub request_id: String,
    /// Network address that the request came from; empty where there was none.
    pub address: String,
    /// Code of the client as whom he works, if he does (B11, B26).
    pub on_behalf: Option<String>,
}

impl Actor {
    /// The program itself, for a job of its own: its audit lines name no user. It begins no [`Change`], which is a person's.
    pub fn program(job: &str) -> Self {
        Self { author: Author::Program, ..Self::named(0, "tollgate", job) }
    }

    /// The program itself, which writes down what a stranger tried in a request.
    pub fn system(request_id: &str) -> Self {
        Self { author: Author::Program, ..Self::named(0, "system", request_id) }
    }

    /// A staff user who acts by himself and not over the network.
    pub fn named(user_id: i64, login: &str, request_id: &str) -> Self {
        Self {
            author: Author::Staff(user_id),
            login: login.to_owned(),
            request_id: request_id.to_owned(),
            address: String::new(),
            on_behalf: None,
        }
    }

    /// A user of a client, who acts for himself.
    pub fn of_client(user_id: i64, request_id: &str) -> Self {
        let login = format!("{CLIENT_LOGIN}{user_id}");
        Self { author: Author::Client(user_id), ..Self::named(user_id, &login, request_id) }
    }
}

/// What stands before the identifier of a user of a client wherever authors are named; no login of staff has a colon.
pub const CLIENT_LOGIN: &str = "client:";

/// The `Idempotency-Key` of a request, with what it asked.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// Chosen by the caller.
    pub key: String,
    /// Digest of method, path and body.
    pub input: Vec<u8>,
}

impl IdempotencyKey {
    /// The key for a request made of these parts.
    pub fn new(key: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self { key: key.to_owned(), input: hasher.finalize().to_vec() }
    }
}

/// What a begun change is.
#[expect(clippy::large_enum_variant, reason = "one a request, and taken apart at once")]
pub enum Begun {
    /// Not seen before: go on.
    New(Change),
    /// The same request was answered before: the status and body of then.
    Repeated(u16, Value),
    /// The key was used for another request.
    KeyReused,
}

/// A point inside a change.
pub(crate) struct Savepoint {
    lines: usize,
    touched: usize,
}

/// A change that took longer before it wrote has waited for others; what happened meanwhile was before it.
const AT_ONCE: Duration = Duration::from_millis(250);

/// A transaction with its author.
pub struct Change {
    tx: Transaction<'static, Postgres>,
    actor: Actor,
    now: DateTime<Utc>,
    begun: Instant,
    lines: Vec<AuditLine>,
    idempotency: Option<IdempotencyKey>,
    touched: Vec<Touched>,
}

impl Change {
    /// Begins a change of `actor` now.
    pub async fn begin(
        store: &Store,
        clock: &dyn Clock,
        actor: Actor,
        idempotency: Option<IdempotencyKey>,
    ) -> Result<Begun, StoreError> {
        let mut tx = store.begin().await?;
        if let Some(key) = &idempotency {
            // Two requests with one key at once: the second waits here for the first.
            sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, $2))")
                .bind(&key.key)
                .bind(actor.author.seed())
                .execute(&mut *tx)
                .await?;
            let column = actor.author.column();
            let sql = format!("SELECT input, status, response FROM idempotency WHERE {column} = $1 AND key = $2");
            let earlier =
                sqlx::query(AssertSqlSafe(sql)).bind(actor.author.id()).bind(&key.key).fetch_optional(&mut *tx).await?;
            if let Some(row) = earlier {
                if row.get::<Vec<u8>, _>("input") != key.input {
                    return Ok(Begun::KeyReused);
                }
                return Ok(Begun::Repeated(row.get::<i16, _>("status") as u16, row.get("response")));
            }
        }
        // As fine as Postgres keeps it: what is read back later is not a little earlier than it was.
        let now = clock.now().trunc_subsecs(6);
        let begun = Instant::now();
        Ok(Begun::New(Self { tx, actor, now, begun, lines: Vec::new(), idempotency, touched: Vec::new() }))
    }

    /// The moment of the change.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The moment from which what is written now holds in the stream: that of the change, unless it had to wait for others, whose calls of meanwhile may be
    /// charged by now.
    pub(crate) fn in_force_from(&self) -> DateTime<Utc> {
        let waited = self.begun.elapsed();
        if waited < AT_ONCE {
            return self.now;
        }
        (self.now + TimeDelta::from_std(waited).unwrap_or_default()).trunc_subsecs(6)
    }

    /// Who changes.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Holds the author's row until the end, or finds him blocked. What writes rows that a block of him ends begins with this: whoever blocks him takes his row
    /// first too, and in another order the two would wait for each other.
    pub(crate) async fn hold_author(&mut self) -> Result<(), StoreError> {
        let author = self.actor.author;
        let may_write: Option<bool> =
            sqlx::query_scalar(author.may_write()).bind(author.id()).fetch_optional(&mut *self.tx).await?;
        if may_write == Some(true) { Ok(()) } else { Err(StoreError::AuthorBlocked) }
    }

    /// The connection inside the transaction, for the rooms.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Says what of the snapshot has to be read anew.
    pub(crate) fn touch(&mut self, touched: Touched) {
        self.touched.push(touched);
    }

    /// Raises the catalogue's version now, for rows of tariffs that name the version by which they are in force. Others who change the catalogue wait
    /// until this change ends.
    pub(crate) async fn tariff_version(&mut self) -> Result<i64, StoreError> {
        crate::hot_path::raise_version(&mut self.tx, &[Touched::Tariffs]).await
    }

    /// Marks a point to which the change can go back; one at a time.
    pub(crate) async fn savepoint(&mut self) -> Result<Savepoint, StoreError> {
        sqlx::query("SAVEPOINT attempt").execute(&mut *self.tx).await?;
        Ok(Savepoint { lines: self.lines.len(), touched: self.touched.len() })
    }

    /// Undoes what was done since that point: effects, audit lines, what was said of the snapshot.
    pub(crate) async fn back_to(&mut self, point: Savepoint) -> Result<(), StoreError> {
        sqlx::query("ROLLBACK TO SAVEPOINT attempt").execute(&mut *self.tx).await?;
        self.lines.truncate(point.lines);
        self.touched.truncate(point.touched);
        Ok(())
    }

    /// The same for rows of one account: its plans name the version too.
    pub(crate) async fn account_version(&mut self, account: i64) -> Result<i64, StoreError> {
        crate::hot_path::raise_version(&mut self.tx, &[Touched::Account(account)]).await
    }

    /// Adds an audit line.
    pub(crate) fn record(
        &mut self,
        action: &'static str,
        entity: &'static str,
        entity_id: impl ToString,
        before: &impl Serialize,
        after: &impl Serialize,
        reason: &str,
    ) {
        self.lines.push(AuditLine {
            action,
            entity,
            entity_id: entity_id.to_string(),
            before: serde_json::to_value(before).ok(),
            after: serde_json::to_value(after).ok(),
            personal: None,
            reason: reason.to_owned(),
        });
    }

    /// Adds an audit line of (action, kind, record) in which the values of the fields `personal` stand apart, where they can be destroyed without breaking the
    /// chain (A40).
    pub(crate) fn record_personal(
        &mut self,
        (action, entity, entity_id): (&'static str, &'static str, &str),
        before: &Value,
        after: &Value,
        personal: &[&str],
        reason: &str,
    ) {
        let ((before, before_apart), (after, after_apart)) =
            (taken_apart(before, personal), taken_apart(after, personal));
        let apart = !(before_apart.is_empty() && after_apart.is_empty());
        self.lines.push(AuditLine {
            action,
            entity,
            entity_id: entity_id.to_owned(),
            before: Some(before),
            after: Some(after),
            personal: apart.then(|| json!({"before": before_apart, "after": after_apart})),
            reason: reason.to_owned(),
        });
    }

    /// Commits the effects, the audit lines, and the answer for the idempotency key.
    pub async fn commit(mut self, status: u16, response: &Value) -> Result<(), StoreError> {
        assert!(!self.lines.is_empty(), "a change without an audit line");
        // Held until the end: whoever blocks the author waits for this change, or this change finds him blocked (S42).
        self.hold_author().await?;
        let author = self.actor.author;
        if let Some(key) = &self.idempotency {
            let column = author.column();
            let sql = format!(
                "INSERT INTO idempotency ({column}, key, input, status, response, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
            );
            sqlx::query(AssertSqlSafe(sql))
                .bind(author.id())
                .bind(&key.key)
                .bind(&key.input)
                .bind(status as i16)
                .bind(response)
                .bind(self.now)
                .execute(&mut *self.tx)
                .await?;
        }
        if !self.touched.is_empty() {
            crate::hot_path::raise_version(&mut self.tx, &self.touched).await?;
        }
        // Last, and after the catalogue's version: two changes that took these two locks in different orders would wait for each other.
        audit::write(&mut self.tx, &self.actor, self.now, Outcome::Done, &self.lines).await?;
        self.tx.commit().await?;
        Ok(())
    }
}

/// Stands in the audit for a value that is kept apart.
const APART: &str = "***";

/// Fields without the values of `personal` ones, and those values.
fn taken_apart(fields: &Value, personal: &[&str]) -> (Value, Map<String, Value>) {
    let (mut fields, mut apart) = (fields.clone(), Map::new());
    if let Some(fields) = fields.as_object_mut() {
        for name in personal {
            // That a field was empty is no secret.
            if let Some(value) = fields.get_mut(*name).filter(|value| !value.is_null() && **value != json!("")) {
                apart.insert((*name).to_owned(), std::mem::replace(value, json!(APART)));
            }
        }
    }
    (fields, apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_stand_apart() {
        let fields = json!({"name": "N", "email": "a@b.ru", "phone": null, "contact_person": ""});
        let (shown, apart) = taken_apart(&fields, &["email", "phone", "contact_person", "absent"]);
        assert_eq!(shown, json!({"name": "N", "email": "***", "phone": null, "contact_person": ""}));
        assert_eq!(Value::Object(apart), json!({"email": "a@b.ru"}));
    }
}
