//! Packets: a code, an identifier, an authenticator, and attributes.
//!
//! Owns: how a packet is read from a datagram and written into one.
//! Does not own: whether it is signed (`signature`), what it asks (`request`).
//! Always: any bytes are a packet or the reason why not; what was read is written as it was read; attributes keep their order.

use std::fmt;

use crate::attribute::{Attribute, Cisco, Kind, TooLong, VendorAttribute};

/// Most bytes of a packet.
pub const BYTES_MAX: usize = 4096;

/// Code, identifier, length, authenticator.
pub(crate) const HEAD_BYTES: usize = 20;

/// What ties an answer to its request and a packet to the shared secret.
pub type Authenticator = [u8; 16];

/// What a packet is. The numbers are those of IANA's registry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub u8);

impl Code {
    /// May he call?
    pub const ACCESS_REQUEST: Self = Self(1);
    /// He may.
    pub const ACCESS_ACCEPT: Self = Self(2);
    /// He may not.
    pub const ACCESS_REJECT: Self = Self(3);
    /// This happened.
    pub const ACCOUNTING_REQUEST: Self = Self(4);
    /// It is written down.
    pub const ACCOUNTING_RESPONSE: Self = Self(5);
    /// A question in return, which this package does not ask.
    pub const ACCESS_CHALLENGE: Self = Self(11);
    /// Are you there? This package does not answer it.
    pub const STATUS_SERVER: Self = Self(12);
    /// End this session.
    pub const DISCONNECT_REQUEST: Self = Self(40);
    /// It is ended.
    pub const DISCONNECT_ACK: Self = Self(41);
    /// It is not.
    pub const DISCONNECT_NAK: Self = Self(42);
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::ACCESS_REQUEST => "Access-Request",
            Self::ACCESS_ACCEPT => "Access-Accept",
            Self::ACCESS_REJECT => "Access-Reject",
            Self::ACCOUNTING_REQUEST => "Accounting-Request",
            Self::ACCOUNTING_RESPONSE => "Accounting-Response",
            Self::ACCESS_CHALLENGE => "Access-Challenge",
            Self::STATUS_SERVER => "Status-Server",
            Self::DISCONNECT_REQUEST => "Disconnect-Request",
            Self::DISCONNECT_ACK => "Disconnect-ACK",
            Self::DISCONNECT_NAK => "Disconnect-NAK",
            Self(other) => return write!(f, "code {other}"),
        };
        f.write_str(name)
    }
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What it is.
    pub code: Code,
    /// Which of the sender's requests it is, or answers.
    pub identifier: u8,
    /// Its authenticator, as it came or as it will be sent. What is sent signed has another one: `signature`.
    pub authenticator: Authenticator,
    /// Attributes, in their order.
    pub attributes: Vec<Attribute>,
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not even the head.
    #[error("{0} bytes are too few for a packet")]
    Short(usize),
    /// The length is wrong.
    #[error("the packet says that it has {said} bytes, and {came} came")]
    Length {
        /// What it says.
        said: usize,
        /// What there is.
        came: usize,
    },
    /// An attribute is cut off, or says that it is shorter than its head.
    #[error("the attribute at byte {0} does not fit into the packet")]
    Attribute(usize),
}

/// An attribute that should hold four bytes and does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} has {bytes} bytes and should have 4")]
pub struct NotFourBytes {
    /// Which.
    pub kind: Kind,
    /// How many it has.
    pub bytes: usize,
}

impl Packet {
    /// A packet with these attributes and an authenticator of zeros.
    pub fn new(code: Code, identifier: u8, attributes: Vec<Attribute>) -> Self {
        Self { code, identifier, authenticator: [0; 16], attributes }
    }

