//! The payment gateway: who takes money from cards.
//!
//! | what is asked of it | body | answer |
//! | --- | --- | --- |
//! | `POST /payments` with `Idempotency-Key` | `{"id", "card", "amount", "currency", "account"}` | `{"id", "state", "amount", "currency"}` |
//! | `GET /payments/{id}` | | the same; 404 with the state `not_made` where it knows of no such payment |
//! | `POST /cards/links` | `{"id", "client"}` | `{"id", "url"}`, the page on which a card is entered |
//! | `POST /cards/unlink` | `{"card"}` | `{"state": "unlinked"}` |
//!
//! `id` of a payment is the key of the attempt; the gateway makes it once, whatever is asked how often. `card` is its own name of a card. `amount` is a decimal as a
//! text with two places. `state` is `paid`, `insufficient_funds`, `lost`, `stolen`, `closed`, `do_not_retry`, `soft_decline`, `not_made`, or anything else, as
//! `pending`, which settles nothing. What it says by itself it posts to `/v1/gateway/callback` (`routes::gateway`).
//!
//! Each message has the header `X-Gateway-Signature` ([`signature`]), in both directions. The address is a setting, which people change: so the secret goes over
//! no wire, and an answer that is not signed by it is none, whoever gives it.
//!
//! Owns: the trait of a gateway, the adapter that speaks HTTP, the meaning of its words.
//! Does not own: attempts and cards (`billing::autopayments`), when a card is charged (`card_charges`), the HTTP client (`outgoing`).
//! Always: what may have happened is a doubt, never a refusal; tokens and secrets are in no log.

mod http;
mod signature;
mod wire;

pub use http::{GATEWAY_WITHIN, HttpGateway};
pub use signature::GatewaySecret;
pub(crate) use signature::SIGNATURE;
pub(crate) use wire::heard;

use billing::autopayments::{Charge, Heard};
use futures_util::future::BoxFuture;

/// Why the gateway gave nothing that could be used.
#[derive(Debug, thiserror::Error)]
pub enum GatewayFault {
    /// It cannot be spoken to from here at all.
    #[error("the payment gateway cannot be spoken to: {0}")]
    NoWay(String),
    /// No answer, or none in time.
    #[error("the payment gateway does not answer: {0}")]
    Away(String),
    /// The answer is not signed with the secret.
    #[error("the answer is not signed as the payment gateway signs")]
    Unsigned,
    /// The answer makes no sense.
    #[error("the answer of the payment gateway cannot be understood: {0}")]
    Strange(String),
}

/// A payment gateway, at an address that the settings say.
pub trait Gateway: Send + Sync {
    /// Charges a card, once for the key of the attempt.
    fn charge<'a>(&'a self, url: &'a str, charge: &'a Charge) -> BoxFuture<'a, Heard>;

    /// What became of the attempt with this key.
    fn state<'a>(&'a self, url: &'a str, key: &'a str) -> BoxFuture<'a, Heard>;

    /// The page on which a client enters a card, whose token will come under this key.
    fn link_page<'a>(
        &'a self,
        url: &'a str,
        link: &'a str,
        client: &'a str,
    ) -> BoxFuture<'a, Result<String, GatewayFault>>;

    /// Has it forget a card.
    fn forget<'a>(&'a self, url: &'a str, token: &'a str) -> BoxFuture<'a, Result<(), GatewayFault>>;

    /// Whether what was posted here is its word.
    fn is_its_word(&self, body: &[u8], signature: &str) -> bool;
}
