//! What a record looks like, found out once for all formats.
//!
//! Owns: telling keys of a JSON object, fields of a CSV line.
//! Does not own: what a format looks like (its file).
//! Always: canonical JSON, which says its identity first, is told by its first bytes; of any other object only keys of the object itself count.

use super::csv_line::Fields;
use super::{contains, first_byte};

/// Fields of a line that formats are told by.
pub(super) const FIELDS: usize = 19;

/// What a record looks like.
#[expect(clippy::large_enum_variant, reason = "one a record, on the stack")]
pub(super) enum Look<'a> {
    /// A JSON object with these keys.
    Object(Keys),
    /// A line with these fields.
    Line(Fields<'a, FIELDS>),
    /// Bytes that are not UTF-8.
    NotText,
    /// A JSON list.
    List,
}

/// Keys by which formats are told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Keys(u32);

/// Key | its bit | whether it decides alone.
const TELLING: &[(&[u8], Keys, bool)] = &[
    (b"cdr_id", Keys::CDR_ID, true),
    (b"variables", Keys::VARIABLES, true),
    (b"Event-Name", Keys::EVENT_NAME, true),
    (b"jsonrpc", Keys::JSONRPC, true),
    (b"start_time", Keys::START_TIME, false),
    (b"end_time", Keys::END_TIME, false),
    (b"duration", Keys::DURATION, false),
    (b"method", Keys::METHOD, false),
    (b"sip_code", Keys::SIP_CODE, false),
    (b"billsec", Keys::OF_ASTERISK, false),
    (b"dcontext", Keys::OF_ASTERISK, false),
    (b"dstchannel", Keys::OF_ASTERISK, false),
    (b"lastapp", Keys::OF_ASTERISK, false),
    (b"amaflags", Keys::OF_ASTERISK, false),
];

impl Keys {
    pub(super) const CDR_ID: Self = Self(1);
    pub(super) const VARIABLES: Self = Self(2);
    pub(super) const EVENT_NAME: Self = Self(4);
    pub(super) const JSONRPC: Self = Self(8);
    pub(super) const START_TIME: Self = Self(16);
    pub(super) const END_TIME: Self = Self(32);
    pub(super) const DURATION: Self = Self(64);
    pub(super) const METHOD: Self = Self(128);
    pub(super) const SIP_CODE: Self = Self(256);
    pub(super) const OF_ASTERISK: Self = Self(512);

    /// Whether all of some keys are there.
    pub(super) const fn has(self, keys: Self) -> bool {
        self.0 & keys.0 == keys.0
    }

    /// Both.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The telling keys of the object that begins here, up to the first that decides.
    fn of(bytes: &[u8]) -> Self {
        let mut keys = Self::default();
        let (mut at, mut depth, mut is_key) = (0, 0usize, false);
        while let Some(byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let Some(length) = string(&bytes[at..]) else { return keys };
                    let key = &bytes[at..at + length];
                    at += length + 1;
                    if !std::mem::take(&mut is_key) || depth != 1 {
                        continue;
                    }
                    let Some((_, bit, decides)) = TELLING.iter().find(|(known, ..)| *known == key) else { continue };
                    if *bit == Self::VARIABLES && !opens_object(&bytes[at..]) {
                        continue;
                    }
                    keys = keys.and(*bit);
                    if *decides {
                        return keys;
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    is_key = depth == 1;
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                b',' => is_key = depth == 1,
                _ => {}
            }
        }
        keys
    }
}

/// The length of the string whose first quote was read.
fn string(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let stop = bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if bytes[at + stop] == b'"' {
            return Some(at + stop);
        }
        at += stop + 2;
    }
}

/// Whether a colon and an object follow.
fn opens_object(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).take(2).eq(b":{")
}

impl<'a> Look<'a> {
    /// What a record looks like.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        match first_byte(bytes) {
            Some(b'{') if names_identity(bytes) => Self::Object(Keys::CDR_ID),
            Some(b'{') => Self::Object(Keys::of(bytes)),
            Some(b'[') => Self::List,
            _ => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Line(Fields::of(text, b',')),
                Err(_) => Self::NotText,
            },
        }
    }

    /// Whether it is an object with all of some keys.
    pub(super) fn has(&self, keys: Keys) -> bool {
        matches!(self, Self::Object(own) if own.has(keys))
    }

    /// The fields of a line.
    pub(super) fn line(&self) -> Option<&Fields<'a, FIELDS>> {
        match self {
            Self::Line(fields) => Some(fields),
            _ => None,
        }
    }
}

/// Whether the beginning of an object names the canonical identity.
fn names_identity(bytes: &[u8]) -> bool {
    contains(&bytes[..bytes.len().min(200)], br#""cdr_id""#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_object_itself_tell_what_it_is() {
        for (text, expected) in [
            (r#"{"a":{"cdr_idx":1},"b":["jsonrpc",{"jsonrpc":1}],"c":"\"jsonrpc\""}"#, Keys::default()),
            (r#"{"a":"jsonrpc" , "jsonrpc":"2.0","method":"x"}"#, Keys::JSONRPC),
            (r#"{"variables":"x","duration":1}"#, Keys::DURATION),
            (r#"{"variables" : {"a":1}}"#, Keys::VARIABLES),
            (r#"{"method":"INVITE","sip_code":"200""#, Keys::METHOD.and(Keys::SIP_CODE)),
            (r#"{"method":"INVITE","sip_c"#, Keys::METHOD),
        ] {
            assert!(matches!(Look::of(text.as_bytes()), Look::Object(keys) if keys == expected), "{text}");
        }
        let late = format!(r#"{{"note":"{}","cdr_id":"1"}}"#, "x".repeat(300));
        assert!(Look::of(late.as_bytes()).has(Keys::CDR_ID));
    }
}
