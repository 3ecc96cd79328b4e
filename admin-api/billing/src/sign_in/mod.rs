//! How people sign in: passwords, sessions, second factors, a provider of identities, and how often somebody may guess.
//!
//! Owns: tables `staff_password`, `password_setup`, `staff_session`, `staff_totp`, `recovery_code`, `sign_in_throttle`, `provider_sign_in`.
//! Does not own: users and their rights, the look-up of a session by its token (`staff`); hashes, codes and random bits (whoever calls makes and checks them).
//! Always: tokens and codes are kept as digests only; what is good once is spent by the statement that looks whether it is good; a password that is set ends
//! the other sessions.

mod passwords;
mod provider;
mod rules;
mod second_factor;
mod sessions;
mod throttle;

pub(crate) use passwords::void_setups;
pub use passwords::{Known, Totp, by_email, by_id, by_login, by_setup, change_password, redeem, reset};
pub use provider::{keep_state, take_state};
pub use rules::{PASSWORD_BYTES_MAX, Weakness, weakness};
pub use second_factor::{Factor, begin_totp, confirm_totp, end_totp};
pub(crate) use sessions::end_sessions;
pub use sessions::{NewSession, Opened, Proof, Session, Way, end_session, open, sessions};
pub(crate) use throttle::clear;
pub use throttle::{Guesser, Limits, Wait, failed, waits};

use sha2::{Digest, Sha256};

use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No such session of the caller.
    #[error("there is no such session")]
    NotFound,
    /// It is so already.
    #[error("it is so already")]
    Already,
    /// What was shown is no longer good: used, run out, or replaced meanwhile.
    #[error("what was shown is no longer good")]
    Spent,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SignInError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Digest of texts under which something is kept, or found again.
fn digest(parts: &[&str]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}
