//! The configuration of the collector, one TOML file.
//!
//! Owns: its keys, their defaults and bounds.
//! Does not own: reading the file, what is done by it.
//! Always: every error of the file is told at once, with its key and the remedy; a key that nobody knows is an error. `deploy/collect.example.toml` has all.

mod read;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use billing::imports::rules::Numbering;
use regex::bytes::Regex;

use super::split::Kind;
use read::Reader;

/// The whole file.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the cluster, as `cdr-ingest run --cluster` has it.
    pub cluster: String,
    /// Topic that records go to.
    pub topic: String,
    /// How long a record may take to be acknowledged before Kafka counts as away.
    pub kafka_patience: Duration,
    /// Longest record.
    pub record_bytes_max: usize,
    /// The listener.
    pub listen: Option<Listen>,
    /// The spool.
    pub spool: Option<SpoolPlace>,
    /// The sources.
    pub sources: Vec<Source>,
}

/// The listener for switches that post.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Where.
    pub address: SocketAddr,
    /// Longest body.
    pub body_bytes_max: usize,
    /// Whether `X-Forwarded-For` is believed.
    pub trust_forwarded: bool,
}

/// Where records wait while Kafka is away.
#[derive(Clone, Debug)]
pub struct SpoolPlace {
    /// Directory of its own.
    pub directory: PathBuf,
    /// Bytes at most.
    pub bytes_max: u64,
}

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name, as in the database.
    pub name: String,
    /// Posts records.
    pub http: Option<HttpSource>,
    /// Leaves files.
    pub files: Option<FileSource>,
}

/// A source that posts.
#[derive(Clone, Debug)]
pub struct HttpSource {
    /// User name of Basic.
    pub user: String,
    /// Argon2id hash of the secret.
    pub secret_hash: String,
}

/// A source that leaves files.
#[derive(Clone, Debug)]
pub struct FileSource {
    /// Folder.
    pub directory: PathBuf,
    /// Names of files that count.
    pub pattern: Regex,
    /// How records stand in them.
    pub kind: Kind,
    /// Header lines; `None` = found out by the format.
    pub header_lines: Option<usize>,
    /// The last line, where it is no record.
    pub trailer: Option<Regex>,
    /// A file that has not changed for so long is whole; `None` = only a marker says so.
    pub settle: Option<Duration>,
    /// Whether the last line of a whole file may have no end.
    pub unended_last_line: bool,
    /// Between looks.
    pub poll: Duration,
    /// Where numbers of files begin anew.
    pub numbering: Numbering,
    /// Without a file for so long there is an alarm.
    pub expected_every: Option<Duration>,
}

impl Config {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let table =
            text.parse::<toml::Table>().map_err(|error| vec![format!("not TOML: {}", error.to_string().trim())])?;
        let mut faults = Vec::new();
        let mut root = Reader::new("", table, &mut faults);
        let cluster = root.text("cluster").unwrap_or_else(|| "main".into());
        let topic = root.needed_text("topic", "name the topic that `cdr-ingest run --topic` reads");
        let kafka_patience = root.seconds("kafka_patience_seconds", 3, 1..=300);
        let record_bytes_max = root.number("max_record_bytes", 900_000, 1_000..=950_000) as usize;
        let listen = root.table("listen").map(|table| {
            let mut reader = root.below("listen", table);
            let listen = Listen {
                address: reader
                    .parsed("address", "give an address such as 127.0.0.1:8090")
                    .unwrap_or(([127, 0, 0, 1], 0).into()),
                body_bytes_max: reader.number("max_body_bytes", 4 << 20, 1_000..=64 << 20) as usize,
                trust_forwarded: reader.flag("trust_forwarded"),
            };
            reader.end();
            listen
        });
        let spool = root.table("spool").map(|table| {
            let mut reader = root.below("spool", table);
            let spool = SpoolPlace {
                directory: reader.needed_text("directory", "name a directory of its own on a local disk").into(),
                bytes_max: reader.number("max_bytes", 1 << 30, 1 << 20..=1 << 40) as u64,
            };
            reader.end();
            spool
        });
        let tables = root.tables("source");
        let sources: Vec<Source> = tables
            .into_iter()
            .enumerate()
            .map(|(index, table)| source(&mut root.below(&format!("source[{index}]"), table)))
            .collect();
        root.end();
        let config = Self { cluster, topic, kafka_patience, record_bytes_max, listen, spool, sources };
        faults.extend(config.contradictions());
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// What no single key says.
    fn contradictions(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.sources.is_empty() {
            faults.push("source: there is none; add a [[source]] with [source.http] or [source.files]".to_owned());
        }
        let posting = self.sources.iter().any(|source| source.http.is_some());
        if posting && self.listen.is_none() {
            faults.push("listen: a source posts, but nobody listens; add [listen] with its address".to_owned());
        }
        if self.listen.is_some() && self.spool.is_none() {
            faults.push(
                "spool: records that are posted need a place while Kafka is away; add [spool] with its directory"
                    .to_owned(),
            );
        }
        for (index, source) in self.sources.iter().enumerate() {
            let earlier = &self.sources[..index];
            if !source.name.is_empty() && earlier.iter().any(|other| other.name == source.name) {
                faults.push(format!("source[{index}].name: `{}` stands twice; make it one [[source]]", source.name));
            }
            let same_user = |other: &Source| {
                let users = other.http.as_ref().zip(source.http.as_ref());
                users.is_some_and(|(other, own)| other.user == own.user)
            };
            if earlier.iter().any(same_user) {
                faults.push(format!("source[{index}].http.user: another source has the same; give each its own"));
            }
            let folder = |source: &Source| source.files.as_ref().map(|files| files.directory.clone());
            if let Some(own) = folder(source)
                && earlier.iter().filter_map(folder).any(|other| other == own)
            {
                faults.push(format!("source[{index}].files.directory: another source has the same; give each its own"));
            }
        }
        faults
    }
}

