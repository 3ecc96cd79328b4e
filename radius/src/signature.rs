//! What is signed with the shared secret, and what is hidden with it.
//!
//! Owns: authenticators of requests and answers (RFC 2865, 2866, 5176), the attribute Message-Authenticator (RFC 2869, 3579), hidden passwords.
//! Does not own: who has which secret (`clients`).
//! Always: what is compared takes the same time wherever it differs; a packet with a Message-Authenticator is good only if that is, too.
//!
//! The authenticator of an Access-Request is random and proves nothing: only a Message-Authenticator shows that somebody with the secret has sent it. The
//! authenticator of an answer can be forged by whoever chooses a part of the request (BlastRADIUS, CVE-2024-3596), and with a Message-Authenticator in
//! front he cannot choose enough. Accounting and disconnecting are signed as a whole by their authenticators.

use hmac_md5::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use crate::attribute::{Attribute, Kind, TooLong};
use crate::packet::{Authenticator, Code, HEAD_BYTES, Packet};
use crate::secret::{Password, Secret};

/// Where the authenticator is in a packet.
const AUTHENTICATOR: std::ops::Range<usize> = 4..HEAD_BYTES;
const NOTHING: Authenticator = [0; 16];

/// Most bytes of a hidden password.
const PASSWORD_BYTES_MAX: usize = 128;

/// Why a packet is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// Its authenticator is not that of our secret.
    #[error("the authenticator is not made with the shared secret")]
    Authenticator,
    /// Its Message-Authenticator is not that of our secret, or there are several.
    #[error("the Message-Authenticator is not made with the shared secret")]
    MessageAuthenticator,
    /// It has no Message-Authenticator and should have one.
    #[error("there is no Message-Authenticator, and one is asked for")]
    NoMessageAuthenticator,
}

/// An attribute that is filled in when its packet is sealed. It belongs before all others.
pub fn message_authenticator() -> Attribute {
    Attribute::new(Kind::MESSAGE_AUTHENTICATOR, NOTHING).expect("16 bytes fit")
}

impl Packet {
    /// The bytes of a request, signed. A [`message_authenticator`] in it is filled in. The authenticator of an Access-Request stays what it is: it
    /// must be random and never used before; that of any other request is computed.
    pub fn seal_request(&self, secret: &Secret) -> Result<Vec<u8>, TooLong> {
        let is_random = has_random_authenticator(self.code);
        let mut bytes = self.with_authenticator(if is_random { self.authenticator } else { NOTHING })?;
        self.fill_in(&mut bytes, secret);
        if !is_random {
            let authenticator = digest(&bytes, secret);
            bytes[AUTHENTICATOR].copy_from_slice(&authenticator);
        }
        Ok(bytes)
    }

    /// The bytes of an answer, signed, to the request with this authenticator. A [`message_authenticator`] in it is filled in.
    pub fn seal_answer(&self, request: &Authenticator, secret: &Secret) -> Result<Vec<u8>, TooLong> {
        let mut bytes = self.with_authenticator(*request)?;
        self.fill_in(&mut bytes, secret);
        let authenticator = digest(&bytes, secret);
        bytes[AUTHENTICATOR].copy_from_slice(&authenticator);
        Ok(bytes)
    }

