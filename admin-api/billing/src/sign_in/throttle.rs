//! How often somebody may guess.
//!
//! Owns: table `sign_in_throttle`, which all processes share.
//! Does not own: when somebody has to wait (`rules`), what counts as a guess (the API).
//! Always: a login is counted together with the address, so that a stranger shuts nobody else out; an address is counted whatever the login; the second factor
//! of a user is counted whatever the address, for who guesses at it knows the password; success clears the pair and not the address, or one good password would
//! pay for many guesses.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, Row};

use super::digest;
use super::rules::{self, Limit, Tally};
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// Days after which a count is removed.
const KEPT_DAYS: i64 = 2;

/// Who guesses.
#[derive(Clone, Debug)]
pub struct Guesser {
    pair: Option<Vec<u8>>,
    address: Vec<u8>,
}

impl Guesser {
    /// Somebody at an address who says that he is `login`.
    pub fn of(login: &str, address: &str) -> Self {
        let network = rules::network(address);
        Self { pair: Some(digest(&["pair", &login.to_lowercase(), &network])), ..Self::at(address) }
    }

    /// Somebody at an address who says that he is the user `login` of a client: another kind of people, counted apart.
    pub fn of_client(login: &str, address: &str) -> Self {
        Self::of(&format!("client\n{login}"), address)
    }

    /// Somebody who has shown the password of a user and guesses at his second factor: counted by the user, from wherever the guesses come.
    pub fn of_code(user_id: i64, address: &str) -> Self {
        Self { pair: Some(digest(&["code", &user_id.to_string()])), ..Self::at(address) }
    }

    /// Somebody at an address who does not say who he is.
    pub fn at(address: &str) -> Self {
        Self { pair: None, address: digest(&["address", &rules::network(address)]) }
    }
}

/// After how many wrong guesses somebody waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pair: Limit,
    address: Limit,
}

impl Limits {
    /// As the settings have them.
    pub fn of(settings: &Settings) -> Result<Self, StoreError> {
        let window = TimeDelta::minutes(settings.number("signin.window_minutes")?);
        let limit = |key: &str| settings.number(key).map(|attempts| Limit { attempts: attempts as i32, window });
        Ok(Self { pair: limit("signin.attempts")?, address: limit("signin.address_attempts")? })
    }
}

/// A wait that a wrong guess began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// `pair` or `address`.
    pub scope: &'static str,
    /// Wrong guesses so far.
    pub failures: i32,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Until when the guesser has to wait, if he has to.
pub async fn waits(store: &Store, guesser: &Guesser, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let until: Option<DateTime<Utc>> = sqlx::query_scalar(
        "SELECT max(waits_until) FROM sign_in_throttle
         WHERE waits_until > $3 AND ((scope = 'pair' AND subject = $1) OR (scope = 'address' AND subject = $2))",
    )
    .bind(&guesser.pair)
    .bind(&guesser.address)
    .bind(now)
    .fetch_one(store.pool())
    .await?;
    Ok(until)
}

/// Counts a wrong guess; the waits that it began.
pub async fn failed(
    store: &Store,
    guesser: &Guesser,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Vec<Wait>, StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query(
        "DELETE FROM sign_in_throttle t USING (
             SELECT scope, subject FROM sign_in_throttle WHERE since < $1 AND (waits_until IS NULL OR waits_until < $1)
             LIMIT 100 FOR UPDATE SKIP LOCKED) old
         WHERE t.scope = old.scope AND t.subject = old.subject",
    )
    .bind(now - TimeDelta::days(KEPT_DAYS))
    .execute(&mut *tx)
    .await?;
    let mut begun = Vec::new();
    // The pair before the address, here as anywhere: two who guess at once wait for each other and not both.
    if let Some(pair) = &guesser.pair {
        begun.extend(count(&mut tx, "pair", pair, limits.pair, now).await?);
    }
    begun.extend(count(&mut tx, "address", &guesser.address, limits.address, now).await?);
    tx.commit().await?;
    Ok(begun)
}

async fn count(
    connection: &mut PgConnection,
    scope: &'static str,
    subject: &[u8],
    limit: Limit,
    now: DateTime<Utc>,
) -> Result<Option<Wait>, StoreError> {
    // One statement makes the row and holds it: between two of them somebody who signs in would remove it.
    let row = sqlx::query(
        "INSERT INTO sign_in_throttle (scope, subject, failures, since) VALUES ($1, $2, 0, $3)
         ON CONFLICT (scope, subject) DO UPDATE SET failures = sign_in_throttle.failures RETURNING failures, since, waits_until",
    )
    .bind(scope)
    .bind(subject)
    .bind(now)
    .fetch_one(&mut *connection)
    .await?;
    let before = Tally { failures: row.get("failures"), since: row.get("since"), waits_until: row.get("waits_until") };
    let after = rules::failed(before, limit, now);
    sqlx::query(
        "UPDATE sign_in_throttle SET failures = $3, since = $4, waits_until = $5 WHERE scope = $1 AND subject = $2",
    )
    .bind(scope)
    .bind(subject)
    .bind(after.failures)
    .bind(after.since)
    .bind(after.waits_until)
    .execute(&mut *connection)
    .await?;
    Ok(after.waits_until.map(|until| Wait { scope, failures: after.failures, until }))
}

/// Forgets the wrong guesses of a login from an address: its owner has signed in.
pub(crate) async fn clear(connection: &mut PgConnection, guesser: &Guesser) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sign_in_throttle WHERE scope = 'pair' AND subject = $1")
        .bind(&guesser.pair)
        .execute(connection)
        .await?;
    Ok(())
}
