//! Stage 1: bytes to a decoded record.
//!
//! In: the bytes of one message.  Out: [`DecodedCdr`], or UNDECODABLE.
//! Owns: the registry of formats and how one is recognised.
//! Does not own: what numbers and times mean (`normalise`).
//! Always: whatever the bytes, a decoder returns; it never panics and never guesses a field it was not given.
//!
//! To add a format: one file here, one line in [`FORMATS`].

mod asterisk;
mod asterisk_json;
mod canonical;
mod canonical_scan;
mod corrected;
mod csv_line;
mod cucm;
mod faults;
mod flat;
mod freeswitch;
mod freeswitch_call;
mod freeswitch_csv;
mod freeswitch_event;
mod kamailio;
mod mapped;
mod mapped_json;
mod object;
mod opensips;
mod shape;
mod sip_proxy;
mod sources;
mod time;

use std::borrow::Cow;

use rating::Service;
use rating::mapping::Shape;
use rating::rows::SourceRow;

pub use corrected::decode_corrected;
pub use sources::Sources;
pub use time::parse_rfc3339_ms;

use self::AccountFields::{AnyKey, OneOf};
use self::csv_line::Fields;
pub(crate) use self::csv_line::{RecordEnd, columns};
use self::shape::Look;
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

impl DecodedCdr<'_> {
    /// Whether it is one of several records of a leg.
    pub const fn is_part(&self) -> bool {
        self.sequence > 0 || !self.is_final
    }

    /// A record of a service of which nothing else is known.
    fn of(service: Service) -> Self {
        Self {
            cdr_id: Cow::Borrowed(""),
            source: None,
            leg: 0,
            sequence: 0,
            is_final: true,
            call_id: Cow::Borrowed(""),
            account: None,
            src: Cow::Borrowed(""),
            dst: Cow::Borrowed(""),
            service,
            direction: Direction::of(service),
            setup_ms: None,
            answer_ms: None,
            end_ms: None,
            billable_ms: None,
            quantity: None,
            disposition: Disposition::Failed,
            release_cause: Cow::Borrowed(""),
            trunk_in: None,
            trunk_out: None,
            forwarded_from: None,
            incoming_service: None,
            place: None,
        }
    }
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable(pub Said);

/// Which field of a record may name the account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountFields {
    /// One of these; the first unless the source says another.
    OneOf(&'static [&'static str]),
    /// Any key of the record; some usual ones unless the source says one.
    AnyKey,
}

/// A format of records.
pub struct Format {
    /// Its name in the configuration of sources.
    pub name: &'static str,
    /// Which field may name the account.
    pub account_fields: AccountFields,
    /// Whether a record looks like it.
    recognises: fn(&Look<'_>) -> bool,
    /// Decodes a record of a source.
    decode: for<'a> fn(&'a [u8], &SourceRow) -> Result<DecodedCdr<'a>, Undecodable>,
}

impl Format {
    const fn new(
        name: &'static str,
        account_fields: AccountFields,
        recognises: fn(&Look<'_>) -> bool,
        decode: for<'a> fn(&'a [u8], &SourceRow) -> Result<DecodedCdr<'a>, Undecodable>,
    ) -> Self {
        Self { name, account_fields, recognises, decode }
    }
}

/// Every format, the most telling first.
pub static FORMATS: &[Format] = &[
    Format::new("canonical", OneOf(&["account"]), canonical::recognises, canonical::decode),
    Format::new("freeswitch", OneOf(freeswitch::ACCOUNT_FIELDS), freeswitch::recognises, freeswitch::decode),
    Format::new("freeswitch_event", AnyKey, freeswitch_event::recognises, freeswitch_event::decode),
    Format::new(
        "freeswitch_csv",
        OneOf(freeswitch_csv::ACCOUNT_FIELDS),
        freeswitch_csv::recognises,
        freeswitch_csv::decode,
    ),
    Format::new("cucm", OneOf(cucm::ACCOUNT_FIELDS), cucm::recognises, cucm::decode),
    Format::new("asterisk", OneOf(asterisk::ACCOUNT_FIELDS), asterisk::recognises, asterisk::decode),
    Format::new("asterisk_json", AnyKey, asterisk_json::recognises, asterisk_json::decode),
    Format::new("opensips", AnyKey, opensips::recognises, opensips::decode),
    Format::new("kamailio", AnyKey, kamailio::recognises, kamailio::decode),
    Format::new(mapped::FORMAT, OneOf(&["account"]), mapped::recognises, mapped::decode),
];