    /// Whether a request that came is signed with this secret. An Access-Request without a Message-Authenticator is not signed at all, which is good
    /// enough unless `message_authenticator` asks for one or the request has a message of EAP.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check_request(&self, secret: &Secret, message_authenticator: bool) -> Result<(), NotSigned> {
        let is_random = has_random_authenticator(self.code);
        let signed_over = if is_random { self.authenticator } else { NOTHING };
        if !is_random && !self.is_digest_over(&signed_over, secret) {
            return Err(NotSigned::Authenticator);
        }
        let needs_one = is_random && (message_authenticator || self.first(Kind::EAP_MESSAGE).is_some());
        match self.one_message_authenticator()? {
            Some(found) if self.is_message_authenticator(found, &signed_over, secret) => Ok(()),
            Some(_) => Err(NotSigned::MessageAuthenticator),
            None if needs_one => Err(NotSigned::NoMessageAuthenticator),
            None => Ok(()),
        }
    }

    /// Whether an answer that came is signed with this secret, as an answer to the request with this authenticator.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check_answer(&self, request: &Authenticator, secret: &Secret) -> Result<(), NotSigned> {
        if !self.is_digest_over(request, secret) {
            return Err(NotSigned::Authenticator);
        }
        let Some(found) = self.one_message_authenticator()? else { return Ok(()) };
        // Answers to requests whose authenticator is a digest are signed over the request's by RFC 5176, and over zeros by FreeRADIUS 3. Either takes
        // the secret.
        let is_access = [Code::ACCESS_ACCEPT, Code::ACCESS_REJECT, Code::ACCESS_CHALLENGE].contains(&self.code);
        let is_right = self.is_message_authenticator(found, request, secret)
            || (!is_access && self.is_message_authenticator(found, &NOTHING, secret));
        if is_right { Ok(()) } else { Err(NotSigned::MessageAuthenticator) }
    }

    /// The only Message-Authenticator, if there is one.
    fn one_message_authenticator(&self) -> Result<Option<&[u8]>, NotSigned> {
        let mut all = self.all(Kind::MESSAGE_AUTHENTICATOR).map(Attribute::value);
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(value), None) if value.len() == NOTHING.len() => Ok(Some(value)),
            _ => Err(NotSigned::MessageAuthenticator),
        }
    }

    fn with_authenticator(&self, authenticator: Authenticator) -> Result<Vec<u8>, TooLong> {
        let mut bytes = self.encode()?;
        bytes[AUTHENTICATOR].copy_from_slice(&authenticator);
        Ok(bytes)
    }

    /// Fills the Message-Authenticator into the bytes of this packet, where it has one.
    fn fill_in(&self, bytes: &mut [u8], secret: &Secret) {
        if let Some(place) = self.place_of_message_authenticator() {
            bytes[place.clone()].fill(0);
            let mac = mac(bytes, secret);
            bytes[place].copy_from_slice(&mac);
        }
    }

    /// Where the value of the first Message-Authenticator is in the bytes of this packet.
    fn place_of_message_authenticator(&self) -> Option<std::ops::Range<usize>> {
        let mut at = HEAD_BYTES;
        for attribute in &self.attributes {
            let end = at + attribute.written_bytes();
            if attribute.kind() == Kind::MESSAGE_AUTHENTICATOR && attribute.value().len() == NOTHING.len() {
                return Some(at + 2..end);
            }
            at = end;
        }
        None
    }

    /// Whether the authenticator is the digest of the packet in which that other one stands, and the secret.
    fn is_digest_over(&self, other: &Authenticator, secret: &Secret) -> bool {
        // What was read is never too long; what is cannot be signed.
        self.with_authenticator(*other)
            .is_ok_and(|bytes| digest(&bytes, secret)[..].ct_eq(&self.authenticator[..]).into())
    }

    /// Whether `found` is the Message-Authenticator of the packet in which that authenticator stands.
    fn is_message_authenticator(&self, found: &[u8], over: &Authenticator, secret: &Secret) -> bool {
        let (Some(place), Ok(mut bytes)) = (self.place_of_message_authenticator(), self.with_authenticator(*over))
        else {
            return false;
        };
        bytes[place].fill(0);
        mac(&bytes, secret)[..].ct_eq(found).into()
    }

    /// The password of an Access-Request; `None` where there is none. With another secret than the sender's it is noise.
    ///
    /// # Errors
    /// Where it is not a whole number of blocks, or too long.
    pub fn password(&self, secret: &Secret) -> Result<Option<Password>, NotAPassword> {
        let Some(hidden) = self.first(Kind::USER_PASSWORD) else { return Ok(None) };
        show(hidden.value(), &self.authenticator, secret).map(|bytes| Some(Password::new(bytes)))
    }
}

/// A hidden password whose length no hidden password has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("User-Password has {0} bytes, and it has 16, 32 .. or 128")]
pub struct NotAPassword(pub usize);

