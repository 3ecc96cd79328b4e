//! Records of a format of the operator's own, by the mapping of their source.
//!
//! Owns: JSON walked along the tree of a mapping, lines by its columns, times and durations as it says they are written.
//! Does not own: whether a mapping is well formed (`rating::mapping`).
//! Always: a field that cannot be read is an error that names it; texts are borrowed where the mapping leaves them as they are.

use std::borrow::Cow;

use chrono::format::{Item, Parsed};
use chrono::{DateTime, NaiveDateTime, TimeZone};
use rating::Service;
use rating::mapping::{COLUMNS_MAX, Field, Mapping, Meaning, Rule, Shape, Written};
use rating::rows::SourceRow;

use super::csv_line::Fields;
use super::faults::{NUMBER, TIME};
use super::mapped_json::{self, Values};
use super::shape::Look;
use super::time::{decimal, parse_rfc3339_ms, seconds_to_ms};
use super::{DecodedCdr, Direction, Disposition, Undecodable, separated};

pub(super) const FORMAT: &str = "mapped";

/// Never by its bytes: its source is named, or is the only one.
pub(super) const fn recognises(_: &Look<'_>) -> bool {
    false
}

pub(super) fn decode<'a>(bytes: &'a [u8], source: &SourceRow) -> Result<DecodedCdr<'a>, Undecodable> {
    let Some(mapping) = source.mapping.as_deref() else {
        let code = &source.code;
        return Err(Undecodable::new(
            format!("у источника `{code}` нет сопоставления полей; задайте его (mappings.csv)"),
            format!("the source `{code}` has no mapping; give it one (mappings.csv)"),
        ));
    };
    let values = match mapping.shape() {
        Shape::Json(tree) => mapped_json::read(bytes, tree)?,
        Shape::Csv { separator, columns } => line(bytes, mapping, *separator, *columns)?,
    };
    Reading { mapping, values, zone: source.zone }.record()
}

/// The columns of a line.
fn line<'a>(bytes: &'a [u8], mapping: &Mapping, separator: u8, columns: usize) -> Result<Values<'a>, Undecodable> {
    let fields: Fields<'a, COLUMNS_MAX> = separated(bytes, separator, FORMAT)?;
    let count = fields.count();
    if count < columns {
        return Err(Undecodable::new(
            format!("{FORMAT}: колонок {count}, а сопоставление называет {columns}-ю"),
            format!("{FORMAT}: {count} columns, and the mapping names number {columns}"),
        ));
    }
    let is_header = mapping.text().header.as_ref().is_some_and(|header| {
        header.len() == count && header.iter().enumerate().all(|(index, name)| fields.raw(index) == name)
    });
    if is_header {
        return Err(Undecodable::fixed(
            "mapped: это строка заголовка, а не запись; присылать её не нужно",
            "mapped: this is the header line, not a record; leave it out",
        ));
    }
    let mut values = Values::default();
    for field in Field::ALL {
        let column = mapping.rule(*field).and_then(|rule| rule.column);
        values.set(*field, column.and_then(|column| fields.some(column)));
    }
    Ok(values)
}

/// A record that is being read.
struct Reading<'a, 'm> {
    mapping: &'m Mapping,
    values: Values<'a>,
    zone: chrono_tz::Tz,
}

