//! Canonical JSON as nearly every record writes it, in one pass without a general parser.
//!
//! In: the bytes of a message.  Out: the record, or `None` for anything out of the ordinary: escapes, nested values, a key twice, a field that is not as it
//! should be. The general parser then decodes it, or says what is wrong.
//! Always: what is decoded here is what the general parser decodes; a test holds the two against each other.

use std::borrow::Cow;

use rating::Service;

use super::{DecodedCdr, Direction, Disposition, parse_rfc3339_ms};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Marks the bytes of a word that are 0, at their high bits; bytes above the first one found may be marked wrongly.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// Out of the ordinary: the general parser knows what to say.
struct Odd;

/// The text of a record under a cursor.
struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Odd> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(Odd)
        }
    }

    /// A string without escapes, the quotes left out.
    fn string(&mut self) -> Result<&'a str, Odd> {
        self.expect(b'"')?;
        let start = self.at;
        let end = self.end_of_string().ok_or(Odd)?;
        self.at = end + 1;
        // Quotes are no part of a longer character.
        Ok(&self.text[start..end])
    }

    /// Where the quote is that ends the string; `None` when an escape or a control character comes first.
    fn end_of_string(&self) -> Option<usize> {
        let mut at = self.at;
        while let Some(chunk) = self.bytes.get(at..at + 8) {
            let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
            // Below 0x20: the three high bits are 0.
            let stops = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c)) | zeros(word & (ONES * 0xe0));
            if stops != 0 {
                at += stops.trailing_zeros() as usize / 8;
                return (self.bytes[at] == b'"').then_some(at);
            }
            at += 8;
        }
        let rest = self.bytes.get(at..)?;
        let stop = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
        (rest[stop] == b'"').then_some(at + stop)
    }

    fn word<T>(&mut self, word: &[u8], value: T) -> Result<T, Odd> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(Odd)
        }
    }

    /// What `read` reads, or null.
    fn or_null<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Odd>) -> Result<Option<T>, Odd> {
        if self.peek() == Some(b'n') { self.word(b"null", None) } else { read(self).map(Some) }
    }

    fn text(&mut self) -> Result<Option<&'a str>, Odd> {
        self.or_null(Self::string)
    }

    /// A whole number of at most 18 digits.
    fn integer(&mut self) -> Result<i64, Odd> {
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let start = self.at;
        let mut value = 0i64;
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        // The general parser takes -0 for a fraction.
        let is_plain = match &self.bytes[start..self.at] {
            [b'0'] => !negative,
            digits @ [first, ..] => *first != b'0' && digits.len() <= 18,
            [] => false,
        };
        let goes_on = matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E'));
        if is_plain && !goes_on { Ok(if negative { -value } else { value }) } else { Err(Odd) }
    }

    fn boolean(&mut self) -> Result<bool, Odd> {
        if self.peek() == Some(b't') { self.word(b"true", true) } else { self.word(b"false", false) }
    }

    fn stamp(&mut self) -> Result<i64, Odd> {
        if self.peek() == Some(b'"') { parse_rfc3339_ms(self.string()?).ok_or(Odd) } else { self.integer() }
    }

    /// A value that nobody asks for; only plain ones.
    fn skip(&mut self) -> Result<(), Odd> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b't' | b'f' | b'n') => self.or_null(Self::boolean).map(|_| ()),
            _ => self.integer().map(|_| ()),
        }
    }

    /// Whether a key stands here as records mostly write it, quotes and colon included; then the cursor goes behind it.
    #[inline]
    fn key(&mut self, key: Pattern) -> bool {
        let chunk = self.bytes.get(self.at..self.at + 16);
        let word = chunk.map(|chunk| u128::from_le_bytes(chunk.try_into().expect("sixteen bytes")));
        let is_here = word.is_some_and(|word| word & key.mask == key.word);
        self.at += if is_here { key.len } else { 0 };
        is_here
    }

    /// The members of an object; `take` reads the value of each key.
    fn object(&mut self, mut take: impl FnMut(&mut Self, &'a str) -> Result<(), Odd>) -> Result<(), Odd> {
        self.expect(b'{')?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            take(self, key)?;
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                return self.expect(b'}');
            }
        }
    }
}

