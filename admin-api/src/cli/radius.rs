//! The options for switches that speak RADIUS.
//!
//! Owns: the options, opening the ports.
//! Does not own: the file of switches and what is said on the ports (`admin_api::RadiusClients`, `admin_api::RadiusPorts`).
//! Always: both ports or none; no secret is on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use admin_api::{AppState, Doors, RadiusClients, RadiusPorts};
use anyhow::Context;
use clap::Args;
use tokio::net::UdpSocket;

// Of switches that speak RADIUS. (A comment of documentation here would become that of the whole command.)
#[derive(Args)]
#[expect(clippy::struct_field_names, reason = "the options are called so")]
pub(super) struct RadiusArgs {
    /// Switches that speak RADIUS: a TOML file with their addresses, secrets and sources; deploy/radius.example.toml has every key. With it calls of these
    /// switches are ended when staff say so, also by a process without the two ports. A change of it counts when the program starts anew.
    #[arg(long, env = "TOLLGATE_RADIUS_CLIENTS")]
    radius_clients: Option<PathBuf>,
    /// Address and port for Access-Requests, by custom port 1812; default: none. On a machine with several addresses give the one that switches ask.
    #[arg(long, env = "TOLLGATE_RADIUS_ACCESS", requires = "radius_clients", requires = "radius_accounting")]
    radius_access: Option<SocketAddr>,
    /// Address and port for Accounting-Requests, by custom port 1813.
    #[arg(long, env = "TOLLGATE_RADIUS_ACCOUNTING", requires = "radius_access")]
    radius_accounting: Option<SocketAddr>,
}

/// What they say.
pub(super) struct Radius {
    clients: Option<RadiusClients>,
    ports: Option<(SocketAddr, SocketAddr)>,
}

impl RadiusArgs {
    /// Reads the file of switches.
    pub(super) fn read(self) -> anyhow::Result<Radius> {
        let clients = self.radius_clients.map(|path| RadiusClients::read(&path)).transpose();
        let clients = clients.context("--radius-clients")?;
        Ok(Radius { clients, ports: self.radius_access.zip(self.radius_accounting) })
    }
}

impl Radius {
    /// The state with the switches, if there are any.
    pub(super) fn given_to(&self, state: AppState) -> AppState {
        match &self.clients {
            Some(clients) => state.with_radius(clients.clone()),
            None => state,
        }
    }

    /// The doors with the ports, if they are asked for.
    pub(super) async fn open(self, doors: Doors) -> anyhow::Result<Doors> {
        let (Some(clients), Some((access, accounting))) = (self.clients, self.ports) else { return Ok(doors) };
        let switches = clients.count();
        let sockets = (bound("--radius-access", access).await?, bound("--radius-accounting", accounting).await?);
        tracing::info!("{switches} RADIUS clients: access on {access}, accounting on {accounting}");
        Ok(doors.with_radius(RadiusPorts::new(sockets.0, sockets.1, clients)))
    }
}

async fn bound(option: &str, address: SocketAddr) -> anyhow::Result<UdpSocket> {
    let socket = UdpSocket::bind(address).await;
    socket.with_context(|| format!("cannot listen on UDP {address}; {option} takes another address"))
}
