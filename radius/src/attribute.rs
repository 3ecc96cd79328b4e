//! Attributes: a kind, and up to 253 bytes that mean what the kind says.
//!
//! Owns: the kinds that a prepaid system asks about, how text, whole numbers and addresses are written, attributes of vendors and those of Cisco that
//! switches for telephony send.
//! Does not own: which attributes belong into which packet (`request`, `answer`, `disconnect`).
//! Always: the bytes of a value are kept as they came, so that a packet is written as it was read; reading a value never fails the packet.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv4Addr;

/// Most bytes of a value.
pub const VALUE_BYTES_MAX: usize = 253;

/// Before the value of a vendor's attribute: vendor (4), kind (1), length (1).
const VENDOR_HEAD_BYTES: usize = 6;

/// Which attribute. The numbers are those of IANA's registry; those without a name here are as good as the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u8);

impl Kind {
    /// Who calls, as the switch names the subscriber.
    pub const USER_NAME: Self = Self(1);
    /// Password, hidden with the shared secret.
    pub const USER_PASSWORD: Self = Self(2);
    /// Address of the switch.
    pub const NAS_IP_ADDRESS: Self = Self(4);
    /// Text for the caller.
    pub const REPLY_MESSAGE: Self = Self(18);
    /// What the server wants to have back with the next request.
    pub const STATE: Self = Self(24);
    /// What the server wants to have back with all accounting of the session.
    pub const CLASS: Self = Self(25);
    /// Attributes of a vendor.
    pub const VENDOR_SPECIFIC: Self = Self(26);
    /// Seconds that the session may last.
    pub const SESSION_TIMEOUT: Self = Self(27);
    /// Number called.
    pub const CALLED_STATION_ID: Self = Self(30);
    /// Number calling.
    pub const CALLING_STATION_ID: Self = Self(31);
    /// Name of the switch.
    pub const NAS_IDENTIFIER: Self = Self(32);
    /// What a proxy wants to have back.
    pub const PROXY_STATE: Self = Self(33);
    /// Start, interim update, stop.
    pub const ACCT_STATUS_TYPE: Self = Self(40);
    /// Seconds since what is reported happened.
    pub const ACCT_DELAY_TIME: Self = Self(41);
    /// Which session.
    pub const ACCT_SESSION_ID: Self = Self(44);
    /// Seconds that the session has lasted.
    pub const ACCT_SESSION_TIME: Self = Self(46);
    /// Why the session ended.
    pub const ACCT_TERMINATE_CAUSE: Self = Self(49);
    /// Which sessions belong together.
    pub const ACCT_MULTI_SESSION_ID: Self = Self(50);
    /// Seconds since 1970 at which it happened.
    pub const EVENT_TIMESTAMP: Self = Self(55);
    /// A message of EAP, which this package does not speak.
    pub const EAP_MESSAGE: Self = Self(79);
    /// Signature over a whole packet.
    pub const MESSAGE_AUTHENTICATOR: Self = Self(80);
    /// Why a request to disconnect was not followed.
    pub const ERROR_CAUSE: Self = Self(101);

    /// Its name in the registry; none for those that have no constant here.
    pub fn name(self) -> Option<&'static str> {
        let index = KIND_NAMES.binary_search_by_key(&self, |(kind, _)| *kind).ok()?;
        Some(KIND_NAMES[index].1)
    }
}

/// By number.
const KIND_NAMES: &[(Kind, &str)] = &[
    (Kind::USER_NAME, "User-Name"),
    (Kind::USER_PASSWORD, "User-Password"),
    (Kind::NAS_IP_ADDRESS, "NAS-IP-Address"),
    (Kind::REPLY_MESSAGE, "Reply-Message"),
    (Kind::STATE, "State"),
    (Kind::CLASS, "Class"),
    (Kind::VENDOR_SPECIFIC, "Vendor-Specific"),
    (Kind::SESSION_TIMEOUT, "Session-Timeout"),
    (Kind::CALLED_STATION_ID, "Called-Station-Id"),
    (Kind::CALLING_STATION_ID, "Calling-Station-Id"),
    (Kind::NAS_IDENTIFIER, "NAS-Identifier"),
    (Kind::PROXY_STATE, "Proxy-State"),
    (Kind::ACCT_STATUS_TYPE, "Acct-Status-Type"),
    (Kind::ACCT_DELAY_TIME, "Acct-Delay-Time"),
    (Kind::ACCT_SESSION_ID, "Acct-Session-Id"),
    (Kind::ACCT_SESSION_TIME, "Acct-Session-Time"),
    (Kind::ACCT_TERMINATE_CAUSE, "Acct-Terminate-Cause"),
    (Kind::ACCT_MULTI_SESSION_ID, "Acct-Multi-Session-Id"),
    (Kind::EVENT_TIMESTAMP, "Event-Timestamp"),
    (Kind::EAP_MESSAGE, "EAP-Message"),
    (Kind::MESSAGE_AUTHENTICATOR, "Message-Authenticator"),
    (Kind::ERROR_CAUSE, "Error-Cause"),
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "attribute {}", self.0),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// More than fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} of {bytes} bytes, and {bytes_max} is the most")]
pub struct TooLong {
    /// Of what there is too much.
    pub what: &'static str,
    /// How much.
    pub bytes: usize,
    /// The most.
    pub bytes_max: usize,
}

