//! SQL of calls that are let go.
//!
//! Owns: rows of `hold`, as grants read and write them.
//! Does not own: what is decided between (`grant`, `rules`).
//! Always: statements take arrays, one is an array of one; a row that a batch is deleting is over for who goes on, and is waited for by nobody.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rating::counter::CounterKey;
use rating::rows::{AccountId, CounterId};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::ask::{Ask, CallKey, Facts, Granted, Terms};
use super::rules::{Own, Taken, is_under_way};
use crate::store::StoreError;

/// A hold as it stands in the table or is to stand there.
#[derive(Clone)]
pub(super) struct Hold {
    pub(super) key: CallKey,
    pub(super) account: AccountId,
    pub(super) is_open: bool,
    /// What an earlier try of the call costs.
    pub(super) carried: Decimal,
    /// What this try has reserved.
    pub(super) amount: Decimal,
    pub(super) price: Decimal,
    pub(super) currency: String,
    pub(super) seconds: u64,
    pub(super) used: Option<u64>,
    pub(super) draws: Vec<(CounterKey, u64)>,
    pub(super) routes: Value,
    pub(super) created_at: DateTime<Utc>,
    pub(super) extended_at: Option<DateTime<Utc>>,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) released_at: Option<DateTime<Utc>>,
    pub(super) ends_by: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) is_end_asked: bool,
    /// Of a new one.
    pub(super) facts: Option<Facts>,
    /// Whether its row has to be written anew.
    pub(super) is_changed: bool,
}

impl Hold {
    /// A call that begins; `carried`: what an earlier try of it costs.
    pub(super) fn new(
        ask: &Ask,
        (facts, taken): (&Facts, &Taken),
        carried: Decimal,
        terms: Terms,
        now: DateTime<Utc>,
    ) -> Self {
        let ends_by = terms.ends_by(now, None, taken.own.seconds);
        Self {
            key: ask.key.clone(),
            account: ask.account,
            is_open: true,
            carried,
            amount: taken.own.amount,
            price: taken.price,
            currency: facts.currency.as_str().to_owned(),
            seconds: taken.own.seconds,
            used: None,
            draws: taken.own.draws.clone(),
            routes: facts.routes.clone(),
            created_at: now,
            extended_at: None,
            answered_at: None,
            released_at: None,
            ends_by,
            expires_at: ends_by + terms.keep,
            is_end_asked: false,
            facts: Some(facts.clone()),
            is_changed: true,
        }
    }

    /// Its switch says when it was answered, or does not: by which time it is over then.
    pub(super) fn answered(&mut self, at: Option<DateTime<Utc>>, terms: Terms) {
        self.answered_at = at.or(self.answered_at);
        self.ends_by = terms.ends_by(self.created_at, self.answered_at, self.seconds);
        self.expires_at = self.ends_by + terms.keep;
        self.is_changed = true;
    }

    /// All that is reserved.
    pub(super) fn total(&self) -> Decimal {
        self.carried + self.amount
    }

    /// Whether there is nothing to wait for any more: nobody answered, and that costs nothing.
    pub(super) fn is_gone(&self) -> bool {
        !self.is_open && self.used == Some(0) && self.total().is_zero()
    }

    /// What the call has of its account.
    pub(super) fn own(&self, now: DateTime<Utc>) -> Own {
        Own {
            amount: self.amount,
            seconds: self.seconds,
            draws: self.draws.clone(),
            is_counted: is_under_way(self.is_open, self.ends_by, now),
        }
    }

    /// The answer to who asked for it.
    pub(super) fn granted(&self, is_repeat: bool) -> Granted {
        Granted {
            seconds: self.seconds,
            hold: self.total(),
            price: self.price,
            currency: self.currency.clone(),
            routes: self.routes.clone(),
            created_at: self.created_at,
            is_repeat,
        }
    }
}

/// Reads calls by their names `$1`, `$2`, `$3`.
macro_rules! known {
    ($lock:literal) => {
        concat!(
            "SELECT h.source, h.call_id, h.leg, h.account_id, h.state, h.amount, h.carried, h.price, h.currency::text AS currency, h.seconds, h.used, h.draws,
                    h.routes, h.created_at, h.extended_at, h.answered_at, h.released_at, h.ends_by, h.expires_at, h.end_asked_at IS NOT NULL AS is_end_asked
             FROM unnest($1::text[], $2::text[], $3::smallint[]) AS k (source, call_id, leg)
             JOIN hold h ON h.source = k.source AND h.call_id = k.call_id AND h.leg = k.leg",
            $lock
        )
    };
}

/// For who begins: what a batch is deleting still counts.
const LOOK: &str = known!("");
/// For who goes on or ends: what a batch is deleting is over.
const HOLD: &str = known!(" FOR NO KEY UPDATE OF h SKIP LOCKED");

