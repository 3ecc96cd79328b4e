//! Stage 1: bytes to a decoded record.
//!
//! In: the bytes of one message.  Out: [`DecodedCdr`], or UNDECODABLE.
//! Owns: the registry of formats and how one is recognised.
//! Does not own: what numbers and times mean (`normalise`).
//! Always: whatever the bytes, a decoder returns; it never panics and never guesses a field it was not given.
//!
//! To add a format: one file here, one line in [`FORMATS`].

mod asterisk;
mod canonical;
mod canonical_scan;
mod corrected;
mod faults;
mod freeswitch;
mod object;
mod time;

use std::borrow::Cow;

use rating::Service;
use rating::rows::SourceRow;

pub use corrected::decode_corrected;
pub use time::parse_rfc3339_ms;

use crate::text::{Said, clean};

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// Answered.
    Answered = 1,
    /// Nobody answered.
    NoAnswer = 2,
    /// Busy.
    Busy = 3,
    /// Failed.
    Failed = 4,
    /// The caller gave up.
    Cancelled = 5,
}

impl Disposition {
    /// By its word in canonical records.
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Answered, Self::NoAnswer, Self::Busy, Self::Failed, Self::Cancelled];
        let index = billing::suspense::DISPOSITIONS.iter().position(|known| *known == word)?;
        all.get(index).copied()
    }
}

/// Direction seen from our network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Away from our subscriber.
    Out = 1,
    /// To our subscriber.
    In = 2,
}

impl Direction {
    /// The direction that a service implies.
    pub const fn of(service: Service) -> Self {
        match service {
            Service::Incoming | Service::TollFree => Self::In,
            Service::Outgoing
            | Service::Forwarded
            | Service::Internal
            | Service::Message
            | Service::Data
            | Service::Recording
            | Service::UnlimitedRecording => Self::Out,
        }
    }
}

/// A record as its source wrote it: fields known by name, texts not yet understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodedCdr<'a> {
    /// Identity at the source; empty when the source has none.
    pub cdr_id: Cow<'a, str>,
    /// Source that the record names.
    pub source: Option<Cow<'a, str>>,
    /// Leg.
    pub leg: u8,
    /// Part of a long call; 0 = the only one.
    pub sequence: u32,
    /// Whether this is the last part.
    pub is_final: bool,
    /// Identity of the call.
    pub call_id: Cow<'a, str>,
    /// Account that the record names.
    pub account: Option<Cow<'a, str>>,
    /// Calling number.
    pub src: Cow<'a, str>,
    /// Dialled number.
    pub dst: Cow<'a, str>,
    /// Service.
    pub service: Service,
    /// Direction.
    pub direction: Direction,
    /// Set-up, milliseconds of the epoch.
    pub setup_ms: Option<i64>,
    /// Answer.
    pub answer_ms: Option<i64>,
    /// End.
    pub end_ms: Option<i64>,
    /// Duration that the source bills.
    pub billable_ms: Option<i64>,
    /// Pieces of an event.
    pub quantity: Option<u64>,
    /// How it ended.
    pub disposition: Disposition,
    /// Cause of the release.
    pub release_cause: Cow<'a, str>,
    /// Trunk the call came in by.
    pub trunk_in: Option<Cow<'a, str>>,
    /// Trunk the call went out by.
    pub trunk_out: Option<Cow<'a, str>>,
    /// The forwarding number of a forwarded leg.
    pub forwarded_from: Option<Cow<'a, str>>,
    /// Qualifier for the choice of the rate.
    pub incoming_service: Option<Cow<'a, str>>,
    /// Qualifier for the choice of the rate.
    pub place: Option<Cow<'a, str>>,
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable(pub Said);

/// A format of records.
pub struct Format {
    /// Its name in the configuration of sources.
    pub name: &'static str,
    /// Whether the bytes look like it.
    recognises: fn(&[u8]) -> bool,
    /// Decodes; stamps without a zone are in the zone of the source.
    decode: for<'a> fn(&'a [u8], chrono_tz::Tz) -> Result<DecodedCdr<'a>, Undecodable>,
}

