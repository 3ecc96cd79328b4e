//! Bits of tokens.
//!
//! Owns: how a token looks.
//! Does not own: whose it is (`billing::staff`).
//! Always: 256 random bits, with a beginning that scanners for leaked secrets can recognise.

use std::fmt::Write as _;

/// The system gives no random bits.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bits: {0}")]
pub struct NoRandomness(getrandom::Error);

/// A new token.
///
/// # Errors
/// The system gives no random bits.
pub fn random() -> Result<String, NoRandomness> {
    let mut bits = [0u8; 32];
    getrandom::fill(&mut bits).map_err(NoRandomness)?;
    let mut token = String::from("tollgate_");
    for byte in bits {
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, other) = (super::random().unwrap(), super::random().unwrap());
        assert_eq!(one.len(), "tollgate_".len() + 64);
        assert_ne!(one, other);
    }
}
