//! In which encoding an exchange file is, whatever its header says.
//!
//! Owns: the three encodings that banks use, how they are told apart.
//! Does not own: what the text says (`exchange`), the encodings of tables (`price_lists`).
//! Always: pure; an encoding is believed when it makes keys of the format readable, and when several do, the one that makes most of them so.

use encoding_rs::{Encoding, IBM866, WINDOWS_1251};

use super::faults::{FaultKind, Faults};

/// Keys that a file has in its header or soon after.
const KEYS: [&str; 7] =
    ["ВерсияФормата", "Кодировка", "Отправитель", "ДатаСоздания", "ДатаНачала", "РасчСчет", "СекцияДокумент"];
/// Bytes in which they are looked for.
const PROBED_BYTES: usize = 16 * 1024;
/// What some editors write before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Encoding of an exchange file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// The Cyrillic code page of Windows.
    Windows1251,
    /// The Cyrillic code page of DOS.
    Cp866,
}

impl Charset {
    const ALL: [Self; 3] = [Self::Utf8, Self::Windows1251, Self::Cp866];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1251 => "Windows-1251",
            Self::Cp866 => "CP866",
        }
    }

    /// The one that a header means; `None`: no word that is known.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word.trim().to_lowercase().as_str() {
            "windows" | "win" | "windows-1251" | "windows1251" | "win1251" | "cp1251" | "1251" | "ansi" => {
                Some(Self::Windows1251)
            }
            "dos" | "cp866" | "cp-866" | "ibm866" | "866" | "oem" => Some(Self::Cp866),
            "utf-8" | "utf8" | "utf" | "unicode" => Some(Self::Utf8),
            _ => None,
        }
    }

    fn table(self) -> &'static Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Windows1251 => WINDOWS_1251,
            Self::Cp866 => IBM866,
        }
    }

    /// How many of the keys are there when the bytes are read so.
    fn keys_in(self, head: &[u8]) -> usize {
        let is_there = |key: &&&str| {
            let (wanted, ..) = self.table().encode(key);
            head.windows(wanted.len()).any(|window| *window == *wanted)
        };
        KEYS.iter().filter(is_there).count()
    }
}

/// The text of a file and its encoding.
pub(super) fn decoded(bytes: &[u8], faults: &mut Faults) -> Option<(String, Charset)> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let head = &bytes[..bytes.len().min(PROBED_BYTES)];
    let mut best: Option<(usize, Charset)> = None;
    for charset in Charset::ALL {
        let keys = charset.keys_in(head);
        if keys > best.map_or(0, |(most, _)| most) {
            best = Some((keys, charset));
        }
    }
    let Some((_, charset)) = best else {
        faults.add(None, "", FaultKind::Unreadable);
        return None;
    };
    if charset == Charset::Utf8 {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Some((text.to_owned(), charset)),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let row = before.split(|byte| *byte == b'\n').count() as u32;
                faults.add(Some(row), "", FaultKind::NotUtf8);
                None
            }
        };
    }
    // Both code pages give every byte a sign: nothing is left that could be refused.
    let (text, _) = charset.table().decode_without_bom_handling(bytes);
    Some((text.into_owned(), charset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(String, Charset), Faults> {
        let mut faults = Faults::default();
        decoded(bytes, &mut faults).ok_or(faults)
    }

    #[test]
    fn encodings_are_found_by_their_keys() {
        // The header lies in two of three, which is for the reader of the header to see.
        let text = "1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=Windows\r\nОтправитель=Ё-банк №1\r\n";
        for charset in Charset::ALL {
            let (bytes, ..) = charset.table().encode(text);
            assert_eq!(read(&bytes), Ok((text.to_owned(), charset)), "{charset:?}");
        }
        assert_eq!(read(&[MARK, text.as_bytes()].concat()), Ok((text.to_owned(), Charset::Utf8)));
        // What it means in one code page is nothing in the other.
        assert_eq!(read(b"1CClientBankExchange\r\n\x82\xa5").unwrap_err().first[0].kind, FaultKind::Unreadable);
        let broken = [text.as_bytes(), b"\xd0"].concat();
        let faults = read(&broken).unwrap_err();
        assert_eq!((faults.first[0].row, &faults.first[0].kind), (Some(5), &FaultKind::NotUtf8));
    }

    #[test]
    fn words_for_encodings() {
        for (word, expected) in [
            ("Windows", Some(Charset::Windows1251)),
            (" windows-1251 ", Some(Charset::Windows1251)),
            ("DOS", Some(Charset::Cp866)),
            ("UTF-8", Some(Charset::Utf8)),
            ("KOI8-R", None),
            ("", None),
        ] {
            assert_eq!(Charset::named(word), expected, "{word}");
        }
    }
}
