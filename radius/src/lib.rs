//! RADIUS, as a switch (a NAS) speaks it to a prepaid system.
//!
//! Owns: attributes ([`attribute`]) and packets ([`packet`]), shared secrets ([`secret`]) and what is signed with them ([`signature`]), what a switch
//! asks ([`request`]) and is told ([`answer`]), who may ask ([`clients`]), the server on two ports ([`server`]) with its figures ([`figures`]),
//! requests to end a call ([`mod@disconnect`]), numbers of subscribers in logs ([`masked`]).
//! Does not own: who may call, for how long, and what it costs: the [`Handler`] of a program decides; where secrets are kept; how figures are shown.
//! Always: no bytes make it panic; a datagram that is not signed as it must be has no answer; a secret or a password is in no log and in no `Debug`,
//! a number of a subscriber in neither but masked.
//!
//! After RFC 2865 (access), 2866 (accounting), 5176 (disconnecting), 2869 and 3579 (Message-Authenticator), 5080 (repeats). Start reading at
//! [`server::serve`].

pub mod attribute;
pub mod packet;

pub mod secret;
pub mod signature;

pub mod request;

pub mod answer;

pub mod clients;
pub mod figures;

mod duplicates;
pub mod server;

pub mod disconnect;

pub mod masked;

pub use answer::{Accept, AccessAnswer, AccountingAnswer, Reject};
pub use attribute::{Attribute, Kind};
pub use clients::{Client, Clients};
pub use disconnect::{Disconnect, Disconnected, disconnect};
pub use figures::{Event, Figures};
pub use packet::{Code, Packet};
pub use request::{AccessRequest, AccountingRequest, Status};
pub use secret::Secret;
pub use server::{Answering, Handler, Limits, Setting, Sockets, serve};
