//! Codes of second factors (RFC 6238) and recovery codes.
//!
//! Owns: how they are reckoned, written and read.
//! Does not own: which step was accepted before, which recovery code was used (`billing::sign_in`).
//! Always: SHA-1, six digits, 30 seconds, for that is what every application can; a step before and a step after are accepted.

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::tokens::{self, NoRandomness};

/// Bytes of a secret: as many as the hash has (RFC 4226).
pub(crate) const SECRET_BYTES: usize = 20;
/// Recovery codes that are made at once.
pub(crate) const RECOVERY_CODES: usize = 10;
const STEP_SECONDS: i64 = 30;
/// Random bytes of a recovery code, and letters that show them.
const RECOVERY_BYTES: usize = 10;
const RECOVERY_LETTERS: usize = 16;

/// The code of a step.
fn code(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let at = usize::from(digest[19] & 0x0f);
    let number = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// The step whose code `text` is, near `now` and after the step `last`, which was accepted before.
pub(crate) fn step_of(secret: &[u8], text: &str, now: DateTime<Utc>, last: i64) -> Option<i64> {
    let given: String = text.chars().filter(|letter| *letter != ' ').collect();
    let current = now.timestamp().div_euclid(STEP_SECONDS);
    let is_it = |step: &i64| bool::from(code(secret, *step).as_bytes().ct_eq(given.as_bytes()));
    [current, current - 1, current + 1].into_iter().filter(|step| *step > last).find(is_it)
}

/// What an application reads from a picture.
pub(crate) fn uri(login: &str, secret: &[u8]) -> String {
    let login = utf8_percent_encode(login, NON_ALPHANUMERIC);
    let secret = base32(secret);
    format!("otpauth://totp/Tollgate:{login}?secret={secret}&issuer=Tollgate&algorithm=SHA1&digits=6&period=30")
}

/// Bytes in base 32 (RFC 4648) without padding, as applications take a secret.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    let mut push = |five: u32| text.push(char::from(LETTERS[(five & 31) as usize]));
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    text
}

/// A new recovery code of 80 random bits, in groups of four letters.
pub(crate) fn recovery_code() -> Result<String, NoRandomness> {
    let letters = base32(&tokens::bytes::<RECOVERY_BYTES>()?);
    let groups: Vec<_> = letters.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    Ok(groups.join("-"))
}

/// The digest of a recovery code as people write it; `None`: it cannot be one.
pub(crate) fn recovery_digest(text: &str) -> Option<Vec<u8>> {
    let letters: String = text.chars().filter(|letter| !" -".contains(*letter)).collect();
    let letters = letters.to_ascii_uppercase();
    (letters.len() == RECOVERY_LETTERS).then(|| Sha256::digest(letters.as_bytes()).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 6238, of whose eight digits the last six are ours.
    #[test]
    fn codes_of_the_standard() {
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(b"12345678901234567890", seconds / STEP_SECONDS), eight[2..], "{seconds}");
        }
    }

    #[test]
    fn one_step_to_either_side_and_none_twice() {
        let secret = b"12345678901234567890";
        let now = DateTime::from_timestamp(1_234_567_890, 0).unwrap();
        let step = 1_234_567_890 / STEP_SECONDS;
        for (offset, last, expected) in [
            (0, 0, Some(step)),
            (-1, 0, Some(step - 1)),
            (1, 0, Some(step + 1)),
            (2, 0, None),
            (-2, 0, None),
            (0, step, None),
            (-1, step - 1, None),
            (1, step, Some(step + 1)),
        ] {
            assert_eq!(step_of(secret, &code(secret, step + offset), now, last), expected, "{offset} {last}");
        }
        assert_eq!(step_of(secret, "005 924", now, 0), Some(step));
        for wrong in ["", "5924", "0059240", "abcdef"] {
            assert_eq!(step_of(secret, wrong, now, 0), None, "{wrong:?}");
        }
    }

    /// RFC 4648, part 10, without the padding.
    #[test]
    fn secrets_and_recovery_codes_as_they_are_written() {
        for (bytes, expected) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("fooba", "MZXW6YTB")] {
            assert_eq!(base32(bytes.as_bytes()), expected);
        }
        assert_eq!(
            uri("i.petrov@office", b"foo"),
            "otpauth://totp/Tollgate:i%2Epetrov%40office?secret=MZXW6&issuer=Tollgate&algorithm=SHA1&digits=6&period=30"
        );
        let code = recovery_code().unwrap();
        assert_eq!((code.len(), code.matches('-').count()), (19, 3));
        let plain = code.replace('-', " ").to_lowercase();
        assert!(recovery_digest(&code).is_some() && recovery_digest(&code) == recovery_digest(&plain));
        assert_ne!(recovery_digest(&code), recovery_digest(&recovery_code().unwrap()));
        assert_eq!(recovery_digest("short"), None);
    }
}
