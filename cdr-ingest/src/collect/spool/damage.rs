//! Damage to the spool, in words.
//!
//! Owns: what people are told when a part of the spool cannot be read.
//! Does not own: raising the alarm (`service`), setting the part aside (`disk`).
//! Always: the text names the file and what to do with it, in Russian and English.

use std::io;
use std::ops::RangeInclusive;

use billing::{Clock, SystemClock};
use chrono::{DateTime, Utc};

use super::Position;
use crate::text::Said;

/// A part of the spool that did not go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// Which part; the same damage has the same.
    pub subject: String,
    /// What is wrong, and what to do.
    pub said: Said,
    /// When it was found.
    pub found_at: DateTime<Utc>,
}

impl Damage {
    fn found(subject: String, said: Said) -> Self {
        Self { subject, said, found_at: SystemClock.now() }
    }

    /// A segment that cannot be read at all.
    pub(super) fn segment(number: u64, error: &io::Error) -> Self {
        tracing::error!(number, %error, "a segment of the spool cannot be read: it is set aside; does the disk fail?");
        let said = Said::new(
            format!(
                "Сегмент спула {number} не читается ({error}) и отложен как {number:020}.spool.unreadable; остальные отправлены. Проверьте диск; когда файл снова читается, переименуйте его в {number:020}.spool.returned и перезапустите сборщик"
            ),
            format!(
                "segment {number} of the spool cannot be read ({error}) and is set aside as {number:020}.spool.unreadable; the others go on. Look at the disk; once the file can be read, rename it to {number:020}.spool.returned and start the collector again"
            ),
        );
        Self::found(format!("segment {number}"), said)
    }

    /// Segments that are gone.
    pub(super) fn missing(numbers: RangeInclusive<u64>) -> Self {
        let (first, last) = numbers.into_inner();
        tracing::error!(first, last, "segments of the spool are missing");
        let which = if first == last { first.to_string() } else { format!("{first}..{last}") };
        let said = Said::new(
            format!(
                "Сегмента спула {which} нет на диске: его записи не отправлены. Запросите записи этого времени у коммутаторов ещё раз; повторы учтены не будут"
            ),
            format!(
                "segment {which} of the spool is not on the disk: its records did not go on. Have the switches send the records of that time again; repeats do not count"
            ),
        );
        Self::found(format!("segment {which}"), said)
    }

    /// A segment that ends before the records do that were acknowledged.
    pub(super) fn shorter(at: Position) -> Self {
        let Position { segment, offset } = at;
        tracing::error!(segment, offset, "a segment of the spool became shorter");
        let said = Said::new(
            format!(
                "Сегмент спула {segment} стал короче: записи после байта {offset} пропали. Проверьте диск и запросите записи этого времени у коммутаторов ещё раз; повторы учтены не будут"
            ),
            format!(
                "segment {segment} of the spool became shorter: its records behind byte {offset} are gone. Look at the disk, and have the switches send the records of that time again; repeats do not count"
            ),
        );
        Self::found(format!("segment {segment} byte {offset}"), said)
    }

    /// Bytes that are no frame; `apart`: they are kept in a file of their own.
    pub(super) fn bytes(at: Position, bytes: usize, apart: bool) -> Self {
        let Position { segment, offset } = at;
        tracing::error!(segment, offset, bytes, "the spool is damaged: the bytes are set aside; does the disk fail?");
        let file =
            if apart { format!("{segment:020}-{offset}.damaged") } else { format!("{segment:020}.spool.unreadable") };
        let said = Said::new(
            format!(
                "Сегмент спула {segment} повреждён: {bytes} байт с {offset} отложены как {file}. Проверьте диск и запросите записи этого времени у коммутаторов ещё раз; повторы учтены не будут"
            ),
            format!(
                "segment {segment} of the spool is damaged: {bytes} bytes from {offset} are set aside as {file}. Look at the disk, and have the switches send the records of that time again; repeats do not count"
            ),
        );
        Self::found(format!("segment {segment} byte {offset}"), said)
    }
}
