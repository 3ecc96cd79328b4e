//! The payment gateway of a demonstration: `gateway ADDRESS CALLBACK`, with the secret in `TOLLGATE_GATEWAY_SECRET`.
//!
//! Owns: the command line.
//! Does not own: the gateway (`tests::gateway`).
//! Always: on this machine; it takes no money from anybody.

use anyhow::Context;
use tests::gateway::LocalGateway;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9100".to_owned());
    let callback = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8080/v1/gateway/callback".to_owned());
    let secret = std::env::var("TOLLGATE_GATEWAY_SECRET").context(
        "TOLLGATE_GATEWAY_SECRET is not set: the same as that of admin-api, as `openssl rand -hex 32` writes it",
    )?;
    let gateway = LocalGateway::start_on(&address, &secret, Some(callback.clone())).await;
    eprintln!(
        "the gateway answers on {}, and calls back {callback}; the setting gateway.url takes its address",
        gateway.url()
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}