/// Keys that were there: one that comes twice is an error that the general parser words.
#[derive(Default)]
struct Keys(u32);

impl Keys {
    fn once(&mut self, key: u32) -> Result<(), Odd> {
        let is_new = self.0 & (1 << key) == 0;
        self.0 |= 1 << key;
        if is_new { Ok(()) } else { Err(Odd) }
    }
}

/// Fields as they come.
#[derive(Default)]
struct Fields<'a> {
    keys: Keys,
    cdr_id: Option<&'a str>,
    source: Option<&'a str>,
    leg: u8,
    sequence: u32,
    is_final: Option<bool>,
    call_id: Option<&'a str>,
    account: Option<&'a str>,
    src: Option<&'a str>,
    dst: Option<&'a str>,
    service: Option<Service>,
    direction: Option<Direction>,
    setup_ms: Option<i64>,
    answer_ms: Option<i64>,
    end_ms: Option<i64>,
    billable_ms: Option<i64>,
    quantity: Option<u64>,
    disposition: Option<Disposition>,
    release_cause: Option<&'a str>,
    trunk_in: Option<&'a str>,
    trunk_out: Option<&'a str>,
    forwarded_from: Option<&'a str>,
    incoming_service: Option<&'a str>,
    place: Option<&'a str>,
}

fn disposition(word: &str) -> Result<Disposition, Odd> {
    Ok(match word {
        "answered" => Disposition::Answered,
        "no_answer" => Disposition::NoAnswer,
        "busy" => Disposition::Busy,
        "failed" => Disposition::Failed,
        "cancelled" => Disposition::Cancelled,
        _ => return Err(Odd),
    })
}

fn direction(word: &str) -> Result<Direction, Odd> {
    match word {
        "out" => Ok(Direction::Out),
        "in" => Ok(Direction::In),
        _ => Err(Odd),
    }
}

/// The keys that mean something, in the order in which records mostly have them.
const KEYS: [&str; 21] = [
    "cdr_id",
    "source",
    "leg",
    "sequence",
    "final",
    "call_id",
    "account",
    "src",
    "dst",
    "service",
    "direction",
    "setup_at",
    "answer_at",
    "end_at",
    "billable_ms",
    "quantity",
    "disposition",
    "release_cause",
    "trunk_in",
    "trunk_out",
    "ext",
];

/// A key with its quotes and its colon: at most sixteen bytes, compared as one word.
#[derive(Clone, Copy)]
struct Pattern {
    word: u128,
    mask: u128,
    len: usize,
}

impl Pattern {
    const NONE: Self = Self { word: 1, mask: 0, len: 0 };

    const fn of(key: &str) -> Self {
        let key = key.as_bytes();
        let len = key.len() + 3;
        assert!(len <= 16, "a key is compared as one word");
        let mut bytes = [0u8; 16];
        bytes[0] = b'"';
        let mut at = 0;
        while at < key.len() {
            bytes[at + 1] = key[at];
            at += 1;
        }
        bytes[at + 1] = b'"';
        bytes[at + 2] = b':';
        Self { word: u128::from_le_bytes(bytes), mask: u128::MAX >> (128 - 8 * len), len }
    }
}

/// [`KEYS`] as patterns; behind the last one stands a pattern that nothing has.
const PATTERNS: [Pattern; KEYS.len() + 1] = {
    let mut patterns = [Pattern::NONE; KEYS.len() + 1];
    let mut at = 0;
    while at < KEYS.len() {
        patterns[at] = Pattern::of(KEYS[at]);
        at += 1;
    }
    patterns
};

impl<'a> Fields<'a> {
    /// Reads a record.
    fn read(&mut self, scan: &mut Scan<'a>) -> Result<(), Odd> {
        scan.expect(b'{')?;
        if scan.peek() == Some(b'}') {
            scan.at += 1;
            return Ok(());
        }
        loop {
            scan.peek();
            self.member(scan)?;
            if scan.peek() == Some(b',') {
                scan.at += 1;
            } else {
                return scan.expect(b'}');
            }
        }
    }

