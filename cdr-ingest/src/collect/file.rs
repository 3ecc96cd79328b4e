//! One file of records, from its first byte to `done/`.
//!
//! Owns: reading it once (digest, records, header, trailer), sending it from a position on.
//! Does not own: which files there are (`watch`), the register (`billing::imports`).
//! Always: nothing is sent of a file that cannot be read to its end; the position moves only over what the broker acknowledged.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use billing::imports::{self, Advanced, FoundFile, Rejected, Trailer};
use billing::{Clock, Store, SystemClock};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use rating::rows::SourceRow;
use sha2::{Digest, Sha256};

use super::config::FileSource;
use super::record::{Record, is_of_another};
use super::sender::{SendError, Sender};
use super::split::{Ending, Span, SplitError, Splitter, header_records};
use crate::decode::{self, Disposition, Sources};
use crate::meters;
use crate::text::clean;

/// Records that are sent before the position is written down.
const PORTION_RECORDS: usize = 5_000;
/// Or so many bytes.
const PORTION_BYTES: usize = 8 << 20;
/// Between tries while an engine is away.
const AWAY_PAUSE: Duration = Duration::from_secs(1);

/// Where files go.
pub struct Target {
    /// Postgres.
    pub store: Store,
    /// Kafka.
    pub sender: Arc<Sender>,
    /// Name of the cluster.
    pub cluster: String,
    /// Topic.
    pub topic: String,
    /// Longest record.
    pub record_bytes_max: usize,
}

/// A file that was read once.
#[derive(Debug)]
pub struct Scanned {
    /// What the register is told.
    pub found: FoundFile,
    /// First byte behind the header.
    pub body_start: u64,
    /// First byte of the trailer, or the end.
    pub body_end: u64,
    /// What ends its records.
    pub ending: Ending,
    /// Why it cannot be sent.
    pub problem: Option<String>,
}

/// Reads a file from end to end. Blocks.
///
/// # Errors
/// The file cannot be read now.
pub fn scan(
    path: &Path,
    config: &FileSource,
    source: &SourceRow,
    all: &[SourceRow],
    target: &Target,
) -> io::Result<Scanned> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let meta = std::fs::metadata(path)?;
    let ending = config.kind.ending(source);
    let header = match config.header_lines {
        Some(lines) => lines,
        None => header_records(source, &first_records(path, ending, target.record_bytes_max)?),
    };
    let number = config
        .pattern
        .captures(name.as_bytes())
        .and_then(|found| std::str::from_utf8(found.name("sequence")?.as_bytes()).ok()?.parse::<i64>().ok());
    let mut found = FoundFile {
        source: source.code.clone(),
        file_name: name,
        size_bytes: meta.len() as i64,
        sha256: [0; 32],
        modified_at: meta.modified().ok().map(DateTime::<Utc>::from),
        sequence: number,
        cluster: target.cluster.clone(),
        topic: target.topic.clone(),
        records: 0,
        rejected: 0,
        counted: None,
        trailer: Trailer::default(),
    };
    let mut counter = Counter { sources: Sources::new(all, source), source, answered: 0, seconds: 0 };
    let reader =
        BufReader::with_capacity(1 << 20, Hashing { file: File::open(path)?, digest: Sha256::new(), bytes: 0 });
    let mut splitter = Splitter::new(reader, ending, 0, target.record_bytes_max);
    let (mut index, mut body_start, mut body_end) = (0, 0, 0);
    let (mut record, mut last) = (Vec::new(), Vec::new());
    let mut last_span: Option<Span> = None;
    let mut problem = None;
    loop {
        let span = match splitter.next(&mut record) {
            Ok(Some(span)) => span,
            Ok(None) => break,
            Err(SplitError::Io(error)) => return Err(error),
            Err(error @ SplitError::OpenQuote { .. }) => {
                problem = Some(error.to_string());
                break;
            }
        };
        index += 1;
        if index <= header {
            body_start = span.end;
            body_end = span.end;
            continue;
        }
        if let Some(other) = is_of_another(&record, &source.code) {
            problem = Some(format!(
                "the record at byte {} names source `{}`, the folder is that of `{}`; move the file to the folder of its source",
                span.start,
                clean(&other),
                source.code
            ));
            break;
        }
        // One behind: the last line may be no record.
        if let Some(former) = last_span.replace(span) {
            counter.count(&mut found, former, &last);
        }
        std::mem::swap(&mut record, &mut last);
        body_end = span.end;
    }
    if let Some(span) = last_span {
        match config.trailer.as_ref().and_then(|trailer| trailer.captures(&last)) {
            Some(claimed) => {
                let value = |name| std::str::from_utf8(claimed.name(name)?.as_bytes()).ok()?.trim().parse::<i64>().ok();
                found.trailer =
                    Trailer { records: value("records"), answered: value("answered"), seconds: value("seconds") };
                body_end = span.start;
            }
            None => counter.count(&mut found, span, &last),
        }
    }
    found.counted = Some((counter.answered, counter.seconds));
    let mut reader = splitter.into_reader();
    io::copy(&mut reader, &mut io::sink())?;
    let hashing = reader.into_inner();
    found.size_bytes = hashing.bytes as i64;
    found.sha256 = hashing.digest.finalize().into();
    if found.sequence.is_some_and(|number| !config.numbering.has(number)) {
        problem = problem.or_else(|| Some("its number is outside of first_number to highest_number".to_owned()));
    }
    Ok(Scanned { found, body_start, body_end, ending, problem })
}

