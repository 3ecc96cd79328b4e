//! The spool: records on disk while Kafka is away.
//!
//! Owns: segment files and their frames, one fsync for all who wait, the position up to which records went on, what damage is told.
//! Does not own: when a record goes here (`gate`).
//! Always: a record is acknowledged when its bytes and its file's name are forced to the disk; a file that was written by another process is never written
//! on; bytes that are no frame and segments that cannot be read are set aside with an alarm, and hold no other up, and the position on the disk does not pass
//! what could not be set aside; what went on is deleted only behind a position that is on the disk itself.

pub mod damage;
mod disk;

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};

use tokio::sync::oneshot;

use self::damage::Damage;
pub(super) use self::disk::sync_directory;
use self::disk::{
    damaged_bytes, is_passing, keep, missing, numbers, path, read_part, read_position, recover, shelve, take_returned,
    write_position,
};
use super::record::{Frame, Record};

/// First bytes of a segment: what it is, and its version.
const MAGIC: &[u8; 8] = b"TGSPOOL1";
/// A segment that is longer gets a successor.
const SEGMENT_BYTES: u64 = 16 << 20;
/// Bytes that are forced to the disk at once at most.
const GROUP_BYTES: usize = 8 << 20;
/// Bytes that are read at once at least, where there are so many.
const READ_BYTES: u64 = 8 << 20;

/// Why records were not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// There is no room.
    #[error("the spool is full")]
    Full,
    /// The disk does not take them.
    #[error("the disk refuses: {0}")]
    Disk(String),
}

/// A place in the spool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Position {
    segment: u64,
    offset: u64,
}

#[derive(Debug, Default)]
struct State {
    /// Number and length of each segment, as far as it is on the disk.
    segments: VecDeque<(u64, u64)>,
    position: Position,
    oldest_ms: i64,
    /// Segments that are set aside whole before the position on the disk passes them.
    to_shelve: BTreeSet<u64>,
    /// What people have not been told of yet.
    damage: Vec<Damage>,
}

impl State {
    /// Bytes that have not gone on.
    fn waiting(&self) -> u64 {
        let left = |(number, length): &(u64, u64)| match number.cmp(&self.position.segment) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => length.saturating_sub(self.position.offset.max(MAGIC.len() as u64)),
            std::cmp::Ordering::Greater => length.saturating_sub(MAGIC.len() as u64),
        };
        self.segments.iter().map(left).sum()
    }
}

struct Append {
    bytes: Vec<u8>,
    oldest_ms: i64,
    done: oneshot::Sender<Result<(), SpoolError>>,
}

/// The spool of a directory.
pub struct Spool {
    directory: PathBuf,
    state: Arc<Mutex<State>>,
    appends: mpsc::Sender<Append>,
    /// Held as long as the spool is open: two processes would delete each other's records.
    _lock: File,
}

impl Spool {
    /// Opens the spool: cuts torn ends off, and begins behind the position.
    ///
    /// # Errors
    /// The directory cannot be read or written.
    pub fn open(directory: &Path, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let lock = File::create(directory.join("lock"))?;
        lock.try_lock().map_err(|error| io::Error::other(format!("another collector has this spool ({error})")))?;
        let position = read_position(directory)?;
        let mut segments = VecDeque::new();
        take_returned(directory, position)?;
        let numbers = numbers(directory)?;
        let mut to_shelve = BTreeSet::new();
        let mut damage: Vec<Damage> =
            missing(directory, &numbers, position)?.into_iter().map(Damage::missing).collect();
        for number in numbers.iter().copied() {
            if number < position.segment {
                if let Err(error) = fs::remove_file(path(directory, number)) {
                    tracing::warn!(%error, number, "a segment of the spool that went on cannot be deleted");
                }
                continue;
            }
            let from = if number == position.segment { position.offset } else { 0 };
            match recover(directory, number, from) {
                Ok(Some(length)) => segments.push_back((number, length)),
                Ok(None) => {}
                Err(error) if is_passing(&error) => return Err(error),
                Err(error) => {
                    damage.push(Damage::segment(number, &error));
                    if !is_set_aside(directory, number) {
                        to_shelve.insert(number);
                    }
                }
            }
        }
        let next = numbers.last().copied().unwrap_or(0).max(position.segment) + 1;
        let state = Arc::new(Mutex::new(State { segments, position, oldest_ms: i64::MAX, to_shelve, damage }));
        let (appends, received) = mpsc::channel();
        let writer =
            Writer { directory: directory.to_owned(), state: Arc::clone(&state), bytes_max, next, current: None };
        std::thread::Builder::new().name("spool".into()).spawn(move || writer.run(&received))?;
        Ok(Self { directory: directory.to_owned(), state, appends, _lock: lock })
    }