/// The attribute that hides a password in an Access-Request with this authenticator.
pub fn user_password(password: &[u8], request: &Authenticator, secret: &Secret) -> Result<Attribute, TooLong> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(TooLong { what: "a password", bytes: password.len(), bytes_max: PASSWORD_BYTES_MAX });
    }
    let mut hidden = password.to_vec();
    hidden.resize(password.len().next_multiple_of(16).max(16), 0);
    let mut before = *request;
    for block in hidden.chunks_exact_mut(16) {
        mix(block, &before, secret);
        before.copy_from_slice(block);
    }
    Attribute::new(Kind::USER_PASSWORD, hidden)
}

/// The password that is hidden in these bytes, without the zeros that fill it up.
fn show(hidden: &[u8], request: &Authenticator, secret: &Secret) -> Result<Vec<u8>, NotAPassword> {
    if hidden.is_empty() || hidden.len() > PASSWORD_BYTES_MAX || !hidden.len().is_multiple_of(16) {
        return Err(NotAPassword(hidden.len()));
    }
    let mut shown = hidden.to_vec();
    let mut before = *request;
    for (block, hidden) in shown.chunks_exact_mut(16).zip(hidden.chunks_exact(16)) {
        mix(block, &before, secret);
        before.copy_from_slice(hidden);
    }
    let length = shown.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    shown.truncate(length);
    Ok(shown)
}