fn first_records(path: &Path, ending: Ending, most: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut splitter = Splitter::new(BufReader::new(File::open(path)?), ending, 0, most);
    let mut first = Vec::new();
    while first.len() < 2 {
        let mut record = Vec::new();
        match splitter.next(&mut record) {
            Ok(Some(_)) => first.push(record),
            Err(SplitError::Io(error)) => return Err(error),
            Ok(None) | Err(SplitError::OpenQuote { .. }) => break,
        }
    }
    Ok(first)
}

/// Counts as the switch does: answered calls, and their seconds by the rule of the source (A7).
struct Counter<'a> {
    sources: Sources<'a>,
    source: &'a SourceRow,
    answered: i64,
    seconds: i64,
}

impl Counter<'_> {
    fn count(&mut self, found: &mut FoundFile, span: Span, record: &[u8]) {
        found.records += 1;
        if span.too_long {
            found.rejected += 1;
            return;
        }
        // What cannot be read ends in suspense; it is no answered call.
        let Ok((cdr, _)) = decode::decode(record, Some(&self.source.code), &self.sources) else { return };
        let Some(answer_ms) = cdr.answer_ms.filter(|_| cdr.disposition == Disposition::Answered) else { return };
        let ms = cdr.billable_ms.or_else(|| cdr.end_ms.map(|end_ms| end_ms - answer_ms)).unwrap_or(0);
        self.answered += 1;
        self.seconds += (self.source.whole_seconds.apply(ms.max(0).unsigned_abs()) / 1000) as i64;
    }
}

/// A file whose digest is taken while it is read.
struct Hashing {
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.digest.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Sends the records of a file behind `position`, as import `id`; returns when the broker has all of them. `false`: the file is no longer what was read.
///
/// # Errors
/// The file cannot be read, or the register not be written, now: go on later.
pub async fn send(
    target: &Target,
    path: &Path,
    scanned: &Scanned,
    (id, position, sent): (i64, u64, i64),
) -> anyhow::Result<bool> {
    let source: Arc<str> = scanned.found.source.as_str().into();
    let mut position = position.max(scanned.body_start);
    let mut sent = sent;
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(position))?;
    let reader = BufReader::with_capacity(1 << 20, file);
    let mut splitter = Splitter::new(reader, scanned.ending, position, target.record_bytes_max);
    loop {
        let end = scanned.body_end;
        let (portion, back) = tokio::task::spawn_blocking(move || {
            let portion = read_portion(&mut splitter, end);
            portion.map(|portion| (portion, splitter))
        })
        .await??;
        splitter = back;
        let Some(last) = portion.last().map(|(span, _)| span.end) else { break };
        let now = SystemClock.now().timestamp_millis();
        let mut records = Vec::with_capacity(portion.len());
        let mut rejected = Vec::new();
        for (span, payload) in portion {
            if let Some(reason) = unfit(span, &payload, target, &source) {
                rejected.push(Rejected { position_bytes: span.start as i64, reason });
            } else {
                records.push((span.start, Record::new(&source, id.unsigned_abs(), now, payload)));
            }
        }
        let (places, taken) = send_portion(target, id, records, &mut rejected).await;
        position = last;
        sent += taken;
        metrics::counter!(meters::COLLECT_RECORDS, "source" => source.to_string(), "way" => "file")
            .increment(taken.unsigned_abs());
        let advanced = Advanced { position_bytes: position as i64, records_sent: sent, places, rejected };
        if !imports::advance(&target.store, id, &advanced, SystemClock.now()).await? {
            anyhow::bail!("import {id} is not to be sent any more: it is being rolled back");
        }
    }
    let meta = std::fs::metadata(path)?;
    let modified_at = meta.modified().ok().map(DateTime::<Utc>::from);
    if meta.len() as i64 != scanned.found.size_bytes || modified_at != scanned.found.modified_at {
        return Ok(false);
    }
    imports::finish(&target.store, id, scanned.found.size_bytes, sent, SystemClock.now()).await?;
    Ok(true)
}

