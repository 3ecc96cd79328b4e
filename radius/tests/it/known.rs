//! Packets whose bytes somebody else has computed: the examples of RFC 2865 (section 7) and RFC 5997 (section 6), and what radclient 3.2.1 has sent. All
//! with the shared secret of those examples.

use std::fmt::Write as _;

use radius::packet::Authenticator;
use radius::request::{AccessRequest, AccountingRequest, Sender};
use radius::signature::{NotSigned, message_authenticator, user_password};
use radius::{Attribute, Code, Kind, Packet, Status};

use crate::switch::{SECRET, secret, text};

/// nemo logs in, his password is `arctangent`.
const NEMO: &str = "01000038 0f403f9473978057bd83d5cb98f4227a 01066e656d6f 0212 0dbe708d93d413ce3196e43f782a0aee
    0406c0a80110 050600000003";
const NEMO_ACCEPTED: &str = "02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103";
/// flopsy shows that he knows a password (CHAP).
const FLOPSY: &str =
    "01010047 2aee86f08d0d55969ca5978e0d3367a2 0108666c6f707379 031316 e97557c316185895f293ff6344077275
    0406c0a80110 050600000014 060600000002 070600000001";
const FLOPSY_ACCEPTED: &str = "02010038 15efbc7dab26cfa3dc34d9c03c8601a4 060600000002 070600000001 0806fffffffe
    0a0600000002 0d0600000001 0c06000005dc";
/// mopsy says `challenge`, is asked something, answers, and is rejected.
const MOPSY: &str = "01020039 f3a47a1f6a6d76710b947ab93041a039 01076d6f707379 0212 33657573778289b570885e15084825c5
    0406c0a80110 050600000007";
const MOPSY_CHALLENGED: &str = "0b02004e 36f3c8764ae8c71157403c0c71ff9c45
    1230 4368616c6c656e6765203332373639343330 2e2020456e74657220726573706f6e73652061742070726f6d70742e
    180a3332373639343330";
const MOPSY_AGAIN: &str =
    "01030043 b122556d428a13d0d6253807c457ecf0 01076d6f707379 0212 692c1f205fc081b919b95195f561a581
    0406c0a80110 050600000007 180a3332373639343330";
const MOPSY_REJECTED: &str = "03030014 a42f4fca45916c4e09c8340f9e746aa0";
/// Is anybody there? With a Message-Authenticator.
const STATUS: &str = "0cda0026 8a54f4686fb394c52866e302185d0623 5012 5a665e2e1e8411f3e243822097c84fa3";
const STATUS_ACCEPTED: &str = "02da0014 ef0d552a4bf2d693ec2b6fe8b5411d66";
/// radclient asks whether a call may be made.
const RADCLIENT_ACCESS: &str = "018a007c 98a55e80c71e34e45c8504f826e9778f 010d3739313631323334353637
    0212 51a28ce3a935174c8115c92220b153a6 1f0d3739313631323334353637 1e0e333831313134313132303630
    1a1c00000009 1816 683332332d636f6e662d69643d31203220332034 5012 049983d812afb421356da79f728eaa33";
/// radclient tells that it began.
const RADCLIENT_START: &str =
    "04250042 e45f42492aff598ebca2dccea7bb44fc 010d3739313631323334353637 280600000001 2c047331
    5012 995a7d563f46d6dd9404267ba27e7483 1905010203";
/// radclient wants it ended.
const RADCLIENT_DISCONNECT: &str = "285b0037 51e7e9d64b29801b8566f32dc73c1a4b 010d3739313631323334353637 2c047331
    5012 f6c4497b6de4856a1d13c4ac948966c5";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn packet(hex: &str) -> Packet {
    Packet::parse(&bytes(hex)).unwrap()
}

fn sender() -> Sender {
    Sender { client: "nas".into(), address: ([192, 168, 1, 16], 40_000).into() }
}

#[test]
fn known_packets_are_written_as_they_were_read() {
    for known in [
        NEMO,
        NEMO_ACCEPTED,
        FLOPSY,
        FLOPSY_ACCEPTED,
        MOPSY,
        MOPSY_CHALLENGED,
        MOPSY_AGAIN,
        MOPSY_REJECTED,
        STATUS,
        STATUS_ACCEPTED,
        RADCLIENT_ACCESS,
        RADCLIENT_START,
        RADCLIENT_DISCONNECT,
    ] {
        let known = bytes(known);
        let mut padded = known.clone();
        padded.extend([0xff; 7]);
        for datagram in [&known, &padded] {
            assert_eq!(hex(&Packet::parse(datagram).unwrap().encode().unwrap()), hex(&known));
        }
        for end in 0..known.len() {
            assert!(Packet::parse(&known[..end]).is_err(), "{end} bytes of {}", hex(&known));
        }
    }
}

