//! The switches that speak RADIUS, from their file.
//!
//! Owns: its keys, their defaults and bounds; which switch is which source.
//! Does not own: what is said to them (the neighbours), how they are told apart (`radius::Clients`).
//! Always: a fault names the switch, the key and the remedy; a key that nobody knows is a fault; no fault and no `Debug` shows a secret.
//! `deploy/radius.example.toml` has all keys.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use radius::disconnect::Nas;
use radius::{Client, Clients, Secret};
use rating::Service;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::authorize::{WORD_CHARS_MAX, is_said};

/// Most seconds that a switch may be given at once: a day.
const SECONDS_MAX: u64 = 86_400;

/// Which attribute names a call, as the records of the source will.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallId {
    /// Acct-Session-Id.
    #[default]
    Session,
    /// h323-conf-id.
    Conference,
    /// Acct-Multi-Session-Id.
    MultiSession,
    /// The Class that the answer to the Access-Request has.
    Class,
}

/// What a User-Name is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UserName {
    /// The calling number, where no Calling-Station-Id is.
    #[default]
    Number,
    /// The code of the account.
    Account,
    /// The trunk that the call comes in by.
    Trunk,
    /// Nothing that says who pays.
    Ignored,
}

/// A switch, or several that have everything in common.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    /// Its name, for logs.
    pub(super) name: Arc<str>,
    /// Code of the source whose records report its calls.
    pub(super) source: String,
    /// What names a call.
    pub(super) call_id: CallId,
    /// What a User-Name is.
    pub(super) user_name: UserName,
    /// What is asked for where a request does not say.
    pub(super) service: Service,
    /// Most seconds of a call; `None`: the setting says.
    pub(super) max_seconds: Option<u64>,
    /// Where it is told to end a call.
    pub(super) nas: Option<Nas>,
}

/// All switches that speak RADIUS. A copy shares them.
#[derive(Clone, Debug)]
pub struct RadiusClients {
    clients: Clients,
    switches: Arc<[Switch]>,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum RadiusClientsFault {
    /// The file cannot be read.
    #[error("{} cannot be read: {error}", .path.display())]
    NotRead {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file says something wrong.
    #[error("{}, {} to mend:\n  {}", .path.display(), .faults.len(), .faults.join("\n  "))]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What, each with its key and the remedy.
        faults: Vec<String>,
    },
}

impl RadiusClients {
    /// Reads the file, and those with secrets that it names.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &Path) -> Result<Self, RadiusClientsFault> {
        let path = path.to_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|faults| RadiusClientsFault::Wrong { path, faults }),
            Err(error) => Err(RadiusClientsFault::NotRead { path, error }),
        }
    }

    fn parse(text: &str) -> Result<Self, Vec<String>> {
        let file = File::parse(text).map_err(|fault| vec![fault])?;
        let mut faults = Vec::new();
        let mut known: Vec<(Client, Switch)> = Vec::new();
        for (at, written) in file.client.into_iter().enumerate() {
            if known.iter().any(|(client, _)| *client.name == *written.name) {
                faults.push(format!("client[{at}].name: `{}` stands twice; give each its own", written.name));
            }
            known.extend(written.known(at, &mut faults));
        }
        if known.is_empty() && faults.is_empty() {
            faults
                .push("client: there is none; add a [[client]] with name, network, secret_file and source".to_owned());
        }
        let (clients, switches): (Vec<Client>, Vec<Switch>) = known.into_iter().unzip();
        match Clients::new(clients) {
            Ok(clients) if faults.is_empty() => return Ok(Self { clients, switches: switches.into() }),
            Ok(_) => {}
            Err(same) => faults.push(format!("client: {same}; a network has one client")),
        }
        Err(faults)
    }

    /// Who may ask.
    pub(super) fn clients(&self) -> Clients {
        self.clients.clone()
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.switches.len()
    }

    /// The switch of a request that was heard.
    pub(super) fn switch(&self, client: &str) -> &Switch {
        let switch = self.switches.iter().find(|switch| &*switch.name == client);
        switch.expect("who is heard and who is known come from one file")
    }

    /// Switches whose calls the records of a source report.
    pub(super) fn of_source<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a Switch> {
        self.switches.iter().filter(move |switch| switch.source == source)
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    client: Vec<Written>,
}

