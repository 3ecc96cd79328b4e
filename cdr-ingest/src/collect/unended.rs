//! Files whose last line has no end.
//!
//! Owns: finding them, the alarm while they wait.
//! Does not own: which files have settled (`watch`).
//! Always: half a line is never sent as a record: the switch may have stalled in it, and the call would be charged as far as it was written.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use billing::ingest_alarms::{self, Filter, Kind, Raised};
use billing::{Store, StoreError};
use chrono::{DateTime, Utc};

/// Files of a source that wait for the end of their last line.
#[derive(Debug)]
pub struct Unended {
    source: String,
    /// Names with an open alarm; `None` until those of a former process are known.
    told: Option<HashSet<String>>,
}

impl Unended {
    /// For a source.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), told: None }
    }

    /// Tells of the files that wait now, and clears the alarms of the others.
    ///
    /// # Errors
    /// Postgres is away: they are told later.
    pub async fn tell(&mut self, store: &Store, waiting: &[String], now: DateTime<Utc>) -> Result<(), StoreError> {
        let former = match self.told.take() {
            Some(told) => told,
            None => self.open(store).await?,
        };
        // Until all is told, what stands open is not known.
        for name in former.iter().filter(|name| !waiting.contains(name)) {
            ingest_alarms::clear(store, &self.source, Kind::Unended, name, now).await?;
        }
        for name in waiting.iter().filter(|name| !former.contains(*name)) {
            self.raise(store, name, now).await?;
        }
        self.told = Some(waiting.iter().cloned().collect());
        Ok(())
    }

    async fn open(&self, store: &Store) -> Result<HashSet<String>, StoreError> {
        let filter = Filter { source: Some(self.source.clone()), kind: Some(Kind::Unended), ..Filter::default() };
        let alarms = ingest_alarms::list(store, &filter, 1_000).await?;
        Ok(alarms.into_iter().filter(|alarm| alarm.cleared_at.is_none()).map(|alarm| alarm.subject).collect())
    }

    async fn raise(&self, store: &Store, name: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let raised = Raised {
            source: &self.source,
            kind: Kind::Unended,
            subject: name,
            what: &format!(
                "{name} no longer changes, but its last line has no end, and the file waits: half a line is no record. Does the switch still write it? If the file is whole, put {name}.done beside it; if the switch never ends its last line, set unended_last_line = true for the source"
            ),
            what_ru: &format!(
                "Файл {name} больше не меняется, но его последняя строка не закончена, и файл ждёт: половина строки — не запись. Пишет ли его ещё коммутатор? Если файл готов, положите рядом {name}.done; если коммутатор никогда не заканчивает последнюю строку, задайте источнику unended_last_line = true"
            ),
        };
        ingest_alarms::raise(store, &raised, now).await
    }
}

/// Whether the last line of a file has its end; so has a file without lines.
///
/// # Errors
/// The file cannot be read.
pub fn has_ended(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
