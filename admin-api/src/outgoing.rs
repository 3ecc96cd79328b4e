//! Requests to other servers.
//!
//! Owns: the HTTP client: TLS by the roots of the machine, how long an answer may take and how large it may be.
//! Does not own: what is asked and what an answer means (`sign_in`, `gateway`, `cash_register`).
//! Always: nothing goes over the network in clear, to this machine alone; a redirection is no answer, as whoever follows one asks whom he did not mean to ask.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// Largest answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Nobody can be spoken to by TLS.
#[derive(Debug, thiserror::Error)]
#[error("no TLS: {0}")]
pub(crate) struct NoTls(String);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutgoingError {
    /// The address would be asked over the network in clear.
    #[error("{0} cannot be asked in clear")]
    InClear(Uri),
    /// It took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// It breaks off, or is too large.
    #[error("the answer breaks off or is too large: {0}")]
    Answer(Box<dyn std::error::Error + Send + Sync>),
    /// There was no connection, or no HTTP on it.
    #[error(transparent)]
    Http(#[from] hyper_util::client::legacy::Error),
}

/// How requests get out.
#[derive(Clone)]
pub(crate) struct Outgoing {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    within: Duration,
}

impl Outgoing {
    /// A way out that believes whom this machine believes, for answers that come in time. Where no root is known only this machine can be asked, unless
    /// `needs_roots`.
    pub(crate) fn new(within: Duration, needs_roots: bool) -> Result<Self, NoTls> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| NoTls(error.to_string()))?;
        let config = match config.clone().with_native_roots() {
            Ok(rooted) => rooted.with_no_client_auth(),
            Err(error) if needs_roots => return Err(NoTls(format!("no root certificate on this machine: {error}"))),
            Err(_) => config.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        };
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), within })
    }

    /// One request and its answer.
    pub(crate) async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        tokio::time::timeout(self.within, self.fetch(request)).await.unwrap_or(Err(OutgoingError::Late(self.within)))
    }

    async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        if !is_guarded(request.uri()) {
            return Err(OutgoingError::InClear(request.uri().clone()));
        }
        let asked = self.client.request(request.map(|body| Full::new(Bytes::from(body))));
        let (parts, body) = asked.await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(OutgoingError::Answer)?;
        Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
    }
}

/// Whether nobody on the way can listen: TLS, or no way at all.
pub(crate) fn is_guarded(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_near = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match address.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_near,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_over_the_network_in_clear() {
        for (address, fits) in [
            ("https://id.example.ru", true),
            ("http://id.example.ru", false),
            ("http://10.0.0.1:9000", false),
            ("http://localhost.example.ru", false),
            ("http://127.0.0.1:9000", true),
            ("http://localhost:9000/payments", true),
            ("http://[::1]:9000/realms/office", true),
            ("ftp://127.0.0.1", false),
            ("/payments", false),
        ] {
            assert_eq!(is_guarded(&address.parse::<Uri>().unwrap()), fits, "{address}");
        }
    }

    #[tokio::test]
    async fn nobody_is_asked_in_clear_over_the_network() {
        let outgoing = Outgoing::new(Duration::from_millis(50), false).unwrap();
        let request = Request::get("http://192.0.2.1/").body(Vec::new()).unwrap();
        assert!(matches!(outgoing.ask(request).await, Err(OutgoingError::InClear(_))));
    }
}