    /// Reads a key and its value. Keys mostly come in order, so the one after the last is tried first.
    fn member(&mut self, scan: &mut Scan<'a>) -> Result<(), Odd> {
        let after_last = 32 - self.keys.0.leading_zeros() as usize;
        let number = if scan.key(PATTERNS[after_last]) {
            after_last
        } else {
            let key = scan.string()?;
            scan.expect(b':')?;
            match KEYS.iter().position(|known| *known == key) {
                Some(number) => number,
                None => return scan.skip(),
            }
        };
        self.keys.once(number as u32)?;
        match number {
            0 => self.cdr_id = Some(scan.string()?).filter(|text| !text.is_empty()),
            1 => self.source = scan.text()?,
            2 => self.leg = u8::try_from(scan.integer()?).map_err(|_| Odd)?,
            3 => self.sequence = u32::try_from(scan.integer()?).map_err(|_| Odd)?,
            4 => self.is_final = scan.or_null(Scan::boolean)?,
            5 => self.call_id = scan.text()?,
            6 => self.account = scan.text()?,
            7 => self.src = scan.text()?,
            8 => self.dst = Some(scan.string()?),
            9 => self.service = Some(scan.string()?.parse().map_err(|()| Odd)?),
            10 => self.direction = scan.or_null(|scan| direction(scan.string()?))?,
            11 => self.setup_ms = scan.or_null(Scan::stamp)?,
            12 => self.answer_ms = scan.or_null(Scan::stamp)?,
            13 => self.end_ms = scan.or_null(Scan::stamp)?,
            14 => self.billable_ms = scan.or_null(Scan::integer)?,
            15 => self.quantity = scan.or_null(|scan| u64::try_from(scan.integer()?).map_err(|_| Odd))?,
            16 => self.disposition = Some(disposition(scan.string()?)?),
            17 => self.release_cause = scan.text()?,
            18 => self.trunk_in = scan.text()?,
            19 => self.trunk_out = scan.text()?,
            _ => self.ext(scan)?,
        }
        Ok(())
    }

    fn ext(&mut self, scan: &mut Scan<'a>) -> Result<(), Odd> {
        let mut keys = Keys::default();
        scan.object(|scan, key| {
            let (field, number) = match key {
                "forwarded_from" => (&mut self.forwarded_from, 0),
                "incoming_service" => (&mut self.incoming_service, 1),
                "place" => (&mut self.place, 2),
                _ => return scan.skip(),
            };
            *field = scan.text()?;
            keys.once(number)
        })
    }
}

fn some(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.filter(|text| !text.is_empty()).map(Cow::Borrowed)
}

pub(super) fn decode(bytes: &[u8]) -> Option<DecodedCdr<'_>> {
    let mut scan = Scan { text: std::str::from_utf8(bytes).ok()?, bytes, at: 0 };
    let mut fields = Fields::default();
    fields.read(&mut scan).ok()?;
    if scan.peek().is_some() {
        return None;
    }
    let service = fields.service?;
    Some(DecodedCdr {
        cdr_id: fields.cdr_id?.into(),
        source: some(fields.source),
        leg: fields.leg,
        sequence: fields.sequence,
        is_final: fields.is_final.unwrap_or(true),
        call_id: some(fields.call_id).unwrap_or_default(),
        account: some(fields.account),
        src: some(fields.src).unwrap_or_default(),
        dst: fields.dst?.into(),
        service,
        direction: fields.direction.unwrap_or_else(|| Direction::of(service)),
        setup_ms: fields.setup_ms,
        answer_ms: fields.answer_ms,
        end_ms: fields.end_ms,
        billable_ms: fields.billable_ms,
        quantity: fields.quantity,
        disposition: fields.disposition?,
        release_cause: some(fields.release_cause).unwrap_or_default(),
        trunk_in: some(fields.trunk_in),
        trunk_out: some(fields.trunk_out),
        forwarded_from: some(fields.forwarded_from),
        incoming_service: some(fields.incoming_service),
        place: some(fields.place),
    })
}

