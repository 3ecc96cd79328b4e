//! Asking a switch to end a call: a switch that is asked, and what it may do wrong.

use std::time::{Duration, Instant};

use radius::disconnect::{DisconnectError, ErrorCause, Nas, Patience};
use radius::signature::message_authenticator;
use radius::{Attribute, Code, Disconnect, Disconnected, Kind, Packet, disconnect};
use tokio::net::UdpSocket;

use crate::switch::{SECRET, SOON, Switch, secret, socket};

const PATIENCE: Patience =
    Patience { first: Duration::from_millis(50), longest: Duration::from_millis(200), total: SOON };
/// Of who waits for an answer that never comes.
const LITTLE: Patience = Patience { total: Duration::from_millis(400), ..PATIENCE };

fn session() -> Disconnect {
    Disconnect {
        session_id: Some("s1".into()),
        user_name: Some("79161234567".into()),
        event_timestamp_s: Some(1_780_000_000),
        ..Disconnect::default()
    }
}

/// How a switch answers a request.
type Answer = fn(&Packet) -> Vec<u8>;

fn sealed(request: &Packet, code: Code, attributes: Vec<Attribute>, text: &str) -> Vec<u8> {
    Packet::new(code, request.identifier, attributes).seal_answer(&request.authenticator, &secret(text)).unwrap()
}

fn acknowledges(request: &Packet) -> Vec<u8> {
    sealed(request, Code::DISCONNECT_ACK, vec![message_authenticator()], SECRET)
}

fn knows_no_session(request: &Packet) -> Vec<u8> {
    sealed(request, Code::DISCONNECT_NAK, vec![Attribute::integer(Kind::ERROR_CAUSE, 503)], SECRET)
}

fn refuses(request: &Packet) -> Vec<u8> {
    sealed(request, Code::DISCONNECT_NAK, vec![], SECRET)
}

fn lies(request: &Packet) -> Vec<u8> {
    sealed(request, Code::DISCONNECT_ACK, vec![], "xyzzy5462")
}

fn speaks_of_another(request: &Packet) -> Vec<u8> {
    let other = Packet { identifier: request.identifier.wrapping_add(1), ..request.clone() };
    sealed(&other, Code::DISCONNECT_ACK, vec![], SECRET)
}

fn speaks_of_something_else(request: &Packet) -> Vec<u8> {
    sealed(request, Code::ACCESS_ACCEPT, vec![], SECRET)
}

fn babbles(_: &Packet) -> Vec<u8> {
    b"what?".to_vec()
}

/// What becomes of a request to a switch that says these, one for each time that it is asked; and what it was asked.
async fn asked(
    answers: &'static [&'static [Answer]],
    is_signed_twice: bool,
    patience: Patience,
) -> (Result<Disconnected, DisconnectError>, Vec<Vec<u8>>) {
    let switch = Switch(socket().await);
    let address = switch.0.local_addr().unwrap();
    let nas = Nas { address, secret: secret(SECRET), message_authenticator: is_signed_twice };
    let hearing = tokio::spawn(async move {
        let mut heard = Vec::new();
        for answers in answers {
            let mut buffer = vec![0; 5_000];
            let (length, from) = switch.0.recv_from(&mut buffer).await.unwrap();
            let request = Packet::parse(&buffer[..length]).unwrap();
            assert_eq!(request.check_request(&secret(SECRET), false), Ok(()));
            heard.push(buffer[..length].to_vec());
            for answer in *answers {
                switch.says(from, &answer(&request)).await;
            }
        }
        heard
    });
    let found = disconnect(&nas, &session(), patience).await;
    (found, hearing.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_or_not() {
    let not_found = Some(ErrorCause::SESSION_CONTEXT_NOT_FOUND);
    const ACKNOWLEDGES: &[&[Answer]] = &[&[acknowledges]];
    const KNOWS_NONE: &[&[Answer]] = &[&[knows_no_session]];
    const REFUSES: &[&[Answer]] = &[&[refuses]];
    for (answers, is_signed_twice, expected) in [
        (ACKNOWLEDGES, true, Disconnected::Ended),
        (ACKNOWLEDGES, false, Disconnected::Ended),
        (KNOWS_NONE, true, Disconnected::Refused(not_found)),
        (REFUSES, true, Disconnected::Refused(None)),
    ] {
        let (found, heard) = asked(answers, is_signed_twice, PATIENCE).await;
        assert_eq!(found.unwrap(), expected);
        let request = Packet::parse(&heard[0]).unwrap();
        assert_eq!(request.code, Code::DISCONNECT_REQUEST);
        assert_eq!(request.first(Kind::MESSAGE_AUTHENTICATOR).is_some(), is_signed_twice);
        assert_eq!(request.text(Kind::ACCT_SESSION_ID).as_deref(), Some("s1"));
        assert_eq!(request.integer(Kind::EVENT_TIMESTAMP), Ok(Some(1_780_000_000)));
    }
}

/// The first two requests get lost; what is repeated is the same, so that the switch sees that it is.
#[tokio::test(flavor = "multi_thread")]
async fn who_hears_nothing_asks_again() {
    const THIRD: &[&[Answer]] = &[&[], &[], &[acknowledges]];
    let (found, heard) = asked(THIRD, true, PATIENCE).await;
    assert_eq!(found.unwrap(), Disconnected::Ended);
    assert_eq!(heard.len(), 3);
    assert!(heard.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_answer_the_request_does_not_count() {
    const LATE: &[&[Answer]] = &[&[babbles, speaks_of_another, speaks_of_something_else, lies, knows_no_session]];
    let (found, _) = asked(LATE, true, PATIENCE).await;
    assert_eq!(found.unwrap(), Disconnected::Refused(Some(ErrorCause(503))));
    const NEVER: &[&[Answer]] = &[&[lies], &[lies]];
    let begun = Instant::now();
    let (found, _) = asked(NEVER, true, LITTLE).await;
    assert!(begun.elapsed() >= LITTLE.total);
    let error = found.unwrap_err().to_string();
    assert!(error.ends_with("has not answered within 400 ms; answers with a wrong signature: 2"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_does_not_listen_has_an_end_too() {
    let gone = socket().await;
    let address = gone.local_addr().unwrap();
    drop::<UdpSocket>(gone);
    let nas = Nas { address, secret: secret(SECRET), message_authenticator: true };
    let found = disconnect(&nas, &session(), LITTLE).await;
    assert!(matches!(found, Err(DisconnectError::NoAnswer { unsigned: 0, .. })), "{found:?}");
    let long = Disconnect { user_name: Some("x".repeat(254)), ..session() };
    let error = disconnect(&nas, &long, LITTLE).await.unwrap_err();
    assert_eq!(error.to_string(), "an attribute of 254 bytes, and 253 is the most");
}