    /// The packet of a datagram. What follows the packet in the datagram is padding.
    ///
    /// # Errors
    /// Where the bytes are no packet.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let Some((&[code, identifier, high, low, ref authenticator @ ..], _)) = bytes.split_first_chunk::<HEAD_BYTES>()
        else {
            return Err(Malformed::Short(bytes.len()));
        };
        let said = usize::from(u16::from_be_bytes([high, low]));
        if !(HEAD_BYTES..=BYTES_MAX.min(bytes.len())).contains(&said) {
            return Err(Malformed::Length { said, came: bytes.len() });
        }
        let mut attributes = Vec::new();
        let mut rest = &bytes[HEAD_BYTES..said];
        while !rest.is_empty() {
            let (attribute, after) = Attribute::parse(rest).ok_or(Malformed::Attribute(said - rest.len()))?;
            attributes.push(attribute);
            rest = after;
        }
        Ok(Self { code: Code(code), identifier, authenticator: *authenticator, attributes })
    }

    /// The bytes of the packet as it is; nothing is signed.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let length = HEAD_BYTES + self.attributes.iter().map(Attribute::written_bytes).sum::<usize>();
        if length > BYTES_MAX {
            return Err(TooLong { what: "a packet", bytes: length, bytes_max: BYTES_MAX });
        }
        let mut bytes = Vec::with_capacity(length);
        bytes.extend([self.code.0, self.identifier]);
        bytes.extend((length as u16).to_be_bytes());
        bytes.extend(self.authenticator);
        for attribute in &self.attributes {
            attribute.write(&mut bytes);
        }
        Ok(bytes)
    }

    /// All attributes of a kind, in their order.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(move |attribute| attribute.kind() == kind)
    }

    /// The first attribute of a kind.
    pub fn first(&self, kind: Kind) -> Option<&Attribute> {
        self.all(kind).next()
    }

    /// The text of the first attribute of a kind. Text without a character is none: no sender may send it, and some do.
    pub fn text(&self, kind: Kind) -> Option<String> {
        let text = self.first(kind)?.as_text().into_owned();
        Some(text).filter(|text| !text.is_empty())
    }

    /// The bytes of the first attribute of a kind.
    pub fn bytes(&self, kind: Kind) -> Option<Vec<u8>> {
        Some(self.first(kind)?.value().to_vec())
    }

    /// The whole number of the first attribute of a kind.
    pub fn integer(&self, kind: Kind) -> Result<Option<u32>, NotFourBytes> {
        let Some(attribute) = self.first(kind) else { return Ok(None) };
        let bytes = attribute.value().len();
        attribute.as_integer().map(Some).ok_or(NotFourBytes { kind, bytes })
    }

    /// All attributes of vendors, in their order.
    pub fn vendor_attributes(&self) -> Vec<VendorAttribute<'_>> {
        self.attributes.iter().flat_map(Attribute::vendor_attributes).collect()
    }

    /// The value of one of Cisco's fields, in whichever of its two forms it comes.
    pub fn cisco(&self, field: Cisco) -> Option<String> {
        let value = self.vendor_attributes().into_iter().find_map(|attribute| field.value(attribute))?;
        Some(value).filter(|value| !value.is_empty())
    }

    /// The values of Cisco's pairs of a name, in their order; those without a character are none.
    pub fn pairs(&self, name: &str) -> Vec<String> {
        let values = self.vendor_attributes().into_iter().filter_map(|attribute| attribute.pair(name));
        values.filter(|value| !value.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// bytes after code and identifier, authenticator left out | why they are no packet
    #[test]
    fn what_is_no_packet_is_told() {
        let packet =
            |length: u16, attributes: &[u8]| [&[1, 7][..], &length.to_be_bytes(), &[0; 16], attributes].concat();
        for (bytes, expected) in [
            (vec![], Some(Malformed::Short(0))),
            (vec![1; 19], Some(Malformed::Short(19))),
            (packet(20, &[]), None),
            (packet(19, &[]), Some(Malformed::Length { said: 19, came: 20 })),
            (packet(21, &[]), Some(Malformed::Length { said: 21, came: 20 })),
            (packet(4097, &[0; 4077]), Some(Malformed::Length { said: 4097, came: 4097 })),
            (packet(20, &[1, 2, 3]), None),
            (packet(23, &[1, 3, 9]), None),
            (packet(23, &[1, 2, 3]), Some(Malformed::Attribute(22))),
            (packet(24, &[1, 3, 9, 1]), Some(Malformed::Attribute(23))),
            (packet(23, &[1, 4, 9]), Some(Malformed::Attribute(20))),
            (packet(22, &[1, 1]), Some(Malformed::Attribute(20))),
        ] {
            assert_eq!(Packet::parse(&bytes).err(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_packet_has_its_most() {
        let full = vec![Attribute::new(Kind::CLASS, [0; 253]).unwrap(); 15];
        let rest = |bytes: usize| Attribute::new(Kind::CLASS, vec![0; bytes]).unwrap();
        let with = |last| Packet::new(Code::ACCESS_ACCEPT, 0, [&full[..], &[last]].concat());
        assert_eq!(with(rest(249)).encode().unwrap().len(), BYTES_MAX);
        let error = with(rest(250)).encode().unwrap_err();
        assert_eq!(error.to_string(), "a packet of 4097 bytes, and 4096 is the most");
    }

    #[test]
    fn the_first_of_a_kind_counts() {
        let text = |text| Attribute::text(Kind::USER_NAME, text).unwrap();
        let packet = Packet::new(Code::ACCESS_REQUEST, 0, vec![text("one"), text("two")]);
        assert_eq!(packet.text(Kind::USER_NAME).as_deref(), Some("one"));
        assert_eq!(packet.all(Kind::USER_NAME).count(), 2);
        assert_eq!(packet.text(Kind::CLASS), None);
        assert_eq!(Packet::new(Code::ACCESS_REQUEST, 0, vec![text("")]).text(Kind::USER_NAME), None);
        let pair = |value| Attribute::pair("way", value).unwrap();
        let packet_of_pairs = Packet::new(Code::ACCESS_REQUEST, 0, vec![pair("one"), pair(""), pair("two")]);
        assert_eq!(packet_of_pairs.pairs("way"), ["one", "two"]);
        let error = packet.integer(Kind::USER_NAME).unwrap_err();
        assert_eq!(error.to_string(), "User-Name has 3 bytes and should have 4");
        assert_eq!(packet.integer(Kind::SESSION_TIMEOUT), Ok(None));
    }
}
