//! From which network address a request comes.
//!
//! Owns: whose word about it is taken.
//! Does not own: what the address is used for (the audit, limits).
//! Always: without a trusted proxy the address of the connection; a header that anybody can write decides nothing.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address behind a request's extensions and headers as text; empty where there is no connection.
pub(crate) fn address(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> String {
    let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else { return String::new() };
    let hops = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).map(str::trim).collect();
    caller(peer.ip(), &hops, proxies).to_string()
}

/// The nearest hop that is no proxy of ours. Each proxy writes down who spoke to it: what stands before the first stranger is his own invention.
fn caller(peer: IpAddr, hops: &[&str], proxies: &[IpNet]) -> IpAddr {
    let is_ours = |address: IpAddr| proxies.iter().any(|network| network.contains(&address));
    let mut caller = peer.to_canonical();
    for hop in hops.iter().rev() {
        if !is_ours(caller) {
            break;
        }
        let Some(before) = address_of(hop) else { break };
        caller = before.to_canonical();
    }
    caller
}

/// The address of a hop; some proxies write its port too.
fn address_of(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// peer | X-Forwarded-For | who it is, behind proxies in 10.0.0.0/8
    #[test]
    fn only_proxies_of_ours_are_believed() {
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        for (peer, hops, expected) in [
            ("192.0.2.7", vec![], "192.0.2.7"),
            ("192.0.2.7", vec!["198.51.100.1"], "192.0.2.7"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", vec!["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", vec!["198.51.100.1", "192.0.2.7", "10.9.9.9"], "192.0.2.7"),
            ("10.0.0.1", vec!["nonsense"], "10.0.0.1"),
            ("10.0.0.1", vec!["203.0.113.5:51234"], "203.0.113.5"),
            ("10.0.0.1", vec!["198.51.100.1", "[2001:db8::1]:443", "10.9.9.9:80"], "2001:db8::1"),
            ("10.0.0.1", vec!["192.0.2.7", "nonsense", "10.2.2.2"], "10.2.2.2"),
            ("::ffff:10.0.0.1", vec!["2001:db8::7"], "2001:db8::7"),
        ] {
            let found = caller(peer.parse().unwrap(), &hops, &proxies);
            assert_eq!(found.to_string(), expected, "{peer} {hops:?}");
        }
        assert_eq!(caller("10.0.0.1".parse().unwrap(), &["192.0.2.7"], &[]).to_string(), "10.0.0.1");
    }
}