/// The calls of these asks that are known. Read after the accounts: what is found here was counted there, so what is given back was taken.
pub(super) async fn known(connection: &mut PgConnection, asks: &[Ask]) -> Result<HashMap<CallKey, Hold>, StoreError> {
    let mut found = HashMap::new();
    for (sql, is_of_known) in [(LOOK, false), (HOLD, true)] {
        let keys: Vec<&CallKey> =
            asks.iter().filter(|ask| ask.what.is_of_known() == is_of_known).map(|ask| &ask.key).collect();
        if keys.is_empty() {
            continue;
        }
        let (sources, calls, legs) = columns(&keys);
        let rows = sqlx::query(sql).bind(sources).bind(calls).bind(legs).fetch_all(&mut *connection).await?;
        for row in &rows {
            let hold = read(row);
            found.insert(hold.key.clone(), hold);
        }
    }
    Ok(found)
}

/// Names of calls, by column.
pub(super) fn columns<'a>(keys: &[&'a CallKey]) -> (Vec<&'a str>, Vec<&'a str>, Vec<i16>) {
    let sources = keys.iter().map(|key| key.source.as_str()).collect();
    let calls = keys.iter().map(|key| key.call_id.as_str()).collect();
    (sources, calls, keys.iter().map(|key| i16::from(key.leg)).collect())
}

pub(super) fn key_of(row: &PgRow) -> CallKey {
    CallKey {
        source: row.get("source"),
        call_id: row.get("call_id"),
        leg: u8::try_from(row.get::<i16, _>("leg")).unwrap_or(u8::MAX),
    }
}

fn read(row: &PgRow) -> Hold {
    let account = AccountId(row.get::<i64, _>("account_id") as u64);
    let (amount, carried): (Decimal, Decimal) = (row.get("amount"), row.get("carried"));
    let whole = |seconds: i32| u64::try_from(seconds).unwrap_or(0);
    Hold {
        key: key_of(row),
        account,
        is_open: row.get::<&str, _>("state") == "open",
        carried,
        amount: amount - carried,
        price: row.get("price"),
        currency: row.get("currency"),
        seconds: whole(row.get("seconds")),
        used: row.get::<Option<i32>, _>("used").map(whole),
        draws: drawn(account, &row.get("draws")),
        routes: row.get("routes"),
        created_at: row.get("created_at"),
        extended_at: row.get("extended_at"),
        answered_at: row.get("answered_at"),
        released_at: row.get("released_at"),
        ends_by: row.get("ends_by"),
        expires_at: row.get("expires_at"),
        is_end_asked: row.get("is_end_asked"),
        facts: None,
        is_changed: false,
    }
}

/// Draws as the table has them; what cannot be read is none of ours.
fn drawn(account: AccountId, draws: &Value) -> Vec<(CounterKey, u64)> {
    let draw = |draw: &Value| {
        let counter = CounterId(u32::try_from(draw[0].as_u64()?).ok()?);
        let period = draw[1].as_str()?.parse().ok()?;
        Some((CounterKey { account, counter, period }, draw[2].as_u64()?))
    };
    draws.as_array().into_iter().flatten().filter_map(draw).collect()
}

fn written(draws: &[(CounterKey, u64)]) -> Value {
    draws.iter().map(|(key, units)| json!([key.counter.0, key.period.to_string(), units])).collect()
}

