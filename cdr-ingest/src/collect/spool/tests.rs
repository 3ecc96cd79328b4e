//! The spool over its life: kept, read, torn, damaged, full.

use bytes::Bytes;

use super::*;
use crate::collect::record::FRAME_HEAD;

fn record(number: usize) -> Record {
    Record::new(&"sw-1".into(), 0, number as i64, Bytes::from(format!("{{\"cdr_id\":\"{number}\"}}")))
}

fn numbers_of(records: &[Record]) -> Vec<i64> {
    records.iter().map(|record| record.received_ms).collect()
}

fn segment_of(directory: &Path) -> PathBuf {
    path(directory, numbers(directory).unwrap()[0])
}

#[tokio::test]
async fn what_is_kept_is_read_in_order_and_goes_once() {
    let directory = tempfile::tempdir().unwrap();
    let spool = Spool::open(directory.path(), 1 << 20).unwrap();
    for number in 0..5 {
        spool.append(&[record(2 * number), record(2 * number + 1)]).await.unwrap();
    }
    let (first, position) = spool.read(4).unwrap();
    assert_eq!(numbers_of(&first), [0, 1, 2, 3]);
    // Not committed: the same again.
    assert_eq!(spool.read(4).unwrap(), (first, position));
    spool.commit(position, 4);
    assert_eq!(spool.oldest_ms(), Some(4));
    drop(spool);
    // Another process goes on behind the position, and never writes on the old file.
    let spool = Spool::open(directory.path(), 1 << 20).unwrap();
    spool.append(&[record(10)]).await.unwrap();
    let (rest, position) = spool.read(100).unwrap();
    assert_eq!(numbers_of(&rest), [4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(numbers(directory.path()).unwrap(), [1, 2]);
    spool.commit(position, 10);
    assert_eq!((spool.waiting_bytes(), spool.oldest_ms(), numbers(directory.path()).unwrap()), (0, None, vec![2]));
    assert_eq!(spool.read(100).unwrap().0, []);
}

#[tokio::test]
async fn a_torn_end_is_cut_off_wherever_it_was_torn() {
    let whole = tempfile::tempdir().unwrap();
    let spool = Spool::open(whole.path(), 1 << 20).unwrap();
    for number in 0..3 {
        spool.append(&[record(number)]).await.unwrap();
    }
    drop(spool);
    let bytes = fs::read(segment_of(whole.path())).unwrap();
    let mut frame = Vec::new();
    record(0).write_frame(&mut frame);
    for cut in 0..=bytes.len() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(path(directory.path(), 1), &bytes[..cut]).unwrap();
        let spool = Spool::open(directory.path(), 1 << 20).unwrap();
        let expected = cut.saturating_sub(MAGIC.len()) / frame.len();
        assert_eq!(spool.read(10).unwrap().0.len(), expected, "cut at {cut}");
        spool.append(&[record(7)]).await.unwrap();
        assert_eq!(spool.read(10).unwrap().0.len(), expected + 1, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_damaged_record_is_set_aside_and_the_others_go_on() {
    // A byte of its length, of its checksum, of its body.
    for byte in [0, 1, 3, 5, FRAME_HEAD + 3] {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::open(directory.path(), 1 << 20).unwrap();
        spool.append(&[record(0), record(1), record(2)]).await.unwrap();
        drop(spool);
        let path = segment_of(directory.path());
        let mut bytes = fs::read(&path).unwrap();
        let frame = (bytes.len() - MAGIC.len()) / 3;
        bytes[MAGIC.len() + frame + byte] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let spool = Spool::open(directory.path(), 1 << 20).unwrap();
        let (records, position) = spool.read(10).unwrap();
        assert_eq!(numbers_of(&records), [0, 2], "byte {byte}");
        spool.commit(position, 0);
        let names = fs::read_dir(directory.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(names.filter(|name| name.ends_with(".damaged")).count(), 1, "byte {byte}");
    }
}

/// However long records are, a few megabytes are read at once, and nothing is passed over.
#[tokio::test]
async fn long_records_are_read_a_few_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let spool = Spool::open(directory.path(), 1 << 30).unwrap();
    let long = |number| Record::new(&"sw-1".into(), 0, number, Bytes::from(vec![b'x'; 900_000]));
    for number in 0..30 {
        spool.append(&[long(number)]).await.unwrap();
    }
    let mut found = Vec::new();
    while spool.waiting_bytes() > 0 {
        let (records, position) = spool.read(5_000).unwrap();
        assert!((1..=11).contains(&records.len()), "{} records at once", records.len());
        found.extend(numbers_of(&records));
        spool.commit(position, 0);
    }
    assert_eq!(found, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_spool_refuses_and_takes_again_when_records_went_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut frame = Vec::new();
    record(0).write_frame(&mut frame);
    let spool = Spool::open(directory.path(), 3 * frame.len() as u64).unwrap();
    spool.append(&[record(0), record(1)]).await.unwrap();
    assert_eq!(spool.append(&[record(2), record(3)]).await, Err(SpoolError::Full));
    spool.append(&[record(2)]).await.unwrap();
    assert_eq!(spool.append(&[record(3)]).await, Err(SpoolError::Full));
    let (records, position) = spool.read(1).unwrap();
    assert_eq!(numbers_of(&records), [0]);
    spool.commit(position, 1);
    spool.append(&[record(3)]).await.unwrap();
    assert_eq!(numbers_of(&spool.read(10).unwrap().0), [1, 2, 3]);
    spool.set_aside(&record(9)).unwrap();
    assert!(directory.path().join("refused.frames").exists());
}

#[tokio::test]
async fn a_disk_that_refuses_is_said_and_nothing_counts() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("spool");
    let spool = Spool::open(&inner, 1 << 20).unwrap();
    fs::remove_dir_all(&inner).unwrap();
    assert!(matches!(spool.append(&[record(0)]).await, Err(SpoolError::Disk(_))));
    fs::create_dir(&inner).unwrap();
    spool.append(&[record(1)]).await.unwrap();
    assert_eq!(numbers_of(&spool.read(10).unwrap().0), [1]);
}

/// A segment that cannot be read is set aside, by itself, and told; the others go on, and so does a start.
#[tokio::test]
async fn a_segment_that_cannot_be_read_holds_no_other_up() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..3 {
        // Each start begins a segment of its own.
        Spool::open(directory.path(), 1 << 20).unwrap().append(&[record(number)]).await.unwrap();
    }
    // A directory in its place is a file that nobody can read.
    let second = path(directory.path(), 2);
    let bytes = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    fs::create_dir(&second).unwrap();
    let spool = Spool::open(directory.path(), 1 << 20).unwrap();
    let told = |spool: &Spool| spool.damage().into_iter().map(|damage| damage.subject).collect::<Vec<_>>();
    assert_eq!(told(&spool), ["segment 2"]);
    assert!(directory.path().join("00000000000000000002.spool.unreadable").exists());
    spool.append(&[record(3)]).await.unwrap();
    // While it runs, another cannot be read any more.
    let first = path(directory.path(), 1);
    fs::remove_file(&first).unwrap();
    fs::create_dir(&first).unwrap();
    let (records, position) = spool.read(10).unwrap();
    assert_eq!(
        (numbers_of(&records), told(&spool)),
        (vec![2, 3], vec!["segment 2".to_owned(), "segment 1".to_owned()])
    );
    spool.damage_told();
    assert_eq!(told(&spool), ["segment 1"]);
    spool.commit(position, 0);
    assert_eq!((spool.waiting_bytes(), spool.read(10).unwrap().0), (0, vec![]));
    drop(spool);
    // Given back, it goes, and no number counts as missing; a number that nobody gives is not read.
    fs::write(directory.path().join("00000000000000000002.spool.returned"), bytes).unwrap();
    fs::write(path(directory.path(), u64::MAX), "x").unwrap();
    let spool = Spool::open(directory.path(), 1 << 20).unwrap();
    assert_eq!((numbers_of(&spool.read(10).unwrap().0), told(&spool)), (vec![1], vec![]));
}

/// Damage that cannot be set aside, for want of room or of rights, is neither lost nor in the way.
#[tokio::test]
async fn what_cannot_be_set_aside_is_not_deleted() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..2 {
        let spool = Spool::open(directory.path(), 1 << 20).unwrap();
        spool.append(&[record(2 * number), record(2 * number + 1)]).await.unwrap();
    }
    let first = path(directory.path(), 1);
    let mut bytes = fs::read(&first).unwrap();
    let frame = (bytes.len() - MAGIC.len()) / 2;
    bytes[MAGIC.len() + 5] ^= 1;
    fs::write(&first, &bytes).unwrap();
    // Where the damaged bytes would go, a directory stands: they cannot be written there.
    fs::create_dir(directory.path().join(format!("{:020}-{}.damaged", 1, MAGIC.len()))).unwrap();
    let spool = Spool::open(directory.path(), 1 << 20).unwrap();
    let (records, position) = spool.read(10).unwrap();
    assert_eq!(numbers_of(&records), [1, 2, 3]);
    assert!(spool.damage()[0].said.english().contains("1.spool.unreadable"), "{:?}", spool.damage());
    spool.commit(position, 0);
    let aside = directory.path().join("00000000000000000001.spool.unreadable");
    assert_eq!(fs::read(aside).unwrap().len(), MAGIC.len() + 2 * frame);
    assert_eq!(numbers(directory.path()).unwrap(), [2]);
}

/// While a damaged segment stays where it is, the position on the disk does not pass it: a start would delete it.
#[tokio::test]
async fn the_position_does_not_pass_a_segment_that_stays() {
    let root = tempfile::tempdir().unwrap();
    // A path that has room for the name of a segment, and for no longer one.
    let mut directory = root.path().to_owned();
    while directory.as_os_str().len() < 4_066 {
        let left = 4_067 - directory.as_os_str().len();
        directory.push("d".repeat((left - 1).min(200)));
    }
    for number in 0..2 {
        let spool = Spool::open(&directory, 1 << 20).unwrap();
        spool.append(&[record(2 * number), record(2 * number + 1)]).await.unwrap();
    }
    let mut bytes = fs::read(path(&directory, 1)).unwrap();
    bytes[MAGIC.len() + 5] ^= 1;
    fs::write(path(&directory, 1), &bytes).unwrap();
    for _ in 0..2 {
        let spool = Spool::open(&directory, 1 << 20).unwrap();
        let (records, position) = spool.read(10).unwrap();
        assert_eq!(numbers_of(&records), [1, 2, 3]);
        spool.commit(position, 0);
        assert_eq!((spool.waiting_bytes(), spool.read(10).unwrap().0), (0, vec![]));
        assert_eq!(fs::read(path(&directory, 1)).unwrap(), bytes);
    }
}

#[tokio::test]
async fn what_is_gone_is_told_and_what_is_left_goes() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..3 {
        Spool::open(directory.path(), 1 << 20)
            .unwrap()
            .append(&[record(2 * number), record(2 * number + 1)])
            .await
            .unwrap();
    }
    fs::remove_file(path(directory.path(), 2)).unwrap();
    let spool = Spool::open(directory.path(), 1 << 20).unwrap();
    // The third loses its second record while the spool is open.
    let third = path(directory.path(), 3);
    let length = fs::metadata(&third).unwrap().len();
    OpenOptions::new().write(true).open(&third).unwrap().set_len(length - 1).unwrap();
    let (records, position) = spool.read(10).unwrap();
    assert_eq!(numbers_of(&records), [0, 1, 4]);
    let told: Vec<String> = spool.damage().into_iter().map(|damage| damage.subject).collect();
    assert_eq!((told.len(), &*told[0], told[1].starts_with("segment 3 byte")), (2, "segment 2", true), "{told:?}");
    spool.commit(position, 0);
    assert_eq!(spool.waiting_bytes(), 0);
    // The present segment is deleted by somebody: what is posted is not acknowledged into nothing.
    spool.append(&[record(6)]).await.unwrap();
    fs::remove_file(path(directory.path(), 4)).unwrap();
    assert!(matches!(spool.append(&[record(7)]).await, Err(SpoolError::Disk(_))));
    spool.append(&[record(8)]).await.unwrap();
    assert_eq!(numbers_of(&spool.read(10).unwrap().0), [8]);
}

#[test]
fn a_start_that_lacks_files_for_a_moment_is_not_damage() {
    let error = |code| io::Error::from_raw_os_error(code);
    // EINTR, ENOMEM, ENFILE, EMFILE; ENOENT, EIO, EACCES.
    assert!([4, 12, 23, 24].into_iter().all(|code| is_passing(&error(code))));
    assert!([2, 5, 13].into_iter().all(|code| !is_passing(&error(code))));
}
