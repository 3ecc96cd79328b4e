//! What a switch is told.
//!
//! Owns: the packets of answers: which attributes, in which order, what of the request comes back in them.
//! Does not own: what is decided (the handler), what the digest is made of (`signature`).
//! Always: answers to access are signed by a Message-Authenticator that stands first, whoever asked; what proxies have put into a request comes back
//! unchanged and in its order.

use crate::attribute::{Attribute, Kind, TooLong, VALUE_BYTES_MAX};
use crate::packet::{Authenticator, Code, Packet};
use crate::secret::Secret;
use crate::signature::message_authenticator;

/// Whether the call may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessAnswer {
    /// It may.
    Accept(Accept),
    /// It may not.
    Reject(Reject),
}

/// The call may be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accept {
    /// For so many seconds; `None`: for as long as it lasts. What 0 means is up to the switch: whoever has no time left is rejected.
    pub session_timeout_s: Option<u32>,
    /// What the switch is to send along with all accounting of the session, up to 253 bytes.
    pub class: Option<Vec<u8>>,
    /// Whatever else, like [`Attribute::h323_credit_time`].
    pub attributes: Vec<Attribute>,
}

/// The call may not be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reject {
    /// Why, for whoever runs the switch; what is beyond 253 bytes is cut off. Empty: nothing is said.
    pub message: String,
    /// Whatever else, like [`Attribute::h323_return_code`].
    pub attributes: Vec<Attribute>,
}

impl Reject {
    /// A refusal with a reason.
    pub fn because(message: impl Into<String>) -> Self {
        Self { message: message.into(), attributes: Vec::new() }
    }
}

/// Whether what was told is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountingAnswer {
    /// It is: the switch may forget it.
    Acknowledged,
    /// It is not: there is no answer, and the switch will tell it again.
    NotYet,
}

/// What of a request its answer needs.
#[derive(Clone, Debug)]
pub struct Asked {
    identifier: u8,
    authenticator: Authenticator,
    proxy_states: Vec<Attribute>,
}

impl Asked {
    /// The part of a request that its answer needs.
    pub fn of(request: &Packet) -> Self {
        let proxy_states = request.all(Kind::PROXY_STATE).cloned().collect();
        Self { identifier: request.identifier, authenticator: request.authenticator, proxy_states }
    }

    /// The signed bytes of an answer with these attributes, and with those of proxies.
    pub fn sealed(&self, code: Code, attributes: Vec<Attribute>, secret: &Secret) -> Result<Vec<u8>, TooLong> {
        let mut attributes = attributes;
        attributes.extend(self.proxy_states.iter().cloned());
        Packet::new(code, self.identifier, attributes).seal_answer(&self.authenticator, secret)
    }
}

impl AccessAnswer {
    /// The signed bytes of this answer.
    pub fn sealed(&self, asked: &Asked, secret: &Secret) -> Result<Vec<u8>, TooLong> {
        let mut attributes = vec![message_authenticator()];
        let (code, others) = match self {
            Self::Accept(accept) => {
                attributes
                    .extend(accept.session_timeout_s.map(|seconds| Attribute::integer(Kind::SESSION_TIMEOUT, seconds)));
                if let Some(class) = &accept.class {
                    attributes.push(Attribute::new(Kind::CLASS, class.as_slice())?);
                }
                (Code::ACCESS_ACCEPT, &accept.attributes)
            }
            Self::Reject(reject) => {
                if !reject.message.is_empty() {
                    attributes.push(Attribute::text(Kind::REPLY_MESSAGE, cut(&reject.message))?);
                }
                (Code::ACCESS_REJECT, &reject.attributes)
            }
        };
        // These two are not the handler's to say: a second one of either would spoil the answer.
        let ours = [Kind::MESSAGE_AUTHENTICATOR, Kind::PROXY_STATE];
        attributes.extend(others.iter().filter(|attribute| !ours.contains(&attribute.kind())).cloned());
        asked.sealed(code, attributes, secret)
    }
}

