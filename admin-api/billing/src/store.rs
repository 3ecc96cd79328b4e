//! The door to Postgres.
//!
//! Owns: the pools, migrations, the creation of a database, text for COPY.
//! Does not own: any table.
//! Always: programs hold a `Store`; they never name the driver.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgPool, Postgres, Transaction};

/// The schema.
static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// What can go wrong with the database itself.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address cannot be read.
    #[error("the address of Postgres is not of the form postgres://user@host:port/database")]
    Address(#[source] sqlx::Error),
    /// A statement failed.
    #[error("postgres: {0}")]
    Sql(#[from] sqlx::Error),
    /// A migration failed.
    #[error("migration of the Postgres schema: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row breaks one of our own rules.
    #[error("table {table} holds {problem}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// What is wrong with which row.
        problem: String,
    },
    /// The author of a change was blocked before it was committed (S42).
    #[error("the author was blocked meanwhile")]
    AuthorBlocked,
    /// A database may be dropped only if its name says that it was made for that.
    #[error("database `{0}` is not one that may be dropped; only tollgate_demo* and tollgate_test* are")]
    NotOurs(String),
}

impl StoreError {
    /// Whether trying the transaction again may help: a serialisation failure or a deadlock.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("40001" | "40P01")))
    }

    /// Whether a statement was ended because it took longer than its session allows: the same again would take as long.
    pub fn is_too_slow(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.code().as_deref() == Some("57014"))
    }

    /// Whether the server could not be reached, or went away: worth trying again later.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Sql(
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_),
            ) => true,
            Self::Sql(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
                // Connections, resources, operators' interventions, and disks; a server that only reads is being taken over from another one.
                ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                    || matches!(code.as_ref(), "25006" | "25P03" | "25P04")
            }),
            _ => false,
        }
    }
}

/// Whether the server allows no such thing to us.
fn is_forbidden(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42501"))
}

/// The name of the rule of uniqueness that a statement broke.
pub(crate) fn broken_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().filter(|error| error.is_unique_violation())?.constraint()
}

/// What the sessions of lists are told. Somebody waits for a list, and the edge tells him after 30 s that it took too long; without a limit of its own the
/// statement would go on and hold its connection. Others wait beside him and use the other processors: helpers would only be in their way.
const READERS: [(&str, &str); 3] =
    [("default_transaction_read_only", "on"), ("statement_timeout", "20s"), ("max_parallel_workers_per_gather", "0")];
