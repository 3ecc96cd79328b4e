//! Signing in: what it takes beside the books.
//!
//! Owns: hashing of passwords, codes of second factors, the key of secrets at rest, the talk with a provider of identities, the gate before every guess.
//! Does not own: what is kept of it (`billing::sign_in`), paths and bodies (`routes::sign_in`).
//! Always: no secret is logged; what strangers try is in the audit, and how often they may try is counted first.

mod gate;
mod passwords;
mod provider;
mod stranger;
pub(crate) mod totp;
mod vault;
mod wanted;

pub(crate) use gate::{count, factor, let_guess, step, wrong};
pub(crate) use passwords::{Passwords, check, cost};
pub(crate) use provider::Identity;
pub use provider::{Provider, ProviderClaim, ProviderFault, ProviderOptions};
pub(crate) use stranger::Stranger;
pub use vault::SecretKey;
pub(crate) use wanted::{BYTES_MAX, Wanted};
