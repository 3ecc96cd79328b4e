//! The folder of a source.
//!
//! Owns: which files are whole, in which order they go, where they are put away, the alarm of silence.
//! Does not own: a file's records (`file`), missing numbers (the register notices them), lines without an end (`unended`).
//! Always: a file goes to `done/` or to `refused/` with its reason beside it, and is never deleted; what cannot be done now is tried again.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::Context;
use billing::imports::{self, Filter, FoundFile, Registered};
use billing::ingest_alarms::{self, Kind as Alarm, Raised};
use billing::{Clock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};

use super::config::FileSource;
use super::file::{self, Scanned, Target};
use super::later::{Later, SentFile};
use super::spool::sync_directory;
use super::unended::{Unended, has_ended};
use crate::meters;

/// Beside a file that is whole.
const MARKER: &str = "done";

/// A file as a folder shows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Seen {
    name: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// Watches a folder.
pub struct Watcher {
    name: String,
    config: FileSource,
    target: Arc<Target>,
    begun: DateTime<Utc>,
    /// Since when a file has been as it is.
    settling: HashMap<Seen, Instant>,
    /// Dealt with, but not put away: the folder does not let us.
    stuck: HashSet<Seen>,
    /// Files whose last line has no end.
    unended: Unended,
    /// Files that were taken.
    later: Later,
}

impl Watcher {
    /// For a source.
    pub fn new(name: String, config: FileSource, target: Arc<Target>) -> Self {
        let begun = SystemClock.now();
        let later = Later::new(&name, &config.directory, config.settle.unwrap_or_default());
        let unended = Unended::new(&name);
        Self { name, config, target, begun, settling: HashMap::new(), stuck: HashSet::new(), unended, later }
    }