    /// Keeps records: all of them or none.
    ///
    /// # Errors
    /// There is no room, or the disk does not take them: nothing of them counts.
    pub async fn append(&self, records: &[Record]) -> Result<(), SpoolError> {
        let mut bytes = Vec::new();
        for record in records {
            record.write_frame(&mut bytes);
        }
        let oldest_ms = records.iter().map(|record| record.received_ms).min().unwrap_or(i64::MAX);
        let (done, outcome) = oneshot::channel();
        let gone = || SpoolError::Disk("the writer ended".into());
        self.appends.send(Append { bytes, oldest_ms, done }).map_err(|_| gone())?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Bytes that wait.
    pub fn waiting_bytes(&self) -> u64 {
        self.state.lock().expect("no panic under this lock").waiting()
    }

    /// When the oldest waiting record was received, as far as is known; milliseconds of the epoch.
    pub fn oldest_ms(&self) -> Option<i64> {
        let state = self.state.lock().expect("no panic under this lock");
        (state.waiting() > 0 && state.oldest_ms < i64::MAX).then_some(state.oldest_ms)
    }

    /// The next records, up to so many and about 8 MiB, and the position behind them. Blocks.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(&self, most: usize) -> io::Result<(Vec<Record>, Position)> {
        let (segments, mut at) = {
            let state = self.state.lock().expect("no panic under this lock");
            (state.segments.clone(), state.position)
        };
        let mut records = Portion::default();
        for (number, length) in segments {
            if number < at.segment {
                continue;
            }
            if number > at.segment {
                at = Position { segment: number, offset: 0 };
            }
            at.offset = at.offset.max(MAGIC.len() as u64);
            match self.read_segment(&mut records, &mut at, length, most) {
                Ok(()) => {}
                Err(error) if is_passing(&error) => return Err(error),
                Err(error) => {
                    let is_aside = is_set_aside(&self.directory, number);
                    let mut state = self.state.lock().expect("no panic under this lock");
                    state.segments.retain(|(other, _)| *other != number);
                    state.damage.push(Damage::segment(number, &error));
                    if !is_aside {
                        state.to_shelve.insert(number);
                    }
                    at.offset = length;
                }
            }
            if at.offset < length {
                break;
            }
        }
        Ok((records.records, at))
    }

    fn read_segment(&self, records: &mut Portion, at: &mut Position, length: u64, most: usize) -> io::Result<()> {
        let mut file = None;
        while at.offset < length && !records.is_full(most) {
            let file = match &mut file {
                Some(file) => file,
                none => none.insert(File::open(path(&self.directory, at.segment))?),
            };
            file.seek(SeekFrom::Start(at.offset))?;
            let mut wanted = (length - at.offset).min(READ_BYTES);
            let mut bytes = read_part(file, wanted)?;
            if let Frame::Cut = Record::read_frame(&bytes)
                && wanted < length - at.offset
            {
                // A frame longer than what is read at once.
                file.seek(SeekFrom::Start(at.offset))?;
                wanted = length - at.offset;
                bytes = read_part(file, wanted)?;
            }
            let mut used = 0;
            while !records.is_full(most)
                && let Frame::Whole(record, frame) = Record::read_frame(&bytes[used..])
            {
                records.push(record, frame);
                used += frame;
            }
            if used == 0 && (bytes.len() as u64) < wanted {
                self.set_bytes_aside(*at, &bytes);
                self.damaged(Damage::shorter(*at));
                at.offset = length;
                break;
            }
            if used == 0 {
                used = damaged_bytes(&bytes);
                let kept = self.set_bytes_aside(*at, &bytes[..used]);
                self.damaged(Damage::bytes(*at, used, kept));
            }
            at.offset += used as u64;
        }
        Ok(())
    }