/// One attribute. Its `Debug` says how many bytes there are and not which: they may be a number or a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    kind: Kind,
    value: Box<[u8]>,
}

impl Attribute {
    /// An attribute with these bytes.
    pub fn new(kind: Kind, value: impl Into<Box<[u8]>>) -> Result<Self, TooLong> {
        let value = value.into();
        if value.len() > VALUE_BYTES_MAX {
            return Err(TooLong { what: "an attribute", bytes: value.len(), bytes_max: VALUE_BYTES_MAX });
        }
        Ok(Self { kind, value })
    }

    /// An attribute with this text.
    pub fn text(kind: Kind, text: &str) -> Result<Self, TooLong> {
        Self::new(kind, text.as_bytes())
    }

    /// An attribute with this whole number.
    pub fn integer(kind: Kind, value: u32) -> Self {
        Self { kind, value: value.to_be_bytes().into() }
    }

    /// An attribute with this address.
    pub fn address(kind: Kind, address: Ipv4Addr) -> Self {
        Self { kind, value: address.octets().into() }
    }

    /// An attribute of a vendor.
    pub fn vendor(vendor: u32, kind: u8, value: &[u8]) -> Result<Self, TooLong> {
        let bytes_max = VALUE_BYTES_MAX - VENDOR_HEAD_BYTES;
        if value.len() > bytes_max {
            return Err(TooLong { what: "an attribute of a vendor", bytes: value.len(), bytes_max });
        }
        let mut bytes = Vec::with_capacity(VENDOR_HEAD_BYTES + value.len());
        bytes.extend(vendor.to_be_bytes());
        // The length counts kind and length; the value is at most 247 bytes.
        bytes.extend([kind, value.len() as u8 + 2]);
        bytes.extend(value);
        Ok(Self { kind: Kind::VENDOR_SPECIFIC, value: bytes.into() })
    }

    /// Seconds that the call may last, as Cisco's gateways and those that do like them ask for it.
    pub fn h323_credit_time(seconds: u32) -> Self {
        Self::cisco(Cisco::CREDIT_TIME, &seconds.to_string())
    }

    /// Cisco's reason of a refusal, 0: none. A gateway plays the announcement that belongs to it.
    pub fn h323_return_code(code: u32) -> Self {
        Self::cisco(Cisco::RETURN_CODE, &code.to_string())
    }

    /// Which call, as Cisco's gateways name it.
    pub fn h323_conf_id(call: &str) -> Result<Self, TooLong> {
        Self::vendor(CISCO, Cisco::CONF_ID.kind, format!("{}={call}", Cisco::CONF_ID.name).as_bytes())
    }

    /// A pair of Cisco's, `name=value`: whatever there is no attribute for.
    pub fn pair(name: &str, value: &str) -> Result<Self, TooLong> {
        Self::vendor(CISCO, CISCO_AVPAIR, format!("{name}={value}").as_bytes())
    }

    fn cisco(field: Cisco, value: &str) -> Self {
        let text = format!("{}={value}", field.name);
        Self::vendor(CISCO, field.kind, text.as_bytes()).expect("a short name and a number fit")
    }

    /// The first attribute of `bytes`, and what comes after it; none where no whole one is.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let [kind, length, ..] = *bytes else { return None };
        let length = usize::from(length);
        // The length counts kind and length: with less than 2 the range runs backwards, and there is nothing in it.
        let value = bytes.get(2..length)?;
        Some((Self { kind: Kind(kind), value: value.into() }, &bytes[length..]))
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend([self.kind.0, self.written_bytes() as u8]);
        bytes.extend(&self.value[..]);
    }

    /// Bytes that it takes in a packet.
    pub(crate) fn written_bytes(&self) -> usize {
        2 + self.value.len()
    }

    /// Which attribute it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Its bytes as text; what is no UTF-8 is replaced, since a name in a wrong encoding is no reason to lose the record of a call.
    pub fn as_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }

    /// Its bytes as a whole number, where there are four.
    pub fn as_integer(&self) -> Option<u32> {
        self.four_bytes().map(u32::from_be_bytes)
    }

    /// Its bytes as an address, where there are four.
    pub fn as_address(&self) -> Option<Ipv4Addr> {
        self.four_bytes().map(Ipv4Addr::from)
    }

    fn four_bytes(&self) -> Option<[u8; 4]> {
        self.value[..].try_into().ok()
    }

    /// What a vendor put into it; nothing for other kinds. What does not fit the recommended form ends the list: each vendor may have a form of his own.
    pub fn vendor_attributes(&self) -> Vec<VendorAttribute<'_>> {
        let mut found = Vec::new();
        if self.kind != Kind::VENDOR_SPECIFIC {
            return found;
        }
        let Some((vendor, mut rest)) = self.value.split_first_chunk::<4>() else { return found };
        let vendor = u32::from_be_bytes(*vendor);
        while let [kind, length, ..] = *rest {
            let length = usize::from(length);
            let Some(value) = rest.get(2..length) else { break };
            found.push(VendorAttribute { vendor, kind, value });
            rest = &rest[length..];
        }
        found
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.kind, self.value.len())
    }
}