    /// Watches for ever.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(source = self.name, "the folder waits: {error:#}");
            }
            tokio::time::sleep(self.config.poll).await;
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        for folder in ["done", "refused"] {
            let path = self.config.directory.join(folder);
            std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        // One file that cannot be read holds no other up.
        let mut first_problem = None;
        let (whole, unended) = self.whole()?;
        self.unended.tell(&self.target.store, &unended, SystemClock.now()).await?;
        for seen in whole {
            if let Err(problem) = self.take(&seen).await.with_context(|| seen.name.display().to_string()) {
                first_problem.get_or_insert(problem);
            }
        }
        self.check_silence().await?;
        self.later.look(&self.target.store, SystemClock.now()).await?;
        first_problem.map_or(Ok(()), Err)
    }

    /// Files that are whole, in the order of their numbers, then of their names; and the names of those that only lack the end of their last line.
    fn whole(&mut self) -> anyhow::Result<(Vec<Seen>, Vec<String>)> {
        let folder = &self.config.directory;
        let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let (mut files, mut markers) = (Vec::new(), HashSet::new());
        for entry in entries {
            let entry = entry?;
            let name = PathBuf::from(entry.file_name());
            // A file may be renamed while we look.
            let Ok(meta) = entry.metadata() else { continue };
            if !meta.is_file() {
                continue;
            }
            if name.extension() == Some(OsStr::new(MARKER)) {
                markers.insert(name.with_extension(""));
            } else if self.config.pattern.is_match(name.as_os_str().as_bytes()) {
                files.push(Seen { name, bytes: meta.len(), modified: meta.modified().ok() });
            }
        }
        let now = Instant::now();
        let mut settling = HashMap::new();
        let (mut whole, mut unended): (Vec<Seen>, Vec<String>) = (Vec::new(), Vec::new());
        for seen in files {
            let since = self.settling.get(&seen).copied().unwrap_or(now);
            let settled = self.config.settle.is_some_and(|settle| now.duration_since(since) >= settle);
            let is_marked = markers.contains(&seen.name);
            if !self.stuck.contains(&seen) && (settled || is_marked) {
                // One that cannot be read says so when it is taken.
                if is_marked || self.config.unended_last_line || has_ended(&folder.join(&seen.name)).unwrap_or(true) {
                    whole.push(seen.clone());
                } else {
                    unended.push(seen.name.display().to_string());
                }
            }
            settling.insert(seen, since);
        }
        self.settling = settling;
        self.stuck.retain(|seen| self.settling.contains_key(seen));
        self.sort(&mut whole);
        Ok((whole, unended))
    }

    /// By number, however the numbers wrap: the first file may be any of them, the others follow it.
    fn sort(&self, files: &mut [Seen]) {
        let number = |seen: &Seen| {
            let found = self.config.pattern.captures(seen.name.as_os_str().as_bytes())?;
            std::str::from_utf8(found.name("sequence")?.as_bytes()).ok()?.parse::<i64>().ok()
        };
        let any = files.iter().find_map(number);
        files.sort_by_cached_key(|seen| {
            let distance = number(seen).zip(any).map(|(number, any)| self.config.numbering.distance(any, number));
            (distance, seen.name.clone())
        });
    }

    async fn take(&mut self, seen: &Seen) -> anyhow::Result<()> {
        let path = self.config.directory.join(&seen.name);
        let target = Arc::clone(&self.target);
        let all = billing::hot_path::sources(&target.store).await?;
        let Some(source) = all.iter().find(|source| source.code == self.name).cloned() else {
            anyhow::bail!("source `{}` is not configured in Tollgate: add it to sources.csv", self.name);
        };
        let (config, reading, file) = (self.config.clone(), Arc::clone(&target), path.clone());
        let scanned =
            tokio::task::spawn_blocking(move || file::scan(&file, &config, &source, &all, &reading)).await??;
        let now = SystemClock.now();
        if let Some(problem) = &scanned.problem {
            let id = imports::refuse(&target.store, &scanned.found, problem, now).await?;
            tracing::warn!(source = self.name, import = id, "{} is refused: {problem}", seen.name.display());
            return self.put_away(seen, "refused", id, Some(problem)).map(drop);
        }
        match imports::register(&target.store, &scanned.found, self.config.numbering, now).await? {
            Registered::New { id } => self.send(seen, &path, &scanned, (id, 0, 0)).await,
            Registered::Resumed { id, position_bytes, records_sent } => {
                tracing::info!(source = self.name, import = id, position_bytes, "{} goes on", seen.name.display());
                self.send(seen, &path, &scanned, (id, position_bytes.unsigned_abs(), records_sent)).await
            }
            Registered::Waiting { job } => {
                tracing::info!(
                    source = self.name,
                    job,
                    "{} waits until its import is rolled back",
                    seen.name.display()
                );
                Ok(())
            }
            Registered::Sent { id } => self.put_away_sent(seen, id, &scanned),
            Registered::Repeat { id, of } => {
                let problem =
                    format!("the content is that of import {of}; to charge it anew, roll import {of} back first");
                tracing::warn!(source = self.name, import = id, "{} is refused: {problem}", seen.name.display());
                self.put_away(seen, "refused", id, Some(&problem)).map(drop)
            }
        }
    }

    async fn send(
        &mut self,
        seen: &Seen,
        path: &Path,
        scanned: &Scanned,
        (id, position, sent): (i64, u64, i64),
    ) -> anyhow::Result<()> {
        if !file::send(&self.target, path, scanned, (id, position, sent)).await? {
            anyhow::bail!("the file changed while it was sent as import {id}");
        }
        let records = scanned.found.records;
        tracing::info!(source = self.name, import = id, records, "{} is sent", seen.name.display());
        self.put_away_sent(seen, id, scanned)
    }

    fn put_away_sent(&mut self, seen: &Seen, id: i64, scanned: &Scanned) -> anyhow::Result<()> {
        let path = self.put_away(seen, "done", id, None)?;
        let FoundFile { size_bytes: bytes, modified_at, .. } = scanned.found;
        self.later.sent(path, SentFile { import: id, bytes, modified_at, sent_at: SystemClock.now() });
        Ok(())
    }

    /// Moves a file, with its marker; a name that is taken gets the number of the import behind it. Gives where it lies now.
    fn put_away(&mut self, seen: &Seen, folder: &str, id: i64, reason: Option<&str>) -> anyhow::Result<PathBuf> {
        let outcome = if reason.is_some() { "refused" } else { "sent" };
        metrics::counter!(meters::COLLECT_FILES, "source" => self.name.clone(), "outcome" => outcome).increment(1);
        // Before the move: if it fails, the file is not taken again.
        self.stuck.insert(seen.clone());
        let folder = self.config.directory.join(folder);
        let mut name = seen.name.as_os_str().to_owned();
        if folder.join(&name).exists() {
            name.push(format!(".{id}"));
        }
        let with = |name: &OsStr, end: &str| {
            let mut name = name.to_owned();
            name.push(end);
            name
        };
        if let Some(reason) = reason {
            std::fs::write(folder.join(with(&name, ".reason")), format!("import {id}: {reason}\n"))?;
        }
        let own = &self.config.directory;
        let marker = own.join(with(seen.name.as_os_str(), ".done"));
        if marker.exists() {
            std::fs::rename(&marker, folder.join(with(&name, ".done")))?;
        }
        let path = folder.join(&name);
        std::fs::rename(own.join(&seen.name), &path)?;
        sync_directory(&folder)?;
        sync_directory(own)?;
        self.stuck.remove(seen);
        Ok(path)
    }

    /// No file for longer than expected is an alarm; the next file clears it.
    async fn check_silence(&self) -> anyhow::Result<()> {
        let Some(expected) = self.config.expected_every else { return Ok(()) };
        let store = &self.target.store;
        let filter = Filter { source: Some(self.name.clone()), ..Filter::default() };
        let last = imports::list(store, &filter, 1).await?.first().map(|import| import.started_at);
        let since = last.unwrap_or(self.begun);
        let now = SystemClock.now();
        if now - since <= TimeDelta::from_std(expected).unwrap_or(TimeDelta::MAX) {
            return Ok(());
        }
        let (seconds, folder) = (expected.as_secs(), self.config.directory.display());
        let raised = Raised {
            source: &self.name,
            kind: Alarm::Silence,
            subject: "",
            what: &format!(
                "no file since {since}, one is expected every {seconds} s. Does the switch still write to {folder}?"
            ),
            what_ru: &format!("Нет файлов с {since}, ожидается каждые {seconds} с. Пишет ли коммутатор в {folder}?"),
        };
        Ok(ingest_alarms::raise(store, &raised, now).await?)
    }
}