/// Writes calls that begin. `false` when one of their names was given to another account meanwhile; the transaction is then to be given up.
pub(super) async fn insert(connection: &mut PgConnection, holds: &[&Hold]) -> Result<bool, StoreError> {
    if holds.is_empty() {
        return Ok(true);
    }
    let fact = |value: fn(&Facts) -> String| {
        holds.iter().map(|hold| hold.facts.as_ref().map(value).unwrap_or_default()).collect::<Vec<_>>()
    };
    let json_of = |value: fn(&Facts) -> &Value| {
        holds
            .iter()
            .map(|hold| hold.facts.as_ref().map_or(Value::Null, |facts| value(facts).clone()))
            .collect::<Vec<_>>()
    };
    let keys: Vec<&CallKey> = holds.iter().map(|hold| &hold.key).collect();
    let (sources, calls, legs) = columns(&keys);
    let done = sqlx::query(
        "INSERT INTO hold AS h (source, call_id, leg, account_id, state, service, src, dst, currency, amount, carried, price, seconds, used, draws, request,
             routes, checks, created_at, extended_at, answered_at, released_at, ends_by, expires_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
             $10::numeric[], $11::numeric[], $12::numeric[], $13::int[], $14::int[], $15::jsonb[], $16::jsonb[], $17::jsonb[], $18::jsonb[],
             $19::timestamptz[], $20::timestamptz[], $21::timestamptz[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[])
         ON CONFLICT (source, call_id, leg) DO UPDATE
         SET state = excluded.state, service = excluded.service, src = excluded.src, dst = excluded.dst, currency = excluded.currency,
             amount = excluded.amount, carried = excluded.carried, price = excluded.price, seconds = excluded.seconds, used = excluded.used,
             draws = excluded.draws, request = excluded.request, routes = excluded.routes, checks = excluded.checks, created_at = excluded.created_at,
             extended_at = excluded.extended_at, answered_at = excluded.answered_at, released_at = excluded.released_at, ends_by = excluded.ends_by,
             expires_at = excluded.expires_at, is_unheld = false, end_asked_at = NULL, end_asked_by = NULL, end_reason = ''
         WHERE h.account_id = excluded.account_id",
    )
    .bind(sources)
    .bind(calls)
    .bind(legs)
    .bind(holds.iter().map(|hold| hold.account.0 as i64).collect::<Vec<_>>())
    .bind(states(holds))
    .bind(fact(|facts| facts.service.as_str().to_owned()))
    .bind(fact(|facts| facts.src.clone()))
    .bind(fact(|facts| facts.dst.clone()))
    .bind(holds.iter().map(|hold| hold.currency.clone()).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.total()).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.carried).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.price).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| whole(hold.seconds)).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.used.map(whole)).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| written(&hold.draws)).collect::<Vec<_>>())
    .bind(json_of(|facts| &facts.request))
    .bind(json_of(|facts| &facts.routes))
    .bind(json_of(|facts| &facts.checks))
    .bind(holds.iter().map(|hold| hold.created_at).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.extended_at).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.answered_at).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.released_at).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.ends_by).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.expires_at).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == holds.len() as u64)
}

/// Writes calls that go on or are over, whose rows are held. `false` when one of them is gone; the transaction is then to be given up.
pub(super) async fn update(connection: &mut PgConnection, holds: &[&Hold]) -> Result<bool, StoreError> {
    if holds.is_empty() {
        return Ok(true);
    }
    let keys: Vec<&CallKey> = holds.iter().map(|hold| &hold.key).collect();
    let (sources, calls, legs) = columns(&keys);
    let done = sqlx::query(
        "UPDATE hold h SET state = d.state, amount = d.amount, price = d.price, seconds = d.seconds, used = d.used, draws = d.draws,
             extended_at = d.extended_at, answered_at = d.answered_at, released_at = d.released_at, ends_by = d.ends_by, expires_at = d.expires_at
         FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::numeric[], $6::numeric[], $7::int[], $8::int[], $9::jsonb[],
                  $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[])
              AS d (source, call_id, leg, state, amount, price, seconds, used, draws, extended_at, answered_at, released_at, ends_by, expires_at)
         WHERE h.source = d.source AND h.call_id = d.call_id AND h.leg = d.leg",
    )
    .bind(sources)
    .bind(calls)
    .bind(legs)
    .bind(states(holds))
    .bind(holds.iter().map(|hold| hold.total()).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.price).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| whole(hold.seconds)).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.used.map(whole)).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| written(&hold.draws)).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.extended_at).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.answered_at).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.released_at).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.ends_by).collect::<Vec<_>>())
    .bind(holds.iter().map(|hold| hold.expires_at).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == holds.len() as u64)
}

/// Deletes calls that nobody answered, whose rows are held.
pub(super) async fn delete(connection: &mut PgConnection, keys: &[&CallKey]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let (sources, calls, legs) = columns(keys);
    sqlx::query(
        "DELETE FROM hold h USING unnest($1::text[], $2::text[], $3::smallint[]) AS k (source, call_id, leg)
         WHERE h.source = k.source AND h.call_id = k.call_id AND h.leg = k.leg",
    )
    .bind(sources)
    .bind(calls)
    .bind(legs)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that calls were asked for again: nobody takes back a grant that somebody else has heard of. A row that a batch is deleting is passed over.
pub(super) async fn touch(
    connection: &mut PgConnection,
    keys: &[&CallKey],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let (sources, calls, legs) = columns(keys);
    sqlx::query(
        "UPDATE hold SET extended_at = $4 WHERE id IN (
             SELECT h.id FROM unnest($1::text[], $2::text[], $3::smallint[]) AS k (source, call_id, leg)
             JOIN hold h ON h.source = k.source AND h.call_id = k.call_id AND h.leg = k.leg FOR NO KEY UPDATE OF h SKIP LOCKED)",
    )
    .bind(sources)
    .bind(calls)
    .bind(legs)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

fn states(holds: &[&Hold]) -> Vec<&'static str> {
    holds.iter().map(|hold| if hold.is_open { "open" } else { "released" }).collect()
}

/// Whole seconds as the table has them.
pub(super) fn whole(seconds: u64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}