/// Every format, the most telling first.
pub static FORMATS: &[Format] = &[
    Format { name: "canonical", recognises: canonical::recognises, decode: canonical::decode },
    Format { name: "freeswitch", recognises: freeswitch::recognises, decode: freeswitch::decode },
    Format { name: "asterisk", recognises: asterisk::recognises, decode: asterisk::decode },
];

/// Where the source of a record is found (see `FORMATS.md`, part 2).
pub struct Sources<'a> {
    configured: &'a [SourceRow],
    /// Stands for any source when none is configured.
    fallback: &'a SourceRow,
    /// For each format: the only configured source of it.
    only: Vec<Option<usize>>,
}

impl<'a> Sources<'a> {
    /// The configured sources; with none, `fallback` stands for every one.
    pub fn new(configured: &'a [SourceRow], fallback: &'a SourceRow) -> Self {
        let only = FORMATS
            .iter()
            .map(|format| {
                let mut of_format = configured.iter().enumerate().filter(|(_, source)| source.format == format.name);
                match (of_format.next(), of_format.next()) {
                    (Some((index, _)), None) => Some(index),
                    _ => None,
                }
            })
            .collect();
        Self { configured, fallback, only }
    }

    fn named(&self, name: &str) -> Option<&'a SourceRow> {
        if self.configured.is_empty() {
            return Some(self.fallback);
        }
        self.configured.iter().find(|source| source.code == name)
    }

    fn for_record(&self, named: Option<&str>, format: usize) -> Result<&'a SourceRow, Undecodable> {
        match named.filter(|name| !name.is_empty()) {
            Some(name) => self.named(name).ok_or_else(|| {
                let name = clean(name);
                Undecodable::new(
                    format!("источник `{name}` не настроен"),
                    format!("the source `{name}` is not configured"),
                )
            }),
            None if self.configured.is_empty() => Ok(self.fallback),
            None => self.only[format].map(|index| &self.configured[index]).ok_or_else(|| {
                let format = FORMATS[format].name;
                Undecodable::new(
                    format!("запись не называет источник, а источников формата {format} настроено не ровно один"),
                    format!("the record names no source, and not exactly one source of format {format} is configured"),
                )
            }),
        }
    }
}

/// Decodes a record. `header` is the source that the message names.
pub fn decode<'a, 's>(
    bytes: &'a [u8],
    header: Option<&str>,
    sources: &Sources<'s>,
) -> Result<(DecodedCdr<'a>, &'s SourceRow), Undecodable> {
    let bytes = without_mark(bytes);
    if bytes.is_empty() {
        return Err(Undecodable::fixed("сообщение пустое", "the message is empty"));
    }
    let format = FORMATS
        .iter()
        .position(|format| (format.recognises)(bytes))
        .ok_or(Undecodable::fixed("это не запись известного формата", "the bytes are no record of a known format"))?;
    // The zone is needed before the record's own source is known; only formats without a source field have zone-less stamps.
    let zone = sources.for_record(header, format).map_or(chrono_tz::UTC, |source| source.zone);
    let decoded = (FORMATS[format].decode)(bytes, zone)?;
    let source = sources.for_record(decoded.source.as_deref().or(header), format)?;
    if !source.code.is_empty() && source.format != FORMATS[format].name {
        let (code, own, found) = (&source.code, &source.format, FORMATS[format].name);
        return Err(Undecodable::new(
            format!("источник `{code}` настроен на формат {own}, а запись в формате {found}"),
            format!("the source `{code}` is of format {own}, the record of format {found}"),
        ));
    }
    if decoded.leg == u8::MAX {
        return Err(Undecodable::fixed(
            "leg — от 0 до 254: плечо вызванного внутри сети получает номер на единицу больше",
            "leg is 0 to 254: the called leg of an on-net call is counted one higher",
        ));
    }
    if !decoded.service.is_call() && decoded.quantity.is_none() {
        return Err(Undecodable::new(
            format!("quantity: запись услуги `{}` говорит, сколько единиц", decoded.service),
            format!("quantity: a record of `{}` says how many pieces there are", decoded.service),
        ));
    }
    if decoded.sequence > 0 || !decoded.is_final {
        return Err(Undecodable::new(
            format!("часть {} длинного звонка: записи по частям пока не тарифицируются", decoded.sequence),
            format!("part {} of a long call: partial records are not priced yet", decoded.sequence),
        ));
    }
    Ok((decoded, source))
}