/// The format of objects that nothing tells: it says what they lack.
const CANONICAL: usize = 0;
/// The format of records that only their source tells.
const MAPPED: usize = 9;

/// The format that the bytes look like.
fn recognise(look: &Look<'_>) -> Option<usize> {
    FORMATS.iter().position(|format| (format.recognises)(look))
}

/// Which of the fields that may name the account does at a source.
fn account_field(source: &SourceRow, fields: &[&str]) -> Result<usize, Undecodable> {
    let Some(chosen) = source.identify.field.as_deref() else { return Ok(0) };
    fields.iter().position(|field| *field == chosen).ok_or_else(|| {
        let (code, known) = (&source.code, fields.join(", "));
        Undecodable::new(
            format!("источник `{code}`: account_field `{chosen}` у этого формата не бывает; бывает: {known}"),
            format!("source `{code}`: this format has no account_field `{chosen}`; it has {known}"),
        )
    })
}

/// The fields of a record that is one CSV line.
fn line<'a, const N: usize>(bytes: &'a [u8], format: &str) -> Result<Fields<'a, N>, Undecodable> {
    separated(bytes, b',', format)
}

/// The fields of a record that is one line with a separator.
fn separated<'a, const N: usize>(bytes: &'a [u8], separator: u8, format: &str) -> Result<Fields<'a, N>, Undecodable> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Undecodable::new(format!("{format}: строка не в UTF-8"), format!("{format}: the line is not UTF-8"))
    })?;
    let fields = Fields::of(text, separator);
    if fields.is_followed() {
        return Err(Undecodable::new(
            format!("{format}: в сообщении больше одной строки; присылайте по одной записи в сообщении"),
            format!("{format}: more than one line; send one record a message"),
        ));
    }
    Ok(fields)
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
    let format = sources.format_of(bytes, header)?;
    // What its source says is needed before the record's own source is known; only formats without a source field need it.
    let decoded = (FORMATS[format].decode)(bytes, sources.presumed(header, format))?;
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
    if decoded.is_part() && decoded.cdr_id.is_empty() {
        return Err(Undecodable::fixed(
            "cdr_id: часть длинного звонка (sequence больше 0 или final = false) должна называть свой звонок",
            "cdr_id: a part of a long call (sequence above 0, or final = false) has to name its call",
        ));
    }
    Ok((decoded, source))
}

/// The bytes of a record without the mark of its encoding, with which the first line of a file may begin.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// What some programs write before UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = *b"\xef\xbb\xbf";

