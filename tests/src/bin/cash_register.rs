//! The cash register of a demonstration: `cash_register ADDRESS`.
//!
//! Owns: the command line.
//! Does not own: the service (`tests::cash_register`).
//! Always: on this machine; what it issues is no receipt.

use tests::cash_register::{LOGIN, LocalCashRegister, PASSWORD};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9200".to_owned());
    let service = LocalCashRegister::start_on(&address).await;
    eprintln!(
        "the cash register answers on {0}; admin-api takes --cash-register-url {0} --cash-register-login {LOGIN} --cash-register-password {PASSWORD}",
        service.url()
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}