impl<'a> Reading<'a, '_> {
    fn record(&mut self) -> Result<DecodedCdr<'a>, Undecodable> {
        let service: Service = self
            .word(Field::Service, |word| word.parse().ok(), ("услуга", "a service"))?
            .ok_or_else(|| Undecodable::empty(FORMAT, Field::Service.as_str()))?;
        let direction = self.word(Field::Direction, direction, ("out и не in", "out or in"))?;
        let (setup_ms, end_ms) = (self.moment(Field::SetupAt)?, self.moment(Field::EndAt)?);
        let billable_ms = self.duration()?;
        let said = self.word(
            Field::Disposition,
            disposition,
            (
                "слово из answered, no_answer, busy, failed, cancelled",
                "one of answered, no_answer, busy, failed, cancelled",
            ),
        )?;
        let answer = self.moment(Field::AnswerAt)?;
        let disposition = said.unwrap_or_else(|| self.ended(answer, billable_ms));
        let answered = disposition == Disposition::Answered;
        Ok(DecodedCdr {
            cdr_id: self.text(Field::CdrId).unwrap_or_default(),
            leg: self.number(Field::Leg)?.unwrap_or(0),
            sequence: self.number(Field::Sequence)?.unwrap_or(0),
            is_final: self
                .word(Field::Final, |word| word.parse().ok(), ("true и не false", "true or false"))?
                .unwrap_or(true),
            call_id: self.text(Field::CallId).unwrap_or_default(),
            account: self.text(Field::Account),
            src: self.text(Field::Src).unwrap_or_default(),
            dst: self.text(Field::Dst).unwrap_or_default(),
            direction: direction.unwrap_or_else(|| Direction::of(service)),
            setup_ms,
            answer_ms: answer.or_else(|| self.answered_at(setup_ms, end_ms, billable_ms).filter(|_| answered)),
            end_ms,
            billable_ms: billable_ms.filter(|_| answered),
            quantity: self.number(Field::Quantity)?,
            disposition,
            release_cause: self.text(Field::ReleaseCause).unwrap_or_default(),
            trunk_in: self.text(Field::TrunkIn),
            trunk_out: self.text(Field::TrunkOut),
            forwarded_from: self.text(Field::ForwardedFrom),
            incoming_service: self.text(Field::IncomingService),
            place: self.text(Field::Place),
            ..DecodedCdr::of(service)
        })
    }

    /// How a call ended of which the mapping does not say it: answered if it has an answer, or, where no field says the answer, a duration.
    fn ended(&self, answer: Option<i64>, billable_ms: Option<i64>) -> Disposition {
        let by_duration = self.mapping.rule(Field::AnswerAt).is_none() && billable_ms.is_some_and(|ms| ms > 0);
        let is_event = self.mapping.rule(Field::Quantity).is_some();
        if answer.is_some() || by_duration || is_event { Disposition::Answered } else { Disposition::NoAnswer }
    }

    /// The answer of a call of which no field says it: the duration before its end, else its beginning.
    fn answered_at(&self, setup_ms: Option<i64>, end_ms: Option<i64>, billable_ms: Option<i64>) -> Option<i64> {
        if self.mapping.rule(Field::AnswerAt).is_some() {
            return None;
        }
        match (end_ms, billable_ms) {
            (Some(end), Some(billable)) => end.checked_sub(billable),
            _ => setup_ms,
        }
    }

    /// What a field is: of the record, or what the mapping puts instead.
    fn text(&mut self, field: Field) -> Option<Cow<'a, str>> {
        let rule = self.mapping.rule(field)?;
        let own = self.values.take(field);
        match rule.meaning(own.as_deref().unwrap_or_default()) {
            Meaning::Nothing => None,
            Meaning::Itself => own,
            Meaning::Another(text) => Some(Cow::Owned(text.to_owned())),
        }
    }

    /// A field read by `read`.
    fn read<T>(
        &self,
        field: Field,
        read: impl FnOnce(&Rule, &str) -> Option<T>,
        wanted: (&str, &str),
    ) -> Result<Option<T>, Undecodable> {
        let Some(rule) = self.mapping.rule(field) else { return Ok(None) };
        let own = self.values.get(field);
        let text = match rule.meaning(own) {
            Meaning::Nothing => return Ok(None),
            Meaning::Itself => own,
            Meaning::Another(text) => text,
        };
        read(rule, text).map(Some).ok_or_else(|| Undecodable::field(FORMAT, field.as_str(), text, wanted))
    }

    fn word<T>(
        &self,
        field: Field,
        word: impl FnOnce(&str) -> Option<T>,
        wanted: (&str, &str),
    ) -> Result<Option<T>, Undecodable> {
        self.read(field, |_, text| word(text), wanted)
    }

    fn number<T: std::str::FromStr>(&self, field: Field) -> Result<Option<T>, Undecodable> {
        self.read(field, |_, text| text.trim().parse().ok(), NUMBER)
    }

    /// A time; the zero of an epoch is none.
    fn moment(&self, field: Field) -> Result<Option<i64>, Undecodable> {
        let zone = self.zone;
        let at = self.read(field, |rule, text| moment_ms(&rule.written, text.trim(), zone), TIME)?;
        Ok(at.filter(|at| *at != 0))
    }

    fn duration(&self) -> Result<Option<i64>, Undecodable> {
        let wanted = ("длительность", "a duration");
        self.read(Field::Billable, |rule, text| duration_ms(&rule.written, text.trim()), wanted)
    }
}