/// One block of a password, hidden or shown: both are the same step.
fn mix(block: &mut [u8], before: &Authenticator, secret: &Secret) {
    let key: Authenticator = Md5::new().chain_update(secret.bytes()).chain_update(before).finalize().into();
    for (byte, key) in block.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// Whether requests of this code have an authenticator that is no digest.
fn has_random_authenticator(code: Code) -> bool {
    [Code::ACCESS_REQUEST, Code::STATUS_SERVER].contains(&code)
}

fn digest(bytes: &[u8], secret: &Secret) -> Authenticator {
    Md5::new().chain_update(bytes).chain_update(secret.bytes()).finalize().into()
}

fn mac(bytes: &[u8], secret: &Secret) -> Authenticator {
    let mut mac = <Hmac<Md5> as KeyInit>::new_from_slice(secret.bytes()).expect("any length is a key");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: Authenticator = [7; 16];

    fn secret() -> Secret {
        Secret::new("xyzzy5461").unwrap()
    }

    fn session() -> Attribute {
        Attribute::text(Kind::ACCT_SESSION_ID, "s1").unwrap()
    }

    /// What came, as its receiver reads it.
    fn came(bytes: &[u8]) -> Packet {
        Packet::parse(bytes).unwrap()
    }

    #[test]
    fn requests_are_signed() {
        let (right, wrong) = (secret(), Secret::new("xyzzy5462").unwrap());
        for code in [Code::ACCOUNTING_REQUEST, Code::DISCONNECT_REQUEST] {
            for attributes in [vec![session()], vec![message_authenticator(), session()]] {
                let request = came(&Packet::new(code, 1, attributes).seal_request(&right).unwrap());
                assert_eq!(request.check_request(&right, true), Ok(()), "{code:?}");
                assert_eq!(request.check_request(&wrong, false), Err(NotSigned::Authenticator), "{code:?}");
            }
        }
    }

    /// attributes | a Message-Authenticator is asked for | with the right secret | with a wrong one
    #[test]
    fn access_is_signed_by_its_message_authenticator_alone() {
        use NotSigned::{MessageAuthenticator as Wrong, NoMessageAuthenticator as Lacking};
        let (right, wrong) = (secret(), Secret::new("xyzzy5462").unwrap());
        let eap = Attribute::new(Kind::EAP_MESSAGE, [2]).unwrap();
        let short = Attribute::new(Kind::MESSAGE_AUTHENTICATOR, [0; 15]).unwrap();
        for (attributes, asked_for, by_right, by_wrong) in [
            (vec![session()], false, Ok(()), Ok(())),
            (vec![session()], true, Err(Lacking), Err(Lacking)),
            (vec![session(), eap.clone()], false, Err(Lacking), Err(Lacking)),
            (vec![message_authenticator(), eap], false, Ok(()), Err(Wrong)),
            (vec![message_authenticator(), session()], false, Ok(()), Err(Wrong)),
            (vec![session(), message_authenticator()], true, Ok(()), Err(Wrong)),
            (vec![message_authenticator(), message_authenticator()], false, Err(Wrong), Err(Wrong)),
            (vec![short], false, Err(Wrong), Err(Wrong)),
        ] {
            let packet = Packet { authenticator: RANDOM, ..Packet::new(Code::ACCESS_REQUEST, 1, attributes) };
            let request = came(&packet.seal_request(&right).unwrap());
            assert_eq!(request.authenticator, RANDOM);
            assert_eq!(request.check_request(&right, asked_for), by_right, "{packet:?}");
            assert_eq!(request.check_request(&wrong, asked_for), by_wrong, "{packet:?}");
        }
    }

    #[test]
    fn answers_are_signed_for_their_request() {
        let (right, wrong) = (secret(), Secret::new("xyzzy5462").unwrap());
        for code in [Code::ACCESS_ACCEPT, Code::ACCOUNTING_RESPONSE, Code::DISCONNECT_ACK] {
            for attributes in [vec![], vec![message_authenticator(), session()]] {
                let answer = came(&Packet::new(code, 1, attributes).seal_answer(&RANDOM, &right).unwrap());
                assert_eq!(answer.check_answer(&RANDOM, &right), Ok(()), "{code:?}");
                assert_eq!(answer.check_answer(&[8; 16], &right), Err(NotSigned::Authenticator), "{code:?}");
                assert_eq!(answer.check_answer(&RANDOM, &wrong), Err(NotSigned::Authenticator), "{code:?}");
            }
        }
    }

    /// As FreeRADIUS 3 signs its acknowledgements: the Message-Authenticator over zeros, then the digest over the request's authenticator.
    #[test]
    fn an_acknowledgement_may_be_signed_over_zeros_and_an_accept_may_not() {
        for (code, expected) in
            [(Code::DISCONNECT_ACK, Ok(())), (Code::ACCESS_ACCEPT, Err(NotSigned::MessageAuthenticator))]
        {
            let packet = Packet::new(code, 1, vec![message_authenticator()]);
            let mut bytes = packet.encode().unwrap();
            packet.fill_in(&mut bytes, &secret());
            bytes[AUTHENTICATOR].copy_from_slice(&RANDOM);
            let authenticator = digest(&bytes, &secret());
            bytes[AUTHENTICATOR].copy_from_slice(&authenticator);
            assert_eq!(came(&bytes).check_answer(&RANDOM, &secret()), expected, "{code:?}");
        }
    }

    /// bytes of the password | bytes of its attribute
    #[test]
    fn passwords_are_hidden_in_blocks() {
        for (length, hidden) in [(0, 16), (1, 16), (16, 16), (17, 32), (128, 128)] {
            let password = vec![b'x'; length];
            let attribute = user_password(&password, &RANDOM, &secret()).unwrap();
            assert_eq!(attribute.value().len(), hidden);
            let packet = Packet { authenticator: RANDOM, ..Packet::new(Code::ACCESS_REQUEST, 1, vec![attribute]) };
            assert_eq!(packet.password(&secret()).unwrap().unwrap().bytes(), password);
        }
        assert!(user_password(&[0; 129], &RANDOM, &secret()).is_err());
        for length in [0, 15, 17, 144] {
            let attribute = Attribute::new(Kind::USER_PASSWORD, vec![0; length]).unwrap();
            let packet = Packet::new(Code::ACCESS_REQUEST, 1, vec![attribute]);
            assert_eq!(packet.password(&secret()).unwrap_err(), NotAPassword(length));
        }
        assert!(Packet::new(Code::ACCESS_REQUEST, 1, vec![]).password(&secret()).unwrap().is_none());
    }
}
