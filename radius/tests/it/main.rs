//! The package from outside: known packets, properties, a server on loopback, and radclient of FreeRADIUS against it.
//!
//! Rules: every test has sockets of its own; what must come is waited for ([`switch::SOON`]), what must not come is listened for ([`switch::SILENCE`]).
//! Without radclient its tests fail and say where it comes from.

#![expect(clippy::unwrap_used, reason = "tests")]

mod switch;

mod disconnect;
mod known;
mod properties;
mod radclient;
mod server;
