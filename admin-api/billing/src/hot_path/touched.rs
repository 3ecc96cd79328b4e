//! What a version of the catalogue has changed.
//!
//! Owns: table `catalogue_change`, and the catalogue's version with its announcement.
//! Does not own: the rows that changed.
//! Always: every version has at least one row; who misses a version knows it and reads everything.

use std::collections::BTreeSet;

use numbering::E164;
use rustc_hash::FxHashSet;
use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::CHANNEL;
use crate::store::StoreError;

/// Versions whose changes are kept.
const KEPT_VERSIONS: i64 = 10_000;

/// What readers of the snapshot have to read anew.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Touched {
    /// All of it.
    Everything,
    /// Everything but accounts and numbers: lists, plans, providers, settings, terms of groups and of everybody, global locks.
    Tariffs,
    /// An account with its plans, trunks, locks and own discounts.
    Account(i64),
    /// All accounts of a client, and his terms.
    Client(i64),
    /// The states of a number.
    Number(E164),
}

impl Touched {
    /// Whose terms they are; those of groups and of everybody stand beside the tariffs.
    pub(crate) const fn holder(account: Option<i64>, client: Option<i64>) -> Self {
        match (account, client) {
            (Some(account), _) => Self::Account(account),
            (None, Some(client)) => Self::Client(client),
            (None, None) => Self::Tariffs,
        }
    }

    fn columns(&self) -> (&'static str, Option<i64>, Option<String>) {
        match self {
            Self::Everything => ("everything", None, None),
            Self::Tariffs => ("tariffs", None, None),
            Self::Account(id) => ("account", Some(*id), None),
            Self::Client(id) => ("client", Some(*id), None),
            Self::Number(number) => ("number", None, Some(number.to_string())),
        }
    }
}

/// Raises the catalogue's version inside a transaction, says what it changed, and announces it at its commit.
pub(crate) async fn raise_version(connection: &mut PgConnection, touched: &[Touched]) -> Result<i64, StoreError> {
    assert!(!touched.is_empty(), "a version that changes nothing");
    let version: i64 = sqlx::query_scalar("UPDATE catalogue SET version = version + 1 RETURNING version")
        .fetch_one(&mut *connection)
        .await?;
    let columns = || touched.iter().map(Touched::columns);
    sqlx::query(
        "INSERT INTO catalogue_change (version, what, id, number)
         SELECT $1, what, id, number FROM unnest($2::text[], $3::bigint[], $4::text[]) AS c (what, id, number)",
    )
    .bind(version)
    .bind(columns().map(|(what, ..)| what).collect::<Vec<_>>())
    .bind(columns().map(|(_, id, _)| id).collect::<Vec<_>>())
    .bind(columns().map(|(.., number)| number).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM catalogue_change WHERE version <= $1")
        .bind(version - KEPT_VERSIONS)
        .execute(&mut *connection)
        .await?;
    sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(version.to_string()).execute(&mut *connection).await?;
    Ok(version)
}

/// Whether one of these numbers may have moved after a version of the catalogue: what was resolved by that version would have to be resolved again.
pub(crate) async fn moved_since(
    connection: &mut PgConnection,
    version: i64,
    numbers: &[E164],
) -> Result<bool, StoreError> {
    let now: i64 = sqlx::query_scalar("SELECT version FROM catalogue").fetch_one(&mut *connection).await?;
    if now == version || numbers.is_empty() {
        return Ok(false);
    }
    let difference = Difference::between(connection, version, now).await?;
    let moved: FxHashSet<E164> = difference.numbers.iter().filter_map(|number| E164::parse(number)).collect();
    Ok(difference.everything || !moved.is_empty() && numbers.iter().any(|number| moved.contains(number)))
}

/// What differs between two versions.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Accounts and numbers are not known at all.
    pub(super) everything: bool,
    pub(super) tariffs: bool,
    pub(super) accounts: BTreeSet<i64>,
    pub(super) numbers: BTreeSet<String>,
}

impl Difference {
    pub(super) fn everything() -> Self {
        Self { everything: true, tariffs: true, ..Self::default() }
    }

    /// What changed after `former`, up to `version`.
    pub(super) async fn between(connection: &mut PgConnection, former: i64, version: i64) -> Result<Self, StoreError> {
        let rows =
            sqlx::query("SELECT version, what, id, number FROM catalogue_change WHERE version > $1 AND version <= $2")
                .bind(former)
                .bind(version)
                .fetch_all(&mut *connection)
                .await?;
        let known: BTreeSet<i64> = rows.iter().map(|row| row.get("version")).collect();
        if i64::try_from(known.len()) != Ok(version - former) {
            return Ok(Self::everything());
        }
        let mut difference = Self::default();
        let mut clients = BTreeSet::new();
        for row in &rows {
            match (row.get("what"), row.get::<Option<i64>, _>("id"), row.get::<Option<String>, _>("number")) {
                ("account", Some(id), _) => drop(difference.accounts.insert(id)),
                ("client", Some(id), _) => drop(clients.insert(id)),
                ("number", _, Some(number)) => drop(difference.numbers.insert(number)),
                ("tariffs", ..) => difference.tariffs = true,
                _ => return Ok(Self::everything()),
            }
        }
        if !clients.is_empty() {
            let of_clients: Vec<i64> = sqlx::query_scalar("SELECT id FROM account WHERE client_id = ANY($1)")
                .bind(clients.into_iter().collect::<Vec<_>>())
                .fetch_all(&mut *connection)
                .await?;
            difference.accounts.extend(of_clients);
        }
        Ok(difference)
    }
}