fn source(reader: &mut Reader<'_>) -> Source {
    let name = reader.needed_text("name", "give the code of a source of sources.csv");
    let http = reader.table("http").map(|table| {
        let mut reader = reader.below("http", table);
        let secret_hash = reader.needed_text("secret_hash", "make one: `cdr-ingest collect --hash-secret < FILE`");
        if let Err(problem) = super::secret::check_hash(&secret_hash)
            && !secret_hash.is_empty()
        {
            reader.fault("secret_hash", &format!("{problem}; make one: `cdr-ingest collect --hash-secret < FILE`"));
        }
        let http = HttpSource { user: reader.text("user").unwrap_or_else(|| name.clone()), secret_hash };
        reader.end();
        http
    });
    let files = reader.table("files").and_then(|table| {
        let mut reader = reader.below("files", table);
        let files = files(&mut reader);
        reader.end();
        files
    });
    if http.is_none() && files.is_none() && !reader.has_faults() {
        reader.fault("", "it neither posts nor leaves files; add [source.http] or [source.files]");
    }
    reader.end();
    Source { name, http, files }
}

fn files(reader: &mut Reader<'_>) -> Option<FileSource> {
    let directory = reader.needed_text("directory", "name the folder in which the switch leaves its files").into();
    let pattern = reader.needed_regex("pattern", "give a regular expression for names of files");
    let kind = match reader.text("kind").as_deref() {
        None | Some("csv") => Kind::Csv,
        Some("ndjson") => Kind::Ndjson,
        Some(_) => {
            reader.fault("kind", "csv or ndjson is expected");
            Kind::Csv
        }
    };
    let header_lines = reader.optional_number("header_lines", 0..=100).map(|lines| lines as usize);
    let trailer = reader.regex("trailer");
    if let Some(trailer) = &trailer {
        let strange = |name: &&str| !["records", "answered", "seconds"].contains(name);
        if let Some(name) = trailer.capture_names().flatten().find(strange) {
            reader.fault("trailer", &format!("group `{name}`: records, answered and seconds are known"));
        }
    }
    let done_only = reader.flag("done_marker_only");
    let settle = reader.seconds("settle_seconds", 60, 1..=86_400);
    let unended_last_line = reader.flag("unended_last_line");
    let poll = reader.seconds("poll_seconds", 5, 1..=3_600);
    let first = reader.optional_number("first_number", 0..=i64::MAX / 2);
    let highest = reader.optional_number("highest_number", 1..=i64::MAX / 2);
    let has_number =
        pattern.as_ref().is_some_and(|pattern| pattern.capture_names().flatten().any(|name| name == "sequence"));
    let wrap = highest.map(|highest| (first.unwrap_or(0), highest));
    if wrap.is_some_and(|(first, highest)| first >= highest) {
        reader.fault("highest_number", "it has to be above first_number");
    }
    if highest.is_some() && !has_number && pattern.is_some() {
        reader.fault("pattern", "numbers are expected, but it has no group; write (?<sequence>\\d+)");
    }
    if first.is_some() && highest.is_none() {
        reader.fault("first_number", "it says where numbers begin anew; give highest_number too");
    }
    let expected_every = reader.optional_number("expected_every_seconds", 1..=366 * 86_400);
    Some(FileSource {
        directory,
        pattern: pattern?,
        kind,
        header_lines,
        trailer,
        settle: (!done_only).then_some(settle),
        unended_last_line,
        poll,
        numbering: Numbering { wrap },
        expected_every: expected_every.map(|seconds| Duration::from_secs(seconds as u64)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$KAnFrD6xk6mTYCyTTRYTYIuhTcYG3QKPHjcSyfGvLMo";

    #[test]
    fn the_example_is_whole() {
        let config = Config::parse(include_str!("../../../deploy/collect.example.toml")).unwrap();
        assert_eq!(config.sources.len(), 2);
        assert!(config.listen.is_some() && config.spool.is_some());
        let files = config.sources[1].files.as_ref().unwrap();
        assert!(files.pattern.is_match(b"cdr_000123.csv") && files.trailer.is_some());
    }

    #[test]
    fn every_error_is_told_at_once() {
        let text = format!(
            "topik = \"cdrs\"\nkafka_patience_seconds = 0\n[listen]\naddress = \"here\"\n[[source]]\nname = \"a\"\n[source.http]\nsecret_hash = \"secret\"\n\
             [[source]]\nname = \"a\"\n[source.http]\nuser = \"a\"\nsecret_hash = \"{HASH}\"\n[source.files]\ndirectory = \"/x\"\npattern = \"(\"\nkind = \"xml\"\n\
             [[source]]\nname = \"c\"\n[source.files]\ndirectory = \"/y\"\npattern = \"x\"\nhighest_number = 9\ntrailer = '(?<rows>\\d+)'\n[[source]]\nname = \"d\"\n"
        );
        let faults = Config::parse(&text).unwrap_err();
        for wanted in [
            "topic:",
            "topik:",
            "kafka_patience_seconds:",
            "listen.address:",
            "spool:",
            "source[0].http.secret_hash:",
            "source[1].name:",
            "source[1].http.user:",
            "source[1].files.pattern:",
            "source[1].files.kind:",
            "source[2].files.pattern:",
            "source[2].files.trailer:",
            "source[3]:",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(wanted)), "{wanted} in {faults:#?}");
        }
        assert_eq!(faults.len(), 13, "{faults:#?}");
        assert!(Config::parse("topic = ").unwrap_err()[0].starts_with("not TOML"));
    }
}
