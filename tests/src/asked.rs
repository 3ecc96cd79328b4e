//! Requests to the small servers of tests.
//!
//! Owns: reading one request from a connection.
//! Does not own: what is answered.
//! Always: whole, or not at all.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// A request, as far as it matters.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// A header; empty where there is none.
    pub(crate) fn header(&self, wanted: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map_or("", |(_, value)| value.trim())
    }
}

/// Reads a request whole.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.ok()?;
        bytes.extend_from_slice(&part[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            if read == 0 {
                return None;
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut words = head.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let asked = Asked { method, path, head, body: bytes[end + 4..].to_vec() };
        let length: usize = asked.header("content-length").parse().unwrap_or_default();
        if asked.body.len() >= length || read == 0 {
            return Some(asked);
        }
    }
}
