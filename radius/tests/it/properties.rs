//! What holds of any bytes, any packet, any secret.

use proptest::prelude::*;
use radius::packet::Authenticator;
use radius::request::{AccessRequest, AccountingRequest, Sender};
use radius::signature::{message_authenticator, user_password};
use radius::{Attribute, Code, Kind, Packet, Secret};

/// Any packet that fits, mostly with kinds that are known.
fn packets() -> impl Strategy<Value = Packet> {
    let attribute = (any::<u8>(), prop::collection::vec(any::<u8>(), 0..=253));
    let attributes = prop::collection::vec(attribute, 0..12);
    (any::<u8>(), any::<u8>(), any::<Authenticator>(), attributes).prop_map(
        |(code, identifier, authenticator, attributes)| {
            let attributes =
                attributes.into_iter().map(|(kind, value)| Attribute::new(Kind(kind % 110), value).unwrap());
            Packet { authenticator, ..Packet::new(Code(code), identifier, attributes.collect()) }
        },
    )
}

fn secret_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..100)
}

fn secrets() -> impl Strategy<Value = Secret> {
    secret_bytes().prop_map(|bytes| Secret::new(bytes).unwrap())
}

/// Everything that reads a packet.
fn read(packet: &Packet, secret: &Secret) {
    let sender = Sender { client: "anybody".into(), address: ([192, 0, 2, 7], 1).into() };
    let _ = packet.check_request(secret, true);
    let _ = packet.check_answer(&[0; 16], secret);
    let _ = packet.vendor_attributes();
    if let Ok(request) = AccessRequest::read(packet.clone(), sender.clone(), secret) {
        assert!(!format!("{request:?}").is_empty());
    }
    if let Ok(request) = AccountingRequest::read(packet.clone(), sender) {
        assert!(!format!("{request:?}").is_empty());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), secret in secrets()) {
        if let Ok(packet) = Packet::parse(&bytes) {
            let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            prop_assert_eq!(packet.encode().unwrap(), &bytes[..length]);
            read(&packet, &secret);
        }
    }

    /// The length is right, so that what comes after it is looked at.
    #[test]
    fn no_bytes_after_a_good_head_make_it_panic(
        code in any::<u8>(),
        attributes in prop::collection::vec(any::<u8>(), 0..300),
        secret in secrets(),
    ) {
        let length = (20 + attributes.len()) as u16;
        let bytes = [&[code, 1][..], &length.to_be_bytes(), &[7; 16], &attributes].concat();
        if let Ok(packet) = Packet::parse(&bytes) {
            prop_assert_eq!(packet.encode().unwrap(), bytes);
            read(&packet, &secret);
        }
    }

    #[test]
    fn a_packet_is_read_as_it_was_written(packet in packets(), secret in secrets()) {
        let bytes = packet.encode().unwrap();
        prop_assert_eq!(Packet::parse(&bytes), Ok(packet.clone()));
        read(&packet, &secret);
    }

    /// One byte of a signed packet changed, and it is no packet, or not signed.
    #[test]
    fn no_change_of_a_signed_packet_is_missed(
        packet in packets(),
        secret in secrets(),
        request in any::<Authenticator>(),
        at in any::<prop::sample::Index>(),
        change in 1..=255u8,
    ) {
        let accounting = Packet { code: Code::ACCOUNTING_REQUEST, ..packet.clone() };
        let mut attributes: Vec<Attribute> =
            packet.attributes.iter().filter(|one| one.kind() != Kind::MESSAGE_AUTHENTICATOR).cloned().collect();
        attributes.insert(0, message_authenticator());
        let access = Packet { code: Code::ACCESS_REQUEST, attributes, ..packet.clone() };
        for requested in [accounting, access] {
            let mut bytes = requested.seal_request(&secret).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            if let Ok(changed) = Packet::parse(&bytes) {
                prop_assert!(changed.code != requested.code || changed.check_request(&secret, true).is_err());
            }
        }
        let mut bytes = packet.seal_answer(&request, &secret).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(changed) = Packet::parse(&bytes) {
            prop_assert!(changed.check_answer(&request, &secret).is_err());
        }
    }

    #[test]
    fn what_is_signed_is_believed_by_who_has_the_secret_alone(
        packet in packets(),
        secret in secret_bytes(),
        other in secret_bytes(),
        request in any::<Authenticator>(),
    ) {
        prop_assume!(secret != other);
        let (secret, other) = (Secret::new(secret).unwrap(), Secret::new(other).unwrap());
        // A second Message-Authenticator is never right, nor one of another length.
        let attributes = packet.attributes.iter().filter(|one| one.kind() != Kind::MESSAGE_AUTHENTICATOR).cloned();
        let packet = Packet { code: Code::ACCOUNTING_REQUEST, attributes: attributes.collect(), ..packet };
        let sent = Packet::parse(&packet.seal_request(&secret).unwrap()).unwrap();
        prop_assert_eq!(sent.check_request(&secret, true), Ok(()));
        prop_assert!(sent.check_request(&other, false).is_err());
        let answer = Packet { code: Code::ACCOUNTING_RESPONSE, ..packet };
        let answer = Packet::parse(&answer.seal_answer(&request, &secret).unwrap()).unwrap();
        prop_assert_eq!(answer.check_answer(&request, &secret), Ok(()));
        prop_assert!(answer.check_answer(&request, &other).is_err());
    }

    #[test]
    fn a_password_is_read_as_it_was_hidden(
        password in prop::collection::vec(any::<u8>(), 0..=128),
        secret in secrets(),
        authenticator in any::<Authenticator>(),
    ) {
        let hidden = user_password(&password, &authenticator, &secret).unwrap();
        let packet = Packet { authenticator, ..Packet::new(Code::ACCESS_REQUEST, 1, vec![hidden]) };
        let shown = packet.password(&secret).unwrap().unwrap();
        let length = password.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        prop_assert_eq!(shown.bytes(), &password[..length]);
    }
}