/// Why a record is left out. That it names another source was asked before the first was sent, but the file may have changed since.
fn unfit(span: Span, payload: &[u8], target: &Target, source: &str) -> Option<String> {
    if span.too_long {
        return Some(format!("longer than {} bytes", target.record_bytes_max));
    }
    is_of_another(payload, source).map(|other| format!("names source `{}`", clean(&other)))
}

fn read_portion<R: BufRead>(splitter: &mut Splitter<R>, end: u64) -> Result<Vec<(Span, Bytes)>, SplitError> {
    let (mut portion, mut bytes, mut record) = (Vec::new(), 0, Vec::new());
    while portion.len() < PORTION_RECORDS && bytes < PORTION_BYTES {
        let Some(span) = splitter.next(&mut record)?.filter(|span| span.start < end) else { break };
        bytes += record.len();
        portion.push((span, Bytes::copy_from_slice(&record)));
    }
    Ok(portion)
}

/// Sends records until the broker has each of them, however long it is away; gives where the last ones stand in each partition, and how many there are.
async fn send_portion(
    target: &Target,
    id: i64,
    mut left: Vec<(u64, Record)>,
    rejected: &mut Vec<Rejected>,
) -> (Vec<(i32, i64)>, i64) {
    let mut places = std::collections::BTreeMap::new();
    let mut taken = 0;
    while !left.is_empty() {
        let (starts, records): (Vec<u64>, Vec<Record>) = left.into_iter().unzip();
        let results = target.sender.send(&records).await;
        let mut again = Vec::new();
        for ((start, record), result) in starts.into_iter().zip(records).zip(results) {
            match result {
                Ok((partition, offset)) => {
                    let last = places.entry(partition).or_insert(offset);
                    *last = offset.max(*last);
                    taken += 1;
                }
                Err(SendError::Refused(reason)) => {
                    rejected.push(Rejected { position_bytes: start as i64, reason });
                }
                Err(SendError::Away(reason)) => {
                    if again.is_empty() {
                        tracing::warn!(source = %record.source, reason, "Kafka does not take records of a file: trying again");
                    }
                    again.push((start, record));
                }
            }
        }
        left = again;
        if !left.is_empty() {
            tokio::time::sleep(AWAY_PAUSE).await;
            if let Err(error) = imports::beat(&target.store, id, SystemClock.now()).await {
                tracing::debug!(%error, "the import's sign of life was not written");
            }
        }
    }
    (places.into_iter().collect(), taken)
}

#[cfg(test)]
mod tests {
    use billing::imports::rules::Numbering;
    use numbering::NumberRules;
    use rating::WholeSeconds;
    use rating::identify::Identify;
    use regex::bytes::Regex;

    use super::*;
    use crate::collect::split::Kind;

    fn source(format: &str) -> SourceRow {
        SourceRow {
            code: "pbx".into(),
            format: format.into(),
            zone: chrono_tz::UTC,
            whole_seconds: WholeSeconds::HalfUp,
            on_net_once: false,
            rules: NumberRules::default(),
            identify: Identify::default(),
            mapping: None,
        }
    }

    fn asterisk(id: &str, clid: &str, disposition: &str, billsec: u32) -> String {
        format!(
            "a1,74950000001,74951234567,default,\"{clid}\",SIP/a-1,SIP/b-2,Dial,x,2026-11-01 10:00:00,2026-11-01 10:00:05,2026-11-01 10:05:00,300,{billsec},{disposition},3,{id},"
        )
    }