    /// Keeps bytes that are no frame in a file of their own; where the disk has no room for that, all of their segment is kept.
    fn set_bytes_aside(&self, at: Position, bytes: &[u8]) -> bool {
        let kept = keep(&self.directory, at.segment, at.offset, bytes);
        if let Err(error) = &kept {
            tracing::warn!(%error, segment = at.segment, "damaged bytes of the spool cannot be kept apart: their segment is set aside whole");
            self.state.lock().expect("no panic under this lock").to_shelve.insert(at.segment);
        }
        kept.is_ok()
    }

    /// Notes damage, once: what was not committed is read again.
    fn damaged(&self, damage: Damage) {
        let mut state = self.state.lock().expect("no panic under this lock");
        if !state.damage.iter().any(|known| known.subject == damage.subject) {
            state.damage.push(damage);
        }
    }

    /// Damage that was found and that nobody was told of yet.
    pub fn damage(&self) -> Vec<Damage> {
        self.state.lock().expect("no panic under this lock").damage.clone()
    }

    /// The first of [`Self::damage`] was told.
    pub fn damage_told(&self) {
        let mut state = self.state.lock().expect("no panic under this lock");
        if !state.damage.is_empty() {
            state.damage.remove(0);
        }
    }

    /// Everything before `to` went on. Blocks. A disk that does not take the position (it may be full of what waits here) only means that after a crash some
    /// records go again: segments that went on are deleted all the same, which makes room.
    pub fn commit(&self, to: Position, oldest_ms: i64) {
        if !self.shelve_passed(to) {
            tracing::error!("the position of the spool is not written: a damaged segment cannot be set aside");
        } else if let Err(error) = write_position(&self.directory, to) {
            tracing::error!(%error, "the position of the spool cannot be written");
        }
        let mut state = self.state.lock().expect("no panic under this lock");
        state.position = to;
        state.oldest_ms = if state.waiting() == 0 { i64::MAX } else { oldest_ms };
        while let Some((number, _)) = state.segments.front().copied().filter(|(number, _)| *number < to.segment) {
            state.segments.pop_front();
            if state.to_shelve.contains(&number) {
                continue;
            }
            // Left behind, it is deleted at the next start.
            if let Err(error) = fs::remove_file(path(&self.directory, number))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, number, "a segment of the spool that went on cannot be deleted");
            }
        }
    }

    /// Sets damaged segments before `to` aside; `false` where the disk does not let us: a start deletes what lies before the position.
    fn shelve_passed(&self, to: Position) -> bool {
        let mut state = self.state.lock().expect("no panic under this lock");
        let passed: Vec<u64> = state.to_shelve.range(..to.segment).copied().collect();
        for number in passed {
            if is_set_aside(&self.directory, number) {
                state.to_shelve.remove(&number);
            }
        }
        state.to_shelve.range(..to.segment).next().is_none()
    }

    /// Keeps a record that Kafka will never take, beside the spool. Blocks.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn set_aside(&self, record: &Record) -> io::Result<()> {
        let mut bytes = Vec::new();
        record.write_frame(&mut bytes);
        let mut file = OpenOptions::new().create(true).append(true).open(self.directory.join("refused.frames"))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        sync_directory(&self.directory)
    }
}

/// Puts a segment beside the others, under a name that is not read; `false` where it stays in its place for now.
fn is_set_aside(directory: &Path, number: u64) -> bool {
    match shelve(directory, number) {
        Ok(()) => true,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => true,
        Err(problem) => {
            tracing::warn!(%problem, number, "a damaged segment of the spool stays in its place");
            false
        }
    }
}

