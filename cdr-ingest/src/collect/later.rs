//! Files after they were taken.
//!
//! Owns: noticing that a file vanished before all of it was sent, and that one changed after it was sent.
//! Does not own: taking files (`watch`), what an alarm is (`billing::ingest_alarms`).
//! Always: looks only, and tells; a file that is put elsewhere by people after it was sent is no alarm.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use billing::imports::{self, Filter};
use billing::ingest_alarms::{self, Kind, Raised};
use billing::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};

/// So long a file that was sent is looked at.
const LOOKED_AT_HOURS: i64 = 24;
/// So many of them at most, the newest.
const FILES_MAX: usize = 10_000;

/// A file that was sent, as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentFile {
    /// Its import.
    pub import: i64,
    /// Its size.
    pub bytes: i64,
    /// When it was written last.
    pub modified_at: Option<DateTime<Utc>>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// Looks after the files of a source.
pub struct Later {
    source: String,
    directory: PathBuf,
    /// A file may be away for so long: it is being renamed, or settles under another name.
    patience: Duration,
    /// Imports whose file is away, and since when.
    absent: HashMap<i64, Instant>,
    sent: BTreeMap<PathBuf, SentFile>,
    /// Whether what was sent by a former process is known.
    is_loaded: bool,
}

impl Later {
    /// For the folder of a source.
    pub fn new(source: &str, directory: &Path, patience: Duration) -> Self {
        let (source, directory) = (source.to_owned(), directory.to_owned());
        Self { source, directory, patience, absent: HashMap::new(), sent: BTreeMap::new(), is_loaded: false }
    }

    /// A file was put away after it was sent.
    pub fn sent(&mut self, path: PathBuf, file: SentFile) {
        self.sent.insert(path, file);
    }

    /// Looks at all of them.
    ///
    /// # Errors
    /// Postgres is away: they are looked at again.
    pub async fn look(&mut self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.load(store, now).await?;
        self.look_for_vanished(store, now).await?;
        self.look_for_changed(store, now).await
    }

    async fn load(&mut self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        if self.is_loaded {
            return Ok(());
        }
        let from = Some(now - TimeDelta::hours(LOOKED_AT_HOURS));
        let filter =
            Filter { source: Some(self.source.clone()), state: Some("sent".into()), from, ..Filter::default() };
        let folder = self.directory.join("done");
        // The newest first: an older one of the same name was put elsewhere.
        for import in imports::list(store, &filter, FILES_MAX as i64).await? {
            let with_number = folder.join(format!("{}.{}", import.file_name, import.id));
            let path = if with_number.exists() { with_number } else { folder.join(&import.file_name) };
            self.sent.entry(path).or_insert(SentFile {
                import: import.id,
                bytes: import.size_bytes,
                modified_at: import.modified_at,
                sent_at: import.finished_at.unwrap_or(now),
            });
        }
        self.is_loaded = true;
        Ok(())
    }

    async fn look_for_vanished(&mut self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        let under_way = imports::under_way(store, &self.source).await?;
        self.absent.retain(|import, _| under_way.iter().any(|(id, ..)| id == import));
        for (import, name, sent) in under_way {
            let subject = import.to_string();
            if self.directory.join(&name).exists() {
                self.absent.remove(&import);
                ingest_alarms::clear(store, &self.source, Kind::Vanished, &subject, now).await?;
                continue;
            }
            if self.absent.entry(import).or_insert_with(Instant::now).elapsed() < self.patience {
                continue;
            }
            let folder = self.directory.display();
            let raised = Raised {
                source: &self.source,
                kind: Kind::Vanished,
                subject: &subject,
                what: &format!(
                    "{name} is no longer in {folder}, and only {sent} records of it were sent as import {import}. Put it there again, under any name: it goes on where it was; or roll import {import} back"
                ),
                what_ru: &format!(
                    "Файла {name} больше нет в {folder}, а отправлено только записей: {sent} (импорт {import}). Верните его под любым именем: отправка продолжится; или откатите импорт {import}"
                ),
            };
            ingest_alarms::raise(store, &raised, now).await?;
        }
        Ok(())
    }

    async fn look_for_changed(&mut self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        let young = now - TimeDelta::hours(LOOKED_AT_HOURS);
        self.sent.retain(|_, file| file.sent_at > young);
        while self.sent.len() > FILES_MAX {
            let oldest = self.sent.iter().min_by_key(|(_, file)| file.sent_at).map(|(path, _)| path.clone());
            self.sent.remove(&oldest.unwrap_or_default());
        }
        let mut settled = Vec::new();
        for (path, file) in &self.sent {
            let (bytes, modified_at) = match std::fs::metadata(path) {
                Ok(meta) => (meta.len() as i64, meta.modified().ok().map(DateTime::<Utc>::from)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    settled.push(path.clone());
                    continue;
                }
                Err(_) => continue,
            };
            // Postgres keeps microseconds.
            let moment = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
            if bytes == file.bytes && moment(modified_at) == moment(file.modified_at) {
                continue;
            }
            self.raise_changed(store, (path, file), bytes, now).await?;
            settled.push(path.clone());
        }
        for path in settled {
            self.sent.remove(&path);
        }
        Ok(())
    }

    async fn raise_changed(
        &self,
        store: &Store,
        (path, file): (&Path, &SentFile),
        bytes: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (path, SentFile { import, bytes: before, .. }) = (path.display(), file);
        let raised = Raised {
            source: &self.source,
            kind: Kind::Grown,
            subject: &import.to_string(),
            what: &format!(
                "{path} changed after it was sent whole as import {import}: it had {before} bytes and has {bytes}. What was written since is not sent. Copy it into the folder again, under another name: records that went are repeats and do not count. Write files under another name and rename them when they are whole, or raise settle_seconds"
            ),
            what_ru: &format!(
                "Файл {path} изменился после того, как был отправлен целиком (импорт {import}): было байт {before}, стало {bytes}. Дописанное не отправлено. Скопируйте его в папку ещё раз под другим именем: уже отправленные записи — повторы и не учитываются. Пишите файлы под другим именем и переименовывайте готовые, или увеличьте settle_seconds"
            ),
        };
        ingest_alarms::raise(store, &raised, now).await
    }
}
