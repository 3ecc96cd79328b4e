//! Files of the spool.
//!
//! Owns: names of segments, what is done with a torn end, with damage, with a segment that cannot be read; the file of the position.
//! Does not own: what is in a segment when it is whole.
//! Always: bytes that cannot be read as frames are set aside; nothing that was acknowledged is deleted here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::{MAGIC, Position};
use crate::collect::record::{Frame, Record};

/// Behind the name of a segment that cannot be read.
const UNREADABLE: &str = "unreadable";

/// "Too many open files", of the process and of the machine.
const TOO_MANY_FILES: [i32; 2] = [24, 23];

/// Whether trying again may help: it is the machine that is short of something, not the file that is bad.
pub(super) fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, OutOfMemory, ResourceBusy, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | OutOfMemory | ResourceBusy | TimedOut | WouldBlock)
        || error.raw_os_error().is_some_and(|code| TOO_MANY_FILES.contains(&code))
}

/// Sets a segment aside whole, under a name that is not read; what can still be read of it stays there.
pub(super) fn shelve(directory: &Path, number: u64) -> io::Result<()> {
    let from = path(directory, number);
    let name = |attempt: u32| {
        let mut name = from.clone().into_os_string();
        name.push(if attempt == 0 { format!(".{UNREADABLE}") } else { format!(".{UNREADABLE}.{attempt}") });
        PathBuf::from(name)
    };
    let free = (0..u32::MAX).map(name).find(|path| !path.exists()).expect("some name is free");
    fs::rename(&from, free)?;
    sync_directory(directory)
}

/// Segments from the one of the position on to the last that are not there and were not set aside.
pub(super) fn missing(directory: &Path, numbers: &[u64], position: Position) -> io::Result<Vec<RangeInclusive<u64>>> {
    let first = if position.segment > 0 { position.segment } else { numbers.first().copied().unwrap_or(0) };
    let mut known = numbers_before(directory, &format!(".spool.{UNREADABLE}"))?;
    known.extend_from_slice(numbers);
    known.sort_unstable();
    let mut holes = Vec::new();
    let mut expected = first;
    for number in known.into_iter().filter(|number| *number >= first) {
        if number > expected {
            holes.push(expected..=number - 1);
        }
        expected = expected.max(number + 1);
    }
    if position.segment >= expected && position.segment > 0 {
        holes.push(expected..=position.segment);
    }
    Ok(holes)
}

/// Puts segments that people gave back (`*.returned`) behind all others: what of them went before is a repeat.
pub(super) fn take_returned(directory: &Path, position: Position) -> io::Result<()> {
    let mut next = numbers(directory)?.last().copied().unwrap_or(0).max(position.segment) + 1;
    let mut returned = Vec::new();
    for entry in fs::read_dir(directory)? {
        returned.extend(Some(entry?.path()).filter(|path| path.extension().is_some_and(|end| end == RETURNED)));
    }
    returned.sort_unstable();
    for from in returned {
        tracing::info!(file = %from.display(), number = next, "a segment of the spool is given back");
        fs::rename(&from, path(directory, next))?;
        next += 1;
    }
    sync_directory(directory)
}

/// The end of the name of a segment that is given back.
const RETURNED: &str = "returned";

/// Above this no number of a segment goes: a file that has one was named by somebody else.
const NUMBER_MAX: u64 = u64::MAX / 2;

pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:020}.spool"))
}

pub(super) fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    numbers_before(directory, ".spool")
}

/// Numbers of the files whose names end so.
fn numbers_before(directory: &Path, end: &str) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(end)?.parse::<u64>().ok());
        if number.is_some_and(|number| number > NUMBER_MAX) {
            tracing::warn!(file = ?name, "no segment of the spool has such a number: to give one back, let its name end with .{RETURNED}");
        }
        numbers.extend(number.filter(|number| *number <= NUMBER_MAX));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Length of a segment of a former process from `from` on, its torn end cut off; `None` for one in which nothing is.
pub(super) fn recover(directory: &Path, number: u64, from: u64) -> io::Result<Option<u64>> {
    let path = path(directory, number);
    let bytes = fs::read(&path)?;
    if !bytes.starts_with(MAGIC) {
        // Torn in its first bytes, or none of ours: nothing in it was acknowledged. It stays as an empty one, so that no number is missing.
        if let Err(error) = keep(directory, number, 0, &bytes).and_then(|()| fs::write(&path, MAGIC)) {
            tracing::warn!(%error, number, "a segment of the spool that holds nothing cannot be set aside");
            return Ok(None);
        }
        return Ok(Some(MAGIC.len() as u64));
    }
    let mut at = MAGIC.len().max(usize::try_from(from).unwrap_or(0)).min(bytes.len());
    while at < bytes.len() {
        if let Frame::Whole(_, frame) = Record::read_frame(&bytes[at..]) {
            at += frame;
            continue;
        }
        if let Some(damaged) = behind_damage(&bytes[at..]) {
            at += damaged;
            continue;
        }
        tracing::warn!(number, at, bytes = bytes.len() - at, "the spool has a torn end: cut off and set aside");
        if let Err(error) = keep(directory, number, at as u64, &bytes[at..]).and_then(|()| cut(&path, at as u64)) {
            tracing::warn!(%error, number, "the torn end cannot be cut off: it is passed over");
        }
        break;
    }
    Ok(Some(at as u64))
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

/// How many bytes lie before the next whole frame, when there is one behind the beginning: a length that is damaged says nothing about where it is.
fn behind_damage(bytes: &[u8]) -> Option<usize> {
    (1..bytes.len()).find(|at| matches!(Record::read_frame(&bytes[*at..]), Frame::Whole(..)))
}

/// How many bytes to pass over: a damaged frame, or all that follows where no frame can be found.
pub(super) fn damaged_bytes(bytes: &[u8]) -> usize {
    behind_damage(bytes).unwrap_or(bytes.len())
}

pub(super) fn keep(directory: &Path, number: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut file = File::create(directory.join(format!("{number:020}-{offset}.damaged")))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_directory(directory)
}

/// So many bytes; fewer where the file ends before.
pub(super) fn read_part(file: &mut File, wanted: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(wanted as usize);
    file.take(wanted).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn read_position(directory: &Path) -> io::Result<Position> {
    let text = match fs::read_to_string(directory.join("position")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Position::default()),
        Err(error) if is_passing(&error) => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "the position of the spool cannot be read: everything goes again");
            return Ok(Position::default());
        }
    };
    let mut parts = text.split_whitespace().map(str::parse::<u64>);
    match (parts.next(), parts.next()) {
        (Some(Ok(segment)), Some(Ok(offset))) => Ok(Position { segment, offset }),
        // From the beginning: what went on goes again, and its identity sorts it out.
        _ => Ok(Position::default()),
    }
}

pub(super) fn write_position(directory: &Path, position: Position) -> io::Result<()> {
    let (draft, path) = (directory.join("position.new"), directory.join("position"));
    let mut file = File::create(&draft)?;
    file.write_all(format!("{} {}\n", position.segment, position.offset).as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, &path)?;
    sync_directory(directory)
}

/// Forces the names of a directory to the disk.
pub(in crate::collect) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