/// The bytes of a record without the mark of its encoding, with which the first line of a file may begin.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Whether `needle` occurs in `bytes`.
fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The first byte that is not a blank.
fn first_byte(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn source(code: &str, format: &str) -> SourceRow {
        SourceRow {
            code: code.into(),
            format: format.into(),
            zone: chrono_tz::Europe::Moscow,
            whole_seconds: rating::WholeSeconds::HalfUp,
            on_net_once: false,
            rules: numbering::NumberRules::default(),
        }
    }

    #[test]
    fn the_source_is_named_by_the_record_then_the_header_then_the_format() {
        let configured = [source("sbc-1", "canonical"), source("sbc-2", "canonical"), source("ast-1", "asterisk")];
        let fallback = source("", "canonical");
        let sources = Sources::new(&configured, &fallback);
        let canonical = |name: &str| {
            format!(
                r#"{{"cdr_id":"1"{name},"src":"1","dst":"2","service":"outgoing","direction":"out","setup_at":0,"disposition":"busy"}}"#
            )
        };
        let code = |bytes: &str, header| {
            decode(bytes.as_bytes(), header, &sources)
                .map(|(_, source)| source.code.clone())
                .map_err(|error| error.0.english().to_owned())
        };
        assert_eq!(code(&canonical(r#","source":"sbc-2""#), Some("sbc-1")).unwrap(), "sbc-2");
        assert_eq!(code(&canonical(""), Some("sbc-1")).unwrap(), "sbc-1");
        assert!(code(&canonical(""), None).unwrap_err().contains("not exactly one source"));
        assert!(code(&canonical(r#","source":"other""#), None).unwrap_err().contains("`other` is not configured"));
        let asterisk = "a,74951234567,79161234567,ctx,clid,SIP/a-1,SIP/b-1,Dial,x,2026-11-01 10:00:00,,2026-11-01 10:00:09,9,0,BUSY,3,1.2";
        assert_eq!(code(asterisk, None).unwrap(), "ast-1");
        let error = code(asterisk, Some("sbc-1")).unwrap_err();
        assert!(error.contains("`sbc-1` is of format canonical, the record of format asterisk"), "{error}");
        let marked = format!("\u{feff}{asterisk}");
        assert_eq!(code(&marked, None).unwrap(), "ast-1");
        let none = Sources::new(&[], &fallback);
        assert!(decode(asterisk.as_bytes(), Some("anything"), &none).is_ok());
    }

    proptest! {
        /// Whatever the bytes, every decoder answers.
        #[test]
        fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for format in FORMATS {
                let _ = (format.decode)(&bytes, chrono_tz::Europe::Moscow);
            }
        }

        #[test]
        fn no_damage_to_a_record_makes_a_decoder_panic(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
            for sample in [canonical::SAMPLE, freeswitch::SAMPLE, asterisk::SAMPLE] {
                let mut bytes = sample.as_bytes().to_vec();
                let at = at % bytes.len();
                bytes[at] = byte;
                bytes.truncate(bytes.len().min(cut.max(1)));
                for format in FORMATS {
                    let _ = (format.decode)(&bytes, chrono_tz::Europe::Moscow);
                }
            }
        }
    }
}
