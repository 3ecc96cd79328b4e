//! The socket of a program, and the connections on it; what programs tell a watchman ([`figures`]).
//!
//! Owns: accepting no more than so many at a time, closing who says nothing for too long, ending well.
//! Does not own: what is asked on them (the router of the program), how many and how long (each program has its [`Limits`]), TLS (a proxy before it).
//! Always: a connection that sends no request in time is closed; beyond the most, the next waits to be accepted; at the end no new ones, and requests
//! under way get a time to be answered.

pub mod figures;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

/// What a connection is held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Time for the head of a request, from the opening of the connection or from the request before.
    pub head_time: Duration,
    /// Time that requests under way get at the end.
    pub end_time: Duration,
}

/// After an error of the socket: the machine is short of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` resolves.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (listener.accept().await, place)
        };
        tokio::select! {
            (accepted, place) = accepted => match accepted {
                Ok((stream, peer)) => connection(stream, peer, place, router.clone(), limits, &graceful),
                Err(error) => {
                    tracing::warn!(%error, "a connection is not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.end_time, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests under way were broken off: they took too long to end");
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    router: Router,
    limits: Limits,
    graceful: &GracefulShutdown,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    // An answer is one small packet; nobody should wait for it.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = watched.await {
            tracing::debug!(%error, %peer, "a connection ended");
        }
    });
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const LIMITS: Limits =
        Limits { connections: 1_000, head_time: Duration::from_secs(30), end_time: Duration::from_secs(30) };

    async fn served(limits: Limits) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()));
        let serving = tokio::spawn(serve(listener, router, limits, async move { drop(stopped.await) }));
        (address, stop, serving)
    }

    /// What the other side says before it is silent for a while, and whether it closed.
    async fn heard(stream: &mut TcpStream) -> (String, bool) {
        let (mut text, mut buffer) = (String::new(), [0; 1024]);
        loop {
            match tokio::time::timeout(Duration::from_millis(300), stream.read(&mut buffer)).await {
                Err(_) => return (text, false),
                Ok(Ok(0) | Err(_)) => return (text, true),
                Ok(Ok(read)) => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_sends_no_head_in_time_is_sent_away() {
        let limits = Limits { head_time: Duration::from_millis(100), ..LIMITS };
        let (address, stop, serving) = served(limits).await;
        for beginning in [&b""[..], b"GET / HTTP/1.1\r\nHo"] {
            let mut slow = TcpStream::connect(address).await.unwrap();
            slow.write_all(beginning).await.unwrap();
            assert!(heard(&mut slow).await.1, "{beginning:?}");
        }
        let mut good = TcpStream::connect(address).await.unwrap();
        good.write_all(REQUEST).await.unwrap();
        let (answer, _) = heard(&mut good).await;
        assert!(answer.ends_with(&good.local_addr().unwrap().to_string()), "{answer}");
        stop.send(()).unwrap();
        serving.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_connection_too_many_waits_for_its_turn() {
        let (address, _stop, _serving) = served(Limits { connections: 1, ..LIMITS }).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(REQUEST).await.unwrap();
        assert!(heard(&mut first).await.0.starts_with("HTTP/1.1 200"));
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        assert_eq!(heard(&mut second).await, (String::new(), false));
        drop(first);
        assert!(heard(&mut second).await.0.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn at_the_end_requests_under_way_are_answered_and_slow_ones_broken_off() {
        let limits = Limits { end_time: Duration::from_millis(500), ..LIMITS };
        let (address, stop, serving) = served(limits).await;
        let (mut slow, mut idle) =
            (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        slow.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        idle.write_all(REQUEST).await.unwrap();
        assert!(heard(&mut idle).await.0.starts_with("HTTP/1.1 200"));
        stop.send(()).unwrap();
        assert!(heard(&mut idle).await.1, "who waits for nothing is closed at once");
        assert!(TcpStream::connect(address).await.is_err(), "nobody else is let in");
        tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap();
    }
}