fn direction(word: &str) -> Option<Direction> {
    match word {
        "out" => Some(Direction::Out),
        "in" => Some(Direction::In),
        _ => None,
    }
}

fn disposition(word: &str) -> Option<Disposition> {
    Some(match word {
        "answered" => Disposition::Answered,
        "no_answer" => Disposition::NoAnswer,
        "busy" => Disposition::Busy,
        "failed" => Disposition::Failed,
        "cancelled" => Disposition::Cancelled,
        _ => return None,
    })
}

/// Milliseconds of the epoch.
fn moment_ms(written: &Written, text: &str, zone: chrono_tz::Tz) -> Option<i64> {
    match written {
        Written::EpochSeconds => seconds_to_ms(text),
        Written::EpochMs => decimal(text, 0),
        Written::EpochUs => decimal(text, 0).map(|us| us.div_euclid(1000)),
        Written::Pattern(items) => pattern_ms(items, text, zone),
        Written::Rfc3339 | Written::Plain | Written::Seconds | Written::Ms | Written::Clock => parse_rfc3339_ms(text),
    }
}

/// A stamp by a pattern. An hour that the clock repeats means its first passage; one that it skips is no time.
fn pattern_ms(items: &[Item<'static>], text: &str, zone: chrono_tz::Tz) -> Option<i64> {
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text, items.iter()).ok()?;
    if parsed.offset().is_some() || parsed.timestamp().is_some() {
        let offset = parsed.offset().unwrap_or(0);
        let local: NaiveDateTime = parsed.to_naive_datetime_with_offset(offset).ok()?;
        return local.and_utc().timestamp_millis().checked_sub(i64::from(offset) * 1000);
    }
    let local = parsed.to_naive_datetime_with_offset(0).ok()?;
    zone.from_local_datetime(&local).earliest().map(|at: DateTime<chrono_tz::Tz>| at.timestamp_millis())
}

/// Milliseconds.
fn duration_ms(written: &Written, text: &str) -> Option<i64> {
    match written {
        Written::Ms => decimal(text, 0),
        Written::Clock => clock_ms(text),
        _ => seconds_to_ms(text),
    }
}

