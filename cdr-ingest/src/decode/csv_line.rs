//! One CSV line, split into fields that are borrowed from it.
//!
//! Owns: separators, quotes, and what a switch that does not double the quotes inside a text may mean by them; where a record of a file ends by the same rule.
//! Does not own: which field is which.
//! Always: nothing is copied but fields in which quotes are doubled; whatever the text, it is split.

use std::borrow::Cow;

use super::{BYTE_ORDER_MARK, without_mark};

/// Where a field stands.
#[derive(Clone, Copy, Default)]
struct Span {
    start: usize,
    end: usize,
    /// Quotes inside are doubled.
    doubled: bool,
}

/// The first `N` fields of a line, and how many there are.
pub(super) struct Fields<'a, const N: usize> {
    text: &'a str,
    spans: [Span; N],
    count: usize,
    more: bool,
}

impl<'a, const N: usize> Fields<'a, N> {
    /// Splits a line. A field may stand in quotes, blanks before them left out; a quote ends the field only where a separator follows.
    pub(super) fn of(text: &'a str, separator: u8) -> Self {
        let text = text.trim_matches(['\r', '\n']);
        let bytes = text.as_bytes();
        let mut fields = Self { text, spans: [Span::default(); N], count: 0, more: false };
        let mut at = 0;
        loop {
            let (span, end) = field(bytes, at, separator);
            if let Some(place) = fields.spans.get_mut(fields.count) {
                *place = span;
            }
            fields.count += 1;
            match bytes.get(end) {
                Some(byte) if *byte == separator => at = end + 1,
                Some(_) => {
                    fields.more = !bytes[end..].iter().all(u8::is_ascii_whitespace);
                    return fields;
                }
                None => return fields,
            }
        }
    }

    /// How many fields the line has, also beyond `N`.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Whether another line follows.
    pub(super) const fn is_followed(&self) -> bool {
        self.more
    }

    /// A field as it stands in the line, without the quotes around it; empty where there is none.
    pub(super) fn raw(&self, index: usize) -> &'a str {
        match self.spans.get(index) {
            Some(span) if index < self.count => self.text.get(span.start..span.end).unwrap_or_default(),
            _ => "",
        }
    }

    /// A field; empty where there is none.
    pub(super) fn get(&self, index: usize) -> Cow<'a, str> {
        let raw = self.raw(index);
        let doubled = index < self.count && self.spans.get(index).is_some_and(|span| span.doubled);
        if doubled { Cow::Owned(raw.replace("\"\"", "\"")) } else { Cow::Borrowed(raw) }
    }

    /// A field that is not empty.
    pub(super) fn some(&self, index: usize) -> Option<Cow<'a, str>> {
        Some(self.get(index)).filter(|text| !text.is_empty())
    }
}

/// The field that begins at `at`, and where the separator, the end of the line or of the text stands.
fn field(bytes: &[u8], at: usize, separator: u8) -> (Span, usize) {
    let blanks = bytes[at..].iter().take_while(|byte| **byte == b' ' && separator != b' ').count();
    if bytes.get(at + blanks) == Some(&b'"') {
        return quoted(bytes, at + blanks + 1, separator);
    }
    let ends = |byte: &u8| *byte == separator || matches!(byte, b'\r' | b'\n');
    let end = bytes[at..].iter().position(ends).map_or(bytes.len(), |length| at + length);
    (Span { start: at, end, doubled: false }, end)
}

fn quoted(bytes: &[u8], start: usize, separator: u8) -> (Span, usize) {
    let (mut at, mut doubled) = (start, false);
    while let Some(length) = bytes[at..].iter().position(|byte| *byte == b'"') {
        let quote = at + length;
        if bytes.get(quote + 1) == Some(&b'"') {
            doubled = true;
            at = quote + 2;
            continue;
        }
        let rest = &bytes[quote + 1..];
        let blanks = rest.iter().take_while(|byte| **byte == b' ' && separator != b' ').count();
        let closes = rest.get(blanks).is_none_or(|byte| *byte == separator || matches!(byte, b'\r' | b'\n'));
        if closes {
            return (Span { start, end: quote, doubled }, quote + 1 + blanks);
        }
        at = quote + 1;
    }
    (Span { start, end: bytes.len(), doubled }, bytes.len())
}

/// The columns of a line, as records of the source are split.
pub(crate) fn columns(line: &[u8], separator: u8) -> Vec<String> {
    let text = String::from_utf8_lossy(without_mark(line));
    let fields = Fields::<HEADER_COLUMNS_MAX>::of(&text, separator);
    (0..fields.count().min(HEADER_COLUMNS_MAX)).map(|index| fields.get(index).trim().to_owned()).collect()
}