/// request | answer
#[test]
fn known_answers_belong_to_their_requests() {
    let pairs = [
        (NEMO, NEMO_ACCEPTED),
        (FLOPSY, FLOPSY_ACCEPTED),
        (MOPSY, MOPSY_CHALLENGED),
        (MOPSY_AGAIN, MOPSY_REJECTED),
        (STATUS, STATUS_ACCEPTED),
    ];
    for (request, answer) in pairs {
        let request = packet(request).authenticator;
        let answer_packet = packet(answer);
        assert_eq!(answer_packet.check_answer(&request, &secret(SECRET)), Ok(()), "{answer_packet:?}");
        let wrong = answer_packet.check_answer(&request, &secret("xyzzy5462"));
        assert_eq!(wrong, Err(NotSigned::Authenticator), "{answer_packet:?}");
        // And made by us they are the same.
        let ours = Packet { authenticator: [0; 16], ..answer_packet };
        assert_eq!(hex(&ours.seal_answer(&request, &secret(SECRET)).unwrap()), hex(&bytes(answer)));
        for (other, _) in pairs {
            let other = packet(other).authenticator;
            assert_eq!(packet(answer).check_answer(&other, &secret(SECRET)).is_ok(), other == request);
        }
    }
}

/// request | password
#[test]
fn known_passwords_are_read_and_hidden() {
    for (request, expected) in
        [(NEMO, "arctangent"), (MOPSY, "challenge"), (MOPSY_AGAIN, "99101462"), (RADCLIENT_ACCESS, "x")]
    {
        let packet = packet(request);
        let password = packet.password(&secret(SECRET)).unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(password.bytes()), expected);
        let hidden = user_password(expected.as_bytes(), &packet.authenticator, &secret(SECRET)).unwrap();
        assert_eq!(Some(&hidden), packet.first(Kind::USER_PASSWORD));
    }
    assert!(packet(FLOPSY).password(&secret(SECRET)).unwrap().is_none());
}

/// request | with the right secret | with a wrong one | with the right one, when a Message-Authenticator is asked for
#[test]
fn known_requests_are_signed() {
    use NotSigned::{Authenticator, MessageAuthenticator, NoMessageAuthenticator};
    for (request, right, wrong, asked_for) in [
        (NEMO, Ok(()), Ok(()), Err(NoMessageAuthenticator)),
        (STATUS, Ok(()), Err(MessageAuthenticator), Ok(())),
        (RADCLIENT_ACCESS, Ok(()), Err(MessageAuthenticator), Ok(())),
        (RADCLIENT_START, Ok(()), Err(Authenticator), Ok(())),
        (RADCLIENT_DISCONNECT, Ok(()), Err(Authenticator), Ok(())),
    ] {
        let found = packet(request);
        assert_eq!(found.check_request(&secret(SECRET), false), right, "{found:?}");
        assert_eq!(found.check_request(&secret("xyzzy5462"), false), wrong, "{found:?}");
        assert_eq!(found.check_request(&secret(SECRET), true), asked_for, "{found:?}");
    }
}

#[test]
fn a_known_access_request_is_read() {
    let request = AccessRequest::read(packet(RADCLIENT_ACCESS), sender(), &secret(SECRET)).unwrap();
    assert_eq!(request.call.user_name.as_deref(), Some("79161234567"));
    assert_eq!(request.call.calling.as_deref(), Some("79161234567"));
    assert_eq!(request.call.called.as_deref(), Some("381114112060"));
    assert_eq!(request.call.conference_id.as_deref(), Some("1 2 3 4"));
    assert_eq!(request.password.unwrap().bytes(), b"x");
    let nemo = AccessRequest::read(packet(NEMO), sender(), &secret(SECRET)).unwrap();
    assert_eq!(nemo.call.nas_address, Some([192, 168, 1, 16].into()));
    assert_eq!(nemo.packet.integer(Kind(5)), Ok(Some(3)));
}

#[test]
fn known_accounting_is_read() {
    let start = AccountingRequest::read(packet(RADCLIENT_START), sender()).unwrap();
    assert_eq!((start.status, start.call.session_id.as_deref()), (Status::Start, Some("s1")));
    assert_eq!(start.call.class, Some(vec![1, 2, 3]));
}

/// What radclient has sent is what is made here of the same attributes.
#[test]
fn requests_are_made_as_radclient_makes_them() {
    let made = |code, identifier, authenticator: Authenticator, attributes| {
        let packet = Packet { authenticator, ..Packet::new(code, identifier, attributes) };
        hex(&packet.seal_request(&secret(SECRET)).unwrap())
    };
    let (user, session) = (text(Kind::USER_NAME, "79161234567"), text(Kind::ACCT_SESSION_ID, "s1"));
    let class = Attribute::new(Kind::CLASS, [1, 2, 3]).unwrap();
    let start = vec![
        user.clone(),
        Attribute::integer(Kind::ACCT_STATUS_TYPE, 1),
        session.clone(),
        message_authenticator(),
        class,
    ];
    let disconnect = vec![user.clone(), session, message_authenticator()];
    assert_eq!(made(Code::ACCOUNTING_REQUEST, 0x25, [0; 16], start), hex(&bytes(RADCLIENT_START)));
    assert_eq!(made(Code::DISCONNECT_REQUEST, 0x5b, [0; 16], disconnect), hex(&bytes(RADCLIENT_DISCONNECT)));
    let random = packet(RADCLIENT_ACCESS).authenticator;
    let access = vec![
        user,
        user_password(b"x", &random, &secret(SECRET)).unwrap(),
        text(Kind::CALLING_STATION_ID, "79161234567"),
        text(Kind::CALLED_STATION_ID, "381114112060"),
        Attribute::vendor(9, 24, b"h323-conf-id=1 2 3 4").unwrap(),
        message_authenticator(),
    ];
    assert_eq!(made(Code::ACCESS_REQUEST, 0x8a, random, access), hex(&bytes(RADCLIENT_ACCESS)));
}
