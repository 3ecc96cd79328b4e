//! What two sides know and nobody else: shared secrets, and passwords of subscribers.
//!
//! Owns: that neither is ever shown.
//! Does not own: what is computed with them (`signature`).
//! Always: `Debug` says nothing of them, not even how long they are; a secret has a character at least.

use std::fmt;
use std::sync::Arc;

/// A shared secret. A copy shares the bytes.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

/// A secret without a character: anybody would know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shared secret is empty")]
pub struct EmptySecret;

impl Secret {
    /// A secret of these bytes.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, EmptySecret> {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return Err(EmptySecret);
        }
        Ok(Self(bytes.into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

/// A password that a subscriber has given.
#[derive(Clone)]
pub struct Password(Vec<u8>);

impl Password {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be compared with what is known, in a time that does not depend on them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown() {
        let secret = Secret::new("xyzzy5461").unwrap();
        let password = Password::new(b"arctangent".to_vec());
        assert_eq!(format!("{secret:?}, {password:?}"), "a secret, a password");
        assert_eq!(secret.clone().bytes(), b"xyzzy5461");
        assert_eq!(Secret::new("").unwrap_err().to_string(), "the shared secret is empty");
    }
}
