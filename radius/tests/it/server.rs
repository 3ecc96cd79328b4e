//! The server on loopback: answers, repeats, what is dropped, the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use radius::signature::message_authenticator;
use radius::{Attribute, Code, Event, Kind, Limits, Packet, Status};

use crate::switch::{LIMITS, Running, SECRET, SOON, Switch, access, accounting, clients, secret, text};

/// Kinds of the attributes of a packet, in their order.
fn kinds(packet: &Packet) -> Vec<u8> {
    packet.attributes.iter().map(|attribute| attribute.kind().0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_accepted_for_so_long() {
    let (server, switch) = (Running::usual().await, Switch::new().await);
    let proxy = Attribute::new(Kind::PROXY_STATE, *b"via").unwrap();
    let answer = switch.asks(server.access, &access(1, "79161234567", &[proxy])).await;
    assert_eq!(answer.code, Code::ACCESS_ACCEPT);
    assert_eq!(kinds(&answer), [80, 27, 25, 26, 33]);
    assert_eq!(answer.integer(Kind::SESSION_TIMEOUT), Ok(Some(75)));
    assert_eq!(answer.bytes(Kind::CLASS), Some(b"reservation 17".to_vec()));
    assert_eq!(answer.vendor_attributes()[0].value, b"h323-credit-time=75");
    assert_eq!(server.figures.count(Event::Accepted), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_rejected_with_its_reason() {
    let (server, switch) = (Running::usual().await, Switch::new().await);
    let answer = switch.asks(server.access, &access(1, "broke", &[])).await;
    assert_eq!(answer.code, Code::ACCESS_REJECT);
    assert_eq!(kinds(&answer), [80, 18, 26]);
    assert_eq!(answer.text(Kind::REPLY_MESSAGE).as_deref(), Some("no money left"));
    assert_eq!(server.figures.count(Event::Rejected), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_told_from_its_start_to_its_end() {
    let (server, switch) = (Running::usual().await, Switch::new().await);
    for (identifier, status, seconds) in [(1, 1, None), (2, 3, Some(60)), (3, 2, Some(75))] {
        let time: Vec<Attribute> =
            seconds.map(|seconds| Attribute::integer(Kind::ACCT_SESSION_TIME, seconds)).into_iter().collect();
        let answer = switch.asks(server.accounting, &accounting(identifier, "x", status, &time)).await;
        assert_eq!((answer.code, kinds(&answer)), (Code::ACCOUNTING_RESPONSE, vec![]));
    }
    let told: Vec<_> = server.billing.told.lock().unwrap().iter().map(|told| (told.0, told.2)).collect();
    assert_eq!(told, [(Status::Start, None), (Status::InterimUpdate, Some(60)), (Status::Stop, Some(75))]);
    assert_eq!(server.figures.count(Event::Acknowledged), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_has_the_answer_of_the_first() {
    let (server, switch, other) = (Running::usual().await, Switch::new().await, Switch::new().await);
    for (to, request) in [(server.access, access(1, "x", &[])), (server.accounting, accounting(1, "x", 2, &[]))] {
        let before = server.calls();
        switch.says(to, &request).await;
        let first = switch.hears().await;
        for _ in 0..3 {
            switch.says(to, &request).await;
            assert_eq!(switch.hears().await, first);
        }
        assert_eq!(server.calls(), before + 1);
        // The same bytes from another port are another request.
        other.says(to, &request).await;
        assert_eq!(other.hears().await, first);
        assert_eq!(server.calls(), before + 2);
    }
    // And so is another identifier.
    switch.asks(server.accounting, &accounting(2, "x", 2, &[])).await;
    assert_eq!(server.calls(), 5);
    assert_eq!(server.figures.count(Event::Repeated), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_what_is_under_way_waits_for_the_one_answer() {
    let all = clients(&[("127.0.0.1/32", SECRET, false)]);
    let server = Running::new(all, LIMITS, Duration::from_millis(300)).await;
    let switch = Switch::new().await;
    let request = accounting(1, "slow", 2, &[]);
    switch.says(server.accounting, &request).await;
    switch.says(server.accounting, &request).await;
    server.until(Event::Repeated, 1).await;
    switch.hears().await;
    switch.hears_nothing().await;
    assert_eq!(server.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_that_is_decided_too_late_is_rejected_and_stays_so() {
    let limits = Limits { answer_time: Duration::from_millis(100), ..LIMITS };
    let server = Running::new(clients(&[("127.0.0.1/32", SECRET, false)]), limits, SOON).await;
    let switch = Switch::new().await;
    let request = access(1, "slow", &[]);
    for _ in 0..2 {
        let answer = switch.asks(server.access, &request).await;
        assert_eq!(answer.code, Code::ACCESS_REJECT);
        assert_eq!(answer.text(Kind::REPLY_MESSAGE).as_deref(), Some("no decision in time, try again"));
    }
    assert_eq!(server.calls(), 1);
    assert_eq!((server.figures.count(Event::Late), server.figures.count(Event::Rejected)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounting_that_is_not_written_down_is_told_again() {
    let limits = Limits { answer_time: Duration::from_millis(100), ..LIMITS };
    let server = Running::new(clients(&[("127.0.0.1/32", SECRET, false)]), limits, SOON).await;
    let switch = Switch::new().await;
    let late = accounting(1, "slow once", 2, &[]);
    switch.says(server.accounting, &late).await;
    server.until(Event::Late, 1).await;
    switch.hears_nothing().await;
    assert_eq!(switch.asks(server.accounting, &late).await.code, Code::ACCOUNTING_RESPONSE);
    assert_eq!(server.calls(), 2);
    let refused = accounting(2, "later", 2, &[]);
    for times in 1..=2 {
        switch.says(server.accounting, &refused).await;
        server.until(Event::NotYet, times).await;
    }
    switch.hears_nothing().await;
    assert_eq!(server.calls(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_breaks_leaves_the_request_to_its_repeat() {
    let (server, switch) = (Running::usual().await, Switch::new().await);
    let request = accounting(1, "broken", 2, &[]);
    switch.says(server.accounting, &request).await;
    switch.hears_nothing().await;
    assert_eq!(switch.asks(server.accounting, &request).await.code, Code::ACCOUNTING_RESPONSE);
    assert_eq!(server.calls(), 2);
}

/// what is sent | to which port | what becomes of it
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_it_must_be_is_dropped_in_silence() {
    let all = clients(&[("127.0.0.1/32", SECRET, true)]);
    let (server, switch) = (Running::new(all, LIMITS, Duration::ZERO).await, Switch::new().await);
    let sealed = |code, text: &str, attributes| Packet::new(code, 1, attributes).seal_request(&secret(text)).unwrap();
    let user = || text(Kind::USER_NAME, "x");
    let status = || Attribute::integer(Kind::ACCT_STATUS_TYPE, 1);
    let unsigned = sealed(Code::ACCESS_REQUEST, SECRET, vec![user()]);
    let signed_wrong = sealed(Code::ACCESS_REQUEST, "xyzzy5462", vec![message_authenticator(), user()]);
    let told_wrong = sealed(Code::ACCOUNTING_REQUEST, "xyzzy5462", vec![status(), text(Kind::ACCT_SESSION_ID, "s1")]);
    let no_session = sealed(Code::ACCOUNTING_REQUEST, SECRET, vec![status()]);
    let half = accounting(1, "x", 2, &[])[..30].to_vec();
    let (asks, tells) = (access(1, "x", &[]), accounting(1, "x", 2, &[]));
    let mut times = Event::ALL.map(|event| (event, 0));
    for (datagram, to, event) in [
        (Vec::new(), server.access, Event::Malformed),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), server.access, Event::Malformed),
        (half, server.accounting, Event::Malformed),
        (no_session, server.accounting, Event::Malformed),
        (asks, server.accounting, Event::OutOfPlace),
        (tells, server.access, Event::OutOfPlace),
        (unsigned, server.access, Event::NoMessageAuthenticator),
        (signed_wrong, server.access, Event::NotSigned),
        (told_wrong, server.accounting, Event::NotSigned),
    ] {
        switch.says(to, &datagram).await;
        times[event as usize].1 += 1;
        server.until(event, times[event as usize].1).await;
    }
    switch.hears_nothing().await;
    assert_eq!(server.calls(), 0);
    assert_eq!(times.map(|(event, _)| (event, server.figures.count(event))), times);
}

/// Who has no Message-Authenticator may ask, unless his client is told to have one; and a wrong secret is then seen by the switch alone.
#[tokio::test(flavor = "multi_thread")]
async fn access_without_a_signature_is_answered_where_that_is_allowed() {
    let (server, switch) = (Running::usual().await, Switch::new().await);
    let request = Packet::new(Code::ACCESS_REQUEST, 1, vec![text(Kind::USER_NAME, "x")]);
    let answer = switch.asks(server.access, &request.seal_request(&secret("xyzzy5462")).unwrap()).await;
    assert_eq!(answer.check_answer(&[0; 16], &secret(SECRET)), Ok(()));
    assert!(answer.check_answer(&[0; 16], &secret("xyzzy5462")).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_answered() {
    let all = clients(&[("192.0.2.0/24", SECRET, false)]);
    let (server, switch) = (Running::new(all, LIMITS, Duration::ZERO).await, Switch::new().await);
    switch.says(server.access, &access(1, "x", &[])).await;
    switch.says(server.accounting, &accounting(1, "x", 2, &[])).await;
    server.until(Event::UnknownSource, 2).await;
    switch.hears_nothing().await;
    assert_eq!(server.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_too_many_is_left_to_its_repeat() {
    let limits = Limits { under_way: 1, ..LIMITS };
    let all = clients(&[("127.0.0.1/32", SECRET, false)]);
    let server = Running::new(all, limits, Duration::from_millis(500)).await;
    let switch = Switch::new().await;
    let (first, second) = (accounting(1, "slow", 2, &[]), accounting(2, "x", 2, &[]));
    switch.says(server.accounting, &first).await;
    switch.says(server.accounting, &second).await;
    server.until(Event::Overloaded, 1).await;
    // The other port has places of its own.
    let other = Switch::new().await;
    assert_eq!(other.asks(server.access, &access(1, "x", &[])).await.code, Code::ACCESS_ACCEPT);
    assert_eq!(Packet::parse(&switch.hears().await).unwrap().identifier, 1);
    // The place is free a moment after the answer is out.
    let mut repeats = 0;
    let answer = loop {
        repeats += 1;
        switch.says(server.accounting, &second).await;
        if let Some(answer) = switch.hears_within(Duration::from_millis(100)).await {
            break answer;
        }
        assert!(repeats < 50, "the place is never free");
    };
    assert_eq!(Packet::parse(&answer).unwrap().identifier, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_answered_at_a_time() {
    let all = clients(&[("127.0.0.1/32", SECRET, false)]);
    let server = Arc::new(Running::new(all, LIMITS, Duration::from_millis(400)).await);
    let begun = Instant::now();
    let asking: Vec<_> = (0..10)
        .map(|identifier| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let switch = Switch::new().await;
                switch.asks(server.accounting, &accounting(identifier, "slow", 2, &[])).await.code
            })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.unwrap(), Code::ACCOUNTING_RESPONSE);
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "one after the other: {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_what_is_under_way_is_answered_and_nothing_new() {
    let all = clients(&[("127.0.0.1/32", SECRET, false)]);
    let server = Running::new(all, LIMITS, Duration::from_millis(500)).await;
    let (switch, other) = (Switch::new().await, Switch::new().await);
    switch.says(server.accounting, &accounting(1, "slow", 2, &[])).await;
    let waiting = async {
        while server.calls() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(SOON, waiting).await.unwrap();
    let to = server.accounting;
    let ended = server.end();
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.says(to, &accounting(2, "x", 2, &[])).await;
    assert_eq!(Packet::parse(&switch.hears().await).unwrap().identifier, 1);
    tokio::time::timeout(SOON, ended).await.unwrap().unwrap();
    other.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_to_end_is_left() {
    let limits = Limits { end_time: Duration::from_millis(100), answer_time: SOON, ..LIMITS };
    let server = Running::new(clients(&[("127.0.0.1/32", SECRET, false)]), limits, SOON).await;
    let switch = Switch::new().await;
    switch.says(server.accounting, &accounting(1, "slow", 2, &[])).await;
    let begun = Instant::now();
    tokio::time::timeout(SOON, server.end()).await.unwrap().unwrap();
    assert!(begun.elapsed() < SOON / 2, "{:?}", begun.elapsed());
}
