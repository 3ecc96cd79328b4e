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

/// Beginning of the token of a user of a client.
pub(crate) const OF_CLIENT: &str = "tollgate_client_";
/// Beginning of the token of an employee who works as a client.
pub(crate) const OF_WORK_AS: &str = "tollgate_work_as_";

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(bytes)
}

/// A new token of staff.
///
/// # Errors
/// The system gives no random bits.
pub fn random() -> Result<String, NoRandomness> {
    beginning_with("tollgate_")
}

/// A new token of another kind.
pub(crate) fn beginning_with(beginning: &str) -> Result<String, NoRandomness> {
    let bits = bytes::<32>()?;
    let mut token = String::from(beginning);
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