impl File {
    /// What the text says. A parser's own words would show the line, and with it a secret: only its sentence is told, and where.
    fn parse(text: &str) -> Result<Self, String> {
        let table = text.parse::<toml::Table>().map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}; texts stand in quotes", before.matches('\n').count() + 1, error.message())
        })?;
        serde_path_to_error::deserialize(toml::Value::Table(table)).map_err(|error| {
            let said = error.inner().message();
            format!("{}: {said}; deploy/radius.example.toml has every key", error.path())
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    network: String,
    secret: Option<Hidden>,
    secret_file: Option<PathBuf>,
    source: String,
    #[serde(default = "yes")]
    message_authenticator: bool,
    #[serde(default)]
    call_id: CallId,
    #[serde(default)]
    user_name: UserName,
    #[serde(default = "outgoing")]
    service: Service,
    max_seconds: Option<u64>,
    disconnect: Option<WrittenDisconnect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDisconnect {
    address: String,
    #[serde(default = "yes")]
    message_authenticator: bool,
}

const fn yes() -> bool {
    true
}

const fn outgoing() -> Service {
    Service::Outgoing
}

/// A text that no error shows.
struct Hidden(String);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("a text in quotes is expected")),
        }
    }
}

impl Written {
    /// The client and the switch that are meant; what is wrong is told.
    fn known(self, at: usize, faults: &mut Vec<String>) -> Option<(Client, Switch)> {
        let mut fault = |key: &str, problem: String| faults.push(format!("client[{at}].{key}: {problem}"));
        if !is_said(&self.name, WORD_CHARS_MAX) {
            fault("name", format!("1 to {WORD_CHARS_MAX} characters are expected, for logs"));
        }
        if !is_said(&self.source, WORD_CHARS_MAX) {
            fault("source", "give the code of a source of the catalogue".to_owned());
        }
        if !self.service.is_call() {
            let calls = Service::ALL.iter().filter(|service| service.is_call()).map(|service| service.as_str());
            fault("service", format!("only calls are asked for: {}", calls.collect::<Vec<_>>().join(", ")));
        }
        if self.max_seconds.is_some_and(|most| !(1..=SECONDS_MAX).contains(&most)) {
            fault("max_seconds", format!("a whole number from 1 to {SECONDS_MAX} is expected"));
        }
        let network = network(&self.network);
        if network.is_none() {
            let written = &self.network;
            fault("network", format!("`{written}` is not understood; give an address or a network, as 10.0.0.0/29"));
        }
        let address = self.disconnect.as_ref().and_then(|to| to.address.parse::<SocketAddr>().ok());
        if let (Some(to), None) = (&self.disconnect, address) {
            let remedy = format!("give an address with a port, as 10.0.0.5:{}", radius::disconnect::PORT);
            fault("disconnect.address", format!("`{}` is not understood; {remedy}", to.address));
        }
        let secret = self.secret().map_err(|(key, problem)| fault(key, problem)).ok()?;
        let name: Arc<str> = self.name.into();
        let nas = self.disconnect.zip(address).map(|(to, address)| Nas {
            address,
            secret: secret.clone(),
            message_authenticator: to.message_authenticator,
        });
        let client = Client {
            name: Arc::clone(&name),
            network: network?,
            secret,
            message_authenticator: self.message_authenticator,
        };
        let switch = Switch {
            name,
            source: self.source,
            call_id: self.call_id,
            user_name: self.user_name,
            service: self.service,
            max_seconds: self.max_seconds,
            nas,
        };
        Some((client, switch))
    }

    /// The secret; or which key is wrong, and how.
    fn secret(&self) -> Result<Secret, (&'static str, String)> {
        let (key, text) = match (&self.secret, &self.secret_file) {
            (Some(Hidden(text)), None) => ("secret", text.clone()),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => ("secret_file", text),
                Err(error) => return Err(("secret_file", format!("{} cannot be read: {error}", path.display()))),
            },
            (None, None) => {
                return Err(("secret_file", "it is missing; name a file with the shared secret".to_owned()));
            }
            (Some(_), Some(_)) => return Err(("secret", "give it here or in secret_file, not both".to_owned())),
        };
        Secret::new(text.trim_end_matches(['\r', '\n'])).map_err(|empty| (key, empty.to_string()))
    }
}