    fn scanned(text: &str, format: &str, change: impl FnOnce(&mut FileSource)) -> Scanned {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cdr_17.csv");
        std::fs::write(&path, text).unwrap();
        let mut config = FileSource {
            directory: folder.path().to_owned(),
            pattern: Regex::new(r"^cdr_(?<sequence>\d+)\.csv$").unwrap(),
            kind: Kind::Csv,
            header_lines: None,
            trailer: Some(Regex::new(r"^END (?<records>\d+) (?<seconds>\d+)").unwrap()),
            settle: None,
            unended_last_line: false,
            poll: AWAY_PAUSE,
            numbering: Numbering::default(),
            expected_every: None,
        };
        change(&mut config);
        let target = Target {
            store: Store::open("postgres://nobody@127.0.0.1:1/tollgate_test", 1).unwrap(),
            sender: Arc::new(Sender::open("127.0.0.1:1", "t", AWAY_PAUSE).unwrap()),
            cluster: "main".into(),
            topic: "t".into(),
            record_bytes_max: 1_000,
        };
        let source = source(format);
        scan(&path, &config, &source, std::slice::from_ref(&source), &target).unwrap()
    }

    #[tokio::test]
    async fn a_file_is_read_with_header_quotes_and_trailer() {
        let header = "accountcode,src,dst,dcontext,clid,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec,disposition,amaflags,uniqueid,userfield\n";
        let records = [
            asterisk("u1", "A\nB <1>", "ANSWERED", 60),
            asterisk("u2", "C", "NO ANSWER", 0),
            asterisk("u3", "D", "ANSWERED", 35),
        ];
        let body = records.join("\r\n") + "\r\n";
        let text = format!("{header}{body}END 3 95\n");
        let found = scanned(&text, "asterisk", |_| ());
        assert_eq!((found.found.records, found.found.counted, found.found.sequence), (3, Some((2, 95)), Some(17)));
        assert_eq!(found.found.trailer, Trailer { records: Some(3), answered: None, seconds: Some(95) });
        assert_eq!((found.body_start, found.body_end), (header.len() as u64, (header.len() + body.len()) as u64));
        assert_eq!(found.found.sha256, <[u8; 32]>::from(Sha256::digest(text.as_bytes())));
        assert_eq!((found.found.size_bytes, found.problem), (text.len() as i64, None));
        // Told otherwise, the header is a record, and without a trailer the last line is one.
        let plain = scanned(&text, "asterisk", |config| {
            config.header_lines = Some(0);
            config.trailer = None;
        });
        assert_eq!((plain.found.records, plain.body_start, plain.body_end), (5, 0, text.len() as u64));
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_known_before_anything_goes() {
        let open = format!("{}\na,\"b\nc,d\n", asterisk("u1", "A", "ANSWERED", 60));
        let found = scanned(&open, "asterisk", |_| ());
        assert!(found.problem.unwrap().contains("line 2"));
        assert_eq!(
            found.found.sha256,
            <[u8; 32]>::from(Sha256::digest(open.as_bytes())),
            "the digest is of the whole file"
        );
        let outside = scanned("", "asterisk", |config| config.numbering.wrap = Some((1, 16)));
        assert!(outside.problem.unwrap().contains("highest_number") && outside.found.records == 0);
        let long = scanned(&format!("{}\n", "x".repeat(1_001)), "asterisk", |_| ());
        assert_eq!((long.found.records, long.found.rejected, long.problem), (1, 1, None));
        let foreign = "{\"cdr_id\":\"1\",\"source\":\"pbx\"}\n{\"cdr_id\":\"2\",\"source\":\"other\"}\n";
        let found = scanned(foreign, "canonical", |config| config.kind = Kind::Ndjson);
        let problem = found.problem.unwrap();
        assert!(problem.contains("byte 30 names source `other`"), "{problem}");
        assert_eq!(found.found.sha256, <[u8; 32]>::from(Sha256::digest(foreign.as_bytes())));
        let cucm = "\"cdrRecordType\",\"globalCallID_callManagerId\"\nINTEGER,INTEGER\n1,2\n";
        assert_eq!(scanned(cucm, "cucm", |_| ()).found.records, 1);
    }
}