/// `1:02:03`, `62:03` or `3723`, the seconds with decimals or without.
fn clock_ms(text: &str) -> Option<i64> {
    let mut total_ms = 0i64;
    let parts = text.split(':').count();
    for (index, part) in text.split(':').enumerate() {
        let ms = if index + 1 == parts {
            seconds_to_ms(part)
        } else {
            part.parse::<u32>().ok().map(|part| i64::from(part) * 1000)
        }?;
        if index > 2 || ms < 0 || index > 0 && ms >= 60_000 {
            return None;
        }
        total_ms = total_ms.checked_mul(60)?.checked_add(ms)?;
    }
    Some(total_ms)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::in_zone;
    use super::*;
    use rating::mapping::{FieldText, MappingText};
    use std::sync::Arc;

    /// A source with a mapping: field | from | as | values | value.
    fn source(shape: &str, header: Option<&str>, fields: &[(&str, &str, &str, &str, &str)]) -> SourceRow {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut text = MappingText { shape: shape.into(), separator: None, ..MappingText::default() };
        text.header = header.map(|names| names.split(';').map(str::to_owned).collect());
        text.separator = (shape == "csv").then(|| ";".into());
        for (name, from, written, values, value) in fields {
            let pairs = values.split(';').filter_map(|pair| pair.split_once('>'));
            let values = pairs.map(|(text, value)| (text.to_owned(), value.to_owned())).collect();
            let said =
                FieldText { from: some(from), written: some(written), values, otherwise: None, value: some(value) };
            text.fields.insert((*name).into(), said);
        }
        let mapping = Mapping::read(text).unwrap();
        SourceRow {
            code: "own".into(),
            format: FORMAT.into(),
            mapping: Some(Arc::new(mapping)),
            ..in_zone(chrono_tz::Europe::Moscow)
        }
    }

    /// A source of JSON records.
    pub(in super::super) fn of_json() -> SourceRow {
        source(
            "json",
            None,
            &[
                ("cdr_id", "/id", "", "", ""),
                ("src", "/from/number", "", "", ""),
                ("dst", "/to/0/number", "", "", ""),
                ("account", "/customer", "", "->", ""),
                ("service", "/kind", "", "MOC>outgoing;MTC>incoming", ""),
                ("setup_at", "/at", "%d.%m.%Y %H:%M:%S", "", ""),
                ("answer_at", "/answered", "epoch_ms", "", ""),
                ("end_at", "/ended", "rfc3339", "", ""),
                ("billable", "/talk", "h:m:s", "", ""),
                ("disposition", "/result", "", "OK>answered;NOANS>no_answer;BUSY>busy;CANCEL>cancelled", "failed"),
                ("trunk_out", "/route", "", "", "default"),
            ],
        )
    }

    /// A record of it.
    pub(in super::super) const JSON: &str = r#"{"id":"m-1","kind":"MOC","from":{"number":"84951234567","x":[]},"to":[{"number":"89161234567"},{"number":"1"}],"customer":"-","at":"01.11.2026 13:00:00","answered":1793527205000,"ended":"2026-11-01T10:01:05.250Z","talk":"0:01:00.250","result":"OK","route":null}"#;

    /// A source of lines.
    pub(in super::super) fn of_lines() -> SourceRow {
        source(
            "csv",
            Some("id;start;caller;called;sec;end"),
            &[
                ("cdr_id", "1", "", "", ""),
                ("src", "caller", "", "", ""),
                ("dst", "4", "", "", ""),
                ("service", "", "", "", "outgoing"),
                ("setup_at", "start", "epoch_us", "", ""),
                ("billable", "sec", "s", "", ""),
                ("end_at", "end", "epoch_s", "->", ""),
            ],
        )
    }

    /// A record of it.
    pub(in super::super) const LINE: &str = "m-2;1793527200000000;84951234567;\"89161234567\";60;1793527265";

    fn read<'a>(text: &'a str, source: &SourceRow) -> Result<DecodedCdr<'a>, String> {
        decode(text.as_bytes(), source).map_err(|error| error.0.english().to_owned())
    }

    #[test]
    fn a_document_is_read_along_its_pointers() {
        let cdr = read(JSON, &of_json()).unwrap();
        assert_eq!((&*cdr.cdr_id, &*cdr.src, &*cdr.dst, cdr.account), ("m-1", "84951234567", "89161234567", None));
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.end_ms, cdr.billable_ms),
            (Some(1_793_527_200_000), Some(1_793_527_205_000), Some(1_793_527_265_250), Some(60_250))
        );
        assert_eq!(
            (cdr.service, cdr.direction, cdr.trunk_out.as_deref()),
            (Service::Outgoing, Direction::Out, Some("default"))
        );
        assert!(matches!(cdr.src, Cow::Borrowed(_)));
    }

    /// word | disposition
    #[test]
    fn attempts() {
        for (word, expected) in [
            ("NOANS", Disposition::NoAnswer),
            ("BUSY", Disposition::Busy),
            ("CANCEL", Disposition::Cancelled),
            ("", Disposition::Failed),
        ] {
            let text = JSON.replace("\"OK\"", &format!("\"{word}\"")).replace("1793527205000", "0");
            let cdr = read(&text, &of_json()).unwrap();
            assert_eq!((cdr.disposition, cdr.answer_ms, cdr.billable_ms), (expected, None, None), "{word}");
        }
    }

    /// Without a field for the answer the duration says whether there was one, and when.
    #[test]
    fn a_line_is_read_by_its_columns() {
        let cdr = read(LINE, &of_lines()).unwrap();
        assert_eq!((&*cdr.cdr_id, &*cdr.src, &*cdr.dst), ("m-2", "84951234567", "89161234567"));
        assert_eq!(
            (cdr.setup_ms, cdr.answer_ms, cdr.end_ms, cdr.billable_ms),
            (Some(1_793_527_200_000), Some(1_793_527_205_000), Some(1_793_527_265_000), Some(60_000))
        );
        assert!(matches!(cdr.dst, Cow::Borrowed(_)));
        let cdr = read("m-3;1793527200000000;84951234567;89161234567;60;-", &of_lines()).unwrap();
        assert_eq!(
            (cdr.answer_ms, cdr.end_ms, cdr.disposition),
            (Some(1_793_527_200_000), None, Disposition::Answered)
        );
        let cdr = read("m-4;1793527200000000;84951234567;89161234567;0;1793527209", &of_lines()).unwrap();
        assert_eq!((cdr.answer_ms, cdr.disposition), (None, Disposition::NoAnswer));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (from, to, says) in [
            ("\"MOC\"", "\"SMS\"", "service `SMS` is not a service"),
            ("\"MOC\"", "null", "service is empty"),
            ("01.11.2026", "2026-11-01", "setup_at `2026-11-01 13:00:00` is not a time"),
            ("1793527205000", "\"noon\"", "answer_at `noon` is not a time"),
            ("0:01:00.250", "1:60:00", "billable `1:60:00` is not a duration"),
            ("\"OK\"", "\"LOST\"", "disposition `LOST` is not one of answered"),
            ("\"84951234567\"", "{}", "src: map, expected a text"),
            ("\"84951234567\"", "\"1\",\"number\":\"2\"", "duplicate field `src`"),
        ] {
            let error = read(&JSON.replacen(from, to, 1), &of_json()).unwrap_err();
            assert!(error.contains(says), "{to}: {error}");
        }
        for (text, says) in [
            ("id;start;caller;called;sec;end", "this is the header line, not a record"),
            ("m-2;1;2", "3 columns, and the mapping names number 6"),
            ("a\nb", "more than one line"),
        ] {
            let error = read(text, &of_lines()).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        let error = read(JSON, &in_zone(chrono_tz::UTC)).unwrap_err();
        assert!(error.contains("has no mapping; give it one"), "{error}");
    }

    #[test]
    fn durations_and_patterns() {
        for (text, expected) in [
            ("0:01:00.250", Some(60_250)),
            ("62:03", Some(3_723_000)),
            ("3723", Some(3_723_000)),
            ("100:00:01", Some(360_001_000)),
            ("1:2:3:4", None),
            ("1:-2", None),
            ("", None),
        ] {
            assert_eq!(clock_ms(text), expected, "{text}");
        }
        let zone = chrono_tz::Europe::Moscow;
        for (pattern, text) in [
            ("%d.%m.%Y %H:%M:%S", "01.11.2026 13:00:05"),
            ("%Y%m%d%H%M%S", "20261101130005"),
            ("%Y-%m-%dT%H:%M:%S%z", "2026-11-01T12:00:05+0200"),
            ("%s", "1793527205"),
        ] {
            let items = chrono::format::StrftimeItems::new(pattern).parse_to_owned().unwrap();
            assert_eq!(pattern_ms(&items, text, zone), Some(1_793_527_205_000), "{pattern}");
        }
    }
}