/// The signed bytes of an acknowledgement of accounting.
pub fn acknowledgement(asked: &Asked, secret: &Secret) -> Result<Vec<u8>, TooLong> {
    asked.sealed(Code::ACCOUNTING_RESPONSE, Vec::new(), secret)
}

/// As much of a text as fits into an attribute, in whole characters.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(VALUE_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: Authenticator = [7; 16];

    fn secret() -> Secret {
        Secret::new("xyzzy5461").unwrap()
    }

    fn asked() -> Asked {
        let proxy = |bytes: &[u8]| Attribute::new(Kind::PROXY_STATE, bytes).unwrap();
        let attributes = vec![proxy(b"one"), Attribute::text(Kind::USER_NAME, "x").unwrap(), proxy(b"two")];
        Asked::of(&Packet { authenticator: RANDOM, ..Packet::new(Code::ACCESS_REQUEST, 9, attributes) })
    }

    fn sent(bytes: &[u8]) -> (Code, Vec<(u8, Vec<u8>)>) {
        let packet = Packet::parse(bytes).unwrap();
        assert_eq!(packet.check_answer(&RANDOM, &secret()), Ok(()));
        assert_eq!(packet.identifier, 9);
        let attributes = packet.attributes.iter().map(|one| (one.kind().0, one.value().to_vec())).collect();
        (packet.code, attributes)
    }

    #[test]
    fn an_accept_has_its_signature_first_and_what_proxies_said_last() {
        let accept = AccessAnswer::Accept(Accept {
            session_timeout_s: Some(75),
            class: Some(vec![1, 2]),
            attributes: vec![
                message_authenticator(),
                Attribute::h323_credit_time(75),
                Attribute::new(Kind::PROXY_STATE, *b"mine").unwrap(),
            ],
        });
        let (code, attributes) = sent(&accept.sealed(&asked(), &secret()).unwrap());
        assert_eq!(code, Code::ACCESS_ACCEPT);
        let kinds: Vec<u8> = attributes.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [80, 27, 25, 26, 33, 33]);
        assert_eq!(attributes[1..3], [(27, vec![0, 0, 0, 75]), (25, vec![1, 2])]);
        assert_eq!(attributes[4..], [(33, b"one".to_vec()), (33, b"two".to_vec())]);
        let bare = sent(&AccessAnswer::Accept(Accept::default()).sealed(&asked(), &secret()).unwrap()).1;
        assert_eq!(bare.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [80, 33, 33]);
    }

    /// reason | what of it is sent
    #[test]
    fn a_reject_says_why_as_far_as_it_fits() {
        for (message, expected) in [
            ("no money".to_owned(), Some("no money".to_owned())),
            (String::new(), None),
            ("x".repeat(300), Some("x".repeat(253))),
            ("ж".repeat(300), Some("ж".repeat(126))),
        ] {
            let reject = AccessAnswer::Reject(Reject::because(message));
            let (code, attributes) = sent(&reject.sealed(&asked(), &secret()).unwrap());
            assert_eq!(code, Code::ACCESS_REJECT);
            assert_eq!(attributes[0].0, 80);
            let found = attributes.iter().find(|(kind, _)| *kind == 18).map(|(_, value)| value.clone());
            assert_eq!(found, expected.map(String::into_bytes));
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let class = AccessAnswer::Accept(Accept { class: Some(vec![0; 254]), ..Accept::default() });
        assert!(class.sealed(&asked(), &secret()).is_err());
        let many = vec![Attribute::new(Kind::REPLY_MESSAGE, [b'x'; 253]).unwrap(); 16];
        let many = AccessAnswer::Reject(Reject { message: String::new(), attributes: many });
        assert!(many.sealed(&asked(), &secret()).is_err());
    }

    #[test]
    fn an_acknowledgement_says_nothing_more() {
        let (code, attributes) = sent(&acknowledgement(&asked(), &secret()).unwrap());
        assert_eq!(code, Code::ACCOUNTING_RESPONSE);
        assert_eq!(attributes, [(33, b"one".to_vec()), (33, b"two".to_vec())]);
    }
}