/// A network; one address is a network too.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../deploy/radius.example.toml");

    /// A client with these keys besides; `secret` among them.
    fn client(name: &str, network: &str, more: &str) -> String {
        format!("[[client]]\nname = \"{name}\"\nnetwork = \"{network}\"\nsource = \"sbc\"\n{more}\n")
    }

    #[test]
    fn the_example_is_whole() {
        let faults = RadiusClients::parse(EXAMPLE).unwrap_err();
        assert!(faults.len() == 1 && faults[0].contains("secret_file"), "its file is not here: {faults:?}");
        let file = "secret_file = \"/etc/tollgate/radius-mera-1.secret\"";
        let known = RadiusClients::parse(&EXAMPLE.replace(file, "secret = \"xyzzy5461\"")).unwrap();
        assert_eq!(known.count(), 2);
        let mera = known.switch("mera-1");
        assert_eq!((mera.source.as_str(), mera.call_id, mera.user_name), ("mera", CallId::Session, UserName::Number));
        assert_eq!((mera.service, mera.max_seconds), (Service::Outgoing, Some(3_600)));
        assert_eq!(mera.nas.as_ref().map(|nas| nas.address.port()), Some(radius::disconnect::PORT));
        assert_eq!(known.of_source("mera").count(), 1);
        let client = known.clients().find([10, 0, 0, 5].into()).cloned().unwrap();
        assert_eq!((&*client.name, client.message_authenticator), ("mera-1", true));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let known = RadiusClients::parse(&client("a", "10.0.0.5", "secret = \"x\"")).unwrap();
        let switch = known.switch("a");
        assert_eq!((switch.call_id, switch.user_name), (CallId::Session, UserName::Number));
        assert!(switch.max_seconds.is_none() && switch.nas.is_none());
        assert!(known.clients().find([10, 0, 0, 5].into()).unwrap().message_authenticator);
        assert!(known.clients().find([10, 0, 0, 6].into()).is_none());
    }

    /// file | what is told; never the secret
    #[test]
    fn faults_name_the_key_and_the_remedy() {
        let hush = "secret = \"hushhush\"";
        for (text, expected) in [
            (String::new(), "client: there is none; add a [[client]]"),
            ("[[client]]\nname = \"a\"\nsecret = hushhush\n".to_owned(), "line 3: "),
            ("[[client]]\nname = \"a\"\n".to_owned(), "client[0]: missing field `network`"),
            (client("a", "10.0.0.5", "secret = 4242424242"), "client[0].secret: a text in quotes is expected"),
            (client("a", "10.0.0.5", "secret = \"\""), "client[0].secret: the shared secret is empty"),
            (client("a", "10.0.0.5", "sekret = \"hushhush\""), "unknown field `sekret`"),
            (client("a", "10.0.0.5", ""), "client[0].secret_file: it is missing; name a file"),
            (client("a", "10.0.0.5", "secret_file = \"/no/such\""), "client[0].secret_file: /no/such cannot be read"),
            (client("a", "10.0.0.5", &format!("{hush}\nsecret_file = \"x\"")), "client[0].secret: give it here or"),
            (client("a", "10.0.0", hush), "client[0].network: `10.0.0` is not understood; give an address"),
            (client("", "10.0.0.5", hush), "client[0].name: 1 to 100 characters"),
            (client("a", "10.0.0.5", &format!("{hush}\ncall_id = \"sip\"")), "client[0].call_id"),
            (client("a", "10.0.0.5", &format!("{hush}\nservice = \"message\"")), "client[0].service: only calls"),
            (client("a", "10.0.0.5", &format!("{hush}\nmax_seconds = 0")), "client[0].max_seconds: a whole number"),
            (
                client("a", "10.0.0.5", &format!("{hush}\n[client.disconnect]\naddress = \"10.0.0.5\"")),
                "client[0].disconnect.address: `10.0.0.5` is not understood; give an address with a port",
            ),
            (
                client("a", "10.0.0.5", hush) + &client("a", "10.0.0.6", hush),
                "client[1].name: `a` stands twice; give each its own",
            ),
            (
                client("a", "10.0.0.5", hush) + &client("b", "10.0.0.5/32", hush),
                "client: `a` and `b` have the same network, 10.0.0.5/32",
            ),
        ] {
            let faults = RadiusClients::parse(&text).unwrap_err().join("\n");
            assert!(faults.contains(expected), "{expected}: {faults}");
            assert!(!faults.contains("hushhush") && !faults.contains("4242424242"), "{faults}");
        }
        let several = client("a", "here", "secret = \"x\"\nmax_seconds = 0") + &client("b", "there", "secret = \"x\"");
        assert_eq!(RadiusClients::parse(&several).unwrap_err().len(), 3, "all at once");
        let error = RadiusClients::read(Path::new("/no/such")).unwrap_err().to_string();
        assert!(error.starts_with("/no/such cannot be read: "), "{error}");
        let debug = format!("{:?}", RadiusClients::parse(&client("a", "10.0.0.5", hush)).unwrap());
        assert!(!debug.contains("hushhush"), "{debug}");
    }
}
