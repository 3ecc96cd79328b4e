//! Secrets that have to be read again, and so cannot be kept as a digest.
//!
//! Owns: the key, and how a secret is encrypted with it (XChaCha20-Poly1305).
//! Does not own: where the key comes from (`cli`), where a secret is kept (`billing::sign_in`).
//! Always: a secret is bound to its owner: put into somebody else's row it does not open.

use std::fmt;
use std::str::FromStr;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use crate::problem::{Code, Problem};
use crate::tokens;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The key of secrets at rest: 256 bits, written as 64 hexadecimal digits.
#[derive(Clone)]
pub struct SecretKey([u8; KEY_BYTES]);

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(..)")
    }
}

impl FromStr for SecretKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "a key is 64 hexadecimal digits, as `openssl rand -hex 32` writes them".to_owned();
        let text = text.trim();
        if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(expected());
        }
        let mut key = [0u8; KEY_BYTES];
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| expected())?;
        }
        Ok(Self(key))
    }
}

impl SecretKey {
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }

    /// Encrypts a secret of a user.
    pub(crate) fn seal(&self, owner: i64, secret: &[u8]) -> Result<Vec<u8>, Problem> {
        let nonce = tokens::bytes::<NONCE_BYTES>()?;
        let bound = owner.to_be_bytes();
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: &bound });
        let sealed = sealed.map_err(|error| {
            tracing::error!("a secret cannot be encrypted: {error}");
            Problem::new(Code::Internal)
        })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The secret again; `None`: it is somebody else's, or was encrypted with another key.
    pub(crate) fn open(&self, owner: i64, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let bound = owner.to_be_bytes();
        self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &bound }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_owner_and_its_key_alone() {
        let key: SecretKey = "0f".repeat(32).parse().unwrap();
        let other: SecretKey = "0e".repeat(32).parse().unwrap();
        let sealed = key.seal(7, b"secret").unwrap();
        assert_eq!(key.open(7, &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!((key.open(8, &sealed), other.open(7, &sealed)), (None, None));
        assert_eq!((key.open(7, &sealed[1..]), key.open(7, b"short")), (None, None));
        assert_ne!(key.seal(7, b"secret").unwrap(), sealed, "each with a nonce of its own");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(format!("{key:?}"), "SecretKey(..)");
    }

    #[test]
    fn keys_have_their_length() {
        for (text, fits) in
            [("0f".repeat(32), true), ("0g".repeat(32), false), ("0f".repeat(31), false), (String::new(), false)]
        {
            assert_eq!(text.parse::<SecretKey>().is_ok(), fits, "{text}");
        }
    }
}