/// Columns of a header that are looked at.
const HEADER_COLUMNS_MAX: usize = 512;

/// Finds the end of a record byte by byte, by the rule of [`Fields`]: a line end inside of quotes ends none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordEnd {
    separator: u8,
    place: Place,
    /// Bytes of a byte order mark that stood where the record begins.
    mark: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Where a field begins, blanks passed over.
    Start,
    /// In a field without quotes, or behind the quote that closed one.
    Plain,
    /// In quotes.
    Quoted,
    /// Behind a quote inside of quotes: it closes if a separator follows.
    Quote,
    /// The same, blanks passed over.
    QuoteBlanks,
}

impl RecordEnd {
    /// At the beginning of a record.
    pub(crate) const fn new(separator: u8) -> Self {
        Self { separator, place: Place::Start, mark: 0 }
    }

    /// Takes the next byte; whether it is the line end behind the record.
    pub(crate) fn is_at(&mut self, byte: u8) -> bool {
        if self.place == Place::Start && BYTE_ORDER_MARK.get(self.mark) == Some(&byte) {
            self.mark += 1;
            return false;
        }
        self.mark = BYTE_ORDER_MARK.len();
        let is_blank = byte == b' ' && self.separator != b' ';
        self.place = match self.place {
            Place::Quoted => {
                if byte == b'"' {
                    Place::Quote
                } else {
                    Place::Quoted
                }
            }
            _ if byte == self.separator => Place::Start,
            _ if byte == b'\n' => return true,
            Place::Start if is_blank => Place::Start,
            Place::Start | Place::Quote if byte == b'"' => Place::Quoted,
            Place::Start | Place::Plain => Place::Plain,
            Place::QuoteBlanks if byte == b'"' => Place::Quote,
            Place::Quote | Place::QuoteBlanks if is_blank => Place::QuoteBlanks,
            Place::Quote | Place::QuoteBlanks if byte == b'\r' => Place::Plain,
            Place::Quote | Place::QuoteBlanks => Place::Quoted,
        };
        false
    }

    /// Whether quotes are open: what has been taken is no whole record.
    pub(crate) fn is_open(&self) -> bool {
        self.place == Place::Quoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<String> {
        let fields = Fields::<40>::of(text, b',');
        (0..fields.count()).map(|index| fields.get(index).into_owned()).collect()
    }

    /// line | fields
    #[test]
    fn lines() {
        for (line, expected) in [
            ("", &[""][..]),
            ("a,,b,", &["a", "", "b", ""]),
            (r#""a,b","c""d","""#, &["a,b", "c\"d", ""]),
            (r#""Bob "B" Brown",1"#, &["Bob \"B\" Brown", "1"]),
            (r#""a", "b" ,c"#, &["a", "b", "c"]),
            ("\"a\r\n", &["a"]),
            (r#""open,b"#, &["open,b"]),
            ("a,b\r\n", &["a", "b"]),
        ] {
            assert_eq!(split(line), expected, "{line}");
        }
        assert!(Fields::<2>::of("a\nb", b',').is_followed() && !Fields::<2>::of("a\r\n", b',').is_followed());
        let short = Fields::<2>::of("a;b;c", b';');
        assert_eq!((short.count(), short.raw(1), short.raw(2), short.raw(9)), (3, "b", "", ""));
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_writes_is_read_back(fields in prop::collection::vec("[ -~яé\n]{0,12}", 1..30)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(&fields).unwrap();
            let line = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(split(&line), fields);
        }

        /// The one that reads a file and the one that reads a line agree on where the line ends.
        #[test]
        fn a_record_ends_where_its_line_does(text in "[,\" \n;a]{0,40}", separator in prop::sample::select(b",; a".as_slice())) {
            let bytes = text.as_bytes();
            let mut walk = RecordEnd::new(separator);
            let walked = bytes.iter().position(|byte| walk.is_at(*byte));
            let mut at = 0;
            let line_end = loop {
                let (_, end) = field(bytes, at, separator);
                match bytes.get(end) {
                    Some(byte) if *byte == separator => at = end + 1,
                    Some(_) => break Some(end),
                    None => break None,
                }
            };
            prop_assert_eq!(walked, line_end);
        }

        #[test]
        fn any_text_is_split(text in "[,\" \r\n;a]{0,40}") {
            let fields = Fields::<3>::of(&text, b',');
            for index in 0..fields.count() + 2 {
                let _ = fields.get(index);
            }
        }
    }
}