/// One attribute of a vendor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VendorAttribute<'a> {
    /// Number of the enterprise.
    pub vendor: u32,
    /// Which of the vendor's attributes.
    pub kind: u8,
    /// Its bytes.
    pub value: &'a [u8],
}

impl VendorAttribute<'_> {
    /// The value of a pair of Cisco's, where this is one of that name.
    pub fn pair(&self, name: &str) -> Option<String> {
        if (self.vendor, self.kind) != (CISCO, CISCO_AVPAIR) {
            return None;
        }
        let text = String::from_utf8_lossy(self.value);
        Some(text.strip_prefix(name)?.strip_prefix('=')?.to_owned())
    }
}

impl fmt::Debug for VendorAttribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attribute {} of vendor {} ({} bytes)", self.kind, self.vendor, self.value.len())
    }
}

/// Cisco's number as an enterprise.
pub const CISCO: u32 = 9;
/// Cisco's attribute that holds `name=value` for many names.
const CISCO_AVPAIR: u8 = 1;

/// A field that Cisco's gateways send as an attribute of its own, or as a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cisco {
    kind: u8,
    name: &'static str,
}

impl Cisco {
    /// Which call: the same for both of its legs.
    pub const CONF_ID: Self = Self { kind: 24, name: "h323-conf-id" };
    /// Seconds that the call may last.
    pub const CREDIT_TIME: Self = Self { kind: 102, name: "h323-credit-time" };
    /// Why a call is refused.
    pub const RETURN_CODE: Self = Self { kind: 103, name: "h323-return-code" };

