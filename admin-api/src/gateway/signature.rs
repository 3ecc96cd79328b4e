//! How the gateway and this program know each other.
//!
//! ```text
//! X-Gateway-Signature: hex(HMAC-SHA256(secret, voice LF about LF body))
//! ```
//!
//! `voice` is `request`, `answer` or `callback`, so that nothing that was said can be said again as something else; `about` is method and path below the address of
//! the gateway (`POST /payments`) of a request and of its answer, and nothing for a callback.
//!
//! Owns: the secret, signatures and their check.
//! Does not own: where the secret comes from (`cli`).
//! Always: compared in constant time; what is said again does no harm, for whoever hears it knows it already, so no time stands in it.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use axum::http::HeaderName;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The header.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-gateway-signature");
/// Fewest characters of a secret.
const SECRET_CHARS: usize = 32;

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Voice {
    /// This program.
    Request,
    /// The gateway, because it was asked.
    Answer,
    /// The gateway by itself.
    Callback,
}

impl Voice {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Callback => "callback",
        }
    }
}

/// The secret that both sides sign with.
#[derive(Clone)]
pub struct GatewaySecret(String);

impl fmt::Debug for GatewaySecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("GatewaySecret(..)")
    }
}

impl FromStr for GatewaySecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < SECRET_CHARS || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!(
                "a secret has at least {SECRET_CHARS} characters, as `openssl rand -hex 32` writes them"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl GatewaySecret {
    fn mac(&self, voice: Voice, about: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes a key of any length");
        for part in [voice.as_str().as_bytes(), b"\n", about.as_bytes(), b"\n", body] {
            mac.update(part);
        }
        mac
    }

    /// The signature of what is said.
    pub(super) fn sign(&self, voice: Voice, about: &str, body: &[u8]) -> String {
        let digest = self.mac(voice, about, body).finalize().into_bytes();
        let mut text = String::with_capacity(2 * digest.len());
        for byte in digest {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Whether a signature is that of what is said.
    pub(super) fn fits(&self, voice: Voice, about: &str, body: &[u8], signature: &str) -> bool {
        bytes(signature.trim()).is_some_and(|signature| self.mac(voice, about, body).verify_slice(&signature).is_ok())
    }
}

/// Bytes that stand as hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| Some((nibble(pair[0])? << 4) | nibble(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> GatewaySecret {
        "0123456789abcdef0123456789abcdef".parse().unwrap()
    }

    #[test]
    fn a_signature_fits_what_was_said_by_whom_about_what() {
        let signature = secret().sign(Voice::Answer, "POST /payments", b"{}");
        assert_eq!(signature.len(), 64);
        for (voice, about, body, fits) in [
            (Voice::Answer, "POST /payments", &b"{}"[..], true),
            (Voice::Request, "POST /payments", b"{}", false),
            (Voice::Callback, "POST /payments", b"{}", false),
            (Voice::Answer, "GET /payments", b"{}", false),
            (Voice::Answer, "POST /payments", b"{ }", false),
        ] {
            assert_eq!(secret().fits(voice, about, body, &signature), fits, "{voice:?} {about}");
        }
        assert!(secret().fits(Voice::Answer, "POST /payments", b"{}", &signature.to_uppercase()));
        for broken in ["", "00", "xyz", &signature[1..], &signature[2..]] {
            assert!(!secret().fits(Voice::Answer, "POST /payments", b"{}", broken), "{broken}");
        }
        let other: GatewaySecret = "another secret of 32 characters.".replace(' ', "-").parse().unwrap();
        assert!(!other.fits(Voice::Answer, "POST /payments", b"{}", &signature));
    }

    /// By `printf 'callback\n\n{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef`.
    #[test]
    fn anybody_can_reckon_it() {
        let expected = "68c48ded88a02e76680429df61c1d7e5acfb1edf977e21ae81aa8fc7fdbce2f6";
        assert_eq!(secret().sign(Voice::Callback, "", b"{}"), expected);
    }

    #[test]
    fn secrets_have_a_length_and_are_not_shown() {
        for (text, fits) in [("0".repeat(32), true), ("0".repeat(31), false), (format!("{} x", "0".repeat(32)), false)]
        {
            assert_eq!(text.parse::<GatewaySecret>().is_ok(), fits, "{text}");
        }
        assert_eq!(format!("{:?}", secret()), "GatewaySecret(..)");
    }
}
