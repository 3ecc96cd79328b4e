//! Who may ask, and with which secret.
//!
//! Owns: clients by the network that their requests come from.
//! Does not own: where they are configured.
//! Always: the smallest network that an address is in decides; nobody is let in by default.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::secret::Secret;

/// A switch, or several with one secret.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name, for logs and for the handler.
    pub name: Arc<str>,
    /// Where its requests come from; one address is a network too.
    pub network: IpNet,
    /// What it shares with us.
    pub secret: Secret,
    /// Whether its Access-Requests must have a Message-Authenticator. Without, anybody who can write its address asks in its name; there are switches
    /// that cannot send one.
    pub message_authenticator: bool,
}

/// All of them. A copy shares them.
#[derive(Clone, Debug)]
pub struct Clients(Arc<[Client]>);

/// Two clients in one network: whose secret would count?
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` and `{second}` have the same network, {network}")]
pub struct SameNetwork {
    /// The one.
    pub first: Arc<str>,
    /// The other.
    pub second: Arc<str>,
    /// Of both.
    pub network: IpNet,
}

impl Clients {
    /// All clients.
    ///
    /// # Errors
    /// Where two have the same network.
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Result<Self, SameNetwork> {
        let mut clients: Vec<Client> = clients.into_iter().collect();
        for client in &mut clients {
            client.network = client.network.trunc();
        }
        // The smallest first: the first that fits decides.
        clients.sort_by_key(|client| (std::cmp::Reverse(client.network.prefix_len()), client.network));
        if let Some([first, second]) = clients.windows(2).find(|pair| pair[0].network == pair[1].network) {
            let network = first.network;
            return Err(SameNetwork { first: Arc::clone(&first.name), second: Arc::clone(&second.name), network });
        }
        Ok(Self(clients.into()))
    }

    /// The client at an address. An address of IPv4 in the clothes of IPv6, as a socket for both shows it, is one of IPv4.
    pub fn find(&self, address: IpAddr) -> Option<&Client> {
        let address = address.to_canonical();
        self.0.iter().find(|client| client.network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(network: &str) -> Client {
        let network = network.parse().unwrap();
        Client {
            name: format!("at {network}").into(),
            network,
            secret: Secret::new("x").unwrap(),
            message_authenticator: false,
        }
    }

    /// address | the network that decides
    #[test]
    fn the_smallest_network_decides() {
        let networks = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "2001:db8::/32", "192.0.2.77/24"];
        let clients = Clients::new(networks.map(client)).unwrap();
        for (address, expected) in [
            ("10.9.9.9", Some("10.0.0.0/8")),
            ("10.1.9.9", Some("10.1.0.0/16")),
            ("10.1.2.3", Some("10.1.2.3/32")),
            ("::ffff:10.1.2.3", Some("10.1.2.3/32")),
            ("2001:db8::1", Some("2001:db8::/32")),
            ("192.0.2.1", Some("192.0.2.0/24")),
            ("11.0.0.1", None),
            ("::1", None),
        ] {
            let found = clients.find(address.parse().unwrap()).map(|client| client.network.to_string());
            assert_eq!(found.as_deref(), expected, "{address}");
        }
        assert!(Clients::new([]).unwrap().find([127, 0, 0, 1].into()).is_none());
    }

    #[test]
    fn one_network_has_one_client() {
        let error = Clients::new(["10.0.0.1/8", "10.0.0.0/16", "10.0.0.0/8"].map(client)).unwrap_err();
        assert_eq!(error.to_string(), "`at 10.0.0.1/8` and `at 10.0.0.0/8` have the same network, 10.0.0.0/8");
    }
}