    /// Its value, where this attribute has it. Gateways repeat the name before the value (`h323-conf-id=...`); switches that do like them often do not.
    pub(crate) fn value(self, attribute: VendorAttribute<'_>) -> Option<String> {
        if attribute.vendor != CISCO {
            return None;
        }
        let text = String::from_utf8_lossy(attribute.value);
        let named = text.strip_prefix(self.name).and_then(|rest| rest.strip_prefix('='));
        match (attribute.kind, named) {
            (kind, Some(value)) if kind == self.kind || kind == CISCO_AVPAIR => Some(value.to_owned()),
            (kind, None) if kind == self.kind => Some(text.into_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert!(KIND_NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (kind, expected) in
            [(1, "User-Name"), (26, "Vendor-Specific"), (101, "Error-Cause"), (200, "attribute 200")]
        {
            assert_eq!(Kind(kind).to_string(), expected);
        }
    }

    /// bytes | kind, value and what is left, or nothing
    #[test]
    fn an_attribute_is_whole_or_none() {
        for (bytes, expected) in [
            (&[1, 4, 7, 8, 9][..], Some((1, &[7, 8][..], &[9][..]))),
            (&[1, 2], Some((1, &[], &[]))),
            (&[], None),
            (&[1], None),
            (&[1, 0], None),
            (&[1, 1], None),
            (&[1, 5, 7, 8], None),
        ] {
            let found = Attribute::parse(bytes);
            let found = found.as_ref().map(|(attribute, rest)| (attribute.kind().0, attribute.value(), *rest));
            assert_eq!(found, expected, "{bytes:?}");
        }
    }

    #[test]
    fn values_are_read_as_they_are_written() {
        let four = Attribute::integer(Kind::SESSION_TIMEOUT, 90);
        assert_eq!((four.value(), four.as_integer()), (&[0, 0, 0, 90][..], Some(90)));
        let three = Attribute::new(Kind::SESSION_TIMEOUT, [0, 0, 90]).unwrap();
        assert_eq!((three.as_integer(), three.as_address()), (None, None));
        let address = Attribute::address(Kind::NAS_IP_ADDRESS, [192, 168, 1, 16].into());
        assert_eq!(address.as_address(), Some([192, 168, 1, 16].into()));
        assert_eq!(Attribute::text(Kind::USER_NAME, "Нева").unwrap().as_text(), "Нева");
        assert_eq!(Attribute::new(Kind::USER_NAME, [b'a', 0xff]).unwrap().as_text(), "a\u{fffd}");
    }

    #[test]
    fn what_is_too_long_is_refused() {
        assert!(Attribute::new(Kind::CLASS, [0; VALUE_BYTES_MAX]).is_ok());
        let error = Attribute::new(Kind::CLASS, [0; VALUE_BYTES_MAX + 1]).unwrap_err();
        assert_eq!(error.to_string(), "an attribute of 254 bytes, and 253 is the most");
        assert!(Attribute::vendor(CISCO, 1, &[0; 247]).is_ok());
        assert!(Attribute::vendor(CISCO, 1, &[0; 248]).is_err());
    }

    /// bytes of a vendor's attribute | what is in it
    #[test]
    fn a_vendor_has_as_many_as_are_whole() {
        for (bytes, expected) in [
            (&[0, 0, 0, 9, 1, 4, 7, 8][..], vec![(9, 1, &[7, 8][..])]),
            (&[0, 0, 0, 9, 1, 3, 7, 2, 2, 5], vec![(9, 1, &[7]), (9, 2, &[])]),
            (&[0, 0, 0, 9, 1, 3, 7, 2, 9, 5], vec![(9, 1, &[7])]),
            (&[0, 0, 0, 9, 1, 0], vec![]),
            (&[0, 0, 0, 9], vec![]),
            (&[0, 0, 9], vec![]),
        ] {
            let attribute = Attribute::new(Kind::VENDOR_SPECIFIC, bytes).unwrap();
            let found = attribute.vendor_attributes();
            let found: Vec<_> = found.iter().map(|one| (one.vendor, one.kind, one.value)).collect();
            assert_eq!(found, expected, "{bytes:?}");
        }
        assert_eq!(Attribute::new(Kind::CLASS, [0, 0, 0, 9, 1, 3, 7]).unwrap().vendor_attributes(), []);
    }

    /// vendor | kind | text | the conference that it names
    #[test]
    fn a_field_of_cisco_comes_by_itself_or_as_a_pair() {
        for (vendor, kind, text, expected) in [
            (9, 24, "h323-conf-id=0A 0B", Some("0A 0B")),
            (9, 24, "0A 0B", Some("0A 0B")),
            (9, 1, "h323-conf-id=0A 0B", Some("0A 0B")),
            (9, 1, "0A 0B", None),
            (9, 1, "h323-conf-identity=0A", None),
            (9, 102, "h323-conf-id=0A 0B", None),
            (10, 24, "h323-conf-id=0A 0B", None),
        ] {
            let found = Cisco::CONF_ID.value(VendorAttribute { vendor, kind, value: text.as_bytes() });
            assert_eq!(found.as_deref(), expected, "{vendor} {kind} {text}");
        }
        let written = Attribute::h323_credit_time(75);
        assert_eq!(&written.value()[4..], b"\x66\x15h323-credit-time=75");
        assert_eq!(Cisco::CREDIT_TIME.value(written.vendor_attributes()[0]).as_deref(), Some("75"));
        assert_eq!(Attribute::h323_return_code(12).value(), b"\0\0\0\x09\x67\x15h323-return-code=12");
    }

    /// vendor | kind | text | the value of the pair `leg`
    #[test]
    fn a_pair_has_a_name_and_a_value() {
        for (vendor, kind, text, expected) in [
            (9, 1, "leg=1", Some("1")),
            (9, 1, "leg=a=b", Some("a=b")),
            (9, 1, "leg=", Some("")),
            (9, 1, "leg", None),
            (9, 1, "legs=1", None),
            (9, 2, "leg=1", None),
            (10, 1, "leg=1", None),
        ] {
            let found = VendorAttribute { vendor, kind, value: text.as_bytes() }.pair("leg");
            assert_eq!(found.as_deref(), expected, "{vendor} {kind} {text}");
        }
        assert_eq!(Attribute::pair("leg", "1").unwrap().value(), b"\0\0\0\x09\x01\x07leg=1");
        assert!(Attribute::pair("leg", &"x".repeat(244)).is_err());
        let named = Attribute::h323_conf_id("0A 0B").unwrap();
        assert_eq!(Cisco::CONF_ID.value(named.vendor_attributes()[0]).as_deref(), Some("0A 0B"));
    }

    #[test]
    fn no_value_is_shown() {
        let attribute = Attribute::text(Kind::CALLING_STATION_ID, "79161234567").unwrap();
        assert_eq!(format!("{attribute:?}"), "Calling-Station-Id (11 bytes)");
    }
}