/// What the sessions that let calls go are told. A switch waits for them and gives up after a second or two: what takes longer is in vain. One that hangs in
/// the middle holds accounts, and others wait for those. All that they look for an index has: a plan that was made while a table was empty stays good.
const CALLERS: [(&str, &str); 5] = [
    ("lock_timeout", "2s"),
    ("statement_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "2s"),
    ("enable_seqscan", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];
/// Most connections that let calls go.
const CALLERS_MAX: u32 = 16;
/// How long a request for one waits for its connection.
const ACQUIRED_WITHIN: Duration = Duration::from_secs(10);
/// The same of a switch.
const CALLED_WITHIN: Duration = Duration::from_secs(2);
/// Tries to drop a database. The server cleans tables up by sessions of its own, which nobody of ours may end: they are over soon.
const DROPS_MAX: u32 = 120;
/// How long one waits for such a session.
const DROPPED_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// A connection that was used so shortly before is taken for alive.
const ALIVE_FOR: Duration = Duration::from_secs(1);

/// Pools of connections to one database.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    readers: PgPool,
    callers: PgPool,
}

impl Store {
    /// Pools for the address, of `connections_max` for the rooms and as many for lists, and some for calls; they connect on first use.
    pub fn open(url: &str, connections_max: u32) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(StoreError::Address)?
            .application_name("tollgate")
            .options([("timezone", "UTC"), ("lock_timeout", "30s")])
            .log_statements(tracing::log::LevelFilter::Trace)
            .log_slow_statements(tracing::log::LevelFilter::Debug, Duration::from_secs(5));
        let (readers, callers) = (options.clone().options(READERS), options.clone().options(CALLERS));
        let pool = |options, most, acquired_within| {
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(acquired_within)
                // A question to the server before each use would cost as much as many an answer.
                .test_before_acquire(false)
                .before_acquire(|connection, about| {
                    Box::pin(async move {
                        if about.idle_for > ALIVE_FOR {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect_lazy_with(options)
        };
        Ok(Self {
            pool: pool(options, connections_max, ACQUIRED_WITHIN),
            readers: pool(readers, connections_max, ACQUIRED_WITHIN),
            callers: pool(callers, connections_max.min(CALLERS_MAX), CALLED_WITHIN),
        })
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// How many connections each pool has open, and how many of them nobody uses: of the rooms, of lists, of calls.
    pub fn connections(&self) -> [(&'static str, u32, usize); 3] {
        [("rooms", &self.pool), ("lists", &self.readers), ("calls", &self.callers)]
            .map(|(name, pool)| (name, pool.size(), pool.num_idle()))
    }

    /// Applies the migrations that are missing.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Ok(MIGRATOR.run(&self.pool).await?)
    }

    /// Whether the server of `url` answers, whether or not the database exists.
    pub async fn server_answers(url: &str) -> Result<(), StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(StoreError::Address)?;
        options.database("postgres").connect().await?.close().await?;
        Ok(())
    }

    /// Creates the database of `url` if it does not exist. With `fresh`, an existing one is dropped first, if its name allows it.
    pub async fn create_database(url: &str, fresh: bool) -> Result<(), StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(StoreError::Address)?;
        let name = options.get_database().unwrap_or("tollgate").to_owned();
        let mut connection = options.clone().database("postgres").connect().await?;
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        if fresh {
            if !name.starts_with("tollgate_demo") && !name.starts_with("tollgate_test") {
                return Err(StoreError::NotOurs(name));
            }
            sqlx::query(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")))
                .execute(&mut connection)
                .await?;
        }
        let exists: bool = sqlx::query_scalar("SELECT exists(SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut connection)
            .await?;
        if !exists {
            sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {quoted}"))).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(())
    }

    /// Drops the database of `url`, if its name allows it.
    pub async fn drop_database(url: &str) -> Result<(), StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(StoreError::Address)?;
        let name = options.get_database().unwrap_or("tollgate").to_owned();
        if !name.starts_with("tollgate_demo") && !name.starts_with("tollgate_test") {
            return Err(StoreError::NotOurs(name));
        }
        let mut connection = options.database("postgres").connect().await?;
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let drop = format!("DROP DATABASE IF EXISTS {quoted} WITH (FORCE)");
        for _ in 1..DROPS_MAX {
            match sqlx::query(AssertSqlSafe(drop.clone())).execute(&mut connection).await {
                Err(error) if is_forbidden(&error) => tokio::time::sleep(DROPPED_AGAIN_AFTER).await,
                done => return Ok(done.map(|_| ())?),
            }
        }
        sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
        Ok(())
    }

    /// Runs statements as another program would, past the rooms; only in a database whose name says that it was made for tests.
    pub async fn run_past_the_rooms(&self, statements: &str) -> Result<(), StoreError> {
        let options = self.pool.connect_options();
        let name = options.get_database().unwrap_or_default();
        if !name.starts_with("tollgate_test") {
            return Err(StoreError::NotOurs(name.to_owned()));
        }
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&self.pool).await?;
        Ok(())
    }

    /// Begins a transaction of the rooms.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        begun(&self.pool, "BEGIN").await
    }

    /// Begins a transaction of the rooms in a way of its own.
    pub(crate) async fn begin_with(&self, how: &'static str) -> Result<Transaction<'static, Postgres>, StoreError> {
        begun(&self.pool, how).await
    }

    /// Begins a transaction that lets calls go.
    pub(crate) async fn begin_call(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        begun(&self.callers, "BEGIN").await
    }

    /// The pool of lists: its sessions only read, and not for long.
    pub(crate) fn readers(&self) -> &PgPool {
        &self.readers
    }

    /// The pool of calls that are let go: its sessions wait for nothing long.
    pub(crate) fn callers(&self) -> &PgPool {
        &self.callers
    }

    /// The pool, for the rooms.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// A look at everything as of one moment.
pub(crate) const BEGIN_A_LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Begins a transaction, whether or not somebody still waits for it: the driver counts a transaction once the server has answered, so one whose caller goes away
/// just then would be left open in its connection, and what the next caller writes there would be written in it and never be committed.
async fn begun(pool: &PgPool, how: &'static str) -> Result<Transaction<'static, Postgres>, StoreError> {
    let pool = pool.clone();
    // What nobody waits for is dropped when it is there, and rolled back by that.
    #[expect(clippy::disallowed_methods, reason = "here it goes on without its caller")]
    let begun = tokio::spawn(async move { pool.begin_with(how).await });
    Ok(begun.await.map_err(|_| sqlx::Error::WorkerCrashed)??)
}

/// Appends one field in the text format of COPY.
pub(crate) fn copy_field(line: &mut String, value: Option<&str>) {
    match value {
        None => line.push_str("\\N"),
        Some(text) => {
            for character in text.chars() {
                match character {
                    '\\' => line.push_str("\\\\"),
                    '\t' => line.push_str("\\t"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    '\0' => {}
                    other => line.push(other),
                }
            }
        }
    }
}

/// The value of a field that COPY wrote in text format.
pub(crate) fn copy_value(field: &str) -> Option<std::borrow::Cow<'_, str>> {
    if field == "\\N" {
        return None;
    }
    if !field.contains('\\') {
        return Some(field.into());
    }
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('t') => text.push('\t'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_fields_survive_the_way_there_and_back() {
        for text in ["", "plain", "a\tb", "line\nbreak\r", "back\\slash", "\\N", "кириллица"] {
            let mut line = String::new();
            copy_field(&mut line, Some(text));
            assert_eq!(copy_value(&line).as_deref(), Some(text), "{text:?}");
        }
        let mut line = String::new();
        copy_field(&mut line, None);
        assert_eq!(copy_value(&line), None);
    }
}
