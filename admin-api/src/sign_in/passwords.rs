//! Hashing of passwords.
//!
//! Owns: Argon2id and its cost, the turns of those who wait for a hash.
//! Does not own: where a hash is kept (`billing::sign_in`), how often somebody may guess (`gate`).
//! Always: on a thread that may block, few at once, so that many sign-ins do not take all memory; somebody unknown takes the time of a wrong password.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{self, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use billing::settings::Settings;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Problem};
use crate::tokens;

/// Hashes that are made at once: with the cost of the defaults they take 76 MiB.
const AT_ONCE: usize = 4;
/// Longest time that somebody waits for his turn.
const TURN_WITHIN: Duration = Duration::from_secs(5);
const SALT_BYTES: usize = 16;

/// The threads that hash, as far as they are free.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// A turn; it ends with the hash, also when nobody waits for that any more.
pub(crate) struct Turn(OwnedSemaphorePermit);

/// What a check has found.
pub(crate) struct Checked {
    /// Whether the password is the one that was hashed.
    pub(crate) fits: bool,
    /// The same password hashed anew, where the cost has changed since.
    pub(crate) rehashed: Option<String>,
}

/// The cost by the settings.
pub(crate) fn cost(settings: &Settings) -> Result<Params, Problem> {
    let number = |key: &str| settings.number(key).map(|number| u32::try_from(number).unwrap_or_default());
    let (memory, passes) = (number("password.memory_kib")?, number("password.passes")?);
    Params::new(memory, passes, number("password.lanes")?, None).map_err(|error| {
        tracing::error!("settings password.*: {error}");
        Problem::new(Code::Internal)
    })
}

impl Passwords {
    /// Waits for a turn.
    pub(crate) async fn turn(&self) -> Result<Turn, Problem> {
        if let Ok(Ok(permit)) = tokio::time::timeout(TURN_WITHIN, Arc::clone(&self.turns).acquire_owned()).await {
            return Ok(Turn(permit));
        }
        tracing::warn!("no turn to hash a password within {} s", TURN_WITHIN.as_secs());
        Err(Problem::new(Code::Unavailable))
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: &str, cost: Params) -> Result<String, Problem> {
        let (turn, salt, password) = (self.turn().await?, tokens::bytes()?, password.to_owned());
        let hash = blocking(turn, move || hashed(&password, &salt, &cost)).await?;
        hash.map_err(strange)
    }
}

/// Compares a password with a hash; without one it fits nothing, in the same time.
pub(crate) async fn check(turn: Turn, password: &str, hash: Option<&str>, cost: Params) -> Result<Checked, Problem> {
    let (salt, password, hash) = (tokens::bytes()?, password.to_owned(), hash.map(str::to_owned));
    let checked = blocking(turn, move || compared(&password, hash.as_deref(), &salt, &cost)).await?;
    checked.map_err(strange)
}

async fn blocking<T: Send + 'static>(turn: Turn, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(move || {
        let Turn(_permit) = turn;
        work()
    });
    done.await.map_err(|error| {
        tracing::error!("hashing a password: {error}");
        Problem::new(Code::Internal)
    })
}

fn strange(error: password_hash::Error) -> Problem {
    tracing::error!("hashing a password: {error}");
    Problem::new(Code::Internal)
}

fn engine(cost: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.clone())
}

fn hashed(password: &str, salt: &[u8; SALT_BYTES], cost: &Params) -> password_hash::Result<String> {
    let salt = SaltString::encode_b64(salt)?;
    Ok(engine(cost).hash_password(password.as_bytes(), &salt)?.to_string())
}

fn compared(
    password: &str,
    hash: Option<&str>,
    salt: &[u8; SALT_BYTES],
    cost: &Params,
) -> password_hash::Result<Checked> {
    let Some(hash) = hash else {
        hashed(password, salt, cost)?;
        return Ok(Checked { fits: false, rehashed: None });
    };
    let kept = PasswordHash::new(hash)?;
    let fits = engine(cost).verify_password(password.as_bytes(), &kept).is_ok();
    let rehashed = (fits && !is_of_cost(&kept, cost)).then(|| hashed(password, salt, cost)).transpose()?;
    Ok(Checked { fits, rehashed })
}

fn is_of_cost(kept: &PasswordHash<'_>, cost: &Params) -> bool {
    let numbers = |cost: &Params| (cost.m_cost(), cost.t_cost(), cost.p_cost());
    kept.algorithm.as_str() == "argon2id" && Params::try_from(kept).is_ok_and(|kept| numbers(&kept) == numbers(cost))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_and_follows_the_cost() {
        let (cheap, dear) = (Params::new(64, 1, 1, None).unwrap(), Params::new(128, 2, 1, None).unwrap());
        let hash = hashed("a long password", &[7; SALT_BYTES], &cheap).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        for (password, cost, fits, rehashes) in [
            ("a long password", &cheap, true, false),
            ("a long password", &dear, true, true),
            ("a long passwore", &cheap, false, false),
            ("a long passwore", &dear, false, false),
        ] {
            let checked = compared(password, Some(&hash), &[8; SALT_BYTES], cost).unwrap();
            assert_eq!((checked.fits, checked.rehashed.is_some()), (fits, rehashes), "{password}");
        }
        let again = compared("a long password", Some(&hash), &[8; SALT_BYTES], &dear).unwrap().rehashed.unwrap();
        assert!(again.starts_with("$argon2id$v=19$m=128,t=2,p=1$"), "{again}");
        assert!(!compared("anything", None, &[8; SALT_BYTES], &cheap).unwrap().fits);
        assert!(compared("anything", Some("nonsense"), &[8; SALT_BYTES], &cheap).is_err());
    }

    #[test]
    fn the_default_cost_is_what_is_recommended() {
        let settings =
            Settings::of([("password.memory_kib", "19456"), ("password.passes", "2"), ("password.lanes", "1")]);
        let found = cost(&settings).unwrap();
        assert_eq!((found.m_cost(), found.t_cost(), found.p_cost()), (19_456, 2, 1));
    }
}