/// Records that were read, with the bytes of their frames.
#[derive(Default)]
struct Portion {
    records: Vec<Record>,
    bytes: u64,
}

impl Portion {
    fn is_full(&self, most: usize) -> bool {
        self.records.len() >= most || self.bytes >= READ_BYTES
    }

    fn push(&mut self, record: Record, frame: usize) {
        self.records.push(record);
        self.bytes += frame as u64;
    }
}

/// The one that writes.
struct Writer {
    directory: PathBuf,
    state: Arc<Mutex<State>>,
    bytes_max: u64,
    next: u64,
    current: Option<(u64, File, u64)>,
}

impl Writer {
    fn run(mut self, received: &mpsc::Receiver<Append>) {
        while let Ok(first) = received.recv() {
            let mut group = vec![first];
            let mut bytes = group[0].bytes.len();
            while bytes < GROUP_BYTES
                && let Ok(another) = received.try_recv()
            {
                bytes += another.bytes.len();
                group.push(another);
            }
            self.write(group);
        }
    }

    fn write(&mut self, group: Vec<Append>) {
        let waiting = self.state.lock().expect("no panic under this lock").waiting();
        let mut buffer = Vec::new();
        let mut kept = Vec::new();
        for append in group {
            if waiting + (buffer.len() + append.bytes.len()) as u64 > self.bytes_max {
                let _ = append.done.send(Err(SpoolError::Full));
                continue;
            }
            buffer.extend_from_slice(&append.bytes);
            kept.push((append.done, append.oldest_ms));
        }
        if kept.is_empty() {
            return;
        }
        let outcome = self.force(&buffer).map_err(|error| SpoolError::Disk(error.to_string()));
        if let Ok((number, length)) = outcome {
            let mut state = self.state.lock().expect("no panic under this lock");
            match state.segments.back_mut().filter(|(last, _)| *last == number) {
                Some(segment) => segment.1 = length,
                None => state.segments.push_back((number, length)),
            }
            let oldest = kept.iter().map(|(_, oldest)| *oldest).min().unwrap_or(i64::MAX);
            state.oldest_ms = state.oldest_ms.min(oldest);
        }
        for (done, _) in kept {
            let _ = done.send(outcome.clone().map(|_| ()));
        }
    }

    /// Bytes to the disk; gives the segment and its length. A file that refused is not written on: what of it is on the disk nobody knows.
    fn force(&mut self, bytes: &[u8]) -> io::Result<(u64, u64)> {
        if let Some((number, ..)) = &self.current {
            // Set aside meanwhile: it is not written on.
            let state = self.state.lock().expect("no panic under this lock");
            if !state.segments.iter().any(|(known, _)| known == number) {
                drop(state);
                self.current = None;
            }
        }
        if self.current.as_ref().is_some_and(|(_, _, length)| *length >= SEGMENT_BYTES) {
            self.current = None;
        }
        let (number, mut file, length) = match self.current.take() {
            Some(current) => current,
            None => self.begin()?,
        };
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
        if let Err(error) = written {
            let _ = file.set_len(length);
            return Err(error);
        }
        let length = length + bytes.len() as u64;
        // Of a file whose name is gone nobody would find the records.
        if fs::metadata(path(&self.directory, number))?.len() < length {
            return Err(io::Error::other("a segment of the spool was changed by somebody else"));
        }
        self.current = Some((number, file, length));
        Ok((number, length))
    }

    fn begin(&mut self) -> io::Result<(u64, File, u64)> {
        let number = self.next;
        let path = path(&self.directory, number);
        let opened = OpenOptions::new().create_new(true).write(true).open(&path);
        if opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            self.next += 1;
        }
        let mut file = opened?;
        let begun = file.write_all(MAGIC).and_then(|()| file.sync_all()).and_then(|()| sync_directory(&self.directory));
        if let Err(error) = begun {
            // Nothing is in it.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        self.next += 1;
        Ok((number, file, MAGIC.len() as u64))
    }
}

#[cfg(test)]
mod tests;
