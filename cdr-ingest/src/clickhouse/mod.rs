//! ClickHouse: the rows that are written, and how they are delivered.
//!
//! Owns: the tables' columns in the order of their bytes ([`row`]), the schema's files ([`schema`]), delivery with its token ([`deliver`]), the keys of
//! masked numbers ([`mask`]), the data dictionary ([`dictionary`]).
//! Does not own: when something is delivered (`stream`), what analysts ask (views of `deploy/clickhouse`).
//! Always: an INSERT is sent with `async_insert = 0` and the outbox row's id as its token; the bytes of a retry are the bytes of the first try.

pub mod deliver;
pub mod dictionary;
pub mod mask;
pub mod revision;
pub mod row;
pub mod schema;

/// A connection: address and database.
#[derive(Clone)]
pub struct ClickHouse {
    client: ::clickhouse::Client,
    database: String,
}

impl ClickHouse {
    /// Connects on first use.
    pub fn open(url: &str, database: &str) -> Self {
        let mut url = url.to_owned();
        let mut user = None;
        // Credentials in the address become headers: an address ends up in logs.
        if let Some((scheme, rest)) = url.clone().split_once("://")
            && let Some((credentials, host)) = rest.split_once('@')
        {
            url = format!("{scheme}://{host}");
            let (name, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            user = Some((name.to_owned(), password.to_owned()));
        }
        let mut client = ::clickhouse::Client::default()
            .with_url(url)
            .with_database(database)
            .with_compression(::clickhouse::Compression::None)
            .with_validation(false);
        if let Some((name, password)) = user {
            client = client.with_user(name).with_password(password);
        }
        Self { client, database: database.to_owned() }
    }

    /// The client, for queries.
    pub fn client(&self) -> &::clickhouse::Client {
        &self.client
    }

    /// Name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), ::clickhouse::error::Error> {
        let client = self.client.clone().with_database("default");
        client.query("SELECT 1").fetch_one::<u8>().await.map(|_| ())
    }
}
