//! Secrets of switches.
//!
//! Owns: how a secret is kept (Argon2id) and compared.
//! Does not own: whose it is, how often it may be tried (`door`).
//! Always: a secret is in no configuration, no log and no command line; only its hash is.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

/// Shortest secret that gets a hash.
pub const SECRET_BYTES_MIN: usize = 12;

/// The hash of a secret, to stand in the configuration; `salt` is 16 random bytes.
///
/// # Errors
/// The secret is too short, in words.
pub fn hash(secret: &str, salt: &[u8; 16]) -> Result<String, String> {
    if secret.len() < SECRET_BYTES_MIN {
        return Err(format!("the secret has {} bytes; {SECRET_BYTES_MIN} are the least", secret.len()));
    }
    let salt = SaltString::encode_b64(salt).map_err(|error| error.to_string())?;
    let hash = engine().hash_password(secret.as_bytes(), &salt).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// Whether a text is a hash that can be compared with.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_hash(text: &str) -> Result<(), String> {
    let hash = PasswordHash::new(text).map_err(|error| error.to_string())?;
    let is_argon2id = hash.algorithm.as_str() == "argon2id" && hash.hash.is_some();
    is_argon2id.then_some(()).ok_or_else(|| "it is no Argon2id hash".to_owned())
}

/// Whether `secret` is the one that was hashed. Takes tens of milliseconds of a core.
pub fn matches(hash: &str, secret: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| engine().verify_password(secret.as_bytes(), &hash).is_ok())
}

/// 19 MiB, two passes: the least that is recommended, and enough for secrets of a machine.
fn engine() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_secret_alone() {
        let first = hash("a long secret", &[7; 16]).unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert!(matches(&first, "a long secret") && !matches(&first, "a long secre1"));
        assert_ne!(first, hash("a long secret", &[8; 16]).unwrap());
        assert!(hash("short", &[7; 16]).is_err() && !matches("nonsense", "a long secret"));
        assert!(check_hash(&first).is_ok() && check_hash("secret").is_err());
        assert!(
            check_hash("$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A")
                .is_err()
        );
    }
}