#[cfg(test)]
mod tests {
    use super::super::canonical::{SAMPLE, decode_any};
    use super::*;
    use proptest::prelude::*;

    /// What is decoded here is what the general parser decodes.
    #[track_caller]
    fn agrees(bytes: &[u8]) -> bool {
        let Some(scanned) = decode(bytes) else { return false };
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(decode_any(bytes).unwrap_or_else(|error| panic!("{text}: {}", error.0)), scanned, "{text}");
        true
    }

    #[test]
    fn the_sample_is_ordinary() {
        assert!(agrees(SAMPLE.as_bytes()));
        assert!(agrees(SAMPLE.replace(",\"", " ,\n \"").replace("\":", "\" :\t").as_bytes()));
        assert!(agrees(SAMPLE.replace("\"c-1\"", "\"ключ-1\"").as_bytes()));
        assert!(agrees(
            SAMPLE.replace(r#""ext":{}"#, r#""ext":{"place":"moscow","forwarded_from":null,"x":1}"#).as_bytes()
        ));
    }

    /// from | to, none of it ordinary
    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_the_general_parser() {
        for (from, to) in [
            (r#""c-1""#, r#""c\u00e91""#),
            (r#""c-1""#, r#""""#),
            (r#""c-1""#, "null"),
            (r#""leg":0"#, r#""leg":256"#),
            (r#""leg":0"#, r#""leg":00"#),
            (r#""leg":0"#, r#""leg":0.0"#),
            (r#""leg":0"#, r#""leg":0,"leg":0"#),
            (r#""ext":{}"#, r#""ext":{"place":"a","place":"b"}"#),
            (r#""ext":{}"#, r#""ext":[]"#),
            (r#""ext":{}"#, r#""ext":{"a":{}}"#),
            (r#""service":"outgoing""#, r#""service":"smoke""#),
            (r#""billable_ms":60000"#, r#""billable_ms":1234567890123456789"#),
            (r#""ext":{}}"#, r#""ext":{}} x"#),
            (r#""ext":{}}"#, r#""ext":{},}"#),
            (r#""dst":"79161234567","#, ""),
        ] {
            let text = SAMPLE.replace(from, to);
            assert!(text != SAMPLE && decode(text.as_bytes()).is_none(), "{to}");
        }
        assert!(decode(b"{\"cdr_id\":\"\xff\"}").is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        /// Records with any byte put, taken away or doubled: never another answer than the general parser's.
        #[test]
        fn damaged_records_never_decode_otherwise(at in 0..500usize, byte in any::<u8>(), way in 0..3u8) {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            let at = at % bytes.len();
            match way {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, byte),
            }
            agrees(&bytes);
        }

        /// Records of any fields in any order, plain and strange values alike.
        #[test]
        fn made_up_records_never_decode_otherwise(
            members in prop::collection::vec(
                (
                    prop::sample::select(vec!["cdr_id", "source", "leg", "sequence", "final", "call_id", "account", "src", "dst", "service", "direction",
                        "setup_at", "answer_at", "end_at", "billable_ms", "quantity", "disposition", "release_cause", "trunk_in", "trunk_out", "ext", "other"]),
                    prop::sample::select(vec![r#""text""#, "null", "0", "7", "-5", "true", "false", r#""outgoing""#, r#""in""#, r#""busy""#, r#""answered""#,
                        r#""2026-11-01T10:00:00.000Z""#, "1793527200000", "1e3", "-0", "{}", r#"{"place":"x"}"#, "[]", r#""é""#, r#""a\"b""#, r#""""#, "300"]),
                ),
                0..24,
            ),
            complete in any::<bool>(),
        ) {
            let mut parts: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            if complete {
                let present = |key: &str| members.iter().any(|(known, _)| *known == key);
                for (key, value) in [("cdr_id", r#""x""#), ("dst", r#""79161234567""#), ("service", r#""outgoing""#), ("disposition", r#""busy""#)] {
                    if !present(key) {
                        parts.push(format!("\"{key}\":{value}"));
                    }
                }
            }
            agrees(format!("{{{}}}", parts.join(",")).as_bytes());
        }
    }
}