/// What stands between the columns of a source's records, where they are lines with columns.
pub(crate) fn separator_of(source: &SourceRow) -> u8 {
    match source.mapping.as_ref().map(|mapping| mapping.shape()) {
        Some(Shape::Csv { separator, .. }) => *separator,
        _ => b',',
    }
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
            identify: rating::identify::Identify::default(),
            mapping: None,
        }
    }

    /// A source whose switch has its clock in a zone.
    pub(super) fn in_zone(zone: chrono_tz::Tz) -> SourceRow {
        SourceRow { zone, ..source("s", "canonical") }
    }

    /// The format that a record looks like.
    pub(super) fn recognised(record: &str) -> Option<&'static str> {
        recognise(&Look::of(record.as_bytes())).map(|format| FORMATS[format].name)
    }

    /// A record of each format, in the order of the registry.
    const SAMPLES: &[&str] = &[
        canonical::SAMPLE,
        freeswitch::SAMPLE,
        freeswitch_event::SAMPLE,
        freeswitch_csv::SAMPLE,
        cucm::SAMPLE,
        asterisk::SAMPLE,
        asterisk_json::SAMPLE,
        opensips::SAMPLE,
        kamailio::SAMPLE,
    ];

    /// A format of the operator's own is told by the header, or is all that is left.
    #[test]
    fn a_mapped_source_is_named_or_the_only_one() {
        let (json, lines) = (mapped::tests::of_json(), SourceRow { code: "lines".into(), ..mapped::tests::of_lines() });
        let fallback = source("", "canonical");
        let both = [source("sbc-1", "canonical"), json.clone(), lines];
        let sources = Sources::new(&both, &fallback);
        let decoded = |record: &str, header, sources: &Sources<'_>| {
            decode(record.as_bytes(), header, sources)
                .map(|(cdr, source)| format!("{} of {}", cdr.cdr_id, source.code))
                .map_err(|error| error.0.english().to_owned())
        };
        assert_eq!(decoded(mapped::tests::JSON, Some("own"), &sources).unwrap(), "m-1 of own");
        assert_eq!(decoded(mapped::tests::LINE, Some("lines"), &sources).unwrap(), "m-2 of lines");
        assert!(decoded(mapped::tests::LINE, None, &sources).unwrap_err().contains("no record of a known format"));
        assert!(decoded(mapped::tests::JSON, None, &sources).unwrap_err().contains("missing field `cdr_id`"));
        let only = [source("sbc-1", "canonical"), json];
        let sources = Sources::new(&only, &fallback);
        assert_eq!(decoded(mapped::tests::JSON, None, &sources).unwrap(), "m-1 of own");
        assert_eq!(decoded(canonical::SAMPLE, None, &sources).unwrap(), "c-1 of sbc-1");
    }

    #[test]
    fn every_sample_is_recognised_as_its_own_format_and_no_other() {
        assert_eq!((FORMATS[CANONICAL].name, FORMATS[MAPPED].name), ("canonical", "mapped"));
        assert_eq!(SAMPLES.len(), MAPPED);
        for (sample, format) in SAMPLES.iter().zip(FORMATS) {
            let looks = FORMATS.iter().filter(|other| (other.recognises)(&Look::of(sample.as_bytes())));
            let names: Vec<&str> = looks.map(|other| other.name).collect();
            // A line of FreeSWITCH or of CUCM has as many fields as one of Asterisk, the loosest of all; it is asked last.
            assert_eq!(names.first(), Some(&format.name), "{sample}");
            assert!(names.iter().all(|name| [format.name, "asterisk"].contains(name)), "{names:?}");
            let decoded = (format.decode)(sample.as_bytes(), &in_zone(chrono_tz::Europe::Moscow));
            assert!(decoded.is_ok(), "{sample}: {decoded:?}");
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
                let _ = (format.decode)(&bytes, &in_zone(chrono_tz::Europe::Moscow));
            }
            for source in [mapped::tests::of_json(), mapped::tests::of_lines()] {
                let _ = mapped::decode(&bytes, &source);
            }
        }

        #[test]
        fn no_damage_to_a_mapped_record_makes_a_decoder_panic(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
            for (sample, source) in
                [(mapped::tests::JSON, mapped::tests::of_json()), (mapped::tests::LINE, mapped::tests::of_lines())]
            {
                let mut bytes = sample.as_bytes().to_vec();
                let at = at % bytes.len();
                bytes[at] = byte;
                bytes.truncate(bytes.len().min(cut.max(1)));
                let _ = mapped::decode(&bytes, &source);
            }
        }

        #[test]
        fn no_damage_to_a_record_makes_a_decoder_panic(at in 0usize..1500, byte in any::<u8>(), cut in 0usize..1500) {
            for sample in SAMPLES {
                let mut bytes = sample.as_bytes().to_vec();
                let at = at % bytes.len();
                bytes[at] = byte;
                bytes.truncate(bytes.len().min(cut.max(1)));
                let _ = recognise(&Look::of(&bytes));
                for format in FORMATS {
                    let _ = (format.decode)(&bytes, &in_zone(chrono_tz::Europe::Moscow));
                }
            }
        }
    }
}
